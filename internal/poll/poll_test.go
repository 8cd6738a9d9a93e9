package poll_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"ha-web/internal/poll"

	"github.com/stretchr/testify/assert"
)

var errFault = errors.New("fault")

func TestUntil(t *testing.T) {
	for _, test := range []struct {
		name    string
		check   func(ctx context.Context, n int) (bool, error)
		want    error
		checks  int
		elapsed time.Duration
	}{
		{name: "done at once", checks: 1, check: func(context.Context, int) (bool, error) { return true, nil }},
		{name: "done at the third", checks: 3, elapsed: 20 * time.Second,
			check: func(_ context.Context, n int) (bool, error) { return n == 3, nil }},
		{name: "never done", checks: 6, elapsed: 55 * time.Second, want: poll.ErrTimeout,
			check: func(context.Context, int) (bool, error) { return false, nil }},
		{name: "a check that hangs", checks: 1, elapsed: 55 * time.Second, want: poll.ErrTimeout,
			check: func(ctx context.Context, _ int) (bool, error) { <-ctx.Done(); return false, ctx.Err() }},
		{name: "two failures in a row are tolerated, again and again", checks: 6, elapsed: 50 * time.Second,
			check: func(_ context.Context, n int) (bool, error) {
				if n%3 == 0 {
					return n == 6, nil
				}
				return false, errFault
			}},
		{name: "three are not", checks: 3, elapsed: 20 * time.Second, want: errFault,
			check: func(context.Context, int) (bool, error) { return false, errFault }},
		{name: "a permanent failure", checks: 1, want: errFault,
			check: func(context.Context, int) (bool, error) { return false, poll.Permanent(errFault) }},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				begin, checks := time.Now(), 0
				loop := poll.Loop{Interval: 10 * time.Second, Timeout: 55 * time.Second, Tolerate: 2, Failed: func(error) {}}
				err := loop.Until(t.Context(), func(ctx context.Context) (bool, error) {
					checks++
					return test.check(ctx, checks)
				})
				assert.ErrorIs(t, err, test.want)
				assert.Equal(t, test.checks, checks)
				assert.Equal(t, test.elapsed, time.Since(begin))
			})
		})
	}
}

func TestUntilInterrupted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(15*time.Second, cancel)
		begin := time.Now()
		loop := poll.Loop{Interval: 10 * time.Second, Timeout: time.Minute}
		err := loop.Until(ctx, func(context.Context) (bool, error) { return false, nil })
		assert.ErrorIs(t, err, poll.ErrInterrupted)
		assert.Equal(t, 15*time.Second, time.Since(begin))
	})
}

func TestProgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out strings.Builder
		progress := poll.NewProgress(&out, time.Minute)
		for range 5 {
			progress.Say("%d percent", 50)
			time.Sleep(25 * time.Second)
		}
		progress.Say("%d percent", 75)
		assert.Equal(t, "0s      50 percent\n1m15s   50 percent\n2m5s    75 percent\n", out.String())
		assert.Equal(t, "75 percent", progress.Last())
	})
}
