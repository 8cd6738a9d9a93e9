package cdn

import (
	"net/netip"
	"slices"
	"strings"

	"ha-web/internal/validate"
)

func (s *Settings) validateWAF(f validate.Fields) {
	if s.WAF.RateLimit != 0 {
		f.Between(&s.WAF.RateLimit, 10, 2_000_000_000) // AWS WAF API reference, RateBasedStatement
	}
	checkRanges(f, s.WAF.RateLimitExempt)
	for i, rule := range s.WAF.CountOnly {
		switch {
		case GroupOf(rule) == "":
			// AWS accepts any name, and ignores one that it does not know (AWS WAF API reference, RuleActionOverride).
			f.Add(&s.WAF.CountOnly[i], "%s is not a rule of the managed rule groups in use: the metrics and the log of AWS WAF name the rules", rule)
		case slices.Contains(s.WAF.CountOnly[:i], rule):
			f.Add(&s.WAF.CountOnly[i], "%s is listed twice", rule)
		}
	}
	f.Check(&s.WAF.LogRetentionDays, validate.RetentionDays(s.WAF.LogRetentionDays))
}

func (s *Settings) validateEdge(f validate.Fields) {
	checkRanges(f, s.Edge.Addresses)
	if s.Edge.Header.Name != "" {
		f.Check(&s.Edge.Header.Name, validate.HeaderName(s.Edge.Header.Name))
	}
	f.Between(&s.Edge.Header.Version, 1, 1_000_000)
	f.Check(&s.Edge.ClientAddressHeader, validate.RequestHeaderName(s.Edge.ClientAddressHeader))
	if s.Edge.On() && !s.WAF.Enabled {
		f.Add(&s.Edge, "requires %s: true, because AWS WAF identifies the edge", f.Name(&s.WAF.Enabled))
	}
}

// checkRanges records address ranges that an IP set of AWS WAF refuses (AWS WAF API reference, IPSet).
func checkRanges(f validate.Fields, ranges []string) {
	for i, each := range ranges {
		parsed, err := netip.ParsePrefix(each)
		switch {
		case err != nil:
			f.Add(&ranges[i], "must be an address range such as 192.0.2.0/24 or 2001:db8::/32, got %q", each)
		case parsed.Bits() == 0:
			f.Add(&ranges[i], "%s is every address", each)
		case parsed != parsed.Masked():
			f.Add(&ranges[i], "must be the whole range, such as %s, got %s", parsed.Masked(), each)
		case slices.Contains(ranges[:i], each):
			f.Add(&ranges[i], "%s is listed twice", each)
		}
	}
}

// ByVersion sorts address ranges without faults into those of IPv4 and those of IPv6.
func ByVersion(ranges []string) (v4, v6 []string) {
	for _, each := range ranges {
		if strings.Contains(each, ":") {
			v6 = append(v6, each)
		} else {
			v4 = append(v4, each)
		}
	}
	return v4, v6
}

// RuleGroup is a managed rule group of AWS WAF.
type RuleGroup struct {
	Role     string   // what it is for, in names of rules and metrics
	Priority int      // AWS WAF evaluates rules in the order of their priorities, lowest first
	Name     string   // its name in AWS
	Units    int      // its web ACL capacity units (WCU), of which a web ACL has 1,500 without extra cost (AWS WAF pricing)
	Rules    []string // its rules
	Counted  []string // rules of it that always count only
	PHP      bool     // whether it is for applications in PHP
}

// RateLimitRule is the name of the rate limit in the web ACL and in the metrics of AWS WAF.
const RateLimitRule = "rate-limit"

// RuleGroups are the managed rule groups in use (AWS WAF developer guide, "AWS Managed Rules rule groups list").
var RuleGroups = []RuleGroup{
	{Role: "ip-reputation", Priority: 20, Name: "AWSManagedRulesAmazonIpReputationList", Units: 25, Rules: []string{
		"AWSManagedIPReputationList", "AWSManagedReconnaissanceList", "AWSManagedIPDDoSList",
	}},
	{Role: "known-bad-inputs", Priority: 30, Name: "AWSManagedRulesKnownBadInputsRuleSet", Units: 200, Rules: []string{
		"JavaDeserializationRCE_HEADER", "JavaDeserializationRCE_BODY", "JavaDeserializationRCE_URIPATH",
		"JavaDeserializationRCE_QUERYSTRING", "Host_localhost_HEADER", "PROPFIND_METHOD", "ExploitablePaths_URIPATH",
		"Log4JRCE_HEADER", "Log4JRCE_QUERYSTRING", "Log4JRCE_BODY", "Log4JRCE_URIPATH", "ReactJSRCE_BODY",
	}},
	{Role: "common", Priority: 40, Name: "AWSManagedRulesCommonRuleSet", Units: 700, Rules: []string{
		"NoUserAgent_HEADER", "UserAgent_BadBots_HEADER",
		"SizeRestrictions_QUERYSTRING", "SizeRestrictions_Cookie_HEADER", "SizeRestrictions_BODY", "SizeRestrictions_URIPATH",
		"EC2MetaDataSSRF_BODY", "EC2MetaDataSSRF_COOKIE", "EC2MetaDataSSRF_URIPATH", "EC2MetaDataSSRF_QUERYARGUMENTS",
		"GenericLFI_QUERYARGUMENTS", "GenericLFI_URIPATH", "GenericLFI_BODY",
		"RestrictedExtensions_URIPATH", "RestrictedExtensions_QUERYARGUMENTS",
		"GenericRFI_QUERYARGUMENTS", "GenericRFI_BODY", "GenericRFI_URIPATH",
		"CrossSiteScripting_COOKIE", "CrossSiteScripting_QUERYARGUMENTS", "CrossSiteScripting_BODY", "CrossSiteScripting_URIPATH",
	}, Counted: []string{
		"SizeRestrictions_BODY", // it blocks forms and uploads of more than 8 KB
	}},
	{Role: "sql-injection", Priority: 50, Name: "AWSManagedRulesSQLiRuleSet", Units: 200, Rules: []string{
		"SQLi_QUERYARGUMENTS", "SQLiExtendedPatterns_QUERYARGUMENTS", "SQLi_BODY", "SQLiExtendedPatterns_BODY",
		"SQLi_COOKIE", "SQLi_URIPATH",
	}},
	{Role: "php", Priority: 60, Name: "AWSManagedRulesPHPRuleSet", Units: 100, PHP: true, Rules: []string{
		"PHPHighRiskMethodsVariables_HEADER", "PHPHighRiskMethodsVariables_QUERYSTRING", "PHPHighRiskMethodsVariables_BODY",
	}},
}

// GroupOf returns the role of the group that has a rule, "" where none has.
func GroupOf(rule string) string {
	for _, group := range RuleGroups {
		if slices.Contains(group.Rules, rule) {
			return group.Role
		}
	}
	return ""
}
