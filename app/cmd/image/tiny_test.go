package main

import (
	"bytes"
	"context"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// invoke runs the command as main does.
func invoke(ctx context.Context, args ...string) (stdout, stderr string, status int) {
	var out, problems bytes.Buffer
	status = command(ctx, args, &out, &problems)
	return strings.TrimSpace(out.String()), problems.String(), status
}

// built runs the command, which has to succeed, and returns the digest that it printed.
func built(t *testing.T, args ...string) string {
	t.Helper()
	stdout, stderr, status := invoke(t.Context(), args...)
	require.Equal(t, exitOK, status, stderr)
	require.Regexp(t, `^(\S+@)?sha256:[0-9a-f]{64}$`, stdout)
	return stdout
}

// tiny writes a program that compiles in a second, for tests that need any image.
func tiny(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(folder, "go.mod"), []byte("module tiny\n\ngo 1.26\n"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "main.go"), []byte("package main\n\nvar version = \"dev\"\n\nfunc main() { println(version) }\n"), 0o600))
	return folder
}

func TestCommandLineErrorsAreOneLine(t *testing.T) {
	t.Parallel()
	for want, args := range map[string][]string{
		`image: unexpected argument "dev"`:                    {"dev"},
		`image: flag provided but not defined: -plaform`:      {"-plaform", "linux/amd64"},
		`image: -platforms: must be linux/arm64, linux/amd64`: {"-platforms", "linux/s390x"},
		`image: -platforms: must name each platform once`:     {"-platforms", "linux/arm64,linux/arm64"},
		`image: -version: must be 1 to 128 letters`:           {"-version", "1 -X main.secret=2"},
		`image: -timeout: must be longer than 0`:              {"-timeout", "0s"},
		`image: -output: docker load takes an archive of one`: {"-platforms", "linux/arm64,linux/amd64", "-output", "image.tar"},
		`image: -push: must be a repository without https://`: {"-push", "https://example.com/app"},
		`image: -push: `: {"-push", "example.com/app@sha256:1"},
	} {
		stdout, stderr, status := invoke(t.Context(), args...)
		assert.Equal(t, exitUsage, status, args)
		assert.Empty(t, stdout, args)
		assert.Contains(t, stderr, want)
		assert.Equal(t, 1, strings.Count(stderr, "\n"), stderr)
	}
	stdout, _, status := invoke(t.Context(), "-h")
	assert.Equal(t, exitOK, status)
	assert.Equal(t, strings.TrimSpace(usage), stdout)
}

func TestArchiveIsWhatDockerLoads(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "image.tar")
	require.NoError(t, os.WriteFile(path, []byte("an older one"), 0o600))
	digest := built(t, "-source", tiny(t), "-version", "v1", "-output", path)
	archive, err := tarball.LoadManifest(func() (io.ReadCloser, error) { return os.Open(path) })
	require.NoError(t, err)
	require.Len(t, archive, 1)
	assert.Equal(t, []string{"index.docker.io/library/app:v1"}, archive[0].RepoTags)
	image, err := tarball.ImageFromPath(path, nil)
	require.NoError(t, err)
	config, err := image.ConfigName()
	require.NoError(t, err)
	assert.Equal(t, config.String(), archive[0].Config)
	assert.NotEqual(t, digest, config.String())
}

// A folder may be anyone's, so it is never replaced.
func TestExistingFoldersStay(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	stdout, stderr, status := invoke(t.Context(), "-source", tiny(t), "-output", folder)
	assert.Equal(t, exitNot, status)
	assert.Empty(t, stdout)
	assert.Equal(t, "image: "+folder+" exists: remove it, or name another folder\n", stderr)
}

func TestSourceThatDoesNotCompile(t *testing.T) {
	t.Parallel()
	source, out := tiny(t), t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(source, "main.go"), []byte("package main\n\nfunc main() { undefined() }\n"), 0o600))
	stdout, stderr, status := invoke(t.Context(), "-source", source, "-output", filepath.Join(out, "image.tar"))
	assert.Equal(t, exitNot, status)
	assert.Empty(t, stdout)
	assert.Contains(t, stderr, "main.go:3:15: undefined: undefined\n")
	assert.Contains(t, stderr, "\nimage: go build in "+source+" for linux/arm64: exit status 1\n")
	assert.Empty(t, entries(t, out))
}

// entries returns the names in a folder.
func entries(t *testing.T, folder string) []string {
	t.Helper()
	found, err := os.ReadDir(folder)
	require.NoError(t, err)
	var names []string
	for _, each := range found {
		names = append(names, each.Name())
	}
	return names
}

