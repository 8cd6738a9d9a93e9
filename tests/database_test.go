package tests

import (
	"fmt"
	"strings"
	"testing"

	"ha-web/components/database"
	"ha-web/internal/awstype"
	"ha-web/internal/offline"
	"ha-web/internal/settings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	masterSecret = "arn:aws:secretsmanager:us-east-1:123456789012:rds!web-db"
	instanceKey  = awstype.RDSInstance + "::web-db"
)

func TestDatabaseByDefault(t *testing.T) {
	t.Parallel()
	got := record(t, newDatabase())
	assert.Equal(t, map[string]any{
		"identifier": "web-test-db", "engine": "postgres", "engineVersion": "16", "engineLifecycleSupport": "open-source-rds-extended-support-disabled", "instanceClass": "db.t4g.medium",
		"dbName": "appdb", "username": "appuser",
		"multiAz": true, "dbSubnetGroupName": "web-db", "vpcSecurityGroupIds": []any{"db-group_id"}, "publiclyAccessible": false,
		"storageType": "gp3", "allocatedStorage": 100.0, "maxAllocatedStorage": 500.0,
		"storageEncrypted": true, "kmsKeyId": "key-arn",
		"manageMasterUserPassword": true, "masterUserSecretKmsKeyId": "key-arn", "iamDatabaseAuthenticationEnabled": true,
		"backupRetentionPeriod": 7.0, "backupWindow": "02:00-03:00", "maintenanceWindow": "sun:04:00-sun:05:00",
		"autoMinorVersionUpgrade": true, "allowMajorVersionUpgrade": false, "applyImmediately": false,
		"copyTagsToSnapshot": true, "deletionProtection": true, "deleteAutomatedBackups": false,
		"skipFinalSnapshot": false, "finalSnapshotIdentifier": "web-test-db-final-web-db",
		"monitoringInterval": 60.0, "monitoringRoleArn": "arn:aws:iam:us-east-1:123456789012:web-db-monitoring",
		"performanceInsightsEnabled": true, "performanceInsightsRetentionPeriod": 7.0, "performanceInsightsKmsKeyId": "key-arn",
		"enabledCloudwatchLogsExports": []any{"postgresql", "upgrade"},
		"parameterGroupName":           "web-db", "caCertIdentifier": "rds-ca-rsa2048-g1",
		"tags": map[string]any{"Name": "web-db"},
	}, got.one(t, awstype.RDSInstance, "web-db"))
	assert.True(t, got.of(awstype.RDSInstance)["web-db"].Protect)
	assert.Equal(t, []any{"data-a_id", "data-b_id"}, got.one(t, awstype.RDSSubnetGroup, "web-db")["subnetIds"])
	assert.Equal(t, []string{"web-proxy"}, got.names(awstype.RDSProxy))
	assert.Empty(t, got.of(awstype.RDSInstanceAutomatedBackupsReplication))
	assert.Empty(t, got.of(awstype.Provider))
	assert.Empty(t, record(t, newDatabase(withoutProxy)).of(awstype.RDSProxy))
}

func TestSingleAZHasNoStandby(t *testing.T) {
	t.Parallel()
	got := record(t, newDatabase(func(s *database.Settings) { s.MultiAZ = false })).one(t, awstype.RDSInstance, "web-db")
	assert.Equal(t, false, got["multiAz"])
	assert.NotContains(t, got, "availabilityZone", "AWS takes a zone for a single instance only, and replaces it for another")
}

