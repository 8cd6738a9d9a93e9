package vpc

import (
	"fmt"

	"ha-web/internal/settings/network"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const anywhere = "0.0.0.0/0"

// internet gives public subnets a route to the internet gateway, and private subnets one to a NAT gateway. Data subnets get
// neither. It returns the NAT gateways by the letter of their zone, and the routes to them.
func (b *builder) internet(subnets map[tier][]subnet) (pulumi.StringMap, []pulumi.Resource, error) {
	name := b.Name("internet")
	gateway, err := ec2.NewInternetGateway(b.ctx, name, &ec2.InternetGatewayArgs{
		VpcId: b.vpc.ID(),
		Tags:  b.Tags(name),
	}, b.Options()...)
	if err != nil {
		return nil, nil, fmt.Errorf("creating internet gateway %s: %w", name, err)
	}
	for i, each := range subnets[public] {
		if _, err := b.defaultRoute(public, i, each, &ec2.RouteArgs{GatewayId: gateway.ID()}); err != nil {
			return nil, nil, err
		}
	}
	return b.nat(gateway, subnets)
}

func (b *builder) nat(internet *ec2.InternetGateway, subnets map[tier][]subnet) (pulumi.StringMap, []pulumi.Resource, error) {
	gateways := pulumi.StringMap{}
	if b.settings.NATGateways == network.NATNone {
		return gateways, nil, nil
	}
	var gateway *ec2.NatGateway
	var routes []pulumi.Resource
	for i, each := range subnets[private] {
		if gateway == nil || b.settings.NATGateways == network.NATPerAZ {
			letter := b.plan[i].Zone.Letter
			var err error
			if gateway, err = b.natGateway(letter, subnets[public][i], internet); err != nil {
				return nil, nil, err
			}
			gateways[letter] = gateway.ID().ToStringOutput()
		}
		route, err := b.defaultRoute(private, i, each, &ec2.RouteArgs{NatGatewayId: gateway.ID()})
		if err != nil {
			return nil, nil, err
		}
		routes = append(routes, route)
	}
	return gateways, routes, nil
}

// natGateway creates a NAT gateway and its address in a public subnet. Both depend on the internet gateway: AWS fails one that
// starts before the VPC has it (Gateway.NotAttached), and cannot detach it before their addresses are gone.
func (b *builder) natGateway(letter string, home subnet, internet *ec2.InternetGateway) (*ec2.NatGateway, error) {
	name := b.Name("nat", letter)
	attached := pulumi.DependsOn([]pulumi.Resource{internet})
	address, err := ec2.NewEip(b.ctx, name, &ec2.EipArgs{
		Domain: pulumi.String("vpc"),
		Tags:   b.Tags(name),
	}, b.Options(attached)...)
	if err != nil {
		return nil, fmt.Errorf("allocating address of NAT gateway %s: %w", name, err)
	}
	gateway, err := ec2.NewNatGateway(b.ctx, name, &ec2.NatGatewayArgs{
		AllocationId: address.ID(),
		SubnetId:     home.ID(),
		Tags:         b.Tags(name),
	}, b.Options(attached)...)
	if err != nil {
		return nil, fmt.Errorf("creating NAT gateway %s: %w", name, err)
	}
	return gateway, nil
}

// defaultRoute routes everything outside the VPC, from a subnet of the tier in the zone at this place of the plan, to the
// gateway that target names.
func (b *builder) defaultRoute(tier tier, zone int, from subnet, target *ec2.RouteArgs) (*ec2.Route, error) {
	name := b.Name(string(tier), "internet", b.plan[zone].Zone.Letter)
	target.RouteTableId = from.table.ID()
	target.DestinationCidrBlock = pulumi.String(anywhere)
	route, err := ec2.NewRoute(b.ctx, name, target, b.Options()...)
	if err != nil {
		return nil, fmt.Errorf("creating route %s: %w", name, err)
	}
	return route, nil
}
