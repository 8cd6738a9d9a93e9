package cdn_test

import (
	"fmt"
	"strings"
	"testing"

	"ha-web/internal/fields"
	"ha-web/internal/settings/cdn"
	"ha-web/internal/validate/validatetest"

	"github.com/stretchr/testify/assert"
)

// faultsOf returns what is wrong with the default settings after a change, a line each, under keys of a stack file.
func faultsOf(change func(*cdn.Settings)) string {
	settings := cdn.Default()
	change(&settings)
	return validatetest.Text(&settings, fields.ByTag, settings.Validate)
}

// paths returns so many path patterns.
func paths(count int) []string {
	list := make([]string, count)
	for i := range list {
		list[i] = fmt.Sprintf("/files-%d/*", i)
	}
	return list
}

func TestLimitsAreAccepted(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*cdn.Settings){
		"defaults":          func(*cdn.Settings) {},
		"disabled":          func(s *cdn.Settings) { s.Enabled = false },
		"patterns":          func(s *cdn.Settings) { s.StaticPaths = []string{"/a", "/*.css", "/x?/*", "/~me/$1@2:3&4"} },
		"most patterns":     func(s *cdn.Settings) { s.StaticPaths = paths(73) },
		"longest pattern":   func(s *cdn.Settings) { s.StaticPaths = []string{"/" + strings.Repeat("a", 254)} },
		"shortest and most": func(s *cdn.Settings) { s.OriginReadSeconds, s.AccessLogs.RetentionDays = 1, 1 },
		"longest and least": func(s *cdn.Settings) { s.OriginReadSeconds, s.AccessLogs.RetentionDays = 120, 3653 },
		"largest page":      func(s *cdn.Settings) { s.ErrorHTML = strings.Repeat("x", 1<<20) },
		"no limit":          func(s *cdn.Settings) { s.WAF.RateLimit = 0 },
		"lowest limit":      func(s *cdn.Settings) { s.WAF.RateLimit = 10 },
		"every rule counts": func(s *cdn.Settings) {
			for _, group := range cdn.RuleGroups {
				s.WAF.CountOnly = append(s.WAF.CountOnly, group.Rules...)
			}
		},
		"one address":     func(s *cdn.Settings) { s.WAF.RateLimitExempt = []string{"192.0.2.1/32", "2001:db8::1/128"} },
		"no firewall":     func(s *cdn.Settings) { s.WAF.Enabled = false },
		"edge by header":  func(s *cdn.Settings) { s.Edge.Header.Name = "X-From-Edge" },
		"edge by address": func(s *cdn.Settings) { s.Edge.Addresses = []string{"192.0.2.0/24"} },
	} {
		assert.Empty(t, faultsOf(change), name)
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		change func(*cdn.Settings)
		want   string
	}{
		"no patterns": {func(s *cdn.Settings) { s.StaticPaths = nil }, "staticPaths: must list at least one path pattern, such as /static/*"},
		"too many patterns": {func(s *cdn.Settings) { s.StaticPaths = paths(74) },
			"staticPaths: must list at most 73 path patterns, got 74: CloudFront allows 75 cache behaviors for each distribution, and two are for the error page and the load balancer. Combine patterns with *"},
		"pattern twice": {func(s *cdn.Settings) { s.StaticPaths = []string{"/a", "/a"} }, "staticPaths[1]: /a is listed twice"},
		"error page":    {func(s *cdn.Settings) { s.StaticPaths = []string{"/errors/*"} }, "staticPaths[0]: /errors/* is always served from the bucket: leave it out"},
		"price class":   {func(s *cdn.Settings) { s.PriceClass = "cheap" }, `priceClass: must be PriceClass_100, PriceClass_200 or PriceClass_All, got "cheap"`},
		"page":          {func(s *cdn.Settings) { s.ErrorHTML = strings.Repeat("x", 1<<20+1) }, "errorPage: must be at most 1 MiB, because viewers load it while the site is down, got 1048577 bytes"},
		"numbers": {func(s *cdn.Settings) {
			s.OriginReadSeconds, s.AccessLogs.RetentionDays, s.WAF.RateLimit, s.WAF.LogRetentionDays = 121, 3654, 9, 2
		}, `originReadSeconds: must be between 1 and 120, got 121
accessLogs.retentionDays: must be between 1 and 3653, got 3654
waf.rateLimit: must be between 10 and 2000000000, got 9
waf.logRetentionDays: CloudWatch Logs cannot keep events for 2 days, the next period it offers is 3`},
		"rules": {func(s *cdn.Settings) { s.WAF.CountOnly = []string{"SQLi_Body", "SQLi_BODY", "SQLi_BODY"} },
			`waf.countOnly[0]: SQLi_Body is not a rule of the managed rule groups in use: the metrics and the log of AWS WAF name the rules
waf.countOnly[2]: SQLi_BODY is listed twice`},
		"ranges": {func(s *cdn.Settings) {
			s.WAF.RateLimitExempt = []string{"0.0.0.0/0", "192.0.2.1"}
			s.Edge.Addresses = []string{"::/0", "192.0.2.1/24", "192.0.2.0/24", "192.0.2.0/24"}
		}, `waf.rateLimitExempt[0]: 0.0.0.0/0 is every address
waf.rateLimitExempt[1]: must be an address range such as 192.0.2.0/24 or 2001:db8::/32, got "192.0.2.1"
edge.addresses[0]: ::/0 is every address
edge.addresses[1]: must be the whole range, such as 192.0.2.0/24, got 192.0.2.1/24
edge.addresses[3]: 192.0.2.0/24 is listed twice`},
		"version": {func(s *cdn.Settings) { s.Edge.Header.Version = 0 }, "edge.header.version: must be between 1 and 1000000, got 0"},
		"edge without firewall": {func(s *cdn.Settings) { s.Edge.Addresses, s.WAF.Enabled = []string{"192.0.2.0/24"}, false },
			"edge: requires waf.enabled: true, because AWS WAF identifies the edge"},
		"disabled":    {func(s *cdn.Settings) { s.Enabled, s.PriceClass = false, "cheap" }, `priceClass: must be PriceClass_100, PriceClass_200 or PriceClass_All, got "cheap"`},
		"no defaults": {func(s *cdn.Settings) { *s = cdn.Settings{} }, ": must begin as Default(), which sets what is left out"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, test.want, faultsOf(test.change))
		})
	}
}

