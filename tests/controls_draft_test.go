package tests

import (
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"testing"

	"ha-web/internal/offline"

	"github.com/stretchr/testify/require"
)

// Controls are proven by what they find: each has a change of a recorded plan that it finds, and no other control does.

// fullStack is a production stack with everything there is to turn on.
var fullStack = []string{"-file", "tests/testdata/Pulumi.full.yaml"}

// fullPlan is its plan, made once.
var fullPlan struct {
	sync.Once
	json string
}

// edited returns the full plan after a change.
func edited(t *testing.T, change func(*draft)) *offline.Recording {
	t.Helper()
	fullPlan.Do(func() {
		fullPlan.json, _, _ = run(t, project, append([]string{"plan", "-format", "json"}, fullStack...)...)
	})
	draft := &draft{t: t}
	require.NoError(t, json.Unmarshal([]byte(fullPlan.json), &draft.recording))
	change(draft)
	return draft.recording
}

// asItIs changes nothing.
func asItIs(*draft) {}

// draft is a recording to change.
type draft struct {
	t         *testing.T
	recording *offline.Recording
	leaveOut  bool // properties, in place of giving them another value
}

func (d *draft) find(kind, name string) *offline.Resource {
	d.t.Helper()
	for i := range d.recording.Resources {
		if each := &d.recording.Resources[i]; each.Type == kind && each.Name == name {
			return each
		}
	}
	require.Failf(d.t, "not in the plan", "%s::%s", kind, name)
	return nil
}

// set gives a property of a resource, by its path, another value; nil takes it out. What is in a list is the first item.
func (d *draft) set(kind, name, path string, value any) {
	d.t.Helper()
	inputs := d.find(kind, name).Inputs
	steps := strings.Split(path, ".")
	for _, step := range steps[:len(steps)-1] {
		inner := inputs[step]
		if list, isList := inner.([]any); isList {
			require.NotEmpty(d.t, list, path)
			inner = list[0]
		}
		fields, isMap := inner.(map[string]any)
		require.True(d.t, isMap, "%s of %s: no %s", path, name, step)
		inputs = fields
	}
	last := steps[len(steps)-1]
	if d.leaveOut {
		delete(inputs, last)
		return
	}
	if value == nil {
		require.Contains(d.t, inputs, last, path)
		delete(inputs, last)
		return
	}
	require.NotEqual(d.t, value, inputs[last], path)
	inputs[last] = value
}

// drop takes resources out: those of a type whose name begins so.
func (d *draft) drop(kind, prefix string) {
	d.t.Helper()
	before := len(d.recording.Resources)
	d.recording.Resources = slices.DeleteFunc(d.recording.Resources, func(r offline.Resource) bool {
		return r.Type == kind && strings.HasPrefix(r.Name, prefix)
	})
	require.Less(d.t, len(d.recording.Resources), before, "%s::%s is not in the plan", kind, prefix)
}

func (d *draft) add(kind, name string, inputs map[string]any) {
	d.recording.Resources = append(d.recording.Resources, offline.Resource{Type: kind, Name: name, Custom: true, Inputs: inputs})
}

// allow adds a statement to a policy.
func (d *draft) allow(kind, name, property string, statement map[string]any) {
	d.t.Helper()
	inputs := d.find(kind, name).Inputs
	var policy map[string]any
	require.NoError(d.t, json.Unmarshal([]byte(inputs[property].(string)), &policy))
	statement["Effect"] = "Allow"
	policy["Statement"] = append(policy["Statement"].([]any), statement)
	inputs[property] = policyOf(d.t, policy)
}

func policyOf(t *testing.T, policy any) string {
	t.Helper()
	text, err := json.Marshal(policy)
	require.NoError(t, err)
	return string(text)
}

// everyone is a statement that lets everyone in.
func everyone(action string) map[string]any {
	return map[string]any{"Sid": "Everyone", "Action": []any{action}, "Resource": []any{"*"}, "Principal": map[string]any{"AWS": "*"}}
}
