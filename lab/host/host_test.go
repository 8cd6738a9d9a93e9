//go:build lab && linux

package host

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"ha-web/lab/network"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var count atomic.Int32

// need ends the test where something is missing: skipped, or failed with LAB_REQUIRED set.
func need(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("LAB_REQUIRED") != "" {
		t.Fatal(what)
	}
	t.Skip(what)
}

// setup returns the root of hosts, and a network.
func setup(t *testing.T) (ctx context.Context, root string, n *network.Network) {
	t.Helper()
	if err := Check(); err != nil {
		need(t, err.Error())
	}
	ctx, cancel := context.WithTimeout(t.Context(), 25*time.Minute) // building the root takes most of it
	t.Cleanup(cancel)
	root, err := Root(ctx, func(message string) { t.Log(message) })
	require.NoError(t, err)
	n, err = network.New(ctx, fmt.Sprintf("h%d-%d", os.Getpid(), count.Add(1)), []string{"a"})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, n.Close()) })
	return ctx, root, n
}

// boot boots a host with a name and address that end in i.
func boot(ctx context.Context, t *testing.T, root string, n *network.Network, i byte, o Options) *Host {
	t.Helper()
	s, err := n.Attach(ctx, fmt.Sprintf("m%d", i), netip.AddrFrom4([4]byte{10, 0, 11, i}), "a")
	require.NoError(t, err)
	h, err := Boot(ctx, root, s, o)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, h.Close()) })
	return h
}

// output runs a command in a machine, and returns what it prints.
func output(ctx context.Context, t *testing.T, h *Host, name string, args ...string) string {
	t.Helper()
	printed, err := h.Command(ctx, name, args...).CombinedOutput()
	require.NoError(t, err, string(printed))
	return strings.TrimSpace(string(printed))
}

// usage returns the CPU time that a host has used so far.
func usage(t *testing.T, h *Host) time.Duration {
	t.Helper()
	stat, err := os.ReadFile(filepath.Join(h.group.path, "cpu.stat"))
	require.NoError(t, err)
	var microseconds int
	_, err = fmt.Sscanf(string(stat), "usage_usec %d", &microseconds)
	require.NoError(t, err)
	return time.Duration(microseconds) * time.Microsecond
}

func TestBoot(t *testing.T) {
	ctx, root, n := setup(t)
	n.Resolver = netip.MustParseAddr("10.0.0.2")
	started := time.Now()
	h := boot(ctx, t, root, n, 11, Options{})
	took, used := time.Since(started), usage(t, h)
	t.Logf("booted in %v, with %v of CPU time", took, used)
	assert.Less(t, used, 2*time.Second, "on a machine that does little else, a boot takes less than this")

	assert.Equal(t, "running", output(ctx, t, h, "systemctl", "is-system-running"), output(ctx, t, h, "systemctl", "--failed"))
	assert.Equal(t, "systemd", output(ctx, t, h, "cat", "/proc/1/comm"))
	running := output(ctx, t, h, "systemctl", "list-units", "--type=service", "--state=running", "--plain", "--no-legend")
	assert.Len(t, strings.Split(running, "\n"), 2, "dbus and the journal, and nothing that listens: %s", running)
	assert.Equal(t, "m11", output(ctx, t, h, "hostname"))
	assert.Equal(t, "nameserver 10.0.0.2", output(ctx, t, h, "cat", "/etc/resolv.conf"))
	assert.Contains(t, output(ctx, t, h, "ip", "-4", "-o", "address", "show", "dev", "eth0"), "10.0.11.11/32")
	assert.Len(t, output(ctx, t, h, "cat", "/etc/machine-id"), 32)
	assert.NotContains(t, output(ctx, t, h, "cat", "/proc/mounts"), "nsfs", "nothing of this machine is mounted there")

	mine, err := os.ReadFile("/proc/sys/kernel/printk")
	require.NoError(t, err)
	assert.Error(t, h.Command(ctx, "sh", "-c", "echo 7 >/proc/sys/kernel/printk").Run(), "settings of this machine are read-only")
	assert.NoError(t, h.Command(ctx, "sysctl", "-q", "net.ipv4.tcp_syn_retries=3").Run(), "those of its own network are not")
	after, err := os.ReadFile("/proc/sys/kernel/printk")
	require.NoError(t, err)
	assert.Equal(t, string(mine), string(after))
	hostname, err := os.Hostname()
	require.NoError(t, err)
	assert.NotEqual(t, "m11", hostname)
}

const counting = `[Service]
DynamicUser=yes
PrivateDevices=yes
ProtectHome=yes
NoNewPrivileges=yes
EnvironmentFile=/etc/app/environment
ExecStart=sh -c 'id -un; echo $GREETING; exec sleep 1000'
StandardOutput=append:/var/log/app.log
`

