//go:build e2e || lab

package deployed

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/config"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/cmdutil"
	"github.com/pulumi/pulumi/sdk/v3/go/common/workspace"
	"github.com/stretchr/testify/require"
)

// Set changes a setting, as pulumi config set --path does, which would take a second for each.
func (s *Stack) Set(_ context.Context, t testing.TB, path, value string) {
	t.Helper()
	s.editConfig(t, path, func(settings config.Map, key config.Key) error {
		return settings.Set(key, config.NewTypedValue(value, config.TypeUnknown), true)
	})
}

// Unset removes a setting, as pulumi config rm --path does.
func (s *Stack) Unset(_ context.Context, t testing.TB, path string) {
	t.Helper()
	s.editConfig(t, path, func(settings config.Map, key config.Key) error { return settings.Remove(key, true) })
}

// SetSecret changes a setting which is encrypted in the stack file.
func (s *Stack) SetSecret(ctx context.Context, t testing.TB, path, value string) {
	t.Helper()
	require.NoError(t, s.SetConfigWithOptions(ctx, path, auto.ConfigValue{Value: value, Secret: true}, &auto.ConfigOptions{Path: true}))
}

// editConfig edits the stack file with what the Pulumi CLI edits it with.
func (s *Stack) editConfig(t testing.TB, path string, edit func(config.Map, config.Key) error) {
	t.Helper()
	project, err := workspace.LoadProject(filepath.Join(s.Folder, "Pulumi.yaml"))
	require.NoError(t, err)
	stack, err := workspace.LoadProjectStack(cmdutil.Diag(), project, s.file(s.Name))
	require.NoError(t, err)
	require.NoError(t, edit(stack.Config, config.MustMakeKey(project.Name.String(), path)), path)
	require.NoError(t, stack.Save(s.file(s.Name)))
}
