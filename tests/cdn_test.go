package tests

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"ha-web/components/cdn"
	"ha-web/internal/offline"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	distributionKey = distribution + "::web-cdn"
	distributionARN = "arn:aws:cloudfront::123456789012:distribution/web-cdn_id"
)

// --- distribution ---------------------------------------------------------

// files is how a path reaches the bucket.
func files(path, target string) map[string]any {
	return map[string]any{
		"pathPattern": path, "targetOriginId": target, "viewerProtocolPolicy": "redirect-to-https",
		"allowedMethods": []any{"GET", "HEAD", "OPTIONS"}, "cachedMethods": []any{"GET", "HEAD"},
		"cachePolicyId": "658327ea-f89d-4fab-a63d-7e88639e58f6", "compress": true, "responseHeadersPolicyId": "web-cdn_id",
	}
}

// bucketOrigin is a bucket of the distribution.
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
	}, got.one(t, distribution, "web-cdn"))
	assert.Empty(t, got.of(certificate))
	assert.Empty(t, got.of(dnsRecord))
	assert.Empty(t, got.of(secret))
}

func TestOriginOptions(t *testing.T) {
	t.Parallel()
	args := cdnArgs()
	args.Origin = cdn.Origin{
		Host: pulumi.String("alb.example.org"), PlainHTTP: true, OwnHostHeader: true,
		HeaderName: "X-From-CDN", HeaderValue: pulumi.ToSecret(pulumi.String("hunter2")).(pulumi.StringOutput),
	}
	args.OriginReadSeconds = 30
	args.PriceClass, args.WaitForDeployment = cdn.PriceClassAll, true
	got := record(t, newCdn(args)).one(t, distribution, "web-cdn")
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
	args := cdnArgs()
	args.StaticPaths = []string{"/theme/*", "/lectures/*.pdf"}
	assert.Equal(t, []any{files("/errors/*", "static"), files("/theme/*", "static"), files("/lectures/*.pdf", "static")},
		record(t, newCdn(args)).one(t, distribution, "web-cdn")["orderedCacheBehaviors"])
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
	}, record(t, newCdn(cdnArgs())).one(t, responseHeaders, "web-cdn"))
}

// --- names and certificate ------------------------------------------------

func TestHostNamesLeadToTheDistribution(t *testing.T) {
	t.Parallel()
	args := cdnArgs()
	args.Certificate = cdn.Certificate{HostNames: []string{"learn.example.edu", "www.example.edu"}, HostedZone: "example.edu"}
	got := record(t, newCdn(args))
	front := got.one(t, distribution, "web-cdn")
	assert.Equal(t, []any{"learn.example.edu", "www.example.edu"}, front["aliases"])
	assert.Equal(t, map[string]any{
		"acmCertificateArn": "arn:aws:acm:us-east-1:123456789012:web-cdn",
		"sslSupportMethod":  "sni-only", "minimumProtocolVersion": "TLSv1.2_2021",
	}, front["viewerCertificate"])
	assert.True(t, got.behind(distributionKey)[certificateIssued+"::web-cdn"], "CloudFront refuses one that is not issued")
	assert.Equal(t, map[string]any{
		"domainName": "learn.example.edu", "subjectAlternativeNames": []any{"www.example.edu"}, "validationMethod": "DNS",
		"tags": map[string]any{"Name": "web-cdn"},
	}, got.one(t, certificate, "web-cdn"))
	for _, host := range args.Certificate.HostNames {
		for _, kind := range []string{"A", "AAAA"} {
			assert.Equal(t, map[string]any{
				"zoneId": "example.edu_id", "name": host, "type": kind,
				"aliases": []any{map[string]any{
					"name": "web-cdn.cloudfront.net", "zoneId": "cloudfront_id", "evaluateTargetHealth": false,
				}},
			}, got.one(t, dnsRecord, "web-cdn-"+strings.ToLower(kind)+"-"+host))
		}
		assert.Equal(t, "CNAME", got.one(t, dnsRecord, "web-cdn-validation-"+host)["type"])
	}
	assert.Len(t, got.of(dnsRecord), 6)
}

func TestGivenCertificateAndNoHostedZone(t *testing.T) {
	t.Parallel()
	args := cdnArgs()
	args.Certificate = cdn.Certificate{HostNames: []string{"learn.example.edu"}, ARN: pulumi.String("certificate-arn")}
	got := recordStack(t, func(ctx *pulumi.Context) error {
		front, err := createCdn(ctx, "web", args, "")
		if err != nil {
			return err
		}
		ctx.Export("records", front.DNSRecords)
		ctx.Export("url", front.URL)
		return nil
	}, offline.Stack{Project: "test", Name: "test"})
	assert.Equal(t, "certificate-arn", got.one(t, distribution, "web-cdn")["viewerCertificate"].(map[string]any)["acmCertificateArn"])
	assert.Empty(t, got.of(certificate))
	assert.Empty(t, got.of(dnsRecord))
	assert.Equal(t, []any{"learn.example.edu. CNAME web-cdn.cloudfront.net."}, got.Outputs["records"])
	assert.Equal(t, "https://learn.example.edu", got.Outputs["url"])
}

// Without a hosted zone, the update says which records it waits for, and the outputs keep them.
func TestCertificateThatAPersonProves(t *testing.T) {
	t.Parallel()
	args := cdnArgs()
	args.Certificate.HostNames = []string{"learn.example.edu", "*.learn.example.edu"}
	got := record(t, func(ctx *pulumi.Context) error {
		front, err := createCdn(ctx, "web", args, "")
		if err != nil {
			return err
		}
		ctx.Export("records", front.DNSRecords)
		return nil
	})
	assert.Empty(t, got.of(dnsRecord))
	assert.Equal(t, map[string]any{
		"certificateArn": "arn:aws:acm:us-east-1:123456789012:web-cdn",
	}, got.one(t, certificateIssued, "web-cdn"), "it waits all the same")
	proof := "_validation.learn.example.edu. CNAME _value.acm-validations.aws."
	assert.Equal(t, []any{
		"learn.example.edu. CNAME web-cdn.cloudfront.net.", "*.learn.example.edu. CNAME web-cdn.cloudfront.net.", proof,
	}, got.Outputs["records"])
	assert.Contains(t, got.Said, "the certificate of learn.example.edu needs this record: "+proof)
}

