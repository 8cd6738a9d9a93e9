package settings

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"ha-web/internal/validate"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"go.yaml.in/yaml/v3"
)

// StackFile is the config of a stack file, Pulumi.<stack>.yaml, without the engine that usually reads it.
type StackFile struct {
	project string
	values  map[string]any // by full key
	secret  []string       // keys with an encrypted value somewhere inside
	notes   []string
}

// Notes returns what a person should know about the file that the engine would read and an offline plan cannot.
func (f *StackFile) Notes() []string { return f.notes }

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
		return nil, noStackFile(path, err)
	}
	file, err := parseStackFile(project, content)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return file, nil
}

// noStackFile says which stack files there are beside one that cannot be read.
func noStackFile(path string, err error) error {
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	found, _ := filepath.Glob(filepath.Join(filepath.Dir(path), "Pulumi.*.yaml"))
	if len(found) == 0 {
		return fmt.Errorf("there is no stack file %s", path)
	}
	for i, each := range found {
		found[i] = strings.TrimSuffix(strings.TrimPrefix(filepath.Base(each), "Pulumi."), ".yaml")
	}
	return fmt.Errorf("there is no stack file %s: the stacks here are %s", path, strings.Join(found, ", "))
}

func parseStackFile(project string, content []byte) (*StackFile, error) {
	var parsed map[string]yaml.Node
	if err := yaml.Unmarshal(content, &parsed); err != nil {
		return nil, err
	}
	var faults validate.Faults
	checkTopLevel(slices.Sorted(maps.Keys(parsed)), &faults)
	config, err := configOf(parsed["config"])
	if err != nil {
		return nil, err
	}
	file := &StackFile{project: project, values: map[string]any{}}
	for _, key := range slices.Sorted(maps.Keys(config)) {
		full := file.fullKey(key)
		if _, twice := file.values[full]; twice {
			faults.Add(key, "is set twice, with and without its namespace: keep one of %s and %s", strings.TrimPrefix(full, project+":"), full)
		}
		value, secret, err := engineValue(config[key])
		if err != nil {
			return nil, fmt.Errorf("config: %s: %w", key, err)
		}
		file.values[full] = value
		if secret {
			file.secret = append(file.secret, full)
		}
	}
	slices.Sort(file.secret)
	if _, found := parsed["environment"]; found {
		file.notes = append(file.notes, "environment: an offline plan does not open Pulumi ESC environments: their config values are missing here, "+
			"and pulumi preview has them")
	}
	return file, faults.Err()
}

// configOf returns the config section of a stack file, which may be empty.
func configOf(node yaml.Node) (map[string]any, error) {
	if node.Kind != 0 && node.Kind != yaml.MappingNode && node.Tag != "!!null" {
		return nil, fmt.Errorf("config: must be a map of keys and values, line %d", node.Line)
	}
	var config map[string]any
	return config, node.Decode(&config)
}

// topLevel are the keys of a stack file (Pulumi docs, "Stack settings file reference").
var topLevel = []string{"config", "encryptedkey", "encryptionsalt", "environment", "secretsprovider"}

// checkTopLevel records keys that Pulumi would pass over in silence.
func checkTopLevel(keys []string, faults *validate.Faults) {
	for _, key := range keys {
		_, name, _ := cutNamespace(key)
		switch {
		case slices.Contains(topLevel, key):
		case slices.Contains(sections(), name):
			faults.Add(key, "belongs under config")
		default:
			faults.Add(key, "is not a key of stack files%s", suggestion(key, topLevel, ""))
		}
	}
}

// fullKey returns a key with its namespace: one without is in the project's (Pulumi docs, "Configuration").
func (f *StackFile) fullKey(key string) string {
	if strings.Contains(key, ":") {
		return key
	}
	return f.project + ":" + key
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

// Set overrides one value. The assignment is path=value: the path is that of pulumi config set --path, such as
// network.natGateways or network.availabilityZones[0], with or without the project's namespace, and the value is YAML.
func (f *StackFile) Set(assignment string) error {
	path, text, found := strings.Cut(assignment, "=")
	if !found || path == "" {
		return fmt.Errorf("%s: must be path=value, such as network.natGateways=single", assignment)
	}
	var parsed any = ""
	if err := yaml.Unmarshal([]byte(text), &parsed); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	set, secret, err := engineValue(parsed)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	namespace, rest, given := strings.Cut(path, ":")
	if !given {
		namespace, rest = f.project, path
	}
	steps, err := resource.ParsePropertyPath(rest)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	first, isKey := steps[0].(string)
	if !isKey {
		return fmt.Errorf("%s: must begin with a key, such as network", path)
	}
	steps[0] = namespace + ":" + first
	if secret && !slices.Contains(f.secret, namespace+":"+first) {
		f.secret = append(f.secret, namespace+":"+first)
	}
	return setAt(f.values, steps, path, set)
}

// setAt sets the value at these steps of a map, each a key, or a position of a list.
func setAt(values map[string]any, steps resource.PropertyPath, path string, value any) error {
	key, isKey := steps[0].(string)
	if !isKey {
		return fmt.Errorf("%s: cannot be set, there is a map where it has a position of a list", path)
	}
	changed, err := changedAt(values[key], steps[1:], path, value)
	if err != nil {
		return err
	}
	values[key] = changed
	return nil
}

// changedAt returns what a value becomes when another one is set at these steps of it.
func changedAt(old any, steps resource.PropertyPath, path string, value any) (any, error) {
	if len(steps) == 0 {
		return value, nil
	}
	if position, isPosition := steps[0].(int); isPosition {
		list, isList := old.([]any)
		if old != nil && !isList || position < 0 || position > len(list) {
			return nil, fmt.Errorf("%s: cannot be set, there is no list with a place %d", path, position)
		}
		if position == len(list) {
			list = append(list, nil)
		}
		changed, err := changedAt(list[position], steps[1:], path, value)
		list[position] = changed
		return list, err
	}
	fields, isMap := old.(map[string]any)
	if old != nil && !isMap {
		return nil, fmt.Errorf("%s: cannot be set, what is before %v is not a map", path, steps[0])
	}
	if fields == nil {
		fields = map[string]any{}
	}
	return fields, setAt(fields, steps, path, value)
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
