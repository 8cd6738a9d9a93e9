package main

import (
	"context"
	"maps"
	"slices"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	network "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	databases "github.com/aws/aws-sdk-go-v2/service/rds/types"
)

// What EC2 and RDS answer of an estate. Lists that AWS may split come in two pages.

func (e *estate) DescribeSecurityGroups(_ context.Context, in *ec2.DescribeSecurityGroupsInput, _ ...func(*ec2.Options)) (*ec2.DescribeSecurityGroupsOutput, error) {
	out := &ec2.DescribeSecurityGroupsOutput{}
	for i, key := range slices.Sorted(maps.Keys(e.security)) {
		if inVPC(in.Filters) && (i < 3) == (in.NextToken == nil) {
			out.SecurityGroups = append(out.SecurityGroups, *e.security[key])
		}
	}
	if in.NextToken == nil {
		out.NextToken = aws.String("2")
	}
	return out, e.answer("ec2", "DescribeSecurityGroups")
}

func (e *estate) DescribeSubnets(_ context.Context, in *ec2.DescribeSubnetsInput, _ ...func(*ec2.Options)) (*ec2.DescribeSubnetsOutput, error) {
	out := &ec2.DescribeSubnetsOutput{}
	if inVPC(in.Filters) {
		out.Subnets = e.subnets
	}
	return out, e.answer("ec2", "DescribeSubnets")
}

func (e *estate) DescribeRouteTables(_ context.Context, in *ec2.DescribeRouteTablesInput, _ ...func(*ec2.Options)) (*ec2.DescribeRouteTablesOutput, error) {
	out := &ec2.DescribeRouteTablesOutput{}
	for _, each := range e.tables {
		if inVPC(in.Filters) {
			out.RouteTables = append(out.RouteTables, *each)
		}
	}
	return out, e.answer("ec2", "DescribeRouteTables")
}

func (e *estate) DescribeNatGateways(_ context.Context, in *ec2.DescribeNatGatewaysInput, _ ...func(*ec2.Options)) (*ec2.DescribeNatGatewaysOutput, error) {
	gone := natGateway("nat-gone", "public-a")
	gone.State = network.NatGatewayStateDeleted
	out := &ec2.DescribeNatGatewaysOutput{NatGateways: []network.NatGateway{gone}}
	if inVPC(in.Filter) {
		out.NatGateways = append(out.NatGateways, e.nat...)
	}
	return out, e.answer("ec2", "DescribeNatGateways")
}

func (e *estate) DescribeFlowLogs(_ context.Context, in *ec2.DescribeFlowLogsInput, _ ...func(*ec2.Options)) (*ec2.DescribeFlowLogsOutput, error) {
	out := &ec2.DescribeFlowLogsOutput{}
	if *in.Filter[0].Name == "resource-id" && in.Filter[0].Values[0] == vpcID {
		out.FlowLogs = e.flowLogs
	}
	return out, e.answer("ec2", "DescribeFlowLogs")
}

func (e *estate) DescribeManagedPrefixLists(_ context.Context, in *ec2.DescribeManagedPrefixListsInput, _ ...func(*ec2.Options)) (
	*ec2.DescribeManagedPrefixListsOutput, error) {
	out := &ec2.DescribeManagedPrefixListsOutput{}
	if id, found := e.lists[in.Filters[0].Values[0]]; found {
		out.PrefixLists = []network.ManagedPrefixList{{PrefixListId: &id}}
	}
	return out, e.answer("ec2", "DescribeManagedPrefixLists")
}

func (e *estate) DescribeAccountAttributes(context.Context, *ec2.DescribeAccountAttributesInput, ...func(*ec2.Options)) (*ec2.DescribeAccountAttributesOutput, error) {
	out := &ec2.DescribeAccountAttributesOutput{}
	for name, value := range map[string]string{"max-instances": "20", "vpc-max-elastic-ips": e.quota} {
		if value != "" {
			out.AccountAttributes = append(out.AccountAttributes, network.AccountAttribute{
				AttributeName: &name, AttributeValues: []network.AccountAttributeValue{{AttributeValue: &value}},
			})
		}
	}
	return out, e.answer("ec2", "DescribeAccountAttributes")
}

func (e *estate) DescribeAddresses(context.Context, *ec2.DescribeAddressesInput, ...func(*ec2.Options)) (*ec2.DescribeAddressesOutput, error) {
	return &ec2.DescribeAddressesOutput{Addresses: make([]network.Address, e.addresses)}, e.answer("ec2", "DescribeAddresses")
}

func (e *estate) DescribeInstanceTypes(_ context.Context, in *ec2.DescribeInstanceTypesInput, _ ...func(*ec2.Options)) (*ec2.DescribeInstanceTypesOutput, error) {
	out := &ec2.DescribeInstanceTypesOutput{}
	for _, each := range in.InstanceTypes {
		vcpus := map[string]int32{"m7g.large": 2, "m6g.large": 2, "m7g.xlarge": 4}[string(each)]
		if vcpus > 0 {
			out.InstanceTypes = append(out.InstanceTypes, network.InstanceTypeInfo{InstanceType: each, VCpuInfo: &network.VCpuInfo{DefaultVCpus: &vcpus}})
		}
	}
	return out, e.answer("ec2", "DescribeInstanceTypes")
}

func (e *estate) DescribeDBInstances(_ context.Context, in *rds.DescribeDBInstancesInput, _ ...func(*rds.Options)) (*rds.DescribeDBInstancesOutput, error) {
	if e.database == nil || *in.DBInstanceIdentifier != "ha-web-prod-db" {
		return nil, &databases.DBInstanceNotFoundFault{}
	}
	return &rds.DescribeDBInstancesOutput{DBInstances: []databases.DBInstance{*e.database}}, e.answer("rds", "DescribeDBInstances")
}

func (e *estate) DescribeDBProxies(_ context.Context, in *rds.DescribeDBProxiesInput, _ ...func(*rds.Options)) (*rds.DescribeDBProxiesOutput, error) {
	at, _ := strconv.Atoi(aws.ToString(in.Marker))
	out := &rds.DescribeDBProxiesOutput{DBProxies: e.proxies[at : at+1]} // one a page
	if at+1 < len(e.proxies) {
		out.Marker = aws.String(strconv.Itoa(at + 1))
	}
	return out, e.answer("rds", "DescribeDBProxies")
}

func (e *estate) DescribeDBProxyTargets(_ context.Context, in *rds.DescribeDBProxyTargetsInput, _ ...func(*rds.Options)) (*rds.DescribeDBProxyTargetsOutput, error) {
	out := &rds.DescribeDBProxyTargetsOutput{}
	if *in.DBProxyName == "ha-web-prod" {
		out.Targets = e.targets
	}
	return out, e.answer("rds", "DescribeDBProxyTargets")
}

func (e *estate) DescribePendingMaintenanceActions(_ context.Context, in *rds.DescribePendingMaintenanceActionsInput, _ ...func(*rds.Options)) (
	*rds.DescribePendingMaintenanceActionsOutput, error) {
	out := &rds.DescribePendingMaintenanceActionsOutput{}
	if *in.ResourceIdentifier == "arn:db" && len(e.pending) > 0 {
		out.PendingMaintenanceActions = []databases.ResourcePendingMaintenanceActions{{PendingMaintenanceActionDetails: e.pending}}
	}
	return out, e.answer("rds", "DescribePendingMaintenanceActions")
}
