package tests

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"ha-web/components/monitoring"
	"ha-web/internal/awstype"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const account = "123456789012"

func TestTopicsAreEncryptedAndAdmitPublishers(t *testing.T) {
	t.Parallel()
	got := recordMonitoring(t, fullMonitoring())
	assert.Equal(t, []string{"web-alarms", "web-alarms-us-east-1", "web-notices", "web-notices-us-east-1"}, got.names(awstype.SNSTopic))
	for name, each := range got.of(awstype.SNSTopic) {
		key := "key-arn"
		if strings.HasSuffix(name, "-us-east-1") { // a topic takes no key of another region
			key = "arn:aws:kms:us-east-1:123456789012:web-alarms-us-east-1"
			assert.Equal(t, awstype.Provider+"::web-us-east-1", each.Provider, name)
		}
		assert.Equal(t, key, each.Inputs["kmsMasterKeyId"], name)
		arn := topicARN(name, strings.TrimSuffix(strings.TrimPrefix(name, "web-"), "-us-east-1"))
		publish := func(service string, bound bool) map[string]any {
			statement := map[string]any{
				"Effect": "Allow", "Principal": map[string]any{"Service": service}, "Action": []any{"sns:Publish"}, "Resource": []any{arn},
			}
			if bound {
				statement["Condition"] = map[string]any{"StringEquals": map[string]any{"aws:SourceAccount": account}}
			}
			return statement
		}
		policy := got.one(t, awstype.SNSTopicPolicy, name)
		assert.Equal(t, arn, policy["arn"])
		assert.Equal(t, map[string]map[string]any{
			"Own": {
				"Effect": "Allow", "Principal": map[string]any{"AWS": "arn:aws:iam::123456789012:root"}, "Resource": []any{arn},
				"Action": []any{
					"sns:AddPermission", "sns:DeleteTopic", "sns:GetTopicAttributes", "sns:ListSubscriptionsByTopic", "sns:Publish",
					"sns:RemovePermission", "sns:SetTopicAttributes", "sns:Subscribe",
				},
			},
			"RefuseWithoutTLS": {
				"Effect": "Deny", "Principal": map[string]any{"AWS": "*"}, "Action": []any{"sns:Publish"}, "Resource": []any{arn},
				"Condition": map[string]any{"Bool": map[string]any{"aws:SecureTransport": "false"}},
			},
			"PublishAlarms":         publish("cloudwatch.amazonaws.com", true),
			"PublishEvents":         publish("events.amazonaws.com", false), // EventBridge names no account
			"PublishDatabaseEvents": publish("events.rds.amazonaws.com", true),
			"PublishBudgets":        publish("budgets.amazonaws.com", true),
			"PublishCostAnomalies":  publish("costalerts.amazonaws.com", true),
		}, document(t, policy["policy"]))
	}
}

// The key of the topics in us-east-1 admits the same services as the key of the stack.
func TestKeyOfTheOtherRegionAdmitsPublishers(t *testing.T) {
	t.Parallel()
	statements := document(t, recordMonitoring(t, fullMonitoring()).one(t, awstype.KMSKey, "web-alarms-us-east-1")["policy"])
	for _, each := range []string{
		"PublishAlarms", "PublishEvents", "PublishDatabaseEvents", "PublishBudgets", "PublishCostAnomalies", "PublishScaling",
	} {
		assert.Equal(t, []any{"kms:Decrypt", "kms:GenerateDataKey*"}, statements[each]["Action"], each)
	}
	assert.Equal(t, map[string]any{"StringEquals": map[string]any{"kms:ViaService": []any{"sns.us-east-1.amazonaws.com"}}},
		statements["UseThroughServices"]["Condition"])
}

