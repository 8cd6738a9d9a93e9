package secrets

import (
	"ha-web/internal/component"
	"ha-web/internal/fields"
	"ha-web/internal/settings/secrets"
	"ha-web/internal/validate"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Settings describe the secrets of the application. They begin as Default.
type Settings = secrets.Settings

// Default returns the default settings, which name no secrets.
func Default() Settings { return secrets.Default() }

// Args describes Secrets.
type Args struct {
	// Settings describe the secrets of the application. Each is called <component>/<stack>/<name> in Secrets Manager. Default nil:
	// Default(), the key without secrets.
	Settings *Settings `pulumi:"settings,optional"`
	// Replica is a provider for the replicaRegion of the settings, and required with it.
	Replica pulumi.ProviderResource
	// Shared is what the components of a stack have in common.
	Shared component.Shared `pulumi:"shared,optional"`
}

// aliasLimit is the longest name of a key that AWS accepts, less its "alias/" (AWS KMS API reference, CreateAlias, AliasName).
const aliasLimit = 250

// resolve returns a copy of the arguments with everything that is left out, and the alias of the key in this stack, or every
// fault of them.
func (a Args) resolve(name, stack string) (_ *Args, alias string, _ error) {
	settings := component.SettingsOr(a.Settings, Default)
	a.Settings = &settings
	var faults validate.Faults
	alias, err := component.PhysicalName(name, stack, "", aliasLimit)
	faults.Check("name", err)
	f := validate.FieldsOf(&faults, &a, fields.ByName)
	settings.Validate(f)
	if settings.ReplicaRegion != "" && a.Replica == nil {
		f.Add(&a.Replica, "is required: a provider for %s (%s)", f.Name(&settings.ReplicaRegion), settings.ReplicaRegion)
	}
	return &a, alias, faults.Err()
}
