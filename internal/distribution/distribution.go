// Package distribution knows what CloudFront and AWS WAF accept of a distribution and of its firewall. Settings and the
// Cdn component share its types and its rules.
package distribution

import (
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"ha-web/internal/validate"
)

// PriceClass is the set of CloudFront's locations that serve.
type PriceClass string

// The price classes.
const (
	PriceClass100 PriceClass = "PriceClass_100" // North America, Europe, Israel
	PriceClass200 PriceClass = "PriceClass_200" // but for South America, Australia and New Zealand
	PriceClassAll PriceClass = "PriceClass_All"
)

// Edge describes a network of one's own before CloudFront, such as Akamai. It is there where Addresses or Header.Name are.
type Edge struct {
	// Address ranges of its servers, IPv4 and IPv6, such as `[192.0.2.0/24]`. Requests from elsewhere get 403.
	Addresses []string `pulumi:"addresses,optional"`
	// Header that it sends with every request, with a value that AWS makes up. Requests without it get 403.
	// Cost: 0.40 USD for each of its one or two secrets.
	Header Header `pulumi:"header,optional"`
	// Header in which it sends the address of the client, for the rate limit: one that it sets itself, such as
	// `True-Client-IP` of Akamai. Clients can put what they like at the front of X-Forwarded-For.
	ClientAddressHeader string `pulumi:"clientAddressHeader,optional"`
}

// Header describes a header with a secret value.
type Header struct {
	// Name of the header, such as `X-From-Edge`.
	Name string `pulumi:"name,optional"`
	// One more makes up another value. The one before stays valid until the next change.
	Version int `pulumi:"version,optional"`
}

// On reports whether there is such a network.
func (e Edge) On() bool { return len(e.Addresses) > 0 || e.Header.Name != "" }

// What holds where nothing else is asked for.
const (
	// DefaultRateLimit is in requests of one address in five minutes. Static files count too, and a house or a small
	// campus may share one address: this is a hundred people who click without a pause.
	DefaultRateLimit = 10_000
	// DefaultReadSeconds is after how long an Application Load Balancer gives up, too.
	DefaultReadSeconds = 60
	// DefaultLogDays is how long logs are kept.
	DefaultLogDays = 365
	// DefaultClientAddressHeader is what proxies send by custom.
	DefaultClientAddressHeader = "X-Forwarded-For"
	// DefaultStaticPath is what comes from the bucket.
	DefaultStaticPath = "/static/*"
	// ErrorPath is where the page lies that CloudFront shows while the origin is down.
	ErrorPath = "/errors/"
)

// Spec is what AWS has rules about.
type Spec struct {
	StaticPaths       []string
	PriceClass        PriceClass
	OriginReadSeconds int
	ErrorPage         string
	AccessLogDays     int
	WAF               WAF
	Edge              Edge
}

// WAF describes the firewall.
type WAF struct {
	Disabled         bool
	RateLimit        int
	RateLimitExempt  []string
	CountOnly        []string
	LogRetentionDays int
}

// Characters of path patterns (Amazon CloudFront developer guide, "Path pattern").
var pathPattern = regexp.MustCompile(`^/[A-Za-z0-9_.*$/~"'@:+&?-]{1,254}$`)

// Validate records every fault of the spec. key gives the fields, such as WAF.RateLimit, the names that whoever asks knows
// them by.
func (s Spec) Validate(faults *validate.Faults, key func(field string) string) {
	fields := validate.Named{Faults: faults, Name: key}
	s.checkPaths(fields)
	validate.OneOf(faults, key("PriceClass"), s.PriceClass, PriceClass100, PriceClass200, PriceClassAll)
	fields.Between("OriginReadSeconds", s.OriginReadSeconds, 1, 120) // "Response timeout"; over 60 wants a higher quota
	fields.Between("AccessLogs.RetentionDays", s.AccessLogDays, 1, 3653)
	if len(s.ErrorPage) > 1<<20 {
		fields.Add("ErrorPage", "must be at most 1 MiB: people wait for it while the site is down")
	}
	s.checkWAF(fields)
	s.checkEdge(fields)
}

func (s Spec) checkPaths(fields validate.Named) {
	if len(s.StaticPaths) == 0 {
		fields.Add("StaticPaths", "needs at least one, such as %s", DefaultStaticPath)
	}
	for i, path := range s.StaticPaths {
		switch {
		case !pathPattern.MatchString(path):
			fields.Add("StaticPaths", "must begin with / and be made of letters, digits and _-.*$/~\"'@:+&?, got %q", path)
		case strings.Trim(path, "*/?") == "":
			fields.Add("StaticPaths", "%s leaves nothing for the application", path)
		case slices.Contains(s.StaticPaths[:i], path):
			fields.Add("StaticPaths", "%s is listed twice", path)
		case path == ErrorPath+"*":
			fields.Add("StaticPaths", "%s comes from the bucket by itself: leave it out", path)
		}
	}
}

