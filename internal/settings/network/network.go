// Package network holds the settings of the VPC, and what AWS requires of them. A stack file has them under network.
package network

import (
	"ha-web/internal/validate"
)

// Settings describe the VPC. The comments of the fields are the text of docs/settings.md.
type Settings struct {
	// IPv4 range of the VPC, from /16 to /22, in a private range. Each subnet gets 1/256 of it, and at least a /27. Changing
	// it replaces the VPC and everything in it, the database too: the update fails with database.deletionProtection on, and
	// else takes the site down for 30 minutes or longer and loses the data.
	CIDR string `pulumi:"cidr,optional"`
	// Two to six Availability Zones of aws:region, such as `[us-east-1a, us-east-1b]`. Each gets a public, a private and a data
	// subnet. Required. Adding a zone leaves the subnets of the others as they are. Leaving one out moves its instances; the
	// update fails while the database, its standby or its proxy use the subnets of that zone. A proxy uses those that it was
	// created in until database.proxy.enabled is turned off, and on again afterwards.
	AvailabilityZones []string `pulumi:"availabilityZones,optional"`
	// How private subnets reach the internet: `perAz` (a NAT gateway in each zone), `single` (one NAT gateway, in the first
	// zone listed: losing that zone cuts off the instances of every zone) or `none` (no internet access; instances reach AWS
	// through interface endpoints).
	// Cost: 33 USD for each gateway, and 0.045 USD a GB.
	NATGateways NATStrategy `pulumi:"natGateways,optional"`
	// AWS services that private subnets reach through an interface endpoint instead of a NAT gateway, by short name, such as
	// `[ssm, secretsmanager, ecr.api]`. S3 always has a gateway endpoint, which is free.
	// Cost: 7.30 USD for each service and zone.
	InterfaceEndpoints []string `pulumi:"interfaceEndpoints,optional"`
	// TCP ports, besides 443, on which instances may open connections to the internet, such as `[587]` for mail: at most 10 ports
	// from 1 to 32000. Security groups and network ACLs open them to every address. Ports of remote administration, such as 22,
	// are refused. Requires a NAT gateway. Left out: none.
	EgressPorts []int `pulumi:"egressPorts,optional"`
	// Flow logs: a record of the connections that the VPC accepted or rejected.
	FlowLogs FlowLogs `pulumi:"flowLogs,optional"`

	begun bool
}

// FlowLogs describe the record of the VPC's traffic.
type FlowLogs struct {
	// Whether flow logs are written to CloudWatch Logs.
	// Cost: 0.50 USD a GB.
	Enabled bool `pulumi:"enabled,optional"`
	// Days that CloudWatch Logs keeps flow logs: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827,
	// 2192, 2557, 2922, 3288 or 3653.
	RetentionDays int `pulumi:"retentionDays,optional"`
}

// NATStrategy is how private subnets reach the internet.
type NATStrategy string

const (
	// NATPerAZ gives each private subnet the NAT gateway of its own zone, so that losing a zone cuts off no other zone.
	NATPerAZ NATStrategy = "perAz"
	// NATSingle gives all private subnets one NAT gateway. It saves money and is a single point of failure.
	NATSingle NATStrategy = "single"
	// NATNone gives private subnets no way to the internet.
	NATNone NATStrategy = "none"
)

// Choices returns the strategies.
func (NATStrategy) Choices() []string {
	return []string{string(NATPerAZ), string(NATSingle), string(NATNone)}
}

// Default returns the settings of a stack file that sets none. AvailabilityZones has no default: AWS may add a zone to a
// region at any time, so that a list looked up at each update would not stay the same.
func Default() Settings {
	return Settings{
		CIDR:        "10.0.0.0/16",
		NATGateways: NATPerAZ,
		FlowLogs:    FlowLogs{Enabled: true, RetentionDays: 365}, // AWS Security Hub, CloudWatch.16
		begun:       true,
	}
}

// Validate records every fault of the settings.
func (s *Settings) Validate(f validate.Fields) {
	if !f.Begun(s, s.begun) {
		return
	}
	_, err := ParseVPC(s.CIDR)
	f.Check(&s.CIDR, err)
	_, err = ParseZones(s.AvailabilityZones)
	f.Check(&s.AvailabilityZones, err)
	validate.Choice(f, &s.NATGateways)
	for i := range s.InterfaceEndpoints {
		f.Check(&s.InterfaceEndpoints[i], checkEndpoint(s.InterfaceEndpoints[:i], s.InterfaceEndpoints[i]))
	}
	s.ValidateEgressPorts(f)
	f.Check(&s.FlowLogs.RetentionDays, validate.RetentionDays(s.FlowLogs.RetentionDays))
}

// Subnets returns the subnets of each zone, for settings without faults.
func (s *Settings) Subnets() []Subnets {
	vpc, _ := ParseVPC(s.CIDR)
	return Plan(vpc, s.Zones())
}

// Zones returns the Availability Zones, for settings without faults.
func (s *Settings) Zones() []Zone {
	zones, _ := ParseZones(s.AvailabilityZones)
	return zones
}