// --- buckets --------------------------------------------------------------

// readThroughCloudFront lets the distribution, and no other, read a bucket.
func readThroughCloudFront(bucketARN string) map[string]any {
	return map[string]any{
		"Effect": "Allow", "Principal": map[string]any{"Service": "cloudfront.amazonaws.com"}, "Action": []any{"s3:GetObject"},
		"Resource":  []any{bucketARN + "/*"},
		"Condition": map[string]any{"StringEquals": map[string]any{"AWS:SourceArn": distributionARN}},
	}
}

// checkPrivate checks that a bucket is closed, versioned, encrypted and clears up after itself.
func checkPrivate(t *testing.T, got recording, name string, expiration map[string]any) {
	t.Helper()
	assert.Equal(t, map[string]any{
		"bucket": name + "_id", "blockPublicAcls": true, "blockPublicPolicy": true, "ignorePublicAcls": true, "restrictPublicBuckets": true,
	}, got.one(t, accessBlock, name))
	assert.Equal(t, map[string]any{
		"bucket": name + "_id", "rule": map[string]any{"objectOwnership": "BucketOwnerEnforced"},
	}, got.one(t, bucketOwnership, name))
	assert.Equal(t, map[string]any{
		"bucket": name + "_id",
		"rules":  []any{map[string]any{"applyServerSideEncryptionByDefault": map[string]any{"sseAlgorithm": "AES256"}}},
	}, got.one(t, bucketEncryption, name), "SSE-S3: a load balancer takes no other")
	assert.Equal(t, map[string]any{
		"bucket": name + "_id", "versioningConfiguration": map[string]any{"status": "Enabled"},
	}, got.one(t, bucketVersioning, name))
	rule := map[string]any{
		"id": "expire", "status": "Enabled", "filter": map[string]any{"prefix": ""},
		"noncurrentVersionExpiration":    map[string]any{"noncurrentDays": 30.0},
		"abortIncompleteMultipartUpload": map[string]any{"daysAfterInitiation": 7.0},
	}
	maps.Copy(rule, expiration)
	assert.Equal(t, map[string]any{"bucket": name + "_id", "rules": []any{rule}}, got.one(t, bucketLifecycle, name))
	assert.True(t, got.behind(bucketLifecycle + "::" + name)[bucketVersioning+"::"+name])
	assert.True(t, got.behind(bucketPolicy + "::" + name)[accessBlock+"::"+name], "S3 takes one change of access at a time")
}

// expires is the part of a lifecycle that ends objects.
func expires(days float64) map[string]any {
	return map[string]any{"expiration": map[string]any{"days": days}}
}

// refuseWithoutTLS is in the policy of every bucket.
func refuseWithoutTLS(bucketARN string) map[string]any {
	return map[string]any{
		"Effect": "Deny", "Principal": map[string]any{"AWS": "*"}, "Action": []any{"s3:*"},
		"Resource":  []any{bucketARN, bucketARN + "/*"},
		"Condition": map[string]any{"Bool": map[string]any{"aws:SecureTransport": "false"}},
	}
}

func TestStaticBucketIsReadThroughTheDistributionAlone(t *testing.T) {
	t.Parallel()
	got := record(t, newCdn(cdnArgs()))
	checkPrivate(t, got, "web-static", nil)
	const arn = "arn:aws:s3:us-east-1:123456789012:web-static"
	assert.Equal(t, map[string]map[string]any{
		"ReadThroughCloudFront": readThroughCloudFront(arn), "RefuseWithoutTLS": refuseWithoutTLS(arn),
	}, document(t, got.one(t, bucketPolicy, "web-static")["policy"]))
	assert.Equal(t, map[string]any{
		"originAccessControlOriginType": "s3", "signingBehavior": "always", "signingProtocol": "sigv4",
	}, got.one(t, originAccess, "web-static"))
}

func TestErrorPageIsInTheBucket(t *testing.T) {
	t.Parallel()
	got := record(t, newCdn(cdnArgs()))
	assert.True(t, got.behind(bucketObject + "::web-static-unavailable")[bucketVersioning+"::web-static"],
		"or it stays, without a version, where it is deleted")
	page := got.one(t, bucketObject, "web-static-unavailable")
	content := page["content"].(string)
	delete(page, "content")
	assert.Equal(t, map[string]any{
		"bucket": "web-static_id", "key": "errors/unavailable.html", "contentType": "text/html; charset=utf-8",
		"cacheControl": "max-age=60", "tags": map[string]any{"Name": "web-static-unavailable"},
	}, page)
	assert.True(t, strings.HasPrefix(content, "<!doctype html>"))
	assert.NotRegexp(t, `(?i)src=|href=|url\(`, content, "it stands alone: the site is down")

	args := cdnArgs()
	args.ErrorPage = "<h1>Example University</h1>"
	assert.Equal(t, args.ErrorPage, record(t, newCdn(args)).one(t, bucketObject, "web-static-unavailable")["content"])
}

