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

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
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
			if query["expression"] != nil {
				what = append([]string{fmt.Sprint(query["expression"], " of")}, what...)
				continue
			}
			metric := query["metric"].(map[string]any)
			what = append(what, fmt.Sprintf("%v=%v %v %v/%vs {%s}", query["id"], metric["namespace"], metric["metricName"], metric["stat"],
				metric["period"], list(metric["dimensions"])))
		}
	} else {
		what = append(what, fmt.Sprintf("%v %v %v/%vs {%s}", inputs["namespace"], inputs["metricName"], inputs["statistic"], inputs["period"],
			list(inputs["dimensions"])))
	}
	comparison := map[any]string{
		"GreaterThanThreshold": ">", "GreaterThanOrEqualToThreshold": ">=", "LessThanThreshold": "<",
		"LessThanLowerOrGreaterThanUpperThreshold": "outside", "GreaterThanUpperThreshold": "above",
	}[inputs["comparisonOperator"]]
	if inputs["thresholdMetricId"] != nil {
		return fmt.Sprintf("%s %s %v in %v of %v, %v", strings.Join(what, " "), comparison, inputs["thresholdMetricId"],
			inputs["datapointsToAlarm"], inputs["evaluationPeriods"], inputs["treatMissingData"])
	}
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
		requests = " requests=AWS/ApplicationELB RequestCount Sum/60s " + targets
		failed   = "IF(FILL(failed, 0) >= 10, 100 * FILL(failed, 0) / requests, 0) of failed=AWS/ApplicationELB HTTPCode_Target_5XX_Count Sum/60s " +
			targets + requests
		slow   = "IF(requests >= 100, slowest, 0) of slowest=AWS/ApplicationELB TargetResponseTime p99/60s " + targets + requests
		wanted = "=AWS/AutoScaling GroupDesiredCapacity "
	)
	want := map[string]string{
		// A replacement takes 7 minutes by default, its samples 3, and a group is old enough after three quarters of both.
		"healthy-hosts": "IF(minutes >= 8, desired - FILL(healthy, 0), 0) of desired" + wanted + "Minimum/600s " + group +
			" healthy=AWS/ApplicationELB HealthyHostCount Maximum/600s " + targets + " minutes" + wanted + "SampleCount/600s " + group +
			" > 0 in 1 of 1, notBreaching",
		"no-healthy-hosts":         "AWS/ApplicationELB HealthyHostCount Maximum/60s " + targets + " < 1 in 2 of 2, breaching",
		"unhealthy-hosts":          "AWS/ApplicationELB UnHealthyHostCount Minimum/60s " + targets + " > 0 in 2 of 2, notBreaching",
		"load-balancer-errors":     "AWS/ApplicationELB HTTPCode_ELB_5XX_Count Sum/60s " + balancer + " > 10 in 3 of 5, notBreaching",
		"server-errors":            failed + " > 5 in 3 of 5, notBreaching",
		"latency":                  slow + " > 2 in 5 of 5, notBreaching",
		"rejected-connections":     "AWS/ApplicationELB RejectedConnectionCount Sum/60s " + balancer + " > 0 in 2 of 3, notBreaching",
		"target-connection-errors": "AWS/ApplicationELB TargetConnectionErrorCount Sum/60s " + targets + " > 0 in 3 of 5, notBreaching",

		"rollout-server-errors":        failed + " > 5 in 2 of 3, notBreaching",
		"rollout-load-balancer-errors": "AWS/ApplicationELB HTTPCode_ELB_5XX_Count Sum/60s " + balancer + " > 10 in 2 of 3, notBreaching",
		"rollout-latency":              slow + " > 2 in 3 of 3, notBreaching",

		"fleet-load":      "AWS/EC2 CPUUtilization Average/300s " + group + " > 85 in 3 of 3, missing",
		"instance-memory": "CWAgent mem_used_percent Maximum/60s " + group + " > 90 in 5 of 5, notBreaching",
		"instance-disk":   "CWAgent disk_used_percent Maximum/60s " + group + " > 85 in 5 of 5, notBreaching",
		"fleet-full": "IF(load > 60, 100 * inservice / most, 0) of inservice=AWS/AutoScaling GroupInServiceInstances Maximum/60s " + group +
			" most=AWS/AutoScaling GroupMaxSize Maximum/60s " + group + " load=AWS/EC2 CPUUtilization Average/60s " + group +
			" >= 90 in 5 of 5, missing",
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

		"proxy-logins": "FILL(clients, 0) + FILL(connections, 0) of clients=AWS/RDS ClientConnectionsSetupFailedAuth Sum/60s {ProxyName=web-test}" +
			" connections=AWS/RDS DatabaseConnectionsSetupFailed Sum/60s {ProxyName=web-test} > 0 in 5 of 10, notBreaching",

		"database-storage-event": "AWS/Events Invocations Sum/300s {RuleName=web-database-storage-event} > 0 in 1 of 1, notBreaching",
		"database-secret-read":   "AWS/Events Invocations Sum/300s {RuleName=web-database-secret-read} > 0 in 1 of 1, notBreaching",
		"secret-rotation-failed": "AWS/Events Invocations Sum/300s {RuleName=web-secret-rotation-failed} > 0 in 1 of 1, notBreaching",

		"request-anomaly": "ANOMALY_DETECTION_BAND(arriving, 3) of arriving=AWS/ApplicationELB RequestCount Sum/300s " + balancer +
			" outside band in 3 of 3, missing",
		"latency-anomaly": "ANOMALY_DETECTION_BAND(usual, 3) of usual=AWS/ApplicationELB TargetResponseTime p90/300s " + targets +
			" above band in 3 of 3, missing",

		"cdn-errors-us-east-1": "IF(rate * views / 100 >= 10, rate, 0) of rate=AWS/CloudFront 5xxErrorRate Average/60s {DistributionId=E1 Region=Global}" +
			" views=AWS/CloudFront Requests Sum/60s {DistributionId=E1 Region=Global} > 5 in 3 of 5, notBreaching",
		"rate-limited-us-east-1":     "FILL(limited, 0) of limited=AWS/WAFV2 BlockedRequests Sum/300s {Rule=rate-limit WebACL=web-test-waf} > 1000 in 2 of 2, notBreaching",
		"blocked-requests-us-east-1": "AWS/WAFV2 BlockedRequests Sum/300s {Rule=ALL WebACL=web-test-waf} > 2000 in 2 of 3, notBreaching",
	}
	for zone, other := range map[string]string{"a": "b", "b": "a"} {
		inZone := func(id, zone, metric, stat string) string {
			return fmt.Sprintf(" %s_%s=AWS/ApplicationELB %s %s/60s {AvailabilityZone=eu-west-1%s %s", id, zone, metric, stat, zone, balancer[1:])
		}
		want["zone-heartbeat-"+zone] = "IF(desired >= 2, FILL(beats_" + zone + ", 0), 1) of desired" + wanted + "Minimum/60s " + group +
			" beats_" + zone + "=CWAgent heartbeat Sum/60s {AutoScalingGroupName=web-app AvailabilityZone=eu-west-1" + zone +
			"} < 1 in 10 of 10, notBreaching"
		here := strings.ReplaceAll("(FILL(answered_z, 0) + FILL(refused_z, 0))", "_z", "_"+zone)
		want["zone-errors-"+zone] = "IF(" + here + " >= 10, 100 * " + here + " / requests_" + zone +
			" - 100 * (FILL(answered, 0) + FILL(refused, 0) - " + here + ") / (requests - requests_" + zone + "), 0) of" +
			inZone("answered", zone, "HTTPCode_Target_5XX_Count", "Sum") + inZone("refused", zone, "HTTPCode_ELB_5XX_Count", "Sum") +
			inZone("requests", zone, "RequestCount", "Sum") + " answered=AWS/ApplicationELB HTTPCode_Target_5XX_Count Sum/60s " + balancer +
			" refused=AWS/ApplicationELB HTTPCode_ELB_5XX_Count Sum/60s " + balancer +
			" requests=AWS/ApplicationELB RequestCount Sum/60s " + balancer + " > 5 in 3 of 5, notBreaching"
		want["zone-latency-"+zone] = "IF((requests_" + zone + " >= 100) * (2 * FILL(slowest_" + other + ", 0) < slowest_" + zone +
			"), slowest_" + zone + ", 0) of" + inZone("requests", zone, "RequestCount", "Sum") +
			inZone("slowest", zone, "TargetResponseTime", "p99") + inZone("slowest", other, "TargetResponseTime", "p99") + " > 2 in 5 of 5, notBreaching"
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
		"redundancy": {"healthy-hosts", "fleet-full"},
		"zone": {
			"zone-heartbeat-a", "zone-errors-a", "zone-latency-a", "zone-heartbeat-b", "zone-errors-b", "zone-latency-b",
		},
		"errors": {
			"no-healthy-hosts", "load-balancer-errors", "server-errors", "latency", "rejected-connections", "nat-ports-a", "nat-ports-b",
		},
		"database":      {"database-connections", "database-storage", "database-storage-event", "proxy-borrow-latency", "proxy-logins"},
		"security":      {"database-secret-read"},
		"cdn-us-east-1": {"cdn-errors", "rate-limited"},
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
		MinimumRequests: 1000, MinimumErrors: 50, RateLimitedRequests: 77,
	}
	args.Database.AllocatedGiB = pulumi.Int(625) // as autoscaling left it
	rds := args.Database.Settings
	rds.MaxConnections, rds.StorageGiB, rds.InstanceClass, rds.Proxy.MaxConnectionsPercent = 800, 500, "db.t3.large", 50
	args.Web.Settings.Size.Min = 5
	got := recordMonitoring(t, args)
	const gib = 1 << 30
	for name, want := range map[string]float64{
		"no-healthy-hosts": 1, "zone-errors-b": 2, "zone-latency-b": 1.5, "rate-limited-us-east-1": 77,
		"load-balancer-errors": 21, "rollout-load-balancer-errors": 21, "server-errors": 2, "rollout-server-errors": 2,
		"latency": 1.5, "rollout-latency": 1.5, "fleet-full": 80, "fleet-load": 70, "instance-memory": 70, "instance-disk": 60, "fleet-credits": 30, "database-credits": 30,
		"database-load": 60, "database-storage": 125 * gib, "database-memory": 2 * gib, "database-connections": 400,
		"database-read-latency": 0.005, "database-write-latency": 0.005, "database-disk-queue": 10,
		"proxy-borrow-latency": 7000, "proxy-pinned": 40, "cdn-errors-us-east-1": 3, "blocked-requests-us-east-1": 99,
	} {
		assert.InDelta(t, want, got.one(t, awstype.CloudWatchMetricAlarm, "web-alarm-"+name)["threshold"], 1e-9, name)
	}
	for name, least := range map[string]string{
		"server-errors": "failed, 0) >= 50,", "rollout-server-errors": "failed, 0) >= 50,", "cdn-errors-us-east-1": "/ 100 >= 50,",
		"zone-errors-a": "refused_a, 0)) >= 50,", "latency": "requests >= 1000,", "rollout-latency": "requests >= 1000,",
		"zone-latency-a": "requests_a >= 1000)", "fleet-full": "load > 60,",
	} {
		assert.Contains(t, shown(got.one(t, awstype.CloudWatchMetricAlarm, "web-alarm-"+name)), least, name)
	}
	args.Web.Settings.Scaling = webtier.Scaling{RequestsPerTarget: 1000}
	assert.Contains(t, shown(recordMonitoring(t, args).one(t, awstype.CloudWatchMetricAlarm, "web-alarm-fleet-full")), "load > 70,",
		"without a CPU target, the threshold of the load")
}

