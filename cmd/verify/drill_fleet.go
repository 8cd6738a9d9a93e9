package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"ha-web/internal/probe"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	scaling "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	balancing "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	balancingtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// servers are the group and its instances at one moment.
type servers struct {
	group   *scaling.AutoScalingGroup
	desired int
	zones   map[string]string // of all instances of the group, whatever their state
	serving []string          // instances in service, sorted
	healthy []string          // those of them that the load balancer finds healthy, sorted
}

// readFleet asks AWS, each time.
func (l *live) readFleet(ctx context.Context) (*servers, error) {
	group, err := l.describeGroup(ctx)
	if err != nil {
		return nil, err
	}
	targets, err := l.aws.targets.DescribeTargetHealth(ctx, &balancing.DescribeTargetHealthInput{TargetGroupArn: &l.outputs.TargetGroupArn})
	if err != nil {
		return nil, fmt.Errorf("target group %s: %w", l.outputs.TargetGroupArn, err)
	}
	f := &servers{group: group, desired: int(aws.ToInt32(group.DesiredCapacity)), zones: map[string]string{}}
	for _, each := range group.Instances {
		id := aws.ToString(each.InstanceId)
		f.zones[id] = aws.ToString(each.AvailabilityZone)
		if each.LifecycleState == scaling.LifecycleStateInService {
			f.serving = append(f.serving, id)
		}
	}
	for _, each := range targets.TargetHealthDescriptions {
		if each.Target == nil || each.TargetHealth == nil || each.TargetHealth.State != balancingtypes.TargetHealthStateEnumHealthy {
			continue
		}
		if id := aws.ToString(each.Target.Id); slices.Contains(f.serving, id) {
			f.healthy = append(f.healthy, id)
		}
	}
	slices.Sort(f.serving)
	slices.Sort(f.healthy)
	return f, nil
}

// healthyIn counts the healthy instances by zone.
func (f *servers) healthyIn() map[string]int {
	count := map[string]int{}
	for _, id := range f.healthy {
		count[f.zones[id]]++
	}
	return count
}

func (f *servers) String() string {
	count := f.healthyIn()
	where := make([]string, 0, len(count))
	for _, zone := range slices.Sorted(maps.Keys(count)) {
		where = append(where, fmt.Sprintf("%d in %s", count[zone], zone))
	}
	text := fmt.Sprintf("%d of %d instances healthy", len(f.healthy), f.desired)
	if len(where) > 0 {
		text += ": " + strings.Join(where, ", ")
	}
	return text
}

// steadyFleet returns the fleet, or refuses where it has nothing to spare, or is being changed.
func (l *live) steadyFleet(ctx context.Context) (*servers, error) {
	f, err := l.readFleet(ctx)
	if err != nil {
		return nil, err
	}
	refreshes, err := l.aws.scaling.DescribeInstanceRefreshes(ctx, &autoscaling.DescribeInstanceRefreshesInput{
		AutoScalingGroupName: &l.outputs.AutoScalingGroupName,
	})
	if err != nil {
		return nil, fmt.Errorf("instance refreshes of %s: %w", l.outputs.AutoScalingGroupName, err)
	}
	for _, each := range refreshes.InstanceRefreshes {
		if runs(&each) {
			return nil, refuse("wait for it: verify rollout", "an instance refresh is running")
		}
	}
	if found := groupProcesses(ctx, l); found.status != statusPass {
		return nil, refuseFailure(found)
	}
	switch {
	case f.desired < 2:
		return nil, refuse("raise web.size.min to 2 or more and run pulumi up", "the desired capacity of the group is %d: without another instance, it is an outage", f.desired)
	case len(f.healthy) < f.desired, len(f.serving) > f.desired:
		return nil, refuse(targetsRemedy+". If the group is scaling, wait until it is done: verify activities", "%v", f)
	case len(f.healthyIn()) < 2:
		return nil, refuse("wait until the group has rebalanced; if it has one zone only, run pulumi up --refresh", "%v: one zone only", f)
	}
	return f, nil
}

// checkWindow is how long the load balancer may take to notice that a target does not answer: as many checks as make it unhealthy, and
// the time that the last of them waits for an answer.
func (l *live) checkWindow() (time.Duration, error) {
	group, err := l.targetGroup()
	if err != nil {
		return 0, err
	}
	checks := time.Duration(aws.ToInt32(group.UnhealthyThresholdCount)) * time.Duration(aws.ToInt32(group.HealthCheckIntervalSeconds))
	return (checks + time.Duration(aws.ToInt32(group.HealthCheckTimeoutSeconds))) * time.Second, nil
}

// failedWithin claims of each path that its failures lie within a time of its first one.
func failedWithin(window time.Duration, paths []probe.Summary) []claim {
	var claims []claim
	for _, each := range paths {
		if each.Failed == 0 {
			claims = append(claims, claim{fmt.Sprintf("No request to %s fails for longer than %v.", each.Target, window), true, "None failed."})
			continue
		}
		took := each.LastFailure.Sub(each.FirstFailure)
		claims = append(claims, claim{
			fmt.Sprintf("No request to %s fails for longer than %v.", each.Target, window), took <= window && each.Recovered,
			fmt.Sprintf("%d failed, the last %.1f s after the first.%s", each.Failed, took.Seconds(), map[bool]string{false: " The last request failed too."}[each.Recovered]),
		})
	}
	return claims
}
