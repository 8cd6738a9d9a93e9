// Package access holds the settings of access for users, operators, scanners and agents, and what AWS requires of them. A stack
// file has them under access.
package access

import (
	"cmp"
	"slices"

	"ha-web/internal/validate"
)

// Settings describe access for users and operators. The comments of the fields are the text of docs/settings.md.
type Settings struct {
	// Sign-in at the load balancer with Okta, Entra ID or another OpenID Connect identity provider.
	OIDC SignIn `pulumi:"oidc,optional"`
	// IAM roles for the AWS console by SAML: one that reads, and one that operates the stack.
	SAML SAML `pulumi:"saml,optional"`
	// IAM role for a scanner of the account's security posture, such as Wiz or Prowler.
	Scanner Scanner `pulumi:"scanner,optional"`
	// Agents that SSM State Manager installs on the instances, such as a CrowdStrike sensor.
	Agents []Agent `pulumi:"agents,optional"`
	// Ansible playbooks that SSM State Manager runs on the instances.
	Playbooks []Playbook `pulumi:"playbooks,optional"`
	// Whether Pulumi refuses to delete the bucket of playbooks. With false, deleting the bucket deletes its files too.
	DeletionProtection bool `pulumi:"deletionProtection,optional"`

	begun bool
}

// SAML describes how staff signs in to the AWS console with the identity provider of their organization.
type SAML struct {
	// XML file below the folder of the project with the SAML metadata of the identity provider, such as `idp/okta.xml`. The
	// certificate in it expires, of which AWS does not warn: replace the file before that. Left out: there are no console
	// roles.
	MetadataFile string `pulumi:"metadataFile,optional"`
	// Longest session in the AWS console, in hours, 1 to 12. The identity provider may request a shorter one.
	SessionHours int `pulumi:"sessionHours,optional"`

	// Metadata is the content of MetadataFile.
	Metadata string
}

// Scanner describes who scans the account for misconfigurations.
type Scanner struct {
	// ARN of the role or account of the scanner that assumes the role created here, as the scanner states it. Left out: there
	// is no role for a scanner.
	Principal string `pulumi:"principal,optional"`
	// External ID that the scanner sends when it assumes the role, as the scanner states it. Required with
	// access.scanner.principal: without it, other customers of the scanner could have it scan this account.
	ExternalID string `pulumi:"externalId,optional"`
}

// DefaultSessionHours is a working day.
const DefaultSessionHours = 8

// Default returns the settings of a stack file that sets none: no access for anyone.
func Default() Settings {
	return Settings{
		// Entra ID requires these scopes to name a person (Microsoft identity platform, "Scopes and permissions").
		OIDC:               SignIn{Scope: "openid email profile", SessionHours: DefaultSessionHours},
		SAML:               SAML{SessionHours: DefaultSessionHours},
		DeletionProtection: true,
		begun:              true,
	}
}

// Resolved returns the settings with the defaults that depend on others: the endpoints of Okta and Entra ID, and what agents
// and playbooks leave out.
func (s Settings) Resolved() Settings {
	s.OIDC = s.OIDC.resolved()
	s.Agents, s.Playbooks = slices.Clone(s.Agents), slices.Clone(s.Playbooks)
	for i := range s.Agents {
		agent := &s.Agents[i]
		agent.Schedule = cmp.Or(agent.Schedule, DefaultSchedule)
	}
	for i := range s.Playbooks {
		playbook := &s.Playbooks[i]
		playbook.Playbook = cmp.Or(playbook.Playbook, DefaultPlaybook)
		playbook.Schedule = cmp.Or(playbook.Schedule, DefaultSchedule)
	}
	return s
}

// ManagesInstances reports whether there are agents or playbooks for the instances.
func (s *Settings) ManagesInstances() bool { return len(s.Agents)+len(s.Playbooks) > 0 }

// On reports whether there is access for anyone.
func (s *Settings) On() bool {
	return s.OIDC.On() || s.SAML.Metadata != "" || s.Scanner.On() || s.ManagesInstances()
}

// On reports whether there is a scanner.
func (s *Scanner) On() bool { return *s != Scanner{} }

// Validate records every fault of the settings.
func (s *Settings) Validate(f validate.Fields) {
	if !f.Begun(s, s.begun) {
		return
	}
	s.OIDC.validate(f)
	s.SAML.validate(f)
	s.Scanner.validate(f)
	for i := range s.Agents {
		s.Agents[i].validate(f, s.Agents[:i])
	}
	for i := range s.Playbooks {
		s.Playbooks[i].validate(f, s.Playbooks[:i])
	}
}
