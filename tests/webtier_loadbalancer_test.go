package tests

import (
	"testing"

	"ha-web/components/webtier"
	"ha-web/internal/awstype"
	"ha-web/internal/offline"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
)

// --- load balancer -------------------------------------------------------------

func TestLoadBalancerByDefault(t *testing.T) {
	t.Parallel()
	got := record(t, newWebTier(webTierArgs()))
	assert.Equal(t, map[string]any{
		"loadBalancerType": "application", "internal": false, "ipAddressType": "ipv4",
		"subnets": []any{"public-a_id", "public-b_id"}, "securityGroups": []any{"alb-group_id"},
		"enableDeletionProtection": true, "dropInvalidHeaderFields": true, "desyncMitigationMode": "defensive",
		"enableHttp2": true, "enableZonalShift": true,
		"accessLogs": map[string]any{"enabled": true, "bucket": "web-alb-logs", "prefix": "alb"},
		"tags":       map[string]any{"Name": "web-alb"},
	}, got.one(t, awstype.LBLoadBalancer, "web-alb"))
	assert.True(t, got.behind(balancerKey)[awstype.S3BucketPolicy+"::web-alb-logs"], "AWS tries the bucket when it turns logs on")
}

func TestTargetGroupByDefault(t *testing.T) {
	t.Parallel()
	got := record(t, newWebTier(webTierArgs()))
	assert.Equal(t, map[string]any{
		"vpcId": "vpc_id", "targetType": "instance", "protocol": "HTTP", "port": 8080.0,
		"deregistrationDelay": 60.0, "loadBalancingAlgorithmType": "least_outstanding_requests",
		"healthCheck": map[string]any{
			"protocol": "HTTP", "port": "traffic-port", "path": "/health", "interval": 20.0, "timeout": 5.0,
			"healthyThreshold": 2.0, "unhealthyThreshold": 3.0, "matcher": "200",
		},
		"tags": map[string]any{"Name": "web-app"},
	}, got.one(t, awstype.LBTargetGroup, "web-app"))
}

func TestTargetGroupOptions(t *testing.T) {
	t.Parallel()
	group := record(t, newWebTier(webTierArgs(func(s *webtier.Settings) {
		s.Port = 9000
		s.HealthCheck.Path, s.HealthCheck.IntervalSeconds = "/ready", 10
		s.TargetGroup = webtier.TargetGroup{DeregistrationSeconds: 30, StickinessSeconds: 3600, SlowStartSeconds: 60}
	}))).one(t, awstype.LBTargetGroup, "web-app")
	assert.Equal(t, 9000.0, group["port"])
	assert.Equal(t, 30.0, group["deregistrationDelay"])
	assert.Equal(t, map[string]any{"enabled": true, "type": "lb_cookie", "cookieDuration": 3600.0}, group["stickiness"])
	assert.Equal(t, 60.0, group["slowStart"])
	assert.Equal(t, "round_robin", group["loadBalancingAlgorithmType"], "AWS has no slow start with another")
	check := group["healthCheck"].(map[string]any)
	assert.Equal(t, "/ready", check["path"])
	assert.Equal(t, 10.0, check["interval"])
	assert.Equal(t, 5.0, check["timeout"], "what is left out has its default")
}

func TestUnprotectedCanBeDeleted(t *testing.T) {
	t.Parallel()
	protected := record(t, newWebTier(webTierArgs()))
	assert.True(t, protected.of(awstype.S3BucketV2)["web-alb-logs"].Protect)
	assert.Equal(t, false, protected.one(t, awstype.S3BucketV2, "web-alb-logs")["forceDestroy"])

	got := record(t, newWebTier(webTierArgs(func(s *webtier.Settings) { s.DeletionProtection = false })))
	assert.Equal(t, false, got.one(t, awstype.LBLoadBalancer, "web-alb")["enableDeletionProtection"])
	assert.False(t, got.of(awstype.S3BucketV2)["web-alb-logs"].Protect)
	assert.Equal(t, true, got.one(t, awstype.S3BucketV2, "web-alb-logs")["forceDestroy"])
}

func TestAccessLogsBucketIsPrivate(t *testing.T) {
	t.Parallel()
	got := record(t, newWebTier(webTierArgs(func(s *webtier.Settings) { s.AccessLogs.RetentionDays = 90 })))
	const name = "web-alb-logs"
	checkPrivate(t, got, name, expires(90))
	bucketARN := "arn:aws:s3:us-east-1:123456789012:" + name
	assert.Equal(t, map[string]map[string]any{
		"DeliverLogs": {
			"Effect": "Allow", "Principal": map[string]any{"Service": "logdelivery.elasticloadbalancing.amazonaws.com"},
			"Action": []any{"s3:PutObject"}, "Resource": []any{bucketARN + "/alb/AWSLogs/123456789012/*"},
		},
		"RefuseWithoutTLS": refuseWithoutTLS(bucketARN),
	}, document(t, got.one(t, awstype.S3BucketPolicy, name)["policy"]))
}

