package settings

import (
	"cmp"
	"strings"

	"ha-web/internal/pipeline"
	"ha-web/internal/validate"
)

// Delivery describes how changes reach the stack.
type Delivery struct {
	// Repository of the application's container images.
	Repository pipeline.Repository `pulumi:"repository,optional"`
	// Repository on GitHub whose workflows preview and deploy, without keys. Left out, and without oidc: nobody's do.
	GitHub pipeline.GitHub `pulumi:"github,optional"`
	// Another CI system in its place.
	OIDC pipeline.OIDC `pulumi:"oidc,optional"`
	// Whether the account has an identity provider of the issuer already, such as that of another stack. There is one only
	// for each account.
	ExistingProvider bool `pulumi:"existingProvider,optional"`
	// Where Pulumi keeps the state of the stack.
	State pipeline.State `pulumi:"state,optional"`
	// Prefixes of IAM actions, such as `ses`, that roles of the stack may use beside those that it is made of. The rest is
	// refused to them, whatever their policies say.
	Services []string `pulumi:"services,optional"`
	// Whether Pulumi refuses to delete the repository of images.
	DeletionProtection bool `pulumi:"deletionProtection,optional"`
}

func defaultDelivery() Delivery {
	return Delivery{
		Repository: pipeline.Repository{
			Enabled: true, KeepImages: pipeline.DefaultKeepImages, UntaggedDays: pipeline.DefaultUntaggedDays,
		},
		GitHub: pipeline.GitHub{Branch: pipeline.DefaultBranch},
		OIDC:   pipeline.OIDC{Issuer: pipeline.GitHubIssuer, Audience: pipeline.DefaultAudience}, DeletionProtection: true,
	}
}

// RegistryRegion returns where the repository of images is, or nothing where there is none.
func (s *Settings) RegistryRegion() string {
	if !s.Delivery.Repository.Enabled {
		return ""
	}
	return s.Region
}

// Roles reports whether jobs of a CI system take on roles.
func (d Delivery) Roles() bool { return d.spec().Roles() }

// notes returns what a person should know about who deploys.
func (d Delivery) notes() []string {
	if !d.GitHub.On() || d.GitHub.OwnerID != "" {
		return nil
	}
	return []string{"delivery.github has no ownerId and repoId: if the repository was made, renamed or moved since 15 July 2026, " +
		"its workflows cannot take on the roles"}
}

// spec is what there are rules about. The environment is that of any stack, where none is given: what it is called is not
// known here.
func (d Delivery) spec() pipeline.Spec {
	github := d.GitHub
	github.Environment = cmp.Or(github.Environment, "stack")
	return pipeline.Spec{GitHub: github, OIDC: d.OIDC, Repository: d.Repository, State: d.State, Services: d.Services}
}

func (d Delivery) validate(faults *validate.Faults) {
	d.spec().Validate(faults, func(field string) string {
		return keysUnder("delivery")(strings.Replace(field, "GitHub", "Github", 1)) // which is one word to settings
	})
}