func TestPatternsThatCloudFrontRefuses(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/*", "/**", "/?*"} {
		assert.Equal(t, "staticPaths[0]: "+path+" matches every request, and leaves none to the load balancer",
			faultsOf(func(s *cdn.Settings) { s.StaticPaths = []string{path} }))
	}
	for _, path := range []string{"", "/", "static/*", "/a b", "/ä", "/" + strings.Repeat("a", 255)} {
		assert.Equal(t, fmt.Sprintf("staticPaths[0]: must begin with / and have 1 to 254 letters, digits and characters of _-.*$/~\"'@:+&? after it, got %q", path),
			faultsOf(func(s *cdn.Settings) { s.StaticPaths = []string{path} }))
	}
}

func TestHeadersOfTheEdge(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"a b", "X-Edge-Key", "x-amz-key", strings.Repeat("a", 41)} {
		assert.Contains(t, faultsOf(func(s *cdn.Settings) { s.Edge.Header.Name = name }), "edge.header.name: ", name)
		assert.Contains(t, faultsOf(func(s *cdn.Settings) { s.Edge.ClientAddressHeader = name }), "edge.clientAddressHeader: ", name)
	}
	assert.Contains(t, faultsOf(func(s *cdn.Settings) { s.Edge.ClientAddressHeader = "" }), "edge.clientAddressHeader: ")
}

func TestEdgeIsThereByAddressesOrHeader(t *testing.T) {
	t.Parallel()
	assert.False(t, cdn.Default().Edge.On())
	assert.True(t, cdn.Edge{Addresses: []string{"192.0.2.0/24"}}.On())
	assert.True(t, cdn.Edge{Header: cdn.Header{Name: "X-From-Edge"}}.On())
}

func TestRegions(t *testing.T) {
	t.Parallel()
	settings := cdn.Default()
	settings.ReplicaRegion = "us-west-2"
	assert.Equal(t, "us-east-1", settings.Region())
	assert.Equal(t, "us-west-2", settings.SecondRegion())
	settings.Enabled = false
	assert.Empty(t, settings.Region())
	assert.Empty(t, settings.SecondRegion())
}

func TestRuleGroups(t *testing.T) {
	t.Parallel()
	units, priorities, rules := 0, map[int]bool{}, map[string]string{}
	for _, group := range cdn.RuleGroups {
		units += group.Units
		assert.False(t, priorities[group.Priority], "%s: priority %d is taken", group.Role, group.Priority)
		priorities[group.Priority] = true
		// The rate limit has 10, and the rule that allows the edge 100.
		assert.Greater(t, group.Priority, 10)
		assert.Less(t, group.Priority, 100)
		for _, rule := range group.Rules {
			assert.Empty(t, rules[rule], "%s is in two groups: its name is not enough", rule)
			rules[rule] = group.Role
			assert.Equal(t, group.Role, cdn.GroupOf(rule))
		}
		assert.Subset(t, group.Rules, group.Counted, "AWS ignores rules that it does not know")
	}
	// A limit with two statements of an edge and two exempt sets takes less than 100 units.
	assert.LessOrEqual(t, units+100, 1500, "more units cost extra")
	assert.Empty(t, cdn.GroupOf("SQLi_Body"))
}

func TestAddressRangesByVersion(t *testing.T) {
	t.Parallel()
	v4, v6 := cdn.ByVersion([]string{"192.0.2.0/24", "2001:db8::/32", "198.51.100.0/24"})
	assert.Equal(t, []string{"192.0.2.0/24", "198.51.100.0/24"}, v4)
	assert.Equal(t, []string{"2001:db8::/32"}, v6)
}
