package database

import (
	"cmp"
	"regexp"

	"ha-web/internal/component"
	"ha-web/internal/engine"
	"ha-web/internal/validate"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Engine is a database engine of RDS.
type Engine string

// The engines.
const (
	Postgres Engine = "postgres"
	MySQL    Engine = "mysql"
	MariaDB  Engine = "mariadb"
)

// Args describes a Database.
type Args struct {
	// SubnetIDs are subnets in at least two zones, without a route out of the VPC. Required.
	SubnetIDs pulumi.StringArrayInput
	// SecurityGroupID is the security group of the instance. Required.
	SecurityGroupID pulumi.StringInput
	// KeyARN is the KMS key for storage, password, logs and performance data. Required. Its policy must let RDS, Secrets
	// Manager and CloudWatch Logs use it, as that of Secrets does.
	KeyARN pulumi.StringInput

	// Engine is the database engine. Default Postgres.
	Engine Engine
	// Version is a major version. Default 16 for Postgres, 8.4 for MySQL, 10.11 for MariaDB. AWS brings in the minor
	// versions by itself (field note DB-2).
	Version string
	// AllowMajorUpgrade lets Version move to a later one, at once and with minutes of downtime.
	AllowMajorUpgrade bool
	// InstanceClass is the size of the machine. Default db.t4g.medium (document 000).
	InstanceClass string
	// SingleAZ does without the standby in a second zone: half the price, and the loss of the zone costs the database.
	SingleAZ bool
	// StorageGiB is the size of the gp3 volume. Default 100 GiB (document 000). It can grow, and never shrink.
	StorageGiB int
	// MaxStorageGiB is the size up to which RDS grows the volume when it fills, 0 for never. Default 5 times StorageGiB.
	MaxStorageGiB *int
	// IOPS and ThroughputMiBps (MiB/s) are for volumes from 400 GiB on, and have gp3's baseline as their default. Smaller
	// volumes take neither (field note DB-1).
	IOPS, ThroughputMiBps int
	// Name is the name of the first database. Default appdb (document 000). It cannot change later.
	Name string
	// Username is the name of the master user. Default appuser (document 000). It cannot change later.
	Username string
	// SnapshotIdentifier is the snapshot that the database starts from, instead of empty. On a database that exists it
	// asks for another one in its place.
	SnapshotIdentifier string

	// BackupDays is how far back the database can be restored to any second, 1 to 35 days. Default 7 (document 000).
	BackupDays int
	// BackupWindow is when the daily backup starts, in UTC. Default 02:00-03:00 (document 000).
	BackupWindow string
	// MaintenanceWindow is when AWS brings in minor versions, and changes that need a restart. Default
	// sun:04:00-sun:05:00, in UTC.
	MaintenanceWindow string
	// ApplyImmediately makes such changes at once, and the restart with them.
	ApplyImmediately bool
	// Unprotected lets AWS and Pulumi delete the database.
	Unprotected bool
	// SkipFinalSnapshot deletes the database without a last snapshot, and its backups with it.
	SkipFinalSnapshot bool
	// RotateAfterDays is how long a master password lives, 1 to 1000 days. Default 30.
	RotateAfterDays int
	// MonitoringSeconds is how often the operating system is measured: 1, 5, 10, 15, 30 or 60, or 0 for never. Default 60.
	MonitoringSeconds *int
	// LogRetentionDays is how long the logs of the database and the proxy are kept. Default 365, what Security Hub
	// CloudWatch.16 asks for.
	LogRetentionDays int
	// MaxConnections is the most connections that the database takes. Default 0: what its memory allows.
	MaxConnections int
	// Parameters are further parameters of the engine. What is set here replaces AWS's default.
	Parameters map[string]string

	// Proxy is RDS Proxy before the database. Default none.
	Proxy Proxy
	// Replica keeps the backups in a second region too. Default none.
	Replica Replica
	// ParameterPrefix is the path of the SSM parameters that say how to connect. Default /<component>/<stack>.
	ParameterPrefix string
	// Shared is what the components of a stack have in common.
	Shared component.Shared
}

// Proxy describes RDS Proxy. It shares few connections of the database among many clients, so that a fleet that grows
// does not exhaust them, and holds clients over a failover.
type Proxy struct {
	Enabled bool
	// SubnetIDs are subnets in at least two zones, from which the proxy reaches the database. Required. AWS cannot move a
	// proxy, and it stays in the subnets that it began in.
	SubnetIDs pulumi.StringArrayInput
	// SecurityGroupID is the security group of the proxy. Required.
	SecurityGroupID pulumi.StringInput
	// MaxConnectionsPercent is the share of the database's connections that the proxy may open, 1 to 100. Default 90: the
	// rest is for people who look after the database, and for monitoring (field note DB-9).
	MaxConnectionsPercent int
	// BorrowSeconds is how long a client waits for a connection before it gets an error, 1 to 300. Default 10: who must
	// fail had better fail soon.
	BorrowSeconds int
}

// Replica describes where else backups are kept. Both fields or neither.
type Replica struct {
	Region   string
	Provider pulumi.ProviderResource // of that region
}

// withDefaults returns a copy of the arguments in which everything left out has its default.
func (a Args) withDefaults(name, stack string) Args {
	a.Engine = cmp.Or(a.Engine, Postgres)
	known, _ := engine.Lookup(string(a.Engine))
	a.Version = cmp.Or(a.Version, known.DefaultVersion)
	a.InstanceClass = cmp.Or(a.InstanceClass, "db.t4g.medium")
	a.StorageGiB = cmp.Or(a.StorageGiB, 100)
	growth, minute := min(5*a.StorageGiB, engine.MostStorageGiB), 60
	a.MaxStorageGiB = cmp.Or(a.MaxStorageGiB, &growth)
	a.Name = cmp.Or(a.Name, "appdb")
	a.Username = cmp.Or(a.Username, "appuser")
	a.BackupDays = cmp.Or(a.BackupDays, 7)
	a.BackupWindow = cmp.Or(a.BackupWindow, "02:00-03:00")
	a.MaintenanceWindow = cmp.Or(a.MaintenanceWindow, "sun:04:00-sun:05:00")
	a.RotateAfterDays = cmp.Or(a.RotateAfterDays, 30)
	a.MonitoringSeconds = cmp.Or(a.MonitoringSeconds, &minute)
	a.LogRetentionDays = cmp.Or(a.LogRetentionDays, 365)
	a.Proxy.MaxConnectionsPercent = cmp.Or(a.Proxy.MaxConnectionsPercent, 90)
	a.Proxy.BorrowSeconds = cmp.Or(a.Proxy.BorrowSeconds, 10)
	a.ParameterPrefix = cmp.Or(a.ParameterPrefix, "/"+name+"/"+stack)
	return a
}

// spec is what RDS has rules about.
func (a Args) spec() engine.Spec {
	return engine.Spec{
		Engine: string(a.Engine), Version: a.Version, InstanceClass: a.InstanceClass,
		StorageGiB: a.StorageGiB, MaxStorageGiB: *a.MaxStorageGiB, IOPS: a.IOPS, ThroughputMiBps: a.ThroughputMiBps,
		Name: a.Name, Username: a.Username,
		BackupDays: a.BackupDays, BackupWindow: a.BackupWindow, MaintenanceWindow: a.MaintenanceWindow,
		RotateAfterDays: a.RotateAfterDays, MonitoringSeconds: *a.MonitoringSeconds, LogRetentionDays: a.LogRetentionDays,
		MaxConnections: a.MaxConnections, Parameters: a.Parameters, SnapshotIdentifier: a.SnapshotIdentifier,
		Proxy: engine.ProxySpec{MaxConnectionsPercent: a.Proxy.MaxConnectionsPercent, BorrowSeconds: a.Proxy.BorrowSeconds},
	}
}

// plan is what follows from the arguments alone.
type plan struct {
	spec   engine.Spec
	engine engine.Engine
	// What the instance and the proxy are called in AWS: their log groups are made before them, by name.
	identifier, proxy string
}

// The longest names that RDS takes, less what Spec.Identifier may add.
const nameLimit = 63 - len("-r00000000")

// plan returns what follows from the arguments, or every fault of them.
func (a Args) plan(name, stack string) (plan, error) {
	var faults validate.Faults
	a.checkRequired(&faults)
	plan := plan{spec: a.spec()}
	plan.spec.Validate(&faults, func(field string) string { return field })
	plan.engine, _ = engine.Lookup(string(a.Engine))
	identifier, err := component.PhysicalName(name, stack, "db", nameLimit)
	faults.Check("name", err)
	plan.identifier = plan.spec.Identifier(identifier)
	plan.proxy, _ = component.PhysicalName(name, stack, "", nameLimit) // shorter: the same faults
	if (a.Replica.Region == "") != (a.Replica.Provider == nil) {
		faults.Add("Replica", "needs both a Region and a Provider of that region")
	}
	if !parameterPath.MatchString(a.ParameterPrefix) || reservedPath.MatchString(a.ParameterPrefix) {
		faults.Add("ParameterPrefix", "must be a path such as /ha-web/prod that begins with neither aws nor ssm, got %q", a.ParameterPrefix)
	}
	return plan, faults.Err()
}

// AWS Systems Manager API reference, PutParameter, Name (field note SEC-6).
var (
	parameterPath = regexp.MustCompile(`^(/[A-Za-z0-9_.-]+)+$`)
	reservedPath  = regexp.MustCompile(`(?i)^/(aws|ssm)`)
)

func (a Args) checkRequired(faults *validate.Faults) {
	faults.Required("SubnetIDs", a.SubnetIDs)
	faults.Required("SecurityGroupID", a.SecurityGroupID)
	faults.Required("KeyARN", a.KeyARN)
	if a.Proxy.Enabled {
		faults.Required("Proxy.SubnetIDs", a.Proxy.SubnetIDs)
		faults.Required("Proxy.SecurityGroupID", a.Proxy.SecurityGroupID)
	}
}

// inputs are the arguments as Pulumi keeps them in the state of the component.
func (a Args) inputs() pulumi.Map {
	return pulumi.Map{
		"engine":          pulumi.String(a.Engine),
		"version":         pulumi.String(a.Version),
		"instanceClass":   pulumi.String(a.InstanceClass),
		"singleAz":        pulumi.Bool(a.SingleAZ),
		"storageGiB":      pulumi.Int(a.StorageGiB),
		"backupDays":      pulumi.Int(a.BackupDays),
		"rotateAfterDays": pulumi.Int(a.RotateAfterDays),
		"unprotected":     pulumi.Bool(a.Unprotected),
		"proxy":           pulumi.Bool(a.Proxy.Enabled),
		"replicaRegion":   pulumi.String(a.Replica.Region),
		"parameterPrefix": pulumi.String(a.ParameterPrefix),
		"subnetIds":       a.SubnetIDs,
		"securityGroupId": a.SecurityGroupID,
		"keyArn":          a.KeyARN,
	}
}
