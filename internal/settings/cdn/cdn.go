// Package cdn holds the settings of CloudFront, of AWS WAF in front of it, and of the bucket behind it, and what AWS requires
// of them. A stack file has them under cdn.
package cdn

import (
	"regexp"
	"slices"
	"strings"

	"ha-web/internal/settings/domain"
	"ha-web/internal/validate"
)

// Settings describe the distribution. The comments of the fields are the text of docs/settings.md.
type Settings struct {
	// Whether CloudFront, with a bucket of static files, is in front of the load balancer. If not, viewers reach the load
	// balancer itself. Turning it on or off on a live stack changes whom the load balancer answers before CloudFront and DNS
	// follow: expect 5 to 15 minutes of errors. With web.ingress: internet until it is done, turning it on causes none.
	// Cost: none up to 1 TB and 10 million requests, then 0.085 USD a GB and 1 USD a million requests.
	Enabled bool `pulumi:"enabled,optional"`
	// Path patterns that CloudFront serves from the bucket of static files, such as `[/static/*, /theme/*]`, at most 73. The
	// first pattern that matches a request applies. Requests for other paths go to the load balancer.
	// Cost: 0.023 USD a GB in the bucket.
	StaticPaths []string `pulumi:"staticPaths,optional"`
	// Edge locations that serve viewers: `PriceClass_100` (North America, Europe, Israel), `PriceClass_200` (those, Asia, Africa
	// and the Middle East) or `PriceClass_All` (also South America, Australia and New Zealand).
	PriceClass PriceClass `pulumi:"priceClass,optional"`
	// Seconds that CloudFront waits for a response from the load balancer before it returns 504, 1 to 120.
	OriginReadSeconds int `pulumi:"originReadSeconds,optional"`
	// HTML file in the folder of the project, such as `branding/unavailable.html`, at most 1 MiB. CloudFront serves it in place
	// of every 502, 503 and 504, while the load balancer does not respond. Its images and style sheets must be inline or under
	// cdn.staticPaths. Left out: a plain page.
	ErrorPage string `pulumi:"errorPage,optional"`
	// Second region with a replica of the bucket of static files, such as us-west-2. CloudFront reads from the replica when the
	// bucket answers with 5xx. Files uploaded before the replica exists are not copied. Left out: no replica.
	// Cost: 0.023 USD a GB, and 0.02 USD a GB of traffic to it.
	ReplicaRegion string `pulumi:"replicaRegion,optional"`
	// Access logs: a record of every request to CloudFront, in a bucket.
	AccessLogs AccessLogs `pulumi:"accessLogs,optional"`
	// Whether Pulumi refuses to delete the buckets of static files and access logs. If not, `pulumi destroy` deletes them with
	// everything in them.
	DeletionProtection bool `pulumi:"deletionProtection,optional"`
	// AWS WAF in front of CloudFront: a rate limit and managed rule groups.
	WAF WAF `pulumi:"waf,optional"`
	// A CDN of your own in front of CloudFront, such as Akamai, identified by cdn.edge.addresses, cdn.edge.header.name or both.
	// Requests that do not come through it get 403. Requires cdn.waf.enabled. No records are created for domain.name: point it
	// at the edge.
	Edge Edge `pulumi:"edge,optional"`

	// ErrorHTML is the content of ErrorPage.
	ErrorHTML string

	begun bool
}

// PriceClass is the set of edge locations that serve viewers.
type PriceClass string

const (
	// PriceClass100 is North America, Europe and Israel.
	PriceClass100 PriceClass = "PriceClass_100"
	// PriceClass200 is everything but South America, Australia and New Zealand.
	PriceClass200 PriceClass = "PriceClass_200"
	// PriceClassAll is every edge location.
	PriceClassAll PriceClass = "PriceClass_All"
)

// Choices returns the price classes.
func (PriceClass) Choices() []string {
	return []string{string(PriceClass100), string(PriceClass200), string(PriceClassAll)}
}

// AccessLogs describe the record of requests to CloudFront.
type AccessLogs struct {
	// Whether CloudFront writes access logs to a bucket.
	// Cost: 0.023 USD a GB.
	Enabled bool `pulumi:"enabled,optional"`
	// Days that the bucket keeps access logs of CloudFront, 1 to 3653.
	RetentionDays int `pulumi:"retentionDays,optional"`
}

// WAF describes the web ACL of the distribution.
type WAF struct {
	// Whether AWS WAF inspects the requests to CloudFront.
	// Cost: 5 USD, 1 USD for each of its 5 to 7 rules, and 0.60 USD a million requests.
	Enabled bool `pulumi:"enabled,optional"`
	// Whether AWS WAF uses the managed rule group for PHP applications, such as Moodle: AWSManagedRulesPHPRuleSet.
	PHP bool `pulumi:"php,optional"`
	// Requests, including those for static files, that one IP address may send in five minutes, 10 to 2000000000. Further ones
	// get 429. 0: no limit.
	RateLimit int `pulumi:"rateLimit,optional"`
	// IPv4 and IPv6 ranges that cdn.waf.rateLimit does not apply to, such as a campus where many people share a few addresses:
	// `[198.51.100.0/24]`.
	RateLimitExempt []string `pulumi:"rateLimitExempt,optional"`
	// Rules of the AWS managed rule groups that count requests instead of blocking them, by the name that the log of AWS WAF
	// gives: `[CrossSiteScripting_BODY]`. `SizeRestrictions_BODY`, which blocks uploads, always counts only.
	CountOnly []string `pulumi:"countOnly,optional"`
	// Days that CloudWatch Logs keeps the log of requests that AWS WAF blocked or counted: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150,
	// 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653.
	// Cost: 0.50 USD a GB.
	LogRetentionDays int `pulumi:"logRetentionDays,optional"`
}

