package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"ha-web/internal/poll"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	scaling "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	balancing "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	balancingtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// instances is the final check, of the instances that the group has in service.
func (r *rollout) instances(ctx context.Context, refresh string) (bool, error) {
	group, err := r.group(ctx)
	if err != nil {
		return false, err
	}
	want, err := template(group)
	if err != nil {
		return false, poll.Permanent(err)
	}
	healthy, err := r.healthy(ctx)
	if err != nil {
		return false, err
	}
	var serving, current, fit int
	for _, instance := range group.Instances {
		if instance.LifecycleState != scaling.LifecycleStateInService {
			continue
		}
		serving++
		if same(instance.LaunchTemplate, want) {
			current++
		}
		if healthy[aws.ToString(instance.InstanceId)] {
			fit++
		}
	}
	least := int(aws.ToInt32(group.MinSize))
	r.progress.Say("%s: %d of %d instances in service have version %s, %d of at least %d are healthy",
		refresh, current, serving, *want.Version, fit, least)
	dead := ""
	if current < serving {
		dead = "outdated"
	}
	if r.stands(dead) {
		return false, poll.Permanent(fmt.Errorf("%d of %d instances do not have version %s, and no refresh replaces them. "+
			"Start one: aws autoscaling start-instance-refresh --auto-scaling-group-name %s",
			serving-current, serving, *want.Version, r.outputs.AutoScalingGroupName))
	}
	return current == serving && fit >= least, nil
}

func (r *rollout) group(ctx context.Context) (*scaling.AutoScalingGroup, error) {
	name := r.outputs.AutoScalingGroupName
	found, err := r.aws.scaling.DescribeAutoScalingGroups(ctx, &autoscaling.DescribeAutoScalingGroupsInput{
		AutoScalingGroupNames: []string{name},
	})
	if err != nil {
		return nil, fmt.Errorf("group %s: %w", name, err)
	}
	if len(found.AutoScalingGroups) == 0 {
		return nil, poll.Permanent(fmt.Errorf("group %s: is not in this account in %s: check credentials and outputs", name, r.outputs.region))
	}
	return &found.AutoScalingGroups[0], nil
}

// template returns the launch template of a group, with its version, in either of the places where AWS has it.
func template(group *scaling.AutoScalingGroup) (*scaling.LaunchTemplateSpecification, error) {
	found := group.LaunchTemplate
	if mixed := group.MixedInstancesPolicy; mixed != nil && mixed.LaunchTemplate != nil {
		found = mixed.LaunchTemplate.LaunchTemplateSpecification
	}
	if found == nil {
		return nil, errors.New("the group has no launch template: run pulumi up")
	}
	if _, err := strconv.Atoi(aws.ToString(found.Version)); err != nil {
		return nil, fmt.Errorf("the group's launch template version must be a number, got %q: run pulumi up --refresh",
			aws.ToString(found.Version))
	}
	return found, nil
}

// same compares by id where both have one, and by version.
func same(has, want *scaling.LaunchTemplateSpecification) bool {
	if has == nil || aws.ToString(has.Version) != *want.Version {
		return false
	}
	return has.LaunchTemplateId == nil || want.LaunchTemplateId == nil || *has.LaunchTemplateId == *want.LaunchTemplateId
}

// healthy returns the ids of the instances that the load balancer finds healthy.
func (r *rollout) healthy(ctx context.Context) (map[string]bool, error) {
	found, err := r.aws.targets.DescribeTargetHealth(ctx, &balancing.DescribeTargetHealthInput{
		TargetGroupArn: &r.outputs.TargetGroupArn,
	})
	if err != nil {
		return nil, fmt.Errorf("target group %s: %w", r.outputs.TargetGroupArn, err)
	}
	healthy := map[string]bool{}
	for _, target := range found.TargetHealthDescriptions {
		health := target.TargetHealth
		if target.Target != nil && health != nil && health.State == balancingtypes.TargetHealthStateEnumHealthy {
			healthy[aws.ToString(target.Target.Id)] = true
		}
	}
	return healthy, nil
}
