// Package settings reads and checks the settings of a stack. It is the only reader of Pulumi config in the program,
// and the only place where settings have defaults.
package settings

import (
	"ha-web/internal/subnets"
	"ha-web/internal/validate"
)

// Settings are the settings of one stack. The comments of its fields are the text of docs/settings.md.
type Settings struct {
	// Region is where everything lives but what CloudFront wants in us-east-1. Its key is aws:region.
	Region string `setting:"-"`

	// What the stack is for: `production` or `development`. It is a tag on every resource.
	Environment Environment `setting:"environment"`
	// The VPC.
	Network Network `setting:"network"`
	// The load balancer and the fleet of application servers.
	Web Web `setting:"web"`
	// The database and its proxy.
	Database Database `setting:"database"`
	// The name of the site and its certificate. Without one the site has no TLS.
	Domain Domain `setting:"domain"`
}

// Environment is what a stack is for.
type Environment string

// The environments.
const (
	Production  Environment = "production"
	Development Environment = "development"
)

// Network describes the VPC.
type Network struct {
	// Address range of the VPC: a private IPv4 range from /16 to /22. A subnet is 1/256 of it, but at least a /27. It
	// cannot change later.
	CIDR string `setting:"cidr"`
	// Two to six zones of the region. Each gets a public, a private and a data subnet. Adding one moves no other.
	AvailabilityZones []string `setting:"availabilityZones"`
	// How private subnets reach the internet: `perAz` (a NAT gateway in each zone), `single` (one, in the first zone
	// listed, a single point of failure) or `none` (AWS through interface endpoints only).
	// Cost: 33 USD a gateway, and 0.045 USD a GB.
	NATGateways string `setting:"natGateways"`
	// AWS services reached without leaving the VPC, by short name: `ssm`, `secretsmanager`, `ecr.api`. S3 is always.
	// Cost: 7.30 USD a service and zone.
	InterfaceEndpoints []string `setting:"interfaceEndpoints"`
	// Record of all traffic that the VPC accepted or rejected.
	FlowLogs FlowLogs `setting:"flowLogs"`
}

// FlowLogs describes the record of the VPC's traffic.
type FlowLogs struct {
	// Whether flow logs are kept.
	// Cost: 0.50 USD a GB.
	Enabled bool `setting:"enabled"`
	// How long CloudWatch Logs keeps them, in days: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731 and
	// more.
	RetentionDays int `setting:"retentionDays"`
}

// Web describes the load balancer and the fleet.
type Web struct {
	// Port the application listens on, 1024 to 65535.
	Port int `setting:"port"`
	// Who reaches the load balancer: `internet`, or `cloudfront` (the servers of CloudFront only).
	Ingress string `setting:"ingress"`
	// How many instances there are.
	Size Size `setting:"size"`
	// How long an instance takes from launch to its first healthy answer, in seconds. Measure it.
	BootSeconds int `setting:"bootSeconds"`
	// How the load balancer tells whether an instance is healthy.
	HealthCheck HealthCheck `setting:"healthCheck"`
	// When the fleet grows and shrinks.
	Scaling Scaling `setting:"scaling"`
}

// Size is the size of the fleet, in instances.
type Size struct {
	// Fewest instances, at least one in each zone. Left out or 0: one in each zone.
	Min int `setting:"min"`
	// Most instances: the cap on what a surge, or an attack, can cost.
	Max int `setting:"max"`
}

// HealthCheck describes the load balancer's health check, and what the Auto Scaling group makes of it.
type HealthCheck struct {
	// Path that answers 200 while the instance can serve. It must not ask the database: a failover would then cost the
	// whole fleet.
	Path string `setting:"path"`
	// Seconds between two checks, 5 to 300.
	IntervalSeconds int `setting:"intervalSeconds"`
	// Seconds to wait for an answer, 2 to 120, and less than intervalSeconds.
	TimeoutSeconds int `setting:"timeoutSeconds"`
	// Good checks in a row, 2 to 10, before an instance gets requests.
	HealthyThreshold int `setting:"healthyThreshold"`
	// Failed checks in a row, 2 to 10, before it gets no more.
	UnhealthyThreshold int `setting:"unhealthyThreshold"`
	// Seconds after launch during which the Auto Scaling group ignores failed checks, at least 1.5 times bootSeconds: less
	// ends in a loop of launching and terminating.
	GraceSeconds int `setting:"graceSeconds"`
}

