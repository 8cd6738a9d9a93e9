//go:build linux

package database

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"
)

// request asks the keeper for a failover.
type request struct {
	down time.Duration
	done chan error
}

// Failover is what rds reboot-db-instance --force-failover does: connections are cut, nothing answers for a time, the standby
// becomes the primary, and the name moves. The old primary comes back as the standby in the background: see Redundant. A failover
// that has begun ends even when the context does.
func (c *Cluster) Failover(ctx context.Context, down time.Duration) error {
	r := request{down: down, done: make(chan error, 1)}
	for _, wait := range []func() (bool, error){
		func() (bool, error) {
			select {
			case c.requests <- r:
				return false, nil
			case <-ctx.Done():
				return true, ctx.Err()
			}
		},
		func() (bool, error) {
			select {
			case err := <-r.done:
				return true, err
			case <-ctx.Done():
				return true, ctx.Err()
			}
		},
	} {
		if ended, err := wait(); err != nil {
			return fmt.Errorf("failing over %s: %w", c.options.EndpointName, err)
		} else if ended {
			break
		}
	}
	return nil
}

// keep is the control plane. It alone starts, fences and promotes machines after the start.
func (c *Cluster) keep(ctx context.Context) {
	ticker := time.NewTicker(probeInterval)
	defer ticker.Stop()
	c.judge.synchronous = false
	for {
		select {
		case <-ctx.Done():
			return
		case r := <-c.requests:
			r.done <- c.failover(ctx, r.down)
		case err := <-c.rebuilt:
			c.rebuilding = false
			c.judge.rejoin()
			if err != nil {
				c.say("rebuilding the standby in %s: %v", c.standby().zone, err)
			}
		case <-ticker.C:
			v := c.look(ctx)
			c.act(ctx, c.judge.decide(time.Now(), v))
		}
	}
}

func (c *Cluster) leader() *member  { return c.members[c.primary] }
func (c *Cluster) standby() *member { return c.members[1-c.primary] }

// look asks both machines over the service network.
func (c *Cluster) look(ctx context.Context) view {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	v := view{began: time.Now(), running: !c.rebuilding && c.standby().running}
	reachable := make(chan bool, 1)
	go func() {
		standby := c.standby().service.Address
		connection, err := c.observer.DialContext(ctx, "tcp4", endpoint(standby, c.options.Port))
		if err == nil {
			_ = connection.Close()
		}
		reachable <- err == nil
	}()
	rows, err := c.ask(ctx, "SELECT count(*) FROM pg_stat_replication WHERE application_name = "+literal(follower)+
		" AND state = 'streaming' AND reply_time > now() - interval '3 s'")
	v.answers = err == nil
	v.streaming = err == nil && len(rows) == 1 && rows[0][0] == "1" && !c.rebuilding
	v.reachable = <-reachable
	return v
}

// ask queries the primary over the service network, in a session that it keeps.
func (c *Cluster) ask(ctx context.Context, sql string) ([][]string, error) {
	if c.probe == nil {
		connection, err := c.observer.DialContext(ctx, "tcp4", endpoint(c.leader().service.Address, c.options.Port))
		if err != nil {
			return nil, err
		}
		if c.probe, err = open(ctx, connection, operator, "postgres"); err != nil {
			return nil, err
		}
	}
	rows, err := c.probe.query(ctx, sql)
	if err != nil {
		c.forget()
	}
	return rows, err
}

// forget ends the session at the primary.
func (c *Cluster) forget() {
	if c.probe != nil {
		_ = c.probe.close()
		c.probe = nil
	}
}

func (c *Cluster) act(ctx context.Context, next step) {
	c.mu.Lock()
	changed := c.redundant != c.judge.redundant
	c.mu.Unlock()
	if changed {
		c.set(func() { c.redundant = c.judge.redundant })
	}
	switch next {
	case hold:
		c.say("primary in %s does not answer", c.leader().zone)
		c.lose(ctx)
	case serve:
		c.say("primary in %s answers again", c.leader().zone)
		c.regain(ctx)
	case goAlone:
		c.wait(ctx, false)
	case join:
		c.wait(ctx, true)
	case settle:
		c.say("standby in %s follows, and commits wait for it", c.standby().zone)
	case promote:
		if err := c.takeOver(ctx); err != nil {
			c.say("promoting the standby in %s: %v", c.standby().zone, err)
		}
	case rebuild:
		c.startRebuilding(ctx)
	case cannotHelp:
		c.say("primary in %s is gone, and the standby cannot take over: it is gone, too, or does not have all commits", c.leader().zone)
	}
}

// wait makes commits wait for the standby, or no longer. The primary has answered a moment ago: one that is cut off must never go
// on alone, because its standby may be promoted.
func (c *Cluster) wait(ctx context.Context, on bool) {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	err := c.leader().write("synchronous.conf", synchronous(on))
	if err == nil {
		_, err = c.ask(ctx, "SELECT pg_reload_conf()")
	}
	if err != nil {
		c.say("changing whether commits wait for the standby: %v", err)
		return
	}
	c.judge.synchronous = on
	if !on {
		c.say("standby in %s is gone: commits do not wait for it any longer", c.standby().zone)
	}
}

// lose and regain tell the poolers.
func (c *Cluster) lose(ctx context.Context) {
	c.set(func() { c.available, c.redundant = false, false })
	c.each(ctx, func(ctx context.Context, p *Pooler) error { return p.hold(ctx) })
}

func (c *Cluster) regain(ctx context.Context) {
	c.set(func() { c.available = true })
	c.each(ctx, func(ctx context.Context, p *Pooler) error { return p.resume(ctx, c.Address()) })
}

// each tells all poolers at once. A node that cannot reach the primary, because its zone is cut off, takes all the time there is.
func (c *Cluster) each(ctx context.Context, tell func(context.Context, *Pooler) error) {
	c.mu.Lock()
	poolers := slices.Clone(c.poolers)
	c.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, tellTimeout)
	defer cancel()
	var group sync.WaitGroup
	for _, p := range poolers {
		group.Go(func() {
			if err := p.told(func() error { return tell(ctx, p) }); err != nil {
				c.say("telling pooler %s: %v", p.options.EndpointName, err)
			}
		})
	}
	group.Wait()
}
