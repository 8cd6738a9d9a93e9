package tests

import (
	"encoding/json"
	"strings"
	"testing"

	"ha-web/components/monitoring"
	"ha-web/internal/awstype"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// filled returns the output of the input transformer of a target for an event. Values are inserted as they are, without escaping. It
// checks that placeholders stand in quotes, and that all paths are used.
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

// partOf returns the string at a path of an event.
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
		}, got.one(t, awstype.CloudWatchEventConnection, "web-servicenow"+suffix))
		destination := got.one(t, awstype.CloudWatchEventAPIDestination, "web-servicenow"+suffix)
		assert.Equal(t, "https://example.service-now.com/api/now/import/u_ha_web_incident", destination["invocationEndpoint"])
		assert.Equal(t, "POST", destination["httpMethod"])
		policy := document(t, got.one(t, awstype.IAMRolePolicy, "web-servicenow"+suffix)["policy"])
		assert.Equal(t, []any{arn("cloudwatch", "web-servicenow")}, policy["events:InvokeApiDestination"]["Resource"])
		roles := map[string][]string{
			"": {
				"web-incident-open-redundancy", "web-incident-open-zone", "web-incident-open-errors", "web-incident-open-database", "web-incident-open-security",
				"web-incident-resolve",
			},
			"-us-east-1": {"web-incident-open-cdn", "web-incident-resolve"},
		}[suffix]
		var sources []any
		for _, role := range roles {
			sources = append(sources, arn("cloudwatch", role))
			target := got.of(awstype.CloudWatchEventTarget)[role+suffix]
			assert.Equal(t, role+suffix, target.Inputs["rule"])
			assert.Equal(t, arn("cloudwatch", "web-servicenow"), target.Inputs["arn"])
			assert.Equal(t, "arn:aws:iam:eu-west-1:123456789012:web-servicenow"+suffix, target.Inputs["roleArn"])
			assert.Equal(t, map[string]any{"arn": arn("sqs", "web-incidents-undelivered")}, target.Inputs["deadLetterConfig"])
			assert.Equal(t, map[string]any{"maximumEventAgeInSeconds": 3600.0, "maximumRetryAttempts": 185.0}, target.Inputs["retryPolicy"])
			assert.Contains(t, target.DependsOn, awstype.SQSQueuePolicy+"::web-incidents-undelivered"+suffix)
		}
		kept := document(t, got.one(t, awstype.SQSQueuePolicy, "web-incidents-undelivered"+suffix)["policy"])
		assert.Equal(t, map[string]any{"Service": "events.amazonaws.com"}, kept["KeepIncidents"]["Principal"])
		assert.Equal(t, map[string]any{"ArnEquals": map[string]any{"aws:SourceArn": sources}}, kept["KeepIncidents"]["Condition"])
		assert.Equal(t, "Deny", kept["RefuseWithoutTLS"]["Effect"])
		dead := got.one(t, awstype.SQSQueue, "web-incidents-undelivered"+suffix)
		assert.Equal(t, true, dead["sqsManagedSseEnabled"])
		assert.Equal(t, 1209600.0, dead["messageRetentionSeconds"])
	}
}

// pageChanged is an event of CloudWatch about a composite alarm, without the optional description (Amazon CloudWatch user guide, "Alarm
// events and EventBridge").
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

