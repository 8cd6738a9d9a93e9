package settings

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"ha-web/internal/staff"
	"ha-web/internal/upkeep"
	"ha-web/internal/validate"
)

// Access describes ways in for people, and for those who look after the stack. All of it is off until it is asked for.
type Access struct {
	// Sign-in at the load balancer, with Okta, Entra ID or another identity provider that speaks OpenID Connect.
	OIDC SignIn `pulumi:"oidc,optional"`
	// Roles for the console of AWS, by SAML: one that looks, and one that operates the stack.
	SAML staff.SAML `pulumi:"saml,optional"`
	// Role for a scanner of the account's posture, such as Wiz.
	Scanner staff.Scanner `pulumi:"scanner,optional"`
	// Agents on the instances, by SSM State Manager.
	Agents []upkeep.Agent `pulumi:"agents,optional"`
	// Playbooks of Ansible for the instances, likewise.
	Playbooks []upkeep.Playbook `pulumi:"playbooks,optional"`
	// Whether Pulumi refuses to delete the bucket of playbooks.
	DeletionProtection bool `pulumi:"deletionProtection,optional"`
}

// SignIn describes sign-in at the load balancer.
type SignIn struct {
	// Paths that nobody reaches without it, such as `[/admin/*]`. Left out: there is no sign-in.
	Paths []string `pulumi:"paths,optional"`
	// Identity provider, as its metadata names it: `https://example.okta.com`,
	// `https://login.microsoftonline.com/<tenant>/v2.0`.
	Issuer string `pulumi:"issuer,optional"`
	// Where it asks people who they are. Left out, as the next two: what follows from an issuer of Okta or Entra ID.
	AuthorizationEndpoint string `pulumi:"authorizationEndpoint,optional"`
	// Where it hands out tokens. The load balancer has to reach it over the internet.
	TokenEndpoint string `pulumi:"tokenEndpoint,optional"`
	// Where it tells who someone is, likewise.
	UserInfoEndpoint string `pulumi:"userInfoEndpoint,optional"`
	// What it calls the load balancer.
	ClientID string `pulumi:"clientId,optional"`
	// What the load balancer shows it, set with `pulumi config set --secret --path 'ha-web:access.oidc.clientSecret'`.
	ClientSecret SecretText `pulumi:"clientSecret,optional"`
	// Secret in Secrets Manager that has it, by ARN, in its place.
	ClientSecretARN string `pulumi:"clientSecretArn,optional"`
	// What it is asked to tell.
	Scope string `pulumi:"scope,optional"`
	// How long people stay signed in, in hours, 1 to 168.
	SessionHours int `pulumi:"sessionHours,optional"`
}

func defaultAccess() Access {
	return Access{
		OIDC: SignIn{Scope: staff.DefaultScope, SessionHours: staff.DefaultSessionHours},
		SAML: staff.SAML{SessionHours: staff.DefaultSessionHours}, DeletionProtection: true,
	}
}

// On reports whether people sign in at the load balancer.
func (s SignIn) On() bool { return len(s.Paths) > 0 }

// Endpoints returns those that are given.
func (s SignIn) Endpoints() staff.Endpoints {
	return staff.Endpoints{Authorization: s.AuthorizationEndpoint, Token: s.TokenEndpoint, UserInfo: s.UserInfoEndpoint}
}

// load reads the files that the settings name, and gives items of lists what they leave out.
func (a *Access) load(faults *validate.Faults) {
	if file := a.SAML.MetadataFile; file != "" {
		content, err := readText(file, ".xml")
		faults.Check("access.saml.metadataFile", err)
		a.SAML.Metadata = content
	}
	kept := upkeep.Spec{Agents: a.Agents, Playbooks: a.Playbooks}.WithDefaults()
	a.Agents, a.Playbooks = kept.Agents, kept.Playbooks
	for i, each := range a.Playbooks {
		files, err := readFolder(each.Folder)
		faults.Check(fmt.Sprintf("access.playbooks[%d].folder", i), err)
		a.Playbooks[i].Files = files
	}
}

// readText returns a text file below the folder of the project.
func readText(file, extension string) (string, error) {
	if !filepath.IsLocal(file) || filepath.Ext(file) != extension {
		return "", fmt.Errorf("must be an %s file below the folder of the project, got %q", extension, file)
	}
	content, err := os.ReadFile(file)
	if err == nil && len(content) == 0 {
		err = fmt.Errorf("%s is empty", file)
	}
	return string(content), err
}

// readFolder returns the files of a folder below that of the project, by path. What begins with a dot stays behind.
func readFolder(folder string) (map[string]string, error) {
	if folder == "." || !filepath.IsLocal(folder) {
		return nil, fmt.Errorf("must be a folder below that of the project, got %q", folder)
	}
	files := map[string]string{}
	root := os.DirFS(folder)
	err := fs.WalkDir(root, ".", func(name string, entry fs.DirEntry, err error) error {
		hidden := name != "." && strings.HasPrefix(path.Base(name), ".")
		switch {
		case err != nil:
			return err
		case hidden && entry.IsDir():
			return fs.SkipDir
		case hidden || entry.IsDir():
			return nil
		}
		content, err := fs.ReadFile(root, name)
		if err == nil && !utf8.Valid(content) {
			err = fmt.Errorf("%s is no text: instances get it elsewhere", path.Join(folder, name))
		}
		files[name] = string(content)
		return err
	})
	if err == nil && len(files) == 0 {
		err = errors.New("there is nothing in " + folder)
	}
	return files, err
}

func (s *Settings) validateAccess(faults *validate.Faults) {
	a := s.Access
	staff.Spec{
		OIDC: staff.SignIn{
			Paths: a.OIDC.Paths, Issuer: a.OIDC.Issuer, Endpoints: a.OIDC.Endpoints(), ClientID: a.OIDC.ClientID,
			ClientSecret: a.OIDC.ClientSecret != "", SecretARN: a.OIDC.ClientSecretARN != "",
			Scope: a.OIDC.Scope, SessionHours: a.OIDC.SessionHours,
		},
		SAML: a.SAML, Scanner: a.Scanner,
	}.Validate(faults, keysUnder("access"))
	upkeep.Spec{Agents: a.Agents, Playbooks: a.Playbooks}.Validate(faults, keysUnder("access"))
	if a.OIDC.On() && !s.Domain.TLS() {
		faults.Add("access.oidc.paths", "needs domain.name: load balancers sign people in over HTTPS only")
	}
}

// accessNotes returns what a person should know about the ways in.
func (s *Settings) accessNotes() []string {
	var notes []string
	if s.Access.OIDC.On() {
		notes = append(notes, fmt.Sprintf("sign-in: the identity provider has to send people back to https://%s%s",
			s.siteName(), staff.CallbackPath))
	}
	if !s.CDN.Enabled {
		return notes
	}
	for _, signIn := range s.Access.OIDC.Paths {
		for _, static := range s.CDN.StaticPaths {
			if literal(signIn, static) || literal(static, signIn) {
				notes = append(notes, fmt.Sprintf("sign-in: files of cdn.staticPaths %s come from the bucket, and without the sign-in of %s",
					static, signIn))
			}
		}
	}
	return notes
}

// literal reports whether a pattern of paths begins as another does, up to where that one is open.
func literal(open, other string) bool {
	before, _, _ := strings.Cut(strings.ReplaceAll(open, "?", "*"), "*")
	return strings.HasPrefix(other, before)
}
