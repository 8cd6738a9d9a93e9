package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	databases "github.com/aws/aws-sdk-go-v2/service/rds/types"
)

// serving are the statuses in which a database serves (Amazon RDS user guide, "Viewing instance status"): what is under way in
// them interrupts nothing.
var serving = []string{
	"available", "backing-up", "configuring-enhanced-monitoring", "configuring-iam-database-auth", "configuring-log-exports",
	"storage-config-upgrade", "storage-initialization", "storage-optimization",
}

func databaseServes(found *databases.DBInstance) finding {
	status := aws.ToString(found.DBInstanceStatus)
	if slices.Contains(serving, status) {
		return pass("%s is %s, in %s", aws.ToString(found.DBInstanceIdentifier), status, aws.ToString(found.AvailabilityZone))
	}
	return fail("See what happens to it: aws rds describe-events --duration 60. A change or a failover is over in minutes; stopped, "+
		"storage-full and failed are not: docs/runbook.md, database", "%s is %s", aws.ToString(found.DBInstanceIdentifier), status)
}

func databaseStandby(l *live, found *databases.DBInstance) finding {
	if !aws.ToBool(found.MultiAZ) {
		return l.outputs.lacks("Set database.multiAz: true and run pulumi up --refresh: RDS adds a standby while the database serves. If a waiver "+
			"says why the stack has none, no action is needed", "one Availability Zone, %s", aws.ToString(found.AvailabilityZone))
	}
	if found.SecondaryAvailabilityZone == nil {
		return pass("Multi-AZ, primary in %s", aws.ToString(found.AvailabilityZone))
	}
	return pass("primary in %s, standby in %s", aws.ToString(found.AvailabilityZone), *found.SecondaryAvailabilityZone)
}

func databaseZones(found *databases.DBInstance) finding {
	var zones []string
	if found.DBSubnetGroup != nil {
		for _, subnet := range found.DBSubnetGroup.Subnets {
			if subnet.SubnetAvailabilityZone != nil {
				zones = append(zones, aws.ToString(subnet.SubnetAvailabilityZone.Name))
			}
		}
	}
	slices.Sort(zones)
	zones = slices.Compact(zones)
	if len(zones) < 2 {
		return fail("Add the data subnets to the DB subnet group again: pulumi up --refresh", "subnets in %d zones: %s", len(zones), strings.Join(zones, ", "))
	}
	return pass("subnets in %s", strings.Join(zones, ", "))
}

func databaseEncrypted(found *databases.DBInstance) finding {
	if !aws.ToBool(found.StorageEncrypted) {
		return fail("Copy a snapshot with a key, and restore from it: docs/database.md, Restore. AWS encrypts no database in place", "storage is not encrypted")
	}
	return pass("encrypted with %s", cmp.Or(aws.ToString(found.KmsKeyId), "a key of AWS"))
}

func databasePrivate(found *databases.DBInstance) finding {
	if aws.ToBool(found.PubliclyAccessible) {
		return fail("run pulumi up --refresh, or now: aws rds modify-db-instance --no-publicly-accessible --apply-immediately --db-instance-identifier "+
			aws.ToString(found.DBInstanceIdentifier), "it is publicly accessible")
	}
	return pass("it has no public address")
}

func databaseProtected(l *live, found *databases.DBInstance) finding {
	if !aws.ToBool(found.DeletionProtection) {
		return l.outputs.lacks("Set database.deletionProtection: true and run pulumi up --refresh, or now: aws rds modify-db-instance "+
			"--deletion-protection --db-instance-identifier "+aws.ToString(found.DBInstanceIdentifier), "no deletion protection")
	}
	return pass("deletion protection is on")
}

// oldestRestore is how old the latest time may be that a database can be restored to. RDS uploads transaction logs every five
// minutes (Amazon RDS user guide, "Restoring a DB instance to a specified time").
const oldestRestore = 15 * time.Minute

func databaseBackups(found *databases.DBInstance) finding {
	kept := aws.ToInt32(found.BackupRetentionPeriod)
	switch {
	case kept == 0:
		return fail("Set database.backupDays and run pulumi up --refresh", "automated backups are off")
	case found.LatestRestorableTime == nil:
		return fail("A new database takes its first backup within half an hour: wait for it. Otherwise aws rds describe-events --duration 1440",
			"backups are kept for %d days, and there is none yet", kept)
	}
	age := time.Since(*found.LatestRestorableTime).Round(time.Second)
	if age > oldestRestore {
		return fail("See what happens to the database: aws rds describe-events --duration 1440. A database that is stopped or full uploads no logs",
			"it can be restored to %v ago at best", age)
	}
	return pass("kept for %d days; it can be restored to %v ago", kept, age)
}

