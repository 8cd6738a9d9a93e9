package settings

import (
	"regexp"
	"strings"

	"ha-web/internal/engine"
	"ha-web/internal/subnets"
	"ha-web/internal/validate"
)

// validate records every fault of the settings.
func (s *Settings) validate(faults *validate.Faults) {
	validate.OneOf(faults, "environment", s.Environment, Production, Development)
	if s.Region == "" {
		faults.Add(regionKey, "is required, such as us-east-1")
	}
	s.Network.validate(s.Region, faults)
	s.Web.validate(len(s.Network.AvailabilityZones), faults)
	s.Database.validate(s.Region, s.Web.Size.Max, faults)
	s.Secrets.validate(faults)
	s.Domain.validate(s.Region, faults)
}

func (n Network) validate(region string, faults *validate.Faults) {
	_, err := subnets.ParseVPC(n.CIDR)
	faults.Check("network.cidr", err)
	zones, err := subnets.ParseZones(n.AvailabilityZones)
	faults.Check("network.availabilityZones", err)
	if len(zones) > 0 && region != "" && zones[0].Region != region {
		faults.Add("network.availabilityZones", "%s is not in %s (%s)", zones[0].Name, regionKey, region)
	}
	validate.OneOf(faults, "network.natGateways", n.NATGateways, "perAz", "single", "none")
	faults.Check("network.interfaceEndpoints", validate.InterfaceEndpoints(n.InterfaceEndpoints))
	faults.Check("network.flowLogs.retentionDays", validate.RetentionDays(n.FlowLogs.RetentionDays))
}

func (w Web) validate(zones int, faults *validate.Faults) {
	faults.Between("web.port", w.Port, 1024, 65535)
	validate.OneOf(faults, "web.ingress", w.Ingress, "internet", "cloudfront")
	w.Size.validate(zones, w.Scaling, faults)
	faults.Between("web.scaling.cpuPercent", w.Scaling.CPUPercent, 0, 100)
	w.HealthCheck.validate(w.BootSeconds, faults)
}

func (s Size) validate(zones int, scaling Scaling, faults *validate.Faults) {
	if s.Min < max(zones, 1) {
		faults.Add("web.size.min", "must be at least the number of network.availabilityZones (%d), or a zone has no instance, got %d", zones, s.Min)
	}
	switch {
	case s.Max < s.Min:
		faults.Add("web.size.max", "must be at least web.size.min (%d), got %d", s.Min, s.Max)
	case s.Max == s.Min && scaling.CPUPercent > 0:
		// AWS: target tracking needs room to move (field note WT-8).
		faults.Add("web.size.max", "must be greater than web.size.min (%d), or web.scaling.cpuPercent 0, got %d", s.Min, s.Max)
	}
}

func (h HealthCheck) validate(bootSeconds int, faults *validate.Faults) {
	if !strings.HasPrefix(h.Path, "/") {
		faults.Add("web.healthCheck.path", "must begin with /, got %q", h.Path)
	}
	// Limits of target groups (Elastic Load Balancing API reference, CreateTargetGroup).
	faults.Between("web.healthCheck.intervalSeconds", h.IntervalSeconds, 5, 300)
	faults.Between("web.healthCheck.timeoutSeconds", h.TimeoutSeconds, 2, 120)
	if h.TimeoutSeconds >= h.IntervalSeconds {
		faults.Add("web.healthCheck.timeoutSeconds", "must be less than web.healthCheck.intervalSeconds (%d), got %d", h.IntervalSeconds, h.TimeoutSeconds)
	}
	faults.Between("web.healthCheck.healthyThreshold", h.HealthyThreshold, 2, 10)
	faults.Between("web.healthCheck.unhealthyThreshold", h.UnhealthyThreshold, 2, 10)
	faults.Between("web.bootSeconds", bootSeconds, 1, 7200)
	// Document 000, "Health check grace period too short"; rounded up.
	if least := (3*bootSeconds + 1) / 2; h.GraceSeconds < least {
		faults.Add("web.healthCheck.graceSeconds", "must be at least 1.5 times web.bootSeconds (%d), which is %d, got %d", bootSeconds, least, h.GraceSeconds)
	}
}

var regionName = regexp.MustCompile(`^[a-z]{2}(-[a-z]+)+-[0-9]$`)

func (d Database) validate(region string, instances int, faults *validate.Faults) {
	d.spec().Validate(faults, databaseKey)
	faults.Between("database.poolSize", d.PoolSize, 1, 10000)
	d.validateConnections(instances, faults)
	switch {
	case d.ReplicaRegion == "":
	case !regionName.MatchString(d.ReplicaRegion):
		faults.Add("database.replicaRegion", "must be a region such as us-west-2, got %q", d.ReplicaRegion)
	case d.ReplicaRegion == region:
		faults.Add("database.replicaRegion", "must be another region than %s (%s)", regionKey, region)
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

// databaseKey returns the settings key of a field of the spec: database.proxy.borrowSeconds for Proxy.BorrowSeconds.
func databaseKey(field string) string {
	steps := strings.Split(field, ".")
	for i, step := range steps {
		if step == "IOPS" {
			steps[i] = "iops"
		} else {
			steps[i] = strings.ToLower(step[:1]) + step[1:]
		}
	}
	return "database." + strings.Join(steps, ".")
}

func (s Secrets) validate(faults *validate.Faults) {
	faults.Check("secrets.names", validate.SecretNames(s.Names))
	validate.Among(faults, "secrets.values", s.Values, "secrets.names", s.Names)
	faults.Check("secrets.recoveryDays", validate.RecoveryDays(s.RecoveryDays))
}

var (
	hostName       = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}$`)
	certificateARN = regexp.MustCompile(`^arn:aws[a-z-]*:acm:([a-z0-9-]+):[0-9]{12}:certificate/[0-9a-f-]+$`)
)

func (d Domain) validate(region string, faults *validate.Faults) {
	if d.Name != "" && !hostName.MatchString(d.Name) {
		faults.Add("domain.name", "must be a host name such as learn.example.edu, got %q", d.Name)
	}
	if d.HostedZone != "" && d.Name != d.HostedZone && !strings.HasSuffix(d.Name, "."+d.HostedZone) {
		faults.Add("domain.name", "must lie in domain.hostedZone (%s), got %q", d.HostedZone, d.Name)
	}
	if d.CertificateARN == "" {
		return
	}
	parts := certificateARN.FindStringSubmatch(d.CertificateARN)
	switch {
	case parts == nil:
		faults.Add("domain.certificateArn", "must be the ARN of a certificate in ACM, got %q", d.CertificateARN)
	case parts[1] != region:
		faults.Add("domain.certificateArn", "must be in %s (%s), where the load balancer is, got %s", regionKey, region, parts[1])
	}
}
