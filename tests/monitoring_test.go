package tests

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"ha-web/components/monitoring"
	"ha-web/internal/alarms"
	"ha-web/internal/offline"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// shown returns what an alarm looks at, and when it goes off, as one line.
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

// Every alarm there is, as AWS gets it.
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

		"fleet-load": "AWS/EC2 CPUUtilization Average/300s " + group + " > 85 in 3 of 3, missing",
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
	for name, alarm := range recordMonitoring(t, fullMonitoring()).of(metricAlarm) {
		got[strings.TrimPrefix(name, "web-alarm-")] = shown(alarm.Inputs)
	}
	assert.Equal(t, want, got)
}

// isAlarm reports whether a resource is an alarm of either kind.
func isAlarm(resource offline.Resource) bool {
	return resource.Type == metricAlarm || resource.Type == compositeAlarm
}

// roleOf returns the heading in the runbook that an alarm names.
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
			if resource.Type == metricAlarm {
				assert.Contains(t, []any{"breaching", "notBreaching", "missing"}, resource.Inputs["treatMissingData"], resource.Key())
				assert.NotContains(t, resource.Inputs, "actionsEnabled", resource.Key())
			}
		}
		assert.Greater(t, alarms, 20, name)
	}
}

// Pages are composite alarms, and go to one topic; single alarms are for the record, and go to the other, but for those that
// say that it is deaf.
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
	assert.Len(t, got.of(compositeAlarm), len(members))
	for page, alarms := range members {
		var rules []string
		for _, each := range alarms {
			rules = append(rules, fmt.Sprintf("ALARM(%q)", "web-test-"+each))
		}
		composite := got.one(t, compositeAlarm, "web-page-"+page)
		assert.Equal(t, strings.Join(rules, " OR "), composite["alarmRule"], page)
		assert.Equal(t, "web-test-"+strings.TrimSuffix(page, "-us-east-1"), composite["alarmName"])
		assert.Equal(t, []any{topicARN(page, "alarms")}, composite["alarmActions"], page)
		assert.Equal(t, []any{topicARN(page, "alarms")}, composite["okActions"], page)
		for _, each := range alarms {
			suffix := strings.TrimPrefix(page, strings.TrimSuffix(page, "-us-east-1"))
			assert.True(t, got.behind(compositeAlarm + "::web-page-" + page)[metricAlarm+"::web-alarm-"+each+suffix],
				"CloudWatch wants %s to be there first", each)
		}
	}
	for name, alarm := range got.of(metricAlarm) {
		topic := "notices"
		if strings.HasPrefix(name, "web-alarm-notices-undelivered") {
			topic = "alarms"
		}
		assert.Equal(t, []any{topicARN(name, topic)}, alarm.Inputs["alarmActions"], name)
		assert.Equal(t, []any{topicARN(name, topic)}, alarm.Inputs["okActions"], name)
	}
}

// topicARN returns the topic of the region that a name is of.
func topicARN(name, topic string) string {
	if strings.HasSuffix(name, "-us-east-1") {
		return "arn:aws:sns:us-east-1:123456789012:web-" + topic + "-us-east-1"
	}
	return "arn:aws:sns:eu-west-1:123456789012:web-" + topic
}

func TestThresholdsFollowTheirSettings(t *testing.T) {
	t.Parallel()
	args := fullMonitoring()
	args.Thresholds = &monitoring.Thresholds{
		LoadBalancerErrors: 21, ServerErrorPercent: 2, LatencyMilliseconds: 1500, FleetFullPercent: 80, FleetLoadPercent: 70,
		CPUCredits: 30, DatabaseLoadPercent: 60, FreeStoragePercent: 20, FreeMemoryPercent: 25, ConnectionsPercent: 50,
		DatabaseLatencyMilliseconds: 5, DiskQueueDepth: 10, BorrowMilliseconds: 7, PinnedPercent: 10, CDNErrorPercent: 3, BlockedRequests: 99,
	}
	args.Database.MaxConnections, args.Database.StorageGiB, args.Database.InstanceClass = 1000, 500, "db.t3.large"
	args.Database.ProxyPercent = 50
	args.Web.MinSize = 5
	got := recordMonitoring(t, args)
	const gib = 1 << 30
	for name, want := range map[string]float64{
		"healthy-hosts": 5, "healthy-hosts-in-zone-a": 1,
		"load-balancer-errors": 21, "rollout-load-balancer-errors": 21, "server-errors": 2, "rollout-server-errors": 2,
		"latency": 1.5, "rollout-latency": 1.5, "fleet-full": 80, "fleet-load": 70, "fleet-credits": 30, "database-credits": 30,
		"database-load": 60, "database-storage": 100 * gib, "database-memory": 2 * gib, "database-connections": 500,
		"database-read-latency": 0.005, "database-write-latency": 0.005, "database-disk-queue": 10,
		"proxy-borrow-latency": 7000, "proxy-pinned": 50, "cdn-errors-us-east-1": 3, "blocked-requests-us-east-1": 99,
	} {
		assert.InDelta(t, want, got.one(t, metricAlarm, "web-alarm-"+name)["threshold"], 1e-9, name)
	}
}