func TestSubscribersGetTheirTopics(t *testing.T) {
	t.Parallel()
	got := recordMonitoring(t, fullMonitoring())
	subscribed := map[string]string{}
	for name, each := range got.of(awstype.SNSTopicSubscription) {
		subscribed[name] = fmt.Sprintf("%v %v of %v", each.Inputs["protocol"], each.Inputs["endpoint"], id(each.Inputs["topic"]))
	}
	const function = "arn:aws:lambda:eu-west-1:123456789012:function:chat"
	assert.Equal(t, map[string]string{
		"web-alarms-email-oncall-example-edu":              "email oncall@example.edu of " + topicARN("", "alarms"),
		"web-alarms-email-oncall-example-edu-us-east-1":    "email oncall@example.edu of " + topicARN("-us-east-1", "alarms"),
		"web-alarms-https-pagerduty":                       "https [secret] of " + topicARN("", "alarms"),
		"web-alarms-https-pagerduty-us-east-1":             "https [secret] of " + topicARN("-us-east-1", "alarms"),
		"web-alarms-function-chat":                         "lambda " + function + " of " + topicARN("", "alarms"),
		"web-alarms-function-chat-us-east-1":               "lambda " + function + " of " + topicARN("-us-east-1", "alarms"),
		"web-notices-email-platform-example-edu":           "email platform@example.edu of " + topicARN("", "notices"),
		"web-notices-email-platform-example-edu-us-east-1": "email platform@example.edu of " + topicARN("-us-east-1", "notices"),
	}, subscribed)
	for _, suffix := range []string{"", "-us-east-1"} {
		name := "web-alarms-function-chat" + suffix
		assert.Equal(t, map[string]any{
			"action": "lambda:InvokeFunction", "function": function, "principal": "sns.amazonaws.com", "sourceArn": topicARN(suffix, "alarms"),
		}, got.one(t, awstype.LambdaPermission, name))
		assert.Contains(t, got.of(awstype.SNSTopicSubscription)[name].DependsOn, awstype.LambdaPermission+"::"+name)
		assert.Empty(t, got.of(awstype.LambdaPermission)[name].Provider, "the function is in the region of the component")
	}
}

// inUSEast1 moves Monitoring to the region of CloudFront's metrics.
func inUSEast1(a *monitoring.Args) {
	a.Region, a.Network.Settings.AvailabilityZones = "us-east-1", zones(2)
	a.Settings.Functions = []string{"arn:aws:lambda:us-east-1:123456789012:function:chat"}
}

// In us-east-1 the alarms of CloudFront use the same topics as the others, so that no one has to confirm twice.
func TestOneRegionHasOnePairOfTopics(t *testing.T) {
	t.Parallel()
	got := recordMonitoring(t, fullMonitoring(inUSEast1))
	assert.Equal(t, []string{"web-alarms", "web-notices"}, got.names(awstype.SNSTopic))
	assert.Empty(t, got.of(awstype.KMSKey))
	for _, resource := range got.Resources {
		assert.Empty(t, resource.Provider, resource.Key())
		assert.False(t, strings.HasSuffix(resource.Name, "-us-east-1") && resource.Type != awstype.Provider, resource.Key())
	}
	assert.Contains(t, got.of(awstype.CloudWatchMetricAlarm), "web-alarm-cdn-errors")

	elsewhere := recordMonitoring(t, fullMonitoring())
	for _, name := range []string{"web-alarm-cdn-errors-us-east-1", "web-alarm-blocked-requests-us-east-1", "web-alarm-pages-undelivered-us-east-1"} {
		assert.Equal(t, awstype.Provider+"::web-us-east-1", elsewhere.of(awstype.CloudWatchMetricAlarm)[name].Provider, name)
	}
	assert.Equal(t, awstype.Provider+"::web-us-east-1", elsewhere.of(awstype.CloudWatchCompositeAlarm)["web-page-cdn-us-east-1"].Provider)
}

func TestSlackShowsAllTopicsAndMayOnlyRead(t *testing.T) {
	t.Parallel()
	got := recordMonitoring(t, fullMonitoring())
	assert.Equal(t, map[string]any{
		"configurationName": "web-test", "iamRoleArn": "arn:aws:iam:eu-west-1:123456789012:web-slack", "loggingLevel": "ERROR",
		"guardrailPolicyArns": []any{"arn:aws:iam::aws:policy/CloudWatchReadOnlyAccess"},
		"slackTeamId":         "T0123ABCD", "slackChannelId": "C0123ABCD",
		"snsTopicArns": []any{
			topicARN("", "alarms"), topicARN("", "notices"), topicARN("-us-east-1", "alarms"), topicARN("-us-east-1", "notices"),
		},
		"tags": map[string]any{"Name": "web-slack"},
	}, got.one(t, awstype.ChatbotSlackChannelConfiguration, "web-slack"))
	assert.Equal(t, "arn:aws:iam::aws:policy/CloudWatchReadOnlyAccess", got.one(t, awstype.IAMRolePolicyAttachment, "web-slack")["policyArn"])
	assert.Contains(t, fmt.Sprint(got.one(t, awstype.IAMRole, "web-slack")["assumeRolePolicy"]), `"chatbot.amazonaws.com"`)
}

