// Package secrets holds the settings of the application's secrets and of the key that encrypts the data of a stack, and what AWS
// Secrets Manager requires of them. A stack file has them under secrets.
package secrets

import (
	"maps"
	"slices"

	"ha-web/internal/validate"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Settings describe the secrets of the application. The comments of the fields are the text of docs/settings.md.
type Settings struct {
	// Names of the application's secrets, such as `[smtp, oidc]`: lowercase letters, digits and single hyphens. AWS Secrets
	// Manager has each as `<project>/<stack>/<name>`, and instances may read them. A secret without an entry in values is
	// created empty.
	// Cost: 0.40 USD for each secret, and 1 USD for the KMS key.
	Names []string `pulumi:"names,optional"`
	// Values of some of the secrets in names, each set with `pulumi config set --secret --path
	// 'secrets.values.<name>'`. Set a secret that is not listed here with `aws secretsmanager put-secret-value`: then
	// neither the stack file nor Pulumi's state has its value.
	Values map[string]pulumi.StringInput `pulumi:"values,optional"`
	// Second region that keeps copies of the secrets in names, such as `us-west-2`, for a stack that is brought up there after the loss
	// of aws:region. Secrets Manager copies each new value within seconds. The copies have the names of the secrets, and are encrypted
	// with a KMS key of that region. Left out: none.
	// Cost: 0.40 USD for each secret, and 1 USD for the KMS key.
	ReplicaRegion string `pulumi:"replicaRegion,optional"`
	// Days for which a deleted secret can be restored, 7 to 30. Its name cannot be used again until they are over. 0 deletes a
	// secret at once, for stacks that are deleted and created often.
	RecoveryDays int `pulumi:"recoveryDays,optional"`
	// Whether Pulumi refuses to delete the secrets, and the KMS key that encrypts all data of the stack.
	DeletionProtection bool `pulumi:"deletionProtection,optional"`

	begun bool
}

// Default returns the settings of a stack file that sets none.
func Default() Settings { return Settings{RecoveryDays: 30, DeletionProtection: true, begun: true} }

// Validate records every fault of the settings.
func (s *Settings) Validate(f validate.Fields) {
	if !f.Begun(s, s.begun) {
		return
	}
	for i, name := range s.Names {
		f.Check(&s.Names[i], validate.SecretName(name))
		if slices.Contains(s.Names[:i], name) {
			f.Add(&s.Names[i], "%s is listed twice", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.Values)) {
		if !slices.Contains(s.Names, name) {
			f.AddEntry(&s.Values, name, "must be one of %s%s", f.Name(&s.Names), suggestion(name, s.Names))
		}
	}
	if s.ReplicaRegion != "" && len(s.Names) == 0 {
		f.Add(&s.Names, "must list at least one secret with %s, which copies them", f.Name(&s.ReplicaRegion))
	}
	// AWS Secrets Manager API reference, DeleteSecret, RecoveryWindowInDays.
	if s.RecoveryDays != 0 && (s.RecoveryDays < 7 || s.RecoveryDays > 30) {
		f.Add(&s.RecoveryDays, "must be between 7 and 30, or 0 to delete secrets at once, got %d", s.RecoveryDays)
	}
}

// suggestion returns the name that another one may be a typo of, for the text of a fault.
func suggestion(name string, names []string) string {
	if nearest := validate.Nearest(name, names, 2); nearest != "" {
		return ", did you mean " + nearest + "?"
	}
	return ""
}