// AWS accepts ten metrics in an alarm (Amazon CloudWatch API reference, PutMetricAlarm), and a period of a day at the most.
func TestAlarmsOfSixZonesAndSlowBootsFit(t *testing.T) {
	t.Parallel()
	got := recordMonitoring(t, fullMonitoring(func(a *monitoring.Args) {
		a.Network.Settings.AvailabilityZones = zones(6)
		a.Web.Settings.BootSeconds, a.Web.Settings.HealthCheck.GraceSeconds = 7200, 10800
		a.Web.Settings.HealthCheck.IntervalSeconds, a.Web.Settings.HealthCheck.UnhealthyThreshold = 300, 10
	}))
	seen := 0
	for name, alarm := range got.of(awstype.CloudWatchMetricAlarm) {
		metrics := 0
		period, _ := alarm.Inputs["period"].(float64)
		for _, each := range list(alarm.Inputs["metricQueries"]) {
			query := each.(map[string]any)
			if metric, found := query["metric"].(map[string]any); found {
				metrics++
				period = metric["period"].(float64)
			} else {
				assert.LessOrEqual(t, len(query["expression"].(string)), 1024, name)
			}
		}
		assert.LessOrEqual(t, metrics, 10, name)
		assert.LessOrEqual(t, period*alarm.Inputs["evaluationPeriods"].(float64), 86400.0, name)
		assert.Zero(t, int(period)%60, name)
		if strings.HasPrefix(name, "web-alarm-zone-") {
			seen++
		}
	}
	assert.Equal(t, 18, seen)
}

