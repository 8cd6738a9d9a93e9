//go:build e2e || lab

package deployed

import (
	"bytes"
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// StartEmulator starts an AWS API emulator on a free port, for as long as the test runs, and returns its address. Besides that of
// the test, its environment is what is given here. Corrections are folders of Python files that it loads besides those of this package.
//
// E2E_EMULATOR is the command that does it: called with a port and a folder for its log, it starts an emulator and prints
// its address; called with --stop and both, it ends it. Without it, moto_server is started.
func (s *Suite) StartEmulator(ctx context.Context, t testing.TB, environment []string, corrections ...string) string {
	t.Helper()
	port, folder := freePort(t), t.TempDir()
	address := "127.0.0.1:" + port
	t.Cleanup(func() { reportLog(t, filepath.Join(folder, "log")) })
	if command := os.Getenv("E2E_EMULATOR"); command != "" {
		start := exec.CommandContext(ctx, command, port, folder)
		start.Env = append(os.Environ(), "LOCALCLOUD_CORRECTIONS="+s.corrections(t, corrections))
		start.Env = append(start.Env, environment...)
		t.Cleanup(func() {
			printed, err := exec.Command(command, "--stop", port, folder).CombinedOutput()
			assert.NoError(t, err, string(printed))
			assert.Eventually(t, func() bool { return !answers(address) }, time.Minute, 100*time.Millisecond, "the emulator does not end")
		})
		printed, err := start.CombinedOutput()
		require.NoError(t, err, string(printed))
		return strings.TrimSpace(string(printed))
	}
	s.startMoto(t, port, filepath.Join(folder, "log"), environment)
	require.Eventually(t, func() bool { return answers(address) }, time.Minute, 200*time.Millisecond, "moto does not answer")
	return "http://" + address
}

// corrections returns a list of folders with what is put right in the emulator itself: its files, which are all that the
// emulator is forgiven besides the image repository (see hasRepository), and those of the caller.
func (s *Suite) corrections(t testing.TB, further []string) string {
	t.Helper()
	var folders []string
	for _, each := range append([]string{filepath.Join(s.Project, "tests/deployed/corrections")}, further...) {
		folder, err := filepath.Abs(each)
		require.NoError(t, err)
		folders = append(folders, folder)
	}
	return strings.Join(folders, ":")
}

func (s *Suite) startMoto(t testing.TB, port, path string, environment []string) {
	t.Helper()
	moto, err := exec.LookPath("moto_server")
	if err != nil {
		s.Need(t, "there is no AWS API emulator: E2E_EMULATOR is not set, and moto_server is not on the PATH")
	}
	log, err := os.Create(path)
	require.NoError(t, err)
	server := exec.Command(moto, "-H", "127.0.0.1", "-p", port)
	server.Env = append(os.Environ(), environment...)
	server.Stdout, server.Stderr = log, log
	require.NoError(t, server.Start())
	t.Cleanup(func() {
		_ = server.Process.Kill()
		_ = server.Wait()
		_ = log.Close()
	})
}

var lastPort atomic.Int64

// freePort returns a port of this machine that nothing listens on. It is below those that the kernel gives to programs that
// ask for any: the emulator takes it seconds later.
func freePort(t testing.TB) string {
	t.Helper()
	for range 1000 {
		port := strconv.FormatInt(20_000+(int64(os.Getpid())*10+lastPort.Add(1))%10_000, 10)
		if free, err := net.Listen("tcp", "127.0.0.1:"+port); err == nil {
			require.NoError(t, free.Close())
			return port
		}
	}
	require.Fail(t, "no port is free")
	return ""
}

func answers(address string) bool {
	connection, err := net.DialTimeout("tcp", address, time.Second)
	if err != nil {
		return false
	}
	_ = connection.Close()
	return true
}

// reportLog shows the errors of the emulator where a test failed.
func reportLog(t testing.TB, path string) {
	t.Helper()
	content, err := os.ReadFile(path)
	if !t.Failed() || err != nil {
		return
	}
	if i := bytes.Index(content, []byte("Traceback")); i >= 0 {
		content = content[i:]
	} else {
		content = content[max(0, len(content)-2000):]
	}
	t.Logf("log of the emulator:\n%s", content[:min(len(content), 10_000)])
}