// What there is not, no alarm watches.
func TestAlarmsFollowWhatThereIs(t *testing.T) {
	t.Parallel()
	least := recordMonitoring(t, monitoringArgs())
	for _, role := range []string{
		"fleet-credits", "fleet-surplus", "database-credits", "database-surplus", "nat-ports-a", "nat-drops-a", "proxy-borrow-latency",
		"proxy-pinned", "cdn-errors", "blocked-requests", "incidents-undelivered",
	} {
		assert.NotContains(t, least.of(metricAlarm), "web-alarm-"+role)
	}
	assert.Contains(t, least.of(metricAlarm), "web-alarm-healthy-hosts-in-zone-b")
	assert.Equal(t, []string{"web-page-database", "web-page-errors", "web-page-redundancy", "web-page-security"}, least.names(compositeAlarm))
	for _, kind := range []string{
		subscription, slackChannel, connection, queue, metricStream, firehose, bucket, budget, cacheMetrics, kmsKey,
	} {
		assert.Empty(t, least.of(kind), kind)
	}

	one := func(change func(*monitoring.Args)) recording {
		args := fullMonitoring()
		change(&args)
		return recordMonitoring(t, args)
	}
	night := one(func(args *monitoring.Args) { args.Web.MinSize = 1 })
	assert.Equal(t, 1.0, night.one(t, metricAlarm, "web-alarm-healthy-hosts")["threshold"])
	assert.NotContains(t, night.of(metricAlarm), "web-alarm-healthy-hosts-in-zone-a", "a zone may be empty")
	dark := one(func(args *monitoring.Args) { args.Web.MinSize = 0 })
	assert.NotContains(t, dark.of(metricAlarm), "web-alarm-healthy-hosts", "there may be no server")
	fixed := one(func(args *monitoring.Args) { args.Web.MaxSize = 2 })
	assert.NotContains(t, fixed.of(metricAlarm), "web-alarm-fleet-full", "a fleet of one size is always full")
	single := one(func(args *monitoring.Args) { delete(args.NATGatewayIDs, "b") })
	assert.Contains(t, single.of(metricAlarm), "web-alarm-nat-ports-a")
	assert.NotContains(t, single.of(metricAlarm), "web-alarm-nat-ports-b")
	open := one(func(args *monitoring.Args) {
		args.CDN.NoFirewall, args.CDN.FirewallName, args.CDN.CacheMetrics = true, nil, false
	})
	assert.Contains(t, open.of(metricAlarm), "web-alarm-cdn-errors-us-east-1")
	assert.NotContains(t, open.of(metricAlarm), "web-alarm-blocked-requests-us-east-1")
	assert.Empty(t, open.of(cacheMetrics))
}

// An alarm that takes silence for a fault is not there before what it watches (field note OBS-2).
func TestAlarmsComeAfterWhatTheyWatch(t *testing.T) {
	t.Parallel()
	got := planOf(t, "-stack", "prod")
	for name, alarm := range got.of(metricAlarm) {
		if alarm.Inputs["treatMissingData"] != "breaching" {
			continue
		}
		watched := autoScalingGroup + "::ha-web-app"
		if strings.HasPrefix(name, "ha-web-alarm-database") {
			watched = dbInstance + "::ha-web-db"
		}
		assert.True(t, got.behind(alarm.Key())[watched], name)
	}
}