func TestSecondBucketAnswersWhereTheFirstFails(t *testing.T) {
	t.Parallel()
	got := record(t, newReplicatedCdn(cdnArgs()))
	front := got.one(t, distribution, "web-cdn")
	assert.Equal(t, []any{
		bucketOrigin("static", "web-static", "us-east-1"), bucketOrigin("static-replica", "web-static-replica", "us-west-2"),
	}, front["origins"].([]any)[1:])
	assert.Equal(t, []any{map[string]any{
		"originId":         "static-group",
		"failoverCriteria": map[string]any{"statusCodes": []any{500.0, 502.0, 503.0, 504.0}},
		"members":          []any{map[string]any{"originId": "static"}, map[string]any{"originId": "static-replica"}},
	}}, front["originGroups"])
	assert.Equal(t, []any{files("/errors/*", "static-group"), files("/static/*", "static-group")}, front["orderedCacheBehaviors"],
		"which read: CloudFront takes no others with a group")
	assert.Equal(t, "app", front["defaultCacheBehavior"].(map[string]any)["targetOriginId"])

	checkPrivate(t, got, "web-static-replica", nil)
	const arn = "arn:aws:s3:us-west-2:123456789012:web-static-replica"
	assert.Equal(t, map[string]map[string]any{
		"ReadThroughCloudFront": readThroughCloudFront(arn), "RefuseWithoutTLS": refuseWithoutTLS(arn),
	}, document(t, got.one(t, bucketPolicy, "web-static-replica")["policy"]))
	for _, kind := range []string{bucket, accessBlock, bucketOwnership, bucketEncryption, bucketVersioning, bucketLifecycle, bucketPolicy} {
		assert.Equal(t, provider+"::web-there", got.of(kind)["web-static-replica"].Provider, kind)
		assert.Empty(t, got.of(kind)["web-static"].Provider, kind)
	}
}

func TestFilesAreCopiedToTheSecondBucket(t *testing.T) {
	t.Parallel()
	got := record(t, newReplicatedCdn(cdnArgs()))
	const here, there = "arn:aws:s3:us-east-1:123456789012:web-static", "arn:aws:s3:us-west-2:123456789012:web-static-replica"
	assert.Equal(t, map[string]any{
		"bucket": "web-static_id", "role": "arn:aws:iam:us-east-1:123456789012:web-static-replica",
		"rules": []any{map[string]any{
			"id": "everything", "priority": 1.0, "status": "Enabled", "filter": map[string]any{"prefix": ""},
			"deleteMarkerReplication": map[string]any{"status": "Enabled"}, "destination": map[string]any{"bucket": there},
		}},
	}, got.one(t, bucketReplication, "web-static-replica"))
	before := got.behind(bucketReplication + "::web-static-replica")
	for _, key := range []string{
		rolePolicy + "::web-static-replica", bucketVersioning + "::web-static", bucketVersioning + "::web-static-replica",
	} {
		assert.True(t, before[key], key)
	}
	assert.True(t, got.behind(bucketObject + "::web-static-unavailable")[bucketReplication+"::web-static-replica"],
		"what was there before is not copied")
	assert.Equal(t, map[string]map[string]any{"sts:AssumeRole": {
		"Effect": "Allow", "Principal": map[string]any{"Service": "s3.amazonaws.com"}, "Action": []any{"sts:AssumeRole"},
		"Condition": map[string]any{"StringEquals": map[string]any{"aws:SourceAccount": "123456789012"}},
	}}, document(t, got.one(t, role, "web-static-replica")["assumeRolePolicy"]))
	assert.Equal(t, map[string]map[string]any{
		"ReadBucket": {
			"Effect": "Allow", "Action": []any{"s3:GetReplicationConfiguration", "s3:ListBucket"}, "Resource": []any{here},
		},
		"ReadFiles": {
			"Effect":   "Allow",
			"Action":   []any{"s3:GetObjectVersionForReplication", "s3:GetObjectVersionAcl", "s3:GetObjectVersionTagging"},
			"Resource": []any{here + "/*"},
		},
		"WriteReplica": {
			"Effect": "Allow", "Action": []any{"s3:ReplicateObject", "s3:ReplicateDelete", "s3:ReplicateTags"},
			"Resource": []any{there + "/*"},
		},
	}, document(t, got.one(t, rolePolicy, "web-static-replica")["policy"]))
}

func TestAccessLogsOfTheDistribution(t *testing.T) {
	t.Parallel()
	args := cdnArgs()
	args.AccessLogs.RetentionDays = 90
	// Everything but the bucket is in us-east-1, wherever the stack is.
	got := recordStack(t, newCdn(args), offline.Stack{Project: "test", Name: "test", Config: map[string]string{"aws:region": "eu-west-1"}})
	checkPrivate(t, got, "web-cdn-logs", expires(90))
	const arn = "arn:aws:s3:eu-west-1:123456789012:web-cdn-logs"
	delivery := map[string]any{"Service": "delivery.logs.amazonaws.com"}
	from := map[string]any{"aws:SourceArn": "arn:aws:logs:us-east-1:123456789012:*"}
	assert.Equal(t, map[string]map[string]any{
		"AWSLogDeliveryAclCheck": {
			"Effect": "Allow", "Principal": delivery, "Action": []any{"s3:GetBucketAcl"}, "Resource": []any{arn},
			"Condition": map[string]any{"StringEquals": map[string]any{"aws:SourceAccount": "123456789012"}, "ArnLike": from},
		},
		"AWSLogDeliveryWrite": {
			"Effect": "Allow", "Principal": delivery, "Action": []any{"s3:PutObject"}, "Resource": []any{arn + "/AWSLogs/123456789012/*"},
			"Condition": map[string]any{
				"StringEquals": map[string]any{"aws:SourceAccount": "123456789012", "s3:x-amz-acl": "bucket-owner-full-control"},
				"ArnLike":      from,
			},
		},
		"RefuseWithoutTLS": refuseWithoutTLS(arn),
	}, document(t, got.one(t, bucketPolicy, "web-cdn-logs")["policy"]))
	tags := map[string]any{"Name": "web-cdn"}
	assert.Equal(t, map[string]any{"logType": "ACCESS_LOGS", "resourceArn": distributionARN, "tags": tags}, got.one(t, logSource, "web-cdn"))
	assert.Equal(t, map[string]any{
		"outputFormat": "json", "deliveryDestinationConfiguration": map[string]any{"destinationResourceArn": arn}, "tags": tags,
	}, got.one(t, logDestination, "web-cdn"))
	sent := got.one(t, logDelivery, "web-cdn")
	assert.Equal(t, "web-cdn", sent["deliverySourceName"])
	assert.Equal(t, "arn:aws:cloudwatch:us-east-1:123456789012:web-cdn", sent["deliveryDestinationArn"])
	assert.Subset(t, sent["recordFields"], []any{"c-ip", "cs-uri-stem", "sc-status", "time-taken", "x-edge-result-type"})
	assert.NotContains(t, sent["recordFields"], "cs(Cookie)", "with which one could pass for someone else")
	assert.Equal(t, tags, sent["tags"])
	assert.True(t, got.behind(logDelivery + "::web-cdn")[bucketPolicy+"::web-cdn-logs"], "or AWS writes a policy of its own")

	args.AccessLogs.Disabled = true
	got = record(t, newCdn(args))
	assert.Equal(t, []string{"web-static"}, got.names(bucket))
	assert.Empty(t, got.of(logDelivery))
}

