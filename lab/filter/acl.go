package filter

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"ha-web/internal/awstype"
)

// acl is a network ACL. Its rules are in the order of their numbers: the first that matches decides.
type acl struct {
	name            string
	ingress, egress []aclRule
}

type aclRule struct {
	name   string
	number int
	traffic
	peer  netip.Prefix
	allow bool
}

type aclRuleInputs struct {
	NetworkACLID         string
	Egress               bool
	RuleNumber           int
	RuleAction, Protocol string
	FromPort, ToPort     int
	IcmpType, IcmpCode   *int
	CidrBlock            netip.Prefix
	Ipv6CidrBlock        string
}

func (r *Rules) readACLs(d *document) error {
	err := of(d, awstype.EC2NetworkACL, func(name string, inputs struct{ Ingress, Egress []any }) error {
		if len(inputs.Ingress)+len(inputs.Egress) > 0 {
			return errors.New("inline rules are not supported: rules are resources of their own")
		}
		r.acls[d.short(name)] = &acl{name: d.short(name)}
		return nil
	})
	if err != nil {
		return err
	}
	err = of(d, awstype.EC2NetworkACLRule, func(name string, inputs aclRuleInputs) error {
		if inputs.Ipv6CidrBlock != "" {
			return nil
		}
		return r.addACLRule(d, name, inputs)
	})
	for _, acl := range r.acls {
		for _, rules := range [][]aclRule{acl.ingress, acl.egress} {
			slices.SortFunc(rules, func(a, b aclRule) int { return cmp.Compare(a.number, b.number) })
		}
	}
	return err
}

func (r *Rules) addACLRule(d *document, name string, inputs aclRuleInputs) error {
	acl := r.acls[d.short(named(inputs.NetworkACLID))]
	if acl == nil {
		return fmt.Errorf("the plan has no network ACL %s", inputs.NetworkACLID)
	}
	traffic, err := newTraffic(inputs.Protocol, inputs.FromPort, inputs.ToPort)
	if err != nil {
		return err
	}
	if traffic.protocol == "icmp" { // whose types are not in the place of ports here
		traffic.icmp, traffic.code = or(inputs.IcmpType, -1), or(inputs.IcmpCode, -1)
	}
	if !inputs.CidrBlock.IsValid() {
		return errors.New("has no range of addresses")
	}
	rule := aclRule{name, inputs.RuleNumber, traffic, inputs.CidrBlock, inputs.RuleAction == "allow"}
	if inputs.Egress {
		acl.egress = append(acl.egress, rule)
	} else {
		acl.ingress = append(acl.ingress, rule)
	}
	return nil
}

// ACLs returns the ruleset of the router between the machines. A packet from one subnet to another passes the rules for egress of the
// first and those for ingress of the second; inside of a subnet nothing is filtered. Between a subnet and the internet it takes the
// subnet's route: by the internet gateway, or by a NAT gateway and thus through that one's subnet too, both ways, and then only as
// an answer. Nothing enters or leaves a subnet that has no such route.
func (r *Rules) ACLs() string {
	var b strings.Builder
	b.WriteString("table inet acl {\n")
	for _, name := range slices.Sorted(maps.Keys(r.acls)) {
		r.acls[name].write(&b)
	}
	for _, subnet := range r.subnets {
		subnet.write(&b, r.vpc)
	}
	fmt.Fprintf(&b, ` chain forward {
  type filter hook forward priority filter; policy accept;
  ip daddr %[1]s meta l4proto { tcp, udp } th dport 53 accept
  ip saddr %[1]s meta l4proto { tcp, udp } th sport 53 accept
%[2]s`, r.Resolver(), r.options.links())
	for _, subnet := range r.subnets {
		fmt.Fprintf(&b, "  %s jump from_%s\n", source.of(subnet.prefix), identifier(subnet.name))
	}
	for _, subnet := range r.subnets {
		fmt.Fprintf(&b, "  %s jump to_%s\n", destination.of(subnet.prefix), identifier(subnet.name))
	}
	b.WriteString(" }\n}\n")
	return b.String()
}

func (a *acl) write(b *strings.Builder) {
	chain := func(direction string, side side, rules []aclRule) {
		fmt.Fprintf(b, " chain acl_%s_%s {\n", identifier(a.name), direction)
		for _, rule := range rules {
			verdict := "drop"
			if rule.allow {
				verdict = "return"
			}
			fmt.Fprintf(b, "  %s%s %s %s\n", side.of(rule.peer), rule.match(), verdict, comment(rule.name))
		}
		b.WriteString("  counter drop\n }\n")
	}
	chain("in", source, a.ingress)
	chain("out", destination, a.egress)
}
