package tests

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"ha-web/components/monitoring"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const account = "123456789012"

func TestTopicsAreEncryptedAndAdmitPublishers(t *testing.T) {
	t.Parallel()
	got := recordMonitoring(t, fullMonitoring())
	assert.Equal(t, []string{"web-alarms", "web-alarms-us-east-1", "web-notices", "web-notices-us-east-1"}, got.names(topic))
	for name, each := range got.of(topic) {
		key := "key-arn"
		if strings.HasSuffix(name, "-us-east-1") { // a topic takes no key of another region
			key = "arn:aws:kms:us-east-1:123456789012:web-alarms-us-east-1"
			assert.Equal(t, provider+"::web-us-east-1", each.Provider, name)
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
		policy := got.one(t, topicPolicy, name)
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

// The key of the topics in CloudFront's region lets the same services in as the stack's own.
func TestKeyOfTheOtherRegionAdmitsPublishers(t *testing.T) {
	t.Parallel()
	statements := document(t, recordMonitoring(t, fullMonitoring()).one(t, kmsKey, "web-alarms-us-east-1")["policy"])
	for _, each := range []string{
		"PublishAlarms", "PublishEvents", "PublishDatabaseEvents", "PublishBudgets", "PublishCostAnomalies", "PublishScaling",
	} {
		assert.Equal(t, []any{"kms:Decrypt", "kms:GenerateDataKey*"}, statements[each]["Action"], each)
	}
	assert.Equal(t, map[string]any{"StringEquals": map[string]any{"kms:ViaService": []any{"sns.us-east-1.amazonaws.com"}}},
		statements["UseThroughServices"]["Condition"])
}

func TestSubscribersHearOfTheirTopics(t *testing.T) {
	t.Parallel()
	got := recordMonitoring(t, fullMonitoring())
	subscribed := map[string]string{}
	for name, each := range got.of(subscription) {
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
		}, got.one(t, permission, name))
		assert.Contains(t, got.of(subscription)[name].DependsOn, permission+"::"+name)
		assert.Empty(t, got.of(permission)[name].Provider, "the function is in the region of the component")
	}
}

// In us-east-1 the alarms of CloudFront are beside the others: nobody confirms two topics of one region.
func TestOneRegionHasOnePairOfTopics(t *testing.T) {
	t.Parallel()
	args := fullMonitoring()
	args.Region, args.Web.Zones = "us-east-1", zones(2)
	got := recordMonitoring(t, args)
	assert.Equal(t, []string{"web-alarms", "web-notices"}, got.names(topic))
	assert.Empty(t, got.of(kmsKey))
	for _, resource := range got.Resources {
		assert.Empty(t, resource.Provider, resource.Key())
		assert.False(t, strings.HasSuffix(resource.Name, "-us-east-1") && resource.Type != provider, resource.Key())
	}
	assert.Contains(t, got.of(metricAlarm), "web-alarm-cdn-errors")

	elsewhere := recordMonitoring(t, fullMonitoring())
	for _, name := range []string{"web-alarm-cdn-errors-us-east-1", "web-alarm-blocked-requests-us-east-1", "web-alarm-pages-undelivered-us-east-1"} {
		assert.Equal(t, provider+"::web-us-east-1", elsewhere.of(metricAlarm)[name].Provider, name)
	}
	assert.Equal(t, provider+"::web-us-east-1", elsewhere.of(compositeAlarm)["web-page-cdn-us-east-1"].Provider)
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
	}, got.one(t, slackChannel, "web-slack"))
	assert.Equal(t, "arn:aws:iam::aws:policy/CloudWatchReadOnlyAccess", got.one(t, rolePolicyAttached, "web-slack")["policyArn"])
	assert.Contains(t, fmt.Sprint(got.one(t, role, "web-slack")["assumeRolePolicy"]), `"chatbot.amazonaws.com"`)
}

func TestDatabaseEventsGoToTheNotices(t *testing.T) {
	t.Parallel()
	assert.Equal(t, []string{"web-db-events", "web-parameter-events", "web-security-group-events"},
		recordMonitoring(t, monitoringArgs()).names(eventSubscription))
	got := recordMonitoring(t, fullMonitoring())
	assert.Len(t, got.of(eventSubscription), 4)
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
		subscription := got.one(t, eventSubscription, name)
		assert.Equal(t, topicARN("", "notices"), subscription["snsTopic"], name)
		assert.Equal(t, want.source, subscription["sourceType"], name)
		assert.Equal(t, want.ids, subscription["sourceIds"], name)
		for _, category := range want.categories {
			assert.Contains(t, subscription["eventCategories"], category, name)
		}
		assert.True(t, got.behind(eventSubscription + "::" + name)[topicPolicy+"::web-notices"], "RDS asks whether it may publish")
	}
}

