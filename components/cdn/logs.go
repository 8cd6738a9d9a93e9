package cdn

import (
	"fmt"

	"ha-web/internal/parts"
	"ha-web/internal/settings/domain"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/s3"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// accessLogs records all requests, by standard logging of version 2: version 1 requires a bucket with ACLs, which can make
// objects public (Amazon CloudFront developer guide, "Configure standard logging (legacy)").
func (b *builder) accessLogs(distribution pulumi.StringInput) error {
	if !b.settings.AccessLogs.Enabled {
		return nil
	}
	bucket, err := b.PrivateBucket(b.ctx, b.Name("cdn", "logs"), parts.Bucket{
		ExpireDays: b.settings.AccessLogs.RetentionDays, Unprotected: !b.settings.DeletionProtection,
	})
	if err != nil {
		return err
	}
	policy, err := b.grantLogDelivery(bucket)
	if err != nil {
		return err
	}
	return b.deliverLogs(distribution, bucket, policy)
}

// grantLogDelivery lets log deliveries of this account write to a bucket. The statements are those of AWS (Amazon CloudWatch
// Logs user guide, "Logs sent to Amazon S3"), which adds them to the policy of a bucket without them, as drift.
func (b *builder) grantLogDelivery(bucket *parts.PrivateBucket) (*s3.BucketPolicy, error) {
	service := pulumi.String("delivery.logs.amazonaws.com")
	// Log deliveries of CloudFront are in us-east-1, wherever the bucket is.
	from := pulumi.Map{"aws:SourceArn": pulumi.Sprintf("arn:%s:logs:%s:%s:*",
		b.place.Partition, domain.CertificateRegion, b.place.Account)}
	return b.AttachBucketPolicy(b.ctx, bucket,
		parts.Statement{
			Sid: "AWSLogDeliveryAclCheck", Service: service, Actions: []string{"s3:GetBucketAcl"},
			Resources: []pulumi.StringInput{bucket.Arn},
			Conditions: map[string]pulumi.Map{
				"StringEquals": {"aws:SourceAccount": b.place.Account}, "ArnLike": from,
			},
		},
		parts.Statement{
			Sid: "AWSLogDeliveryWrite", Service: service, Actions: []string{"s3:PutObject"},
			Resources: []pulumi.StringInput{pulumi.Sprintf("%s/AWSLogs/%s/*", bucket.Arn, b.place.Account)},
			Conditions: map[string]pulumi.Map{
				"StringEquals": {
					"aws:SourceAccount": b.place.Account, "s3:x-amz-acl": pulumi.String("bucket-owner-full-control"),
				},
				"ArnLike": from,
			},
		})
}

// recordFields are the fields of a log entry (Amazon CloudFront developer guide, "Standard logging reference"), without cookies,
// which would let a reader of the log take over a session, and without those of field-level encryption, which is not in use.
var recordFields = []string{
	"date", "time", "x-edge-location", "sc-bytes", "c-ip", "cs-method", "cs(Host)", "cs-uri-stem", "sc-status", "cs(Referer)",
	"cs(User-Agent)", "cs-uri-query", "x-edge-result-type", "x-edge-request-id", "x-host-header", "cs-protocol", "cs-bytes",
	"time-taken", "x-forwarded-for", "ssl-protocol", "ssl-cipher", "x-edge-response-result-type", "cs-protocol-version",
	"c-port", "time-to-first-byte", "x-edge-detailed-result-type", "sc-content-type", "sc-content-len", "sc-range-start",
	"sc-range-end",
}

// deliverLogs sends the logs of the distribution to a bucket, once its policy allows that.
func (b *builder) deliverLogs(distribution pulumi.StringInput, bucket *parts.PrivateBucket, policy *s3.BucketPolicy) error {
	name := b.Name("cdn")
	source, err := cloudwatch.NewLogDeliverySource(b.ctx, name, &cloudwatch.LogDeliverySourceArgs{
		LogType:     pulumi.String("ACCESS_LOGS"),
		ResourceArn: distribution,
		Tags:        b.Tags(name),
	}, b.Options(b.inUSEast1())...)
	if err != nil {
		return fmt.Errorf("creating log source %s: %w", name, err)
	}
	destination, err := cloudwatch.NewLogDeliveryDestination(b.ctx, name, &cloudwatch.LogDeliveryDestinationArgs{
		OutputFormat: pulumi.String("json"),
		DeliveryDestinationConfiguration: cloudwatch.LogDeliveryDestinationDeliveryDestinationConfigurationArgs{
			DestinationResourceArn: bucket.Arn,
		},
		Tags: b.Tags(name),
	}, b.Options(b.inUSEast1())...)
	if err != nil {
		return fmt.Errorf("creating log destination %s: %w", name, err)
	}
	// The path in the bucket is AWSLogs/<account>/CloudFront: the provider cannot set another (terraform-provider-aws#40968).
	_, err = cloudwatch.NewLogDelivery(b.ctx, name, &cloudwatch.LogDeliveryArgs{
		DeliverySourceName:     source.Name,
		DeliveryDestinationArn: destination.Arn,
		RecordFields:           pulumi.ToStringArray(recordFields),
		Tags:                   b.Tags(name),
	}, b.Options(b.inUSEast1(), pulumi.DependsOn([]pulumi.Resource{policy}))...)
	if err != nil {
		return fmt.Errorf("delivering logs %s: %w", name, err)
	}
	return nil
}
