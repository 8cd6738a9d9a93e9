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
	fields := validate.Named{Faults: faults, Name: key}
	engine, known := Lookup(s.Engine)
	if known {
		s.checkVersion(engine, fields)
		s.checkNames(engine, fields)
		s.checkParameters(engine, fields)
	} else {
		fields.Add("Engine", "must be %s, got %q", strings.Join(Names(), " or "), s.Engine)
	}
	s.checkClass(engine, fields)
	s.checkStorage(fields)
	s.checkWindows(fields)
	fields.Between("BackupDays", s.BackupDays, 1, 35) // 0 would turn off backups, and restarts the database (DB-16)
	fields.Between("RotateAfterDays", s.RotateAfterDays, 1, 1000)
	fields.Check("LogRetentionDays", validate.RetentionDays(s.LogRetentionDays))
	if !slices.Contains(monitoringSeconds, s.MonitoringSeconds) {
		fields.Add("MonitoringSeconds", "must be 0, which is off, or one of %v, got %d", monitoringSeconds[1:], s.MonitoringSeconds)
	}
	if s.SnapshotIdentifier != "" && !snapshotName.MatchString(s.SnapshotIdentifier) {
		fields.Add("SnapshotIdentifier", "must be the name or the ARN of a snapshot, got %q", s.SnapshotIdentifier)
	}
	fields.Between("Proxy.MaxConnectionsPercent", s.Proxy.MaxConnectionsPercent, 1, 100)
	fields.Between("Proxy.BorrowSeconds", s.Proxy.BorrowSeconds, 1, 300)
}

var (
	// Amazon RDS API reference, CreateDBInstance, MonitoringInterval.
	monitoringSeconds = []int{0, 1, 5, 10, 15, 30, 60}
	snapshotName      = regexp.MustCompile(`^(arn:aws[a-z-]*:rds:[a-z0-9-]+:[0-9]{12}:snapshot:)?(rds:)?[A-Za-z](-?[A-Za-z0-9])*$`)
)

// checkVersion wants a major version: AWS brings in minor ones by itself, and a version that names one would ask to go
// back (field note DB-2).
func (s Spec) checkVersion(engine Engine, fields validate.Named) {
	if !engine.version.MatchString(s.Version) {
		fields.Add("Version", "must be a major version such as %s, AWS brings in the minor ones, got %q", engine.DefaultVersion, s.Version)
	}
}

// Limits of names: Amazon RDS API reference, CreateDBInstance; the shortest of the engines' holds for all.
var (
	databaseName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]{0,62}$`)
	userName     = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]{0,15}$`)
)

func (s Spec) checkNames(engine Engine, fields validate.Named) {
	for _, name := range []struct {
		field, value, rule string
		pattern            *regexp.Regexp
	}{
		{"Name", s.Name, "must be a letter and up to 62 letters, digits or underscores", databaseName},
		{"Username", s.Username, "must be a letter and up to 15 letters, digits or underscores", userName},
	} {
		switch {
		case !name.pattern.MatchString(name.value):
			fields.Add(name.field, "%s, got %q", name.rule, name.value)
		case slices.Contains(engine.reserved, strings.ToLower(name.value)):
			fields.Add(name.field, "%q is reserved, or the first that an attacker tries, in %s: take another", name.value, engine.Name)
		}
	}
}

var parameterName = regexp.MustCompile(`^[a-z][a-z0-9_.]*$`)

func (s Spec) checkParameters(engine Engine, fields validate.Named) {
	owned := map[string]bool{maxConnections: true}
	for _, parameter := range engine.parameters {
		owned[parameter.Name] = true
	}
	for _, parameter := range engine.Parameters(0, s.Parameters)[len(engine.parameters):] {
		key := fields.Name("Parameters") + "." + parameter.Name
		switch {
		case parameter.Name == maxConnections:
			fields.Faults.Add(key, "has a setting of its own: %s", fields.Name("MaxConnections"))
		case owned[parameter.Name]:
			fields.Faults.Add(key, "is set by the program: TLS and the log of slow queries stay on")
		case !parameterName.MatchString(parameter.Name):
			fields.Faults.Add(key, "must be the name of a parameter of %s, such as sort_buffer_size", engine.Name)
		case parameter.Value == "":
			fields.Faults.Add(key, "must have a value")
		}
	}
}

func (s Spec) checkClass(engine Engine, fields validate.Named) {
	_, err := MemoryGiB(s.InstanceClass)
	fields.Check("InstanceClass", err)
	if err != nil || engine.Name == "" || s.MaxConnections == 0 {
		return
	}
	fields.Between("MaxConnections", s.MaxConnections, 1, engine.ConnectionLimit(s.InstanceClass))
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

func (s Spec) checkStorage(fields validate.Named) {
	fields.Between("StorageGiB", s.StorageGiB, leastStorage, MostStorageGiB)
	if s.MaxStorageGiB != 0 {
		// At least a tenth more, or AWS refuses it (field note DB-20).
		fields.Between("MaxStorageGiB", s.MaxStorageGiB, (11*s.StorageGiB+9)/10, MostStorageGiB)
	}
	if s.StorageGiB < stripedFrom {
		const tooSmall = "leave it out: below %d GiB gp3 has 3000 IOPS and 125 MiB/s, and AWS takes no other, got %d"
		if s.IOPS != 0 {
			fields.Add("IOPS", tooSmall, stripedFrom, s.IOPS)
		}
		if s.ThroughputMiBps != 0 {
			fields.Add("ThroughputMiBps", tooSmall, stripedFrom, s.ThroughputMiBps)
		}
		return
	}
	iops, throughput := s.Performance()
	fields.Between("IOPS", iops, leastIOPS, mostIOPS)
	fields.Between("ThroughputMiBps", throughput, leastThroughput, min(mostThroughput, max(iops/4, leastThroughput)))
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
