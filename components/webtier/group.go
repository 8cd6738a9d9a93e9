package webtier

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/autoscaling"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// groupMetrics are what the group tells CloudWatch about itself, at no cost.
var groupMetrics = []string{
	"GroupDesiredCapacity", "GroupInServiceCapacity", "GroupInServiceInstances", "GroupMaxSize", "GroupMinSize",
	"GroupPendingInstances", "GroupStandbyInstances", "GroupTerminatingInstances", "GroupTotalInstances",
}

func (b *builder) autoScalingGroup() error {
	name := b.Name("app")
	args := &autoscaling.GroupArgs{
		VpcZoneIdentifiers: b.args.PrivateSubnetIDs,
		TargetGroupArns:    pulumi.StringArray{b.targets.Arn},
		// The desired capacity is left out: every update would set it back, in the middle of a rush too (WT-6).
		MinSize: pulumi.Int(b.args.Size.Min),
		MaxSize: pulumi.Int(b.args.Size.Max),
		// An instance whose application is dead is replaced, and not only one whose machine is (document 000).
		HealthCheckType:        pulumi.String("ELB"),
		HealthCheckGracePeriod: pulumi.Int(b.args.HealthCheck.GraceSeconds),
		DefaultInstanceWarmup:  pulumi.Int(b.args.BootSeconds),
		EnabledMetrics:         pulumi.ToStringArray(groupMetrics),
		MetricsGranularity:     pulumi.String("1Minute"),
		InstanceRefresh:        b.instanceRefresh(),
		// What AWS replaces by itself, it replaces in the same way.
		InstanceMaintenancePolicy: autoscaling.GroupInstanceMaintenancePolicyArgs{
			MinHealthyPercentage: pulumi.Int(b.args.Rollout.MinHealthyPercent),
			MaxHealthyPercentage: pulumi.Int(b.args.Rollout.MaxHealthyPercent),
		},
		// The first update ends when the fleet serves, and fails when it cannot (field note WT-4).
		MinElbCapacity:         pulumi.Int(b.args.Size.Min),
		WaitForCapacityTimeout: pulumi.String(b.patience().String()),
		Tags:                   b.groupTags(name),
	}
	if len(b.args.InstanceTypes) > 1 {
		args.MixedInstancesPolicy = b.mixedInstances()
		args.CapacityRebalance = pulumi.Bool(b.args.Spot.Percent > 0)
	} else {
		args.LaunchTemplate = autoscaling.GroupLaunchTemplateArgs{Id: b.template.ID(), Version: b.version()}
	}
	var err error
	b.group, err = autoscaling.NewGroup(b.ctx, name, args, b.Options(
		pulumi.DependsOn(slices.Concat(b.args.Await, b.rights, b.routes)),
		// Instances drain before they end.
		pulumi.Timeouts(&pulumi.CustomTimeouts{Delete: "30m"}),
	)...)
	if err != nil {
		return fmt.Errorf("creating Auto Scaling group %s: %w", name, err)
	}
	return nil
}

// version returns the number of the template's newest version. By $Latest, instances of two versions would run side by
// side without anyone having asked, and no rollout would start (document 000; field note WT-1).
func (b *builder) version() pulumi.StringOutput {
	return b.template.LatestVersion.ApplyT(strconv.Itoa).(pulumi.StringOutput)
}

// patience returns how long the first instances may take to serve.
func (b *builder) patience() time.Duration {
	return max(15*time.Minute, 3*time.Duration(b.args.BootSeconds)*time.Second)
}

// instanceRefresh replaces the instances when the launch template changes. If they do not get healthy, or an alarm goes off,
// AWS stops. It goes back to the version of the group, which the provider has moved already
// (github.com/hashicorp/terraform-provider-aws/issues/34189): the release before has to be set again.
func (b *builder) instanceRefresh() autoscaling.GroupInstanceRefreshArgs {
	checkpoints := pulumi.IntArray{}
	for _, percent := range b.args.Rollout.CheckpointPercents {
		checkpoints = append(checkpoints, pulumi.Int(percent))
	}
	preferences := autoscaling.GroupInstanceRefreshPreferencesArgs{
		MinHealthyPercentage:  pulumi.Int(b.args.Rollout.MinHealthyPercent),
		MaxHealthyPercentage:  pulumi.Int(b.args.Rollout.MaxHealthyPercent),
		AutoRollback:          pulumi.Bool(true),
		SkipMatching:          pulumi.Bool(true),
		CheckpointPercentages: checkpoints,
		CheckpointDelay:       pulumi.String(strconv.Itoa(b.args.Rollout.CheckpointSeconds)),
	}
	if len(b.args.RolloutAlarms) > 0 {
		preferences.AlarmSpecification = autoscaling.GroupInstanceRefreshPreferencesAlarmSpecificationArgs{
			Alarms: pulumi.ToStringArray(b.args.RolloutAlarms),
		}
	}
	return autoscaling.GroupInstanceRefreshArgs{Strategy: pulumi.String("Rolling"), Preferences: preferences}
}

// mixedInstances lets AWS take the next instance type where it has run out of one, and Spot above the base.
func (b *builder) mixedInstances() autoscaling.GroupMixedInstancesPolicyArgs {
	var overrides autoscaling.GroupMixedInstancesPolicyLaunchTemplateOverrideArray
	for _, each := range b.args.InstanceTypes {
		overrides = append(overrides, autoscaling.GroupMixedInstancesPolicyLaunchTemplateOverrideArgs{
			InstanceType: pulumi.String(each),
		})
	}
	return autoscaling.GroupMixedInstancesPolicyArgs{
		InstancesDistribution: autoscaling.GroupMixedInstancesPolicyInstancesDistributionArgs{
			OnDemandAllocationStrategy:          pulumi.String("prioritized"),
			OnDemandBaseCapacity:                pulumi.Int(b.args.Spot.OnDemandBase),
			OnDemandPercentageAboveBaseCapacity: pulumi.Int(100 - b.args.Spot.Percent),
			SpotAllocationStrategy:              pulumi.String("price-capacity-optimized"),
		},
		LaunchTemplate: autoscaling.GroupMixedInstancesPolicyLaunchTemplateArgs{
			LaunchTemplateSpecification: autoscaling.GroupMixedInstancesPolicyLaunchTemplateLaunchTemplateSpecificationArgs{
				LaunchTemplateId: b.template.ID().ToStringOutput(), Version: b.version(),
			},
			Overrides: overrides,
		},
	}
}

// groupTags returns the tags of the group, which its instances get too.
func (b *builder) groupTags(name string) autoscaling.GroupTagArray {
	tags := b.Tags(name)
	var list autoscaling.GroupTagArray
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		list = append(list, autoscaling.GroupTagArgs{
			Key: pulumi.String(key), Value: tags[key], PropagateAtLaunch: pulumi.Bool(true),
		})
	}
	return list
}
