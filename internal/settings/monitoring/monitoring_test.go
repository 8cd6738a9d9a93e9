package monitoring_test

import (
	"strings"
	"testing"

	"ha-web/internal/fields"
	"ha-web/internal/settings/monitoring"
	"ha-web/internal/validate"
	"ha-web/internal/validate/validatetest"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
)

// faultsOf returns what is wrong with settings of a stack in us-east-1 after a change, a line each, under keys of a stack file.
func faultsOf(change func(*monitoring.Settings)) string {
	settings := monitoring.Default()
	change(&settings)
	settings = settings.Resolved()
	return validatetest.Text(&settings, fields.ByTag, func(f validate.Fields) { settings.Validate(f, "us-east-1") })
}

var secret = pulumi.String("hunter2")

const function = "arn:aws:lambda:us-east-1:123456789012:function:"

func TestFaults(t *testing.T) {
	t.Parallel()
	const pair = "serviceNow.username: set either serviceNow.username and serviceNow.password, or serviceNow.clientId and serviceNow.clientSecret"
	for name, test := range map[string]struct {
		change func(*monitoring.Settings)
		want   string
	}{
		"defaults": {func(*monitoring.Settings) {}, ""},
		"everything": {func(s *monitoring.Settings) {
			s.Email = []string{"oncall@example.edu", "a.b+c@example.edu"}
			s.HTTPS = map[string]pulumi.StringInput{"pager-duty": secret}
			s.Functions = []string{function + "Chat_1"}
			s.Slack = monitoring.Slack{WorkspaceID: "T0123ABCD", ChannelID: "G0123ABCD"}
			s.RunbookURL, s.SecretReaders = "https://wiki.example.edu/runbook", []string{"AWSReservedSSO_admin_0a1b", "migrate", "a-b", "a_b"}
			s.ServiceNow.Instance, s.ServiceNow.Username, s.ServiceNow.Password = "example-1", "x", secret
			s.Datadog.Site, s.Budget.MonthlyUSD, s.Budget.Tag = "us5.datadoghq.com", 1, "Project$ha-web"
		}, ""},
		"oauth": {func(s *monitoring.Settings) {
			s.ServiceNow.Instance, s.ServiceNow.ClientID, s.ServiceNow.ClientSecret = "x", "x", secret
		}, ""},
		"government":      {func(s *monitoring.Settings) { s.Datadog.Site = "ddog-gov.com" }, ""},
		"no defaults":     {func(s *monitoring.Settings) { *s = monitoring.Settings{Email: []string{"nobody"}} }, ": must begin as Default(), which sets what is left out"},
		"name in address": {func(s *monitoring.Settings) { s.Email = []string{"On call <a@b.edu>"} }, `email[0]: must be an email address such as oncall@example.edu, got "On call <a@b.edu>"`},
		"both addresses": {func(s *monitoring.Settings) {
			s.Email, s.Notices.Email = []string{"nobody"}, []string{"no one"}
		}, "email[0]: must be an email address such as oncall@example.edu, got \"nobody\"\nnotices.email[0]: must be an email address such as oncall@example.edu, got \"no one\""},
		"one name": {
			func(s *monitoring.Settings) {
				s.Notices.Email = []string{"a.b@example.edu", "A-b@example.edu", "a.b@example.edu"}
			},
			"notices.email[2]: a.b@example.edu is listed twice\n" +
				"notices.email[1]: a.b@example.edu and A-b@example.edu would have the same resource name, a-b-example-edu: remove one",
		},
		"endpoints": {func(s *monitoring.Settings) {
			s.HTTPS = map[string]pulumi.StringInput{"Pager Duty": secret, "empty": nil}
			s.Notices.HTTPS = map[string]pulumi.StringInput{"log": nil}
		}, `https.Pager Duty: its name must be lowercase letters, digits and single hyphens, got "Pager Duty"
https.empty: must be a URL that begins with https://
notices.https.log: must be a URL that begins with https://`},
		"a version": {func(s *monitoring.Settings) { s.Notices.Functions = []string{function + "x:1"} },
			`notices.functions[0]: must be the ARN of a Lambda function, without a version or alias, got "` + function + `x:1"`},
		"another region": {func(s *monitoring.Settings) {
			s.Functions = []string{function + "x", strings.Replace(function, "us-east-1", "eu-west-1", 1) + "y"}
			s.Notices.Functions = []string{strings.Replace(function, "us-east-1", "us-west-2", 1) + "x"}
		}, `functions[1]: must be a Lambda function in us-east-1, the region of the stack, got one in eu-west-1
notices.functions[0]: must be a Lambda function in us-east-1, the region of the stack, got one in us-west-2`},
		"an ARN":        {func(s *monitoring.Settings) { s.SecretReaders = []string{"arn:aws:iam::123456789012:role/x"} }, `secretReaders[0]: must be the name of an IAM role, such as migrate, not its ARN, got "arn:aws:iam::123456789012:role/x"`},
		"half of Slack": {func(s *monitoring.Settings) { s.Slack.ChannelID = "C0123ABCD" }, `slack.workspaceId: must be the ID of a Slack workspace, such as T0123ABCD, got ""`},
		"no instance":   {func(s *monitoring.Settings) { s.ServiceNow.Username = "x" }, "serviceNow.instance: is required with credentials, such as example for example.service-now.com"},
		"a secret only": {func(s *monitoring.Settings) { s.ServiceNow.ClientSecret = secret }, "serviceNow.instance: is required with credentials, such as example for example.service-now.com"},
		"no credentials": {func(s *monitoring.Settings) {
			s.ServiceNow.Instance = "x"
		}, pair},
		"half of one": {func(s *monitoring.Settings) { s.ServiceNow.Instance, s.ServiceNow.Username = "x", "x" }, pair},
		"one and a half": {func(s *monitoring.Settings) {
			s.ServiceNow = monitoring.ServiceNow{Instance: "x", ImportSet: "u", Urgency: 1, Impact: 1, Username: "x", Password: secret, ClientID: "x"}
		}, pair},
		"both": {func(s *monitoring.Settings) {
			s.ServiceNow = monitoring.ServiceNow{
				Instance: "x", ImportSet: "u", Urgency: 1, Impact: 1, Username: "x", Password: secret, ClientID: "x", ClientSecret: secret,
			}
		}, pair},
		"all metrics":   {func(s *monitoring.Settings) { s.Datadog.Namespaces = nil }, "datadog.namespaces: must list at least one namespace: without any, every metric of the account would be streamed and billed"},
		"another site":  {func(s *monitoring.Settings) { s.Datadog.Site = "evil.com/datadoghq.com" }, `datadog.site: must be a Datadog site, such as datadoghq.com or us5.datadoghq.com, got "evil.com/datadoghq.com"`},
		"a key alone":   {func(s *monitoring.Settings) { s.Budget.Tag = "Project" }, `budget.tag: must be the key and value of a tag, such as Project$ha-web, got "Project"`},
		"over the top":  {func(s *monitoring.Settings) { s.Thresholds.PinnedPercent = 101 }, "thresholds.pinnedPercent: must be between 1 and 100, got 101"},
		"never blocked": {func(s *monitoring.Settings) { s.Thresholds.BlockedRequests = 0 }, ""},
		"retention":     {func(s *monitoring.Settings) { s.LogRetentionDays = 2 }, "logRetentionDays: CloudWatch Logs cannot keep events for 2 days, the next period it offers is 3"},
	} {
		assert.Equal(t, test.want, faultsOf(test.change), name)
	}
}

