package probe

import (
	"context"
	"encoding/binary"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// moody is a site that hangs, refuses and recovers at one address.
type moody struct {
	address string
	hang    atomic.Bool
	server  *httptest.Server
	mutex   sync.Mutex
	agents  map[string]int
	opened  int // connections
}

func newMoody(t *testing.T) *moody {
	m := &moody{address: "127.0.0.1:0", agents: map[string]int{}}
	m.start(t)
	t.Cleanup(func() { m.server.Close() })
	return m
}

func (m *moody) start(t *testing.T) {
	t.Helper()
	listener, err := net.Listen("tcp", m.address)
	require.NoError(t, err)
	m.address = listener.Addr().String()
	m.server = httptest.NewUnstartedServer(m)
	m.server.Listener = listener
	m.server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			m.mutex.Lock()
			defer m.mutex.Unlock()
			m.opened++
		}
	}
	m.server.Start()
}

func (m *moody) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m.mutex.Lock()
	m.agents[r.UserAgent()]++
	m.mutex.Unlock()
	if m.hang.Load() {
		<-r.Context().Done()
		return
	}
	switch r.URL.Path {
	case "/moved":
		http.Redirect(w, r, "/broken", http.StatusFound)
	case "/broken":
		http.Error(w, "no database", http.StatusServiceUnavailable)
	}
}

func TestProbe(t *testing.T) {
	const rate, timeout = 50, 200 * time.Millisecond
	m, began := newMoody(t), time.Now()
	p := Start(t.Context(), []Target{
		{Name: "/", URL: "http://" + m.address + "/", Timeout: timeout}, {Name: "/moved", URL: "http://" + m.address + "/moved", Timeout: timeout},
	}, rate)
	time.Sleep(200 * time.Millisecond)
	m.hang.Store(true)
	acted := time.Now()
	time.Sleep(400 * time.Millisecond)
	assert.NotEmpty(t, p.Seen(), "results are there while the probe goes on")
	m.server.CloseClientConnections()
	m.server.Close()
	time.Sleep(200 * time.Millisecond)
	m.hang.Store(false)
	m.start(t)
	back := time.Now()
	assert.Eventually(t, func() bool {
		now := Summarize(p.Seen(), acted)
		return now[0].Recovered && now[1].Recovered
	}, 10*time.Second, 100*time.Millisecond)
	ended, trouble := time.Now(), back.Sub(acted).Seconds()
	results := p.Stop()

	summaries := Summarize(results, acted)
	require.Len(t, summaries, 2)
	for _, s := range summaries {
		assert.InEpsilon(t, rate*ended.Sub(began).Seconds(), s.Sent, 0.25, "%s: as many while it hangs", s.Target)
		assert.Greater(t, s.Failed, 15)
		// A busy machine takes its time to answer again.
		assert.InDelta(t, trouble+5, s.Recovery.Seconds(), 6)
		assert.InDelta(t, trouble+5, s.Longest.Seconds(), 6)
		assert.Positive(t, s.P50)
	}
	reasons := map[string]int{}
	for _, each := range results {
		reasons[each.Err]++
		assert.Equal(t, each.Err == "", each.Status != 0, "%+v", each)
	}
	assert.Positive(t, reasons["no answer within 200ms"], reasons)
	assert.Positive(t, reasons["dial tcp "+m.address+": connect: connection refused"], reasons)
	assert.Len(t, m.agents, 1)
	assert.Positive(t, m.agents["ha-web-verify"])
}

func TestProbeNoticesStatusAndOpensConnections(t *testing.T) {
	m := newMoody(t)
	p := Start(t.Context(), []Target{
		{Name: "broken", URL: "http://" + m.address + "/broken", Timeout: 10 * time.Second},
		{Name: "moved", URL: "http://" + m.address + "/moved", Timeout: 10 * time.Second},
	}, 50)
	time.Sleep(200 * time.Millisecond)
	results := p.Stop()
	for _, each := range results {
		if each.Target == "moved" {
			assert.Empty(t, each.Err, "a redirect is a success, and not followed")
			assert.Equal(t, http.StatusFound, each.Status)
			continue
		}
		assert.Equal(t, "status 503", each.Err)
		assert.Equal(t, 503, each.Status)
	}
	m.mutex.Lock()
	defer m.mutex.Unlock()
	assert.Equal(t, len(results), m.opened, "each request opens a connection")
}

func TestProbeEndsWithItsContext(t *testing.T) {
	m := newMoody(t)
	ctx, cancel := context.WithCancel(t.Context())
	p := Start(ctx, []Target{{Name: "/", URL: "http://" + m.address + "/", Timeout: time.Second}}, 50)
	time.Sleep(100 * time.Millisecond)
	cancel()
	time.Sleep(100 * time.Millisecond)
	sent := len(p.Seen())
	time.Sleep(200 * time.Millisecond)
	assert.Len(t, p.Stop(), sent)
	assert.NotZero(t, sent)
}

// TestProbeAsksForNames goes through a name whose addresses change, with one that refuses before one that serves.
func TestProbeAsksForNames(t *testing.T) {
	m := newMoody(t)
	_, port, err := net.SplitHostPort(m.address)
	require.NoError(t, err)
	names := serveNames(t, "127.0.0.2")
	p := Start(t.Context(), []Target{{Name: "/", URL: "http://site.example.edu:" + port + "/", Timeout: time.Second}}, 20)
	require.Eventually(t, func() bool { return names.asked.Load() > 1 && len(p.Seen()) > 0 }, 10*time.Second, 20*time.Millisecond)
	names.set("127.0.0.2", "127.0.0.1")
	before := names.asked.Load()
	assert.Eventually(t, func() bool { return Summarize(p.Seen(), time.Now())[0].Recovered }, 10*time.Second, 50*time.Millisecond,
		"the second address is tried, and the name asked again")
	assert.Positive(t, Summarize(p.Stop(), time.Now())[0].Failed)
	// Requests that look it up at the same time share an answer.
	assert.Greater(t, names.asked.Load(), before)
}

// nameServer is a DNS server that has the same addresses for each name.
type nameServer struct {
	addresses atomic.Pointer[[]string]
	asked     atomic.Int64
}

func (n *nameServer) set(addresses ...string) { n.addresses.Store(&addresses) }

// serveNames has the resolver of this process ask a name server of its own.
func serveNames(t *testing.T, addresses ...string) *nameServer {
	t.Helper()
	n := &nameServer{}
	n.set(addresses...)
	socket, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	before := net.DefaultResolver
	t.Cleanup(func() { net.DefaultResolver = before; socket.Close() })
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", socket.LocalAddr().String())
	}}
	go func() {
		query := make([]byte, 1500)
		for {
			size, from, err := socket.ReadFrom(query)
			if err != nil {
				return
			}
			_, _ = socket.WriteTo(n.answer(query[:size]), from)
		}
	}()
	return n
}

// answer answers a question for addresses of IPv4 and, with nothing, any other (RFC 1035, section 4).
func (n *nameServer) answer(query []byte) []byte {
	end := 12
	for query[end] != 0 {
		end += int(query[end]) + 1
	}
	end += 5
	answer := append([]byte{}, query[:end]...)
	binary.BigEndian.PutUint16(answer[2:], 0x8180)
	for i := 6; i < 12; i++ {
		answer[i] = 0
	}
	if binary.BigEndian.Uint16(query[end-4:]) != 1 {
		return answer
	}
	n.asked.Add(1)
	for _, each := range *n.addresses.Load() {
		address := netip.MustParseAddr(each).As4()
		answer[7]++
		answer = append(answer, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4)
		answer = append(answer, address[:]...)
	}
	return answer
}
