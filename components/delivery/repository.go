package delivery

import (
	"fmt"

	"ha-web/internal/component"

	awsecr "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ecr"
	"github.com/pulumi/pulumi-awsx/sdk/v2/go/awsx/ecr"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// repository creates the repository of container images, and returns its URL.
func (b *builder) repository() (pulumi.StringOutput, error) {
	name := b.Name("images")
	opts := b.Options(component.Guard(b.settings.DeletionProtection))
	if b.args.Registry != nil {
		opts = append(opts, pulumi.Providers(b.args.Registry))
	}
	encryption := awsecr.RepositoryEncryptionConfigurationArgs{
		EncryptionType: pulumi.String("KMS"),
		KmsKey:         component.Optional(b.args.KeyARN),
	}
	repository, err := ecr.NewRepository(b.ctx, name, &ecr.RepositoryArgs{
		Name:                     pulumi.String(b.physical), // the boot script and the pipeline look it up by this name
		ForceDelete:              pulumi.Bool(!b.settings.DeletionProtection),
		EncryptionConfigurations: awsecr.RepositoryEncryptionConfigurationArray{encryption},
		// A tag, which is a commit, never moves to another image (Security Hub ECR.2).
		ImageTagMutability: pulumi.String("IMMUTABLE"),
		ImageScanningConfiguration: awsecr.RepositoryImageScanningConfigurationArgs{
			ScanOnPush: pulumi.Bool(true),
		},
		LifecyclePolicy: b.lifecyclePolicy(),
		Tags:            b.Tags(name),
	}, opts...)
	if err != nil {
		return pulumi.StringOutput{}, fmt.Errorf("creating image repository %s: %w", name, err)
	}
	return repository.Url, b.replicate()
}

// replicate copies images to a second region. The rule names the repository by its prefix, which is the only filter that there is, and
// the registry has no other rules beside it (Amazon ECR API reference, PutReplicationConfiguration).
func (b *builder) replicate() error {
	region := b.settings.Repository.ReplicaRegion
	if region == "" {
		return nil
	}
	name := b.Name("images", "replica")
	destination := awsecr.ReplicationConfigurationReplicationConfigurationRuleDestinationArgs{
		Region: pulumi.String(region), RegistryId: b.Place(b.ctx).Account,
	}
	filter := awsecr.ReplicationConfigurationReplicationConfigurationRuleRepositoryFilterArgs{
		Filter: pulumi.String(b.physical), FilterType: pulumi.String("PREFIX_MATCH"),
	}
	_, err := awsecr.NewReplicationConfiguration(b.ctx, name, &awsecr.ReplicationConfigurationArgs{
		ReplicationConfiguration: awsecr.ReplicationConfigurationReplicationConfigurationArgs{
			Rules: awsecr.ReplicationConfigurationReplicationConfigurationRuleArray{
				awsecr.ReplicationConfigurationReplicationConfigurationRuleArgs{
					Destinations:      awsecr.ReplicationConfigurationReplicationConfigurationRuleDestinationArray{destination},
					RepositoryFilters: awsecr.ReplicationConfigurationReplicationConfigurationRuleRepositoryFilterArray{filter},
				},
			},
		},
	}, b.Options()...)
	if err != nil {
		return fmt.Errorf("replicating images to %s: %w", region, err)
	}
	return nil
}

// lifecyclePolicy keeps the last releases. The rule about all images must have the last priority (Amazon ECR user guide,
// "Lifecycle policy properties"): awsx gives it that, wherever it is in the list.
func (b *builder) lifecyclePolicy() *ecr.LifecyclePolicyArgs {
	return &ecr.LifecyclePolicyArgs{Rules: ecr.LifecyclePolicyRuleArray{
		ecr.LifecyclePolicyRuleArgs{
			Description:     pulumi.String("Images that no tag points to"),
			TagStatus:       ecr.LifecycleTagStatusUntagged,
			MaximumAgeLimit: pulumi.Float64(b.settings.Repository.UntaggedDays),
		},
		ecr.LifecyclePolicyRuleArgs{
			Description:           pulumi.String("All but the last releases"),
			TagStatus:             ecr.LifecycleTagStatusAny,
			MaximumNumberOfImages: pulumi.Float64(b.settings.Repository.KeepImages),
		},
	}}
}