// soon is how long before maintenance that AWS forces it is time to choose an hour for it.
const soon = 7 * 24 * time.Hour

func databasePending(found *databases.DBInstance, actions []databases.PendingMaintenanceAction) finding {
	var waits, forced []string
	for _, each := range actions {
		text := aws.ToString(each.Action)
		if each.ForcedApplyDate != nil {
			text += " by " + each.ForcedApplyDate.UTC().Format(time.DateOnly)
			if time.Until(*each.ForcedApplyDate) < soon {
				forced = append(forced, text)
			}
		}
		waits = append(waits, text)
	}
	waits = append(waits, pendingChanges(found.PendingModifiedValues)...)
	for _, group := range found.DBParameterGroups {
		if status := aws.ToString(group.ParameterApplyStatus); status != "in-sync" && status != "" {
			waits = append(waits, "parameters: "+status)
		}
	}
	window := aws.ToString(found.PreferredMaintenanceWindow)
	if len(forced) > 0 {
		return fail("Apply it in an hour that you choose, with an interruption of a minute or two: aws rds apply-pending-maintenance-action "+
			"--opt-in-type immediate --apply-action ACTION --resource-identifier "+aws.ToString(found.DBInstanceArn),
			"AWS forces %s, in the window %s", strings.Join(forced, ", "), window)
	}
	if len(waits) == 0 {
		return pass("nothing waits")
	}
	return pass("waiting for the maintenance window %s, or a restart: %s", window, strings.Join(waits, ", "))
}

// pendingChanges names the changes of a database that wait for its maintenance window.
func pendingChanges(values *databases.PendingModifiedValues) []string {
	if values == nil {
		return nil
	}
	var changes []string
	add := func(name string, value any, given bool) {
		if given {
			changes = append(changes, fmt.Sprintf("%s %v", name, value))
		}
	}
	add("class", aws.ToString(values.DBInstanceClass), values.DBInstanceClass != nil)
	add("version", aws.ToString(values.EngineVersion), values.EngineVersion != nil)
	add("storage GiB", aws.ToInt32(values.AllocatedStorage), values.AllocatedStorage != nil)
	add("storage type", aws.ToString(values.StorageType), values.StorageType != nil)
	add("IOPS", aws.ToInt32(values.Iops), values.Iops != nil)
	add("throughput", aws.ToInt32(values.StorageThroughput), values.StorageThroughput != nil)
	add("Multi-AZ", aws.ToBool(values.MultiAZ), values.MultiAZ != nil)
	add("backup days", aws.ToInt32(values.BackupRetentionPeriod), values.BackupRetentionPeriod != nil)
	add("CA", aws.ToString(values.CACertificateIdentifier), values.CACertificateIdentifier != nil)
	add("port", aws.ToInt32(values.Port), values.Port != nil)
	add("subnet group", aws.ToString(values.DBSubnetGroupName), values.DBSubnetGroupName != nil)
	return changes
}

// leastStoragePercent is how much of its storage a database must have free, or may still grow by.
const leastStoragePercent = 20

// databaseStorage checks that the volume has room. free is nil where no metric says.
func databaseStorage(found *databases.DBInstance, free *float64) finding {
	has := float64(aws.ToInt32(found.AllocatedStorage))
	growth := max(0, float64(aws.ToInt32(found.MaxAllocatedStorage))-has)
	if free == nil {
		return skip("no value of the metric FreeStorageSpace in 15 minutes; %.0f GiB, which may grow by %.0f", has, growth)
	}
	left := *free / (1 << 30)
	seen := fmt.Sprintf("%.1f of %.0f GiB free, and %.0f more to grow", left, has, growth)
	if (left+growth)*100 < has*leastStoragePercent {
		return fail("Raise database.maxStorageGiB and run pulumi up: it takes effect without an interruption. docs/runbook.md, database-storage", "%s", seen)
	}
	return pass("%s", seen)
}