// Metrics of RDS know the database by its identifier, and not by what Pulumi knows it by.
func TestAlarmsOfTheDatabaseUseItsIdentifier(t *testing.T) {
	t.Parallel()
	got := planOf(t, "-stack", "prod")
	for name, want := range map[string]map[string]any{
		"ha-web-alarm-database-storage":     {"DBInstanceIdentifier": "ha-web-prod-db"},
		"ha-web-alarm-proxy-pinned":         {"ProxyName": "ha-web-prod"},
		"ha-web-alarm-load-balancer-errors": {"LoadBalancer": "app/ha-web-alb/id"},
		"ha-web-alarm-nat-ports-b":          {"NatGatewayId": "ha-web-nat-b_id"},
		"ha-web-alarm-fleet-load":           {"AutoScalingGroupName": "ha-web-app"},
		"ha-web-alarm-cdn-errors":           {"DistributionId": "ha-web-cdn_id", "Region": "Global"},
		"ha-web-alarm-blocked-requests":     {"WebACL": "ha-web-prod-waf", "Rule": "ALL"},
	} {
		assert.Equal(t, want, got.one(t, metricAlarm, name)["dimensions"], name)
	}
	assert.Equal(t, map[string]any{"TargetGroup": "targetgroup/ha-web-app/id", "LoadBalancer": "app/ha-web-alb/id"},
		got.one(t, metricAlarm, "ha-web-alarm-healthy-hosts")["dimensions"])
}

// The group names alarms that are made after it: their names must be the very ones.
func TestAlarmsStopRollouts(t *testing.T) {
	t.Parallel()
	gates := func(got recording) any {
		refresh := got.one(t, autoScalingGroup, "ha-web-app")["instanceRefresh"].(map[string]any)
		gates, _ := refresh["preferences"].(map[string]any)["alarmSpecification"].(map[string]any)
		return gates["alarms"]
	}
	for _, stack := range stacks {
		got := planOf(t, "-stack", stack)
		var names []any
		for _, role := range []string{"rollout-server-errors", "rollout-load-balancer-errors", "rollout-latency"} {
			alarm := got.of(metricAlarm)["ha-web-alarm-"+role]
			names = append(names, alarm.Inputs["name"])
			assert.Equal(t, "notBreaching", alarm.Inputs["treatMissingData"], "or a night without requests stops a rollout")
			for page, composite := range got.of(compositeAlarm) {
				assert.NotContains(t, composite.Inputs["alarmRule"], alarm.Inputs["name"], page)
			}
		}
		assert.Equal(t, "ha-web-"+stack+"-rollout-server-errors", names[0])
		assert.Equal(t, names, gates(got), stack)
	}
	off := planOf(t, "-stack", "prod", "-c", "monitoring.stopRollouts=false")
	assert.Nil(t, gates(off))
	assert.Contains(t, off.of(metricAlarm), "ha-web-alarm-rollout-latency", "it is watched all the same")
	assert.Nil(t, monitoring.RolloutAlarms(strings.Repeat("x", 99), "test", true), "New says what is wrong with the name")
}

// The runbook has a section for every alarm, and no other.
func TestRunbookHasASectionForEachAlarm(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join(project, alarms.DefaultRunbook))
	require.NoError(t, err)
	sections := map[string]string{}
	parts := regexp.MustCompile(`(?m)^#{2,3} `).Split(string(page), -1)
	for _, part := range parts[1:] {
		heading, text, _ := strings.Cut(part, "\n")
		if !strings.Contains(heading, " ") { // those of alarms are their names
			require.NotContains(t, sections, heading)
			sections[heading] = text
		}
	}
	roles := map[string]bool{}
	for _, resource := range recordMonitoring(t, fullMonitoring()).Resources {
		if isAlarm(resource) {
			roles[roleOf(t, resource)] = true
		}
	}
	assert.ElementsMatch(t, slices.Collect(maps.Keys(roles)), slices.Collect(maps.Keys(sections)))
	composites := []string{"redundancy", "errors", "database", "security", "cdn"}
	for role, text := range sections {
		if slices.Contains(composites, role) {
			continue
		}
		for _, part := range []string{"**Means.** ", "**Look.** ", "**Do.** ", "**Escalate.** "} {
			assert.Contains(t, text, part, role)
		}
		assert.Contains(t, text, "\n    ", "%s: a command to look with", role)
	}
}

// The runbook's commands ask for outputs that the stack has.
func TestRunbookUsesOutputsThatThereAre(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join(project, alarms.DefaultRunbook))
	require.NoError(t, err)
	outputs := planOf(t, "-stack", "prod").Outputs
	used := regexp.MustCompile(`pulumi stack output (\w+)`).FindAllStringSubmatch(string(page), -1)
	assert.Greater(t, len(used), 5)
	for _, each := range used {
		assert.Contains(t, outputs, each[1])
	}
}

