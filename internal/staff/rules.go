package staff

import (
	"cmp"
	"encoding/xml"
	"regexp"
	"slices"
	"strings"

	"ha-web/internal/validate"
)

// Validate records every fault of the spec. key gives the fields, such as OIDC.Issuer, the names that whoever asks knows them
// by.
func (s Spec) Validate(faults *validate.Faults, key func(field string) string) {
	fields := validate.Named{Faults: faults, Name: key}
	s.OIDC.check(fields)
	s.SAML.check(fields)
	s.Scanner.check(fields)
}

// maxPaths leaves room in a listener, which takes a hundred rules.
const maxPaths = 20

// pathPattern is what a load balancer takes (Elastic Load Balancing user guide, "Path conditions"), but for quotes.
var pathPattern = regexp.MustCompile(`^/[A-Za-z0-9_.$/~@:+&*?-]{0,127}$`)

func (s SignIn) check(fields validate.Named) {
	if !s.On() {
		if s.Issuer != "" || s.ClientID != "" || s.ClientSecret || s.SecretARN {
			fields.Add("OIDC.Paths", "needs at least one, such as /admin/*, or nobody signs in")
		}
		return
	}
	s.checkPaths(fields)
	if !strings.HasPrefix(s.Issuer, "https://") || strings.HasSuffix(s.Issuer, "/") && s.Endpoints == (Endpoints{}) {
		fields.Add("OIDC.Issuer", "must begin with https://, as the identity provider's metadata has it, got %q", s.Issuer)
	}
	endpoints := s.Resolved()
	for _, each := range []struct{ field, value string }{
		{"OIDC.AuthorizationEndpoint", endpoints.Authorization},
		{"OIDC.TokenEndpoint", endpoints.Token},
		{"OIDC.UserInfoEndpoint", endpoints.UserInfo},
	} {
		switch {
		case each.value == "":
			fields.Add(each.field, "is required with an issuer that is neither Okta's nor Entra ID's")
		case !strings.HasPrefix(each.value, "https://"):
			fields.Add(each.field, "must begin with https://, got %q", each.value)
		}
	}
	if s.ClientID == "" {
		fields.Add("OIDC.ClientID", "is required: the identity provider names it")
	}
	if s.ClientSecret == s.SecretARN {
		fields.Add("OIDC.ClientSecret", "give either this or %s", fields.Name("OIDC.ClientSecretARN"))
	}
	if !slices.Contains(strings.Fields(s.Scope), "openid") {
		fields.Add("OIDC.Scope", "must have openid, got %q", s.Scope)
	}
	fields.Between("OIDC.SessionHours", s.SessionHours, 1, 7*24) // what a load balancer takes
}

func (s SignIn) checkPaths(fields validate.Named) {
	if len(s.Paths) > maxPaths {
		fields.Add("OIDC.Paths", "has room for %d, got %d: use wildcards", maxPaths, len(s.Paths))
	}
	for i, path := range s.Paths {
		if !pathPattern.MatchString(path) {
			fields.Add("OIDC.Paths", "must begin with / and have letters, digits and _-.$/~@:+&*? only, 128 at most, got %q", path)
		}
		before := append([]string{CallbackPath}, s.Paths[:i]...) // which has a rule too
		switch at := slices.IndexFunc(before, func(earlier string) bool {
			return Priority(earlier) == Priority(path) || Label(earlier) == Label(path)
		}); {
		case at < 0:
		case at > 0 && before[at] == path:
			fields.Add("OIDC.Paths", "%s is listed twice", path)
		default:
			fields.Add("OIDC.Paths", "%s and %s come to the same name or place: use one pattern for both", before[at], path)
		}
	}
}

// Label returns what the rule of a path is called: small letters, digits and single hyphens.
func Label(path string) string {
	return cmp.Or(validate.ToLabel(path), "all")
}

// metadataLimit is what IAM takes of an identity provider's metadata (IAM API reference, CreateSAMLProvider).
const metadataLimit = 10_000_000

func (s SAML) check(fields validate.Named) {
	fields.Between("SAML.SessionHours", s.SessionHours, 1, 12)
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
		fields.Add("SAML.MetadataFile", "is not XML: %v", err)
	case root.XMLName.Local != "EntityDescriptor" || root.EntityID == "" || root.IDP == nil || len(root.IDP.Keys) == 0:
		fields.Add("SAML.MetadataFile", "is not the metadata of an identity provider: download it there, for an application of kind SAML")
	case len(s.Metadata) < 1000 || len(s.Metadata) > metadataLimit:
		fields.Add("SAML.MetadataFile", "must have 1000 to %d bytes, as IAM wants, got %d", metadataLimit, len(s.Metadata))
	}
}

var (
	scannerPrincipal = regexp.MustCompile(`^arn:aws[a-z-]*:iam::[0-9]{12}:(root|(role|user)/[A-Za-z0-9+=,.@_/-]{1,512})$`)
	externalID       = regexp.MustCompile(`^[A-Za-z0-9+=,.@:/_-]+$`)
)

// check wants both or neither: a role without an external id is open to whoever has the scanner look at its ARN (AWS IAM user
// guide, "The confused deputy problem").
func (s Scanner) check(fields validate.Named) {
	if s == (Scanner{}) {
		return
	}
	if !scannerPrincipal.MatchString(s.Principal) {
		fields.Add("Scanner.Principal", "must be the ARN of a role or an account, such as arn:aws:iam::123456789012:role/scanner, got %q", s.Principal)
	}
	if length := len(s.ExternalID); length < 2 || length > 1224 || !externalID.MatchString(s.ExternalID) {
		fields.Add("Scanner.ExternalID", "must be the id that the scanner gives, 2 to 1224 letters, digits and +=,.@:/_-, got %q", s.ExternalID)
	}
}
