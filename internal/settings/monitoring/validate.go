package monitoring

import (
	"maps"
	"net/mail"
	"regexp"
	"slices"
	"strings"

	"ha-web/internal/validate"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Validate records every fault of the settings of a stack in a region.
func (s *Settings) Validate(f validate.Fields, region string) {
	if !f.Begun(s, s.begun) {
		return
	}
	checkAddresses(f, s.Email)
	checkEndpoints(f, &s.HTTPS)
	checkFunctions(f, s.Functions, region)
	if !slices.Equal(s.Notices.Email, s.Email) { // else each fault of Email would appear twice
		checkAddresses(f, s.Notices.Email)
	}
	checkEndpoints(f, &s.Notices.HTTPS)
	checkFunctions(f, s.Notices.Functions, region)
	s.Slack.validate(f)
	if s.RunbookURL != DefaultRunbook && !strings.HasPrefix(s.RunbookURL, "https://") {
		f.Add(&s.RunbookURL, "must begin with https://, got %q", s.RunbookURL)
	}
	s.Thresholds.validate(f)
	checkList(f, s.SecretReaders, roleName.MatchString, "must be the name of an IAM role, such as migrate, not its ARN")
	s.ServiceNow.validate(f)
	s.Datadog.validate(f)
	s.Budget.validate(f)
	f.Check(&s.LogRetentionDays, validate.RetentionDays(s.LogRetentionDays))
}

var (
	functionARN = regexp.MustCompile(`^arn:aws[a-z-]*:lambda:([a-z0-9-]+):[0-9]{12}:function:[A-Za-z0-9_-]+$`)
	roleName    = regexp.MustCompile(`^[A-Za-z0-9+=,.@_-]{1,64}$`)
	namespace   = regexp.MustCompile(`^[A-Za-z0-9./_#-]{1,255}$`)
)

func checkAddresses(f validate.Fields, addresses []string) {
	checkList(f, addresses, func(text string) bool {
		parsed, err := mail.ParseAddress(text)
		return err == nil && parsed.Address == text
	}, "must be an email address such as oncall@example.edu")
	checkLabels(f, addresses)
}

// checkEndpoints records a fault of each endpoint whose name cannot be part of the name of a resource, or that has no URL. What
// a URL begins with is a rule of its tag.
func checkEndpoints(f validate.Fields, endpoints *map[string]pulumi.StringInput) {
	for _, name := range slices.Sorted(maps.Keys(*endpoints)) {
		if !validate.Label(name) {
			f.AddEntry(endpoints, name, "its name must be lowercase letters, digits and single hyphens, got %q", name)
		}
		if (*endpoints)[name] == nil {
			f.AddEntry(endpoints, name, "must be a URL that begins with https://")
		}
	}
}

// checkFunctions records a fault of each function that a topic of the stack cannot invoke. SNS delivers to functions of other
// regions, but Lambda takes the permission that it needs in the function's own region only: "Functions from 'us-east-1' are not
// reachable in this region" (github.com/aws/aws-cdk/issues/11826).
func checkFunctions(f validate.Fields, functions []string, region string) {
	checkList(f, functions, functionARN.MatchString, "must be the ARN of a Lambda function, without a version or alias")
	checkLabels(f, functions)
	for i, each := range functions {
		parts := functionARN.FindStringSubmatch(each)
		if parts != nil && region != "" && parts[1] != region {
			f.Add(&functions[i], "must be a Lambda function in %s, the region of the stack, got one in %s", region, parts[1])
		}
	}
}

// checkList records a fault of each item that is not correct, or that is listed twice.
func checkList(f validate.Fields, list []string, correct func(string) bool, rule string) {
	for i, each := range list {
		switch {
		case !correct(each):
			f.Add(&list[i], "%s, got %q", rule, each)
		case slices.Contains(list[:i], each):
			f.Add(&list[i], "%s is listed twice", each)
		}
	}
}

// checkLabels records a fault of each item that would give its resource the name of an earlier one.
func checkLabels(f validate.Fields, list []string) {
	for i, each := range list {
		before := slices.IndexFunc(list[:i], func(earlier string) bool { return Label(earlier) == Label(each) })
		if before >= 0 && !slices.Contains(list[:i], each) {
			f.Add(&list[i], "%s and %s would have the same resource name, %s: remove one", list[before], each, Label(each))
		}
	}
}

// Label returns the part of the name of a resource that stands for an address, or for the last part of an ARN: lowercase
// letters, digits and single hyphens.
func Label(text string) string {
	return validate.ToLabel(text[strings.LastIndex(text, ":")+1:])
}

var (
	slackWorkspace = regexp.MustCompile(`^[0-9A-Z]{1,255}$`)
	slackChannel   = regexp.MustCompile(`^[CG][0-9A-Z]{1,254}$`)
)

// validate requires both IDs or neither (AWS Chatbot API reference, CreateSlackChannelConfiguration).
func (s *Slack) validate(f validate.Fields) {
	if !s.Enabled() {
		return
	}
	if !slackWorkspace.MatchString(s.WorkspaceID) {
		f.Add(&s.WorkspaceID, "must be the ID of a Slack workspace, such as T0123ABCD, got %q", s.WorkspaceID)
	}
	if !slackChannel.MatchString(s.ChannelID) {
		f.Add(&s.ChannelID, "must be the ID of a Slack channel, such as C0123ABCD, got %q", s.ChannelID)
	}
}

// unlimited is more than any metric reports.
const unlimited = 1_000_000_000

func (t *Thresholds) validate(f validate.Fields) {
	for _, each := range []struct {
		value     *int
		low, high int
	}{
		{&t.LoadBalancerErrors, 0, unlimited},
		{&t.ServerErrorPercent, 1, 100},
		{&t.LatencyMilliseconds, 1, unlimited},
		{&t.MinimumRequests, 0, unlimited},
		{&t.MinimumErrors, 1, unlimited},
		{&t.FleetFullPercent, 1, 100},
		{&t.FleetLoadPercent, 1, 100},
		{&t.InstanceMemoryPercent, 1, 100},
		{&t.InstanceDiskPercent, 1, 100},
		{&t.CPUCredits, 1, unlimited},
		{&t.DatabaseLoadPercent, 1, 100},
		{&t.FreeStoragePercent, 1, 100},
		{&t.FreeMemoryPercent, 1, 100},
		{&t.ConnectionsPercent, 1, 100},
		{&t.DatabaseLatencyMilliseconds, 1, unlimited},
		{&t.DiskQueueDepth, 1, unlimited},
		{&t.BorrowMilliseconds, 1, unlimited},
		{&t.PinnedPercent, 1, 100},
		{&t.CDNErrorPercent, 1, 100},
		{&t.BlockedRequests, 0, unlimited},
		{&t.RateLimitedRequests, 0, unlimited},
	} {
		f.Between(each.value, each.low, each.high)
	}
}

var (
	serviceNowInstance = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)
	importSet          = regexp.MustCompile(`^[a-z][a-z0-9_]{0,79}$`)
)

