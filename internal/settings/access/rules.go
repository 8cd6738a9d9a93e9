package access

import (
	"encoding/xml"
	"regexp"

	"ha-web/internal/validate"
)

// What IAM accepts as the metadata of an identity provider, in bytes (IAM API reference, CreateSAMLProvider).
const (
	minMetadata = 1000
	maxMetadata = 10_000_000
)

func (s *SAML) validate(f validate.Fields) {
	f.Between(&s.SessionHours, 1, 12) // IAM API reference, CreateRole, MaxSessionDuration
	if s.Metadata == "" {
		return
	}
	var root struct {
		XMLName  xml.Name
		EntityID string `xml:"entityID,attr"`
		IDP      *struct {
			Keys []struct{} `xml:"KeyDescriptor"`
		} `xml:"IDPSSODescriptor"`
	}
	err := xml.Unmarshal([]byte(s.Metadata), &root)
	switch {
	case err != nil:
		f.Add(&s.MetadataFile, "must be an XML document: %v", err)
	case root.XMLName.Local != "EntityDescriptor" || root.EntityID == "" || root.IDP == nil || len(root.IDP.Keys) == 0:
		f.Add(&s.MetadataFile, "must be the SAML metadata of an identity provider: download it there, from a SAML application")
	case len(s.Metadata) < minMetadata || len(s.Metadata) > maxMetadata:
		f.Add(&s.MetadataFile, "must have %d to %d bytes, which IAM requires, got %d", minMetadata, maxMetadata, len(s.Metadata))
	}
}

var (
	scannerPrincipal = regexp.MustCompile(`^arn:aws[a-z-]*:iam::[0-9]{12}:(root|(role|user)/[A-Za-z0-9+=,.@_/-]{1,512})$`)
	externalID       = regexp.MustCompile(`^[A-Za-z0-9+=,.@:/_-]+$`)
)

// validate requires both fields or neither: anyone who has the scanner look at its ARN could use a role without an external ID
// (AWS IAM user guide, "The confused deputy problem").
func (s *Scanner) validate(f validate.Fields) {
	if !s.On() {
		return
	}
	if !scannerPrincipal.MatchString(s.Principal) {
		f.Add(&s.Principal, "must be the ARN of a role or an account, such as arn:aws:iam::123456789012:role/scanner, got %q", s.Principal)
	}
	if length := len(s.ExternalID); length < 2 || length > 1224 || !externalID.MatchString(s.ExternalID) {
		f.Add(&s.ExternalID, "must be the external ID that the scanner states, 2 to 1224 letters, digits and +=,.@:/_-, got %q", s.ExternalID)
	}
}
