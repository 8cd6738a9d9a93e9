package tests

import (
	"strings"
	"testing"

	"ha-web/components/cdn"
	"ha-web/internal/awstype"
	"ha-web/internal/offline"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
)

const (
	distributionKey = awstype.CloudFrontDistribution + "::web-cdn"
	distributionARN = "arn:aws:cloudfront::123456789012:distribution/web-cdn_id"
)

// files is the cache behavior of a path that the bucket serves.
func files(path, target string) map[string]any {
	return map[string]any{
		"pathPattern": path, "targetOriginId": target, "viewerProtocolPolicy": "redirect-to-https",
		"allowedMethods": []any{"GET", "HEAD", "OPTIONS"}, "cachedMethods": []any{"GET", "HEAD"},
		"cachePolicyId": "658327ea-f89d-4fab-a63d-7e88639e58f6", "compress": true, "responseHeadersPolicyId": "web-cdn_id",
	}
}

// bucketOrigin is a bucket as an origin of the distribution.
func bucketOrigin(id, name, region string) map[string]any {
	return map[string]any{
		"originId": id, "domainName": name + ".s3." + region + ".amazonaws.com", "originAccessControlId": "web-static_id",
	}
}

func unavailable(code float64) map[string]any {
	return map[string]any{
		"errorCode": code, "responseCode": code, "responsePagePath": "/errors/unavailable.html", "errorCachingMinTtl": 5.0,
	}
}

func TestDistributionByDefault(t *testing.T) {
	t.Parallel()
	got := record(t, newCdn(cdnArgs()))
	assert.Equal(t, map[string]any{
		"comment": "web-cdn", "enabled": true, "httpVersion": "http2and3", "isIpv6Enabled": true, "priceClass": "PriceClass_100",
		"waitForDeployment": false, "aliases": []any{},
		"webAclId": "arn:aws:wafv2:us-east-1:123456789012:web-waf",
		"origins": []any{
			map[string]any{
				"originId": "app", "domainName": "origin.example.edu",
				"customOriginConfig": map[string]any{
					"originProtocolPolicy": "https-only", "httpPort": 80.0, "httpsPort": 443.0, "originSslProtocols": []any{"TLSv1.2"},
					"originReadTimeout": 60.0,
				},
			},
			bucketOrigin("static", "web-static", "us-east-1"),
		},
		"defaultCacheBehavior": map[string]any{
			"targetOriginId": "app", "viewerProtocolPolicy": "redirect-to-https",
			"allowedMethods":        []any{"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"},
			"cachedMethods":         []any{"GET", "HEAD"},
			"cachePolicyId":         "4135ea2d-6df8-44a3-9df3-4b5a84be39ad",
			"originRequestPolicyId": "216adef6-5c7f-47e4-b989-5492eafa07d3", "responseHeadersPolicyId": "web-cdn_id",
		},
		"orderedCacheBehaviors": []any{files("/errors/*", "static"), files("/static/*", "static")},
		"customErrorResponses":  []any{unavailable(502), unavailable(503), unavailable(504)},
		"viewerCertificate":     map[string]any{"cloudfrontDefaultCertificate": true},
		"restrictions":          map[string]any{"geoRestriction": map[string]any{"restrictionType": "none"}},
		"tags":                  map[string]any{"Name": "web-cdn"},
	}, got.one(t, awstype.CloudFrontDistribution, "web-cdn"))
	assert.Empty(t, got.of(awstype.ACMCertificate))
	assert.Empty(t, got.of(awstype.Route53Record))
	assert.Empty(t, got.of(awstype.SecretsManagerSecret))
}

func TestOriginOptions(t *testing.T) {
	t.Parallel()
	args := cdnArgs(func(s *cdn.Settings) { s.OriginReadSeconds, s.PriceClass = 30, cdn.PriceClassAll })
	args.Origin = cdn.Origin{
		Host: pulumi.String("alb.example.org"), PlainHTTP: true, HeaderName: "X-From-CDN",
		HeaderValues: pulumi.StringArray{pulumi.ToSecret(pulumi.String("hunter2")).(pulumi.StringOutput), pulumi.String("the one before")},
	}
	args.OwnHostHeader, args.WaitForDeployment = true, true
	got := record(t, newCdn(args)).one(t, awstype.CloudFrontDistribution, "web-cdn")
	assert.Equal(t, map[string]any{
		"originId": "app", "domainName": "alb.example.org",
		"customOriginConfig": map[string]any{
			"originProtocolPolicy": "http-only", "httpPort": 80.0, "httpsPort": 443.0, "originSslProtocols": []any{"TLSv1.2"},
			"originReadTimeout": 30.0,
		},
		"customHeaders": []any{map[string]any{"name": "X-From-CDN", "value": offline.Secret}},
	}, got["origins"].([]any)[0])
	assert.Equal(t, "b689b0a8-53d0-40ab-baf2-68738e2966ac", got["defaultCacheBehavior"].(map[string]any)["originRequestPolicyId"])
	assert.Equal(t, "PriceClass_All", got["priceClass"])
	assert.Equal(t, true, got["waitForDeployment"])
}

func TestStaticPathsComeFromTheBucketInTheirOrder(t *testing.T) {
	t.Parallel()
	args := cdnArgs(func(s *cdn.Settings) { s.StaticPaths = []string{"/theme/*", "/lectures/*.pdf"} })
	assert.Equal(t, []any{files("/errors/*", "static"), files("/theme/*", "static"), files("/lectures/*.pdf", "static")},
		record(t, newCdn(args)).one(t, awstype.CloudFrontDistribution, "web-cdn")["orderedCacheBehaviors"])
}

