// Package validatetest helps to test rules.
package validatetest

import "ha-web/internal/validate"

// FaultsOf returns what a spec finds wrong with itself, a line each, under the names of its own fields; nothing where all is
// right.
func FaultsOf(spec interface {
	Validate(faults *validate.Faults, key func(field string) string)
}) string {
	var faults validate.Faults
	spec.Validate(&faults, func(field string) string { return field })
	if err := faults.Err(); err != nil {
		return err.Error()
	}
	return ""
}
