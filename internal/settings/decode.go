package settings

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"ha-web/internal/fields"
	"ha-web/internal/validate"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// decode writes the config of the project over settings. It records a fault for each key that no field has, and for
// each value of the wrong type, which leaves the default in place. No fault shows a value of the sections that have
// secrets.
func decode(settings *Settings, project string, config map[string]string, secret []string, faults *validate.Faults) {
	decoder := decoder{faults: faults, project: project, sealed: map[string]bool{}}
	sections := map[string]any{}
	for key, value := range config {
		if section, ours := strings.CutPrefix(key, project+":"); ours {
			sections[section] = parse(value)
			decoder.sealed[section] = slices.Contains(secret, key)
		}
	}
	decoder.assign("", reflect.ValueOf(settings).Elem(), sections, "")
}

// decoder writes values over settings, and records what is wrong with them.
type decoder struct {
	faults  *validate.Faults
	project string
	sealed  map[string]bool // whether a section, such as secrets, is encrypted in the stack file
}

// isSealed reports whether the setting at this key is in an encrypted section.
func (d decoder) isSealed(key string) bool {
	section, _, _ := strings.Cut(key, ".")
	return d.sealed[section]
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

// assign writes value, the setting at this key, over target. A secret text becomes a secret of Pulumi, which nobody can look
// into afterwards: what it must begin with, by a tag such as `begins:"https://"`, is seen to here.
func (d decoder) assign(key string, target reflect.Value, value any, prefix string) {
	if value == nil {
		return
	}
	secret := target.Type() == reflect.TypeFor[pulumi.StringInput]()
	if secret && !d.isSealed(key) {
		d.faults.Add(key, "must be encrypted: pulumi config set --secret --path '%s'", key)
		return
	}
	ok := false
	switch target.Kind() {
	case reflect.Struct:
		var values map[string]any
		if values, ok = value.(map[string]any); ok {
			d.assignFields(key, target, values)
		}
	case reflect.Map:
		var values map[string]any
		if values, ok = value.(map[string]any); ok {
			d.assignEntries(key, target, values, prefix)
		}
	case reflect.Pointer: // to a value that may be left out
		pointed := reflect.New(target.Type().Elem())
		d.assign(key, pointed.Elem(), value, prefix)
		target.Set(pointed)
		return
	case reflect.Interface: // a secret
		var text string
		if text, ok = textOf(value); ok && text != "" {
			// An offline plan cannot open what is encrypted.
			if text != sealed && !strings.HasPrefix(text, prefix) {
				d.faults.Add(key, "must begin with %s", prefix)
			}
			target.Set(reflect.ValueOf(secretText{pulumi.ToSecret(pulumi.String(text)).(pulumi.StringOutput)}))
		}
	case reflect.Slice:
		var values []any
		if values, ok = value.([]any); ok {
			target.Set(reflect.MakeSlice(target.Type(), len(values), len(values)))
			for i, each := range values {
				d.assign(fmt.Sprintf("%s[%d]", key, i), target.Index(i), each, prefix)
			}
		}
	case reflect.String:
		var text string
		if text, ok = textOf(value); ok {
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
		d.faults.Add(key, "must be %s, got %s", wanted(target), d.shown(key, value))
	}
}

// secretText is a Pulumi secret that does not print: fmt would show what is in an output under a verb such as %s.
type secretText struct{ pulumi.StringOutput }

// Format writes a placeholder.
func (secretText) Format(state fmt.State, _ rune) { _, _ = io.WriteString(state, sealed) }

// MarshalJSON returns a placeholder, where an output would be an error.
func (secretText) MarshalJSON() ([]byte, error) { return json.Marshal(sealed) }

// textOf returns a text, which may be a whole number without quotes: 16 is 16. Of decimals YAML loses what matters to a
// version: 8.0 becomes 8.
func textOf(value any) (string, bool) {
	if number, ok := value.(json.Number); ok {
		_, err := number.Int64()
		return number.String(), err == nil
	}
	text, ok := value.(string)
	return asTyped(text), ok
}

// engineTime is how the engine passes a date or time that has no quotes in a stack file.
const engineTime = "2006-01-02 15:04:05 -0700 MST"

// asTyped returns a string as a person wrote it in a stack file.
func asTyped(text string) string {
	parsed, err := time.Parse(engineTime, text)
	switch {
	case err != nil:
		return text
	case parsed.Equal(parsed.Truncate(24 * time.Hour)):
		return parsed.Format(time.DateOnly)
	}
	return parsed.Format(time.RFC3339)
}

func (d decoder) assignFields(key string, target reflect.Value, values map[string]any) {
	prefix := key
	if prefix != "" {
		prefix += "."
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if field, known := fieldOf(target.Type(), name); known {
			d.assign(prefix+name, target.FieldByIndex(field.Index), values[name], field.Tag.Get("begins"))
		} else {
			d.faults.Add(prefix+name, "%s", d.unknown(prefix+name, name))
		}
	}
}

// unknown says what is wrong with a key that no field has.
func (d decoder) unknown(key, name string) string {
	if strings.ContainsAny(name, ".[") {
		return fmt.Sprintf("was set without --path: take it out with pulumi config rm '%s:%s', and set it with pulumi config set --path '%[2]s'",
			d.project, key)
	}
	if hint, known := elsewhere[key]; known {
		return "is not a setting: " + hint
	}
	return "unknown" + nearKey(key)
}

// elsewhere are settings that people look for, and where to find what they are after.
var elsewhere = map[string]string{
	"web.tags":                    `every resource gets those of tags, such as {CostCenter: "42"}`,
	"web.keyName":                 "instances have no SSH key, aws ssm start-session opens a shell",
	"database.publiclyAccessible": "the database is never reachable from the internet",
	"database.rotateAfterDays":    "database.rotation.schedule says when the master password rotates, such as cron(0 3 1 * ? *)",
	"database.password":           "AWS generates the master password, keeps it in Secrets Manager and rotates it",
}

// assignEntries writes the entries of a map whose keys are up to the user.
func (d decoder) assignEntries(key string, target reflect.Value, values map[string]any, prefix string) {
	target.Set(reflect.MakeMap(target.Type()))
	for _, name := range slices.Sorted(maps.Keys(values)) {
		entry := reflect.New(target.Type().Elem()).Elem()
		d.assign(key+"."+name, entry, values[name], prefix)
		target.SetMapIndex(reflect.ValueOf(name), entry)
	}
}

func fieldOf(t reflect.Type, name string) (fields.Field, bool) {
	for _, field := range fields.Of(t) {
		if field.Key == name {
			return field, true
		}
	}
	return fields.Field{}, false
}

// wanted says what a setting is, in the words of a stack file.
func wanted(target reflect.Value) string {
	if choices, few := target.Interface().(interface{ Choices() []string }); few {
		return validate.OneOfText(choices.Choices())
	}
	return map[reflect.Kind]string{
		reflect.Struct:    "a map of settings",
		reflect.Map:       "a map of strings",
		reflect.Slice:     "a list",
		reflect.String:    "a string, in quotes",
		reflect.Interface: "a string, in quotes",
		reflect.Bool:      "true or false",
		reflect.Int:       "an integer",
	}[target.Kind()]
}

// shown returns a value for the text of a fault.
func (d decoder) shown(key string, value any) string {
	if d.isSealed(key) {
		return sealed
	}
	if text, isText := value.(string); isText {
		value = asTyped(text)
	}
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprint(value)
	}
	return string(text)
}

// position is the place of an item in a list, as keys have it.
var position = regexp.MustCompile(`\[[0-9]+\]`)

// nearKey returns ", did you mean …?" for the known key nearest to an unknown one, if any is near.
func nearKey(key string) string {
	end := strings.LastIndex(key, ".") + 1
	parent, name := key[:end], key[end:]
	known := position.ReplaceAllString(parent, "[]")
	var siblings []string
	for _, each := range Keys() {
		if sibling, found := strings.CutPrefix(each, known); found && !strings.Contains(sibling, ".") {
			siblings = append(siblings, sibling)
		}
	}
	return suggestion(name, siblings, parent)
}

// suggestion returns ", did you mean …?" for the known name nearest to an unknown one, with a prefix. Where more than a third of
// the letters differ, two names have nothing in common.
func suggestion(name string, known []string, prefix string) string {
	if nearest := validate.Nearest(name, known, max(1, len(name)/3)); nearest != "" && nearest != name {
		return ", did you mean " + prefix + nearest + "?"
	}
	return ""
}

// Keys returns the keys of all settings, sections included, in the order of their declaration: network, network.cidr
// and so on. Those of the items of a list follow it: web.schedules, web.schedules[].name.
func Keys() []string {
	var keys []string
	fields.Walk(reflect.TypeFor[Settings](), func(key string, _ fields.Field) { keys = append(keys, key) })
	return keys
}

// sections returns the keys at the top.
func sections() []string {
	return slices.DeleteFunc(Keys(), func(key string) bool { return strings.Contains(key, ".") })
}
