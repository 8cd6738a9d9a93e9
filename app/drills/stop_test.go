package drills

import (
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The load balancer goes on sending for some seconds after an instance was told to stop, and a request is in flight.
func TestStopUnderLoad(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	a := s.ready(t)
	l := startLoad(t, a)
	time.Sleep(2 * time.Second)
	inFlight, finish := s.slowEnrollment(t, a)

	a.signal(syscall.SIGTERM)
	assert.Less(t, a.waitFor(t, "/health", 503, startsWithin), time.Second, "GET /health fails after SIGTERM")
	time.Sleep(2 * time.Second)
	finish()
	time.Sleep(time.Second)
	r := l.stop()
	quiet := time.Now()

	r.log(t, quiet)
	assert.Zero(t, r.failures(), "requests that were lost")
	assert.Less(t, r.longest, answersWithin)
	r.checkStored(t, s.server)
	assert.Equal(t, 201, (<-inFlight).code, "the request in flight")
	require.True(t, a.ended(10*time.Second), "the application does not stop")
	t.Logf("%s: stopped %.1f s after the last request", t.Name(), time.Since(quiet).Seconds())
	assert.Zero(t, a.command.ProcessState.ExitCode(), "exit status")
}

// The time to stop is nearly over when the last request is still in flight.
func TestStopWithRequestInFlight(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	a := s.ready(t, "DRAIN_SECONDS", "7")
	inFlight, finish := s.slowEnrollment(t, a)

	began := time.Now()
	a.signal(syscall.SIGTERM)
	require.Eventually(t, func() bool { return a.get("/health").code == 0 }, 5*time.Second, 50*time.Millisecond,
		"the application goes on accepting connections")
	finish()
	assert.Equal(t, 201, (<-inFlight).code, "the request in flight")
	require.True(t, a.ended(5*time.Second), "the application does not stop")
	assert.Less(t, time.Since(began), 7*time.Second)
	assert.Zero(t, a.command.ProcessState.ExitCode(), "exit status")
}

// slowEnrollment sends an enrollment that waits in the database until it is finished. Others do not wait for it.
func (s *stage) slowEnrollment(t *testing.T, a *application) (answer <-chan response, finish func()) {
	t.Helper()
	s.server.execute(t, "INSERT INTO courses (id, title) VALUES (99, 'Patience')")
	transaction, err := s.server.session(t).Begin(t.Context())
	require.NoError(t, err)
	_, err = transaction.Exec(t.Context(), "SELECT FROM courses WHERE id = 99 FOR UPDATE")
	require.NoError(t, err)
	answers := make(chan response, 1)
	go func() {
		received, err := a.enroll("in-flight", 99, "slow")
		assert.NoError(t, err)
		answers <- received
	}()
	waiting := "SELECT count(*) FROM pg_stat_activity WHERE usename = $1 AND wait_event_type = 'Lock'"
	require.Eventually(t, func() bool { return s.server.count(t, waiting, databaseUser) == 1 }, 5*time.Second, 10*time.Millisecond)
	return answers, func() { require.NoError(t, transaction.Rollback(t.Context())) }
}
