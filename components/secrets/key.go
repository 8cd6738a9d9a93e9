package secrets

import (
	"fmt"

	"ha-web/internal/parts"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/kms"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// through are the services that use the key for whoever calls them.
var through = []string{"ecr", "rds", "secretsmanager", "sns"}

func (b *builder) encryptionKey(alias string) error {
	name := b.Name("key")
	policy := parts.KeyPolicy(b.place, through, b.callers()...)
	key, err := b.DataKey(b.ctx, name, "Data of "+alias, policy, b.protect())
	if err != nil {
		return err
	}
	_, err = kms.NewAlias(b.ctx, name, &kms.AliasArgs{
		Name:        pulumi.String("alias/" + alias),
		TargetKeyId: key.KeyId,
	}, b.Options()...)
	if err != nil {
		return fmt.Errorf("naming key %s: %w", name, err)
	}
	b.key = key
	return nil
}

// callers are the statements of services that use the key on their own account, each for this account only.
func (b *builder) callers() []parts.Statement {
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
