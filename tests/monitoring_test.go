package tests

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"ha-web/components/monitoring"
	"ha-web/components/webtier"
	"ha-web/internal/awstype"
	"ha-web/internal/offline"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// shown returns the metrics of an alarm, and when it goes off, as one line.
func shown(inputs map[string]any) string {
	list := func(dimensions any) string {
		var pairs []string
		for name, value := range dimensions.(map[string]any) {
			pairs = append(pairs, fmt.Sprintf("%s=%v", name, value))
		}
		slices.Sort(pairs)
		return strings.Join(pairs, " ")
	}
	var what []string
	if queries, math := inputs["metricQueries"].([]any); math {
		for _, each := range queries {
			query := each.(map[string]any)
			if query["returnData"] == true {
				what = append(what, fmt.Sprint(query["expression"], " of"))
				continue
			}
			metric := query["metric"].(map[string]any)
			what = append(what, fmt.Sprintf("%v=%v %v %v/%vs {%s}", query["id"], metric["namespace"], metric["metricName"], metric["stat"],
				metric["period"], list(metric["dimensions"])))
		}
	} else {
		statistic := inputs["statistic"]
		if statistic == nil {
			statistic = fmt.Sprintf("%v %v", inputs["extendedStatistic"], inputs["evaluateLowSampleCountPercentiles"])
		}
		what = append(what, fmt.Sprintf("%v %v %v/%vs {%s}", inputs["namespace"], inputs["metricName"], statistic, inputs["period"],
			list(inputs["dimensions"])))
	}
	comparison := map[any]string{
		"GreaterThanThreshold": ">", "GreaterThanOrEqualToThreshold": ">=", "LessThanThreshold": "<",
	}[inputs["comparisonOperator"]]
	return fmt.Sprintf("%s %s %v in %v of %v, %v", strings.Join(what, " "), comparison, inputs["threshold"], inputs["datapointsToAlarm"],
		inputs["evaluationPeriods"], inputs["treatMissingData"])
}

