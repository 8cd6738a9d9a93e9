package database_test

import (
	"testing"

	"ha-web/internal/fields"
	"ha-web/internal/settings/database"
	"ha-web/internal/validate/validatetest"

	"github.com/stretchr/testify/assert"
)

// change is a change of the default settings.
type change = func(*database.Settings)

// after returns the default settings after a change, resolved.
func after(change change) *database.Settings {
	settings := database.Default()
	change(&settings)
	settings = settings.Resolved()
	return &settings
}

// faultsOf returns what is wrong with the default settings after a change, a line each, under keys of a stack file.
func faultsOf(change change) string {
	settings := after(change)
	return validatetest.Text(settings, fields.ByTag, settings.Validate)
}

func TestLimitsAreAccepted(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]change{
		"as it is":            func(*database.Settings) {},
		"mysql":               func(s *database.Settings) { s.Engine, s.Version, s.ExtendedSupport = "mysql", "8.0", true },
		"early":               func(s *database.Settings) { s.Version, s.ExtendedSupport = "14", true },
		"mariadb":             func(s *database.Settings) { s.Engine, s.Version = "mariadb", "11.4" },
		"least storage":       func(s *database.Settings) { s.StorageGiB, s.MaxStorageGiB = 20, pointer(22) },
		"no growth":           func(s *database.Settings) { s.MaxStorageGiB = pointer(0) },
		"a tenth more":        func(s *database.Settings) { s.MaxStorageGiB = pointer(110) },
		"performance":         func(s *database.Settings) { s.StorageGiB, s.IOPS, s.ThroughputMiBps = 400, 12000, 3000 },
		"most performance":    func(s *database.Settings) { s.StorageGiB, s.IOPS, s.ThroughputMiBps = 400, 64000, 4000 },
		"windows that touch":  func(s *database.Settings) { s.MaintenanceWindow = "mon:03:00-mon:03:30" },
		"over midnight":       func(s *database.Settings) { s.BackupWindow, s.MaintenanceWindow = "23:45-00:15", "sun:00:15-sun:23:45" },
		"over the week's end": func(s *database.Settings) { s.MaintenanceWindow = "sun:23:30-mon:00:30" },
		"no monitoring":       func(s *database.Settings) { s.MonitoringSeconds = 0 },
		"long backups":        func(s *database.Settings) { s.BackupDays = 35 },
		"parameters":          func(s *database.Settings) { s.Parameters = map[string]string{"rds.logical_replication": "1"} },
		"new parameters": func(s *database.Settings) {
			s.Parameters = map[string]string{"rds.brand_new_feature": "1", "pg_new.x": "1"}
		},
		"near one another": func(s *database.Settings) {
			s.Parameters = map[string]string{"max_wal_size": "1", "min_wal_size": "1", "pgaudit.log": "all", "pgaudit.role": "x"}
		},
		"mysql's parameters": func(s *database.Settings) {
			s.Engine = database.MySQL
			s.Parameters = map[string]string{"innodb_redo_log_capacity": "1", "max_allowed_packet": "1", "time_zone": "UTC", "replica_parallel_workers": "4"}
		},
		"most connections": func(s *database.Settings) { s.MaxConnections = 450 },
		"a backup": func(s *database.Settings) {
			s.Restore = database.Restore{BackupARN: "arn:aws:rds:us-east-1:123456789012:auto-backup:ab-0a", Time: "2026-11-20T09:30:00Z"}
		},
		"a deleted database": func(s *database.Settings) { s.Restore.ResourceID = "db-ABCDEFGHIJKLMNOPQRSTUVWXY2" },
		"a snapshot":         func(s *database.Settings) { s.SnapshotIdentifier = "rds:ha-web-prod-db-2026-11-20-02-15" },
		"another's snapshot": func(s *database.Settings) {
			s.SnapshotIdentifier = "arn:aws:rds:us-east-1:123456789012:snapshot:before-the-exam"
		},
	} {
		assert.Empty(t, faultsOf(change), name)
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		change change
		want   string
	}{
		"no defaults":     {func(s *database.Settings) { *s = database.Settings{StorageGiB: 50} }, ": must begin as Default(), which sets what is left out"},
		"pool":            {func(s *database.Settings) { s.PoolSize = 0 }, "poolSize: must be between 1 and 10000, got 0"},
		"far version":     {func(s *database.Settings) { s.Version = "99" }, `version: must be a major version of postgres that RDS offers, 11, 12, 13, 14, 15, 16, 17, 18 or 19, got "99"`},
		"quoted version":  {func(s *database.Settings) { s.Version = `"17"` }, `version: must be 17, without quotes inside the value, got "\"17\""`},
		"other's version": {func(s *database.Settings) { s.Engine, s.Version = "mysql", "16" }, `version: must be a major version of mysql that RDS offers, 5.7, 8.0, 8.4 or 9.7, got "16"`},
		"family":          {func(s *database.Settings) { s.InstanceClass = "db.z99.large" }, `instanceClass: must be of a family that RDS offers for single databases (t, m, r or x), got "db.z99.large"`},
		"generation":      {func(s *database.Settings) { s.InstanceClass = "db.t2.micro" }, `instanceClass: must be of generation 3 or later of family t, such as db.t3, because AWS has retired earlier ones, got "db.t2.micro"`},
		"old general":     {func(s *database.Settings) { s.InstanceClass = "db.m4.large" }, `instanceClass: must be of generation 5 or later of family m, such as db.m5, because AWS has retired earlier ones, got "db.m4.large"`},
		"small general":   {func(s *database.Settings) { s.InstanceClass = "db.m7g.medium" }, `instanceClass: must end in a size of family m, large, xlarge or a multiple such as 2xlarge, got "db.m7g.medium"`},
		"no generation":   {func(s *database.Settings) { s.InstanceClass = "db.serverless" }, `instanceClass: must be a DB instance class such as db.t4g.medium, got "db.serverless"`},
		"engine":          {func(s *database.Settings) { s.Engine = "oracle" }, `engine: must be postgres, mysql or mariadb, got "oracle"`},
		"minor version":   {func(s *database.Settings) { s.Version = "16.6" }, `version: must be the major version 16, because AWS applies minor versions by itself, got "16.6"`},
		"half a version":  {func(s *database.Settings) { s.Engine, s.Version = "mysql", "8" }, `version: must be a major version of mysql that RDS offers, 5.7, 8.0, 8.4 or 9.7, got "8"`},
		"patch":           {func(s *database.Settings) { s.Engine, s.Version = "mariadb", "10.11.8" }, `version: must be the major version 10.11, because AWS applies minor versions by itself, got "10.11.8"`},
		"old version":     {func(s *database.Settings) { s.Version = "13" }, "version: 13 of postgres is past its standard support: choose 14 or later, or set extendedSupport: true, which AWS charges for"},
		"old mysql":       {func(s *database.Settings) { s.Engine, s.Version = "mysql", "8.0" }, "version: 8.0 of mysql is past its standard support: choose 8.4 or later, or set extendedSupport: true, which AWS charges for"},
		"no support":      {func(s *database.Settings) { s.Engine, s.ExtendedSupport = "mariadb", true }, "extendedSupport: must be left out with mariadb, which has no RDS Extended Support"},
		"class":           {func(s *database.Settings) { s.InstanceClass = "t4g.medium" }, `instanceClass: must be a DB instance class such as db.t4g.medium, got "t4g.medium"`},
		"cluster class":   {func(s *database.Settings) { s.InstanceClass = "db.c6gd.medium" }, `instanceClass: must be of a family that RDS offers for single databases (t, m, r or x), got "db.c6gd.medium"`},
		"size of class":   {func(s *database.Settings) { s.InstanceClass = "db.m7g.lagre" }, `instanceClass: must end in a size of family m, large, xlarge or a multiple such as 2xlarge, got "db.m7g.lagre"`},
		"little storage":  {func(s *database.Settings) { s.StorageGiB = 19 }, "storageGiB: must be between 20 and 65536, got 19"},
		"growth":          {func(s *database.Settings) { s.StorageGiB, s.MaxStorageGiB = 101, pointer(111) }, "maxStorageGiB: must be between 112, which is 1.1 times storageGiB, and 65536, or 0 to never grow, got 111"},
		"early iops":      {func(s *database.Settings) { s.StorageGiB, s.IOPS = 399, 12000 }, "iops: must be left out below 400 GiB of storageGiB, where gp3 has 3000 IOPS and 125 MiB/s and accepts no other value, got 12000"},
		"early speed":     {func(s *database.Settings) { s.ThroughputMiBps = 125 }, "throughputMiBps: must be left out below 400 GiB of storageGiB, where gp3 has 3000 IOPS and 125 MiB/s and accepts no other value, got 125"},
		"few iops":        {func(s *database.Settings) { s.StorageGiB, s.IOPS = 400, 11999 }, "iops: must be between 12000 and 64000, got 11999"},
		"many iops":       {func(s *database.Settings) { s.StorageGiB, s.IOPS = 400, 64001 }, "iops: must be between 12000 and 64000, got 64001"},
		"slow":            {func(s *database.Settings) { s.StorageGiB, s.ThroughputMiBps = 400, 499 }, "throughputMiBps: must be between 500 and 3000, got 499"},
		"over a quarter":  {func(s *database.Settings) { s.StorageGiB, s.IOPS, s.ThroughputMiBps = 400, 14000, 3501 }, "throughputMiBps: must be between 500 and 3500, got 3501"},
		"fast":            {func(s *database.Settings) { s.StorageGiB, s.IOPS, s.ThroughputMiBps = 400, 64000, 4001 }, "throughputMiBps: must be between 500 and 4000, got 4001"},
		"name":            {func(s *database.Settings) { s.Name = "app-db" }, `name: must begin with a letter and have at most 63 letters, digits and underscores, got "app-db"`},
		"reserved name":   {func(s *database.Settings) { s.Engine, s.Version, s.Name = "mysql", "8.4", "sys" }, `name: "sys" is reserved by mysql, or a name that attackers try first: choose another`},
		"user":            {func(s *database.Settings) { s.Username = "seventeen_letters" }, `username: must begin with a letter and have at most 16 letters, digits and underscores, got "seventeen_letters"`},
		"reserved user":   {func(s *database.Settings) { s.Username = "Postgres" }, `username: "Postgres" is reserved by postgres, or a name that attackers try first: choose another`},
		"admin":           {func(s *database.Settings) { s.Engine, s.Version, s.Username = "mariadb", "10.11", "admin" }, `username: "admin" is reserved by mariadb, or a name that attackers try first: choose another`},
		"no backups":      {func(s *database.Settings) { s.BackupDays = 0 }, "backupDays: must be between 1 and 35, got 0"},
		"backup window":   {func(s *database.Settings) { s.BackupWindow = "2:00-3:00" }, `backupWindow: must be hh:mm-hh:mm in UTC, such as 02:00-03:00, got "2:00-3:00"`},
		"short backup":    {func(s *database.Settings) { s.BackupWindow = "02:00-02:29" }, "backupWindow: must last from 30 minutes to less than a day"},
		"window":          {func(s *database.Settings) { s.MaintenanceWindow = "04:00-05:00" }, `maintenanceWindow: must be ddd:hh:mm-ddd:hh:mm in UTC, such as sun:04:00-sun:05:00, got "04:00-05:00"`},
		"long window":     {func(s *database.Settings) { s.MaintenanceWindow = "sun:04:00-mon:04:00" }, "maintenanceWindow: must last from 30 minutes to less than a day"},
		"overlap":         {func(s *database.Settings) { s.MaintenanceWindow = "wed:01:00-wed:02:01" }, "maintenanceWindow: must not overlap backupWindow (02:00-03:00), got wed:01:00-wed:02:01"},
		"within":          {func(s *database.Settings) { s.MaintenanceWindow = "wed:01:00-wed:06:00" }, "maintenanceWindow: must not overlap backupWindow (02:00-03:00), got wed:01:00-wed:06:00"},
		"overlap at dawn": {func(s *database.Settings) { s.BackupWindow, s.MaintenanceWindow = "23:30-00:30", "mon:00:00-mon:01:00" }, "maintenanceWindow: must not overlap backupWindow (23:30-00:30), got mon:00:00-mon:01:00"},
		"rotation":        {func(s *database.Settings) { s.Rotation.Schedule = "rate(30 days)" }, `rotation.schedule: must be cron(minutes hours day-of-month month day-of-week year), such as cron(0 3 1 * ? *), got "rate(30 days)"`},
		"often":           {func(s *database.Settings) { s.Rotation.Schedule = "cron(0 3,6 1 * ? *)" }, `rotation.schedule: must leave 4 hours or more between two rotations, got "cron(0 3,6 1 * ? *)", which leaves 3`},
		"no window":       {func(s *database.Settings) { s.Rotation.Hours = 0 }, "rotation.hours: must be between 1 and 24, got 0"},
		"into the day":    {func(s *database.Settings) { s.Rotation = database.Rotation{Schedule: "cron(0 1,21 1 * ? *)", Hours: 4} }, "rotation.hours: must end the window by midnight UTC, got 4 from 21:00 on"},
		"into the next":   {func(s *database.Settings) { s.Rotation = database.Rotation{Schedule: "cron(0 0,5 1 * ? *)", Hours: 6} }, "rotation.hours: must be at most 5, so that a window closes before the next one opens, got 6"},
		"monitoring":      {func(s *database.Settings) { s.MonitoringSeconds = 20 }, "monitoringSeconds: must be 1, 5, 10, 15, 30 or 60, or 0 to turn it off, got 20"},
		"logs":            {func(s *database.Settings) { s.LogRetentionDays = 10 }, "logRetentionDays: CloudWatch Logs cannot keep events for 10 days, the next period it offers is 14"},
		"connections":     {func(s *database.Settings) { s.MaxConnections = 451 }, "maxConnections: must be between 1 and 450, got 451"},
		"own setting":     {func(s *database.Settings) { s.Parameters = map[string]string{"max_connections": "9"} }, "parameters.max_connections: has a setting of its own: set maxConnections"},
		"TLS off":         {func(s *database.Settings) { s.Parameters = map[string]string{"rds.force_ssl": "0"} }, "parameters.rds.force_ssl: cannot be changed: TLS is required, and slow queries are logged"},
		"case":            {func(s *database.Settings) { s.Parameters = map[string]string{"Work_Mem": "1"} }, "parameters.Work_Mem: must be the name of a parameter of postgres, lowercase, such as work_mem"},
		"typo":            {func(s *database.Settings) { s.Parameters = map[string]string{"wrok_mem": "1"} }, "parameters.wrok_mem: is not a parameter of postgres, did you mean work_mem?"},
		"letters":         {func(s *database.Settings) { s.Parameters = map[string]string{"shared_preload_libaries": "x"} }, "parameters.shared_preload_libaries: is not a parameter of postgres, did you mean shared_preload_libraries?"},
		"prefix":          {func(s *database.Settings) { s.Parameters = map[string]string{"rds_logical_replication": "1"} }, "parameters.rds_logical_replication: is not a parameter of postgres, did you mean rds.logical_replication?"},
		"typo in mysql": {func(s *database.Settings) {
			s.Engine, s.Parameters = database.MySQL, map[string]string{"inodb_buffer_pool_size": "1"}
		}, "parameters.inodb_buffer_pool_size: is not a parameter of mysql, did you mean innodb_buffer_pool_size?"},
		"typo in mariadb": {func(s *database.Settings) {
			s.Engine, s.Parameters = database.MariaDB, map[string]string{"aria_pagecache_bufer_size": "1"}
		}, "parameters.aria_pagecache_bufer_size: is not a parameter of mariadb, did you mean aria_pagecache_buffer_size?"},
		"no value": {func(s *database.Settings) { s.Parameters = map[string]string{"work_mem": ""} }, "parameters.work_mem: must have a value"},
		"snapshot": {func(s *database.Settings) { s.SnapshotIdentifier = "a--b" }, `snapshotIdentifier: must be the name or the ARN of a DB snapshot, got "a--b"`},
		"two origins": {func(s *database.Settings) { s.SnapshotIdentifier, s.Restore.ResourceID = "a", "db-A" },
			"restore: must be left out with snapshotIdentifier: a database is created from one of them"},
		"two backups": {func(s *database.Settings) {
			s.Restore = database.Restore{BackupARN: "arn:aws:rds:us-east-1:123456789012:auto-backup:ab-0a", ResourceID: "db-A"}
		}, "restore.resourceId: must be left out with restore.backupArn: a database is created from one of them"},
		"no backup": {func(s *database.Settings) { s.Restore.Time = "2026-11-20T09:30:00Z" }, "restore: must have restore.backupArn or restore.resourceId"},
		"a snapshot's ARN": {func(s *database.Settings) { s.Restore.BackupARN = "arn:aws:rds:us-east-1:123456789012:snapshot:a" },
			`restore.backupArn: must be the ARN of an automated backup, arn:aws:rds:REGION:ACCOUNT:auto-backup:ab-..., got "arn:aws:rds:us-east-1:123456789012:snapshot:a"`},
		"a name": {func(s *database.Settings) { s.Restore.ResourceID = "ha-web-prod-db" },
			`restore.resourceId: must be the resource ID of a database instance, such as db-ABCDEFGHIJKLMNOPQRSTUVWXY2, got "ha-web-prod-db"`},
		"local time": {func(s *database.Settings) {
			s.Restore = database.Restore{ResourceID: "db-A", Time: "2026-11-20T09:30:00+01:00"}
		},
			`restore.time: must be a time in UTC such as 2026-11-20T09:30:00Z, got "2026-11-20T09:30:00+01:00"`},
		"proxy's share": {func(s *database.Settings) { s.Proxy.MaxConnectionsPercent = 0 }, "proxy.maxConnectionsPercent: must be between 1 and 100, got 0"},
		"patience":      {func(s *database.Settings) { s.Proxy.BorrowSeconds = 301 }, "proxy.borrowSeconds: must be between 1 and 300, got 301"},
		"all at once": {func(s *database.Settings) { s.Engine, s.StorageGiB, s.IOPS, s.BackupDays = "x", 1, 1, 0 }, `engine: must be postgres, mysql or mariadb, got "x"
storageGiB: must be between 20 and 65536, got 1
iops: must be left out below 400 GiB of storageGiB, where gp3 has 3000 IOPS and 125 MiB/s and accepts no other value, got 1
backupDays: must be between 1 and 35, got 0`},
	}
	for name, test := range tests {
		assert.Equal(t, test.want, faultsOf(test.change), name)
	}
}