// Pulumi deletes resources of one depth of the graph at the same time, and RDS takes half a minute for each of these.
func TestEventSubscriptionsAreDeletedTogether(t *testing.T) {
	t.Parallel()
	got := planOf(t, "-stack", "prod")
	want := []string{
		dbInstance + "::ha-web-db", parameterGroup + "::ha-web-db", proxy + "::ha-web-proxy", topicPolicy + "::ha-web-notices",
	}
	require.Len(t, got.of(eventSubscription), 4)
	for name, each := range got.of(eventSubscription) {
		assert.Equal(t, want, each.DependsOn, name)
	}
}

// matches reports whether an event matches a pattern, as EventBridge does with what these patterns use (Amazon EventBridge
// user guide, "Comparison operators").
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
	require.NoError(t, json.Unmarshal([]byte(got.one(t, eventRule, name)["eventPattern"].(string)), &pattern))
	return pattern
}

// read is a call of GetSecretValue as CloudTrail has it.
func read(secret string, who map[string]any) map[string]any {
	return map[string]any{
		"source": "aws.secretsmanager", "detail-type": "AWS API Call via CloudTrail",
		"detail": map[string]any{
			"eventName": "GetSecretValue", "requestParameters": map[string]any{"secretId": secret}, "userIdentity": who,
		},
	}
}

// inRole is who has taken on a role.
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
	assert.Equal(t, "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS", got.one(t, eventRule, "web-database-secret-read")["state"],
		"a rule does not see calls that only read unless it says so")
	assert.Equal(t, "ENABLED", got.one(t, eventRule, "web-fleet-events")["state"])
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
	} {
		happened := map[string]any{"source": "aws.autoscaling", "detail-type": what, "detail": map[string]any{"AutoScalingGroupName": "web-app"}}
		assert.True(t, matches(fleet, happened), what)
		happened["detail"] = map[string]any{"AutoScalingGroupName": "another"}
		assert.False(t, matches(fleet, happened), what)
	}
	for _, name := range got.names(eventTarget) {
		if strings.Contains(name, "incident") {
			continue
		}
		target := got.one(t, eventTarget, name)
		assert.Equal(t, name, target["rule"])
		assert.Equal(t, topicARN("", "notices"), target["arn"], name)
		assert.NotContains(t, target, "inputTransformer", "a template would fail on a quote: all that AWS knows")
	}
}

// filled returns what EventBridge makes of an event with the input transformer of a target, where it makes the least of it:
// parts come as they are, quotes and all. It checks that they stand in quotes, and that none is missing.
func filled(t *testing.T, target, event map[string]any) string {
	t.Helper()
	transformer := target["inputTransformer"].(map[string]any)
	template, paths := transformer["inputTemplate"].(string), transformer["inputPaths"].(map[string]any)
	assert.LessOrEqual(t, len(template), 8192)
	var text strings.Builder
	used, quoted := map[string]bool{}, false
	for i := 0; i < len(template); i++ {
		switch template[i] {
		case '"':
			quoted = !quoted
		case '<':
			end := i + strings.Index(template[i:], ">")
			name := template[i+1 : end]
			require.Contains(t, paths, name)
			require.True(t, quoted, "%s is not in quotes", name)
			used[name] = true
			text.WriteString(partOf(t, event, paths[name].(string)))
			i = end
			continue
		}
		text.WriteByte(template[i])
	}
	assert.Len(t, paths, len(used), "a path that nothing asks for")
	return text.String()
}

// partOf returns the text at a path of an event.
func partOf(t *testing.T, event map[string]any, path string) string {
	t.Helper()
	require.Regexp(t, `^\$(\.[A-Za-z-]+)+$`, path, "AWS takes dots only")
	var value any = event
	for _, step := range strings.Split(path, ".")[1:] {
		fields, _ := value.(map[string]any)
		value = fields[step]
	}
	require.IsType(t, "", value, path)
	return value.(string)
}

