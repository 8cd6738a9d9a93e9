package settings

import (
	"fmt"
	"strings"

	"ha-web/internal/settings/web"
	"ha-web/internal/validate"
)

// validatePolicies records actions of instances that the permissions boundary of the pipeline would deny without a word.
func (s *Settings) validatePolicies(f validate.Fields) {
	for i := range s.Web.Policies {
		actions := s.Web.Policies[i].Actions
		for j, action := range actions {
			if service, _, _ := strings.Cut(action, ":"); web.CheckAction(action) == nil && !s.Delivery.Allows(action) {
				f.Add(&actions[j], "requires %s in %s, because the permissions boundary denies actions of other services, got %q",
					service, f.Name(&s.Delivery.Services), action)
			}
		}
	}
}

// policyNotes returns what a person should know about policies that only AWS can look into.
func (s *Settings) policyNotes() []string {
	var arns []string
	for _, each := range s.Web.Policies {
		if each.ARN != "" && s.Delivery.Roles() {
			arns = append(arns, each.ARN)
		}
	}
	if len(arns) == 0 {
		return nil
	}
	return []string{fmt.Sprintf("web.policies has %s: the permissions boundary denies actions of services that delivery.services lacks",
		strings.Join(arns, ", "))}
}
