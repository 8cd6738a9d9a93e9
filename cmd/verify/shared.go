package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	balancing "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	databases "github.com/aws/aws-sdk-go-v2/service/rds/types"
)

// balancersAPI is what finds the security groups of the load balancer.
type balancersAPI interface {
	balancing.DescribeLoadBalancersAPIClient
}

// shared is what several checks of network and database ask of AWS, each once.
type shared struct {
	chain       func() (chain, error)
	routing     func() (*routing, error)
	frontGroups func() ([]string, error) // security groups of the load balancer
	database    func() (*databases.DBInstance, error)
	proxy       func() (*databases.DBProxy, error)
}

func share(ctx context.Context, l *live) shared {
	out, services := l.outputs, l.aws
	return shared{
		chain: once(ctx, func(ctx context.Context) (chain, error) {
			groups, err := readGroups(ctx, services.network, out.VpcID)
			return chainOf(groups), err
		}),
		routing:     once(ctx, func(ctx context.Context) (*routing, error) { return readRouting(ctx, services.network, out.VpcID) }),
		frontGroups: once(ctx, l.readFrontGroups),
		database: once(ctx, func(ctx context.Context) (*databases.DBInstance, error) {
			return readDatabase(ctx, services.databases, out.DatabaseIdentifier)
		}),
		proxy: once(ctx, func(ctx context.Context) (*databases.DBProxy, error) {
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

// readFrontGroups returns the security groups of the load balancer.
func (l *live) readFrontGroups(ctx context.Context) ([]string, error) {
	target, err := l.targetGroup()
	if err != nil {
		return nil, err
	}
	if len(target.LoadBalancerArns) == 0 {
		return nil, fmt.Errorf("target group %s has no load balancer", l.outputs.TargetGroupArn)
	}
	found, err := l.aws.balancers.DescribeLoadBalancers(ctx, &balancing.DescribeLoadBalancersInput{LoadBalancerArns: target.LoadBalancerArns})
	if err != nil {
		return nil, fmt.Errorf("load balancer %s: %w", target.LoadBalancerArns[0], err)
	}
	var groups []string
	for _, each := range found.LoadBalancers {
		groups = append(groups, each.SecurityGroups...)
	}
	return groups, nil
}

// instanceGroups returns the security groups of the instances of the Auto Scaling group, each once.
func instanceGroups(l *live) ([]string, error) {
	instances, err := l.instances()
	if err != nil {
		return nil, err
	}
	if len(instances) == 0 {
		return nil, fmt.Errorf("no instance of %s runs", l.outputs.AutoScalingGroupName)
	}
	var groups []string
	for _, instance := range instances {
		for _, each := range instance.SecurityGroups {
			groups = append(groups, aws.ToString(each.GroupId))
		}
	}
	slices.Sort(groups)
	return slices.Compact(groups), nil
}
