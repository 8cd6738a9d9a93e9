//go:build linux

package database

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"path/filepath"
	"sync"
	"time"

	"ha-web/lab/internal/leftovers"
	"ha-web/lab/network"
)

// Cluster is a primary with its standby, and the control plane that watches over them.
type Cluster struct {
	options  Options
	record   string
	members  [2]*member
	observer *network.Namespace // from where the control plane looks

	stop     context.CancelFunc
	done     sync.WaitGroup
	requests chan request
	closing  sync.Once
	failed   error // of Close

	mu        sync.Mutex
	primary   int
	available bool
	redundant bool
	changed   chan struct{} // closed when one of these changes
	poolers   []*Pooler

	// The keeper's own.
	judge      judge
	probe      *session // at the primary; nil while there is none
	rebuilt    chan error
	rebuilding bool
}

// Start starts a cluster. It returns when the standby follows and commits wait for it.
func Start(ctx context.Context, options Options) (*Cluster, error) {
	o, err := options.withDefaults()
	if err != nil {
		return nil, fmt.Errorf("starting database %s: %w", o.EndpointName, err)
	}
	c := &Cluster{options: o, requests: make(chan request), changed: make(chan struct{}), rebuilt: make(chan error, 1),
		judge: judge{promoteAfter: o.PromoteAfter, aloneAfter: o.AloneAfter, rejoinAfter: rejoinAfter}}
	begun := time.Now()
	if err := c.start(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("starting database %s: %w", o.EndpointName, err), c.Close())
	}
	c.say("database %s: primary in %s, synchronous standby in %s, up after %.1f s", o.EndpointName, o.Zones[0], o.Zones[1],
		time.Since(begun).Seconds())
	return c, nil
}

func (c *Cluster) start(ctx context.Context) (err error) {
	if c.record, err = leftovers.Claim("database", short(c.options.EndpointName)); err != nil {
		return err
	}
	if err := c.build(ctx); err != nil {
		return err
	}
	if err := c.bootstrap(ctx); err != nil {
		return err
	}
	c.options.Resolve(c.options.EndpointName, c.options.Addresses[0])
	c.set(func() { c.available = true })
	keeping, stop := context.WithCancel(context.Background())
	c.stop = stop
	c.done.Go(func() { c.keep(keeping) })
	return c.Redundant(ctx)
}

// build makes the machines, without anything on them.
func (c *Cluster) build(ctx context.Context) error {
	o := &c.options
	owner, err := findOwner(o.Root)
	if err != nil {
		return err
	}
	programs, err := findPrograms(o.Root)
	if err != nil {
		return err
	}
	if c.observer, err = o.Network.Attach(ctx, "database-observer-"+label(o.EndpointName), o.ServiceAddresses[2], ""); err != nil {
		return err
	}
	for i, zone := range o.Zones {
		c.members[i] = &member{options: o, zone: zone, address: o.Addresses[i], folder: filepath.Join(c.record, zone),
			programs: programs, owner: owner}
		if err := c.members[i].prepare(); err != nil {
			return err
		}
		if err := c.members[i].attach(ctx, o.ServiceAddresses[i], o.ServiceAddresses[1-i]); err != nil {
			return err
		}
	}
	return nil
}

// bootstrap boots both machines, and starts the servers.
func (c *Cluster) bootstrap(ctx context.Context) error {
	first, second := c.members[0], c.members[1]
	booted := make(chan error, 1)
	go func() { booted <- second.boot(ctx) }()
	err := c.startFirst(ctx, first)
	if err := errors.Join(err, <-booted); err != nil {
		return err
	}
	if err := second.follow(ctx); err != nil {
		return err
	}
	return second.start(ctx)
}

// startFirst starts the server of a new cluster on the first machine.
func (c *Cluster) startFirst(ctx context.Context, m *member) error {
	if err := m.boot(ctx); err != nil {
		return err
	}
	if err := m.initialize(ctx); err != nil {
		return err
	}
	if err := m.start(ctx); err != nil {
		return err
	}
	return c.createUser(ctx)
}

