package webtier

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ssm"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// taggedAtLaunch are what an instance brings along that costs money: default tags of the provider do not reach it (field
// note WT-14).
var taggedAtLaunch = []string{"instance", "network-interface", "volume"}

func (b *builder) launchTemplate() error {
	name := b.Name("app")
	var tags ec2.LaunchTemplateTagSpecificationArray
	for _, kind := range taggedAtLaunch {
		tags = append(tags, ec2.LaunchTemplateTagSpecificationArgs{ResourceType: pulumi.String(kind), Tags: b.Tags(name)})
	}
	var err error
	b.template, err = ec2.NewLaunchTemplate(b.ctx, name, &ec2.LaunchTemplateArgs{
		Description:  pulumi.String("Application server"),
		ImageId:      b.image(),
		InstanceType: pulumi.String(b.args.InstanceTypes[0]),
		UserData:     b.userData().ToStringPtrOutput(),
		// Checks of templates look at the default version (Security Hub EC2.170; field note WT-1).
		UpdateDefaultVersion: pulumi.Bool(true),
		IamInstanceProfile:   ec2.LaunchTemplateIamInstanceProfileArgs{Arn: b.profile.Arn},
		MetadataOptions: ec2.LaunchTemplateMetadataOptionsArgs{
			HttpEndpoint: pulumi.String("enabled"), // or the rest has no effect
			// IMDSv2: who makes the application fetch a URL does not get the role's credentials (document 000).
			HttpTokens:              pulumi.String("required"),
			HttpPutResponseHopLimit: pulumi.Int(1), // containers share the network of the host
			InstanceMetadataTags:    pulumi.String("enabled"),
		},
		Monitoring: ec2.LaunchTemplateMonitoringArgs{Enabled: pulumi.Bool(true)}, // scaling sees a minute, and not five
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
				VolumeSize: pulumi.Int(b.args.RootVolumeGiB),
				// With AWS's key for volumes: Auto Scaling has no right to another, and instances would end at once (WT-11).
				Encrypted:           pulumi.String("true"),
				DeleteOnTermination: pulumi.String("true"),
			},
		}},
		TagSpecifications: tags,
		Tags:              b.Tags(name),
	}, b.Options()...)
	if err != nil {
		return fmt.Errorf("creating launch template %s: %w", name, err)
	}
	return nil
}

// image returns the id of the image. A parameter is looked up here, and not by AWS at each launch: a new image is then a
// new version of the template, and is rolled out like one (field note WT-9).
func (b *builder) image() pulumi.StringPtrInput {
	parameter := b.spec.ImageParameter()
	if parameter == "" {
		return pulumi.String(b.args.Image)
	}
	return ssm.LookupParameterOutput(b.ctx, ssm.LookupParameterOutputArgs{
		Name: pulumi.String(parameter),
	}, b.Parent()).InsecureValue().ToStringPtrOutput()
}