func TestMemoryOfClasses(t *testing.T) {
	t.Parallel()
	for class, want := range map[string]float64{
		"db.t3.micro": 1, "db.t4g.small": 2, "db.t4g.medium": 4, "db.t4g.2xlarge": 32, "db.m7g.large": 8, "db.m6i.4xlarge": 64,
		"db.r6gd.large": 16, "db.r7g.24xlarge": 768, "db.x2g.16xlarge": 1024, "db.x2idn.16xlarge": 1024, "db.x2iedn.xlarge": 128,
		"db.m12gd.48xlarge": 768, // AWS adds generations
	} {
		got, err := database.MemoryGiB(class)
		assert.NoError(t, err)
		assert.Equal(t, want, got, class)
	}
}

func TestVCPUsOfClasses(t *testing.T) {
	t.Parallel()
	for class, want := range map[string]int{
		"db.t4g.micro": 2, "db.t3.large": 2, "db.t4g.xlarge": 4, "db.m7g.large": 2, "db.r7g.4xlarge": 16, "db.x2iedn.xlarge": 4, "db.m4.large": 0, "large": 0,
	} {
		assert.Equal(t, want, database.VCPUs(class), class)
	}
	for vcpus, want := range map[int]string{1: "large", 2: "large", 3: "xlarge", 6: "2xlarge", 33: "12xlarge", 64: "16xlarge", 100: "16xlarge"} {
		assert.Equal(t, "db.m7g."+want, database.ClassFor(vcpus))
	}
}

