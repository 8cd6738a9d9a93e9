package tests

import (
	"strings"
	"testing"

	"ha-web/components/secrets"
	"ha-web/internal/awstype"
	"ha-web/internal/offline"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
)

func TestKeyTurnsAndOutlivesMistakes(t *testing.T) {
	t.Parallel()
	got := record(t, newSecrets())
	key := got.one(t, awstype.KMSKey, "vault-key")
	assert.Equal(t, true, key["enableKeyRotation"])
	assert.Equal(t, 30.0, key["deletionWindowInDays"])
	assert.True(t, got.of(awstype.KMSKey)["vault-key"].Protect)
	assert.Equal(t, map[string]any{"name": "alias/vault-test", "targetKeyId": "vault-key_id"}, got.one(t, awstype.KMSAlias, "vault-key"))
	assert.Empty(t, got.of(awstype.SecretsManagerSecret))
}

func TestKeyIsForTheServicesOfTheStack(t *testing.T) {
	t.Parallel()
	got := recordStack(t, newSecrets(), offline.Stack{
		Project: "test", Name: "test", Config: map[string]string{"aws:region": "eu-west-1"},
	})
	account := map[string]any{"AWS": "arn:aws:iam::123456789012:root"}
	publisher := func(service string) map[string]any {
		return map[string]any{
			"Effect": "Allow", "Principal": map[string]any{"Service": service},
			"Action": []any{"kms:Decrypt", "kms:GenerateDataKey*"}, "Resource": []any{"*"},
			"Condition": map[string]any{"StringEquals": map[string]any{"aws:SourceAccount": "123456789012"}},
		}
	}
	statements := document(t, got.one(t, awstype.KMSKey, "vault-key")["policy"])
	assert.Equal(t, map[string]map[string]any{
		"Administer": {
			"Effect": "Allow", "Principal": account, "Resource": []any{"*"},
			"Action": []any{
				"kms:CancelKeyDeletion", "kms:CreateAlias", "kms:DeleteAlias", "kms:Describe*", "kms:Disable*", "kms:Enable*",
				"kms:Get*", "kms:List*", "kms:PutKeyPolicy", "kms:RevokeGrant", "kms:RotateKeyOnDemand",
				"kms:ScheduleKeyDeletion", "kms:TagResource", "kms:UntagResource", "kms:Update*",
			},
		},
		"UseThroughServices": {
			"Effect": "Allow", "Principal": account, "Resource": []any{"*"},
			"Action": []any{
				"kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*",
				"kms:RetireGrant",
			},
			"Condition": map[string]any{"StringEquals": map[string]any{"kms:ViaService": []any{
				"ecr.eu-west-1.amazonaws.com", "rds.eu-west-1.amazonaws.com", "secretsmanager.eu-west-1.amazonaws.com", "sns.eu-west-1.amazonaws.com",
			}}},
		},
		"EncryptLogs": {
			"Effect": "Allow", "Principal": map[string]any{"Service": "logs.eu-west-1.amazonaws.com"},
			"Action":   []any{"kms:Decrypt*", "kms:Describe*", "kms:Encrypt*", "kms:GenerateDataKey*", "kms:ReEncrypt*"},
			"Resource": []any{"*"},
			"Condition": map[string]any{"ArnLike": map[string]any{
				"kms:EncryptionContext:aws:logs:arn": "arn:aws:logs:eu-west-1:123456789012:log-group:*",
			}},
		},
		"PublishAlarms":         publisher("cloudwatch.amazonaws.com"),
		"PublishDatabaseEvents": publisher("events.rds.amazonaws.com"),
		"PublishBudgets":        publisher("budgets.amazonaws.com"),
		"PublishCostAnomalies":  publisher("costalerts.amazonaws.com"),
		"PublishEvents": { // with a condition, EventBridge would be refused
			"Effect": "Allow", "Principal": map[string]any{"Service": "events.amazonaws.com"},
			"Action": []any{"kms:Decrypt", "kms:GenerateDataKey*"}, "Resource": []any{"*"},
		},
		"PublishScaling": {
			"Effect": "Allow", "Principal": map[string]any{"AWS": "*"},
			"Action": []any{"kms:Decrypt", "kms:GenerateDataKey*"}, "Resource": []any{"*"},
			"Condition": map[string]any{"ArnEquals": map[string]any{"aws:PrincipalArn": "arn:aws:iam::123456789012:role/" +
				"aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"}},
		},
	}, statements)
}

func TestSecretsAreCreatedEmptyAndEncrypted(t *testing.T) {
	t.Parallel()
	got := record(t, newSecrets(func(s *secrets.Settings) { s.Names = []string{"smtp", "oidc"} }))
	assert.Equal(t, []string{"vault-secret-oidc", "vault-secret-smtp"}, got.names(awstype.SecretsManagerSecret))
	assert.Empty(t, got.of(awstype.SecretsManagerSecretVersion))
	smtp := got.one(t, awstype.SecretsManagerSecret, "vault-secret-smtp")
	assert.Equal(t, "vault/test/smtp", smtp["name"])
	assert.Equal(t, "arn:aws:kms:us-east-1:123456789012:vault-key", smtp["kmsKeyId"])
	assert.Equal(t, 30.0, smtp["recoveryWindowInDays"])
	assert.True(t, got.of(awstype.SecretsManagerSecret)["vault-secret-smtp"].Protect)
}

