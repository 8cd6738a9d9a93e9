package main

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	balancing "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	databases "github.com/aws/aws-sdk-go-v2/service/rds/types"
)

// balancersAPI is what finds the security groups of the load balancer.
type balancersAPI interface {
	balancing.DescribeLoadBalancersAPIClient
	balancing.DescribeTargetGroupsAPIClient
}

// shared is what several checks of network and database ask of AWS, each once.
type shared struct {
	chain          func() (chain, error)
	routing        func() (*routing, error)
	frontGroups    func() ([]string, error) // security groups of the load balancer
	instanceGroups func() ([]string, error) // and of the instances
	database       func() (*databases.DBInstance, error)
	proxy          func() (*databases.DBProxy, error)
}

func share(ctx context.Context, l *live) shared {
	out, services := l.outputs, l.aws
	return shared{
		chain: sync.OnceValues(func() (chain, error) {
			groups, err := readGroups(ctx, services.network, out.VpcID)
			return chainOf(groups), err
		}),
		routing:        sync.OnceValues(func() (*routing, error) { return readRouting(ctx, services.network, out.VpcID) }),
		frontGroups:    sync.OnceValues(func() ([]string, error) { return readFrontGroups(ctx, services.balancers, out.TargetGroupArn) }),
		instanceGroups: sync.OnceValues(func() ([]string, error) { return readInstanceGroups(ctx, l) }),
		database: sync.OnceValues(func() (*databases.DBInstance, error) {
			return readDatabase(ctx, services.databases, out.DatabaseIdentifier)
		}),
		proxy: sync.OnceValues(func() (*databases.DBProxy, error) {
			return readProxy(ctx, services.databases, out.DatabaseEndpoint)
		}),
	}
}

func (l *live) askDatabase() (*databases.DBInstance, error) { return l.database() }

// frontOf returns the security groups of the load balancer.
func frontOf(l *live) ([]string, error) { return l.frontGroups() }

// proxyGroups returns the security groups of RDS Proxy.
func proxyGroups(l *live) ([]string, error) {
	found, err := l.proxy()
	if err != nil {
		return nil, err
	}
	return found.VpcSecurityGroupIds, nil
}

// databaseGroups returns the security groups of the database.
func databaseGroups(l *live) ([]string, error) {
	found, err := l.database()
	if err != nil {
		return nil, err
	}
	var groups []string
	for _, each := range found.VpcSecurityGroups {
		groups = append(groups, aws.ToString(each.VpcSecurityGroupId))
	}
	return groups, nil
}

// readFrontGroups returns the security groups of the load balancer that has a target group.
func readFrontGroups(ctx context.Context, api balancersAPI, targetGroup string) ([]string, error) {
	targets, err := api.DescribeTargetGroups(ctx, &balancing.DescribeTargetGroupsInput{TargetGroupArns: []string{targetGroup}})
	if err != nil {
		return nil, fmt.Errorf("target group %s: %w", targetGroup, err)
	}
	if len(targets.TargetGroups) == 0 || len(targets.TargetGroups[0].LoadBalancerArns) == 0 {
		return nil, fmt.Errorf("target group %s has no load balancer", targetGroup)
	}
	arns := targets.TargetGroups[0].LoadBalancerArns
	balancers, err := api.DescribeLoadBalancers(ctx, &balancing.DescribeLoadBalancersInput{LoadBalancerArns: arns})
	if err != nil {
		return nil, fmt.Errorf("load balancer %s: %w", arns[0], err)
	}
	var groups []string
	for _, each := range balancers.LoadBalancers {
		groups = append(groups, each.SecurityGroups...)
	}
	return groups, nil
}

// readInstanceGroups returns the security groups of the instances of the Auto Scaling group, each once.
func readInstanceGroups(ctx context.Context, l *live) ([]string, error) {
	group, err := l.group()
	if err != nil {
		return nil, err
	}
	var ids, groups []string
	for _, each := range group.Instances {
		ids = append(ids, aws.ToString(each.InstanceId))
	}
	if len(ids) == 0 {
		return nil, fmt.Errorf("Auto Scaling group %s has no instance", l.outputs.AutoScalingGroupName)
	}
	found, err := l.aws.instances.DescribeInstances(ctx, &ec2.DescribeInstancesInput{InstanceIds: ids})
	if err != nil {
		return nil, fmt.Errorf("instances of %s: %w", l.outputs.AutoScalingGroupName, err)
	}
	for _, reservation := range found.Reservations {
		for _, instance := range reservation.Instances {
			for _, each := range instance.SecurityGroups {
				groups = append(groups, aws.ToString(each.GroupId))
			}
		}
	}
	slices.Sort(groups)
	return slices.Compact(groups), nil
}
