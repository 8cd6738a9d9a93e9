package drills

import (
	"net/http"
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
	l := startLoad(t, a)
	time.Sleep(2 * time.Second)

	unlock := s.lock(t)
	most := 0
	for until := time.Now().Add(8 * time.Second); time.Now().Before(until); time.Sleep(250 * time.Millisecond) {
		most = max(most, s.server.sessions(t))
	}
	unlock()
	back := time.Now()

	time.Sleep(settle)
	r := l.stop()
	r.check(t, back)
	r.checkStored(t, s.server)
	assert.Positive(t, r.failures())
	// Sessions that the application has given up have to end in the database as well, or they use up its connections. One
	// that ends is beside its successor for a moment.
	assert.LessOrEqual(t, most, 2*poolSize, "sessions while the table was locked")
}

// More requests wait than the application lets wait.
func TestTooManyWaiting(t *testing.T) {
	t.Parallel()
	const atOnce, mayWait = 1300, 1000
	s := newStage(t)
	a := s.ready(t)
	unlock := s.lock(t)
	answers := make([]response, atOnce)
	var all sync.WaitGroup
	for i := range answers {
		all.Go(func() { answers[i] = a.get("/courses") })
	}
	all.Wait()
	unlock()
	took := a.waitFor(t, "/courses", 200, startsWithin)

	atOnceRefused := 0
	for _, answer := range answers {
		require.Equal(t, http.StatusServiceUnavailable, answer.code, answer.body)
		assert.NotEmpty(t, answer.header.Get("Retry-After"))
		assert.Less(t, answer.took, 2*answersWithin) // all these connections at once take a busy machine a while
		if answer.took < 4*time.Second {
			atOnceRefused++
		}
	}
	t.Logf("%s: %d requests, %d of them refused before they had waited long; recovered after %.1f s", t.Name(), atOnce, atOnceRefused, took.Seconds())
	assert.GreaterOrEqual(t, atOnceRefused, atOnce-mayWait)
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
	l := startLoad(t, a)
	time.Sleep(2 * time.Second)

	s.link.slow(5 * time.Second)
	time.Sleep(8 * time.Second)
	s.link.slow(0)
	back := time.Now()

	time.Sleep(settle)
	r := l.stop()
	r.check(t, back)
	r.checkStored(t, s.server)
	assert.Positive(t, r.failures())
}

// The host of the database loses its power: nothing answers, and nothing ends the open connections.
func TestDatabaseSilent(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	a := s.ready(t)
	l := startLoad(t, a)
	time.Sleep(2 * time.Second)

	s.link.swallow()
	time.Sleep(8 * time.Second)
	s.link.open(t)
	back := time.Now()

	time.Sleep(settle)
	r := l.stop()
	r.check(t, back)
	r.checkStored(t, s.server)
	assert.Positive(t, r.failures())
}
