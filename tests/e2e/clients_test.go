//go:build e2e

package e2e

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/budgets"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/firehose"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/wafv2"
)

// clients speak to the services of a region past Pulumi.
type clients struct {
	autoscaling *autoscaling.Client
	budgets     *budgets.Client
	cloudfront  *cloudfront.Client
	cloudwatch  *cloudwatch.Client
	ec2         *ec2.Client
	elb         *elasticloadbalancingv2.Client
	events      *eventbridge.Client
	firehose    *firehose.Client
	iam         *iam.Client
	kms         *kms.Client
	logs        *cloudwatchlogs.Client
	rds         *rds.Client
	route53     *route53.Client
	s3          *s3.Client
	secrets     *secretsmanager.Client
	sns         *sns.Client
	ssm         *ssm.Client
	waf         *wafv2.Client
}

func newClients(url, region string) clients {
	config := aws.Config{
		Region: region, BaseEndpoint: aws.String(url), Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
	}
	return clients{
		autoscaling: autoscaling.NewFromConfig(config),
		budgets:     budgets.NewFromConfig(config),
		cloudfront:  cloudfront.NewFromConfig(config),
		cloudwatch:  cloudwatch.NewFromConfig(config),
		ec2:         ec2.NewFromConfig(config),
		elb:         elasticloadbalancingv2.NewFromConfig(config),
		events:      eventbridge.NewFromConfig(config),
		firehose:    firehose.NewFromConfig(config),
		iam:         iam.NewFromConfig(config),
		kms:         kms.NewFromConfig(config),
		logs:        cloudwatchlogs.NewFromConfig(config),
		rds:         rds.NewFromConfig(config),
		route53:     route53.NewFromConfig(config),
		s3:          s3.NewFromConfig(config, func(options *s3.Options) { options.UsePathStyle = true }),
		secrets:     secretsmanager.NewFromConfig(config),
		sns:         sns.NewFromConfig(config),
		ssm:         ssm.NewFromConfig(config),
		waf:         wafv2.NewFromConfig(config),
	}
}
