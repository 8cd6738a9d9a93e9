// Package access provides access for users, operators, scanners and agents: sign-in at the load balancer with an identity
// provider, roles for the AWS console, a role for a security posture scanner, and agents and Ansible playbooks on the instances.
// All of it is off by default.
package access

import (
	"fmt"
	"slices"

	"ha-web/internal/component"
	"ha-web/internal/parts"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Type is the type token of an Access.
const Type = "ha-web:index:Access"

// Access is roles, listener rules, and associations of SSM State Manager. It costs nothing but the storage of playbooks.
type Access struct {
	pulumi.ResourceState

	// ConsoleRoles are the values of the SAML attribute Role, "<role ARN>,<provider ARN>". Empty without SAML.
	ConsoleRoles pulumi.StringArray `pulumi:"consoleRoles"`
	// ScannerRoleARN is the role of the scanner. Empty without one.
	ScannerRoleARN pulumi.StringOutput `pulumi:"scannerRoleArn"`

	// HeldSecretARNs are secrets whose values the state contains, and HeldBucketARNs are buckets with files that Pulumi manages.
	HeldSecretARNs, HeldBucketARNs []pulumi.StringInput
}

// New creates an Access. It returns every fault of args at once, before it registers anything.
func New(ctx *pulumi.Context, name string, args *Args, opts ...pulumi.ResourceOption) (*Access, error) {
	args, physical, err := component.ArgsOr(args).resolve(name, ctx.Stack())
	if err != nil {
		return nil, fmt.Errorf("access %s: %w", name, err)
	}
	access := &Access{}
	if err := component.Register(ctx, Type, name, args.Settings, access, opts...); err != nil {
		return nil, err
	}
	build := &builder{
		Children: parts.ChildrenOf(access, name, args.Shared),
		ctx:      ctx,
		name:     name,
		physical: physical,
		args:     args,
		settings: args.Settings,
	}
	if err := build.all(access); err != nil {
		return nil, err
	}
	return access, component.RegisterOutputs(ctx, access)
}

// builder creates the children of an Access. Its steps get what they need from others, and return what they make.
type builder struct {
	parts.Children
	ctx            *pulumi.Context
	name, physical string
	args           *Args
	settings       *Settings
	place          parts.Place
}

// all creates everything, and sets the outputs of the Access.
func (b *builder) all(access *Access) (err error) {
	access.ConsoleRoles, access.ScannerRoleARN = pulumi.StringArray{}, pulumi.String("").ToStringOutput()
	if !b.settings.On() {
		return nil
	}
	b.place = b.Place(b.ctx)
	if b.settings.OIDC.On() {
		if access.HeldSecretARNs, err = b.signIn(); err != nil {
			return err
		}
	}
	if b.settings.SAML.Metadata != "" {
		if access.ConsoleRoles, err = b.console(); err != nil {
			return err
		}
	}
	if b.settings.Scanner.On() {
		if access.ScannerRoleARN, err = b.scanner(); err != nil {
			return err
		}
	}
	if b.settings.ManagesInstances() {
		access.HeldBucketARNs, err = b.instances()
	}
	return err
}

// instances applies agents and playbooks to the instances. It returns the ARN of the bucket of playbooks, where there is one.
func (b *builder) instances() ([]pulumi.StringInput, error) {
	associations, permissions, err := b.agents()
	if err != nil {
		return nil, err
	}
	var buckets []pulumi.StringInput
	if len(b.settings.Playbooks) > 0 {
		bucket, more, err := b.playbooks(permissions)
		if err != nil {
			return nil, err
		}
		buckets, associations = append(buckets, bucket), slices.Concat(associations, more)
	}
	return buckets, b.failures(associations)
}

// administered creates a role that no pipeline may change: people decide who has access. It returns its name and ARN.
func (b *builder) administered(kind string, role parts.Role) (name, arn pulumi.StringOutput, _ error) {
	role.Physical = b.physical + "-" + kind
	role.Path = parts.AdministeredPath(b.name, b.ctx.Stack())
	created, err := b.Role(b.ctx, b.Name(kind), role)
	if err != nil {
		return name, arn, err
	}
	return created.Name, created.Arn, nil
}
