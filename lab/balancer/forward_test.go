package balancer

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestNoTargetIs503(t *testing.T) {
	b := newBench(t, quick())
	url := b.serve(zoneA, Listener{Default: Forward()})
	got := b.get(url)
	require.Equal(t, 503, got.status)
	require.Equal(t, "awselb/2.0", got.header.Get("Server"))
	require.Contains(t, got.body, "503 Service Unavailable")
	require.Empty(t, got.target)
}

func TestRequestsReachTheTarget(t *testing.T) {
	b := newBench(t, checkedOnce())
	requests := make(chan *http.Request, 2)
	b.add("i-1", zoneA, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		requests <- r
		w.Header().Set("Server", "app")
		w.WriteHeader(http.StatusCreated)
		fmt.Fprintf(w, "got %s", body)
	})
	url := b.serve(zoneA, Listener{Default: Forward()})
	request, err := http.NewRequest("PUT", url+"/some%2Fpath?q=1", strings.NewReader("body"))
	require.NoError(t, err)
	request.Host = "www.example.edu"
	request.Header.Set("X-Forwarded-For", "203.0.113.7")
	request.Header.Set("X-Forwarded-Host", "forged.example")
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.Equal(t, "201 got body app i-1",
		fmt.Sprint(response.StatusCode, " ", string(body), " ", response.Header.Get("Server"), " ", response.Header.Get(TargetHeader)))
	got := <-requests
	require.Equal(t, "PUT /some%2Fpath?q=1 www.example.edu", got.Method+" "+got.RequestURI+" "+got.Host)
	_, port, err := net.SplitHostPort(strings.TrimPrefix(url, "http://"))
	require.NoError(t, err)
	for name, want := range map[string]string{
		"X-Forwarded-For": "203.0.113.7, 127.0.0.1", "X-Forwarded-Proto": "http", "X-Forwarded-Port": port, "X-Forwarded-Host": "",
	} {
		require.Equal(t, want, got.Header.Get(name), name)
	}
	require.Regexp(t, `^Root=1-[0-9a-f]{8}-[0-9a-f]{24}$`, got.Header.Get("X-Amzn-Trace-Id"))
}

// Each way in which a target can fail to answer.
func TestErrorsOfTargets(t *testing.T) {
	hijack := func(w http.ResponseWriter) net.Conn {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(err)
		}
		return conn
	}
	for name, each := range map[string]struct {
		want    int
		handler http.HandlerFunc
		after   func(b *bench, address string)
	}{
		"refuses the connection":   {want: 502, after: nil},
		"drops the connection":     {want: 504, after: func(b *bench, address string) { b.network.kill(address) }},
		"closes without an answer": {want: 502, handler: func(w http.ResponseWriter, _ *http.Request) { hijack(w).Close() }},
		"sends something else": {want: 502, handler: func(w http.ResponseWriter, _ *http.Request) {
			c := hijack(w)
			io.WriteString(c, "220 mail\r\n\r\n")
			c.Close()
		}},
		"says nothing":               {want: 504, handler: func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }},
		"answers with its own error": {want: 500, handler: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, checkedOnce())
			server := b.add("i-1", zoneA, each.handler)
			if each.after != nil {
				each.after(b, server.Listener.Addr().String())
			} else if each.handler == nil {
				server.Close()
			}
			got := b.get(b.serve(zoneA, Listener{Default: Forward()}))
			require.Equal(t, each.want, got.status, got.header.Get(ErrorHeader))
			require.Equal(t, "i-1", got.target)
			require.Equal(t, each.want == 500, got.header.Get("Server") == "", "whose answer it is")
		})
	}
}

func TestAnswerThatStopsHalfWay(t *testing.T) {
	b := newBench(t, checkedOnce())
	b.add("i-1", zoneA, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "10")
		io.WriteString(w, "half")
		http.NewResponseController(w).Flush()
		<-r.Context().Done()
	})
	start := time.Now()
	response, err := http.Get(b.serve(zoneA, Listener{Default: Forward()}))
	require.NoError(t, err)
	defer response.Body.Close()
	_, err = io.ReadAll(response.Body)
	require.Error(t, err, "the rest never comes")
	require.Greater(t, time.Since(start), 250*time.Millisecond, "the idle timeout ends it")
}

func TestLongAnswerIsNotIdle(t *testing.T) {
	settings := checkedOnce()
	settings.IdleTimeout = 500 * time.Millisecond
	b := newBench(t, settings)
	b.add("i-1", zoneA, func(w http.ResponseWriter, _ *http.Request) {
		for range 8 {
			time.Sleep(100 * time.Millisecond)
			io.WriteString(w, "more ")
			http.NewResponseController(w).Flush()
		}
	})
	require.Equal(t, strings.TrimSpace(strings.Repeat("more ", 8)), b.get(b.serve(zoneA, Listener{Default: Forward()})).body)
}

