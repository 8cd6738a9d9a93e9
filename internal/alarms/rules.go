package alarms

import (
	"net/mail"
	"regexp"
	"slices"
	"strings"

	"ha-web/internal/validate"
)

// Validate records every fault of the spec. key gives the fields, such as Thresholds.DiskQueueDepth, the names that whoever
// asks knows them by.
func (s Spec) Validate(faults *validate.Faults, key func(field string) string) {
	fields := validate.Named{Faults: faults, Name: key}
	for _, each := range []struct {
		field   string
		list    []string
		correct func(string) bool
		rule    string
	}{
		{"Pages.Email", s.Email, isAddress, "must be an address such as oncall@example.edu"},
		{"Notices.Email", s.NoticeEmail, isAddress, "must be an address such as oncall@example.edu"},
		{"Pages.HTTPS", s.HTTPS, validate.Label, "must have a name of small letters, digits and single hyphens"},
		{"Notices.HTTPS", s.NoticeHTTPS, validate.Label, "must have a name of small letters, digits and single hyphens"},
		{"Pages.Functions", s.Functions, function.MatchString, "must be the ARN of a Lambda function"},
		{"Notices.Functions", s.NoticeFunctions, function.MatchString, "must be the ARN of a Lambda function"},
		{"SecretReaders", s.SecretReaders, roleName.MatchString, "must be the name of a role, not its ARN"},
		{"Datadog.Namespaces", s.Datadog.Namespaces, namespace.MatchString, "must be a namespace of CloudWatch, such as AWS/RDS"},
	} {
		checkList(fields, each.field, each.list, each.correct, each.rule)
	}
	if s.RunbookURL != DefaultRunbook && !strings.HasPrefix(s.RunbookURL, "https://") {
		fields.Add("RunbookURL", "must begin with https://, got %q", s.RunbookURL)
	}
	s.checkSlack(fields)
	s.Thresholds.check(fields)
	s.ServiceNow.check(fields)
	s.Datadog.check(fields)
	s.Budget.check(fields)
}

var (
	function  = regexp.MustCompile(`^arn:aws[a-z-]*:lambda:[a-z0-9-]+:[0-9]{12}:function:[A-Za-z0-9_-]+$`)
	roleName  = regexp.MustCompile(`^[A-Za-z0-9+=,.@_-]{1,64}$`)
	namespace = regexp.MustCompile(`^[A-Za-z0-9./_#-]{1,255}$`)
)

func isAddress(text string) bool {
	parsed, err := mail.ParseAddress(text)
	return err == nil && parsed.Address == text
}

func checkList(fields validate.Named, field string, list []string, correct func(string) bool, rule string) {
	for i, each := range list {
		if !correct(each) {
			fields.Add(field, "%s, got %q", rule, each)
			continue
		}
		switch before := slices.IndexFunc(list[:i], func(earlier string) bool { return Label(earlier) == Label(each) }); {
		case before < 0:
		case list[before] == each:
			fields.Add(field, "%s is listed twice", each)
		default:
			fields.Add(field, "%s and %s come to the same name, %s: leave one out", list[before], each, Label(each))
		}
	}
}

// Label returns what resources are called after an address, or after the last part of an ARN: small letters, digits and
// single hyphens.
func Label(text string) string {
	return validate.ToLabel(text[strings.LastIndex(text, ":")+1:])
}

var (
	slackWorkspace = regexp.MustCompile(`^[0-9A-Z]{1,255}$`)
	slackChannel   = regexp.MustCompile(`^[CG][0-9A-Z]{1,254}$`)
)

// checkSlack wants both or neither (AWS Chatbot API reference, CreateSlackChannelConfiguration).
func (s Spec) checkSlack(fields validate.Named) {
	if !s.Slack.On() {
		return
	}
	if !slackWorkspace.MatchString(s.Slack.WorkspaceID) {
		fields.Add("Slack.WorkspaceID", "must be the id of a workspace, such as T0123ABCD, got %q", s.Slack.WorkspaceID)
	}
	if !slackChannel.MatchString(s.Slack.ChannelID) {
		fields.Add("Slack.ChannelID", "must be the id of a channel, such as C0123ABCD, got %q", s.Slack.ChannelID)
	}
}

