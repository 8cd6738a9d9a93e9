package tests

import (
	"strings"
	"testing"
	"time"

	"ha-web/components/securitygroups"
	"ha-web/components/vpc"
	"ha-web/components/webtier"
	"ha-web/internal/awstype"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
)

// --- Auto Scaling group --------------------------------------------------------

func TestGroupByDefault(t *testing.T) {
	t.Parallel()
	got := record(t, newWebTier(webTierArgs()))
	group := got.one(t, awstype.AutoScalingGroup, "web-app")
	version := group["launchTemplate"].(map[string]any)["version"]
	assert.Regexp(t, `^[0-9]+$`, version, "a number: instances of two versions would run side by side by $Latest")
	assert.Equal(t, map[string]any{
		"vpcZoneIdentifiers": []any{"private-a_id", "private-b_id"},
		"targetGroupArns":    []any{"arn:aws:lb:us-east-1:123456789012:web-app"},
		"minSize":            2.0, "maxSize": 10.0,
		"healthCheckType": "ELB", "healthCheckGracePeriod": 300.0, "defaultInstanceWarmup": 180.0,
		"launchTemplate": map[string]any{"id": "web-app_id", "version": version},
		"enabledMetrics": []any{
			"GroupDesiredCapacity", "GroupInServiceCapacity", "GroupInServiceInstances", "GroupMaxSize", "GroupMinSize",
			"GroupPendingInstances", "GroupStandbyInstances", "GroupTerminatingInstances", "GroupTotalInstances",
		},
		"metricsGranularity": "1Minute",
		"instanceRefresh": map[string]any{"strategy": "Rolling", "preferences": map[string]any{
			"minHealthyPercentage": 100.0, "maxHealthyPercentage": 150.0, "skipMatching": true,
			"checkpointPercentages": []any{50.0, 100.0}, "checkpointDelay": "300",
		}},
		"instanceMaintenancePolicy": map[string]any{"minHealthyPercentage": 100.0, "maxHealthyPercentage": 150.0},
		"waitForCapacityTimeout":    "0",
		"tags":                      []any{map[string]any{"key": "Name", "value": "web-app", "propagateAtLaunch": true}},
	}, group, "without a desired capacity: each update would set it back")
}

func TestGroupTakesTheNewVersionOfItsTemplate(t *testing.T) {
	t.Parallel()
	version := func(change func(*webtier.Settings)) any {
		return record(t, newWebTier(webTierArgs(change))).one(t, awstype.AutoScalingGroup, "web-app")["launchTemplate"].(map[string]any)["version"]
	}
	before := version(func(*webtier.Settings) {})
	assert.Equal(t, before, version(func(*webtier.Settings) {}), "nothing changed")
	assert.Equal(t, before, version(func(s *webtier.Settings) { s.Size.Max = 20 }), "of the group, not of the template")
	assert.NotEqual(t, before, version(func(s *webtier.Settings) { s.HealthCheck.Path = "/ready" }), "user data")
	assert.NotEqual(t, before, version(func(s *webtier.Settings) { s.Image = "ami-0123456789abcdef0" }))
}

func TestRolloutOptions(t *testing.T) {
	t.Parallel()
	args := webTierArgs(func(s *webtier.Settings) {
		s.BootSeconds, s.HealthCheck.GraceSeconds = 600, 900
		s.Rollout = webtier.Rollout{MinHealthyPercent: 0, MaxHealthyPercent: 100, CheckpointPercents: []int{10, 40, 100}, CheckpointSeconds: 3600}
	})
	args.RolloutAlarms = []string{"errors", "latency"}
	group := record(t, newWebTier(args)).one(t, awstype.AutoScalingGroup, "web-app")
	assert.Equal(t, map[string]any{
		"minHealthyPercentage": 0.0, "maxHealthyPercentage": 100.0, "skipMatching": true,
		"checkpointPercentages": []any{10.0, 40.0, 100.0}, "checkpointDelay": "3600",
		"alarmSpecification": map[string]any{"alarms": []any{"errors", "latency"}},
	}, group["instanceRefresh"].(map[string]any)["preferences"])
	assert.Equal(t, map[string]any{"minHealthyPercentage": 0.0, "maxHealthyPercentage": 100.0}, group["instanceMaintenancePolicy"])
	assert.Equal(t, 600.0, group["defaultInstanceWarmup"])
	assert.Equal(t, 900.0, group["healthCheckGracePeriod"])
}

