//go:build e2e || lab

package deployed

import (
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// copyProject copies what Pulumi needs of the project: it writes into stack files.
func copyProject(t testing.TB, project, folder string) {
	t.Helper()
	source := os.DirFS(project)
	require.NoError(t, fs.WalkDir(source, ".", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (path == ".git" || path == "tests" || path == "lab"):
			return fs.SkipDir
		case path == ".git" || path == "ha-web": // the file of a worktree, and what was built from whatever was there then
			return nil
		case entry.IsDir():
			return os.MkdirAll(filepath.Join(folder, path), 0o700)
		}
		content, err := fs.ReadFile(source, path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(folder, path), content, 0o600)
	}))
}

// useBinary has Pulumi run a program that is built already.
func useBinary(t testing.TB, folder, binary string) {
	t.Helper()
	editYAML(t, filepath.Join(folder, "Pulumi.yaml"), func(file map[string]any) {
		file["runtime"] = map[string]any{"name": "go", "options": map[string]any{"binary": binary}}
	})
}

// file returns the path of a stack file of the copy.
func (s *Stack) file(name string) string {
	return filepath.Join(s.Folder, "Pulumi."+name+".yaml")
}

// localEndpoint is where Pulumi.local.yaml expects the emulator.
const localEndpoint = "http://127.0.0.1:5811"

// PointAtEmulator gives a stack file of the copy the provider settings of the local stack, which lead to the emulator.
func (s *Stack) PointAtEmulator(t testing.TB, name string) {
	t.Helper()
	local := section(ReadYAML(t, filepath.Join(s.suite.Project, "Pulumi.local.yaml")), "config")
	maps.DeleteFunc(local, func(key string, _ any) bool { return !strings.HasPrefix(key, "aws:") || key == "aws:region" })
	require.Equal(t, localEndpoint, local["aws:endpoints"].([]any)[0].(map[string]any)["acm"])
	editYAML(t, s.file(name), func(file map[string]any) {
		config := section(file, "config")
		maps.Copy(config, local)
		services := map[string]any{}
		for service := range local["aws:endpoints"].([]any)[0].(map[string]any) {
			services[service] = s.Emulator
		}
		config["aws:endpoints"] = []any{services}
		if !hasRepository() {
			section(config, "delivery")["repository"] = map[string]any{"enabled": false}
		}
	})
}

const awsxPlugin = "pulumi-resource-awsx"

// hasRepository reports whether stacks have the image repository, the one thing that they may go without: it comes from
// awsx, whose plugin is not to be had where plugins cannot be downloaded.
func hasRepository() bool {
	_, err := exec.LookPath(awsxPlugin)
	return err == nil
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

func editYAML(t testing.TB, path string, edit func(file map[string]any)) {
	t.Helper()
	file := ReadYAML(t, path)
	edit(file)
	content, err := yaml.Marshal(file)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, content, 0o600))
}

// ReadYAML reads a file.
func ReadYAML(t testing.TB, path string) map[string]any {
	t.Helper()
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	var file map[string]any
	require.NoError(t, yaml.Unmarshal(content, &file))
	return file
}
