package engine

import (
	"fmt"
	"hash/crc32"
	"regexp"
	"slices"
	"strings"

	"ha-web/internal/validate"
)

// Spec is what a database is asked to be, as far as RDS has rules about it.
type Spec struct {
	Engine, Version, InstanceClass  string
	StorageGiB, MaxStorageGiB       int
	IOPS, ThroughputMiBps           int
	Name, Username                  string
	BackupDays                      int
	BackupWindow, MaintenanceWindow string
	RotateAfterDays                 int
	MonitoringSeconds               int
	LogRetentionDays                int
	MaxConnections                  int
	Parameters                      map[string]string
	SnapshotIdentifier              string
	Proxy                           ProxySpec
}

// ProxySpec is what a proxy is asked to be.
type ProxySpec struct {
	MaxConnectionsPercent, BorrowSeconds int
}

// Validate records every fault of the spec. key gives the fields, such as Proxy.BorrowSeconds, the names that whoever
// asks knows them by.
func (s Spec) Validate(faults *validate.Faults, key func(field string) string) {
	check := checker{faults, key}
	engine, known := Lookup(s.Engine)
	if known {
		s.checkVersion(engine, check)
		s.checkNames(engine, check)
		s.checkParameters(engine, check)
	} else {
		check.fault("Engine", "must be %s, got %q", strings.Join(Names(), " or "), s.Engine)
	}
	s.checkClass(engine, check)
	s.checkStorage(check)
	s.checkWindows(check)
	check.between("BackupDays", s.BackupDays, 1, 35) // 0 would turn off backups, and restarts the database (DB-16)
	check.between("RotateAfterDays", s.RotateAfterDays, 1, 1000)
	check.error("LogRetentionDays", validate.RetentionDays(s.LogRetentionDays))
	if !slices.Contains(monitoringSeconds, s.MonitoringSeconds) {
		check.fault("MonitoringSeconds", "must be 0, which is off, or one of %v, got %d", monitoringSeconds[1:], s.MonitoringSeconds)
	}
	if s.SnapshotIdentifier != "" && !snapshotName.MatchString(s.SnapshotIdentifier) {
		check.fault("SnapshotIdentifier", "must be the name or the ARN of a snapshot, got %q", s.SnapshotIdentifier)
	}
	check.between("Proxy.MaxConnectionsPercent", s.Proxy.MaxConnectionsPercent, 1, 100)
	check.between("Proxy.BorrowSeconds", s.Proxy.BorrowSeconds, 1, 300)
}

// checker records faults under the names of fields.
type checker struct {
	faults *validate.Faults
	key    func(field string) string
}

func (c checker) fault(field, format string, args ...any) {
	c.faults.Add(c.key(field), format, args...)
}

func (c checker) error(field string, err error) { c.faults.Check(c.key(field), err) }

func (c checker) between(field string, value, low, high int) {
	c.faults.Between(c.key(field), value, low, high)
}

var (
	// Amazon RDS API reference, CreateDBInstance, MonitoringInterval.
	monitoringSeconds = []int{0, 1, 5, 10, 15, 30, 60}
	snapshotName      = regexp.MustCompile(`^(arn:aws[a-z-]*:rds:[a-z0-9-]+:[0-9]{12}:snapshot:)?(rds:)?[A-Za-z](-?[A-Za-z0-9])*$`)
)

// checkVersion wants a major version: AWS brings in minor ones by itself, and a version that names one would ask to go
// back (field note DB-2).
func (s Spec) checkVersion(engine Engine, check checker) {
	if !engine.version.MatchString(s.Version) {
		check.fault("Version", "must be a major version such as %s, AWS brings in the minor ones, got %q", engine.DefaultVersion, s.Version)
	}
}

// Limits of names: Amazon RDS API reference, CreateDBInstance; the shortest of the engines' holds for all.
var (
	databaseName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]{0,62}$`)
	userName     = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]{0,15}$`)
)

func (s Spec) checkNames(engine Engine, check checker) {
	for _, name := range []struct {
		field, value, rule string
		pattern            *regexp.Regexp
	}{
		{"Name", s.Name, "must be a letter and up to 62 letters, digits or underscores", databaseName},
		{"Username", s.Username, "must be a letter and up to 15 letters, digits or underscores", userName},
	} {
		switch {
		case !name.pattern.MatchString(name.value):
			check.fault(name.field, "%s, got %q", name.rule, name.value)
		case slices.Contains(engine.reserved, strings.ToLower(name.value)):
			check.fault(name.field, "%q is reserved, or the first that an attacker tries, in %s: take another", name.value, engine.Name)
		}
	}
}

