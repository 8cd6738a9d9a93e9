package tests

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ha-web/components/cdn"
	"ha-web/components/database"
	"ha-web/components/monitoring"
	"ha-web/components/vpc"
	"ha-web/components/webtier"
	"ha-web/internal/awstype"
	"ha-web/internal/offline"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestMonitoringNamesEveryFault(t *testing.T) {
	t.Parallel()
	settings, network, web, rds := monitoring.Default(), vpc.Default(), webtier.Default(), database.Default()
	settings.Email = []string{"nobody", "a@b.edu", "a@b.edu"}
	settings.HTTPS = map[string]pulumi.StringInput{"Pager Duty": nil}
	settings.Notices.Functions = []string{"arn:aws:lambda:us-east-1:123:function:x"}
	settings.Slack.ChannelID, settings.RunbookURL, settings.SecretReaders = "#general", "http://wiki", []string{"arn:x"}
	settings.Thresholds = monitoring.Thresholds{}
	settings.ServiceNow = monitoring.ServiceNow{Instance: "https://x", ImportSet: "U", Username: "x", Urgency: 4, Impact: 4}
	settings.Datadog.Site, settings.Datadog.Namespaces = "example.com", []string{"AWS RDS"}
	settings.Budget = monitoring.Budget{MonthlyUSD: -1, ForecastPercent: 2000, ActualPercent: -1, Tag: "Project"}
	settings.LogRetentionDays = 10
	network.AvailabilityZones = zones(1)
	web.Size = webtier.Size{Min: 3, Max: 2}
	rds.Engine, rds.InstanceClass, rds.StorageGiB, rds.Proxy.MaxConnectionsPercent = "oracle", "large", 0, 0
	args := monitoring.Args{
		Settings: &settings, Web: monitoring.Web{Settings: &web}, Network: monitoring.Network{Settings: &network},
		Database: monitoring.Database{Settings: &rds},
	}
	message := fault(t, func(ctx *pulumi.Context) error {
		_, err := monitoring.New(ctx, "1", &args)
		return err
	})
	first, rest, _ := strings.Cut(message, "\n")
	assert.Equal(t, `monitoring 1: name: must begin with a letter, and so must "1-test", what it would be called in AWS`, first)
	assert.Equal(t, `Region: is required
KeyARN: is required
Web.LoadBalancerSuffix: is required
Web.TargetGroupSuffix: is required
Web.AutoScalingGroupName: is required
Database.Identifier: is required
Database.AllocatedGiB: is required
Database.ParameterGroupName: is required
Database.SecretARN: is required
Database.SecretReaders: is required
Settings.Email[0]: must be an email address such as oncall@example.edu, got "nobody"
Settings.Email[2]: a@b.edu is listed twice
Settings.HTTPS.Pager Duty: its name must be lowercase letters, digits and single hyphens, got "Pager Duty"
Settings.HTTPS.Pager Duty: must be a URL that begins with https://
Settings.Notices.Functions[0]: must be the ARN of a Lambda function, without a version or alias, got "arn:aws:lambda:us-east-1:123:function:x"
Settings.Slack.WorkspaceID: must be the ID of a Slack workspace, such as T0123ABCD, got ""
Settings.Slack.ChannelID: must be the ID of a Slack channel, such as C0123ABCD, got "#general"
Settings.RunbookURL: must begin with https://, got "http://wiki"
Settings.Thresholds.ServerErrorPercent: must be between 1 and 100, got 0
Settings.Thresholds.LatencyMilliseconds: must be between 1 and 1000000000, got 0
Settings.Thresholds.MinimumErrors: must be between 1 and 1000000000, got 0
Settings.Thresholds.FleetFullPercent: must be between 1 and 100, got 0
Settings.Thresholds.FleetLoadPercent: must be between 1 and 100, got 0
Settings.Thresholds.InstanceMemoryPercent: must be between 1 and 100, got 0
Settings.Thresholds.InstanceDiskPercent: must be between 1 and 100, got 0
Settings.Thresholds.CPUCredits: must be between 1 and 1000000000, got 0
Settings.Thresholds.DatabaseLoadPercent: must be between 1 and 100, got 0
Settings.Thresholds.FreeStoragePercent: must be between 1 and 100, got 0
Settings.Thresholds.FreeMemoryPercent: must be between 1 and 100, got 0
Settings.Thresholds.ConnectionsPercent: must be between 1 and 100, got 0
Settings.Thresholds.DatabaseLatencyMilliseconds: must be between 1 and 1000000000, got 0
Settings.Thresholds.DiskQueueDepth: must be between 1 and 1000000000, got 0
Settings.Thresholds.BorrowMilliseconds: must be between 1 and 1000000000, got 0
Settings.Thresholds.PinnedPercent: must be between 1 and 100, got 0
Settings.Thresholds.CDNErrorPercent: must be between 1 and 100, got 0
Settings.SecretReaders[0]: must be the name of an IAM role, such as migrate, not its ARN, got "arn:x"
Settings.ServiceNow.Instance: must be the part of the host name before .service-now.com, got "https://x"
Settings.ServiceNow.ImportSet: must be the name of an import set table, such as u_ha_web_incident, got "U"
Settings.ServiceNow.Urgency: must be between 1 and 3, got 4
Settings.ServiceNow.Impact: must be between 1 and 3, got 4
Settings.ServiceNow.Username: set either Settings.ServiceNow.Username and Settings.ServiceNow.Password, or Settings.ServiceNow.ClientID and Settings.ServiceNow.ClientSecret
Settings.Datadog.Site: must be a Datadog site, such as datadoghq.com or us5.datadoghq.com, got "example.com"
Settings.Datadog.Namespaces[0]: must be a CloudWatch namespace, such as AWS/RDS, got "AWS RDS"
Settings.Budget.MonthlyUSD: must be between 0 and 1000000000, got -1
Settings.Budget.ForecastPercent: must be between 1 and 1000, got 2000
Settings.Budget.ActualPercent: must be between 1 and 1000, got -1
Settings.Budget.Tag: must be the key and value of a tag, such as Project$ha-web, got "Project"
Settings.LogRetentionDays: CloudWatch Logs cannot keep events for 10 days, the next period it offers is 14
Network.Settings.AvailabilityZones: must list 2 to 6 Availability Zones, such as [us-east-1a, us-east-1b], got 1
Web.Settings.Size.Max: must be at least Web.Settings.Size.Min (3), got 2
Database.Settings.Engine: must be postgres, mysql or mariadb, got "oracle"
Database.Settings.InstanceClass: must be a DB instance class such as db.t4g.medium, got "large"
Database.Settings.StorageGiB: must be between 20 and 65536, got 0
Database.Settings.Proxy.MaxConnectionsPercent: must be between 1 and 100, got 0
Database.ProxyName: is required
CDN.USEast1: is required
CDN.DistributionID: is required
CDN.FirewallName: is required`, rest)
}

