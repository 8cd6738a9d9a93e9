//go:build e2e || lab

package deployed

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/stretchr/testify/require"
)

// Result is what a run of Pulumi says.
type Result struct {
	Text    string                      // what it printed
	Steps   []apitype.StepEventMetadata // of resources, in the order in which they began
	Changes map[apitype.OpType]int      // how many resources it did what with
}

// Run runs Pulumi on the stack, as a step of the test which has this name where progress is shown. The Automation API would run it
// another three times after each update, for outputs and history.
func (s *Stack) Run(ctx context.Context, t testing.TB, step string, args ...string) (Result, error) {
	t.Helper()
	log := filepath.Join(t.TempDir(), "events")
	args = append(args, "--stack", s.Name, "--event-log", log)
	environment := []string{"PULUMI_DEBUG_COMMANDS=true"} // has the option --event-log
	for name, value := range s.Workspace().GetEnvVars() {
		environment = append(environment, name+"="+value)
	}
	started := time.Now()
	out := &prefixed{prefix: s.test}
	fmt.Fprintf(out, "== %s, %s\n", step, started.Format(time.TimeOnly))
	printed, complaints, _, err := s.Workspace().PulumiCommand().Run(ctx, s.Workspace().WorkDir(), nil, []io.Writer{out}, nil, environment, args...)
	took := time.Since(started).Seconds()
	fmt.Fprintf(out, "== %s: %.1f s\n", step, took)
	if err != nil {
		err = fmt.Errorf("pulumi %s: %w\n%s%s", args[0], err, printed, complaints)
	}
	events, unreadable := readEvents(log)
	if err == nil {
		err = unreadable
	}
	result := Result{Text: printed}
	for _, event := range events {
		switch {
		case event.ResourcePreEvent != nil:
			result.Steps = append(result.Steps, event.ResourcePreEvent.Metadata)
		case event.SummaryEvent != nil:
			result.Changes = event.SummaryEvent.ResourceChanges
		}
	}
	t.Logf("%s: %.1f s, %v, of which %s", step, took, result.Changes, slowest(events, 5))
	return result, err
}

// readEvents reads what Pulumi tells of each resource.
func readEvents(path string) ([]apitype.EngineEvent, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	var events []apitype.EngineEvent
	for decoder := json.NewDecoder(file); ; {
		var event apitype.EngineEvent
		switch err := decoder.Decode(&event); err {
		case nil:
			events = append(events, event)
		case io.EOF:
			return events, nil
		default:
			return events, fmt.Errorf("reading what Pulumi did: %w", err)
		}
	}
}

// Update runs pulumi up, which must succeed, and returns the outputs of the stack.
func (s *Stack) Update(ctx context.Context, t testing.TB) auto.OutputMap {
	t.Helper()
	_, err := s.TryUpdate(ctx, t, "up")
	require.NoError(t, err)
	return s.CurrentOutputs(t)
}

// TryUpdate runs pulumi up without a preview, with more options where they are given.
func (s *Stack) TryUpdate(ctx context.Context, t testing.TB, step string, options ...string) (Result, error) {
	t.Helper()
	return s.Run(ctx, t, step, append([]string{"up", "--yes", "--skip-preview", "--suppress-progress"}, options...)...)
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
