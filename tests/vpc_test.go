package tests

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"testing"

	"ha-web/components/vpc"
	"ha-web/internal/awstype"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestVpcHasTheSubnetsOfTheDesign(t *testing.T) {
	t.Parallel()
	got := record(t, newVpc())
	for name, want := range map[string][2]string{
		"net-public-a":  {"10.0.1.0/24", "us-east-1a"},
		"net-public-b":  {"10.0.2.0/24", "us-east-1b"},
		"net-private-a": {"10.0.11.0/24", "us-east-1a"},
		"net-private-b": {"10.0.12.0/24", "us-east-1b"},
		"net-data-a":    {"10.0.21.0/24", "us-east-1a"},
		"net-data-b":    {"10.0.22.0/24", "us-east-1b"},
	} {
		assert.Equal(t, map[string]any{
			"vpcId":               "net-vpc_id",
			"cidrBlock":           want[0],
			"availabilityZone":    want[1],
			"mapPublicIpOnLaunch": false,
			"tags":                map[string]any{"Name": name},
		}, got.one(t, awstype.EC2Subnet, name))
	}
	assert.Len(t, got.of(awstype.EC2Subnet), 6)
	assert.Equal(t, map[string]any{
		"cidrBlock": "10.0.0.0/16", "enableDnsSupport": true, "enableDnsHostnames": true,
		"tags": map[string]any{"Name": "net-vpc"},
	}, got.one(t, awstype.EC2VPC, "net-vpc"))
}

func TestVpcSpansTwoToSixZones(t *testing.T) {
	t.Parallel()
	for count := 2; count <= 6; count++ {
		got := record(t, newVpc(func(s *vpc.Settings) { s.AvailabilityZones = zones(count) }))
		for kind, want := range map[string]int{
			awstype.EC2Subnet: 3 * count, awstype.EC2RouteTable: 3 * count, awstype.EC2RouteTableAssociation: 3 * count, awstype.EC2NetworkACLAssociation: 3 * count,
			awstype.EC2NatGateway: count, awstype.EC2EIP: count, awstype.EC2Route: 2 * count, awstype.EC2NetworkACL: 3, awstype.EC2InternetGateway: 1, awstype.EC2DefaultSecurityGroup: 1,
		} {
			assert.Len(t, got.of(kind), want, "%s in %d zones", kind, count)
		}
	}
}

func TestEverySubnetHasARouteTableAndANetworkACLOfItsTier(t *testing.T) {
	t.Parallel()
	got := record(t, newVpc(func(s *vpc.Settings) { s.AvailabilityZones = zones(3) }))
	for name := range got.of(awstype.EC2Subnet) {
		tier := strings.Split(name, "-")[1]
		assert.Equal(t, map[string]any{"subnetId": name + "_id", "routeTableId": name + "_id"}, got.one(t, awstype.EC2RouteTableAssociation, name))
		assert.Equal(t, map[string]any{"subnetId": name + "_id", "networkAclId": "net-" + tier + "_id"}, got.one(t, awstype.EC2NetworkACLAssociation, name))
	}
}

func TestNATStrategies(t *testing.T) {
	t.Parallel()
	tests := map[vpc.NATStrategy]struct {
		gateways []string
		routes   map[string]string // private route table to NAT gateway
	}{
		vpc.NATPerAZ: {
			[]string{"net-nat-a", "net-nat-b", "net-nat-c"},
			map[string]string{"net-private-a": "net-nat-a", "net-private-b": "net-nat-b", "net-private-c": "net-nat-c"},
		},
		vpc.NATSingle: {
			[]string{"net-nat-a"},
			map[string]string{"net-private-a": "net-nat-a", "net-private-b": "net-nat-a", "net-private-c": "net-nat-a"},
		},
		vpc.NATNone: {nil, map[string]string{}},
	}
	for strategy, test := range tests {
		t.Run(string(strategy), func(t *testing.T) {
			t.Parallel()
			got := record(t, newVpc(func(s *vpc.Settings) {
				s.AvailabilityZones = zones(3)
				s.NATGateways = strategy
			}))
			assert.Equal(t, test.gateways, got.names(awstype.EC2NatGateway))
			assert.Equal(t, test.gateways, got.names(awstype.EC2EIP))
			for _, name := range test.gateways {
				assert.Equal(t, map[string]any{
					"allocationId": name + "_id", "subnetId": strings.Replace(name, "nat", "public", 1) + "_id",
					"tags": map[string]any{"Name": name},
				}, got.one(t, awstype.EC2NatGateway, name))
				assert.Equal(t, "vpc", got.one(t, awstype.EC2EIP, name)["domain"])
			}
			routes := map[string]string{}
			for _, each := range got.of(awstype.EC2Route) {
				assert.Equal(t, "0.0.0.0/0", each.Inputs["destinationCidrBlock"])
				if gateway, byNAT := each.Inputs["natGatewayId"]; byNAT {
					routes[id(each.Inputs["routeTableId"])] = id(gateway)
				}
			}
			assert.Equal(t, test.routes, routes)
		})
	}
}

