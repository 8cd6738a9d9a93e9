package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	scaling "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	balancing "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	balancingtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// webChecks are those of the instances, their group and what is in front of them.
var webChecks = []check{
	{"targets-healthy", "The load balancer finds instances healthy in at least two Availability Zones, and none unhealthy.", targetsHealthy},
	{"site-health", "The health check path answers 200 at the site's url.", siteHealth},
	{"load-balancer-health", "The health check path answers 200 at the load balancer.", loadBalancerHealth},
	{"http-redirects", "Port 80 of the site redirects to HTTPS.", httpRedirects},
	{"direct-access-refused", "The load balancer refuses requests that do not come through CloudFront.", directAccessRefused},
	{"instances-imdsv2", "Each instance requires IMDSv2.", instancesIMDSv2},
	{"instances-private", "No instance has a public address.", instancesPrivate},
	{"instances-current", "Each instance in service has the launch template version of the Auto Scaling group.", instancesCurrent},
	{"group-zones", "The Auto Scaling group launches instances in at least two Availability Zones.", groupZones},
	{"group-processes", "No process of the Auto Scaling group is suspended.", groupProcesses},
	{"group-protection", "No instance is protected from scale-in.", groupProtection},
}

func targetsHealthy(ctx context.Context, l *live) finding {
	group, err := l.group()
	if err != nil {
		return unanswered(err)
	}
	found, err := l.aws.targets.DescribeTargetHealth(ctx, &balancing.DescribeTargetHealthInput{TargetGroupArn: &l.outputs.TargetGroupArn})
	if err != nil {
		return unanswered(err)
	}
	zoneOf := map[string]string{}
	for _, instance := range group.Instances {
		if instance.LifecycleState == scaling.LifecycleStateInService {
			zoneOf[aws.ToString(instance.InstanceId)] = aws.ToString(instance.AvailabilityZone)
		}
	}
	healthy, faults := map[string]int{}, []string{}
	for _, target := range found.TargetHealthDescriptions {
		if target.Target == nil || target.TargetHealth == nil {
			continue
		}
		id := aws.ToString(target.Target.Id)
		zone, serving := zoneOf[id]
		switch {
		case !serving: // on its way in or out
		case target.TargetHealth.State == balancingtypes.TargetHealthStateEnumHealthy:
			healthy[zone]++
		default:
			faults = append(faults, fmt.Sprintf("%s is %s (%s)", id, target.TargetHealth.State, target.TargetHealth.Reason))
		}
	}
	return judgeZones(aws.ToInt32(group.DesiredCapacity), healthy, faults)
}

const targetsRemedy = "look why instances are missing or unhealthy: docs/runbook.md, healthy-hosts"

// judgeZones judges where healthy instances are. A group that wants fewer than two has them in no two zones.
func judgeZones(desired int32, healthy map[string]int, faults []string) finding {
	var seen []string
	for _, zone := range slices.Sorted(maps.Keys(healthy)) {
		seen = append(seen, fmt.Sprintf("%d in %s", healthy[zone], zone))
	}
	if len(seen) == 0 {
		seen = []string{"none"}
	}
	where := "healthy: " + strings.Join(seen, ", ")
	switch {
	case len(faults) > 0:
		return fail(targetsRemedy, "%s; %s", where, strings.Join(faults, "; "))
	case desired == 0:
		return skip("the group's desired capacity is 0")
	case len(healthy) == 0, desired > 1 && len(healthy) < 2:
		return fail(targetsRemedy, "%s, of %d instances wanted", where, desired)
	case desired == 1:
		return skip("%s; the group's desired capacity is 1, which is in one zone", where)
	}
	return pass("%s", where)
}