func TestUnitWithDynamicUser(t *testing.T) {
	ctx, root, n := setup(t)
	h := boot(ctx, t, root, n, 11, Options{Files: map[string]File{
		"/etc/systemd/system/app.service": {Content: []byte(counting)},
		"/etc/app/environment":            {Content: []byte("GREETING=hello\n"), Mode: 0o600},
	}})
	output(ctx, t, h, "systemctl", "start", "app")
	assert.Eventually(t, func() bool {
		written, err := os.ReadFile(h.Path("/var/log/app.log"))
		return err == nil && string(written) == "app\nhello\n"
	}, 5*time.Second, 50*time.Millisecond, "it runs as a user of its name")
	assert.Equal(t, "active", output(ctx, t, h, "systemctl", "is-active", "app"))
}

func TestFiles(t *testing.T) {
	ctx, root, n := setup(t)
	shared := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(shared, "release"), []byte("1"), 0o644))
	h := boot(ctx, t, root, n, 11, Options{
		Files: map[string]File{"/etc/ssl/private/db.key": {Content: []byte("key"), Mode: 0o600, User: "postgres"}},
		Binds: map[string]string{"/srv/release": shared, "/srv/one": filepath.Join(shared, "release")},
	})
	assert.Equal(t, "600 postgres postgres", output(ctx, t, h, "stat", "-c", "%a %U %G", "/etc/ssl/private/db.key"))
	assert.Equal(t, "11", output(ctx, t, h, "cat", "/srv/release/release", "/srv/one"))
	output(ctx, t, h, "sh", "-c", "echo from within >/srv/release/answer; echo own >/etc/own")
	written, err := os.ReadFile(filepath.Join(shared, "answer"))
	require.NoError(t, err)
	assert.Equal(t, "from within\n", string(written))
	_, err = os.Stat(filepath.Join(root, "etc/own"))
	assert.ErrorIs(t, err, os.ErrNotExist, "the root is as it was")

	s, err := n.Attach(ctx, "bad", netip.MustParseAddr("10.0.11.99"), "a")
	require.NoError(t, err)
	_, err = Boot(ctx, root, s, Options{Files: map[string]File{"/x": {User: "nobody-here"}}})
	assert.ErrorContains(t, err, "no user nobody-here")
	broken := File{Content: []byte("#!/bin/sh\necho no luck; exit 3\n"), Mode: 0o755}
	_, err = Boot(ctx, root, s, Options{Files: map[string]File{"/usr/lib/systemd/systemd": broken}})
	assert.ErrorContains(t, err, "no luck", "the console says why a machine does not boot")
}

// The service takes some time to stop, and leaves a file when it has.
const stopping = `[Service]
ExecStart=sleep 1000
ExecStop=sh -c 'sleep 0.3; echo stopped >/var/log/stopped'
`

func startStopping(ctx context.Context, t *testing.T, root string, n *network.Network) *Host {
	t.Helper()
	h := boot(ctx, t, root, n, 11, Options{Files: map[string]File{"/etc/systemd/system/app.service": {Content: []byte(stopping)}}})
	output(ctx, t, h, "systemctl", "start", "app")
	return h
}

func TestShutdown(t *testing.T) {
	ctx, root, n := setup(t)
	h := startStopping(ctx, t, root, n)
	started := time.Now()
	require.NoError(t, h.Shutdown(ctx))
	t.Logf("shut down in %v, 0.3 s of them the service's", time.Since(started))
	assert.Less(t, time.Since(started), 5*time.Second)
	written, err := os.ReadFile(h.Path("/var/log/stopped"))
	require.NoError(t, err)
	assert.Equal(t, "stopped\n", string(written))
	select {
	case <-h.Ended():
	default:
		t.Error("it has ended")
	}
	require.NoError(t, h.Shutdown(ctx), "twice")
	require.NoError(t, h.PowerOff(), "and off it stays")
}

func TestShutdownIsBounded(t *testing.T) {
	ctx, root, n := setup(t)
	h := boot(ctx, t, root, n, 11, Options{Files: map[string]File{
		"/etc/systemd/system/app.service": {Content: []byte(strings.ReplaceAll(stopping, "sleep 0.3", "sleep 60"))},
	}})
	output(ctx, t, h, "systemctl", "start", "app")
	bounded, cancel := context.WithTimeout(ctx, 300*time.Millisecond)
	defer cancel()
	assert.ErrorIs(t, h.Shutdown(bounded), context.DeadlineExceeded)
}

