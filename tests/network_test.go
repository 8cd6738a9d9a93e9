package tests

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"testing"

	"ha-web/components/securitygroups"
	"ha-web/components/vpc"
	"ha-web/internal/awstype"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
)

// These tests send packets through a recorded network as AWS would: routes, network ACLs in both directions, which
// keep no state, and security groups, which do.

// span is a range of ports.
type span struct{ first, last int }

// Ports that the asking side of a connection picks from.
var (
	anyClient   = span{1024, 65535} // viewers, load balancers, NAT gateways (Amazon VPC User Guide, "Ephemeral ports")
	linuxClient = span{32768, 60999}
)

// host is something with an address: in a subnet, or on the internet where it has none.
type host struct {
	name   string
	subnet string
	groups []string
	client span
}

// network answers whether hosts reach one another.
type network struct{ recording }

func (n network) address(h host) netip.Addr {
	if h.subnet == "" {
		return netip.MustParseAddr("203.0.113.7")
	}
	return netip.MustParsePrefix(n.of(awstype.EC2Subnet)[h.subnet].Inputs["cidrBlock"].(string)).Addr().Next()
}

// connects reports why a TCP connection cannot be opened, or "" if it can.
func (n network) connects(from, to host, port int) string {
	service := span{port, port}
	if !n.groupsAllow(awstype.VPCSecurityGroupEgressRule, from, to, port) {
		return "security group of " + from.name
	}
	if !n.groupsAllow(awstype.VPCSecurityGroupIngressRule, to, from, port) {
		return "security group of " + to.name
	}
	return n.delivers(from, to, service, from.client)
}

// delivers follows the packets of a connection there and back, hop by hop.
func (n network) delivers(from, to host, service, client span) string {
	if from.subnet == to.subnet {
		return ""
	}
	if to.subnet == "" && from.subnet != "" {
		switch gateway := n.defaultRoute(from.subnet); {
		case gateway == "":
			return "no route from " + from.subnet
		case n.of(awstype.EC2NatGateway)[gateway].Name != "":
			// The NAT gateway lies in between: ACLs see the far address, and its own ports further out.
			nat := host{name: gateway, subnet: id(n.of(awstype.EC2NatGateway)[gateway].Inputs["subnetId"]), client: anyClient}
			return cmp.Or(
				n.passesOut(from, to, service), n.passesInto(nat, from, service),
				n.delivers(nat, to, service, nat.client),
				n.passesOut(nat, from, client), n.passesInto(from, to, client),
			)
		}
	}
	if to.subnet != "" && from.subnet == "" && n.defaultRoute(to.subnet) != "net-internet" {
		return "no route into " + to.subnet
	}
	return cmp.Or(
		n.passesOut(from, to, service), n.passesInto(to, from, service),
		n.passesOut(to, from, client), n.passesInto(from, to, client),
	)
}

func (n network) passesOut(at, to host, ports span) string { return n.passes(at, to, true, ports) }
func (n network) passesInto(at, from host, ports span) string {
	return n.passes(at, from, false, ports)
}

// passes reports which ACL stops some of these ports between a host and its peer, "" if none.
func (n network) passes(at, peer host, egress bool, ports span) string {
	if at.subnet == "" {
		return ""
	}
	list := n.of(awstype.EC2NetworkACLAssociation)[at.subnet].Inputs["networkAclId"]
	for port := ports.first; ; { // rules may cover the range between them
		covered := 0
		for _, rule := range n.of(awstype.EC2NetworkACLRule) {
			in := rule.Inputs
			if in["networkAclId"] == list && in["egress"] == egress &&
				netip.MustParsePrefix(in["cidrBlock"].(string)).Contains(n.address(peer)) &&
				int(in["fromPort"].(float64)) <= port && int(in["toPort"].(float64)) >= port {
				covered = max(covered, int(in["toPort"].(float64)))
			}
		}
		if covered == 0 {
			return fmt.Sprintf("network ACL of %s, port %d, egress %v", at.subnet, port, egress)
		}
		if port = covered + 1; port > ports.last {
			return ""
		}
	}
}

