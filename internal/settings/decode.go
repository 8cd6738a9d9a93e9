package settings

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"ha-web/internal/validate"

	"github.com/agext/levenshtein"
)

// decode writes the config of the project over settings. It records a fault for each key that no field has, and for
// each value of the wrong type, which leaves the default in place.
func decode(settings *Settings, project string, config map[string]string, faults *validate.Faults) {
	sections := map[string]any{}
	for key, value := range config {
		if section, ours := strings.CutPrefix(key, project+":"); ours {
			sections[section] = parse(value)
		}
	}
	assign(faults, "", reflect.ValueOf(settings).Elem(), sections)
}

// parse returns the value of a section: structured ones come as JSON, all others as they are.
func parse(value string) any {
	decoder := json.NewDecoder(strings.NewReader(value))
	decoder.UseNumber() // so that 2.5 instances are a fault, and not two
	var parsed any
	if decoder.Decode(&parsed) != nil || decoder.More() {
		return value
	}
	switch parsed.(type) {
	case map[string]any, []any:
		return parsed
	}
	return value
}

// assign writes value, the setting at this key, over target.
func assign(faults *validate.Faults, key string, target reflect.Value, value any) {
	if value == nil {
		return
	}
	ok := false
	switch target.Kind() {
	case reflect.Struct:
		var values map[string]any
		if values, ok = value.(map[string]any); ok {
			assignFields(faults, key, target, values)
		}
	case reflect.Slice:
		var values []any
		if values, ok = value.([]any); ok {
			target.Set(reflect.MakeSlice(target.Type(), len(values), len(values)))
			for i, each := range values {
				assign(faults, fmt.Sprintf("%s[%d]", key, i), target.Index(i), each)
			}
		}
	case reflect.String:
		var text string
		if text, ok = value.(string); ok {
			target.SetString(text)
		}
	case reflect.Bool:
		var flag bool
		if flag, ok = value.(bool); ok {
			target.SetBool(flag)
		}
	case reflect.Int:
		number, err := strconv.Atoi(fmt.Sprint(value))
		if _, isNumber := value.(json.Number); isNumber && err == nil {
			ok = true
			target.SetInt(int64(number))
		}
	}
	if !ok {
		faults.Add(key, "must be %s, got %s", wanted[target.Kind()], shown(value))
	}
}

func assignFields(faults *validate.Faults, key string, target reflect.Value, values map[string]any) {
	prefix := key
	if prefix != "" {
		prefix += "."
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if field, known := fieldOf(target.Type(), name); known {
			assign(faults, prefix+name, target.FieldByIndex(field.Index), values[name])
		} else {
			faults.Add(prefix+name, "unknown%s", suggestion(prefix+name))
		}
	}
}

func fieldOf(t reflect.Type, name string) (reflect.StructField, bool) {
	for i := range t.NumField() {
		if tag := t.Field(i).Tag.Get("setting"); tag == name && tag != "-" {
			return t.Field(i), true
		}
	}
	return reflect.StructField{}, false
}

// wanted says what a setting of each kind is, in the words of a stack file.
var wanted = map[reflect.Kind]string{
	reflect.Struct: "a map of settings",
	reflect.Slice:  "a list",
	reflect.String: "text",
	reflect.Bool:   "true or false",
	reflect.Int:    "a whole number",
}

func shown(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprint(value)
	}
	return string(text)
}

// suggestion returns ", did you mean …?" for the known key nearest to an unknown one, if any is near.
func suggestion(key string) string {
	parent := key[:strings.LastIndex(key, ".")+1]
	best, distance := "", 4 // more edits apart than that, two words have nothing in common
	for _, known := range Keys() {
		rest, sibling := strings.CutPrefix(known, parent)
		if !sibling || strings.Contains(rest, ".") {
			continue
		}
		if d := levenshtein.Distance(strings.ToLower(key), strings.ToLower(known), nil); d < distance {
			best, distance = known, d
		}
	}
	if best == "" {
		return ""
	}
	return ", did you mean " + best + "?"
}

// Keys returns the keys of all settings, sections included, in the order of their declaration: network, network.cidr
// and so on.
func Keys() []string {
	var keys []string
	var walk func(prefix string, t reflect.Type)
	walk = func(prefix string, t reflect.Type) {
		for i := range t.NumField() {
			field := t.Field(i)
			tag := field.Tag.Get("setting")
			if tag == "-" {
				continue
			}
			keys = append(keys, prefix+tag)
			if field.Type.Kind() == reflect.Struct {
				walk(prefix+tag+".", field.Type)
			}
		}
	}
	walk("", reflect.TypeFor[Settings]())
	return keys
}

// sections returns the keys at the top.
func sections() []string {
	return slices.DeleteFunc(Keys(), func(key string) bool { return strings.Contains(key, ".") })
}
