// Package securitygroups provides the security groups of a three-tier stack, chained: each tier admits only the tier
// in front of it, by the id of its group, so the rules hold as instances come and go (document 002).
//
// Groups have no inline rules. Every rule is a resource of its own, in both directions: the provider takes AWS's
// allow-all egress away from each group it creates (field note VPC-9).
package securitygroups

import (
	"fmt"

	"ha-web/internal/component"
	"ha-web/internal/parts"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	awsvpc "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/vpc"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Type is the type token of a Chain.
const Type = "ha-web:index:Chain"

// Chain is one security group for each tier, and the rules between them.
type Chain struct {
	pulumi.ResourceState

	ALBSecurityGroupIDs     pulumi.StringArrayOutput `pulumi:"albSecurityGroupIds"` // all of them go on the load balancer
	AppSecurityGroupID      pulumi.IDOutput          `pulumi:"appSecurityGroupId"`
	DatabaseSecurityGroupID pulumi.IDOutput          `pulumi:"databaseSecurityGroupId"`

	// ProxySecurityGroupID is the group of the database proxy, nil where there is none.
	ProxySecurityGroupID pulumi.StringInput

	// Rules are what an instance needs before it boots, as groups without their rules let nothing through.
	Rules []pulumi.Resource
}

// New creates a Chain. It returns every fault of args at once, before it registers anything.
func New(ctx *pulumi.Context, name string, args *Args, opts ...pulumi.ResourceOption) (*Chain, error) {
	if args == nil {
		args = &Args{}
	}
	settings := args.withDefaults()
	if err := settings.validate(); err != nil {
		return nil, fmt.Errorf("security groups %s: %w", name, err)
	}
	chain := &Chain{}
	if err := ctx.RegisterComponentResourceV2(Type, name, settings.inputs(), chain, opts...); err != nil {
		return nil, fmt.Errorf("registering security groups %s: %w", name, err)
	}
	build := &builder{Children: parts.ChildrenOf(chain, name, settings.Shared), ctx: ctx, args: settings}
	groups, err := build.groups()
	if err != nil {
		return nil, err
	}
	if chain.Rules, err = build.rules(groups); err != nil {
		return nil, err
	}

	front := pulumi.StringArray{groups[alb].ID()}
	if group := groups[albFromCloudFront]; group != nil {
		front = append(front, group.ID())
	}
	chain.ALBSecurityGroupIDs = front.ToStringArrayOutput()
	chain.AppSecurityGroupID = groups[app].ID()
	chain.DatabaseSecurityGroupID = groups[database].ID()
	outputs := pulumi.Map{
		"albSecurityGroupIds":     chain.ALBSecurityGroupIDs,
		"appSecurityGroupId":      chain.AppSecurityGroupID,
		"databaseSecurityGroupId": chain.DatabaseSecurityGroupID,
	}
	if group := groups[proxy]; group != nil {
		chain.ProxySecurityGroupID = group.ID()
		outputs["proxySecurityGroupId"] = chain.ProxySecurityGroupID
	}
	return chain, ctx.RegisterResourceOutputs(chain, outputs)
}

// builder holds what the steps of building a Chain hand to one another.
type builder struct {
	parts.Children
	ctx  *pulumi.Context
	args Args
}

func (b *builder) groups() (map[party]*ec2.SecurityGroup, error) {
	groups := map[party]*ec2.SecurityGroup{}
	for _, party := range b.args.groups() {
		name := b.Name(string(party))
		group, err := ec2.NewSecurityGroup(b.ctx, name, &ec2.SecurityGroupArgs{
			VpcId:       b.args.VpcID,
			Description: pulumi.String(groupDescriptions[party]),
			Tags:        b.Tags(name),
		}, b.Options()...)
		if err != nil {
			return nil, fmt.Errorf("creating security group %s: %w", name, err)
		}
		groups[party] = group
	}
	return groups, nil
}

// rules creates the rules of each hop.
func (b *builder) rules(groups map[party]*ec2.SecurityGroup) ([]pulumi.Resource, error) {
	peers := b.peers(groups)
	var rules []pulumi.Resource
	for _, hop := range b.args.hops() {
		if group := groups[hop.from]; group != nil {
			rule, err := b.egress(group, hop, peers[hop.to])
			if err != nil {
				return nil, err
			}
			rules = append(rules, rule)
		}
		if group := groups[hop.to]; group != nil {
			rule, err := b.ingress(group, hop, peers[hop.from])
			if err != nil {
				return nil, err
			}
			rules = append(rules, rule)
		}
	}
	return rules, nil
}

func (b *builder) egress(group *ec2.SecurityGroup, hop hop, to peer) (pulumi.Resource, error) {
	name := b.Name(hop.role(hop.from, "to", hop.to))
	rule, err := awsvpc.NewSecurityGroupEgressRule(b.ctx, name, &awsvpc.SecurityGroupEgressRuleArgs{
		SecurityGroupId:           group.ID(),
		CidrIpv4:                  to.cidr,
		ReferencedSecurityGroupId: to.group,
		IpProtocol:                pulumi.String("tcp"),
		FromPort:                  pulumi.Int(hop.port),
		ToPort:                    pulumi.Int(hop.port),
		Description:               pulumi.String(hop.why),
		Tags:                      b.Tags(name),
	}, b.Options()...)
	if err != nil {
		return nil, fmt.Errorf("creating security group rule %s: %w", name, err)
	}
	return rule, nil
}

func (b *builder) ingress(group *ec2.SecurityGroup, hop hop, from peer) (pulumi.Resource, error) {
	name := b.Name(hop.role(hop.to, "from", hop.from))
	rule, err := awsvpc.NewSecurityGroupIngressRule(b.ctx, name, &awsvpc.SecurityGroupIngressRuleArgs{
		SecurityGroupId:           group.ID(),
		CidrIpv4:                  from.cidr,
		PrefixListId:              from.prefixList,
		ReferencedSecurityGroupId: from.group,
		IpProtocol:                pulumi.String("tcp"),
		FromPort:                  pulumi.Int(hop.port),
		ToPort:                    pulumi.Int(hop.port),
		Description:               pulumi.String(hop.why),
		Tags:                      b.Tags(name),
	}, b.Options()...)
	if err != nil {
		return nil, fmt.Errorf("creating security group rule %s: %w", name, err)
	}
	return rule, nil
}

// role returns what the hop's rule of one party is called, such as app-from-alb.
func (h hop) role(party party, direction string, other party) string {
	role := string(party) + "-" + direction + "-" + string(other)
	if h.name != "" {
		role += "-" + h.name
	}
	return role
}

// peer is how a rule names a party: by one of these.
type peer struct {
	cidr, group, prefixList pulumi.StringPtrInput
}

func (b *builder) peers(groups map[party]*ec2.SecurityGroup) map[party]peer {
	peers := map[party]peer{internet: {cidr: pulumi.String("0.0.0.0/0")}}
	for party, group := range groups {
		peers[party] = peer{group: group.ID().ToStringPtrOutput()}
	}
	if b.args.EndpointSecurityGroupID != nil {
		peers[endpoints] = peer{group: component.Optional(b.args.EndpointSecurityGroupID)}
	}
	if b.args.Ingress == CloudFront {
		list := ec2.LookupManagedPrefixListOutput(b.ctx, ec2.LookupManagedPrefixListOutputArgs{
			Name: pulumi.String("com.amazonaws.global.cloudfront.origin-facing"),
		}, b.Parent())
		peers[cloudFront] = peer{prefixList: list.Id().ToStringPtrOutput()}
	}
	return peers
}
