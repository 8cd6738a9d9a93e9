package main

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	balancing "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
)

// services are the parts of AWS that the verbs ask, in one region.
type services struct {
	scaling    scalingAPI
	targets    targetsAPI
	alarms     alarmsAPI
	metrics    metricsAPI
	listeners  listenersAPI
	instances  instancesAPI
	topics     topicsAPI
	parameters parametersAPI
	activities activitiesAPI
	balancers  balancersAPI
	network    networkAPI
	quotas     quotasAPI
	usage      usageAPI
	databases  databasesAPI
	secrets    secretsAPI
	history    historyAPI
	events     eventsAPI
	disturb    disturber
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

type metricsAPI interface {
	GetMetricStatistics(context.Context, *cloudwatch.GetMetricStatisticsInput, ...func(*cloudwatch.Options)) (
		*cloudwatch.GetMetricStatisticsOutput, error)
}

type listenersAPI interface {
	DescribeTargetGroups(context.Context, *balancing.DescribeTargetGroupsInput, ...func(*balancing.Options)) (
		*balancing.DescribeTargetGroupsOutput, error)
	DescribeListeners(context.Context, *balancing.DescribeListenersInput, ...func(*balancing.Options)) (
		*balancing.DescribeListenersOutput, error)
}

type instancesAPI interface {
	DescribeInstances(context.Context, *ec2.DescribeInstancesInput, ...func(*ec2.Options)) (
		*ec2.DescribeInstancesOutput, error)
}

type topicsAPI interface {
	ListSubscriptionsByTopic(context.Context, *sns.ListSubscriptionsByTopicInput, ...func(*sns.Options)) (
		*sns.ListSubscriptionsByTopicOutput, error)
}

type parametersAPI interface {
	GetParameter(context.Context, *ssm.GetParameterInput, ...func(*ssm.Options)) (*ssm.GetParameterOutput, error)
}

// connect connects to a region or, for an empty one, to that of the AWS configuration. It is a variable for tests, which have
// no AWS.
var connect = func(ctx context.Context, region string) (services, error) {
	patient := func() aws.Retryer { return retry.AddWithMaxAttempts(retry.NewStandard(), 6) }
	loaded, err := config.LoadDefaultConfig(ctx, config.WithRegion(region), config.WithRetryer(patient))
	if err != nil {
		return services{}, err
	}
	if loaded.Region == "" {
		return services{}, errors.New("no AWS region: set AWS_REGION to that of the stack")
	}
	watch, balancer := cloudwatch.NewFromConfig(loaded), balancing.NewFromConfig(loaded)
	scaler, compute := autoscaling.NewFromConfig(loaded), ec2.NewFromConfig(loaded)
	database := rds.NewFromConfig(loaded)
	return services{
		scaling:    scaler,
		targets:    balancer,
		alarms:     watch,
		metrics:    watch,
		listeners:  balancer,
		instances:  compute,
		topics:     sns.NewFromConfig(loaded),
		parameters: ssm.NewFromConfig(loaded),
		activities: scaler,
		balancers:  balancer,
		network:    compute,
		quotas:     compute,
		usage:      watch,
		databases:  database,
		secrets:    secretsmanager.NewFromConfig(loaded),
		history:    watch,
		events:     database,
		disturb:    newDisturber(loaded),
	}, nil
}
