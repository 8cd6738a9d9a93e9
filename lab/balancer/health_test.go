package balancer

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/stretchr/testify/require"
)

// scripted answers each health check with the next of some status codes, and then with the last of them.
func scripted(asked *atomic.Int32, statuses ...int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(statuses[min(int(asked.Add(1)), len(statuses))-1])
	}
}

func TestNewTargetIsHealthyAfterOneCheck(t *testing.T) {
	b := newBench(t, checkedOnce())
	var asked atomic.Int32
	b.Register("i-1", addressOf(b.start(scripted(&asked, 200))), zoneA)
	b.await("i-1", healthy)
	require.Equal(t, int32(1), asked.Load())
	require.Equal(t, Health{Target: "i-1", Zone: zoneA, State: healthy}, b.health("i-1"), "healthy has no reason")
}

func TestThresholds(t *testing.T) {
	settings := quick()
	settings.HealthCheck.HealthyThreshold, settings.HealthCheck.UnhealthyThreshold = 3, 2
	b := newBench(t, settings)
	var asked atomic.Int32
	// healthy at 1, not yet unhealthy at 2, unhealthy at 5, interrupted at 8, healthy at 11
	server := b.start(scripted(&asked, 200, 500, 200, 500, 500, 200, 200, 500, 200, 200, 200))
	b.Register("i-1", addressOf(server), zoneA)
	checks := map[types.TargetHealthStateEnum]int32{} // how many there were when the target last became so
	var last types.TargetHealthStateEnum
	require.Eventually(t, func() bool {
		if now := b.health("i-1").State; now != last {
			checks[now], last = asked.Load(), now
		}
		return asked.Load() >= 12
	}, 5*time.Second, time.Millisecond)
	b.awaitStates("i-1", initial, healthy, unhealthy, healthy)
	require.Contains(t, []int32{5, 6}, checks[unhealthy], "two failures in a row")
	require.Contains(t, []int32{11, 12}, checks[healthy], "three successes in a row")
}

func TestTargetThatIsNeverWell(t *testing.T) {
	b := newBench(t, quick())
	var asked atomic.Int32
	b.Register("i-1", addressOf(b.start(scripted(&asked, 503))), zoneA)
	b.await("i-1", unhealthy)
	b.mutex.Lock()
	defer b.mutex.Unlock()
	require.Equal(t, []Health{
		{"i-1", zoneA, initial, "Elb.RegistrationInProgress", "Target registration is in progress"},
		{"i-1", zoneA, initial, "Elb.InitialHealthChecking", "Initial health checks in progress"},
		{"i-1", zoneA, unhealthy, "Target.ResponseCodeMismatch", "Health checks failed with these codes: [503]"},
	}, b.changes)
}

func TestReasons(t *testing.T) {
	b := newBench(t, quick())
	silent := b.start(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	closed := b.start(nil)
	closed.Close()
	garbled := b.start(func(w http.ResponseWriter, _ *http.Request) {
		conn, _, _ := http.NewResponseController(w).Hijack()
		conn.Write([]byte("SSH-2.0\r\n\r\n"))
		conn.Close()
	})
	moved := b.start(func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/elsewhere", http.StatusFound) })
	dropped := b.start(nil)
	b.network.kill(dropped.Listener.Addr().String())
	for id, address := range map[string]netip.AddrPort{
		"silent": addressOf(silent), "closed": addressOf(closed), "garbled": addressOf(garbled), "moved": addressOf(moved),
		"dropped": addressOf(dropped),
	} {
		b.Register(id, address, zoneA)
	}
	for id, reason := range map[string]types.TargetHealthReasonEnum{
		"silent": "Target.Timeout", "closed": "Target.FailedHealthChecks", "garbled": "Target.FailedHealthChecks",
		"moved": "Target.ResponseCodeMismatch", "dropped": "Target.Timeout",
	} {
		b.await(id, unhealthy)
		require.Equal(t, reason, b.health(id).Reason, id)
	}
}

func TestHealthCheckRequest(t *testing.T) {
	b := newBench(t, quick())
	requests := make(chan *http.Request, 100)
	server := b.start(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case requests <- r:
		default:
		}
	})
	b.Register("i-1", addressOf(server), zoneA)
	r := <-requests
	require.Equal(t, "GET /health ELB-HealthChecker/2.0", r.Method+" "+r.RequestURI+" "+r.UserAgent())
	require.Equal(t, server.Listener.Addr().String(), r.Host)
	require.True(t, r.Close, "the connection is for one check")
}

