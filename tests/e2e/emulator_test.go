//go:build e2e

package e2e

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/events"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optpreview"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// emulatorFaults are the differences that a second preview may find, because the emulator does not keep what it was told. No
// others are let pass.
var emulatorFaults = []struct {
	kind       string
	properties []string
	why        string
}{
	{"aws:iam/samlProvider:SamlProvider", []string{"tags", "tagsAll"}, "GetSAMLProvider answers without tags"},
}

// expectNoChanges checks that a second preview finds nothing to do, but for the emulator's faults.
func expectNoChanges(ctx context.Context, t *testing.T, stack auto.Stack) {
	t.Helper()
	out, done := progress(t, "second preview")
	stream := make(chan events.EngineEvent)
	var steps []apitype.StepEventMetadata
	read := make(chan struct{})
	go func() {
		defer close(read)
		for event := range stream {
			if event.ResourcePreEvent != nil {
				steps = append(steps, event.ResourcePreEvent.Metadata)
			}
		}
	}()
	_, err := stack.Preview(ctx, optpreview.Diff(), optpreview.ProgressStreams(out), optpreview.EventStreams(stream))
	done()
	<-read
	require.NoError(t, err)
	require.NotEmpty(t, steps)
	for _, step := range steps {
		if step.Op != apitype.OpSame && step.Op != apitype.OpRead {
			assert.True(t, isEmulators(step), "%s of %s, for %v", step.Op, step.URN, step.Diffs)
		}
	}
}

// isEmulators reports whether a step is there for a fault of the emulator, and for nothing else.
func isEmulators(step apitype.StepEventMetadata) bool {
	for _, fault := range emulatorFaults {
		if step.Type == fault.kind && step.Op == apitype.OpUpdate && len(step.Diffs) > 0 {
			return !slices.ContainsFunc(step.Diffs, func(property string) bool {
				top, _, _ := strings.Cut(property, ".")
				return !slices.Contains(fault.properties, top)
			})
		}
	}
	return false
}