func TestMonitoringNamesEveryFault(t *testing.T) {
	t.Parallel()
	args := monitoring.Args{
		Pages:   monitoring.Subscribers{Email: []string{"nobody", "a@b.edu", "a@b.edu"}, HTTPS: map[string]pulumi.StringInput{"Pager Duty": nil}},
		Notices: monitoring.Subscribers{Functions: []string{"arn:aws:lambda:us-east-1:123:function:x"}},
		Slack:   monitoring.Slack{ChannelID: "#general"}, RunbookURL: "http://wiki",
		Thresholds: &monitoring.Thresholds{}, Web: monitoring.Web{Zones: zones(1), MinSize: 3, MaxSize: 2},
		Database:   monitoring.Database{Engine: "oracle", InstanceClass: "large", ProxyName: pulumi.String("x")},
		ServiceNow: monitoring.ServiceNow{Instance: "https://x", ImportSet: "U", Username: "x", Urgency: 4, Impact: 4},
		Datadog:    monitoring.Datadog{Site: "example.com", Namespaces: []string{"AWS RDS"}},
		Budget:     monitoring.Budget{MonthlyUSD: -1, ForecastPercent: 2000, ActualPercent: -1, Tag: "Project"}, LogRetentionDays: 10,
	}
	message := fault(t, func(ctx *pulumi.Context) error {
		_, err := monitoring.New(ctx, "1", &args)
		return err
	})
	first, rest, _ := strings.Cut(message, "\n")
	assert.Equal(t, `monitoring 1: name: must begin with a letter, and so must "1-test", what it would be called in AWS`, first)
	assert.Equal(t, `Region: is required, such as us-east-1
KeyARN: is required
Web.LoadBalancerSuffix: is required
Web.TargetGroupSuffix: is required
Web.AutoScalingGroupName: is required
Database.Identifier: is required
Database.ParameterGroupName: is required
Database.SecretARN: is required
CDN.USEast1: is required
CDN.DistributionID: is required
CDN.FirewallName: is required
Database.SecretReaders: needs at least one role: anyone who reads the secret would raise an alarm
Web.Zones: must list 2 to 6 Availability Zones, such as [us-east-1a, us-east-1b], got 1
Web.MaxSize: must be at least 1 and Web.MinSize (3), got 2
Database.Engine: must be postgres, mysql or mariadb, got "oracle"
Database.InstanceClass: must be a DB instance class such as db.t4g.medium, got "large"
Database.StorageGiB: must be between 1 and 65536, got 0
Database.ProxyPercent: must be between 1 and 100, got 0
Pages.Email: must be an address such as oncall@example.edu, got "nobody"
Pages.Email: a@b.edu is listed twice
Pages.HTTPS: must have a name of small letters, digits and single hyphens, got "Pager Duty"
Notices.Functions: must be the ARN of a Lambda function, got "arn:aws:lambda:us-east-1:123:function:x"
Datadog.Namespaces: must be a namespace of CloudWatch, such as AWS/RDS, got "AWS RDS"
RunbookURL: must begin with https://, got "http://wiki"
Slack.WorkspaceID: must be the id of a workspace, such as T0123ABCD, got ""
Slack.ChannelID: must be the id of a channel, such as C0123ABCD, got "#general"
Thresholds.ServerErrorPercent: must be between 1 and 100, got 0
Thresholds.LatencyMilliseconds: must be between 1 and 1000000000, got 0
Thresholds.FleetFullPercent: must be between 1 and 100, got 0
Thresholds.FleetLoadPercent: must be between 1 and 100, got 0
Thresholds.CPUCredits: must be between 1 and 1000000000, got 0
Thresholds.DatabaseLoadPercent: must be between 1 and 100, got 0
Thresholds.FreeStoragePercent: must be between 1 and 100, got 0
Thresholds.FreeMemoryPercent: must be between 1 and 100, got 0
Thresholds.ConnectionsPercent: must be between 1 and 100, got 0
Thresholds.DatabaseLatencyMilliseconds: must be between 1 and 1000000000, got 0
Thresholds.DiskQueueDepth: must be between 1 and 1000000000, got 0
Thresholds.BorrowMilliseconds: must be between 1 and 1000000000, got 0
Thresholds.PinnedPercent: must be between 1 and 100, got 0
Thresholds.CDNErrorPercent: must be between 1 and 100, got 0
ServiceNow.Instance: must be the name before .service-now.com, got "https://x"
ServiceNow.ImportSet: must be the name of an import set table, such as u_ha_web_incident, got "U"
ServiceNow.Urgency: must be between 1 and 3, got 4
ServiceNow.Impact: must be between 1 and 3, got 4
ServiceNow.Username: give either ServiceNow.Username and ServiceNow.Password, or ServiceNow.ClientID and ServiceNow.ClientSecret
Datadog.Site: must be a site of Datadog, such as datadoghq.com or us5.datadoghq.com, got "example.com"
Budget.MonthlyUSD: must be between 0 and 1000000000, got -1
Budget.ForecastPercent: must be between 1 and 1000, got 2000
Budget.ActualPercent: must be between 1 and 1000, got -1
Budget.Tag: must be a key and a value, such as Project$ha-web, got "Project"
LogRetentionDays: CloudWatch Logs cannot keep events for 10 days, the next period it offers is 14`, rest)
}