func TestSingleNATGatewayStaysWhenAZoneIsAddedBeforeIts(t *testing.T) {
	t.Parallel()
	got := record(t, newVpc(func(s *vpc.Settings) {
		s.AvailabilityZones = []string{"us-east-1b", "us-east-1c", "us-east-1a"}
		s.NATGateways = vpc.NATSingle
	}))
	assert.Equal(t, []string{"net-nat-b"}, got.names(awstype.EC2NatGateway))
}

func TestPublicSubnetsRouteToTheInternetGateway(t *testing.T) {
	t.Parallel()
	got := record(t, newVpc(func(s *vpc.Settings) { s.NATGateways = vpc.NATNone }))
	assert.Equal(t, []string{"net-public-internet-a", "net-public-internet-b"}, got.names(awstype.EC2Route))
	for _, zone := range []string{"a", "b"} {
		assert.Equal(t, map[string]any{
			"routeTableId": "net-public-" + zone + "_id", "destinationCidrBlock": "0.0.0.0/0", "gatewayId": "net-internet_id",
		}, got.one(t, awstype.EC2Route, "net-public-internet-"+zone))
	}
	assert.Equal(t, "net-vpc_id", got.one(t, awstype.EC2InternetGateway, "net-internet")["vpcId"])
}

func TestNATGatewaysWaitForTheInternetGateway(t *testing.T) {
	t.Parallel()
	got := record(t, newVpc())
	for _, kind := range []string{awstype.EC2NatGateway, awstype.EC2EIP} {
		for name, each := range got.of(kind) {
			assert.Contains(t, each.DependsOn, awstype.EC2InternetGateway+"::net-internet", name)
		}
	}
}

func TestDataSubnetsHaveNoWayOut(t *testing.T) {
	t.Parallel()
	for _, strategy := range strategies {
		got := record(t, newVpc(func(s *vpc.Settings) {
			s.AvailabilityZones = zones(3)
			s.NATGateways = strategy
			s.InterfaceEndpoints = []string{"ssm"}
		}))
		for name, each := range got.of(awstype.EC2Route) {
			assert.NotContains(t, id(each.Inputs["routeTableId"]), "-data-", "%s with %s: no route, to 0.0.0.0/0, ::/0 or elsewhere", name, strategy)
		}
		for name, each := range got.of(awstype.EC2RouteTableAssociation) {
			if strings.Contains(name, "-data-") {
				assert.Equal(t, name, id(each.Inputs["routeTableId"]), "a table of its own, not the main one")
			}
		}
		assert.Empty(t, got.one(t, awstype.EC2RouteTable, "net-data-a")["routes"], "no inline route")
	}
}

func TestDataTierDoesNotWaitForGateways(t *testing.T) {
	t.Parallel()
	got := record(t, newVpc(func(s *vpc.Settings) { s.InterfaceEndpoints = []string{"ssm"} }))
	for _, kind := range []string{awstype.EC2Subnet, awstype.EC2RouteTableAssociation, awstype.EC2NetworkACLAssociation} {
		for name, each := range got.of(kind) {
			if !strings.Contains(name, "-data-") {
				continue
			}
			for dependency := range got.behind(each.Key()) {
				for _, slow := range []string{awstype.EC2NatGateway, awstype.EC2InternetGateway, awstype.EC2EIP, awstype.EC2VPCEndpoint, awstype.EC2FlowLog} {
					assert.NotContains(t, dependency, slow, name)
				}
			}
		}
	}
	for name := range got.of(awstype.EC2Subnet) {
		assert.Equal(t, map[string]bool{awstype.EC2VPC + "::net-vpc": true}, got.behind(awstype.EC2Subnet+"::"+name))
	}
}

