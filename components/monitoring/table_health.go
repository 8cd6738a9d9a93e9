package monitoring

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// healthyHosts is the number of healthy instances, as the node of the load balancer that sees most of them reports it. It depends on
// the Auto Scaling group: an alarm that treats missing data as breaching would go off before the group exists.
func (b *builder) healthyHosts() series {
	healthy := b.targets("HealthyHostCount", "Maximum")
	healthy.dimensions[0].value = pulumi.All(b.args.Web.TargetGroupSuffix, b.args.Web.AutoScalingGroupName).ApplyT(func(both []any) string {
		return both[0].(string)
	}).(pulumi.StringOutput)
	return healthy
}

// healthAlarms watch how many instances are healthy. A group that may be empty, because a schedule says so, misses no one.
func (b *builder) healthAlarms() []alarm {
	alarms := []alarm{b.missingInstances(), {
		// The minimum over the nodes of the load balancer, since the maximum exceeds 0 in every rollout (Elastic Load Balancing
		// user guide, "CloudWatch metrics for your Application Load Balancer").
		role: "unhealthy-hosts", panel: healthPanel,
		metrics: []series{b.targets("UnHealthyHostCount", "Minimum").named("unhealthy")}, period: 60, breaches: 2, periods: 2,
		comparison: above, missing: notBreaching,
		consequence: "An instance fails its health check: the others carry its share until it is replaced.",
	}}
	if b.args.Web.Settings.Floor() == 0 {
		return alarms
	}
	return append(alarms, alarm{
		role: "no-healthy-hosts", page: errorsPage, panel: healthPanel,
		metrics: []series{b.healthyHosts().named("healthy")}, period: 60, breaches: 2, periods: 2,
		comparison: below, threshold: 1, missing: breaching,
		consequence: "No instance is healthy: every request fails.",
	})
}

// reportMinutes is how long the samples of a minute take to reach CloudWatch, at the most. Until then FILL shows 0 in their place (Amazon
// CloudWatch user guide, "Using math expressions").
const reportMinutes = 3

// patience returns the minutes after which an instance that is not replaced will not be: a replacement, and the way of its samples.
func (b *builder) patience() int { return b.args.Web.Settings.ReplacementMinutes() + reportMinutes }

// missingInstances compares the instances that are healthy with those that the group wants, over as long as a replacement may take: one
// window in which there were, at the best, fewer than the group wanted at the least. So neither a lost instance that is replaced sets
// it off, nor a schedule, nor a group that grows in several steps, nor a rollout. A group younger than most of the window still boots
// its first instances; EC2 Auto Scaling sends its metrics every minute, so their number is its age.
func (b *builder) missingInstances() alarm {
	minutes := b.patience()
	wanted := func(stat string) series { return b.group("AWS/AutoScaling", "GroupDesiredCapacity", stat) }
	return alarm{
		role: "healthy-hosts", page: redundancyPage, panel: shortPanel,
		metrics: []series{
			wanted("Minimum").as("desired"), b.healthyHosts().as("healthy"), wanted("SampleCount").as("minutes"),
		},
		expression: fmt.Sprintf("IF(minutes >= %d, desired - FILL(healthy, 0), 0)", (3*minutes+3)/4),
		period:     60 * minutes, breaches: 1, periods: 1, comparison: above, missing: notBreaching,
		consequence: fmt.Sprintf("For %d minutes fewer instances have been healthy than the Auto Scaling group wants: it does not replace them.", minutes),
	}
}
