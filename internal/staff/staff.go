// Package staff knows what can be asked of the ways in for people, and for those who look after them: sign-in at the load
// balancer, roles for the console of AWS, and a role for a scanner of the account's posture. Settings and the Access component
// share its types, its defaults and its rules; it knows neither.
//
// The comments of fields with a setting tag are the text of docs/settings.md.
package staff

import (
	"cmp"
	"hash/fnv"
	"net/url"
	"strings"
)

// SAML is how staff comes to the console of AWS, with the organization's own identity provider.
type SAML struct {
	// File with the metadata of the identity provider, such as `idp/okta.xml`, in the folder of the project. Left out: no
	// console roles. Its certificate ends some day, of which AWS does not warn: bring a new file before it does.
	MetadataFile string `pulumi:"metadataFile,optional"`
	// How long a session lasts at most, in hours, 1 to 12. The identity provider may ask for less.
	SessionHours int `pulumi:"sessionHours,optional"`

	// Metadata is the content of MetadataFile.
	Metadata string
}

// Scanner is who looks for mistakes in the account, such as Wiz or Prowler.
type Scanner struct {
	// Role of the scanner that takes on the one made here, by ARN, as the scanner says. Left out: no scanner.
	Principal string `pulumi:"principal,optional"`
	// External id that the scanner sends with it: nobody can have it scan for them by the ARN alone.
	ExternalID string `pulumi:"externalId,optional"`
}

// Endpoints are where an identity provider does what.
type Endpoints struct{ Authorization, Token, UserInfo string }

// SignIn is what sign-in at the load balancer is asked to be, and whether each part of the credentials is there.
type SignIn struct {
	Paths                   []string
	Issuer                  string
	Endpoints               Endpoints
	ClientID                string
	ClientSecret, SecretARN bool
	Scope                   string
	SessionHours            int
}

// What holds where nothing else is asked for.
const (
	// DefaultScope is who someone is. Entra ID wants all three (field note ID-2).
	DefaultScope = "openid email profile"
	// DefaultSessionHours is a day at work.
	DefaultSessionHours = 8
)

// CallbackPath is where an identity provider sends people back to, at the load balancer (Elastic Load Balancing user guide,
// "Authenticate users").
const CallbackPath = "/oauth2/idpresponse"

// Spec is what access is asked to be, as far as someone has rules about it.
type Spec struct {
	OIDC    SignIn
	SAML    SAML
	Scanner Scanner
}

// On reports whether people sign in at the load balancer.
func (s SignIn) On() bool { return len(s.Paths) > 0 }

// Resolved returns the endpoints: those that are given and, of Okta and Entra ID, those that follow from the issuer.
func (s SignIn) Resolved() Endpoints {
	known := endpointsOf(s.Issuer)
	return Endpoints{
		Authorization: cmp.Or(s.Endpoints.Authorization, known.Authorization),
		Token:         cmp.Or(s.Endpoints.Token, known.Token),
		UserInfo:      cmp.Or(s.Endpoints.UserInfo, known.UserInfo),
	}
}

// endpointsOf returns the endpoints of issuers that are known by their host (Okta developer documentation, "OpenID Connect &
// OAuth 2.0 API"; Microsoft identity platform, "OpenID Connect"; field note ID-2).
func endpointsOf(issuer string) Endpoints {
	address, err := url.Parse(issuer)
	if err != nil {
		return Endpoints{}
	}
	tenant, isTenant := strings.CutSuffix(issuer, "/v2.0")
	switch host := address.Hostname(); {
	case host == "login.microsoftonline.com" && isTenant:
		return Endpoints{tenant + "/oauth2/v2.0/authorize", tenant + "/oauth2/v2.0/token", "https://graph.microsoft.com/oidc/userinfo"}
	case isOkta(host) && address.Path == "": // the server that every organization has
		return oktaEndpoints(issuer + "/oauth2")
	case isOkta(host) && strings.HasPrefix(address.Path, "/oauth2/"): // one of its own
		return oktaEndpoints(issuer)
	}
	return Endpoints{}
}

func isOkta(host string) bool {
	for _, domain := range []string{".okta.com", ".okta-emea.com", ".okta-gov.com", ".oktapreview.com"} {
		if strings.HasSuffix(host, domain) {
			return true
		}
	}
	return false
}

func oktaEndpoints(server string) Endpoints {
	return Endpoints{server + "/v1/authorize", server + "/v1/token", server + "/v1/userinfo"}
}

// lastPriority is the highest number of a rule of a listener but one, which is for what comes last.
const lastPriority = 49_999

// Priority returns the place of a path's rule among those of a listener. It follows from the path alone: with places in a list,
// one path more would move the others, and AWS refuses two rules in one place, even while they move.
func Priority(path string) int {
	sum := fnv.New32a()
	sum.Write([]byte(path))
	return 1 + int(sum.Sum32()%lastPriority)
}
