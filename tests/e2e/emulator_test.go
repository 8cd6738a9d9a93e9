//go:build e2e

package e2e

import (
	"maps"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// What follows is all that the emulator is forgiven.

// corrections returns the folder of what is put right in the emulator itself: files that it loads when it starts.
func corrections(t *testing.T) string {
	t.Helper()
	folder, err := filepath.Abs("corrections")
	require.NoError(t, err)
	return folder
}

const awsxPlugin = "pulumi-resource-awsx"

// hasRepository reports whether stacks have the image repository, the one thing that they may go without: it comes from
// awsx, whose plugin is not to be had where plugins cannot be downloaded.
func hasRepository() bool {
	_, err := exec.LookPath(awsxPlugin)
	return err == nil
}

// localEndpoint is where Pulumi.local.yaml expects the emulator.
const localEndpoint = "http://127.0.0.1:5811"

// pointAtEmulator gives the copy's stack file the provider settings of the local stack, which lead to the emulator.
func (d *deployment) pointAtEmulator(t *testing.T) {
	t.Helper()
	local := section(readYAML(t, filepath.Join(d.folder, "Pulumi.local.yaml")), "config")
	maps.DeleteFunc(local, func(key string, _ any) bool { return !strings.HasPrefix(key, "aws:") })
	require.Equal(t, localEndpoint, local["aws:endpoints"].([]any)[0].(map[string]any)["acm"])
	editYAML(t, filepath.Join(d.folder, "Pulumi."+d.name+".yaml"), func(file map[string]any) {
		config := section(file, "config")
		maps.Copy(config, local)
		services := map[string]any{}
		for service := range local["aws:endpoints"].([]any)[0].(map[string]any) {
			services[service] = d.emulator
		}
		config["aws:endpoints"] = []any{services}
		if !hasRepository() {
			section(config, "delivery")["repository"] = map[string]any{"enabled": false}
		}
	})
}

// section returns a map in another, created where it is not there.
func section(file map[string]any, name string) map[string]any {
	found, _ := file[name].(map[string]any)
	if found == nil {
		found = map[string]any{}
		file[name] = found
	}
	return found
}
