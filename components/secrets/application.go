package secrets

import (
	"fmt"

	"ha-web/internal/component"
	"ha-web/internal/parts"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/secretsmanager"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// secret creates one secret of the application, without a value.
func (b *builder) secret(role string, keyARN pulumi.StringInput, replicas secretsmanager.SecretReplicaArray) (*secretsmanager.Secret, error) {
	name := b.Name("secret", role)
	secret, err := secretsmanager.NewSecret(b.ctx, name, &secretsmanager.SecretArgs{
		// People and the application look it up by this name.
		Name:                 pulumi.String(b.Component() + "/" + b.ctx.Stack() + "/" + role),
		Description:          pulumi.String("Secret of the application: " + role),
		KmsKeyId:             component.Optional(keyARN),
		Replicas:             replicas,
		RecoveryWindowInDays: pulumi.Int(b.settings.RecoveryDays),
		Tags:                 b.Tags(name),
	}, b.Options(b.protect())...)
	if err != nil {
		return nil, fmt.Errorf("creating secret %s: %w", name, err)
	}
	return secret, b.restrictAccess(name, secret)
}

// replicas returns where copies of the secrets are, under a key of that region: the loss of a region leaves neither its secrets nor
// its keys.
func (b *builder) replicas() (secretsmanager.SecretReplicaArray, error) {
	region := b.settings.ReplicaRegion
	if region == "" {
		return nil, nil
	}
	policy := parts.KeyPolicy(b.place.In(region), []string{"secretsmanager"})
	key, err := b.DataKey(b.ctx, b.Name("secrets", "replica"), "Copies of the secrets of "+b.Component(), policy, pulumi.Provider(b.there), b.protect())
	if err != nil {
		return nil, err
	}
	return secretsmanager.SecretReplicaArray{secretsmanager.SecretReplicaArgs{
		Region: pulumi.String(region), KmsKeyId: key.Arn,
	}}, nil
}

// secretValue sets the value of a secret, which Pulumi then keeps encrypted in its state.
func (b *builder) secretValue(role string, secret *secretsmanager.Secret, value pulumi.StringInput) error {
	name := b.Name("secret", role)
	_, err := secretsmanager.NewSecretVersion(b.ctx, name, &secretsmanager.SecretVersionArgs{
		SecretId:     secret.ID(),
		SecretString: component.Optional(value),
	}, b.Options()...)
	if err != nil {
		return fmt.Errorf("setting secret %s: %w", name, err)
	}
	return nil
}

// restrictAccess refuses other accounts and unencrypted connections access to a secret, whatever the policies of roles allow. It
// denies no role of the account, which could lock out rotation, or Pulumi itself.
func (b *builder) restrictAccess(name string, secret *secretsmanager.Secret) error {
	refuse := parts.Statement{
		Deny:      true,
		AWS:       pulumi.String("*"),
		Actions:   []string{"secretsmanager:*"},
		Resources: []pulumi.StringInput{pulumi.String("*")}, // in a secret's policy: the secret
	}
	plain, foreign := refuse, refuse
	plain.Sid = "RefuseWithoutTLS"
	plain.Conditions = map[string]pulumi.Map{"Bool": {"aws:SecureTransport": pulumi.String("false")}}
	foreign.Sid = "RefuseOtherAccounts"
	foreign.Conditions = map[string]pulumi.Map{
		"StringNotEquals": {"aws:PrincipalAccount": b.place.Account},
		"Bool":            {"aws:PrincipalIsAWSService": pulumi.String("false")}, // a service has no account
	}
	_, err := secretsmanager.NewSecretPolicy(b.ctx, name, &secretsmanager.SecretPolicyArgs{
		SecretArn:         secret.Arn,
		Policy:            parts.Policy(plain, foreign),
		BlockPublicPolicy: pulumi.Bool(true),
	}, b.Options()...)
	if err != nil {
		return fmt.Errorf("restricting access to secret %s: %w", name, err)
	}
	return nil
}
