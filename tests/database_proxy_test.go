package tests

import (
	"testing"

	"ha-web/components/database"
	"ha-web/internal/awstype"

	"github.com/stretchr/testify/assert"
)

func TestProxySharesConnectionsOverTLS(t *testing.T) {
	t.Parallel()
	got := record(t, newDatabase())
	assert.Equal(t, map[string]any{
		"name": "web-test", "engineFamily": "POSTGRESQL", "requireTls": true,
		"roleArn":      "arn:aws:iam:us-east-1:123456789012:web-proxy",
		"vpcSubnetIds": []any{"private-a_id", "private-b_id"}, "vpcSecurityGroupIds": []any{"proxy-group_id"},
		"auths": []any{map[string]any{
			"authScheme": "SECRETS", "secretArn": masterSecret, "iamAuth": "DISABLED",
			"clientPasswordAuthType": "POSTGRES_SCRAM_SHA_256",
		}},
		"tags": map[string]any{"Name": "web-proxy"},
	}, got.one(t, awstype.RDSProxy, "web-proxy"))
	assert.Equal(t, []string{"vpcSubnetIds"}, got.of(awstype.RDSProxy)["web-proxy"].IgnoreChanges, "another zone must not replace it")
	assert.Equal(t, map[string]any{
		"dbProxyName": "web-test",
		"connectionPoolConfig": map[string]any{
			"maxConnectionsPercent": 90.0, "maxIdleConnectionsPercent": 45.0, "connectionBorrowTimeout": 5.0,
		},
	}, got.one(t, awstype.RDSProxyDefaultTargetGroup, "web-proxy"))
	assert.Equal(t, map[string]any{
		"dbProxyName": "web-test", "targetGroupName": "default", "dbInstanceIdentifier": "web-test-db",
	}, got.one(t, awstype.RDSProxyTarget, "web-proxy"))
	assert.True(t, got.of(awstype.RDSProxy)["web-proxy"].DeleteBeforeReplace, "two proxies cannot share a name")
	assert.True(t, got.of(awstype.RDSProxyTarget)["web-proxy"].DeleteBeforeReplace, "a proxy takes one database at a time")
	assert.Contains(t, got.of(awstype.RDSProxyTarget)["web-proxy"].DependsOn, instanceKey)
	assert.Contains(t, got.of(awstype.RDSProxyTarget)["web-proxy"].DependsOn, awstype.RDSProxyDefaultTargetGroup+"::web-proxy")
}

func TestProxyReadsTheMasterSecretAndNothingElse(t *testing.T) {
	t.Parallel()
	got := record(t, newDatabase())
	assert.Equal(t, map[string]map[string]any{"sts:AssumeRole": {
		"Effect": "Allow", "Action": []any{"sts:AssumeRole"}, "Principal": map[string]any{"Service": "rds.amazonaws.com"},
	}}, document(t, got.one(t, awstype.IAMRole, "web-proxy")["assumeRolePolicy"]))
	assert.Equal(t, []string{"web-proxy"}, got.names(awstype.IAMRolePolicy))
	assert.Equal(t, "web-proxy", got.one(t, awstype.IAMRolePolicy, "web-proxy")["role"])
	assert.Equal(t, map[string]map[string]any{
		"ReadSecrets": {
			"Effect": "Allow", "Action": []any{"secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"},
			"Resource": []any{masterSecret},
		},
		"DecryptThem": {
			"Effect": "Allow", "Action": []any{"kms:Decrypt"}, "Resource": []any{"key-arn"},
			"Condition": map[string]any{"StringEquals": map[string]any{
				"kms:ViaService":                  "secretsmanager.us-east-1.amazonaws.com",
				"kms:EncryptionContext:SecretARN": []any{masterSecret},
			}},
		},
	}, document(t, got.one(t, awstype.IAMRolePolicy, "web-proxy")["policy"]))
	assert.Contains(t, got.of(awstype.RDSProxy)["web-proxy"].DependsOn, awstype.IAMRolePolicy+"::web-proxy", "it logs in as soon as it is there")
}

func TestParametersSayHowToConnect(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		change func(*database.Settings)
		host   string
	}{
		"straight": {withoutProxy, "web-db.us-east-1.rds.amazonaws.com"},
		"proxy":    {func(*database.Settings) {}, "web-proxy.proxy.us-east-1.rds.amazonaws.com"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			values := map[string]any{}
			for _, parameter := range record(t, newDatabase(test.change)).of(awstype.SSMParameter) {
				assert.Equal(t, "String", parameter.Inputs["type"])
				values[parameter.Inputs["name"].(string)] = parameter.Inputs["insecureValue"]
			}
			assert.Equal(t, map[string]any{
				"/web/test/database/endpoint": test.host, "/web/test/database/port": "5432",
				"/web/test/database/name": "appdb", "/web/test/database/secret-arn": masterSecret,
				"/web/test/database/pool-size": "20", "/web/test/db-endpoint": test.host,
			}, values)
		})
	}
}

func TestOutputsAreThoseOfTheProxy(t *testing.T) {
	t.Parallel()
	prod, dev := planOf(t, "-stack", "prod"), planOf(t, "-stack", "dev")
	assert.Equal(t, "ha-web-proxy.proxy.us-east-1.rds.amazonaws.com", prod.Outputs["databaseEndpoint"])
	assert.Equal(t, "ha-web-db.us-east-1.rds.amazonaws.com", dev.Outputs["databaseEndpoint"])
	assert.Equal(t, "/ha-web/prod", prod.Outputs["parameterPrefix"])
	assert.Equal(t, "arn:aws:secretsmanager:us-east-1:123456789012:rds!ha-web-db", prod.Outputs["databaseSecretArn"])
}
