package settings

import (
	"fmt"
	"strings"

	"ha-web/internal/fields"
	"ha-web/internal/settings/access"
	"ha-web/internal/validate"
)

// loadAccess reads the files that the settings of access name.
func (s *Settings) loadAccess(faults *validate.Faults) {
	f := validate.FieldsOf(faults, s, fields.ByTag)
	if saml := &s.Access.SAML; saml.MetadataFile != "" {
		content, err := readText(saml.MetadataFile, ".xml")
		f.Check(&saml.MetadataFile, err)
		saml.Metadata = content
	}
	for i := range s.Access.Playbooks {
		playbook := &s.Access.Playbooks[i]
		files, err := readFolder(playbook.Folder)
		f.Check(&playbook.Folder, err)
		playbook.Files = files
	}
}

// validateSignIn records a fault where people would sign in without TLS.
func (s *Settings) validateSignIn(f validate.Fields) {
	if s.Access.OIDC.On() && !s.Domain.TLS() {
		f.Add(&s.Access.OIDC.Paths, "requires %s: load balancers authenticate people over HTTPS only", f.Name(&s.Domain.Name))
	}
}

// accessNotes returns what a person should know about sign-in.
func (s *Settings) accessNotes() []string {
	var notes []string
	if s.Access.OIDC.On() {
		// The load balancer has people come back to the name that they opened (Elastic Load Balancing user guide, "Authenticate users").
		for _, host := range s.siteNames() {
			notes = append(notes, fmt.Sprintf("sign-in: add https://%s%s to the redirect URIs of the application at the identity provider",
				host, access.CallbackPath))
		}
	}
	if !s.CDN.Enabled {
		return notes
	}
	for _, signIn := range s.Access.OIDC.Paths {
		for _, static := range s.CDN.StaticPaths {
			if matchesLiteral(signIn, static) || matchesLiteral(static, signIn) {
				notes = append(notes, fmt.Sprintf("sign-in: CloudFront serves cdn.staticPaths %s from the bucket, without the sign-in of access.oidc.paths %s",
					static, signIn))
			}
		}
	}
	return notes
}

// matchesLiteral reports whether a path pattern begins as another one does up to the first wildcard of that.
func matchesLiteral(pattern, other string) bool {
	before, _, _ := strings.Cut(strings.ReplaceAll(pattern, "?", "*"), "*")
	return strings.HasPrefix(other, before)
}
