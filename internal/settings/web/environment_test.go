package web_test

import (
	"fmt"
	"strings"
	"testing"

	"ha-web/internal/fields"
	"ha-web/internal/settings/web"
	"ha-web/internal/validate"
	"ha-web/internal/validate/validatetest"

	"github.com/stretchr/testify/assert"
)

func TestEnvironment(t *testing.T) {
	t.Parallel()
	const (
		name    = "must have a name of capital letters, digits and underscores that begins with no digit, such as MAIL_FROM"
		boot    = "is set by the boot script: choose another name"
		unalike = "must be one line without backslashes, which begins with no quote, and neither begins nor ends with a space: systemd and Docker read others differently"
		secret  = "seems to contain a secret, which anyone who may read the launch template would see: list it in secrets.names, or store it in an SSM parameter and set ssm:<path>"
		path    = "must be ssm: and the path of an SSM parameter, such as ssm:/campus/flags, got "
	)
	for _, test := range []struct{ name, value, want string }{
		{"MAIL_FROM", "Moodle <moodle@example.edu>", ""},
		{"_X1", "", ""},
		{"MOTTO", `it's 100% "free" # for $USER; really = so`, ""},
		{"CITY", "Zürich", ""},
		{"SMTP_PASSWORD", "ssm:/campus/smtp", ""},
		{"mail", "x", name},
		{"1ST", "x", name},
		{"A-B", "x", name},
		{"A.B", "x", name},
		{"", "x", name},
		{"PORT", "80", boot},
		{"AWS_REGION", "us-east-1", boot},
		{"AVAILABILITY_ZONE", "a", boot},
		{"DRAIN_SECONDS", "60", boot},
		{"INSTANCE_ID", "i-0a", boot},
		{"PARAMETER_PREFIX", "/a", boot},
		{"A", "two\nlines", unalike},
		{"A", "carriage\rreturn", unalike},
		{"A", "nul\x00", unalike},
		{"A", `C:\temp`, unalike},
		{"A", `"quoted"`, unalike},
		{"A", "'quoted'", unalike},
		{"A", " x", unalike},
		{"A", "x\t", unalike},
		{"A", "\xff", unalike},
		{"SMTP_PASSWORD", "hunter2", secret},
		{"DATABASE_URL", "postgres://app:hunter2@db/moodle", secret},
		{"A", "AKIAIOSFODNN7EXAMPLE", secret},
		{"A", "ssm:campus", path + `"ssm:campus"`},
		{"A", "ssm:/campus/*", path + `"ssm:/campus/*"`},
		{"A", "ssm:/campus/", path + `"ssm:/campus/"`},
		{"A", "ssm:", path + `"ssm:"`},
	} {
		settings := usual()
		settings.Environment = map[string]string{test.name: test.value}
		want := test.want
		if want != "" {
			want = "environment." + test.name + ": " + want
		}
		assert.Equal(t, want, faultsOf(settings), "%s=%q", test.name, test.value)
	}
}

func TestVariablesOfSecretsAreTaken(t *testing.T) {
	t.Parallel()
	settings := usual()
	settings.Environment = map[string]string{"SMTP_SECRET_ARN": "a", "OTHER_SECRET_ARN": "b", "SINGLE_SIGN_ON_SECRET_ARN": "c"}
	assert.Equal(t, `environment.SMTP_SECRET_ARN: has the ARN of the secret smtp: choose another name
environment.SINGLE_SIGN_ON_SECRET_ARN: has the ARN of the secret single-sign-on: choose another name`,
		validatetest.Text(&settings, fields.ByTag, func(f validate.Fields) {
			settings.ValidateSecretVariables(f, []string{"smtp", "single-sign-on"})
		}))
}

func TestPoolSizesStayBelowThatOfTheDatabase(t *testing.T) {
	t.Parallel()
	for value, valid := range map[string]bool{
		"1": true, "20": true, "21": false, "0": false, "-1": false, "": false, "5.5": false, "many": false, "ssm:/campus/pool": false,
	} {
		settings := usual()
		settings.Environment = map[string]string{"DATABASE_POOL_SIZE": value}
		want := ""
		if !valid {
			want = fmt.Sprintf("environment.DATABASE_POOL_SIZE: must be an integer between 1 and database.poolSize (20), got %q", value)
		}
		check := func(most int) string {
			return validatetest.Text(&settings, fields.ByTag, func(f validate.Fields) { settings.ValidatePoolSize(f, most, "database.poolSize") })
		}
		assert.Equal(t, want, check(20), value)
		assert.Empty(t, check(0), "a fault of database.poolSize is one fault")
	}
}

func TestParametersOfVariables(t *testing.T) {
	t.Parallel()
	settings := usual()
	settings.Environment = map[string]string{"B": "ssm:/b", "A": "plain", "C": "ssm:/a/b", "D": "ssm:/b"}
	assert.Equal(t, []string{"/a/b", "/b"}, settings.Parameters())
	assert.Equal(t, []web.Variable{{Name: "A", Value: "plain"}, {Name: "B", Value: "/b"}, {Name: "C", Value: "/a/b"}, {Name: "D", Value: "/b"}}, settings.Variables())
}

// FuzzEnvironment checks that systemd and Docker read a value without faults as it is written.
func FuzzEnvironment(f *testing.F) {
	for _, value := range []string{"", "a # b", `a\ b`, `"a"b'`, "a' b", "\u00a0a", ";a", "a\u0085", "=", " "} {
		f.Add(value)
	}
	f.Fuzz(func(t *testing.T, value string) {
		settings := usual()
		settings.Environment = map[string]string{"A": value}
		if faultsOf(settings) != "" {
			return
		}
		value = settings.Variables()[0].Value
		assert.Equal(t, value, readBySystemd(value))
		assert.Equal(t, value, readByDocker(value, true))
		assert.Equal(t, value, readByDocker(value, false))
	})
}

// readBySystemd returns what systemd reads from a line after NAME=, by its manual (systemd.exec, "EnvironmentFile="): quotes begin
// where a value does, or right after others.
func readBySystemd(line string) string {
	const spaces = " \t\n\r"
	var value strings.Builder
	rest := strings.TrimLeft(line, spaces)
	for rest != "" && strings.ContainsAny(rest[:1], `"'`) {
		quoted, after, _ := strings.Cut(rest[1:], rest[:1])
		value.WriteString(quoted)
		rest = strings.TrimLeft(after, spaces)
	}
	first, _, _ := strings.Cut(strings.ReplaceAll(rest, "\r", "\n"), "\n")
	value.WriteString(strings.TrimRight(strings.ReplaceAll(first, `\`, ""), spaces))
	return value.String()
}

// readByDocker returns what Docker reads from a line after NAME=, with versions that remove quotes and those that do not.
func readByDocker(line string, unquotes bool) string {
	first, _, _ := strings.Cut(line, "\n")
	first = strings.TrimSuffix(first, "\r")
	for _, quote := range []string{"'", `"`} {
		if unquotes && len(first) > 1 && strings.HasPrefix(first, quote) && strings.HasSuffix(first, quote) {
			return first[1 : len(first)-1]
		}
	}
	return first
}
