// Package webtier provides a web tier: an Application Load Balancer and an Auto Scaling group of instances that spreads over
// Availability Zones, replaces unhealthy instances, scales with the load and ahead of scheduled events, and rolls out a release in
// steps, which stop when it is unhealthy.
//
// Nothing in it waits for a database: the health check does not query one, and instances look up how to connect when they need to.
package webtier

import (
	"fmt"
	"slices"

	"ha-web/internal/component"
	"ha-web/internal/parts"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Type is the type token of a WebTier.
const Type = "ha-web:index:WebTier"

// WebTier is an Application Load Balancer and an Auto Scaling group behind it. The load balancer costs about 16 USD a month, and
// 6 USD for each capacity unit of load.
type WebTier struct {
	pulumi.ResourceState

	// Origin is the load balancer as CloudFront reaches it.
	Origin parts.Origin `pulumi:"origin"`
	// DNSRecords are the records that someone has to create, as lines of a zone file: none with a hosted zone.
	DNSRecords pulumi.StringArray `pulumi:"dnsRecords"`
	// DNSName is the load balancer's own name.
	DNSName pulumi.StringOutput `pulumi:"dnsName"`
	// HostedZoneID is the hosted zone of that name, for alias records that resolve to it.
	HostedZoneID pulumi.StringOutput `pulumi:"hostedZoneId"`
	// LoadBalancerSuffix and TargetGroupSuffix are dimensions of CloudWatch metrics.
	LoadBalancerSuffix pulumi.StringOutput `pulumi:"loadBalancerSuffix"`
	TargetGroupSuffix  pulumi.StringOutput `pulumi:"targetGroupSuffix"`
	TargetGroupARN     pulumi.StringOutput `pulumi:"targetGroupArn"`
	// ListenerARN is the listener that forwards requests, to which further listener rules belong.
	ListenerARN          pulumi.StringOutput `pulumi:"listenerArn"`
	AutoScalingGroupName pulumi.StringOutput `pulumi:"autoScalingGroupName"`
	LaunchTemplateID     pulumi.StringOutput `pulumi:"launchTemplateId"`
	ImageID              pulumi.StringOutput `pulumi:"imageId"` // of the instances that are launched
	// RoleName is the role of the instances, to which further policies can be attached.
	RoleName pulumi.StringOutput `pulumi:"roleName"`
	// LogGroupName is the log group of the instances.
	LogGroupName pulumi.StringOutput `pulumi:"logGroupName"`

	// HeldSecretARNs are the secrets whose values Pulumi keeps in its state, and reads back.
	HeldSecretARNs []pulumi.StringInput
}

// New creates a WebTier. It returns every fault of args at once, before it registers anything.
func New(ctx *pulumi.Context, name string, args *Args, opts ...pulumi.ResourceOption) (*WebTier, error) {
	args, err := component.ArgsOr(args).resolve(name)
	if err != nil {
		return nil, fmt.Errorf("web tier %s: %w", name, err)
	}
	tier := &WebTier{}
	if err := component.Register(ctx, Type, name, args.Settings, tier, opts...); err != nil {
		return nil, err
	}
	build := &builder{Children: parts.ChildrenOf(tier, name, args.Shared), ctx: ctx, args: args, settings: args.Settings}
	build.place = build.Place(ctx)
	if err := build.all(tier); err != nil {
		return nil, err
	}
	return tier, component.RegisterOutputs(ctx, tier)
}

// builder creates the children of a WebTier. Its steps get what they need from others, and return what they make.
type builder struct {
	parts.Children
	ctx      *pulumi.Context
	args     *Args
	settings *Settings
	place    parts.Place
}

// all creates everything, and sets the outputs of the WebTier.
func (b *builder) all(tier *WebTier) error {
	routes, err := b.front(tier)
	if err != nil {
		return err
	}
	logs, err := b.logGroup()
	if err != nil {
		return err
	}
	role, rights, err := b.instanceRole()
	if err != nil {
		return err
	}
	profile, err := b.instanceProfile(role)
	if err != nil {
		return err
	}
	image, err := b.image()
	if err != nil {
		return err
	}
	template, err := b.launchTemplate(image, profile, logs)
	if err != nil {
		return err
	}
	group, err := b.autoScalingGroup(tier.TargetGroupARN, template, slices.Concat(b.args.Await, rights, routes))
	if err != nil {
		return err
	}
	label := pulumi.Sprintf("%s/%s", tier.LoadBalancerSuffix, tier.TargetGroupSuffix)
	if err := b.scalingPolicies(group, label, routes); err != nil {
		return err
	}
	if err := b.schedules(group); err != nil {
		return err
	}
	tier.RoleName = role.Name
	tier.LogGroupName = logs.Name
	tier.ImageID = image.ToStringOutput()
	tier.LaunchTemplateID = template.ID().ToStringOutput()
	tier.AutoScalingGroupName = group.Name
	return nil
}

// front creates the load balancer, and sets the outputs about it. It returns what forwards requests to the target group.
func (b *builder) front(tier *WebTier) (routes []pulumi.Resource, err error) {
	balancer, err := b.loadBalancer()
	if err != nil {
		return nil, err
	}
	targets, err := b.targetGroup()
	if err != nil {
		return nil, err
	}
	certificate, err := b.RequestCertificate(b.ctx, "alb", b.args.Certificate)
	if err != nil {
		return nil, err
	}
	values, err := b.originHeader()
	if err != nil {
		return nil, err
	}
	tier.Origin = parts.Origin{Host: b.args.Certificate.HostName(balancer.DnsName), PlainHTTP: b.args.PlainHTTP}
	if len(values) > 0 {
		tier.Origin.HeaderName, tier.Origin.HeaderValues = b.settings.OriginHeader.Name, headerValues(values)
	}
	listener, routes, err := b.listeners(balancer, targets, certificate, tier.Origin)
	if err != nil {
		return nil, err
	}
	err = b.CreateRecords(b.ctx, "alb", b.args.Certificate, certificate, parts.Target{
		DNSName: balancer.DnsName, ZoneID: balancer.ZoneId, CheckHealth: true,
	})
	if err != nil {
		return nil, err
	}
	tier.DNSRecords = append(b.args.Certificate.MissingRecords(balancer.DnsName), certificate.Missing...)
	tier.DNSName = balancer.DnsName
	tier.HostedZoneID = balancer.ZoneId
	tier.LoadBalancerSuffix = balancer.ArnSuffix
	tier.TargetGroupSuffix = targets.ArnSuffix
	tier.TargetGroupARN = targets.Arn
	tier.ListenerARN = listener.Arn
	tier.HeldSecretARNs = parts.SecretARNs(values)
	return routes, nil
}

func headerValues(values []parts.HeaderValue) pulumi.StringArray {
	var list pulumi.StringArray
	for _, each := range values {
		list = append(list, each.Value)
	}
	return list
}