// Every alarm, as AWS gets it.
func TestAlarms(t *testing.T) {
	t.Parallel()
	const (
		balancer = "{LoadBalancer=app/web/1}"
		targets  = "{LoadBalancer=app/web/1 TargetGroup=targetgroup/web/2}"
		group    = "{AutoScalingGroupName=web-app}"
		db       = "{DBInstanceIdentifier=web-test-db}"
		failed   = "100 * FILL(failed, 0) / requests of failed=AWS/ApplicationELB HTTPCode_Target_5XX_Count Sum/60s " + targets +
			" requests=AWS/ApplicationELB RequestCount Sum/60s " + targets
	)
	want := map[string]string{
		"healthy-hosts":            "AWS/ApplicationELB HealthyHostCount Minimum/60s " + targets + " < 2 in 2 of 3, breaching",
		"healthy-hosts-in-zone-a":  "AWS/ApplicationELB HealthyHostCount Minimum/60s {AvailabilityZone=eu-west-1a " + targets[1:] + " < 1 in 3 of 3, breaching",
		"healthy-hosts-in-zone-b":  "AWS/ApplicationELB HealthyHostCount Minimum/60s {AvailabilityZone=eu-west-1b " + targets[1:] + " < 1 in 3 of 3, breaching",
		"unhealthy-hosts":          "AWS/ApplicationELB UnHealthyHostCount Minimum/60s " + targets + " > 0 in 2 of 2, notBreaching",
		"load-balancer-errors":     "AWS/ApplicationELB HTTPCode_ELB_5XX_Count Sum/60s " + balancer + " > 10 in 3 of 5, notBreaching",
		"server-errors":            failed + " > 5 in 3 of 5, notBreaching",
		"latency":                  "AWS/ApplicationELB TargetResponseTime p99 ignore/60s " + targets + " > 2 in 5 of 5, notBreaching",
		"rejected-connections":     "AWS/ApplicationELB RejectedConnectionCount Sum/60s " + balancer + " > 0 in 2 of 3, notBreaching",
		"target-connection-errors": "AWS/ApplicationELB TargetConnectionErrorCount Sum/60s " + targets + " > 0 in 3 of 5, notBreaching",

		"rollout-server-errors":        failed + " > 5 in 2 of 3, notBreaching",
		"rollout-load-balancer-errors": "AWS/ApplicationELB HTTPCode_ELB_5XX_Count Sum/60s " + balancer + " > 10 in 2 of 3, notBreaching",
		"rollout-latency":              "AWS/ApplicationELB TargetResponseTime p99 ignore/60s " + targets + " > 2 in 3 of 3, notBreaching",

		"fleet-load":      "AWS/EC2 CPUUtilization Average/300s " + group + " > 85 in 3 of 3, missing",
		"instance-memory": "CWAgent mem_used_percent Maximum/60s " + group + " > 90 in 5 of 5, notBreaching",
		"instance-disk":   "CWAgent disk_used_percent Maximum/60s " + group + " > 85 in 5 of 5, notBreaching",
		"fleet-full": "100 * inservice / most of inservice=AWS/AutoScaling GroupInServiceInstances Maximum/60s " + group +
			" most=AWS/AutoScaling GroupMaxSize Maximum/60s " + group + " >= 90 in 5 of 5, missing",
		"fleet-credits": "AWS/EC2 CPUCreditBalance Maximum/300s " + group + " < 20 in 12 of 12, missing",
		"fleet-surplus": "AWS/EC2 CPUSurplusCreditsCharged Maximum/300s " + group + " > 0 in 12 of 12, missing",

		"nat-ports-a": "AWS/NATGateway ErrorPortAllocation Sum/60s {NatGatewayId=nat-1} > 0 in 3 of 5, notBreaching",
		"nat-ports-b": "AWS/NATGateway ErrorPortAllocation Sum/60s {NatGatewayId=nat-2} > 0 in 3 of 5, notBreaching",
		"nat-drops-a": "AWS/NATGateway PacketsDropCount Sum/60s {NatGatewayId=nat-1} > 0 in 3 of 5, notBreaching",
		"nat-drops-b": "AWS/NATGateway PacketsDropCount Sum/60s {NatGatewayId=nat-2} > 0 in 3 of 5, notBreaching",

		// A db.t4g.medium has 4 GiB, and takes 405 connections; 8 % of 100 GiB are 8.6e9 bytes.
		"database-connections":        "AWS/RDS DatabaseConnections Maximum/60s " + db + " > 324 in 3 of 5, missing",
		"database-load":               "AWS/RDS CPUUtilization Average/300s " + db + " > 80 in 3 of 3, missing",
		"database-memory":             "AWS/RDS FreeableMemory Minimum/300s " + db + " < 4.294967296e+08 in 3 of 3, missing",
		"database-credits":            "AWS/RDS CPUCreditBalance Minimum/300s " + db + " < 20 in 12 of 12, missing",
		"database-surplus":            "AWS/RDS CPUSurplusCreditsCharged Maximum/300s " + db + " > 0 in 12 of 12, missing",
		"database-storage":            "AWS/RDS FreeStorageSpace Minimum/300s " + db + " < 8.589934592e+09 in 3 of 3, breaching",
		"database-read-latency":       "AWS/RDS ReadLatency Average/60s " + db + " > 0.02 in 5 of 5, missing",
		"database-write-latency":      "AWS/RDS WriteLatency Average/60s " + db + " > 0.02 in 5 of 5, missing",
		"database-disk-queue":         "AWS/RDS DiskQueueDepth Average/60s " + db + " > 64 in 5 of 5, missing",
		"database-io-balance":         "AWS/RDS EBSIOBalance% Minimum/300s " + db + " < 20 in 3 of 3, missing",
		"database-throughput-balance": "AWS/RDS EBSByteBalance% Minimum/300s " + db + " < 20 in 3 of 3, missing",
		// Microseconds, and half of the 364.5 connections that the proxy may open.
		"proxy-borrow-latency": "AWS/RDS DatabaseConnectionsBorrowLatency Average/60s {ProxyName=web-test} > 100000 in 3 of 5, notBreaching",
		"proxy-pinned":         "AWS/RDS DatabaseConnectionsCurrentlySessionPinned Sum/60s {ProxyName=web-test} > 182.25 in 5 of 5, notBreaching",

		"database-secret-read":   "AWS/Events Invocations Sum/300s {RuleName=web-database-secret-read} > 0 in 1 of 1, notBreaching",
		"secret-rotation-failed": "AWS/Events Invocations Sum/300s {RuleName=web-secret-rotation-failed} > 0 in 1 of 1, notBreaching",

		"cdn-errors-us-east-1":       "AWS/CloudFront 5xxErrorRate Average/60s {DistributionId=E1 Region=Global} > 5 in 3 of 5, notBreaching",
		"blocked-requests-us-east-1": "AWS/WAFV2 BlockedRequests Sum/300s {Rule=ALL WebACL=web-test-waf} > 2000 in 2 of 3, notBreaching",
	}
	for _, region := range []string{"", "-us-east-1"} {
		want["pages-undelivered"+region] = "AWS/SNS NumberOfNotificationsFailed Sum/300s {TopicName=web-test-alarms} > 0 in 1 of 1, notBreaching"
		want["notices-undelivered"+region] = "AWS/SNS NumberOfNotificationsFailed Sum/300s {TopicName=web-test-notices} > 0 in 3 of 3, notBreaching"
		want["incidents-undelivered"+region] = "AWS/SQS ApproximateNumberOfMessagesVisible Maximum/300s {QueueName=web-incidents-undelivered" +
			region + "} > 0 in 1 of 1, notBreaching"
	}
	got := map[string]string{}
	for name, alarm := range recordMonitoring(t, fullMonitoring()).of(awstype.CloudWatchMetricAlarm) {
		got[strings.TrimPrefix(name, "web-alarm-")] = shown(alarm.Inputs)
	}
	assert.Equal(t, want, got)
}

