package monitoring

import (
	"fmt"
	"slices"

	"ha-web/internal/component"
	"ha-web/internal/parts"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/kinesis"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// cdnNamespaces are the metrics of CloudFront and its firewall, which are in us-east-1.
var cdnNamespaces = []string{"AWS/CloudFront", "AWS/WAFV2"}

// namespaces returns those of the settings that have metrics in a region. A stream without filters would send all metrics of
// the account.
func (b *builder) namespaces(at *region) []string {
	return slices.DeleteFunc(slices.Clone(b.settings.Datadog.Namespaces), func(namespace string) bool {
		cdn := slices.Contains(cdnNamespaces, namespace)
		return cdn && at != b.cdn || !cdn && at != b.main
	})
}

// datadog streams metrics to Datadog.
func (b *builder) datadog() error {
	if !b.settings.Datadog.Enabled() {
		return nil
	}
	for _, at := range b.regions() {
		namespaces := b.namespaces(at)
		if len(namespaces) == 0 {
			continue
		}
		if err := b.metricStream(at, namespaces); err != nil {
			return err
		}
	}
	return nil
}

func (b *builder) metricStream(at *region, namespaces []string) error {
	delivery, err := b.delivery(at)
	if err != nil {
		return err
	}
	name := b.name(at, "datadog", "stream")
	role, policy, err := b.roleOf(name, "streams.metrics.cloudwatch.amazonaws.com", parts.Statement{
		Actions: []string{"firehose:PutRecord", "firehose:PutRecordBatch"}, Resources: []pulumi.StringInput{delivery.Arn},
	})
	if err != nil {
		return err
	}
	var filters cloudwatch.MetricStreamIncludeFilterArray
	for _, each := range namespaces {
		filters = append(filters, cloudwatch.MetricStreamIncludeFilterArgs{Namespace: pulumi.String(each)})
	}
	_, err = cloudwatch.NewMetricStream(b.ctx, name, &cloudwatch.MetricStreamArgs{
		FirehoseArn:    delivery.Arn,
		RoleArn:        role.Arn,
		OutputFormat:   pulumi.String("opentelemetry0.7"), // the format that Datadog reads
		IncludeFilters: filters,
		Tags:           b.Tags(name),
	}, b.optionsIn(at, pulumi.DependsOn([]pulumi.Resource{policy}))...)
	if err != nil {
		return fmt.Errorf("creating metric stream %s: %w", name, err)
	}
	return nil
}

// backupDays is how long metrics that Datadog did not accept are kept.
const backupDays = 14

// delivery creates the Firehose stream to Datadog, with a bucket for what Datadog does not accept and a log of the reasons.
func (b *builder) delivery(at *region) (*kinesis.FirehoseDeliveryStream, error) {
	name := b.name(at, "datadog")
	bucket, err := b.PrivateBucket(b.ctx, name, parts.Bucket{ExpireDays: backupDays, Unprotected: !b.settings.DeletionProtection}, at.opts...)
	if err != nil {
		return nil, err
	}
	if _, err := b.AttachBucketPolicy(b.ctx, bucket); err != nil {
		return nil, err
	}
	logs, err := b.LogGroup(b.ctx, name, "", b.settings.LogRetentionDays, at.logKey, at.opts...)
	if err != nil {
		return nil, err
	}
	stream, err := cloudwatch.NewLogStream(b.ctx, name, &cloudwatch.LogStreamArgs{
		Name: pulumi.String("delivery"), LogGroupName: logs.Name,
	}, b.optionsIn(at)...)
	if err != nil {
		return nil, fmt.Errorf("creating log stream %s: %w", name, err)
	}
	role, policy, err := b.roleOf(name, "firehose.amazonaws.com",
		parts.Statement{
			Sid:       "KeepWhatFails",
			Actions:   []string{"s3:AbortMultipartUpload", "s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads", "s3:PutObject"},
			Resources: []pulumi.StringInput{bucket.Arn, pulumi.Sprintf("%s/*", bucket.Arn)},
		},
		parts.Statement{
			Sid: "SayWhy", Actions: []string{"logs:PutLogEvents"}, Resources: []pulumi.StringInput{pulumi.Sprintf("%s:*", logs.Arn)},
		})
	if err != nil {
		return nil, err
	}
	return b.firehose(at, name, role, kinesis.FirehoseDeliveryStreamHttpEndpointConfigurationS3ConfigurationArgs{
		BucketArn: bucket.Arn, RoleArn: role.Arn, CompressionFormat: pulumi.String("GZIP"),
	}, kinesis.FirehoseDeliveryStreamHttpEndpointConfigurationCloudwatchLoggingOptionsArgs{
		Enabled: pulumi.Bool(true), LogGroupName: logs.Name, LogStreamName: stream.Name,
	}, policy)
}

// firehose creates the stream itself (Datadog documentation, "AWS CloudWatch Metric Streams").
func (b *builder) firehose(
	at *region, name string, role *iam.Role, backup kinesis.FirehoseDeliveryStreamHttpEndpointConfigurationS3ConfigurationArgs,
	logging kinesis.FirehoseDeliveryStreamHttpEndpointConfigurationCloudwatchLoggingOptionsArgs, policy pulumi.Resource,
) (*kinesis.FirehoseDeliveryStream, error) {
	created, err := kinesis.NewFirehoseDeliveryStream(b.ctx, name, &kinesis.FirehoseDeliveryStreamArgs{
		Destination: pulumi.String("http_endpoint"),
		ServerSideEncryption: kinesis.FirehoseDeliveryStreamServerSideEncryptionArgs{
			Enabled: pulumi.Bool(true), KeyType: pulumi.String("AWS_OWNED_CMK"),
		},
		HttpEndpointConfiguration: kinesis.FirehoseDeliveryStreamHttpEndpointConfigurationArgs{
			Name:                     pulumi.String("Datadog"),
			Url:                      pulumi.String("https://awsmetrics-intake." + b.settings.Datadog.Site + "/v1/input"),
			AccessKey:                component.Optional(b.settings.Datadog.APIKey),
			RoleArn:                  role.Arn.ToStringPtrOutput(),
			BufferingSize:            pulumi.Int(4),  // MiB
			BufferingInterval:        pulumi.Int(60), // seconds
			RetryDuration:            pulumi.Int(60),
			S3BackupMode:             pulumi.String("FailedDataOnly"),
			S3Configuration:          backup,
			CloudwatchLoggingOptions: logging,
			RequestConfiguration: kinesis.FirehoseDeliveryStreamHttpEndpointConfigurationRequestConfigurationArgs{
				ContentEncoding: pulumi.String("GZIP"),
			},
		},
		Tags: b.Tags(name),
	}, b.optionsIn(at, pulumi.DependsOn([]pulumi.Resource{policy}))...)
	if err != nil {
		return nil, fmt.Errorf("creating Firehose stream %s: %w", name, err)
	}
	return created, nil
}