// list returns a list of inputs, nil for none.
func list(value any) []any {
	all, _ := value.([]any)
	return all
}

// No alarm watches what the stack does not have.
func TestAlarmsFollowWhatThereIs(t *testing.T) {
	t.Parallel()
	least := recordMonitoring(t, monitoringArgs())
	for _, role := range []string{
		"fleet-credits", "fleet-surplus", "database-credits", "database-surplus", "nat-ports-a", "nat-drops-a", "proxy-borrow-latency",
		"proxy-pinned", "proxy-logins", "cdn-errors", "rate-limited", "blocked-requests", "incidents-undelivered",
	} {
		assert.NotContains(t, least.of(awstype.CloudWatchMetricAlarm), "web-alarm-"+role)
	}
	assert.Contains(t, least.of(awstype.CloudWatchMetricAlarm), "web-alarm-zone-heartbeat-b")
	assert.Equal(t, []string{"web-page-database", "web-page-errors", "web-page-redundancy", "web-page-security", "web-page-zone"}, least.names(awstype.CloudWatchCompositeAlarm))
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
	assert.Contains(t, night.of(awstype.CloudWatchMetricAlarm), "web-alarm-no-healthy-hosts")
	assert.NotContains(t, night.of(awstype.CloudWatchMetricAlarm), "web-alarm-zone-heartbeat-a", "a zone may be empty")
	dark := one(func(a *monitoring.Args) { a.Web.Settings.Schedules = down(0) })
	assert.NotContains(t, dark.of(awstype.CloudWatchMetricAlarm), "web-alarm-no-healthy-hosts", "there may be no instance")
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
	assert.NotContains(t, open.of(awstype.CloudWatchMetricAlarm), "web-alarm-rate-limited-us-east-1")
	assert.Empty(t, open.of(awstype.CloudFrontMonitoringSubscription))
	unlimited := one(func(a *monitoring.Args) { a.CDN.Settings.WAF.RateLimit = 0 })
	assert.NotContains(t, unlimited.of(awstype.CloudWatchMetricAlarm), "web-alarm-rate-limited-us-east-1")
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
		"ha-web-alarm-blocked-requests":     {"WebACL": "ha-web-prod-waf", "Rule": "ALL"},
	} {
		assert.Equal(t, want, got.one(t, awstype.CloudWatchMetricAlarm, name)["dimensions"], name)
	}
	assert.Equal(t, map[string]any{"TargetGroup": "targetgroup/ha-web-app/id", "LoadBalancer": "app/ha-web-alb/id"},
		got.one(t, awstype.CloudWatchMetricAlarm, "ha-web-alarm-no-healthy-hosts")["dimensions"])
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
