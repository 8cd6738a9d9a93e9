package main

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	databases "github.com/aws/aws-sdk-go-v2/service/rds/types"
	"github.com/stretchr/testify/assert"
)

// of is a change of the database.
func ofDatabase(change func(*databases.DBInstance)) func(*estate) {
	return func(e *estate) { change(e.database) }
}

// purpose is that of a stack with other outputs.
func purpose(environment string) func(*estate) {
	return func(e *estate) { e.outputs.Environment = environment }
}

func TestDatabaseInstance(t *testing.T) {
	t.Parallel()
	status := func(text string) func(*estate) {
		return ofDatabase(func(d *databases.DBInstance) { d.DBInstanceStatus = &text })
	}
	restorable := func(ago time.Duration) func(*estate) {
		return ofDatabase(func(d *databases.DBInstance) { d.LatestRestorableTime = aws.Time(time.Now().Add(-ago)) })
	}
	waiting := func(action string, in time.Duration) func(*estate) {
		return func(e *estate) {
			each := databases.PendingMaintenanceAction{Action: &action}
			if in > 0 {
				each.ForcedApplyDate = aws.Time(time.Now().Add(in))
			}
			e.pending = append(e.pending, each)
		}
	}
	alone := ofDatabase(func(d *databases.DBInstance) { d.MultiAZ = aws.Bool(false) })
	unprotected := ofDatabase(func(d *databases.DBInstance) { d.DeletionProtection = nil })
	inspect(t, databaseChecks[:9], []damage{
		{"database-available", "stopped", status("stopped"), statusFail, "ha-web-prod-db is stopped"},
		{"database-available", "full", status("storage-full"), statusFail, "storage-full"},
		{"database-available", "rebooting", status("rebooting"), statusFail, "rebooting"},
		{"database-available", "in a backup", status("backing-up"), statusPass, "backing-up"},
		{"database-available", "gone", func(e *estate) { e.database = nil }, statusFail, "ha-web-prod-db is not in this account"},
		{"database-standby", "none", alone, statusFail, "one Availability Zone, eu-central-1a"},
		{"database-standby", "none in development", together(alone, purpose(development)), statusSkip,
			"one Availability Zone, eu-central-1a, which a stack for development may do without"},
		{"database-standby", "none, of older outputs", together(alone, purpose("")), statusSkip, "The outputs do not say whether this stack is for production"},
		{"database-standby", "being made", ofDatabase(func(d *databases.DBInstance) { d.SecondaryAvailabilityZone = nil }), statusPass, "Multi-AZ, primary in eu-central-1a"},
		{"database-standby", "gone", func(e *estate) { e.database = nil }, statusFail, "not in this account"},
		{"database-zones", "one", ofDatabase(func(d *databases.DBInstance) {
			d.DBSubnetGroup.Subnets[1].SubnetAvailabilityZone.Name = aws.String("eu-central-1a")
		}), statusFail, "subnets in 1 zones: eu-central-1a"},
		{"database-zones", "no subnet group", ofDatabase(func(d *databases.DBInstance) { d.DBSubnetGroup = nil }), statusFail, "subnets in 0 zones"},
		{"database-encrypted", "not", ofDatabase(func(d *databases.DBInstance) { d.StorageEncrypted = aws.Bool(false) }), statusFail, "storage is not encrypted"},
		{"database-private", "public", ofDatabase(func(d *databases.DBInstance) { d.PubliclyAccessible = aws.Bool(true) }), statusFail, "publicly accessible"},
		{"database-protected", "not", unprotected, statusFail, "no deletion protection"},
		{"database-protected", "not in development", together(unprotected, purpose(development)), statusSkip, "a stack for development may do without"},
		{"database-protected", "not, of older outputs", together(unprotected, purpose("")), statusSkip, "The outputs do not say"},
		{"database-protected", "gone", func(e *estate) { e.database = nil }, statusFail, "not in this account"},
		{"database-backups", "off", ofDatabase(func(d *databases.DBInstance) { d.BackupRetentionPeriod = aws.Int32(0) }), statusFail, "backups are off"},
		{"database-backups", "none yet", ofDatabase(func(d *databases.DBInstance) { d.LatestRestorableTime = nil }), statusFail, "none yet"},
		{"database-backups", "old", restorable(16 * time.Minute), statusFail, "16m0s ago at best"},
		{"database-backups", "just recent enough", restorable(14 * time.Minute), statusPass, "14m0s ago"},
		{"database-maintenance", "forced soon", waiting("system-update", 6*24*time.Hour), statusFail, "AWS forces system-update by "},
		{"database-maintenance", "forced later", waiting("system-update", 8*24*time.Hour), statusPass, "system-update by "},
		{"database-maintenance", "optional", waiting("db-upgrade", 0), statusPass, "sun:04:00-sun:05:00, or a restart: db-upgrade"},
		{"database-maintenance", "a class", ofDatabase(func(d *databases.DBInstance) {
			d.PendingModifiedValues = &databases.PendingModifiedValues{DBInstanceClass: aws.String("db.m7g.large"), MultiAZ: aws.Bool(true)}
		}), statusPass, "class db.m7g.large, Multi-AZ true"},
		{"database-maintenance", "parameters", ofDatabase(func(d *databases.DBInstance) {
			d.DBParameterGroups[0].ParameterApplyStatus = aws.String("pending-reboot")
		}), statusPass, "parameters: pending-reboot"},
		{"database-room", "full", func(e *estate) {
			e.free, e.database.MaxAllocatedStorage = []float64{30 << 30, 19.9 * (1 << 30)}, nil
		}, statusFail, "19.9 of 100 GiB free, and 0 more to grow"},
		{"database-room", "it grows", func(e *estate) { e.free = []float64{5 << 30} }, statusPass, "5.0 of 100 GiB free, and 100 more to grow"},
		{"database-room", "no metric", func(e *estate) { e.free = nil }, statusSkip, "no value of the metric FreeStorageSpace"},
	})
}

