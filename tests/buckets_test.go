package tests

import (
	"maps"
	"testing"

	"ha-web/internal/awstype"

	"github.com/stretchr/testify/assert"
)

// checkPrivate checks that a bucket blocks public access, and is versioned, encrypted and has a lifecycle.
func checkPrivate(t *testing.T, got recording, name string, expiration map[string]any) {
	t.Helper()
	assert.Equal(t, map[string]any{
		"bucket": name + "_id", "blockPublicAcls": true, "blockPublicPolicy": true, "ignorePublicAcls": true, "restrictPublicBuckets": true,
	}, got.one(t, awstype.S3BucketPublicAccessBlock, name))
	assert.Equal(t, map[string]any{
		"bucket": name + "_id", "rule": map[string]any{"objectOwnership": "BucketOwnerEnforced"},
	}, got.one(t, awstype.S3BucketOwnershipControls, name))
	assert.Equal(t, map[string]any{
		"bucket": name + "_id",
		"rules":  []any{map[string]any{"applyServerSideEncryptionByDefault": map[string]any{"sseAlgorithm": "AES256"}}},
	}, got.one(t, awstype.S3BucketServerSideEncryptionConfigurationV2, name), "SSE-S3: a load balancer accepts no other")
	assert.Equal(t, map[string]any{
		"bucket": name + "_id", "versioningConfiguration": map[string]any{"status": "Enabled"},
	}, got.one(t, awstype.S3BucketVersioningV2, name))
	rule := map[string]any{
		"id": "expire", "status": "Enabled", "filter": map[string]any{"prefix": ""},
		"noncurrentVersionExpiration":    map[string]any{"noncurrentDays": 30.0},
		"abortIncompleteMultipartUpload": map[string]any{"daysAfterInitiation": 7.0},
	}
	maps.Copy(rule, expiration)
	assert.Equal(t, map[string]any{"bucket": name + "_id", "rules": []any{rule}}, got.one(t, awstype.S3BucketLifecycleConfigurationV2, name))
	assert.True(t, got.behind(awstype.S3BucketLifecycleConfigurationV2 + "::" + name)[awstype.S3BucketVersioningV2+"::"+name])
	assert.True(t, got.behind(awstype.S3BucketPolicy + "::" + name)[awstype.S3BucketPublicAccessBlock+"::"+name], "S3 takes one change of access at a time")
}

// expires is the part of a lifecycle that deletes objects.
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

func TestEveryBucketRequiresTLS(t *testing.T) {
	t.Parallel()
	got := planOf(t, "-stack", "prod", "-c", "cdn.replicaRegion=us-west-2")
	assert.Equal(t, []string{"ha-web-alb-logs", "ha-web-cdn-logs", "ha-web-static", "ha-web-static-replica"}, got.names(awstype.S3BucketV2))
	for _, name := range got.names(awstype.S3BucketV2) {
		assert.Contains(t, document(t, got.one(t, awstype.S3BucketPolicy, name)["policy"]), "RefuseWithoutTLS", name)
		assert.Contains(t, got.names(awstype.S3BucketPublicAccessBlock), name)
	}
}
