package tests

import (
	"slices"
	"testing"

	"ha-web/internal/awstype"

	"github.com/stretchr/testify/assert"
)

func TestAliasesOfTheSite(t *testing.T) {
	t.Parallel()
	const aliases = "domain.aliases=[www.example.edu, example.edu]"
	names := []any{"learn.example.edu", "www.example.edu", "example.edu"}

	front := planOf(t, "-stack", "prod", "-c", aliases)
	viewer := front.one(t, awstype.ACMCertificate, "ha-web-cdn")
	assert.Equal(t, names[0], viewer["domainName"])
	assert.Equal(t, names[1:], viewer["subjectAlternativeNames"])
	assert.Equal(t, names, front.one(t, awstype.CloudFrontDistribution, "ha-web-cdn")["aliases"])
	assert.Equal(t, "origin.learn.example.edu", front.one(t, awstype.ACMCertificate, "ha-web-alb")["domainName"])
	assert.Empty(t, front.one(t, awstype.ACMCertificate, "ha-web-alb")["subjectAlternativeNames"])
	assert.Equal(t, "https://learn.example.edu", front.Outputs["url"])

	before := planOf(t, "-stack", "prod")
	for _, each := range before.names(awstype.Route53Record) {
		assert.Contains(t, front.names(awstype.Route53Record), each, "names of today stay")
	}
	for _, each := range []string{
		"ha-web-cdn-a-www.example.edu", "ha-web-cdn-aaaa-www.example.edu", "ha-web-cdn-validation-www.example.edu",
		"ha-web-cdn-a-example.edu", "ha-web-cdn-aaaa-example.edu", "ha-web-cdn-validation-example.edu",
	} {
		assert.Contains(t, front.names(awstype.Route53Record), each)
	}

	direct := planOf(t, "-stack", "prod", "-c", aliases, "-c", "cdn.enabled=false", "-c", "environment=development")
	balancer := direct.one(t, awstype.ACMCertificate, "ha-web-alb")
	assert.Equal(t, names[0], balancer["domainName"])
	assert.Equal(t, names[1:], balancer["subjectAlternativeNames"])
	for _, each := range []string{"ha-web-alb-a-learn.example.edu", "ha-web-alb-a-www.example.edu", "ha-web-alb-a-example.edu"} {
		assert.Contains(t, direct.names(awstype.Route53Record), each)
	}
	assert.Equal(t, "https://learn.example.edu", direct.Outputs["url"])
}

func TestAliasesWithoutAHostedZoneAreRecordsToCreate(t *testing.T) {
	t.Parallel()
	got := planOf(t, "-stack", "prod", "-c", "domain={name: learn.example.edu, aliases: [www.example.edu]}")
	assert.Empty(t, got.of(awstype.Route53Record))
	records := got.Outputs["dnsRecords"].([]any)
	assert.True(t, slices.ContainsFunc(records, func(each any) bool { return each == "www.example.edu. CNAME ha-web-cdn.cloudfront.net." }), "%v", records)
}

// S3 accepts ten tags on an object: with more, an object has its name alone.
func TestTagsAreOnEveryResource(t *testing.T) {
	t.Parallel()
	got := planOf(t, "-stack", "prod", "-c", "tags={CostCenter: 42}")
	tagged := 0
	for _, resource := range got.Resources {
		if tags, has := resource.Inputs["tags"].(map[string]any); has && resource.Type != awstype.AutoScalingGroup {
			assert.Equal(t, "42", tags["CostCenter"], resource.Name)
			assert.Equal(t, "ha-web", tags["Project"], resource.Name)
			tagged++
		}
	}
	assert.Greater(t, tagged, 100)
	assert.Contains(t, got.one(t, awstype.AutoScalingGroup, "ha-web-app")["tags"],
		map[string]any{"key": "CostCenter", "value": "42", "propagateAtLaunch": true})
	assert.Len(t, got.one(t, awstype.S3BucketObjectv2, "ha-web-static-unavailable")["tags"], 5)

	many := planOf(t, "-stack", "prod", "-c", "tags={a: 1, b: 2, c: 3, d: 4, e: 5, f: 6, g: 7}")
	assert.Len(t, many.one(t, awstype.S3BucketV2, "ha-web-static")["tags"], 11)
	assert.Equal(t, map[string]any{"Name": "ha-web-static-unavailable"}, many.one(t, awstype.S3BucketObjectv2, "ha-web-static-unavailable")["tags"])
}
