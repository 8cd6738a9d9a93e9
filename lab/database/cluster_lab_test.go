//go:build lab && linux

package database

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestCluster(t *testing.T) {
	s := newStage(t)
	_, err := s.try(t.Context(), s.conninfo(endpointName), "CREATE TABLE orders (key text PRIMARY KEY)")
	require.NoError(t, err)
	t.Run("access", s.access)
	t.Run("password", s.changePassword)
	t.Run("failover", s.failOver)
	t.Run("standby lost", s.loseStandby)
	t.Run("zone of the primary lost", s.losePrimary)
}

func (s *stage) access(t *testing.T) {
	ctx := t.Context()
	answer, err := s.try(ctx, s.conninfo(endpointName), "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
	require.NoError(t, err)
	assert.Equal(t, "t", answer)
	_, err = s.try(ctx, s.conninfo(endpointName, "sslmode=disable"), "SELECT 1")
	assert.ErrorContains(t, err, "no encryption")
	_, err = s.try(ctx, s.conninfo(endpointName, "password=wrong"), "SELECT 1")
	assert.ErrorContains(t, err, "password authentication failed")
	_, err = s.try(ctx, s.conninfo(endpointName, "user="+operator), "SELECT 1")
	assert.Error(t, err, "the superuser is not for clients")
	answer, err = s.try(ctx, s.conninfo(endpointName), "SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
	require.NoError(t, err)
	assert.Equal(t, "f", answer)
	assert.Equal(t, [][]string{{"120", "1"}}, s.execute(t, "SELECT current_setting('max_connections'), current_setting('rds.force_ssl')"))
	assert.Equal(t, [][]string{{"sync"}}, s.execute(t, "SELECT sync_state FROM pg_stat_replication"))
}

func (s *stage) changePassword(t *testing.T) {
	ctx := t.Context()
	open := s.open(t, s.conninfo(endpointName))
	open.ask(t, "SELECT 'before'")
	open.prints(t, "before", 10*time.Second)
	old := s.conninfo(endpointName)
	require.NoError(t, s.cluster.SetPassword(ctx, user, "it's second"))
	_, err := s.try(ctx, old, "SELECT 1")
	assert.ErrorContains(t, err, "password authentication failed")
	_, err = s.try(ctx, s.conninfo(endpointName, `password='it\'s second'`), "SELECT 1")
	assert.NoError(t, err)
	open.ask(t, "SELECT 'after'")
	open.prints(t, "after", 10*time.Second)
	require.NoError(t, s.cluster.SetPassword(ctx, user, s.password))
}

func (s *stage) failOver(t *testing.T) {
	open := s.open(t, s.conninfo(endpointName))
	open.ask(t, "SELECT 'before'")
	open.prints(t, "before", 10*time.Second)
	w := s.write(t, endpointName)
	from := s.cluster.Primary()
	begun := time.Now()
	down := 2 * time.Second
	require.NoError(t, s.cluster.Failover(t.Context(), down))
	promoted := time.Now()
	assert.NotEqual(t, from, s.cluster.Primary())
	t.Logf("promoted %.2f s after %v of nothing", promoted.Sub(begun).Seconds()-down.Seconds(), down)
	resumed := w.resumes(t, promoted)
	t.Logf("writes resumed %.2f s after the promotion", resumed.Seconds())
	assert.Less(t, resumed, 5*time.Second)
	open.ask(t, "SELECT 'after'")
	open.prints(t, "connection", 10*time.Second)
	s.awaitRedundant(t)
	t.Logf("redundant again %.1f s after the promotion", time.Since(promoted).Seconds())
	w.allStored(t)
	for _, moment := range w.times {
		assert.False(t, moment.After(begun.Add(time.Second)) && moment.Before(begun.Add(down)), "a row was written while nothing answers")
	}
}

func (s *stage) loseStandby(t *testing.T) {
	s.awaitRedundant(t)
	w := s.write(t, endpointName)
	primary, standby := s.cluster.Primary(), zoneA
	if primary == zoneA {
		standby = zoneB
	}
	begun := time.Now()
	require.NoError(t, s.network.CutZone(t.Context(), standby))
	time.Sleep(500 * time.Millisecond) // commits of before
	resumed := w.resumes(t, time.Now())
	t.Logf("commits waited %.1f s for the lost standby", time.Since(begun).Seconds())
	assert.Greater(t, resumed, time.Second, "commits do not wait for the standby")
	assert.Less(t, resumed, 10*time.Second)
	assert.Equal(t, primary, s.cluster.Primary())
	assert.True(t, s.cluster.Available())
	assert.Error(t, s.cluster.Failover(t.Context(), 0), "the standby does not have all commits")
	require.NoError(t, s.network.RestoreZone(t.Context(), standby))
	restored := time.Now()
	s.awaitRedundant(t)
	t.Logf("redundant again %.1f s after the zone is back", time.Since(restored).Seconds())
	w.allStored(t)
}

// losePrimary is with one writer outside, and one in the lost zone, which still reaches the old primary: what that acknowledges must
// not be lost, either.
func (s *stage) losePrimary(t *testing.T) {
	s.awaitRedundant(t)
	zone := s.cluster.Primary()
	w, inside := s.write(t, endpointName), s.writeFrom(t, s.near[zone], endpointName)
	begun := time.Now()
	require.NoError(t, s.network.CutZone(t.Context(), zone))
	require.Eventually(t, func() bool { return s.cluster.Primary() != zone }, 30*time.Second, 10*time.Millisecond, "nothing is promoted")
	promoted := time.Now()
	t.Logf("promoted %.1f s after the zone was lost, bound %v", promoted.Sub(begun).Seconds(), promoteAfter)
	assert.Greater(t, promoted.Sub(begun), promoteAfter)
	resumed := w.resumes(t, promoted)
	t.Logf("writes resumed %.2f s after the promotion", resumed.Seconds())
	assert.Less(t, resumed, 5*time.Second)
	require.NoError(t, s.network.RestoreZone(t.Context(), zone))
	restored := time.Now()
	s.awaitRedundant(t)
	t.Logf("redundant again %.1f s after the zone is back", time.Since(restored).Seconds())
	w.allStored(t)
	inside.allStored(t)
}