// One outage is one incident: it is opened, sent again and resolved under the same correlation ID.
func TestAnIncidentIsOpenedOnceAndResolved(t *testing.T) {
	t.Parallel()
	got := recordMonitoring(t, fullMonitoring())
	row := func(target string, event map[string]any) map[string]any {
		var row map[string]any
		require.NoError(t, json.Unmarshal([]byte(filled(t, got.one(t, awstype.CloudWatchEventTarget, target), event)), &row), target)
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
	for _, page := range []string{"redundancy", "zone", "errors", "database", "security"} {
		assert.True(t, matches(patternOf(t, got, "web-incident-open-"+page), pageChanged("web-test-"+page, "ALARM", nine, "OK", nine)), page)
		assert.True(t, matches(resolve, pageChanged("web-test-"+page, "OK", ten, "ALARM", nine)), page)
	}
	assert.True(t, matches(patternOf(t, got, "web-incident-open-cdn-us-east-1"), pageChanged("web-test-cdn", "ALARM", nine, "OK", nine)))
	assert.False(t, matches(resolve, pageChanged("web-test-cdn", "OK", ten, "ALARM", nine)), "it has one of its own there")

	incident := "123456789012/eu-west-1/web-test-errors/" + nine
	assert.Equal(t, map[string]any{
		"u_correlation_id": incident, "u_state": "1", "u_short_description": "web-test-errors",
		"u_description": got.one(t, awstype.CloudWatchCompositeAlarm, "web-page-errors")["alarmDescription"], "u_work_notes": "arn:a transitioned to ALARM",
		"u_urgency": "1", "u_impact": "2", "u_assignment_group": "Platform",
	}, row("web-incident-open-errors", failed))
	assert.Equal(t, map[string]any{
		"u_correlation_id": incident, "u_state": "6", "u_close_code": "Solution provided",
		"u_close_notes": "arn:a transitioned to OK",
	}, row("web-incident-resolve", mended))
}

// EventBridge takes what stands in angle brackets for a placeholder.
func TestAnAssignmentGroupIsNoPlaceholder(t *testing.T) {
	t.Parallel()
	got := recordMonitoring(t, fullMonitoring(func(a *monitoring.Args) { a.Settings.ServiceNow.AssignmentGroup = `R&D "web" <24/7>` }))
	var row map[string]any
	text := filled(t, got.one(t, awstype.CloudWatchEventTarget, "web-incident-open-errors"), pageChanged("web-test-errors", "ALARM", "now", "OK", "before"))
	require.NoError(t, json.Unmarshal([]byte(text), &row))
	assert.Equal(t, `R&D "web" <24/7>`, row["u_assignment_group"])
}

func TestServiceNowByOAuth(t *testing.T) {
	t.Parallel()
	got := recordMonitoring(t, fullMonitoring(func(a *monitoring.Args) {
		s := &a.Settings.ServiceNow
		s.Username, s.Password, s.ClientID, s.ClientSecret = "", nil, "0a1b", sealed("hunter2")
	})).one(t, awstype.CloudWatchEventConnection, "web-servicenow")
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
		for _, each := range got.one(t, awstype.CloudWatchMetricStream, name)["includeFilters"].([]any) {
			namespaces = append(namespaces, each.(map[string]any)["namespace"].(string))
		}
		return namespaces
	}
	assert.Equal(t, []string{"AWS/ApplicationELB", "AWS/AutoScaling", "AWS/EC2", "AWS/NATGateway", "AWS/RDS", "CWAgent"}, streamed(got, "web-datadog-stream"))
	assert.Equal(t, []string{"AWS/CloudFront", "AWS/WAFV2"}, streamed(got, "web-datadog-stream-us-east-1"))

	stream := got.of(awstype.CloudWatchMetricStream)["web-datadog-stream"]
	assert.Equal(t, "opentelemetry0.7", stream.Inputs["outputFormat"])
	assert.Equal(t, "arn:aws:kinesis:eu-west-1:123456789012:web-datadog", stream.Inputs["firehoseArn"])
	assert.Contains(t, stream.DependsOn, awstype.IAMRolePolicy+"::web-datadog-stream")
	writes := document(t, got.one(t, awstype.IAMRolePolicy, "web-datadog-stream")["policy"])
	assert.Equal(t, []any{"arn:aws:kinesis:eu-west-1:123456789012:web-datadog"}, writes["firehose:PutRecord"]["Resource"])
	trust := document(t, got.one(t, awstype.IAMRole, "web-datadog-stream")["assumeRolePolicy"])
	assert.Equal(t, map[string]any{"Service": "streams.metrics.cloudwatch.amazonaws.com"}, trust["sts:AssumeRole"]["Principal"])

	delivery := got.of(awstype.KinesisFirehoseDeliveryStream)["web-datadog"]
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
	assert.Contains(t, delivery.DependsOn, awstype.IAMRolePolicy+"::web-datadog")
	rights := document(t, got.one(t, awstype.IAMRolePolicy, "web-datadog")["policy"])
	assert.Equal(t, []any{"arn:aws:s3:eu-west-1:123456789012:web-datadog", "arn:aws:s3:eu-west-1:123456789012:web-datadog/*"}, rights["KeepWhatFails"]["Resource"])
	checkPrivate(t, got, "web-datadog", expires(14))
	assert.True(t, got.of(awstype.S3BucketV2)["web-datadog"].Protect)
	assert.Equal(t, "key-arn", got.one(t, awstype.CloudWatchLogGroup, "web-datadog")["kmsKeyId"])
	assert.NotContains(t, got.one(t, awstype.CloudWatchLogGroup, "web-datadog-us-east-1"), "kmsKeyId", "the key is of another region")

	got = recordMonitoring(t, fullMonitoring(inUSEast1, func(a *monitoring.Args) {
		a.Settings.Datadog.Site, a.Settings.Datadog.Namespaces = "datadoghq.eu", []string{"AWS/RDS", "AWS/WAFV2"}
	}))
	assert.Equal(t, []string{"web-datadog-stream"}, got.names(awstype.CloudWatchMetricStream))
	assert.Equal(t, []string{"AWS/RDS", "AWS/WAFV2"}, streamed(got, "web-datadog-stream"))
	assert.Contains(t, inputsOf(t, got.of(awstype.KinesisFirehoseDeliveryStream)["web-datadog"]), "https://awsmetrics-intake.datadoghq.eu/v1/input")
	far := fullMonitoring(func(a *monitoring.Args) { a.Settings.Datadog.Namespaces = []string{"AWS/RDS"} })
	assert.Equal(t, []string{"web-datadog-stream"}, recordMonitoring(t, far).names(awstype.CloudWatchMetricStream), "nothing to stream there")
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
	}, got.one(t, awstype.BudgetsBudget, "web-budget"))
	assert.True(t, got.behind(awstype.BudgetsBudget + "::web-budget")[awstype.SNSTopicPolicy+"::web-notices"], "AWS Budgets asks whether it may publish")

	whole := recordMonitoring(t, fullMonitoring(func(a *monitoring.Args) {
		a.Settings.Budget = monitoring.Budget{MonthlyUSD: 50, ForecastPercent: 120, ActualPercent: 50}
	})).one(t, awstype.BudgetsBudget, "web-budget")
	assert.NotContains(t, whole, "costFilters")
	assert.Equal(t, []any{notify("FORECASTED", 120), notify("ACTUAL", 50)}, whole["notifications"])
}