func TestAddingAZoneMovesNothing(t *testing.T) {
	t.Parallel()
	growing := map[string][]string{ // what may change of a resource: lists that gain a member
		awstype.EC2VPCEndpoint: {"routeTableIds", "subnetIds"},
		vpc.Type:               {"settings"}, // which list the zones
	}
	for _, strategy := range strategies {
		for name, grown := range map[string][]string{
			"behind": {"us-east-1b", "us-east-1d", "us-east-1e"},
			"amid":   {"us-east-1b", "us-east-1c", "us-east-1d"},
			"before": {"us-east-1b", "us-east-1d", "us-east-1a"},
		} {
			in := func(zones ...string) pulumi.RunFunc {
				return newVpc(func(s *vpc.Settings) {
					s.AvailabilityZones = zones
					s.NATGateways = strategy
					s.InterfaceEndpoints = []string{"ssm"}
				})
			}
			before, after := record(t, in("us-east-1b", "us-east-1d")), record(t, in(grown...))
			assert.Greater(t, len(after.Resources), len(before.Resources))
			for _, resource := range before.Resources {
				now := maps.Clone(after.one(t, resource.Type, resource.Name))
				for _, list := range growing[resource.Type] {
					if resource.Type != vpc.Type {
						assert.Subset(t, now[list], resource.Inputs[list], resource.Key())
					}
					delete(now, list)
					delete(resource.Inputs, list)
				}
				assert.Equal(t, resource.Inputs, now, "%s with a zone %s (%s)", resource.Key(), name, strategy)
			}
		}
	}
}

func TestOrderOfZonesDoesNotMatter(t *testing.T) {
	t.Parallel()
	forth := record(t, newVpc(func(s *vpc.Settings) { s.AvailabilityZones = []string{"us-east-1a", "us-east-1b"} }))
	back := record(t, newVpc(func(s *vpc.Settings) { s.AvailabilityZones = []string{"us-east-1b", "us-east-1a"} }))
	assert.Equal(t, forth.keys(), back.keys())
	for _, kind := range []string{awstype.EC2Subnet, awstype.EC2Route, awstype.EC2NatGateway, awstype.EC2NetworkACLRule} {
		assert.Equal(t, forth.of(kind), back.of(kind))
	}
}

func TestDefaultSecurityGroupIsEmptied(t *testing.T) {
	t.Parallel()
	got := record(t, newVpc())
	assert.Equal(t, map[string]any{
		"vpcId": "net-vpc_id", "ingress": []any{}, "egress": []any{}, "tags": map[string]any{"Name": "net-default"},
	}, got.one(t, awstype.EC2DefaultSecurityGroup, "net-default"))
}

func TestNetworkACLsStayWithinTheQuota(t *testing.T) {
	t.Parallel()
	got := record(t, newVpc(func(s *vpc.Settings) {
		s.AvailabilityZones, s.EgressPorts = zones(6), []int{1, 80, 100, 110, 120, 465, 587, 993, 5222, 32000}
	}))
	entries, numbers := map[string]int{}, map[string]bool{}
	for name, each := range got.of(awstype.EC2NetworkACLRule) {
		direction := fmt.Sprint(each.Inputs["networkAclId"], " egress ", each.Inputs["egress"])
		entries[direction]++
		number := fmt.Sprint(direction, " ", each.Inputs["ruleNumber"])
		assert.False(t, numbers[number], "%s: %s is taken", name, number)
		assert.LessOrEqual(t, each.Inputs["ruleNumber"], 32766.0, name)
		numbers[number] = true
	}
	assert.Len(t, entries, 6)
	for direction, count := range entries {
		assert.LessOrEqual(t, count, 20, direction)
	}
}

