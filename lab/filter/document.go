package filter

import (
	"encoding/json"
	"fmt"
	"strings"
)

// document is a plan, as plan -format json prints it, as far as this package reads it.
type document struct {
	Project   string     `json:"project"`
	Resources []resource `json:"resources"`
}

type resource struct {
	Type   string          `json:"type"`
	Name   string          `json:"name"`
	Inputs json.RawMessage `json:"inputs"`
}

func parse(text []byte) (*document, error) {
	var d document
	if err := json.Unmarshal(text, &d); err != nil {
		return nil, fmt.Errorf("not a plan: %w", err)
	}
	if d.Project == "" || len(d.Resources) == 0 {
		return nil, fmt.Errorf("not a plan: it has no project or no resources")
	}
	return &d, nil
}

// of calls a function with the name and the inputs of each resource of a type.
func of[T any](d *document, token string, read func(name string, inputs T) error) error {
	for _, each := range d.Resources {
		if each.Type != token {
			continue
		}
		var inputs T
		if err := json.Unmarshal(each.Inputs, &inputs); err != nil {
			return fmt.Errorf("%s %s: %w", token, each.Name, err)
		}
		if err := read(each.Name, inputs); err != nil {
			return fmt.Errorf("%s %s: %w", token, each.Name, err)
		}
	}
	return nil
}

// short returns a resource's name without the project's: app for ha-web-app.
func (d *document) short(name string) string { return strings.TrimPrefix(name, d.Project+"-") }

// named returns the name of the resource that has an ID. Plans make IDs of names: package offline.
func named(id string) string { return strings.TrimSuffix(id, "_id") }

// identifier makes a name one of nft, which has no hyphens in it.
func identifier(name string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, name)
}

// comment names the resource that a rule of nft comes from. Comments end at 128 characters, and cannot quote.
func comment(name string) string {
	name = strings.ReplaceAll(name, `"`, "'")
	return fmt.Sprintf(`comment "%.120s"`, name)
}