func TestPagesBecomeIncidents(t *testing.T) {
	t.Parallel()
	got := recordMonitoring(t, fullMonitoring())
	for suffix, region := range map[string]string{"": "eu-west-1", "-us-east-1": "us-east-1"} {
		arn := func(module, name string) string {
			return "arn:aws:" + module + ":" + region + ":123456789012:" + name + suffix
		}
		assert.Equal(t, map[string]any{
			"description": "ServiceNow", "authorizationType": "BASIC",
			"authParameters": map[string]any{"basic": map[string]any{"username": "ha-web", "password": "[secret]"}},
		}, got.one(t, connection, "web-servicenow"+suffix))
		destination := got.one(t, apiDestination, "web-servicenow"+suffix)
		assert.Equal(t, "https://example.service-now.com/api/now/import/u_ha_web_incident", destination["invocationEndpoint"])
		assert.Equal(t, "POST", destination["httpMethod"])
		policy := document(t, got.one(t, rolePolicy, "web-servicenow"+suffix)["policy"])
		assert.Equal(t, []any{arn("cloudwatch", "web-servicenow")}, policy["events:InvokeApiDestination"]["Resource"])
		roles := map[string][]string{
			"": {
				"web-incident-open-redundancy", "web-incident-open-errors", "web-incident-open-database", "web-incident-open-security",
				"web-incident-resolve",
			},
			"-us-east-1": {"web-incident-open-cdn", "web-incident-resolve"},
		}[suffix]
		var sources []any
		for _, role := range roles {
			sources = append(sources, arn("cloudwatch", role))
			target := got.of(eventTarget)[role+suffix]
			assert.Equal(t, role+suffix, target.Inputs["rule"])
			assert.Equal(t, arn("cloudwatch", "web-servicenow"), target.Inputs["arn"])
			assert.Equal(t, "arn:aws:iam:eu-west-1:123456789012:web-servicenow"+suffix, target.Inputs["roleArn"])
			assert.Equal(t, map[string]any{"arn": arn("sqs", "web-incidents-undelivered")}, target.Inputs["deadLetterConfig"])
			assert.Equal(t, map[string]any{"maximumEventAgeInSeconds": 3600.0, "maximumRetryAttempts": 185.0}, target.Inputs["retryPolicy"])
			assert.Contains(t, target.DependsOn, queuePolicy+"::web-incidents-undelivered"+suffix)
		}
		kept := document(t, got.one(t, queuePolicy, "web-incidents-undelivered"+suffix)["policy"])
		assert.Equal(t, map[string]any{"Service": "events.amazonaws.com"}, kept["KeepIncidents"]["Principal"])
		assert.Equal(t, map[string]any{"ArnEquals": map[string]any{"aws:SourceArn": sources}}, kept["KeepIncidents"]["Condition"])
		assert.Equal(t, "Deny", kept["RefuseWithoutTLS"]["Effect"])
		dead := got.one(t, queue, "web-incidents-undelivered"+suffix)
		assert.Equal(t, true, dead["sqsManagedSseEnabled"])
		assert.Equal(t, 1209600.0, dead["messageRetentionSeconds"])
	}
}

// pageChanged is an event of CloudWatch, of a composite alarm (Amazon CloudWatch user guide, "Alarm events and EventBridge"):
// it may have no description.
func pageChanged(name, state, at, previous, since string) map[string]any {
	return map[string]any{
		"source": "aws.cloudwatch", "detail-type": "CloudWatch Alarm State Change", "account": account, "region": "eu-west-1",
		"detail": map[string]any{
			"alarmName":     name,
			"configuration": map[string]any{"alarmRule": `ALARM("a") OR ALARM("b")`},
			"state":         map[string]any{"value": state, "timestamp": at, "reason": "arn:a transitioned to " + state},
			"previousState": map[string]any{"value": previous, "timestamp": since, "reason": "arn:a was created"},
		},
	}
}

