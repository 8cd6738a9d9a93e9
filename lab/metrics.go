//go:build lab && linux

package lab

import (
	"context"
	"fmt"
	"math"
	"time"

	"ha-web/lab/balancer"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	scaling "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// period is how often metrics are published, every minute on AWS.
var period = scaled(60)

// measure publishes what CloudWatch has of the load balancer, the group and the database, as long as the lab runs, and scales the
// group out as a target tracking policy does. What instances send, their agents put.
func (l *Lab) measure(ctx context.Context) {
	ticker := time.NewTicker(period)
	defer ticker.Stop()
	var tracker tracker
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		counts, open := l.balancer.counts()
		if !open {
			continue // nothing is up yet
		}
		for _, each := range []func(context.Context) error{
			func(ctx context.Context) error { return l.put(ctx, "AWS/ApplicationELB", l.balancer.metrics(counts)) },
			l.measureGroup, l.measureDatabase,
			func(ctx context.Context) error { return tracker.track(ctx, l, counts) },
		} {
			if err := each(ctx); err != nil && ctx.Err() == nil {
				l.say("metrics: %v", err)
			}
		}
	}
}

func (l *Lab) put(ctx context.Context, namespace string, data []types.MetricDatum) error {
	if len(data) == 0 {
		return nil
	}
	_, err := l.cloud.metrics.PutMetricData(ctx, &cloudwatch.PutMetricDataInput{Namespace: &namespace, MetricData: data})
	return err
}

// measureGroup publishes the group metrics of EC2 Auto Scaling.
func (l *Lab) measureGroup(ctx context.Context) error {
	group, err := l.group(ctx)
	if err != nil {
		return err
	}
	inService := 0
	for _, each := range group.Instances {
		if each.LifecycleState == scaling.LifecycleStateInService {
			inService++
		}
	}
	dimensions := dimension("AutoScalingGroupName", *group.AutoScalingGroupName)
	return l.put(ctx, "AWS/AutoScaling", []types.MetricDatum{
		datum("GroupInServiceInstances", float64(inService), dimensions),
		datum("GroupDesiredCapacity", float64(*group.DesiredCapacity), dimensions),
		datum("GroupMaxSize", float64(*group.MaxSize), dimensions),
	})
}

func datum(name string, value float64, dimensions []types.Dimension) types.MetricDatum {
	return types.MetricDatum{MetricName: &name, Value: &value, Timestamp: aws.Time(time.Now()), Dimensions: dimensions}
}

func dimension(pairs ...string) []types.Dimension {
	var all []types.Dimension
	for i := 0; i < len(pairs); i += 2 {
		all = append(all, types.Dimension{Name: &pairs[i], Value: &pairs[i+1]})
	}
	return all
}

// tracker is a target tracking policy on requests per target: it scales out after three periods above the target, as the alarms
// do that Auto Scaling creates for such a policy (Amazon EC2 Auto Scaling user guide, "Target tracking scaling policies"). It
// does not scale in, which takes AWS fifteen minutes.
type tracker struct{ above int }

const breaching = 3

func (k *tracker) track(ctx context.Context, l *Lab, counts balancer.Counts) error {
	policies, err := l.cloud.scaling.DescribePolicies(ctx, &autoscaling.DescribePoliciesInput{
		AutoScalingGroupName: aws.String(l.fleet.group),
	})
	if err != nil {
		return err
	}
	target := 0.0
	for _, each := range policies.ScalingPolicies {
		if c := each.TargetTrackingConfiguration; c != nil && c.PredefinedMetricSpecification != nil &&
			c.PredefinedMetricSpecification.PredefinedMetricType == scaling.MetricTypeALBRequestCountPerTarget {
			target = *c.TargetValue
		}
	}
	requests, healthy := 0, 0
	for _, zone := range counts {
		requests, healthy = requests+zone.Requests, max(healthy, zone.Healthy)
	}
	if target == 0 || healthy == 0 {
		return nil
	}
	perTarget := float64(requests) / float64(healthy) / scale // a minute's worth
	if perTarget <= target {
		k.above = 0
		return nil
	}
	if k.above++; k.above < breaching {
		return nil
	}
	k.above = 0
	group, err := l.group(ctx)
	if err != nil {
		return err
	}
	desired := min(*group.MaxSize, int32(math.Ceil(float64(healthy)*perTarget/target)))
	if desired <= *group.DesiredCapacity {
		return nil
	}
	l.say("%.0f requests a minute and target, above %.0f: from %d to %d instances", perTarget, target, *group.DesiredCapacity, desired)
	_, err = l.cloud.scaling.SetDesiredCapacity(ctx, &autoscaling.SetDesiredCapacityInput{
		AutoScalingGroupName: group.AutoScalingGroupName, DesiredCapacity: &desired,
	})
	if err != nil {
		return fmt.Errorf("scaling out: %w", err)
	}
	return nil
}
