package drills

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestServerKilledAndStartedAgain(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	a := s.ready(t)
	r := underLoad(t, a, func() time.Time {
		s.server.kill()
		time.Sleep(3 * time.Second)
		s.server.start(t)
		return time.Now()
	})
	r.checkStored(t, s.server)
}

// As a failover of RDS: the host of the primary is gone, and its name leads to the standby.
func TestStandbyPromoted(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	a := s.ready(t)
	standby := startStandby(t, s.server)
	r := underLoad(t, a, func() time.Time {
		s.link.swallow()
		s.server.kill()
		time.Sleep(3 * time.Second)
		standby.promote(t)
		s.link.lead(standby.port)
		s.link.open(t)
		return time.Now()
	})
	r.checkStored(t, standby)
	assert.LessOrEqual(t, standby.sessions(t), poolSize)
}

// The old primary lives on, read-only, and open sessions stay with it: a session that can still read must not keep the
// application there.
func TestOldPrimaryReadOnly(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	a := s.ready(t)
	standby := startStandby(t, s.server)
	r := underLoad(t, a, func() time.Time {
		s.server.execute(t, "ALTER SYSTEM SET default_transaction_read_only = on")
		s.server.execute(t, "SELECT pg_reload_conf()")
		time.Sleep(3 * time.Second)
		standby.promote(t)
		s.link.lead(standby.port)
		back := time.Now()

		require.Eventually(t, func() bool { return s.server.sessions(t) == 0 }, settle, 250*time.Millisecond,
			"the application keeps sessions with the old primary")
		t.Logf("the last session left the old primary after %.1f s", time.Since(back).Seconds())
		return back
	})
	r.checkStored(t, standby)
}

// The server is gone for good, and another one has its data: the SSM parameters say where.
func TestEndpointChanged(t *testing.T) {
	t.Parallel()
	const readAgainAfter = 15 * time.Second
	s := newStage(t)
	a := s.ready(t)
	other := startStandby(t, s.server)
	r := underLoad(t, a, func() time.Time {
		s.link.swallow()
		s.server.kill()
		gone := time.Now()
		other.promote(t)
		s.setEndpoint(t, "127.0.0.1", other.port)
		return gone.Add(readAgainAfter)
	})
	r.checkStored(t, other)
}

func TestDatabaseDownAtStart(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.link.refuse()
	a := s.launch(t)
	a.waitFor(t, "/health", 200, startsWithin)
	a.waitFor(t, "/ready", 503, startsWithin)
	for range 3 {
		assert.Equal(t, 200, a.get("/health").code)
		ready := a.get("/ready")
		assert.Equal(t, 503, ready.code)
		assert.Less(t, ready.took, 3*time.Second)
	}
	courses := a.get("/courses")
	assert.Equal(t, 503, courses.code)
	assert.Less(t, courses.took, answersWithin)

	s.link.open(t)
	took := a.waitFor(t, "/ready", 200, startsWithin)
	t.Logf("%s: ready %.1f s after the database was reachable", t.Name(), took.Seconds())
	assert.Less(t, took, recoversWithin, "ready after the database is reachable")
	assert.Equal(t, 200, a.get("/courses").code)
}
