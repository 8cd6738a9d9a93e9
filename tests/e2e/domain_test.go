//go:build e2e

package e2e

import (
	"context"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	cdn "github.com/aws/aws-sdk-go-v2/service/cloudfront/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	balancing "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	siteName     = "learn.example.edu"
	clientSecret = "hunter2-of-okta"
)

// createHostedZone creates what is there before a stack with a domain.
func createHostedZone(ctx context.Context, t *testing.T, clients clients, name string) {
	t.Helper()
	_, err := clients.route53.CreateHostedZone(ctx, &route53.CreateHostedZoneInput{Name: &name, CallerReference: &name})
	require.NoError(t, err)
}

// checkDomain checks that the site has its name, with TLS from viewers to the load balancer.
func checkDomain(ctx context.Context, t *testing.T, clients clients, outputs auto.OutputMap) {
	t.Helper()
	assert.Equal(t, "https://"+siteName, outputs["url"].Value)
	found, err := clients.cloudfront.GetDistribution(ctx, &cloudfront.GetDistributionInput{Id: aws.String(outputs["distributionId"].Value.(string))})
	require.NoError(t, err)
	config := found.Distribution.DistributionConfig
	assert.ElementsMatch(t, []string{siteName, aliasName}, config.Aliases.Items)
	assert.Contains(t, aws.ToString(config.ViewerCertificate.ACMCertificateArn), ":acm:us-east-1:")
	assert.Equal(t, cdn.SSLSupportMethodSniOnly, config.ViewerCertificate.SSLSupportMethod)
	assert.Equal(t, cdn.MinimumProtocolVersionTLSv122021, config.ViewerCertificate.MinimumProtocolVersion)
	for _, each := range config.Origins.Items {
		if *each.Id == "app" {
			assert.Equal(t, "origin."+siteName, *each.DomainName)
			assert.Equal(t, cdn.OriginProtocolPolicyHttpsOnly, each.CustomOriginConfig.OriginProtocolPolicy)
		}
	}
	targets := aliasRecords(ctx, t, clients)
	distribution, balancer := outputs["cdnDomainName"].Value.(string), outputs["albDnsName"].Value.(string)
	for _, kind := range []string{"A", "AAAA"} {
		assert.Equal(t, distribution, targets[kind+" "+siteName], kind)
		assert.Equal(t, distribution, targets[kind+" "+aliasName], kind)
	}
	assert.Contains(t, targets["A origin."+siteName], balancer)
}

// aliasRecords returns where the alias records of the hosted zone lead, by type and name.
func aliasRecords(ctx context.Context, t *testing.T, clients clients) map[string]string {
	t.Helper()
	zones, err := clients.route53.ListHostedZones(ctx, &route53.ListHostedZonesInput{})
	require.NoError(t, err)
	require.Len(t, zones.HostedZones, 1)
	records, err := clients.route53.ListResourceRecordSets(ctx, &route53.ListResourceRecordSetsInput{HostedZoneId: zones.HostedZones[0].Id})
	require.NoError(t, err)
	targets := map[string]string{}
	for _, each := range records.ResourceRecordSets {
		if each.AliasTarget != nil {
			targets[string(each.Type)+" "+strings.TrimSuffix(*each.Name, ".")] = strings.TrimSuffix(*each.AliasTarget.DNSName, ".")
		}
	}
	return targets
}

// setSignIn has people sign in with Okta before they reach /admin/*.
func setSignIn(ctx context.Context, t *testing.T, d *deployment) {
	t.Helper()
	for path, value := range map[string]string{
		"access.oidc.paths[0]": "/admin/*", "access.oidc.issuer": "https://example.okta.com", "access.oidc.clientId": "ha-web",
	} {
		d.Set(ctx, t, path, value)
	}
	d.SetSecret(ctx, t, "access.oidc.clientSecret", clientSecret)
}

