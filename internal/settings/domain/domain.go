// Package domain holds the settings of the site's name and certificates, and what DNS, ACM and CloudFront require of them. A
// stack file has them under domain.
package domain

import (
	"fmt"
	"regexp"
	"strings"

	"ha-web/internal/validate"
)

// Settings describe the name of the site. The comments of the fields are the text of docs/settings.md.
type Settings struct {
	// Host name of the site, such as `learn.example.edu`. With a name the site has TLS from viewers to the load balancer.
	// Left out: the site has the name of CloudFront, or of the load balancer, and CloudFront reaches the load balancer over
	// plain HTTP.
	Name string `pulumi:"name,optional"`
	// Public hosted zone in Route 53 that holds name, such as `example.edu`. Alias records, and the records that validate
	// certificates, are created there. Left out: `pulumi up` prints the records to create elsewhere, waits up to 75 minutes for
	// those that validate a certificate, and lists all of them in the output dnsRecords.
	// Cost: 0.50 USD for the hosted zone, which must exist.
	HostedZone string `pulumi:"hostedZone,optional"`
	// ARN of an ACM certificate for the load balancer, in aws:region. With cdn.enabled it must cover `origin.<name>`, else
	// name. Left out: a certificate is requested, and renewed by AWS.
	CertificateARN string `pulumi:"certificateArn,optional"`
	// ARN of an ACM certificate for CloudFront, in us-east-1, that covers name. Left out: a certificate is requested, and
	// renewed by AWS.
	CDNCertificateARN string `pulumi:"cdnCertificateArn,optional"`

	begun bool
}

// Default returns the settings of a stack file that sets none.
func Default() Settings { return Settings{begun: true} }

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
	switch {
	case s.Name == "":
	case len(s.Name) > hostNameLimit:
		f.Add(&s.Name, "must be at most %d characters, got %d", hostNameLimit, len(s.Name))
	case !hostName.MatchString(s.Name):
		f.Add(&s.Name, "must be a host name of lowercase letters, digits and hyphens, at most 63 between dots, such as learn.example.edu, got %q", s.Name)
	}
	if s.HostedZone != "" && s.Name != s.HostedZone && !strings.HasSuffix(s.Name, "."+s.HostedZone) {
		f.Add(&s.Name, "must be in %s (%s), got %q", f.Name(&s.HostedZone), s.HostedZone, s.Name)
	}
	if s.CertificateARN != "" {
		f.Check(&s.CertificateARN, checkCertificate(s.CertificateARN, region, "the region of the load balancer"))
	}
	if s.CDNCertificateARN != "" {
		f.Check(&s.CDNCertificateARN, checkCertificate(s.CDNCertificateARN, CertificateRegion, "where CloudFront looks for it"))
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
