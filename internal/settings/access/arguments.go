package access

import (
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"ha-web/internal/validate"

	"go.yaml.in/yaml/v3"
)

// option is a variable that a playbook declares.
type option struct {
	Type     string
	Required bool
	Choices  []string
}

// argumentFile is the file in which a playbook may declare its variables, such as site.meta.yml beside site.yml (Ansible docs,
// "Play Argument Validation").
func (p *Playbook) argumentFile() string {
	return strings.TrimSuffix(p.Playbook, path.Ext(p.Playbook)) + ".meta.yml"
}

// options returns the variables that the playbook declares, nil where it declares none.
func (p *Playbook) options() (map[string]option, error) {
	var file struct {
		Specs map[string]struct{ Options map[string]option } `yaml:"argument_specs"`
	}
	if err := yaml.Unmarshal([]byte(p.Files[p.argumentFile()]), &file); err != nil {
		return nil, fmt.Errorf("has a file %s that is not an argument specification: %w", p.argumentFile(), err)
	}
	var options map[string]option
	for _, spec := range file.Specs {
		if options == nil {
			options = map[string]option{}
		}
		maps.Copy(options, spec.Options)
	}
	return options, nil
}

// validateVariables compares the variables with those that the playbook declares, or it would fail on the instances.
func (p *Playbook) validateVariables(f validate.Fields) {
	options, err := p.options()
	f.Check(&p.Folder, err)
	if options == nil {
		return
	}
	declared := slices.Sorted(maps.Keys(options))
	for _, name := range declared {
		value, set := p.Variables[name]
		if err := options[name].check(value, set); err != nil {
			f.AddEntry(&p.Variables, name, "%v: %s declares it", err, path.Join(p.Folder, p.argumentFile()))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(p.Variables)) {
		// A playbook may have variables that it does not declare: only a name that is nearly a declared one is taken for a typo.
		if near := validate.Nearest(name, declared, 2); near != "" && near != name && len(name) > 4 {
			f.AddEntry(&p.Variables, name, "is not a variable of the playbook, did you mean %s?", near)
		}
	}
}

// booleans are the texts that Ansible converts to a boolean.
var booleans = []string{"true", "false", "yes", "no", "on", "off", "1", "0", "y", "n", "t", "f"}

// check returns what is wrong with the value of a variable.
func (o option) check(value string, set bool) error {
	_, notInteger := strconv.Atoi(value)
	switch {
	case !set && o.Required:
		return errors.New("is required")
	case !set:
	case len(o.Choices) > 0 && !slices.Contains(o.Choices, value):
		return fmt.Errorf("must be %s, got %q", validate.OneOfText(o.Choices), value)
	case o.Type == "int" && notInteger != nil:
		return fmt.Errorf("must be an integer, got %q", value)
	case o.Type == "bool" && !slices.Contains(booleans, strings.ToLower(value)):
		return fmt.Errorf("must be true or false, got %q", value)
	}
	return nil
}
