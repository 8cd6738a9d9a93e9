//go:build e2e

package e2e

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"ha-web/tests/deployed"

	"github.com/pulumi/pulumi/sdk/v3/go/auto/optpreview"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestNewProject makes a project of another name out of this repository, and previews the shipped stacks as they are.
func TestNewProject(t *testing.T) {
	t.Parallel()
	ctx, d := prepare(t, "dev")
	d.PointAtEmulator(t, "prod")
	createHostedZone(ctx, t, d.aws, "example.edu")
	folder := d.newProject(ctx, t, "campus")
	for _, name := range []string{"dev", "prod"} {
		stack := deployed.NewStack(ctx, t, name, folder, d.State, d.Emulator)
		var printed strings.Builder
		_, err := stack.Preview(ctx, optpreview.ProgressStreams(&printed))
		require.NoError(t, err)
		assert.Regexp(t, `ha-web:index:WebTier +campus +create`, printed.String(), name)
		assert.Regexp(t, `aws:ec2:Vpc +campus-vpc +create`, printed.String(), name)
	}
}

// newProject returns the folder of a new project, which pulumi new makes from the copy.
func (d *deployment) newProject(ctx context.Context, t *testing.T, name string) string {
	t.Helper()
	folder := filepath.Join(t.TempDir(), name)
	command := exec.CommandContext(ctx, "pulumi", "new", d.Folder, "--dir", folder, "--name", name, "--description", "Renamed",
		"--generate-only", "--yes")
	command.Env = append(os.Environ(), "PULUMI_BACKEND_URL=file://"+d.State, "PULUMI_CONFIG_PASSPHRASE="+deployed.Passphrase)
	printed, err := command.CombinedOutput()
	require.NoError(t, err, string(printed))
	file := deployed.ReadYAML(t, filepath.Join(folder, "Pulumi.yaml"))
	assert.Equal(t, name, file["name"])
	assert.NotContains(t, file, "template", "it is a project, and no template")
	return folder
}