func TestEveryEngine(t *testing.T) {
	t.Parallel()
	tests := map[database.Engine]struct {
		version, family    string
		logs, parameters   []string
		proxyFamily, login string
		pinning            any
		port               string
		support            any
	}{
		database.Postgres: {
			"16", "postgres16", []string{"postgresql", "upgrade"},
			[]string{"rds.force_ssl=1 pending-reboot", "log_min_duration_statement=1000 immediate"},
			"POSTGRESQL", "POSTGRES_SCRAM_SHA_256", nil, "5432", "open-source-rds-extended-support-disabled",
		},
		database.MySQL: {
			"8.4", "mysql8.4", []string{"error", "slowquery"},
			[]string{
				"require_secure_transport=1 immediate", "slow_query_log=1 immediate", "long_query_time=1 immediate",
				"log_output=FILE immediate",
			},
			"MYSQL", "MYSQL_CACHING_SHA2_PASSWORD", []any{"EXCLUDE_VARIABLE_SETS"}, "3306", "open-source-rds-extended-support-disabled",
		},
		database.MariaDB: {
			"10.11", "mariadb10.11", []string{"error", "slowquery"},
			[]string{
				"require_secure_transport=1 immediate", "slow_query_log=1 immediate", "long_query_time=1 immediate",
				"log_output=FILE immediate",
			},
			"MYSQL", "MYSQL_NATIVE_PASSWORD", []any{"EXCLUDE_VARIABLE_SETS"}, "3306", nil,
		},
	}
	for engine, want := range tests {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			got := record(t, newDatabase(func(s *database.Settings) { s.Engine = engine }))
			instance := got.one(t, awstype.RDSInstance, "web-db")
			assert.Equal(t, string(engine), instance["engine"])
			assert.Equal(t, want.version, instance["engineVersion"])
			assert.Equal(t, want.family, got.one(t, awstype.RDSParameterGroup, "web-db")["family"])
			assert.Equal(t, want.parameters, parametersOf(t, got))
			assert.Equal(t, want.support, instance["engineLifecycleSupport"])
			assert.Equal(t, []string{"engineLifecycleSupport"}, got.of(awstype.RDSInstance)["web-db"].IgnoreChanges)
			var exported []string
			for _, log := range instance["enabledCloudwatchLogsExports"].([]any) {
				exported = append(exported, log.(string))
				assert.Equal(t, "/aws/rds/instance/web-test-db/"+log.(string), got.one(t, awstype.CloudWatchLogGroup, "web-db-"+log.(string))["name"])
			}
			assert.Equal(t, want.logs, exported)

			fronting := got.one(t, awstype.RDSProxy, "web-proxy")
			assert.Equal(t, want.proxyFamily, fronting["engineFamily"])
			assert.Equal(t, want.login, fronting["auths"].([]any)[0].(map[string]any)["clientPasswordAuthType"])
			assert.Equal(t, want.pinning, got.one(t, awstype.RDSProxyDefaultTargetGroup, "web-proxy")["connectionPoolConfig"].(map[string]any)["sessionPinningFilters"])
			assert.Equal(t, want.port, got.one(t, awstype.SSMParameter, "web-parameter-port")["insecureValue"])
		})
	}
}

// A version that requires TLS by default reports the parameter as pending.
func TestTLSByDefaultIsPending(t *testing.T) {
	t.Parallel()
	for version, want := range map[string]string{
		"mysql 8.4": "immediate", "mysql 9.7": "pending-reboot", "mariadb 11.4": "immediate", "mariadb 11.8": "pending-reboot", "mariadb 12.3": "pending-reboot",
	} {
		engine, major, _ := strings.Cut(version, " ")
		got := record(t, newDatabase(func(s *database.Settings) { s.Engine, s.Version = database.Engine(engine), major }))
		assert.Equal(t, "require_secure_transport=1 "+want, parametersOf(t, got)[0], version)
	}
}

// parametersOf returns the parameters of the group as "name=value method", in order.
func parametersOf(t *testing.T, got recording) []string {
	t.Helper()
	var list []string
	for _, each := range got.one(t, awstype.RDSParameterGroup, "web-db")["parameters"].([]any) {
		parameter := each.(map[string]any)
		list = append(list, fmt.Sprintf("%s=%s %s", parameter["name"], parameter["value"], parameter["applyMethod"]))
	}
	return list
}

