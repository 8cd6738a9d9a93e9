package settings

import (
	"fmt"

	"ha-web/internal/distribution"
	"ha-web/internal/settings/domain"
	"ha-web/internal/validate"
)

// CDN describes what stands before the load balancer.
type CDN struct {
	// Whether CloudFront stands before the load balancer, with its bucket of static files. If not, the site is the load
	// balancer.
	// Cost: none up to 1 TB and 10 million requests, then 0.085 USD a GB and 1 USD a million requests.
	Enabled bool `pulumi:"enabled,optional"`
	// Patterns of paths that come from the bucket, and never reach a server.
	// Cost: 0.023 USD a GB in the bucket.
	StaticPaths []string `pulumi:"staticPaths,optional"`
	// Where CloudFront serves from: `PriceClass_100` (North America, Europe, Israel), `PriceClass_200` (besides Asia, Africa
	// and the Middle East) or `PriceClass_All`.
	PriceClass distribution.PriceClass `pulumi:"priceClass,optional"`
	// How long CloudFront waits for an answer of the load balancer, in seconds, 1 to 120. More than 60 wants a higher quota.
	OriginReadSeconds int `pulumi:"originReadSeconds,optional"`
	// HTML file of the page for viewers while no server answers, such as `branding/unavailable.html`, in the folder of the
	// project. Its pictures come from staticPaths, or stand in it. Left out: a plain page.
	ErrorPage string `pulumi:"errorPage,optional"`
	// Second region with a copy of the bucket, such as us-west-2. CloudFront asks it where the first one fails.
	// Cost: 0.023 USD a GB, and 0.02 USD a GB of traffic to it.
	ReplicaRegion string `pulumi:"replicaRegion,optional"`
	// Record of all requests, in a bucket.
	AccessLogs CDNLogs `pulumi:"accessLogs,optional"`
	// Whether Pulumi refuses to delete the buckets.
	DeletionProtection bool `pulumi:"deletionProtection,optional"`
	// Firewall, AWS WAF, before CloudFront.
	WAF WAF `pulumi:"waf,optional"`
	// Network of yours before CloudFront, such as Akamai: it is there where addresses or header.name are set. The site's
	// name then leads to it, and the firewall lets in nothing else.
	Edge distribution.Edge `pulumi:"edge,optional"`

	// ErrorHTML is the content of ErrorPage.
	ErrorHTML string
}

// CDNLogs describes the record of requests to CloudFront.
type CDNLogs struct {
	// Whether it is kept.
	// Cost: 0.023 USD a GB.
	Enabled bool `pulumi:"enabled,optional"`
	// How long, in days, 1 to 3653.
	RetentionDays int `pulumi:"retentionDays,optional"`
}

// WAF describes the firewall.
type WAF struct {
	// Whether there is a firewall.
	// Cost: 5 USD, 1 USD for each of its 5 to 7 rules, and 0.60 USD a million requests.
	Enabled bool `pulumi:"enabled,optional"`
	// Whether AWS's rules for applications in PHP, such as Moodle, are among them.
	PHP bool `pulumi:"php,optional"`
	// How many requests one address may send in five minutes, static files included. 0: as many as it likes.
	RateLimit int `pulumi:"rateLimit,optional"`
	// Address ranges without that limit, such as a campus whose people share a few addresses: `[198.51.100.0/24]`.
	RateLimitExempt []string `pulumi:"rateLimitExempt,optional"`
	// Rules of AWS's sets that shall count and not block, as the log names them: `[CrossSiteScripting_BODY]`. The size of a
	// body, `SizeRestrictions_BODY`, is always among them.
	CountOnly []string `pulumi:"countOnly,optional"`
	// How long the log of what was blocked or counted is kept, in days, as network.flowLogs.retentionDays.
	// Cost: 0.50 USD a GB.
	LogRetentionDays int `pulumi:"logRetentionDays,optional"`
}

func defaultCDN() CDN {
	return CDN{
		Enabled: true, StaticPaths: []string{distribution.DefaultStaticPath}, PriceClass: distribution.PriceClass100,
		OriginReadSeconds: distribution.DefaultReadSeconds, DeletionProtection: true,
		AccessLogs: CDNLogs{Enabled: true, RetentionDays: distribution.DefaultLogDays},
		WAF:        WAF{Enabled: true, RateLimit: distribution.DefaultRateLimit, LogRetentionDays: distribution.DefaultLogDays},
		Edge: distribution.Edge{
			Header: distribution.Header{Version: 1}, ClientAddressHeader: distribution.DefaultClientAddressHeader,
		},
	}
}

// Region returns where CloudFront has its certificates, firewall and logs, or nothing where there is no CloudFront.
func (c CDN) Region() string {
	if !c.Enabled {
		return ""
	}
	return domain.CertificateRegion
}

