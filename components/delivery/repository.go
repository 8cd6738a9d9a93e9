package delivery

import (
	"fmt"

	"ha-web/internal/component"

	awsecr "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ecr"
	"github.com/pulumi/pulumi-awsx/sdk/v2/go/awsx/ecr"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// repository creates the repository of container images.
func (b *builder) repository() error {
	if b.args.Repository.Disabled {
		return nil
	}
	name := b.Name("images")
	opts := b.Options(component.Guard(!b.args.Repository.Unprotected))
	if b.args.Repository.Provider != nil {
		opts = append(opts, pulumi.Providers(b.args.Repository.Provider))
	}
	encryption := awsecr.RepositoryEncryptionConfigurationArgs{
		EncryptionType: pulumi.String("KMS"),
		KmsKey:         component.Optional(b.args.KeyARN),
	}
	repository, err := ecr.NewRepository(b.ctx, name, &ecr.RepositoryArgs{
		Name:                     pulumi.String(b.prefix), // the boot script and the pipeline name it
		ForceDelete:              pulumi.Bool(b.args.Repository.Unprotected),
		EncryptionConfigurations: awsecr.RepositoryEncryptionConfigurationArray{encryption},
		// What a tag stands for never changes: a commit, and not whatever was pushed last.
		ImageTagMutability: pulumi.String("IMMUTABLE"),
		ImageScanningConfiguration: awsecr.RepositoryImageScanningConfigurationArgs{
			ScanOnPush: pulumi.Bool(true),
		},
		LifecyclePolicy: b.retention(),
		Tags:            b.Tags(name),
	}, opts...)
	if err != nil {
		return fmt.Errorf("creating image repository %s: %w", name, err)
	}
	b.delivery.ImageRepositoryURL = repository.Url
	return nil
}

// retention keeps the last releases. ECR takes a rule about all images last, whatever its place here.
func (b *builder) retention() *ecr.LifecyclePolicyArgs {
	return &ecr.LifecyclePolicyArgs{Rules: ecr.LifecyclePolicyRuleArray{
		ecr.LifecyclePolicyRuleArgs{
			Description:     pulumi.String("Images that no tag points to"),
			TagStatus:       ecr.LifecycleTagStatusUntagged,
			MaximumAgeLimit: pulumi.Float64(b.args.Repository.UntaggedDays),
		},
		ecr.LifecyclePolicyRuleArgs{
			Description:           pulumi.String("All but the last releases"),
			TagStatus:             ecr.LifecycleTagStatusAny,
			MaximumNumberOfImages: pulumi.Float64(b.args.Repository.KeepImages),
		},
	}}
}