func TestStaticParametersWaitForAReboot(t *testing.T) {
	t.Parallel()
	limited := func(s *database.Settings) { s.MaxConnections = 300 }
	assert.Equal(t, []string{
		"rds.force_ssl=1 pending-reboot", "log_min_duration_statement=1000 immediate", "max_connections=300 pending-reboot",
		"shared_preload_libraries=pg_stat_statements pending-reboot", "work_mem=65536 immediate",
	}, parametersOf(t, record(t, newDatabase(limited, func(s *database.Settings) {
		s.Parameters = map[string]string{"work_mem": "65536", "shared_preload_libraries": "pg_stat_statements"}
	}))))

	mysql := func(s *database.Settings) { s.Engine = database.MySQL }
	assert.Contains(t, parametersOf(t, record(t, newDatabase(limited, mysql))), "max_connections=300 immediate", "there it is dynamic")
}

func TestStorageTakesPerformanceFrom400GiBOn(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		storage, iops, throughput int
		wantIOPS, wantThroughput  any
	}{
		"below":    {399, 0, 0, nil, nil},
		"from":     {400, 0, 0, 12000.0, 500.0},
		"asked":    {400, 20000, 1000, 20000.0, 1000.0},
		"iops":     {400, 64000, 0, 64000.0, 500.0},
		"baseline": {500, 0, 3000, 12000.0, 3000.0},
	}
	for name, test := range tests {
		got := record(t, newDatabase(func(s *database.Settings) {
			s.StorageGiB, s.IOPS, s.ThroughputMiBps = test.storage, test.iops, test.throughput
		})).one(t, awstype.RDSInstance, "web-db")
		assert.Equal(t, test.wantIOPS, got["iops"], name)
		assert.Equal(t, test.wantThroughput, got["storageThroughput"], name)
	}
}

func TestStorageGrowsUnlessToldNotTo(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(*database.Settings)
		want   float64
	}{
		"by default":  {func(s *database.Settings) { s.StorageGiB = 600 }, 3000},
		"to the most": {func(s *database.Settings) { s.StorageGiB = 20000 }, 65536},
		"no room":     {func(s *database.Settings) { s.StorageGiB = 60000 }, 0},
		"as told":     {func(s *database.Settings) { s.MaxStorageGiB = pointer(110) }, 110},
		"never":       {func(s *database.Settings) { s.MaxStorageGiB = pointer(0) }, 0},
	} {
		assert.Equal(t, test.want, record(t, newDatabase(test.change)).one(t, awstype.RDSInstance, "web-db")["maxAllocatedStorage"], name)
	}
}

func TestStorageOfAStackIsOneSetting(t *testing.T) {
	t.Parallel()
	for _, stack := range stacks {
		got := planOf(t, "-stack", stack, "-c", "database.storageGiB=600").one(t, awstype.RDSInstance, "ha-web-db")
		assert.Equal(t, 600.0, got["allocatedStorage"], stack)
		assert.Equal(t, 3000.0, got["maxAllocatedStorage"], stack)
	}
}

// pointer returns a pointer to a value.
func pointer[T any](value T) *T { return &value }

func TestPerformanceInsightsWhereTheClassHasThem(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		engine database.Engine
		class  string
		want   any
	}{
		{database.Postgres, "db.t4g.micro", true},
		{database.MySQL, "db.t4g.micro", nil},
		{database.MariaDB, "db.t3.small", nil},
		{database.MySQL, "db.t4g.medium", true},
		{database.MariaDB, "db.m7g.large", true},
	} {
		got := record(t, newDatabase(func(s *database.Settings) {
			s.Engine, s.InstanceClass = test.engine, test.class
		})).one(t, awstype.RDSInstance, "web-db")
		assert.Equal(t, test.want, got["performanceInsightsEnabled"], test)
		assert.Equal(t, test.want != nil, got["performanceInsightsKmsKeyId"] != nil, test)
		assert.Equal(t, test.want != nil, got["performanceInsightsRetentionPeriod"] != nil, test)
	}
}