// The idle timeout begins anew with a request on a kept connection.
func TestKeptConnectionIsNotIdle(t *testing.T) {
	settings := checkedOnce()
	settings.IdleTimeout = time.Second
	b := newBench(t, settings)
	connections := make(chan string, 2)
	b.add("i-1", zoneA, func(_ http.ResponseWriter, r *http.Request) {
		connections <- r.RemoteAddr
		if r.URL.Path == "/slow" {
			time.Sleep(800 * time.Millisecond)
		}
	})
	url := b.serve(zoneA, Listener{Default: Forward()})
	require.Equal(t, 200, b.get(url).status)
	time.Sleep(500 * time.Millisecond)
	require.Equal(t, 200, b.get(url+"/slow").status)
	require.Equal(t, <-connections, <-connections)
}

// A target that closes kept connections sooner than the load balancer is the usual cause of 502 (user guide, "HTTP 502: Bad
// gateway"). No other connection and no other target is tried.
func TestNothingIsTriedTwice(t *testing.T) {
	b := newBench(t, checkedOnce())
	on, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { on.Close() })
	var asked atomic.Int32
	go func() {
		for {
			conn, err := on.Accept()
			if err != nil {
				return
			}
			go func() { // answers one request of a connection, and breaks off at the second
				defer conn.Close()
				in := bufio.NewReader(conn)
				for first := true; ; first = false {
					r, err := http.ReadRequest(in)
					if err != nil {
						return
					}
					if r.URL.Path != "/health" {
						asked.Add(1)
					}
					if !first {
						return
					}
					io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
				}
			}()
		}
	}()
	b.Register("i-1", netip.MustParseAddrPort(on.Addr().String()), zoneA)
	b.await("i-1", healthy)
	url := b.serve(zoneA, Listener{Default: Forward()})
	require.Equal(t, 200, b.get(url).status)
	require.Equal(t, 502, b.get(url).status)
	require.Equal(t, int32(2), asked.Load())
	require.Equal(t, 1, b.Counts()[zoneA].Own[502])
}

func TestClientThatLeavesIsNoServerError(t *testing.T) {
	b := newBench(t, checkedOnce())
	arrived := make(chan bool)
	b.add("i-1", zoneA, func(_ http.ResponseWriter, r *http.Request) { arrived <- true; <-r.Context().Done() })
	url := b.serve(zoneA, Listener{Default: Forward()})
	conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	require.NoError(t, err)
	io.WriteString(conn, "GET / HTTP/1.1\r\nHost: lab\r\n\r\n")
	<-arrived
	conn.Close()
	var own map[int]int
	require.Eventually(t, func() bool { own = b.Counts()[zoneA].Own; return len(own) > 0 }, 5*time.Second, time.Millisecond)
	require.Equal(t, map[int]int{460: 1}, own)
}

func TestAlgorithms(t *testing.T) {
	for algorithm, slow := range map[string]func(share int) bool{
		RoundRobin:               func(share int) bool { return share == 50 },
		LeastOutstandingRequests: func(share int) bool { return share <= 20 },
		WeightedRandom:           func(share int) bool { return share > 20 && share < 80 },
	} {
		t.Run(algorithm, func(t *testing.T) {
			settings := checkedOnce()
			settings.Algorithm = algorithm
			settings.IdleTimeout = time.Minute
			b := newBench(t, settings)
			hold := make(chan bool)
			held := make(chan bool, 100)
			b.add("slow", zoneA, func(http.ResponseWriter, *http.Request) { held <- true; <-hold })
			b.add("fast", zoneA, nil)
			url := b.serve(zoneA, Listener{Default: Forward()})
			answers := make(chan string, 100)
			var slowOnes int
			for range 100 { // one after another, but for those that are held
				go func() { answers <- b.get(url).target }()
				select {
				case <-answers:
				case <-held:
					slowOnes++
				}
			}
			close(hold)
			for range slowOnes {
				<-answers
			}
			require.True(t, slow(slowOnes), "the target that holds its requests got %d of 100", slowOnes)
		})
	}
}

func TestFailOpen(t *testing.T) {
	b := newBench(t, quick(), zoneA, zoneB)
	var sick atomic.Bool
	for _, id := range []string{"i-1", "i-2"} {
		server := b.start(func(w http.ResponseWriter, r *http.Request) {
			if sick.Load() && r.URL.Path == "/health" {
				w.WriteHeader(503)
			}
		})
		b.Register(id, addressOf(server), zoneA)
		b.await(id, healthy)
	}
	sick.Store(true)
	b.await("i-1", unhealthy)
	b.await("i-2", unhealthy)
	require.Eventually(t, func() bool { return len(b.Zones()) == 2 }, 5*time.Second, time.Millisecond,
		"if no node has a healthy target, all stay in DNS")
	url := b.serve(zoneA, Listener{Default: Forward()})
	seen := map[string]int{}
	for range 10 {
		got := b.get(url)
		require.Equal(t, 200, got.status)
		seen[got.target]++
	}
	require.Equal(t, map[string]int{"i-1": 5, "i-2": 5}, seen)
}

