package balancer

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// Dial connects from where a node is.
type Dial func(ctx context.Context, network, address string) (net.Conn, error)

// Node is one node of the load balancer: AWS runs one, or several behind one address, in each enabled Availability Zone.
type Node struct {
	Zone string
	Dial Dial
}

// Balancer is a load balancer with its target group. Cross-zone load balancing is on, as it always is for an Application Load
// Balancer: each node forwards to targets in all zones.
type Balancer struct {
	settings Settings
	matches  func(status int) bool
	nodes    []*node

	ctx     context.Context // ends with Close
	cancel  context.CancelFunc
	running sync.WaitGroup
	reports reports

	mutex   sync.Mutex
	targets []*target // in the order of their IDs
	shifted map[string]bool
	servers []*http.Server
}

// node is what the load balancer is in one zone.
type node struct {
	balancer *Balancer
	index    int // in Balancer.nodes and target.backends
	zone     string
	dial     Dial

	// Guarded by Balancer.mutex.
	cut   bool
	turn  uint64
	tally ZoneCounts
}

// target is an instance that is registered, or was and drains.
type target struct {
	id       string
	address  netip.AddrPort
	zone     string
	backends []*backend // one for each node
	draining bool
	reported Health // last

	unchecked context.Context // ends when health checks do
	stop      context.CancelFunc
	ended     context.Context // ends when the deregistration delay is over
	end       context.CancelFunc
}

// New returns a load balancer with these nodes and no targets. changed is called with every change of a target's consolidated
// state, one call at a time and in order; it may be nil.
func New(settings Settings, nodes []Node, changed func(Health)) (*Balancer, error) {
	settings = settings.withDefaults()
	if err := settings.validate(); err != nil {
		return nil, fmt.Errorf("making a load balancer: %w", err)
	}
	matches, _ := matcher(settings.HealthCheck.Matcher) // validated
	b := &Balancer{settings: settings, matches: matches, shifted: map[string]bool{}}
	b.ctx, b.cancel = context.WithCancel(context.Background())
	for i, each := range nodes {
		b.nodes = append(b.nodes, &node{balancer: b, index: i, zone: each.Zone, dial: each.Dial, tally: newTally()})
	}
	b.reports.wake = make(chan struct{}, 1)
	b.running.Go(func() { b.reports.deliver(b.ctx, changed) })
	return b, nil
}

// Register adds a target and starts to check it. Registering a target that is registered changes nothing; one that drains, or
// has another address now, starts anew.
func (b *Balancer) Register(id string, address netip.AddrPort, zone string) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	if b.ctx.Err() != nil {
		return
	}
	if old := b.find(id); old != nil {
		if !old.draining && old.address == address {
			return
		}
		b.remove(old)
	}
	t := &target{id: id, address: address, zone: zone}
	t.unchecked, t.stop = context.WithCancel(b.ctx)
	t.ended, t.end = context.WithCancel(b.ctx)
	for _, n := range b.nodes {
		t.backends = append(t.backends, newBackend(n, t))
	}
	b.targets = append(b.targets, t)
	slices.SortFunc(b.targets, func(a, b *target) int { return strings.Compare(a.id, b.id) })
	b.report(t)
	for _, each := range t.backends {
		b.running.Go(func() { each.watch(t.unchecked) })
	}
}

// Deregister stops new requests to a target. Those under way have until the deregistration delay is over, and are answered 502
// then. AWS shows the target as draining for all of the delay, even if no request is left (user guide, "Deregistration delay").
func (b *Balancer) Deregister(id string) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	t := b.find(id)
	if t == nil || t.draining || b.ctx.Err() != nil {
		return
	}
	t.draining = true
	t.stop()
	b.report(t)
	b.running.Go(func() {
		select {
		case <-t.ended.Done():
		case <-time.After(b.settings.DeregistrationDelay):
		}
		b.mutex.Lock()
		defer b.mutex.Unlock()
		if b.find(id) == t {
			b.remove(t)
			b.reports.add(Health{Target: id, Zone: t.zone, State: types.TargetHealthStateEnumUnused,
				Reason: types.TargetHealthReasonEnumNotRegistered, Description: notRegistered})
		}
		t.end()
	})
}

// Unused takes a target out at once, because its instance has stopped or terminated. Requests that are under way on it are left
// to fail by themselves: nothing in the user guide says that AWS ends them.
func (b *Balancer) Unused(id string) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	t := b.find(id)
	if t == nil {
		return
	}
	t.stop()
	b.targets = slices.DeleteFunc(b.targets, func(other *target) bool { return other == t })
	b.reports.add(Health{Target: id, Zone: t.zone, State: types.TargetHealthStateEnumUnused,
		Reason: types.TargetHealthReasonEnumInvalidState, Description: invalidState})
}

// Shift starts or ends a zonal shift away from a zone: its node leaves DNS, and no node forwards to its targets
// (https://aws.amazon.com/blogs/networking-and-content-delivery/using-cross-zone-load-balancing-with-zonal-shift). What is under
// way goes on, and so do connections to the zone's node. The health of targets does not change; their administrative override does.
func (b *Balancer) Shift(zone string, away bool) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	b.shifted[zone] = away
}

// Cut says that nothing reaches the node of a zone, or that it is back. What it finds of targets does not count meanwhile.
func (b *Balancer) Cut(zone string, cut bool) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	for _, n := range b.nodes {
		if n.zone == zone {
			n.cut = cut
		}
	}
	for _, t := range b.targets {
		b.report(t)
	}
}

// Zones returns the zones whose nodes are in DNS: those that are neither cut off nor shifted away from and have a healthy target.
// If no node has one, AWS answers with all of them, and a zonal shift has no effect (user guide, "Target group health"; Amazon
// Application Recovery Controller developer guide, "Supported resources").
func (b *Balancer) Zones() []string {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	var healthy, all []string
	for _, n := range b.nodes {
		if n.cut {
			continue
		}
		all = append(all, n.zone)
		if !b.shifted[n.zone] && len(n.healthy()) > 0 {
			healthy = append(healthy, n.zone)
		}
	}
	if len(healthy) == 0 {
		return all
	}
	return healthy
}

// Close ends listeners, checks and requests, and waits for them.
func (b *Balancer) Close() error {
	b.cancel()
	b.mutex.Lock()
	servers := b.servers
	b.servers = nil
	b.mutex.Unlock()
	var faults []error
	for _, server := range servers {
		faults = append(faults, server.Close())
	}
	b.running.Wait()
	if err := errors.Join(faults...); err != nil {
		return fmt.Errorf("closing listeners of the load balancer: %w", err)
	}
	return nil
}

func (b *Balancer) node(zone string) *node {
	for _, n := range b.nodes {
		if n.zone == zone {
			return n
		}
	}
	return nil
}

func (b *Balancer) find(id string) *target {
	for _, t := range b.targets {
		if t.id == id {
			return t
		}
	}
	return nil
}

// remove forgets a target and ends what is under way on it.
func (b *Balancer) remove(t *target) {
	t.stop()
	t.end()
	b.targets = slices.DeleteFunc(b.targets, func(other *target) bool { return other == t })
}