func TestMonitoringHasARoleForThisAccountThatIsReadyFirst(t *testing.T) {
	t.Parallel()
	got := record(t, newDatabase())
	assert.Equal(t, map[string]map[string]any{"sts:AssumeRole": {
		"Effect": "Allow", "Action": []any{"sts:AssumeRole"},
		"Principal": map[string]any{"Service": "monitoring.rds.amazonaws.com"},
		"Condition": map[string]any{"StringEquals": map[string]any{"aws:SourceAccount": "123456789012"}},
	}}, document(t, got.one(t, awstype.IAMRole, "web-db-monitoring")["assumeRolePolicy"]))
	assert.Equal(t, map[string]any{
		"role": "web-db-monitoring", "policyArn": "arn:aws:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole",
	}, got.one(t, awstype.IAMRolePolicyAttachment, "web-db-monitoring"))
	assert.Contains(t, got.behind(instanceKey), awstype.IAMRolePolicyAttachment+"::web-db-monitoring")

	got = record(t, newDatabase(withoutProxy, func(s *database.Settings) { s.MonitoringSeconds = 0 }))
	assert.Empty(t, got.of(awstype.IAMRole))
	assert.Equal(t, 0.0, got.one(t, awstype.RDSInstance, "web-db")["monitoringInterval"])
	assert.NotContains(t, got.one(t, awstype.RDSInstance, "web-db"), "monitoringRoleArn", "AWS wants both or neither")
}

func TestLogsAreKeptEncryptedAndMadeFirst(t *testing.T) {
	t.Parallel()
	got := record(t, newDatabase(func(s *database.Settings) { s.LogRetentionDays = 30 }))
	assert.Equal(t, []string{"web-db-postgresql", "web-db-upgrade", "web-proxy"}, got.names(awstype.CloudWatchLogGroup))
	for name, group := range got.of(awstype.CloudWatchLogGroup) {
		assert.Equal(t, "key-arn", group.Inputs["kmsKeyId"], name)
		assert.Equal(t, 30.0, group.Inputs["retentionInDays"], name)
	}
	behind := got.behind(instanceKey)
	assert.Contains(t, behind, awstype.CloudWatchLogGroup+"::web-db-postgresql")
	assert.Contains(t, behind, awstype.CloudWatchLogGroup+"::web-db-upgrade")
	assert.Contains(t, got.of(awstype.RDSProxy)["web-proxy"].DependsOn, awstype.CloudWatchLogGroup+"::web-proxy")
	assert.Equal(t, "/aws/rds/proxy/web-test", got.one(t, awstype.CloudWatchLogGroup, "web-proxy")["name"])
	assert.Equal(t, "web-test", got.one(t, awstype.RDSProxy, "web-proxy")["name"])
}

func TestMasterPasswordTurnsByItself(t *testing.T) {
	t.Parallel()
	assert.Equal(t, map[string]any{
		"secretId": masterSecret, "rotateImmediately": false,
		"rotationRules": map[string]any{"scheduleExpression": "cron(0 3 ? * SUN#1 *)", "duration": "1h"},
	}, record(t, newDatabase()).one(t, awstype.SecretsManagerSecretRotation, "web-db"), "and without a function")
	weekly := record(t, newDatabase(func(s *database.Settings) { s.Rotation.Schedule, s.Rotation.Hours = "cron(0 5 ? * SUN *)", 3 }))
	assert.Equal(t, map[string]any{"scheduleExpression": "cron(0 5 ? * SUN *)", "duration": "3h"}, weekly.one(t, awstype.SecretsManagerSecretRotation, "web-db")["rotationRules"])
}

func TestNoPasswordInAnyInput(t *testing.T) {
	t.Parallel()
	for name, create := range components {
		for _, resource := range record(t, func(ctx *pulumi.Context) error { return create(ctx, "one") }).Resources {
			noPassword(t, name, resource.Inputs)
		}
	}
	for _, stack := range stacks {
		for _, resource := range planOf(t, "-stack", stack).Resources {
			noPassword(t, stack, resource.Inputs)
		}
	}
}

// noPassword checks that no property is a password: neither by its name, unless it is masked, nor by what is in it.
func noPassword(t *testing.T, where string, value any) {
	t.Helper()
	switch value := value.(type) {
	case map[string]any:
		for name, each := range value {
			switch lower := strings.ToLower(name); {
			case name == "manageMasterUserPassword", name == "clientPasswordAuthType": // about passwords
			case strings.Contains(lower, "password"), strings.Contains(lower, "secretstring"), strings.Contains(lower, "secretkey"):
				assert.Equal(t, offline.Secret, each, "%s: %s", where, name)
			default:
				noPassword(t, where, each)
			}
		}
	case []any:
		for _, each := range value {
			noPassword(t, where, each)
		}
	case string:
		assert.NotContains(t, value, "hunter2", where)
	}
}

