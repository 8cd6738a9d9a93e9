package drills

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A lock in the database holds all sessions of the application.
func TestPoolExhausted(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	a := s.ready(t)
	most := 0 // sessions while the table was locked
	r := underLoad(t, a, func() time.Time {
		unlock := s.lock(t)
		for until := time.Now().Add(8 * time.Second); time.Now().Before(until); time.Sleep(250 * time.Millisecond) {
			most = max(most, s.server.sessions(t))
		}
		unlock()
		return time.Now()
	})
	r.checkStored(t, s.server)
	assert.Positive(t, r.failures())
	// Sessions that the application has given up have to end in the database as well, or they use up its connections. One
	// that ends is beside its successor for a moment.
	assert.LessOrEqual(t, most, 2*poolSize, "sessions while the table was locked")
}

// More requests wait than the application lets wait. The drill runs alone, and without the race detector, because so many
// connections at once take a machine some seconds.
func TestTooManyWaiting(t *testing.T) {
	const atOnce = 1500
	s := newStage(t)
	a := s.readyRelease(t, plainRelease)
	unlock := s.lock(t)
	answers := make([]response, atOnce)
	var all sync.WaitGroup
	for i := range answers {
		all.Go(func() { answers[i] = a.get("/courses") })
	}
	all.Wait()
	unlock()
	took := a.waitFor(t, "/courses", 200, startsWithin)

	refused, longest := 0, time.Duration(0)
	for _, answer := range answers {
		require.Equal(t, http.StatusServiceUnavailable, answer.code, answer.body)
		assert.NotEmpty(t, answer.header.Get("Retry-After"))
		longest = max(longest, answer.took)
		if strings.Contains(answer.body, "too many") {
			refused++
		}
	}
	t.Logf("%s: %d requests, %d of them refused at once, longest answer %.1f s; recovered after %.1f s",
		t.Name(), atOnce, refused, longest.Seconds(), took.Seconds())
	assert.Greater(t, refused, 100, "requests that were refused at once: 500, but for those that came late")
	assert.Less(t, longest, 2*answersWithin)
	assert.Less(t, took, recoversWithin)
	assert.Equal(t, 200, a.get("/health").code)
}

// lock locks the table of enrollments until the returned function is called.
func (s *stage) lock(t *testing.T) (unlock func()) {
	t.Helper()
	session := s.server.session(t)
	transaction, err := session.Begin(t.Context())
	require.NoError(t, err)
	_, err = transaction.Exec(t.Context(), "LOCK TABLE enrolments IN ACCESS EXCLUSIVE MODE")
	require.NoError(t, err)
	return func() { require.NoError(t, transaction.Rollback(t.Context())) }
}

func TestDatabaseSlow(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	a := s.ready(t)
	r := underLoad(t, a, func() time.Time {
		s.link.slow(5 * time.Second)
		time.Sleep(8 * time.Second)
		s.link.slow(0)
		return time.Now()
	})
	r.checkStored(t, s.server)
	assert.Positive(t, r.failures())
}

// The host of the database loses its power: nothing answers, and nothing ends the open connections.
func TestDatabaseSilent(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	a := s.ready(t)
	r := underLoad(t, a, func() time.Time {
		s.link.swallow()
		time.Sleep(8 * time.Second)
		s.link.open(t)
		return time.Now()
	})
	r.checkStored(t, s.server)
	assert.Positive(t, r.failures())
}
