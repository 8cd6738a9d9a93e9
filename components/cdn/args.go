package cdn

import (
	"cmp"
	_ "embed"

	"ha-web/internal/component"
	"ha-web/internal/distribution"
	"ha-web/internal/fields"
	"ha-web/internal/settings/domain"
	"ha-web/internal/validate"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Certificate is that of the distribution, in us-east-1, with the names that lead there.
type Certificate = domain.Certificate

// PriceClass is the set of CloudFront's locations that serve.
type PriceClass = distribution.PriceClass

// The price classes.
const (
	PriceClass100 = distribution.PriceClass100
	PriceClass200 = distribution.PriceClass200
	PriceClassAll = distribution.PriceClassAll
)

// Edge describes a network of one's own before CloudFront, and Header what it sends.
type (
	Edge   = distribution.Edge
	Header = distribution.Header
)

// Args describes a Cdn.
type Args struct {
	// Disabled leaves everything out: the site is where its origin is.
	Disabled bool
	// Origin makes the pages. Required.
	Origin Origin
	// Certificate is that of the distribution. Default none: the site has CloudFront's name and certificate, with which
	// viewers may use TLS 1.0.
	Certificate Certificate
	// USEast1 is a provider for us-east-1, where CloudFront has its certificates, its firewall and its logs. Required.
	USEast1 pulumi.ProviderResource

	// StaticPaths are patterns of paths that come from the bucket. Default /static/*.
	StaticPaths []string
	// Replica is a provider for another region, with a second bucket that CloudFront asks where the first one fails.
	// Default none.
	Replica pulumi.ProviderResource
	// ErrorPage is the HTML of the page for viewers while the origin is down, whole in itself. Default a plain one.
	ErrorPage string
	// OriginReadSeconds is how long CloudFront waits for an answer of the origin. Default 60.
	OriginReadSeconds int
	// PriceClass is where CloudFront serves from. Default PriceClass100.
	PriceClass PriceClass
	// WaitForDeployment makes an update wait until all of CloudFront's locations have it, 1 to 13 minutes.
	WaitForDeployment bool
	// AccessLogs are kept by default.
	AccessLogs AccessLogs

	// WAF is the firewall. It is there by default.
	WAF WAF
	// Edge is a network of one's own before CloudFront. Default none.
	Edge Edge

	// KeyARN is the KMS key of the secret that the edge sends. Default nil: a key of AWS.
	KeyARN pulumi.StringInput
	// Unprotected lets Pulumi delete the buckets with all that is in them.
	Unprotected bool
	// Shared is what the components of a stack have in common.
	Shared component.Shared
}

// Origin describes the server behind the distribution.
type Origin struct {
	// Host is its name in DNS, which its certificate has to name. Required.
	Host pulumi.StringInput
	// PlainHTTP reaches it without TLS: passwords then cross the internet in the clear.
	PlainHTTP bool
	// OwnHostHeader sends the origin its own name in the header Host, as an API gateway wants. By default it gets the
	// viewer's, and makes links to the site.
	OwnHostHeader bool
	// HeaderName and HeaderValue, a secret, are a header by which it knows the distribution. Default none.
	HeaderName  string
	HeaderValue pulumi.StringInput
}

// url returns where the origin is.
func (o Origin) url() pulumi.StringOutput {
	scheme := "https"
	if o.PlainHTTP {
		scheme = "http"
	}
	return pulumi.Sprintf("%s://%s", scheme, o.Host)
}

// AccessLogs describes the record of all requests.
type AccessLogs struct {
	// Disabled leaves it out.
	Disabled bool
	// RetentionDays is how long it is kept. Default 365 days.
	RetentionDays int
}

// WAF describes the firewall.
type WAF struct {
	// Disabled leaves it out (Security Hub CloudFront.6 then fails).
	Disabled bool
	// PHP adds rules for applications in PHP.
	PHP bool
	// RateLimit is how many requests one address may send in five minutes. Default nil: 10,000. 0: as many as it likes.
	RateLimit *int
	// RateLimitExempt are address ranges without a limit, such as a campus that shares one address.
	RateLimitExempt []string
	// CountOnly are rules of AWS's sets that block what they should not, such as CrossSiteScripting_BODY. They count.
	CountOnly []string
	// LogRetentionDays is how long the log of what was blocked or counted is kept. Default 365 days.
	LogRetentionDays int
}

//go:embed page/unavailable.html
var plainErrorPage string

// withDefaults returns a copy of the arguments in which everything left out has its default.
func (a Args) withDefaults() Args {
	if len(a.StaticPaths) == 0 {
		a.StaticPaths = []string{distribution.DefaultStaticPath}
	}
	a.ErrorPage = cmp.Or(a.ErrorPage, plainErrorPage)
	a.OriginReadSeconds = cmp.Or(a.OriginReadSeconds, distribution.DefaultReadSeconds)
	a.PriceClass = cmp.Or(a.PriceClass, PriceClass100)
	a.AccessLogs.RetentionDays = cmp.Or(a.AccessLogs.RetentionDays, distribution.DefaultLogDays)
	limit := distribution.DefaultRateLimit
	a.WAF.RateLimit = cmp.Or(a.WAF.RateLimit, &limit)
	a.WAF.LogRetentionDays = cmp.Or(a.WAF.LogRetentionDays, distribution.DefaultLogDays)
	a.Edge.Header.Version = cmp.Or(a.Edge.Header.Version, 1)
	a.Edge.ClientAddressHeader = cmp.Or(a.Edge.ClientAddressHeader, distribution.DefaultClientAddressHeader)
	return a
}

// spec is what AWS has rules about.
func (a Args) spec() distribution.Spec {
	return distribution.Spec{
		StaticPaths: a.StaticPaths, PriceClass: a.PriceClass, OriginReadSeconds: a.OriginReadSeconds, ErrorPage: a.ErrorPage,
		AccessLogDays: a.AccessLogs.RetentionDays, Edge: a.Edge,
		WAF: distribution.WAF{
			Disabled: a.WAF.Disabled, RateLimit: *a.WAF.RateLimit, RateLimitExempt: a.WAF.RateLimitExempt,
			CountOnly: a.WAF.CountOnly, LogRetentionDays: a.WAF.LogRetentionDays,
		},
	}
}

// nameLimit is the longest name of a component whose log delivery AWS can name: Pulumi adds eight characters to it, of 60.
const nameLimit = 60 - len("-1234567") - len("-cdn")

// metricLimit is the longest name that the metrics of AWS WAF take (AWS WAF API reference, VisibilityConfig).
const metricLimit = 128

// plan is what follows from the arguments for the names in AWS.
type plan struct {
	firewall string // in metrics, and in the name of its log group
}

// validate returns every fault of the arguments, and the names that follow from them.
func (a Args) validate(name, stack string) (plan, error) {
	var faults validate.Faults
	faults.Required("Origin.Host", a.Origin.Host)
	if a.Disabled {
		return plan{}, faults.Err()
	}
	if a.USEast1 == nil {
		faults.Add("USEast1", "is required: CloudFront looks for certificates, firewalls and logs in us-east-1")
	}
	if len(name) > nameLimit {
		faults.Add("name", "must have at most %d letters, or AWS cannot name the log delivery, got %q", nameLimit, name)
	}
	firewall, err := component.PhysicalName(name, stack, "waf", metricLimit)
	faults.Check("name", err)
	if a.Origin.HeaderValue != nil {
		faults.Check("Origin.HeaderName", validate.HeaderName(a.Origin.HeaderName))
	}
	a.Certificate.Validate(validate.FieldsOf(&faults, &a, fields.ByName))
	a.spec().Validate(&faults, func(field string) string { return field })
	return plan{firewall: firewall}, faults.Err()
}

// inputs are the arguments as Pulumi keeps them in the state of the component.
func (a Args) inputs() pulumi.Map {
	return pulumi.Map{
		"disabled":    pulumi.Bool(a.Disabled),
		"originHost":  a.Origin.Host,
		"plainHttp":   pulumi.Bool(a.Origin.PlainHTTP),
		"hostNames":   pulumi.ToStringArray(a.Certificate.HostNames),
		"staticPaths": pulumi.ToStringArray(a.StaticPaths),
		"priceClass":  pulumi.String(a.PriceClass),
		"firewall":    pulumi.Bool(!a.WAF.Disabled),
		"edge":        pulumi.Bool(a.Edge.On()),
		"unprotected": pulumi.Bool(a.Unprotected),
	}
}
