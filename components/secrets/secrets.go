// Package secrets provides the secrets of an application in AWS Secrets Manager, and the KMS key that encrypts them and all
// other data of a stack. It makes up no value of a secret.
package secrets

import (
	"fmt"

	"ha-web/internal/component"
	"ha-web/internal/parts"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Type is the type token of Secrets.
const Type = "ha-web:index:Secrets"

// Secrets is a KMS key, about 1 USD a month, and secrets that it encrypts.
type Secrets struct {
	pulumi.ResourceState

	// KeyARN is the key for everything that the stack stores: databases, logs, messages, secrets.
	KeyARN pulumi.StringOutput `pulumi:"keyArn"`
	// SecretARNs are the secrets of the application by name.
	SecretARNs pulumi.StringMap `pulumi:"secretArns"`

	// HeldSecretARNs are the secrets whose values are in Pulumi's state, so that a refresh reads them.
	HeldSecretARNs []pulumi.StringInput
}

// New creates Secrets. It returns every fault of args at once, before it registers anything.
func New(ctx *pulumi.Context, name string, args *Args, opts ...pulumi.ResourceOption) (*Secrets, error) {
	args, alias, err := component.ArgsOr(args).resolve(name, ctx.Stack())
	if err != nil {
		return nil, fmt.Errorf("secrets %s: %w", name, err)
	}
	secrets := &Secrets{}
	if err := component.Register(ctx, Type, name, args.Settings, secrets, opts...); err != nil {
		return nil, err
	}
	build := &builder{
		Children: parts.ChildrenOf(secrets, name, args.Shared),
		ctx:      ctx,
		settings: args.Settings,
		there:    args.Replica,
	}
	build.place = build.Place(ctx)
	if err := build.all(alias, secrets); err != nil {
		return nil, err
	}
	return secrets, component.RegisterOutputs(ctx, secrets)
}

// builder creates the children of Secrets. Its steps get what they need from others, and return what they make.
type builder struct {
	parts.Children
	ctx      *pulumi.Context
	settings *Settings
	there    pulumi.ProviderResource // of the region of copies, nil: none
	place    parts.Place
}

// all creates everything, and sets the outputs of Secrets.
func (b *builder) all(alias string, secrets *Secrets) error {
	key, err := b.encryptionKey(alias)
	if err != nil {
		return err
	}
	secrets.KeyARN = key.Arn
	secrets.SecretARNs = pulumi.StringMap{}
	replicas, err := b.replicas()
	if err != nil {
		return err
	}
	for _, each := range b.settings.Names {
		secret, err := b.secret(each, key.Arn, replicas)
		if err != nil {
			return err
		}
		secrets.SecretARNs[each] = secret.Arn
		value, held := b.settings.Values[each]
		if !held {
			continue
		}
		if err := b.secretValue(each, secret, value); err != nil {
			return err
		}
		secrets.HeldSecretARNs = append(secrets.HeldSecretARNs, secret.Arn)
	}
	return nil
}

// protect keeps Pulumi from deleting, and so from replacing, what cannot be restored.
func (b *builder) protect() pulumi.ResourceOption {
	return component.Guard(b.settings.DeletionProtection)
}