var parameterName = regexp.MustCompile(`^[a-z][a-z0-9_.]*$`)

func (s Spec) checkParameters(engine Engine, check checker) {
	owned := map[string]bool{maxConnections: true}
	for _, parameter := range engine.parameters {
		owned[parameter.Name] = true
	}
	for _, parameter := range engine.Parameters(0, s.Parameters)[len(engine.parameters):] {
		key := check.key("Parameters") + "." + parameter.Name
		switch {
		case parameter.Name == maxConnections:
			check.faults.Add(key, "has a setting of its own: %s", check.key("MaxConnections"))
		case owned[parameter.Name]:
			check.faults.Add(key, "is set by the program: TLS and the log of slow queries stay on")
		case !parameterName.MatchString(parameter.Name):
			check.faults.Add(key, "must be the name of a parameter of %s, such as sort_buffer_size", engine.Name)
		case parameter.Value == "":
			check.faults.Add(key, "must have a value")
		}
	}
}

func (s Spec) checkClass(engine Engine, check checker) {
	_, err := MemoryGiB(s.InstanceClass)
	check.error("InstanceClass", err)
	if err != nil || engine.Name == "" || s.MaxConnections == 0 {
		return
	}
	check.between("MaxConnections", s.MaxConnections, 1, engine.ConnectionLimit(s.InstanceClass))
}

// MostStorageGiB is the largest gp3 volume.
const MostStorageGiB = 65536

// Further limits of gp3 storage for these engines (Amazon RDS user guide, "gp3 storage"; field note DB-1).
const (
	leastStorage                    = 20  // GiB
	stripedFrom                     = 400 // GiB, where gp3 has other limits, and takes IOPS and throughput
	leastIOPS, mostIOPS             = 12000, 64000
	leastThroughput, mostThroughput = 500, 4000 // MiB/s
)

func (s Spec) checkStorage(check checker) {
	check.between("StorageGiB", s.StorageGiB, leastStorage, MostStorageGiB)
	if s.MaxStorageGiB != 0 {
		// At least a tenth more, or AWS refuses it (field note DB-20).
		check.between("MaxStorageGiB", s.MaxStorageGiB, (11*s.StorageGiB+9)/10, MostStorageGiB)
	}
	if s.StorageGiB < stripedFrom {
		const tooSmall = "leave it out: below %d GiB gp3 has 3000 IOPS and 125 MiB/s, and AWS takes no other, got %d"
		if s.IOPS != 0 {
			check.fault("IOPS", tooSmall, stripedFrom, s.IOPS)
		}
		if s.ThroughputMiBps != 0 {
			check.fault("ThroughputMiBps", tooSmall, stripedFrom, s.ThroughputMiBps)
		}
		return
	}
	iops, throughput := s.Performance()
	check.between("IOPS", iops, leastIOPS, mostIOPS)
	check.between("ThroughputMiBps", throughput, leastThroughput, min(mostThroughput, max(iops/4, leastThroughput)))
}

// Performance returns the IOPS and the throughput, in MiB/s, to ask of the storage, both 0 where AWS takes neither.
// Where it does, the baseline is named too: AWS wants the IOPS when storage grows past that size (field note DB-1).
func (s Spec) Performance() (iops, throughput int) {
	if s.StorageGiB < stripedFrom {
		return 0, 0
	}
	iops, throughput = s.IOPS, s.ThroughputMiBps
	if iops == 0 {
		iops = leastIOPS
	}
	if throughput == 0 {
		throughput = leastThroughput
	}
	return iops, throughput
}

// Identifier returns what RDS is to call a database that is otherwise called name. One that is restored from a snapshot
// gets a name of its own: it is made before the database that it replaces is deleted.
func (s Spec) Identifier(name string) string {
	if s.SnapshotIdentifier == "" {
		return name
	}
	return fmt.Sprintf("%s-r%08x", name, crc32.ChecksumIEEE([]byte(s.SnapshotIdentifier)))
}
