package alarms_test

import (
	"testing"

	"ha-web/internal/alarms"
	"ha-web/internal/validate/validatetest"

	"github.com/stretchr/testify/assert"
)

// usual is a spec without faults.
func usual() alarms.Spec {
	return alarms.Spec{
		RunbookURL: alarms.DefaultRunbook, Thresholds: alarms.DefaultThresholds(), Budget: alarms.DefaultBudget(),
		ServiceNow: alarms.ServiceNow{ImportSet: alarms.DefaultImportSet, Urgency: 1, Impact: 2},
		Datadog:    alarms.Datadog{Site: alarms.DefaultDatadogSite, Namespaces: alarms.DefaultNamespaces()},
	}
}

// faultsOf returns what is wrong with a spec.
func faultsOf(change func(*alarms.Spec)) string {
	spec := usual()
	change(&spec)
	return validatetest.FaultsOf(spec)
}

func TestRules(t *testing.T) {
	t.Parallel()
	const pair = "ServiceNow.Username: give either ServiceNow.Username and ServiceNow.Password, or ServiceNow.ClientID and ServiceNow.ClientSecret"
	for name, test := range map[string]struct {
		change func(*alarms.Spec)
		want   string
	}{
		"the usual": {func(*alarms.Spec) {}, ""},
		"everything": {func(s *alarms.Spec) {
			s.Email, s.HTTPS = []string{"oncall@example.edu", "a.b+c@example.edu"}, []string{"pager-duty"}
			s.Functions = []string{"arn:aws-us-gov:lambda:us-gov-west-1:123456789012:function:Chat_1"}
			s.Slack = alarms.Slack{WorkspaceID: "T0123ABCD", ChannelID: "G0123ABCD"}
			s.RunbookURL, s.SecretReaders = "https://wiki.example.edu/runbook", []string{"AWSReservedSSO_admin_0a1b", "migrate"}
			s.ServiceNow.Instance, s.ServiceNow.Username, s.ServiceNow.Password = "example-1", true, true
			s.Datadog.Site, s.Budget.MonthlyUSD, s.Budget.Tag = "us5.datadoghq.com", 1, "Project$ha-web"
		}, ""},
		"oauth": {func(s *alarms.Spec) {
			s.ServiceNow.Instance, s.ServiceNow.ClientID, s.ServiceNow.ClientSecret = "x", true, true
		}, ""},
		"government":      {func(s *alarms.Spec) { s.Datadog.Site = "ddog-gov.com" }, ""},
		"name in address": {func(s *alarms.Spec) { s.Email = []string{"On call <a@b.edu>"} }, `Pages.Email: must be an address such as oncall@example.edu, got "On call <a@b.edu>"`},
		"one name": {func(s *alarms.Spec) {
			s.NoticeEmail = []string{"a.b@example.edu", "A-b@example.edu", "a.b@example.edu"}
		},
			"Notices.Email: a.b@example.edu and A-b@example.edu come to the same name, a-b-example-edu: leave one out\nNotices.Email: a.b@example.edu is listed twice"},
		"a version": {func(s *alarms.Spec) {
			s.NoticeFunctions = []string{"arn:aws:lambda:us-east-1:123456789012:function:x:1"}
		}, `Notices.Functions: must be the ARN of a Lambda function, got "arn:aws:lambda:us-east-1:123456789012:function:x:1"`},
		"an ARN":         {func(s *alarms.Spec) { s.SecretReaders = []string{"arn:aws:iam::123456789012:role/x"} }, `SecretReaders: must be the name of a role, not its ARN, got "arn:aws:iam::123456789012:role/x"`},
		"half of Slack":  {func(s *alarms.Spec) { s.Slack.ChannelID = "C0123ABCD" }, `Slack.WorkspaceID: must be the id of a workspace, such as T0123ABCD, got ""`},
		"nobody to tell": {func(s *alarms.Spec) { s.ServiceNow.Username = true }, "ServiceNow.Instance: is required with credentials, such as example for example.service-now.com"},
		"no credentials": {func(s *alarms.Spec) { s.ServiceNow.Instance = "x" }, pair},
		"half of one":    {func(s *alarms.Spec) { s.ServiceNow.Instance, s.ServiceNow.Username = "x", true }, pair},
		"one and a half": {func(s *alarms.Spec) {
			s.ServiceNow = alarms.ServiceNow{Instance: "x", ImportSet: "u", Urgency: 1, Impact: 1, Username: true, Password: true, ClientID: true}
		}, pair},
		"both": {func(s *alarms.Spec) {
			s.ServiceNow = alarms.ServiceNow{Instance: "x", ImportSet: "u", Urgency: 1, Impact: 1, Username: true, Password: true, ClientID: true, ClientSecret: true}
		}, pair},
		"all metrics":   {func(s *alarms.Spec) { s.Datadog.Namespaces = nil }, "Datadog.Namespaces: needs at least one: none is all, at the price of all"},
		"another site":  {func(s *alarms.Spec) { s.Datadog.Site = "evil.com/datadoghq.com" }, `Datadog.Site: must be a site of Datadog, such as datadoghq.com or us5.datadoghq.com, got "evil.com/datadoghq.com"`},
		"a key alone":   {func(s *alarms.Spec) { s.Budget.Tag = "Project" }, `Budget.Tag: must be a key and a value, such as Project$ha-web, got "Project"`},
		"over the top":  {func(s *alarms.Spec) { s.Thresholds.PinnedPercent = 101 }, "Thresholds.PinnedPercent: must be between 1 and 100, got 101"},
		"never blocked": {func(s *alarms.Spec) { s.Thresholds.BlockedRequests = 0 }, ""},
	} {
		assert.Equal(t, test.want, faultsOf(test.change), name)
	}
}