func (s *ServiceNow) validate(f validate.Fields) {
	username, password := s.Username != "", s.Password != nil
	clientID, clientSecret := s.ClientID != "", s.ClientSecret != nil
	if !s.Enabled() {
		if username || password || clientID || clientSecret {
			f.Add(&s.Instance, "is required with credentials, such as example for example.service-now.com")
		}
		return
	}
	if !serviceNowInstance.MatchString(s.Instance) {
		f.Add(&s.Instance, "must be the part of the host name before .service-now.com, got %q", s.Instance)
	}
	if !importSet.MatchString(s.ImportSet) {
		f.Add(&s.ImportSet, "must be the name of an import set table, such as %s, got %q", defaultImportSet, s.ImportSet)
	}
	f.Between(&s.Urgency, 1, 3)
	f.Between(&s.Impact, 1, 3)
	basic, oauth := username && password, clientID && clientSecret
	if basic == oauth || username != password || clientID != clientSecret {
		f.Add(&s.Username, "set either %s and %s, or %s and %s",
			f.Name(&s.Username), f.Name(&s.Password), f.Name(&s.ClientID), f.Name(&s.ClientSecret))
	}
}

var datadogSite = regexp.MustCompile(`^([a-z0-9-]+\.)?(datadoghq\.(com|eu)|ddog-gov\.com)$`)

func (d *Datadog) validate(f validate.Fields) {
	if !datadogSite.MatchString(d.Site) {
		f.Add(&d.Site, "must be a Datadog site, such as %s or us5.%[1]s, got %q", defaultDatadogSite, d.Site)
	}
	checkList(f, d.Namespaces, namespace.MatchString, "must be a CloudWatch namespace, such as AWS/RDS")
	if len(d.Namespaces) == 0 {
		f.Add(&d.Namespaces, "must list at least one namespace: without any, every metric of the account would be streamed and billed")
	}
}

var costTag = regexp.MustCompile(`^[^$]{1,128}\$[^$]{1,256}$`)

func (b *Budget) validate(f validate.Fields) {
	f.Between(&b.MonthlyUSD, 0, unlimited)
	f.Between(&b.ForecastPercent, 1, 1000)
	f.Between(&b.ActualPercent, 1, 1000)
	if b.Tag != "" && !costTag.MatchString(b.Tag) {
		f.Add(&b.Tag, "must be the key and value of a tag, such as Project$ha-web, got %q", b.Tag)
	}
}