func TestAccessLogsCanBeLeftOut(t *testing.T) {
	t.Parallel()
	got := record(t, newWebTier(webTierArgs(func(s *webtier.Settings) { s.AccessLogs.Enabled = false })))
	assert.NotContains(t, got.one(t, awstype.LBLoadBalancer, "web-alb"), "accessLogs")
	assert.Empty(t, got.of(awstype.S3BucketV2))
}

// --- listeners and certificates ------------------------------------------------

var (
	forward   = map[string]any{"type": "forward", "targetGroupArn": "arn:aws:lb:us-east-1:123456789012:web-app"}
	forbidden = map[string]any{"type": "fixed-response", "fixedResponse": map[string]any{
		"statusCode": "403", "contentType": "text/plain", "messageBody": "Forbidden",
	}}
	redirect = map[string]any{"type": "redirect", "redirect": map[string]any{
		"protocol": "HTTPS", "port": "443", "statusCode": "HTTP_301",
	}}
)

// withoutTags returns the inputs of a resource but for its tags and its load balancer.
func withoutTags(inputs map[string]any) map[string]any {
	rest := map[string]any{}
	for key, value := range inputs {
		if key != "tags" && key != "loadBalancerArn" {
			rest[key] = value
		}
	}
	return rest
}

func TestListenersWithACertificate(t *testing.T) {
	t.Parallel()
	got := record(t, newWebTier(webTierArgs()))
	assert.Equal(t, map[string]any{
		"port": 443.0, "protocol": "HTTPS", "certificateArn": "certificate-arn",
		"sslPolicy": "ELBSecurityPolicy-TLS13-1-2-Res-2021-06", "defaultActions": []any{forward},
	}, withoutTags(got.one(t, awstype.LBListener, "web-listener-https")))
	assert.Equal(t, map[string]any{
		"port": 80.0, "protocol": "HTTP", "defaultActions": []any{redirect},
	}, withoutTags(got.one(t, awstype.LBListener, "web-listener-http")))
	assert.True(t, got.behind(awstype.LBListener + "::web-listener-http")[awstype.LBListener+"::web-listener-https"], "where it sends people")
	assert.Empty(t, got.of(awstype.LBListenerRule))
	assert.Empty(t, got.of(awstype.ACMCertificate))
	assert.Empty(t, got.of(awstype.SecretsManagerSecret))
}

func TestListenerWithoutACertificate(t *testing.T) {
	t.Parallel()
	args := webTierArgs()
	args.Certificate, args.PlainHTTP = webtier.Certificate{}, true
	got := record(t, newWebTier(args))
	assert.Equal(t, []string{"web-listener-http"}, got.names(awstype.LBListener), "there is nowhere to redirect to")
	assert.Equal(t, map[string]any{
		"port": 80.0, "protocol": "HTTP", "defaultActions": []any{forward},
	}, withoutTags(got.one(t, awstype.LBListener, "web-listener-http")))
}

func TestOnlyTheOwnDistributionIsForwarded(t *testing.T) {
	t.Parallel()
	for _, plain := range []bool{false, true} {
		args := webTierArgs(func(s *webtier.Settings) { s.Ingress = webtier.CloudFront })
		args.PlainHTTP = plain
		name := "web-listener-https"
		if plain {
			args.Certificate, name = webtier.Certificate{}, "web-listener-http"
		}
		got := record(t, newWebTier(args))
		assert.Equal(t, []any{forbidden}, got.one(t, awstype.LBListener, name)["defaultActions"])
		assert.Equal(t, map[string]any{
			"listenerArn": "arn:aws:lb:us-east-1:123456789012:" + name, "priority": 50000.0,
			"conditions": []any{map[string]any{"httpHeader": map[string]any{
				"httpHeaderName": "X-Origin-Verify", "values": []any{offline.Secret},
			}}},
			"actions": []any{forward}, "tags": map[string]any{"Name": "web-listener-origin"},
		}, got.one(t, awstype.LBListenerRule, "web-listener-origin"))
		assert.Equal(t, []string{"web-origin-v1"}, got.names(awstype.SecretsManagerSecret))
	}
}

