package delivery

import (
	"cmp"

	"ha-web/internal/component"
	"ha-web/internal/pipeline"
	"ha-web/internal/validate"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// What delivery is asked to be. What is left out has the default of package pipeline.
type (
	GitHub = pipeline.GitHub
	OIDC   = pipeline.OIDC
	State  = pipeline.State
)

// Args describes a Delivery.
type Args struct {
	// Repository is that of container images.
	Repository Repository

	// GitHub is the repository whose workflows take on the roles. Default none: no roles, unless OIDC names subjects.
	GitHub GitHub
	// OIDC is another CI system, or other jobs of GitHub's. Default: GitHub's, with the jobs that GitHub says.
	OIDC OIDC
	// ExistingProvider says that the account has an identity provider of the issuer already: there can be one only (field
	// note CI-3).
	ExistingProvider bool
	// BoundaryARN is that of a Boundary of the same name. Required with roles.
	BoundaryARN pulumi.StringInput
	// State is where Pulumi keeps the state of the stack. Default: not in AWS.
	State State
	// HeldSecretARNs are secrets whose values Pulumi has in its state, and reads back, and HeldBucketARNs buckets with files that
	// it does so with: previews may, too. Default none.
	HeldSecretARNs, HeldBucketARNs []pulumi.StringInput
	// KeyARN is the KMS key of the secrets, and of the images. Default nil: a key of AWS.
	KeyARN pulumi.StringInput
	// ParameterPrefix is the path of SSM parameters that previews may read, such as /ha-web/prod. Default nil: none.
	ParameterPrefix pulumi.StringInput

	// Shared is what the components of a stack have in common.
	Shared component.Shared
}

// Repository describes a repository of container images.
type Repository struct {
	// Disabled leaves it out.
	Disabled bool
	// KeepImages is how many are kept. Default 100.
	KeepImages int
	// UntaggedDays is after how many days an image goes that no tag points to. Default 7.
	UntaggedDays int
	// Provider is one of the stack's region. Without it the plugin of awsx takes an older one of its own (field note VPC-6).
	Provider pulumi.ProviderResource
	// Unprotected lets Pulumi delete the repository with all that is in it.
	Unprotected bool
}

// withDefaults returns a copy of the arguments in which everything left out has its default.
func (a Args) withDefaults(stack string) Args {
	a.Repository.KeepImages = cmp.Or(a.Repository.KeepImages, pipeline.DefaultKeepImages)
	a.Repository.UntaggedDays = cmp.Or(a.Repository.UntaggedDays, pipeline.DefaultUntaggedDays)
	a.GitHub.Environment = cmp.Or(a.GitHub.Environment, stack)
	a.GitHub.Branch = cmp.Or(a.GitHub.Branch, pipeline.DefaultBranch)
	a.OIDC.Issuer = cmp.Or(a.OIDC.Issuer, pipeline.GitHubIssuer)
	a.OIDC.Audience = cmp.Or(a.OIDC.Audience, pipeline.DefaultAudience)
	return a
}

// spec is what there are rules about.
func (a Args) spec() pipeline.Spec {
	return pipeline.Spec{
		GitHub: a.GitHub, OIDC: a.OIDC, State: a.State,
		Repository: pipeline.Repository{KeepImages: a.Repository.KeepImages, UntaggedDays: a.Repository.UntaggedDays},
	}
}

// nameLimit is the longest beginning of names of roles.
const nameLimit = 64 - len("-preview")

// validate returns every fault of the arguments, and what names in AWS begin with.
func (a Args) validate(name, stack string) (prefix string, _ error) {
	var faults validate.Faults
	prefix, err := component.PhysicalName(name, stack, "", nameLimit)
	faults.Check("name", err)
	spec := a.spec()
	spec.Validate(&faults, func(field string) string { return field })
	if len(spec.DeploySubjects()) > 0 {
		faults.Required("BoundaryARN", a.BoundaryARN)
	}
	return prefix, faults.Err()
}

// inputs are the arguments as Pulumi keeps them in the state of the component.
func (a Args) inputs() pulumi.Map {
	spec := a.spec()
	return pulumi.Map{
		"repository":      pulumi.Bool(!a.Repository.Disabled),
		"issuer":          pulumi.String(a.OIDC.Issuer),
		"previewSubjects": pulumi.ToStringArray(spec.PreviewSubjects()),
		"deploySubjects":  pulumi.ToStringArray(spec.DeploySubjects()),
	}
}
