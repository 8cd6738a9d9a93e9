//go:build lab && linux

package network

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
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// short is how long these tests wait for an answer that must not come. On a busy machine others take a part of it.
const short = 400 * time.Millisecond

var count atomic.Int32

// setup creates a network with zones a and b: a1 and a2 in one, b1 in the other, and a client outside.
func setup(t *testing.T) (ctx context.Context, n *Network, a1, a2, b1, client *Namespace) {
	t.Helper()
	if err := Check(); err != nil {
		need(t, err.Error())
	}
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	n, err := New(ctx, fmt.Sprintf("t%d-%d", os.Getpid(), count.Add(1)), []string{"eu-a", "eu-b"})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, n.Close()) })
	attach := func(name, address, zone string) *Namespace {
		s, err := n.Attach(ctx, name, netip.MustParseAddr(address), zone)
		require.NoError(t, err)
		return s
	}
	return ctx, n, attach("a1", "10.0.11.11", "eu-a"), attach("a2", "10.0.11.12", "eu-a"),
		attach("b1", "10.0.12.11", "eu-b"), attach("client", "203.0.113.9", "")
}

// need ends the test where something is missing: skipped, or failed with LAB_REQUIRED set.
func need(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("LAB_REQUIRED") != "" {
		t.Fatal(what)
	}
	t.Skip(what)
}

// serve answers every connection in a namespace with the address that it came from.
func serve(t *testing.T, s *Namespace) {
	t.Helper()
	listener, err := s.Listen("tcp", s.Address.String()+":80")
	require.NoError(t, err)
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			host, _, _ := net.SplitHostPort(connection.RemoteAddr().String())
			fmt.Fprint(connection, host)
			connection.Close()
		}
	}()
}

// get connects from one namespace to another and returns the answer.
func get(ctx context.Context, from, to *Namespace) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, short)
	defer cancel()
	connection, err := from.DialContext(ctx, "tcp", to.Address.String()+":80")
	if err != nil {
		return "", err
	}
	defer connection.Close()
	answer, err := io.ReadAll(connection)
	return string(answer), err
}

func reaches(ctx context.Context, t *testing.T, from, to *Namespace) {
	t.Helper()
	answer, err := get(ctx, from, to)
	if assert.NoError(t, err, "%s reaches %s", from.Name, to.Name) {
		assert.Equal(t, from.Address.String(), answer, "nothing translates addresses")
	}
}

// silent asserts that packets are dropped: connecting times out, instead of being refused.
func silent(ctx context.Context, t *testing.T, from, to *Namespace) {
	t.Helper()
	started := time.Now()
	_, err := get(ctx, from, to)
	var timeout net.Error
	assert.Truef(t, errors.As(err, &timeout) && timeout.Timeout(), "%s to %s: a timeout, not %v", from.Name, to.Name, err)
	assert.GreaterOrEqual(t, time.Since(started), short)
}

// hears reports whether a single packet arrives. A TCP connection cannot tell the loss of one direction from the loss of both.
func hears(ctx context.Context, t *testing.T, to, from *Namespace) bool {
	t.Helper()
	socket, err := to.ListenPacket("udp", ":9")
	require.NoError(t, err)
	defer socket.Close()
	connection, err := from.DialContext(ctx, "udp", to.Address.String()+":9")
	require.NoError(t, err)
	defer connection.Close()
	_, err = connection.Write([]byte("packet"))
	require.NoError(t, err)
	require.NoError(t, socket.SetReadDeadline(time.Now().Add(short)))
	_, _, err = socket.ReadFrom(make([]byte, 100))
	return err == nil
}

func TestEverybodyReachesEverybody(t *testing.T) {
	ctx, _, a1, a2, b1, client := setup(t)
	all := []*Namespace{a1, a2, b1, client}
	for _, to := range all {
		serve(t, to)
	}
	for _, from := range all {
		for _, to := range all {
			reaches(ctx, t, from, to)
		}
	}
}

func TestNobodyIsThere(t *testing.T) {
	ctx, n, a1, a2, _, _ := setup(t)
	_, err := get(ctx, a1, a2)
	assert.ErrorIs(t, err, syscall.ECONNREFUSED, "a machine without a listener")
	require.NoError(t, a2.Close())
	silent(ctx, t, a1, a2)
	again, err := n.Attach(ctx, "a2", a2.Address, "eu-a")
	require.NoError(t, err, "a name and an address that are free again")
	serve(t, again)
	reaches(ctx, t, a1, again)
}

// Even without its interface, a machine does not become unreachable, which ARP would report after three seconds.
func TestInterfaceIsDown(t *testing.T) {
	ctx, _, a1, a2, _, _ := setup(t)
	require.NoError(t, a1.Command(ctx, "ip", "link", "set", "eth0", "down").Run())
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	_, err := a2.DialContext(ctx, "tcp", a1.Address.String()+":80")
	assert.NotErrorIs(t, err, syscall.EHOSTUNREACH)
	assert.ErrorIs(t, err, context.DeadlineExceeded)
}