// isAlarm reports whether a resource is an alarm of either kind.
func isAlarm(resource offline.Resource) bool {
	return resource.Type == awstype.CloudWatchMetricAlarm || resource.Type == awstype.CloudWatchCompositeAlarm
}

// roleOf returns the heading in the runbook that the description of an alarm links to.
func roleOf(t *testing.T, alarm offline.Resource) string {
	t.Helper()
	found := regexp.MustCompile(`^\S.*\. Runbook: docs/runbook\.md#([a-z0-9-]+)$`).FindStringSubmatch(fmt.Sprint(alarm.Inputs["alarmDescription"]))
	require.NotNil(t, found, "%s: %v", alarm.Key(), alarm.Inputs["alarmDescription"])
	return found[1]
}

func TestEveryAlarmTellsSomeoneAndKnowsSilence(t *testing.T) {
	t.Parallel()
	recordings := map[string]recording{"full": recordMonitoring(t, fullMonitoring())}
	for _, stack := range stacks {
		recordings[stack] = planOf(t, "-stack", stack)
	}
	for name, got := range recordings {
		alarms := 0
		for _, resource := range got.Resources {
			if !isAlarm(resource) {
				continue
			}
			alarms++
			roleOf(t, resource)
			for _, property := range []string{"alarmActions", "okActions"} {
				require.Len(t, resource.Inputs[property], 1, "%s: %s: %s", name, resource.Key(), property)
			}
			if resource.Type == awstype.CloudWatchMetricAlarm {
				assert.Contains(t, []any{"breaching", "notBreaching", "missing"}, resource.Inputs["treatMissingData"], resource.Key())
				assert.NotContains(t, resource.Inputs, "actionsEnabled", resource.Key())
			}
		}
		assert.Greater(t, alarms, 20, name)
	}
}