func TestDatabaseRotation(t *testing.T) {
	t.Parallel()
	secretStatus := func(e *estate, status string) { e.database.MasterUserSecret.SecretStatus = &status }
	unfinished := func(e *estate) { e.secret.VersionIdsToStages["v3"] = []string{"AWSPENDING"} }
	inspect(t, databaseChecks[9:10], []damage{
		{"database-rotation", "off", func(e *estate) { e.secret.RotationEnabled = aws.Bool(false) }, statusFail, "rotation is off"},
		{"database-rotation", "overdue", func(e *estate) { e.secret.NextRotationDate = aws.Time(time.Now().Add(-time.Hour)) }, statusFail, "rotation was due at "},
		{"database-rotation", "no date", func(e *estate) { e.secret.NextRotationDate = nil }, statusFail, "without a next date"},
		{"database-rotation", "not finished", unfinished, statusFail, "version v3 is AWSPENDING"},
		{"database-rotation", "impaired", func(e *estate) { secretStatus(e, "impaired") }, statusFail, "impaired"},
		{"database-rotation", "under way", together(unfinished, func(e *estate) { secretStatus(e, "rotating") }), statusPass, "being rotated now"},
		{"database-rotation", "never yet", func(e *estate) { e.secret.LastRotatedDate = nil }, statusPass, "not rotated yet, next by "},
		{"database-rotation", "deleted", func(e *estate) { e.secret.DeletedDate = aws.Time(time.Now()) }, statusFail, "scheduled for deletion"},
		{"database-rotation", "another secret", func(e *estate) { e.database.MasterUserSecret.SecretArn = aws.String("arn:b") }, statusFail, "another secret than the outputs"},
		{"database-rotation", "a password of someone's own", func(e *estate) { e.database.MasterUserSecret = nil }, statusFail, "another secret"},
		{"database-rotation", "no secret", func(e *estate) { e.outputs.DatabaseSecretArn = "arn:gone" }, statusFail, "ResourceNotFoundException"},
	})
}

func TestProxy(t *testing.T) {
	t.Parallel()
	target := func(state databases.TargetState, reason databases.TargetHealthReason) func(*estate) {
		return func(e *estate) { e.targets[0].TargetHealth = &databases.TargetHealth{State: state, Reason: reason} }
	}
	inspect(t, databaseChecks[10:], []damage{
		{"proxy-available", "modifying", func(e *estate) { e.proxies[1].Status = databases.DBProxyStatusModifying }, statusFail, "ha-web-prod is modifying"},
		{"proxy-available", "gone", func(e *estate) { e.proxies = e.proxies[:1] }, statusFail, "no database proxy"},
		{"proxy-available", "none", withoutProxyInEstate, statusSkip, "database.proxy.enabled is false"},
		{"proxy-targets", "password", target(databases.TargetStateUnavailable, databases.TargetHealthReasonAuthFailure), statusFail, "ha-web-prod-db is UNAVAILABLE AUTH_FAILURE"},
		{"proxy-targets", "registering", target(databases.TargetStateRegistering, ""), statusFail, "ha-web-prod-db is REGISTERING"},
		{"proxy-targets", "not told", func(e *estate) { e.targets[0].TargetHealth = nil }, statusFail, "ha-web-prod-db is unknown"},
		{"proxy-targets", "none", func(e *estate) { e.targets = nil }, statusFail, "no target"},
		{"proxy-targets", "another database", func(e *estate) { e.targets[0].RdsResourceId = aws.String("old") }, statusFail, "old is not the database of the stack"},
		{"proxy-targets", "no proxy", withoutProxyInEstate, statusSkip, "database.proxy.enabled is false"},
	})
	e := newEstate()
	target(databases.TargetStateUnavailable, databases.TargetHealthReasonAuthFailure)(e)
	assert.Contains(t, e.run(t, "proxy-targets").remedy, "read the secret", "each reason has its remedy")
}