func TestBucketsOfTheCdnAreGuarded(t *testing.T) {
	t.Parallel()
	args := cdnArgs()
	for _, unprotected := range []bool{false, true} {
		args.Unprotected = unprotected
		got := record(t, newReplicatedCdn(args))
		require.Len(t, got.of(bucket), 3)
		for name, each := range got.of(bucket) {
			assert.Equal(t, !unprotected, each.Protect, name)
			assert.Equal(t, unprotected, each.Inputs["forceDestroy"], name)
		}
	}
}

// --- firewall -------------------------------------------------------------

// measured is what counts what a rule does, and shows nobody's cookies.
func measured(metric string) map[string]any {
	return map[string]any{"cloudwatchMetricsEnabled": true, "metricName": metric, "sampledRequestsEnabled": false}
}

// managed is a set of AWS's rules, of which some count.
func managed(name string, priority float64, set string, counted ...string) map[string]any {
	statement := map[string]any{"vendorName": "AWS", "name": set}
	var overrides []any
	for _, each := range counted {
		overrides = append(overrides, map[string]any{"name": each, "actionToUse": map[string]any{"count": map[string]any{}}})
	}
	if len(overrides) > 0 {
		statement["ruleActionOverrides"] = overrides
	}
	return map[string]any{
		"name": name, "priority": priority, "statement": map[string]any{"managedRuleGroupStatement": statement},
		"overrideAction": map[string]any{"none": map[string]any{}}, "visibilityConfig": measured(name),
	}
}

// limited is the rule that bounds what an address may send.
func limited(statement map[string]any) map[string]any {
	return map[string]any{
		"name": "rate-limit", "priority": 10.0, "visibilityConfig": measured("rate-limit"),
		"action":    map[string]any{"block": map[string]any{"customResponse": map[string]any{"responseCode": 429.0}}},
		"statement": map[string]any{"rateBasedStatement": statement},
	}
}

func TestFirewallByDefault(t *testing.T) {
	t.Parallel()
	got := record(t, newCdn(cdnArgs()))
	assert.Equal(t, map[string]any{
		"scope": "CLOUDFRONT", "description": "Firewall of web-cdn", "defaultAction": map[string]any{"allow": map[string]any{}},
		"visibilityConfig": measured("web-test-waf"), "tags": map[string]any{"Name": "web-waf"},
		"rules": []any{
			limited(map[string]any{"limit": 10000.0, "evaluationWindowSec": 300.0, "aggregateKeyType": "IP"}),
			managed("ip-reputation", 20, "AWSManagedRulesAmazonIpReputationList"),
			managed("known-bad-inputs", 30, "AWSManagedRulesKnownBadInputsRuleSet"),
			managed("common", 40, "AWSManagedRulesCommonRuleSet", "SizeRestrictions_BODY"),
			managed("sql-injection", 50, "AWSManagedRulesSQLiRuleSet"),
		},
	}, got.one(t, webACL, "web-waf"))
	assert.Empty(t, got.of(ipSet))
}

func TestFirewallOptions(t *testing.T) {
	t.Parallel()
	limit := 500
	args := cdnArgs()
	args.WAF = cdn.WAF{
		PHP: true, RateLimit: &limit, RateLimitExempt: []string{"198.51.100.0/24", "2001:db8::/32"},
		CountOnly: []string{"CrossSiteScripting_BODY", "PHPHighRiskMethodsVariables_BODY"},
	}
	got := record(t, newCdn(args))
	outside := func(set string) map[string]any {
		return map[string]any{"notStatement": map[string]any{"statements": []any{map[string]any{
			"ipSetReferenceStatement": map[string]any{"arn": "arn:aws:wafv2:us-east-1:123456789012:" + set},
		}}}}
	}
	rules := got.one(t, webACL, "web-waf")["rules"].([]any)
	assert.Equal(t, limited(map[string]any{
		"limit": 500.0, "evaluationWindowSec": 300.0, "aggregateKeyType": "IP",
		"scopeDownStatement": map[string]any{"andStatement": map[string]any{"statements": []any{
			outside("web-waf-exempt-v4"), outside("web-waf-exempt-v6"),
		}}},
	}), rules[0])
	assert.Equal(t, managed("common", 40, "AWSManagedRulesCommonRuleSet", "SizeRestrictions_BODY", "CrossSiteScripting_BODY"), rules[3])
	assert.Equal(t, managed("php", 60, "AWSManagedRulesPHPRuleSet", "PHPHighRiskMethodsVariables_BODY"), rules[5])
	assert.Equal(t, map[string]any{
		"scope": "CLOUDFRONT", "ipAddressVersion": "IPV4", "addresses": []any{"198.51.100.0/24"},
		"tags": map[string]any{"Name": "web-waf-exempt-v4"},
	}, got.one(t, ipSet, "web-waf-exempt-v4"))
	assert.Equal(t, []any{"2001:db8::/32"}, got.one(t, ipSet, "web-waf-exempt-v6")["addresses"])
	assert.Equal(t, "IPV6", got.one(t, ipSet, "web-waf-exempt-v6")["ipAddressVersion"])

	limit = 0
	assert.Len(t, record(t, newCdn(args)).one(t, webACL, "web-waf")["rules"], 5, "no limit, no rule")
}