// Pages are composite alarms, and go to the topic of pages. Single alarms are for the record, and go to the topic of notices, except
// the alarm on failed deliveries of that topic.
func TestPagesAreCompositeAlarms(t *testing.T) {
	t.Parallel()
	got := recordMonitoring(t, fullMonitoring())
	members := map[string][]string{
		"redundancy":    {"healthy-hosts", "healthy-hosts-in-zone-a", "healthy-hosts-in-zone-b", "fleet-full"},
		"errors":        {"load-balancer-errors", "server-errors", "latency", "rejected-connections", "nat-ports-a", "nat-ports-b"},
		"database":      {"database-connections", "database-storage", "proxy-borrow-latency"},
		"security":      {"database-secret-read"},
		"cdn-us-east-1": {"cdn-errors"},
	}
	assert.Len(t, got.of(awstype.CloudWatchCompositeAlarm), len(members))
	for page, alarms := range members {
		var rules []string
		for _, each := range alarms {
			rules = append(rules, fmt.Sprintf("ALARM(%q)", "web-test-"+each))
		}
		composite := got.one(t, awstype.CloudWatchCompositeAlarm, "web-page-"+page)
		assert.Equal(t, strings.Join(rules, " OR "), composite["alarmRule"], page)
		assert.Equal(t, "web-test-"+strings.TrimSuffix(page, "-us-east-1"), composite["alarmName"])
		assert.Equal(t, []any{topicARN(page, "alarms")}, composite["alarmActions"], page)
		assert.Equal(t, []any{topicARN(page, "alarms")}, composite["okActions"], page)
		for _, each := range alarms {
			suffix := strings.TrimPrefix(page, strings.TrimSuffix(page, "-us-east-1"))
			assert.True(t, got.behind(awstype.CloudWatchCompositeAlarm + "::web-page-" + page)[awstype.CloudWatchMetricAlarm+"::web-alarm-"+each+suffix],
				"CloudWatch wants %s to be there first", each)
		}
	}
	for name, alarm := range got.of(awstype.CloudWatchMetricAlarm) {
		topic := "notices"
		if strings.HasPrefix(name, "web-alarm-notices-undelivered") {
			topic = "alarms"
		}
		assert.Equal(t, []any{topicARN(name, topic)}, alarm.Inputs["alarmActions"], name)
		assert.Equal(t, []any{topicARN(name, topic)}, alarm.Inputs["okActions"], name)
	}
}

// topicARN returns the ARN of a topic in the region that a name ends in.
func topicARN(name, topic string) string {
	if strings.HasSuffix(name, "-us-east-1") {
		return "arn:aws:sns:us-east-1:123456789012:web-" + topic + "-us-east-1"
	}
	return "arn:aws:sns:eu-west-1:123456789012:web-" + topic
}

func TestThresholdsFollowTheirSettings(t *testing.T) {
	t.Parallel()
	args := fullMonitoring()
	args.Settings.Thresholds = monitoring.Thresholds{
		LoadBalancerErrors: 21, ServerErrorPercent: 2, LatencyMilliseconds: 1500, FleetFullPercent: 80, FleetLoadPercent: 70,
		InstanceMemoryPercent: 70, InstanceDiskPercent: 60, CPUCredits: 30, DatabaseLoadPercent: 60, FreeStoragePercent: 20, FreeMemoryPercent: 25, ConnectionsPercent: 50,
		DatabaseLatencyMilliseconds: 5, DiskQueueDepth: 10, BorrowMilliseconds: 7, PinnedPercent: 10, CDNErrorPercent: 3, BlockedRequests: 99,
	}
	rds := args.Database.Settings
	rds.MaxConnections, rds.StorageGiB, rds.InstanceClass, rds.Proxy.MaxConnectionsPercent = 800, 500, "db.t3.large", 50
	args.Web.Settings.Size.Min = 5
	got := recordMonitoring(t, args)
	const gib = 1 << 30
	for name, want := range map[string]float64{
		"healthy-hosts": 5, "healthy-hosts-in-zone-a": 1,
		"load-balancer-errors": 21, "rollout-load-balancer-errors": 21, "server-errors": 2, "rollout-server-errors": 2,
		"latency": 1.5, "rollout-latency": 1.5, "fleet-full": 80, "fleet-load": 70, "instance-memory": 70, "instance-disk": 60, "fleet-credits": 30, "database-credits": 30,
		"database-load": 60, "database-storage": 100 * gib, "database-memory": 2 * gib, "database-connections": 400,
		"database-read-latency": 0.005, "database-write-latency": 0.005, "database-disk-queue": 10,
		"proxy-borrow-latency": 7000, "proxy-pinned": 40, "cdn-errors-us-east-1": 3, "blocked-requests-us-east-1": 99,
	} {
		assert.InDelta(t, want, got.one(t, awstype.CloudWatchMetricAlarm, "web-alarm-"+name)["threshold"], 1e-9, name)
	}
}

