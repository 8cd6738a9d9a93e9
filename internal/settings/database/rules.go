package database

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"ha-web/internal/validate"
)

// Validate records every fault of the settings, which must be Resolved.
func (s *Settings) Validate(f validate.Fields) {
	if !f.Begun(s, s.begun) {
		return
	}
	validate.Choice(f, &s.Engine)
	if s.Engine.known() {
		s.checkVersion(f)
		s.checkSupport(f)
		s.checkNames(f)
		s.checkParameters(f)
	}
	s.checkClass(f)
	s.checkStorage(f)
	s.checkWindows(f)
	f.Between(&s.BackupDays, 1, 35) // 0 turns backups off, and restarts the database (Amazon RDS user guide, "Backup retention period")
	s.checkRotation(f)
	f.Check(&s.LogRetentionDays, validate.RetentionDays(s.LogRetentionDays))
	if !slices.Contains(monitoringSeconds, s.MonitoringSeconds) {
		f.Add(&s.MonitoringSeconds, "must be 1, 5, 10, 15, 30 or 60, or 0 to turn it off, got %d", s.MonitoringSeconds)
	}
	if s.SnapshotIdentifier != "" && !snapshotName.MatchString(s.SnapshotIdentifier) {
		f.Add(&s.SnapshotIdentifier, "must be the name or the ARN of a DB snapshot, got %q", s.SnapshotIdentifier)
	}
	s.checkRestore(f)
	f.Between(&s.PoolSize, 1, 10000)
	f.Between(&s.Proxy.MaxConnectionsPercent, 1, 100)
	f.Between(&s.Proxy.BorrowSeconds, 1, 300)
}

var (
	// Amazon RDS API reference, CreateDBInstance, MonitoringInterval.
	monitoringSeconds = []int{0, 1, 5, 10, 15, 30, 60}
	snapshotName      = regexp.MustCompile(`^(?:arn:aws[a-z-]*:rds:([a-z0-9-]+):[0-9]{12}:snapshot:)?(?:rds:)?[A-Za-z](?:-?[A-Za-z0-9])*$`)
)

// SnapshotRegion returns the region in the ARN of the snapshot, or "" where there is none.
func (s *Settings) SnapshotRegion() string {
	if parts := snapshotName.FindStringSubmatch(s.SnapshotIdentifier); parts != nil {
		return parts[1]
	}
	return ""
}

// checkVersion requires a major version. AWS upgrades minor versions by itself, and a setting that names one would then ask to go
// back, which RDS refuses (pulumi-aws#5756).
func (s *Settings) checkVersion(f validate.Fields) {
	versions := s.Engine.facts().versions
	bare := strings.Trim(s.Version, `"'`)
	for _, version := range versions {
		switch {
		case s.Version == version:
			return
		case bare == version:
			f.Add(&s.Version, "must be %s, without quotes inside the value, got %q", version, s.Version)
			return
		case strings.HasPrefix(s.Version, version+"."):
			f.Add(&s.Version, "must be the major version %s, because AWS applies minor versions by itself, got %q", version, s.Version)
			return
		}
	}
	f.Add(&s.Version, "must be a major version of %s that RDS offers, %s, got %q", s.Engine, validate.OneOfText(versions), s.Version)
}

// checkSupport requires Extended Support for a version past its standard support: RDS creates no such database without it (Amazon RDS
// API reference, CreateDBInstance, EngineLifecycleSupport).
func (s *Settings) checkSupport(f validate.Fields) {
	first := s.Engine.facts().standardFrom
	switch {
	case first == "" && s.ExtendedSupport:
		f.Add(&s.ExtendedSupport, "must be left out with %s, which has no RDS Extended Support", s.Engine)
	case first != "" && !s.ExtendedSupport && slices.Contains(s.Engine.facts().versions, s.Version) && !s.Engine.from(s.Version, first):
		f.Add(&s.Version, "%s of %s is past its standard support: choose %s or later, or set %s: true, which AWS charges for",
			s.Version, s.Engine, first, f.Name(&s.ExtendedSupport))
	}
}

// Limits of names: Amazon RDS API reference, CreateDBInstance. The shortest limit of the engines holds for all.
var (
	databaseName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]{0,62}$`)
	userName     = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]{0,15}$`)
)

