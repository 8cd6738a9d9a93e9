//go:build linux

package database

import (
	"context"
	"errors"
	"time"
)

// failover takes the power from the primary, and promotes the standby after a time.
func (c *Cluster) failover(ctx context.Context, down time.Duration) error {
	if !c.judge.redundant {
		return errors.New("no standby has all commits")
	}
	old := c.leader()
	c.say("failover: primary in %s goes down", old.zone)
	c.lose(ctx)
	if err := old.crash(ctx); err != nil {
		return err
	}
	select {
	case <-time.After(down):
	case <-ctx.Done():
		return ctx.Err()
	}
	return c.takeOver(ctx)
}

// takeOver makes the standby the primary. The old primary is fenced first: it must not acknowledge another commit.
func (c *Cluster) takeOver(ctx context.Context) error {
	next := c.standby()
	if !next.alive(ctx) {
		return errors.New("its server does not run")
	}
	c.forget()
	if err := c.leader().fence(); err != nil {
		return err
	}
	if err := next.promote(ctx); err != nil {
		return err
	}
	if err := c.awaitPrimary(ctx, 1-c.primary); err != nil {
		return err
	}
	c.judge.reset()
	c.set(func() { c.primary, c.redundant = 1-c.primary, false })
	c.options.Resolve(c.options.EndpointName, next.address)
	c.say("standby in %s is the primary now", next.zone)
	c.regain(ctx)
	return nil
}

// awaitPrimary waits until a promoted server takes sessions.
func (c *Cluster) awaitPrimary(ctx context.Context, machine int) error {
	ctx, cancel := context.WithTimeout(ctx, actionTimeout)
	defer cancel()
	for {
		s, err := c.local(ctx, machine, c.options.Name)
		if err == nil {
			return s.close()
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			return errors.Join(err, ctx.Err())
		}
	}
}

// startRebuilding makes a standby of the other machine, in the background.
func (c *Cluster) startRebuilding(ctx context.Context) {
	if c.rebuilding {
		return
	}
	c.rebuilding = true
	m := c.standby()
	c.say("standby in %s starts again from a base backup", m.zone)
	c.done.Go(func() { c.rebuilt <- m.rebuild(ctx) })
}

// rebuild starts the machine again with an empty disk, as the standby.
func (m *member) rebuild(ctx context.Context) error {
	if err := m.fence(); err != nil {
		return err
	}
	if err := m.options.Network.Restore(ctx, m.address); err != nil {
		return err
	}
	if err := m.write("synchronous.conf", synchronous(false)); err != nil {
		return err
	}
	if err := m.boot(ctx); err != nil {
		return err
	}
	if err := m.follow(ctx); err != nil {
		return err
	}
	return m.start(ctx)
}