func TestCut(t *testing.T) {
	ctx, n, a1, a2, b1, client := setup(t)
	for _, s := range []*Namespace{a1, a2, b1} {
		serve(t, s)
	}
	require.NoError(t, n.Cut(ctx, a1.Address))
	require.NoError(t, n.Cut(ctx, a1.Address), "twice")
	silent(ctx, t, a2, a1)
	silent(ctx, t, client, a1)
	silent(ctx, t, a1, a2)
	assert.False(t, hears(ctx, t, a1, a2))
	assert.False(t, hears(ctx, t, a2, a1))
	reaches(ctx, t, a2, b1)
	require.NoError(t, n.Restore(ctx, a1.Address))
	require.NoError(t, n.Restore(ctx, a1.Address), "twice")
	reaches(ctx, t, client, a1)
	reaches(ctx, t, a1, a2)
}

// A machine that loses power does not close its connections: clients get no FIN and no RST.
func TestCutConnection(t *testing.T) {
	ctx, n, a1, a2, _, _ := setup(t)
	listener, err := a1.Listen("tcp", ":5432")
	require.NoError(t, err)
	defer listener.Close()
	connection, err := a2.DialContext(ctx, "tcp", a1.Address.String()+":5432")
	require.NoError(t, err)
	defer connection.Close()
	accepted, err := listener.Accept()
	require.NoError(t, err)
	require.NoError(t, n.Cut(ctx, a1.Address))
	accepted.Close() // its FIN is dropped
	require.NoError(t, connection.SetReadDeadline(time.Now().Add(short)))
	_, err = connection.Read(make([]byte, 1))
	assert.ErrorIs(t, err, os.ErrDeadlineExceeded)
}

func TestCutZone(t *testing.T) {
	ctx, n, a1, a2, b1, client := setup(t)
	for _, s := range []*Namespace{a1, a2, b1, client} {
		serve(t, s)
	}
	require.NoError(t, n.CutZone(ctx, "eu-a"))
	require.NoError(t, n.CutZone(ctx, "eu-a"), "twice")
	silent(ctx, t, b1, a1)
	silent(ctx, t, a1, b1)
	silent(ctx, t, client, a2)
	silent(ctx, t, a2, client)
	assert.False(t, hears(ctx, t, a1, b1))
	assert.False(t, hears(ctx, t, b1, a1))
	assert.True(t, hears(ctx, t, a1, a2))
	reaches(ctx, t, a1, a2)
	reaches(ctx, t, client, b1)
	require.NoError(t, n.CutZone(ctx, "eu-b"))
	silent(ctx, t, client, b1)
	require.NoError(t, n.RestoreZone(ctx, "eu-a"))
	reaches(ctx, t, client, a1)
	silent(ctx, t, a1, b1)
	require.NoError(t, n.RestoreZone(ctx, "eu-b"))
	reaches(ctx, t, a1, b1)
	assert.ErrorContains(t, n.CutZone(ctx, "eu-c"), `no zone "eu-c"`)
}

const acl = `table inet acl {
  chain forward {
    type filter hook forward priority 0; policy accept;
    ip saddr 203.0.113.0/24 ip daddr 10.0.11.0/24 tcp dport 80 drop
  }
}
`

func TestFilter(t *testing.T) {
	ctx, n, a1, _, b1, client := setup(t)
	serve(t, a1)
	serve(t, b1)
	require.NoError(t, n.Filter(ctx, acl))
	silent(ctx, t, client, a1)
	reaches(ctx, t, client, b1)
	reaches(ctx, t, b1, a1)

	require.NoError(t, n.CutZone(ctx, "eu-b"))
	require.NoError(t, n.Filter(ctx, strings.ReplaceAll(acl, "10.0.11.0", "10.0.99.0")), "replaced")
	reaches(ctx, t, client, a1)
	silent(ctx, t, client, b1)

	require.Error(t, n.Filter(ctx, acl+"nonsense"), "all or nothing")
	reaches(ctx, t, client, a1)
	require.NoError(t, n.RestoreZone(ctx, "eu-b"))
	require.NoError(t, n.Filter(ctx, strings.ReplaceAll(acl, "inet acl", "ip other")), "by another table")
	silent(ctx, t, client, a1)
	require.NoError(t, n.Filter(ctx, ""))
	reaches(ctx, t, client, a1)
	for _, bad := range []string{"flush ruleset\n" + acl, "table ip cut { }", "add rule ip cut forward accept"} {
		assert.Error(t, n.Filter(ctx, bad), bad)
	}
}

