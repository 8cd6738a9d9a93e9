package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var through = passage{"eu-central-1", "i-1", "copy.rds.amazonaws.com", 5432}

func TestCommandsOfTunnels(t *testing.T) {
	t.Parallel()
	assert.Equal(t, []string{
		"aws", "ssm", "start-session", "--region", "eu-central-1", "--target", "i-1", "--document-name", "AWS-StartPortForwardingSessionToRemoteHost",
		"--parameters", "host=copy.rds.amazonaws.com,portNumber=5432,localPortNumber=50001",
	}, through.command("", "50001"))
	assert.Equal(t, []string{"sh", "-c", "ssh -NL 50001:copy.rds.amazonaws.com:5432 i-1"}, through.command("ssh -NL {local}:{host}:{port} {instance}", "50001"))
}

// A tunnel ends with everything that its command has started, and tells what a command that ends by itself has printed.
func TestTunnelsEnd(t *testing.T) {
	t.Parallel()
	left := t.TempDir() + "/pid"
	opened, err := openTunnel("sleep 600 & echo $! >"+left+"; wait # {local}", through)
	require.NoError(t, err)
	var pid int
	require.Eventually(t, func() bool {
		text, err := os.ReadFile(left)
		if err == nil {
			pid, err = strconv.Atoi(strings.TrimSpace(string(text)))
		}
		return err == nil
	}, 10*time.Second, 10*time.Millisecond)
	ended, _ := opened.Ended()
	assert.False(t, ended)
	require.NoError(t, opened.Close())
	assert.Eventually(t, func() bool { return !alive(t, pid) }, 10*time.Second, 10*time.Millisecond, "its child goes on")
	assert.NoError(t, opened.Close())

	broken, err := openTunnel("echo cannot reach {instance} >&2; exit 1 # {local}", through)
	require.NoError(t, err)
	var printed string
	require.Eventually(t, func() (ended bool) { ended, printed = broken.Ended(); return ended }, 10*time.Second, 10*time.Millisecond)
	assert.Equal(t, "cannot reach i-1", printed)
}

func alive(t *testing.T, pid int) bool {
	t.Helper()
	state, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && !strings.Contains(string(state), ") Z ")
}

// The port that the command is given is the one that the drill connects to.
func TestTunnelsLead(t *testing.T) {
	t.Parallel()
	if _, err := lookPath("python3"); err != nil {
		t.Skip("there is no python3")
	}
	opened, err := openTunnel(`exec python3 -c 'import socket
s = socket.create_server(("127.0.0.1", {local}))
while True: c, _ = s.accept(); c.sendall(b"{host}"); c.close()'`, through)
	require.NoError(t, err)
	defer opened.Close()
	require.Eventually(t, func() bool {
		reached, err := net.DialTimeout("tcp", opened.Address(), time.Second)
		if err != nil {
			return false
		}
		defer reached.Close()
		text, err := io.ReadAll(reached)
		return err == nil && string(text) == through.host
	}, 20*time.Second, 50*time.Millisecond)
}