func TestVersionIsTheCommitThatLastChangedTheSource(t *testing.T) {
	t.Parallel()
	source := tiny(t)
	assert.Equal(t, "dev", revision(t.Context(), source))
	git := func(args ...string) string {
		output, err := exec.Command("git", append([]string{"-C", source, "-c", "user.name=a", "-c", "user.email=a@example.com"}, args...)...).CombinedOutput()
		require.NoError(t, err, string(output))
		return strings.TrimSpace(string(output))
	}
	git("init", "--quiet")
	git("add", ".")
	git("commit", "--quiet", "-m", "one")
	commit := git("rev-parse", "HEAD")
	assert.Equal(t, commit, revision(t.Context(), source))
	require.NoError(t, os.WriteFile(filepath.Join(source, "new.go"), []byte("package main\n"), 0o600))
	assert.Equal(t, commit+"-dirty", revision(t.Context(), source))
}

// registryThat serves a registry in memory, which sees the requests for which admit reports true.
func registryThat(t *testing.T, admit func(http.ResponseWriter, *http.Request) bool) (repository string) {
	t.Helper()
	served := registry.New(registry.Logger(log.New(io.Discard, "", 0)))
	server := httptest.NewServer(http.HandlerFunc(func(response http.ResponseWriter, request *http.Request) {
		if admit(response, request) {
			served.ServeHTTP(response, request)
		}
	}))
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://") + "/campus"
}

// Amazon ECR refuses to write an immutable tag again.
func TestPushedImageIsNotPushedAgain(t *testing.T) {
	t.Parallel()
	var writes atomic.Int64
	repository := registryThat(t, func(_ http.ResponseWriter, request *http.Request) bool {
		if request.Method != http.MethodGet && request.Method != http.MethodHead {
			writes.Add(1)
		}
		return true
	})
	args := []string{"-source", tiny(t), "-version", "v1", "-push", repository}
	digest := built(t, args...)
	assert.Positive(t, writes.Swap(0))
	reference, err := name.ParseReference(repository + ":v1")
	require.NoError(t, err)
	pushed, err := remote.Image(reference, remote.WithContext(t.Context()))
	require.NoError(t, err)
	pulled, err := pushed.Digest()
	require.NoError(t, err)
	assert.Equal(t, repository+"@"+pulled.String(), digest)
	assert.Equal(t, digest, built(t, args...))
	assert.Zero(t, writes.Load())
	other := built(t, "-source", tiny(t), "-version", "v2", "-push", repository+":v1")
	assert.NotEqual(t, digest, other)
	assert.Positive(t, writes.Load())
}

func TestInterruptLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	out := t.TempDir()
	asked := make(chan struct{}, 100)
	repository := registryThat(t, func(_ http.ResponseWriter, request *http.Request) bool {
		asked <- struct{}{}
		<-request.Context().Done()
		return false
	})
	var stderr bytes.Buffer
	process := exec.CommandContext(t.Context(), program(t), "-source", tiny(t), "-push", repository)
	process.Env = append(os.Environ(), "TMPDIR="+out)
	process.Stderr = &stderr
	require.NoError(t, process.Start())
	<-asked
	require.NoError(t, process.Process.Signal(os.Interrupt))
	assert.Error(t, process.Wait())
	assert.Equal(t, exitNot, process.ProcessState.ExitCode())
	assert.Equal(t, "image: interrupt signal received\n", stderr.String())
	assert.Empty(t, entries(t, out))

	// Interrupted while it is written: nothing has the name.
	image, err := imageOf([]byte("binary"), "v1", v1.Platform{OS: "linux", Architecture: "arm64"})
	require.NoError(t, err)
	reference, err := referenceOf("", "v1")
	require.NoError(t, err)
	interrupted, interrupt := context.WithCancel(t.Context())
	interrupt()
	for _, each := range []string{"image.tar", "image"} {
		require.ErrorIs(t, write(interrupted, image, reference, filepath.Join(out, each)), context.Canceled)
	}
	assert.Empty(t, entries(t, out))
}

func TestTimeoutBoundsTheWholeCommand(t *testing.T) {
	t.Parallel()
	_, stderr, status := invoke(t.Context(), "-source", tiny(t), "-timeout", "1ms")
	assert.Equal(t, exitNot, status)
	assert.Equal(t, "image: not done within 1ms (-timeout)\n", stderr)
}