func TestFilterOfMachine(t *testing.T) {
	ctx, _, a1, a2, b1, _ := setup(t)
	serve(t, a1)
	require.NoError(t, a1.Filter(ctx, `table inet security {
  set group_app { type ipv4_addr; }
  chain in {
    type filter hook input priority 0; policy drop;
    ct state established,related accept
    ip saddr @group_app tcp dport 80 accept
  }
}
`))
	silent(ctx, t, a2, a1)
	require.NoError(t, a1.UpdateFilter(ctx, "add element inet security group_app { 10.0.11.12 }"))
	reaches(ctx, t, a2, a1)
	silent(ctx, t, b1, a1)
	require.NoError(t, a1.Filter(ctx, ""))
	reaches(ctx, t, b1, a1)
}

func TestPackets(t *testing.T) {
	ctx, _, a1, _, b1, _ := setup(t)
	assert.True(t, hears(ctx, t, a1, b1))
}

func TestAddAddress(t *testing.T) {
	ctx, _, a1, a2, _, _ := setup(t)
	metadata := netip.MustParseAddr("169.254.169.254")
	for _, s := range []*Namespace{a1, a2} {
		require.NoError(t, s.AddAddress(ctx, metadata))
		listener, err := s.Listen("tcp", "169.254.169.254:80")
		require.NoError(t, err, "each machine has its own")
		defer listener.Close()
	}
	_, err := a1.DialContext(ctx, "tcp", "169.254.169.254:80")
	require.NoError(t, err)
}

func TestCommand(t *testing.T) {
	ctx, n, a1, _, _, _ := setup(t)
	printed, err := a1.Command(ctx, "ip", "-4", "-o", "address", "show", "dev", "eth0").CombinedOutput()
	require.NoError(t, err, string(printed))
	assert.Contains(t, string(printed), "10.0.11.11/32")

	before, err := os.ReadFile("/etc/resolv.conf")
	require.NoError(t, err)
	n.Resolver = netip.MustParseAddr("10.0.0.2")
	a3, err := n.Attach(ctx, "a3", netip.MustParseAddr("10.0.11.13"), "eu-a")
	require.NoError(t, err)
	printed, err = a3.Command(ctx, "cat", "/etc/resolv.conf").CombinedOutput()
	require.NoError(t, err, string(printed))
	assert.Equal(t, "nameserver 10.0.0.2\n", string(printed))
	after, err := os.ReadFile("/etc/resolv.conf")
	require.NoError(t, err)
	assert.Equal(t, string(before), string(after), "this machine's own is as it was")
}

func TestDoComesBack(t *testing.T) {
	_, _, a1, a2, _, _ := setup(t)
	link := func() string {
		name, err := os.Readlink("/proc/thread-self/ns/net")
		require.NoError(t, err)
		return name
	}
	home := link()
	fault := errors.New("fault")
	err := a1.Do(func() error {
		first := link()
		assert.NotEqual(t, home, first)
		require.NoError(t, a2.Do(func() error { assert.NotEqual(t, first, link()); return nil }))
		assert.Equal(t, first, link())
		return fault
	})
	assert.ErrorIs(t, err, fault)
	assert.Equal(t, home, link())
	assert.Panics(t, func() { _ = a1.Do(func() error { panic("at once") }) })
	assert.Equal(t, home, link())
}

func TestAttachRefuses(t *testing.T) {
	ctx, n, a1, _, _, _ := setup(t)
	for _, c := range []struct{ name, address, zone, message string }{
		{"x", a1.Address.String(), "eu-a", "a1 has the address 10.0.11.11"},
		{"a1", "10.0.11.99", "eu-a", "a1"},
		{"x", "10.0.11.98", "eu-c", `no zone "eu-c"`},
		{"../x", "10.0.11.97", "", "is not a name"},
		{"x", "2001:db8::1", "", "is not an IPv4 address"},
	} {
		_, err := n.Attach(ctx, c.name, netip.MustParseAddr(c.address), c.zone)
		assert.ErrorContains(t, err, c.message)
	}
	_, err := New(ctx, n.name, nil)
	assert.Error(t, err, "a second network of the same name")
	serve(t, a1) // and the first one is as it was
	reaches(ctx, t, a1, a1)
	_, err = a1.DialContext(ctx, "tcp", "example.org:80")
	assert.ErrorContains(t, err, "must be an IP address")
}

func TestCloseLeavesNothing(t *testing.T) {
	ctx, n, a1, _, _, _ := setup(t)
	sleep := a1.Command(ctx, "sleep", "1000")
	require.NoError(t, sleep.Start())
	require.NoError(t, n.Close())
	require.NoError(t, n.Close(), "twice")
	assert.Error(t, sleep.Wait(), "killed")
	require.NoError(t, ctx.Err(), "by Close, not at the end of its context")
	left, err := filepath.Glob(filepath.Join(folder, n.name+"_*"))
	require.NoError(t, err)
	assert.Empty(t, left)
	left, err = filepath.Glob("/run/ha-web-lab/*/network/" + n.name + "_*")
	require.NoError(t, err)
	assert.Empty(t, left)
	_, err = n.Attach(ctx, "x", netip.MustParseAddr("10.0.11.99"), "")
	assert.ErrorIs(t, err, os.ErrClosed)
}
