// Package cdn provides the entrance of a site: a CloudFront distribution that serves static files from a private bucket and
// all other paths from an origin, such as a load balancer, with AWS WAF in front of both. It serves an error page while the
// origin is down. A CDN of another provider, such as Akamai, can be in front of it.
package cdn

import (
	"fmt"

	"ha-web/internal/component"
	"ha-web/internal/parts"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Type is the type token of a Cdn.
const Type = "ha-web:index:Cdn"

// Cdn is a CloudFront distribution, free up to 1 TB and 10 million requests a month, and its web ACL, about 11 USD.
//
// Where the distribution is disabled, all outputs but the URL are empty.
type Cdn struct {
	pulumi.ResourceState

	// URL is the address of the site: of the origin, where the distribution is disabled.
	URL pulumi.StringOutput `pulumi:"url"`
	// DomainName is the host name that CloudFront gives the distribution, and HostedZoneID its hosted zone, for alias records.
	DomainName      pulumi.StringOutput `pulumi:"domainName"`
	HostedZoneID    pulumi.StringOutput `pulumi:"hostedZoneId"`
	DistributionID  pulumi.StringOutput `pulumi:"distributionId"`
	DistributionARN pulumi.StringOutput `pulumi:"distributionArn"`
	// StaticBucketName and StaticBucketARN are the bucket of the static files.
	StaticBucketName pulumi.StringOutput `pulumi:"staticBucketName"`
	StaticBucketARN  pulumi.StringOutput `pulumi:"staticBucketArn"`
	// FirewallName is the name of the web ACL in the metrics of AWS WAF in us-east-1. Empty without a web ACL.
	FirewallName pulumi.StringOutput `pulumi:"firewallName"`
	// EdgeOriginHost, EdgeHeaderName and EdgeHeaderSecretARN are what to configure an edge with: the host to send requests to,
	// and the header to send, whose value is in Secrets Manager. Empty without an edge.
	EdgeOriginHost      pulumi.StringOutput `pulumi:"edgeOriginHost"`
	EdgeHeaderName      pulumi.StringOutput `pulumi:"edgeHeaderName"`
	EdgeHeaderSecretARN pulumi.StringOutput `pulumi:"edgeHeaderSecretArn"`
	// DNSRecords are the records that someone has to create, as lines of a zone file. None with a hosted zone.
	DNSRecords pulumi.StringArray `pulumi:"dnsRecords"`

	// HeldSecretARNs are the secrets whose values are in the state of Pulumi, and HeldBucketARNs the buckets whose files are: an
	// update reads both.
	HeldSecretARNs, HeldBucketARNs []pulumi.StringInput
}

// New creates a Cdn. It returns every fault of args at once, before it registers anything.
func New(ctx *pulumi.Context, name string, args *Args, opts ...pulumi.ResourceOption) (*Cdn, error) {
	args, firewall, err := component.ArgsOr(args).resolve(name, ctx.Stack())
	if err != nil {
		return nil, fmt.Errorf("cdn %s: %w", name, err)
	}
	cdn := &Cdn{}
	if err := component.Register(ctx, Type, name, args.Settings, cdn, opts...); err != nil {
		return nil, err
	}
	cdn.setDisabled(args.Origin) // after its registration, which sets all outputs of a component
	if args.Settings.Enabled {
		build := &builder{
			Children:     parts.ChildrenOf(cdn, name, args.Shared),
			ctx:          ctx,
			args:         args,
			settings:     args.Settings,
			firewallName: firewall,
		}
		if err := build.all(cdn); err != nil {
			return nil, err
		}
	}
	return cdn, component.RegisterOutputs(ctx, cdn)
}

// setDisabled sets the outputs of a site that viewers reach at its origin. Those of a distribution are empty strings, so that
// the outputs of a stack are always there.
func (c *Cdn) setDisabled(origin Origin) {
	scheme := "https"
	if origin.PlainHTTP {
		scheme = "http"
	}
	c.URL = pulumi.Sprintf("%s://%s", scheme, origin.Host)
	for _, output := range []*pulumi.StringOutput{
		&c.DomainName, &c.HostedZoneID, &c.DistributionID, &c.DistributionARN, &c.StaticBucketName, &c.StaticBucketARN,
		&c.FirewallName, &c.EdgeOriginHost, &c.EdgeHeaderName, &c.EdgeHeaderSecretARN,
	} {
		*output = pulumi.String("").ToStringOutput()
	}
}

// builder creates the children of a Cdn. Its steps get what they need from others, and return what they make.
type builder struct {
	parts.Children
	ctx          *pulumi.Context
	args         *Args
	settings     *Settings
	firewallName string
	place        parts.Place
}

// all creates everything, and sets the outputs of the Cdn.
func (b *builder) all(cdn *Cdn) error {
	b.place = b.Place(b.ctx)
	static, err := b.staticFiles()
	if err != nil {
		return err
	}
	headers, err := b.responseHeaders()
	if err != nil {
		return err
	}
	certificate, err := b.RequestCertificate(b.ctx, "cdn", b.args.Certificate, b.inUSEast1())
	if err != nil {
		return err
	}
	edge, err := b.edgeHeader()
	if err != nil {
		return err
	}
	firewall, err := b.webACL(edge)
	if err != nil {
		return err
	}
	distribution, err := b.distribution(static, headers, certificate, firewall)
	if err != nil {
		return err
	}
	if err := b.grantRead(static, distribution.arn); err != nil {
		return err
	}
	if err := b.accessLogs(distribution.arn); err != nil {
		return err
	}
	if err := b.records(certificate, distribution); err != nil {
		return err
	}
	cdn.DomainName = distribution.DomainName
	cdn.HostedZoneID = distribution.HostedZoneId
	cdn.DistributionID = distribution.ID().ToStringOutput()
	cdn.DistributionARN = distribution.arn
	cdn.StaticBucketName, cdn.StaticBucketARN = static.bucket.Bucket, static.bucket.Arn
	cdn.HeldSecretARNs, cdn.HeldBucketARNs = parts.SecretARNs(edge), []pulumi.StringInput{static.bucket.Arn}
	if firewall != nil {
		cdn.FirewallName = pulumi.String(b.firewallName).ToStringOutput()
	}
	b.addresses(cdn, distribution, certificate, edge)
	return nil
}

// addresses sets the outputs that say where the site is, and what someone has to create or configure for it.
func (b *builder) addresses(cdn *Cdn, distribution *distribution, certificate parts.Issued, edge []parts.HeaderValue) {
	cdn.URL = pulumi.Sprintf("https://%s", b.args.Certificate.HostName(distribution.DomainName))
	cdn.DNSRecords = certificate.Missing
	if !b.settings.Edge.On() {
		cdn.DNSRecords = append(b.args.Certificate.MissingRecords(distribution.DomainName), certificate.Missing...)
		return
	}
	cdn.EdgeOriginHost = distribution.DomainName
	if len(edge) > 0 {
		cdn.EdgeHeaderName = pulumi.String(b.settings.Edge.Header.Name).ToStringOutput()
		cdn.EdgeHeaderSecretARN = edge[0].SecretARN
	}
}

// inUSEast1 puts a resource where CloudFront looks for it (Amazon CloudFront developer guide, "Requirements for using SSL/TLS
// certificates with CloudFront"; AWS WAF API reference, CreateWebACL).
func (b *builder) inUSEast1() pulumi.ResourceOption { return pulumi.Provider(b.args.USEast1) }

// records creates alias records from the host names to the distribution. With an edge the host names belong to that.
func (b *builder) records(certificate parts.Issued, distribution *distribution) error {
	if b.settings.Edge.On() {
		return nil
	}
	return b.CreateRecords(b.ctx, "cdn", b.args.Certificate, certificate, parts.Target{
		DNSName: distribution.DomainName, ZoneID: distribution.HostedZoneId, IPv6: true,
	})
}
