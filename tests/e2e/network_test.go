//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func filter(name, value string) []types.Filter {
	return []types.Filter{{Name: aws.String(name), Values: []string{value}}}
}

// network is what AWS knows of the VPC, by subnet id.
type network struct {
	subnets map[string]types.Subnet
	tables  map[string]types.RouteTable
	nat     map[string]types.NatGateway // by its own id
	acls    map[string]types.NetworkAcl
}

func readNetwork(ctx context.Context, t *testing.T, client *ec2.Client, vpcID string) network {
	t.Helper()
	read := network{map[string]types.Subnet{}, map[string]types.RouteTable{}, map[string]types.NatGateway{}, map[string]types.NetworkAcl{}}
	inVPC := filter("vpc-id", vpcID)

	subnets, err := client.DescribeSubnets(ctx, &ec2.DescribeSubnetsInput{Filters: inVPC})
	require.NoError(t, err)
	for _, each := range subnets.Subnets {
		read.subnets[*each.SubnetId] = each
	}
	tables, err := client.DescribeRouteTables(ctx, &ec2.DescribeRouteTablesInput{Filters: inVPC})
	require.NoError(t, err)
	for _, table := range tables.RouteTables {
		for _, association := range table.Associations {
			if association.SubnetId != nil {
				read.tables[*association.SubnetId] = table
			}
		}
	}
	gateways, err := client.DescribeNatGateways(ctx, &ec2.DescribeNatGatewaysInput{Filter: inVPC})
	require.NoError(t, err)
	for _, gateway := range gateways.NatGateways {
		read.nat[*gateway.NatGatewayId] = gateway
	}
	acls, err := client.DescribeNetworkAcls(ctx, &ec2.DescribeNetworkAclsInput{Filters: inVPC})
	require.NoError(t, err)
	for _, acl := range acls.NetworkAcls {
		for _, association := range acl.Associations {
			read.acls[*association.SubnetId] = acl
		}
	}
	return read
}

// checkRoutes checks where the traffic of each subnet goes.
func checkRoutes(t *testing.T, network network, outputs auto.OutputMap) {
	t.Helper()
	var tables []string
	for _, tier := range []string{"public", "private", "data"} {
		ids := outputs[tier+"SubnetIds"].Value.([]any)
		require.Len(t, ids, 2, tier)
		for _, id := range ids {
			subnet, table := network.subnets[id.(string)], network.tables[id.(string)]
			require.NotNil(t, table.RouteTableId, "%s subnet %s has a route table of its own", tier, id)
			tables = append(tables, *table.RouteTableId)
			assert.False(t, *subnet.MapPublicIpOnLaunch)
			assert.False(t, *network.acls[id.(string)].IsDefault, "%s subnet %s has a network ACL of its own", tier, id)

			out, outward := defaultRoute(table)
			switch tier {
			case "public":
				assert.True(t, strings.HasPrefix(aws.ToString(out.GatewayId), "igw-"), "to the internet gateway, not %v", out)
			case "private":
				require.NotNil(t, out.NatGatewayId)
				nat := network.nat[*out.NatGatewayId]
				if len(network.nat) > 1 {
					assert.Equal(t, *subnet.AvailabilityZone, *network.subnets[*nat.SubnetId].AvailabilityZone, "the NAT gateway of its own zone")
				}
			case "data":
				assert.False(t, outward, "no way out, not %v", out)
			}
		}
	}
	slices.Sort(tables)
	assert.Len(t, slices.Compact(tables), 6)
}

// checkMailRules checks the rules by which mail leaves through NAT gateways: what each tier's network ACL says of its port alone.
func checkMailRules(t *testing.T, network network, outputs auto.OutputMap) {
	t.Helper()
	for tier, want := range map[string][]string{
		"public": {"in 10.0.0.0/16", "out 0.0.0.0/0"}, "private": {"out 0.0.0.0/0"}, "data": nil,
	} {
		for _, id := range outputs[tier+"SubnetIds"].Value.([]any) {
			var got []string
			for _, entry := range network.acls[id.(string)].Entries {
				ports := entry.PortRange
				if ports == nil || aws.ToInt32(ports.From) != 587 || aws.ToInt32(ports.To) != 587 {
					continue
				}
				assert.Equal(t, types.RuleActionAllow, entry.RuleAction)
				got = append(got, map[bool]string{true: "out ", false: "in "}[*entry.Egress]+*entry.CidrBlock)
			}
			slices.Sort(got)
			assert.Equal(t, want, got, "%s subnet %s", tier, id)
		}
	}
}

