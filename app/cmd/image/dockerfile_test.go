package main

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// instructions returns the instructions of the Dockerfile, each on a line, by stage.
func instructions(t *testing.T) (build, final []string) {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(application, "Dockerfile"))
	require.NoError(t, err)
	text := regexp.MustCompile(`(?m)^#.*\n`).ReplaceAllString(string(content), "")
	text = regexp.MustCompile(`\\\n\s*`).ReplaceAllString(text, "")
	before, after, found := strings.Cut(text, "FROM scratch\n")
	require.True(t, found)
	return strings.Split(strings.TrimSpace(before), "\n"), strings.Split(strings.TrimSpace(after), "\n")
}

func TestDockerfileConfiguresTheSameImage(t *testing.T) {
	t.Parallel()
	_, final := instructions(t)
	assert.Equal(t, []string{
		"ARG VERSION=dev",
		"LABEL " + revisionLabel + "=$VERSION",
		"COPY --from=build --chmod=555 /src/app " + entrypoint,
		"USER " + user,
		"EXPOSE " + port,
		`ENTRYPOINT ["` + entrypoint + `"]`,
	}, final)
}

// The command of the Dockerfile runs here on the files that Docker would copy.
func TestDockerfileBuildsTheSameBinary(t *testing.T) {
	t.Parallel()
	build, _ := instructions(t)
	assert.Contains(t, build[0], "FROM --platform=$BUILDPLATFORM golang:", "nothing is emulated")
	for _, each := range []string{"WORKDIR /src", "COPY . .", "ARG TARGETOS", "ARG TARGETARCH", "ARG VERSION=dev"} {
		assert.Contains(t, build, each)
	}
	run, found := strings.CutPrefix(build[len(build)-1], "RUN ")
	require.True(t, found, build)
	run = regexp.MustCompile(`--mount=\S+ *`).ReplaceAllString(run, "")
	folder := dockerContext(t)
	command := exec.CommandContext(t.Context(), "sh", "-c", run)
	command.Dir = folder
	command.Env = append(os.Environ(), "GOFLAGS=", "TARGETOS=linux", "TARGETARCH="+runtime.GOARCH, "VERSION=v1")
	output, err := command.CombinedOutput()
	require.NoError(t, err, string(output))
	got, err := os.ReadFile(filepath.Join(folder, "app"))
	require.NoError(t, err)
	want, err := compile(t.Context(), application, "v1", v1.Platform{OS: "linux", Architecture: runtime.GOARCH}, t.Output())
	require.NoError(t, err)
	assert.True(t, slices.Equal(want, got), "%d and %d bytes", len(want), len(got))
}

// dockerContext returns a copy of the module without what .dockerignore leaves out.
func dockerContext(t *testing.T) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(application, ".dockerignore"))
	require.NoError(t, err)
	patterns := regexp.MustCompile(`(?m)^#.*\n`).ReplaceAllString(string(content), "")
	require.NotContains(t, patterns, "!", "not understood here")
	folder, ignored := t.TempDir(), 0
	require.NoError(t, filepath.WalkDir(application, func(path string, entry fs.DirEntry, err error) error {
		require.NoError(t, err)
		name, err := filepath.Rel(application, path)
		require.NoError(t, err)
		for pattern := range strings.FieldsSeq(patterns) {
			// **/ stands for any folders, so the rest is compared with the last part of the name.
			candidate, compared := strings.TrimPrefix(pattern, "**/"), name
			if candidate != pattern {
				compared = filepath.Base(name)
			}
			if matched, err := filepath.Match(candidate, compared); err != nil || matched {
				require.NoError(t, err)
				ignored++
				if entry.IsDir() {
					return fs.SkipDir
				}
				return nil
			}
		}
		if entry.IsDir() {
			return os.MkdirAll(filepath.Join(folder, name), 0o700)
		}
		content, err := os.ReadFile(path)
		require.NoError(t, err)
		return os.WriteFile(filepath.Join(folder, name), content, 0o600)
	}))
	assert.Greater(t, ignored, 3)
	return folder
}

// The Go of the image is that of go.mod: an older one would refuse to build the module.
func TestDockerfileUsesTheGoOfTheModule(t *testing.T) {
	t.Parallel()
	build, _ := instructions(t)
	content, err := os.ReadFile(filepath.Join(application, "go.mod"))
	require.NoError(t, err)
	release := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindStringSubmatch(string(content))
	require.NotNil(t, release)
	assert.Equal(t, "FROM --platform=$BUILDPLATFORM golang:"+release[1]+" AS build", build[0])
}
