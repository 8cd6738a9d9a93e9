package engine_test

import (
	"strings"
	"testing"

	"ha-web/internal/engine"
	"ha-web/internal/validate"

	"github.com/stretchr/testify/assert"
)

// good is a spec without a fault.
func good() engine.Spec {
	return engine.Spec{
		Engine: "postgres", Version: "16", InstanceClass: "db.t4g.medium", StorageGiB: 100, MaxStorageGiB: 500,
		Name: "appdb", Username: "appuser", BackupDays: 7, BackupWindow: "02:00-03:00", MaintenanceWindow: "sun:04:00-sun:05:00",
		RotateAfterDays: 30, MonitoringSeconds: 60, LogRetentionDays: 365,
		Proxy: engine.ProxySpec{MaxConnectionsPercent: 90, BorrowSeconds: 10},
	}
}

// faultsOf returns the faults of a spec, one a line.
func faultsOf(spec engine.Spec) string {
	var faults validate.Faults
	spec.Validate(&faults, func(field string) string { return strings.ToLower(field) })
	if err := faults.Err(); err != nil {
		return err.Error()
	}
	return ""
}

func TestSpecWithinItsLimits(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*engine.Spec){
		"as it is":            func(*engine.Spec) {},
		"mysql":               func(s *engine.Spec) { s.Engine, s.Version = "mysql", "8.0" },
		"mariadb":             func(s *engine.Spec) { s.Engine, s.Version = "mariadb", "11.4" },
		"least storage":       func(s *engine.Spec) { s.StorageGiB, s.MaxStorageGiB = 20, 22 },
		"no growth":           func(s *engine.Spec) { s.MaxStorageGiB = 0 },
		"a tenth more":        func(s *engine.Spec) { s.MaxStorageGiB = 110 },
		"performance":         func(s *engine.Spec) { s.StorageGiB, s.IOPS, s.ThroughputMiBps = 400, 12000, 3000 },
		"most performance":    func(s *engine.Spec) { s.StorageGiB, s.IOPS, s.ThroughputMiBps = 400, 64000, 4000 },
		"windows that touch":  func(s *engine.Spec) { s.MaintenanceWindow = "mon:03:00-mon:03:30" },
		"over midnight":       func(s *engine.Spec) { s.BackupWindow, s.MaintenanceWindow = "23:45-00:15", "sun:00:15-sun:23:45" },
		"over the week's end": func(s *engine.Spec) { s.MaintenanceWindow = "sun:23:30-mon:00:30" },
		"no monitoring":       func(s *engine.Spec) { s.MonitoringSeconds = 0 },
		"long backups":        func(s *engine.Spec) { s.BackupDays = 35 },
		"parameters":          func(s *engine.Spec) { s.Parameters = map[string]string{"rds.logical_replication": "1"} },
		"most connections":    func(s *engine.Spec) { s.MaxConnections = 450 },
		"a snapshot":          func(s *engine.Spec) { s.SnapshotIdentifier = "rds:ha-web-prod-db-2026-11-20-02-15" },
		"another's snapshot": func(s *engine.Spec) {
			s.SnapshotIdentifier = "arn:aws:rds:us-east-1:123456789012:snapshot:before-the-exam"
		},
	} {
		spec := good()
		change(&spec)
		assert.Empty(t, faultsOf(spec), name)
	}
}