func TestFirewallLogHidesSecretsAndKeepsWhatMatters(t *testing.T) {
	t.Parallel()
	args := cdnArgs()
	args.WAF.LogRetentionDays = 30
	got := record(t, newCdn(args))
	assert.Equal(t, map[string]any{
		"name": "aws-waf-logs-web-test-waf", "retentionInDays": 30.0, "tags": map[string]any{"Name": "web-waf"},
	}, got.one(t, logGroup, "web-waf"))
	header := func(name string) map[string]any {
		return map[string]any{"singleHeader": map[string]any{"name": name}}
	}
	action := func(name string) map[string]any {
		return map[string]any{"actionCondition": map[string]any{"action": name}}
	}
	assert.Equal(t, map[string]any{
		"resourceArn":           "arn:aws:wafv2:us-east-1:123456789012:web-waf",
		"logDestinationConfigs": []any{"arn:aws:cloudwatch:us-east-1:123456789012:web-waf"},
		"redactedFields":        []any{header("authorization"), header("cookie")},
		"loggingFilter": map[string]any{"defaultBehavior": "DROP", "filters": []any{map[string]any{
			"behavior": "KEEP", "requirement": "MEETS_ANY",
			"conditions": []any{action("BLOCK"), action("COUNT"), action("EXCLUDED_AS_COUNT")},
		}}},
	}, got.one(t, webACLLogging, "web-waf"))

	edge := record(t, newCdn(fullCdn())).one(t, webACLLogging, "web-waf")
	assert.Equal(t, []any{header("authorization"), header("cookie"), header("x-from-edge")}, edge["redactedFields"])
}

func TestFirewallCanBeLeftOut(t *testing.T) {
	t.Parallel()
	args := cdnArgs()
	args.WAF.Disabled = true
	got := record(t, newCdn(args))
	for _, kind := range []string{webACL, webACLLogging, ipSet, logGroup} {
		assert.Empty(t, got.of(kind))
	}
	assert.NotContains(t, got.one(t, distribution, "web-cdn"), "webAclId")
}

// --- edge in front --------------------------------------------------------

func TestNothingButTheEdgeGetsIn(t *testing.T) {
	t.Parallel()
	inSet := func(set string) map[string]any {
		return map[string]any{"ipSetReferenceStatement": map[string]any{"arn": "arn:aws:wafv2:us-east-1:123456789012:" + set}}
	}
	carries := map[string]any{"byteMatchStatement": map[string]any{
		"fieldToMatch":         map[string]any{"singleHeader": map[string]any{"name": "x-from-edge"}},
		"positionalConstraint": "EXACTLY", "searchString": offline.Secret,
		"textTransformations": []any{map[string]any{"priority": 0.0, "type": "NONE"}},
	}}
	both := func(kind string, statements ...any) map[string]any {
		return map[string]any{kind: map[string]any{"statements": statements}}
	}
	tests := map[string]struct {
		edge cdn.Edge
		want map[string]any
	}{
		"by its addresses":   {cdn.Edge{Addresses: []string{"192.0.2.0/24"}}, inSet("web-waf-edge-v4")},
		"of both kinds":      {cdn.Edge{Addresses: []string{"2001:db8::/32", "192.0.2.0/24"}}, both("orStatement", inSet("web-waf-edge-v4"), inSet("web-waf-edge-v6"))},
		"by its header":      {cdn.Edge{Header: cdn.Header{Name: "X-From-Edge"}}, carries},
		"while that changes": {cdn.Edge{Header: cdn.Header{Name: "X-From-Edge", Version: 2}}, both("orStatement", carries, carries)},
		"by all that is known": {cdn.Edge{Addresses: []string{"192.0.2.0/24"}, Header: cdn.Header{Name: "X-From-Edge"}},
			both("andStatement", inSet("web-waf-edge-v4"), carries)},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			args := cdnArgs()
			args.Edge = test.edge
			got := record(t, newCdn(args)).one(t, webACL, "web-waf")
			assert.Equal(t, map[string]any{"block": map[string]any{}}, got["defaultAction"])
			rules := got["rules"].([]any)
			assert.Equal(t, map[string]any{
				"name": "edge", "priority": 100.0, "action": map[string]any{"allow": map[string]any{}}, "statement": test.want,
				"visibilityConfig": measured("edge"),
			}, rules[len(rules)-1])
			assert.Equal(t, limited(map[string]any{
				"limit": 10000.0, "evaluationWindowSec": 300.0, "aggregateKeyType": "FORWARDED_IP",
				"forwardedIpConfig":  map[string]any{"headerName": "X-Forwarded-For", "fallbackBehavior": "MATCH"},
				"scopeDownStatement": test.want,
			}), rules[0], "by the client that the edge names, and no one else")
		})
	}
}

func TestRateLimitBehindTheEdgeExemptsForwardedAddresses(t *testing.T) {
	t.Parallel()
	args := cdnArgs()
	args.Edge = cdn.Edge{Header: cdn.Header{Name: "X-From-Edge"}, ClientAddressHeader: "True-Client-IP"}
	args.WAF.RateLimitExempt = []string{"198.51.100.0/24"}
	rules := record(t, newCdn(args)).one(t, webACL, "web-waf")["rules"].([]any)
	statement := rules[0].(map[string]any)["statement"].(map[string]any)["rateBasedStatement"].(map[string]any)
	assert.Equal(t, map[string]any{"headerName": "True-Client-IP", "fallbackBehavior": "MATCH"}, statement["forwardedIpConfig"])
	terms := statement["scopeDownStatement"].(map[string]any)["andStatement"].(map[string]any)["statements"].([]any)
	assert.Equal(t, map[string]any{"notStatement": map[string]any{"statements": []any{map[string]any{
		"ipSetReferenceStatement": map[string]any{
			"arn":                    "arn:aws:wafv2:us-east-1:123456789012:web-waf-exempt-v4",
			"ipSetForwardedIpConfig": map[string]any{"headerName": "True-Client-IP", "fallbackBehavior": "NO_MATCH", "position": "FIRST"},
		},
	}}}}, terms[1])
}