func TestSecretsAreBoundToTheAccountAndToTLS(t *testing.T) {
	t.Parallel()
	got := record(t, newSecrets(func(s *secrets.Settings) { s.Names = []string{"smtp"} }))
	policy := got.one(t, awstype.SecretsManagerSecretPolicy, "vault-secret-smtp")
	assert.Equal(t, "arn:aws:secretsmanager:us-east-1:123456789012:vault-secret-smtp", policy["secretArn"])
	assert.Equal(t, true, policy["blockPublicPolicy"])
	refuse := func(condition map[string]any) map[string]any {
		return map[string]any{
			"Effect": "Deny", "Principal": map[string]any{"AWS": "*"}, "Action": []any{"secretsmanager:*"},
			"Resource": []any{"*"}, "Condition": condition,
		}
	}
	assert.Equal(t, map[string]map[string]any{
		"RefuseWithoutTLS": refuse(map[string]any{"Bool": map[string]any{"aws:SecureTransport": "false"}}),
		"RefuseOtherAccounts": refuse(map[string]any{
			"StringNotEquals": map[string]any{"aws:PrincipalAccount": "123456789012"},
			"Bool":            map[string]any{"aws:PrincipalIsAWSService": "false"},
		}),
	}, document(t, policy["policy"]))
}

func TestValuesStaySecret(t *testing.T) {
	t.Parallel()
	got := record(t, newSecrets(func(s *secrets.Settings) {
		s.Names = []string{"smtp", "oidc"}
		s.Values = map[string]pulumi.StringInput{"smtp": pulumi.String("hunter2")} // even one that was not marked secret
	}))
	assert.Equal(t, []string{"vault-secret-smtp"}, got.names(awstype.SecretsManagerSecretVersion))
	assert.Equal(t, map[string]any{"secretId": "vault-secret-smtp_id", "secretString": offline.Secret},
		got.one(t, awstype.SecretsManagerSecretVersion, "vault-secret-smtp"))
	for _, resource := range got.Resources {
		assert.NotContains(t, inputsOf(t, resource), "hunter2", resource.Key())
	}
}

func TestSecretsOfADisposableStack(t *testing.T) {
	t.Parallel()
	got := record(t, newSecrets(func(s *secrets.Settings) {
		s.Names, s.RecoveryDays, s.DeletionProtection = []string{"smtp"}, 0, false
	}))
	assert.Equal(t, 0.0, got.one(t, awstype.SecretsManagerSecret, "vault-secret-smtp")["recoveryWindowInDays"])
	for _, resource := range got.Resources {
		assert.False(t, resource.Protect, resource.Key())
	}
	assert.Equal(t, 30.0, got.one(t, awstype.KMSKey, "vault-key")["deletionWindowInDays"])
}

func TestSecretsRecordTheirSettingsButForValues(t *testing.T) {
	t.Parallel()
	got := record(t, newSecrets(func(s *secrets.Settings) {
		s.Names = []string{"smtp"}
		s.Values = map[string]pulumi.StringInput{"smtp": pulumi.String("hunter2")}
	}))
	assert.Equal(t, map[string]any{"settings": map[string]any{
		"names": []any{"smtp"}, "recoveryDays": 30.0, "deletionProtection": true,
	}}, got.one(t, secrets.Type, "vault"))
}

func TestSecretsRefuseBadArguments(t *testing.T) {
	t.Parallel()
	assert.Equal(t, `secrets vault: Settings.Names[0]: must be lowercase letters, digits and single hyphens, got "S M T P"
Settings.Names[2]: smtp is listed twice
Settings.Names[3]: must not end in a hyphen and six characters, as ARNs of secrets do, got "app-secret"
Settings.Values.smpt: must be one of Settings.Names, did you mean smtp?
Settings.RecoveryDays: must be between 7 and 30, or 0 to delete secrets at once, got 5`,
		fault(t, newSecrets(func(s *secrets.Settings) {
			s.Names = []string{"S M T P", "smtp", "smtp", "app-secret"}
			s.Values = map[string]pulumi.StringInput{"smpt": pulumi.String("x")}
			s.RecoveryDays = 5
		})))

	long := strings.Repeat("a", 250)
	assert.Contains(t, fault(t, func(ctx *pulumi.Context) error {
		_, err := secrets.New(ctx, long, nil)
		return err
	}), "name: is too long with the stack's name: in AWS ")
	assert.Equal(t, "secrets vault: Settings: must begin as Default(), which sets what is left out", fault(t, func(ctx *pulumi.Context) error {
		_, err := secrets.New(ctx, "vault", &secrets.Args{Settings: &secrets.Settings{Names: []string{"smtp"}}})
		return err
	}))
}