// Pulumi adds eight letters to names in AWS, of which rules, roles and streams take 64.
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
	for _, kind := range []string{eventRule, role, connection, apiDestination, firehose, queue} {
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
    thresholds: {latencyMilliseconds: 800}
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
	for _, each := range got.of(subscription) {
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
	assert.Equal(t, "C0123ABCD", got.one(t, slackChannel, "ha-web-slack")["slackChannelId"])
	for name, threshold := range map[string]float64{
		"healthy-hosts": 3, "latency": 0.8, "database-connections": 240, "database-storage": 16 * (1 << 30), "proxy-pinned": 75, "server-errors": 5,
	} {
		assert.Equal(t, threshold, got.one(t, metricAlarm, "ha-web-alarm-"+name)["threshold"], name)
	}
	assert.Contains(t, got.of(metricAlarm), "ha-web-alarm-healthy-hosts-in-zone-c")
	assert.True(t, strings.HasSuffix(got.one(t, metricAlarm, "ha-web-alarm-latency")["alarmDescription"].(string), " Runbook: https://wiki.example.edu/runbook#latency"))
	assert.False(t, matches(patternOf(t, got, "ha-web-database-secret-read"), read("rds!ha-web-db", inRole("migrate"))))
	for _, known := range []string{"ha-web-app", "ha-web-proxy"} {
		assert.False(t, matches(patternOf(t, got, "ha-web-database-secret-read"), read("rds!ha-web", inRole(known))), known)
	}
	assert.True(t, matches(patternOf(t, got, "ha-web-database-secret-read"), read("rds!ha-web", inRole("admin"))))
	assert.Empty(t, got.of(cacheMetrics))
	assert.Equal(t, "https://example.service-now.com/api/now/import/u_x", got.one(t, apiDestination, "ha-web-servicenow")["invocationEndpoint"])
	assert.Contains(t, inputsOf(t, got.of(connection)["ha-web-servicenow"]), `"clientSecret":"[secret]"`)
	template := fmt.Sprint(got.one(t, eventTarget, "ha-web-incident-open-errors")["inputTransformer"])
	for _, part := range []string{`"u_assignment_group":"Web"`, `"u_urgency":"3"`, `"u_impact":"1"`} {
		assert.Contains(t, template, part)
	}
	assert.Contains(t, inputsOf(t, got.of(firehose)["ha-web-datadog"]), "https://awsmetrics-intake.datadoghq.eu/v1/input")
	assert.Equal(t, []any{map[string]any{"namespace": "AWS/RDS"}}, got.one(t, metricStream, "ha-web-datadog-stream")["includeFilters"])
	assert.Equal(t, "us-east-1", got.one(t, provider, "ha-web-us-east-1")["region"])
	assert.Equal(t, provider+"::ha-web-us-east-1", got.of(metricStream)["ha-web-datadog-stream-us-east-1"].Provider)
	assert.False(t, got.of(bucket)["ha-web-datadog"].Protect)
	assert.Equal(t, 90.0, got.one(t, logGroup, "ha-web-datadog")["retentionInDays"])
	spend := got.one(t, budget, "ha-web-budget")
	assert.Equal(t, "900", spend["limitAmount"])
	assert.Contains(t, inputsOf(t, got.of(budget)["ha-web-budget"]), `"user:Team$web"`)
	assert.Contains(t, inputsOf(t, got.of(budget)["ha-web-budget"]), `"threshold":110`)

	_, stderr, status := run(t, project, "plan", "-c", "monitoring={https: {pagerduty: https://hunter2}}")
	assert.Equal(t, 1, status)
	assert.Equal(t, "monitoring.https.pagerduty: must be encrypted: pulumi config set --secret --path 'monitoring.https.pagerduty'\n", stderr)
}

// Commands of the runbook are pasted at night: the shell at least understands them.
func TestRunbookCommandsAreShell(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join(project, alarms.DefaultRunbook))
	require.NoError(t, err)
	blocks := regexp.MustCompile(`(?m)(?:^    .*\n)+`).FindAllString(string(page), -1)
	assert.Greater(t, len(blocks), 30)
	for _, block := range blocks {
		check := exec.CommandContext(t.Context(), "bash", "-n")
		check.Stdin = strings.NewReader(block)
		output, err := check.CombinedOutput()
		assert.NoError(t, err, "%s%s", block, output)
	}
}