func TestEdgeIsToldWhatItNeedsAndTheNameLeadsToIt(t *testing.T) {
	t.Parallel()
	got := record(t, func(ctx *pulumi.Context) error {
		front, err := createCdn(ctx, "web", fullCdn(), "")
		if err != nil {
			return err
		}
		ctx.Export("host", front.EdgeOriginHost)
		ctx.Export("header", front.EdgeHeaderName)
		ctx.Export("secret", front.EdgeHeaderSecretARN)
		ctx.Export("records", front.DNSRecords)
		return nil
	})
	assert.Equal(t, map[string]any{
		"host": "web-cdn.cloudfront.net", "header": "X-From-Edge",
		"secret": "arn:aws:secretsmanager:us-east-1:123456789012:web-edge-v2",
	}, got.Outputs, "and no records: the name leads to the edge")
	assert.Equal(t, []string{"web-cdn-validation-learn.example.edu", "web-cdn-validation-www.example.edu"}, got.names(dnsRecord))
	assert.Equal(t, []any{"learn.example.edu", "www.example.edu"}, got.one(t, distribution, "web-cdn")["aliases"], "it keeps the header Host")
	assert.Equal(t, []string{"web-edge-v1", "web-edge-v2"}, got.names(secret), "the value before still counts")
}

func TestValuesOfHeadersStaySecret(t *testing.T) {
	t.Parallel()
	got := record(t, newCdn(fullCdn()))
	for _, resource := range got.Resources {
		text := inputsOf(t, resource)
		assert.NotContains(t, text, "hunter2", resource.Key())
		assert.NotContains(t, text, `"random"`, resource.Key())
	}
}

// --- the whole ------------------------------------------------------------

// CloudFront looks for these in us-east-1 and nowhere else. All others are where the stack is.
func TestProvidersOfTheCdn(t *testing.T) {
	t.Parallel()
	there := []string{certificate, certificateIssued, webACL, webACLLogging, ipSet, logGroup, logSource, logDestination, logDelivery}
	got := record(t, newCdn(fullCdn()))
	seen := map[string]bool{}
	for _, resource := range got.Resources {
		want := ""
		if slices.Contains(there, resource.Type) {
			want = provider + "::web-us-east-1"
			seen[resource.Type] = true
		}
		assert.Equal(t, want, resource.Provider, resource.Key())
	}
	assert.Len(t, seen, len(there))
}

func TestDisabledCdnIsItsOrigin(t *testing.T) {
	t.Parallel()
	for scheme, plain := range map[string]bool{"http": true, "https": false} {
		got := record(t, func(ctx *pulumi.Context) error {
			front, err := cdn.New(ctx, "web", &cdn.Args{
				Disabled: true, Origin: cdn.Origin{Host: pulumi.String("alb.example.org"), PlainHTTP: plain},
			})
			if err != nil {
				return err
			}
			ctx.Export("url", front.URL)
			ctx.Export("domain", front.DomainName)
			ctx.Export("bucket", front.StaticBucketName)
			ctx.Export("distribution", front.DistributionID)
			return nil
		})
		assert.Equal(t, []string{cdn.Type + "::web"}, got.keys())
		assert.Equal(t, map[string]any{
			"url": scheme + "://alb.example.org", "domain": "", "bucket": "", "distribution": "",
		}, got.Outputs)
	}
}

func TestCdnFaults(t *testing.T) {
	t.Parallel()
	limit := 5
	tests := map[string]struct {
		args *cdn.Args
		want string
	}{
		"nothing": {nil, "cdn web: Origin.Host: is required\nUSEast1: is required: CloudFront looks for certificates, firewalls and logs in us-east-1"},
		"everything": {&cdn.Args{
			Origin:      cdn.Origin{Host: pulumi.String("x"), HeaderName: "X-Edge-No", HeaderValue: pulumi.String("v")},
			Certificate: cdn.Certificate{HostedZone: "example.edu"},
			USEast1:     &pulumi.ProviderResourceState{},
			StaticPaths: []string{"/*", "static", "/a", "/a", "/errors/*"}, PriceClass: "cheap", OriginReadSeconds: 500,
			ErrorPage:  strings.Repeat("x", 1<<20+1),
			AccessLogs: cdn.AccessLogs{RetentionDays: 9999},
			WAF: cdn.WAF{
				Disabled: true, RateLimit: &limit, RateLimitExempt: []string{"0.0.0.0/0"}, CountOnly: []string{"SQLi_Body", "SQLi_BODY", "SQLi_BODY"},
				LogRetentionDays: 2,
			},
			Edge: cdn.Edge{Addresses: []string{"192.0.2.1", "192.0.2.1/24", "192.0.2.0/24", "192.0.2.0/24"}, ClientAddressHeader: "X Y"},
		}, `cdn web: Origin.HeaderName: must be letters, digits and hyphens, 40 at most, and begin with neither X-Amz nor X-Edge, got "X-Edge-No"
Certificate.HostNames: must have at least one name with Certificate.HostedZone
StaticPaths: /* leaves nothing for the application
StaticPaths: must begin with / and be made of letters, digits and _-.*$/~"'@:+&?, got "static"
StaticPaths: /a is listed twice
StaticPaths: /errors/* comes from the bucket by itself: leave it out
PriceClass: must be PriceClass_100 or PriceClass_200 or PriceClass_All, got "cheap"
OriginReadSeconds: must be between 1 and 120, got 500
AccessLogs.RetentionDays: must be between 1 and 3653, got 9999
ErrorPage: must be at most 1 MiB: people wait for it while the site is down
WAF.RateLimit: must be between 10 and 2000000000, got 5
WAF.LogRetentionDays: CloudWatch Logs cannot keep events for 2 days, the next period it offers is 3
WAF.RateLimitExempt: 0.0.0.0/0 is everyone
WAF.CountOnly: SQLi_Body is not a rule of the sets in use: see the metrics or the logs of the firewall for its name
WAF.CountOnly: SQLi_BODY is listed twice
Edge.Addresses: must be a range such as 192.0.2.0/24 or 2001:db8::/32, got "192.0.2.1"
Edge.Addresses: 192.0.2.1/24 has bits beyond its mask, did you mean 192.0.2.0/24?
Edge.Addresses: 192.0.2.0/24 is listed twice
Edge.ClientAddressHeader: must be letters, digits and hyphens, 40 at most, and begin with neither X-Amz nor X-Edge, got "X Y"
Edge: needs the firewall, which tells it from others`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, test.want, fault(t, func(ctx *pulumi.Context) error {
				_, err := cdn.New(ctx, "web", test.args)
				return err
			}))
		})
	}
	long := strings.Repeat("x", 50)
	assert.Contains(t, fault(t, func(ctx *pulumi.Context) error {
		_, err := cdn.New(ctx, long, &cdn.Args{Origin: cdn.Origin{Host: pulumi.String("x")}, USEast1: &pulumi.ProviderResourceState{}})
		return err
	}), "name: must have at most 48 letters, or AWS cannot name the log delivery")
}

