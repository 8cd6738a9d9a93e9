package delivery

import (
	"fmt"

	"ha-web/internal/component"
	"ha-web/internal/parts"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Type is the type token of a Delivery.
const Type = "ha-web:index:Delivery"

// Delivery is an ECR repository of container images, 0.10 USD a GB and month, and two IAM roles that jobs of a CI system
// assume: one that previews and one that deploys.
type Delivery struct {
	pulumi.ResourceState

	// ImageRepositoryURL is where images are pushed to. Empty without a repository.
	ImageRepositoryURL pulumi.StringOutput `pulumi:"imageRepositoryUrl"`
	// PreviewRoleARN and DeployRoleARN are the roles. Empty where no job assumes one.
	PreviewRoleARN pulumi.StringOutput `pulumi:"previewRoleArn"`
	DeployRoleARN  pulumi.StringOutput `pulumi:"deployRoleArn"`
}

// New creates a Delivery. It returns every fault of args at once, before it registers anything.
func New(ctx *pulumi.Context, name string, args *Args, opts ...pulumi.ResourceOption) (*Delivery, error) {
	args, physical, err := component.ArgsOr(args).resolve(name, ctx.Stack())
	if err != nil {
		return nil, fmt.Errorf("delivery %s: %w", name, err)
	}
	delivery := &Delivery{}
	if err := component.Register(ctx, Type, name, args.Settings, delivery, opts...); err != nil {
		return nil, err
	}
	build := &builder{
		Children: parts.ChildrenOf(delivery, name, args.Shared),
		ctx:      ctx,
		name:     name,
		physical: physical,
		args:     args,
		settings: args.Settings,
	}
	if err := build.all(delivery); err != nil {
		return nil, err
	}
	return delivery, component.RegisterOutputs(ctx, delivery)
}

// builder creates the children of a Delivery. Its steps get what they need from others, and return what they make.
type builder struct {
	parts.Children
	ctx            *pulumi.Context
	name, physical string
	args           *Args
	settings       *Settings
}

// all creates everything, and sets the outputs of the Delivery.
func (b *builder) all(delivery *Delivery) (err error) {
	none := pulumi.String("").ToStringOutput()
	delivery.ImageRepositoryURL, delivery.PreviewRoleARN, delivery.DeployRoleARN = none, none, none
	if b.settings.Repository.Enabled {
		if delivery.ImageRepositoryURL, err = b.repository(); err != nil {
			return err
		}
	}
	if !b.settings.Roles() {
		return nil
	}
	provider, err := b.identityProvider()
	if err != nil {
		return err
	}
	if subjects := b.settings.PreviewSubjects(); len(subjects) > 0 {
		if delivery.PreviewRoleARN, err = b.previewRole(provider, subjects); err != nil {
			return err
		}
	}
	if subjects := b.settings.DeploySubjects(); len(subjects) > 0 {
		if delivery.DeployRoleARN, err = b.deployRole(provider, subjects); err != nil {
			return err
		}
	}
	return nil
}
