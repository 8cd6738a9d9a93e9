package filter

import (
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"ha-web/internal/awstype"
)

// group is a security group.
type group struct {
	name            string
	ingress, egress []groupRule
}

// groupRule is a rule of a security group. Its peer is another group, or address ranges.
type groupRule struct {
	name string
	traffic
	group    string
	prefixes []netip.Prefix
}

func (r *Rules) readGroups(d *document) error {
	add := func(name string, inputs struct{ Ingress, Egress []any }) error {
		if len(inputs.Ingress)+len(inputs.Egress) > 0 {
			return errors.New("inline rules are not supported: rules are resources of their own")
		}
		r.groups[d.short(name)] = &group{name: d.short(name)}
		return nil
	}
	legacy := func(string, struct{}) error { return errors.New("not supported, see SecurityGroupIngressRule") }
	return errors.Join(of(d, awstype.EC2SecurityGroup, add), of(d, awstype.EC2DefaultSecurityGroup, add),
		of(d, awstype.EC2SecurityGroupRule, legacy))
}

type groupRuleInputs struct {
	SecurityGroupID           string
	ReferencedSecurityGroupID string
	CidrIpv4                  netip.Prefix
	CidrIpv6                  string
	PrefixListID              string
	IPProtocol                string
	FromPort, ToPort          *int
}

func (r *Rules) readGroupRules(d *document) error {
	add := func(rules func(*group) *[]groupRule) func(string, groupRuleInputs) error {
		return func(name string, inputs groupRuleInputs) error {
			if inputs.CidrIpv6 != "" {
				return nil
			}
			group := r.groups[d.short(named(inputs.SecurityGroupID))]
			if group == nil {
				return fmt.Errorf("the plan has no group %s", inputs.SecurityGroupID)
			}
			rule, err := r.groupRule(d, name, inputs)
			if err != nil {
				return err
			}
			*rules(group) = append(*rules(group), rule)
			return nil
		}
	}
	return errors.Join(
		of(d, awstype.VPCSecurityGroupIngressRule, add(func(g *group) *[]groupRule { return &g.ingress })),
		of(d, awstype.VPCSecurityGroupEgressRule, add(func(g *group) *[]groupRule { return &g.egress })),
	)
}

func (r *Rules) groupRule(d *document, name string, inputs groupRuleInputs) (rule groupRule, err error) {
	rule.name = name
	if rule.traffic, err = newTraffic(inputs.IPProtocol, or(inputs.FromPort, -1), or(inputs.ToPort, -1)); err != nil {
		return rule, err
	}
	switch {
	case inputs.ReferencedSecurityGroupID != "":
		rule.group = d.short(named(inputs.ReferencedSecurityGroupID))
		if r.groups[rule.group] == nil {
			return rule, fmt.Errorf("the plan has no group %s", inputs.ReferencedSecurityGroupID)
		}
	case inputs.PrefixListID != "":
		prefixes, known := r.options.PrefixLists[named(inputs.PrefixListID)]
		if !known {
			return rule, fmt.Errorf("no addresses are given for the prefix list %s", named(inputs.PrefixListID))
		}
		rule.prefixes = prefixes
	case inputs.CidrIpv4.IsValid():
		rule.prefixes = []netip.Prefix{inputs.CidrIpv4}
	default:
		return rule, errors.New("has neither a group nor a prefix list nor a range of addresses")
	}
	return rule, nil
}

func or(value *int, otherwise int) int {
	if value == nil {
		return otherwise
	}
	return *value
}

// Groups returns the names of all groups.
func (r *Rules) Groups() []string { return slices.Sorted(maps.Keys(r.groups)) }

// table is the one of the security groups.
const table = "inet security"

// unfiltered are the link-local addresses that AWS does not filter: instance metadata, its DNS server and its time servers.
const unfiltered = "{ 169.254.169.254, 169.254.169.253, 169.254.169.123 }"

// Group returns the ruleset of a machine that is in these security groups: a table with a chain for input and one for output, which
// keep state and drop what no rule of any of the groups allows. Each group that a rule refers to is a set, group_NAME, without
// members: see AddMember.
func (r *Rules) Group(names ...string) (string, error) {
	var ingress, egress strings.Builder
	for _, name := range names {
		group := r.groups[name]
		if group == nil {
			return "", fmt.Errorf("the plan has no security group %q, only %s", name, strings.Join(r.Groups(), ", "))
		}
		write(&ingress, source, group.ingress)
		write(&egress, destination, group.egress)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "table %s {\n", table)
	for _, name := range r.peers(names...) {
		fmt.Fprintf(&b, " set %s { type ipv4_addr; }\n", set(name))
	}
	fmt.Fprintf(&b, ` chain input {
  type filter hook input priority filter; policy drop;
  iifname "lo" accept
  ct state established,related accept
%s%s }
 chain output {
  type filter hook output priority filter; policy drop;
  oifname "lo" accept
  ct state established,related accept
  ip daddr %s accept
  ip daddr %s meta l4proto { tcp, udp } th dport 53 accept
%s%s }
}
`, r.options.links(), ingress.String(), unfiltered, r.Resolver(), r.options.links(), egress.String())
	return b.String(), nil
}

func write(b *strings.Builder, side side, rules []groupRule) {
	for _, rule := range rules {
		switch {
		case rule.group != "":
			fmt.Fprintf(b, "  ip %s @%s%s accept %s\n", side, set(rule.group), rule.match(), comment(rule.name))
		case len(rule.prefixes) > 0:
			fmt.Fprintf(b, "  %s%s accept %s\n", side.of(rule.prefixes...), rule.match(), comment(rule.name))
		}
	}
}

// peers returns the groups that rules of these groups refer to.
func (r *Rules) peers(names ...string) []string {
	found := map[string]bool{}
	for _, name := range names {
		for _, rule := range slices.Concat(r.groups[name].ingress, r.groups[name].egress) {
			if rule.group != "" {
				found[rule.group] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(found))
}

func set(group string) string { return "group_" + identifier(group) }

// AddMember returns the command of nft that adds an address to a group, where the ruleset of Group refers to it.
func AddMember(group string, address netip.Addr) string {
	return fmt.Sprintf("add element %s %s { %s }\n", table, set(group), address)
}

// RemoveMember returns the command of nft that removes an address from a group. Connections stay, as on AWS.
func RemoveMember(group string, address netip.Addr) string {
	return fmt.Sprintf("delete element %s %s { %s }\n", table, set(group), address)
}
