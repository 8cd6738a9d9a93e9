package tests

import (
	"strings"
	"testing"

	"ha-web/components/cdn"
	"ha-web/internal/awstype"

	"github.com/stretchr/testify/assert"
)

// readThroughCloudFront lets the distribution, and no other, read a bucket.
func readThroughCloudFront(bucketARN string) map[string]any {
	return map[string]any{
		"Effect": "Allow", "Principal": map[string]any{"Service": "cloudfront.amazonaws.com"}, "Action": []any{"s3:GetObject"},
		"Resource":  []any{bucketARN + "/*"},
		"Condition": map[string]any{"StringEquals": map[string]any{"AWS:SourceArn": distributionARN}},
	}
}

func TestStaticBucketIsReadThroughTheDistributionAlone(t *testing.T) {
	t.Parallel()
	got := record(t, newCdn(cdnArgs()))
	checkPrivate(t, got, "web-static", nil)
	const arn = "arn:aws:s3:us-east-1:123456789012:web-static"
	assert.Equal(t, map[string]map[string]any{
		"ReadThroughCloudFront": readThroughCloudFront(arn), "RefuseWithoutTLS": refuseWithoutTLS(arn),
	}, document(t, got.one(t, awstype.S3BucketPolicy, "web-static")["policy"]))
	assert.Equal(t, map[string]any{
		"originAccessControlOriginType": "s3", "signingBehavior": "always", "signingProtocol": "sigv4",
	}, got.one(t, awstype.CloudFrontOriginAccessControl, "web-static"))
}

func TestErrorPageIsInTheBucket(t *testing.T) {
	t.Parallel()
	got := record(t, newCdn(cdnArgs()))
	assert.True(t, got.behind(awstype.S3BucketObjectv2 + "::web-static-unavailable")[awstype.S3BucketVersioningV2+"::web-static"],
		"without versioning, deleting the page leaves its object")
	page := got.one(t, awstype.S3BucketObjectv2, "web-static-unavailable")
	content := page["content"].(string)
	delete(page, "content")
	assert.Equal(t, map[string]any{
		"bucket": "web-static_id", "key": "errors/unavailable.html", "contentType": "text/html; charset=utf-8",
		"cacheControl": "max-age=60", "tags": map[string]any{"Name": "web-static-unavailable"},
	}, page)
	assert.True(t, strings.HasPrefix(content, "<!doctype html>"))
	assert.NotRegexp(t, `(?i)src=|href=|url\(`, content, "the page loads nothing: the site is down")

	args := cdnArgs(func(s *cdn.Settings) { s.ErrorHTML = "<h1>Example University</h1>" })
	assert.Equal(t, args.Settings.ErrorHTML, record(t, newCdn(args)).one(t, awstype.S3BucketObjectv2, "web-static-unavailable")["content"])
}

func TestSecondBucketAnswersWhereTheFirstFails(t *testing.T) {
	t.Parallel()
	got := record(t, newCdn(cdnArgs(replicated)))
	front := got.one(t, awstype.CloudFrontDistribution, "web-cdn")
	assert.Equal(t, []any{
		bucketOrigin("static", "web-static", "us-east-1"), bucketOrigin("static-replica", "web-static-replica", "us-west-2"),
	}, front["origins"].([]any)[1:])
	assert.Equal(t, []any{map[string]any{
		"originId":         "static-group",
		"failoverCriteria": map[string]any{"statusCodes": []any{500.0, 502.0, 503.0, 504.0}},
		"members":          []any{map[string]any{"originId": "static"}, map[string]any{"originId": "static-replica"}},
	}}, front["originGroups"])
	assert.Equal(t, []any{files("/errors/*", "static-group"), files("/static/*", "static-group")}, front["orderedCacheBehaviors"],
		"methods that read: CloudFront accepts no others with an origin group")
	assert.Equal(t, "app", front["defaultCacheBehavior"].(map[string]any)["targetOriginId"])

	checkPrivate(t, got, "web-static-replica", nil)
	const arn = "arn:aws:s3:us-west-2:123456789012:web-static-replica"
	assert.Equal(t, map[string]map[string]any{
		"ReadThroughCloudFront": readThroughCloudFront(arn), "RefuseWithoutTLS": refuseWithoutTLS(arn),
	}, document(t, got.one(t, awstype.S3BucketPolicy, "web-static-replica")["policy"]))
	for _, kind := range []string{awstype.S3BucketV2, awstype.S3BucketPublicAccessBlock, awstype.S3BucketOwnershipControls, awstype.S3BucketServerSideEncryptionConfigurationV2, awstype.S3BucketVersioningV2, awstype.S3BucketLifecycleConfigurationV2, awstype.S3BucketPolicy} {
		assert.Equal(t, awstype.Provider+"::web-there", got.of(kind)["web-static-replica"].Provider, kind)
		assert.Empty(t, got.of(kind)["web-static"].Provider, kind)
	}
}

func TestFilesAreCopiedToTheSecondBucket(t *testing.T) {
	t.Parallel()
	got := record(t, newCdn(cdnArgs(replicated)))
	const here, there = "arn:aws:s3:us-east-1:123456789012:web-static", "arn:aws:s3:us-west-2:123456789012:web-static-replica"
	assert.Equal(t, map[string]any{
		"bucket": "web-static_id", "role": "arn:aws:iam:us-east-1:123456789012:web-static-replica",
		"rules": []any{map[string]any{
			"id": "everything", "priority": 1.0, "status": "Enabled", "filter": map[string]any{"prefix": ""},
			"deleteMarkerReplication": map[string]any{"status": "Enabled"}, "destination": map[string]any{"bucket": there},
		}},
	}, got.one(t, awstype.S3BucketReplicationConfig, "web-static-replica"))
	before := got.behind(awstype.S3BucketReplicationConfig + "::web-static-replica")
	for _, key := range []string{
		awstype.IAMRolePolicy + "::web-static-replica", awstype.S3BucketVersioningV2 + "::web-static", awstype.S3BucketVersioningV2 + "::web-static-replica",
	} {
		assert.True(t, before[key], key)
	}
	assert.True(t, got.behind(awstype.S3BucketObjectv2 + "::web-static-unavailable")[awstype.S3BucketReplicationConfig+"::web-static-replica"],
		"S3 copies no files from before the replication")
	assert.Equal(t, map[string]map[string]any{"sts:AssumeRole": {
		"Effect": "Allow", "Principal": map[string]any{"Service": "s3.amazonaws.com"}, "Action": []any{"sts:AssumeRole"},
		"Condition": map[string]any{"StringEquals": map[string]any{"aws:SourceAccount": "123456789012"}},
	}}, document(t, got.one(t, awstype.IAMRole, "web-static-replica")["assumeRolePolicy"]))
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
	}, document(t, got.one(t, awstype.IAMRolePolicy, "web-static-replica")["policy"]))
}
