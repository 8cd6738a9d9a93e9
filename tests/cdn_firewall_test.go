package tests

import (
	"testing"

	"ha-web/components/cdn"
	"ha-web/internal/awstype"

	"github.com/stretchr/testify/assert"
)

// measured are the metrics of a rule, without samples of requests, which would show cookies.
func measured(metric string) map[string]any {
	return map[string]any{"cloudwatchMetricsEnabled": true, "metricName": metric, "sampledRequestsEnabled": false}
}

// managed is the rule of a managed rule group, with some of its rules set to count.
func managed(name string, priority float64, set string, counted ...string) map[string]any {
	statement := map[string]any{"vendorName": "AWS", "name": set}
	var overrides []any
	for _, each := range counted {
		overrides = append(overrides, map[string]any{"name": each, "actionToUse": map[string]any{"count": map[string]any{}}})
	}
	if len(overrides) > 0 {
		statement["ruleActionOverrides"] = overrides
	}
	return map[string]any{
		"name": name, "priority": priority, "statement": map[string]any{"managedRuleGroupStatement": statement},
		"overrideAction": map[string]any{"none": map[string]any{}}, "visibilityConfig": measured(name),
	}
}

// limited is the rule that limits the requests of an address.
func limited(statement map[string]any) map[string]any {
	return map[string]any{
		"name": "rate-limit", "priority": 10.0, "visibilityConfig": measured("rate-limit"),
		"action":    map[string]any{"block": map[string]any{"customResponse": map[string]any{"responseCode": 429.0}}},
		"statement": map[string]any{"rateBasedStatement": statement},
	}
}

func TestFirewallByDefault(t *testing.T) {
	t.Parallel()
	got := record(t, newCdn(cdnArgs()))
	assert.Equal(t, map[string]any{
		"scope": "CLOUDFRONT", "description": "Firewall of web-cdn", "defaultAction": map[string]any{"allow": map[string]any{}},
		"visibilityConfig": measured("web-test-waf"), "tags": map[string]any{"Name": "web-waf"},
		"rules": []any{
			limited(map[string]any{"limit": 10000.0, "evaluationWindowSec": 300.0, "aggregateKeyType": "IP"}),
			managed("ip-reputation", 20, "AWSManagedRulesAmazonIpReputationList"),
			managed("known-bad-inputs", 30, "AWSManagedRulesKnownBadInputsRuleSet"),
			managed("common", 40, "AWSManagedRulesCommonRuleSet", "SizeRestrictions_BODY"),
			managed("sql-injection", 50, "AWSManagedRulesSQLiRuleSet"),
		},
	}, got.one(t, awstype.WAFv2WebACL, "web-waf"))
	assert.Empty(t, got.of(awstype.WAFv2IPSet))
}

func TestFirewallOptions(t *testing.T) {
	t.Parallel()
	args := cdnArgs(func(s *cdn.Settings) {
		s.WAF.PHP, s.WAF.RateLimit, s.WAF.RateLimitExempt = true, 500, []string{"198.51.100.0/24", "2001:db8::/32"}
		s.WAF.CountOnly = []string{"CrossSiteScripting_BODY", "PHPHighRiskMethodsVariables_BODY"}
	})
	got := record(t, newCdn(args))
	outside := func(set string) map[string]any {
		return map[string]any{"notStatement": map[string]any{"statements": []any{map[string]any{
			"ipSetReferenceStatement": map[string]any{"arn": "arn:aws:wafv2:us-east-1:123456789012:" + set},
		}}}}
	}
	rules := got.one(t, awstype.WAFv2WebACL, "web-waf")["rules"].([]any)
	assert.Equal(t, limited(map[string]any{
		"limit": 500.0, "evaluationWindowSec": 300.0, "aggregateKeyType": "IP",
		"scopeDownStatement": map[string]any{"andStatement": map[string]any{"statements": []any{
			outside("web-waf-exempt-v4"), outside("web-waf-exempt-v6"),
		}}},
	}), rules[0])
	assert.Equal(t, managed("common", 40, "AWSManagedRulesCommonRuleSet", "SizeRestrictions_BODY", "CrossSiteScripting_BODY"), rules[3])
	assert.Equal(t, managed("php", 60, "AWSManagedRulesPHPRuleSet", "PHPHighRiskMethodsVariables_BODY"), rules[5])
	assert.Equal(t, map[string]any{
		"scope": "CLOUDFRONT", "ipAddressVersion": "IPV4", "addresses": []any{"198.51.100.0/24"},
		"tags": map[string]any{"Name": "web-waf-exempt-v4"},
	}, got.one(t, awstype.WAFv2IPSet, "web-waf-exempt-v4"))
	assert.Equal(t, []any{"2001:db8::/32"}, got.one(t, awstype.WAFv2IPSet, "web-waf-exempt-v6")["addresses"])
	assert.Equal(t, "IPV6", got.one(t, awstype.WAFv2IPSet, "web-waf-exempt-v6")["ipAddressVersion"])

	args.Settings.WAF.RateLimit = 0
	assert.Len(t, record(t, newCdn(args)).one(t, awstype.WAFv2WebACL, "web-waf")["rules"], 5, "no limit, no rule")
}

func TestFirewallLogHidesSecretsAndKeepsWhatMatters(t *testing.T) {
	t.Parallel()
	got := record(t, newCdn(cdnArgs(func(s *cdn.Settings) { s.WAF.LogRetentionDays = 30 })))
	assert.Equal(t, map[string]any{
		"name": "aws-waf-logs-web-test-waf", "retentionInDays": 30.0, "tags": map[string]any{"Name": "web-waf"},
	}, got.one(t, awstype.CloudWatchLogGroup, "web-waf"))
	header := func(name string) map[string]any {
		return map[string]any{"singleHeader": map[string]any{"name": name}}
	}
	action := func(name string) map[string]any {
		return map[string]any{"actionCondition": map[string]any{"action": name}}
	}
	assert.Equal(t, map[string]any{
		"resourceArn":           "arn:aws:wafv2:us-east-1:123456789012:web-waf",
		"logDestinationConfigs": []any{"arn:aws:cloudwatch:us-east-1:123456789012:web-waf"},
		"redactedFields":        []any{header("authorization"), header("cookie")},
		"loggingFilter": map[string]any{"defaultBehavior": "DROP", "filters": []any{map[string]any{
			"behavior": "KEEP", "requirement": "MEETS_ANY",
			"conditions": []any{action("BLOCK"), action("COUNT"), action("EXCLUDED_AS_COUNT")},
		}}},
	}, got.one(t, awstype.WAFv2WebACLLoggingConfiguration, "web-waf"))

	edge := record(t, newCdn(fullCdn())).one(t, awstype.WAFv2WebACLLoggingConfiguration, "web-waf")
	assert.Equal(t, []any{header("authorization"), header("cookie"), header("x-from-edge")}, edge["redactedFields"])
}

func TestFirewallCanBeLeftOut(t *testing.T) {
	t.Parallel()
	got := record(t, newCdn(cdnArgs(func(s *cdn.Settings) { s.WAF.Enabled = false })))
	for _, kind := range []string{awstype.WAFv2WebACL, awstype.WAFv2WebACLLoggingConfiguration, awstype.WAFv2IPSet, awstype.CloudWatchLogGroup} {
		assert.Empty(t, got.of(kind))
	}
	assert.NotContains(t, got.one(t, awstype.CloudFrontDistribution, "web-cdn"), "webAclId")
}