func TestOriginHeaderValuesAreMadeUpAndKept(t *testing.T) {
	t.Parallel()
	args := fullWebTier(func(s *webtier.Settings) { s.OriginHeader.Name = "X-From-CDN" })
	got := record(t, newWebTier(args))
	for _, name := range []string{"web-origin-v1", "web-origin-v2"} {
		assert.Equal(t, "key-arn", got.one(t, awstype.SecretsManagerSecret, name)["kmsKeyId"])
		assert.Equal(t, offline.Secret, got.one(t, awstype.SecretsManagerSecretVersion, name)["secretString"])
		assert.Equal(t, []string{"secretString"}, got.of(awstype.SecretsManagerSecretVersion)[name].IgnoreChanges, "another value each time would never match")
	}
	condition := got.one(t, awstype.LBListenerRule, "web-listener-origin")["conditions"].([]any)[0].(map[string]any)["httpHeader"].(map[string]any)
	assert.Equal(t, "X-From-CDN", condition["httpHeaderName"])
	assert.Equal(t, []any{offline.Secret, offline.Secret}, condition["values"], "the value before still counts")

	args.Settings.OriginHeader.Version = 7
	assert.Equal(t, []string{"web-origin-v6", "web-origin-v7"}, record(t, newWebTier(args)).names(awstype.SecretsManagerSecret))
	for _, resource := range got.Resources {
		assert.NotContains(t, inputsOf(t, resource), `"random"`, "%s shows the value", resource.Key())
	}
}

func TestWebTierHandsOnTheNewestOriginValue(t *testing.T) {
	t.Parallel()
	got := record(t, func(ctx *pulumi.Context) error {
		args := fullWebTier()
		tier, err := webtier.New(ctx, "web", args)
		if err != nil {
			return err
		}
		ctx.Export("host", tier.Origin.Host)
		ctx.Export("value", tier.Origin.HeaderValues[0])
		ctx.Export("arn", tier.HeldSecretARNs[0])
		assert.Len(t, tier.Origin.HeaderValues, 2)
		assert.Equal(t, "X-Origin-Verify", tier.Origin.HeaderName)
		assert.False(t, tier.Origin.PlainHTTP)
		args.Settings.Ingress = webtier.Internet
		open, err := webtier.New(ctx, "open", args)
		assert.Empty(t, open.Origin.HeaderName)
		assert.Empty(t, open.Origin.HeaderValues)
		assert.Empty(t, open.HeldSecretARNs)
		return err
	})
	assert.Equal(t, "example.edu", got.Outputs["host"])
	assert.Equal(t, offline.Secret, got.Outputs["value"])
	assert.Equal(t, "arn:aws:secretsmanager:us-east-1:123456789012:web-origin-v2", got.Outputs["arn"])
}

func TestCertificateIsRequestedAndUsedOnceItIsIssued(t *testing.T) {
	t.Parallel()
	got := record(t, newWebTier(fullWebTier()))
	assert.Equal(t, map[string]any{
		"domainName": "example.edu", "subjectAlternativeNames": []any{"*.example.edu", "a.example.edu"},
		"validationMethod": "DNS", "tags": map[string]any{"Name": "web-alb"},
	}, got.one(t, awstype.ACMCertificate, "web-alb"))
	for _, host := range []string{"example.edu", "a.example.edu"} { // the wildcard has the record of example.edu
		assert.Equal(t, map[string]any{
			"zoneId": "example.edu_id", "name": "_validation." + host + ".", "type": "CNAME", "ttl": 60.0,
			"records": []any{"_value.acm-validations.aws."}, "allowOverwrite": true,
		}, got.one(t, awstype.Route53Record, "web-alb-validation-"+host))
	}
	assert.Len(t, got.one(t, awstype.ACMCertificateValidation, "web-alb")["validationRecordFqdns"], 2)
	assert.True(t, got.behind(awstype.LBListener + "::web-listener-https")[awstype.ACMCertificateValidation+"::web-alb"], "AWS refuses one that is not issued")
}

func TestHostNamesLeadToTheLoadBalancer(t *testing.T) {
	t.Parallel()
	args := webTierArgs()
	args.Certificate.HostNames, args.Certificate.HostedZone = []string{"learn.example.edu"}, "example.edu"
	got := record(t, newWebTier(args))
	assert.Empty(t, got.of(awstype.ACMCertificate), "one is given")
	assert.Equal(t, []string{"web-alb-a-learn.example.edu"}, got.names(awstype.Route53Record))
	assert.Equal(t, map[string]any{
		"zoneId": "example.edu_id", "name": "learn.example.edu", "type": "A",
		"aliases": []any{map[string]any{
			"name": "web-alb.us-east-1.elb.amazonaws.com", "zoneId": "elb-us-east-1_id", "evaluateTargetHealth": true,
		}},
	}, got.one(t, awstype.Route53Record, "web-alb-a-learn.example.edu"))
}
