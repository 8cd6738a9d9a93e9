package parts

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Place is where resources are, as policies and ARNs name it.
type Place struct {
	Partition pulumi.StringInput // aws, but for the regions of China and of governments
	Region    pulumi.StringInput
	Account   pulumi.StringInput
}

// Place returns where the provider of the component puts its children.
func (c Children) Place(ctx *pulumi.Context) Place {
	return Place{
		Partition: aws.GetPartitionOutput(ctx, aws.GetPartitionOutputArgs{}, c.Parent()).Partition(),
		Region:    aws.GetRegionOutput(ctx, aws.GetRegionOutputArgs{}, c.Parent()).Name(),
		Account:   aws.GetCallerIdentityOutput(ctx, aws.GetCallerIdentityOutputArgs{}, c.Parent()).AccountId(),
	}
}

// In returns the same account in another region.
func (p Place) In(region string) Place {
	p.Region = pulumi.String(region)
	return p
}

// Endpoint returns the name of a service of the region, as kms:ViaService and service principals have it.
func (p Place) Endpoint(service string) pulumi.StringOutput {
	return pulumi.Sprintf("%s.%s.amazonaws.com", service, p.Region)
}

// Root returns the ARN by which a policy names the account: every principal whose own policies allow what the statement allows.
func (p Place) Root() pulumi.StringOutput {
	return pulumi.Sprintf("arn:%s:iam::%s:root", p.Partition, p.Account)
}

// ManagedPolicy returns the ARN of a policy that AWS keeps.
func (p Place) ManagedPolicy(path string) pulumi.StringOutput {
	return pulumi.Sprintf("arn:%s:iam::aws:policy/%s", p.Partition, path)
}
