package database

import (
	"cmp"
	"regexp"
	"strings"
	"time"

	"ha-web/internal/validate"
)

// Restore describes the automated backup from which the database is created, and the time of its data.
type Restore struct {
	// ARN of an automated backup in the region of the stack, such as one that another stack replicates to it with
	// database.replicaRegion: its output databaseBackupArn. Set on a stack that has a database, it replaces that database with one
	// restored from the backup. Keep it for as long as the restored database lives: a change replaces it.
	BackupARN string `pulumi:"backupArn,optional"`
	// Resource ID of a database instance in the region of the stack, such as `db-ABCDEFGHIJKLMNOPQRSTUVWXY2`, whose automated
	// backups the database is created from: the output databaseResourceId. The instance may have been deleted, as long as RDS
	// keeps its automated backups. Set on a stack that has a database, it replaces that database, as backupArn does.
	ResourceID string `pulumi:"resourceId,optional"`
	// Time of the data in UTC, such as `2026-11-20T09:30:00Z`, within the days that the backup is kept. Left out: the latest that
	// the backup has, about 5 minutes ago.
	Time string `pulumi:"time,optional"`
}

// On reports whether the database is created from an automated backup.
func (r Restore) On() bool { return r != Restore{} }

// String returns the backup and the time, or "" without a backup.
func (r Restore) String() string {
	if !r.On() {
		return ""
	}
	return cmp.Or(r.BackupARN, r.ResourceID) + " at " + cmp.Or(r.Time, "latest")
}

// Region returns the region in the ARN of the backup, or "" where there is none.
func (r Restore) Region() string {
	if parts := backupARN.FindStringSubmatch(r.BackupARN); parts != nil {
		return parts[1]
	}
	return ""
}

// Amazon RDS API reference, DBInstanceAutomatedBackup, DBInstanceAutomatedBackupsArn and DbiResourceId.
var (
	backupARN  = regexp.MustCompile(`^arn:aws[a-z-]*:rds:([a-z0-9-]+):[0-9]{12}:auto-backup:ab-[a-z0-9]+$`)
	resourceID = regexp.MustCompile(`^db-[A-Z0-9]+$`)
)

func (s *Settings) checkRestore(f validate.Fields) {
	r := &s.Restore
	switch {
	case !r.On():
		return
	case s.SnapshotIdentifier != "":
		f.Add(r, "must be left out with %s: a database is created from one of them", f.Name(&s.SnapshotIdentifier))
	case r.BackupARN == "" && r.ResourceID == "":
		f.Add(r, "must have %s or %s", f.Name(&r.BackupARN), f.Name(&r.ResourceID))
	case r.BackupARN != "" && r.ResourceID != "":
		f.Add(&r.ResourceID, "must be left out with %s: a database is created from one of them", f.Name(&r.BackupARN))
	}
	if r.BackupARN != "" && !backupARN.MatchString(r.BackupARN) {
		f.Add(&r.BackupARN, "must be the ARN of an automated backup, arn:aws:rds:REGION:ACCOUNT:auto-backup:ab-..., got %q", r.BackupARN)
	}
	if r.ResourceID != "" && !resourceID.MatchString(r.ResourceID) {
		f.Add(&r.ResourceID, "must be the resource ID of a database instance, such as db-ABCDEFGHIJKLMNOPQRSTUVWXY2, got %q", r.ResourceID)
	}
	if _, err := time.Parse(time.RFC3339, r.Time); r.Time != "" && (err != nil || !strings.HasSuffix(r.Time, "Z")) {
		f.Add(&r.Time, "must be a time in UTC such as 2026-11-20T09:30:00Z, got %q", r.Time)
	}
}
