package web

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"ha-web/internal/credentials"
	"ha-web/internal/validate"
)

// bootVariables are the variables that the boot script sets by itself, beside those of SecretVariable.
var bootVariables = []string{"AVAILABILITY_ZONE", "AWS_REGION", "DRAIN_SECONDS", "INSTANCE_ID", "PARAMETER_PREFIX", "PORT"}

var (
	variableName = regexp.MustCompile(`^[A-Z_][A-Z0-9_]*$`)
	// AWS Systems Manager API reference, PutParameter: 15 levels at most.
	variableParameter = regexp.MustCompile(`^ssm:(/[A-Za-z0-9_.-]+){1,15}$`)
)

// PoolSizeVariable is the variable with which Environment sets a limit below database.poolSize.
const PoolSizeVariable = "DATABASE_POOL_SIZE"

// SecretVariable returns the variable with the ARN of the secret of this name.
func SecretVariable(secret string) string {
	return strings.ToUpper(strings.ReplaceAll(secret, "-", "_")) + "_SECRET_ARN"
}

// Variable is an environment variable of the application.
type Variable struct{ Name, Value string }

// Variables returns the variables in Environment, sorted by their names.
func (s *Settings) Variables() []Variable {
	var list []Variable
	for _, name := range slices.Sorted(maps.Keys(s.Environment)) {
		list = append(list, Variable{name, strings.TrimPrefix(s.Environment[name], parameterPrefix)})
	}
	return list
}

// Parameters returns the paths of the SSM parameters that variables name, sorted.
func (s *Settings) Parameters() []string {
	var paths []string
	for _, value := range s.Environment {
		if path, isParameter := strings.CutPrefix(value, parameterPrefix); isParameter {
			paths = append(paths, path)
		}
	}
	slices.Sort(paths)
	return slices.Compact(paths)
}

// ValidatePoolSize records a limit of the connections of an instance that is no limit, or above the one of the database.
func (s *Settings) ValidatePoolSize(f validate.Fields, most int, setting string) {
	value, set := s.Environment[PoolSizeVariable]
	if !set || most < 1 {
		return
	}
	if size, err := strconv.Atoi(value); err != nil || size < 1 || size > most {
		f.AddEntry(&s.Environment, PoolSizeVariable, "must be an integer between 1 and %s (%d), got %q", setting, most, value)
	}
}

func (s *Settings) checkEnvironment(f validate.Fields) {
	for _, name := range slices.Sorted(maps.Keys(s.Environment)) {
		value := s.Environment[name]
		switch {
		case !variableName.MatchString(name):
			f.AddEntry(&s.Environment, name, "must have a name of capital letters, digits and underscores that begins with no digit, such as MAIL_FROM")
		case slices.Contains(bootVariables, name):
			f.AddEntry(&s.Environment, name, "is set by the boot script: choose another name")
		}
		if err := checkValue(name, value); err != nil {
			f.AddEntry(&s.Environment, name, "%v", err)
		}
	}
}

// checkValue returns what is wrong with the value of a variable. It never shows the value, which may be a secret.
func checkValue(name, value string) error {
	switch {
	case strings.HasPrefix(value, parameterPrefix):
		if !variableParameter.MatchString(value) {
			return fmt.Errorf("must be ssm: and the path of an SSM parameter, such as ssm:/campus/flags, got %q", value)
		}
	case !readAlike(value):
		return fmt.Errorf("must be one line without backslashes, which begins with no quote, and neither begins nor ends with a space: systemd " +
			"and Docker read others differently")
	case credentials.InVariable(name, value):
		return fmt.Errorf("seems to contain a secret, which anyone who may read the launch template would see: list it in secrets.names, or " +
			"store it in an SSM parameter and set ssm:<path>")
	}
	return nil
}

// readAlike reports whether systemd (systemd.exec, "EnvironmentFile=") and Docker ("docker run --env-file") read a value as it is
// written. systemd removes backslashes, spaces at both ends, and quotes. Docker keeps backslashes and spaces, and quotes too in older
// versions (github.com/docker/cli, pkg/kvfile).
func readAlike(value string) bool {
	return utf8.ValidString(value) && value == strings.TrimSpace(value) && !strings.ContainsRune(value, '\\') &&
		!strings.HasPrefix(value, "'") && !strings.HasPrefix(value, `"`) && !strings.ContainsFunc(value, unicode.IsControl)
}

// ValidateSecretVariables records variables with the name of one that has the ARN of a secret.
func (s *Settings) ValidateSecretVariables(f validate.Fields, secrets []string) {
	for _, secret := range secrets {
		if _, set := s.Environment[SecretVariable(secret)]; set {
			f.AddEntry(&s.Environment, SecretVariable(secret), "has the ARN of the secret %s: choose another name", secret)
		}
	}
}