// What happens to one alarm is one incident: by the same id it is opened, told again and resolved.
func TestAnIncidentIsOpenedOnceAndResolved(t *testing.T) {
	t.Parallel()
	got := recordMonitoring(t, fullMonitoring())
	row := func(target string, event map[string]any) map[string]any {
		var row map[string]any
		require.NoError(t, json.Unmarshal([]byte(filled(t, got.one(t, eventTarget, target), event)), &row), target)
		return row
	}
	const nine, ten = "2027-01-11T09:00:00.989+0000", "2027-01-11T10:00:00.001+0000"
	failed, mended := pageChanged("web-test-errors", "ALARM", nine, "OK", "2027-01-01T00:00:00.000+0000"),
		pageChanged("web-test-errors", "OK", ten, "ALARM", nine)
	open, resolve := patternOf(t, got, "web-incident-open-errors"), patternOf(t, got, "web-incident-resolve")
	assert.True(t, matches(open, failed))
	assert.False(t, matches(open, mended))
	assert.True(t, matches(resolve, mended))
	assert.False(t, matches(resolve, failed))
	assert.False(t, matches(resolve, pageChanged("web-test-errors", "OK", ten, "INSUFFICIENT_DATA", nine)), "it is new")
	for _, other := range []string{"web-test-latency", "web-other-errors", "web-test-cdn", "web-test-database"} {
		assert.False(t, matches(open, pageChanged(other, "ALARM", nine, "OK", nine)), other)
	}
	for _, page := range []string{"redundancy", "errors", "database", "security"} {
		assert.True(t, matches(patternOf(t, got, "web-incident-open-"+page), pageChanged("web-test-"+page, "ALARM", nine, "OK", nine)), page)
		assert.True(t, matches(resolve, pageChanged("web-test-"+page, "OK", ten, "ALARM", nine)), page)
	}
	assert.True(t, matches(patternOf(t, got, "web-incident-open-cdn-us-east-1"), pageChanged("web-test-cdn", "ALARM", nine, "OK", nine)))
	assert.False(t, matches(resolve, pageChanged("web-test-cdn", "OK", ten, "ALARM", nine)), "it has one of its own there")

	incident := "123456789012/eu-west-1/web-test-errors/" + nine
	assert.Equal(t, map[string]any{
		"u_correlation_id": incident, "u_state": "1", "u_short_description": "web-test-errors",
		"u_description": got.one(t, compositeAlarm, "web-page-errors")["alarmDescription"], "u_work_notes": "arn:a transitioned to ALARM",
		"u_urgency": "1", "u_impact": "2", "u_assignment_group": "Platform",
	}, row("web-incident-open-errors", failed))
	assert.Equal(t, map[string]any{
		"u_correlation_id": incident, "u_state": "6", "u_close_code": "Solution provided",
		"u_close_notes": "arn:a transitioned to OK",
	}, row("web-incident-resolve", mended))
}

func TestServiceNowByOAuth(t *testing.T) {
	t.Parallel()
	args := fullMonitoring()
	args.ServiceNow = monitoring.ServiceNow{
		Instance: "example", ClientID: "0a1b", ClientSecret: pulumi.ToSecret(pulumi.String("hunter2")).(pulumi.StringOutput),
	}
	got := recordMonitoring(t, args).one(t, connection, "web-servicenow")
	assert.Equal(t, "OAUTH_CLIENT_CREDENTIALS", got["authorizationType"])
	assert.Equal(t, map[string]any{"oauth": map[string]any{
		"authorizationEndpoint": "https://example.service-now.com/oauth_token.do", "httpMethod": "POST",
		"clientParameters": map[string]any{"clientId": "0a1b", "clientSecret": "[secret]"},
		"oauthHttpParameters": map[string]any{"bodies": []any{
			map[string]any{"key": "grant_type", "value": "client_credentials"},
		}},
	}}, got["authParameters"])
}

