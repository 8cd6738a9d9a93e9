package webtier

import (
	"fmt"
	"strconv"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/autoscaling"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// scalingPolicies makes the fleet follow its load. How long an instance warms up, the group says for all of them.
func (b *builder) scalingPolicies() error {
	for _, each := range []struct {
		role   string
		wanted bool
		args   autoscaling.PolicyArgs
	}{
		{"cpu", b.args.Scaling.CPUPercent > 0, b.tracking(b.args.Scaling.CPUPercent,
			autoscaling.PolicyTargetTrackingConfigurationPredefinedMetricSpecificationArgs{
				PredefinedMetricType: pulumi.String("ASGAverageCPUUtilization"),
			})},
		{"requests", b.args.Scaling.RequestsPerTarget > 0, b.tracking(b.args.Scaling.RequestsPerTarget,
			autoscaling.PolicyTargetTrackingConfigurationPredefinedMetricSpecificationArgs{
				PredefinedMetricType: pulumi.String("ALBRequestCountPerTarget"),
				ResourceLabel:        pulumi.Sprintf("%s/%s", b.balancer.ArnSuffix, b.targets.ArnSuffix),
			})},
		{"forecast", b.args.Scaling.Forecast, b.forecast()},
	} {
		if !each.wanted {
			continue
		}
		name := b.Name("scaling", each.role)
		each.args.AutoscalingGroupName = b.group.Name
		// AWS refuses a count of requests that nothing leads to the target group (field note WT-8).
		_, err := autoscaling.NewPolicy(b.ctx, name, &each.args, b.Options(pulumi.DependsOn(b.routes))...)
		if err != nil {
			return fmt.Errorf("creating scaling policy %s: %w", name, err)
		}
	}
	return nil
}

func (b *builder) tracking(
	target int, metric autoscaling.PolicyTargetTrackingConfigurationPredefinedMetricSpecificationArgs,
) autoscaling.PolicyArgs {
	return autoscaling.PolicyArgs{
		PolicyType: pulumi.String("TargetTrackingScaling"),
		TargetTrackingConfiguration: autoscaling.PolicyTargetTrackingConfigurationArgs{
			PredefinedMetricSpecification: metric,
			TargetValue:                   pulumi.Float64(target),
		},
	}
}

// forecast has AWS say what it would do: whether it is right about students shows before it decides anything.
func (b *builder) forecast() autoscaling.PolicyArgs {
	return autoscaling.PolicyArgs{
		PolicyType: pulumi.String("PredictiveScaling"),
		PredictiveScalingConfiguration: autoscaling.PolicyPredictiveScalingConfigurationArgs{
			Mode: pulumi.String("ForecastOnly"),
			// An instance that is forecast is launched so much earlier, an hour at most.
			SchedulingBufferTime: pulumi.String(strconv.Itoa(min(b.args.BootSeconds, 3600))),
			MetricSpecification: autoscaling.PolicyPredictiveScalingConfigurationMetricSpecificationArgs{
				TargetValue: pulumi.Float64(b.args.Scaling.CPUPercent),
				PredefinedMetricPairSpecification: autoscaling.PolicyPredictiveScalingConfigurationMetricSpecificationPredefinedMetricPairSpecificationArgs{
					PredefinedMetricType: pulumi.String("ASGCPUUtilization"),
				},
			},
		},
	}
}

// schedules sets the size of the fleet at times known beforehand.
func (b *builder) schedules() error {
	for _, each := range b.spec.Actions() {
		name := b.Name("schedule", each.Name)
		_, err := autoscaling.NewSchedule(b.ctx, name, &autoscaling.ScheduleArgs{
			AutoscalingGroupName: b.group.Name,
			ScheduledActionName:  pulumi.String(each.Name),
			Recurrence:           optional(each.Recurrence),
			TimeZone:             optional(each.TimeZone),
			StartTime:            optional(each.Start),
			EndTime:              optional(each.End),
			MinSize:              pulumi.Int(each.Min),
			MaxSize:              pulumi.Int(each.Max),
			DesiredCapacity:      pulumi.Int(each.Desired),
		}, b.Options()...)
		if err != nil {
			return fmt.Errorf("creating schedule %s: %w", name, err)
		}
	}
	return nil
}

// optional returns nil for a text that is empty.
func optional(text string) pulumi.StringPtrInput {
	if text == "" {
		return nil
	}
	return pulumi.String(text)
}
