package main

import (
	"context"
	"errors"
	"fmt"
	"sync"

	scaling "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"

	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
)

// live is a stack that runs: its outputs, AWS, and what several checks ask for, each asked once.
type live struct {
	outputs *outputs
	aws     services // of the stack's region
	edge    services // of us-east-1, where the metrics of CloudFront are, and so its alarms and their topics
	site    site

	group func() (*scaling.AutoScalingGroup, error)
	shared
}

// edgeRegion is the region of what belongs to CloudFront (Amazon CloudFront developer guide, "Viewing CloudFront metrics").
const edgeRegion = "us-east-1"

func newLive(ctx context.Context, found *outputs) (*live, error) {
	aws, err := connect(ctx, found.region)
	if err != nil {
		return nil, err
	}
	edge := aws
	if found.region != edgeRegion && found.CDNEnabled {
		if edge, err = connect(ctx, edgeRegion); err != nil {
			return nil, err
		}
	}
	return liveOf(ctx, found, aws, edge, connectSite()), nil
}

// liveOf returns a stack whose shared questions are asked under ctx.
func liveOf(ctx context.Context, found *outputs, aws, edge services, at site) *live {
	l := &live{outputs: found, aws: aws, edge: edge, site: at}
	l.group = sync.OnceValues(func() (*scaling.AutoScalingGroup, error) { return l.describeGroup(ctx) })
	l.shared = share(ctx, l)
	return l
}

// errNoGroup is what a check sees when the group is gone.
var errNoGroup = errors.New("not in this account")

func (l *live) describeGroup(ctx context.Context) (*scaling.AutoScalingGroup, error) {
	name := l.outputs.AutoScalingGroupName
	found, err := l.aws.scaling.DescribeAutoScalingGroups(ctx, &autoscaling.DescribeAutoScalingGroupsInput{
		AutoScalingGroupNames: []string{name},
	})
	switch {
	case err != nil:
		return nil, fmt.Errorf("Auto Scaling group %s: %w", name, err)
	case len(found.AutoScalingGroups) == 0:
		return nil, fmt.Errorf("Auto Scaling group %s in %s: %w", name, l.outputs.region, errNoGroup)
	}
	return &found.AutoScalingGroups[0], nil
}
