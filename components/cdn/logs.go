package cdn

import (
	"ha-web/internal/settings/domain"

	"fmt"

	"ha-web/internal/parts"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/s3"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// accessLogs keeps a record of all requests, as CloudFront's standard logging of version 2 does: version 1 wants a bucket
// with access lists (field note CDN-9), which others can then open too.
func (b *builder) accessLogs() error {
	if b.args.AccessLogs.Disabled {
		return nil
	}
	bucket, err := b.PrivateBucket(b.ctx, b.Name("cdn", "logs"), parts.Bucket{
		ExpireDays: b.args.AccessLogs.RetentionDays, Unprotected: b.args.Unprotected,
	})
	if err != nil {
		return err
	}
	policy, err := b.admitDelivery(bucket)
	if err != nil {
		return err
	}
	return b.deliverLogs(bucket, policy)
}

// admitDelivery lets deliveries of this account's logs write. The statements are AWS's own (Amazon CloudWatch Logs user
// guide, "Logs sent to Amazon S3"): to a bucket without them it adds them, behind Pulumi's back.
func (b *builder) admitDelivery(bucket *parts.PrivateBucket) (*s3.BucketPolicy, error) {
	service := pulumi.String("delivery.logs.amazonaws.com")
	// Deliveries of CloudFront come from there, wherever the bucket is.
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

// recordFields are what is kept of a request (Amazon CloudFront developer guide, "Standard logging reference"). Left out are
// cookies, with which one could pass for someone else, and field-level encryption, which there is not.
var recordFields = []string{
	"date", "time", "x-edge-location", "sc-bytes", "c-ip", "cs-method", "cs(Host)", "cs-uri-stem", "sc-status", "cs(Referer)",
	"cs(User-Agent)", "cs-uri-query", "x-edge-result-type", "x-edge-request-id", "x-host-header", "cs-protocol", "cs-bytes",
	"time-taken", "x-forwarded-for", "ssl-protocol", "ssl-cipher", "x-edge-response-result-type", "cs-protocol-version",
	"c-port", "time-to-first-byte", "x-edge-detailed-result-type", "sc-content-type", "sc-content-len", "sc-range-start",
	"sc-range-end",
}

func (b *builder) deliverLogs(bucket *parts.PrivateBucket, policy *s3.BucketPolicy) error {
	name := b.Name("cdn")
	source, err := cloudwatch.NewLogDeliverySource(b.ctx, name, &cloudwatch.LogDeliverySourceArgs{
		LogType:     pulumi.String("ACCESS_LOGS"),
		ResourceArn: b.arn,
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
	// Under AWS's own path, AWSLogs/<account>/CloudFront: the provider cannot set another (hashicorp/terraform-provider-aws
	// #40968).
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
