package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	scaling "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	computing "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	balancing "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	balancingtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// live is a stack that runs: its outputs, AWS, and what several checks ask for, each asked once.
type live struct {
	outputs *outputs
	aws     services // of the stack's region
	edge    services // of us-east-1, where the metrics of CloudFront are, and so its alarms and their topics
	site    site

	group       func() (*scaling.AutoScalingGroup, error)
	targetGroup func() (*balancingtypes.TargetGroup, error)
	instances   func() ([]computing.Instance, error) // of the group that run
	health      func() (response, error)             // of the health check path at the site's url
	alarms      func() (*alarms, error)
	shared
}

// edgeRegion is the region of what belongs to CloudFront (Amazon CloudFront developer guide, "Viewing CloudFront metrics").
const edgeRegion = "us-east-1"

func newLive(ctx context.Context, found *outputs) (*live, error) {
	main, err := connect(ctx, found.region)
	if err != nil {
		return nil, err
	}
	edge := main
	if found.edgeApart() {
		if edge, err = connect(ctx, edgeRegion); err != nil {
			return nil, err
		}
	}
	return liveOf(ctx, found, main, edge, connectSite()), nil
}

// liveOf returns a stack whose shared questions are asked under ctx.
func liveOf(ctx context.Context, found *outputs, main, edge services, at site) *live {
	l := &live{outputs: found, aws: main, edge: edge, site: at}
	l.group = once(ctx, l.describeGroup)
	l.targetGroup = once(ctx, l.describeTargetGroup)
	l.instances = once(ctx, l.describeInstances)
	l.health = once(ctx, l.askHealth)
	l.alarms = once(ctx, l.describeAlarms)
	l.shared = share(ctx, l)
	return l
}

// once returns a function that asks at its first call, and returns the same answer at each.
func once[T any](ctx context.Context, ask func(context.Context) (T, error)) func() (T, error) {
	return sync.OnceValues(func() (T, error) { return ask(ctx) })
}

// errGone is what a check sees of a resource that is no more.
var errGone = errors.New("not in this account")

func (l *live) describeGroup(ctx context.Context) (*scaling.AutoScalingGroup, error) {
	name := l.outputs.AutoScalingGroupName
	found, err := l.aws.scaling.DescribeAutoScalingGroups(ctx, &autoscaling.DescribeAutoScalingGroupsInput{
		AutoScalingGroupNames: []string{name},
	})
	switch {
	case err != nil:
		return nil, fmt.Errorf("group %s: %w", name, err)
	case len(found.AutoScalingGroups) == 0:
		return nil, fmt.Errorf("group %s in %s: %w", name, l.outputs.region, errGone)
	}
	return &found.AutoScalingGroups[0], nil
}

func (l *live) describeTargetGroup(ctx context.Context) (*balancingtypes.TargetGroup, error) {
	found, err := l.aws.listeners.DescribeTargetGroups(ctx, &balancing.DescribeTargetGroupsInput{
		TargetGroupArns: []string{l.outputs.TargetGroupArn},
	})
	switch {
	case err != nil:
		return nil, fmt.Errorf("target group: %w", err)
	case len(found.TargetGroups) == 0:
		return nil, fmt.Errorf("target group %s: %w", l.outputs.TargetGroupArn, errGone)
	}
	return &found.TargetGroups[0], nil
}

// describeInstances finds instances by the tag that Auto Scaling puts on them: a question for instances by id fails as a whole
// when one of them has just been terminated.
func (l *live) describeInstances(ctx context.Context) ([]computing.Instance, error) {
	pages := ec2.NewDescribeInstancesPaginator(l.aws.instances, &ec2.DescribeInstancesInput{Filters: []computing.Filter{
		{Name: aws.String("tag:aws:autoscaling:groupName"), Values: []string{l.outputs.AutoScalingGroupName}},
		{Name: aws.String("instance-state-name"), Values: []string{string(computing.InstanceStateNameRunning)}},
	}})
	var instances []computing.Instance
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("instances: %w", err)
		}
		for _, each := range page.Reservations {
			instances = append(instances, each.Instances...)
		}
	}
	return instances, nil
}

func (l *live) askHealth(ctx context.Context) (response, error) {
	path, err := l.healthPath()
	if err != nil {
		return response{}, err
	}
	return l.site.get(ctx, request{address: strings.TrimRight(l.outputs.URL, "/") + path})
}

// healthPath returns the path that the load balancer checks.
func (l *live) healthPath() (string, error) {
	group, err := l.targetGroup()
	if err != nil {
		return "", err
	}
	return aws.ToString(group.HealthCheckPath), nil
}
