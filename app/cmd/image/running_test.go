package main

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// startImage runs /app in the folder $1 as a container engine would run the image: as its own root, read-only, without
// privileges. It refuses where the folder can still be written.
const startImage = `
set -eu
mount --bind "$1" "$1"
mount -o remount,bind,ro "$1"
if touch "$1/written" 2>/dev/null; then exit 97; fi
exec chroot --userspec=65532:65532 --groups= "$1" /app
`

// The image holds all that the application needs, and asks for nothing to be writable.
func TestImageServesReadOnlyWithoutPrivileges(t *testing.T) {
	t.Parallel()
	needNamespaces(t)
	root, port := unpacked(t), freePort(t)
	process := start(t, root, port)
	require.True(t, process.answers(port), "the application does not answer on port "+port)
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", process.Process.Pid))
	require.NoError(t, err)
	assert.Regexp(t, `^Name:\sapp\n`, string(status))
	assert.Regexp(t, `(?m)^Uid:\s65532\s65532\s65532\s65532$`, string(status))
	assert.Regexp(t, `(?m)^Gid:\s65532\s65532\s65532\s65532$`, string(status))
	assert.Regexp(t, `(?m)^Groups:\s*$`, string(status))
	require.NoError(t, process.Process.Signal(syscall.SIGTERM))
	select {
	case <-process.ended:
		assert.Zero(t, process.ProcessState.ExitCode())
	case <-time.After(15 * time.Second):
		assert.Fail(t, "the application does not end after SIGTERM")
	}
}

// container is a running image.
type container struct {
	*exec.Cmd

	ended chan struct{}
}

// start runs the image in a folder. When the test ends so does the container, and what it wrote is shown if the test failed.
func start(t *testing.T, root, port string) container {
	t.Helper()
	var log bytes.Buffer
	process := container{exec.Command("unshare", "--mount", "sh", "-c", startImage, "sh", root), make(chan struct{})}
	process.Env = []string{
		"PATH=" + os.Getenv("PATH"), "PORT=" + port, "DRAIN_SECONDS=6", "PARAMETER_PREFIX=/ha-web/test",
		// No AWS: the application has to serve without it.
		"AWS_REGION=us-east-1", "AWS_EC2_METADATA_DISABLED=true", "AWS_ENDPOINT_URL=http://127.0.0.1:1",
	}
	process.Stdout, process.Stderr = &log, &log
	require.NoError(t, process.Start())
	go func() {
		_ = process.Wait()
		close(process.ended)
	}()
	t.Cleanup(func() {
		_ = process.Process.Kill()
		<-process.ended
		if t.Failed() {
			t.Logf("%v\n%s", process.ProcessState, log.String())
		}
	})
	return process
}

// answers waits until the application is healthy. It reports false if that takes half a minute, or the process ends.
func (c container) answers(port string) bool {
	client := http.Client{Timeout: time.Second}
	for range 600 {
		select {
		case <-c.ended:
			return false
		case <-time.After(50 * time.Millisecond):
		}
		response, err := client.Get("http://127.0.0.1:" + port + "/health")
		if err != nil {
			continue
		}
		_ = response.Body.Close()
		if response.StatusCode == http.StatusOK {
			return true
		}
	}
	return false
}

// needNamespaces skips a test that needs root and mounts of its own. As root, CI has to have them.
func needNamespaces(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 || runtime.GOOS != "linux" {
		t.Skip("NOT RUN: the image, for want of root, which mounts it")
	}
	if output, err := exec.CommandContext(t.Context(), "unshare", "--mount", "mount", "--bind", "/", "/").CombinedOutput(); err != nil {
		if os.Getenv("CI") != "" {
			require.NoError(t, err, string(output))
		}
		t.Skipf("NOT RUN: the image, for want of mount namespaces: %v: %s", err, output)
	}
}

// unpacked returns a folder with the files of the application's image for this machine.
func unpacked(t *testing.T) string {
	t.Helper()
	root, archive := t.TempDir(), filepath.Join(t.TempDir(), "image.tar")
	imageOfApplication(t, "-version", "v1", "-platforms", "linux/"+runtime.GOARCH, "-output", archive)
	image, err := tarball.ImageFromPath(archive, nil)
	require.NoError(t, err)
	header, binary := onlyFile(t, image)
	path := filepath.Join(root, header.Name)
	require.NoError(t, os.WriteFile(path, binary, 0o600))
	require.NoError(t, os.Chmod(path, header.FileInfo().Mode()))
	require.NoError(t, os.Chmod(root, 0o755))
	return root
}

func freePort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	return strconv.Itoa(listener.Addr().(*net.TCPAddr).Port)
}