func TestSpotIsOnlyAboveTheBase(t *testing.T) {
	t.Parallel()
	args := webTierArgs(func(s *webtier.Settings) {
		s.InstanceTypes = []string{"m7g.large", "m6g.large"}
		s.Size.Min = 3
	})
	group := record(t, newWebTier(args)).one(t, awstype.AutoScalingGroup, "web-app")
	assert.NotContains(t, group, "launchTemplate", "AWS takes one of the two")
	assert.Equal(t, false, group["capacityRebalance"])
	mixed := group["mixedInstancesPolicy"].(map[string]any)
	assert.Equal(t, map[string]any{
		"onDemandAllocationStrategy": "prioritized", "onDemandPercentageAboveBaseCapacity": 100.0,
		"spotAllocationStrategy": "price-capacity-optimized",
	}, mixed["instancesDistribution"], "without a base, which follows the size: another size would start a rollout")
	template := mixed["launchTemplate"].(map[string]any)
	assert.Equal(t, []any{map[string]any{"instanceType": "m7g.large"}, map[string]any{"instanceType": "m6g.large"}}, template["overrides"])
	specification := template["launchTemplateSpecification"].(map[string]any)
	assert.Equal(t, "web-app_id", specification["launchTemplateId"])
	assert.Regexp(t, `^[0-9]+$`, specification["version"])

	args.Settings.Spot = webtier.Spot{Percent: 60, OnDemandBase: 4}
	group = record(t, newWebTier(args)).one(t, awstype.AutoScalingGroup, "web-app")
	assert.Equal(t, true, group["capacityRebalance"])
	distribution := group["mixedInstancesPolicy"].(map[string]any)["instancesDistribution"].(map[string]any)
	assert.Equal(t, 4.0, distribution["onDemandBaseCapacity"])
	assert.Equal(t, 40.0, distribution["onDemandPercentageAboveBaseCapacity"])
}

func TestInstancesWaitForWhatTheyNeed(t *testing.T) {
	t.Parallel()
	got := record(t, newWebTier(fullWebTier()))
	behind := got.behind(groupKey)
	for _, need := range []string{
		awstype.LBListener + "::web-listener-https", awstype.LBListenerRule + "::web-listener-origin", // or no target ever gets healthy
		awstype.IAMRolePolicy + "::web-app", awstype.IAMRolePolicyAttachment + "::web-app-ssm", awstype.IAMRolePolicyAttachment + "::web-app-cloudwatch",
		awstype.CloudWatchLogGroup + "::web-app",
	} {
		assert.True(t, behind[need], need)
	}
	assert.False(t, behind[awstype.IAMRolePolicy+"::web-app-database"], "its secret exists only when the database does")
}