func (t Thresholds) check(fields validate.Named) {
	const many = 1_000_000_000
	for _, each := range []struct {
		field     string
		value     int
		low, high int
	}{
		{"LoadBalancerErrors", t.LoadBalancerErrors, 0, many},
		{"ServerErrorPercent", t.ServerErrorPercent, 1, 100},
		{"LatencyMilliseconds", t.LatencyMilliseconds, 1, many},
		{"FleetFullPercent", t.FleetFullPercent, 1, 100},
		{"FleetLoadPercent", t.FleetLoadPercent, 1, 100},
		{"CPUCredits", t.CPUCredits, 1, many},
		{"DatabaseLoadPercent", t.DatabaseLoadPercent, 1, 100},
		{"FreeStoragePercent", t.FreeStoragePercent, 1, 100},
		{"FreeMemoryPercent", t.FreeMemoryPercent, 1, 100},
		{"ConnectionsPercent", t.ConnectionsPercent, 1, 100},
		{"DatabaseLatencyMilliseconds", t.DatabaseLatencyMilliseconds, 1, many},
		{"DiskQueueDepth", t.DiskQueueDepth, 1, many},
		{"BorrowMilliseconds", t.BorrowMilliseconds, 1, many},
		{"PinnedPercent", t.PinnedPercent, 1, 100},
		{"CDNErrorPercent", t.CDNErrorPercent, 1, 100},
		{"BlockedRequests", t.BlockedRequests, 0, many},
	} {
		fields.Between("Thresholds."+each.field, each.value, each.low, each.high)
	}
}

var (
	serviceNowInstance = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)
	importSet          = regexp.MustCompile(`^[a-z][a-z0-9_]{0,79}$`)
)

func (s ServiceNow) check(fields validate.Named) {
	if s.Instance == "" {
		if s.Username || s.Password || s.ClientID || s.ClientSecret {
			fields.Add("ServiceNow.Instance", "is required with credentials, such as example for example.service-now.com")
		}
		return
	}
	if !serviceNowInstance.MatchString(s.Instance) {
		fields.Add("ServiceNow.Instance", "must be the name before .service-now.com, got %q", s.Instance)
	}
	if !importSet.MatchString(s.ImportSet) {
		fields.Add("ServiceNow.ImportSet", "must be the name of an import set table, such as %s, got %q", DefaultImportSet, s.ImportSet)
	}
	fields.Between("ServiceNow.Urgency", s.Urgency, 1, 3)
	fields.Between("ServiceNow.Impact", s.Impact, 1, 3)
	basic, oauth := s.Username && s.Password, s.ClientID && s.ClientSecret
	if basic == oauth || s.Username != s.Password || s.ClientID != s.ClientSecret {
		fields.Add("ServiceNow.Username", "give either %s and %s, or %s and %s", fields.Name("ServiceNow.Username"),
			fields.Name("ServiceNow.Password"), fields.Name("ServiceNow.ClientID"), fields.Name("ServiceNow.ClientSecret"))
	}
}

var datadogSite = regexp.MustCompile(`^([a-z0-9-]+\.)?(datadoghq\.(com|eu)|ddog-gov\.com)$`)

func (d Datadog) check(fields validate.Named) {
	if !datadogSite.MatchString(d.Site) {
		fields.Add("Datadog.Site", "must be a site of Datadog, such as %s or us5.%[1]s, got %q", DefaultDatadogSite, d.Site)
	}
	if len(d.Namespaces) == 0 {
		fields.Add("Datadog.Namespaces", "needs at least one: none is all, at the price of all")
	}
}

var costTag = regexp.MustCompile(`^[^$]{1,128}\$[^$]{1,256}$`)

func (b Budget) check(fields validate.Named) {
	fields.Between("Budget.MonthlyUSD", b.MonthlyUSD, 0, 1_000_000_000)
	fields.Between("Budget.ForecastPercent", b.ForecastPercent, 1, 1000)
	fields.Between("Budget.ActualPercent", b.ActualPercent, 1, 1000)
	if b.Tag != "" && !costTag.MatchString(b.Tag) {
		fields.Add("Budget.Tag", "must be a key and a value, such as Project$ha-web, got %q", b.Tag)
	}
}