func TestResponsesCarrySecurityHeaders(t *testing.T) {
	t.Parallel()
	assert.Equal(t, map[string]any{
		"comment": "Security headers of web-cdn",
		"securityHeadersConfig": map[string]any{
			"strictTransportSecurity": map[string]any{"accessControlMaxAgeSec": 31536000.0, "override": true},
			"contentTypeOptions":      map[string]any{"override": true},
			"frameOptions":            map[string]any{"frameOption": "SAMEORIGIN", "override": false},
			"referrerPolicy":          map[string]any{"referrerPolicy": "strict-origin-when-cross-origin", "override": false},
		},
		"removeHeadersConfig": map[string]any{"items": []any{
			map[string]any{"header": "X-Powered-By"}, map[string]any{"header": "Server"},
		}},
	}, record(t, newCdn(cdnArgs())).one(t, awstype.CloudFrontResponseHeadersPolicy, "web-cdn"))
}

func TestHostNamesResolveToTheDistribution(t *testing.T) {
	t.Parallel()
	args := cdnArgs()
	args.Certificate = cdn.Certificate{HostNames: []string{"learn.example.edu", "www.example.edu"}, HostedZone: "example.edu"}
	got := record(t, newCdn(args))
	front := got.one(t, awstype.CloudFrontDistribution, "web-cdn")
	assert.Equal(t, []any{"learn.example.edu", "www.example.edu"}, front["aliases"])
	assert.Equal(t, map[string]any{
		"acmCertificateArn": "arn:aws:acm:us-east-1:123456789012:web-cdn",
		"sslSupportMethod":  "sni-only", "minimumProtocolVersion": "TLSv1.2_2021",
	}, front["viewerCertificate"])
	assert.True(t, got.behind(distributionKey)[awstype.ACMCertificateValidation+"::web-cdn"], "CloudFront refuses a certificate before it is issued")
	assert.Equal(t, map[string]any{
		"domainName": "learn.example.edu", "subjectAlternativeNames": []any{"www.example.edu"}, "validationMethod": "DNS",
		"tags": map[string]any{"Name": "web-cdn"},
	}, got.one(t, awstype.ACMCertificate, "web-cdn"))
	for _, host := range args.Certificate.HostNames {
		for _, kind := range []string{"A", "AAAA"} {
			assert.Equal(t, map[string]any{
				"zoneId": "example.edu_id", "name": host, "type": kind,
				"aliases": []any{map[string]any{
					"name": "web-cdn.cloudfront.net", "zoneId": "cloudfront_id", "evaluateTargetHealth": false,
				}},
			}, got.one(t, awstype.Route53Record, "web-cdn-"+strings.ToLower(kind)+"-"+host))
		}
		assert.Equal(t, "CNAME", got.one(t, awstype.Route53Record, "web-cdn-validation-"+host)["type"])
	}
	assert.Len(t, got.of(awstype.Route53Record), 6)
}

func TestGivenCertificateAndNoHostedZone(t *testing.T) {
	t.Parallel()
	args := cdnArgs()
	args.Certificate = cdn.Certificate{HostNames: []string{"learn.example.edu"}, ARN: pulumi.String("certificate-arn")}
	got := recordStack(t, func(ctx *pulumi.Context) error {
		front, err := createCdn(ctx, "web", args)
		if err != nil {
			return err
		}
		ctx.Export("records", front.DNSRecords)
		ctx.Export("url", front.URL)
		return nil
	}, offline.Stack{Project: "test", Name: "test"})
	assert.Equal(t, "certificate-arn", got.one(t, awstype.CloudFrontDistribution, "web-cdn")["viewerCertificate"].(map[string]any)["acmCertificateArn"])
	assert.Empty(t, got.of(awstype.ACMCertificate))
	assert.Empty(t, got.of(awstype.Route53Record))
	assert.Equal(t, []any{"learn.example.edu. CNAME web-cdn.cloudfront.net."}, got.Outputs["records"])
	assert.Equal(t, "https://learn.example.edu", got.Outputs["url"])
}

// Without a hosted zone, the update says which records it waits for, and the outputs keep them.
func TestCertificateThatAPersonValidates(t *testing.T) {
	t.Parallel()
	args := cdnArgs()
	args.Certificate.HostNames = []string{"learn.example.edu", "*.learn.example.edu"}
	got := record(t, func(ctx *pulumi.Context) error {
		front, err := createCdn(ctx, "web", args)
		if err != nil {
			return err
		}
		ctx.Export("records", front.DNSRecords)
		return nil
	})
	assert.Empty(t, got.of(awstype.Route53Record))
	assert.Equal(t, map[string]any{
		"certificateArn": "arn:aws:acm:us-east-1:123456789012:web-cdn",
	}, got.one(t, awstype.ACMCertificateValidation, "web-cdn"), "it waits nevertheless")
	proof := "_validation.learn.example.edu. CNAME _value.acm-validations.aws."
	assert.Equal(t, []any{
		"learn.example.edu. CNAME web-cdn.cloudfront.net.", "*.learn.example.edu. CNAME web-cdn.cloudfront.net.", proof,
	}, got.Outputs["records"])
	assert.Contains(t, got.Said, "the certificate of learn.example.edu needs this record: "+proof)
}