func TestNodeThatIsCutOffDoesNotCount(t *testing.T) {
	b := newBench(t, quick(), zoneA, zoneB)
	b.add("i-a", zoneA, nil)
	server := b.add("i-b", zoneB, nil)
	// Zone b is gone for node a, and node b sees but its own.
	b.network.kill(server.Listener.Addr().String())
	b.network.kill(zoneB)
	b.Cut(zoneB, true)
	b.await("i-b", unhealthy)
	require.Equal(t, "Target.Timeout", string(b.health("i-b").Reason))
	require.Equal(t, healthy, b.health("i-a").State)
	b.network.mend(zoneB)
	b.network.mend(server.Listener.Addr().String())
	b.await("i-b", healthy)
	b.Cut(zoneB, false)
	b.awaitStates("i-b", initial, healthy, unhealthy, healthy)
}

func TestHealthyIfOneNodeFindsItSo(t *testing.T) {
	b := newBench(t, quick(), zoneA, zoneB)
	b.add("i-1", zoneA, nil)
	b.network.kill(zoneB) // its node finds every target unhealthy
	require.Eventually(t, func() bool { return len(b.Zones()) == 1 }, 5*time.Second, time.Millisecond)
	require.Equal(t, []string{zoneA}, b.Zones(), "a node without healthy targets leaves DNS")
	require.Equal(t, healthy, b.health("i-1").State)
	b.Cut(zoneA, true)
	b.await("i-1", unhealthy)
	b.Cut(zoneB, true)
	require.Equal(t, unhealthy, b.health("i-1").State, "as it was last known")
	require.Empty(t, b.Zones())
}

func TestSettingsAreValidated(t *testing.T) {
	_, err := New(Settings{Algorithm: "fastest", HealthCheck: HealthCheck{Interval: 1, Timeout: 2, Matcher: "ok"}}, nil, nil)
	for _, fault := range []string{"algorithm", "timeout", "healthy threshold", "unhealthy threshold", `matcher: must be status codes or ranges of them, got "ok"`} {
		require.ErrorContains(t, err, fault)
	}
}

func TestMatcher(t *testing.T) {
	matches, err := matcher("200,301-303")
	require.NoError(t, err)
	for status, want := range map[int]bool{199: false, 200: true, 201: false, 300: false, 301: true, 303: true, 304: false} {
		require.Equal(t, want, matches(status), status)
	}
	for _, list := range []string{"", "2xx", "300-200", "200-"} {
		_, err := matcher(list)
		require.Error(t, err, list)
	}
}

// A dial that goes on for minutes would hold a thread in the target's network for each check.
func TestDialsEnd(t *testing.T) {
	deadlines := make(chan time.Duration, 100)
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		ends, limited := ctx.Deadline()
		if !limited {
			ends = time.Now().Add(time.Hour)
		}
		deadlines <- time.Until(ends)
		<-ctx.Done()
		return nil, ctx.Err()
	}
	settings := checkedOnce()
	settings.HealthCheck.Timeout = 10 * time.Second
	b, err := New(settings, []Node{{zoneA, dial}}, nil)
	require.NoError(t, err)
	b.Register("i-1", netip.MustParseAddrPort("10.0.11.7:8080"), zoneA)
	require.InDelta(t, 10, (<-deadlines).Seconds(), 1, "the health check's")
	w := httptest.NewRecorder()
	b.Handler(zoneA).ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	require.Equal(t, 504, w.Code)
	require.InDelta(t, 0.1, (<-deadlines).Seconds(), 0.1, "the connect timeout")
	require.NoError(t, b.Close())
}
