package cdn

import (
	"fmt"

	"ha-web/internal/component"
	"ha-web/internal/distribution"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudfront"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/s3"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Policies that AWS keeps (Amazon CloudFront developer guide, "Use managed cache policies", "Use managed origin request
// policies"; field note CDN-5).
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
	staticGroup   = "static-group" // both of them
)

const (
	redirectToHTTPS     = "redirect-to-https"
	errorCachingSeconds = 5 // so that the site is back as soon as the origin is
)

var (
	readMethods = pulumi.ToStringArray([]string{"GET", "HEAD", "OPTIONS"})
	allMethods  = pulumi.ToStringArray([]string{"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})
	cached      = pulumi.ToStringArray([]string{"GET", "HEAD"})
)

// createDistribution creates the distribution. It has no default root object: CloudFront would ask the application for that
// in place of / (field note CDN-4).
func (b *builder) createDistribution() error {
	name := b.Name("cdn")
	args := &cloudfront.DistributionArgs{
		Comment:               pulumi.String(name),
		Enabled:               pulumi.Bool(true),
		Aliases:               pulumi.ToStringArray(b.args.Certificate.HostNames),
		HttpVersion:           pulumi.String("http2and3"),
		IsIpv6Enabled:         pulumi.Bool(true),
		PriceClass:            pulumi.String(b.args.PriceClass),
		WaitForDeployment:     pulumi.Bool(b.args.WaitForDeployment),
		Origins:               b.origins(),
		OriginGroups:          b.originGroups(),
		DefaultCacheBehavior:  b.pages(),
		OrderedCacheBehaviors: b.files(),
		CustomErrorResponses:  errorResponses(),
		ViewerCertificate:     b.viewerCertificate(),
		Restrictions: cloudfront.DistributionRestrictionsArgs{
			GeoRestriction: cloudfront.DistributionRestrictionsGeoRestrictionArgs{RestrictionType: pulumi.String("none")},
		},
		Tags: b.Tags(name),
	}
	if b.firewall != nil {
		args.WebAclId = b.firewall.ARN // its ARN, for all that it is called (field note CDN-1)
	}
	var err error
	if b.distribution, err = cloudfront.NewDistribution(b.ctx, name, args, b.Options()...); err != nil {
		return fmt.Errorf("creating distribution %s: %w", name, err)
	}
	// Put together here: emulators of AWS answer with one that is none.
	b.arn = pulumi.Sprintf("arn:%s:cloudfront::%s:distribution/%s", b.place.Partition, b.place.Account, b.distribution.ID())
	return nil
}

func (b *builder) origins() cloudfront.DistributionOriginArray {
	origins := cloudfront.DistributionOriginArray{b.app(), b.bucketOrigin(staticOrigin, b.static.BucketV2)}
	if b.replica != nil {
		origins = append(origins, b.bucketOrigin(replicaOrigin, b.replica.BucketV2))
	}
	return origins
}

// app is the origin of the pages.
func (b *builder) app() cloudfront.DistributionOriginArgs {
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
			OriginSslProtocols:   pulumi.StringArray{pulumi.String("TLSv1.2")}, // Security Hub CloudFront.10
			OriginReadTimeout:    pulumi.Int(b.args.OriginReadSeconds),
		},
	}
	if b.args.Origin.HeaderValue != nil {
		origin.CustomHeaders = cloudfront.DistributionOriginCustomHeaderArray{cloudfront.DistributionOriginCustomHeaderArgs{
			Name: pulumi.String(b.args.Origin.HeaderName), Value: b.args.Origin.HeaderValue,
		}}
	}
	return origin
}

// bucketOrigin is a bucket by the name that it has in its region: by others S3 redirects, or refuses (field note CDN-2).
func (b *builder) bucketOrigin(id string, bucket *s3.BucketV2) cloudfront.DistributionOriginArgs {
	return cloudfront.DistributionOriginArgs{
		OriginId:              pulumi.String(id),
		DomainName:            bucket.BucketRegionalDomainName,
		OriginAccessControlId: b.access.ID().ToStringPtrOutput(),
	}
}

// originGroups lets the second bucket answer where the first one fails. Not where a file is missing: that is 403 or 404.
func (b *builder) originGroups() cloudfront.DistributionOriginGroupArray {
	if b.replica == nil {
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

// pages is how requests reach the application: each one, with all that the viewer sent.
func (b *builder) pages() cloudfront.DistributionDefaultCacheBehaviorArgs {
	forwarded := allViewer
	if b.args.Origin.OwnHostHeader {
		forwarded = allViewerExceptHostHeader
	}
	return cloudfront.DistributionDefaultCacheBehaviorArgs{
		TargetOriginId:          pulumi.String(appOrigin),
		ViewerProtocolPolicy:    pulumi.String(redirectToHTTPS),
		AllowedMethods:          allMethods,
		CachedMethods:           cached,
		CachePolicyId:           pulumi.String(cachingDisabled),
		OriginRequestPolicyId:   pulumi.String(forwarded),
		ResponseHeadersPolicyId: b.headers.ID().ToStringPtrOutput(),
	}
}

// files is how requests reach the bucket. What the viewer sent stays behind: S3 refuses requests for another host (CDN-5).
func (b *builder) files() cloudfront.DistributionOrderedCacheBehaviorArray {
	target := staticOrigin
	if b.replica != nil {
		target = staticGroup
	}
	var behaviours cloudfront.DistributionOrderedCacheBehaviorArray
	for _, path := range append([]string{distribution.ErrorPath + "*"}, b.args.StaticPaths...) {
		behaviours = append(behaviours, cloudfront.DistributionOrderedCacheBehaviorArgs{
			PathPattern:             pulumi.String(path),
			TargetOriginId:          pulumi.String(target),
			ViewerProtocolPolicy:    pulumi.String(redirectToHTTPS),
			AllowedMethods:          readMethods, // no others with a group of origins (field note CDN-6)
			CachedMethods:           cached,
			CachePolicyId:           pulumi.String(cachingOptimized),
			Compress:                pulumi.Bool(true),
			ResponseHeadersPolicyId: b.headers.ID().ToStringPtrOutput(),
		})
	}
	return behaviours
}

// errorResponses shows a page of one's own where the origin does not answer. They hold for the whole distribution: other
// codes, such as 403, would hide answers of the application (field note CDN-3).
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

func (b *builder) viewerCertificate() cloudfront.DistributionViewerCertificateArgs {
	if b.certificate.ARN == nil {
		return cloudfront.DistributionViewerCertificateArgs{CloudfrontDefaultCertificate: pulumi.Bool(true)}
	}
	return cloudfront.DistributionViewerCertificateArgs{
		AcmCertificateArn:      component.Optional(b.certificate.ARN),
		SslSupportMethod:       pulumi.String("sni-only"),
		MinimumProtocolVersion: pulumi.String("TLSv1.2_2021"), // Security Hub CloudFront.15
	}
}

// responseHeaders creates the headers that make browsers careful, and takes away those that say which software answers.
// What the application itself says about frames and referrers stands.
func (b *builder) responseHeaders() error {
	name := b.Name("cdn")
	var err error
	b.headers, err = cloudfront.NewResponseHeadersPolicy(b.ctx, name, &cloudfront.ResponseHeadersPolicyArgs{
		Comment: pulumi.String("Security headers of " + name),
		SecurityHeadersConfig: cloudfront.ResponseHeadersPolicySecurityHeadersConfigArgs{
			// Not for the names below: the site may be example.edu, and they other people's.
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
		return fmt.Errorf("creating response headers %s: %w", name, err)
	}
	return nil
}