func TestWebTierOnItsNetwork(t *testing.T) {
	t.Parallel()
	for count := 2; count <= 6; count++ {
		got := record(t, func(ctx *pulumi.Context) error {
			network, err := vpc.New(ctx, "net", vpcArgs(func(s *vpc.Settings) {
				s.AvailabilityZones = zones(count)
				s.InterfaceEndpoints = []string{"ssm"}
			}))
			if err != nil {
				return err
			}
			groups, err := securitygroups.New(ctx, "sg", &securitygroups.Args{VpcID: network.VpcID})
			if err != nil {
				return err
			}
			args := webTierArgs()
			args.VpcID, args.PublicSubnetIDs, args.PrivateSubnetIDs = network.VpcID, network.PublicSubnetIDs, network.PrivateSubnetIDs
			args.ALBSecurityGroupIDs, args.AppSecurityGroupID = groups.ALBSecurityGroupIDs, groups.AppSecurityGroupID
			args.Await = append(groups.Rules, network.PrivateEgress...)
			args.Settings.Size.Min = count
			_, err = webtier.New(ctx, "web", args)
			return err
		})
		var public, private []any
		for _, zone := range zones(count) {
			public = append(public, "net-public-"+zone[len(zone)-1:]+"_id")
			private = append(private, "net-private-"+zone[len(zone)-1:]+"_id")
		}
		assert.Equal(t, public, got.one(t, awstype.LBLoadBalancer, "web-alb")["subnets"])
		assert.Equal(t, private, got.one(t, awstype.AutoScalingGroup, "web-app")["vpcZoneIdentifiers"])
		assert.Equal(t, "net-vpc_id", got.one(t, awstype.LBTargetGroup, "web-app")["vpcId"])
		assert.Equal(t, []any{"sg-alb_id"}, got.one(t, awstype.LBLoadBalancer, "web-alb")["securityGroups"])
		card := got.one(t, awstype.EC2LaunchTemplate, "web-app")["networkInterfaces"].([]any)[0].(map[string]any)
		assert.Equal(t, []any{"sg-app_id"}, card["securityGroups"])

		behind := got.behind(groupKey)
		for _, kind := range []string{awstype.EC2NatGateway, awstype.EC2VPCEndpoint, awstype.VPCSecurityGroupIngressRule, awstype.VPCSecurityGroupEgressRule} {
			for name := range got.of(kind) {
				assert.True(t, behind[kind+"::"+name] || name == "net-endpoint-s3", "%s %s", kind, name)
			}
		}
		for name := range got.of(awstype.EC2Route) {
			assert.True(t, behind[awstype.EC2Route+"::"+name] || !strings.HasPrefix(name, "net-private"), name)
		}
	}
}

// --- scaling -------------------------------------------------------------------

func TestScalingByDefaultKeepsTheCPULoad(t *testing.T) {
	t.Parallel()
	got := record(t, newWebTier(webTierArgs()))
	assert.Equal(t, []string{"web-scaling-cpu"}, got.names(awstype.AutoScalingPolicy))
	assert.Equal(t, map[string]any{
		"autoscalingGroupName": "web-app", "policyType": "TargetTrackingScaling",
		"targetTrackingConfiguration": map[string]any{
			"predefinedMetricSpecification": map[string]any{"predefinedMetricType": "ASGAverageCPUUtilization"}, "targetValue": 60.0,
		},
	}, got.one(t, awstype.AutoScalingPolicy, "web-scaling-cpu"), "the group knows how long an instance warms up")
	assert.Empty(t, got.of(awstype.AutoScalingSchedule))
}

func TestScalingByRequestsAndForecast(t *testing.T) {
	t.Parallel()
	got := record(t, newWebTier(fullWebTier()))
	assert.Equal(t, map[string]any{
		"predefinedMetricSpecification": map[string]any{
			"predefinedMetricType": "ALBRequestCountPerTarget", "resourceLabel": "app/web-alb/id/targetgroup/web-app/id",
		}, "targetValue": 1000.0,
	}, got.one(t, awstype.AutoScalingPolicy, "web-scaling-requests")["targetTrackingConfiguration"])
	requests := got.of(awstype.AutoScalingPolicy)["web-scaling-requests"]
	assert.Contains(t, requests.DependsOn, awstype.LBListener+"::web-listener-https", "AWS asks whether anything routes there")
	assert.Contains(t, requests.DependsOn, awstype.LBListenerRule+"::web-listener-origin")
	assert.Equal(t, map[string]any{
		"autoscalingGroupName": "web-app", "policyType": "PredictiveScaling",
		"predictiveScalingConfiguration": map[string]any{
			"mode": "ForecastOnly", "schedulingBufferTime": "180",
			"metricSpecification": map[string]any{
				"targetValue": 50.0, "predefinedMetricPairSpecification": map[string]any{"predefinedMetricType": "ASGCPUUtilization"},
			},
		},
	}, got.one(t, awstype.AutoScalingPolicy, "web-scaling-forecast"))

	args := webTierArgs(func(s *webtier.Settings) { s.Scaling = webtier.Scaling{} })
	assert.Empty(t, record(t, newWebTier(args)).of(awstype.AutoScalingPolicy), "a fleet of its smallest size")
}

