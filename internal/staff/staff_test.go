package staff_test

import (
	"os"
	"strings"
	"testing"

	"ha-web/internal/staff"
	"ha-web/internal/validate/validatetest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// usual is a spec with all that is optional, and without faults.
func usual(t *testing.T) staff.Spec {
	t.Helper()
	metadata, err := os.ReadFile("../../examples/saml/metadata.xml")
	require.NoError(t, err)
	return staff.Spec{
		OIDC: staff.SignIn{
			Paths: []string{"/admin/*"}, Issuer: "https://example.okta.com", ClientID: "ha-web", ClientSecret: true,
			Scope: staff.DefaultScope, SessionHours: staff.DefaultSessionHours,
		},
		SAML:    staff.SAML{Metadata: string(metadata), SessionHours: staff.DefaultSessionHours},
		Scanner: staff.Scanner{Principal: "arn:aws:iam::111122223333:role/scanner/eu", ExternalID: "0a1b-2c3d"},
	}
}

func TestEndpointsFollowFromTheIssuer(t *testing.T) {
	t.Parallel()
	for issuer, want := range map[string]staff.Endpoints{
		"https://example.okta.com": {
			"https://example.okta.com/oauth2/v1/authorize", "https://example.okta.com/oauth2/v1/token", "https://example.okta.com/oauth2/v1/userinfo",
		},
		"https://example.okta-emea.com/oauth2/default": {
			"https://example.okta-emea.com/oauth2/default/v1/authorize", "https://example.okta-emea.com/oauth2/default/v1/token",
			"https://example.okta-emea.com/oauth2/default/v1/userinfo",
		},
		"https://login.microsoftonline.com/0a1b/v2.0": {
			"https://login.microsoftonline.com/0a1b/oauth2/v2.0/authorize", "https://login.microsoftonline.com/0a1b/oauth2/v2.0/token",
			"https://graph.microsoft.com/oidc/userinfo",
		},
		"https://login.microsoftonline.com/0a1b":  {},
		"https://okta.com.evil.example":           {},
		"https://evilokta.com":                    {},
		"https://keycloak.example.edu/realms/all": {},
	} {
		assert.Equal(t, want, staff.SignIn{Issuer: issuer}.Resolved(), issuer)
	}
	given := staff.Endpoints{Token: "https://token.example.edu"}
	resolved := staff.SignIn{Issuer: "https://example.okta.com", Endpoints: given}.Resolved()
	assert.Equal(t, given.Token, resolved.Token, "what is given counts")
	assert.Equal(t, "https://example.okta.com/oauth2/v1/userinfo", resolved.UserInfo)
}

func TestPlaceOfARuleFollowsFromItsPath(t *testing.T) {
	t.Parallel()
	seen := map[int]string{}
	for _, path := range []string{"/admin/*", "/admin", "/", "/*", "/grade/*", "/login/*", "/report/*", "/user/*"} {
		priority := staff.Priority(path)
		assert.Equal(t, priority, staff.Priority(path))
		assert.GreaterOrEqual(t, priority, 1)
		assert.Less(t, priority, 50_000, "the last is the origin's")
		assert.Empty(t, seen[priority], path)
		seen[priority] = path
	}
	assert.Equal(t, "admin", staff.Label("/admin/*"))
	assert.Equal(t, "all", staff.Label("/*"))
}

func TestRules(t *testing.T) {
	t.Parallel()
	const principal = "Scanner.Principal: must be the ARN of a role or an account, such as arn:aws:iam::123456789012:role/scanner, got "
	const external = "Scanner.ExternalID: must be the id that the scanner gives, 2 to 1224 letters, digits and +=,.@:/_-, got "
	for name, test := range map[string]struct {
		change func(*staff.Spec)
		want   string
	}{
		"everything": {func(*staff.Spec) {}, ""},
		"nothing":    {func(s *staff.Spec) { *s = staff.Spec{SAML: staff.SAML{SessionHours: 8}} }, ""},
		"an account": {func(s *staff.Spec) { s.Scanner.Principal = "arn:aws:iam::111122223333:root" }, ""},
		"another provider": {func(s *staff.Spec) {
			s.OIDC.Issuer = "https://id.example.edu"
			s.OIDC.Endpoints = staff.Endpoints{Authorization: "https://a", Token: "https://b", UserInfo: "https://c"}
		}, ""},
		"no endpoints": {func(s *staff.Spec) { s.OIDC.Issuer = "https://id.example.edu" },
			"OIDC.AuthorizationEndpoint: is required with an issuer that is neither Okta's nor Entra ID's\nOIDC.TokenEndpoint: is required with an issuer that is neither Okta's nor Entra ID's\nOIDC.UserInfoEndpoint: is required with an issuer that is neither Okta's nor Entra ID's"},
		"in the clear":     {func(s *staff.Spec) { s.OIDC.Endpoints.Token = "http://b" }, `OIDC.TokenEndpoint: must begin with https://, got "http://b"`},
		"slash at the end": {func(s *staff.Spec) { s.OIDC.Issuer += "/" }, "OIDC.Issuer: must begin with https://, as the identity provider's metadata has it, got \"https://example.okta.com/\"\nOIDC.AuthorizationEndpoint: is required with an issuer that is neither Okta's nor Entra ID's\nOIDC.TokenEndpoint: is required with an issuer that is neither Okta's nor Entra ID's\nOIDC.UserInfoEndpoint: is required with an issuer that is neither Okta's nor Entra ID's"},
		"nobody":           {func(s *staff.Spec) { s.OIDC.Paths = nil }, "OIDC.Paths: needs at least one, such as /admin/*, or nobody signs in"},
		"no slash":         {func(s *staff.Spec) { s.OIDC.Paths = []string{"admin"} }, `OIDC.Paths: must begin with / and have letters, digits and _-.$/~@:+&*? only, 128 at most, got "admin"`},
		"twice":            {func(s *staff.Spec) { s.OIDC.Paths = []string{"/a", "/a"} }, "OIDC.Paths: /a is listed twice"},
		"one name":         {func(s *staff.Spec) { s.OIDC.Paths = []string{"/a/*", "/A/"} }, "OIDC.Paths: /a/* and /A/ come to the same name or place: use one pattern for both"},
		"no client":        {func(s *staff.Spec) { s.OIDC.ClientID = "" }, "OIDC.ClientID: is required: the identity provider names it"},
		"no secret":        {func(s *staff.Spec) { s.OIDC.ClientSecret = false }, "OIDC.ClientSecret: give either this or OIDC.ClientSecretARN"},
		"two secrets":      {func(s *staff.Spec) { s.OIDC.SecretARN = true }, "OIDC.ClientSecret: give either this or OIDC.ClientSecretARN"},
		"no openid":        {func(s *staff.Spec) { s.OIDC.Scope = "email" }, `OIDC.Scope: must have openid, got "email"`},
		"for ever":         {func(s *staff.Spec) { s.OIDC.SessionHours, s.SAML.SessionHours = 169, 13 }, "OIDC.SessionHours: must be between 1 and 168, got 169\nSAML.SessionHours: must be between 1 and 12, got 13"},
		"no XML":           {func(s *staff.Spec) { s.SAML.Metadata = "x" }, "SAML.MetadataFile: is not XML: EOF"},
		"no certificate":   {func(s *staff.Spec) { s.SAML.Metadata = strings.ReplaceAll(s.SAML.Metadata, "KeyDescriptor", "Key") }, "SAML.MetadataFile: is not the metadata of an identity provider: download it there, for an application of kind SAML"},
		"of a service":     {func(s *staff.Spec) { s.SAML.Metadata = strings.ReplaceAll(s.SAML.Metadata, "IDPSSO", "SPSSO") }, "SAML.MetadataFile: is not the metadata of an identity provider: download it there, for an application of kind SAML"},
		"short": {func(s *staff.Spec) {
			s.SAML.Metadata = `<EntityDescriptor entityID="x"><IDPSSODescriptor><KeyDescriptor/></IDPSSODescriptor></EntityDescriptor>`
		}, "SAML.MetadataFile: must have 1000 to 10000000 bytes, as IAM wants, got 103"},
		"everyone":           {func(s *staff.Spec) { s.Scanner.Principal = "*" }, principal + `"*"`},
		"no external id":     {func(s *staff.Spec) { s.Scanner.ExternalID = "" }, external + `""`},
		"external id alone":  {func(s *staff.Spec) { s.Scanner.Principal = "" }, principal + `""`},
		"wild external id":   {func(s *staff.Spec) { s.Scanner.ExternalID = "a*" }, external + `"a*"`},
		"a long external id": {func(s *staff.Spec) { s.Scanner.ExternalID = strings.Repeat("a", 1225) }, external + `"` + strings.Repeat("a", 1225) + `"`},
	} {
		spec := usual(t)
		test.change(&spec)
		assert.Equal(t, test.want, validatetest.FaultsOf(spec), name)
	}
}
