//go:build lab && linux

package lab

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"testing"
	"time"

	"ha-web/internal/probe"

	"github.com/stretchr/testify/require"
)

// Paths that drills watch: one that only needs an instance, and one that needs the database.
const (
	shallow = "/health"
	deep    = "/courses"
)

// watchRate is how many requests a second a drill sends to each path.
const watchRate = 15

// watched is a probe of the site from outside.
type watched struct {
	probe *probe.Probe
	acted time.Time
}

// watch requests paths of the site from now on, each at the watch rate.
func (l *Lab) watch(paths ...string) *watched {
	var targets []probe.Target
	for _, path := range paths {
		targets = append(targets, probe.Target{
			Name: path, URL: "https://" + siteName + path, Host: siteName, Timeout: 10 * time.Second, Retry: path == deep,
			Dial: l.dial, Roots: l.authority.Pool(),
		})
	}
	return &watched{probe: probe.Start(l.ctx, targets, watchRate), acted: time.Now()}
}

// act notes that something is done to the stack now.
func (w *watched) act() { w.acted = time.Now() }

// stop ends the watch, and sums it up by path.
func (w *watched) stop() map[string]probe.Summary {
	summaries := map[string]probe.Summary{}
	for _, each := range probe.Summarize(w.probe.Stop(), w.acted) {
		summaries[each.Target] = each
	}
	return summaries
}

// dial connects from the client outside, which asks its DNS server for every connection and tries all addresses of a name in
// turn, as browsers and CloudFront do.
func (l *Lab) dial(ctx context.Context, kind, address string) (net.Conn, error) {
	name, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	resolver := net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return l.client.DialContext(ctx, "udp", netip.AddrPortFrom(internetResolver, 53).String())
	}}
	found, err := resolver.LookupNetIP(ctx, "ip4", name)
	if err != nil {
		return nil, err
	}
	for _, each := range found {
		attempt, cancel := context.WithTimeout(ctx, connecting)
		var connection net.Conn
		if connection, err = l.client.DialContext(attempt, kind, net.JoinHostPort(each.Unmap().String(), port)); err == nil {
			cancel()
			return connection, nil
		}
		cancel()
	}
	return nil, err
}

// connecting is how long the client waits for a connection before it tries the next address. CloudFront waits 10 seconds, and
// can be told to wait less.
const connecting = 2 * time.Second

// eventually waits until a condition holds, and fails the test where it does not in time.
func (l *Lab) eventually(t *testing.T, bound time.Duration, what string, holds func() (bool, string)) time.Duration {
	t.Helper()
	began := time.Now()
	for {
		ok, seen := holds()
		if ok {
			return time.Since(began)
		}
		if time.Since(began) > bound || l.ctx.Err() != nil {
			require.Fail(t, fmt.Sprintf("%s: not within %v: %s", what, bound, seen))
		}
		time.Sleep(100 * time.Millisecond)
	}
}
