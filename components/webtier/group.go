package webtier

import (
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/autoscaling"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// groupMetrics are the metrics of the group in CloudWatch, which are free.
var groupMetrics = []string{
	"GroupDesiredCapacity", "GroupInServiceCapacity", "GroupInServiceInstances", "GroupMaxSize", "GroupMinSize",
	"GroupPendingInstances", "GroupStandbyInstances", "GroupTerminatingInstances", "GroupTotalInstances",
}

// autoScalingGroup creates the group, after what its instances need when they boot.
func (b *builder) autoScalingGroup(
	targetGroup pulumi.StringInput, template *ec2.LaunchTemplate, needs []pulumi.Resource,
) (*autoscaling.Group, error) {
	name := b.Name("app")
	size, _ := b.settings.InForce()
	args := &autoscaling.GroupArgs{
		VpcZoneIdentifiers: b.args.PrivateSubnetIDs,
		TargetGroupArns:    pulumi.StringArray{targetGroup},
		// The desired capacity is left out: every update would set it back, in the middle of a surge too.
		MinSize: pulumi.Int(size.Min),
		MaxSize: pulumi.Int(size.Max),
		// An instance whose application fails is replaced, and not only one whose hardware does (AWS Security Hub, AutoScaling.1).
		HealthCheckType:        pulumi.String("ELB"),
		HealthCheckGracePeriod: pulumi.Int(b.settings.HealthCheck.GraceSeconds),
		DefaultInstanceWarmup:  pulumi.Int(b.settings.BootSeconds),
		EnabledMetrics:         pulumi.ToStringArray(groupMetrics),
		MetricsGranularity:     pulumi.String("1Minute"),
		InstanceRefresh:        b.instanceRefresh(),
		// AWS replaces unhealthy instances in the same way.
		InstanceMaintenancePolicy: autoscaling.GroupInstanceMaintenancePolicyArgs{
			MinHealthyPercentage: pulumi.Int(b.settings.Rollout.MinHealthyPercent),
			MaxHealthyPercentage: pulumi.Int(b.settings.Rollout.MaxHealthyPercent),
		},
		// An update does not wait for instances. The provider would wait for exactly as many as the group had when Pulumi last looked:
		// on a fleet that has scaled out since, in vain (terraform-provider-aws, aws_autoscaling_group, waiting for capacity).
		WaitForCapacityTimeout: pulumi.String("0"),
		Tags:                   b.groupTags(name),
	}
	if len(b.settings.InstanceTypes) > 1 {
		args.MixedInstancesPolicy = b.mixedInstances(template)
		args.CapacityRebalance = pulumi.Bool(b.settings.Spot.Percent > 0)
	} else {
		args.LaunchTemplate = autoscaling.GroupLaunchTemplateArgs{Id: template.ID(), Version: version(template)}
	}
	group, err := autoscaling.NewGroup(b.ctx, name, args, b.Options(
		pulumi.DependsOn(needs),
		// Instances finish their requests before they are terminated.
		pulumi.Timeouts(&pulumi.CustomTimeouts{Delete: "30m"}),
	)...)
	if err != nil {
		return nil, fmt.Errorf("creating Auto Scaling group %s: %w", name, err)
	}
	return group, b.sayWhatIsLeft(group)
}

// sayWhatIsLeft tells a person who updates a stack that its instances may not be healthy yet. A pipeline looks by itself.
func (b *builder) sayWhatIsLeft(group *autoscaling.Group) error {
	if b.ctx.DryRun() || b.ctx.RunningWithMocks() {
		return nil
	}
	err := b.ctx.Log.Info("This update does not wait until instances are healthy or a rollout is through. To watch them: "+
		"pulumi stack output --json | go run ./cmd/verify rollout", &pulumi.LogArgs{Resource: group})
	if err != nil {
		return fmt.Errorf("logging: %w", err)
	}
	return nil
}

// version returns the number of the newest version of the launch template. With $Latest instead, new instances would run a new
// version beside old ones, and no rollout would start (pulumi-aws, aws.autoscaling.Group, instanceRefresh).
func version(template *ec2.LaunchTemplate) pulumi.StringOutput {
	return template.LatestVersion.ApplyT(strconv.Itoa).(pulumi.StringOutput)
}

// instanceRefresh replaces the instances when the launch template changes. AWS stops when they do not become healthy, or an alarm
// goes off. The way back is an update with the previous release.
//
// AutoRollback stays off. With it, the provider gives the refresh a desired configuration, and while that refresh is active AWS
// refuses every change of launch template or instance types, that way back too (Amazon EC2 Auto Scaling user guide, "How an
// instance refresh works", limitations). The rollback itself would lead to the bad release: the provider moves the group to the new
// version before it starts the refresh (terraform-provider-aws#34189).
func (b *builder) instanceRefresh() autoscaling.GroupInstanceRefreshArgs {
	checkpoints := pulumi.IntArray{}
	for _, percent := range b.settings.Rollout.CheckpointPercents {
		checkpoints = append(checkpoints, pulumi.Int(percent))
	}
	preferences := autoscaling.GroupInstanceRefreshPreferencesArgs{
		MinHealthyPercentage:  pulumi.Int(b.settings.Rollout.MinHealthyPercent),
		MaxHealthyPercentage:  pulumi.Int(b.settings.Rollout.MaxHealthyPercent),
		SkipMatching:          pulumi.Bool(true),
		CheckpointPercentages: checkpoints,
		CheckpointDelay:       pulumi.String(strconv.Itoa(b.settings.Rollout.CheckpointSeconds)),
	}
	if len(b.args.RolloutAlarms) > 0 {
		preferences.AlarmSpecification = autoscaling.GroupInstanceRefreshPreferencesAlarmSpecificationArgs{
			Alarms: pulumi.ToStringArray(b.args.RolloutAlarms),
		}
	}
	return autoscaling.GroupInstanceRefreshArgs{Strategy: pulumi.String("Rolling"), Preferences: preferences}
}

// mixedInstances lets AWS launch the next instance type when it has no capacity for one, and Spot Instances beyond the base.
func (b *builder) mixedInstances(template *ec2.LaunchTemplate) autoscaling.GroupMixedInstancesPolicyArgs {
	var overrides autoscaling.GroupMixedInstancesPolicyLaunchTemplateOverrideArray
	for _, each := range b.settings.InstanceTypes {
		overrides = append(overrides, autoscaling.GroupMixedInstancesPolicyLaunchTemplateOverrideArgs{
			InstanceType: pulumi.String(each),
		})
	}
	distribution := autoscaling.GroupMixedInstancesPolicyInstancesDistributionArgs{
		OnDemandAllocationStrategy:          pulumi.String("prioritized"),
		OnDemandPercentageAboveBaseCapacity: pulumi.Int(100 - b.settings.Spot.Percent),
		SpotAllocationStrategy:              pulumi.String("price-capacity-optimized"),
	}
	// The base follows size.min, and each change of this policy starts a rollout: without Spot Instances it decides nothing.
	if b.settings.Spot.Percent > 0 {
		distribution.OnDemandBaseCapacity = pulumi.Int(b.settings.Spot.OnDemandBase)
	}
	return autoscaling.GroupMixedInstancesPolicyArgs{
		InstancesDistribution: distribution,
		LaunchTemplate: autoscaling.GroupMixedInstancesPolicyLaunchTemplateArgs{
			LaunchTemplateSpecification: autoscaling.GroupMixedInstancesPolicyLaunchTemplateLaunchTemplateSpecificationArgs{
				LaunchTemplateId: template.ID().ToStringOutput(), Version: version(template),
			},
			Overrides: overrides,
		},
	}
}

// groupTags returns the tags of the group, which its instances have too.
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