func (s *Settings) checkNames(f validate.Fields) {
	for _, each := range []struct {
		field   *string
		most    int
		pattern *regexp.Regexp
	}{
		{&s.Name, 63, databaseName},
		{&s.Username, 16, userName},
	} {
		switch name := *each.field; {
		case !each.pattern.MatchString(name):
			f.Add(each.field, "must begin with a letter and have at most %d letters, digits and underscores, got %q", each.most, name)
		case slices.Contains(s.Engine.facts().reserved, strings.ToLower(name)):
			f.Add(each.field, "%q is reserved by %s, or a name that attackers try first: choose another", name, s.Engine)
		}
	}
}

var parameterName = regexp.MustCompile(`^[a-z][a-z0-9_.]*$`)

func (s *Settings) checkParameters(f validate.Fields) {
	for _, name := range slices.Sorted(maps.Keys(s.Parameters)) {
		similar := s.Engine.similarParameter(name)
		switch {
		case name == maxConnections:
			f.AddEntry(&s.Parameters, name, "has a setting of its own: set %s", f.Name(&s.MaxConnections))
		case s.Engine.sets(name):
			f.AddEntry(&s.Parameters, name, "cannot be changed: TLS is required, and slow queries are logged")
		case !parameterName.MatchString(name):
			f.AddEntry(&s.Parameters, name, "must be the name of a parameter of %s, lowercase, such as %s", s.Engine, s.Engine.facts().example)
		case similar != "":
			f.AddEntry(&s.Parameters, name, "is not a parameter of %s, did you mean %s?", s.Engine, similar)
		case s.Parameters[name] == "":
			f.AddEntry(&s.Parameters, name, "must have a value")
		}
	}
}

func (s *Settings) checkClass(f validate.Fields) {
	_, err := MemoryGiB(s.InstanceClass)
	f.Check(&s.InstanceClass, err)
	if err == nil && s.Engine.known() && s.MaxConnections != 0 {
		f.Between(&s.MaxConnections, 1, s.Engine.ConnectionLimit(s.InstanceClass))
	}
}

// MaxVolumeGiB is the largest gp3 volume.
const MaxVolumeGiB = 65536

// Further limits of gp3 storage for these engines (Amazon RDS user guide, "gp3 storage").
const (
	leastStorage                    = 20  // GiB
	stripedFrom                     = 400 // GiB, from which gp3 has other limits, and accepts IOPS and throughput
	leastIOPS, mostIOPS             = 12000, 64000
	leastThroughput, mostThroughput = 500, 4000 // MiB/s
)

// leastGrowth returns the least that RDS accepts as maximum size of the volume, a tenth more than its size (Amazon RDS user guide,
// "Managing capacity automatically with Amazon RDS storage autoscaling").
func (s *Settings) leastGrowth() int { return (11*s.StorageGiB + 9) / 10 }

func (s *Settings) checkStorage(f validate.Fields) {
	f.Between(&s.StorageGiB, leastStorage, MaxVolumeGiB)
	if most, least := *s.MaxStorageGiB, s.leastGrowth(); most != 0 && (most < least || most > MaxVolumeGiB) {
		f.Add(&s.MaxStorageGiB, "must be between %d, which is 1.1 times %s, and %d, or 0 to never grow, got %d",
			least, f.Name(&s.StorageGiB), MaxVolumeGiB, most)
	}
	if s.StorageGiB < stripedFrom {
		const tooSmall = "must be left out below %d GiB of %s, where gp3 has 3000 IOPS and 125 MiB/s and accepts no other value, got %d"
		if s.IOPS != 0 {
			f.Add(&s.IOPS, tooSmall, stripedFrom, f.Name(&s.StorageGiB), s.IOPS)
		}
		if s.ThroughputMiBps != 0 {
			f.Add(&s.ThroughputMiBps, tooSmall, stripedFrom, f.Name(&s.StorageGiB), s.ThroughputMiBps)
		}
		return
	}
	iops, throughput := s.Performance()
	if iops < leastIOPS || iops > mostIOPS {
		f.Between(&s.IOPS, leastIOPS, mostIOPS)
	}
	if most := min(mostThroughput, max(iops/4, leastThroughput)); throughput < leastThroughput || throughput > most {
		f.Between(&s.ThroughputMiBps, leastThroughput, most)
	}
}
