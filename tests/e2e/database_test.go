//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	databaseName = "ha-web-local-db"
	proxyName    = "ha-web-local"
	keyAlias     = "alias/ha-web-local"
)

// checkDatabase checks that the database is where it belongs, and survives what it should.
func checkDatabase(ctx context.Context, t *testing.T, clients clients, network network, outputs auto.OutputMap) types.DBInstance {
	t.Helper()
	found, err := clients.rds.DescribeDBInstances(ctx, &rds.DescribeDBInstancesInput{DBInstanceIdentifier: aws.String(databaseName)})
	require.NoError(t, err)
	require.Len(t, found.DBInstances, 1)
	instance := found.DBInstances[0]
	key, err := clients.kms.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: aws.String(keyAlias)})
	require.NoError(t, err)
	rotation, err := clients.kms.GetKeyRotationStatus(ctx, &kms.GetKeyRotationStatusInput{KeyId: key.KeyMetadata.KeyId})
	require.NoError(t, err)

	assert.True(t, rotation.KeyRotationEnabled)
	assert.True(t, *instance.MultiAZ)
	assert.Equal(t, "open-source-rds-extended-support-disabled", aws.ToString(instance.EngineLifecycleSupport))
	assert.False(t, *instance.PubliclyAccessible)
	assert.True(t, *instance.StorageEncrypted)
	assert.Equal(t, *key.KeyMetadata.Arn, *instance.KmsKeyId)
	assert.Equal(t, *key.KeyMetadata.Arn, *instance.MasterUserSecret.KmsKeyId)
	assert.Equal(t, outputs["databaseSecretArn"].Value, *instance.MasterUserSecret.SecretArn)
	assert.Equal(t, "gp3", *instance.StorageType)
	assert.EqualValues(t, 7, *instance.BackupRetentionPeriod)
	assert.True(t, strings.HasPrefix(*instance.EngineVersion, "16."), *instance.EngineVersion)
	assert.ElementsMatch(t, []string{"postgresql", "upgrade"}, instance.EnabledCloudwatchLogsExports)

	require.Len(t, instance.DBSubnetGroup.Subnets, 2)
	for _, subnet := range instance.DBSubnetGroup.Subnets {
		_, outward := defaultRoute(network.tables[*subnet.SubnetIdentifier])
		assert.False(t, outward, "a data subnet, without a way out")
	}
	return instance
}

// checkProxy checks that the proxy leads to the database, over TLS, and takes only its share of the connections.
func checkProxy(ctx context.Context, t *testing.T, clients clients, network network, outputs auto.OutputMap) {
	t.Helper()
	proxies, err := clients.rds.DescribeDBProxies(ctx, &rds.DescribeDBProxiesInput{DBProxyName: aws.String(proxyName)})
	require.NoError(t, err)
	require.Len(t, proxies.DBProxies, 1)
	proxy := proxies.DBProxies[0]
	assert.True(t, *proxy.RequireTLS)
	assert.Equal(t, outputs["databaseEndpoint"].Value, *proxy.Endpoint)
	assert.Equal(t, outputs["databaseSecretArn"].Value, *proxy.Auth[0].SecretArn)
	zones := map[string]bool{}
	for _, subnet := range proxy.VpcSubnetIds {
		zones[*network.subnets[subnet].AvailabilityZone] = true
	}
	assert.Len(t, zones, 2)

	targets, err := clients.rds.DescribeDBProxyTargets(ctx, &rds.DescribeDBProxyTargetsInput{DBProxyName: aws.String(proxyName)})
	require.NoError(t, err)
	require.Len(t, targets.Targets, 1)
	assert.Equal(t, databaseName, *targets.Targets[0].RdsResourceId)
	pools, err := clients.rds.DescribeDBProxyTargetGroups(ctx, &rds.DescribeDBProxyTargetGroupsInput{DBProxyName: aws.String(proxyName)})
	require.NoError(t, err)
	require.Len(t, pools.TargetGroups, 1)
	assert.EqualValues(t, 90, *pools.TargetGroups[0].ConnectionPoolConfig.MaxConnectionsPercent)
	assert.EqualValues(t, 5, *pools.TargetGroups[0].ConnectionPoolConfig.ConnectionBorrowTimeout)
}

// checkReplica checks that a second region has the backups, under a key of its own.
func checkReplica(ctx context.Context, t *testing.T, there clients, instance types.DBInstance) {
	t.Helper()
	backups, err := there.rds.DescribeDBInstanceAutomatedBackups(ctx, &rds.DescribeDBInstanceAutomatedBackupsInput{
		DBInstanceIdentifier: instance.DBInstanceIdentifier,
	})
	require.NoError(t, err)
	require.Len(t, backups.DBInstanceAutomatedBackups, 1)
	assert.Equal(t, *instance.DBInstanceArn, *backups.DBInstanceAutomatedBackups[0].DBInstanceArn)
	assert.Contains(t, *backups.DBInstanceAutomatedBackups[0].KmsKeyId, ":us-west-2:")
}

