// Package monitoring holds the settings of alarms, of who is notified of them, and of the services that get metrics and
// incidents, and what AWS and those services require of them. A stack file has them under monitoring.
package monitoring

import (
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Settings describe monitoring. The comments of the fields are the text of docs/settings.md.
type Settings struct {
	// Email addresses that receive pages: notifications that someone must act on now. AWS sends each address a confirmation
	// request for each topic, and nothing else until it is confirmed.
	Email []string `pulumi:"email,optional"`
	// HTTPS endpoints that receive pages, such as those of PagerDuty or Dynatrace, by a name of your choice. Their URLs are
	// secret: set each with `pulumi config set --secret --path 'monitoring.https.<name>'`.
	HTTPS map[string]pulumi.StringInput `pulumi:"https,optional" begins:"https://"`
	// ARNs of Lambda functions that receive pages. The functions must be in aws:region.
	Functions []string `pulumi:"functions,optional"`
	// Who receives notices: a record of every single alarm and event, including those that page no one.
	Notices Notices `pulumi:"notices,optional"`
	// Slack channel that receives pages and notices, through Amazon Q Developer in chat applications (formerly AWS Chatbot).
	Slack Slack `pulumi:"slack,optional"`
	// URL of the runbook, which must begin with https://. The description of each alarm links to its section, such as
	// `<runbookUrl>#latency`. Left out: the path of the runbook in this repository.
	RunbookURL string `pulumi:"runbookUrl,optional"`
	// Values at which alarms go off.
	// Cost: about 15 USD for all alarms and the dashboard.
	Thresholds Thresholds `pulumi:"thresholds,optional"`
	// Whether the alarms on errors and latency stop an instance refresh that is in progress. While one of them is in ALARM no
	// refresh starts either: set this to false to roll out the fix.
	StopRollouts bool `pulumi:"stopRollouts,optional"`
	// Names of further IAM roles that may read the secret of the database, such as that of a job that migrates the schema. A
	// read by anyone else sets off an alarm, if the account has a CloudTrail trail.
	SecretReaders []string `pulumi:"secretReaders,optional"`
	// Whether CloudFront reports additional metrics, which include the cache hit rate.
	// Cost: 3 USD.
	CacheMetrics bool `pulumi:"cacheMetrics,optional"`
	// ServiceNow instance that gets an incident for each page. docs/monitoring.md describes what to set up there.
	ServiceNow ServiceNow `pulumi:"serviceNow,optional"`
	// Datadog account that gets CloudWatch metrics, through a metric stream.
	Datadog Datadog `pulumi:"datadog,optional"`
	// AWS budget, which sends notices when costs approach a monthly limit.
	Budget Budget `pulumi:"budget,optional"`
	// Days that CloudWatch Logs keeps the log of failed deliveries to Datadog: one of the values of
	// network.flowLogs.retentionDays.
	LogRetentionDays int `pulumi:"logRetentionDays,optional"`
	// Whether Pulumi refuses to delete the bucket that keeps metrics which Datadog did not accept. If false, deleting the bucket
	// deletes the objects in it.
	DeletionProtection bool `pulumi:"deletionProtection,optional"`

	begun bool
}

// Notices describe who receives a record of every alarm and event.
type Notices struct {
	// Email addresses that receive notices, confirmed like those of monitoring.email. Left out: those of monitoring.email.
	// `[]`: none.
	Email []string `pulumi:"email,optional"`
	// HTTPS endpoints that receive notices, by a name of your choice. Their URLs are secret: set each with `pulumi config set
	// --secret --path 'monitoring.notices.https.<name>'`.
	HTTPS map[string]pulumi.StringInput `pulumi:"https,optional" begins:"https://"`
	// ARNs of Lambda functions that receive notices. The functions must be in aws:region.
	Functions []string `pulumi:"functions,optional"`
}

// Slack describes a channel.
type Slack struct {
	// ID of the Slack workspace, such as T0123ABCD. First authorize AWS for the workspace, once, in the console of Amazon Q
	// Developer in chat applications.
	WorkspaceID string `pulumi:"workspaceId,optional"`
	// ID of the Slack channel, such as C0123ABCD. Invite the app @Amazon Q to a private channel.
	ChannelID string `pulumi:"channelId,optional"`
}

// Enabled reports whether there is a channel.
func (s *Slack) Enabled() bool { return s.WorkspaceID != "" || s.ChannelID != "" }

// Thresholds are the values at which alarms go off.
type Thresholds struct {
	// HTTP 5xx responses in a minute that the load balancer itself generates, for example because no instance responds.
	LoadBalancerErrors int `pulumi:"loadBalancerErrors,optional"`
	// HTTP 5xx responses of the application, in percent of all requests. The alarms zone-errors go off if one Availability Zone has
	// this many percentage points more than the others.
	ServerErrorPercent int `pulumi:"serverErrorPercent,optional"`
	// 99th percentile of the response time of the application, in milliseconds. The alarms zone-latency go off if one Availability
	// Zone exceeds it and is more than twice as slow as each of the others.
	LatencyMilliseconds int `pulumi:"latencyMilliseconds,optional"`
	// Requests in a minute below which alarms on latency do not go off, because a percentile of a few responses says nothing. With
	// the default, a quiet night pages no one. 0: any number of requests is enough.
	MinimumRequests int `pulumi:"minimumRequests,optional"`
	// Failed responses in a minute below which alarms on a share of errors do not go off: one error among ten requests at night is no
	// outage. 1: any failed response counts.
	MinimumErrors int `pulumi:"minimumErrors,optional"`
	// Instances in service, in percent of web.size.max. Near 100 the fleet can no longer scale out. The alarm goes off only while the
	// instances are also busier than web.scaling.cpuPercent, or than fleetLoadPercent without it.
	FleetFullPercent int `pulumi:"fleetFullPercent,optional"`
	// Average CPU utilization of the fleet, in percent.
	FleetLoadPercent int `pulumi:"fleetLoadPercent,optional"`
	// Used memory of the fullest instance, in percent. Each instance reports it by the CloudWatch agent.
	// Cost: 0.60 USD an instance for its metrics of memory and disk, and for those of the group.
	InstanceMemoryPercent int `pulumi:"instanceMemoryPercent,optional"`
	// Used space of the root volume of the fullest instance, in percent. Each instance reports it by the CloudWatch agent.
	InstanceDiskPercent int `pulumi:"instanceDiskPercent,optional"`
	// Remaining CPU credits of burstable instance types, such as t3, t4g or db.t4g. The alarm goes off below this number.
	CPUCredits int `pulumi:"cpuCredits,optional"`
	// CPU utilization of the database, in percent.
	DatabaseLoadPercent int `pulumi:"databaseLoadPercent,optional"`
	// Free storage of the database, in percent of the storage that it has now, as of the last `pulumi up` or refresh. The alarm goes
	// off below it. RDS storage autoscaling grows the volume below 10 percent, so that a smaller value goes off only when
	// autoscaling does not help.
	FreeStoragePercent int `pulumi:"freeStoragePercent,optional"`
	// Free memory of the database, in percent. The alarm goes off below it.
	FreeMemoryPercent int `pulumi:"freeMemoryPercent,optional"`
	// Open connections to the database, in percent of the most that it accepts.
	ConnectionsPercent int `pulumi:"connectionsPercent,optional"`
	// Read or write latency of the database's storage, in milliseconds.
	DatabaseLatencyMilliseconds int `pulumi:"databaseLatencyMilliseconds,optional"`
	// Read and write requests that wait for the database's storage.
	DiskQueueDepth int `pulumi:"diskQueueDepth,optional"`
	// Time that RDS Proxy takes to get a connection for a client, in milliseconds.
	BorrowMilliseconds int `pulumi:"borrowMilliseconds,optional"`
	// Pinned connections of RDS Proxy, in percent of those that it may open. A pinned connection serves one client only.
	PinnedPercent int `pulumi:"pinnedPercent,optional"`
	// HTTP 5xx responses of CloudFront, in percent of all requests.
	CDNErrorPercent int `pulumi:"cdnErrorPercent,optional"`
	// Requests that AWS WAF blocks in five minutes.
	BlockedRequests int `pulumi:"blockedRequests,optional"`
	// Requests that cdn.waf.rateLimit blocks in five minutes, twice in a row. It pages: a lecture hall behind one address gets 429
	// for as long as it lasts.
	RateLimitedRequests int `pulumi:"rateLimitedRequests,optional"`
}

// ServiceNow describes where incidents go, and how EventBridge signs in there.
type ServiceNow struct {
	// Name of the ServiceNow instance, such as `example` for example.service-now.com. Left out: no incidents.
	Instance string `pulumi:"instance,optional"`
	// Name of the import set table in ServiceNow that receives a row for each page.
	ImportSet string `pulumi:"importSet,optional"`
	// ServiceNow user with the right to write to the import set table, for basic authentication. Set either username and
	// password, or clientId and clientSecret.
	Username string `pulumi:"username,optional"`
	// Password of the ServiceNow user. It is a secret: set it with `pulumi config set --secret --path
	// 'monitoring.serviceNow.password'`.
	Password pulumi.StringInput `pulumi:"password,optional"`
	// OAuth client ID in ServiceNow, for the client credentials grant.
	ClientID string `pulumi:"clientId,optional"`
	// OAuth client secret in ServiceNow. Set it with `pulumi config set --secret --path
	// 'monitoring.serviceNow.clientSecret'`.
	ClientSecret pulumi.StringInput `pulumi:"clientSecret,optional"`
	// Assignment group of the incidents in ServiceNow. Left out: incidents are unassigned.
	AssignmentGroup string `pulumi:"assignmentGroup,optional"`
	// Urgency of the incidents in ServiceNow: 1 (high), 2 or 3 (low).
	Urgency int `pulumi:"urgency,optional"`
	// Impact of the incidents in ServiceNow: 1 (high), 2 or 3 (low).
	Impact int `pulumi:"impact,optional"`
}

// Enabled reports whether there are incidents.
func (s *ServiceNow) Enabled() bool { return s.Instance != "" }

// Datadog describes where metrics go.
type Datadog struct {
	// Datadog API key. It is a secret: set it with `pulumi config set --secret --path 'monitoring.datadog.apiKey'`. Left
	// out: no metrics go to Datadog.
	// Cost: 0.003 USD for 1000 metric updates, besides what Datadog charges.
	APIKey pulumi.StringInput `pulumi:"apiKey,optional"`
	// Datadog site of the account, such as datadoghq.com, us5.datadoghq.com or datadoghq.eu.
	Site string `pulumi:"site,optional"`
	// CloudWatch namespaces to stream to Datadog. A stream includes the metrics of the whole AWS account in the region, not only
	// those of this stack.
	Namespaces []string `pulumi:"namespaces,optional"`
}

// Enabled reports whether metrics go to Datadog.
func (d *Datadog) Enabled() bool { return d.APIKey != nil }

// Budget describes an AWS budget.
type Budget struct {
	// Monthly cost limit, in USD. 0: no budget.
	MonthlyUSD int `pulumi:"monthlyUsd,optional"`
	// Forecast cost of the month, in percent of monthlyUsd, above which the budget sends a notice.
	ForecastPercent int `pulumi:"forecastPercent,optional"`
	// Actual cost of the month, in percent of monthlyUsd, above which the budget sends a notice.
	ActualPercent int `pulumi:"actualPercent,optional"`
	// Tag of the resources whose cost counts, as key and value: `Project$ha-web`. Activate the key as a cost allocation tag in
	// the Billing console first; until then the cost is 0. Left out: the whole AWS account counts.
	Tag string `pulumi:"tag,optional"`
}

const (
	// DefaultRunbook is the runbook of this repository.
	DefaultRunbook     = "docs/runbook.md"
	defaultImportSet   = "u_ha_web_incident" // docs/monitoring.md sets it up
	defaultDatadogSite = "datadoghq.com"
)

// Default returns the settings of a stack file that sets none. Notices.Email depends on Email: see Resolved.
func Default() Settings {
	return Settings{
		RunbookURL: DefaultRunbook, Thresholds: DefaultThresholds(), StopRollouts: true, CacheMetrics: true,
		ServiceNow: ServiceNow{ImportSet: defaultImportSet, Urgency: 1, Impact: 2},
		Datadog: Datadog{Site: defaultDatadogSite, Namespaces: []string{
			"AWS/ApplicationELB", "AWS/AutoScaling", "AWS/CloudFront", "AWS/EC2", "AWS/NATGateway", "AWS/RDS", "AWS/WAFV2", "CWAgent",
		}},
		Budget:             Budget{ForecastPercent: 100, ActualPercent: 80},
		LogRetentionDays:   365, // AWS Security Hub, CloudWatch.16
		DeletionProtection: true,
		begun:              true,
	}
}

// DefaultThresholds returns the thresholds of a stack file that sets none.
func DefaultThresholds() Thresholds {
	return Thresholds{
		LoadBalancerErrors: 10, ServerErrorPercent: 5, LatencyMilliseconds: 2000, MinimumRequests: 100, MinimumErrors: 10,
		FleetFullPercent: 90, FleetLoadPercent: 85, CPUCredits: 20,
		InstanceMemoryPercent: 90, InstanceDiskPercent: 85,
		DatabaseLoadPercent: 80, FreeStoragePercent: 8, FreeMemoryPercent: 10, ConnectionsPercent: 80,
		DatabaseLatencyMilliseconds: 20, DiskQueueDepth: 64,
		BorrowMilliseconds: 100, // a tenth of the delay that interrupts a person (Nielsen, "Response Times", 1993)
		PinnedPercent:      50,
		CDNErrorPercent:    5, BlockedRequests: 2000, RateLimitedRequests: 1000,
	}
}

// Resolved returns the settings with those that depend on others.
func (s Settings) Resolved() Settings {
	if s.Notices.Email == nil {
		s.Notices.Email = slices.Clone(s.Email)
	}
	return s
}

// NotifiesOnCall reports whether anyone receives pages.
func (s *Settings) NotifiesOnCall() bool {
	return len(s.Email)+len(s.HTTPS)+len(s.Functions) > 0 || s.Slack.Enabled() || s.ServiceNow.Enabled()
}

// Notes returns what a person should know about these settings before deploying them.
func (s *Settings) Notes() []string {
	if s.NotifiesOnCall() {
		return nil
	}
	return []string{"no one is notified of alarms: set monitoring.email, https, functions, slack or serviceNow"}
}
