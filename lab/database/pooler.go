//go:build linux

package database

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"maps"
	"net/netip"
	"strings"
	"sync"
	"time"

	"ha-web/lab/internal/leftovers"
	"ha-web/lab/network"
)

// Sharing says how clients share connections of the database.
type Sharing string

const (
	// Pinned gives each client a connection for as long as it stays, as RDS Proxy does with clients that it has pinned.
	Pinned Sharing = "session"
	// Multiplexed gives each transaction a connection, as RDS Proxy does with all other clients.
	Multiplexed Sharing = "transaction"
)

// PoolerNode is the pooler of one zone.
type PoolerNode struct {
	Zone    string
	Address netip.Addr
}

// PoolerOptions describe a pooler.
type PoolerOptions struct {
	Cluster *Cluster
	Nodes   []PoolerNode

	EndpointName string
	Identity     Identity                                   // valid for EndpointName
	Roots        []byte                                     // PEM: the certificate of the database must lead to one of them
	Resolve      func(name string, addresses ...netip.Addr) // publishes the addresses of a name

	User, Password string
	Sharing        Sharing       // Pinned by default
	Borrow         time.Duration // how long a statement waits for a connection: 120 seconds by default, as at AWS
	Connections    int           // most connections to the database, of all nodes together
	IdleClient     time.Duration // 30 minutes by default, as at AWS

	Say func(string)
}

// Pooler is in the place of RDS Proxy: PgBouncer in each zone, under one name.
type Pooler struct {
	options PoolerOptions
	record  string
	nodes   []*node

	stop    context.CancelFunc
	done    sync.WaitGroup
	closing sync.Once
	failed  error // of Close

	mu        sync.Mutex
	passwords map[string]string

	telling sync.Mutex // held while the control plane tells it something
	closed  bool
}

func (o PoolerOptions) withDefaults() (PoolerOptions, error) {
	if o.Cluster == nil || len(o.Nodes) == 0 || o.EndpointName == "" || o.User == "" || len(o.Identity.Certificate) == 0 ||
		len(o.Roots) == 0 {
		return o, errors.New("Cluster, Nodes, EndpointName, Identity, Roots and User are required")
	}
	if o.Sharing == "" {
		o.Sharing = Pinned
	}
	if o.Borrow == 0 {
		o.Borrow = 120 * time.Second
	}
	if o.Connections == 0 {
		o.Connections = o.Cluster.options.MaxConnections * 9 / 10
	}
	if o.IdleClient == 0 {
		o.IdleClient = 30 * time.Minute
	}
	if o.Resolve == nil {
		o.Resolve = func(string, ...netip.Addr) {}
	}
	if o.Say == nil {
		o.Say = func(string) {}
	}
	return o, nil
}

// StartPooler starts a pooler in front of a cluster.
func StartPooler(ctx context.Context, options PoolerOptions) (*Pooler, error) {
	o, err := options.withDefaults()
	if err != nil {
		return nil, fmt.Errorf("starting pooler %s: %w", o.EndpointName, err)
	}
	p := &Pooler{options: o, passwords: map[string]string{o.User: o.Password}}
	begun := time.Now()
	if err := p.start(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("starting pooler %s: %w", o.EndpointName, err), p.Close())
	}
	o.Say(fmt.Sprintf("pooler %s: %d nodes, up after %.1f s", o.EndpointName, len(o.Nodes), time.Since(begun).Seconds()))
	return p, nil
}

func (p *Pooler) start(ctx context.Context) (err error) {
	o := &p.options
	if p.record, err = leftovers.Claim("pooler", short(o.EndpointName)); err != nil {
		return err
	}
	owner, err := findOwner(o.Cluster.options.Root)
	if err != nil {
		return err
	}
	watching, stop := context.WithCancel(context.Background())
	p.stop = stop
	var addresses []netip.Addr
	for _, place := range o.Nodes {
		n := newNode(p, place, owner)
		p.nodes = append(p.nodes, n)
		if err := n.start(ctx); err != nil {
			return fmt.Errorf("in zone %s: %w", place.Zone, err)
		}
		p.done.Go(func() { n.watch(watching) })
		addresses = append(addresses, place.Address)
	}
	o.Cluster.join(p)
	o.Resolve(o.EndpointName, addresses...)
	return nil
}