// Edge describes a CDN in front of CloudFront.
type Edge struct {
	// IPv4 and IPv6 ranges of the servers of the edge, such as `[192.0.2.0/24]`. Requests from other addresses get 403. Left
	// out: AWS WAF identifies the edge by cdn.edge.header alone.
	Addresses []string `pulumi:"addresses,optional"`
	// Request header with a secret value that the edge sends with every request. AWS generates the value.
	// Cost: 0.40 USD for each of its one or two secrets.
	Header Header `pulumi:"header,optional"`
	// Request header in which the edge sends the IP address of the client, for cdn.waf.rateLimit. Name one that the edge itself
	// overwrites, such as `True-Client-IP` of Akamai: AWS WAF reads the first address in it, and clients can write that of
	// X-Forwarded-For.
	ClientAddressHeader string `pulumi:"clientAddressHeader,optional"`
}

// Header describes a request header with a secret value.
type Header struct {
	// Name of the header that identifies the edge, such as `X-From-Edge`. Requests without it, or with another value, get 403.
	// Left out: AWS WAF identifies the edge by cdn.edge.addresses alone.
	Name string `pulumi:"name,optional"`
	// Version of the secret value of the edge's header, 1 to 1000000. Increment to rotate the value; the previous one stays valid
	// until the next increment.
	Version int `pulumi:"version,optional"`
}

// On reports whether there is a CDN in front of CloudFront.
func (e Edge) On() bool { return len(e.Addresses) > 0 || e.Header.Name != "" }

// Default returns the settings of a stack file that sets none.
func Default() Settings {
	return Settings{
		Enabled:            true,
		StaticPaths:        []string{"/static/*"},
		PriceClass:         PriceClass100,
		OriginReadSeconds:  60, // as the idle timeout of an Application Load Balancer
		AccessLogs:         AccessLogs{Enabled: true, RetentionDays: 365},
		DeletionProtection: true,
		WAF: WAF{
			Enabled: true,
			// A household or a small campus may share an address: this is a hundred people who click without a pause.
			RateLimit:        10_000,
			LogRetentionDays: 365, // AWS Security Hub, CloudWatch.16
		},
		Edge:  Edge{Header: Header{Version: 1}, ClientAddressHeader: "X-Forwarded-For"},
		begun: true,
	}
}

// ErrorPath is the folder of the bucket, and of the site, that holds the error page.
const ErrorPath = "/errors/"

// Region returns the region of the certificate, web ACL and log delivery of the distribution, "" without a distribution.
func (s *Settings) Region() string {
	if !s.Enabled {
		return ""
	}
	return domain.CertificateRegion
}

// SecondRegion returns the region of the replica, "" where there is none.
func (s *Settings) SecondRegion() string {
	if !s.Enabled {
		return ""
	}
	return s.ReplicaRegion
}

// Validate records every fault of the settings, whether or not the distribution is enabled.
func (s *Settings) Validate(f validate.Fields) {
	if !f.Begun(s, s.begun) {
		return
	}
	s.validatePaths(f)
	validate.Choice(f, &s.PriceClass)
	f.Between(&s.OriginReadSeconds, 1, 120) // Amazon CloudFront API reference, CustomOriginConfig
	f.Between(&s.AccessLogs.RetentionDays, 1, 3653)
	if size := len(s.ErrorHTML); size > errorPageLimit {
		f.Add(&s.ErrorPage, "must be at most 1 MiB, because viewers load it while the site is down, got %d bytes", size)
	}
	s.validateWAF(f)
	s.validateEdge(f)
}

const (
	errorPageLimit = 1 << 20
	// cacheBehaviors is the default quota of a distribution (Amazon CloudFront developer guide, "Quotas").
	cacheBehaviors = 75
	// pathLimit leaves a cache behavior to the error page, and the default one to the load balancer.
	pathLimit = cacheBehaviors - 2
)

// Amazon CloudFront developer guide, "Path pattern".
var pathPattern = regexp.MustCompile(`^/[A-Za-z0-9_.*$/~"'@:+&?-]{1,254}$`)

func (s *Settings) validatePaths(f validate.Fields) {
	switch count := len(s.StaticPaths); {
	case count == 0:
		f.Add(&s.StaticPaths, "must list at least one path pattern, such as /static/*")
	case count > pathLimit:
		f.Add(&s.StaticPaths, "must list at most %d path patterns, got %d: CloudFront allows %d cache behaviors for each distribution, and two are "+
			"for the error page and the load balancer. Combine patterns with *", pathLimit, count, cacheBehaviors)
	}
	for i, path := range s.StaticPaths {
		field := &s.StaticPaths[i]
		switch {
		case !pathPattern.MatchString(path):
			f.Add(field, "must begin with / and have 1 to 254 letters, digits and characters of _-.*$/~\"'@:+&? after it, got %q", path)
		case strings.Trim(path, "*/?") == "":
			f.Add(field, "%s matches every request, and leaves none to the load balancer", path)
		case slices.Contains(s.StaticPaths[:i], path):
			f.Add(field, "%s is listed twice", path)
		case path == ErrorPath+"*":
			f.Add(field, "%s is always served from the bucket: leave it out", path)
		}
	}
}