// No alarm watches what the stack does not have.
func TestAlarmsFollowWhatThereIs(t *testing.T) {
	t.Parallel()
	least := recordMonitoring(t, monitoringArgs())
	for _, role := range []string{
		"fleet-credits", "fleet-surplus", "database-credits", "database-surplus", "nat-ports-a", "nat-drops-a", "proxy-borrow-latency",
		"proxy-pinned", "cdn-errors", "blocked-requests", "incidents-undelivered",
	} {
		assert.NotContains(t, least.of(awstype.CloudWatchMetricAlarm), "web-alarm-"+role)
	}
	assert.Contains(t, least.of(awstype.CloudWatchMetricAlarm), "web-alarm-healthy-hosts-in-zone-b")
	assert.Equal(t, []string{"web-page-database", "web-page-errors", "web-page-redundancy", "web-page-security"}, least.names(awstype.CloudWatchCompositeAlarm))
	for _, kind := range []string{
		awstype.SNSTopicSubscription, awstype.ChatbotSlackChannelConfiguration, awstype.CloudWatchEventConnection, awstype.SQSQueue, awstype.CloudWatchMetricStream, awstype.KinesisFirehoseDeliveryStream, awstype.S3BucketV2, awstype.BudgetsBudget, awstype.CloudFrontMonitoringSubscription, awstype.KMSKey,
	} {
		assert.Empty(t, least.of(kind), kind)
	}

	down := func(least int) []webtier.Schedule {
		return []webtier.Schedule{{Name: "night", Recurrence: "0 20 * * *", Min: least}}
	}
	one := func(change func(*monitoring.Args)) recording { return recordMonitoring(t, fullMonitoring(change)) }
	night := one(func(a *monitoring.Args) { a.Web.Settings.Schedules = down(1) })
	assert.Equal(t, 1.0, night.one(t, awstype.CloudWatchMetricAlarm, "web-alarm-healthy-hosts")["threshold"])
	assert.NotContains(t, night.of(awstype.CloudWatchMetricAlarm), "web-alarm-healthy-hosts-in-zone-a", "a zone may be empty")
	dark := one(func(a *monitoring.Args) { a.Web.Settings.Schedules = down(0) })
	assert.NotContains(t, dark.of(awstype.CloudWatchMetricAlarm), "web-alarm-healthy-hosts", "there may be no instance")
	fixed := one(func(a *monitoring.Args) { a.Web.Settings.Size.Max, a.Web.Settings.Scaling = 2, webtier.Scaling{} })
	assert.NotContains(t, fixed.of(awstype.CloudWatchMetricAlarm), "web-alarm-fleet-full", "a fleet of fixed size is always full")
	single := one(func(a *monitoring.Args) { delete(a.Network.NATGatewayIDs, "b") })
	assert.Contains(t, single.of(awstype.CloudWatchMetricAlarm), "web-alarm-nat-ports-a")
	assert.NotContains(t, single.of(awstype.CloudWatchMetricAlarm), "web-alarm-nat-ports-b")
	open := one(func(a *monitoring.Args) {
		a.CDN.Settings.WAF.Enabled, a.CDN.FirewallName, a.Settings.CacheMetrics = false, nil, false
	})
	assert.Contains(t, open.of(awstype.CloudWatchMetricAlarm), "web-alarm-cdn-errors-us-east-1")
	assert.NotContains(t, open.of(awstype.CloudWatchMetricAlarm), "web-alarm-blocked-requests-us-east-1")
	assert.Empty(t, open.of(awstype.CloudFrontMonitoringSubscription))
}