func TestSpecFaults(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		change func(*engine.Spec)
		want   string
	}{
		"engine":          {func(s *engine.Spec) { s.Engine = "oracle" }, `engine: must be mariadb or mysql or postgres, got "oracle"`},
		"minor version":   {func(s *engine.Spec) { s.Version = "16.6" }, `version: must be a major version such as 16, AWS brings in the minor ones, got "16.6"`},
		"half a version":  {func(s *engine.Spec) { s.Engine, s.Version = "mysql", "8" }, `version: must be a major version such as 8.4, AWS brings in the minor ones, got "8"`},
		"patch":           {func(s *engine.Spec) { s.Engine, s.Version = "mariadb", "10.11.8" }, `version: must be a major version such as 10.11, AWS brings in the minor ones, got "10.11.8"`},
		"class":           {func(s *engine.Spec) { s.InstanceClass = "t4g.medium" }, `instanceclass: must be an instance class such as db.t4g.medium, got "t4g.medium"`},
		"cluster class":   {func(s *engine.Spec) { s.InstanceClass = "db.c6gd.medium" }, `instanceclass: must be of a family that single databases come in (t, m, r, x or z), got "db.c6gd.medium"`},
		"size of class":   {func(s *engine.Spec) { s.InstanceClass = "db.m7g.lagre" }, `instanceclass: must end in a size such as medium or 2xlarge, got "db.m7g.lagre"`},
		"little storage":  {func(s *engine.Spec) { s.StorageGiB = 19 }, "storagegib: must be between 20 and 65536, got 19"},
		"growth":          {func(s *engine.Spec) { s.StorageGiB, s.MaxStorageGiB = 101, 111 }, "maxstoragegib: must be between 112 and 65536, got 111"},
		"early iops":      {func(s *engine.Spec) { s.StorageGiB, s.IOPS = 399, 12000 }, "iops: leave it out: below 400 GiB gp3 has 3000 IOPS and 125 MiB/s, and AWS takes no other, got 12000"},
		"early speed":     {func(s *engine.Spec) { s.ThroughputMiBps = 125 }, "throughputmibps: leave it out: below 400 GiB gp3 has 3000 IOPS and 125 MiB/s, and AWS takes no other, got 125"},
		"few iops":        {func(s *engine.Spec) { s.StorageGiB, s.IOPS = 400, 11999 }, "iops: must be between 12000 and 64000, got 11999"},
		"many iops":       {func(s *engine.Spec) { s.StorageGiB, s.IOPS = 400, 64001 }, "iops: must be between 12000 and 64000, got 64001"},
		"slow":            {func(s *engine.Spec) { s.StorageGiB, s.ThroughputMiBps = 400, 499 }, "throughputmibps: must be between 500 and 3000, got 499"},
		"over a quarter":  {func(s *engine.Spec) { s.StorageGiB, s.IOPS, s.ThroughputMiBps = 400, 14000, 3501 }, "throughputmibps: must be between 500 and 3500, got 3501"},
		"fast":            {func(s *engine.Spec) { s.StorageGiB, s.IOPS, s.ThroughputMiBps = 400, 64000, 4001 }, "throughputmibps: must be between 500 and 4000, got 4001"},
		"name":            {func(s *engine.Spec) { s.Name = "app-db" }, `name: must be a letter and up to 62 letters, digits or underscores, got "app-db"`},
		"reserved name":   {func(s *engine.Spec) { s.Engine, s.Version, s.Name = "mysql", "8.4", "sys" }, `name: "sys" is reserved, or the first that an attacker tries, in mysql: take another`},
		"user":            {func(s *engine.Spec) { s.Username = "seventeen_letters" }, `username: must be a letter and up to 15 letters, digits or underscores, got "seventeen_letters"`},
		"reserved user":   {func(s *engine.Spec) { s.Username = "Postgres" }, `username: "Postgres" is reserved, or the first that an attacker tries, in postgres: take another`},
		"admin":           {func(s *engine.Spec) { s.Engine, s.Version, s.Username = "mariadb", "10.11", "admin" }, `username: "admin" is reserved, or the first that an attacker tries, in mariadb: take another`},
		"no backups":      {func(s *engine.Spec) { s.BackupDays = 0 }, "backupdays: must be between 1 and 35, got 0"},
		"backup window":   {func(s *engine.Spec) { s.BackupWindow = "2:00-3:00" }, `backupwindow: must be hh:mm-hh:mm in UTC, such as 02:00-03:00, got "2:00-3:00"`},
		"short backup":    {func(s *engine.Spec) { s.BackupWindow = "02:00-02:29" }, "backupwindow: must last from 30 minutes to less than a day"},
		"window":          {func(s *engine.Spec) { s.MaintenanceWindow = "04:00-05:00" }, `maintenancewindow: must be ddd:hh:mm-ddd:hh:mm in UTC, such as sun:04:00-sun:05:00, got "04:00-05:00"`},
		"long window":     {func(s *engine.Spec) { s.MaintenanceWindow = "sun:04:00-mon:04:00" }, "maintenancewindow: must last from 30 minutes to less than a day"},
		"overlap":         {func(s *engine.Spec) { s.MaintenanceWindow = "wed:01:00-wed:02:01" }, "maintenancewindow: must not overlap backupwindow (02:00-03:00), got wed:01:00-wed:02:01"},
		"within":          {func(s *engine.Spec) { s.MaintenanceWindow = "wed:01:00-wed:06:00" }, "maintenancewindow: must not overlap backupwindow (02:00-03:00), got wed:01:00-wed:06:00"},
		"overlap at dawn": {func(s *engine.Spec) { s.BackupWindow, s.MaintenanceWindow = "23:30-00:30", "mon:00:00-mon:01:00" }, "maintenancewindow: must not overlap backupwindow (23:30-00:30), got mon:00:00-mon:01:00"},
		"rotation":        {func(s *engine.Spec) { s.RotateAfterDays = 1001 }, "rotateafterdays: must be between 1 and 1000, got 1001"},
		"monitoring":      {func(s *engine.Spec) { s.MonitoringSeconds = 20 }, "monitoringseconds: must be 0, which is off, or one of [1 5 10 15 30 60], got 20"},
		"logs":            {func(s *engine.Spec) { s.LogRetentionDays = 10 }, "logretentiondays: CloudWatch Logs cannot keep events for 10 days, the next period it offers is 14"},
		"connections":     {func(s *engine.Spec) { s.MaxConnections = 451 }, "maxconnections: must be between 1 and 450, got 451"},
		"own setting":     {func(s *engine.Spec) { s.Parameters = map[string]string{"max_connections": "9"} }, "parameters.max_connections: has a setting of its own: maxconnections"},
		"TLS off":         {func(s *engine.Spec) { s.Parameters = map[string]string{"rds.force_ssl": "0"} }, "parameters.rds.force_ssl: is set by the program: TLS and the log of slow queries stay on"},
		"case":            {func(s *engine.Spec) { s.Parameters = map[string]string{"Work_Mem": "1"} }, "parameters.Work_Mem: must be the name of a parameter of postgres, such as sort_buffer_size"},
		"no value":        {func(s *engine.Spec) { s.Parameters = map[string]string{"work_mem": ""} }, "parameters.work_mem: must have a value"},
		"snapshot":        {func(s *engine.Spec) { s.SnapshotIdentifier = "a--b" }, `snapshotidentifier: must be the name or the ARN of a snapshot, got "a--b"`},
		"proxy's share":   {func(s *engine.Spec) { s.Proxy.MaxConnectionsPercent = 0 }, "proxy.maxconnectionspercent: must be between 1 and 100, got 0"},
		"patience":        {func(s *engine.Spec) { s.Proxy.BorrowSeconds = 301 }, "proxy.borrowseconds: must be between 1 and 300, got 301"},
		"all at once": {func(s *engine.Spec) { s.Engine, s.StorageGiB, s.IOPS, s.BackupDays = "x", 1, 1, 0 }, `engine: must be mariadb or mysql or postgres, got "x"
storagegib: must be between 20 and 65536, got 1
iops: leave it out: below 400 GiB gp3 has 3000 IOPS and 125 MiB/s, and AWS takes no other, got 1
backupdays: must be between 1 and 35, got 0`},
	}
	for name, test := range tests {
		spec := good()
		test.change(&spec)
		assert.Equal(t, test.want, faultsOf(spec), name)
	}
}

