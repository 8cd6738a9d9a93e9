// Package cdn provides the front door of a site: a CloudFront distribution that takes static files from a private bucket
// and pages from an origin, such as a load balancer, with a firewall before both. While the origin is down, it shows a page
// of one's own. A network of one's own, such as Akamai, can stand before it.
package cdn

import (
	"fmt"

	"ha-web/internal/parts"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudfront"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Type is the type token of a Cdn.
const Type = "ha-web:index:Cdn"

// Cdn is a CloudFront distribution, free up to 1 TB and 10 million requests a month, and its firewall, about 11 USD.
type Cdn struct {
	pulumi.ResourceState

	// URL is where the site is.
	URL pulumi.StringOutput `pulumi:"url"`
	// DomainName is the distribution's own name, and HostedZoneID the zone of that name, for records that lead to it.
	// Where the Cdn is disabled, these and the following are empty.
	DomainName     pulumi.StringOutput `pulumi:"domainName"`
	HostedZoneID   pulumi.StringOutput `pulumi:"hostedZoneId"`
	DistributionID pulumi.StringOutput `pulumi:"distributionId"`
	// DistributionARN is for whoever may invalidate its files.
	DistributionARN pulumi.StringOutput `pulumi:"distributionArn"`
	// StaticBucketName and StaticBucketARN are where static files go.
	StaticBucketName pulumi.StringOutput `pulumi:"staticBucketName"`
	StaticBucketARN  pulumi.StringOutput `pulumi:"staticBucketArn"`
	// FirewallName is what metrics of AWS WAF, in us-east-1, know the firewall by.
	FirewallName pulumi.StringOutput `pulumi:"firewallName"`
	// EdgeOriginHost, EdgeHeaderName and EdgeHeaderSecretARN are what the network before CloudFront must be told: where to
	// send requests, and with which header, whose value Secrets Manager keeps. Without such a network they are empty.
	EdgeOriginHost      pulumi.StringOutput `pulumi:"edgeOriginHost"`
	EdgeHeaderName      pulumi.StringOutput `pulumi:"edgeHeaderName"`
	EdgeHeaderSecretARN pulumi.StringOutput `pulumi:"edgeHeaderSecretArn"`
	// HeldSecretARNs are the secrets whose values Pulumi has in its state, and reads back, and HeldBucketARNs the buckets with
	// files that it does so with.
	HeldSecretARNs, HeldBucketARNs []pulumi.StringInput
	// DNSRecords are the records that someone has to create, as lines of a zone file: none with a hosted zone.
	DNSRecords pulumi.StringArray
}

// New creates a Cdn. It returns every fault of args at once, before it registers anything.
func New(ctx *pulumi.Context, name string, args *Args, opts ...pulumi.ResourceOption) (*Cdn, error) {
	if args == nil {
		args = &Args{}
	}
	settings := args.withDefaults()
	plan, err := settings.validate(name, ctx.Stack())
	if err != nil {
		return nil, fmt.Errorf("cdn %s: %w", name, err)
	}
	cdn := &Cdn{}
	if err := ctx.RegisterComponentResourceV2(Type, name, settings.inputs(), cdn, opts...); err != nil {
		return nil, fmt.Errorf("registering cdn %s: %w", name, err)
	}
	build := &builder{
		Children: parts.ChildrenOf(cdn, name, settings.Shared),
		ctx:      ctx,
		args:     settings,
		plan:     plan,
	}
	cdn.leaveEmpty()
	if settings.Disabled {
		cdn.URL = settings.Origin.url()
	} else if err := build.all(cdn); err != nil {
		return nil, err
	}
	return cdn, ctx.RegisterResourceOutputs(cdn, cdn.state())
}

// builder holds what the steps of building a Cdn hand to one another.
type builder struct {
	parts.Children
	ctx   *pulumi.Context
	args  Args
	plan  plan
	place parts.Place

	static       *parts.PrivateBucket
	replica      *parts.PrivateBucket // nil: none
	replication  []pulumi.Resource    // what copies from one to the other
	access       *cloudfront.OriginAccessControl
	headers      *cloudfront.ResponseHeadersPolicy
	certificate  parts.Issued // none: CloudFront's own
	edge         []parts.HeaderValue
	firewall     *wafResource // nil: none
	distribution *cloudfront.Distribution
	arn          pulumi.StringOutput // of the distribution
}

func (b *builder) all(cdn *Cdn) error {
	b.place = b.Place(b.ctx)
	for _, step := range []func() error{
		b.buckets, b.responseHeaders, b.certificates, b.edgeHeader, b.webACL, b.createDistribution,
		b.errorPage, b.admitDistribution, b.accessLogs, b.records,
	} {
		if err := step(); err != nil {
			return err
		}
	}
	b.outputs(cdn)
	return nil
}

// certificates sets the certificate of the distribution.
func (b *builder) certificates() (err error) {
	b.certificate, err = b.RequestCertificate(b.ctx, "cdn", b.args.Certificate, b.inUSEast1())
	return err
}

// inUSEast1 puts a resource where CloudFront looks for it (field note CDN-1).
func (b *builder) inUSEast1() pulumi.ResourceOption { return pulumi.Provider(b.args.USEast1) }

// records leads the host names to the distribution or, where a network stands before it, leaves them to that.
func (b *builder) records() error {
	if b.args.Edge.On() {
		return nil
	}
	return b.CreateRecords(b.ctx, "cdn", b.args.Certificate, b.certificate, parts.Target{
		DNSName: b.distribution.DomainName, ZoneID: b.distribution.HostedZoneId, IPv6: true,
	})
}

// outputs sets the fields of a Cdn that is there.
func (b *builder) outputs(cdn *Cdn) {
	cdn.DomainName = b.distribution.DomainName
	cdn.HostedZoneID = b.distribution.HostedZoneId
	cdn.DistributionID = b.distribution.ID().ToStringOutput()
	cdn.DistributionARN = b.arn
	cdn.StaticBucketName = b.static.Bucket
	cdn.StaticBucketARN = b.static.Arn
	cdn.HeldSecretARNs, cdn.HeldBucketARNs = parts.SecretARNs(b.edge), []pulumi.StringInput{b.static.Arn}
	cdn.URL = pulumi.Sprintf("https://%s", b.args.Certificate.HostName(b.distribution.DomainName))
	cdn.DNSRecords = b.certificate.Missing
	if b.firewall != nil {
		cdn.FirewallName = pulumi.String(b.plan.firewall).ToStringOutput()
	}
	if !b.args.Edge.On() {
		cdn.DNSRecords = append(b.args.Certificate.MissingRecords(b.distribution.DomainName), cdn.DNSRecords...)
		return
	}
	cdn.EdgeOriginHost = b.distribution.DomainName
	if len(b.edge) > 0 {
		cdn.EdgeHeaderName = pulumi.String(b.args.Edge.Header.Name).ToStringOutput()
		cdn.EdgeHeaderSecretARN = b.edge[0].SecretARN
	}
}

// leaveEmpty sets the fields that a Cdn may do without, so that its outputs are always there.
func (c *Cdn) leaveEmpty() {
	for _, field := range []*pulumi.StringOutput{
		&c.DomainName, &c.HostedZoneID, &c.DistributionID, &c.DistributionARN, &c.StaticBucketName, &c.StaticBucketARN,
		&c.FirewallName, &c.EdgeOriginHost, &c.EdgeHeaderName, &c.EdgeHeaderSecretARN,
	} {
		*field = pulumi.String("").ToStringOutput()
	}
}

// state returns the outputs as Pulumi keeps them in its state.
func (c *Cdn) state() pulumi.Map {
	return pulumi.Map{
		"url":                 c.URL,
		"domainName":          c.DomainName,
		"hostedZoneId":        c.HostedZoneID,
		"distributionId":      c.DistributionID,
		"distributionArn":     c.DistributionARN,
		"staticBucketName":    c.StaticBucketName,
		"staticBucketArn":     c.StaticBucketARN,
		"firewallName":        c.FirewallName,
		"edgeOriginHost":      c.EdgeOriginHost,
		"edgeHeaderName":      c.EdgeHeaderName,
		"edgeHeaderSecretArn": c.EdgeHeaderSecretARN,
	}
}
