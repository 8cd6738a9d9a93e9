package balancer

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/stretchr/testify/require"
)

const (
	healthy   = types.TargetHealthStateEnumHealthy
	unhealthy = types.TargetHealthStateEnumUnhealthy
	initial   = types.TargetHealthStateEnumInitial
	draining  = types.TargetHealthStateEnumDraining
	unused    = types.TargetHealthStateEnumUnused

	zoneA = "us-east-1a"
	zoneB = "us-east-1b"
)

// quick has seconds in place of minutes.
func quick() Settings {
	return Settings{
		HealthCheck: HealthCheck{
			Path: "/health", Interval: 100 * time.Millisecond, Timeout: 100 * time.Millisecond, HealthyThreshold: 2, UnhealthyThreshold: 3,
		},
		DeregistrationDelay: 200 * time.Millisecond,
		IdleTimeout:         300 * time.Millisecond,
		ConnectTimeout:      100 * time.Millisecond,
	}
}

// checkedOnce are settings with which a target stays what its first check made of it.
func checkedOnce() Settings {
	settings := quick()
	settings.HealthCheck.Interval, settings.HealthCheck.Timeout = time.Hour, time.Minute
	return settings
}

// network drops what goes to dead addresses, as a VPC does, and what a node of a cut zone sends.
type network struct {
	mutex sync.Mutex
	dead  map[string]bool
}

func (n *network) kill(place string) { n.set(place, true) }
func (n *network) mend(place string) { n.set(place, false) }

func (n *network) set(place string, dead bool) {
	n.mutex.Lock()
	defer n.mutex.Unlock()
	n.dead[place] = dead
}

func (n *network) node(zone string) Node {
	return Node{Zone: zone, Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
		n.mutex.Lock()
		dropped := n.dead[address] || n.dead[zone]
		n.mutex.Unlock()
		if dropped {
			<-ctx.Done()
			return nil, ctx.Err()
		}
		return (&net.Dialer{}).DialContext(ctx, network, address)
	}}
}

// bench is a load balancer under test.
type bench struct {
	*testing.T
	*Balancer
	network *network
	mutex   sync.Mutex
	changes []Health
}

func newBench(t *testing.T, settings Settings, zones ...string) *bench {
	t.Helper()
	if len(zones) == 0 {
		zones = []string{zoneA}
	}
	b := &bench{T: t, network: &network{dead: map[string]bool{}}}
	var nodes []Node
	for _, zone := range zones {
		nodes = append(nodes, b.network.node(zone))
	}
	balancer, err := New(settings, nodes, func(h Health) {
		b.mutex.Lock()
		defer b.mutex.Unlock()
		b.changes = append(b.changes, h)
	})
	require.NoError(t, err)
	b.Balancer = balancer
	t.Cleanup(func() { require.NoError(t, balancer.Close()) })
	return b
}

// add starts a target that answers health checks with 200 and everything else with handler, and registers it.
func (b *bench) add(id, zone string, handler http.HandlerFunc) *httptest.Server {
	b.Helper()
	server := b.start(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/health" && handler != nil {
			handler(w, r)
		}
	})
	b.Register(id, addressOf(server), zone)
	require.Eventually(b, func() bool {
		b.Balancer.mutex.Lock()
		defer b.Balancer.mutex.Unlock()
		return !slices.ContainsFunc(b.find(id).backends, func(k *backend) bool { return k.state != healthy })
	}, 5*time.Second, time.Millisecond, "every node should find %s healthy", id)
	return server
}

func (b *bench) start(handler http.HandlerFunc) *httptest.Server {
	server := httptest.NewServer(handler)
	b.Cleanup(server.Close)
	return server
}

func addressOf(server *httptest.Server) netip.AddrPort {
	return netip.MustParseAddrPort(server.Listener.Addr().String())
}

func (b *bench) health(id string) Health {
	for _, each := range b.Health() {
		if each.Target == id {
			return each
		}
	}
	return Health{}
}

func (b *bench) await(id string, state types.TargetHealthStateEnum) {
	b.Helper()
	require.Eventually(b, func() bool { return b.health(id).State == state }, 5*time.Second, time.Millisecond,
		"%s should be %s, is %s", id, state, b.health(id))
}

// states are those that the callback was told of a target.
func (b *bench) states(id string) []types.TargetHealthStateEnum {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	var states []types.TargetHealthStateEnum
	for _, each := range b.changes {
		if each.Target == id && (len(states) == 0 || states[len(states)-1] != each.State) {
			states = append(states, each.State)
		}
	}
	return states
}

func (b *bench) awaitStates(id string, states ...types.TargetHealthStateEnum) {
	b.Helper()
	require.Eventually(b, func() bool { return slices.Equal(b.states(id), states) }, 5*time.Second, time.Millisecond,
		"%s should go through %v, went through %v", id, states, b.states(id))
}

// serve starts a listener of a zone's node and returns its URL.
func (b *bench) serve(zone string, listener Listener) string {
	b.Helper()
	on, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(b, err)
	ended := make(chan error, 1)
	go func() { ended <- b.Serve(zone, on, listener) }()
	b.Cleanup(func() {
		require.NoError(b, b.Close())
		require.NoError(b, <-ended)
	})
	scheme := "http://"
	if listener.Certificate != nil {
		scheme = "https://"
	}
	return scheme + on.Addr().String()
}

type answer struct {
	status int
	target string
	body   string
	header http.Header
}

// get asks the handler of a zone's node through a real connection.
func (b *bench) get(url string) answer {
	b.Helper()
	response, err := http.Get(url)
	require.NoError(b, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(b, err)
	return answer{response.StatusCode, response.Header.Get(TargetHeader), strings.TrimSpace(string(body)), response.Header}
}
