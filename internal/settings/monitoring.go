package settings

import (
	"maps"
	"slices"
	"strings"

	"ha-web/internal/alarms"
	"ha-web/internal/validate"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Monitoring describes what tells people how the site is.
type Monitoring struct {
	// Addresses that hear of what someone has to get up for. Each has to confirm a message from AWS first.
	Email []string `pulumi:"email,optional"`
	// Endpoints that hear of it, such as those of PagerDuty or Dynatrace, by a name of yours. Set them with `pulumi config set
	// --secret --path 'ha-web:monitoring.https.<name>'`: their URLs are secret.
	HTTPS map[string]SecretText `pulumi:"https,optional"`
	// Lambda functions that hear of it, by ARN, in the region of the stack.
	Functions []string `pulumi:"functions,optional"`
	// Who hears of every single alarm and event, for the record.
	Notices Notices `pulumi:"notices,optional"`
	// Channel that hears of both, by Amazon Q Developer in chat applications.
	Slack alarms.Slack `pulumi:"slack,optional"`
	// Address of the runbook, which alarms name. Left out: its path in this repository.
	RunbookURL string `pulumi:"runbookUrl,optional"`
	// Values at which alarms go off.
	// Cost: alarms and dashboard together about 10 USD.
	Thresholds alarms.Thresholds `pulumi:"thresholds,optional"`
	// Whether errors and slow answers stop a rollout that is under way. They also keep one from starting: turn it off to roll
	// out what mends them.
	StopRollouts bool `pulumi:"stopRollouts,optional"`
	// Roles that may read the secret of the database beside the stack's own, by name, such as that of a job that migrates the
	// schema. Anyone else who reads it raises an alarm, where the account has a CloudTrail trail.
	SecretReaders []string `pulumi:"secretReaders,optional"`
	// Whether CloudFront also measures how much it serves from its caches.
	// Cost: 3 USD.
	CacheMetrics bool `pulumi:"cacheMetrics,optional"`
	// Incidents in ServiceNow, one for each page. docs/monitoring.md says what it needs there.
	ServiceNow ServiceNow `pulumi:"serviceNow,optional"`
	// Metrics for Datadog.
	Datadog Datadog `pulumi:"datadog,optional"`
	// What a month may cost.
	Budget alarms.Budget `pulumi:"budget,optional"`
	// How long logs of deliveries are kept, in days, as network.flowLogs.retentionDays.
	LogRetentionDays int `pulumi:"logRetentionDays,optional"`
	// Whether Pulumi refuses to delete the bucket of metrics that Datadog did not take.
	DeletionProtection bool `pulumi:"deletionProtection,optional"`
}

// Notices describes who hears of every alarm and event.
type Notices struct {
	// Addresses, as email. Left out: those of email.
	Email []string `pulumi:"email,optional"`
	// Endpoints, as https.
	HTTPS map[string]SecretText `pulumi:"https,optional"`
	// Lambda functions, as functions.
	Functions []string `pulumi:"functions,optional"`
}

// ServiceNow describes where incidents go.
type ServiceNow struct {
	// Name of the instance, such as example for example.service-now.com. Left out: no incidents.
	Instance string `pulumi:"instance,optional"`
	// Import set table that takes them in.
	ImportSet string `pulumi:"importSet,optional"`
	// User with the right to write there.
	Username string `pulumi:"username,optional"`
	// Its password, set with `pulumi config set --secret --path 'ha-web:monitoring.serviceNow.password'`.
	Password SecretText `pulumi:"password,optional"`
	// OAuth client, in place of a user.
	ClientID string `pulumi:"clientId,optional"`
	// Its secret, set as password.
	ClientSecret SecretText `pulumi:"clientSecret,optional"`
	// Group that gets the incidents. Left out: nobody in particular.
	AssignmentGroup string `pulumi:"assignmentGroup,optional"`
	// Urgency of an incident, 1 (high) to 3.
	Urgency int `pulumi:"urgency,optional"`
	// Impact of an incident, 1 (high) to 3.
	Impact int `pulumi:"impact,optional"`
}

// Datadog describes where metrics go.
type Datadog struct {
	// API key, set with `pulumi config set --secret --path 'ha-web:monitoring.datadog.apiKey'`. Left out: no metrics.
	// Cost: 0.003 USD for 1000 updates of a metric, and what Datadog asks.
	APIKey SecretText `pulumi:"apiKey,optional"`
	// Site of your account, such as datadoghq.com, us5.datadoghq.com or datadoghq.eu.
	Site string `pulumi:"site,optional"`
	// Namespaces of CloudWatch that it gets, of the whole account in this region.
	Namespaces []string `pulumi:"namespaces,optional"`
}

func defaultMonitoring() Monitoring {
	return Monitoring{
		RunbookURL: alarms.DefaultRunbook, Thresholds: alarms.DefaultThresholds(), StopRollouts: true, CacheMetrics: true,
		ServiceNow: ServiceNow{
			ImportSet: alarms.DefaultImportSet, Urgency: alarms.DefaultUrgency, Impact: alarms.DefaultImpact,
		},
		Datadog: Datadog{Site: alarms.DefaultDatadogSite, Namespaces: alarms.DefaultNamespaces()},
		Budget:  alarms.DefaultBudget(), LogRetentionDays: 365, DeletionProtection: true,
	}
}

// Endpoints returns the URLs of the endpoints that hear of pages.
func (m Monitoring) Endpoints() map[string]pulumi.StringInput { return inputs(m.HTTPS) }

// NoticeEndpoints returns the URLs of the endpoints that hear of everything.
func (m Monitoring) NoticeEndpoints() map[string]pulumi.StringInput { return inputs(m.Notices.HTTPS) }

func (m Monitoring) validate(faults *validate.Faults) {
	if slices.Equal(m.Notices.Email, m.Email) {
		m.Notices.Email = nil // whose faults are those of email
	}
	alarms.Spec{
		Email: m.Email, HTTPS: slices.Sorted(maps.Keys(m.HTTPS)), Functions: m.Functions,
		NoticeEmail: m.Notices.Email, NoticeHTTPS: slices.Sorted(maps.Keys(m.Notices.HTTPS)), NoticeFunctions: m.Notices.Functions,
		Slack: m.Slack, RunbookURL: m.RunbookURL, SecretReaders: m.SecretReaders, Thresholds: m.Thresholds, Budget: m.Budget,
		ServiceNow: alarms.ServiceNow{
			Instance: m.ServiceNow.Instance, ImportSet: m.ServiceNow.ImportSet, AssignmentGroup: m.ServiceNow.AssignmentGroup,
			Urgency: m.ServiceNow.Urgency, Impact: m.ServiceNow.Impact,
			Username: m.ServiceNow.Username != "", Password: m.ServiceNow.Password != "",
			ClientID: m.ServiceNow.ClientID != "", ClientSecret: m.ServiceNow.ClientSecret != "",
		},
		Datadog: alarms.Datadog{Site: m.Datadog.Site, Namespaces: m.Datadog.Namespaces},
	}.Validate(faults, func(field string) string {
		return keysUnder("monitoring")(strings.TrimPrefix(field, "Pages.")) // who hears of pages comes first
	})
	checkURLs("monitoring.https", m.HTTPS, faults)
	checkURLs("monitoring.notices.https", m.Notices.HTTPS, faults)
	faults.Check("monitoring.logRetentionDays", validate.RetentionDays(m.LogRetentionDays))
}

// checkURLs records a fault for each endpoint that has no URL, without showing it.
func checkURLs(key string, endpoints map[string]SecretText, faults *validate.Faults) {
	for _, name := range slices.Sorted(maps.Keys(endpoints)) {
		// An offline plan cannot open what is encrypted.
		if url := string(endpoints[name]); url != sealed && !strings.HasPrefix(url, "https://") {
			faults.Add(key+"."+name, "must begin with https://")
		}
	}
}

// heard reports whether anyone hears of what someone has to get up for.
func (m Monitoring) heard() bool {
	return len(m.Email)+len(m.HTTPS)+len(m.Functions) > 0 || m.Slack.On() || m.ServiceNow.Instance != ""
}

// notes returns what a person should know about who hears of what.
func (m Monitoring) notes() []string {
	if m.heard() {
		return nil
	}
	return []string{"nobody hears of alarms: monitoring.email is empty, and so are https, functions, slack and serviceNow"}
}
