// Package database holds the settings of the database and its proxy, and what Amazon RDS requires of them. A stack file has them
// under database.
package database

import (
	"cmp"
	"fmt"
	"hash/crc32"
)

// Settings describe the database. The comments of the fields are the text of docs/settings.md.
type Settings struct {
	// Database engine: `postgres`, `mysql` or `mariadb`. It cannot change once the database exists: the update fails with
	// deletionProtection on, and else replaces the database with an empty one.
	Engine Engine `pulumi:"engine,optional"`
	// Major version of the engine, in quotes, such as `"17"`. Left out: 16 for postgres, 8.4 for mysql, 10.11 for mariadb. AWS
	// applies minor versions in the maintenance window. A later major version requires allowMajorUpgrade, and takes the database
	// offline for 10 to 30 minutes. There is no way back to an earlier one.
	Version string `pulumi:"version,optional"`
	// Whether a change of version may upgrade to a later major version. The upgrade starts with the update and takes the
	// database offline for minutes. Turn it off again afterwards.
	AllowMajorUpgrade bool `pulumi:"allowMajorUpgrade,optional"`
	// Whether AWS keeps the database at its major version after the end of standard support, in paid RDS Extended Support. Off, AWS
	// upgrades it to a later major version soon after that date, which takes it offline for minutes: upgrade before, in a window of
	// your own. It counts when the database is created, and cannot change afterwards. MySQL and PostgreSQL only; a version that is
	// past its standard support requires it.
	// Cost: 73 USD for each vCPU, doubled by multiAz, from the end of standard support on, and twice that from the third year on.
	ExtendedSupport bool `pulumi:"extendedSupport,optional"`
	// DB instance class, such as `db.m7g.large`. A change takes effect in the maintenance window, or with the update where
	// applyImmediately is on, and fails over or restarts the database: requests that need it fail for one to two minutes with
	// multiAz, for 5 to 10 without.
	// Cost: db.t4g.medium 95 USD, db.m7g.large 245 USD, with multiAz; half without.
	InstanceClass string `pulumi:"instanceClass,optional"`
	// Whether a standby in a second Availability Zone takes over within about two minutes when the database or its zone fails.
	// Without it, losing that zone takes the database offline until someone restores a backup elsewhere.
	MultiAZ bool `pulumi:"multiAz,optional"`
	// Size of the gp3 volume in GiB, 20 to 65536. It can grow, and never shrink.
	// Cost: 0.23 USD a GiB with multiAz, half without.
	StorageGiB int `pulumi:"storageGiB,optional"`
	// Size in GiB up to which RDS grows the volume when it is almost full, at least 1.1 times storageGiB. 0: it does not grow.
	// Left out: 5 times storageGiB.
	MaxStorageGiB *int `pulumi:"maxStorageGiB,optional"`
	// IOPS of a volume of 400 GiB or more, 12000 to 64000. 0: 12000. A smaller volume has 3000 IOPS and accepts no other value.
	// Cost: 0.04 USD for each beyond 12000 with multiAz, half without.
	IOPS int `pulumi:"iops,optional"`
	// Throughput of a volume of 400 GiB or more in MiB/s, 500 to 4000, and at most a quarter of iops. 0: 500. A smaller volume
	// has 125 MiB/s and accepts no other value.
	// Cost: 0.16 USD for each beyond 500 with multiAz, half without.
	ThroughputMiBps int `pulumi:"throughputMiBps,optional"`
	// Name of the database that the application uses. It cannot change once the database exists: the update fails with
	// deletionProtection on, and else replaces the database with an empty one.
	Name string `pulumi:"name,optional"`
	// Name of the master user. RDS generates its password, keeps it in Secrets Manager and rotates it. The name cannot change
	// once the database exists: the update fails with deletionProtection on, and else replaces the database with an empty one.
	Username string `pulumi:"username,optional"`
	// Days of automated backups, 1 to 35: the database can be restored to any second of them.
	BackupDays int `pulumi:"backupDays,optional"`
	// Daily window in which the automated backup starts, in UTC.
	BackupWindow string `pulumi:"backupWindow,optional"`
	// Weekly window in which AWS applies minor versions, and changes that restart the database, in UTC. It must not overlap
	// backupWindow.
	MaintenanceWindow string `pulumi:"maintenanceWindow,optional"`
	// Whether changes that restart the database are applied with the update, instead of in the maintenance window.
	ApplyImmediately bool `pulumi:"applyImmediately,optional"`
	// Whether AWS and Pulumi refuse to delete the database.
	DeletionProtection bool `pulumi:"deletionProtection,optional"`
	// Whether RDS takes a final snapshot when the database is deleted, and keeps its automated backups.
	FinalSnapshot bool `pulumi:"finalSnapshot,optional"`
	// When RDS changes the master password.
	Rotation Rotation `pulumi:"rotation,optional"`
	// Seconds between the samples of Enhanced Monitoring, which measures the operating system: 1, 5, 10, 15, 30 or 60. 0: off.
	MonitoringSeconds int `pulumi:"monitoringSeconds,optional"`
	// Days that CloudWatch Logs keeps the logs of the database and of the proxy: the periods of network.flowLogs.retentionDays.
	// Cost: 0.50 USD a GB.
	LogRetentionDays int `pulumi:"logRetentionDays,optional"`
	// Most connections that one instance of the application opens, 1 to 10000. The application reads it from the SSM parameter
	// database/pool-size; DATABASE_POOL_SIZE in web.environment may set a lower limit. Without proxy.enabled, the database must
	// accept this many from each of web.size.max instances.
	PoolSize int `pulumi:"poolSize,optional"`
	// Most connections that the database accepts (parameter max_connections). 0: RDS derives it from the memory of
	// instanceClass. With postgres a change takes effect when the database restarts.
	MaxConnections int `pulumi:"maxConnections,optional"`
	// Further parameters of the engine, in the units of its DB parameter group, such as `{work_mem: "65536"}`. Static ones take
	// effect when the database restarts.
	Parameters map[string]string `pulumi:"parameters,optional"`
	// RDS Proxy between the application and the database. It shares few connections of the database among many clients, so that
	// a growing fleet does not exhaust them.
	Proxy Proxy `pulumi:"proxy,optional"`
	// Second region that keeps the automated backups too, such as `us-west-2`. Left out: none.
	// Cost: 0.095 USD a GiB of backups, and 0.02 USD a GiB of traffic.
	ReplicaRegion string `pulumi:"replicaRegion,optional"`
	// Name or ARN of the DB snapshot from which the database is created. Set on a stack that has a database, it replaces that
	// database with one restored from the snapshot. Keep it for as long as the restored database lives: a change replaces it.
	SnapshotIdentifier string `pulumi:"snapshotIdentifier,optional"`
	// Automated backup from which the database is created. Set on a stack that has a database, it replaces that database with one
	// restored from the backup. Left out: none.
	Restore Restore `pulumi:"restore,optional"`
	// Whether instances of the application may connect to the database itself, past the proxy: for people with a port forward, and
	// for databases restored beside this one. A change takes effect at once and interrupts nothing. Without proxy.enabled, instances
	// always connect to the database itself, and this setting changes nothing.
	Operators bool `pulumi:"operators,optional"`

	begun bool
}