// Amazon RDS user guide, "Maximum number of database connections", and the ends of the scale.
func TestConnectionsOfClasses(t *testing.T) {
	t.Parallel()
	assert.Equal(t, 405, database.Postgres.Connections("db.t4g.medium"))
	assert.Equal(t, 307, database.MySQL.Connections("db.t4g.medium"))
	assert.Equal(t, 450, database.Postgres.ConnectionLimit("db.t4g.medium"))
	assert.Equal(t, 5000, database.Postgres.Connections("db.r7g.4xlarge"))
	assert.Zero(t, database.Postgres.Connections("db.nothing"))
	assert.Zero(t, database.Engine("oracle").Connections("db.t4g.medium"))
	assert.Equal(t, 405, after(func(*database.Settings) {}).Connections())
	assert.Equal(t, 20, after(func(s *database.Settings) { s.MaxConnections = 20 }).Connections())
	assert.Equal(t, 20, after(func(s *database.Settings) { s.MaxConnections = 20 }).ConnectionsOf("db.m7g.large"))
	assert.Equal(t, 811, after(func(*database.Settings) {}).ConnectionsOf("db.m7g.large"))
	assert.Equal(t, 364, after(func(*database.Settings) {}).ProxyConnections(405))
	assert.Zero(t, after(func(s *database.Settings) { s.Proxy.Enabled = false }).ProxyConnections(405))
}

