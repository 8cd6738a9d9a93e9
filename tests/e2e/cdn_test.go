//go:build e2e

package e2e

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	cdn "github.com/aws/aws-sdk-go-v2/service/cloudfront/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/wafv2"
	waf "github.com/aws/aws-sdk-go-v2/service/wafv2/types"
	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// checkCDN checks that the distribution takes pages from the load balancer and files from the bucket, and that nobody gets
// past the firewall, or at the bucket.
func checkCDN(ctx context.Context, t *testing.T, clients clients, outputs auto.OutputMap) {
	t.Helper()
	found, err := clients.cloudfront.GetDistribution(ctx, &cloudfront.GetDistributionInput{Id: aws.String(outputs["distributionId"].Value.(string))})
	require.NoError(t, err)
	assert.Equal(t, outputs["cdnDomainName"].Value, *found.Distribution.DomainName)
	assert.Equal(t, "https://"+*found.Distribution.DomainName, outputs["url"].Value)
	config := found.Distribution.DistributionConfig
	assert.True(t, *config.IsIPV6Enabled)
	assert.Equal(t, cdn.HttpVersionHttp2and3, config.HttpVersion)
	assert.True(t, *config.ViewerCertificate.CloudFrontDefaultCertificate)

	origins := map[string]cdn.Origin{}
	for _, each := range config.Origins.Items {
		origins[*each.Id] = each
	}
	app := origins["app"]
	assert.Equal(t, outputs["albDnsName"].Value, *app.DomainName)
	assert.Equal(t, cdn.OriginProtocolPolicyHttpOnly, app.CustomOriginConfig.OriginProtocolPolicy, "there is no domain")
	require.Len(t, app.CustomHeaders.Items, 1)
	assert.Equal(t, "X-Origin-Verify", *app.CustomHeaders.Items[0].HeaderName)
	assert.Equal(t, originValue(ctx, t, clients), *app.CustomHeaders.Items[0].HeaderValue, "what the load balancer waits for")
	bucket := outputs["staticBucketName"].Value.(string)
	assert.True(t, strings.HasPrefix(*origins["static"].DomainName, bucket+".s3."), "by its name in its region")
	assert.NotEmpty(t, *origins["static"].OriginAccessControlId)

	checkBehaviours(t, config)
	checkStaticBucket(ctx, t, clients, bucket, *found.Distribution.Id)
	checkDelivery(ctx, t, clients, *found.Distribution.Id)
	checkFirewall(ctx, t, clients, *config.WebACLId)
	assert.Equal(t, outputs["cdnDomainName"].Value, outputs["edgeOriginHost"].Value)
}

// checkBehaviours checks that pages are never cached, and that files are, without what the viewer sent.
func checkBehaviours(t *testing.T, config *cdn.DistributionConfig) {
	t.Helper()
	pages := config.DefaultCacheBehavior
	assert.Equal(t, "app", *pages.TargetOriginId)
	assert.Equal(t, "4135ea2d-6df8-44a3-9df3-4b5a84be39ad", *pages.CachePolicyId, "Managed-CachingDisabled")
	assert.Equal(t, "216adef6-5c7f-47e4-b989-5492eafa07d3", *pages.OriginRequestPolicyId, "Managed-AllViewer")
	assert.Len(t, pages.AllowedMethods.Items, 7)
	var paths []string
	for _, each := range config.CacheBehaviors.Items {
		paths = append(paths, *each.PathPattern)
		assert.Equal(t, "static", *each.TargetOriginId)
		assert.Equal(t, "658327ea-f89d-4fab-a63d-7e88639e58f6", *each.CachePolicyId, "Managed-CachingOptimized")
		assert.Empty(t, aws.ToString(each.OriginRequestPolicyId))
		assert.Equal(t, cdn.ViewerProtocolPolicyRedirectToHttps, each.ViewerProtocolPolicy)
	}
	assert.Equal(t, []string{"/errors/*", "/static/*"}, paths)
	var codes []int32
	for _, each := range config.CustomErrorResponses.Items {
		codes = append(codes, *each.ErrorCode)
		assert.Equal(t, "/errors/unavailable.html", *each.ResponsePagePath)
	}
	assert.ElementsMatch(t, []int32{502, 503, 504}, codes)
}

// checkStaticBucket checks that the bucket is closed but for the distribution, and has the page for bad times.
func checkStaticBucket(ctx context.Context, t *testing.T, clients clients, bucket, distribution string) {
	t.Helper()
	policy := checkClosed(ctx, t, clients.s3, bucket)
	assert.Contains(t, policy, `"arn:aws:cloudfront::123456789012:distribution/`+distribution+`"`)
	assert.Contains(t, policy, `"cloudfront.amazonaws.com"`)
	files, err := clients.s3.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: &bucket})
	require.NoError(t, err)
	require.Len(t, files.Contents, 1)
	assert.Equal(t, "errors/unavailable.html", *files.Contents[0].Key)
	assert.Greater(t, *files.Contents[0].Size, int64(500))
}

