//go:build e2e

package e2e

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"ha-web/tests/deployed"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/urn"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// updateInPlace changes a setting, and checks that no resource is created, replaced or deleted for it, and that none changes but
// these: what else would is something that the update before left unfinished, or that is never finished.
func (d *deployment) updateInPlace(ctx context.Context, t *testing.T, path, value string, resources ...string) {
	t.Helper()
	d.Set(ctx, t, path, value)
	result, err := d.TryUpdate(ctx, t, "update of "+path)
	require.NoError(t, err)
	require.NotEmpty(t, result.Steps)
	assert.ElementsMatch(t, resources, changed(result), "what changes with %s", path)
}

// changed returns the resources of AWS that are not left as they are, by type and name, and what is done with those that are not
// updated. Components change with their settings, which is a matter of the state alone.
func changed(result deployed.Result) []string {
	var list []string
	for _, step := range result.Steps {
		if !strings.HasPrefix(step.Type, "aws:") {
			continue
		}
		name := urn.URN(step.URN).Type().Name().String() + " " + urn.URN(step.URN).Name()
		switch step.Op {
		case apitype.OpSame, apitype.OpRead, apitype.OpRefresh:
		case apitype.OpUpdate:
			list = append(list, name)
		default:
			list = append(list, string(step.Op)+" of "+name)
		}
	}
	return list
}

// readBack reads the one resource of a type back, as the deploy workflow does.
func (d *deployment) readBack(ctx context.Context, t *testing.T, kind string) {
	t.Helper()
	resources := d.Resources(t)
	i := slices.IndexFunc(resources, func(each deployed.Resource) bool { return each.Type == kind })
	require.GreaterOrEqual(t, i, 0, "there is no %s", kind)
	_, err := d.Run(ctx, t, "refresh of "+kind, "refresh", "--yes", "--skip-preview", "--target", resources[i].URN)
	require.NoError(t, err)
}

func (d *deployment) destroy(ctx context.Context, t *testing.T) {
	t.Helper()
	require.NoError(t, d.tryDestroy(ctx, t, "destroy"))
}

func (d *deployment) tryDestroy(ctx context.Context, t *testing.T, step string) error {
	t.Helper()
	_, err := d.Run(ctx, t, step, "destroy", "--yes", "--skip-preview", "--suppress-progress")
	return err
}

// expectNoChanges checks that a preview finds nothing to do, and returns what it prints.
func (d *deployment) expectNoChanges(ctx context.Context, t *testing.T, options ...string) string {
	t.Helper()
	step := strings.Join(append([]string{"preview"}, options...), " ")
	result, err := d.Run(ctx, t, step, append([]string{"preview", "--diff"}, options...)...)
	require.NoError(t, err)
	requireNoChanges(t, result)
	return result.Text
}

// expectNoDrift reads everything back from AWS into the state, and checks that an update then finds nothing to do.
func (d *deployment) expectNoDrift(ctx context.Context, t *testing.T) {
	t.Helper()
	result, err := d.TryUpdate(ctx, t, "refresh and update", "--refresh", "--diff")
	require.NoError(t, err)
	requireNoChanges(t, result)
}

func requireNoChanges(t *testing.T, result deployed.Result) {
	t.Helper()
	require.Greater(t, len(result.Steps), 150)
	for _, step := range result.Steps {
		if step.Op != apitype.OpSame && step.Op != apitype.OpRead && step.Op != apitype.OpRefresh {
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
