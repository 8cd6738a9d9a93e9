//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"ha-web/tests/deployed"

	"github.com/stretchr/testify/require"
)

// TestProgramIsBuiltWhenItChanges checks that Pulumi, with the options of Pulumi.yaml, keeps a program that it has built, and
// never runs it when the source is newer. The program here is a small one: what counts is which of them runs.
func TestProgramIsBuiltWhenItChanges(t *testing.T) {
	t.Parallel()
	suite.NeedPulumi(t)
	ctx := suite.Context(t)
	folder := t.TempDir()
	write := func(name, content string) {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(content), 0o600))
	}
	options, err := os.ReadFile(filepath.Join(suite.Project, "Pulumi.yaml"))
	require.NoError(t, err)
	write("Pulumi.yaml", string(options))
	write("go.mod", "module ha-web\n\ngo 1.26\n")
	source := func(says string) {
		write("main.go", fmt.Sprintf("package main\n\nimport \"os\"\n\nfunc main() {\n\tos.Stderr.WriteString(%q)\n\tos.Exit(1)\n}\n", says))
	}
	source("the program of yesterday\n")
	stack := deployed.NewStack(ctx, t, "dev", folder, t.TempDir(), "http://127.0.0.1:1")
	preview := func(want string) os.FileInfo {
		_, err := stack.Preview(ctx)
		require.ErrorContains(t, err, want)
		built, err := os.Stat(filepath.Join(folder, "ha-web"))
		require.NoError(t, err)
		return built
	}

	first := preview("the program of yesterday")
	require.True(t, os.SameFile(first, preview("the program of yesterday")), "it was linked again")
	source("the program of today\n")
	preview("the program of today")
}