// join makes the control plane tell a pooler what happens to the primary.
func (c *Cluster) join(p *Pooler) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.poolers = append(c.poolers, p)
}

func (c *Cluster) leave(p *Pooler) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, other := range c.poolers {
		if other == p {
			c.poolers = append(c.poolers[:i:i], c.poolers[i+1:]...)
			return
		}
	}
}

// LearnPassword makes the pooler use a new password of a user, to its clients and to the database, as RDS Proxy does once the
// secret has it. Open sessions stay.
func (p *Pooler) LearnPassword(ctx context.Context, user, password string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	next := maps.Clone(p.passwords)
	next[user] = password
	for _, n := range p.nodes {
		if err := n.learn(ctx, next); err != nil {
			return fmt.Errorf("teaching pooler %s the password of %s: %w", p.options.EndpointName, user, err)
		}
	}
	p.passwords = next
	return nil
}

// Available reports whether the target of the pooler is available: the database answers, and a node can reach it.
func (p *Pooler) Available() bool {
	if !p.options.Cluster.Available() {
		return false
	}
	for _, n := range p.nodes {
		if n.reaches.Load() {
			return true
		}
	}
	return false
}

// Namespaces returns the networks of the nodes, for security groups.
func (p *Pooler) Namespaces() []*network.Namespace {
	var found []*network.Namespace
	for _, n := range p.nodes {
		found = append(found, n.space)
	}
	return found
}

// told calls a function unless the pooler is closed, which waits for its end.
func (p *Pooler) told(do func() error) error {
	p.telling.Lock()
	defer p.telling.Unlock()
	if p.closed {
		return nil
	}
	return do()
}

// hold keeps clients waiting, because the primary is gone. Those in the middle of something lose their connection.
func (p *Pooler) hold(ctx context.Context) error {
	return p.each(func(n *node) error { return n.hold(ctx) })
}

// resume serves clients again, at the primary's address.
func (p *Pooler) resume(ctx context.Context, primary netip.Addr) error {
	return p.each(func(n *node) error { return n.resume(ctx, primary) })
}

// each does something at all nodes at once.
func (p *Pooler) each(do func(*node) error) error {
	errs := make([]error, len(p.nodes))
	var group sync.WaitGroup
	for i, n := range p.nodes {
		group.Go(func() {
			if err := do(n); err != nil {
				errs[i] = fmt.Errorf("pooler in %s: %w", n.place.Zone, err)
			}
		})
	}
	group.Wait()
	return errors.Join(errs...)
}

// Close ends the pooler and its clients' connections.
func (p *Pooler) Close() error {
	p.closing.Do(func() {
		p.options.Cluster.leave(p)
		p.telling.Lock()
		p.closed = true
		p.telling.Unlock()
		if p.stop != nil {
			p.stop()
		}
		p.done.Wait()
		var errs []error
		for _, n := range p.nodes {
			errs = append(errs, n.close())
		}
		if p.record != "" {
			errs = append(errs, leftovers.Release(p.record))
		}
		p.failed = errors.Join(errs...)
	})
	return p.failed
}

// short makes a name for a folder with sockets, whose paths have at most 107 bytes: man 7 unix.
func short(name string) string { return fmt.Sprintf("%08x", crc32.ChecksumIEEE([]byte(name))) }

// label is the first label of an endpoint's name, as a part of the names of its machines.
func label(name string) string {
	first, _, _ := strings.Cut(name, ".")
	return strings.TrimRight(first[:min(len(first), 24)], "-")
}
