package settings

import (
	"ha-web/internal/fields"
	"ha-web/internal/settings/network"
	"ha-web/internal/validate"
)

// validate records every fault of the settings.
func (s *Settings) validate(faults *validate.Faults) {
	f := validate.FieldsOf(faults, s, fields.ByTag)
	validate.Choice(f, &s.Environment)
	s.validateTags(f)
	if s.Region == "" {
		faults.Add(regionKey, "is required, such as us-east-1")
	} else {
		faults.Check(regionKey, validate.Region(s.Region))
	}
	s.Network.Validate(f)
	s.validateZones(f)
	s.Web.Validate(f, len(s.Network.AvailabilityZones))
	s.Web.ValidateSecretVariables(f, s.Secrets.Names)
	s.Web.ValidatePoolSize(f, s.Database.PoolSize, f.Name(&s.Database.PoolSize))
	s.validateAddresses(f)
	s.validateDatabase(f)
	s.Secrets.Validate(f)
	s.checkReplicaRegion(f, &s.Secrets.ReplicaRegion)
	s.Domain.Validate(f, s.Region)
	s.CDN.Validate(f)
	s.validateCDN(f)
	s.Monitoring.Validate(f, s.Region)
	s.Delivery.Validate(f)
	s.checkReplicaRegion(f, &s.Delivery.Repository.ReplicaRegion)
	s.validatePolicies(f)
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

// reservedAddresses are those of each subnet that AWS keeps for itself (Amazon VPC user guide, "Subnet CIDR blocks").
const reservedAddresses = 5

// validateAddresses records sizes of the web tier for which the private subnets lack addresses. Each of them has an interface of each
// interface endpoint as well, and one of the database proxy at least.
func (s *Settings) validateAddresses(f validate.Fields) {
	if _, err := network.ParseVPC(s.Network.CIDR); err != nil {
		return
	}
	taken := reservedAddresses + len(s.Network.InterfaceEndpoints)
	if s.Database.Proxy.Enabled {
		taken++
	}
	free := 0
	for _, zone := range s.Network.Subnets() {
		free += max(0, 1<<(32-zone.Private.Bits())-taken)
	}
	for _, size := range []*int{&s.Web.Size.Min, &s.Web.Size.Max} {
		if free > 0 && *size > free {
			f.Add(size, "must be at most %d, the free addresses in the private subnets of %s (%s), got %d", free, f.Name(&s.Network.CIDR), s.Network.CIDR, *size)
		}
	}
}

// validateDatabase records what is wrong with the database in a stack: in its region, and with its fleet.
func (s *Settings) validateDatabase(f validate.Fields) {
	d := &s.Database
	d.Validate(f)
	s.checkReplicaRegion(f, &d.ReplicaRegion)
	if region := d.SnapshotRegion(); region != "" && s.Region != "" && region != s.Region {
		f.Add(&d.SnapshotIdentifier, "must be a snapshot in %s (%s): copy it there first, got one in %s", regionKey, s.Region, region)
	}
	if region := d.Restore.Region(); region != "" && s.Region != "" && region != s.Region {
		f.Add(&d.Restore.BackupARN, "must be a backup in %s (%s), got one in %s", regionKey, s.Region, region)
	}
	s.validateConnections(f)
	s.validateExams(f)
}

// checkReplicaRegion records a fault unless a second region, which may be left out, is one.
func (s *Settings) checkReplicaRegion(f validate.Fields, second *string) {
	if *second == "" {
		return
	}
	f.Check(second, validate.Region(*second))
	if *second == s.Region {
		f.Add(second, "must be another region than %s (%s)", regionKey, s.Region)
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