func TestDisposableDatabase(t *testing.T) {
	t.Parallel()
	got := record(t, newDatabase(func(s *database.Settings) {
		s.DeletionProtection, s.FinalSnapshot, s.ApplyImmediately = false, false, true
	}))
	instance := got.one(t, awstype.RDSInstance, "web-db")
	assert.Equal(t, false, instance["deletionProtection"])
	assert.Equal(t, true, instance["skipFinalSnapshot"])
	assert.Equal(t, true, instance["deleteAutomatedBackups"])
	assert.Equal(t, true, instance["applyImmediately"])
	assert.NotContains(t, instance, "finalSnapshotIdentifier")
	assert.False(t, got.of(awstype.RDSInstance)["web-db"].Protect)
}

func TestMajorUpgradeIsMadeAtOnce(t *testing.T) {
	t.Parallel()
	got := record(t, newDatabase(func(s *database.Settings) { s.Version, s.AllowMajorUpgrade = "17", true }))
	assert.Equal(t, "postgres17", got.one(t, awstype.RDSParameterGroup, "web-db")["family"])
	assert.NotContains(t, got.one(t, awstype.RDSParameterGroup, "web-db"), "name", "old and new group are there at once")
	assert.Equal(t, true, got.one(t, awstype.RDSInstance, "web-db")["allowMajorVersionUpgrade"])
	assert.Equal(t, true, got.one(t, awstype.RDSInstance, "web-db")["applyImmediately"], "or the old group could not go")
}

// Names, key, database and user of a database from an automated backup are as of one from a snapshot.
func TestDatabaseFromAnAutomatedBackup(t *testing.T) {
	t.Parallel()
	const backup = "arn:aws:rds:us-east-1:123456789012:auto-backup:ab-l6hk2zevfr5bmsj4kmsrxkbm6kzzhpqnzhqnkzy"
	for name, test := range map[string]struct {
		restore database.Restore
		want    map[string]any
	}{
		"replicated": {database.Restore{BackupARN: backup}, map[string]any{"sourceDbInstanceAutomatedBackupsArn": backup, "useLatestRestorableTime": true}},
		"to a time": {database.Restore{ResourceID: "db-ABC", Time: "2026-11-20T09:30:00Z"}, map[string]any{
			"sourceDbiResourceId": "db-ABC", "restoreTime": "2026-11-20T09:30:00Z",
		}},
	} {
		got := record(t, newDatabase(func(s *database.Settings) { s.Restore = test.restore }))
		instance := got.one(t, awstype.RDSInstance, "web-db")
		assert.Equal(t, test.want, instance["restoreToPointInTime"], name)
		assert.Regexp(t, "^web-test-db-r[0-9a-f]{8}$", instance["identifier"], name)
		for _, brought := range []string{"kmsKeyId", "dbName", "username", "snapshotIdentifier"} {
			assert.NotContains(t, instance, brought, "%s: the backup brings it along", name)
		}
		assert.Equal(t, true, instance["manageMasterUserPassword"], "%s: with a password of its own", name)
		assert.Equal(t, instance["identifier"], got.one(t, awstype.RDSProxyTarget, "web-proxy")["dbInstanceIdentifier"], name)
	}
}