// What it watches begins as its defaults too: a boolean that nobody set would leave out alarms.
func TestMonitoringRefusesSettingsThatDidNotBeginAsDefaults(t *testing.T) {
	t.Parallel()
	args := fullMonitoring(func(a *monitoring.Args) {
		a.Settings, a.Web.Settings, a.Database.Settings = &monitoring.Settings{}, &webtier.Settings{}, &database.Settings{}
		a.Network.Settings, a.CDN.Settings = &vpc.Settings{}, &cdn.Settings{}
	})
	message := fault(t, func(ctx *pulumi.Context) error {
		_, err := monitoring.New(ctx, "web", args)
		return err
	})
	for _, name := range []string{"Settings", "Web.Settings", "Database.Settings", "Network.Settings", "CDN.Settings"} {
		assert.Regexp(t, `(?m)(^|: )`+name+`: must begin as Default\(\)`, message)
	}
}

// Pulumi adds eight characters to names in AWS. Rules, roles and streams accept 64.
func TestLongestNameFits(t *testing.T) {
	t.Parallel()
	create := func(name string) pulumi.RunFunc {
		return func(ctx *pulumi.Context) error {
			_, err := createMonitoring(ctx, name, fullMonitoring())
			return err
		}
	}
	longest := strings.Repeat("x", 28-len("-test"))
	got := record(t, create(longest))
	for _, kind := range []string{awstype.CloudWatchEventRule, awstype.IAMRole, awstype.CloudWatchEventConnection, awstype.CloudWatchEventAPIDestination, awstype.KinesisFirehoseDeliveryStream, awstype.SQSQueue} {
		assert.NotEmpty(t, got.of(kind))
		for _, name := range got.names(kind) {
			assert.LessOrEqual(t, len(name)+len("-1234567"), 64, name)
		}
	}
	_, err := offline.Record(create(longest+"x"), offline.Stack{Project: "test", Name: "test"})
	assert.ErrorContains(t, err, "name: is too long with the stack's name")
}