func TestDatabaseEventsGoToTheNotices(t *testing.T) {
	t.Parallel()
	assert.Equal(t, []string{"web-db-events", "web-parameter-events", "web-security-group-events"},
		recordMonitoring(t, monitoringArgs()).names(awstype.RDSEventSubscription))
	got := recordMonitoring(t, fullMonitoring())
	assert.Len(t, got.of(awstype.RDSEventSubscription), 4)
	for name, want := range map[string]struct {
		source     string
		ids        any
		categories []string
	}{
		"web-db-events":             {"db-instance", []any{"web-test-db"}, []string{"failover", "failure", "low storage", "maintenance", "configuration change"}},
		"web-parameter-events":      {"db-parameter-group", []any{"web-db"}, []string{"configuration change"}},
		"web-security-group-events": {"db-security-group", nil, []string{"configuration change", "failure"}},
		"web-proxy-events":          {"db-proxy", []any{"web-test"}, []string{"configuration change", "deletion", "failure"}},
	} {
		subscription := got.one(t, awstype.RDSEventSubscription, name)
		assert.Equal(t, topicARN("", "notices"), subscription["snsTopic"], name)
		assert.Equal(t, want.source, subscription["sourceType"], name)
		assert.Equal(t, want.ids, subscription["sourceIds"], name)
		for _, category := range want.categories {
			assert.Contains(t, subscription["eventCategories"], category, name)
		}
		assert.True(t, got.behind(awstype.RDSEventSubscription + "::" + name)[awstype.SNSTopicPolicy+"::web-notices"], "RDS asks whether it may publish")
	}
}

// Pulumi deletes resources at the same depth of the graph in parallel, and RDS takes half a minute for each of these.
func TestEventSubscriptionsAreDeletedTogether(t *testing.T) {
	t.Parallel()
	got := planOf(t, "-stack", "prod")
	want := []string{
		awstype.RDSInstance + "::ha-web-db", awstype.RDSParameterGroup + "::ha-web-db", awstype.RDSProxy + "::ha-web-proxy", awstype.SNSTopicPolicy + "::ha-web-notices",
	}
	require.Len(t, got.of(awstype.RDSEventSubscription), 4)
	for name, each := range got.of(awstype.RDSEventSubscription) {
		assert.Equal(t, want, each.DependsOn, name)
	}
}

// matches reports whether an event matches a pattern, with the operators that these patterns use (Amazon EventBridge user guide,
// "Comparison operators").
func matches(pattern, event map[string]any) bool {
	for key, want := range pattern {
		if key == "$or" {
			if !slices.ContainsFunc(want.([]any), func(each any) bool { return matches(each.(map[string]any), event) }) {
				return false
			}
			continue
		}
		value, found := event[key]
		if nested, isMap := want.(map[string]any); isMap {
			inner, _ := value.(map[string]any)
			if !matches(nested, inner) {
				return false
			}
			continue
		}
		if !found || !slices.ContainsFunc(want.([]any), func(each any) bool { return matchesValue(each, fmt.Sprint(value)) }) {
			return false
		}
	}
	return true
}

func matchesValue(want any, value string) bool {
	operator, isOperator := want.(map[string]any)
	if !isOperator {
		return want == value
	}
	if prefix, found := operator["prefix"]; found {
		return strings.HasPrefix(value, prefix.(string))
	}
	return !slices.Contains(operator["anything-but"].([]any), any(value))
}

// patternOf returns the pattern of a rule.
func patternOf(t *testing.T, got recording, name string) map[string]any {
	t.Helper()
	var pattern map[string]any
	require.NoError(t, json.Unmarshal([]byte(got.one(t, awstype.CloudWatchEventRule, name)["eventPattern"].(string)), &pattern))
	return pattern
}

