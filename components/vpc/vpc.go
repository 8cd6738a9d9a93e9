// Package vpc provides the network of a three-tier stack: public subnets for load balancers and NAT gateways,
// private subnets for instances, and data subnets for databases, one of each in every zone.
//
// Data subnets have no route out of the VPC. Each tier has a network ACL of its own; what may talk to what inside
// the VPC is decided by security groups (package securitygroups).
package vpc

import (
	"fmt"

	"ha-web/internal/component"
	"ha-web/internal/subnets"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Type is the type token of a Vpc.
const Type = "ha-web:index:Vpc"

// Vpc is a VPC with its subnets, gateways, routes, network ACLs, endpoints and flow logs.
//
// Pass on its outputs, or what PrivateEgress holds, but never the Vpc itself to pulumi.DependsOn: that waits for
// every part of it, NAT gateways included.
type Vpc struct {
	pulumi.ResourceState

	VpcID            pulumi.IDOutput          `pulumi:"vpcId"`
	PublicSubnetIDs  pulumi.StringArrayOutput `pulumi:"publicSubnetIds"`
	PrivateSubnetIDs pulumi.StringArrayOutput `pulumi:"privateSubnetIds"`
	DataSubnetIDs    pulumi.StringArrayOutput `pulumi:"dataSubnetIds"`

	// EndpointSecurityGroupID is the security group of the interface endpoints, nil where there are none.
	EndpointSecurityGroupID pulumi.StringInput

	// NATGatewayIDs are the NAT gateways, by the letter of their zone.
	NATGatewayIDs pulumi.StringMap

	// PrivateEgress is what an instance in a private subnet needs before it boots: the routes to the NAT gateways and
	// the endpoints. An Auto Scaling group depends on it, or its first instances fail their health check (field note
	// VPC-2). A database has no use for it and must not wait two minutes for NAT gateways.
	PrivateEgress []pulumi.Resource
}

// New creates a Vpc. It returns every fault of args at once, before it registers anything.
func New(ctx *pulumi.Context, name string, args *Args, opts ...pulumi.ResourceOption) (*Vpc, error) {
	if args == nil {
		args = &Args{}
	}
	settings := args.withDefaults()
	plan, err := settings.plan()
	if err != nil {
		return nil, fmt.Errorf("vpc %s: %w", name, err)
	}
	vpc := &Vpc{}
	if err := ctx.RegisterComponentResourceV2(Type, name, settings.inputs(), vpc, opts...); err != nil {
		return nil, fmt.Errorf("registering vpc %s: %w", name, err)
	}
	build := &builder{
		Children: component.ChildrenOf(vpc, name, settings.Tags).Bounded(settings.PermissionsBoundary),
		ctx:      ctx,
		args:     settings,
		plan:     plan,
		subnets:  map[tier][]*ec2.Subnet{},
		tables:   map[tier][]*ec2.RouteTable{},
		gateways: pulumi.StringMap{},
	}
	if err := build.all(); err != nil {
		return nil, err
	}

	vpc.VpcID = build.vpc.ID()
	vpc.PublicSubnetIDs = ids(build.subnets[public])
	vpc.PrivateSubnetIDs = ids(build.subnets[private])
	vpc.DataSubnetIDs = ids(build.subnets[data])
	vpc.NATGatewayIDs = build.gateways
	vpc.PrivateEgress = build.egress
	if build.endpointGroup != nil {
		vpc.EndpointSecurityGroupID = build.endpointGroup.ID()
	}
	return vpc, ctx.RegisterResourceOutputs(vpc, pulumi.Map{
		"vpcId":            vpc.VpcID,
		"publicSubnetIds":  vpc.PublicSubnetIDs,
		"privateSubnetIds": vpc.PrivateSubnetIDs,
		"dataSubnetIds":    vpc.DataSubnetIDs,
		"natGatewayIds":    vpc.NATGatewayIDs,
	})
}

// tier is one of the three layers of subnets; its value names resources.
type tier string

const (
	public  tier = "public"
	private tier = "private"
	data    tier = "data"
)

var tiers = []tier{public, private, data}

// builder holds what the steps of building a Vpc hand to one another.
type builder struct {
	component.Children
	ctx  *pulumi.Context
	args Args
	plan []subnets.Subnets

	vpc           *ec2.Vpc
	subnets       map[tier][]*ec2.Subnet     // in the order of plan
	tables        map[tier][]*ec2.RouteTable // in the order of plan
	gateways      pulumi.StringMap           // by the letter of their zone
	endpointGroup *ec2.SecurityGroup
	egress        []pulumi.Resource
}

func (b *builder) all() error {
	for _, step := range []func() error{
		b.network, b.defaultGroup, b.subnetTiers, b.internet, b.networkACLs,
		b.gatewayEndpoint, b.interfaceEndpoints, b.flowLogs,
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func (b *builder) network() error {
	name := b.Name("vpc")
	vpc, err := ec2.NewVpc(b.ctx, name, &ec2.VpcArgs{
		CidrBlock: pulumi.String(b.args.CIDR),
		// Private DNS of interface endpoints needs both (field note VPC-11).
		EnableDnsSupport:   pulumi.Bool(true),
		EnableDnsHostnames: pulumi.Bool(true),
		Tags:               b.Tags(name),
	}, b.Options()...)
	if err != nil {
		return fmt.Errorf("creating VPC %s: %w", name, err)
	}
	b.vpc = vpc
	return nil
}

// defaultGroup adopts the VPC's default security group and leaves it without rules, so that whatever is started
// without a group of its own reaches nothing (Security Hub EC2.2).
func (b *builder) defaultGroup() error {
	name := b.Name("default")
	_, err := ec2.NewDefaultSecurityGroup(b.ctx, name, &ec2.DefaultSecurityGroupArgs{
		VpcId:   b.vpc.ID(),
		Ingress: ec2.DefaultSecurityGroupIngressArray{},
		Egress:  ec2.DefaultSecurityGroupEgressArray{},
		Tags:    b.Tags(name),
	}, b.Options()...)
	if err != nil {
		return fmt.Errorf("emptying default security group %s: %w", name, err)
	}
	return nil
}

func ids(list []*ec2.Subnet) pulumi.StringArrayOutput {
	ids := make(pulumi.StringArray, len(list))
	for i, subnet := range list {
		ids[i] = subnet.ID()
	}
	return ids.ToStringArrayOutput()
}
