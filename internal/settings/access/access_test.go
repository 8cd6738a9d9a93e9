package access_test

import (
	"os"
	"strings"
	"testing"

	"ha-web/internal/fields"
	"ha-web/internal/settings/access"
	"ha-web/internal/validate/validatetest"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// fullSettings are settings with all that is optional, and without faults.
func fullSettings(t *testing.T) access.Settings {
	t.Helper()
	metadata, err := os.ReadFile("../../../examples/saml/metadata.xml")
	require.NoError(t, err)
	settings := access.Default()
	settings.OIDC.Paths, settings.OIDC.Issuer = []string{"/admin/*"}, "https://example.okta.com"
	settings.OIDC.ClientID, settings.OIDC.ClientSecret = "ha-web", pulumi.String("hunter2")
	settings.SAML.Metadata = string(metadata)
	settings.Scanner = access.Scanner{Principal: "arn:aws:iam::111122223333:role/scanner/eu", ExternalID: "0a1b-2c3d"}
	settings.Agents = []access.Agent{{
		Name: "falcon", Package: "FalconSensor-Linux", Version: "7.1", Arguments: map[string]string{"SSM_CS_CCID": "0A-1B"},
		Commands: []string{"echo $KEY"}, Secrets: map[string]string{"KEY": arn},
	}}
	settings.Playbooks = []access.Playbook{{
		Name: "moodle", Folder: "examples/moodle", Variables: map[string]string{"release": "5.0", "a": "b"},
		Schedule: "cron(0 3 * * ? *)", Files: map[string]string{"site.yml": "[]"},
	}}
	return settings
}

const arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:falcon-Ab12Cd"

// faultsOf returns what is wrong with full settings after a change, a line each, under keys of a stack file.
func faultsOf(t *testing.T, change func(*access.Settings)) string {
	t.Helper()
	settings := fullSettings(t)
	change(&settings)
	settings = settings.Resolved()
	return validatetest.Text(&settings, fields.ByTag, settings.Validate)
}

func TestEndpointsFollowFromTheIssuer(t *testing.T) {
	t.Parallel()
	for issuer, want := range map[string][3]string{
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
		"https://login.microsoftonline.com/0a1b":   {},
		"https://okta.com.evil.example":            {},
		"https://evilokta.com":                     {},
		"https://keycloak.example.edu/realms/all":  {},
		"https://example.okta.com/oauth2/default/": {},
	} {
		settings := access.Default()
		settings.OIDC.Issuer = issuer
		settings = settings.Resolved()
		got := settings.OIDC
		assert.Equal(t, want, [3]string{got.AuthorizationEndpoint, got.TokenEndpoint, got.UserInfoEndpoint}, issuer)
		assert.Equal(t, settings, settings.Resolved(), issuer)
	}
	settings := access.Default()
	settings.OIDC.Issuer, settings.OIDC.TokenEndpoint = "https://example.okta.com", "https://token.example.edu"
	settings = settings.Resolved()
	assert.Equal(t, "https://token.example.edu", settings.OIDC.TokenEndpoint, "an endpoint that is set stays")
	assert.Equal(t, "https://example.okta.com/oauth2/v1/userinfo", settings.OIDC.UserInfoEndpoint)
}

func TestPriorityOfARuleFollowsFromItsPath(t *testing.T) {
	t.Parallel()
	seen := map[int]string{}
	for _, path := range []string{"/admin/*", "/admin", "/", "/*", "/grade/*", "/login/*", "/report/*", "/user/*"} {
		priority := access.Priority(path)
		assert.Equal(t, priority, access.Priority(path))
		assert.GreaterOrEqual(t, priority, 1)
		assert.Less(t, priority, 50_000, "the last is the origin's")
		assert.Empty(t, seen[priority], path)
		seen[priority] = path
	}
	assert.Equal(t, "admin", access.Label("/admin/*"))
	assert.Equal(t, "all", access.Label("/*"))
}

func TestFaults(t *testing.T) {
	t.Parallel()
	const principal = "scanner.principal: must be the ARN of a role or an account, such as arn:aws:iam::123456789012:role/scanner, got "
	const external = "scanner.externalId: must be the external ID that the scanner states, 2 to 1224 letters, digits and +=,.@:/_-, got "
	for name, test := range map[string]struct {
		change func(*access.Settings)
		want   string
	}{
		"everything":  {func(*access.Settings) {}, ""},
		"nothing":     {func(s *access.Settings) { *s = access.Default() }, ""},
		"no defaults": {func(s *access.Settings) { *s = access.Settings{} }, ": must begin as Default(), which sets what is left out"},
		"an account":  {func(s *access.Settings) { s.Scanner.Principal = "arn:aws:iam::111122223333:root" }, ""},
		"another provider": {func(s *access.Settings) {
			s.OIDC.Issuer = "https://id.example.edu"
			s.OIDC.AuthorizationEndpoint, s.OIDC.TokenEndpoint, s.OIDC.UserInfoEndpoint = "https://a", "https://b", "https://c"
		}, ""},
		"no endpoints": {func(s *access.Settings) { s.OIDC.Issuer = "https://id.example.edu" },
			"oidc.authorizationEndpoint: is required with an issuer other than Okta and Entra ID\noidc.tokenEndpoint: is required with an issuer other than Okta and Entra ID\noidc.userInfoEndpoint: is required with an issuer other than Okta and Entra ID"},
		"in the clear":     {func(s *access.Settings) { s.OIDC.TokenEndpoint = "http://b" }, `oidc.tokenEndpoint: must begin with https://, got "http://b"`},
		"slash at the end": {func(s *access.Settings) { s.OIDC.Issuer += "/" }, "oidc.issuer: must begin with https://, exactly as in the metadata of the identity provider, got \"https://example.okta.com/\"\noidc.authorizationEndpoint: is required with an issuer other than Okta and Entra ID\noidc.tokenEndpoint: is required with an issuer other than Okta and Entra ID\noidc.userInfoEndpoint: is required with an issuer other than Okta and Entra ID"},
		"nobody":           {func(s *access.Settings) { s.OIDC.Paths = nil }, "oidc.paths: must have at least one path, such as /admin/*: without one nobody has to sign in"},
		"no slash":         {func(s *access.Settings) { s.OIDC.Paths = []string{"admin"} }, `oidc.paths[0]: must begin with / and have only letters, digits and _-.$/~@:+&*?, at most 128 characters, got "admin"`},
		"twice":            {func(s *access.Settings) { s.OIDC.Paths = []string{"/a", "/a"} }, "oidc.paths[1]: /a is listed twice"},
		"one name":         {func(s *access.Settings) { s.OIDC.Paths = []string{"/a/*", "/A/"} }, "oidc.paths[1]: /a/* and /A/ get the same rule name or priority: use one pattern for both"},
		"no client":        {func(s *access.Settings) { s.OIDC.ClientID = "" }, "oidc.clientId: is required: the identity provider shows it"},
		"no secret":        {func(s *access.Settings) { s.OIDC.ClientSecret = nil }, "oidc.clientSecret: set either this or oidc.clientSecretArn"},
		"two secrets":      {func(s *access.Settings) { s.OIDC.ClientSecretARN = arn }, "oidc.clientSecret: set either this or oidc.clientSecretArn"},
		"no openid":        {func(s *access.Settings) { s.OIDC.Scope = "email" }, `oidc.scope: must contain openid, got "email"`},
		"for ever":         {func(s *access.Settings) { s.OIDC.SessionHours, s.SAML.SessionHours = 169, 13 }, "oidc.sessionHours: must be between 1 and 168, got 169\nsaml.sessionHours: must be between 1 and 12, got 13"},
		"no XML":           {func(s *access.Settings) { s.SAML.Metadata = "x" }, "saml.metadataFile: must be an XML document: EOF"},
		"no certificate": {func(s *access.Settings) {
			s.SAML.Metadata = strings.ReplaceAll(s.SAML.Metadata, "KeyDescriptor", "Key")
		}, "saml.metadataFile: must be the SAML metadata of an identity provider: download it there, from a SAML application"},
		"of a service": {func(s *access.Settings) { s.SAML.Metadata = strings.ReplaceAll(s.SAML.Metadata, "IDPSSO", "SPSSO") }, "saml.metadataFile: must be the SAML metadata of an identity provider: download it there, from a SAML application"},
		"short": {func(s *access.Settings) {
			s.SAML.Metadata = `<EntityDescriptor entityID="x"><IDPSSODescriptor><KeyDescriptor/></IDPSSODescriptor></EntityDescriptor>`
		}, "saml.metadataFile: must have 1000 to 10000000 bytes, which IAM requires, got 103"},
		"everyone":           {func(s *access.Settings) { s.Scanner.Principal = "*" }, principal + `"*"`},
		"no external id":     {func(s *access.Settings) { s.Scanner.ExternalID = "" }, external + `""`},
		"external id alone":  {func(s *access.Settings) { s.Scanner.Principal = "" }, principal + `""`},
		"wild external id":   {func(s *access.Settings) { s.Scanner.ExternalID = "a*" }, external + `"a*"`},
		"a long external id": {func(s *access.Settings) { s.Scanner.ExternalID = strings.Repeat("a", 1225) }, external + `"` + strings.Repeat("a", 1225) + `"`},
	} {
		assert.Equal(t, test.want, faultsOf(t, test.change), name)
	}
}
