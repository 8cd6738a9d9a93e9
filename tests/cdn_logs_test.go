package tests

import (
	"testing"

	"ha-web/components/cdn"
	"ha-web/internal/awstype"
	"ha-web/internal/offline"

	"github.com/stretchr/testify/assert"
)

func TestAccessLogsOfTheDistribution(t *testing.T) {
	t.Parallel()
	args := cdnArgs(func(s *cdn.Settings) { s.AccessLogs.RetentionDays = 90 })
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
	}, document(t, got.one(t, awstype.S3BucketPolicy, "web-cdn-logs")["policy"]))
	tags := map[string]any{"Name": "web-cdn"}
	assert.Equal(t, map[string]any{"logType": "ACCESS_LOGS", "resourceArn": distributionARN, "tags": tags}, got.one(t, awstype.CloudWatchLogDeliverySource, "web-cdn"))
	assert.Equal(t, map[string]any{
		"outputFormat": "json", "deliveryDestinationConfiguration": map[string]any{"destinationResourceArn": arn}, "tags": tags,
	}, got.one(t, awstype.CloudWatchLogDeliveryDestination, "web-cdn"))
	sent := got.one(t, awstype.CloudWatchLogDelivery, "web-cdn")
	assert.Equal(t, "web-cdn", sent["deliverySourceName"])
	assert.Equal(t, "arn:aws:cloudwatch:us-east-1:123456789012:web-cdn", sent["deliveryDestinationArn"])
	assert.Subset(t, sent["recordFields"], []any{"c-ip", "cs-uri-stem", "sc-status", "time-taken", "x-edge-result-type"})
	assert.NotContains(t, sent["recordFields"], "cs(Cookie)", "a reader of the log could take over a session")
	assert.Equal(t, tags, sent["tags"])
	assert.True(t, got.behind(awstype.CloudWatchLogDelivery + "::web-cdn")[awstype.S3BucketPolicy+"::web-cdn-logs"], "without the policy, AWS writes one of its own")

	got = record(t, newCdn(cdnArgs(func(s *cdn.Settings) { s.AccessLogs.Enabled = false })))
	assert.Equal(t, []string{"web-static"}, got.names(awstype.S3BucketV2))
	assert.Empty(t, got.of(awstype.CloudWatchLogDelivery))
}
