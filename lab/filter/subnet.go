package filter

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"ha-web/internal/awstype"
)

// subnet is a subnet of the VPC, with its network ACL and its way to the internet.
type subnet struct {
	name   string
	prefix netip.Prefix
	acl    *acl // nil for the VPC's default one, which allows everything
	// internet says that the subnet's route is by the internet gateway; nat is the subnet of the NAT gateway that it is by.
	internet bool
	nat      *subnet
}

func (r *Rules) readSubnets(d *document) error {
	err := of(d, awstype.EC2Subnet, func(name string, inputs struct{ CidrBlock netip.Prefix }) error {
		if !inputs.CidrBlock.IsValid() {
			return fmt.Errorf("has no range of addresses")
		}
		r.subnets = append(r.subnets, &subnet{name: d.short(name), prefix: inputs.CidrBlock})
		return nil
	})
	if err != nil {
		return err
	}
	slices.SortFunc(r.subnets, func(a, b *subnet) int { return cmp.Compare(a.name, b.name) })
	return of(d, awstype.EC2NetworkACLAssociation, func(_ string, inputs struct{ NetworkACLID, SubnetID string }) error {
		subnet, err := r.subnet(d, inputs.SubnetID)
		if err != nil {
			return err
		}
		if subnet.acl = r.acls[d.short(named(inputs.NetworkACLID))]; subnet.acl == nil {
			return fmt.Errorf("the plan has no network ACL %s", inputs.NetworkACLID)
		}
		return nil
	})
}

func (r *Rules) subnet(d *document, id string) (*subnet, error) {
	for _, subnet := range r.subnets {
		if subnet.name == d.short(named(id)) {
			return subnet, nil
		}
	}
	return nil, fmt.Errorf("the plan has no subnet %s", id)
}

type routeInputs struct{ RouteTableID, DestinationCidrBlock, GatewayID, NatGatewayID string }

func (r *Rules) readRoutes(d *document) error {
	gateways := map[string]*subnet{} // of NAT, by name
	err := of(d, awstype.EC2NatGateway, func(name string, inputs struct{ SubnetID string }) (err error) {
		gateways[name], err = r.subnet(d, inputs.SubnetID)
		return err
	})
	if err != nil {
		return err
	}
	routes := map[string]routeInputs{} // by the ID of their table
	err = of(d, awstype.EC2Route, func(_ string, inputs routeInputs) error {
		if inputs.DestinationCidrBlock != "0.0.0.0/0" {
			return fmt.Errorf("a route to %q is not supported", inputs.DestinationCidrBlock)
		}
		if inputs.GatewayID == "" && gateways[named(inputs.NatGatewayID)] == nil {
			return fmt.Errorf("leads to neither an internet gateway nor a NAT gateway of the plan")
		}
		routes[inputs.RouteTableID] = inputs
		return nil
	})
	if err != nil {
		return err
	}
	return of(d, awstype.EC2RouteTableAssociation, func(_ string, inputs struct{ RouteTableID, SubnetID string }) error {
		subnet, err := r.subnet(d, inputs.SubnetID)
		if err != nil {
			return err
		}
		route := routes[inputs.RouteTableID]
		subnet.internet, subnet.nat = route.GatewayID != "", gateways[named(route.NatGatewayID)]
		return nil
	})
}

// write writes the chains of what leaves and what enters the subnet.
func (s *subnet) write(b *strings.Builder, vpc netip.Prefix) {
	chain := func(direction string, peer side, acl string, outside []string) {
		fmt.Fprintf(b, " chain %s_%s {\n  %s return\n", direction, identifier(s.name), peer.of(s.prefix))
		inside := "return"
		if acl != "" {
			inside = "goto " + acl
		}
		fmt.Fprintf(b, "  %s %s\n", peer.of(vpc), inside)
		for _, line := range outside {
			fmt.Fprintf(b, "  %s\n", line)
		}
		b.WriteString(" }\n")
	}
	chain("from", destination, s.acl.chain("out"), s.leave())
	chain("to", source, s.acl.chain("in"), s.enter())
}

// chain returns the name of a chain of the ACL, "" where there is none.
func (a *acl) chain(direction string) string {
	if a == nil {
		return ""
	}
	return "acl_" + identifier(a.name) + "_" + direction
}

// leave returns what becomes of packets to the internet.
func (s *subnet) leave() []string {
	switch {
	case s.internet:
		return jumps(s.acl.chain("out"))
	case s.nat != nil:
		return jumps(s.acl.chain("out"), s.nat.acl.chain("in"), s.nat.acl.chain("out"))
	default:
		return []string{"counter drop " + comment("no route to the internet")}
	}
}

// enter returns what becomes of packets from the internet.
func (s *subnet) enter() []string {
	switch {
	case s.internet:
		return jumps(s.acl.chain("in"))
	case s.nat != nil:
		answers := "ct state new counter drop " + comment("no way in but for answers, by the NAT gateway")
		return append([]string{answers}, jumps(s.nat.acl.chain("in"), s.nat.acl.chain("out"), s.acl.chain("in"))...)
	default:
		return []string{"counter drop " + comment("no route from the internet")}
	}
}

func jumps(chains ...string) []string {
	var lines []string
	for _, chain := range chains {
		if chain != "" {
			lines = append(lines, "jump "+chain)
		}
	}
	return lines
}
