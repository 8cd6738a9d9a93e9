// Package vpc provides the network of a three-tier stack: public subnets for load balancers and NAT gateways,
// private subnets for instances, and data subnets for databases, one of each in every zone.
//
// Data subnets have no route out of the VPC. Each tier has a network ACL of its own; what may talk to what inside
// the VPC is decided by security groups (package securitygroups).
package vpc

import (
	"fmt"
	"slices"

	"ha-web/internal/component"
	"ha-web/internal/parts"
	"ha-web/internal/settings/network"

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

	VpcID            pulumi.StringOutput      `pulumi:"vpcId"`
	PublicSubnetIDs  pulumi.StringArrayOutput `pulumi:"publicSubnetIds"`
	PrivateSubnetIDs pulumi.StringArrayOutput `pulumi:"privateSubnetIds"`
	DataSubnetIDs    pulumi.StringArrayOutput `pulumi:"dataSubnetIds"`

	// AvailabilityZones are the names of the zones, in the order of the settings.
	AvailabilityZones pulumi.StringArrayOutput `pulumi:"availabilityZones"`
	// NATGatewayIDs are the NAT gateways, by the letter of their zone.
	NATGatewayIDs pulumi.StringMap `pulumi:"natGatewayIds"`
	// EndpointSecurityGroupID is the security group of the interface endpoints, nil where there are none.
	EndpointSecurityGroupID pulumi.StringInput `pulumi:"endpointSecurityGroupId"`

	// PrivateEgress is what an instance in a private subnet needs before it boots: the routes to the NAT gateways and the
	// endpoints. An Auto Scaling group depends on it, or its first instances fail their health check. A database does not
	// need it, and must not wait two minutes for NAT gateways.
	PrivateEgress []pulumi.Resource
}

// New creates a Vpc. It returns every fault of args at once, before it registers anything.
func New(ctx *pulumi.Context, name string, args *Args, opts ...pulumi.ResourceOption) (*Vpc, error) {
	args, err := component.ArgsOr(args).resolve()
	if err != nil {
		return nil, fmt.Errorf("vpc %s: %w", name, err)
	}
	vpc := &Vpc{}
	if err := component.Register(ctx, Type, name, args.Settings, vpc, opts...); err != nil {
		return nil, err
	}
	build := &builder{
		Children: parts.ChildrenOf(vpc, name, args.Shared),
		ctx:      ctx,
		settings: args.Settings,
		plan:     args.Settings.Subnets(),
	}
	if err := build.all(vpc); err != nil {
		return nil, err
	}
	return vpc, component.RegisterOutputs(ctx, vpc)
}

// tier is one of the three layers of subnets; its value names resources.
type tier string

const (
	public  tier = "public"
	private tier = "private"
	data    tier = "data"
)

var tiers = []tier{public, private, data}

// builder creates the children of a Vpc. Its steps get what they need from others, and return what they make.
type builder struct {
	parts.Children
	ctx      *pulumi.Context
	settings *Settings
	plan     []network.Subnets
	vpc      *ec2.Vpc
}

// all creates everything, and sets the outputs of the Vpc.
func (b *builder) all(vpc *Vpc) (err error) {
	if b.vpc, err = b.network(); err != nil {
		return err
	}
	if err := b.defaultGroup(); err != nil {
		return err
	}
	subnets, err := b.subnetTiers()
	if err != nil {
		return err
	}
	gateways, routes, err := b.internet(subnets)
	if err != nil {
		return err
	}
	if err := b.networkACLs(subnets); err != nil {
		return err
	}
	s3, err := b.gatewayEndpoint(subnets)
	if err != nil {
		return err
	}
	group, services, err := b.interfaceEndpoints(subnets[private])
	if err != nil {
		return err
	}
	if err := b.flowLogs(); err != nil {
		return err
	}
	vpc.VpcID = b.vpc.ID().ToStringOutput()
	vpc.PublicSubnetIDs = ids(subnets[public]).ToStringArrayOutput()
	vpc.PrivateSubnetIDs = ids(subnets[private]).ToStringArrayOutput()
	vpc.DataSubnetIDs = ids(subnets[data]).ToStringArrayOutput()
	vpc.AvailabilityZones = pulumi.ToStringArray(b.settings.AvailabilityZones).ToStringArrayOutput()
	vpc.NATGatewayIDs = gateways
	if group != nil {
		vpc.EndpointSecurityGroupID = group.ID().ToStringOutput()
	}
	vpc.PrivateEgress = slices.Concat(associations(subnets[private]), routes, []pulumi.Resource{s3}, services)
	return nil
}

func (b *builder) network() (*ec2.Vpc, error) {
	name := b.Name("vpc")
	vpc, err := ec2.NewVpc(b.ctx, name, &ec2.VpcArgs{
		CidrBlock: pulumi.String(b.settings.CIDR),
		// Private DNS of interface endpoints requires both (AWS PrivateLink guide, "Private DNS").
		EnableDnsSupport:   pulumi.Bool(true),
		EnableDnsHostnames: pulumi.Bool(true),
		Tags:               b.Tags(name),
	}, b.Options()...)
	if err != nil {
		return nil, fmt.Errorf("creating VPC %s: %w", name, err)
	}
	return vpc, nil
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
