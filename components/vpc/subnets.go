package vpc

import (
	"fmt"
	"net/netip"

	"ha-web/internal/subnets"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// of returns the address range that a zone's plan gives to the tier.
func (t tier) of(plan subnets.Subnets) netip.Prefix {
	switch t {
	case public:
		return plan.Public
	case private:
		return plan.Private
	default:
		return plan.Data
	}
}

// subnetTiers creates a subnet of each tier in each zone, with a route table of its own: a table that two subnets
// share would tie their ways out together, and a subnet without one falls back on the VPC's main table.
func (b *builder) subnetTiers() error {
	for _, tier := range tiers {
		for _, plan := range b.plan {
			if err := b.subnet(tier, plan); err != nil {
				return err
			}
		}
	}
	return nil
}

func (b *builder) subnet(tier tier, plan subnets.Subnets) error {
	name := b.Name(string(tier), plan.Zone.Letter)
	subnet, err := ec2.NewSubnet(b.ctx, name, &ec2.SubnetArgs{
		VpcId:            b.vpc.ID(),
		CidrBlock:        pulumi.String(tier.of(plan).String()),
		AvailabilityZone: pulumi.String(plan.Zone.Name),
		// Load balancers and NAT gateways bring addresses of their own; nothing else is public (Security Hub EC2.15).
		MapPublicIpOnLaunch: pulumi.Bool(false),
		Tags:                b.Tags(name),
	}, b.Options()...)
	if err != nil {
		return fmt.Errorf("creating subnet %s: %w", name, err)
	}
	table, err := ec2.NewRouteTable(b.ctx, name, &ec2.RouteTableArgs{
		VpcId: b.vpc.ID(),
		Tags:  b.Tags(name),
	}, b.Options()...)
	if err != nil {
		return fmt.Errorf("creating route table %s: %w", name, err)
	}
	association, err := ec2.NewRouteTableAssociation(b.ctx, name, &ec2.RouteTableAssociationArgs{
		SubnetId: subnet.ID(), RouteTableId: table.ID(),
	}, b.Options()...)
	if err != nil {
		return fmt.Errorf("associating route table %s: %w", name, err)
	}
	if tier == private {
		b.egress = append(b.egress, association)
	}
	b.subnets[tier] = append(b.subnets[tier], subnet)
	b.tables[tier] = append(b.tables[tier], table)
	return nil
}
