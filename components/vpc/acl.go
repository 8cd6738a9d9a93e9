package vpc

import (
	"fmt"
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Ports of TCP connections. Network ACLs keep no state: what a rule lets out needs another that lets the answer in,
// on the port the asking side picked.
const (
	httpPort  = 80
	httpsPort = 443
	// NAT gateways and load balancers pick from 1024 on (Amazon VPC User Guide, "Network ACLs: ephemeral ports").
	// Applications and databases listen there too.
	firstUnprivileged = 1024
	// Linux picks from 32768 on (net.ipv4.ip_local_port_range).
	firstEphemeral = 32768
	lastPort       = 65535
)

// firstEgressNumber is that of a rule for port 0 of the internet, which there is none for: such a rule has the number of its port
// beyond it. Rules for other traffic have smaller numbers.
const firstEgressNumber = 700

// aclRule lets TCP through to a range of ports.
type aclRule struct {
	name        string // part of the logical name: unique in its ACL, and not to change
	egress      bool
	number      int // place in the order of evaluation, unique in its ACL and direction
	first, last int
	peer        string // the CIDR on the other side
}

const (
	in  = false
	out = true
)

// egressRules returns the rules by which instances reach further ports of the internet through a NAT gateway, which keeps the port.
// Answers need none of their own: they go to ephemeral ports, of the NAT gateway and then of the instance.
func (b *builder) egressRules(tier tier) []aclRule {
	var rules []aclRule
	for _, port := range b.settings.EgressPorts {
		name, number := fmt.Sprintf("egress-%d", port), firstEgressNumber+port
		switch {
		case tier == private:
			rules = append(rules, aclRule{"out-" + name, out, number, port, port, anywhere})
		case tier == public && port < firstUnprivileged && port != httpPort: // which are open in the public tier
			rules = append(rules,
				aclRule{"in-" + name, in, number, port, port, b.settings.CIDR}, // from instances to NAT gateways
				aclRule{"out-" + name, out, number, port, port, anywhere})      // from NAT gateways to the internet
		}
	}
	return rules
}

// aclRules returns the rules of a tier but for egressRules. AWS allows 20 in each direction, so only what must not come from the whole VPC
// is written zone by zone; security groups narrow the rest.
func (b *builder) aclRules(tier tier) []aclRule {
	vpc := b.settings.CIDR
	switch tier {
	case public:
		return []aclRule{
			// From viewers to the load balancer, and from instances to NAT gateways.
			{"in-http", in, 100, httpPort, httpPort, anywhere},
			{"in-https", in, 110, httpsPort, httpsPort, anywhere},
			// Answers: of the internet to NAT gateways, of instances to the load balancer.
			{"in-answers", in, 120, firstUnprivileged, lastPort, anywhere},
			// From NAT gateways to the internet.
			{"out-http", out, 100, httpPort, httpPort, anywhere},
			{"out-https", out, 110, httpsPort, httpsPort, anywhere},
			// Answers to viewers and to instances behind NAT, and requests of the load balancer to the application.
			{"out-answers", out, 120, firstUnprivileged, lastPort, anywhere},
		}
	case private:
		return []aclRule{
			// From the load balancer to the application, from it to database proxies, and the answers of both and of databases.
			{"in-vpc", in, 100, firstUnprivileged, lastPort, vpc},
			// From instances to interface endpoints in another zone.
			{"in-endpoints", in, 110, httpsPort, httpsPort, vpc},
			// Answers of the internet that a NAT gateway passes on, and of S3 through its gateway endpoint: both keep
			// their public source address.
			{"in-answers", in, 120, firstEphemeral, lastPort, anywhere},
			{"out-vpc", out, 100, firstUnprivileged, lastPort, vpc},
			// To interface endpoints, to S3, and to the internet by NAT.
			{"out-https", out, 110, httpsPort, httpsPort, anywhere},
		}
	default:
		var rules []aclRule
		for _, plan := range b.plan {
			letter, number := plan.Zone.Letter, 100+10*int(plan.Zone.Letter[0]-'a')
			rules = append(rules,
				// From instances and proxies to the database, and the answers. Nothing else reaches a data subnet.
				aclRule{"in-private-" + letter, in, number, firstUnprivileged, lastPort, plan.Private.String()},
				aclRule{"out-private-" + letter, out, number, firstUnprivileged, lastPort, plan.Private.String()})
		}
		return rules
	}
}

// networkACLs puts each tier behind a network ACL of its own.
func (b *builder) networkACLs(subnets map[tier][]subnet) error {
	for _, tier := range tiers {
		name := b.Name(string(tier))
		acl, err := ec2.NewNetworkAcl(b.ctx, name, &ec2.NetworkAclArgs{VpcId: b.vpc.ID(), Tags: b.Tags(name)}, b.Options()...)
		if err != nil {
			return fmt.Errorf("creating network ACL %s: %w", name, err)
		}
		rules, err := b.rulesOf(acl, tier)
		if err != nil {
			return err
		}
		// Until its rules are in, a new ACL denies everything: the subnets keep the VPC's default one for so long.
		for i, plan := range b.plan {
			name := b.Name(string(tier), plan.Zone.Letter)
			_, err := ec2.NewNetworkAclAssociation(b.ctx, name, &ec2.NetworkAclAssociationArgs{
				NetworkAclId: acl.ID(), SubnetId: subnets[tier][i].ID(),
			}, b.Options(pulumi.DependsOn(rules))...)
			if err != nil {
				return fmt.Errorf("associating network ACL %s: %w", name, err)
			}
		}
	}
	return nil
}

func (b *builder) rulesOf(acl *ec2.NetworkAcl, tier tier) ([]pulumi.Resource, error) {
	var rules []pulumi.Resource
	for _, rule := range slices.Concat(b.aclRules(tier), b.egressRules(tier)) {
		name := b.Name(string(tier), rule.name)
		resource, err := ec2.NewNetworkAclRule(b.ctx, name, &ec2.NetworkAclRuleArgs{
			NetworkAclId: acl.ID(),
			Egress:       pulumi.Bool(rule.egress),
			RuleNumber:   pulumi.Int(rule.number),
			RuleAction:   pulumi.String("allow"),
			Protocol:     pulumi.String("tcp"),
			FromPort:     pulumi.Int(rule.first),
			ToPort:       pulumi.Int(rule.last),
			CidrBlock:    pulumi.String(rule.peer),
		}, b.Options()...)
		if err != nil {
			return nil, fmt.Errorf("creating network ACL rule %s: %w", name, err)
		}
		rules = append(rules, resource)
	}
	return rules, nil
}
