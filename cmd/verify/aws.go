package main

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	balancing "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
)

// services are the parts of AWS that the checks ask.
type services struct {
	scaling scalingAPI
	targets targetsAPI
	alarms  alarmsAPI
}

type scalingAPI interface {
	DescribeAutoScalingGroups(context.Context, *autoscaling.DescribeAutoScalingGroupsInput, ...func(*autoscaling.Options)) (
		*autoscaling.DescribeAutoScalingGroupsOutput, error)
	DescribeInstanceRefreshes(context.Context, *autoscaling.DescribeInstanceRefreshesInput, ...func(*autoscaling.Options)) (
		*autoscaling.DescribeInstanceRefreshesOutput, error)
}

type targetsAPI interface {
	DescribeTargetHealth(context.Context, *balancing.DescribeTargetHealthInput, ...func(*balancing.Options)) (
		*balancing.DescribeTargetHealthOutput, error)
}

type alarmsAPI interface {
	DescribeAlarms(context.Context, *cloudwatch.DescribeAlarmsInput, ...func(*cloudwatch.Options)) (
		*cloudwatch.DescribeAlarmsOutput, error)
}

// connect is a variable for tests, which have no AWS.
var connect = func(ctx context.Context, region string) (services, error) {
	patient := func() aws.Retryer { return retry.AddWithMaxAttempts(retry.NewStandard(), 6) }
	loaded, err := config.LoadDefaultConfig(ctx, config.WithRegion(region), config.WithRetryer(patient))
	if err != nil {
		return services{}, err
	}
	return services{
		scaling: autoscaling.NewFromConfig(loaded),
		targets: balancing.NewFromConfig(loaded),
		alarms:  cloudwatch.NewFromConfig(loaded),
	}, nil
}
