package webtier

import (
	"fmt"

	"ha-web/internal/component"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// taggedAtLaunch are what is launched with an instance. The default tags of the provider do not reach them (pulumi-aws,
// aws.ec2.LaunchTemplate, tagSpecifications).
var taggedAtLaunch = []string{"instance", "network-interface", "volume"}

func (b *builder) launchTemplate(
	image pulumi.StringInput, profile *iam.InstanceProfile, logs *cloudwatch.LogGroup,
) (*ec2.LaunchTemplate, error) {
	name := b.Name("app")
	var tags ec2.LaunchTemplateTagSpecificationArray
	for _, kind := range taggedAtLaunch {
		tags = append(tags, ec2.LaunchTemplateTagSpecificationArgs{ResourceType: pulumi.String(kind), Tags: b.Tags(name)})
	}
	template, err := ec2.NewLaunchTemplate(b.ctx, name, &ec2.LaunchTemplateArgs{
		Description:  pulumi.String("Application server"),
		ImageId:      component.Optional(image),
		InstanceType: pulumi.String(b.settings.InstanceTypes[0]),
		UserData:     b.userData(logs).ToStringPtrOutput(),
		// Checks of launch templates look at the default version (AWS Security Hub, EC2.170).
		UpdateDefaultVersion: pulumi.Bool(true),
		IamInstanceProfile:   ec2.LaunchTemplateIamInstanceProfileArgs{Arn: profile.Arn},
		MetadataOptions: ec2.LaunchTemplateMetadataOptionsArgs{
			HttpEndpoint: pulumi.String("enabled"), // or the rest has no effect
			// IMDSv2: a URL that an attacker has the application fetch does not return the credentials of the role (AWS Security Hub, EC2.8).
			HttpTokens:              pulumi.String("required"),
			HttpPutResponseHopLimit: pulumi.Int(1), // containers share the network of the instance
			InstanceMetadataTags:    pulumi.String("enabled"),
		},
		Monitoring: ec2.LaunchTemplateMonitoringArgs{Enabled: pulumi.Bool(true)}, // metrics every minute instead of every five
		NetworkInterfaces: ec2.LaunchTemplateNetworkInterfaceArray{ec2.LaunchTemplateNetworkInterfaceArgs{
			DeviceIndex:              pulumi.Int(0),
			AssociatePublicIpAddress: pulumi.String("false"),
			DeleteOnTermination:      pulumi.String("true"),
			SecurityGroups:           pulumi.StringArray{b.args.AppSecurityGroupID},
		}},
		BlockDeviceMappings: ec2.LaunchTemplateBlockDeviceMappingArray{ec2.LaunchTemplateBlockDeviceMappingArgs{
			DeviceName: pulumi.String("/dev/xvda"), // the root of Amazon Linux 2023
			Ebs: ec2.LaunchTemplateBlockDeviceMappingEbsArgs{
				VolumeType: pulumi.String("gp3"),
				VolumeSize: pulumi.Int(b.settings.RootVolumeGiB),
				// With the AWS managed key: Auto Scaling may not use another, and would terminate instances at once (Amazon EC2
				// Auto Scaling user guide, "Required AWS KMS key policy for use with encrypted volumes").
				Encrypted:           pulumi.String("true"),
				DeleteOnTermination: pulumi.String("true"),
			},
		}},
		TagSpecifications: tags,
		Tags:              b.Tags(name),
	}, b.Options()...)
	if err != nil {
		return nil, fmt.Errorf("creating launch template %s: %w", name, err)
	}
	return template, nil
}
