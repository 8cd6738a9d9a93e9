package cdn

import (
	"fmt"

	"ha-web/internal/component"
	"ha-web/internal/parts"
	"ha-web/internal/settings/cdn"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudfront"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Managed policies, by their ids (Amazon CloudFront developer guide, "Use managed cache policies", "Use managed origin request
// policies").
const (
	cachingOptimized          = "658327ea-f89d-4fab-a63d-7e88639e58f6"
	cachingDisabled           = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
	allViewer                 = "216adef6-5c7f-47e4-b989-5492eafa07d3"
	allViewerExceptHostHeader = "b689b0a8-53d0-40ab-baf2-68738e2966ac"
)

// Origins, by their ids.
const (
	appOrigin     = "app"
	staticOrigin  = "static"
	replicaOrigin = "static-replica"
	staticGroup   = "static-group" // both, with failover
)

const (
	redirectToHTTPS     = "redirect-to-https"
	errorCachingSeconds = 5 // so that the site is back soon after the origin
)

var (
	readMethods   = pulumi.ToStringArray([]string{"GET", "HEAD", "OPTIONS"})
	allMethods    = pulumi.ToStringArray([]string{"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})
	cachedMethods = pulumi.ToStringArray([]string{"GET", "HEAD"})
)

// distribution is a distribution with its ARN.
type distribution struct {
	*cloudfront.Distribution
	arn pulumi.StringOutput
}

// distribution creates the distribution. It has no default root object: for a request of / CloudFront would ask the
// application for that instead (Amazon CloudFront developer guide, "Specify a default root object").
func (b *builder) distribution(
	static *staticFiles, headers *cloudfront.ResponseHeadersPolicy, certificate parts.Issued, firewall *wafResource,
) (*distribution, error) {
	name := b.Name("cdn")
	args := &cloudfront.DistributionArgs{
		Comment:               pulumi.String(name),
		Enabled:               pulumi.Bool(true),
		Aliases:               pulumi.ToStringArray(b.args.Certificate.Served()),
		HttpVersion:           pulumi.String("http2and3"),
		IsIpv6Enabled:         pulumi.Bool(true),
		PriceClass:            pulumi.String(b.settings.PriceClass),
		WaitForDeployment:     pulumi.Bool(b.args.WaitForDeployment),
		Origins:               b.origins(static),
		OriginGroups:          originGroups(static),
		DefaultCacheBehavior:  b.defaultBehavior(headers),
		OrderedCacheBehaviors: b.staticBehaviors(static, headers),
		CustomErrorResponses:  errorResponses(),
		ViewerCertificate:     viewerCertificate(certificate),
		Restrictions: cloudfront.DistributionRestrictionsArgs{
			GeoRestriction: cloudfront.DistributionRestrictionsGeoRestrictionArgs{RestrictionType: pulumi.String("none")},
		},
		Tags: b.Tags(name),
	}
	if firewall != nil {
		args.WebAclId = firewall.ARN // an ARN, in spite of the name (Amazon CloudFront API reference, DistributionConfig)
	}
	created, err := cloudfront.NewDistribution(b.ctx, name, args, b.Options()...)
	if err != nil {
		return nil, fmt.Errorf("creating distribution %s: %w", name, err)
	}
	// Built from its parts because emulators return a malformed ARN.
	arn := pulumi.Sprintf("arn:%s:cloudfront::%s:distribution/%s", b.place.Partition, b.place.Account, created.ID())
	return &distribution{created, arn}, nil
}

func (b *builder) origins(static *staticFiles) cloudfront.DistributionOriginArray {
	origins := cloudfront.DistributionOriginArray{b.appOrigin(), static.origin(staticOrigin, static.bucket)}
	if static.replica != nil {
		origins = append(origins, static.origin(replicaOrigin, static.replica))
	}
	return origins
}

// appOrigin is the load balancer, or whatever else serves the pages.
func (b *builder) appOrigin() cloudfront.DistributionOriginArgs {
	policy := "https-only"
	if b.args.Origin.PlainHTTP {
		policy = "http-only"
	}
	origin := cloudfront.DistributionOriginArgs{
		OriginId:   pulumi.String(appOrigin),
		DomainName: b.args.Origin.Host,
		CustomOriginConfig: cloudfront.DistributionOriginCustomOriginConfigArgs{
			OriginProtocolPolicy: pulumi.String(policy),
			HttpPort:             pulumi.Int(80),
			HttpsPort:            pulumi.Int(443),
			OriginSslProtocols:   pulumi.StringArray{pulumi.String("TLSv1.2")}, // AWS Security Hub, CloudFront.10
			OriginReadTimeout:    pulumi.Int(b.settings.OriginReadSeconds),
		},
	}
	if values := b.args.Origin.HeaderValues; len(values) > 0 {
		origin.CustomHeaders = cloudfront.DistributionOriginCustomHeaderArray{cloudfront.DistributionOriginCustomHeaderArgs{
			Name: pulumi.String(b.args.Origin.HeaderName), Value: values[0],
		}}
	}
	return origin
}

// origin is a bucket, by its regional domain name: S3 redirects requests for others (Amazon CloudFront developer guide, "Use an
// Amazon S3 bucket").
func (s *staticFiles) origin(id string, bucket *parts.PrivateBucket) cloudfront.DistributionOriginArgs {
	return cloudfront.DistributionOriginArgs{
		OriginId:              pulumi.String(id),
		DomainName:            bucket.BucketRegionalDomainName,
		OriginAccessControlId: s.access.ID().ToStringPtrOutput(),
	}
}

// originGroups lets the replica answer where the bucket fails. A missing file, which is 403 or 404, is no failure.
func originGroups(static *staticFiles) cloudfront.DistributionOriginGroupArray {
	if static.replica == nil {
		return nil
	}
	return cloudfront.DistributionOriginGroupArray{cloudfront.DistributionOriginGroupArgs{
		OriginId: pulumi.String(staticGroup),
		FailoverCriteria: cloudfront.DistributionOriginGroupFailoverCriteriaArgs{
			StatusCodes: pulumi.IntArray{pulumi.Int(500), pulumi.Int(502), pulumi.Int(503), pulumi.Int(504)},
		},
		Members: cloudfront.DistributionOriginGroupMemberArray{
			cloudfront.DistributionOriginGroupMemberArgs{OriginId: pulumi.String(staticOrigin)},
			cloudfront.DistributionOriginGroupMemberArgs{OriginId: pulumi.String(replicaOrigin)},
		},
	}}
}

// defaultBehavior sends requests to the application, with all headers, cookies and query strings, and caches no response.
func (b *builder) defaultBehavior(headers *cloudfront.ResponseHeadersPolicy) cloudfront.DistributionDefaultCacheBehaviorArgs {
	forwarded := allViewer
	if b.args.OwnHostHeader {
		forwarded = allViewerExceptHostHeader
	}
	return cloudfront.DistributionDefaultCacheBehaviorArgs{
		TargetOriginId:          pulumi.String(appOrigin),
		ViewerProtocolPolicy:    pulumi.String(redirectToHTTPS),
		AllowedMethods:          allMethods,
		CachedMethods:           cachedMethods,
		CachePolicyId:           pulumi.String(cachingDisabled),
		OriginRequestPolicyId:   pulumi.String(forwarded),
		ResponseHeadersPolicyId: headers.ID().ToStringPtrOutput(),
	}
}

// staticBehaviors send requests to the bucket, without the headers of the viewer: S3 answers 403 to a Host of another name.
func (b *builder) staticBehaviors(
	static *staticFiles, headers *cloudfront.ResponseHeadersPolicy,
) cloudfront.DistributionOrderedCacheBehaviorArray {
	target := staticOrigin
	if static.replica != nil {
		target = staticGroup
	}
	var behaviors cloudfront.DistributionOrderedCacheBehaviorArray
	for _, path := range append([]string{cdn.ErrorPath + "*"}, b.settings.StaticPaths...) {
		behaviors = append(behaviors, cloudfront.DistributionOrderedCacheBehaviorArgs{
			PathPattern:          pulumi.String(path),
			TargetOriginId:       pulumi.String(target),
			ViewerProtocolPolicy: pulumi.String(redirectToHTTPS),
			// An origin group takes no other methods (Amazon CloudFront developer guide, "Optimize high availability with
			// CloudFront origin failover").
			AllowedMethods:          readMethods,
			CachedMethods:           cachedMethods,
			CachePolicyId:           pulumi.String(cachingOptimized),
			Compress:                pulumi.Bool(true),
			ResponseHeadersPolicyId: headers.ID().ToStringPtrOutput(),
		})
	}
	return behaviors
}

// errorResponses serve the error page while the origin does not answer. They hold for the whole distribution: for other codes,
// such as 403, they would replace responses of the application.
func errorResponses() cloudfront.DistributionCustomErrorResponseArray {
	var responses cloudfront.DistributionCustomErrorResponseArray
	for _, code := range []int{502, 503, 504} {
		responses = append(responses, cloudfront.DistributionCustomErrorResponseArgs{
			ErrorCode:          pulumi.Int(code),
			ResponseCode:       pulumi.Int(code),
			ResponsePagePath:   pulumi.String(errorPagePath),
			ErrorCachingMinTtl: pulumi.Int(errorCachingSeconds),
		})
	}
	return responses
}

func viewerCertificate(certificate parts.Issued) cloudfront.DistributionViewerCertificateArgs {
	if certificate.ARN == nil {
		return cloudfront.DistributionViewerCertificateArgs{CloudfrontDefaultCertificate: pulumi.Bool(true)}
	}
	return cloudfront.DistributionViewerCertificateArgs{
		AcmCertificateArn:      component.Optional(certificate.ARN),
		SslSupportMethod:       pulumi.String("sni-only"),
		MinimumProtocolVersion: pulumi.String("TLSv1.2_2021"), // AWS Security Hub, CloudFront.15
	}
}

// responseHeaders adds security headers to responses, and removes those that name the software of the server. Headers of the
// application about frames and referrers have precedence.
func (b *builder) responseHeaders() (*cloudfront.ResponseHeadersPolicy, error) {
	name := b.Name("cdn")
	policy, err := cloudfront.NewResponseHeadersPolicy(b.ctx, name, &cloudfront.ResponseHeadersPolicyArgs{
		Comment: pulumi.String("Security headers of " + name),
		SecurityHeadersConfig: cloudfront.ResponseHeadersPolicySecurityHeadersConfigArgs{
			// Not for subdomains: of a site named example.edu they may belong to others.
			StrictTransportSecurity: cloudfront.ResponseHeadersPolicySecurityHeadersConfigStrictTransportSecurityArgs{
				AccessControlMaxAgeSec: pulumi.Int(31_536_000), Override: pulumi.Bool(true), // a year
			},
			ContentTypeOptions: cloudfront.ResponseHeadersPolicySecurityHeadersConfigContentTypeOptionsArgs{
				Override: pulumi.Bool(true),
			},
			FrameOptions: cloudfront.ResponseHeadersPolicySecurityHeadersConfigFrameOptionsArgs{
				FrameOption: pulumi.String("SAMEORIGIN"), Override: pulumi.Bool(false),
			},
			ReferrerPolicy: cloudfront.ResponseHeadersPolicySecurityHeadersConfigReferrerPolicyArgs{
				ReferrerPolicy: pulumi.String("strict-origin-when-cross-origin"), Override: pulumi.Bool(false),
			},
		},
		RemoveHeadersConfig: cloudfront.ResponseHeadersPolicyRemoveHeadersConfigArgs{
			Items: cloudfront.ResponseHeadersPolicyRemoveHeadersConfigItemArray{
				cloudfront.ResponseHeadersPolicyRemoveHeadersConfigItemArgs{Header: pulumi.String("X-Powered-By")},
				cloudfront.ResponseHeadersPolicyRemoveHeadersConfigItemArgs{Header: pulumi.String("Server")},
			},
		},
	}, b.Options()...)
	if err != nil {
		return nil, fmt.Errorf("creating response headers policy %s: %w", name, err)
	}
	return policy, nil
}
