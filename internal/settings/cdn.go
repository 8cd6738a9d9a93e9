package settings

import (
	"fmt"
	"strings"

	"ha-web/internal/settings/domain"
	"ha-web/internal/settings/web"
	"ha-web/internal/validate"
)

// validateCDN records faults of the settings of CloudFront together with those of the rest of the stack.
func (s *Settings) validateCDN(f validate.Fields) {
	s.checkReplicaRegion(f, &s.CDN.ReplicaRegion)
	if s.CDN.Enabled && s.Domain.Name == "" && s.Domain.CertificateARN != "" {
		f.Add(&s.Domain.Name, "is required with %s: CloudFront reaches the load balancer as %s<name>, which its certificate must cover",
			f.Name(&s.Domain.CertificateARN), domain.OriginPrefix)
	}
	s.validateOrigin(f)
	s.validateAliases(f)
}

// validateOrigin records a host name of the load balancer that nothing uses, and the lack of one that two stacks would share.
func (s *Settings) validateOrigin(f validate.Fields) {
	origin := &s.Domain.OriginName
	switch {
	case *origin != "" && !s.behindOrigin():
		f.Add(origin, "requires %s: without CloudFront viewers reach the load balancer by %s", f.Name(&s.CDN.Enabled), f.Name(&s.Domain.Name))
	case *origin == "" && s.Domain.Standby && s.Domain.Name != "" && s.behindOrigin():
		f.Add(origin, "is required with %s: %s leads to the load balancer of the stack that serves %s: choose another name, such as origin-dr.%s",
			f.Name(&s.Domain.Standby), s.Domain.Origin(), s.Domain.Name, s.Domain.Name)
	}
}

// requestedNames is the most host names of a certificate that ACM issues by default (AWS Certificate Manager user guide, "Quotas").
const requestedNames = 10

// validateAliases records host names that nothing serves, or that no certificate can have.
func (s *Settings) validateAliases(f validate.Fields) {
	aliases, own := &s.Domain.Aliases, &s.Domain.CertificateARN
	if s.CDN.Enabled {
		own = &s.Domain.CDNCertificateARN
	}
	switch {
	case len(*aliases) == 0:
	case !s.CDN.Enabled && s.Web.Ingress == web.CloudFront:
		f.Add(aliases, "requires %s, or %s: internet: the load balancer is reached by the name %s only", f.Name(&s.CDN.Enabled), f.Name(&s.Web.Ingress),
			s.Domain.Origin())
	case *own == "" && len(*aliases) >= requestedNames:
		f.Add(aliases, "must list at most %d host names, because a certificate of ACM has at most %d by default, got %d: set %s to a certificate with more",
			requestedNames-1, requestedNames, len(*aliases), f.Name(own))
	}
}

// loadErrorPage reads the file of the error page, where there is one.
func (s *Settings) loadErrorPage() (err error) {
	if s.CDN.ErrorPage != "" {
		s.CDN.ErrorHTML, err = readText(s.CDN.ErrorPage, ".html")
	}
	return err
}

// cdnNotes returns what a person should know about how requests reach the load balancer.
func (s *Settings) cdnNotes() []string {
	if !s.CDN.Enabled {
		return s.notesWithoutCDN()
	}
	var notes []string
	if !s.Domain.TLS() {
		notes = append(notes, "no TLS behind CloudFront: without domain.name, CloudFront reaches the load balancer over plain HTTP")
	}
	if len(s.Aliases()) == 0 {
		notes = append(notes, "no domain name: without domain.name, viewers use the host name of CloudFront, whose certificate allows TLS 1.0")
	}
	if !s.CDN.WAF.Enabled {
		notes = append(notes, "no firewall: cdn.waf.enabled is false, so AWS WAF inspects no requests")
	}
	if s.Web.Ingress == web.Internet {
		notes = append(notes, "web.ingress is internet: anyone who knows the load balancer's name can bypass CloudFront and AWS WAF")
	}
	if s.CDN.Edge.On() {
		notes = append(notes, fmt.Sprintf("edge in front: point %s at the edge, and configure the edge with the %s", strings.Join(s.siteNames(), " and "), s.edgeOutputs()))
	}
	return append(notes, s.recordNotes()...)
}

// edgeOutputs names the outputs that an edge is configured with.
func (s *Settings) edgeOutputs() string {
	if s.CDN.Edge.Header.Name == "" {
		return "output edgeOriginHost"
	}
	return "outputs edgeOriginHost, edgeHeaderName and the secret edgeHeaderSecretArn"
}

func (s *Settings) notesWithoutCDN() []string {
	var notes []string
	if !s.Domain.TLS() {
		notes = append(notes, "no TLS: neither domain.name nor domain.certificateArn is set, so the load balancer serves plain HTTP on port 80")
	}
	if s.Web.Ingress == web.CloudFront {
		notes = append(notes, "cdn.enabled is false and web.ingress is cloudfront: the load balancer answers only a CloudFront distribution of "+
			"your own that sends the header "+s.Web.OriginHeader.Name)
	}
	return append(notes, s.recordNotes()...)
}

// standbyNotes says where a site is whose names another stack has.
func (s *Settings) standbyNotes() []string {
	if !s.Domain.Standby {
		return nil
	}
	return []string{fmt.Sprintf("standby: %s belongs to another stack: this site is at the output url, and takes the name over with domain.standby: false",
		strings.Join(s.siteNames(), " and "))}
}

// recordNotes names the DNS records that a person must create, where there is no hosted zone.
func (s *Settings) recordNotes() []string {
	if s.Domain.HostedZone != "" {
		return nil
	}
	var notes []string
	for _, each := range []struct {
		hosts               []string
		certificate, output string
		elsewhere           bool // the names resolve to an edge, or to another stack
	}{
		{s.HostNames(), s.Domain.CertificateARN, "albDnsName", s.Domain.Standby && !s.behindOrigin()},
		{s.Aliases(), s.Domain.CDNCertificateARN, "cdnDomainName", s.CDN.Edge.On() || s.Domain.Standby},
	} {
		for _, host := range each.hosts {
			if each.certificate == "" {
				notes = append(notes, fmt.Sprintf("no domain.hostedZone: pulumi up prints the record that validates the certificate of %s, "+
					"and waits up to 75 minutes for you to create it", host))
			}
			if !each.elsewhere {
				notes = append(notes, fmt.Sprintf("no domain.hostedZone: create the record %s. CNAME <output %s>", host, each.output))
			}
		}
	}
	return notes
}

// siteNames returns the names of the site for people.
func (s *Settings) siteNames() []string {
	if s.Domain.Name == "" {
		return []string{"the name of the site"}
	}
	return s.Domain.Names()
}

// Aliases returns the host names that CloudFront serves.
func (s *Settings) Aliases() []string {
	if !s.CDN.Enabled {
		return nil
	}
	return s.Domain.Names()
}