func TestMemoryOfClasses(t *testing.T) {
	t.Parallel()
	for class, want := range map[string]float64{
		"db.t3.micro": 1, "db.t4g.small": 2, "db.t4g.medium": 4, "db.t4g.2xlarge": 32, "db.m7g.large": 8, "db.m6i.4xlarge": 64,
		"db.r6gd.large": 16, "db.r7g.24xlarge": 768, "db.x2g.16xlarge": 1024, "db.z1d.large": 16,
	} {
		got, err := engine.MemoryGiB(class)
		assert.NoError(t, err)
		assert.Equal(t, want, got, class)
	}
}

// The figures of field note DB-11, and the ends of the scale.
func TestConnectionsOfClasses(t *testing.T) {
	t.Parallel()
	postgres, _ := engine.Lookup("postgres")
	mysql, _ := engine.Lookup("mysql")
	assert.Equal(t, 405, postgres.Connections("db.t4g.medium"))
	assert.Equal(t, 307, mysql.Connections("db.t4g.medium"))
	assert.Equal(t, 450, postgres.ConnectionLimit("db.t4g.medium"))
	assert.Equal(t, 5000, postgres.Connections("db.r7g.4xlarge"))
	assert.Zero(t, postgres.Connections("db.nothing"))
	_, known := engine.Lookup("oracle")
	assert.False(t, known)
}

func TestRestoredDatabasesHaveNamesOfTheirOwn(t *testing.T) {
	t.Parallel()
	spec := good()
	assert.Equal(t, "db", spec.Identifier("db"))
	spec.SnapshotIdentifier = "one"
	first := spec.Identifier("db")
	spec.SnapshotIdentifier = "two"
	assert.NotEqual(t, first, spec.Identifier("db"))
	assert.Regexp(t, "^db-r[0-9a-f]{8}$", first)
}
