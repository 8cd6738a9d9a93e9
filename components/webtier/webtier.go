// Package webtier provides a fleet of application servers that heals itself, behind a load balancer: it spreads over
// zones, grows with its load and before known rushes, and takes a new release in steps, which a bad one does not survive.
//
// Nothing in it waits for a database: /health does not ask one, and instances find out how to connect when they need to.
package webtier

import (
	"fmt"

	"ha-web/internal/fleet"
	"ha-web/internal/parts"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/autoscaling"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lb"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Type is the type token of a WebTier.
const Type = "ha-web:index:WebTier"

// WebTier is an Application Load Balancer, about 16 USD a month and 6 USD for each unit of load, and an Auto Scaling
// group behind it.
type WebTier struct {
	pulumi.ResourceState

	// HostName is the name to reach it by: the first of its host names, or else its own.
	HostName pulumi.StringOutput `pulumi:"hostName"`
	// DNSRecords are the records that someone has to create, as lines of a zone file: none with a hosted zone.
	DNSRecords pulumi.StringArray
	// DNSName is the load balancer's own name.
	DNSName pulumi.StringOutput `pulumi:"dnsName"`
	// HostedZoneID is the zone of that name, for records that lead to it.
	HostedZoneID pulumi.StringOutput `pulumi:"hostedZoneId"`
	// LoadBalancerSuffix and TargetGroupSuffix are what alarms know the two by.
	LoadBalancerSuffix pulumi.StringOutput `pulumi:"loadBalancerSuffix"`
	TargetGroupSuffix  pulumi.StringOutput `pulumi:"targetGroupSuffix"`
	TargetGroupARN     pulumi.StringOutput `pulumi:"targetGroupArn"`
	// ListenerARN is the listener that forwards: further rules go there.
	ListenerARN          pulumi.StringOutput `pulumi:"listenerArn"`
	AutoScalingGroupName pulumi.StringOutput `pulumi:"autoScalingGroupName"`
	LaunchTemplateID     pulumi.IDOutput     `pulumi:"launchTemplateId"`
	// RoleName is the role of the instances, for whoever lets them do more.
	RoleName pulumi.StringOutput `pulumi:"roleName"`
	// LogGroupName is where the logs of the instances are.
	LogGroupName pulumi.StringOutput `pulumi:"logGroupName"`

	// OriginHeaderValue is the secret value that CloudFront has to send, and OriginSecretARN where it is kept. Both are nil
	// unless Ingress is CloudFront.
	OriginHeaderValue, OriginSecretARN pulumi.StringInput
	// OriginHeaderValues are all values that the load balancer takes, for further rules of its listener.
	OriginHeaderValues pulumi.StringArray
	// HeldSecretARNs are the secrets whose values Pulumi has in its state, and reads back.
	HeldSecretARNs []pulumi.StringInput
}

// New creates a WebTier. It returns every fault of args at once, before it registers anything.
func New(ctx *pulumi.Context, name string, args *Args, opts ...pulumi.ResourceOption) (*WebTier, error) {
	if args == nil {
		args = &Args{}
	}
	settings := args.withDefaults()
	if err := settings.validate(name); err != nil {
		return nil, fmt.Errorf("web tier %s: %w", name, err)
	}
	tier := &WebTier{}
	if err := ctx.RegisterComponentResourceV2(Type, name, settings.inputs(), tier, opts...); err != nil {
		return nil, fmt.Errorf("registering web tier %s: %w", name, err)
	}
	build := &builder{
		Children: parts.ChildrenOf(tier, name, settings.Shared),
		ctx:      ctx,
		name:     name,
		args:     settings,
		spec:     settings.spec(),
	}
	build.place = build.Place(ctx)
	if err := build.all(); err != nil {
		return nil, err
	}
	return tier, ctx.RegisterResourceOutputs(tier, build.outputs(tier))
}

// builder holds what the steps of building a WebTier hand to one another.
type builder struct {
	parts.Children
	ctx   *pulumi.Context
	name  string // of the component
	args  Args
	spec  fleet.Spec
	place parts.Place

	certificate parts.Issued
	balancer    *lb.LoadBalancer
	targets     *lb.TargetGroup
	listener    *lb.Listener
	origin      []parts.HeaderValue // the newest first
	routes      []pulumi.Resource   // what leads requests to the target group

	logs     *cloudwatch.LogGroup
	role     *iam.Role
	profile  *iam.InstanceProfile
	rights   []pulumi.Resource // what the role needs before an instance boots
	template *ec2.LaunchTemplate
	group    *autoscaling.Group
}

func (b *builder) all() error {
	for _, step := range []func() error{
		b.loadBalancer, b.targetGroup, b.certificates, b.originHeader, b.listeners, b.records,
		b.logGroup, b.instanceRole, b.launchTemplate, b.autoScalingGroup, b.scalingPolicies, b.schedules,
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// certificates sets the certificate of the load balancer.
func (b *builder) certificates() (err error) {
	b.certificate, err = b.RequestCertificate(b.ctx, "alb", b.args.Certificate)
	return err
}

// records leads the host names to the load balancer.
func (b *builder) records() error {
	return b.CreateRecords(b.ctx, "alb", b.args.Certificate, b.certificate, parts.Target{
		DNSName: b.balancer.DnsName, ZoneID: b.balancer.ZoneId, CheckHealth: true,
	})
}

// outputs sets the fields of the tier, and returns them as Pulumi keeps them in its state.
func (b *builder) outputs(tier *WebTier) pulumi.Map {
	tier.HostName = b.args.Certificate.HostName(b.balancer.DnsName)
	tier.DNSRecords = append(b.args.Certificate.MissingRecords(b.balancer.DnsName), b.certificate.Missing...)
	tier.DNSName = b.balancer.DnsName
	tier.HostedZoneID = b.balancer.ZoneId
	tier.LoadBalancerSuffix = b.balancer.ArnSuffix
	tier.TargetGroupSuffix = b.targets.ArnSuffix
	tier.TargetGroupARN = b.targets.Arn
	tier.ListenerARN = b.listener.Arn
	tier.AutoScalingGroupName = b.group.Name
	tier.LaunchTemplateID = b.template.ID()
	tier.RoleName = b.role.Name
	tier.LogGroupName = b.logs.Name
	outputs := pulumi.Map{
		"hostName":             tier.HostName,
		"dnsName":              tier.DNSName,
		"hostedZoneId":         tier.HostedZoneID,
		"loadBalancerSuffix":   tier.LoadBalancerSuffix,
		"targetGroupSuffix":    tier.TargetGroupSuffix,
		"targetGroupArn":       tier.TargetGroupARN,
		"listenerArn":          tier.ListenerARN,
		"autoScalingGroupName": tier.AutoScalingGroupName,
		"launchTemplateId":     tier.LaunchTemplateID,
		"roleName":             tier.RoleName,
		"logGroupName":         tier.LogGroupName,
	}
	tier.OriginHeaderValues, tier.HeldSecretARNs = b.originValues(), parts.SecretARNs(b.origin)
	if len(b.origin) > 0 {
		tier.OriginHeaderValue, tier.OriginSecretARN = b.origin[0].Value, b.origin[0].SecretARN
		outputs["originHeaderValue"], outputs["originSecretArn"] = tier.OriginHeaderValue, tier.OriginSecretARN
	}
	return outputs
}