// An alarm that treats missing data as breaching would go off before what it watches exists.
func TestAlarmsComeAfterWhatTheyWatch(t *testing.T) {
	t.Parallel()
	got := planOf(t, "-stack", "prod")
	for name, alarm := range got.of(awstype.CloudWatchMetricAlarm) {
		if alarm.Inputs["treatMissingData"] != "breaching" {
			continue
		}
		watched := awstype.AutoScalingGroup + "::ha-web-app"
		if strings.HasPrefix(name, "ha-web-alarm-database") {
			watched = awstype.RDSInstance + "::ha-web-db"
		}
		assert.True(t, got.behind(alarm.Key())[watched], name)
	}
}

// Metrics of RDS identify the database by its identifier, not by its Pulumi ID.
func TestAlarmsOfTheDatabaseUseItsIdentifier(t *testing.T) {
	t.Parallel()
	got := planOf(t, "-stack", "prod")
	for name, want := range map[string]map[string]any{
		"ha-web-alarm-database-storage":     {"DBInstanceIdentifier": "ha-web-prod-db"},
		"ha-web-alarm-proxy-pinned":         {"ProxyName": "ha-web-prod"},
		"ha-web-alarm-load-balancer-errors": {"LoadBalancer": "app/ha-web-alb/id"},
		"ha-web-alarm-nat-ports-b":          {"NatGatewayId": "ha-web-nat-b_id"},
		"ha-web-alarm-fleet-load":           {"AutoScalingGroupName": "ha-web-app"},
		"ha-web-alarm-instance-memory":      {"AutoScalingGroupName": "ha-web-app"},
		"ha-web-alarm-cdn-errors":           {"DistributionId": "ha-web-cdn_id", "Region": "Global"},
		"ha-web-alarm-blocked-requests":     {"WebACL": "ha-web-prod-waf", "Rule": "ALL"},
	} {
		assert.Equal(t, want, got.one(t, awstype.CloudWatchMetricAlarm, name)["dimensions"], name)
	}
	assert.Equal(t, map[string]any{"TargetGroup": "targetgroup/ha-web-app/id", "LoadBalancer": "app/ha-web-alb/id"},
		got.one(t, awstype.CloudWatchMetricAlarm, "ha-web-alarm-healthy-hosts")["dimensions"])
}

// The Auto Scaling group names alarms that are created after it: the names must match.
func TestAlarmsStopRollouts(t *testing.T) {
	t.Parallel()
	gates := func(got recording) any {
		refresh := got.one(t, awstype.AutoScalingGroup, "ha-web-app")["instanceRefresh"].(map[string]any)
		gates, _ := refresh["preferences"].(map[string]any)["alarmSpecification"].(map[string]any)
		return gates["alarms"]
	}
	for _, stack := range stacks {
		got := planOf(t, "-stack", stack)
		var names []any
		for _, role := range []string{"rollout-server-errors", "rollout-load-balancer-errors", "rollout-latency"} {
			alarm := got.of(awstype.CloudWatchMetricAlarm)["ha-web-alarm-"+role]
			names = append(names, alarm.Inputs["name"])
			assert.Equal(t, "notBreaching", alarm.Inputs["treatMissingData"], "or a night without requests stops a rollout")
			for page, composite := range got.of(awstype.CloudWatchCompositeAlarm) {
				assert.NotContains(t, composite.Inputs["alarmRule"], alarm.Inputs["name"], page)
			}
		}
		assert.Equal(t, "ha-web-"+stack+"-rollout-server-errors", names[0])
		assert.Equal(t, names, gates(got), stack)
	}
	off := planOf(t, "-stack", "prod", "-c", "monitoring.stopRollouts=false")
	assert.Nil(t, gates(off))
	assert.Contains(t, off.of(awstype.CloudWatchMetricAlarm), "ha-web-alarm-rollout-latency", "it is watched all the same")
	assert.Nil(t, monitoring.RolloutAlarms(strings.Repeat("x", 99), "test", nil), "New returns the error")
	assert.Len(t, monitoring.RolloutAlarms("x", "test", nil), 3, "the default")
}
