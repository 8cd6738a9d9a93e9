package store

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// cached keeps what was fetched from AWS, because AWS is asked far less often than the database is connected to.
type cached[T any] struct {
	what  string
	fetch func(context.Context) (T, error)
	log   *slog.Logger

	mu      sync.Mutex // held while fetching, so that all who need a new value wait for one request
	value   T
	err     error
	fetched time.Time // zero: there is no value
	expired bool
	tried   time.Time
}

const (
	fetchTimeout  = 2 * time.Second        // short enough for a request to go on with the last value
	fetchInterval = 500 * time.Millisecond // least time between two fetches: a password that stays wrong must not use up the API's quota
)

// get returns a value that is not expired and not older than age. If AWS has none to give, the last one is better than none: a
// password is as good as before while Secrets Manager cannot be reached.
func (c *cached[T]) get(ctx context.Context, age time.Duration) (T, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	known := !c.fetched.IsZero()
	if known && !c.expired && time.Since(c.fetched) <= age {
		return c.value, nil
	}
	if time.Since(c.tried) >= fetchInterval {
		c.refresh(ctx)
	}
	if c.err != nil && c.fetched.IsZero() {
		return c.value, c.err
	}
	return c.value, nil
}

func (c *cached[T]) refresh(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	value, err := c.fetch(ctx)
	c.tried = time.Now() // now, so that those who waited for a fetch that failed do not wait for another one each
	c.err = err
	if err != nil {
		c.log.Warn("cannot fetch "+c.what, "error", err)
		return
	}
	c.value, c.fetched, c.expired = value, time.Now(), false
}

// expire has the next get fetch a new value, whatever its age.
func (c *cached[T]) expire() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.expired = true
}
