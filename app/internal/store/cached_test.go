package store

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// counter is a source of values that counts how often it is asked.
type counter struct {
	asked atomic.Int32
	err   error
	takes time.Duration
}

func (c *counter) cached() *cached[int32] {
	return &cached[int32]{what: "a number", log: slog.New(slog.DiscardHandler), fetch: func(ctx context.Context) (int32, error) {
		n := c.asked.Add(1)
		select {
		case <-time.After(c.takes):
			return n, c.err
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}}
}

func TestAValueIsFetchedOnceForAllWhoWait(t *testing.T) {
	source := &counter{takes: 50 * time.Millisecond}
	value := source.cached()
	var group sync.WaitGroup
	for range 100 {
		group.Go(func() {
			got, err := value.get(t.Context(), time.Minute)
			assert.NoError(t, err)
			assert.EqualValues(t, 1, got)
		})
	}
	group.Wait()
	assert.EqualValues(t, 1, source.asked.Load())
}

func TestAValueIsFetchedAgainWhenItIsOldOrExpired(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := &counter{}
		value := source.cached()
		get := func() int32 {
			got, err := value.get(t.Context(), time.Minute)
			require.NoError(t, err)
			return got
		}
		assert.EqualValues(t, 1, get())
		time.Sleep(time.Minute)
		assert.EqualValues(t, 1, get())
		time.Sleep(time.Second)
		assert.EqualValues(t, 2, get())

		value.expire()
		assert.EqualValues(t, 2, get(), "twice within %s", fetchInterval)
		time.Sleep(fetchInterval)
		assert.EqualValues(t, 3, get())
		time.Sleep(fetchInterval)
		assert.EqualValues(t, 3, get(), "what was fetched since is not expired")
	})
}

func TestTheLastValueServesWhileThereIsNoNewOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := &counter{err: errors.New("throttled")}
		value := source.cached()
		_, err := value.get(t.Context(), time.Minute)
		require.EqualError(t, err, "throttled")

		source.err = nil
		time.Sleep(fetchInterval)
		got, err := value.get(t.Context(), time.Minute)
		require.NoError(t, err)
		require.EqualValues(t, 2, got)

		source.takes = time.Hour
		time.Sleep(2 * time.Minute)
		start := time.Now()
		got, err = value.get(t.Context(), time.Minute)
		assert.NoError(t, err)
		assert.EqualValues(t, 2, got)
		assert.Equal(t, fetchTimeout, time.Since(start))
	})
}
