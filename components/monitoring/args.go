package monitoring

import (
	"cmp"
	"maps"
	"slices"

	"ha-web/internal/alarms"
	"ha-web/internal/component"
	"ha-web/internal/settings/database"
	"ha-web/internal/settings/network"
	"ha-web/internal/validate"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// What monitoring is asked to be. What is left out has the default of package alarms.
type (
	Thresholds = alarms.Thresholds
	Slack      = alarms.Slack
	Budget     = alarms.Budget
)

// Args describes Monitoring.
type Args struct {
	// Region is that of the component's provider. Required.
	Region string
	// KeyARN is the KMS key of topics and logs. Required. Its policy must let services publish, as that of Secrets does.
	KeyARN pulumi.StringInput

	// Pages hear of what someone has to get up for.
	Pages Subscribers
	// Notices hear of every alarm and event, for the record.
	Notices Subscribers
	// Slack is a channel that hears of both. Default none.
	Slack Slack
	// RunbookURL is where the runbook is, to which each alarm adds its own heading. Default docs/runbook.md.
	RunbookURL string
	// Thresholds are the values at which alarms go off. Default alarms.DefaultThresholds.
	Thresholds *Thresholds

	// Web, Database, NATGatewayIDs and CDN are what is watched.
	Web      Web
	Database Database
	// NATGatewayIDs are the NAT gateways, by the letter of their zone.
	NATGatewayIDs pulumi.StringMap
	CDN           CDN

	// ServiceNow gets incidents. Default none.
	ServiceNow ServiceNow
	// Datadog gets metrics. Default none.
	Datadog Datadog
	// Budget is what a month may cost. Default none.
	Budget Budget

	// LogRetentionDays is how long logs of deliveries are kept. Default 365 (Security Hub CloudWatch.16).
	LogRetentionDays int
	// Unprotected lets Pulumi delete the bucket of metrics that did not reach Datadog.
	Unprotected bool
	// Shared is what the components of a stack have in common.
	Shared component.Shared
}

// Subscribers are who hears of a topic. Whoever gets e-mail has to confirm it first.
type Subscribers struct {
	Email []string
	// HTTPS are endpoints, such as those of PagerDuty or Dynatrace, by a name of one's own. Their URLs are secret.
	HTTPS map[string]pulumi.StringInput
	// Functions are the ARNs of Lambda functions in the region of the component.
	Functions []string
}

// Web describes the load balancer and the fleet.
type Web struct {
	// LoadBalancerSuffix and TargetGroupSuffix are what metrics know the two by. Required.
	LoadBalancerSuffix, TargetGroupSuffix pulumi.StringInput
	// AutoScalingGroupName is the fleet. Required.
	AutoScalingGroupName pulumi.StringInput
	// Zones are those of the instances, such as us-east-1a. Required.
	Zones []string
	// MinSize is the fewest instances that there are at any time, MaxSize the most. Required.
	MinSize, MaxSize int
	// InstanceTypes are the machines.
	InstanceTypes []string
}

// Database describes the database and its proxy.
type Database struct {
	// Identifier is what metrics and events know the instance by, ParameterGroupName and SecretARN what belongs to it.
	// Required.
	Identifier, ParameterGroupName, SecretARN pulumi.StringInput
	// SecretReaders are the names of the roles that read that secret. Whoever else does raises an alarm. Required.
	SecretReaders pulumi.StringArray
	// Engine, InstanceClass and StorageGiB are those of the instance. Required.
	Engine, InstanceClass string
	StorageGiB            int
	// MaxConnections is the most connections that it takes. Default 0: what its memory allows.
	MaxConnections int
	// ProxyName is what metrics know the proxy by, nil where there is none.
	ProxyName pulumi.StringInput
	// ProxyPercent is the share of the connections that the proxy may open. Required with a proxy.
	ProxyPercent int
}

// CDN describes the distribution. Its alarms are in us-east-1, with topics of their own unless the component is there too.
type CDN struct {
	// Disabled says that there is none.
	Disabled bool
	// USEast1 is a provider for us-east-1. Required.
	USEast1 pulumi.ProviderResource
	// DistributionID is what metrics know the distribution by. Required.
	DistributionID pulumi.StringInput
	// CacheMetrics has CloudFront measure how much it serves from its caches, about 3 USD a month.
	CacheMetrics bool
	// NoFirewall says that it has none.
	NoFirewall bool
	// FirewallName is what metrics know the firewall by. Required with one.
	FirewallName pulumi.StringInput
}

// ServiceNow describes where incidents go. There is a route where Instance is set.
type ServiceNow struct {
	// Instance is the name before .service-now.com.
	Instance string
	// ImportSet is the table that takes incidents in. Default u_ha_web_incident.
	ImportSet string
	// Username and Password, a secret, or ClientID and ClientSecret, a secret, of an OAuth client.
	Username     string
	Password     pulumi.StringInput
	ClientID     string
	ClientSecret pulumi.StringInput
	// AssignmentGroup gets the incidents. Default none.
	AssignmentGroup string
	// Urgency and Impact of incidents, 1 to 3. Default 1 and 2.
	Urgency, Impact int
}

// Datadog describes where metrics go. They do where APIKey is set.
type Datadog struct {
	// APIKey is a secret.
	APIKey pulumi.StringInput
	// Site is that of one's account. Default datadoghq.com.
	Site string
	// Namespaces are the metrics that it gets, of the whole account in this region. Default alarms.DefaultNamespaces.
	Namespaces []string
}

// withDefaults returns a copy of the arguments in which everything left out has its default.
func (a Args) withDefaults() Args {
	a.RunbookURL = cmp.Or(a.RunbookURL, alarms.DefaultRunbook)
	usual := alarms.DefaultThresholds()
	a.Thresholds = cmp.Or(a.Thresholds, &usual)
	a.ServiceNow.ImportSet = cmp.Or(a.ServiceNow.ImportSet, alarms.DefaultImportSet)
	a.ServiceNow.Urgency = cmp.Or(a.ServiceNow.Urgency, alarms.DefaultUrgency)
	a.ServiceNow.Impact = cmp.Or(a.ServiceNow.Impact, alarms.DefaultImpact)
	a.Datadog.Site = cmp.Or(a.Datadog.Site, alarms.DefaultDatadogSite)
	if len(a.Datadog.Namespaces) == 0 {
		a.Datadog.Namespaces = alarms.DefaultNamespaces()
	}
	budget := alarms.DefaultBudget()
	a.Budget.ForecastPercent = cmp.Or(a.Budget.ForecastPercent, budget.ForecastPercent)
	a.Budget.ActualPercent = cmp.Or(a.Budget.ActualPercent, budget.ActualPercent)
	a.LogRetentionDays = cmp.Or(a.LogRetentionDays, 365)
	return a
}

// spec is what there are rules about.
func (a Args) spec() alarms.Spec {
	return alarms.Spec{
		Email: a.Pages.Email, HTTPS: names(a.Pages.HTTPS), Functions: a.Pages.Functions,
		NoticeEmail: a.Notices.Email, NoticeHTTPS: names(a.Notices.HTTPS), NoticeFunctions: a.Notices.Functions,
		Slack: a.Slack, RunbookURL: a.RunbookURL, Thresholds: *a.Thresholds, Budget: a.Budget,
		ServiceNow: alarms.ServiceNow{
			Instance: a.ServiceNow.Instance, ImportSet: a.ServiceNow.ImportSet, AssignmentGroup: a.ServiceNow.AssignmentGroup,
			Urgency: a.ServiceNow.Urgency, Impact: a.ServiceNow.Impact,
			Username: a.ServiceNow.Username != "", Password: a.ServiceNow.Password != nil,
			ClientID: a.ServiceNow.ClientID != "", ClientSecret: a.ServiceNow.ClientSecret != nil,
		},
		Datadog: alarms.Datadog{Site: a.Datadog.Site, Namespaces: a.Datadog.Namespaces},
	}
}

func names(endpoints map[string]pulumi.StringInput) []string {
	return slices.Sorted(maps.Keys(endpoints))
}

// nameLimit is the longest beginning of names in AWS: that of a rule of EventBridge has 64 letters, and Pulumi adds eight.
const nameLimit = 64 - len("-1234567") - len("-incident-open-cdn-us-east-1")

// plan is what follows from the arguments alone.
type plan struct {
	prefix string // of what people look up by its name
	zones  []network.Zone
	engine database.Engine
}

// plan returns what follows from the arguments, or every fault of them.
func (a Args) plan(name, stack string) (plan, error) {
	var faults validate.Faults
	var plan plan
	var err error
	plan.prefix, err = component.PhysicalName(name, stack, "", nameLimit)
	faults.Check("name", err)
	a.checkRequired(&faults)
	plan.zones, err = network.ParseZones(a.Web.Zones)
	faults.Check("Web.Zones", err)
	if a.Web.MaxSize < 1 || a.Web.MinSize > a.Web.MaxSize {
		faults.Add("Web.MaxSize", "must be at least 1 and Web.MinSize (%d), got %d", a.Web.MinSize, a.Web.MaxSize)
	}
	plan.engine = database.Engine(a.Database.Engine)
	if engines := plan.engine.Choices(); !slices.Contains(engines, a.Database.Engine) {
		faults.Add("Database.Engine", "must be %s, got %q", validate.OneOfText(engines), a.Database.Engine)
	}
	_, err = database.MemoryGiB(a.Database.InstanceClass)
	faults.Check("Database.InstanceClass", err)
	faults.Between("Database.StorageGiB", a.Database.StorageGiB, 1, database.MaxVolumeGiB)
	if a.Database.ProxyName != nil {
		faults.Between("Database.ProxyPercent", a.Database.ProxyPercent, 1, 100)
	}
	a.spec().Validate(&faults, func(field string) string { return field })
	faults.Check("LogRetentionDays", validate.RetentionDays(a.LogRetentionDays))
	return plan, faults.Err()
}

func (a Args) checkRequired(faults *validate.Faults) {
	if a.Region == "" {
		faults.Add("Region", "is required, such as us-east-1")
	}
	faults.Required("KeyARN", a.KeyARN)
	faults.Required("Web.LoadBalancerSuffix", a.Web.LoadBalancerSuffix)
	faults.Required("Web.TargetGroupSuffix", a.Web.TargetGroupSuffix)
	faults.Required("Web.AutoScalingGroupName", a.Web.AutoScalingGroupName)
	faults.Required("Database.Identifier", a.Database.Identifier)
	faults.Required("Database.ParameterGroupName", a.Database.ParameterGroupName)
	faults.Required("Database.SecretARN", a.Database.SecretARN)
	if !a.CDN.Disabled {
		faults.Required("CDN.USEast1", a.CDN.USEast1)
		faults.Required("CDN.DistributionID", a.CDN.DistributionID)
	}
	if !a.CDN.Disabled && !a.CDN.NoFirewall {
		faults.Required("CDN.FirewallName", a.CDN.FirewallName)
	}
	if len(a.Database.SecretReaders) == 0 {
		faults.Add("Database.SecretReaders", "needs at least one role: anyone who reads the secret would raise an alarm")
	}
}

// inputs are the arguments as Pulumi keeps them in the state of the component, but for secrets.
func (a Args) inputs() pulumi.Map {
	return pulumi.Map{
		"region":       pulumi.String(a.Region),
		"email":        pulumi.ToStringArray(a.Pages.Email),
		"noticeEmail":  pulumi.ToStringArray(a.Notices.Email),
		"zones":        pulumi.ToStringArray(a.Web.Zones),
		"minSize":      pulumi.Int(a.Web.MinSize),
		"maxSize":      pulumi.Int(a.Web.MaxSize),
		"cdn":          pulumi.Bool(!a.CDN.Disabled),
		"serviceNow":   pulumi.String(a.ServiceNow.Instance),
		"datadog":      pulumi.Bool(a.Datadog.APIKey != nil),
		"slackChannel": pulumi.String(a.Slack.ChannelID),
		"monthlyUsd":   pulumi.Int(a.Budget.MonthlyUSD),
		"keyArn":       a.KeyARN,
	}
}