// read is an event of CloudTrail for a call of GetSecretValue.
func read(secret string, who map[string]any) map[string]any {
	return map[string]any{
		"source": "aws.secretsmanager", "detail-type": "AWS API Call via CloudTrail",
		"detail": map[string]any{
			"eventName": "GetSecretValue", "requestParameters": map[string]any{"secretId": secret}, "userIdentity": who,
		},
	}
}

// inRole is an identity that has assumed a role.
func inRole(name string) map[string]any {
	return map[string]any{"type": "AssumedRole", "sessionContext": map[string]any{"sessionIssuer": map[string]any{"userName": name}}}
}

func TestStrangersWhoReadTheDatabaseSecretAreNoticed(t *testing.T) {
	t.Parallel()
	const secret = "arn:aws:secretsmanager:us-east-1:123456789012:secret:rds!db-0a1b-Ab12Cd"
	got := recordMonitoring(t, fullMonitoring())
	pattern := patternOf(t, got, "web-database-secret-read")
	for who, strange := range map[string]map[string]any{
		"root": {"type": "Root"}, "a user": {"type": "IAMUser", "userName": "bob"}, "another account": {"type": "AWSAccount"},
		"another role": inRole("admin"), "a role that begins the same": inRole("web-app-2"),
	} {
		for _, name := range []string{secret, strings.TrimSuffix(secret, "-Ab12Cd"), "rds!db-0a1b"} {
			assert.True(t, matches(pattern, read(name, strange)), "%s by %s", who, name)
		}
		assert.False(t, matches(pattern, read("ha-web/prod/smtp", strange)), "%s, another secret", who)
	}
	for _, known := range []string{"web-proxy", "web-app", "AWSServiceRoleForRDS"} {
		assert.False(t, matches(pattern, read(secret, inRole(known))), known)
	}
	assert.False(t, matches(pattern, read(secret, map[string]any{"type": "AWSService"})))
	assert.Equal(t, "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS", got.one(t, awstype.CloudWatchEventRule, "web-database-secret-read")["state"],
		"a rule does not see calls that only read unless it says so")
	assert.Equal(t, "ENABLED", got.one(t, awstype.CloudWatchEventRule, "web-fleet-events")["state"])
}

func TestRotationAndFleetEvents(t *testing.T) {
	t.Parallel()
	got := recordMonitoring(t, fullMonitoring())
	rotation := patternOf(t, got, "web-secret-rotation-failed")
	event := func(name, secret string) map[string]any {
		return map[string]any{
			"source": "aws.secretsmanager", "detail-type": "AWS Service Event via CloudTrail",
			"detail": map[string]any{"eventName": name, "additionalEventData": map[string]any{"SecretId": secret}},
		}
	}
	const secret = "arn:aws:secretsmanager:us-east-1:123456789012:secret:rds!db-0a1b-Ab12Cd"
	assert.True(t, matches(rotation, event("RotationFailed", secret)))
	assert.False(t, matches(rotation, event("RotationSucceeded", secret)))
	assert.False(t, matches(rotation, event("RotationFailed", "another")))

	fleet := patternOf(t, got, "web-fleet-events")
	for _, what := range []string{
		"EC2 Instance Launch Unsuccessful", "EC2 Instance Terminate Unsuccessful", "EC2 Auto Scaling Instance Refresh Failed",
		"EC2 Auto Scaling Instance Refresh Cancelled", "EC2 Auto Scaling Instance Refresh Rollback Started",
		"EC2 Auto Scaling Instance Refresh Rollback Succeeded", "EC2 Auto Scaling Instance Refresh Rollback Failed",
	} {
		happened := map[string]any{"source": "aws.autoscaling", "detail-type": what, "detail": map[string]any{"AutoScalingGroupName": "web-app"}}
		assert.True(t, matches(fleet, happened), what)
		happened["detail"] = map[string]any{"AutoScalingGroupName": "another"}
		assert.False(t, matches(fleet, happened), what)
	}
	for _, name := range got.names(awstype.CloudWatchEventTarget) {
		if strings.Contains(name, "incident") {
			continue
		}
		target := got.one(t, awstype.CloudWatchEventTarget, name)
		assert.Equal(t, name, target["rule"])
		assert.Equal(t, topicARN("", "notices"), target["arn"], name)
		assert.NotContains(t, target, "inputTransformer", "a template would fail on a quote: all that AWS knows")
	}
}
