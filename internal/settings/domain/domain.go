// Package domain holds the settings of the site's name and certificates, and what DNS, ACM and CloudFront require of them. A
// stack file has them under domain.
package domain

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"ha-web/internal/validate"
)

// Settings describe the name of the site. The comments of the fields are the text of docs/settings.md.
type Settings struct {
	// Host name of the site, such as `learn.example.edu`. With a name the site has TLS from viewers to the load balancer.
	// Left out: the site has the name of CloudFront, or of the load balancer, and CloudFront reaches the load balancer over
	// plain HTTP. Setting it on a live stack, or taking it out, moves the load balancer between ports 80 and 443 before
	// CloudFront follows: expect 10 to 30 minutes of errors. After a change to another name, the old one does not resolve.
	Name string `pulumi:"name,optional"`
	// Further host names of the site, such as `[www.learn.example.edu]`: at most 9, or 99 with a certificate of your own. They are in
	// the certificate and in DNS as name is, and the same pages are at all of them. The output url has name. Adding one replaces the
	// certificate without an interruption. Left out: none.
	Aliases []string `pulumi:"aliases,optional"`
	// Public hosted zone in Route 53 that holds name and aliases, such as `example.edu`. Alias records, and the records that validate
	// certificates, are created there. Left out: `pulumi up` prints the records to create elsewhere, waits up to 75 minutes for
	// those that validate a certificate, and lists all of them in the output dnsRecords.
	// Cost: 0.50 USD for the hosted zone, which must exist.
	HostedZone string `pulumi:"hostedZone,optional"`
	// ARN of an ACM certificate for the load balancer, in aws:region. With cdn.enabled it must cover `originName`, else
	// name and aliases. Left out: a certificate is requested, and renewed by AWS.
	CertificateARN string `pulumi:"certificateArn,optional"`
	// ARN of an ACM certificate for CloudFront, in us-east-1, that covers name and aliases. Left out: a certificate is requested, and
	// renewed by AWS.
	CDNCertificateARN string `pulumi:"cdnCertificateArn,optional"`
	// Host name by which CloudFront reaches the load balancer, such as `origin-dr.learn.example.edu`, in hostedZone where that is set.
	// Two stacks with the same name need one each. A change requests a new certificate and moves CloudFront to the new host name: expect
	// minutes in which some edge locations still use the old one, which is gone. Left out: `origin.<name>`.
	OriginName string `pulumi:"originName,optional"`
	// Whether another stack serves name and aliases, and this one waits to take over. The stack then has the certificates for them, but
	// no alias records, and its CloudFront distribution none of the names: the output url is CloudFront's own name. Requires
	// originName with cdn.enabled. Turning it off adds the names to the distribution, which fails with CNAMEAlreadyExists while a
	// distribution of another stack has them, and creates the records: docs/recovery.md, "After a lost region", has the whole sequence.
	Standby bool `pulumi:"standby,optional"`
	// Whether the alias records of name and aliases may be those of another stack. On, records that exist are overwritten instead of
	// failing the update, and they stay in the hosted zone when this stack gives them up or is deleted. Turning it on
	// does not touch the records that this stack already has.
	OverwriteRecords bool `pulumi:"overwriteRecords,optional"`

	begun bool
}

// Default returns the settings of a stack file that sets none.
func Default() Settings { return Settings{begun: true} }

// Names returns the host names of the site, Name first.
func (s *Settings) Names() []string {
	if s.Name == "" {
		return nil
	}
	return append([]string{s.Name}, s.Aliases...)
}

// Origin returns the host name by which CloudFront reaches the load balancer.
func (s *Settings) Origin() string { return cmp.Or(s.OriginName, OriginPrefix+s.Name) }

// TLS reports whether the load balancer has a certificate.
func (s *Settings) TLS() bool { return s.Name != "" || s.CertificateARN != "" }

const (
	// CertificateRegion is where CloudFront looks for certificates, web ACLs and log deliveries (Amazon CloudFront developer
	// guide, "Requirements for using SSL/TLS certificates with CloudFront").
	CertificateRegion = "us-east-1"
	// OriginPrefix comes before the name of the site in the name by which CloudFront reaches the load balancer.
	OriginPrefix = "origin."
)