func TestRestoredDatabaseStandsBesideTheOldOne(t *testing.T) {
	t.Parallel()
	got := record(t, newDatabase(func(s *database.Settings) { s.SnapshotIdentifier = "rds:web-test-db-2026-11-20-02-15" }))
	instance := got.one(t, awstype.RDSInstance, "web-db")
	assert.Equal(t, "rds:web-test-db-2026-11-20-02-15", instance["snapshotIdentifier"])
	assert.Equal(t, "web-test-db-r75ebde44", instance["identifier"])
	assert.Equal(t, "web-test-db-r75ebde44-final-web-db", instance["finalSnapshotIdentifier"])
	assert.Equal(t, "web-test-db-r75ebde44", got.one(t, awstype.RDSProxyTarget, "web-proxy")["dbInstanceIdentifier"])
	assert.Equal(t, "/aws/rds/instance/web-test-db-r75ebde44/upgrade", got.one(t, awstype.CloudWatchLogGroup, "web-db-upgrade")["name"])
	for _, brought := range []string{"kmsKeyId", "dbName", "username"} {
		assert.NotContains(t, instance, brought, "the snapshot brings it along")
	}
	assert.Equal(t, true, instance["storageEncrypted"])
	assert.Equal(t, true, instance["manageMasterUserPassword"], "with a password of its own")
}

func TestBackupsInASecondRegion(t *testing.T) {
	t.Parallel()
	got := recordStack(t, func(ctx *pulumi.Context) error {
		args := databaseArgs(func(s *database.Settings) { s.BackupDays, s.ReplicaRegion = 14, "us-west-2" })
		var err error
		if args.Replica, err = settings.Provider(ctx, "there", "us-west-2"); err != nil {
			return err
		}
		_, err = database.New(ctx, "web", args)
		return err
	}, offline.Stack{
		Project: "test", Name: "test", SecretKeys: []string{"aws:profile"},
		Config: map[string]string{
			"aws:region": "us-east-1", "aws:profile": "ours", "aws:allowedAccountIds": `["123456789012"]`, "aws:secretKey": "hunter2",
		},
	})
	assert.Equal(t, map[string]any{
		"region": "us-west-2", "profile": offline.Secret, "allowedAccountIds": `["123456789012"]`, "secretKey": offline.Secret,
	}, got.one(t, awstype.Provider, "there"), "all that the stack's own provider has, but the region")

	key := got.of(awstype.KMSKey)["web-replica"]
	assert.Equal(t, awstype.Provider+"::there", key.Provider)
	assert.True(t, key.Protect)
	assert.Equal(t, true, key.Inputs["enableKeyRotation"])
	assert.Equal(t, 30.0, key.Inputs["deletionWindowInDays"])
	statements := document(t, key.Inputs["policy"])
	assert.Len(t, statements, 2)
	assert.Equal(t, map[string]any{"StringEquals": map[string]any{"kms:ViaService": []any{"rds.us-west-2.amazonaws.com"}}},
		statements["UseThroughServices"]["Condition"])

	copies := got.of(awstype.RDSInstanceAutomatedBackupsReplication)["web-replica"]
	assert.Equal(t, awstype.Provider+"::there", copies.Provider)
	assert.Equal(t, map[string]any{
		"sourceDbInstanceArn": "arn:aws:rds:us-east-1:123456789012:web-db", "retentionPeriod": 14.0,
		"kmsKeyId": "arn:aws:kms:us-west-2:123456789012:web-replica",
	}, copies.Inputs)
	for _, resource := range got.Resources {
		assert.NotContains(t, resource.DependsOn, copies.Key(), "nothing waits for the first copy")
	}
}

// emptyCloud is a cloud that computes nothing: no list of secrets, in particular.
type emptyCloud struct{ lists bool }

func (c emptyCloud) NewResource(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	if c.lists && args.TypeToken == awstype.RDSInstance {
		args.Inputs["masterUserSecrets"] = resource.NewProperty([]resource.PropertyValue{})
	}
	return args.Name + "_id", args.Inputs, nil
}

func (emptyCloud) Call(pulumi.MockCallArgs) (resource.PropertyMap, error) {
	return resource.PropertyMap{}, nil
}

func TestMissingMasterSecretIsAnErrorAndNoPanic(t *testing.T) {
	t.Parallel()
	for _, cloud := range []emptyCloud{{lists: false}, {lists: true}} {
		err := pulumi.RunErr(newDatabase(), pulumi.WithMocks("test", "test", cloud))
		require.ErrorContains(t, err, "database instance web-test-db has no secret for its master password: does RDS manage it?")

		// In a preview the list may be empty still: RDS makes the secret when the change is made.
		err = pulumi.RunErr(newDatabase(), pulumi.WithMocks("test", "test", cloud),
			func(info *pulumi.RunInfo) { info.DryRun = true })
		require.NoError(t, err)
	}
}