func TestEgressPortsAreRulesByTheirPorts(t *testing.T) {
	t.Parallel()
	rule := func(acl string, egress bool, number, port float64, cidr string) map[string]any {
		return map[string]any{
			"networkAclId": acl + "_id", "egress": egress, "ruleNumber": number, "ruleAction": "allow", "protocol": "tcp",
			"fromPort": port, "toPort": port, "cidrBlock": cidr,
		}
	}
	want := map[string]map[string]any{
		"net-private-out-egress-587":  rule("net-private", true, 1287, 587, "0.0.0.0/0"),
		"net-public-in-egress-587":    rule("net-public", false, 1287, 587, "10.0.0.0/16"),
		"net-public-out-egress-587":   rule("net-public", true, 1287, 587, "0.0.0.0/0"),
		"net-private-out-egress-80":   rule("net-private", true, 780, 80, "0.0.0.0/0"),
		"net-private-out-egress-5222": rule("net-private", true, 5922, 5222, "0.0.0.0/0"),
	}
	for _, ports := range [][]int{{587, 80, 5222}, {5222, 587, 80}} { // their order changes nothing
		got := map[string]map[string]any{}
		for name, each := range record(t, newVpc(func(s *vpc.Settings) { s.EgressPorts = ports })).of(awstype.EC2NetworkACLRule) {
			if strings.Contains(name, "egress") {
				got[name] = each.Inputs
			}
		}
		assert.Equal(t, want, got)
	}
}

func TestDataACLAdmitsOnlyThePrivateSubnets(t *testing.T) {
	t.Parallel()
	got := record(t, newVpc(func(s *vpc.Settings) { s.AvailabilityZones = zones(3) }))
	peers := map[bool][]string{}
	for _, each := range got.of(awstype.EC2NetworkACLRule) {
		if id(each.Inputs["networkAclId"]) != "net-data" {
			continue
		}
		assert.Equal(t, "allow", each.Inputs["ruleAction"])
		egress := each.Inputs["egress"].(bool)
		peers[egress] = append(peers[egress], each.Inputs["cidrBlock"].(string))
	}
	private := []string{"10.0.11.0/24", "10.0.12.0/24", "10.0.13.0/24"}
	assert.ElementsMatch(t, private, peers[false])
	assert.ElementsMatch(t, private, peers[true])
}

func TestSubnetsKeepTheDefaultACLUntilTheirsHasItsRules(t *testing.T) {
	t.Parallel()
	got := record(t, newVpc())
	for name, association := range got.of(awstype.EC2NetworkACLAssociation) {
		for rule, each := range got.of(awstype.EC2NetworkACLRule) {
			if each.Inputs["networkAclId"] == association.Inputs["networkAclId"] {
				assert.Contains(t, association.DependsOn, awstype.EC2NetworkACLRule+"::"+rule, name)
			}
		}
	}
}

func TestS3IsReachedByAGatewayFromPrivateAndDataSubnets(t *testing.T) {
	t.Parallel()
	got := record(t, newVpc())
	assert.Equal(t, map[string]any{
		"vpcId": "net-vpc_id", "serviceName": "com.amazonaws.us-east-1.s3", "vpcEndpointType": "Gateway",
		"routeTableIds": []any{"net-private-a_id", "net-private-b_id", "net-data-a_id", "net-data-b_id"},
		"tags":          map[string]any{"Name": "net-endpoint-s3"},
	}, got.one(t, awstype.EC2VPCEndpoint, "net-endpoint-s3"))
	assert.Len(t, got.of(awstype.EC2VPCEndpoint), 1)
	assert.Empty(t, got.of(awstype.EC2SecurityGroup), "no group where there is no interface endpoint")
}

func TestInterfaceEndpoints(t *testing.T) {
	t.Parallel()
	got := record(t, newVpc(func(s *vpc.Settings) {
		s.AvailabilityZones = []string{"eu-west-1a", "eu-west-1b"}
		s.InterfaceEndpoints = []string{"ssm", "ecr.api"}
	}))
	assert.Equal(t, []string{"net-endpoint-ecr-api", "net-endpoint-s3", "net-endpoint-ssm"}, got.names(awstype.EC2VPCEndpoint))
	assert.Equal(t, map[string]any{
		"vpcId": "net-vpc_id", "serviceName": "com.amazonaws.eu-west-1.ecr.api", "vpcEndpointType": "Interface",
		"privateDnsEnabled": true,
		"subnetIds":         []any{"net-private-a_id", "net-private-b_id"},
		"securityGroupIds":  []any{"net-endpoints_id"},
		"tags":              map[string]any{"Name": "net-endpoint-ecr-api"},
	}, got.one(t, awstype.EC2VPCEndpoint, "net-endpoint-ecr-api"))

	assert.Equal(t, []string{"net-endpoints-from-private-a", "net-endpoints-from-private-b"}, got.names(awstype.VPCSecurityGroupIngressRule))
	assert.Equal(t, map[string]any{
		"securityGroupId": "net-endpoints_id", "cidrIpv4": "10.0.12.0/24", "ipProtocol": "tcp", "fromPort": 443.0, "toPort": 443.0,
		"description": "AWS APIs for the private subnet of eu-west-1b",
		"tags":        map[string]any{"Name": "net-endpoints-from-private-b"},
	}, got.one(t, awstype.VPCSecurityGroupIngressRule, "net-endpoints-from-private-b"))
	assert.Empty(t, got.of(awstype.VPCSecurityGroupEgressRule))
	for _, rule := range got.names(awstype.VPCSecurityGroupIngressRule) {
		assert.Contains(t, got.of(awstype.EC2VPCEndpoint)["net-endpoint-ssm"].DependsOn, awstype.VPCSecurityGroupIngressRule+"::"+rule)
	}
}

