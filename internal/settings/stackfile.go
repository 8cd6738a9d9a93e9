package settings

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// StackFile is the config of a stack file, Pulumi.<stack>.yaml, without the engine that usually reads it.
type StackFile struct {
	project string
	values  map[string]any // by full key
	secret  []string       // keys with an encrypted value somewhere inside
}

// sealed stands for a value that only the stack's own key opens.
const sealed = "[secret]"

// ReadProject returns the name of the project that lies in a directory.
func ReadProject(dir string) (string, error) {
	var project struct {
		Name string `yaml:"name"`
	}
	path := filepath.Join(dir, "Pulumi.yaml")
	content, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("run this where the project is: %w", err)
	}
	if err := yaml.Unmarshal(content, &project); err != nil {
		return "", fmt.Errorf("%s: %w", path, err)
	}
	if project.Name == "" {
		return "", fmt.Errorf("%s: name: is required", path)
	}
	return project.Name, nil
}

// ReadStackFile reads a stack file of the project.
func ReadStackFile(project, path string) (*StackFile, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("no stack file: %w", err)
	}
	file, err := parseStackFile(project, content)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return file, nil
}

func parseStackFile(project string, content []byte) (*StackFile, error) {
	var parsed struct {
		Config map[string]any `yaml:"config"`
	}
	if err := yaml.Unmarshal(content, &parsed); err != nil {
		return nil, err
	}
	file := &StackFile{project: project, values: map[string]any{}}
	for key, value := range parsed.Config {
		value, secret, err := engineValue(value)
		if err != nil {
			return nil, fmt.Errorf("config: %s: %w", key, err)
		}
		file.values[key] = value
		if secret {
			file.secret = append(file.secret, key)
		}
	}
	slices.Sort(file.secret)
	return file, nil
}

// engineValue returns what the engine makes of a YAML value, and whether any of it is encrypted.
func engineValue(value any) (_ any, secret bool, _ error) {
	switch value := value.(type) {
	case time.Time: // a date without quotes
		return value.String(), false, nil
	case map[any]any:
		return nil, false, fmt.Errorf("keys must be text, got %v", value)
	case []any:
		list := make([]any, len(value))
		for i, item := range value {
			each, sealed, err := engineValue(item)
			if err != nil {
				return nil, false, err
			}
			list[i], secret = each, secret || sealed
		}
		return list, secret, nil
	case map[string]any:
		if _, encrypted := value["secure"]; encrypted && len(value) == 1 {
			return sealed, true, nil
		}
		values := map[string]any{}
		for key, item := range value {
			each, sealed, err := engineValue(item)
			if err != nil {
				return nil, false, err
			}
			values[key], secret = each, secret || sealed
		}
		return values, secret, nil
	}
	return value, false, nil
}

// Set overrides one value. The assignment is path=value: the path is relative to the project's namespace, such as
// network.natGateways, unless it names another (aws:region), and the value is YAML.
func (f *StackFile) Set(assignment string) error {
	path, text, found := strings.Cut(assignment, "=")
	if !found || path == "" {
		return fmt.Errorf("%s: must be path=value, such as network.natGateways=single", assignment)
	}
	var parsed any = ""
	if err := yaml.Unmarshal([]byte(text), &parsed); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	set, _, err := engineValue(parsed)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if strings.Contains(path, ":") {
		f.values[path] = set
		return nil
	}
	steps := strings.Split(path, ".")
	steps[0] = f.project + ":" + steps[0]
	values := f.values
	for _, step := range steps[:len(steps)-1] {
		next, isMap := values[step].(map[string]any)
		if values[step] != nil && !isMap {
			return fmt.Errorf("%s: cannot be set, %s is not a map", path, step)
		}
		if next == nil {
			next = map[string]any{}
			values[step] = next
		}
		values = next
	}
	values[steps[len(steps)-1]] = set
	return nil
}

// Config returns full keys and values as the engine passes them to a program, and the keys whose values are secret.
func (f *StackFile) Config() (config map[string]string, secret []string, _ error) {
	config = map[string]string{}
	var faults []error
	for key, value := range f.values {
		switch value := value.(type) {
		case nil:
		case string:
			config[key] = value
		default:
			text, err := json.Marshal(value)
			if err != nil {
				faults = append(faults, fmt.Errorf("%s: %w", key, err))
				continue
			}
			config[key] = string(text)
		}
	}
	return config, f.secret, errors.Join(faults...)
}
