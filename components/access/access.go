// Package access provides ways in for people, and for those who look after a stack: sign-in at the load balancer with an
// identity provider of one's own, roles for the console, a role for a scanner of the account's posture, and agents and
// playbooks on the instances. All of it is off until it is asked for.
package access

import (
	"fmt"

	"ha-web/internal/parts"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Type is the type token of an Access.
const Type = "ha-web:index:Access"

// Access is roles, rules of a listener, and associations of Systems Manager. It costs nothing but the storage of playbooks.
type Access struct {
	pulumi.ResourceState

	// ScannerRoleARN is the role of the scanner. Empty without one.
	ScannerRoleARN pulumi.StringOutput `pulumi:"scannerRoleArn"`

	// ConsoleRoles are what an identity provider sends for the console, as "<role>,<provider>". Empty without SAML.
	ConsoleRoles pulumi.StringArray

	// HeldSecretARNs are secrets whose values Pulumi has in its state, and reads back, and HeldBucketARNs buckets with files that
	// it does so with.
	HeldSecretARNs, HeldBucketARNs []pulumi.StringInput
}

// New creates an Access. It returns every fault of args at once, before it registers anything.
func New(ctx *pulumi.Context, name string, args *Args, opts ...pulumi.ResourceOption) (*Access, error) {
	if args == nil {
		args = &Args{}
	}
	settings := args.withDefaults()
	prefix, err := settings.validate(name, ctx.Stack())
	if err != nil {
		return nil, fmt.Errorf("access %s: %w", name, err)
	}
	access := &Access{
		ConsoleRoles:   pulumi.StringArray{},
		ScannerRoleARN: pulumi.String("").ToStringOutput(),
	}
	if err := ctx.RegisterComponentResourceV2(Type, name, settings.inputs(), access, opts...); err != nil {
		return nil, fmt.Errorf("registering access %s: %w", name, err)
	}
	build := &builder{
		Children: parts.ChildrenOf(access, name, settings.Shared),
		ctx:      ctx,
		name:     name,
		prefix:   prefix,
		args:     settings,
		access:   access,
	}
	if err := build.all(); err != nil {
		return nil, err
	}
	return access, ctx.RegisterResourceOutputs(access, pulumi.Map{
		"consoleRoles":   access.ConsoleRoles,
		"scannerRoleArn": access.ScannerRoleARN,
	})
}

// builder holds what the steps of building an Access hand to one another.
type builder struct {
	parts.Children
	ctx          *pulumi.Context
	name, prefix string
	args         Args
	access       *Access

	place  parts.Place
	bucket *parts.PrivateBucket // of playbooks
	rights []pulumi.Resource    // what instances need for them
	failed pulumi.StringArray   // ids of associations, to tell of those that fail
}

func (b *builder) all() error {
	steps := []struct {
		wanted bool
		step   func() error
	}{
		{len(b.args.OIDC.Paths) > 0, b.signIn},
		{b.args.SAML.Metadata != "", b.console},
		{b.args.Scanner.Principal != "", b.scanner},
		{len(b.args.Agents) > 0, b.agents},
		{len(b.args.Playbooks) > 0, b.playbooks},
		{b.args.looksAfterInstances() && b.args.NoticeTopicARN != nil, b.failures},
	}
	for _, each := range steps {
		if !each.wanted {
			continue
		}
		if b.place.Account == nil {
			b.place = b.Place(b.ctx)
		}
		if err := each.step(); err != nil {
			return err
		}
	}
	return nil
}

// administered creates a role that no pipeline may change: who gets in is for people to decide.
func (b *builder) administered(kind string, role parts.Role) (name, arn pulumi.StringOutput, _ error) {
	role.Physical = b.prefix + "-" + kind
	role.Path = parts.AdministeredPath(b.name, b.ctx.Stack())
	created, err := b.Role(b.ctx, b.Name(kind), role)
	if err != nil {
		return name, arn, err
	}
	return created.Name, created.Arn, nil
}
