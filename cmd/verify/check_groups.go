package main

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	network "github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// rule is one source that a security group lets in, or one destination that it lets out to.
type rule struct {
	protocol string
	from, to int32
	peer     string // an address range, or the id of a group or prefix list
}

func (r rule) String() string {
	switch {
	case r.protocol == "-1":
		return "all traffic from " + r.peer
	case r.from == r.to:
		return fmt.Sprintf("%s %d from %s", r.protocol, r.from, r.peer)
	}
	return fmt.Sprintf("%s %d-%d from %s", r.protocol, r.from, r.to, r.peer)
}

// rulesOf returns the rules of permissions, a rule for each peer.
func rulesOf(permissions []network.IpPermission) []rule {
	var rules []rule
	for _, each := range permissions {
		add := func(peer *string) {
			rules = append(rules, rule{
				aws.ToString(each.IpProtocol), aws.ToInt32(each.FromPort), aws.ToInt32(each.ToPort), aws.ToString(peer),
			})
		}
		for _, peer := range each.IpRanges {
			add(peer.CidrIp)
		}
		for _, peer := range each.Ipv6Ranges {
			add(peer.CidrIpv6)
		}
		for _, peer := range each.PrefixListIds {
			add(peer.PrefixListId)
		}
		for _, peer := range each.UserIdGroupPairs {
			add(peer.GroupId)
		}
	}
	return rules
}

// admission is whose connections a tier accepts, by its security groups, and on which ports.
type admission struct {
	tier   string   // for people, such as "instances"
	groups []string // the security groups of the tier
	peers  []string // whom it is meant to accept: ids of groups or prefix lists, address ranges
	others []string // whom it is meant to accept besides, nil for no one
	from   string   // all of those, for people
	ports  []int32
}

// chain are the security groups of the VPC by id.
type chain map[string]network.SecurityGroup

func chainOf(groups []network.SecurityGroup) chain {
	all := chain{}
	for _, each := range groups {
		all[aws.ToString(each.GroupId)] = each
	}
	return all
}

// check compares what the groups of a tier let in with what they are meant to.
func (c chain) check(want admission) finding {
	if len(want.groups) == 0 {
		return fail("run pulumi up --refresh", "no security group of %s", want.tier)
	}
	var strangers []string
	admitted, others := map[int32]bool{}, map[int32]bool{}
	for _, id := range want.groups {
		for _, each := range rulesOf(c[id].IpPermissions) {
			switch meant := each.protocol == "tcp" && each.from == each.to && slices.Contains(want.ports, each.from); {
			case meant && slices.Contains(want.peers, each.peer):
				admitted[each.from] = true
			case meant && slices.Contains(want.others, each.peer):
				others[each.from] = true
			default:
				strangers = append(strangers, fmt.Sprintf("%s in %s", each, id))
			}
		}
	}
	if len(strangers) > 0 {
		return fail("Remove these rules, which are not of the stack, and find out who added them: aws ec2 revoke-security-group-ingress",
			"the security groups of %s let in more than %s: %s", want.tier, want.from, strings.Join(strangers, ", "))
	}
	var missing []string
	for _, port := range want.ports {
		if !admitted[port] || want.others != nil && !others[port] {
			missing = append(missing, fmt.Sprint(port))
		}
	}
	if len(missing) > 0 {
		return fail("run pulumi up --refresh, which adds rules that are missing",
			"the security groups of %s do not let in %s on port %s", want.tier, want.from, strings.Join(missing, ", "))
	}
	return pass("%s let in %s only", strings.Join(want.groups, ", "), want.from)
}

// anywhere are the ranges of all addresses.
var anywhere = []string{"0.0.0.0/0", "::/0"}

// frontDoor checks whom the load balancer accepts: CloudFront, of this stack or of another, or the internet.
func (c chain) frontDoor(groups []string, list string, out *outputs) finding {
	want := admission{tier: "the load balancer", groups: groups, peers: []string{list}, from: "CloudFront", ports: []int32{443}}
	if out.ALBProtocol == "http" {
		want.ports = []int32{80}
	}
	if list == "" {
		want.peers = nil
	}
	// Outputs without ingress leave open whether a load balancer without CloudFront before it is for another distribution.
	if closed := out.Ingress == "" && !c.opens(groups, anywhere); closed || !out.answersAll() {
		return c.bypass(out, want, c.check(want))
	}
	want.peers, want.from = anywhere, "the internet"
	if want.ports[0] == 443 {
		want.ports = append(want.ports, 80)
	}
	return c.check(want)
}

// opens reports whether a rule of the groups lets in one of the peers.
func (c chain) opens(groups, peers []string) bool {
	return slices.ContainsFunc(groups, func(id string) bool {
		return slices.ContainsFunc(rulesOf(c[id].IpPermissions), func(each rule) bool { return slices.Contains(peers, each.peer) })
	})
}

// bypass completes a finding where everyone reaches the load balancer past CloudFront, and may be meant to.
func (c chain) bypass(out *outputs, want admission, found finding) finding {
	if out.Ingress == "" && found.status == statusFail && c.opens(want.groups, anywhere) {
		found.remedy = "Leave web.ingress out, or set it to cloudfront, and run pulumi up: until then anyone who knows the load balancer's " +
			"name passes CloudFront and AWS WAF by. Remove rules that are not of the stack: aws ec2 revoke-security-group-ingress"
	}
	return found
}

// closed checks that no group but those of the load balancer lets in addresses from outside the VPC.
func (c chain) closed(front []string, cidr string) finding {
	vpc, err := netip.ParsePrefix(cidr)
	if err != nil {
		return fail("name the right stack, and run pulumi up", "output vpcCidr must be an address range, got %q", cidr)
	}
	var open []string
	checked := 0
	for id, group := range c {
		if slices.Contains(front, id) {
			continue
		}
		checked++
		for _, each := range rulesOf(group.IpPermissions) {
			if outside(each.peer, vpc) {
				open = append(open, fmt.Sprintf("%s in %s (%s)", each, id, aws.ToString(group.GroupName)))
			}
		}
	}
	slices.Sort(open)
	if len(open) > 0 {
		return fail("Remove these rules: aws ec2 revoke-security-group-ingress. A group that belongs to no one: aws ec2 delete-security-group",
			"open beyond the VPC: %s", strings.Join(open, ", "))
	}
	return pass("%d security groups besides the load balancer's, none open beyond %s", checked, cidr)
}

// outside reports whether a peer of a rule has addresses that the VPC does not.
func outside(peer string, vpc netip.Prefix) bool {
	if strings.HasPrefix(peer, "sg-") {
		return false
	}
	prefix, err := netip.ParsePrefix(peer)
	return err != nil || !vpc.Contains(prefix.Addr()) || prefix.Bits() < vpc.Bits()
}

// unused checks that the default group of the VPC lets nothing through.
func (c chain) unused() finding {
	for id, group := range c {
		if aws.ToString(group.GroupName) != "default" {
			continue
		}
		in, out := len(rulesOf(group.IpPermissions)), len(rulesOf(group.IpPermissionsEgress))
		if in+out > 0 {
			return fail("run pulumi up --refresh, which takes the rules out; what was started with this group is no part of the stack",
				"%s has %d rules in and %d out", id, in, out)
		}
		return pass("%s has no rules", id)
	}
	return fail("name the right stack: AWS keeps a default group in every VPC", "the VPC has no default security group")
}
