package webtier

import (
	"fmt"

	"ha-web/internal/component"
	"ha-web/internal/parts"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lb"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/s3"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

func (b *builder) loadBalancer() (*lb.LoadBalancer, error) {
	name := b.Name("alb")
	args := &lb.LoadBalancerArgs{
		LoadBalancerType:         pulumi.String("application"),
		Internal:                 pulumi.Bool(false),
		Subnets:                  b.args.PublicSubnetIDs,
		SecurityGroups:           b.args.ALBSecurityGroupIDs,
		IpAddressType:            pulumi.String("ipv4"),
		EnableDeletionProtection: pulumi.Bool(b.settings.DeletionProtection), // AWS Security Hub, ELB.6
		DropInvalidHeaderFields:  pulumi.Bool(true),                          // ELB.4
		DesyncMitigationMode:     pulumi.String("defensive"),                 // ELB.12
		EnableHttp2:              pulumi.Bool(true),
		// Whoever notices the failure of an Availability Zone before AWS does can shift requests away from it.
		EnableZonalShift: pulumi.Bool(true),
		Tags:             b.Tags(name),
	}
	var allowed []pulumi.Resource
	if b.settings.AccessLogs.Enabled {
		bucket, policy, err := b.accessLogs()
		if err != nil {
			return nil, err
		}
		args.AccessLogs = lb.LoadBalancerAccessLogsArgs{
			Enabled: pulumi.Bool(true), // a bucket alone does not turn them on
			Bucket:  bucket.Bucket,
			Prefix:  pulumi.String(accessLogPrefix),
		}
		// AWS writes a test object at once, and a load balancer that fails to stays half configured.
		allowed = append(allowed, policy)
	}
	balancer, err := lb.NewLoadBalancer(b.ctx, name, args, b.Options(pulumi.DependsOn(allowed))...)
	if err != nil {
		return nil, fmt.Errorf("creating load balancer %s: %w", name, err)
	}
	return balancer, nil
}

const accessLogPrefix = "alb"

// accessLogs creates the bucket of the access logs, encrypted with keys of S3: a load balancer cannot use one of KMS (Elastic Load
// Balancing user guide, "Enable access logs for your Application Load Balancer").
func (b *builder) accessLogs() (*parts.PrivateBucket, *s3.BucketPolicy, error) {
	bucket, err := b.PrivateBucket(b.ctx, b.Name("alb", "logs"), parts.Bucket{
		ExpireDays: b.settings.AccessLogs.RetentionDays, Unprotected: !b.settings.DeletionProtection,
	})
	if err != nil {
		return nil, nil, err
	}
	policy, err := b.AttachBucketPolicy(b.ctx, bucket, parts.Statement{
		Sid:     "DeliverLogs",
		Service: pulumi.String("logdelivery.elasticloadbalancing.amazonaws.com"),
		Actions: []string{"s3:PutObject"},
		// The path names the account: load balancers of others cannot write here.
		Resources: []pulumi.StringInput{pulumi.Sprintf("%s/%s/AWSLogs/%s/*", bucket.Arn, accessLogPrefix, b.place.Account)},
	})
	return bucket, policy, err
}

func (b *builder) targetGroup() (*lb.TargetGroup, error) {
	name := b.Name("app")
	check := b.settings.HealthCheck
	args := &lb.TargetGroupArgs{
		VpcId:               component.Optional(b.args.VpcID),
		TargetType:          pulumi.String("instance"),
		Protocol:            pulumi.String("HTTP"),
		Port:                pulumi.Int(b.settings.Port),
		DeregistrationDelay: pulumi.Int(b.settings.TargetGroup.DeregistrationSeconds),
		// A dynamic page takes many times as long as an image: by round robin, requests would pile up on some instances, and most
		// of all on one that hangs (docs/adr/0015-least-outstanding-requests.md).
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
	if seconds := b.settings.TargetGroup.SlowStartSeconds; seconds > 0 {
		args.SlowStart = pulumi.Int(seconds)
		// Slow start requires this algorithm (Elastic Load Balancing user guide, "Slow start mode").
		args.LoadBalancingAlgorithmType = pulumi.String("round_robin")
	}
	if seconds := b.settings.TargetGroup.StickinessSeconds; seconds > 0 {
		args.Stickiness = lb.TargetGroupStickinessArgs{
			Enabled:        pulumi.Bool(true),
			Type:           pulumi.String("lb_cookie"),
			CookieDuration: pulumi.Int(seconds),
		}
	}
	targets, err := lb.NewTargetGroup(b.ctx, name, args, b.Options()...)
	if err != nil {
		return nil, fmt.Errorf("creating target group %s: %w", name, err)
	}
	return targets, nil
}
