package balancer

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// pipes is a network within a synctest bubble: minutes of load take no time, and come out the same on a busy machine.
type pipes map[string]chan net.Conn

func (p pipes) dial(ctx context.Context, _, address string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	select {
	case p[address] <- theirs:
		return ours, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// pipe is one address of the network, as a net.Listener.
type pipe struct {
	conns chan net.Conn
	done  chan struct{}
}

func (p pipe) Accept() (net.Conn, error) {
	select {
	case conn := <-p.conns:
		return conn, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p pipe) Close() error   { close(p.done); return nil }
func (p pipe) Addr() net.Addr { return &net.TCPAddr{} }

// illness is what is wrong with one of the targets.
type illness struct {
	takes  time.Duration
	status int
}

// draw is the share, in percent, of 30 random requests a second for each target that goes to the one that is ill, while the others
// take some time and health checks notice nothing.
func draw(t *testing.T, algorithm string, targets int, others time.Duration, ill illness) (share float64) {
	synctest.Test(t, func(t *testing.T) {
		network := pipes{}
		address := func(i int) netip.AddrPort {
			return netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 11, byte(i)}), 8080)
		}
		for i := range targets {
			network[address(i).String()] = make(chan net.Conn)
		}
		settings := Settings{Algorithm: algorithm, HealthCheck: HealthCheck{
			Path: "/health", Interval: 20 * time.Second, Timeout: 5 * time.Second, HealthyThreshold: 2, UnhealthyThreshold: 3,
		}}
		b, err := New(settings, []Node{{zoneA, network.dial}}, nil)
		require.NoError(t, err)
		defer b.Close()
		for i := range targets {
			takes, status := others, 200
			if i == 0 {
				takes, status = ill.takes, ill.status
			}
			server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/health" {
					time.Sleep(takes)
					w.WriteHeader(status)
				}
			})}
			go server.Serve(pipe{conns: network[address(i).String()], done: make(chan struct{})})
			defer server.Close()
			b.Register(fmt.Sprint("i-", i), address(i), zoneA)
		}
		time.Sleep(time.Second)
		var sick, all atomic.Int64
		arrivals := rand.New(rand.NewPCG(1, 1))
		for range 4 * 30 * targets {
			time.Sleep(time.Duration(arrivals.ExpFloat64() * float64(time.Second) / float64(30*targets)))
			go func() {
				w := httptest.NewRecorder()
				b.Handler(zoneA).ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
				all.Add(1)
				if w.Header().Get(TargetHeader) == "i-0" {
					sick.Add(1)
				}
			}()
		}
		time.Sleep(2 * time.Minute)
		share = 100 * float64(sick.Load()) / float64(all.Load())
	})
	return share
}

// A target that fails at once always has the fewest outstanding requests and draws the others' traffic; one that hangs has the
// most and draws next to none. Neither is so with round robin. What a stack should use depends on which of them its health check
// notices. In a minute of load, the shares of the target that fails are 84, 93 and 87 percent, and those of the one that hangs 2 at
// most; a test has only seconds.
func TestWhatSickTargetsDraw(t *testing.T) {
	failsFast, hangs := illness{2 * time.Millisecond, 500}, illness{30 * time.Second, 200}
	t.Log("share of requests that the sick target gets, in percent")
	t.Logf("%-26s %8s %8s %8s", "", "2 x .1s", "2 x .3s", "4 x .3s")
	for _, each := range []struct {
		name string
		ill  illness
	}{{"fails in 2 ms", failsFast}, {"hangs for 30 s", hangs}} {
		for _, algorithm := range []string{LeastOutstandingRequests, RoundRobin} {
			two := draw(t, algorithm, 2, 300*time.Millisecond, each.ill)
			four := draw(t, algorithm, 4, 300*time.Millisecond, each.ill)
			t.Logf("%-14s %-11.11s %8.0f %8.0f %8.0f", each.name, algorithm, draw(t, algorithm, 2, 100*time.Millisecond, each.ill), two, four)
			switch {
			case algorithm == RoundRobin:
				require.InDelta(t, 50, two, 1)
				require.InDelta(t, 25, four, 1)
			case each.ill == failsFast:
				require.Greater(t, two, 80.0)
				require.Greater(t, four, 70.0)
			default:
				require.Less(t, two, 25.0)
				require.Less(t, four, 15.0)
			}
		}
	}
}
