// Package secrets provides what a stack keeps secret, and with what: the KMS key that encrypts its data, and the secrets
// of its application in AWS Secrets Manager. It puts no value of a secret anywhere by itself.
package secrets

import (
	"fmt"

	"ha-web/internal/component"
	"ha-web/internal/parts"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/kms"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Type is the type token of Secrets.
const Type = "ha-web:index:Secrets"

// Secrets is a KMS key, about 1 USD a month, and secrets that it encrypts.
type Secrets struct {
	pulumi.ResourceState

	// KeyARN is the key for all that the stack stores: databases, logs, messages, secrets.
	KeyARN pulumi.StringOutput `pulumi:"keyArn"`

	// SecretARNs are the secrets of the application by name.
	SecretARNs pulumi.StringMap
	// HeldSecretARNs are those whose values Pulumi has in its state, and reads back.
	HeldSecretARNs []pulumi.StringInput

	build *builder
}

// New creates Secrets. It returns every fault of args at once, before it registers anything.
func New(ctx *pulumi.Context, name string, args *Args, opts ...pulumi.ResourceOption) (*Secrets, error) {
	if args == nil {
		args = &Args{}
	}
	settings := args.withDefaults()
	alias, err := settings.validate(name, ctx.Stack())
	if err != nil {
		return nil, fmt.Errorf("secrets %s: %w", name, err)
	}
	secrets := &Secrets{SecretARNs: pulumi.StringMap{}}
	if err := ctx.RegisterComponentResourceV2(Type, name, settings.inputs(), secrets, opts...); err != nil {
		return nil, fmt.Errorf("registering secrets %s: %w", name, err)
	}
	build := &builder{Children: parts.ChildrenOf(secrets, name, settings.Shared), ctx: ctx, args: settings}
	build.place = build.Place(ctx)
	if err := build.encryptionKey(alias); err != nil {
		return nil, err
	}
	for _, each := range settings.Names {
		secret, err := build.secret(each, name+"/"+ctx.Stack()+"/"+each)
		if err != nil {
			return nil, err
		}
		secrets.SecretARNs[each] = secret.Arn
		if _, held := settings.Values[each]; held {
			secrets.HeldSecretARNs = append(secrets.HeldSecretARNs, secret.Arn)
		}
	}

	secrets.build = build
	secrets.KeyARN = build.key.Arn
	return secrets, ctx.RegisterResourceOutputs(secrets, pulumi.Map{
		"keyArn":     secrets.KeyARN,
		"secretArns": secrets.SecretARNs,
	})
}

// builder holds what the steps of building Secrets hand to one another.
type builder struct {
	parts.Children
	ctx   *pulumi.Context
	args  Args
	place parts.Place
	key   *kms.Key
}

// protect keeps Pulumi from deleting, and so from replacing, what cannot be brought back.
func (b *builder) protect() pulumi.ResourceOption { return component.Guard(!b.args.Unprotected) }
