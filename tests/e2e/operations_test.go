//go:build e2e

package e2e

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/auto/events"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optdestroy"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optpreview"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optrefresh"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// updateInPlace changes a setting, and checks that no resource is created, replaced or deleted for it.
func (d *deployment) updateInPlace(ctx context.Context, t *testing.T, path, value string) {
	t.Helper()
	d.Set(ctx, t, path, value)
	result, err := d.TryUpdate(ctx, t, "update of "+path)
	require.NoError(t, err)
	require.NotNil(t, result.Summary.ResourceChanges)
	for kind, count := range *result.Summary.ResourceChanges {
		assert.Contains(t, []string{"same", "update"}, kind, "%d resources", count)
	}
}

// refresh reads everything back from AWS, as the nightly look for drift does.
func (d *deployment) refresh(ctx context.Context, t *testing.T) {
	t.Helper()
	_, stream, done := d.Progress(t, "refresh")
	_, err := d.Refresh(ctx, optrefresh.EventStreams(stream))
	done()
	require.NoError(t, err)
}

// readBack reads the one resource of a type back, as the deploy workflow does.
func (d *deployment) readBack(ctx context.Context, t *testing.T, kind string) {
	t.Helper()
	exported, err := d.Export(ctx)
	require.NoError(t, err)
	var state struct{ Resources []struct{ URN, Type string } }
	require.NoError(t, json.Unmarshal(exported.Deployment, &state))
	for _, each := range state.Resources {
		if each.Type == kind {
			_, err := d.Refresh(ctx, optrefresh.Target([]string{each.URN}))
			require.NoError(t, err)
			return
		}
	}
	require.Fail(t, "there is none", kind)
}

func (d *deployment) destroy(ctx context.Context, t *testing.T) {
	t.Helper()
	out, stream, done := d.Progress(t, "destroy")
	_, err := d.Destroy(ctx, optdestroy.ProgressStreams(out), optdestroy.SuppressProgress(),
		optdestroy.EventStreams(stream))
	done()
	require.NoError(t, err)
}

// expectNoChanges checks that a preview finds nothing to do.
func (d *deployment) expectNoChanges(ctx context.Context, t *testing.T) {
	t.Helper()
	out, slow, done := d.Progress(t, "second preview")
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
	_, err := d.Preview(ctx, optpreview.Diff(), optpreview.ProgressStreams(out),
		optpreview.EventStreams(stream, slow))
	done()
	<-read
	require.NoError(t, err)
	require.NotEmpty(t, steps)
	for _, step := range steps {
		if step.Op != apitype.OpSame && step.Op != apitype.OpRead {
			assert.Fail(t, "there is something to do", "%s of %s, for %v", step.Op, step.URN, step.Diffs)
		}
	}
}

// await looks every second whether something is so, and fails the test where it is not in time.
func await(ctx context.Context, t *testing.T, bound time.Duration, what string, so func() bool) {
	t.Helper()
	for end := time.Now().Add(bound); !so(); {
		require.NoError(t, ctx.Err())
		require.True(t, time.Now().Before(end), "waited %s in vain for %s", bound, what)
		time.Sleep(time.Second)
	}
}
