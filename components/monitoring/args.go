package monitoring

import (
	"ha-web/internal/component"
	"ha-web/internal/fields"
	"ha-web/internal/settings/cdn"
	"ha-web/internal/settings/database"
	"ha-web/internal/settings/monitoring"
	"ha-web/internal/settings/network"
	"ha-web/internal/settings/web"
	"ha-web/internal/validate"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Settings describe Monitoring. They begin as Default.
type (
	Settings   = monitoring.Settings
	Notices    = monitoring.Notices
	Slack      = monitoring.Slack
	Thresholds = monitoring.Thresholds
	ServiceNow = monitoring.ServiceNow
	Datadog    = monitoring.Datadog
	Budget     = monitoring.Budget
)

// Default returns the default settings, by which alarms notify no one.
func Default() Settings { return monitoring.Default() }

// Args describes Monitoring: its settings, and what it watches.
type Args struct {
	// Settings describe alarms, and who is notified of them.
	Settings *Settings `pulumi:"settings,optional"`
	// Region is the region of the component's provider, such as us-east-1.
	Region string `pulumi:"region"`
	// KeyARN is the KMS key of topics and logs. Its policy must let services publish to the topics, as that of Secrets does.
	KeyARN pulumi.StringInput `pulumi:"keyArn"`

	Web      Web      `pulumi:"web"`
	Database Database `pulumi:"database"`
	Network  Network  `pulumi:"network"`
	CDN      CDN      `pulumi:"cdn,optional"`

	// Shared is what the components of a stack have in common.
	Shared component.Shared `pulumi:"shared,optional"`
}

// Web describes the load balancer and the fleet.
type Web struct {
	// Settings are those of the web tier.
	Settings *web.Settings `pulumi:"settings,optional"`
	// LoadBalancerSuffix and TargetGroupSuffix identify the two in metrics.
	LoadBalancerSuffix pulumi.StringInput `pulumi:"loadBalancerSuffix"`
	TargetGroupSuffix  pulumi.StringInput `pulumi:"targetGroupSuffix"`
	// AutoScalingGroupName is the Auto Scaling group of the fleet.
	AutoScalingGroupName pulumi.StringInput `pulumi:"autoScalingGroupName"`
}

// Database describes the database and its proxy.
type Database struct {
	// Settings are those of the database and its proxy.
	Settings *database.Settings `pulumi:"settings,optional"`
	// Identifier identifies the database in metrics and events.
	Identifier pulumi.StringInput `pulumi:"identifier"`
	// AllocatedGiB is the storage that the database instance has now, in GiB. RDS storage autoscaling adds to it.
	AllocatedGiB pulumi.IntInput `pulumi:"allocatedGib"`
	// ParameterGroupName is the parameter group of the database.
	ParameterGroupName pulumi.StringInput `pulumi:"parameterGroupName"`
	// SecretARN is the secret of the database.
	SecretARN pulumi.StringInput `pulumi:"secretArn"`
	// SecretReaders are the names of the IAM roles of the stack that read the secret, besides those in Settings.SecretReaders. A
	// read by anyone else sets off an alarm.
	SecretReaders pulumi.StringArray `pulumi:"secretReaders"`
	// ProxyName identifies the proxy in metrics. Required with a proxy.
	ProxyName pulumi.StringInput `pulumi:"proxyName,optional"`
}

// Network describes the VPC.
type Network struct {
	// Settings are those of the VPC, for its Availability Zones.
	Settings *network.Settings `pulumi:"settings,optional"`
	// NATGatewayIDs are the NAT gateways, by the letter of their zone.
	NATGatewayIDs pulumi.StringMap `pulumi:"natGatewayIds,optional"`
}

// CDN describes the distribution. CloudFront reports its metrics in us-east-1, where its alarms have topics of their own, unless the
// component is there too.
type CDN struct {
	// Settings are those of the distribution.
	Settings *cdn.Settings `pulumi:"settings,optional"`
	// USEast1 is a provider for us-east-1. Required with a distribution.
	USEast1 pulumi.ProviderResource
	// DistributionID identifies the distribution in metrics. Required with a distribution.
	DistributionID pulumi.StringInput `pulumi:"distributionId,optional"`
	// FirewallName identifies the web ACL in metrics. Required with a web ACL.
	FirewallName pulumi.StringInput `pulumi:"firewallName,optional"`
}

// nameLimit is the longest prefix of names in AWS: the name of an EventBridge rule has at most 64 characters, and Pulumi adds
// eight.
const nameLimit = 64 - len("-1234567") - len("-incident-open-cdn-us-east-1")

// prefixOf returns what the names in AWS of alarms and topics begin with.
func prefixOf(name, stack string) (string, error) {
	return component.PhysicalName(name, stack, "", nameLimit)
}

// resolve returns a copy of the arguments with everything that is left out, and the prefix of names in AWS, or every fault of
// them.
func (a Args) resolve(name, stack string) (*Args, string, error) {
	settings := component.SettingsOr(a.Settings, Default).Resolved()
	a.Settings = &settings
	vpc := component.SettingsOr(a.Network.Settings, network.Default)
	a.Network.Settings = &vpc
	tier := component.SettingsOr(a.Web.Settings, web.Default).Resolved(len(vpc.AvailabilityZones))
	a.Web.Settings = &tier
	rds := component.SettingsOr(a.Database.Settings, database.Default).Resolved()
	a.Database.Settings = &rds
	distribution := component.SettingsOr(a.CDN.Settings, cdn.Default)
	a.CDN.Settings = &distribution

	var faults validate.Faults
	prefix, err := prefixOf(name, stack)
	faults.Check("name", err)
	f := validate.FieldsOf(&faults, &a, fields.ByName)
	f.RequireTagged()
	a.Settings.Validate(f, a.Region)
	vpc.Validate(f)
	tier.Validate(f, len(vpc.AvailabilityZones))
	a.Database.validate(f)
	a.CDN.validate(f)
	return &a, prefix, faults.Err()
}

func (d *Database) validate(f validate.Fields) {
	d.Settings.Validate(f)
	if d.Settings.Proxy.Enabled {
		f.Required(&d.ProxyName)
	}
}

func (c *CDN) validate(f validate.Fields) {
	c.Settings.Validate(f)
	if !c.Settings.Enabled {
		return
	}
	f.Required(&c.USEast1)
	f.Required(&c.DistributionID)
	if c.Settings.WAF.Enabled {
		f.Required(&c.FirewallName)
	}
}