// SecondRegion returns the region of the copy of the bucket, or nothing where there is none.
func (c CDN) SecondRegion() string {
	if !c.Enabled {
		return ""
	}
	return c.ReplicaRegion
}

func (s *Settings) validateCDN(faults *validate.Faults) {
	c := s.CDN
	distribution.Spec{
		StaticPaths: c.StaticPaths, PriceClass: c.PriceClass, OriginReadSeconds: c.OriginReadSeconds, ErrorPage: c.ErrorHTML,
		AccessLogDays: c.AccessLogs.RetentionDays, Edge: c.Edge,
		WAF: distribution.WAF{
			Disabled: !c.WAF.Enabled, RateLimit: c.WAF.RateLimit, RateLimitExempt: c.WAF.RateLimitExempt,
			CountOnly: c.WAF.CountOnly, LogRetentionDays: c.WAF.LogRetentionDays,
		},
	}.Validate(faults, keysUnder("cdn"))
	checkReplicaRegion("cdn.replicaRegion", c.ReplicaRegion, s.Region, faults)
	if !c.Enabled {
		return
	}
	d := &s.Domain
	if d.Name == "" && d.CertificateARN != "" {
		faults.Add("domain.name", "is required with domain.certificateArn: CloudFront reaches the load balancer as %s<name>, "+
			"which its certificate has to name", domain.OriginPrefix)
	}
}

// loadErrorPage reads the page that the settings name.
func (c *CDN) loadErrorPage() error {
	if c.ErrorPage == "" {
		return nil
	}
	content, err := readText(c.ErrorPage, ".html")
	c.ErrorHTML = content
	return err
}

// cdnNotes returns what a person should know about the way from viewers to the load balancer.
func (s *Settings) cdnNotes() []string {
	if !s.CDN.Enabled {
		return s.notesWithoutCDN()
	}
	var notes []string
	if !s.Domain.TLS() {
		notes = append(notes, "no TLS behind CloudFront: there is no domain, so CloudFront reaches the "+
			"load balancer over plain HTTP")
	}
	if len(s.Aliases()) == 0 {
		notes = append(notes, "no name: without domain the site has CloudFront's own, whose certificate lets viewers use TLS 1.0")
	}
	if !s.CDN.WAF.Enabled {
		notes = append(notes, "no firewall: cdn.waf.enabled is false")
	}
	if s.Web.Ingress == "internet" {
		notes = append(notes, "web.ingress is internet: who knows the load balancer's name gets past CloudFront and its firewall")
	}
	if s.CDN.Edge.On() {
		notes = append(notes, fmt.Sprintf("edge in front: %s has to lead to it, and it has to be told the outputs edgeOriginHost, "+
			"edgeHeaderName and the secret edgeHeaderSecretArn", s.siteName()))
	}
	return append(notes, s.recordNotes()...)
}

func (s *Settings) notesWithoutCDN() []string {
	var notes []string
	if !s.Domain.TLS() {
		notes = append(notes, "no TLS: domain has neither name nor certificateArn, "+
			"so the load balancer answers plain HTTP on port 80")
	}
	if s.Web.Ingress == "cloudfront" {
		notes = append(notes, "cdn.enabled is false and web.ingress cloudfront: nobody gets in but a distribution of yours that sends "+
			"the header "+s.Web.OriginHeader.Name)
	}
	return append(notes, s.recordNotes()...)
}

// recordNotes names the records that a person has to create, where there is no hosted zone.
func (s *Settings) recordNotes() []string {
	if s.Domain.HostedZone != "" {
		return nil
	}
	var notes []string
	for _, each := range []struct {
		hosts               []string
		certificate, output string
		elsewhere           bool // the names lead to an edge
	}{
		{s.HostNames(), s.Domain.CertificateARN, "albDnsName", false},
		{s.Aliases(), s.Domain.CDNCertificateARN, "cdnDomainName", s.CDN.Edge.On()},
	} {
		for _, host := range each.hosts {
			if each.certificate == "" {
				notes = append(notes, fmt.Sprintf("no domain.hostedZone: pulumi up prints the record that proves the certificate of %s, "+
					"and waits up to 75 minutes for it", host))
			}
			if !each.elsewhere {
				notes = append(notes, fmt.Sprintf("no domain.hostedZone: create the record %s. CNAME <output %s>", host, each.output))
			}
		}
	}
	return notes
}

// siteName returns the name of the site for people.
func (s *Settings) siteName() string {
	if s.Domain.Name == "" {
		return "the name of the site"
	}
	return s.Domain.Name
}

// Aliases returns the names that lead to CloudFront.
func (s *Settings) Aliases() []string {
	if !s.CDN.Enabled || s.Domain.Name == "" {
		return nil
	}
	return []string{s.Domain.Name}
}
