package controls

import (
	"fmt"
	"slices"
	"strings"
)

// spans returns what is wrong with subnets that do not lie in two zones.
func spans(p *plan, subnets []string) string {
	zones := p.zones(subnets)
	return unless(len(zones) >= 2, "it is in %d zone: %s", len(zones), strings.Join(zones, ", "))
}

// unless returns nothing where a condition holds, and else a fault.
func unless(holds bool, fault string, args ...any) string {
	if holds {
		return ""
	}
	return fmt.Sprintf(fault, args...)
}

// contains reports whether a list has all of these.
func contains(list []string, wanted ...string) bool {
	return !slices.ContainsFunc(wanted, func(each string) bool { return !slices.Contains(list, each) })
}
