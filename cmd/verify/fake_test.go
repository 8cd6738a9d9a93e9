package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	scaling "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	watching "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	balancing "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	balancingtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

var errThrottled = errors.New("api error Throttling: Rate exceeded")

// fake is an AWS with one group, which changes as time goes by.
type fake struct {
	begin time.Time
	// at says what there is after some time, in order. The last that has begun holds.
	at    []moment
	fails []time.Duration // times in the second after which everything fails
}

// moment is the state of the group from a time on.
type moment struct {
	after     time.Duration
	refreshes []scaling.InstanceRefresh
	group     *scaling.AutoScalingGroup
	healthy   []string
	alarms    []string // in ALARM
}

func (f *fake) now() (moment, error) {
	elapsed := time.Since(f.begin)
	for _, fails := range f.fails {
		if elapsed >= fails && elapsed < fails+time.Second {
			return moment{}, errThrottled
		}
	}
	var now moment
	for _, each := range f.at {
		if elapsed >= each.after {
			now = each
		}
	}
	return now, nil
}

func (f *fake) DescribeAutoScalingGroups(_ context.Context, in *autoscaling.DescribeAutoScalingGroupsInput, _ ...func(*autoscaling.Options)) (
	*autoscaling.DescribeAutoScalingGroupsOutput, error) {
	now, err := f.now()
	if err != nil || now.group == nil || in.AutoScalingGroupNames[0] != "ha-web-prod" {
		return &autoscaling.DescribeAutoScalingGroupsOutput{}, err
	}
	return &autoscaling.DescribeAutoScalingGroupsOutput{AutoScalingGroups: []scaling.AutoScalingGroup{*now.group}}, nil
}

func (f *fake) DescribeInstanceRefreshes(_ context.Context, _ *autoscaling.DescribeInstanceRefreshesInput, _ ...func(*autoscaling.Options)) (
	*autoscaling.DescribeInstanceRefreshesOutput, error) {
	now, err := f.now()
	return &autoscaling.DescribeInstanceRefreshesOutput{InstanceRefreshes: now.refreshes}, err
}

func (f *fake) DescribeTargetHealth(_ context.Context, _ *balancing.DescribeTargetHealthInput, _ ...func(*balancing.Options)) (
	*balancing.DescribeTargetHealthOutput, error) {
	now, err := f.now()
	out := &balancing.DescribeTargetHealthOutput{}
	for _, id := range []string{"i-1", "i-2", "i-3"} {
		state := balancingtypes.TargetHealthStateEnumInitial
		if slices.Contains(now.healthy, id) {
			state = balancingtypes.TargetHealthStateEnumHealthy
		}
		out.TargetHealthDescriptions = append(out.TargetHealthDescriptions, balancingtypes.TargetHealthDescription{
			Target: &balancingtypes.TargetDescription{Id: &id}, TargetHealth: &balancingtypes.TargetHealth{State: state},
		})
	}
	return out, err
}

// DescribeAlarms answers as CloudWatch does: with metric alarms alone, unless asked for both kinds.
func (f *fake) DescribeAlarms(_ context.Context, in *cloudwatch.DescribeAlarmsInput, _ ...func(*cloudwatch.Options)) (
	*cloudwatch.DescribeAlarmsOutput, error) {
	now, err := f.now()
	out := &cloudwatch.DescribeAlarmsOutput{}
	for i, name := range now.alarms {
		reason := aws.String("Threshold\nCrossed")
		if !slices.Contains(in.AlarmNames, name) || in.StateValue != watching.StateValueAlarm {
			continue
		}
		if i == 0 {
			out.MetricAlarms = append(out.MetricAlarms, watching.MetricAlarm{AlarmName: &name, StateReason: reason})
		} else if slices.Contains(in.AlarmTypes, watching.AlarmTypeCompositeAlarm) {
			out.CompositeAlarms = append(out.CompositeAlarms, watching.CompositeAlarm{AlarmName: &name, StateReason: reason})
		}
	}
	return out, err
}

// refresh is an instance refresh that began some time after the fake did, or before.
func (f *fake) refresh(id string, began time.Duration, status scaling.InstanceRefreshStatus) scaling.InstanceRefresh {
	refresh := scaling.InstanceRefresh{
		InstanceRefreshId: &id, Status: status, PercentageComplete: aws.Int32(50), InstancesToUpdate: aws.Int32(1),
		StatusReason: aws.String("because of\n" + id),
		Preferences: &scaling.RefreshPreferences{AlarmSpecification: &scaling.AlarmSpecification{
			Alarms: []string{"errors", "latency", "quiet"},
		}},
	}
	if status != scaling.InstanceRefreshStatusPending {
		refresh.StartTime = aws.Time(f.begin.Add(began))
	}
	return refresh
}

// group has instances i-1, i-2 and so on, of which each has the version given, and wants the version given.
func group(want string, versions ...string) *scaling.AutoScalingGroup {
	group := &scaling.AutoScalingGroup{
		MinSize:        aws.Int32(2),
		LaunchTemplate: &scaling.LaunchTemplateSpecification{LaunchTemplateId: aws.String("lt-1"), Version: &want},
	}
	for i, version := range versions {
		group.Instances = append(group.Instances, scaling.Instance{
			InstanceId: aws.String(fmt.Sprintf("i-%d", i+1)), LifecycleState: scaling.LifecycleStateInService,
			LaunchTemplate: &scaling.LaunchTemplateSpecification{LaunchTemplateId: aws.String("lt-1"), Version: &version},
		})
	}
	return group
}

// mixed is the same group with several instance types.
func mixed(want string, versions ...string) *scaling.AutoScalingGroup {
	group := group(want, versions...)
	group.MixedInstancesPolicy = &scaling.MixedInstancesPolicy{
		LaunchTemplate: &scaling.LaunchTemplate{LaunchTemplateSpecification: group.LaunchTemplate},
	}
	group.LaunchTemplate = nil
	return group
}