func (n network) defaultRoute(subnet string) string {
	table := n.of(awstype.EC2RouteTableAssociation)[subnet].Inputs["routeTableId"]
	for _, each := range n.of(awstype.EC2Route) {
		if each.Inputs["routeTableId"] == table {
			return id(cmp.Or(each.Inputs["gatewayId"], each.Inputs["natGatewayId"]))
		}
	}
	return ""
}

// groupsAllow reports whether the security groups of a host let it talk to a peer, in the direction of this kind of rule.
func (n network) groupsAllow(kind string, h, peer host, port int) bool {
	if h.groups == nil {
		return true
	}
	for _, rule := range n.of(kind) {
		in := rule.Inputs
		if !slices.Contains(h.groups, id(in["securityGroupId"])) || int(in["fromPort"].(float64)) != port {
			continue
		}
		switch {
		case in["cidrIpv4"] != nil:
			if netip.MustParsePrefix(in["cidrIpv4"].(string)).Contains(n.address(peer)) {
				return true
			}
		case in["prefixListId"] != nil:
			if peer.name == "cloudfront" {
				return true
			}
		case slices.Contains(peer.groups, id(in["referencedSecurityGroupId"])):
			return true
		}
	}
	return false
}

var (
	viewer     = host{name: "viewer", client: anyClient}
	cloudfront = host{name: "cloudfront", client: anyClient}
	website    = host{name: "website", client: anyClient}
	albA       = host{"alb", "net-public-a", []string{"net-alb", "net-alb-cloudfront"}, anyClient}
	appA       = host{"app in zone a", "net-private-a", []string{"net-app"}, linuxClient}
	appB       = host{"app in zone b", "net-private-b", []string{"net-app"}, linuxClient}
	proxyB     = host{"proxy", "net-private-b", []string{"net-proxy"}, anyClient}
	dbA        = host{"db in zone a", "net-data-a", []string{"net-db"}, anyClient}
	dbB        = host{"db in zone b", "net-data-b", []string{"net-db"}, anyClient}
	endpointB  = host{"endpoint", "net-private-b", []string{"net-endpoints"}, anyClient}
	bare       = host{"host without a group of the chain, in a private subnet", "net-private-a", []string{"net-default"}, linuxClient}
)

// newNetwork records a Vpc and the Chain in it, with these changes of the Args of the latter. Its settings of the network, where
// they are set, are those of the Vpc too.
func newNetwork(t *testing.T, changes ...func(*securitygroups.Args)) network {
	t.Helper()
	return network{record(t, func(ctx *pulumi.Context) error {
		args := chainArgs(changes...)
		created, err := vpc.New(ctx, "net", vpcArgs(func(s *vpc.Settings) {
			s.InterfaceEndpoints = []string{"secretsmanager"}
			if args.Network != nil {
				s.NATGateways, s.EgressPorts = args.Network.NATGateways, args.Network.EgressPorts
			}
		}))
		if err != nil {
			return err
		}
		args.VpcID, args.EndpointSecurityGroupID = created.VpcID, created.EndpointSecurityGroupID
		_, err = securitygroups.New(ctx, "net", args)
		return err
	})}
}

func TestTrafficOfTheSiteGetsThrough(t *testing.T) {
	t.Parallel()
	front := newNetwork(t, withProxy)
	direct := newNetwork(t, behindCloudFront)
	for _, test := range []struct {
		network  network
		from, to host
		port     int
	}{
		{front, viewer, albA, 443},
		{front, viewer, albA, 80},
		{direct, cloudfront, albA, 443},
		{front, albA, appA, 8080},
		{front, albA, appB, 8080},
		{front, appA, proxyB, 5432},
		{front, appB, proxyB, 5432},
		{front, proxyB, dbA, 5432},
		{front, proxyB, dbB, 5432},
		{direct, appA, dbB, 5432},
		{direct, appB, dbB, 5432},
		{front, appA, endpointB, 443},
		{front, proxyB, endpointB, 443},
		{front, appA, website, 443},
		{front, appB, website, 443},
	} {
		assert.Empty(t, test.network.connects(test.from, test.to, test.port), "%s to %s:%d", test.from.name, test.to.name, test.port)
	}
}

