package webtier

import (
	"fmt"
	"strconv"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/autoscaling"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// scalingPolicies makes the group scale by load. The group says for all policies how long an instance warms up. label names the
// load balancer and the target group to CloudWatch.
func (b *builder) scalingPolicies(group *autoscaling.Group, label pulumi.StringInput, routes []pulumi.Resource) error {
	for _, each := range []struct {
		role   string
		wanted bool
		args   autoscaling.PolicyArgs
	}{
		{"cpu", b.settings.Scaling.CPUPercent > 0, b.tracking(b.settings.Scaling.CPUPercent,
			autoscaling.PolicyTargetTrackingConfigurationPredefinedMetricSpecificationArgs{
				PredefinedMetricType: pulumi.String("ASGAverageCPUUtilization"),
			})},
		{"requests", b.settings.Scaling.RequestsPerTarget > 0, b.tracking(b.settings.Scaling.RequestsPerTarget,
			autoscaling.PolicyTargetTrackingConfigurationPredefinedMetricSpecificationArgs{
				PredefinedMetricType: pulumi.String("ALBRequestCountPerTarget"),
				ResourceLabel:        label.ToStringOutput().ToStringPtrOutput(),
			})},
		{"forecast", b.settings.Scaling.Forecast, b.forecast()},
	} {
		if !each.wanted {
			continue
		}
		name := b.Name("scaling", each.role)
		each.args.AutoscalingGroupName = group.Name
		// AWS refuses a target of requests while nothing forwards any to the target group.
		_, err := autoscaling.NewPolicy(b.ctx, name, &each.args, b.Options(pulumi.DependsOn(routes))...)
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

// forecast only forecasts: whether AWS predicts the load of students well should be known before it launches instances for it.
func (b *builder) forecast() autoscaling.PolicyArgs {
	return autoscaling.PolicyArgs{
		PolicyType: pulumi.String("PredictiveScaling"),
		PredictiveScalingConfiguration: autoscaling.PolicyPredictiveScalingConfigurationArgs{
			Mode: pulumi.String("ForecastOnly"),
			// How much earlier an instance is launched, one hour at most.
			SchedulingBufferTime: pulumi.String(strconv.Itoa(min(b.settings.BootSeconds, 3600))),
			MetricSpecification: autoscaling.PolicyPredictiveScalingConfigurationMetricSpecificationArgs{
				TargetValue: pulumi.Float64(b.settings.Scaling.CPUPercent),
				PredefinedMetricPairSpecification: autoscaling.PolicyPredictiveScalingConfigurationMetricSpecificationPredefinedMetricPairSpecificationArgs{
					PredefinedMetricType: pulumi.String("ASGCPUUtilization"),
				},
			},
		},
	}
}

// schedules sets the size of the group at times that are known in advance.
func (b *builder) schedules(group *autoscaling.Group) error {
	for _, each := range b.settings.Actions() {
		name := b.Name("schedule", each.Name)
		var replaced []pulumi.ResourceOption
		if each.Recurrence != "" {
			// The provider sends the start that AWS has computed with every change, and AWS refuses it once the action has run
			// (pulumi-aws#2473). AWS knows an action by its name: there cannot be two of them.
			replaced = []pulumi.ResourceOption{pulumi.ReplaceOnChanges([]string{"*"}), pulumi.DeleteBeforeReplace(true)}
		}
		_, err := autoscaling.NewSchedule(b.ctx, name, &autoscaling.ScheduleArgs{
			AutoscalingGroupName: group.Name,
			ScheduledActionName:  pulumi.String(each.Name),
			Recurrence:           optional(each.Recurrence),
			TimeZone:             optional(each.TimeZone),
			StartTime:            optional(each.Start),
			EndTime:              optional(each.End),
			MinSize:              pulumi.Int(each.Min),
			MaxSize:              pulumi.Int(each.Max),
			DesiredCapacity:      pulumi.Int(each.Desired),
		}, b.Options(replaced...)...)
		if err != nil {
			return fmt.Errorf("creating schedule %s: %w", name, err)
		}
	}
	return nil
}

// optional returns nil for an empty string.
func optional(text string) pulumi.StringPtrInput {
	if text == "" {
		return nil
	}
	return pulumi.String(text)
}