func TestDatabaseRefusesBadArguments(t *testing.T) {
	t.Parallel()
	create := func(args *database.Args) pulumi.RunFunc {
		return func(ctx *pulumi.Context) error {
			_, err := database.New(ctx, "web", args)
			return err
		}
	}
	const required = `database web: SubnetIDs: is required
SecurityGroupID: is required
KeyARN: is required
ProxySubnetIDs: is required
ProxySecurityGroupID: is required`
	assert.Equal(t, required, fault(t, create(nil)))
	assert.Equal(t, required, fault(t, create(&database.Args{})))

	args := databaseArgs(withoutProxy)
	args.ProxySubnetIDs, args.ProxySecurityGroupID = nil, nil
	record(t, create(args))

	args = databaseArgs(func(s *database.Settings) {
		s.Engine, s.InstanceClass, s.IOPS, s.ReplicaRegion = "oracle", "t4g.medium", 3000, "us-west-2"
	})
	args.ParameterPrefix = "/aws/x"
	assert.Equal(t, `database web: Replica: must be a provider for Settings.ReplicaRegion (us-west-2)
ParameterPrefix: must be a path such as /ha-web/prod that does not begin with aws or ssm, got "/aws/x"
Settings.Engine: must be postgres, mysql or mariadb, got "oracle"
Settings.InstanceClass: must be a DB instance class such as db.t4g.medium, got "t4g.medium"
Settings.IOPS: must be left out below 400 GiB of Settings.StorageGiB, where gp3 has 3000 IOPS and 125 MiB/s and accepts no other value, got 3000`,
		fault(t, create(args)))

	args = databaseArgs()
	args.Settings = &database.Settings{StorageGiB: 50}
	assert.Equal(t, "database web: Settings: must begin as Default(), which sets what is left out", fault(t, func(ctx *pulumi.Context) error {
		args.ProxySubnetIDs = nil // a proxy that nobody turned on needs none
		return create(args)(ctx)
	}))

	unneeded := ""
	record(t, func(ctx *pulumi.Context) error {
		args := databaseArgs()
		var err error
		if args.Replica, err = settings.Provider(ctx, "there", "us-west-2"); err != nil {
			return err
		}
		unneeded = create(args)(ctx).Error()
		return nil
	})
	assert.Equal(t, "database web: Replica: must be nil without Settings.ReplicaRegion", unneeded)

	for name, want := range map[string]string{
		"1st":                   `name: must begin with a letter, and so must "1st-test-db", what it would be called in AWS`,
		strings.Repeat("a", 60): "name: is too long with the stack's name: in AWS ",
	} {
		assert.Contains(t, fault(t, func(ctx *pulumi.Context) error {
			_, err := database.New(ctx, name, databaseArgs())
			return err
		}), want)
	}
}

func TestNamesInAWSBearTheStack(t *testing.T) {
	t.Parallel()
	got := recordStack(t, newDatabase(), offline.Stack{Project: "test", Name: "Exam_Week.2"})
	assert.Equal(t, "web-exam-week-2-db", got.one(t, awstype.RDSInstance, "web-db")["identifier"])
	assert.Equal(t, "web-exam-week-2", got.one(t, awstype.RDSProxy, "web-proxy")["name"])
}

// What the database waits for decides how long a new stack takes.
func TestDatabaseDoesNotWaitForTheInternet(t *testing.T) {
	t.Parallel()
	for _, stack := range stacks {
		got := planOf(t, "-stack", stack)
		for key := range got.behind(awstype.RDSInstance + "::ha-web-db") {
			for _, slow := range []string{awstype.EC2NatGateway, awstype.EC2EIP, awstype.EC2Route, awstype.EC2VPCEndpoint, awstype.RDSProxy} {
				assert.False(t, strings.HasPrefix(key, slow+"::"), "%s: the database waits for %s", stack, key)
			}
		}
	}
}