// Proxy describes RDS Proxy.
type Proxy struct {
	// Whether there is a proxy. Changing it changes the host to connect to: applications that read the host only when they start
	// lose the database until their instances are replaced.
	// Cost: 11 USD for each vCPU of the database, at least 22 USD.
	Enabled bool `pulumi:"enabled,optional"`
	// Share of the database's connections that the proxy may open, in percent, 1 to 100. The rest is left to people and
	// monitoring.
	MaxConnectionsPercent int `pulumi:"maxConnectionsPercent,optional"`
	// Seconds that a client waits for a connection of the proxy before it gets an error, 1 to 300. Enough for a moment in which all
	// connections are in use. A failover takes 60 to 120 seconds, and waiting for its end keeps workers busy: an instance with 20
	// of them answers 20 requests in this many seconds, and all others wait in a queue, up to the 60 seconds after which CloudFront
	// and the load balancer give up.
	BorrowSeconds int `pulumi:"borrowSeconds,optional"`
}

// Default returns the settings of a stack file that sets none.
func Default() Settings {
	return Settings{
		Engine:             Postgres,
		InstanceClass:      "db.t4g.medium",
		MultiAZ:            true,
		StorageGiB:         100,
		Name:               "appdb",
		Username:           "appuser",
		BackupDays:         7,
		BackupWindow:       "02:00-03:00",
		MaintenanceWindow:  "sun:04:00-sun:05:00",
		DeletionProtection: true,
		FinalSnapshot:      true,
		Rotation:           Rotation{Schedule: "cron(0 3 ? * SUN#1 *)", Hours: 1}, // between the two windows, in the quietest night of a week
		MonitoringSeconds:  60,
		LogRetentionDays:   365, // AWS Security Hub, CloudWatch.16
		PoolSize:           20,
		Proxy: Proxy{
			Enabled:               true,
			MaxConnectionsPercent: 90,
			BorrowSeconds:         5, // AWS's default is 120; docs/database.md, "Failover behind the proxy"
		},
		begun: true,
	}
}

// Resolved returns the settings with those that are left out and follow from others.
func (s Settings) Resolved() Settings {
	s.Version = cmp.Or(s.Version, s.Engine.DefaultVersion())
	if s.MaxStorageGiB == nil {
		most := min(5*s.StorageGiB, MaxVolumeGiB)
		if most < s.leastGrowth() {
			most = 0 // RDS could not grow a volume so near to the largest
		}
		s.MaxStorageGiB = &most
	}
	return s
}

// Identifier returns the identifier of the database instance, given that of one that starts empty. A restored one has another: it
// is created before the database that it replaces is deleted.
func (s *Settings) Identifier(name string) string {
	origin := cmp.Or(s.SnapshotIdentifier, s.Restore.String())
	if origin == "" {
		return name
	}
	return fmt.Sprintf("%s-r%08x", name, crc32.ChecksumIEEE([]byte(origin)))
}

// Connections returns how many connections the database accepts, or 0 where its class is unknown.
func (s *Settings) Connections() int {
	return s.ConnectionsOf(s.InstanceClass)
}

// ConnectionsOf returns how many connections the database accepts with another class, or 0 where that is unknown.
func (s *Settings) ConnectionsOf(class string) int {
	return cmp.Or(s.MaxConnections, s.Engine.Connections(class))
}

// ProxyConnections returns how many of the connections that a database accepts the proxy may open, or 0 where there is no proxy.
func (s *Settings) ProxyConnections(accepted int) int {
	if !s.Proxy.Enabled {
		return 0
	}
	return accepted * s.Proxy.MaxConnectionsPercent / 100
}

// Performance returns the IOPS and the throughput, in MiB/s, to request for the volume, both 0 where RDS accepts neither. Where it
// does, the baseline is requested too: RDS requires IOPS when a volume grows past that size (Amazon RDS API reference,
// ModifyDBInstance, AllocatedStorage).
func (s *Settings) Performance() (iops, throughput int) {
	if s.StorageGiB < stripedFrom {
		return 0, 0
	}
	return cmp.Or(s.IOPS, leastIOPS), cmp.Or(s.ThroughputMiBps, leastThroughput)
}
