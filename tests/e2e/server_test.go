//go:build e2e

package e2e

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

// startEmulator starts an AWS API emulator on a free port, for as long as the test runs, and returns its address.
//
// E2E_EMULATOR is the command that does it: called with a port and a folder for its log, it starts an emulator and prints
// its address; called with --stop and both, it ends it. Without it, moto_server is started.
func startEmulator(ctx context.Context, t *testing.T, environment ...string) string {
	t.Helper()
	port, folder := freePort(t), t.TempDir()
	address := "127.0.0.1:" + port
	t.Cleanup(func() { reportLog(t, filepath.Join(folder, "log")) })
	if command := os.Getenv("E2E_EMULATOR"); command != "" {
		start := exec.CommandContext(ctx, command, port, folder)
		start.Env = append(os.Environ(), "LOCALCLOUD_CORRECTIONS="+corrections(t))
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
	startMoto(t, port, filepath.Join(folder, "log"), environment)
	require.Eventually(t, func() bool { return answers(address) }, time.Minute, 200*time.Millisecond, "moto does not answer")
	return "http://" + address
}

func startMoto(t *testing.T, port, path string, environment []string) {
	t.Helper()
	moto, err := exec.LookPath("moto_server")
	if err != nil {
		need(t, "there is no AWS API emulator: E2E_EMULATOR is not set, and moto_server is not on the PATH")
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
func freePort(t *testing.T) string {
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
func reportLog(t *testing.T, path string) {
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