func TestPowerOff(t *testing.T) {
	ctx, root, n := setup(t)
	h := startStopping(ctx, t, root, n)
	client, err := n.Attach(ctx, "client", netip.MustParseAddr("203.0.113.9"), "")
	require.NoError(t, err)
	server := h.Command(ctx, "python3", "-c", `import socket
s = socket.create_server(("", 80))
while True: c = s.accept()[0]; c.sendall(b"hello"); keep = c`)
	require.NoError(t, server.Start())
	var connection net.Conn
	require.Eventually(t, func() bool {
		connection, err = client.DialContext(ctx, "tcp", "10.0.11.11:80")
		return err == nil
	}, 10*time.Second, 50*time.Millisecond)
	defer connection.Close()
	_, err = io.ReadFull(connection, make([]byte, 5))
	require.NoError(t, err)

	require.NoError(t, h.PowerOff())
	assert.Error(t, server.Wait(), "its processes are gone")
	_, err = os.Stat(h.Path("/var/log/stopped"))
	assert.ErrorIs(t, err, os.ErrNotExist, "nothing stopped in order")
	require.NoError(t, connection.SetReadDeadline(time.Now().Add(500*time.Millisecond)))
	_, err = connection.Read(make([]byte, 1))
	assert.ErrorIs(t, err, os.ErrDeadlineExceeded, "a connected client gets no answer")
	short, cancel := context.WithTimeout(ctx, 500*time.Millisecond)
	defer cancel()
	_, err = client.DialContext(short, "tcp", "10.0.11.11:80")
	var timeout net.Error
	assert.Truef(t, errors.As(err, &timeout) && timeout.Timeout(), "a timeout, not %v", err)
}

func TestDiskIsLimited(t *testing.T) {
	ctx, root, n := setup(t)
	h := boot(ctx, t, root, n, 11, Options{DiskMiB: 64})
	printed, err := h.Command(ctx, "dd", "if=/dev/zero", "of=/var/log/app.log", "bs=1M", "count=100").CombinedOutput()
	assert.Error(t, err)
	assert.Contains(t, string(printed), "No space left on device")
	assert.Equal(t, "100%", strings.Fields(output(ctx, t, h, "df", "--output=pcent", "/"))[1])
	output(ctx, t, h, "rm", "/var/log/app.log")
	output(ctx, t, h, "sh", "-c", "echo there is room again >/var/log/app.log")
}

func TestCommandEndsWithItsContext(t *testing.T) {
	ctx, root, n := setup(t)
	h := boot(ctx, t, root, n, 11, Options{})
	bounded, cancel := context.WithCancel(ctx)
	sleep := h.Command(bounded, "sleep", "4321")
	require.NoError(t, sleep.Start())
	running := func() bool { return h.Command(ctx, "pgrep", "-f", "sleep 4321").Run() == nil }
	require.Eventually(t, running, 5*time.Second, 20*time.Millisecond)
	cancel()
	assert.Error(t, sleep.Wait())
	assert.Eventually(t, func() bool { return !running() }, 5*time.Second, 20*time.Millisecond)
}

// The programs of the root work without the files that were excluded from their packages.
func TestPrograms(t *testing.T) {
	ctx, root, n := setup(t)
	h := boot(ctx, t, root, n, 11, Options{})
	output(ctx, t, h, "su", "postgres", "-c", `PATH=$PATH:$(echo /usr/lib/postgresql/*/bin)
		initdb -D /var/lib/postgresql/data && pg_ctl start -w -D /var/lib/postgresql/data -l /tmp/log`)
	query := "set jit_above_cost = 0; select sum(x) from generate_series(1, 1000) x"
	assert.Contains(t, output(ctx, t, h, "su", "postgres", "-c", "psql -At -c '"+query+"'"), "500500")
	output(ctx, t, h, "systemctl", "start", "nginx")
	output(ctx, t, h, "curl", "-fsS", "-o", "/dev/null", "http://127.0.0.1/")
	output(ctx, t, h, "sh", "-c", "systemctl start php*-fpm")
	assert.Equal(t, "1111111", output(ctx, t, h, "php", "-r", `foreach (
		["pgsql", "curl", "mbstring", "xml", "apcu", "intl", "Zend OPcache"] as $e) echo (int) extension_loaded($e);`))
	output(ctx, t, h, "pgbouncer", "--version")
	output(ctx, t, h, "ansible-playbook", "--version")
	output(ctx, t, h, "ansible", "localhost", "-m", "ansible.builtin.template", "-a", "src=/etc/hostname dest=/root/rendered")
	assert.Equal(t, "m11", output(ctx, t, h, "cat", "/root/rendered"))
}

func TestDnf(t *testing.T) {
	ctx, root, n := setup(t)
	h := boot(ctx, t, root, n, 11, Options{})
	output(ctx, t, h, "dnf", "install", "-y", "-q", "amazon-cloudwatch-agent", "logrotate", "rsyslog")
	printed, err := h.Command(ctx, "dnf", "install", "-y", "-q", "rsyslog", "httpd").CombinedOutput()
	assert.Error(t, err)
	assert.Equal(t, "dnf: no package httpd in the lab\n", string(printed))

	output(ctx, t, h, "systemctl", "enable", "--now", "rsyslog")
	output(ctx, t, h, "logger", "a line for messages")
	assert.Eventually(t, func() bool {
		written, _ := os.ReadFile(h.Path("/var/log/messages"))
		return strings.Contains(string(written), "a line for messages")
	}, 5*time.Second, 50*time.Millisecond)
}
