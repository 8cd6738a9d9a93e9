package access

import (
	"cmp"
	"fmt"

	"ha-web/internal/component"
	"ha-web/internal/staff"
	"ha-web/internal/upkeep"
	"ha-web/internal/validate"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// What access is asked to be. What is left out has the default of packages staff and upkeep.
type (
	Endpoints = staff.Endpoints
	SAML      = staff.SAML
	Scanner   = staff.Scanner
	Agent     = upkeep.Agent
	Playbook  = upkeep.Playbook
)

// Args describes an Access. Without any of them there is nothing.
type Args struct {
	// OIDC has people sign in at the load balancer.
	OIDC OIDC
	// SAML brings staff to the console.
	SAML SAML
	// Scanner looks for mistakes in the account.
	Scanner Scanner
	// Agents and Playbooks are for the instances.
	Agents    []Agent
	Playbooks []Playbook

	// Web is the web tier. Required with OIDC, Agents or Playbooks.
	Web Web
	// KeyARN is the KMS key of secrets that agents read. Default nil: a key of AWS.
	KeyARN pulumi.StringInput
	// NoticeTopicARN is a topic of SNS that hears of agents and playbooks that fail. Default nil: nobody does.
	NoticeTopicARN pulumi.StringInput
	// Unprotected lets Pulumi delete the bucket of playbooks.
	Unprotected bool
	// Shared is what the components of a stack have in common.
	Shared component.Shared
}

// OIDC describes sign-in at the load balancer by OpenID Connect, as with Okta or Entra ID.
type OIDC struct {
	// Paths are the patterns of paths, such as /admin/*, that nobody reaches without it. Default none.
	Paths []string
	// Issuer is the identity provider, as its metadata names it. Required with paths.
	Issuer string
	// Endpoints of the identity provider. Default: those of Okta or Entra ID, by the issuer.
	Endpoints Endpoints
	// ClientID is what the identity provider calls the load balancer. Required with paths.
	ClientID string
	// ClientSecret is a secret, and ClientSecretARN a secret of Secrets Manager that has it. One of them is required.
	ClientSecret    pulumi.StringInput
	ClientSecretARN string
	// Scope is what the identity provider tells of people. Default openid email profile.
	Scope string
	// SessionHours is how long people stay signed in. Default 8.
	SessionHours int
}

// Web describes the load balancer and its instances.
type Web struct {
	// ListenerARN is a listener that speaks HTTPS, and TargetGroupARN where it leads. Required with OIDC.
	ListenerARN, TargetGroupARN pulumi.StringInput
	// OriginHeaderName and OriginHeaderValues are what a request must bring, where only CloudFront is to come in.
	OriginHeaderName   string
	OriginHeaderValues pulumi.StringArray
	// AutoScalingGroupName is the fleet, and RoleName the role of its instances. Required with Agents or Playbooks.
	AutoScalingGroupName, RoleName pulumi.StringInput
}

// withDefaults returns a copy of the arguments in which everything left out has its default.
func (a Args) withDefaults() Args {
	a.OIDC.Scope = cmp.Or(a.OIDC.Scope, staff.DefaultScope)
	a.OIDC.SessionHours = cmp.Or(a.OIDC.SessionHours, staff.DefaultSessionHours)
	a.SAML.SessionHours = cmp.Or(a.SAML.SessionHours, staff.DefaultSessionHours)
	kept := upkeep.Spec{Agents: a.Agents, Playbooks: a.Playbooks}.WithDefaults()
	a.Agents, a.Playbooks = kept.Agents, kept.Playbooks
	return a
}

// signIn is what there are rules about.
func (o OIDC) signIn() staff.SignIn {
	return staff.SignIn{
		Paths: o.Paths, Issuer: o.Issuer, Endpoints: o.Endpoints, ClientID: o.ClientID,
		ClientSecret: o.ClientSecret != nil, SecretARN: o.ClientSecretARN != "", Scope: o.Scope, SessionHours: o.SessionHours,
	}
}

// nameLimit is the longest beginning of names of roles.
const nameLimit = 64 - len("-read-only")

// validate returns every fault of the arguments, and what names in AWS begin with.
func (a Args) validate(name, stack string) (prefix string, _ error) {
	var faults validate.Faults
	prefix, err := component.PhysicalName(name, stack, "", nameLimit)
	faults.Check("name", err)
	field := func(field string) string { return field }
	staff.Spec{OIDC: a.OIDC.signIn(), SAML: a.SAML, Scanner: a.Scanner}.Validate(&faults, field)
	upkeep.Spec{Agents: a.Agents, Playbooks: a.Playbooks}.Validate(&faults, field)
	for i, each := range a.Playbooks {
		if len(each.Files) == 0 {
			faults.Add(fmt.Sprintf("Playbooks[%d].Files", i), "is required")
		}
	}
	if len(a.OIDC.Paths) > 0 {
		faults.Required("Web.ListenerARN", a.Web.ListenerARN)
		faults.Required("Web.TargetGroupARN", a.Web.TargetGroupARN)
	}
	if a.looksAfterInstances() {
		faults.Required("Web.AutoScalingGroupName", a.Web.AutoScalingGroupName)
		faults.Required("Web.RoleName", a.Web.RoleName)
	}
	return prefix, faults.Err()
}

func (a Args) looksAfterInstances() bool { return len(a.Agents)+len(a.Playbooks) > 0 }

// inputs are the arguments as Pulumi keeps them in the state of the component, but for secrets.
func (a Args) inputs() pulumi.Map {
	var agents, playbooks []string
	for _, each := range a.Agents {
		agents = append(agents, each.Name)
	}
	for _, each := range a.Playbooks {
		playbooks = append(playbooks, each.Name)
	}
	return pulumi.Map{
		"oidcPaths":        pulumi.ToStringArray(a.OIDC.Paths),
		"issuer":           pulumi.String(a.OIDC.Issuer),
		"saml":             pulumi.Bool(a.SAML.Metadata != ""),
		"scannerPrincipal": pulumi.String(a.Scanner.Principal),
		"agents":           pulumi.ToStringArray(agents),
		"playbooks":        pulumi.ToStringArray(playbooks),
	}
}