// --- the whole program ----------------------------------------------------

func TestSettingsReachTheCdn(t *testing.T) {
	t.Parallel()
	args := []string{"-stack", "prod", "-c", "waivers={cdn-deletion-protection: a test, log-retention: a test}"}
	for _, assignment := range []string{
		"cdn.staticPaths=[/theme/*]", "cdn.priceClass=PriceClass_200", "cdn.originReadSeconds=20", "cdn.replicaRegion=eu-west-1",
		"cdn.errorPage=tests/testdata/unavailable.html", "cdn.accessLogs={retentionDays: 90}", "cdn.deletionProtection=false",
		"cdn.waf={php: false, rateLimit: 700, rateLimitExempt: [198.51.100.0/24], countOnly: [SQLi_BODY], logRetentionDays: 90}",
		"cdn.edge={addresses: [192.0.2.0/24], header: {name: X-From-Akamai, version: 3}, clientAddressHeader: True-Client-IP}",
		"web.originHeader.name=X-From-CDN",
	} {
		args = append(args, "-c", assignment)
	}
	got := planOf(t, args...)
	front := got.one(t, distribution, "ha-web-cdn")
	for property, want := range map[string]any{
		"priceClass": "PriceClass_200", "waitForDeployment": true, "aliases": []any{"learn.example.edu"},
		"orderedCacheBehaviors": []any{
			withHeaders(files("/errors/*", "static-group")), withHeaders(files("/theme/*", "static-group")),
		},
	} {
		assert.Equal(t, want, front[property], property)
	}
	app := front["origins"].([]any)[0].(map[string]any)
	assert.Equal(t, "origin.learn.example.edu", app["domainName"])
	assert.Equal(t, []any{map[string]any{"name": "X-From-CDN", "value": offline.Secret}}, app["customHeaders"])
	assert.Equal(t, 20.0, app["customOriginConfig"].(map[string]any)["originReadTimeout"])
	assert.Equal(t, "https-only", app["customOriginConfig"].(map[string]any)["originProtocolPolicy"])
	assert.Equal(t, "us-east-1", got.one(t, provider, "ha-web-us-east-1")["region"])
	assert.Equal(t, "eu-west-1", got.one(t, provider, "ha-web-static-replica")["region"])
	page, err := os.ReadFile("testdata/unavailable.html")
	require.NoError(t, err)
	assert.Equal(t, string(page), got.one(t, bucketObject, "ha-web-static-unavailable")["content"])
	assert.Contains(t, inputsOf(t, got.of(bucketLifecycle)["ha-web-cdn-logs"]), `"days":90`)
	assert.False(t, got.of(bucket)["ha-web-static"].Protect)

	firewall := inputsOf(t, got.of(webACL)["ha-web-waf"])
	for _, part := range []string{`"limit":700`, `"name":"SQLi_BODY"`, `"name":"x-from-akamai"`, `"headerName":"True-Client-IP"`} {
		assert.Contains(t, firewall, part)
	}
	assert.NotContains(t, firewall, "AWSManagedRulesPHPRuleSet")
	assert.Equal(t, []any{"198.51.100.0/24"}, got.one(t, ipSet, "ha-web-waf-exempt-v4")["addresses"])
	assert.Equal(t, 90.0, got.one(t, logGroup, "ha-web-waf")["retentionInDays"])
	assert.Equal(t, []string{"ha-web-edge-v2", "ha-web-edge-v3", "ha-web-origin-v1", "ha-web-secret-smtp"}, got.names(secret))
	assert.Equal(t, "arn:aws:kms:us-east-1:123456789012:ha-web-key", got.one(t, secret, "ha-web-edge-v3")["kmsKeyId"])
	assert.Equal(t, "X-From-Akamai", got.Outputs["edgeHeaderName"])

	bare := planOf(t, "-stack", "prod", "-c", "cdn.waf.enabled=false", "-c", "cdn.accessLogs.enabled=false", "-c", "environment=development")
	assert.Empty(t, bare.of(webACL))
	assert.Empty(t, bare.of(logDelivery))
	assert.Equal(t, false, bare.one(t, distribution, "ha-web-cdn")["waitForDeployment"])
	unlimited := planOf(t, "-stack", "prod", "-c", "cdn.waf.rateLimit=0")
	assert.NotContains(t, inputsOf(t, unlimited.of(webACL)["ha-web-waf"]), "rateBasedStatement", "0 is not left out")
}

