package main

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	network "github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// networkAPI is what the checks of the network ask of EC2.
type networkAPI interface {
	ec2.DescribeFlowLogsAPIClient
	ec2.DescribeManagedPrefixListsAPIClient
	ec2.DescribeNatGatewaysAPIClient
	ec2.DescribeRouteTablesAPIClient
	ec2.DescribeSecurityGroupsAPIClient
	ec2.DescribeSubnetsAPIClient
}

// quotasAPI is what the checks of quotas ask of EC2.
type quotasAPI interface {
	DescribeAccountAttributes(context.Context, *ec2.DescribeAccountAttributesInput, ...func(*ec2.Options)) (
		*ec2.DescribeAccountAttributesOutput, error)
	DescribeAddresses(context.Context, *ec2.DescribeAddressesInput, ...func(*ec2.Options)) (*ec2.DescribeAddressesOutput, error)
	ec2.DescribeInstanceTypesAPIClient
}

// having is a filter of EC2.
func having(name, value string) []network.Filter {
	return []network.Filter{{Name: &name, Values: []string{value}}}
}

// readGroups returns the security groups of a VPC.
func readGroups(ctx context.Context, api ec2.DescribeSecurityGroupsAPIClient, vpc string) ([]network.SecurityGroup, error) {
	var groups []network.SecurityGroup
	pages := ec2.NewDescribeSecurityGroupsPaginator(api, &ec2.DescribeSecurityGroupsInput{Filters: having("vpc-id", vpc)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("security groups of %s: %w", vpc, err)
		}
		groups = append(groups, page.SecurityGroups...)
	}
	return groups, nil
}

// routing is where the traffic of a VPC goes.
type routing struct {
	zones map[string]string             // of subnets, by their ids
	table map[string]network.RouteTable // of subnets that have one of their own
	main  network.RouteTable            // of all other subnets
	nat   []network.NatGateway          // without those that are deleted
}

// of returns the route table that a subnet uses.
func (r *routing) of(subnet string) network.RouteTable {
	if table, own := r.table[subnet]; own {
		return table
	}
	return r.main
}

// readRouting reads the subnets, route tables and NAT gateways of a VPC.
func readRouting(ctx context.Context, api networkAPI, vpc string) (*routing, error) {
	read := &routing{zones: map[string]string{}, table: map[string]network.RouteTable{}}
	subnets := ec2.NewDescribeSubnetsPaginator(api, &ec2.DescribeSubnetsInput{Filters: having("vpc-id", vpc)})
	for subnets.HasMorePages() {
		page, err := subnets.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("subnets of %s: %w", vpc, err)
		}
		for _, each := range page.Subnets {
			read.zones[aws.ToString(each.SubnetId)] = aws.ToString(each.AvailabilityZone)
		}
	}
	tables := ec2.NewDescribeRouteTablesPaginator(api, &ec2.DescribeRouteTablesInput{Filters: having("vpc-id", vpc)})
	for tables.HasMorePages() {
		page, err := tables.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("route tables of %s: %w", vpc, err)
		}
		for _, each := range page.RouteTables {
			read.add(each)
		}
	}
	gateways := ec2.NewDescribeNatGatewaysPaginator(api, &ec2.DescribeNatGatewaysInput{Filter: having("vpc-id", vpc)})
	for gateways.HasMorePages() {
		page, err := gateways.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("NAT gateways of %s: %w", vpc, err)
		}
		for _, each := range page.NatGateways {
			// AWS lists them for an hour or so after they were deleted.
			if each.State != network.NatGatewayStateDeleted && each.State != network.NatGatewayStateDeleting {
				read.nat = append(read.nat, each)
			}
		}
	}
	return read, nil
}

func (r *routing) add(table network.RouteTable) {
	for _, each := range table.Associations {
		if aws.ToBool(each.Main) {
			r.main = table
		} else if each.SubnetId != nil {
			r.table[*each.SubnetId] = table
		}
	}
}

// readFlowLogs returns the flow logs of a VPC.
func readFlowLogs(ctx context.Context, api ec2.DescribeFlowLogsAPIClient, vpc string) ([]network.FlowLog, error) {
	var logs []network.FlowLog
	pages := ec2.NewDescribeFlowLogsPaginator(api, &ec2.DescribeFlowLogsInput{Filter: having("resource-id", vpc)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("flow logs of %s: %w", vpc, err)
		}
		logs = append(logs, page.FlowLogs...)
	}
	return logs, nil
}

// cloudFrontList is the name of the list of the addresses from which CloudFront connects to origins (Amazon CloudFront developer
// guide, "Locations and IP address ranges of CloudFront edge servers").
const cloudFrontList = "com.amazonaws.global.cloudfront.origin-facing"

// readCloudFrontList returns the id of that list, "" where the region has none.
func readCloudFrontList(ctx context.Context, api ec2.DescribeManagedPrefixListsAPIClient) (string, error) {
	found, err := api.DescribeManagedPrefixLists(ctx, &ec2.DescribeManagedPrefixListsInput{
		Filters: having("prefix-list-name", cloudFrontList),
	})
	if err != nil {
		return "", fmt.Errorf("prefix list %s: %w", cloudFrontList, err)
	}
	for _, list := range found.PrefixLists {
		return aws.ToString(list.PrefixListId), nil
	}
	return "", nil
}
