// Package validatetest helps to test rules.
package validatetest

import (
	"ha-web/internal/fields"
	"ha-web/internal/validate"
)

// Text returns the faults that check records of the struct that root points to, a line each, or nothing where there are none.
func Text(root any, naming fields.Naming, check func(validate.Fields)) string {
	var faults validate.Faults
	check(validate.FieldsOf(&faults, root, naming))
	if err := faults.Err(); err != nil {
		return err.Error()
	}
	return ""
}
