package delivery

import (
	"ha-web/internal/component"
	"ha-web/internal/fields"
	"ha-web/internal/settings/delivery"
	"ha-web/internal/settings/web"
	"ha-web/internal/validate"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Settings describe the image repository and whose jobs assume roles. They begin as Default.
type (
	Settings   = delivery.Settings
	Repository = delivery.Repository
	GitHub     = delivery.GitHub
	OIDC       = delivery.OIDC
	State      = delivery.State
)

// GitHubIssuer is the issuer of the tokens of GitHub Actions.
const GitHubIssuer = delivery.GitHubIssuer

// Default returns the default settings: an image repository, and no roles.
func Default() Settings { return delivery.Default() }

// Args describes a Delivery.
type Args struct {
	// Settings describe the image repository and whose jobs assume roles.
	Settings *Settings `pulumi:"settings,optional"`
	// Registry is an AWS provider for the region of the stack, for the image repository. Default nil: the plugin of awsx creates
	// a provider of the older version that it is built with (pulumi-awsx#930).
	Registry pulumi.ProviderResource
	// KeyARN is the KMS key of the images, and of the secrets in HeldSecretARNs. Default nil: keys of AWS.
	KeyARN pulumi.StringInput `pulumi:"keyArn,optional"`
	// HeldSecretARNs are secrets whose values the state contains, and HeldBucketARNs are buckets with files that Pulumi manages.
	// A preview compares both with AWS, so the role that previews may read them. Default none.
	HeldSecretARNs pulumi.StringArray `pulumi:"heldSecretArns,optional"`
	HeldBucketARNs pulumi.StringArray `pulumi:"heldBucketArns,optional"`
	// Web are the settings of the web tier: a preview looks up the SSM parameter of its image. Default nil: those of
	// webtier.Default().
	Web *web.Settings `pulumi:"web,optional"`
	// ParameterPrefix is the path of the SSM parameters that the role that previews may read, such as /ha-web/prod. Default nil:
	// none.
	ParameterPrefix pulumi.StringInput `pulumi:"parameterPrefix,optional"`
	// Shared is what the components of a stack have in common. Its PermissionsBoundary is the policy of the role that deploys,
	// and its boundary: that of a Boundary with the same name. Required where jobs deploy.
	Shared component.Shared `pulumi:"shared,optional"`
}

// nameLimit is the most characters of the physical name that the names of roles begin with: IAM takes 64.
const nameLimit = 64 - len("-preview")

// resolve returns a copy of the arguments with everything that is left out, and the beginning of physical names, or every
// fault of them.
func (a Args) resolve(name, stack string) (_ *Args, physical string, _ error) {
	settings := component.SettingsOr(a.Settings, Default).Resolved(stack)
	a.Settings = &settings
	tier := component.SettingsOr(a.Web, web.Default)
	a.Web = &tier
	var faults validate.Faults
	physical, err := component.PhysicalName(name, stack, "", nameLimit)
	faults.Check("name", err)
	f := validate.FieldsOf(&faults, &a, fields.ByName)
	settings.Validate(f)
	if len(settings.DeploySubjects()) > 0 && a.Shared.PermissionsBoundary == nil {
		f.Add(&a.Shared.PermissionsBoundary, "is required for the role that deploys: pass the ARN of a Boundary")
	}
	return &a, physical, faults.Err()
}
