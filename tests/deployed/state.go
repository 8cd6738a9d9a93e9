//go:build e2e || lab

package deployed

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/require"
)

// Resource is an entry of the state.
type Resource struct {
	URN, Type string
	Outputs   map[string]any
}

// Resources returns the state of the stack, with secrets encrypted. What pulumi stack export prints is the same, a second later.
func (s *Stack) Resources(t testing.TB) []Resource {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(s.State, ".pulumi", "stacks", "*", s.Name+".json"))
	require.NoError(t, err)
	require.Len(t, paths, 1, "the state of the stack")
	content, err := os.ReadFile(paths[0])
	require.NoError(t, err)
	var file struct {
		Checkpoint struct {
			Latest struct{ Resources []Resource }
		}
	}
	require.NoError(t, json.Unmarshal(content, &file))
	return file.Checkpoint.Latest.Resources
}

// CurrentOutputs returns the outputs of the stack, which are those of the resource that the stack itself is.
func (s *Stack) CurrentOutputs(t testing.TB) auto.OutputMap {
	t.Helper()
	for _, each := range s.Resources(t) {
		if each.Type == "pulumi:pulumi:Stack" {
			outputs := auto.OutputMap{}
			for name, value := range each.Outputs {
				outputs[name] = auto.OutputValue{Value: value, Secret: isSecret(value)}
			}
			return outputs
		}
	}
	require.Fail(t, "the stack is not in its state")
	return nil
}

// isSecret reports whether a value of the state has something encrypted in it.
func isSecret(value any) bool {
	switch value := value.(type) {
	case map[string]any:
		return value[resource.SigKey] == resource.SecretSig || slices.ContainsFunc(slices.Collect(maps.Values(value)), isSecret)
	case []any:
		return slices.ContainsFunc(value, isSecret)
	}
	return false
}

// OutputsJSON returns outputs as pulumi stack output --json prints them.
func OutputsJSON(t testing.TB, outputs auto.OutputMap) []byte {
	t.Helper()
	values := map[string]any{}
	for name, output := range outputs {
		values[name] = output.Value
	}
	content, err := json.Marshal(values)
	require.NoError(t, err)
	return content
}