func TestSickTargetGetsNothing(t *testing.T) {
	b := newBench(t, quick())
	b.add("well", zoneA, nil)
	server := b.add("dead", zoneA, nil)
	b.network.kill(server.Listener.Addr().String())
	b.await("dead", unhealthy)
	url := b.serve(zoneA, Listener{Default: Forward()})
	for range 10 {
		require.Equal(t, "well", b.get(url).target)
	}
}

func TestDrain(t *testing.T) {
	settings := checkedOnce()
	settings.IdleTimeout = 5 * time.Second
	b := newBench(t, settings)
	arrived := make(chan bool)
	b.add("i-1", zoneA, func(w http.ResponseWriter, r *http.Request) {
		arrived <- true
		wait, err := strconv.Atoi(r.URL.Query().Get("wait"))
		if err != nil {
			return
		}
		select {
		case <-r.Context().Done():
		case <-time.After(time.Duration(wait) * time.Millisecond):
		}
	})
	url := b.serve(zoneA, Listener{Default: Forward()})
	short, long := make(chan answer, 1), make(chan answer, 1)
	go func() { short <- b.get(url + "?wait=100") }()
	go func() { long <- b.get(url + "?wait=60000") }()
	<-arrived
	<-arrived
	start := time.Now()
	b.Deregister("i-1")
	require.Equal(t, Health{"i-1", zoneA, draining, "Target.DeregistrationInProgress", "Target deregistration is in progress"}, b.health("i-1"))
	require.Equal(t, 503, b.get(url).status, "no new request")
	require.Equal(t, 200, (<-short).status, "what is under way finishes")
	got := <-long
	require.Equal(t, "502 the deregistration delay is over", fmt.Sprint(got.status, " ", got.header.Get(ErrorHeader)))
	require.InDelta(t, 0.2, time.Since(start).Seconds(), 0.15, "when the delay is over")
	b.awaitStates("i-1", initial, healthy, draining, unused)
	require.Empty(t, b.Health())
}

func TestRegisterAgain(t *testing.T) {
	settings := checkedOnce()
	settings.DeregistrationDelay = time.Hour
	b := newBench(t, settings)
	server := b.add("i-1", zoneA, nil)
	b.Register("i-1", addressOf(server), zoneA)
	require.Equal(t, healthy, b.health("i-1").State, "registering what is registered changes nothing")
	b.Deregister("i-1")
	b.Register("i-1", addressOf(server), zoneA)
	b.await("i-1", healthy)
	b.awaitStates("i-1", initial, healthy, draining, initial, healthy)
	require.Equal(t, 200, b.get(b.serve(zoneA, Listener{Default: Forward()})).status)
}

func TestUnused(t *testing.T) {
	b := newBench(t, checkedOnce())
	b.add("i-1", zoneA, nil)
	url := b.serve(zoneA, Listener{Default: Forward()})
	require.Equal(t, 200, b.get(url).status)
	b.Unused("i-1")
	require.Equal(t, 503, b.get(url).status)
	b.awaitStates("i-1", initial, healthy, unused)
	b.mutex.Lock()
	defer b.mutex.Unlock()
	require.Equal(t, "Target.InvalidState", string(b.changes[len(b.changes)-1].Reason))
}

func TestZonalShift(t *testing.T) {
	b := newBench(t, checkedOnce(), zoneA, zoneB)
	b.add("i-a", zoneA, nil)
	serverB := b.add("i-b", zoneB, nil)
	serve := map[string]string{}
	for _, zone := range []string{zoneA, zoneB} {
		serve[zone] = b.serve(zone, Listener{Default: Forward()})
		require.Eventually(t, func() bool { return len(b.Zones()) == 2 }, 5*time.Second, time.Millisecond)
	}
	ask := func(zone string) map[string]int {
		seen := map[string]int{}
		for range 4 {
			seen[b.get(serve[zone]).target]++
		}
		return seen
	}
	require.Equal(t, map[string]int{"i-a": 2, "i-b": 2}, ask(zoneA), "cross-zone load balancing is on")
	b.Shift(zoneB, true)
	require.Equal(t, []string{zoneA}, b.Zones())
	require.Equal(t, map[string]int{"i-a": 4}, ask(zoneA))
	require.Equal(t, map[string]int{"i-a": 4}, ask(zoneB), "clients that still know the node's address are served")
	require.Equal(t, healthy, b.health("i-b").State, "the override is not a state of health")

	b.Deregister("i-a")
	require.Equal(t, map[string]int{"i-b": 4}, ask(zoneA), "a load balancer that fails open knows no shift")
	require.Equal(t, []string{zoneA, zoneB}, b.Zones())
	b.Register("i-a", addressOf(serverB), zoneA)
	b.Shift(zoneB, false)
	b.await("i-a", healthy)
	require.Eventually(t, func() bool { return len(ask(zoneA)) == 2 }, 5*time.Second, time.Millisecond)
}