// Scaling describes when the fleet grows and shrinks.
type Scaling struct {
	// Average CPU load to keep, in percent, by adding and removing instances. 0 leaves the fleet at its smallest size.
	CPUPercent int `setting:"cpuPercent"`
}

// Database describes the database.
type Database struct {
	// `postgres`, `mysql` or `mariadb`.
	Engine Engine `setting:"engine"`
	// RDS Proxy between application and database. It keeps a growing fleet from exhausting the connections.
	Proxy Proxy `setting:"proxy"`
}

// Engine is a database engine.
type Engine string

// The engines.
const (
	Postgres Engine = "postgres"
	MySQL    Engine = "mysql"
	MariaDB  Engine = "mariadb"
)

// Port returns the port on which databases of the engine, and their proxies, listen.
func (e Engine) Port() int {
	if e == Postgres {
		return 5432
	}
	return 3306
}

// Proxy describes the database proxy.
type Proxy struct {
	// Whether there is one.
	// Cost: 22 USD and more, 11 USD for each vCPU of the database.
	Enabled bool `setting:"enabled"`
}

// Domain describes the site's name and certificate.
type Domain struct {
	// Host name of the site, such as learn.example.edu.
	Name string `setting:"name"`
	// Route 53 zone that holds the name, such as example.edu. Its certificate is then requested and validated there.
	HostedZone string `setting:"hostedZone"`
	// Certificate of the load balancer, where there is no hosted zone to validate one in. It must be in aws:region.
	CertificateARN string `setting:"certificateArn"`
}

// TLS reports whether the load balancer has a certificate.
func (d Domain) TLS() bool { return d.HostedZone != "" || d.CertificateARN != "" }

// Default returns the settings of a stack that sets nothing. What has no default, such as the zones, or one that depends
// on others, is zero.
func Default() *Settings {
	return &Settings{
		Environment: Production,
		Network: Network{
			CIDR:        "10.0.0.0/16",
			NATGateways: "perAz",
			FlowLogs:    FlowLogs{Enabled: true, RetentionDays: 365},
		},
		Web: Web{
			Port:        8080,
			Ingress:     "internet",
			Size:        Size{Max: 10},
			BootSeconds: 180,
			HealthCheck: HealthCheck{
				Path: "/health", IntervalSeconds: 20, TimeoutSeconds: 5, HealthyThreshold: 2, UnhealthyThreshold: 3,
				GraceSeconds: 300,
			},
			Scaling: Scaling{CPUPercent: 60},
		},
		Database: Database{Engine: Postgres, Proxy: Proxy{Enabled: true}},
	}
}

// derive gives the settings whose default depends on others their value.
func (s *Settings) derive() {
	if s.Web.Size.Min == 0 {
		s.Web.Size.Min = max(len(s.Network.AvailabilityZones), subnets.MinZones)
	}
}

// Parse returns the settings in the config of a stack: full keys, and values as the engine passes them to a program,
// structured ones as JSON. Keys of other namespaces than project's, aws:region excepted, are not its business. The
// error joins every fault.
func Parse(project string, config map[string]string) (*Settings, error) {
	settings := Default()
	settings.Region = config[regionKey]
	var faults, more validate.Faults
	decode(settings, project, config, &faults)
	settings.derive()
	settings.validate(&more)
	faults.Merge(more)
	if err := faults.Err(); err != nil {
		return nil, err
	}
	return settings, nil
}
