package distribution_test

import (
	"testing"

	"ha-web/internal/distribution"
	"ha-web/internal/validate"

	"github.com/stretchr/testify/assert"
)

// good returns a spec without a fault.
func good() distribution.Spec {
	return distribution.Spec{
		StaticPaths: []string{distribution.DefaultStaticPath}, PriceClass: distribution.PriceClass100,
		OriginReadSeconds: distribution.DefaultReadSeconds, AccessLogDays: distribution.DefaultLogDays,
		WAF: distribution.WAF{RateLimit: distribution.DefaultRateLimit, LogRetentionDays: distribution.DefaultLogDays},
		Edge: distribution.Edge{
			Header: distribution.Header{Version: 1}, ClientAddressHeader: distribution.DefaultClientAddressHeader,
		},
	}
}

func faults(spec distribution.Spec) error {
	var faults validate.Faults
	spec.Validate(&faults, func(field string) string { return field })
	return faults.Err()
}

func TestLimitsAreAccepted(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*distribution.Spec){
		"defaults":          func(*distribution.Spec) {},
		"patterns":          func(s *distribution.Spec) { s.StaticPaths = []string{"/a", "/*.css", "/x?/*", "/~me/$1@2:3&4"} },
		"shortest and most": func(s *distribution.Spec) { s.OriginReadSeconds, s.AccessLogDays = 1, 1 },
		"longest and least": func(s *distribution.Spec) { s.OriginReadSeconds, s.AccessLogDays = 120, 3653 },
		"no limit":          func(s *distribution.Spec) { s.WAF.RateLimit = 0 },
		"lowest limit":      func(s *distribution.Spec) { s.WAF.RateLimit = 10 },
		"every rule counts": func(s *distribution.Spec) {
			for _, set := range distribution.RuleSets {
				s.WAF.CountOnly = append(s.WAF.CountOnly, set.Rules...)
			}
		},
		"one address":     func(s *distribution.Spec) { s.WAF.RateLimitExempt = []string{"192.0.2.1/32", "2001:db8::1/128"} },
		"no firewall":     func(s *distribution.Spec) { s.WAF.Disabled = true },
		"edge by header":  func(s *distribution.Spec) { s.Edge.Header.Name = "X-From-Edge" },
		"edge by address": func(s *distribution.Spec) { s.Edge.Addresses = []string{"192.0.2.0/24"} },
	} {
		spec := good()
		change(&spec)
		assert.NoError(t, faults(spec), name)
	}
}

func TestPathsThatLeaveNothing(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/*", "/**", "/?*"} {
		spec := good()
		spec.StaticPaths = []string{path}
		assert.EqualError(t, faults(spec), "StaticPaths: "+path+" leaves nothing for the application")
	}
	for _, path := range []string{"", "/", "static/*", "/a b", "/ä"} {
		spec := good()
		spec.StaticPaths = []string{path}
		assert.ErrorContains(t, faults(spec), "StaticPaths: must begin with /", path)
	}
}

func TestEdgeIsThereByOneOrTheOther(t *testing.T) {
	t.Parallel()
	assert.False(t, good().Edge.On())
	assert.True(t, distribution.Edge{Addresses: []string{"192.0.2.0/24"}}.On())
	assert.True(t, distribution.Edge{Header: distribution.Header{Name: "X-From-Edge"}}.On())
}

func TestRuleSets(t *testing.T) {
	t.Parallel()
	units, priorities, rules := 0, map[int]bool{}, map[string]string{}
	for _, set := range distribution.RuleSets {
		units += set.Units
		assert.False(t, priorities[set.Priority], "%s: priority %d is taken", set.Role, set.Priority)
		priorities[set.Priority] = true
		// The rate limit has 10, and what lets an edge in 100.
		assert.Greater(t, set.Priority, 10)
		assert.Less(t, set.Priority, 100)
		for _, rule := range set.Rules {
			assert.Empty(t, rules[rule], "%s is in two sets: a name would not do", rule)
			rules[rule] = set.Role
			assert.Equal(t, set.Role, distribution.SetOf(rule))
		}
		assert.Subset(t, set.Rules, set.Counted, "AWS does nothing about rules that it does not know")
	}
	// A limit with two statements of an edge and two exempt sets takes less than 100 units.
	assert.LessOrEqual(t, units+100, 1500, "more units cost extra")
	assert.Empty(t, distribution.SetOf("SQLi_Body"))
}

func TestAddressRangesByVersion(t *testing.T) {
	t.Parallel()
	v4, v6 := distribution.ByVersion([]string{"192.0.2.0/24", "2001:db8::/32", "198.51.100.0/24"})
	assert.Equal(t, []string{"192.0.2.0/24", "198.51.100.0/24"}, v4)
	assert.Equal(t, []string{"2001:db8::/32"}, v6)
}