func TestMetricsGoToDatadog(t *testing.T) {
	t.Parallel()
	got := recordMonitoring(t, fullMonitoring())
	streamed := func(got recording, name string) []string {
		var namespaces []string
		for _, each := range got.one(t, metricStream, name)["includeFilters"].([]any) {
			namespaces = append(namespaces, each.(map[string]any)["namespace"].(string))
		}
		return namespaces
	}
	assert.Equal(t, []string{"AWS/ApplicationELB", "AWS/AutoScaling", "AWS/EC2", "AWS/NATGateway", "AWS/RDS", "CWAgent"}, streamed(got, "web-datadog-stream"))
	assert.Equal(t, []string{"AWS/CloudFront", "AWS/WAFV2"}, streamed(got, "web-datadog-stream-us-east-1"))

	stream := got.of(metricStream)["web-datadog-stream"]
	assert.Equal(t, "opentelemetry0.7", stream.Inputs["outputFormat"])
	assert.Equal(t, "arn:aws:kinesis:eu-west-1:123456789012:web-datadog", stream.Inputs["firehoseArn"])
	assert.Contains(t, stream.DependsOn, rolePolicy+"::web-datadog-stream")
	writes := document(t, got.one(t, rolePolicy, "web-datadog-stream")["policy"])
	assert.Equal(t, []any{"arn:aws:kinesis:eu-west-1:123456789012:web-datadog"}, writes["firehose:PutRecord"]["Resource"])
	trust := document(t, got.one(t, role, "web-datadog-stream")["assumeRolePolicy"])
	assert.Equal(t, map[string]any{"Service": "streams.metrics.cloudwatch.amazonaws.com"}, trust["sts:AssumeRole"]["Principal"])

	delivery := got.of(firehose)["web-datadog"]
	assert.Equal(t, "http_endpoint", delivery.Inputs["destination"])
	assert.Equal(t, map[string]any{"enabled": true, "keyType": "AWS_OWNED_CMK"}, delivery.Inputs["serverSideEncryption"])
	assert.Equal(t, map[string]any{
		"name": "Datadog", "url": "https://awsmetrics-intake.datadoghq.com/v1/input", "accessKey": "[secret]",
		"roleArn": "arn:aws:iam:eu-west-1:123456789012:web-datadog", "bufferingSize": 4.0, "bufferingInterval": 60.0,
		"retryDuration": 60.0, "s3BackupMode": "FailedDataOnly",
		"s3Configuration": map[string]any{
			"bucketArn": "arn:aws:s3:eu-west-1:123456789012:web-datadog", "roleArn": "arn:aws:iam:eu-west-1:123456789012:web-datadog",
			"compressionFormat": "GZIP",
		},
		"cloudwatchLoggingOptions": map[string]any{"enabled": true, "logGroupName": "web-datadog", "logStreamName": "delivery"},
		"requestConfiguration":     map[string]any{"contentEncoding": "GZIP"},
	}, delivery.Inputs["httpEndpointConfiguration"])
	assert.Contains(t, delivery.DependsOn, rolePolicy+"::web-datadog")
	rights := document(t, got.one(t, rolePolicy, "web-datadog")["policy"])
	assert.Equal(t, []any{"arn:aws:s3:eu-west-1:123456789012:web-datadog", "arn:aws:s3:eu-west-1:123456789012:web-datadog/*"}, rights["KeepWhatFails"]["Resource"])
	checkPrivate(t, got, "web-datadog", expires(14))
	assert.True(t, got.of(bucket)["web-datadog"].Protect)
	assert.Equal(t, "key-arn", got.one(t, logGroup, "web-datadog")["kmsKeyId"])
	assert.NotContains(t, got.one(t, logGroup, "web-datadog-us-east-1"), "kmsKeyId", "the key is of another region")

	near := fullMonitoring()
	near.Region, near.Web.Zones, near.Datadog.Site, near.Datadog.Namespaces = "us-east-1", zones(2), "datadoghq.eu", []string{"AWS/RDS", "AWS/WAFV2"}
	got = recordMonitoring(t, near)
	assert.Equal(t, []string{"web-datadog-stream"}, got.names(metricStream))
	assert.Equal(t, []string{"AWS/RDS", "AWS/WAFV2"}, streamed(got, "web-datadog-stream"))
	assert.Contains(t, inputsOf(t, got.of(firehose)["web-datadog"]), "https://awsmetrics-intake.datadoghq.eu/v1/input")
	far := fullMonitoring()
	far.Datadog.Namespaces = []string{"AWS/RDS"}
	assert.Equal(t, []string{"web-datadog-stream"}, recordMonitoring(t, far).names(metricStream), "nothing to stream there")
}

func TestBudgetTellsOfTheForecast(t *testing.T) {
	t.Parallel()
	got := recordMonitoring(t, fullMonitoring())
	notify := func(kind string, percent float64) map[string]any {
		return map[string]any{
			"notificationType": kind, "comparisonOperator": "GREATER_THAN", "threshold": percent, "thresholdType": "PERCENTAGE",
			"subscriberSnsTopicArns": []any{topicARN("", "notices")},
		}
	}
	assert.Equal(t, map[string]any{
		"accountId": account, "name": "web-test", "budgetType": "COST", "timeUnit": "MONTHLY", "limitAmount": "700", "limitUnit": "USD",
		"costFilters":   []any{map[string]any{"name": "TagKeyValue", "values": []any{"user:Project$ha-web"}}},
		"notifications": []any{notify("FORECASTED", 100), notify("ACTUAL", 80)},
		"tags":          map[string]any{"Name": "web-budget"},
	}, got.one(t, budget, "web-budget"))
	assert.True(t, got.behind(budget + "::web-budget")[topicPolicy+"::web-notices"], "AWS Budgets asks whether it may publish")

	args := fullMonitoring()
	args.Budget = monitoring.Budget{MonthlyUSD: 50, ForecastPercent: 120, ActualPercent: 50}
	whole := recordMonitoring(t, args).one(t, budget, "web-budget")
	assert.NotContains(t, whole, "costFilters")
	assert.Equal(t, []any{notify("FORECASTED", 120), notify("ACTUAL", 50)}, whole["notifications"])
}
