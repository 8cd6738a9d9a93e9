package delivery

import (
	"fmt"

	"ha-web/internal/parts"
	"ha-web/internal/pipeline"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Type is the type token of a Delivery.
const Type = "ha-web:index:Delivery"

// Delivery is a repository of container images, 0.10 USD a GB and month, and two roles for jobs of a CI system: one that
// previews and one that deploys.
type Delivery struct {
	pulumi.ResourceState

	// ImageRepositoryURL is where images are pushed to. Empty without a repository.
	ImageRepositoryURL pulumi.StringOutput `pulumi:"imageRepositoryUrl"`
	// PreviewRoleARN and DeployRoleARN are the roles. Empty where no job takes one on.
	PreviewRoleARN pulumi.StringOutput `pulumi:"previewRoleArn"`
	DeployRoleARN  pulumi.StringOutput `pulumi:"deployRoleArn"`
}

// New creates a Delivery. It returns every fault of args at once, before it registers anything.
func New(ctx *pulumi.Context, name string, args *Args, opts ...pulumi.ResourceOption) (*Delivery, error) {
	if args == nil {
		args = &Args{}
	}
	settings := args.withDefaults(ctx.Stack())
	prefix, err := settings.validate(name, ctx.Stack())
	if err != nil {
		return nil, fmt.Errorf("delivery %s: %w", name, err)
	}
	delivery := &Delivery{
		ImageRepositoryURL: pulumi.String("").ToStringOutput(),
		PreviewRoleARN:     pulumi.String("").ToStringOutput(),
		DeployRoleARN:      pulumi.String("").ToStringOutput(),
	}
	if err := ctx.RegisterComponentResourceV2(Type, name, settings.inputs(), delivery, opts...); err != nil {
		return nil, fmt.Errorf("registering delivery %s: %w", name, err)
	}
	build := &builder{
		Children: parts.ChildrenOf(delivery, name, settings.Shared),
		ctx:      ctx,
		name:     name,
		prefix:   prefix,
		args:     settings,
		spec:     settings.spec(),
		delivery: delivery,
	}
	for _, step := range []func() error{build.repository, build.roles} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return delivery, ctx.RegisterResourceOutputs(delivery, pulumi.Map{
		"imageRepositoryUrl": delivery.ImageRepositoryURL,
		"previewRoleArn":     delivery.PreviewRoleARN,
		"deployRoleArn":      delivery.DeployRoleARN,
	})
}

// builder holds what the steps of building a Delivery hand to one another.
type builder struct {
	parts.Children
	ctx          *pulumi.Context
	name, prefix string
	args         Args
	spec         pipeline.Spec
	delivery     *Delivery

	place    parts.Place
	provider pulumi.StringInput // ARN of the identity provider
}
