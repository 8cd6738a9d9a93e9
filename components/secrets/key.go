package secrets

import (
	"fmt"

	"ha-web/internal/parts"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/kms"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// through are the services that use the key on behalf of their callers.
var through = []string{"ecr", "rds", "secretsmanager", "sns"}

// encryptionKey creates the KMS key of the stack, with an alias.
func (b *builder) encryptionKey(alias string) (*kms.Key, error) {
	name := b.Name("key")
	policy := parts.KeyPolicy(b.place, through, b.serviceStatements()...)
	key, err := b.DataKey(b.ctx, name, "Data of "+alias, policy, b.protect())
	if err != nil {
		return nil, err
	}
	_, err = kms.NewAlias(b.ctx, name, &kms.AliasArgs{
		Name:        pulumi.String("alias/" + alias),
		TargetKeyId: key.KeyId,
	}, b.Options()...)
	if err != nil {
		return nil, fmt.Errorf("creating alias of key %s: %w", name, err)
	}
	return key, nil
}

// serviceStatements let services use the key under their own identity, each for this account only.
func (b *builder) serviceStatements() []parts.Statement {
	return append([]parts.Statement{{
		Sid:       "EncryptLogs",
		Service:   b.place.Endpoint("logs"),
		Actions:   []string{"kms:Decrypt*", "kms:Describe*", "kms:Encrypt*", "kms:GenerateDataKey*", "kms:ReEncrypt*"},
		Resources: []pulumi.StringInput{pulumi.String("*")},
		Conditions: map[string]pulumi.Map{"ArnLike": {
			"kms:EncryptionContext:aws:logs:arn": pulumi.Sprintf("arn:%s:logs:%s:%s:log-group:*",
				b.place.Partition, b.place.Region, b.place.Account),
		}},
	}}, parts.TopicKey(b.place)...)
}