// checkDelivery checks that the record of requests goes to a bucket that is closed but for what delivers it.
func checkDelivery(ctx context.Context, t *testing.T, clients clients, distribution string) {
	t.Helper()
	sources, err := clients.logs.DescribeDeliverySources(ctx, &cloudwatchlogs.DescribeDeliverySourcesInput{})
	require.NoError(t, err)
	require.Len(t, sources.DeliverySources, 1)
	assert.Equal(t, []string{"arn:aws:cloudfront::123456789012:distribution/" + distribution}, sources.DeliverySources[0].ResourceArns)
	destinations, err := clients.logs.DescribeDeliveryDestinations(ctx, &cloudwatchlogs.DescribeDeliveryDestinationsInput{})
	require.NoError(t, err)
	require.Len(t, destinations.DeliveryDestinations, 1)
	bucket := strings.TrimPrefix(*destinations.DeliveryDestinations[0].DeliveryDestinationConfiguration.DestinationResourceArn, "arn:aws:s3:::")
	assert.Contains(t, checkClosed(ctx, t, clients.s3, bucket), `"delivery.logs.amazonaws.com"`)
	deliveries, err := clients.logs.DescribeDeliveries(ctx, &cloudwatchlogs.DescribeDeliveriesInput{})
	require.NoError(t, err)
	require.Len(t, deliveries.Deliveries, 1)
	assert.Equal(t, sources.DeliverySources[0].Name, deliveries.Deliveries[0].DeliverySourceName)
}

// checkFirewall checks that the firewall lets in nothing but the edge, by its addresses and its header, and hides what is
// nobody's business in its log.
func checkFirewall(ctx context.Context, t *testing.T, clients clients, arn string) {
	t.Helper()
	acl := readWebACL(ctx, t, clients)
	assert.Equal(t, arn, *acl.ARN, "the distribution's own")
	assert.NotNil(t, acl.DefaultAction.Block)
	rules := readFirewall(ctx, t, clients)
	var names []string
	for _, each := range rules {
		names = append(names, *each.Name)
		assert.True(t, each.VisibilityConfig.CloudWatchMetricsEnabled, *each.Name)
	}
	assert.Equal(t, []string{"rate-limit", "ip-reputation", "known-bad-inputs", "common", "sql-injection", "php", "edge"}, names)
	assert.Equal(t, waf.RateBasedStatementAggregateKeyTypeForwardedIp, rules[0].Statement.RateBasedStatement.AggregateKeyType)
	terms := rules[6].Statement.AndStatement.Statements
	require.Len(t, terms, 2)
	assert.Len(t, terms[0].OrStatement.Statements, 2, "IPv4 and IPv6")
	header := terms[1].ByteMatchStatement
	assert.Equal(t, "x-from-edge", *header.FieldToMatch.SingleHeader.Name)
	assert.Equal(t, edgeValue(ctx, t, clients), string(header.SearchString))

	logging, err := clients.waf.GetLoggingConfiguration(ctx, &wafv2.GetLoggingConfigurationInput{ResourceArn: &arn})
	require.NoError(t, err)
	var hidden []string
	for _, each := range logging.LoggingConfiguration.RedactedFields {
		hidden = append(hidden, *each.SingleHeader.Name)
	}
	assert.ElementsMatch(t, []string{"authorization", "cookie", "x-from-edge"}, hidden)
}

// readWebACL returns the one web ACL of CloudFront.
func readWebACL(ctx context.Context, t *testing.T, clients clients) *waf.WebACL {
	t.Helper()
	found, err := clients.waf.ListWebACLs(ctx, &wafv2.ListWebACLsInput{Scope: waf.ScopeCloudfront})
	require.NoError(t, err)
	require.Len(t, found.WebACLs, 1)
	acl, err := clients.waf.GetWebACL(ctx, &wafv2.GetWebACLInput{Name: found.WebACLs[0].Name, Id: found.WebACLs[0].Id, Scope: waf.ScopeCloudfront})
	require.NoError(t, err)
	return acl.WebACL
}

// readFirewall returns the rules of the web ACL, in their order.
func readFirewall(ctx context.Context, t *testing.T, clients clients) []waf.Rule {
	t.Helper()
	return slices.SortedFunc(slices.Values(readWebACL(ctx, t, clients).Rules), func(a, b waf.Rule) int {
		return cmp.Compare(a.Priority, b.Priority)
	})
}

// checkCDNGone checks that nothing of it is left.
func checkCDNGone(ctx context.Context, t *testing.T, clients clients) {
	t.Helper()
	distributions, err := clients.cloudfront.ListDistributions(ctx, &cloudfront.ListDistributionsInput{})
	require.NoError(t, err)
	assert.Empty(t, distributions.DistributionList.Items)
	acls, err := clients.waf.ListWebACLs(ctx, &wafv2.ListWebACLsInput{Scope: waf.ScopeCloudfront})
	require.NoError(t, err)
	assert.Empty(t, acls.WebACLs)
}