// createUser creates the master user as RDS does: no superuser, but a member of rds_superuser, and its database.
func (c *Cluster) createUser(ctx context.Context) error {
	o := &c.options
	s, err := c.local(ctx, 0, "postgres")
	if err != nil {
		return err
	}
	defer s.close()
	user := identifier(o.User)
	for _, statement := range []string{
		"CREATE ROLE rds_superuser IN ROLE pg_monitor, pg_signal_backend, pg_checkpoint",
		"CREATE ROLE " + user + " LOGIN CREATEDB CREATEROLE IN ROLE rds_superuser PASSWORD " + literal(o.Password),
		"CREATE DATABASE " + identifier(o.Name) + " OWNER " + user,
	} {
		if _, err := s.query(ctx, statement); err != nil {
			return fmt.Errorf("creating user %s: %w", o.User, err)
		}
	}
	return nil
}

// Primary returns the zone of the primary.
func (c *Cluster) Primary() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.members[c.primary].zone
}

// Address returns the address of the primary, which the endpoint's name leads to.
func (c *Cluster) Address() netip.Addr {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.members[c.primary].address
}

// Available reports whether the control plane sees the primary answer.
func (c *Cluster) Available() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.available
}

// Redundant waits until the standby follows and commits wait for it.
func (c *Cluster) Redundant(ctx context.Context) error {
	for {
		c.mu.Lock()
		redundant, changed := c.redundant, c.changed
		c.mu.Unlock()
		if redundant {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("waiting for the standby of %s: %w", c.options.EndpointName, ctx.Err())
		}
	}
}

// Namespaces returns the networks of both instances, for security groups. AWS's own traffic is elsewhere.
func (c *Cluster) Namespaces() [2]*network.Namespace {
	return [2]*network.Namespace{c.members[0].instance, c.members[1].instance}
}

// Query runs statements at the primary as the superuser, in the database of the options, past TLS and the network. It returns the
// rows of the last one.
func (c *Cluster) Query(ctx context.Context, sql string) ([][]string, error) {
	c.mu.Lock()
	primary := c.primary
	c.mu.Unlock()
	s, err := c.local(ctx, primary, c.options.Name)
	if err != nil {
		return nil, err
	}
	defer s.close()
	return s.query(ctx, sql)
}

// SetPassword changes the password of a user. Open sessions stay, and poolers do not know it yet.
func (c *Cluster) SetPassword(ctx context.Context, user, password string) error {
	if _, err := c.Query(ctx, "ALTER ROLE "+identifier(user)+" PASSWORD "+literal(password)); err != nil {
		return fmt.Errorf("changing the password of %s: %w", user, err)
	}
	return nil
}

// local opens a session of the superuser over the socket of a machine.
func (c *Cluster) local(ctx context.Context, machine int, database string) (*session, error) {
	connection, err := (&net.Dialer{}).DialContext(ctx, "unix", c.members[machine].socket())
	if err != nil {
		return nil, err
	}
	return open(ctx, connection, operator, database)
}

// set changes the state that others wait for.
func (c *Cluster) set(change func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change()
	close(c.changed)
	c.changed = make(chan struct{})
}

func (c *Cluster) say(format string, args ...any) { c.options.Say(fmt.Sprintf(format, args...)) }

// Close ends the cluster. Its data is lost.
func (c *Cluster) Close() error {
	c.closing.Do(func() {
		if c.stop != nil {
			c.stop()
		}
		c.done.Wait()
		if c.probe != nil {
			_ = c.probe.close()
		}
		var errs []error
		for _, m := range c.members {
			if m != nil {
				errs = append(errs, m.close())
			}
		}
		if c.observer != nil {
			errs = append(errs, c.observer.Close())
		}
		if c.record != "" {
			errs = append(errs, leftovers.Release(c.record))
		}
		c.failed = errors.Join(errs...)
	})
	return c.failed
}

// Sweep removes what runs that died have left on disk. Their hosts and namespaces are to be swept first.
func Sweep() error {
	var errs []error
	for _, kind := range []string{"database", "pooler"} {
		records, err := leftovers.Abandoned(kind)
		errs = append(errs, err)
		for _, record := range records {
			errs = append(errs, leftovers.Release(record))
		}
	}
	return errors.Join(errs...)
}
