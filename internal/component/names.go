package component

import (
	"fmt"
	"regexp"
	"strings"

	"ha-web/internal/validate"
)

var goodName = regexp.MustCompile(`^[a-z](-?[a-z0-9])*$`)

// PhysicalName returns the name in AWS of what people or other resources look up by it, such as ha-web-prod-db for the
// component ha-web of stack prod and role db: small letters, digits and single hyphens, at most limit of them. All else
// leaves its name to Pulumi.
func PhysicalName(component, stack, role string, limit int) (string, error) {
	name := validate.ToLabel(strings.Join([]string{component, stack, role}, "-"))
	switch {
	case !goodName.MatchString(name):
		return "", fmt.Errorf("must begin with a letter, and so must %q, what it would be called in AWS", name)
	case len(name) > limit:
		return "", fmt.Errorf("is too long with the stack's name: in AWS %q may have %d letters, and has %d", name, limit, len(name))
	}
	return name, nil
}
