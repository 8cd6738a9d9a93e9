package secrets

import (
	"fmt"

	"ha-web/internal/component"
	"ha-web/internal/parts"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/secretsmanager"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// secret creates one secret of the application, called physical in Secrets Manager, with its value where there is one.
func (b *builder) secret(role, physical string) (*secretsmanager.Secret, error) {
	name := b.Name("secret", role)
	secret, err := secretsmanager.NewSecret(b.ctx, name, &secretsmanager.SecretArgs{
		Name:                 pulumi.String(physical), // people and the application look it up by this
		Description:          pulumi.String("Secret of the application: " + role),
		KmsKeyId:             b.key.Arn,
		RecoveryWindowInDays: pulumi.Int(*b.args.RecoveryDays),
		Tags:                 b.Tags(name),
	}, b.Options(b.protect())...)
	if err != nil {
		return nil, fmt.Errorf("creating secret %s: %w", name, err)
	}
	if err := b.bound(name, secret); err != nil {
		return nil, err
	}
	value, given := b.args.Values[role]
	if !given {
		return secret, nil
	}
	_, err = secretsmanager.NewSecretVersion(b.ctx, name, &secretsmanager.SecretVersionArgs{
		SecretId:     secret.ID(),
		SecretString: component.Optional(value),
	}, b.Options()...)
	if err != nil {
		return nil, fmt.Errorf("setting secret %s: %w", name, err)
	}
	return secret, nil
}

// bound keeps a secret in the account and off unencrypted connections, whatever the policies of roles say. It denies no
// role of the account as such: that could lock out rotation, or Pulumi itself (field note SEC-4).
func (b *builder) bound(name string, secret *secretsmanager.Secret) error {
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
		return fmt.Errorf("bounding secret %s: %w", name, err)
	}
	return nil
}