func TestEnginesHaveTheFactsThatAllNeed(t *testing.T) {
	t.Parallel()
	for _, name := range database.Postgres.Choices() {
		engine := database.Engine(name)
		assert.NotZero(t, engine.Port(), name)
		assert.NotEmpty(t, engine.DefaultVersion(), name)
		assert.Equal(t, name+"1", engine.Family("1"))
		assert.Empty(t, faultsOf(func(s *database.Settings) { s.Engine = engine }), name)
	}
}

func TestResolved(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change  change
		version string
		most    int
	}{
		"defaults":    {func(*database.Settings) {}, "16", 500},
		"given":       {func(s *database.Settings) { s.Version, s.MaxStorageGiB = "17", pointer(0) }, "17", 0},
		"mysql":       {func(s *database.Settings) { s.Engine, s.StorageGiB = database.MySQL, 600 }, "8.4", 3000},
		"mariadb":     {func(s *database.Settings) { s.Engine, s.StorageGiB = database.MariaDB, 59578 }, "10.11", 65536},
		"no room":     {func(s *database.Settings) { s.StorageGiB = 59579 }, "16", 0},
		"the largest": {func(s *database.Settings) { s.StorageGiB = 65536 }, "16", 0},
	} {
		settings := after(test.change)
		assert.Equal(t, test.version, settings.Version, name)
		assert.Equal(t, test.most, *settings.MaxStorageGiB, name)
		assert.Empty(t, validatetest.Text(settings, fields.ByTag, settings.Validate), name)
		assert.Equal(t, *settings, settings.Resolved(), name)
	}
}

func TestRestoredDatabasesHaveNamesOfTheirOwn(t *testing.T) {
	t.Parallel()
	restored := func(snapshot string) string {
		return after(func(s *database.Settings) { s.SnapshotIdentifier = snapshot }).Identifier("db")
	}
	assert.Equal(t, "db", restored(""))
	assert.NotEqual(t, restored("one"), restored("two"))
	assert.Regexp(t, "^db-r[0-9a-f]{8}$", restored("one"))

	from := func(restore database.Restore) string {
		return after(func(s *database.Settings) { s.Restore = restore }).Identifier("db")
	}
	assert.Regexp(t, "^db-r[0-9a-f]{8}$", from(database.Restore{ResourceID: "db-A"}))
	assert.NotEqual(t, from(database.Restore{ResourceID: "db-A"}), from(database.Restore{ResourceID: "db-B"}))
	assert.NotEqual(t, from(database.Restore{ResourceID: "db-A"}), from(database.Restore{ResourceID: "db-A", Time: "2026-11-20T09:30:00Z"}))
}

// pointer returns a pointer to a value.
func pointer[T any](value T) *T { return &value }