func defaultRoute(table types.RouteTable) (types.Route, bool) {
	for _, route := range table.Routes {
		if aws.ToString(route.DestinationCidrBlock) == "0.0.0.0/0" || aws.ToString(route.DestinationIpv6CidrBlock) == "::/0" {
			return route, true
		}
	}
	return types.Route{}, false
}

// rules are those of a security group.
type rules struct{ ingress, egress []string }

// withProxy, withSignIn and withoutProxy are who may talk to whom: nobody by default, and each tier to the next.
var (
	withProxy = map[string]rules{
		"ha-web-default": {},
		"ha-web-alb":     {nil, []string{"8080 ha-web-app"}},
		"ha-web-app":     {[]string{"8080 ha-web-alb"}, []string{"443 0.0.0.0/0", "5432 ha-web-proxy"}},
		"ha-web-proxy":   {[]string{"5432 ha-web-app"}, []string{"443 ha-web-endpoints", "5432 ha-web-db"}},
		"ha-web-db":      {[]string{"5432 ha-web-proxy"}, nil},
	}
	// The load balancer asks the identity provider, and instances send mail.
	withSignIn = map[string]rules{
		"ha-web-default": {},
		"ha-web-alb":     {nil, []string{"443 0.0.0.0/0", "8080 ha-web-app"}},
		"ha-web-app":     {[]string{"8080 ha-web-alb"}, []string{"443 0.0.0.0/0", "5432 ha-web-proxy", "587 0.0.0.0/0"}},
		"ha-web-proxy":   withProxy["ha-web-proxy"],
		"ha-web-db":      withProxy["ha-web-db"],
	}
	withoutProxy = map[string]rules{
		"ha-web-default": {},
		"ha-web-alb":     {nil, []string{"8080 ha-web-app"}},
		"ha-web-app":     {[]string{"8080 ha-web-alb"}, []string{"443 0.0.0.0/0", "5432 ha-web-db"}},
		"ha-web-db":      {[]string{"5432 ha-web-app"}, nil},
	}
)

// checkGroups checks who may talk to whom.
func checkGroups(ctx context.Context, t *testing.T, client *ec2.Client, vpcID string, chain map[string]rules) {
	t.Helper()
	found, err := client.DescribeSecurityGroups(ctx, &ec2.DescribeSecurityGroupsInput{Filters: filter("vpc-id", vpcID)})
	require.NoError(t, err)
	groups, names := map[string]types.SecurityGroup{}, map[string]string{}
	for _, group := range found.SecurityGroups {
		for _, tag := range group.Tags {
			if *tag.Key == "Name" {
				groups[*tag.Value], names[*group.GroupId] = group, *tag.Value
			}
		}
	}
	for name, want := range chain {
		require.Contains(t, groups, name)
		assert.Equal(t, want.ingress, peers(groups[name].IpPermissions, names), "into %s", name)
		assert.Equal(t, want.egress, peers(groups[name].IpPermissionsEgress, names), "out of %s", name)
	}
}

// peers returns "port peer" for each rule, sorted.
func peers(rules []types.IpPermission, names map[string]string) []string {
	var peers []string
	for _, rule := range rules {
		port := fmt.Sprint(aws.ToInt32(rule.FromPort))
		for _, group := range rule.UserIdGroupPairs {
			peers = append(peers, port+" "+names[*group.GroupId])
		}
		for _, addresses := range rule.IpRanges {
			peers = append(peers, port+" "+*addresses.CidrIp)
		}
	}
	slices.Sort(peers)
	return peers
}