func TestSchedulesWriteAllThreeSizes(t *testing.T) {
	t.Parallel()
	got := record(t, newWebTier(fullWebTier()))
	assert.Equal(t, map[string]any{
		"autoscalingGroupName": "web-app", "scheduledActionName": "morning", "recurrence": "0 7 * * 1-5", "timeZone": "Europe/London",
		"endTime": "2027-01-01T00:00:00Z", "minSize": 4.0, "maxSize": 10.0, "desiredCapacity": 5.0,
	}, got.one(t, awstype.AutoScalingSchedule, "web-schedule-morning"))
	assert.Equal(t, map[string]any{
		"autoscalingGroupName": "web-app", "scheduledActionName": "exams-winter",
		"startTime": "2027-01-11T07:00:00Z", "minSize": 6.0, "maxSize": 10.0, "desiredCapacity": -1.0,
	}, got.one(t, awstype.AutoScalingSchedule, "web-schedule-exams-winter"))
	assert.Equal(t, map[string]any{
		"autoscalingGroupName": "web-app", "scheduledActionName": "exams-winter-end",
		"startTime": "2027-01-22T20:00:00Z", "minSize": 2.0, "maxSize": 10.0, "desiredCapacity": -1.0,
	}, got.one(t, awstype.AutoScalingSchedule, "web-schedule-exams-winter-end"))
	assert.Len(t, got.of(awstype.AutoScalingSchedule), 3)
}

// AWS refuses a start that has passed, which the provider would send again with every change of an action that recurs.
func TestSchedulesThatRecurAreReplaced(t *testing.T) {
	t.Parallel()
	schedules := record(t, newWebTier(fullWebTier())).of(awstype.AutoScalingSchedule)
	assert.Equal(t, []string{"*"}, schedules["web-schedule-morning"].ReplaceOnChanges)
	assert.True(t, schedules["web-schedule-morning"].DeleteBeforeReplace, "AWS knows it by its name")
	for _, name := range []string{"web-schedule-exams-winter", "web-schedule-exams-winter-end"} {
		assert.Empty(t, schedules[name].ReplaceOnChanges, name)
	}
}

// While exams are on, the group is updated with the sizes of exams, and what has run is not made again.
func TestGroupHasTheSizesOfTheTime(t *testing.T) {
	t.Parallel()
	for now, want := range map[time.Time]struct {
		least     float64
		schedules []string
	}{
		time.Date(2027, 1, 11, 6, 59, 0, 0, time.UTC):  {4, []string{"web-schedule-exams-winter", "web-schedule-exams-winter-end"}},
		time.Date(2027, 1, 11, 7, 0, 0, 0, time.UTC):   {6, []string{"web-schedule-exams-winter-end"}},
		time.Date(2027, 1, 22, 20, 0, 0, 0, time.UTC):  {2, []string{}},
		time.Date(2026, 12, 31, 12, 0, 0, 0, time.UTC): {4, []string{"web-schedule-exams-winter", "web-schedule-exams-winter-end", "web-schedule-morning"}},
	} {
		got := record(t, newWebTier(fullWebTier(func(s *webtier.Settings) { s.Now = now })))
		group := got.one(t, awstype.AutoScalingGroup, "web-app")
		assert.Equal(t, want.least, group["minSize"], now)
		assert.Equal(t, 10.0, group["maxSize"], now)
		assert.ElementsMatch(t, want.schedules, got.names(awstype.AutoScalingSchedule), now)
	}
}
