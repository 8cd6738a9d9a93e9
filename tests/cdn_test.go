package tests

import (
	"slices"
	"strings"
	"testing"

	"ha-web/components/cdn"
	"ha-web/internal/awstype"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestBucketsOfTheCdnAreProtected(t *testing.T) {
	t.Parallel()
	for _, protected := range []bool{true, false} {
		got := record(t, newCdn(cdnArgs(replicated, func(s *cdn.Settings) { s.DeletionProtection = protected })))
		require.Len(t, got.of(awstype.S3BucketV2), 3)
		for name, each := range got.of(awstype.S3BucketV2) {
			assert.Equal(t, protected, each.Protect, name)
			assert.Equal(t, !protected, each.Inputs["forceDestroy"], name)
		}
	}
}

// CloudFront finds these in us-east-1 only. All others are in the region of the stack.
func TestProvidersOfTheCdn(t *testing.T) {
	t.Parallel()
	there := []string{awstype.ACMCertificate, awstype.ACMCertificateValidation, awstype.WAFv2WebACL, awstype.WAFv2WebACLLoggingConfiguration, awstype.WAFv2IPSet, awstype.CloudWatchLogGroup, awstype.CloudWatchLogDeliverySource, awstype.CloudWatchLogDeliveryDestination, awstype.CloudWatchLogDelivery}
	got := record(t, newCdn(fullCdn()))
	seen := map[string]bool{}
	for _, resource := range got.Resources {
		want := ""
		if slices.Contains(there, resource.Type) {
			want = awstype.Provider + "::web-us-east-1"
			seen[resource.Type] = true
		}
		assert.Equal(t, want, resource.Provider, resource.Key())
	}
	assert.Len(t, seen, len(there))
}

func TestDisabledCdnIsItsOrigin(t *testing.T) {
	t.Parallel()
	for scheme, plain := range map[string]bool{"http": true, "https": false} {
		args := cdnArgs(replicated, func(s *cdn.Settings) { s.Enabled = false })
		args.Origin.PlainHTTP = plain
		got := record(t, func(ctx *pulumi.Context) error {
			front, err := cdn.New(ctx, "web", args)
			if err != nil {
				return err
			}
			ctx.Export("url", front.URL)
			ctx.Export("domain", front.DomainName)
			ctx.Export("bucket", front.StaticBucketName)
			ctx.Export("distribution", front.DistributionID)
			return nil
		})
		assert.Equal(t, []string{cdn.Type + "::web"}, got.keys())
		assert.Equal(t, map[string]any{
			"url": scheme + "://origin.example.edu", "domain": "", "bucket": "", "distribution": "",
		}, got.Outputs)
	}
}

func TestCdnArgsFaultsAreReportedAtOnce(t *testing.T) {
	t.Parallel()
	everything := cdnArgs(func(s *cdn.Settings) {
		s.StaticPaths, s.PriceClass, s.OriginReadSeconds = []string{"/*", "static", "/a", "/a", "/errors/*"}, "cheap", 500
		s.ErrorHTML, s.AccessLogs.RetentionDays = strings.Repeat("x", 1<<20+1), 9999
		s.WAF = cdn.WAF{
			RateLimit: 5, RateLimitExempt: []string{"0.0.0.0/0"}, CountOnly: []string{"SQLi_Body", "SQLi_BODY", "SQLi_BODY"}, LogRetentionDays: 2,
		}
		s.Edge = cdn.Edge{
			Addresses: []string{"192.0.2.1", "192.0.2.1/24", "192.0.2.0/24", "192.0.2.0/24"}, Header: cdn.Header{Version: 1}, ClientAddressHeader: "X Y",
		}
	})
	everything.Origin.HeaderName, everything.Origin.HeaderValues = "X-Edge-No", pulumi.StringArray{pulumi.String("v")}
	everything.Certificate.HostedZone = "example.edu"
	everything.USEast1 = &pulumi.ProviderResourceState{}

	page := cdnArgs(replicated, func(s *cdn.Settings) { s.ErrorPage = "page.html" })
	page.USEast1 = &pulumi.ProviderResourceState{}
	replica := cdnArgs()
	replica.USEast1, replica.Replica = page.USEast1, page.USEast1
	disabled := cdnArgs(func(s *cdn.Settings) { s.Enabled, s.PriceClass = false, "cheap" })
	disabled.Origin.Host = nil
	for name, test := range map[string]struct {
		args *cdn.Args
		want string
	}{
		"nothing": {nil, "Origin.Host: is required\nUSEast1: is required: CloudFront uses certificates, web ACLs and log deliveries in us-east-1 only"},
		"everything": {everything, `Origin.HeaderName: must not begin with X-Amz- or X-Edge-, which AWS reserves, got "X-Edge-No"
Certificate.HostNames: must have at least one name with Certificate.HostedZone
Settings.StaticPaths[0]: /* matches every request, and leaves none to the load balancer
Settings.StaticPaths[1]: must begin with / and have 1 to 254 letters, digits and characters of _-.*$/~"'@:+&? after it, got "static"
Settings.StaticPaths[3]: /a is listed twice
Settings.StaticPaths[4]: /errors/* is always served from the bucket: leave it out
Settings.PriceClass: must be PriceClass_100, PriceClass_200 or PriceClass_All, got "cheap"
Settings.OriginReadSeconds: must be between 1 and 120, got 500
Settings.AccessLogs.RetentionDays: must be between 1 and 3653, got 9999
Settings.ErrorPage: must be at most 1 MiB, because viewers load it while the site is down, got 1048577 bytes
Settings.WAF.RateLimit: must be between 10 and 2000000000, got 5
Settings.WAF.RateLimitExempt[0]: 0.0.0.0/0 is every address
Settings.WAF.CountOnly[0]: SQLi_Body is not a rule of the managed rule groups in use: the metrics and the log of AWS WAF name the rules
Settings.WAF.CountOnly[2]: SQLi_BODY is listed twice
Settings.WAF.LogRetentionDays: CloudWatch Logs cannot keep events for 2 days, the next period it offers is 3
Settings.Edge.Addresses[0]: must be an address range such as 192.0.2.0/24 or 2001:db8::/32, got "192.0.2.1"
Settings.Edge.Addresses[1]: must be the whole range, such as 192.0.2.0/24, got 192.0.2.1/24
Settings.Edge.Addresses[3]: 192.0.2.0/24 is listed twice
Settings.Edge.ClientAddressHeader: must be 1 to 40 letters, digits and hyphens, got "X Y"
Settings.Edge: requires Settings.WAF.Enabled: true, because AWS WAF identifies the edge`},
		"content": {page, `Replica: is required: a provider for Settings.ReplicaRegion (us-west-2)
Settings.ErrorHTML: must be the content of Settings.ErrorPage, which only stack files load`},
		"provider":    {replica, "Settings.ReplicaRegion: is required with Replica"},
		"disabled":    {disabled, "Origin.Host: is required\nSettings.PriceClass: must be PriceClass_100, PriceClass_200 or PriceClass_All, got \"cheap\""},
		"no defaults": {&cdn.Args{Settings: &cdn.Settings{}, Origin: cdnArgs().Origin}, "Settings: must begin as Default(), which sets what is left out"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, "cdn web: "+test.want, fault(t, func(ctx *pulumi.Context) error {
				_, err := cdn.New(ctx, "web", test.args)
				return err
			}))
		})
	}
	long := strings.Repeat("x", 50)
	assert.Contains(t, fault(t, func(ctx *pulumi.Context) error {
		args := cdnArgs()
		args.USEast1 = page.USEast1
		_, err := cdn.New(ctx, long, args)
		return err
	}), "name: must be at most 48 characters, so that AWS can name the log delivery after it, got")
}

func TestCdnLeavesItsArgsAlone(t *testing.T) {
	t.Parallel()
	args, before := fullCdn(), *fullCdn()
	record(t, newCdn(args))
	assert.Equal(t, *before.Settings, *args.Settings)
	assert.Equal(t, before.Certificate, args.Certificate)
}
