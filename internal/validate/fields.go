package validate

import (
	"reflect"
	"slices"
	"strings"

	"ha-web/internal/fields"

	"github.com/agext/levenshtein"
)

// Fields records faults of the fields of a struct, such as the settings of a stack or the Args of a component, each under
// the name that its reader wrote. A field is given by a pointer to it, as in go-ozzo/ozzo-validation: the compiler then
// knows that it exists, and its name is written once, in its tag.
type Fields struct {
	faults *Faults
	names  fields.Index
	root   any
}

// FieldsOf returns Fields of the struct that root points to, which records faults here.
func FieldsOf(faults *Faults, root any, naming fields.Naming) Fields {
	return Fields{faults: faults, names: fields.IndexOf(root, naming), root: root}
}

// Name returns the name of a field, for the text of a fault of another one.
func (f Fields) Name(field any) string { return f.names.Name(field) }

// Add records a fault of a field.
func (f Fields) Add(field any, format string, args ...any) {
	f.faults.Add(f.Name(field), format, args...)
}

// AddEntry records a fault of an entry of a map.
func (f Fields) AddEntry(field any, entry, format string, args ...any) {
	f.faults.Add(f.Name(field)+"."+entry, format, args...)
}

// Check records err, where there is one, as a fault of a field. Joined errors become a fault each.
func (f Fields) Check(field any, err error) { f.faults.Check(f.Name(field), err) }

// Between records a fault of a field unless low <= value <= high.
func (f Fields) Between(field *int, low, high int) {
	f.faults.Between(f.Name(field), *field, low, high)
}

// Required records a fault of a field that is nil or empty.
func (f Fields) Required(field any) {
	if isEmpty(reflect.ValueOf(field).Elem()) {
		f.Add(field, "is required")
	}
}

// RequireTagged records a fault of each field of the struct that its tag does not call optional, and that is nil or empty.
func (f Fields) RequireTagged() { f.requireTagged(reflect.ValueOf(f.root).Elem()) }

func (f Fields) requireTagged(value reflect.Value) {
	for _, field := range fields.Of(value.Type()) {
		at := value.FieldByIndex(field.Index)
		switch {
		case field.Optional:
		case at.Kind() == reflect.Struct:
			f.requireTagged(at)
		default:
			f.Required(at.Addr().Interface())
		}
	}
}

func isEmpty(value reflect.Value) bool {
	switch value.Kind() {
	case reflect.Slice, reflect.Map:
		return value.Len() == 0
	}
	return value.IsZero()
}

// Begun records a fault of settings that did not begin as their defaults: a boolean that nobody set would be false, and a
// database have no standby. It reports whether they did.
func (f Fields) Begun(settings any, begun bool) bool {
	if !begun {
		f.Add(settings, "must begin as Default(), which sets what is left out")
	}
	return begun
}

// Choices is a string of which there are few.
type Choices interface {
	~string
	Choices() []string
}

// Choice records a fault of a field unless its value is one of its choices.
func Choice[T Choices](f Fields, field *T) {
	choices := (*field).Choices()
	if !slices.Contains(choices, string(*field)) {
		f.Add(field, "must be %s, got %q", OneOfText(choices), string(*field))
	}
}

// OneOfText returns names for the text of a fault: "perAz, single or none".
func OneOfText(names []string) string {
	last := len(names) - 1
	if last < 1 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:last], ", ") + " or " + names[last]
}

// Nearest returns the known name nearest to another one, at most this many edits apart, or "". Two letters that changed places
// are one edit.
func Nearest(name string, known []string, most int) string {
	best, distance := "", most+1
	for _, each := range known {
		if d := edits(strings.ToLower(name), strings.ToLower(each)); d < distance {
			best, distance = each, d
		}
	}
	return best
}

func edits(a, b string) int {
	distance := levenshtein.Distance(a, b, nil)
	if distance == 2 && letters(a) == letters(b) {
		return 1
	}
	return distance
}

// letters returns the letters of a name, sorted.
func letters(name string) string {
	sorted := []rune(name)
	slices.Sort(sorted)
	return string(sorted)
}