// checkSignInWithoutCDN gives the stack a domain and a sign-in, and takes CloudFront away.
func checkSignInWithoutCDN(ctx context.Context, t *testing.T, d *deployment) {
	t.Helper()
	createHostedZone(ctx, t, d.aws, "example.edu")
	d.Set(ctx, t, "cdn.enabled", "false")
	d.Set(ctx, t, "domain.name", siteName)
	d.Set(ctx, t, "domain.hostedZone", "example.edu")
	setSignIn(ctx, t, d)
	d.Update(ctx, t)
	checkListeners(ctx, t, d.aws, map[int32]balancing.ActionTypeEnum{
		443: balancing.ActionTypeEnumForward, 80: balancing.ActionTypeEnumRedirect,
	})
	checkSignIn(ctx, t, d.aws, "/admin/*")
}

// checkSignIn checks that people sign in before they reach these paths, and no others.
func checkSignIn(ctx context.Context, t *testing.T, clients clients, paths ...string) {
	t.Helper()
	want := map[string]balancing.ActionTypeEnum{"/oauth2/idpresponse": balancing.ActionTypeEnumAuthenticateOidc}
	for _, each := range paths {
		want[each] = balancing.ActionTypeEnumAuthenticateOidc
	}
	rules, err := clients.elb.DescribeRules(ctx, &elb.DescribeRulesInput{ListenerArn: aws.String(listeners(ctx, t, clients)[443])})
	require.NoError(t, err)
	actions := map[string]balancing.ActionTypeEnum{}
	for _, rule := range rules.Rules {
		for _, condition := range rule.Conditions {
			if condition.PathPatternConfig != nil {
				actions[condition.PathPatternConfig.Values[0]] = rule.Actions[0].Type
			}
		}
	}
	assert.Equal(t, want, actions)
}

// originValues returns the values of the origin header that the listener of a port forwards.
func originValues(ctx context.Context, t *testing.T, clients clients, port int32) []string {
	t.Helper()
	rules, err := clients.elb.DescribeRules(ctx, &elb.DescribeRulesInput{ListenerArn: aws.String(listeners(ctx, t, clients)[port])})
	require.NoError(t, err)
	for _, rule := range rules.Rules {
		if len(rule.Conditions) == 1 && rule.Conditions[0].HttpHeaderConfig != nil {
			assert.Equal(t, "X-Origin-Verify", *rule.Conditions[0].HttpHeaderConfig.HttpHeaderName)
			return rule.Conditions[0].HttpHeaderConfig.Values
		}
	}
	return nil
}

// checkListeners checks what the load balancer does by default on each of its ports.
func checkListeners(ctx context.Context, t *testing.T, clients clients, want map[int32]balancing.ActionTypeEnum) {
	t.Helper()
	actions := map[int32]balancing.ActionTypeEnum{}
	for port, arn := range listeners(ctx, t, clients) {
		found, err := clients.elb.DescribeListeners(ctx, &elb.DescribeListenersInput{ListenerArns: []string{arn}})
		require.NoError(t, err)
		actions[port] = found.Listeners[0].DefaultActions[0].Type
		if port == 443 {
			assert.Equal(t, "ELBSecurityPolicy-TLS13-1-2-Res-2021-06", *found.Listeners[0].SslPolicy)
		}
	}
	assert.Equal(t, want, actions)
}

// listeners returns the ARNs of the load balancer's listeners, by port.
func listeners(ctx context.Context, t *testing.T, clients clients) map[int32]string {
	t.Helper()
	balancers, err := clients.elb.DescribeLoadBalancers(ctx, &elb.DescribeLoadBalancersInput{})
	require.NoError(t, err)
	require.Len(t, balancers.LoadBalancers, 1)
	found, err := clients.elb.DescribeListeners(ctx, &elb.DescribeListenersInput{LoadBalancerArn: balancers.LoadBalancers[0].LoadBalancerArn})
	require.NoError(t, err)
	arns := map[int32]string{}
	for _, each := range found.Listeners {
		arns[*each.Port] = *each.ListenerArn
	}
	return arns
}