// RFC 1035, section 2.3.4: a label has at most 63 characters, a name 253 as text.
var hostName = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])$`)

const hostNameLimit = 253 - len(OriginPrefix)

// Validate records every fault of the settings of a stack in a region.
func (s *Settings) Validate(f validate.Fields, region string) {
	if !f.Begun(s, s.begun) {
		return
	}
	if s.Name != "" {
		f.Check(&s.Name, checkHostName(s.Name))
	}
	s.checkAliases(f)
	if s.HostedZone != "" && !isIn(s.Name, s.HostedZone) {
		f.Add(&s.Name, "must be in %s (%s), got %q", f.Name(&s.HostedZone), s.HostedZone, s.Name)
	}
	s.checkOrigin(f)
	for _, each := range []*bool{&s.Standby, &s.OverwriteRecords} {
		if *each && s.Name == "" {
			f.Add(&s.Name, "is required with %s", f.Name(each))
		}
	}
	if s.CertificateARN != "" {
		f.Check(&s.CertificateARN, checkCertificate(s.CertificateARN, region, "the region of the load balancer"))
	}
	if s.CDNCertificateARN != "" {
		f.Check(&s.CDNCertificateARN, checkCertificate(s.CDNCertificateARN, CertificateRegion, "where CloudFront looks for it"))
	}
}

func checkHostName(name string) error {
	switch {
	case len(name) > hostNameLimit:
		return fmt.Errorf("must be at most %d characters, got %d", hostNameLimit, len(name))
	case !hostName.MatchString(name):
		return fmt.Errorf("must be a host name of lowercase letters, digits and hyphens, at most 63 between dots, such as learn.example.edu, got %q", name)
	}
	return nil
}

// checkOrigin records what is wrong with the host name of the load balancer behind CloudFront.
func (s *Settings) checkOrigin(f validate.Fields) {
	if s.OriginName == "" {
		return
	}
	f.Check(&s.OriginName, checkHostName(s.OriginName))
	switch {
	case s.Name == "":
		f.Add(&s.Name, "is required with %s", f.Name(&s.OriginName))
	case s.OriginName == s.Name:
		f.Add(&s.OriginName, "must be another name than %s (%s), which leads to CloudFront", f.Name(&s.Name), s.Name)
	case s.HostedZone != "" && !isIn(s.OriginName, s.HostedZone):
		f.Add(&s.OriginName, "must be in %s (%s), got %q", f.Name(&s.HostedZone), s.HostedZone, s.OriginName)
	}
}

// isIn reports whether a hosted zone can have records of a host name.
func isIn(host, zone string) bool { return host == zone || strings.HasSuffix(host, "."+zone) }

// maxAliases is with name the most host names of a distribution (Amazon CloudFront developer guide, "Quotas").
const maxAliases = 99

func (s *Settings) checkAliases(f validate.Fields) {
	if len(s.Aliases) > 0 && s.Name == "" {
		f.Add(&s.Name, "is required with %s", f.Name(&s.Aliases))
	}
	if len(s.Aliases) > maxAliases {
		f.Add(&s.Aliases, "must list at most %d host names, because CloudFront accepts no more, got %d", maxAliases, len(s.Aliases))
	}
	for i, alias := range s.Aliases {
		f.Check(&s.Aliases[i], checkHostName(alias))
		switch {
		case alias == s.Name:
			f.Add(&s.Aliases[i], "must be another name than %s (%s)", f.Name(&s.Name), s.Name)
		case alias == s.Origin():
			f.Add(&s.Aliases[i], "must not be %s, by which CloudFront reaches the load balancer", alias)
		case slices.Contains(s.Aliases[:i], alias):
			f.Add(&s.Aliases[i], "%s is listed twice", alias)
		case s.HostedZone != "" && !isIn(alias, s.HostedZone):
			f.Add(&s.Aliases[i], "must be in %s (%s), got %q", f.Name(&s.HostedZone), s.HostedZone, alias)
		}
	}
}

var certificateARN = regexp.MustCompile(`^arn:aws[a-z-]*:acm:([a-z0-9-]+):[0-9]{12}:certificate/[0-9a-f-]+$`)

// checkCertificate returns an error unless arn is that of an ACM certificate in a region, which why explains.
func checkCertificate(arn, region, why string) error {
	parts := certificateARN.FindStringSubmatch(arn)
	switch {
	case parts == nil:
		return fmt.Errorf("must be the ARN of an ACM certificate, got %q", arn)
	case parts[1] != region:
		return fmt.Errorf("must be in %s, %s, got %s", region, why, parts[1])
	}
	return nil
}
