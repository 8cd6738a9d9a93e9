package secrets_test

import (
	"testing"

	"ha-web/internal/fields"
	"ha-web/internal/settings/secrets"
	"ha-web/internal/validate/validatetest"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
)

func TestFaults(t *testing.T) {
	t.Parallel()
	value := pulumi.String("hunter2")
	tests := map[string]struct {
		change func(*secrets.Settings)
		want   string
	}{
		"defaults": {func(*secrets.Settings) {}, ""},
		"names":    {func(s *secrets.Settings) { s.Names = []string{"smtp", "oidc-login", "lti1-3"} }, ""},
		"values": {func(s *secrets.Settings) {
			s.Names, s.Values = []string{"smtp", "oidc"}, map[string]pulumi.StringInput{"oidc": value}
		}, ""},
		"at once":      {func(s *secrets.Settings) { s.RecoveryDays = 0 }, ""},
		"least days":   {func(s *secrets.Settings) { s.RecoveryDays = 7 }, ""},
		"few days":     {func(s *secrets.Settings) { s.RecoveryDays = 6 }, "recoveryDays: must be between 7 and 30, or 0 to delete secrets at once, got 6"},
		"many days":    {func(s *secrets.Settings) { s.RecoveryDays = 31 }, "recoveryDays: must be between 7 and 30, or 0 to delete secrets at once, got 31"},
		"no days":      {func(s *secrets.Settings) { s.RecoveryDays = -1 }, "recoveryDays: must be between 7 and 30, or 0 to delete secrets at once, got -1"},
		"case":         {func(s *secrets.Settings) { s.Names = []string{"smtp", "SMTP"} }, `names[1]: must be lowercase letters, digits and single hyphens, got "SMTP"`},
		"empty":        {func(s *secrets.Settings) { s.Names = []string{""} }, `names[0]: must be lowercase letters, digits and single hyphens, got ""`},
		"like an ARN":  {func(s *secrets.Settings) { s.Names = []string{"app-secret"} }, `names[0]: must not end in a hyphen and six characters, as ARNs of secrets do, got "app-secret"`},
		"twice":        {func(s *secrets.Settings) { s.Names = []string{"smtp", "oidc", "smtp"} }, "names[2]: smtp is listed twice"},
		"other values": {func(s *secrets.Settings) { s.Values = map[string]pulumi.StringInput{"b": value, "a": value} }, "values.a: must be one of names\nvalues.b: must be one of names"},
		"typo": {func(s *secrets.Settings) {
			s.Names, s.Values = []string{"smtp"}, map[string]pulumi.StringInput{"smpt": value}
		}, "values.smpt: must be one of names, did you mean smtp?"},
		"no defaults": {func(s *secrets.Settings) { *s = secrets.Settings{} }, ": must begin as Default(), which sets what is left out"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			settings := secrets.Default()
			test.change(&settings)
			assert.Equal(t, test.want, validatetest.Text(&settings, fields.ByTag, settings.Validate))
		})
	}
}