// withHeaders is how files reach the viewers of the whole program.
func withHeaders(behaviour map[string]any) map[string]any {
	behaviour["responseHeadersPolicyId"] = "ha-web-cdn_id"
	return behaviour
}

func TestStackWithoutCDN(t *testing.T) {
	t.Parallel()
	for _, stack := range stacks {
		got := planOf(t, "-stack", stack, "-c", "environment=development", "-c", "cdn.enabled=false", "-c", "cdn.replicaRegion=eu-west-1")
		for _, resource := range got.Resources {
			if strings.HasSuffix(resource.Parent, "Cdn::ha-web") {
				assert.Fail(t, "left over", resource.Key())
			}
		}
		assert.NotContains(t, got.names(provider), "ha-web-us-east-1")
		assert.NotContains(t, got.names(provider), "ha-web-static-replica")
		for _, name := range []string{"cdnDomainName", "staticBucketName", "distributionId", "edgeOriginHost", "edgeHeaderName", "edgeHeaderSecretArn"} {
			assert.Equal(t, "", got.Outputs[name], name)
		}
		assert.Contains(t, got.names(ingressRule), "ha-web-alb-from-internet", "people come to the load balancer itself")
		assert.Empty(t, got.of(listenerRule))
	}
	assert.Equal(t, "https://learn.example.edu", planOf(t, "-stack", "prod", "-c", "environment=development", "-c", "cdn.enabled=false").Outputs["url"])
	assert.Equal(t, "http://ha-web-alb.us-east-1.elb.amazonaws.com", planOf(t, "-stack", "dev", "-c", "cdn.enabled=false").Outputs["url"])
}

// The value that CloudFront sends is the one that the load balancer waits for, and TLS goes all the way.
func TestDistributionAndLoadBalancerAgree(t *testing.T) {
	t.Parallel()
	for stack, policy := range map[string]string{"dev": "http-only", "prod": "https-only", "local": "http-only"} {
		got := planOf(t, "-stack", stack)
		assert.True(t, slices.Contains(got.of(distribution)["ha-web-cdn"].DependsOn, secretVersion+"::ha-web-origin-v1"), stack)
		app := got.one(t, distribution, "ha-web-cdn")["origins"].([]any)[0].(map[string]any)
		assert.Equal(t, policy, app["customOriginConfig"].(map[string]any)["originProtocolPolicy"], stack)
		condition := got.one(t, listenerRule, "ha-web-listener-origin")["conditions"].([]any)[0].(map[string]any)["httpHeader"].(map[string]any)
		assert.Equal(t, condition["httpHeaderName"], app["customHeaders"].([]any)[0].(map[string]any)["name"], stack)
	}
	prod := planOf(t, "-stack", "prod")
	host := prod.one(t, distribution, "ha-web-cdn")["origins"].([]any)[0].(map[string]any)["domainName"]
	assert.Equal(t, host, prod.one(t, certificate, "ha-web-alb")["domainName"], "or CloudFront answers 502")
	assert.Equal(t, host, prod.one(t, dnsRecord, "ha-web-alb-a-origin.learn.example.edu")["name"])
}

func TestEveryBucketRefusesWhatComesInTheClear(t *testing.T) {
	t.Parallel()
	got := planOf(t, "-stack", "prod", "-c", "cdn.replicaRegion=us-west-2")
	assert.Equal(t, []string{"ha-web-alb-logs", "ha-web-cdn-logs", "ha-web-static", "ha-web-static-replica"}, got.names(bucket))
	for _, name := range got.names(bucket) {
		assert.Contains(t, document(t, got.one(t, bucketPolicy, name)["policy"]), "RefuseWithoutTLS", name)
		assert.Contains(t, got.names(accessBlock), name)
	}
}

func TestPlanSaysWhatPeopleHaveToDo(t *testing.T) {
	t.Parallel()
	byHand := []string{
		"-stack", "prod", "-c", "web.image=ami-0123456789abcdef0", "-c", "domain.hostedZone=",
		"-c", "domain.certificateArn=arn:aws:acm:us-east-1:123456789012:certificate/0a",
		"-c", "domain.cdnCertificateArn=arn:aws:acm:us-east-1:123456789012:certificate/0b",
	}
	const lead = "no domain.hostedZone: create the record "
	assert.Equal(t, []string{
		lead + "origin.learn.example.edu. CNAME <output albDnsName>", lead + "learn.example.edu. CNAME <output cdnDomainName>",
	}, notes(t, byHand...))
	assert.Equal(t, []string{
		"edge in front: learn.example.edu has to lead to it, and it has to be told the outputs edgeOriginHost, edgeHeaderName and the " +
			"secret edgeHeaderSecretArn", lead + "origin.learn.example.edu. CNAME <output albDnsName>",
	}, notes(t, append(byHand, "-c", "cdn.edge.header.name=X-From-Edge")...))
	const waits = "no domain.hostedZone: pulumi up prints the record that proves the certificate of "
	assert.Equal(t, []string{
		waits + "origin.learn.example.edu, and waits up to 75 minutes for it", lead + "origin.learn.example.edu. CNAME <output albDnsName>",
		waits + "learn.example.edu, and waits up to 75 minutes for it", lead + "learn.example.edu. CNAME <output cdnDomainName>",
	}, notes(t, byHand[:6]...))
	assert.Contains(t, notes(t, "-stack", "prod", "-c", "environment=development", "-c", "web.ingress=internet"),
		"web.ingress is internet: who knows the load balancer's name gets past CloudFront and its firewall")
	assert.Contains(t, notes(t, "-stack", "prod", "-c", "environment=development", "-c", "web.ingress=cloudfront", "-c", "cdn.enabled=false"),
		"cdn.enabled is false and web.ingress cloudfront: nobody gets in but a distribution of yours that sends the header X-Origin-Verify")
	assert.Contains(t, notes(t, "-stack", "dev", "-c", "cdn.enabled=false"),
		"no TLS: domain has neither name nor certificateArn, so the load balancer answers plain HTTP on port 80")
}
