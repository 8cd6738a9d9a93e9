package vpc

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const anywhere = "0.0.0.0/0"

// internet gives public subnets a route to the internet gateway, and private subnets one to a NAT gateway. Data
// subnets get neither.
func (b *builder) internet() error {
	name := b.Name("internet")
	gateway, err := ec2.NewInternetGateway(b.ctx, name, &ec2.InternetGatewayArgs{
		VpcId: b.vpc.ID(),
		Tags:  b.Tags(name),
	}, b.Options()...)
	if err != nil {
		return fmt.Errorf("creating internet gateway %s: %w", name, err)
	}
	for i := range b.plan {
		if _, err := b.defaultRoute(public, i, &ec2.RouteArgs{GatewayId: gateway.ID()}); err != nil {
			return err
		}
	}
	return b.nat(gateway)
}

func (b *builder) nat(internet *ec2.InternetGateway) error {
	if b.args.NATGateways == NATNone {
		return nil
	}
	var gateway *ec2.NatGateway
	for i := range b.plan {
		if gateway == nil || b.args.NATGateways == NATPerAZ {
			var err error
			if gateway, err = b.natGateway(i, internet); err != nil {
				return err
			}
		}
		route, err := b.defaultRoute(private, i, &ec2.RouteArgs{NatGatewayId: gateway.ID()})
		if err != nil {
			return err
		}
		b.egress = append(b.egress, route)
	}
	return nil
}

// natGateway creates a NAT gateway and its address in the public subnet of the zone at this place of the plan. Both
// depend on the internet gateway: AWS fails one that starts before the VPC has it (Gateway.NotAttached, field note
// VPC-3), and cannot detach it before their addresses are gone (VPC-17).
func (b *builder) natGateway(zone int, internet *ec2.InternetGateway) (*ec2.NatGateway, error) {
	name := b.Name("nat", b.plan[zone].Zone.Letter)
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
		SubnetId:     b.subnets[public][zone].ID(),
		Tags:         b.Tags(name),
	}, b.Options(attached)...)
	if err != nil {
		return nil, fmt.Errorf("creating NAT gateway %s: %w", name, err)
	}
	b.gateways[b.plan[zone].Zone.Letter] = gateway.ID().ToStringOutput()
	return gateway, nil
}

// defaultRoute routes everything outside the VPC, from the tier's subnet in the zone at this place of the plan, to the
// gateway that target names.
func (b *builder) defaultRoute(tier tier, zone int, target *ec2.RouteArgs) (*ec2.Route, error) {
	name := b.Name(string(tier), "internet", b.plan[zone].Zone.Letter)
	target.RouteTableId = b.tables[tier][zone].ID()
	target.DestinationCidrBlock = pulumi.String(anywhere)
	route, err := ec2.NewRoute(b.ctx, name, target, b.Options()...)
	if err != nil {
		return nil, fmt.Errorf("creating route %s: %w", name, err)
	}
	return route, nil
}