func TestSettingsReachMonitoring(t *testing.T) {
	t.Parallel()
	sealed, err := os.ReadFile(filepath.Join(project, "Pulumi.prod.yaml"))
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "Pulumi.prod.yaml")
	before, _, found := strings.Cut(string(sealed), "  monitoring:\n")
	require.True(t, found)
	require.NoError(t, os.WriteFile(path, []byte(before+`  monitoring:
    email: [a@example.edu]
    https: {pagerduty: {secure: AAABAOm}}
    functions: [arn:aws:lambda:eu-west-1:123456789012:function:chat]
    notices: {https: {log: {secure: AAABAOm}}, functions: [arn:aws:lambda:eu-west-1:123456789012:function:record]}
    slack: {workspaceId: T0123ABCD, channelId: C0123ABCD}
    runbookUrl: https://wiki.example.edu/runbook
    thresholds: {latencyMilliseconds: 800, minimumRequests: 50, minimumErrors: 5, rateLimitedRequests: 300}
    secretReaders: [migrate]
    cacheMetrics: false
    serviceNow: {instance: example, importSet: u_x, clientId: 0a1b, clientSecret: {secure: AAABAOm}, assignmentGroup: Web, urgency: 3, impact: 1}
    datadog: {apiKey: {secure: AAABAOm}, site: datadoghq.eu, namespaces: [AWS/RDS, AWS/CloudFront]}
    budget: {monthlyUsd: 900, forecastPercent: 110, actualPercent: 90, tag: Team$web}
    logRetentionDays: 90
    deletionProtection: false
`), 0o600))
	got := planOf(t, "-file", path, "-c", "environment=development", "-c", "aws:region=eu-west-1", "-c", "network.availabilityZones=[eu-west-1a, eu-west-1b, eu-west-1c]",
		"-c", "web.size={min: 4, max: 20}", "-c", "web.schedules=[{name: day, recurrence: 0 7 * * *, min: 4}, {name: night, recurrence: 0 20 * * *, min: 3}]",
		"-c", "database.maxConnections=300", "-c", "database.storageGiB=200", "-c", "database.maxStorageGiB=400", "-c", "database.proxy.maxConnectionsPercent=50")
	var subscribed []string
	for _, each := range got.of(awstype.SNSTopicSubscription) {
		subscribed = append(subscribed, fmt.Sprintf("%v %v of %v", each.Inputs["protocol"], each.Inputs["endpoint"],
			strings.Split(each.Inputs["topic"].(string), "123456789012:")[1]))
	}
	var want []string
	for _, suffix := range []string{"", "-us-east-1"} {
		for _, each := range []string{
			"email a@example.edu of ha-web-alarms", "email a@example.edu of ha-web-notices", "https [secret] of ha-web-alarms",
			"https [secret] of ha-web-notices", "lambda arn:aws:lambda:eu-west-1:123456789012:function:chat of ha-web-alarms",
			"lambda arn:aws:lambda:eu-west-1:123456789012:function:record of ha-web-notices",
		} {
			want = append(want, each+suffix)
		}
	}
	assert.ElementsMatch(t, want, subscribed)
	assert.Equal(t, "C0123ABCD", got.one(t, awstype.ChatbotSlackChannelConfiguration, "ha-web-slack")["slackChannelId"])
	for name, threshold := range map[string]float64{
		"rate-limited-us-east-1": 300, "latency": 0.8, "database-connections": 240, "database-storage": 16 * (1 << 30), "proxy-pinned": 75, "server-errors": 5,
	} {
		assert.Equal(t, threshold, got.one(t, awstype.CloudWatchMetricAlarm, "ha-web-alarm-"+name)["threshold"], name)
	}
	assert.Contains(t, got.of(awstype.CloudWatchMetricAlarm), "ha-web-alarm-zone-heartbeat-c")
	assert.Contains(t, shown(got.one(t, awstype.CloudWatchMetricAlarm, "ha-web-alarm-latency")), "IF(requests >= 50, slowest, 0)")
	assert.Contains(t, shown(got.one(t, awstype.CloudWatchMetricAlarm, "ha-web-alarm-server-errors")), "IF(FILL(failed, 0) >= 5, ")
	assert.True(t, strings.HasSuffix(got.one(t, awstype.CloudWatchMetricAlarm, "ha-web-alarm-latency")["alarmDescription"].(string), " Runbook: https://wiki.example.edu/runbook#latency"))
	assert.False(t, matches(patternOf(t, got, "ha-web-database-secret-read"), read("rds!ha-web-db", inRole("migrate"))))
	for _, known := range []string{"ha-web-app", "ha-web-proxy"} {
		assert.False(t, matches(patternOf(t, got, "ha-web-database-secret-read"), read("rds!ha-web", inRole(known))), known)
	}
	assert.True(t, matches(patternOf(t, got, "ha-web-database-secret-read"), read("rds!ha-web", inRole("admin"))))
	assert.Empty(t, got.of(awstype.CloudFrontMonitoringSubscription))
	assert.Equal(t, "https://example.service-now.com/api/now/import/u_x", got.one(t, awstype.CloudWatchEventAPIDestination, "ha-web-servicenow")["invocationEndpoint"])
	assert.Contains(t, inputsOf(t, got.of(awstype.CloudWatchEventConnection)["ha-web-servicenow"]), `"clientSecret":"[secret]"`)
	template := fmt.Sprint(got.one(t, awstype.CloudWatchEventTarget, "ha-web-incident-open-errors")["inputTransformer"])
	for _, part := range []string{`"u_assignment_group":"Web"`, `"u_urgency":"3"`, `"u_impact":"1"`} {
		assert.Contains(t, template, part)
	}
	assert.Contains(t, inputsOf(t, got.of(awstype.KinesisFirehoseDeliveryStream)["ha-web-datadog"]), "https://awsmetrics-intake.datadoghq.eu/v1/input")
	assert.Equal(t, []any{map[string]any{"namespace": "AWS/RDS"}}, got.one(t, awstype.CloudWatchMetricStream, "ha-web-datadog-stream")["includeFilters"])
	assert.Equal(t, "us-east-1", got.one(t, awstype.Provider, "ha-web-us-east-1")["region"])
	assert.Equal(t, awstype.Provider+"::ha-web-us-east-1", got.of(awstype.CloudWatchMetricStream)["ha-web-datadog-stream-us-east-1"].Provider)
	assert.False(t, got.of(awstype.S3BucketV2)["ha-web-datadog"].Protect)
	assert.Equal(t, 90.0, got.one(t, awstype.CloudWatchLogGroup, "ha-web-datadog")["retentionInDays"])
	spend := got.one(t, awstype.BudgetsBudget, "ha-web-budget")
	assert.Equal(t, "900", spend["limitAmount"])
	assert.Contains(t, inputsOf(t, got.of(awstype.BudgetsBudget)["ha-web-budget"]), `"user:Team$web"`)
	assert.Contains(t, inputsOf(t, got.of(awstype.BudgetsBudget)["ha-web-budget"]), `"threshold":110`)

	_, stderr, status := run(t, project, "plan", "-c", "monitoring={https: {pagerduty: https://hunter2}}")
	assert.Equal(t, 1, status)
	assert.Equal(t, "monitoring.https.pagerduty: must be encrypted: pulumi config set --secret --path 'monitoring.https.pagerduty'\n", stderr)
}
