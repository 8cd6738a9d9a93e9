package main

import (
	"context"
	"fmt"
)

// networkChecks are those of the VPC: who may talk to whom, and where traffic goes.
var networkChecks = []check{
	{
		"load-balancer-ingress",
		"The load balancer accepts connections on its listeners' ports only, from CloudFront's addresses alone with web.ingress: cloudfront.",
		loadBalancerIngress,
	},
	{"instance-ingress", "Instances accept connections from the load balancer only, on the application's port.", instanceIngress},
	{"proxy-ingress", "RDS Proxy accepts connections from instances only, on the database's port.", proxyIngress},
	{"database-ingress", "The database accepts connections from RDS Proxy only, with database.operators from instances too, and without RDS Proxy from instances only.", databaseIngress},
	{"security-groups-closed", "No security group but the load balancer's accepts connections from outside the VPC.", groupsClosed},
	{"default-security-group", "The default security group of the VPC has no rules.", about(groupsOf, func(_ *live, c chain) finding {
		return c.unused()
	})},
	{"public-routes", "Public subnets have a default route to an internet gateway.", about(routingOf, func(l *live, r *routing) finding {
		return r.public(l.outputs.PublicSubnetIDs)
	})},
	{
		"private-routes",
		"Private subnets have a default route to a NAT gateway in service: that of their own zone, where there are several.",
		about(routingOf, func(l *live, r *routing) finding { return r.private(l.outputs.PrivateSubnetIDs) }),
	},
	{
		"data-routes",
		"Data subnets have no default route, and no route to an internet gateway or NAT gateway.",
		about(routingOf, func(l *live, r *routing) finding { return r.data(l.outputs.DataSubnetIDs) }),
	},
	{
		"nat-gateways",
		"NAT gateways are available, and every zone has one where there are several.",
		about(routingOf, func(l *live, r *routing) finding { return r.gateways(l.outputs.AvailabilityZones) }),
	},
	{"flow-logs", "The flow log of the VPC is active and is delivered.", func(ctx context.Context, l *live) finding {
		logs, err := readFlowLogs(ctx, l.aws.network, l.outputs.VpcID)
		if err != nil {
			return unanswered(err)
		}
		return flowing(l.outputs, logs)
	}},
	{"vcpu-quota", "The quota of On-Demand vCPUs has room for the largest fleet while a release rolls out.", vcpuQuota},
	{"address-quota", "An Elastic IP address is left, so that a NAT gateway can be replaced.", addressQuota},
}

// about is a check of what several checks ask for.
func about[T any](ask func(*live) (T, error), judge func(*live, T) finding) func(context.Context, *live) finding {
	return func(_ context.Context, l *live) finding {
		answer, err := ask(l)
		if err != nil {
			return unanswered(err)
		}
		return judge(l, answer)
	}
}

func groupsOf(l *live) (chain, error)     { return l.chain() }
func routingOf(l *live) (*routing, error) { return l.routing() }

func loadBalancerIngress(ctx context.Context, l *live) finding {
	groups, err := l.chain()
	if err != nil {
		return unanswered(err)
	}
	front, err := l.frontGroups()
	if err != nil {
		return unanswered(err)
	}
	list, err := readCloudFrontList(ctx, l.aws.network)
	if err != nil {
		return unanswered(err)
	}
	return groups.frontDoor(front, list, l.outputs)
}

// admits is a check of one hop of the chain: what is behind from accepts connections on a port from the groups of from, and from
// no one else.
func admits(l *live, want admission, to, from func(*live) ([]string, error)) finding {
	groups, err := l.chain()
	if err != nil {
		return unanswered(err)
	}
	if want.groups, err = to(l); err != nil {
		return unanswered(err)
	}
	if want.peers, err = from(l); err != nil {
		return unanswered(err)
	}
	return groups.check(want)
}

func instanceIngress(_ context.Context, l *live) finding {
	want := admission{tier: "instances", from: "the load balancer", ports: []int32{int32(l.outputs.ApplicationPort)}}
	return admits(l, want, instanceGroups, frontOf)
}

func proxyIngress(_ context.Context, l *live) finding {
	if !l.outputs.DatabaseProxyEnabled {
		return skip("database.proxy.enabled is false")
	}
	want, err := l.databasePort(admission{tier: "RDS Proxy", from: "instances"})
	if err != nil {
		return unanswered(err)
	}
	return admits(l, want, proxyGroups, instanceGroups)
}

func databaseIngress(_ context.Context, l *live) finding {
	want, err := l.databasePort(admission{tier: "the database", from: "instances"})
	if err != nil {
		return unanswered(err)
	}
	switch {
	case l.outputs.DatabaseProxyEnabled && l.outputs.DatabaseOperators:
		want.from = "RDS Proxy and instances"
		if want.others, err = instanceGroups(l); err != nil {
			return unanswered(err)
		}
		return admits(l, want, databaseGroups, proxyGroups)
	case l.outputs.DatabaseProxyEnabled:
		want.from = "RDS Proxy"
		return admits(l, want, databaseGroups, proxyGroups)
	}
	return admits(l, want, databaseGroups, instanceGroups)
}

func groupsClosed(_ context.Context, l *live) finding {
	groups, err := l.chain()
	if err != nil {
		return unanswered(err)
	}
	front, err := l.frontGroups()
	if err != nil {
		return unanswered(err)
	}
	return groups.closed(front, l.outputs.VpcCIDR)
}

// databasePort completes an admission with the port on which the database listens.
func (l *live) databasePort(want admission) (admission, error) {
	found, err := l.database()
	if err != nil {
		return want, err
	}
	if found.Endpoint == nil || found.Endpoint.Port == nil {
		return want, fmt.Errorf("database %s has no endpoint yet", l.outputs.DatabaseIdentifier)
	}
	want.ports = []int32{*found.Endpoint.Port}
	return want, nil
}
