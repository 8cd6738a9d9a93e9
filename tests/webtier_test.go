package tests

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"ha-web/components/webtier"
	"ha-web/internal/awstype"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
)

const (
	groupKey    = awstype.AutoScalingGroup + "::web-app"
	balancerKey = awstype.LBLoadBalancer + "::web-alb"
)

// --- faults --------------------------------------------------------------------

func TestWebTierNamesEveryFault(t *testing.T) {
	t.Parallel()
	assert.Equal(t, `web tier web: VpcID: is required
PublicSubnetIDs: is required
PrivateSubnetIDs: is required
ALBSecurityGroupIDs: is required
AppSecurityGroupID: is required
Certificate: must have an ARN or HostNames, unless PlainHTTP is set`, fault(t, newWebTier(&webtier.Args{})))
	assert.Contains(t, fault(t, newWebTier(nil)), "VpcID: is required")

	settings := func(change func(*webtier.Settings)) func(*webtier.Args) {
		return func(a *webtier.Args) { change(a.Settings) }
	}
	tests := map[string]struct {
		change func(*webtier.Args)
		want   string
	}{
		"begun":    {func(a *webtier.Args) { a.Settings = &webtier.Settings{Port: 80} }, "Settings: must begin as Default(), which sets what is left out"},
		"ingress":  {settings(func(s *webtier.Settings) { s.Ingress = "vpn" }), `Settings.Ingress: must be internet or cloudfront, got "vpn"`},
		"header":   {settings(func(s *webtier.Settings) { s.OriginHeader.Name = "X-Amz-Me" }), `Settings.OriginHeader.Name: must not begin with X-Amz- or X-Edge-, which AWS reserves, got "X-Amz-Me"`},
		"version":  {settings(func(s *webtier.Settings) { s.OriginHeader.Version = -1 }), "Settings.OriginHeader.Version: must be between 1 and 1000000, got -1"},
		"no names": {func(a *webtier.Args) { a.Certificate = webtier.Certificate{HostedZone: "example.edu"} }, "Certificate.HostNames: must have at least one name with Certificate.HostedZone"},
		"elsewhere": {func(a *webtier.Args) {
			a.Certificate.HostNames, a.Certificate.HostedZone = []string{"notexample.edu"}, "example.edu"
		}, `Certificate.HostNames[0]: must be in Certificate.HostedZone (example.edu), got "notexample.edu"`},
		"twice": {func(a *webtier.Args) {
			a.Certificate.HostNames, a.Certificate.HostedZone = []string{"example.edu", "example.edu"}, "example.edu"
		}, "Certificate.HostNames[1]: example.edu is listed twice"},
		"both":   {func(a *webtier.Args) { a.PlainHTTP = true }, "PlainHTTP: must not be set with a Certificate"},
		"tag":    {func(a *webtier.Args) { a.Shared.Tags = pulumi.StringMap{"cost/centre": pulumi.String("x")} }, `Shared.Tags: must have keys of at most 255 letters, digits and -_+=,.@:, because instances read their tags from their metadata, got "cost/centre"`},
		"secret": {func(a *webtier.Args) { a.Secrets = pulumi.StringMap{"a b": pulumi.String("x")} }, `Secrets: must be lowercase letters, digits and single hyphens, got "a b"`},
		"variable of a secret": {func(a *webtier.Args) {
			a.Secrets, a.Settings.Environment = pulumi.StringMap{"smtp": pulumi.String("x")}, map[string]string{"SMTP_SECRET_ARN": "x"}
		}, "Settings.Environment.SMTP_SECRET_ARN: has the ARN of the secret smtp: choose another name"},
		"group": {settings(func(s *webtier.Settings) { s.Port, s.BootSeconds = 80, 201 }),
			"Settings.HealthCheck.GraceSeconds: must be at least 1.5 times Settings.BootSeconds (201), which is 302, got 300\nSettings.Port: must be between 1024 and 65535, got 80"},
		"schedule": {settings(func(s *webtier.Settings) { s.Schedules = []webtier.Schedule{{Name: "x", Min: 1}} }), "Settings.Schedules[0]: must have a recurrence or a start"},
		"empty zone": {func(a *webtier.Args) {
			a.PrivateSubnetIDs = pulumi.ToStringArray([]string{"private-a_id", "private-b_id", "private-c_id"})
			a.Settings.Size.Min = 2
		}, "Settings.Size.Min: must be at least the number of Availability Zones (3), so that each has an instance, got 2"},
		"one instance": {func(a *webtier.Args) {
			a.PrivateSubnetIDs = a.PrivateSubnetIDs.ToStringArrayOutput()
			a.Settings.Size.Min = 1
		}, "Settings.Size.Min: must be at least the number of Availability Zones (2), so that each has an instance, got 1"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			args := webTierArgs()
			test.change(args)
			assert.Equal(t, "web tier web: "+test.want, fault(t, newWebTier(args)))
		})
	}
}

