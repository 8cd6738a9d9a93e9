package vpc

import (
	"cmp"

	"ha-web/internal/subnets"
	"ha-web/internal/validate"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// NATStrategy decides how the private subnets reach the internet.
type NATStrategy string

const (
	// NATPerAZ gives each private subnet the NAT gateway of its own zone, so that the loss of a zone costs no other
	// zone its way out (document 000, "Single NAT Gateway SPOF"). About 33 USD a month for each zone, and 0.045 USD a GB.
	NATPerAZ NATStrategy = "perAz"
	// NATSingle gives all private subnets one NAT gateway, in the first zone listed. It saves money and is a single
	// point of failure: losing that zone, every instance loses the internet.
	NATSingle NATStrategy = "single"
	// NATNone gives no private subnet a way out. Instances then reach AWS through interface endpoints alone.
	NATNone NATStrategy = "none"
)

// FlowLogs describes the record of all traffic that the VPC accepted or rejected.
type FlowLogs struct {
	// Disabled leaves the flow logs out (Security Hub EC2.6 then fails).
	Disabled bool
	// RetentionDays is how long CloudWatch Logs keeps them: 365 days by default, what Security Hub CloudWatch.16 asks for.
	RetentionDays int
}

// Args describes a Vpc.
type Args struct {
	// CIDR is the address range, a private IPv4 range from /16 to /22. Default 10.0.0.0/16. It cannot change later.
	CIDR string
	// AvailabilityZones names two to six zones of one region, such as us-east-1a. Required: AWS may add zones to a
	// region at any time, so a list that was looked up is not stable (field note VPC-7).
	AvailabilityZones []string
	// NATGateways is how private subnets reach the internet. Default NATPerAZ.
	NATGateways NATStrategy
	// InterfaceEndpoints names the AWS services that private subnets reach without leaving the VPC, by short name: ssm,
	// secretsmanager, ecr.api. Default none. Each costs about 7.30 USD a month in each zone.
	InterfaceEndpoints []string
	// FlowLogs are kept by default.
	FlowLogs FlowLogs
	// PermissionsBoundary is the ARN of a policy: the most that any role may do. Default nil: none.
	PermissionsBoundary pulumi.StringInput
	// Tags go on every resource, beside its Name.
	Tags pulumi.StringMap
}

// withDefaults returns a copy of the arguments in which everything left out has its default.
func (a Args) withDefaults() Args {
	a.CIDR = cmp.Or(a.CIDR, "10.0.0.0/16")
	a.NATGateways = cmp.Or(a.NATGateways, NATPerAZ)
	a.FlowLogs.RetentionDays = cmp.Or(a.FlowLogs.RetentionDays, 365)
	return a
}

// plan returns the subnets of each zone, or every fault of the arguments.
func (a Args) plan() ([]subnets.Subnets, error) {
	var faults validate.Faults
	network, err := subnets.ParseVPC(a.CIDR)
	faults.Check("CIDR", err)
	zones, err := subnets.ParseZones(a.AvailabilityZones)
	faults.Check("AvailabilityZones", err)
	validate.OneOf(&faults, "NATGateways", a.NATGateways, NATPerAZ, NATSingle, NATNone)
	faults.Check("InterfaceEndpoints", validate.InterfaceEndpoints(a.InterfaceEndpoints))
	faults.Check("FlowLogs.RetentionDays", validate.RetentionDays(a.FlowLogs.RetentionDays))
	if err := faults.Err(); err != nil {
		return nil, err
	}
	return subnets.Plan(network, zones), nil
}

// inputs are the arguments as Pulumi keeps them in the state of the component.
func (a Args) inputs() pulumi.Map {
	return pulumi.Map{
		"cidr":               pulumi.String(a.CIDR),
		"availabilityZones":  pulumi.ToStringArray(a.AvailabilityZones),
		"natGateways":        pulumi.String(a.NATGateways),
		"interfaceEndpoints": pulumi.ToStringArray(a.InterfaceEndpoints),
		"flowLogs": pulumi.Map{
			"disabled":      pulumi.Bool(a.FlowLogs.Disabled),
			"retentionDays": pulumi.Int(a.FlowLogs.RetentionDays),
		},
	}
}
