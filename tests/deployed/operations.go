//go:build e2e || lab

package deployed

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optup"
	"github.com/stretchr/testify/require"
)

// Set changes a setting, as pulumi config set --path does.
func (s *Stack) Set(ctx context.Context, t testing.TB, path, value string) {
	t.Helper()
	require.NoError(t, s.SetConfigWithOptions(ctx, path, auto.ConfigValue{Value: value}, &auto.ConfigOptions{Path: true}))
}

// SetSecret changes a setting which is encrypted in the stack file, as pulumi config set --path --secret does.
func (s *Stack) SetSecret(ctx context.Context, t testing.TB, path, value string) {
	t.Helper()
	require.NoError(t, s.SetConfigWithOptions(ctx, path, auto.ConfigValue{Value: value, Secret: true}, &auto.ConfigOptions{Path: true}))
}

// Unset removes a setting, as pulumi config rm --path does.
func (s *Stack) Unset(ctx context.Context, t testing.TB, path string) {
	t.Helper()
	require.NoError(t, s.RemoveConfigWithOptions(ctx, path, &auto.ConfigOptions{Path: true}))
}

// Update runs pulumi up, which must succeed, and returns the outputs of the stack.
func (s *Stack) Update(ctx context.Context, t testing.TB) auto.OutputMap {
	t.Helper()
	result, err := s.TryUpdate(ctx, t, "up")
	require.NoError(t, err)
	return result.Outputs
}

// TryUpdate runs pulumi up, as a step of the test which has this name where progress is shown.
func (s *Stack) TryUpdate(ctx context.Context, t testing.TB, step string) (auto.UpResult, error) {
	t.Helper()
	out, stream, done := s.Progress(t, step)
	result, err := s.Up(ctx, optup.ProgressStreams(out), optup.SuppressProgress(), optup.EventStreams(stream))
	done()
	if changes := result.Summary.ResourceChanges; changes != nil {
		t.Logf("resources: %v", *changes)
	}
	return result, err
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

// VerifyCommand returns a run of verify against the emulator, which has the outputs of the stack on its standard input, as in the pipeline.
func (s *Stack) VerifyCommand(ctx context.Context, t testing.TB, outputs auto.OutputMap, args ...string) *exec.Cmd {
	t.Helper()
	command, err := s.suite.Verify()
	require.NoError(t, err)
	process := exec.CommandContext(ctx, command, args...)
	process.Stdin = bytes.NewReader(OutputsJSON(t, outputs))
	process.Env = append(os.Environ(), "AWS_ENDPOINT_URL="+s.Emulator, "AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test")
	return process
}
