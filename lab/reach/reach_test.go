package reach

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// machine is a namespace that this process makes up: an address of the loopback, from which dial decides what is reached.
type machine struct {
	dial   func(ctx context.Context, address string) error
	listen func(address string) error
}

func (m machine) Listen(network, address string) (net.Listener, error) {
	if m.listen != nil {
		if err := m.listen(address); err != nil {
			return nil, err
		}
	}
	return net.Listen(network, address)
}

func (m machine) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	if err := m.dial(ctx, address); err != nil {
		return nil, err
	}
	return new(net.Dialer).DialContext(ctx, network, address)
}

func drop(ctx context.Context, _ string) error {
	<-ctx.Done()
	return ctx.Err()
}

func pass(context.Context, string) error { return nil }

// drill is one of a client, two instances and a database, on ports that are free.
func drill(t *testing.T, dial map[string]func(context.Context, string) error) Drill {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	port := listener.Addr().(*net.TCPAddr).Port
	require.NoError(t, listener.Close())
	d := Drill{Ports: []int{port}, Patience: 300 * time.Millisecond}
	for i, name := range []string{"client", "edge", "app-a", "app-b", "db"} {
		endpoint := Endpoint{Name: name, Party: name, Address: netip.AddrFrom4([4]byte{127, 0, 1, byte(i + 1)})}
		endpoint.Outside = i < 2
		if i == 2 || i == 3 {
			endpoint.Party = "app"
		}
		endpoint.Namespace = machine{dial: drop}
		if way := dial[name]; way != nil {
			endpoint.Namespace = machine{dial: way}
		}
		d.Endpoints = append(d.Endpoints, endpoint)
	}
	return d
}

func TestFindings(t *testing.T) {
	t.Parallel()
	// app-a reaches all but the client, app-b nobody.
	d := drill(t, map[string]func(context.Context, string) error{
		"app-a": func(ctx context.Context, address string) error {
			if address[:len("127.0.1.1:")] == "127.0.1.1:" {
				return drop(ctx, address)
			}
			return nil
		},
	})
	port := d.Ports[0]
	d.Allowed = []Path{{"app", "db", port}, {"app-a", "app-b", port}, {"app-a", Internet, port}}
	report, err := d.Run(t.Context())
	require.NoError(t, err)
	assert.Equal(t, 5*4-2, report.Tried, "all pairs in both directions, but the two outside")
	assert.Equal(t, 3, report.Open)
	assert.ElementsMatch(t, []Finding{{"app-b", "db", port, false}, {"app-a", "client", port, false}}, report.Findings)

	d.Allowed = d.Allowed[1:]
	report, err = d.Run(t.Context())
	require.NoError(t, err, "its listeners are closed after a run")
	assert.ElementsMatch(t, []Finding{{"app-a", "db", port, true}, {"app-a", "client", port, false}}, report.Findings)
	assert.Equal(t, "app-a to db, port 5432: open, should be closed", Finding{"app-a", "db", 5432, true}.String())
	assert.Equal(t, "app-a to db, port 5432: closed, should be open", Finding{"app-a", "db", 5432, false}.String())
}

// A busy machine answers late. What seemed closed for that reason is tried again.
func TestBusyMachine(t *testing.T) {
	t.Parallel()
	late := func(ctx context.Context, _ string) error {
		select {
		case <-time.After(450 * time.Millisecond): // patience is 300
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	d := drill(t, map[string]func(context.Context, string) error{"app-a": late, "db": late})
	port := d.Ports[0]
	d.Endpoints = d.Endpoints[2:]
	d.Allowed = []Path{{"app-a", "app-b", port}, {"app-a", "db", port}}
	report, err := d.Run(t.Context())
	require.NoError(t, err)
	assert.Equal(t, 2, report.Late)
	assert.ElementsMatch(t, []Finding{{"db", "app-a", port, true}, {"db", "app-b", port, true}}, report.Findings)
}

// A refusal is no proof of a filter.
func TestMissingListener(t *testing.T) {
	t.Parallel()
	refused := func(context.Context, string) error { return syscall.ECONNREFUSED }
	_, err := drill(t, map[string]func(context.Context, string) error{"db": refused}).Run(t.Context())
	require.ErrorIs(t, err, syscall.ECONNREFUSED)
	require.ErrorContains(t, err, "db to app-a, port ")

	d := drill(t, nil)
	d.Endpoints[1].Namespace = machine{dial: drop, listen: func(string) error { return errors.New("no such address") }}
	_, err = d.Run(t.Context())
	require.ErrorContains(t, err, "no such address")
}

// Where the machine's own server listens, the drill tries that one.
func TestListenerOfTheMachine(t *testing.T) {
	t.Parallel()
	d := drill(t, map[string]func(context.Context, string) error{"app-a": pass})
	server, err := net.Listen("tcp", join(d.Endpoints[4].Address, d.Ports[0]))
	require.NoError(t, err)
	defer server.Close()
	d.Allowed = []Path{{"app-a", "db", d.Ports[0]}, {"app-a", "app-b", d.Ports[0]}, {"app-a", Internet, d.Ports[0]}}
	report, err := d.Run(t.Context())
	require.NoError(t, err)
	assert.Empty(t, report.Findings)
}

func TestFaultsOfTables(t *testing.T) {
	t.Parallel()
	d := drill(t, nil)
	d.Allowed = []Path{{"application", "db", d.Ports[0]}, {"app", "db", 1}}
	d.Patience = 0
	_, err := d.Run(t.Context())
	require.ErrorContains(t, err, `no endpoint is "application"`)
	require.ErrorContains(t, err, "the port is not tried")
	require.ErrorContains(t, err, "patience must be positive")
}

func TestCancellation(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := drill(t, nil).Run(ctx)
	require.ErrorIs(t, err, context.Canceled)
}
