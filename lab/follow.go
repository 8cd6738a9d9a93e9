//go:build lab && linux

package lab

import (
	"context"
	"fmt"

	"ha-web/tests/deployed"
)

// follow does to machines and databases what happens to them in the emulator, until the test is over.
func (l *Lab) follow() {
	ctx, cancel := context.WithCancel(l.ctx)
	ended := make(chan error, 1)
	go func() {
		err := l.control.Follow(ctx, l.handle)
		if err != nil {
			l.say("the lab no longer follows the emulator: %v", err)
			l.cancel() // nothing that waits gets what it waits for
		}
		ended <- err
	}()
	go l.measure(ctx)
	l.t.Cleanup(func() {
		cancel()
		l.check(<-ended)
		l.close()
	})
}

// handle does what a change asks for. It must not wait: what comes next may be more urgent.
func (l *Lab) handle(ctx context.Context, change deployed.Change) error {
	err := l.dispatch(ctx, change)
	if err != nil {
		return fmt.Errorf("change %d, %s: %w", change.Number, change.Kind, err)
	}
	return nil
}

func (l *Lab) dispatch(ctx context.Context, change deployed.Change) error {
	switch change.Kind {
	case "InstanceStarted":
		return l.fleet.start(ctx, change)
	case "InstanceTerminating":
		l.fleet.terminating(change.ID)
	case "InstanceTerminated", "InstanceStopped":
		l.fleet.end(ctx, change.ID)
	case "TargetRegistered":
		return l.balancer.register(ctx, change)
	case "TargetDeregistered":
		l.balancer.deregister(change.TargetID)
	case "ZonalShift":
		return l.balancer.shift(ctx, change.AwayFrom, change.Status == "ACTIVE")
	case "DatabaseAvailable":
		return l.databaseAvailable(ctx, change)
	case "DatabaseDeleted":
		l.copies.end(change.ID)
	case "DatabaseRebooting":
		l.data.rebooting(ctx, change)
	case "SecretRotated":
		return l.data.rotated(ctx, change)
	case "AlarmAction":
		l.pager.keep(change)
	case "AlarmState":
		if change.State == "ALARM" || change.Previous == "ALARM" {
			l.say("alarm %s: %s", change.Name, change.State)
		}
	}
	return nil
}
