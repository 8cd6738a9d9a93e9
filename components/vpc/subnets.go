package vpc

import (
	"fmt"
	"net/netip"

	"ha-web/internal/settings/network"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// of returns the address range that a zone's plan gives to the tier.
func (t tier) of(plan network.Subnets) netip.Prefix {
	switch t {
	case public:
		return plan.Public
	case private:
		return plan.Private
	default:
		return plan.Data
	}
}

// subnet is a subnet with its route table.
type subnet struct {
	*ec2.Subnet
	table       *ec2.RouteTable
	association *ec2.RouteTableAssociation
}

// subnetTiers creates a subnet of each tier in each zone, in the order of the plan. Each has a route table of its own: a table
// that two subnets share would tie their ways out together, and a subnet without one uses the VPC's main table.
func (b *builder) subnetTiers() (map[tier][]subnet, error) {
	subnets := map[tier][]subnet{}
	for _, tier := range tiers {
		for _, plan := range b.plan {
			created, err := b.subnet(tier, plan)
			if err != nil {
				return nil, err
			}
			subnets[tier] = append(subnets[tier], created)
		}
	}
	return subnets, nil
}

func (b *builder) subnet(tier tier, plan network.Subnets) (subnet, error) {
	name := b.Name(string(tier), plan.Zone.Letter)
	created, err := ec2.NewSubnet(b.ctx, name, &ec2.SubnetArgs{
		VpcId:            b.vpc.ID(),
		CidrBlock:        pulumi.String(tier.of(plan).String()),
		AvailabilityZone: pulumi.String(plan.Zone.Name),
		// Load balancers and NAT gateways have addresses of their own; nothing else is public (AWS Security Hub, EC2.15).
		MapPublicIpOnLaunch: pulumi.Bool(false),
		Tags:                b.Tags(name),
	}, b.Options()...)
	if err != nil {
		return subnet{}, fmt.Errorf("creating subnet %s: %w", name, err)
	}
	table, err := ec2.NewRouteTable(b.ctx, name, &ec2.RouteTableArgs{
		VpcId: b.vpc.ID(),
		Tags:  b.Tags(name),
	}, b.Options()...)
	if err != nil {
		return subnet{}, fmt.Errorf("creating route table %s: %w", name, err)
	}
	association, err := ec2.NewRouteTableAssociation(b.ctx, name, &ec2.RouteTableAssociationArgs{
		SubnetId: created.ID(), RouteTableId: table.ID(),
	}, b.Options()...)
	if err != nil {
		return subnet{}, fmt.Errorf("associating route table %s: %w", name, err)
	}
	return subnet{created, table, association}, nil
}

func ids(subnets []subnet) pulumi.StringArray {
	ids := make(pulumi.StringArray, len(subnets))
	for i, each := range subnets {
		ids[i] = each.ID().ToStringOutput()
	}
	return ids
}

func associations(subnets []subnet) []pulumi.Resource {
	associations := make([]pulumi.Resource, len(subnets))
	for i, each := range subnets {
		associations[i] = each.association
	}
	return associations
}