func TestPrivateEgressIsAllThatInstancesWaitFor(t *testing.T) {
	t.Parallel()
	tests := map[vpc.NATStrategy][]string{
		vpc.NATPerAZ:  {awstype.EC2Route + "::net-private-internet-a", awstype.EC2Route + "::net-private-internet-b"},
		vpc.NATSingle: {awstype.EC2Route + "::net-private-internet-a", awstype.EC2Route + "::net-private-internet-b"},
		vpc.NATNone:   nil,
	}
	for strategy, routes := range tests {
		t.Run(string(strategy), func(t *testing.T) {
			t.Parallel()
			got := record(t, func(ctx *pulumi.Context) error {
				network, err := vpc.New(ctx, "net", vpcArgs(func(s *vpc.Settings) {
					s.NATGateways = strategy
					s.InterfaceEndpoints = []string{"ssm"}
				}))
				if err != nil {
					return err
				}
				waiting := &struct{ pulumi.CustomResourceState }{}
				return ctx.RegisterResource("test:index:Fleet", "fleet", nil, waiting, pulumi.DependsOn(network.PrivateEgress))
			})
			assert.ElementsMatch(t, append(routes,
				awstype.EC2RouteTableAssociation+"::net-private-a", awstype.EC2RouteTableAssociation+"::net-private-b",
				awstype.EC2VPCEndpoint+"::net-endpoint-s3", awstype.EC2VPCEndpoint+"::net-endpoint-ssm",
			), got.of("test:index:Fleet")["fleet"].DependsOn)
		})
	}
}

func TestFlowLogsRecordAllTraffic(t *testing.T) {
	t.Parallel()
	got := record(t, newVpc())
	const arn = "arn:aws:cloudwatch:us-east-1:123456789012:net-flow-logs"
	assert.Equal(t, map[string]any{
		"vpcId": "net-vpc_id", "trafficType": "ALL", "logDestinationType": "cloud-watch-logs", "logDestination": arn,
		"iamRoleArn": "arn:aws:iam:us-east-1:123456789012:net-flow-logs", "tags": map[string]any{"Name": "net-flow-logs"},
	}, got.one(t, awstype.EC2FlowLog, "net-flow-logs"))
	assert.Contains(t, got.of(awstype.EC2FlowLog)["net-flow-logs"].DependsOn, awstype.IAMRolePolicy+"::net-flow-logs")
	assert.Equal(t, 365.0, got.one(t, awstype.CloudWatchLogGroup, "net-flow-logs")["retentionInDays"])

	assert.JSONEq(t, `{"Version": "2012-10-17", "Statement": [{
		"Effect": "Allow", "Principal": {"Service": "vpc-flow-logs.amazonaws.com"}, "Action": ["sts:AssumeRole"],
		"Condition": {"StringEquals": {"aws:SourceAccount": "123456789012"}}
	}]}`, got.one(t, awstype.IAMRole, "net-flow-logs")["assumeRolePolicy"].(string))
	policy := got.one(t, awstype.IAMRolePolicy, "net-flow-logs")
	assert.Equal(t, "net-flow-logs", policy["role"])
	assert.JSONEq(t, `{"Version": "2012-10-17", "Statement": [
		{"Effect": "Allow", "Action": ["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"], "Resource": ["`+arn+`", "`+arn+`:*"]},
		{"Effect": "Allow", "Action": ["logs:DescribeLogGroups"], "Resource": ["*"]}
	]}`, policy["policy"].(string))
}