// checkParameters checks that what connects finds out how.
func checkParameters(ctx context.Context, t *testing.T, clients clients, outputs auto.OutputMap, poolSize string) {
	t.Helper()
	prefix := outputs["parameterPrefix"].Value.(string)
	found, err := clients.ssm.GetParametersByPath(ctx, &ssm.GetParametersByPathInput{Path: aws.String(prefix), Recursive: aws.Bool(true)})
	require.NoError(t, err)
	values := map[string]any{}
	for _, parameter := range found.Parameters {
		values[strings.TrimPrefix(*parameter.Name, prefix)] = *parameter.Value
	}
	delete(values, "/outputs") // checkPublishedOutputs
	images := map[string]any{}
	for name, value := range values {
		if strings.HasPrefix(name, "/image-") {
			images[name] = value
			delete(values, name)
		}
	}
	assert.Equal(t, []any{outputs["imageId"].Value}, slices.Collect(maps.Values(images)), "the AMI that the stack keeps")
	assert.Equal(t, map[string]any{
		"/database/endpoint": outputs["databaseEndpoint"].Value, "/database/port": "5432", "/database/name": "appdb",
		"/database/secret-arn": outputs["databaseSecretArn"].Value, "/database/pool-size": poolSize, "/db-endpoint": outputs["databaseEndpoint"].Value,
	}, values)
}

// checkSecrets checks that the application's secret has its value, and the master secret as below. It returns the master
// password.
func checkSecrets(ctx context.Context, t *testing.T, clients clients, outputs auto.OutputMap) string {
	t.Helper()
	smtp, err := clients.secrets.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: aws.String("ha-web/local/smtp")})
	require.NoError(t, err)
	assert.Equal(t, smtpPassword, *smtp.SecretString)
	return checkMasterSecret(ctx, t, clients, outputs, byDefault)
}

// When the master secret rotates.
const (
	byDefault = "cron(0 3 ? * SUN#1 *)"
	inProd    = "cron(0 8 ? * SUN#1 *)"
)

// checkMasterSecret checks that the master secret rotates by a schedule, and returns the master password.
func checkMasterSecret(ctx context.Context, t *testing.T, clients clients, outputs auto.OutputMap, schedule string) string {
	t.Helper()
	master := aws.String(outputs["databaseSecretArn"].Value.(string))
	described, err := clients.secrets.DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: master})
	require.NoError(t, err)
	assert.True(t, *described.RotationEnabled)
	assert.Equal(t, schedule, aws.ToString(described.RotationRules.ScheduleExpression))
	assert.Equal(t, "1h", aws.ToString(described.RotationRules.Duration))
	assert.Nil(t, described.RotationLambdaARN)
	assert.Nil(t, described.LastRotatedDate, "not at once")

	value, err := clients.secrets.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: master})
	require.NoError(t, err)
	var login struct{ Username, Password string }
	require.NoError(t, json.Unmarshal([]byte(*value.SecretString), &login))
	require.NotEmpty(t, login.Username) // of the emulator's choice
	require.NotEmpty(t, login.Password)
	return login.Password
}

// checkState checks that the master password is nowhere in the state of the stack, not even encrypted, and that no secret
// which the program was given or handed on is anywhere in it unencrypted, its backups and history included.
func checkState(ctx context.Context, t *testing.T, d *deployment, password string, known ...string) {
	t.Helper()
	decrypted, err := d.Export(ctx)
	require.NoError(t, err)
	text := string(decrypted.Deployment)
	for _, secret := range known {
		require.True(t, strings.Contains(text, secret), "decrypted, it has what it was given")
	}
	assert.False(t, strings.Contains(text, password), "the master password is in the state")

	files := 0
	require.NoError(t, filepath.WalkDir(d.State, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		files++
		for _, secret := range append(known, password) {
			assert.False(t, bytes.Contains(content, []byte(secret)), "%s has a secret in the clear", path)
		}
		return err
	}))
	assert.NotZero(t, files)
}

// checkFinalSnapshot checks that the database left a snapshot behind.
func checkFinalSnapshot(ctx context.Context, t *testing.T, clients clients, instance types.DBInstance) {
	t.Helper()
	snapshots, err := clients.rds.DescribeDBSnapshots(ctx, &rds.DescribeDBSnapshotsInput{
		DBInstanceIdentifier: instance.DBInstanceIdentifier, SnapshotType: aws.String("manual"),
	})
	require.NoError(t, err)
	require.Len(t, snapshots.DBSnapshots, 1)
	assert.True(t, strings.HasPrefix(*snapshots.DBSnapshots[0].DBSnapshotIdentifier, databaseName+"-final-"))
}
