package settings

import (
	"strings"
	"unicode"

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
	s.validateDatabase(f, faults)
	s.Secrets.Validate(f)
	s.Domain.Validate(f, s.Region)
	s.CDN.Validate(f)
	s.validateCDN(f, faults)
	s.Monitoring.validate(faults)
	s.Delivery.Validate(f)
	s.Access.Validate(f)
	s.validateSignIn(f)
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

// validateDatabase records what is wrong with the database in a stack: in its region, and with its fleet.
func (s *Settings) validateDatabase(f validate.Fields, faults *validate.Faults) {
	d := &s.Database
	d.Validate(f)
	checkReplicaRegion(f.Name(&d.ReplicaRegion), d.ReplicaRegion, s.Region, faults)
	if region := d.SnapshotRegion(); region != "" && s.Region != "" && region != s.Region {
		f.Add(&d.SnapshotIdentifier, "must be a snapshot in %s (%s): copy it there first, got one in %s", regionKey, s.Region, region)
	}
	s.validateConnections(f)
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

// validateConnections records a database that does not accept the connections of the largest fleet. A proxy shares them.
func (s *Settings) validateConnections(f validate.Fields) {
	d := &s.Database
	instances, limit := s.Web.Size.Max, d.Connections()
	if needed := instances * d.PoolSize; limit > 0 && needed > limit && !d.Proxy.Enabled {
		f.Add(&d.PoolSize, "%d connections from each of web.size.max (%d) instances are %d, and %s on %s accepts about %d: "+
			"turn on %s, choose a larger %s, or lower one of them",
			d.PoolSize, instances, needed, d.Engine, d.InstanceClass, limit, f.Name(&d.Proxy.Enabled), f.Name(&d.InstanceClass))
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