func (s Spec) checkWAF(fields validate.Named) {
	if s.WAF.RateLimit != 0 {
		fields.Between("WAF.RateLimit", s.WAF.RateLimit, 10, 2_000_000_000) // AWS WAF API reference, RateBasedStatement
	}
	fields.Check("WAF.LogRetentionDays", validate.RetentionDays(s.WAF.LogRetentionDays))
	checkRanges(fields, "WAF.RateLimitExempt", s.WAF.RateLimitExempt)
	for i, rule := range s.WAF.CountOnly {
		switch {
		case SetOf(rule) == "":
			// AWS takes any name, and does nothing about one that it does not know (AWS WAF API reference, RuleActionOverride).
			fields.Add("WAF.CountOnly", "%s is not a rule of the sets in use: see the metrics or the logs of the firewall for its name", rule)
		case slices.Contains(s.WAF.CountOnly[:i], rule):
			fields.Add("WAF.CountOnly", "%s is listed twice", rule)
		}
	}
}

func (s Spec) checkEdge(fields validate.Named) {
	checkRanges(fields, "Edge.Addresses", s.Edge.Addresses)
	fields.Between("Edge.Header.Version", s.Edge.Header.Version, 1, 1_000_000)
	if s.Edge.Header.Name != "" {
		fields.Check("Edge.Header.Name", validate.HeaderName(s.Edge.Header.Name))
	}
	fields.Check("Edge.ClientAddressHeader", validate.HeaderName(s.Edge.ClientAddressHeader))
	if s.Edge.On() && s.WAF.Disabled {
		fields.Add("Edge", "needs the firewall, which tells it from others")
	}
}

// checkRanges records address ranges that a set of AWS WAF does not take (AWS WAF API reference, IPSet).
func checkRanges(fields validate.Named, field string, ranges []string) {
	for i, each := range ranges {
		parsed, err := netip.ParsePrefix(each)
		switch {
		case err != nil:
			fields.Add(field, "must be a range such as 192.0.2.0/24 or 2001:db8::/32, got %q", each)
		case parsed.Bits() == 0:
			fields.Add(field, "%s is everyone", each)
		case parsed != parsed.Masked():
			fields.Add(field, "%s has bits beyond its mask, did you mean %s?", each, parsed.Masked())
		case slices.Contains(ranges[:i], each):
			fields.Add(field, "%s is listed twice", each)
		}
	}
}

// ByVersion sorts address ranges that are right into those of IPv4 and those of IPv6.
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

// RuleSet is a set of rules that AWS keeps, in AWS WAF.
type RuleSet struct {
	Role     string   // what it is for, in names of rules and metrics
	Priority int      // when a request meets it: those with small numbers first
	Name     string   // as AWS calls it
	Units    int      // of capacity (WCU), of which 1,500 come at no extra price (field note WAF-3)
	Rules    []string // its rules
	Counted  []string // those of them that count, and block nothing
	PHP      bool     // for applications in PHP
}

// RuleSets are the sets in use (AWS WAF developer guide, "AWS Managed Rules
// rule groups list").
var RuleSets = []RuleSet{
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
		"SizeRestrictions_BODY", // which blocks forms and uploads of more than 8 KB (field note WAF-4)
	}},
	{Role: "sql-injection", Priority: 50, Name: "AWSManagedRulesSQLiRuleSet", Units: 200, Rules: []string{
		"SQLi_QUERYARGUMENTS", "SQLiExtendedPatterns_QUERYARGUMENTS", "SQLi_BODY", "SQLiExtendedPatterns_BODY",
		"SQLi_COOKIE", "SQLi_URIPATH",
	}},
	{Role: "php", Priority: 60, Name: "AWSManagedRulesPHPRuleSet", Units: 100, PHP: true, Rules: []string{
		"PHPHighRiskMethodsVariables_HEADER", "PHPHighRiskMethodsVariables_QUERYSTRING", "PHPHighRiskMethodsVariables_BODY",
	}},
}

// SetOf returns the role of the set that has a rule, or nothing.
func SetOf(rule string) string {
	for _, set := range RuleSets {
		if slices.Contains(set.Rules, rule) {
			return set.Role
		}
	}
	return ""
}
