package webtier

import (
	"fmt"

	"ha-web/internal/component"
	"ha-web/internal/parts"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lb"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/s3"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

func (b *builder) loadBalancer() error {
	name := b.Name("alb")
	args := &lb.LoadBalancerArgs{
		LoadBalancerType:         pulumi.String("application"),
		Internal:                 pulumi.Bool(false),
		Subnets:                  b.args.PublicSubnetIDs,
		SecurityGroups:           b.args.ALBSecurityGroupIDs,
		IpAddressType:            pulumi.String("ipv4"),
		EnableDeletionProtection: pulumi.Bool(!b.args.Unprotected), // Security Hub ELB.6
		DropInvalidHeaderFields:  pulumi.Bool(true),                // Security Hub ELB.4
		DesyncMitigationMode:     pulumi.String("defensive"),       // Security Hub ELB.12
		EnableHttp2:              pulumi.Bool(true),
		// Someone who sees a zone fail before AWS does can take it out of service.
		EnableZonalShift: pulumi.Bool(true),
		Tags:             b.Tags(name),
	}
	var allowed []pulumi.Resource
	if !b.args.AccessLogs.Disabled {
		bucket, policy, err := b.accessLogs()
		if err != nil {
			return err
		}
		args.AccessLogs = lb.LoadBalancerAccessLogsArgs{
			Enabled: pulumi.Bool(true), // a bucket alone does not turn them on (field note ALB-3)
			Bucket:  bucket.Bucket,
			Prefix:  pulumi.String(accessLogPrefix),
		}
		// AWS tries the bucket at once, and makes half a load balancer where it may not write.
		allowed = append(allowed, policy)
	}
	var err error
	b.balancer, err = lb.NewLoadBalancer(b.ctx, name, args, b.Options(pulumi.DependsOn(allowed))...)
	if err != nil {
		return fmt.Errorf("creating load balancer %s: %w", name, err)
	}
	return nil
}

const accessLogPrefix = "alb"

// accessLogs creates the bucket of the access logs. They must be encrypted by S3's own keys: a load balancer cannot use
// one of KMS (field note ALB-3).
func (b *builder) accessLogs() (*parts.PrivateBucket, *s3.BucketPolicy, error) {
	bucket, err := b.PrivateBucket(b.ctx, b.Name("alb", "logs"), parts.Bucket{
		ExpireDays: b.args.AccessLogs.RetentionDays, Unprotected: b.args.Unprotected,
	})
	if err != nil {
		return nil, nil, err
	}
	policy, err := b.AttachBucketPolicy(b.ctx, bucket, parts.Statement{
		Sid:     "DeliverLogs",
		Service: pulumi.String("logdelivery.elasticloadbalancing.amazonaws.com"),
		Actions: []string{"s3:PutObject"},
		// The path names the account: other accounts' load balancers write elsewhere.
		Resources: []pulumi.StringInput{pulumi.Sprintf("%s/%s/AWSLogs/%s/*", bucket.Arn, accessLogPrefix, b.place.Account)},
	})
	return bucket, policy, err
}

func (b *builder) targetGroup() error {
	name := b.Name("app")
	check := b.args.HealthCheck
	args := &lb.TargetGroupArgs{
		VpcId:               component.Optional(b.args.VpcID),
		TargetType:          pulumi.String("instance"),
		Protocol:            pulumi.String("HTTP"),
		Port:                pulumi.Int(b.args.Port),
		DeregistrationDelay: pulumi.Int(b.args.TargetGroup.DeregistrationSeconds),
		// A page of courses costs many times what a picture does: requests in turn would pile up on some instances.
		LoadBalancingAlgorithmType: pulumi.String("least_outstanding_requests"),
		HealthCheck: lb.TargetGroupHealthCheckArgs{
			Protocol:           pulumi.String("HTTP"),
			Port:               pulumi.String("traffic-port"),
			Path:               pulumi.String(check.Path),
			Interval:           pulumi.Int(check.IntervalSeconds),
			Timeout:            pulumi.Int(check.TimeoutSeconds),
			HealthyThreshold:   pulumi.Int(check.HealthyThreshold),
			UnhealthyThreshold: pulumi.Int(check.UnhealthyThreshold),
			Matcher:            pulumi.String("200"),
		},
		Tags: b.Tags(name),
	}
	if seconds := b.args.TargetGroup.SlowStartSeconds; seconds > 0 {
		args.SlowStart = pulumi.Int(seconds)
		// AWS takes slow start with no other algorithm (Elastic Load Balancing user guide, "Slow start mode").
		args.LoadBalancingAlgorithmType = pulumi.String("round_robin")
	}
	if seconds := b.args.TargetGroup.StickinessSeconds; seconds > 0 {
		args.Stickiness = lb.TargetGroupStickinessArgs{
			Enabled:        pulumi.Bool(true),
			Type:           pulumi.String("lb_cookie"),
			CookieDuration: pulumi.Int(seconds),
		}
	}
	var err error
	b.targets, err = lb.NewTargetGroup(b.ctx, name, args, b.Options()...)
	if err != nil {
		return fmt.Errorf("creating target group %s: %w", name, err)
	}
	return nil
}