func TestFlowLogsCanBeSet(t *testing.T) {
	t.Parallel()
	got := record(t, newVpc(func(s *vpc.Settings) { s.FlowLogs.RetentionDays = 7 }))
	assert.Equal(t, 7.0, got.one(t, awstype.CloudWatchLogGroup, "net-flow-logs")["retentionInDays"])

	got = record(t, newVpc(func(s *vpc.Settings) { s.FlowLogs.Enabled = false }))
	for _, kind := range []string{awstype.EC2FlowLog, awstype.CloudWatchLogGroup, awstype.IAMRole, awstype.IAMRolePolicy} {
		assert.Empty(t, got.of(kind))
	}
}

func TestVpcOutputs(t *testing.T) {
	t.Parallel()
	got := record(t, func(ctx *pulumi.Context) error {
		network, err := vpc.New(ctx, "net", vpcArgs(func(s *vpc.Settings) { s.InterfaceEndpoints = []string{"ssm"} }))
		if err != nil {
			return err
		}
		ctx.Export("vpc", network.VpcID)
		ctx.Export("public", network.PublicSubnetIDs)
		ctx.Export("private", network.PrivateSubnetIDs)
		ctx.Export("data", network.DataSubnetIDs)
		ctx.Export("endpoints", network.EndpointSecurityGroupID)
		return nil
	})
	assert.Equal(t, map[string]any{
		"vpc":       "net-vpc_id",
		"public":    []any{"net-public-a_id", "net-public-b_id"},
		"private":   []any{"net-private-a_id", "net-private-b_id"},
		"data":      []any{"net-data-a_id", "net-data-b_id"},
		"endpoints": "net-endpoints_id",
	}, got.Outputs)
}

func TestVpcArgsFaultsAreReportedAtOnce(t *testing.T) {
	t.Parallel()
	assert.Equal(t, `vpc net: Settings.CIDR: must be at least a /22, so that each subnet is at least the /27 that a load balancer needs, got 10.0.0.0/24
Settings.AvailabilityZones: must list 2 to 6 Availability Zones, such as [us-east-1a, us-east-1b], got 1
Settings.NATGateways: must be perAz, single or none, got "two"
Settings.InterfaceEndpoints[1]: s3 has a gateway endpoint, which is free: leave it out
Settings.FlowLogs.RetentionDays: CloudWatch Logs cannot keep events for 2 days, the next period it offers is 3`,
		fault(t, newVpc(func(s *vpc.Settings) {
			s.CIDR, s.AvailabilityZones, s.NATGateways = "10.0.0.0/24", zones(1), "two"
			s.InterfaceEndpoints, s.FlowLogs.RetentionDays = []string{"ssm", "s3"}, 2
		})))
	assert.Equal(t, "vpc net: Settings.AvailabilityZones: must list 2 to 6 Availability Zones, such as [us-east-1a, us-east-1b], got 0",
		fault(t, func(ctx *pulumi.Context) error {
			_, err := vpc.New(ctx, "net", nil)
			return err
		}))
}

func TestSettingsThatDidNotBeginAsDefaultsAreRefused(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "vpc net: Settings: must begin as Default(), which sets what is left out", fault(t, func(ctx *pulumi.Context) error {
		_, err := vpc.New(ctx, "net", &vpc.Args{Settings: &vpc.Settings{CIDR: "10.0.0.0/16", AvailabilityZones: zones(2), NATGateways: "perAz"}})
		return err
	}))
}

func TestVpcLeavesItsArgsAlone(t *testing.T) {
	t.Parallel()
	args, before := vpcArgs(), *vpcArgs()
	record(t, func(ctx *pulumi.Context) error {
		_, err := vpc.New(ctx, "net", args)
		return err
	})
	assert.Equal(t, before, *args)
}

func TestComponentInputsAreInTheState(t *testing.T) {
	t.Parallel()
	got := record(t, newVpc(func(s *vpc.Settings) { s.InterfaceEndpoints = []string{"ssm"} }))
	encoded, err := json.Marshal(got.one(t, vpc.Type, "net"))
	require.NoError(t, err)
	assert.JSONEq(t, `{"settings": {
		"cidr": "10.0.0.0/16", "availabilityZones": ["us-east-1a", "us-east-1b"], "natGateways": "perAz",
		"interfaceEndpoints": ["ssm"], "flowLogs": {"enabled": true, "retentionDays": 365}
	}}`, string(encoded))
}
