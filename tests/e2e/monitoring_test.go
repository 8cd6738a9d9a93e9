//go:build e2e

package e2e

import (
	"context"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"

	"ha-web/components/monitoring"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/budgets"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	alarms "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	events "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/firehose"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// routes are settings of all that is told, with the secrets that it takes. They are set as an operator does: the stack file
// has none of them.
var routes = []struct {
	path, value string
	secret      bool
}{
	{"https.pagerduty", "https://events.example.com/hunter2-of-the-pager/enqueue", true},
	{"serviceNow.instance", "example", false},
	{"serviceNow.username", "ha-web", false},
	{"serviceNow.password", "hunter2-of-servicenow", true},
	{"datadog.apiKey", "hunter2-of-datadog", true},
}

func setRoutes(ctx context.Context, t *testing.T, d *deployment) {
	t.Helper()
	for _, each := range routes {
		if each.secret {
			d.SetSecret(ctx, t, "monitoring."+each.path, each.value)
		} else {
			d.Set(ctx, t, "monitoring."+each.path, each.value)
		}
	}
}

// routeSecrets are those that must not show in the state.
func routeSecrets() []string {
	var secrets []string
	for _, each := range routes {
		if each.secret {
			secrets = append(secrets, each.value)
		}
	}
	return secrets
}

// checkMonitoring checks that what goes wrong reaches someone.
func checkMonitoring(ctx context.Context, t *testing.T, clients clients, outputs auto.OutputMap, database string) {
	t.Helper()
	pages, notices := outputs["alarmTopicArn"].Value.(string), outputs["noticeTopicArn"].Value.(string)
	checkAlarms(ctx, t, clients, outputs, database)
	checkTopic(ctx, t, clients, pages, "email", "https")
	checkTopic(ctx, t, clients, notices, "email")
	checkDashboard(ctx, t, clients)
	checkRules(ctx, t, clients, notices)
	checkStream(ctx, t, clients)

	subscriptions, err := clients.rds.DescribeEventSubscriptions(ctx, &rds.DescribeEventSubscriptionsInput{})
	require.NoError(t, err)
	assert.Len(t, subscriptions.EventSubscriptionsList, 4)
	for _, each := range subscriptions.EventSubscriptionsList {
		assert.Equal(t, notices, *each.SnsTopicArn)
	}
	told, err := clients.budgets.DescribeNotificationsForBudget(ctx, &budgets.DescribeNotificationsForBudgetInput{
		AccountId: aws.String("123456789012"), BudgetName: aws.String("ha-web-local"),
	})
	require.NoError(t, err)
	assert.Len(t, told.Notifications, 2)
}

// checkAlarms checks that each alarm knows silence and tells a topic, that pages are made of alarms that there are, and that
// alarms look at what there is.
func checkAlarms(ctx context.Context, t *testing.T, clients clients, outputs auto.OutputMap, database string) {
	t.Helper()
	found, err := clients.cloudwatch.DescribeAlarms(ctx, &cloudwatch.DescribeAlarmsInput{
		AlarmNamePrefix: aws.String("ha-web-local-"), MaxRecords: aws.Int32(100),
		AlarmTypes: []alarms.AlarmType{alarms.AlarmTypeMetricAlarm, alarms.AlarmTypeCompositeAlarm},
	})
	require.NoError(t, err)
	byName := map[string]alarms.MetricAlarm{}
	for _, each := range found.MetricAlarms {
		byName[*each.AlarmName] = each
		assert.True(t, *each.ActionsEnabled, *each.AlarmName)
		assert.Len(t, each.AlarmActions, 1, *each.AlarmName)
		assert.NotEmpty(t, aws.ToString(each.TreatMissingData), *each.AlarmName)
	}
	assert.Greater(t, len(byName), 35)
	require.Len(t, found.CompositeAlarms, 6)
	member := regexp.MustCompile(`ALARM\("([^"]+)"\)`)
	for _, each := range found.CompositeAlarms {
		assert.Equal(t, []string{outputs["alarmTopicArn"].Value.(string)}, each.AlarmActions)
		for _, name := range member.FindAllStringSubmatch(*each.AlarmRule, -1) {
			assert.Contains(t, byName, name[1])
		}
	}
	for _, name := range monitoring.RolloutAlarms("ha-web", "local", nil) {
		assert.Equal(t, "notBreaching", *byName[name].TreatMissingData, name)
	}
	dimension := func(alarm, name string) string {
		for _, each := range byName["ha-web-local-"+alarm].Dimensions {
			if *each.Name == name {
				return *each.Value
			}
		}
		return ""
	}
	assert.Equal(t, database, dimension("database-storage", "DBInstanceIdentifier"))
	assert.EqualValues(t, 8<<30, *byName["ha-web-local-database-storage"].Threshold, "8 % of what RDS says is allocated")
	assert.Equal(t, outputs["autoScalingGroupName"].Value, dimension("fleet-load", "AutoScalingGroupName"))
	assert.True(t, strings.HasSuffix(outputs["targetGroupArn"].Value.(string), ":"+dimension("no-healthy-hosts", "TargetGroup")))
	checkQueries(t, byName, outputs)
}

// checkQueries checks that alarms on expressions have the metrics of what there is, and that those on anomalies compare with a band.
func checkQueries(t *testing.T, byName map[string]alarms.MetricAlarm, outputs auto.OutputMap) {
	t.Helper()
	dimension := func(alarm, id, name string) string {
		for _, query := range byName["ha-web-local-"+alarm].Metrics {
			if *query.Id != id {
				continue
			}
			for _, each := range query.MetricStat.Metric.Dimensions {
				if *each.Name == name {
					return *each.Value
				}
			}
		}
		return ""
	}
	assert.Equal(t, outputs["distributionId"].Value, dimension("cdn-errors", "rate", "DistributionId"))
	assert.Equal(t, "rate-limit", dimension("rate-limited", "limited", "Rule"))
	assert.Equal(t, "us-east-1b", dimension("zone-heartbeat-b", "beats_b", "AvailabilityZone"))
	assert.Equal(t, outputs["autoScalingGroupName"].Value, dimension("zone-heartbeat-b", "beats_b", "AutoScalingGroupName"))
	assert.True(t, strings.HasSuffix(outputs["targetGroupArn"].Value.(string), ":"+dimension("healthy-hosts", "healthy", "TargetGroup")))
	for _, role := range []string{"request-anomaly", "latency-anomaly"} {
		alarm := byName["ha-web-local-"+role]
		assert.Equal(t, "band", aws.ToString(alarm.ThresholdMetricId), role)
		assert.Nil(t, alarm.Threshold, role)
		for _, query := range alarm.Metrics {
			assert.True(t, aws.ToBool(query.ReturnData), "%s: %s", role, *query.Id)
		}
	}
}

// checkTopic checks that a topic is encrypted with the stack's key, and who hears of it.
func checkTopic(ctx context.Context, t *testing.T, clients clients, arn string, protocols ...string) {
	t.Helper()
	attributes, err := clients.sns.GetTopicAttributes(ctx, &sns.GetTopicAttributesInput{TopicArn: &arn})
	require.NoError(t, err)
	assert.Contains(t, attributes.Attributes["KmsMasterKeyId"], ":key/")
	for _, publisher := range []string{"cloudwatch", "events", "events.rds", "budgets"} {
		assert.Contains(t, attributes.Attributes["Policy"], `"`+publisher+`.amazonaws.com"`)
	}
	found, err := clients.sns.ListSubscriptionsByTopic(ctx, &sns.ListSubscriptionsByTopicInput{TopicArn: &arn})
	require.NoError(t, err)
	var heard []string
	for _, each := range found.Subscriptions {
		heard = append(heard, *each.Protocol)
	}
	assert.ElementsMatch(t, protocols, heard)
}

func checkDashboard(ctx context.Context, t *testing.T, clients clients) {
	t.Helper()
	found, err := clients.cloudwatch.GetDashboard(ctx, &cloudwatch.GetDashboardInput{DashboardName: aws.String("ha-web-local")})
	require.NoError(t, err)
	var body struct{ Widgets []struct{ Type string } }
	require.NoError(t, json.Unmarshal([]byte(*found.DashboardBody), &body))
	assert.Len(t, body.Widgets, 30)
}

// checkRules checks that events go where they should: to the notices, or to ServiceNow, and to a queue if that fails.
func checkRules(ctx context.Context, t *testing.T, clients clients, notices string) {
	t.Helper()
	destinations, err := clients.events.ListApiDestinations(ctx, &eventbridge.ListApiDestinationsInput{})
	require.NoError(t, err)
	require.Len(t, destinations.ApiDestinations, 1)
	serviceNow := destinations.ApiDestinations[0]
	assert.Equal(t, "https://example.service-now.com/api/now/import/u_ha_web_incident", *serviceNow.InvocationEndpoint)
	found, err := clients.events.ListRules(ctx, &eventbridge.ListRulesInput{})
	require.NoError(t, err)
	told := map[string]int{}
	for _, rule := range found.Rules {
		targets, err := clients.events.ListTargetsByRule(ctx, &eventbridge.ListTargetsByRuleInput{Rule: rule.Name})
		require.NoError(t, err)
		require.Len(t, targets.Targets, 1, *rule.Name)
		target := targets.Targets[0]
		told[*target.Arn]++
		if *target.Arn == *serviceNow.ApiDestinationArn {
			assert.Contains(t, *target.InputTransformer.InputTemplate, `"<account>/<region>/<name>/<since>"`)
			assert.Contains(t, *target.DeadLetterConfig.Arn, ":sqs:")
			assert.NotEmpty(t, *target.RoleArn)
		}
		if strings.HasPrefix(*rule.Name, "ha-web-database-secret-read") {
			assert.Equal(t, events.RuleStateEnabledWithAllCloudtrailManagementEvents, rule.State)
		}
	}
	assert.Equal(t, map[string]int{notices: 5, *serviceNow.ApiDestinationArn: 7}, told)
}

// checkStream checks that metrics of the stack's services, and no others, go to Datadog.
func checkStream(ctx context.Context, t *testing.T, clients clients) {
	t.Helper()
	streams, err := clients.cloudwatch.ListMetricStreams(ctx, &cloudwatch.ListMetricStreamsInput{})
	require.NoError(t, err)
	require.Len(t, streams.Entries, 1)
	stream, err := clients.cloudwatch.GetMetricStream(ctx, &cloudwatch.GetMetricStreamInput{Name: streams.Entries[0].Name})
	require.NoError(t, err)
	assert.True(t, slices.ContainsFunc(stream.IncludeFilters, func(filter alarms.MetricStreamFilter) bool { return *filter.Namespace == "AWS/RDS" }))
	name := (*stream.FirehoseArn)[strings.LastIndex(*stream.FirehoseArn, "/")+1:]
	delivery, err := clients.firehose.DescribeDeliveryStream(ctx, &firehose.DescribeDeliveryStreamInput{DeliveryStreamName: &name})
	require.NoError(t, err)
	require.Len(t, delivery.DeliveryStreamDescription.Destinations, 1)
	endpoint := delivery.DeliveryStreamDescription.Destinations[0].HttpEndpointDestinationDescription
	assert.Equal(t, "https://awsmetrics-intake.datadoghq.com/v1/input", *endpoint.EndpointConfiguration.Url)
	checkClosed(ctx, t, clients.s3, strings.TrimPrefix(*endpoint.S3DestinationDescription.BucketARN, "arn:aws:s3:::"))
}

// checkMonitoringGone checks that nobody is told anything any more.
func checkMonitoringGone(ctx context.Context, t *testing.T, clients clients) {
	t.Helper()
	found, err := clients.cloudwatch.DescribeAlarms(ctx, &cloudwatch.DescribeAlarmsInput{
		AlarmNamePrefix: aws.String("ha-web-local-"),
		AlarmTypes:      []alarms.AlarmType{alarms.AlarmTypeMetricAlarm, alarms.AlarmTypeCompositeAlarm},
	})
	require.NoError(t, err)
	assert.Empty(t, found.MetricAlarms)
	assert.Empty(t, found.CompositeAlarms)
	topics, err := clients.sns.ListTopics(ctx, &sns.ListTopicsInput{})
	require.NoError(t, err)
	assert.Empty(t, topics.Topics)
}