func TestWebTierHasAnInstanceInEachZone(t *testing.T) {
	t.Parallel()
	args := webTierArgs()
	args.PrivateSubnetIDs = pulumi.ToStringArray([]string{"private-a_id", "private-b_id", "private-c_id"})
	assert.Equal(t, 3.0, record(t, newWebTier(args)).one(t, awstype.AutoScalingGroup, "web-app")["minSize"])
}

func TestLoadBalancersNameFits(t *testing.T) {
	t.Parallel()
	create := func(name string) pulumi.RunFunc {
		return func(ctx *pulumi.Context) error {
			args := webTierArgs()
			_, err := webtier.New(ctx, name, args)
			return err
		}
	}
	longest := strings.Repeat("n", 20)
	got := record(t, create(longest))
	for _, kind := range []string{awstype.LBLoadBalancer, awstype.LBTargetGroup} {
		for name, resource := range got.of(kind) {
			assert.LessOrEqual(t, len(name)+len("-1234567"), 32)
			assert.NotContains(t, resource.Inputs, "name", "a fixed one could not be replaced")
		}
	}
	assert.Equal(t, fmt.Sprintf("web tier %sn: name: must be at most 20 characters, because AWS limits the name of the load balancer, got %q", longest, longest+"n"),
		fault(t, create(longest+"n")))
}

// --- the whole program ---------------------------------------------------------

func TestFleetDoesNotWaitForTheDatabase(t *testing.T) {
	t.Parallel()
	for _, stack := range stacks {
		plan := planOf(t, "-stack", stack)
		behind := plan.behind(awstype.AutoScalingGroup + "::ha-web-app")
		for _, kind := range []string{awstype.RDSInstance, awstype.RDSProxy, awstype.RDSProxyTarget, awstype.SSMParameter} {
			for name := range plan.of(kind) {
				if strings.HasPrefix(name, "ha-web-image-") { // which is there before the instances are
					continue
				}
				assert.False(t, behind[kind+"::"+name], "%s: %s %s", stack, kind, name)
			}
		}
		for _, kind := range []string{awstype.EC2NatGateway, awstype.VPCSecurityGroupEgressRule, awstype.VPCSecurityGroupIngressRule} {
			for name := range plan.of(kind) {
				assert.True(t, behind[kind+"::"+name], "%s: %s %s", stack, kind, name)
			}
		}
		database := plan.of(awstype.IAMRolePolicy)["ha-web-app-database"]
		assert.True(t, slices.Contains(database.DependsOn, awstype.RDSInstance+"::ha-web-db"), "it may read the secret once there is one")
	}
}

func TestHostNamesOfTheStack(t *testing.T) {
	t.Parallel()
	cloudfront := planOf(t, "-stack", "prod")
	assert.Equal(t, "origin.learn.example.edu", cloudfront.one(t, awstype.ACMCertificate, "ha-web-alb")["domainName"], "CloudFront has the site's own name")
	open := planOf(t, "-stack", "prod", "-c", "environment=development", "-c", "web.ingress=internet")
	assert.Equal(t, "origin.learn.example.edu", open.one(t, awstype.ACMCertificate, "ha-web-alb")["domainName"], "CloudFront still reaches the load balancer by this name")
	internet := planOf(t, "-stack", "prod", "-c", "environment=development", "-c", "cdn.enabled=false")
	assert.Equal(t, "learn.example.edu", internet.one(t, awstype.ACMCertificate, "ha-web-alb")["domainName"])
	assert.Contains(t, internet.names(awstype.Route53Record), "ha-web-alb-a-learn.example.edu")
	given := planOf(t, "-stack", "prod", "-c", "domain.hostedZone=",
		"-c", "domain.certificateArn=arn:aws:acm:us-east-1:123456789012:certificate/0a",
		"-c", "domain.cdnCertificateArn=arn:aws:acm:us-east-1:123456789012:certificate/0b")
	assert.Equal(t, "arn:aws:acm:us-east-1:123456789012:certificate/0a", given.one(t, awstype.LBListener, "ha-web-listener-https")["certificateArn"])
	assert.Equal(t, "arn:aws:acm:us-east-1:123456789012:certificate/0b",
		given.one(t, awstype.CloudFrontDistribution, "ha-web-cdn")["viewerCertificate"].(map[string]any)["acmCertificateArn"])
	assert.Equal(t, []any{
		"origin.learn.example.edu. CNAME ha-web-alb.us-east-1.elb.amazonaws.com.", "learn.example.edu. CNAME ha-web-cdn.cloudfront.net.",
	}, given.Outputs["dnsRecords"])
	assert.Empty(t, given.of(awstype.Route53Record))
}
