package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"os/signal"
	"slices"
	"strings"
	"sync"
	"syscall"

	"ha-web/internal/poll"
)

// change is something that a drill changed and puts back.
type change struct {
	what string // such as: zonal shift away from use1-az1
	// back puts it back, and says whether that is done. It is asked again until it is, and is right where nothing was changed.
	back   func(context.Context) (bool, error)
	byHand func() string // the command that puts it back
}

// changed registers what has to be put back, before it is changed.
func (t *trial) changed(each change) { t.changes = append(t.changes, each) }

// callWithin bounds one attempt to put something back, so that one that hangs does not hold up the others.
const callWithin = answerWithin / 2

// interrupts returns what tells of Ctrl-C, and what ends that. It is a variable for tests.
var interrupts = func() (<-chan os.Signal, func()) {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	return signals, func() { signal.Stop(signals) }
}

// untilSecondInterrupt returns a context that ends with the second Ctrl-C from now on. main ends the drill with the first.
func untilSecondInterrupt(ctx context.Context) (context.Context, func()) {
	own, cancel := context.WithCancel(context.WithoutCancel(ctx))
	signals, stop := interrupts()
	var watching sync.WaitGroup
	watching.Go(func() {
		for range 2 {
			select {
			case <-signals:
			case <-own.Done():
				return
			}
		}
		cancel()
	})
	return own, func() {
		stop()
		cancel()
		watching.Wait()
	}
}

// putBack puts everything back that was changed, the last change first, whatever has happened to ctx. Its error names what it could
// not put back, with the command that does.
func (t *trial) putBack(ctx context.Context) error {
	if len(t.changes) == 0 {
		return nil
	}
	if ctx.Err() != nil {
		fmt.Fprintln(t.streams.err, "interrupted: undoing what the drill changed. Ctrl-C again ends at once")
	}
	pending := slices.Clone(t.changes)
	slices.Reverse(pending)
	refused := map[string]error{}
	loop := poll.Loop{Interval: t.options.interval, Timeout: t.options.timeout, Tolerate: math.MaxInt, Failed: func(error) {}}
	err := loop.Until(t.undoing, func(ctx context.Context) (bool, error) {
		pending = slices.DeleteFunc(pending, func(each change) bool { return t.attempt(ctx, each, refused) })
		return len(pending) == len(refused), nil
	})
	var left []string
	for _, each := range pending {
		left = append(left, fmt.Sprintf("NOT undone: %s: %v\n  undo it by hand: %s", each.what, errors.Join(refused[each.what], err), each.byHand()))
	}
	t.changes = nil
	if len(left) > 0 {
		return errors.New(strings.Join(left, "\n"))
	}
	return nil
}

// attempt tries once to put a change back, and says whether it is. One that AWS refuses for want of a permission is not tried again.
func (t *trial) attempt(ctx context.Context, each change, refused map[string]error) bool {
	if refused[each.what] != nil {
		return false
	}
	bound, cancel := context.WithTimeout(ctx, callWithin)
	defer cancel()
	done, err := each.back(bound)
	switch {
	case err != nil && isRefusal(err):
		refused[each.what] = err
	case err != nil && ctx.Err() == nil:
		fmt.Fprintf(t.streams.err, "not undone yet: %s: %s\n", each.what, oneLine(err.Error()))
	case err == nil && done:
		t.restored = append(t.restored, each.what)
		fmt.Fprintf(t.streams.err, "undone: %s\n", each.what)
		return true
	}
	return false
}