func TestNothingElseGetsThrough(t *testing.T) {
	t.Parallel()
	front := newNetwork(t, withProxy)
	direct := newNetwork(t, behindCloudFront)
	for _, test := range []struct {
		network  network
		from, to host
		port     int
	}{
		{direct, viewer, albA, 443}, // past CloudFront
		{direct, cloudfront, albA, 80},
		{front, viewer, albA, 8080},
		{front, viewer, appA, 8080},
		{front, viewer, dbA, 5432},
		{front, albA, dbA, 5432},
		{front, albA, proxyB, 5432},
		{front, albA, website, 443},
		{front, appA, dbA, 5432}, // past the proxy
		{front, appA, appB, 8080},
		{front, appA, website, 25},
		{front, proxyB, website, 443},
		{front, dbA, website, 443},
		{front, dbA, appA, 8080},
		{front, bare, dbA, 5432},
		{front, bare, website, 443},
	} {
		assert.NotEmpty(t, test.network.connects(test.from, test.to, test.port), "%s to %s:%d", test.from.name, test.to.name, test.port)
	}
}

// withEgress opens ports of the internet to instances, through NAT gateways of this strategy.
func withEgress(strategy vpc.NATStrategy, ports ...int) func(*securitygroups.Args) {
	return func(a *securitygroups.Args) {
		settings := vpc.Default()
		settings.NATGateways, settings.EgressPorts = strategy, ports
		a.Network = &settings
	}
}

// Connections to the ports that the settings name, and their answers, pass every group and ACL on the way: that of the private
// subnet, and that of the NAT gateway's public subnet twice.
func TestEgressPortsGetThrough(t *testing.T) {
	t.Parallel()
	for _, strategy := range []vpc.NATStrategy{vpc.NATPerAZ, vpc.NATSingle} {
		network := newNetwork(t, withProxy, withEgress(strategy, 587, 80, 993, 5222, 32000))
		for _, port := range []int{587, 80, 993, 5222, 32000, 443} {
			assert.Empty(t, network.connects(appA, website, port), "%s %d", strategy, port)
			assert.Empty(t, network.connects(appB, website, port), "%s %d", strategy, port)
		}
		for _, port := range []int{22, 25, 465, 588, 3389, 8080} {
			assert.Equal(t, "security group of app in zone a", network.connects(appA, website, port), "%s %d", strategy, port)
			ungrouped := appA
			ungrouped.groups = nil
			assert.Equal(t, fmt.Sprintf("network ACL of net-private-a, port %d, egress true", port), network.connects(ungrouped, website, port))
		}
		assert.NotEmpty(t, network.connects(proxyB, website, 587))
		assert.NotEmpty(t, network.connects(dbA, website, 587))
		assert.NotEmpty(t, network.connects(appA, dbA, 587))
		assert.NotEmpty(t, network.connects(viewer, appA, 587))
		gateway := host{name: "NAT gateway", subnet: "net-public-a", client: anyClient}
		assert.Equal(t, "network ACL of net-public-a, port 587, egress false", network.connects(viewer, gateway, 587))
	}
}

// Each layer holds by itself: were every security group open, routes and network ACLs still keep the data tier apart.
func TestDataTierIsSealedWithoutSecurityGroups(t *testing.T) {
	t.Parallel()
	network := newNetwork(t, withProxy)
	open := func(h host) host { h.groups = nil; return h }
	assert.Equal(t, "no route into net-data-a", network.connects(viewer, open(dbA), 5432))
	assert.Equal(t, "no route from net-data-a", network.connects(open(dbA), website, 443))
	assert.Equal(t, "no route into net-private-a", network.connects(viewer, open(appA), 8080))
	assert.Equal(t, "network ACL of net-data-a, port 5432, egress false", network.connects(open(albA), open(dbA), 5432))
	assert.Equal(t, "network ACL of net-data-a, port 5432, egress true", network.connects(open(dbA), open(dbB), 5432))
	assert.Equal(t, "network ACL of net-private-a, port 22, egress true", network.connects(open(appA), open(dbA), 22))
	assert.Empty(t, network.connects(open(appA), open(dbA), 5432))
}
