package settings

import (
	"strings"
	"unicode"

	"ha-web/internal/engine"
	"ha-web/internal/fields"
	"ha-web/internal/fleet"
	"ha-web/internal/validate"
)

// validate records every fault of the settings.
func (s *Settings) validate(faults *validate.Faults) {
	f := validate.FieldsOf(faults, s, fields.ByTag)
	validate.OneOf(faults, "environment", s.Environment, Production, Development)
	if s.Region == "" {
		faults.Add(regionKey, "is required, such as us-east-1")
	} else {
		faults.Check(regionKey, validate.Region(s.Region))
	}
	s.Network.Validate(f)
	s.validateZones(f)
	s.Web.validate(len(s.Network.AvailabilityZones), faults)
	s.Database.validate(s.Region, s.Web.Size.Max, faults)
	s.Secrets.Validate(f)
	s.Domain.Validate(f, s.Region)
	s.CDN.Validate(f)
	s.validateCDN(f, faults)
	s.Monitoring.validate(faults)
	s.Delivery.validate(faults)
	s.validateAccess(faults)
}

// validateZones records zones that are not in the region of the stack.
func (s *Settings) validateZones(f validate.Fields) {
	zones := s.Network.Zones()
	if len(zones) > 0 && s.Region != "" && zones[0].Region != s.Region {
		f.Add(&s.Network.AvailabilityZones, "must be in %s (%s), got %s", regionKey, s.Region, zones[0].Name)
	}
}

func (w Web) validate(zones int, faults *validate.Faults) {
	w.spec(zones).Validate(faults, keysUnder("web"))
	validate.OneOf(faults, "web.ingress", w.Ingress, "internet", "cloudfront")
	faults.Check("web.originHeader.name", validate.HeaderName(w.OriginHeader.Name))
	faults.Between("web.originHeader.version", w.OriginHeader.Version, 1, 1_000_000)
}

// Floor returns the fewest instances that there are at any time, schedules included.
func (w Web) Floor() int { return w.spec(0).Floor() }

// spec is what AWS has rules about.
func (w Web) spec(zones int) fleet.Spec {
	return fleet.Spec{
		Zones: zones, InstanceTypes: w.InstanceTypes, Image: w.Image, Container: w.Container, Port: w.Port,
		RootVolumeGiB: w.RootVolumeGiB, BootSeconds: w.BootSeconds, Size: w.Size, HealthCheck: w.HealthCheck,
		TargetGroup: w.TargetGroup, Scaling: w.Scaling, Spot: w.Spot, Rollout: w.Rollout,
		Schedules: w.Schedules, Exams: w.Exams,
		LogRetentionDays: w.LogRetentionDays, AccessLogDays: w.AccessLogs.RetentionDays,
	}
}

func (d Database) validate(region string, instances int, faults *validate.Faults) {
	d.spec().Validate(faults, keysUnder("database"))
	faults.Between("database.poolSize", d.PoolSize, 1, 10000)
	d.validateConnections(instances, faults)
	checkReplicaRegion("database.replicaRegion", d.ReplicaRegion, region, faults)
}

// checkReplicaRegion records a fault unless a second region, which may be left out, is one.
func checkReplicaRegion(key, second, region string, faults *validate.Faults) {
	if second != "" {
		faults.Check(key, validate.Region(second))
	}
	if second != "" && second == region {
		faults.Add(key, "must be another region than %s (%s)", regionKey, region)
	}
}

// validateConnections holds the largest fleet to the connections that the database takes, unless a proxy shares them
// (document 000, "Thundering herd on scale-out"; field note DB-11).
func (d Database) validateConnections(instances int, faults *validate.Faults) {
	known, found := engine.Lookup(string(d.Engine))
	limit := d.MaxConnections
	if limit == 0 {
		limit = known.Connections(d.InstanceClass)
	}
	if want := instances * d.PoolSize; found && limit > 0 && want > limit && !d.Proxy.Enabled {
		faults.Add("database.poolSize", "%d connections of each of web.size.max (%d) instances are %d, and %s %s takes about %d: "+
			"turn on database.proxy.enabled, take a larger database.instanceClass, or lower one of them",
			d.PoolSize, instances, want, d.Engine, d.InstanceClass, limit)
	}
}

// spec is what RDS has rules about.
func (d Database) spec() engine.Spec {
	return engine.Spec{
		Engine: string(d.Engine), Version: d.Version, InstanceClass: d.InstanceClass,
		StorageGiB: d.StorageGiB, MaxStorageGiB: d.MaxStorageGiB, IOPS: d.IOPS, ThroughputMiBps: d.ThroughputMiBps,
		Name: d.Name, Username: d.Username,
		BackupDays: d.BackupDays, BackupWindow: d.BackupWindow, MaintenanceWindow: d.MaintenanceWindow,
		RotateAfterDays: d.RotateAfterDays, MonitoringSeconds: d.MonitoringSeconds, LogRetentionDays: d.LogRetentionDays,
		MaxConnections: d.MaxConnections, Parameters: d.Parameters, SnapshotIdentifier: d.SnapshotIdentifier,
		Proxy: engine.ProxySpec{MaxConnectionsPercent: d.Proxy.MaxConnectionsPercent, BorrowSeconds: d.Proxy.BorrowSeconds},
	}
}

// keysUnder returns a function from fields of a spec to settings keys: from Proxy.BorrowSeconds to
// database.proxy.borrowSeconds.
func keysUnder(section string) func(field string) string {
	return func(field string) string {
		key := section
		for _, step := range strings.Split(field, ".") {
			key += "." + camelCase(step)
		}
		return key
	}
}

// camelCase returns the name of a field as settings write it: cpuPercent for CPUPercent, iops for IOPS, runbookUrl for
// RunbookURL.
func camelCase(field string) string {
	letters := []rune(field)
	for i, letter := range letters {
		capital := func(at int) bool { return at >= 0 && at < len(field) && unicode.IsUpper(rune(field[at])) }
		begins := i+1 < len(field) && !capital(i+1) // a word
		if i == 0 || capital(i-1) && !begins {
			letters[i] = unicode.ToLower(letter)
		}
	}
	return string(letters)
}
