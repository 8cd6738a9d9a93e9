package tests

import (
	"os"
	"slices"
	"strings"
	"testing"

	"ha-web/internal/awstype"
	"ha-web/internal/offline"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSettingsReachTheCdn(t *testing.T) {
	t.Parallel()
	args := []string{"-stack", "prod", "-c", "waivers={cdn-deletion-protection: a test, log-retention: a test}"}
	for _, assignment := range []string{
		"cdn.staticPaths=[/theme/*]", "cdn.priceClass=PriceClass_200", "cdn.originReadSeconds=20", "cdn.replicaRegion=eu-west-1",
		"cdn.errorPage=tests/testdata/unavailable.html", "cdn.accessLogs={retentionDays: 90}", "cdn.deletionProtection=false",
		"cdn.waf={php: false, rateLimit: 700, rateLimitExempt: [198.51.100.0/24], countOnly: [SQLi_BODY], logRetentionDays: 90}",
		"cdn.edge={addresses: [192.0.2.0/24], header: {name: X-From-Akamai, version: 3}, clientAddressHeader: True-Client-IP}",
		"web.originHeader.name=X-From-CDN",
	} {
		args = append(args, "-c", assignment)
	}
	got := planOf(t, args...)
	front := got.one(t, awstype.CloudFrontDistribution, "ha-web-cdn")
	for property, want := range map[string]any{
		"priceClass": "PriceClass_200", "waitForDeployment": true, "aliases": []any{"learn.example.edu"},
		"orderedCacheBehaviors": []any{
			withHeaders(files("/errors/*", "static-group")), withHeaders(files("/theme/*", "static-group")),
		},
	} {
		assert.Equal(t, want, front[property], property)
	}
	app := front["origins"].([]any)[0].(map[string]any)
	assert.Equal(t, "origin.learn.example.edu", app["domainName"])
	assert.Equal(t, []any{map[string]any{"name": "X-From-CDN", "value": offline.Secret}}, app["customHeaders"])
	assert.Equal(t, 20.0, app["customOriginConfig"].(map[string]any)["originReadTimeout"])
	assert.Equal(t, "https-only", app["customOriginConfig"].(map[string]any)["originProtocolPolicy"])
	assert.Equal(t, "us-east-1", got.one(t, awstype.Provider, "ha-web-us-east-1")["region"])
	assert.Equal(t, "eu-west-1", got.one(t, awstype.Provider, "ha-web-static-replica")["region"])
	page, err := os.ReadFile("testdata/unavailable.html")
	require.NoError(t, err)
	assert.Equal(t, string(page), got.one(t, awstype.S3BucketObjectv2, "ha-web-static-unavailable")["content"])
	assert.Contains(t, inputsOf(t, got.of(awstype.S3BucketLifecycleConfigurationV2)["ha-web-cdn-logs"]), `"days":90`)
	assert.False(t, got.of(awstype.S3BucketV2)["ha-web-static"].Protect)

	firewall := inputsOf(t, got.of(awstype.WAFv2WebACL)["ha-web-waf"])
	for _, part := range []string{`"limit":700`, `"name":"SQLi_BODY"`, `"name":"x-from-akamai"`, `"headerName":"True-Client-IP"`} {
		assert.Contains(t, firewall, part)
	}
	assert.NotContains(t, firewall, "AWSManagedRulesPHPRuleSet")
	assert.Equal(t, []any{"198.51.100.0/24"}, got.one(t, awstype.WAFv2IPSet, "ha-web-waf-exempt-v4")["addresses"])
	assert.Equal(t, 90.0, got.one(t, awstype.CloudWatchLogGroup, "ha-web-waf")["retentionInDays"])
	assert.Equal(t, []string{"ha-web-edge-v2", "ha-web-edge-v3", "ha-web-origin-v1", "ha-web-secret-smtp"}, got.names(awstype.SecretsManagerSecret))
	assert.Equal(t, "arn:aws:kms:us-east-1:123456789012:ha-web-key", got.one(t, awstype.SecretsManagerSecret, "ha-web-edge-v3")["kmsKeyId"])
	assert.Equal(t, "X-From-Akamai", got.Outputs["edgeHeaderName"])

	bare := planOf(t, "-stack", "prod", "-c", "cdn.waf.enabled=false", "-c", "cdn.accessLogs.enabled=false", "-c", "environment=development")
	assert.Empty(t, bare.of(awstype.WAFv2WebACL))
	assert.Empty(t, bare.of(awstype.CloudWatchLogDelivery))
	assert.Equal(t, false, bare.one(t, awstype.CloudFrontDistribution, "ha-web-cdn")["waitForDeployment"])
	unlimited := planOf(t, "-stack", "prod", "-c", "cdn.waf.rateLimit=0")
	assert.NotContains(t, inputsOf(t, unlimited.of(awstype.WAFv2WebACL)["ha-web-waf"]), "rateBasedStatement", "0 is not left out")
}

// withHeaders gives a cache behavior the response headers policy of the whole program.
func withHeaders(behavior map[string]any) map[string]any {
	behavior["responseHeadersPolicyId"] = "ha-web-cdn_id"
	return behavior
}

func TestStackWithoutCDN(t *testing.T) {
	t.Parallel()
	for _, stack := range stacks {
		got := planOf(t, "-stack", stack, "-c", "environment=development", "-c", "cdn.enabled=false", "-c", "cdn.replicaRegion=eu-west-1")
		for _, resource := range got.Resources {
			if strings.HasSuffix(resource.Parent, "Cdn::ha-web") {
				assert.Fail(t, "left over", resource.Key())
			}
		}
		assert.NotContains(t, got.names(awstype.Provider), "ha-web-us-east-1")
		assert.NotContains(t, got.names(awstype.Provider), "ha-web-static-replica")
		for _, name := range []string{"cdnDomainName", "staticBucketName", "distributionId", "edgeOriginHost", "edgeHeaderName", "edgeHeaderSecretArn"} {
			assert.Equal(t, "", got.Outputs[name], name)
		}
		assert.Contains(t, got.names(awstype.VPCSecurityGroupIngressRule), "ha-web-alb-from-internet", "viewers reach the load balancer itself")
		assert.Empty(t, got.of(awstype.LBListenerRule))
	}
	assert.Equal(t, "https://learn.example.edu", planOf(t, "-stack", "prod", "-c", "environment=development", "-c", "cdn.enabled=false").Outputs["url"])
	assert.Equal(t, "http://ha-web-alb.us-east-1.elb.amazonaws.com", planOf(t, "-stack", "dev", "-c", "cdn.enabled=false").Outputs["url"])
}

// CloudFront sends the header that the load balancer requires, and uses TLS where the load balancer has a certificate.
func TestDistributionAndLoadBalancerAgree(t *testing.T) {
	t.Parallel()
	for stack, policy := range map[string]string{"dev": "http-only", "prod": "https-only", "local": "http-only"} {
		got := planOf(t, "-stack", stack)
		assert.True(t, slices.Contains(got.of(awstype.CloudFrontDistribution)["ha-web-cdn"].DependsOn, awstype.SecretsManagerSecretVersion+"::ha-web-origin-v1"), stack)
		app := got.one(t, awstype.CloudFrontDistribution, "ha-web-cdn")["origins"].([]any)[0].(map[string]any)
		assert.Equal(t, policy, app["customOriginConfig"].(map[string]any)["originProtocolPolicy"], stack)
		condition := got.one(t, awstype.LBListenerRule, "ha-web-listener-origin")["conditions"].([]any)[0].(map[string]any)["httpHeader"].(map[string]any)
		assert.Equal(t, condition["httpHeaderName"], app["customHeaders"].([]any)[0].(map[string]any)["name"], stack)
	}
	prod := planOf(t, "-stack", "prod")
	host := prod.one(t, awstype.CloudFrontDistribution, "ha-web-cdn")["origins"].([]any)[0].(map[string]any)["domainName"]
	assert.Equal(t, host, prod.one(t, awstype.ACMCertificate, "ha-web-alb")["domainName"], "otherwise CloudFront returns 502")
	assert.Equal(t, host, prod.one(t, awstype.Route53Record, "ha-web-alb-a-origin.learn.example.edu")["name"])
}

func TestPlanSaysWhatPeopleHaveToDo(t *testing.T) {
	t.Parallel()
	byHand := []string{
		"-stack", "prod", "-c", "web.image=ami-0123456789abcdef0", "-c", "domain.hostedZone=",
		"-c", "domain.certificateArn=arn:aws:acm:us-east-1:123456789012:certificate/0a",
		"-c", "domain.cdnCertificateArn=arn:aws:acm:us-east-1:123456789012:certificate/0b",
	}
	const create = "no domain.hostedZone: create the record "
	assert.Equal(t, []string{
		create + "origin.learn.example.edu. CNAME <output albDnsName>", create + "learn.example.edu. CNAME <output cdnDomainName>",
	}, notes(t, byHand...))
	assert.Equal(t, []string{
		"edge in front: point learn.example.edu at the edge, and configure the edge with the outputs edgeOriginHost, edgeHeaderName and " +
			"the secret edgeHeaderSecretArn", create + "origin.learn.example.edu. CNAME <output albDnsName>",
	}, notes(t, append(byHand, "-c", "cdn.edge.header.name=X-From-Edge")...))
	assert.Contains(t, notes(t, append(byHand, "-c", "cdn.edge.addresses=[192.0.2.0/24]")...),
		"edge in front: point learn.example.edu at the edge, and configure the edge with the output edgeOriginHost")
	const waits = "no domain.hostedZone: pulumi up prints the record that validates the certificate of "
	assert.Equal(t, []string{
		waits + "origin.learn.example.edu, and waits up to 75 minutes for you to create it", create + "origin.learn.example.edu. CNAME <output albDnsName>",
		waits + "learn.example.edu, and waits up to 75 minutes for you to create it", create + "learn.example.edu. CNAME <output cdnDomainName>",
	}, notes(t, byHand[:6]...))
	assert.Contains(t, notes(t, "-stack", "prod", "-c", "environment=development", "-c", "web.ingress=internet"),
		"web.ingress is internet: anyone who knows the load balancer's name can bypass CloudFront and AWS WAF")
	assert.Contains(t, notes(t, "-stack", "prod", "-c", "environment=development", "-c", "web.ingress=cloudfront", "-c", "cdn.enabled=false"),
		"cdn.enabled is false and web.ingress is cloudfront: the load balancer answers only a CloudFront distribution of your own that sends "+
			"the header X-Origin-Verify")
	assert.Contains(t, notes(t, "-stack", "dev", "-c", "cdn.enabled=false"),
		"no TLS: neither domain.name nor domain.certificateArn is set, so the load balancer serves plain HTTP on port 80")
}