func TestFunctionsOfAStackWithoutARegion(t *testing.T) {
	t.Parallel()
	settings := monitoring.Default()
	settings.Functions = []string{"arn:aws-us-gov:lambda:us-gov-west-1:123456789012:function:Chat_1"}
	assert.Empty(t, validatetest.Text(&settings, fields.ByTag, func(f validate.Fields) { settings.Validate(f, "") }), "whose own fault that is")
	assert.Empty(t, validatetest.Text(&settings, fields.ByTag, func(f validate.Fields) { settings.Validate(f, "us-gov-west-1") }))
}

func TestNoticesGoToTheAddressesOfPagesUnlessSetOtherwise(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ email, notices, want []string }{
		{nil, nil, nil},
		{[]string{"a@example.edu"}, nil, []string{"a@example.edu"}},
		{[]string{"a@example.edu"}, []string{"b@example.edu"}, []string{"b@example.edu"}},
		{[]string{"a@example.edu"}, []string{}, []string{}},
	} {
		settings := monitoring.Default()
		settings.Email, settings.Notices.Email = test.email, test.notices
		once := settings.Resolved()
		assert.Equal(t, test.want, once.Notices.Email)
		assert.Equal(t, once, once.Resolved())
	}
}

func TestWhoIsNotified(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*monitoring.Settings){
		"email":      func(s *monitoring.Settings) { s.Email = []string{"oncall@example.edu"} },
		"https":      func(s *monitoring.Settings) { s.HTTPS = map[string]pulumi.StringInput{"pagerduty": secret} },
		"functions":  func(s *monitoring.Settings) { s.Functions = []string{function + "x"} },
		"slack":      func(s *monitoring.Settings) { s.Slack.ChannelID = "C0123ABCD" },
		"serviceNow": func(s *monitoring.Settings) { s.ServiceNow.Instance = "example" },
	} {
		settings := monitoring.Default()
		assert.False(t, settings.NotifiesOnCall())
		assert.Equal(t, []string{"no one is notified of alarms: set monitoring.email, https, functions, slack or serviceNow"}, settings.Notes())
		change(&settings)
		assert.True(t, settings.NotifiesOnCall(), name)
		assert.Empty(t, settings.Notes(), name)
	}
	settings := monitoring.Default()
	settings.Notices.Email = []string{"platform@example.edu"}
	assert.False(t, settings.NotifiesOnCall(), "notices page no one")
}
