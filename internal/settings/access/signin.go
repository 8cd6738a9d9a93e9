package access

import (
	"cmp"
	"hash/fnv"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"ha-web/internal/validate"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// SignIn describes sign-in at the load balancer by OpenID Connect.
type SignIn struct {
	// Path patterns that require sign-in, such as `[/admin/*]`, at most 20. Left out: no path requires it.
	Paths []string `pulumi:"paths,optional"`
	// Issuer of the identity provider, exactly as in its OpenID Connect metadata, such as `https://example.okta.com` or
	// `https://login.microsoftonline.com/<tenant>/v2.0`.
	Issuer string `pulumi:"issuer,optional"`
	// URL of the identity provider's authorization endpoint, to which the load balancer redirects people. Left out: that of
	// Okta or Entra ID, by access.oidc.issuer. Required with another issuer.
	AuthorizationEndpoint string `pulumi:"authorizationEndpoint,optional"`
	// URL of the identity provider's token endpoint, which the load balancer must reach over the internet. Left out: that of
	// Okta or Entra ID, by access.oidc.issuer. Required with another issuer.
	TokenEndpoint string `pulumi:"tokenEndpoint,optional"`
	// URL of the identity provider's user info endpoint, which the load balancer must reach over the internet. Left out: that
	// of Okta or Entra ID, by access.oidc.issuer. Required with another issuer.
	UserInfoEndpoint string `pulumi:"userInfoEndpoint,optional"`
	// OAuth client ID of the load balancer at the identity provider.
	ClientID string `pulumi:"clientId,optional"`
	// OAuth client secret of the load balancer, encrypted in the stack file:
	// `pulumi config set --secret --path 'access.oidc.clientSecret'`. Set either this or access.oidc.clientSecretArn.
	ClientSecret pulumi.StringInput `pulumi:"clientSecret,optional"`
	// ARN of a secret in Secrets Manager whose value is the OAuth client secret. Each update reads it, and the state contains
	// it, encrypted.
	ClientSecretARN string `pulumi:"clientSecretArn,optional"`
	// OAuth scopes to request, separated by spaces. `openid` must be one of them.
	Scope string `pulumi:"scope,optional"`
	// Hours after which people must sign in again, 1 to 168.
	SessionHours int `pulumi:"sessionHours,optional"`
}

// CallbackPath is where an identity provider sends people back to, at the load balancer (Elastic Load Balancing user guide,
// "Authenticate users").
const CallbackPath = "/oauth2/idpresponse"

// On reports whether people sign in at the load balancer.
func (s *SignIn) On() bool { return len(s.Paths) > 0 }

// resolved returns the settings with the endpoints of Okta and Entra ID, where they are left out.
func (s SignIn) resolved() SignIn {
	authorization, token, userInfo := endpointsOf(s.Issuer)
	s.AuthorizationEndpoint = cmp.Or(s.AuthorizationEndpoint, authorization)
	s.TokenEndpoint = cmp.Or(s.TokenEndpoint, token)
	s.UserInfoEndpoint = cmp.Or(s.UserInfoEndpoint, userInfo)
	return s
}

// endpointsOf returns the endpoints of issuers that are known by their host (Okta developer documentation, "OpenID Connect &
// OAuth 2.0 API"; Microsoft identity platform, "OpenID Connect").
func endpointsOf(issuer string) (authorization, token, userInfo string) {
	address, err := url.Parse(issuer)
	if err != nil || strings.HasSuffix(issuer, "/") {
		return "", "", ""
	}
	tenant, isTenant := strings.CutSuffix(issuer, "/v2.0")
	switch host := address.Hostname(); {
	case host == "login.microsoftonline.com" && isTenant:
		return tenant + "/oauth2/v2.0/authorize", tenant + "/oauth2/v2.0/token", "https://graph.microsoft.com/oidc/userinfo"
	case isOkta(host) && address.Path == "": // the authorization server of the organization
		return oktaEndpoints(issuer + "/oauth2")
	case isOkta(host) && strings.HasPrefix(address.Path, "/oauth2/"): // a custom authorization server
		return oktaEndpoints(issuer)
	}
	return "", "", ""
}

func isOkta(host string) bool {
	for _, domain := range []string{".okta.com", ".okta-emea.com", ".okta-gov.com", ".oktapreview.com"} {
		if strings.HasSuffix(host, domain) {
			return true
		}
	}
	return false
}

func oktaEndpoints(server string) (authorization, token, userInfo string) {
	return server + "/v1/authorize", server + "/v1/token", server + "/v1/userinfo"
}

// lastPriority is the highest priority of a listener rule but one, which the default rule of the web tier has.
const lastPriority = 49_999

// Priority returns the priority of the listener rule of a path. It depends on the path alone: with the position in a list, one
// more path would move the others, and AWS refuses two rules of one priority, even for a moment.
func Priority(path string) int {
	sum := fnv.New32a()
	sum.Write([]byte(path))
	return 1 + int(sum.Sum32()%lastPriority)
}

// Label returns the name of the listener rule of a path: lowercase letters, digits and single hyphens.
func Label(path string) string {
	return cmp.Or(validate.ToLabel(path), "all")
}

// maxPaths leaves room in a listener, which has a quota of 100 rules.
const maxPaths = 20

// pathPattern is what a load balancer accepts, except quotes (Elastic Load Balancing user guide, "Path conditions").
var pathPattern = regexp.MustCompile(`^/[A-Za-z0-9_.$/~@:+&*?-]{0,127}$`)

func (s *SignIn) validate(f validate.Fields) {
	if !s.On() {
		if s.Issuer != "" || s.ClientID != "" || s.ClientSecret != nil || s.ClientSecretARN != "" {
			f.Add(&s.Paths, "must have at least one path, such as /admin/*: without one nobody has to sign in")
		}
		return
	}
	s.validatePaths(f)
	s.validateEndpoints(f)
	if s.ClientID == "" {
		f.Add(&s.ClientID, "is required: the identity provider shows it")
	}
	if (s.ClientSecret != nil) == (s.ClientSecretARN != "") {
		f.Add(&s.ClientSecret, "set either this or %s", f.Name(&s.ClientSecretARN))
	}
	if !slices.Contains(strings.Fields(s.Scope), "openid") {
		f.Add(&s.Scope, "must contain openid, got %q", s.Scope)
	}
	f.Between(&s.SessionHours, 1, 7*24) // AuthenticateOidcActionConfig, SessionTimeout: at most 604800 seconds
}

func (s *SignIn) validateEndpoints(f validate.Fields) {
	endpoints := []*string{&s.AuthorizationEndpoint, &s.TokenEndpoint, &s.UserInfoEndpoint}
	none := !slices.ContainsFunc(endpoints, func(endpoint *string) bool { return *endpoint != "" })
	if !strings.HasPrefix(s.Issuer, "https://") || strings.HasSuffix(s.Issuer, "/") && none {
		f.Add(&s.Issuer, "must begin with https://, exactly as in the metadata of the identity provider, got %q", s.Issuer)
	}
	for _, endpoint := range endpoints {
		switch {
		case *endpoint == "":
			f.Add(endpoint, "is required with an issuer other than Okta and Entra ID")
		case !strings.HasPrefix(*endpoint, "https://"):
			f.Add(endpoint, "must begin with https://, got %q", *endpoint)
		}
	}
}

func (s *SignIn) validatePaths(f validate.Fields) {
	if len(s.Paths) > maxPaths {
		f.Add(&s.Paths, "must have at most %d paths, got %d: use wildcards", maxPaths, len(s.Paths))
	}
	for i, path := range s.Paths {
		if !pathPattern.MatchString(path) {
			f.Add(&s.Paths[i], "must begin with / and have only letters, digits and _-.$/~@:+&*?, at most 128 characters, got %q", path)
		}
		before := append([]string{CallbackPath}, s.Paths[:i]...) // which has a rule too
		switch at := slices.IndexFunc(before, func(earlier string) bool {
			return Priority(earlier) == Priority(path) || Label(earlier) == Label(path)
		}); {
		case at < 0:
		case at > 0 && before[at] == path:
			f.Add(&s.Paths[i], "%s is listed twice", path)
		default:
			f.Add(&s.Paths[i], "%s and %s get the same rule name or priority: use one pattern for both", before[at], path)
		}
	}
}
