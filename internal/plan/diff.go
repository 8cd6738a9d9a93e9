package plan

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"reflect"
	"slices"
	"strings"

	"ha-web/internal/offline"
)

// change is what became of one resource, or of the outputs.
type change struct {
	mark       string // + added, - removed, ~ changed
	key        string
	properties []property
}

type property struct {
	path          string
	before, after any // nil: not there
}

// WriteDiff writes what it takes to get from one recording to another, property by property, and reports whether that
// is anything at all.
func WriteDiff(out io.Writer, before, after *offline.Recording) (differs bool, err error) {
	changes := compare(before, after)
	counts := map[string]int{}
	var text strings.Builder
	for _, change := range changes {
		if change.key != outputsKey {
			counts[change.mark]++
		}
		change.write(&text)
	}
	if len(changes) == 0 {
		text.WriteString("no difference\n")
	} else {
		fmt.Fprintf(&text, "\n%d added, %d removed, %d changed\n", counts["+"], counts["-"], counts["~"])
	}
	_, err = io.WriteString(out, text.String())
	return len(changes) > 0, err
}

const outputsKey = "outputs"

// compare returns the changes in the order of their keys, those of the outputs last.
func compare(before, after *offline.Recording) []change {
	old, now := byKey(before), byKey(after)
	var changes []change
	for _, key := range keysOf(old, now) {
		change := change{mark: "~", key: key, properties: properties(old[key], now[key])}
		switch {
		case old[key] == nil:
			change.mark, change.properties = "+", slices.DeleteFunc(change.properties, unset)
		case now[key] == nil:
			change.mark, change.properties = "-", slices.DeleteFunc(change.properties, unset)
		case len(change.properties) == 0:
			continue
		}
		changes = append(changes, change)
	}
	if outputs := properties(before.Outputs, after.Outputs); len(outputs) > 0 {
		changes = append(changes, change{mark: "~", key: outputsKey, properties: outputs})
	}
	return changes
}

// unset reports whether a property of a new or an old resource goes without saying: an option that is not in use.
func unset(property property) bool {
	switch value := cmp.Or(property.before, property.after).(type) {
	case bool:
		return !value
	case string:
		return value == ""
	case []any:
		return len(value) == 0
	}
	return false
}

// byKey returns the resources of a recording as JSON objects, without what their key already says.
func byKey(recording *offline.Recording) map[string]map[string]any {
	resources := map[string]map[string]any{}
	for _, resource := range recording.Resources {
		encoded, err := json.Marshal(resource)
		if err != nil {
			panic(err) // a recording holds JSON values only
		}
		var object map[string]any
		if err := json.Unmarshal(encoded, &object); err != nil {
			panic(err)
		}
		delete(object, "type")
		delete(object, "name")
		delete(object, "custom")
		inputs, _ := object["inputs"].(map[string]any)
		delete(object, "inputs")
		for name, value := range inputs {
			object["inputs."+name] = value
		}
		resources[resource.Key()] = object
	}
	return resources
}

// properties returns the properties in which two objects differ, in order.
func properties(before, after map[string]any) []property {
	var differing []property
	for _, name := range keysOf(before, after) {
		differing = append(differing, differences(name, before[name], after[name])...)
	}
	return differing
}

// differences returns in what two values at a path differ: the innermost parts of maps, of lists of one length, and of JSON
// in texts, such as policies and dashboards.
func differences(path string, before, after any) []property {
	if reflect.DeepEqual(before, after) {
		return nil
	}
	before, after = document(before, after)
	var differing []property
	switch old := before.(type) {
	case map[string]any:
		if now, both := after.(map[string]any); both {
			for _, inner := range properties(old, now) {
				inner.path = path + "." + inner.path
				differing = append(differing, inner)
			}
			return differing
		}
	case []any:
		now, both := after.([]any)
		switch {
		case both && len(now) == len(old):
			for i := range old {
				differing = append(differing, differences(fmt.Sprintf("%s[%d]", path, i), old[i], now[i])...)
			}
			return differing
		case both && path == "dependsOn": // hundreds of names
			return members(path, old, now)
		}
	}
	return []property{{path, before, after}}
}

// members returns what one list has and the other has not.
func members(path string, before, after []any) []property {
	var differing []property
	for _, each := range before {
		if !slices.Contains(after, each) {
			differing = append(differing, property{path: path, before: each})
		}
	}
	for _, each := range after {
		if !slices.Contains(before, each) {
			differing = append(differing, property{path: path, after: each})
		}
	}
	return differing
}

// document returns two values as they are, or what they say where both are JSON objects as text.
func document(before, after any) (any, any) {
	parse := func(value any) (object map[string]any) {
		if text, isText := value.(string); isText && strings.HasPrefix(text, "{") {
			_ = json.Unmarshal([]byte(text), &object) // no JSON: no object
		}
		return object
	}
	if old, now := parse(before), parse(after); old != nil && now != nil {
		return old, now
	}
	return before, after
}

// keysOf returns the keys of both maps, sorted, each once.
func keysOf[V any](a, b map[string]V) []string {
	keys := slices.AppendSeq(slices.Collect(maps.Keys(a)), maps.Keys(b))
	slices.Sort(keys)
	return slices.Compact(keys)
}

func (c change) write(text *strings.Builder) {
	fmt.Fprintf(text, "%s %s\n", c.mark, strings.Replace(c.key, "::", " ", 1))
	for _, property := range c.properties {
		switch {
		case property.before == nil:
			fmt.Fprintf(text, "    + %s: %s\n", property.path, encode(property.after))
		case property.after == nil:
			fmt.Fprintf(text, "    - %s: %s\n", property.path, encode(property.before))
		default:
			fmt.Fprintf(text, "    ~ %s: %s -> %s\n", property.path, encode(property.before), encode(property.after))
		}
	}
}

// encode returns a value as JSON on one line.
func encode(value any) string {
	var text strings.Builder
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		panic(err) // a recording holds JSON values only
	}
	return strings.TrimSuffix(text.String(), "\n")
}
