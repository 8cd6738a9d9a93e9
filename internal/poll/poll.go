// Package poll asks again until it is done, within a bound.
package poll

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// How a wait ends that does not get what it waits for.
var (
	ErrTimeout     = errors.New("out of time")
	ErrInterrupted = errors.New("interrupted")
)

// Loop is a wait.
type Loop struct {
	Interval time.Duration // from the end of a check to the next
	Timeout  time.Duration // bound of the whole wait
	Tolerate int           // how many checks in a row may fail
	Failed   func(error)   // hears of each failure that is tolerated
}

// permanent is an error that no further check will mend.
type permanent struct{ error }

func (p permanent) Unwrap() error { return p.error }

// Permanent marks an error that ends the wait at once.
func Permanent(err error) error { return permanent{err} }

// Until checks until check says that it is done. It returns nil then, and otherwise what ended the wait: the error of
// the check, [ErrTimeout] or [ErrInterrupted].
func (l Loop) Until(ctx context.Context, check func(context.Context) (bool, error)) error {
	bound, cancel := context.WithTimeout(ctx, l.Timeout)
	defer cancel()
	failures := 0
	for {
		done, err := check(bound)
		if done && err == nil {
			return nil
		}
		if ended := l.ended(ctx, bound); ended != nil {
			return ended
		}
		if failures++; err == nil {
			failures = 0
		} else if errors.As(err, &permanent{}) || failures > l.Tolerate {
			return err
		} else {
			l.Failed(err)
		}
		select {
		case <-time.After(l.Interval):
		case <-bound.Done():
			return l.ended(ctx, bound)
		}
	}
}

func (l Loop) ended(ctx, bound context.Context) error {
	switch {
	case ctx.Err() != nil:
		return ErrInterrupted
	case bound.Err() != nil:
		return fmt.Errorf("%w after %v", ErrTimeout, l.Timeout)
	}
	return nil
}
