// Package securitygroups provides the security groups of a three-tier stack, chained: each tier accepts connections only from the
// tier in front of it, by the id of its group, so that the rules hold as instances come and go.
//
// Groups have no inline rules. Every rule is a resource of its own, in both directions: the provider removes the egress rule that
// AWS gives each group, which allows everything (Pulumi Registry, aws.ec2.SecurityGroup, note on egress rules).
package securitygroups

import (
	"fmt"

	"ha-web/internal/component"
	"ha-web/internal/parts"
	"ha-web/internal/settings/web"

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
	AppSecurityGroupID      pulumi.StringOutput      `pulumi:"appSecurityGroupId"`
	DatabaseSecurityGroupID pulumi.StringOutput      `pulumi:"databaseSecurityGroupId"`
	// ProxySecurityGroupID is the group of the database proxy, nil where there is none.
	ProxySecurityGroupID pulumi.StringInput `pulumi:"proxySecurityGroupId"`

	// Rules are what an instance needs before it boots: groups without their rules let nothing through.
	Rules []pulumi.Resource
}

// New creates a Chain. It returns every fault of args at once, before it registers anything.
func New(ctx *pulumi.Context, name string, args *Args, opts ...pulumi.ResourceOption) (*Chain, error) {
	args, facts, err := component.ArgsOr(args).resolve()
	if err != nil {
		return nil, fmt.Errorf("security groups %s: %w", name, err)
	}
	chain := &Chain{}
	if err := component.Register(ctx, Type, name, facts, chain, opts...); err != nil {
		return nil, err
	}
	build := &builder{
		Children: parts.ChildrenOf(chain, name, args.Shared),
		ctx:      ctx,
		args:     args,
		facts:    facts,
	}
	if err := build.all(chain); err != nil {
		return nil, err
	}
	return chain, component.RegisterOutputs(ctx, chain)
}

// builder creates the children of a Chain. Its steps get what they need from others, and return what they make.
type builder struct {
	parts.Children
	ctx   *pulumi.Context
	args  *Args
	facts *facts
}

// all creates everything, and sets the outputs of the Chain.
func (b *builder) all(chain *Chain) error {
	groups, err := b.groups()
	if err != nil {
		return err
	}
	if chain.Rules, err = b.rules(groups); err != nil {
		return err
	}
	front := pulumi.StringArray{groups[alb].ID()}
	if group := groups[albFromCloudFront]; group != nil {
		front = append(front, group.ID())
	}
	chain.ALBSecurityGroupIDs = front.ToStringArrayOutput()
	chain.AppSecurityGroupID = groups[app].ID().ToStringOutput()
	chain.DatabaseSecurityGroupID = groups[db].ID().ToStringOutput()
	if group := groups[proxy]; group != nil {
		chain.ProxySecurityGroupID = group.ID().ToStringOutput()
	}
	return nil
}

func (b *builder) groups() (map[party]*ec2.SecurityGroup, error) {
	groups := map[party]*ec2.SecurityGroup{}
	for _, party := range b.facts.groups() {
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
	for _, hop := range b.facts.hops() {
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

// role returns the role of the rule of one party, such as app-from-alb.
func (h hop) role(party party, direction string, other party) string {
	role := string(party) + "-" + direction + "-" + string(other)
	if h.name != "" {
		role += "-" + h.name
	}
	return role
}

// peer is what identifies a party in a rule: one of these.
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
	if b.facts.Ingress == web.CloudFront {
		list := ec2.LookupManagedPrefixListOutput(b.ctx, ec2.LookupManagedPrefixListOutputArgs{
			Name: pulumi.String("com.amazonaws.global.cloudfront.origin-facing"),
		}, b.Parent())
		peers[cloudFront] = peer{prefixList: list.Id().ToStringPtrOutput()}
	}
	return peers
}
