// Package alarms knows what can be asked of the monitoring of a stack: when alarms go off, who hears of them, and what the
// services in between accept. Settings and the Monitoring component share its types, its defaults and its rules; it knows
// neither.
//
// The comments of fields with a setting tag are the text of docs/settings.md.
package alarms

// Thresholds are the values at which alarms go off.
type Thresholds struct {
	// Answers 5xx in a minute that the load balancer makes up itself, because no server gave one.
	LoadBalancerErrors int `pulumi:"loadBalancerErrors,optional"`
	// Share of answers 5xx among those of the servers, in percent.
	ServerErrorPercent int `pulumi:"serverErrorPercent,optional"`
	// Time in which 99 of 100 answers of the servers are there, in milliseconds.
	LatencyMilliseconds int `pulumi:"latencyMilliseconds,optional"`
	// Share of web.size.max that is in service, in percent: beyond it the fleet can hardly grow.
	FleetFullPercent int `pulumi:"fleetFullPercent,optional"`
	// Average CPU load of the fleet, in percent.
	FleetLoadPercent int `pulumi:"fleetLoadPercent,optional"`
	// CPU credits left, of burstable machines (t3, t4g, db.t4g and the like).
	CPUCredits int `pulumi:"cpuCredits,optional"`
	// CPU load of the database, in percent.
	DatabaseLoadPercent int `pulumi:"databaseLoadPercent,optional"`
	// Free storage of the database, in percent of database.storageGiB. AWS grows the volume when less than 10 are left: a
	// smaller number goes off only where it does not.
	FreeStoragePercent int `pulumi:"freeStoragePercent,optional"`
	// Free memory of the database, in percent.
	FreeMemoryPercent int `pulumi:"freeMemoryPercent,optional"`
	// Share of the connections that the database takes, in percent.
	ConnectionsPercent int `pulumi:"connectionsPercent,optional"`
	// Time that the database's storage takes to read, or to write, in milliseconds.
	DatabaseLatencyMilliseconds int `pulumi:"databaseLatencyMilliseconds,optional"`
	// Reads and writes that wait for the database's storage.
	DiskQueueDepth int `pulumi:"diskQueueDepth,optional"`
	// Time that the database proxy takes to find a connection for a client, in milliseconds.
	BorrowMilliseconds int `pulumi:"borrowMilliseconds,optional"`
	// Share of the proxy's connections that are pinned to one client each, in percent: it cannot share them.
	PinnedPercent int `pulumi:"pinnedPercent,optional"`
	// Share of answers 5xx among those of CloudFront, in percent.
	CDNErrorPercent int `pulumi:"cdnErrorPercent,optional"`
	// Requests that the firewall blocks in five minutes.
	BlockedRequests int `pulumi:"blockedRequests,optional"`
}

// DefaultThresholds are those of the field notes (section 7) and, where these are silent, of the comments here.
func DefaultThresholds() Thresholds {
	return Thresholds{
		LoadBalancerErrors: 10, ServerErrorPercent: 5, LatencyMilliseconds: 2000,
		FleetFullPercent: 90, FleetLoadPercent: 85, CPUCredits: 20,
		DatabaseLoadPercent: 80, FreeStoragePercent: 8, FreeMemoryPercent: 10, ConnectionsPercent: 80,
		DatabaseLatencyMilliseconds: 20, DiskQueueDepth: 64,
		BorrowMilliseconds: 100, // a tenth of what a person notices (Nielsen, "Response Times", 1993)
		PinnedPercent:      50,
		CDNErrorPercent:    5, BlockedRequests: 2000,
	}
}

// Slack is a channel that hears of alarms, by Amazon Q Developer in chat applications (AWS Chatbot).
type Slack struct {
	// Workspace, such as T0123ABCD. Someone has to let AWS into it once, in the console of Amazon Q Developer in chat
	// applications.
	WorkspaceID string `pulumi:"workspaceId,optional"`
	// Channel, such as C0123ABCD. A private one needs the app @Amazon Q as a member.
	ChannelID string `pulumi:"channelId,optional"`
}

// On reports whether there is a channel.
func (s Slack) On() bool { return s.WorkspaceID != "" || s.ChannelID != "" }

// Budget is what a month may cost.
type Budget struct {
	// Cost of a month, in USD. 0: no budget.
	MonthlyUSD int `pulumi:"monthlyUsd,optional"`
	// Forecast for the month, in percent of that, that is told to the notices.
	ForecastPercent int `pulumi:"forecastPercent,optional"`
	// Cost so far, in percent of it, that is told.
	ActualPercent int `pulumi:"actualPercent,optional"`
	// Tag of what counts, as `Project$ha-web`. Someone has to activate its key as a cost allocation tag first, in the Billing
	// console; until then nothing counts. Left out: the whole account.
	Tag string `pulumi:"tag,optional"`
}

// DefaultBudget has no amount.
func DefaultBudget() Budget { return Budget{ForecastPercent: 100, ActualPercent: 80} }

// DefaultDatadogSite is that of Datadog's first region.
const DefaultDatadogSite = "datadoghq.com"

// DefaultNamespaces are the metrics of a stack.
func DefaultNamespaces() []string {
	return []string{
		"AWS/ApplicationELB", "AWS/AutoScaling", "AWS/CloudFront", "AWS/EC2", "AWS/NATGateway", "AWS/RDS", "AWS/WAFV2", "CWAgent",
	}
}

// DefaultRunbook is the runbook of this repository.
const DefaultRunbook = "docs/runbook.md"

// What ServiceNow is told by default: an import set of one's own (docs/monitoring.md), and how urgent its incidents are.
const (
	DefaultImportSet = "u_ha_web_incident"
	DefaultUrgency   = 1
	DefaultImpact    = 2
)

// Spec is what monitoring is asked to be, as far as someone has rules about it.
type Spec struct {
	Email, NoticeEmail         []string
	HTTPS, NoticeHTTPS         []string // names
	Functions, NoticeFunctions []string
	Slack                      Slack
	RunbookURL                 string
	SecretReaders              []string
	Thresholds                 Thresholds
	ServiceNow                 ServiceNow
	Datadog                    Datadog
	Budget                     Budget
}

// ServiceNow is where incidents go, and whether each part of the credentials is there.
type ServiceNow struct {
	Instance, ImportSet, AssignmentGroup       string
	Urgency, Impact                            int
	Username, Password, ClientID, ClientSecret bool
}

// Datadog is where metrics go.
type Datadog struct {
	Site       string
	Namespaces []string
}
