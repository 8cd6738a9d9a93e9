package secrets

import (
	"cmp"

	"ha-web/internal/component"
	"ha-web/internal/validate"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Args describes Secrets.
type Args struct {
	// Names are the secrets of the application, each called <component>/<stack>/<name> in Secrets Manager. Default none.
	// About 0.40 USD a month each.
	Names []string
	// Values are the values of some of them, secret inputs, for whoever keeps them in the encrypted config of the stack.
	// All others are created empty, and their values set past Pulumi: aws secretsmanager put-secret-value.
	Values map[string]pulumi.StringInput
	// RecoveryDays is how long a deleted secret can be brought back, and its name is taken: 7 to 30 days, or 0 for not at
	// all. Default 30 (field note SEC-2).
	RecoveryDays *int
	// Unprotected lets Pulumi delete the key and the secrets.
	Unprotected bool
	// Shared is what the components of a stack have in common.
	Shared component.Shared
}

// withDefaults returns a copy of the arguments in which everything left out has its default.
func (a Args) withDefaults() Args {
	month := 30
	a.RecoveryDays = cmp.Or(a.RecoveryDays, &month)
	return a
}

// aliasLimit is the longest name of a key that AWS takes, less its "alias/".
const aliasLimit = 250

// validate returns every fault of the arguments, and what the key is called in this stack.
func (a Args) validate(name, stack string) (alias string, _ error) {
	var faults validate.Faults
	alias, err := component.PhysicalName(name, stack, "", aliasLimit)
	faults.Check("name", err)
	faults.Check("Names", validate.SecretNames(a.Names))
	validate.KeysAmong(&faults, "Values", a.Values, "Names", a.Names)
	faults.Check("RecoveryDays", validate.RecoveryDays(*a.RecoveryDays))
	return alias, faults.Err()
}

// inputs are the arguments as Pulumi keeps them in the state of the component, but for values.
func (a Args) inputs() pulumi.Map {
	return pulumi.Map{
		"names":        pulumi.ToStringArray(a.Names),
		"recoveryDays": pulumi.Int(*a.RecoveryDays),
		"unprotected":  pulumi.Bool(a.Unprotected),
	}
}
