package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	network "github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

const routesRemedy = "run pulumi up --refresh, which sets the routes of the stack again; then find out who changed them (CloudTrail: ReplaceRoute, CreateRoute)"

// wayOut returns the default route of a table: where traffic to the internet goes.
func wayOut(table network.RouteTable) (network.Route, bool) {
	for _, route := range table.Routes {
		if slices.Contains(anywhere, cmp.Or(aws.ToString(route.DestinationCidrBlock), aws.ToString(route.DestinationIpv6CidrBlock))) {
			return route, true
		}
	}
	return network.Route{}, false
}

// target returns what a route leads to.
func target(route network.Route) string {
	return cmp.Or(aws.ToString(route.NatGatewayId), aws.ToString(route.EgressOnlyInternetGatewayId), aws.ToString(route.TransitGatewayId),
		aws.ToString(route.VpcPeeringConnectionId), aws.ToString(route.NetworkInterfaceId), aws.ToString(route.GatewayId), "nothing")
}

// leads reports whether traffic passes a route: that to a gateway which is gone is a black hole.
func leads(route network.Route) bool { return route.State != network.RouteStateBlackhole }

// public checks that public subnets lead to the internet.
func (r *routing) public(subnets []string) finding {
	var faults []string
	for _, subnet := range subnets {
		route, out := wayOut(r.of(subnet))
		if !out {
			faults = append(faults, fmt.Sprintf("%s in %s has no default route", subnet, r.zones[subnet]))
		} else if !strings.HasPrefix(aws.ToString(route.GatewayId), "igw-") || !leads(route) {
			faults = append(faults, fmt.Sprintf("%s in %s leads to %s (%s)", subnet, r.zones[subnet], target(route), route.State))
		}
	}
	if len(faults) > 0 || len(subnets) == 0 {
		return fail(routesRemedy, "%s", cmp.Or(strings.Join(faults, ", "), "the stack has no public subnets"))
	}
	return pass("%d subnets lead to an internet gateway", len(subnets))
}

// private checks that private subnets lead to a NAT gateway that is available, that of their own zone where there are several.
func (r *routing) private(subnets []string) finding {
	gateways := map[string]network.NatGateway{}
	for _, each := range r.nat {
		gateways[aws.ToString(each.NatGatewayId)] = each
	}
	var faults []string
	none := 0
	for _, subnet := range subnets {
		route, out := wayOut(r.of(subnet))
		gateway, found := gateways[aws.ToString(route.NatGatewayId)]
		home := r.zones[aws.ToString(gateway.SubnetId)]
		switch {
		case !out:
			none++
		case !found || !leads(route):
			faults = append(faults, fmt.Sprintf("%s in %s leads to %s, which is no NAT gateway in service", subnet, r.zones[subnet], target(route)))
		case len(gateways) > 1 && home != r.zones[subnet]:
			faults = append(faults, fmt.Sprintf("%s in %s leads to %s in %s", subnet, r.zones[subnet], target(route), home))
		}
	}
	switch {
	case len(subnets) == 0:
		return fail(routesRemedy, "the stack has no private subnets")
	case none > 0 && (none < len(subnets) || len(gateways) > 0):
		return fail(routesRemedy, "%d of %d private subnets have no default route", none, len(subnets))
	case len(faults) > 0:
		return fail(routesRemedy, "%s", strings.Join(faults, ", "))
	case none > 0:
		return pass("no NAT gateway, and no default route: instances reach AWS through the endpoints of the VPC alone")
	case len(gateways) == 1:
		return pass("%d subnets lead to the one NAT gateway", len(subnets))
	}
	return pass("%d subnets lead to the NAT gateway of their own zone", len(subnets))
}

// data checks that data subnets have no way out.
func (r *routing) data(subnets []string) finding {
	var faults []string
	for _, subnet := range subnets {
		for _, route := range r.of(subnet).Routes {
			to := target(route)
			_, outward := wayOut(network.RouteTable{Routes: []network.Route{route}})
			if outward || strings.HasPrefix(to, "igw-") || strings.HasPrefix(to, "nat-") || strings.HasPrefix(to, "eigw-") {
				destination := cmp.Or(aws.ToString(route.DestinationCidrBlock), aws.ToString(route.DestinationIpv6CidrBlock), aws.ToString(route.DestinationPrefixListId))
				faults = append(faults, fmt.Sprintf("%s in %s leads %s to %s", subnet, r.zones[subnet], destination, to))
			}
		}
	}
	if len(faults) > 0 {
		return fail("Delete these routes: aws ec2 delete-route. Then find out who made them (CloudTrail: CreateRoute)", "%s", strings.Join(faults, ", "))
	}
	if len(subnets) == 0 {
		return fail(routesRemedy, "the stack has no data subnets")
	}
	return pass("%d subnets have no route out of the VPC", len(subnets))
}

// gateways checks that NAT gateways work, and that losing a zone takes down no other.
func (r *routing) gateways(zones []string) finding {
	if len(r.nat) == 0 {
		return skip("the VPC has no NAT gateway: network.natGateways is none, or they are gone, which private-routes would find")
	}
	var faults, homes []string
	for _, each := range r.nat {
		homes = append(homes, r.zones[aws.ToString(each.SubnetId)])
		if each.State != network.NatGatewayStateAvailable {
			faults = append(faults, strings.TrimSpace(fmt.Sprintf("%s is %s %s", aws.ToString(each.NatGatewayId), each.State, aws.ToString(each.FailureMessage))))
		}
	}
	if len(r.nat) > 1 {
		for _, zone := range zones {
			if !slices.Contains(homes, zone) {
				faults = append(faults, zone+" has none")
			}
		}
	}
	slices.Sort(homes)
	if len(faults) > 0 {
		return fail("run pulumi up --refresh, which replaces a NAT gateway that failed or is gone", "%s", strings.Join(faults, ", "))
	}
	if len(r.nat) == 1 && len(zones) > 1 {
		return pass("one, in %s: without that zone, instances of the others reach no one outside the VPC either", homes[0])
	}
	return pass("%d available, in %s", len(r.nat), strings.Join(homes, ", "))
}

// flowing checks that the traffic of the VPC is recorded.
func flowing(out *outputs, logs []network.FlowLog) finding {
	if len(logs) == 0 {
		return out.lacks("Set network.flowLogs.enabled: true and run pulumi up --refresh, which also creates one that someone deleted. If a waiver "+
			"says why the stack has none, no action is needed", "the VPC has no flow log")
	}
	for _, each := range logs {
		id := aws.ToString(each.FlowLogId)
		if status := aws.ToString(each.FlowLogStatus); status != "ACTIVE" {
			return fail("run pulumi up --refresh", "%s is %s", id, status)
		}
		if aws.ToString(each.DeliverLogsStatus) == "FAILED" {
			return fail("See to the role and the log group of the flow log: Access error is a policy, Rate limited a quota of CloudWatch Logs, "+
				"Unknown error a log group that is gone. Then run pulumi up --refresh", "%s delivers nothing: %s", id, aws.ToString(each.DeliverLogsErrorMessage))
		}
	}
	return pass("%s is active", aws.ToString(logs[0].FlowLogId))
}
