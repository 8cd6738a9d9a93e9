//go:build lab && linux

package database

import (
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	pinnedName = "pinned.proxy-c0ffee.us-east-1.rds.amazonaws.com"
	// borrow is longer than a failover of the test, and impatience is shorter.
	borrow, impatience = 20 * time.Second, 2 * time.Second
)

// pools is a stage with two poolers: one that shares connections and waits for long, and one that does neither.
type pools struct {
	*stage
	shared, pinned *Pooler
}

func TestPooler(t *testing.T) {
	s := newStage(t)
	_, err := s.try(t.Context(), s.conninfo(endpointName), "CREATE TABLE orders (key text PRIMARY KEY)")
	require.NoError(t, err)
	p := &pools{stage: s}
	p.shared = s.startPooler(t, proxyName, Multiplexed, 200, borrow)
	p.pinned = s.startPooler(t, pinnedName, Pinned, 201, impatience)
	t.Run("access", p.access)
	t.Run("verification", p.verify)
	t.Run("reach", p.closeGroup)
	t.Run("password", p.changePassword)
	t.Run("failover", p.failOver)
	t.Run("borrow timeout", p.loseBorrowers)
	t.Run("zone of the primary lost", p.losePrimary)
}

func (p *pools) access(t *testing.T) {
	ctx := t.Context()
	for _, name := range []string{proxyName, pinnedName} {
		answer, err := p.try(ctx, p.conninfo(name), "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
		require.NoError(t, err)
		assert.Equal(t, "t", answer, "the pooler's own connection")
		_, err = p.try(ctx, p.conninfo(name, "sslmode=disable"), "SELECT 1")
		assert.ErrorContains(t, err, "SSL required")
		_, err = p.try(ctx, p.conninfo(name, "password=wrong"), "SELECT 1")
		assert.ErrorContains(t, err, "authentication failed")
		_, err = p.try(ctx, p.conninfo(name, "dbname=pgbouncer user="+operator), "SHOW CLIENTS")
		assert.Error(t, err, "the console is not for clients")
		_, err = p.try(ctx, p.conninfo(name, "options='-c work_mem=1MB'"), "SELECT 1")
		assert.Error(t, err, "RDS Proxy does not support the parameter options")
	}
	require.Eventually(t, p.shared.Available, 5*time.Second, 20*time.Millisecond)
}

// verify is with a pooler that does not trust the certificate of the database.
func (p *pools) verify(t *testing.T) {
	suspicious, err := StartPooler(t.Context(), PoolerOptions{
		Cluster: p.cluster, EndpointName: "suspicious", Identity: p.signer.sign(t, "suspicious"), Roots: newAuthority(t).root,
		Nodes:   []PoolerNode{{Zone: zoneA, Address: netip.MustParseAddr("10.0.11.202")}},
		Resolve: p.resolve, User: user, Password: p.password, Borrow: 4 * time.Second,
	})
	require.NoError(t, err)
	defer func() { assert.NoError(t, suspicious.Close()) }()
	_, err = p.try(t.Context(), p.conninfo("suspicious", "connect_timeout=10"), "SELECT 1")
	assert.Error(t, err)
	assert.Contains(t, suspicious.nodes[0].log(), "certificate verify failed")
}

// closeGroup closes the way from the pooler to the database, as a security group does.
func (p *pools) closeGroup(t *testing.T) {
	filter := func(rules string) {
		for _, space := range p.shared.Namespaces() {
			require.NoError(t, space.Filter(t.Context(), rules))
		}
	}
	filter("table ip group {\n chain out {\n type filter hook output priority 0\n ip daddr 10.0.16.0/20 drop\n }\n}\n")
	require.Eventually(t, func() bool { return !p.shared.Available() }, 10*time.Second, 20*time.Millisecond)
	assert.True(t, p.cluster.Available())
	filter("")
	require.Eventually(t, p.shared.Available, 10*time.Second, 20*time.Millisecond)
}

func (p *pools) changePassword(t *testing.T) {
	ctx := t.Context()
	open := p.open(t, p.conninfo(pinnedName))
	open.ask(t, "SELECT 'before'")
	open.prints(t, "before", 10*time.Second)
	old := p.conninfo(pinnedName)
	require.NoError(t, p.cluster.SetPassword(ctx, user, `se"cond`))
	p.mu.Lock()
	p.password = `se"cond`
	p.mu.Unlock()
	_, err := p.try(ctx, p.conninfo(pinnedName), "SELECT 1")
	assert.Error(t, err, "the pooler does not know the password yet")
	for _, pooler := range []*Pooler{p.shared, p.pinned} {
		require.NoError(t, pooler.LearnPassword(ctx, user, p.password))
	}
	for _, name := range []string{proxyName, pinnedName} {
		require.Eventually(t, func() bool {
			_, err = p.try(ctx, p.conninfo(name), "SELECT 1")
			return err == nil
		}, 5*time.Second, 100*time.Millisecond, "with the new password: %v", err)
	}
	_, err = p.try(ctx, old, "SELECT 1")
	assert.ErrorContains(t, err, "authentication failed")
	open.ask(t, "SELECT 'after'")
	open.prints(t, "after", 10*time.Second)
}

// failOver is with clients that are idle, in a transaction, and pinned, and with one that comes while nothing answers.
func (p *pools) failOver(t *testing.T) {
	p.awaitRedundant(t)
	idle, busy, pinned := p.open(t, p.conninfo(proxyName)), p.open(t, p.conninfo(proxyName)), p.open(t, p.conninfo(pinnedName))
	busy.ask(t, "BEGIN")
	for _, client := range []*terminal{idle, busy, pinned} {
		client.ask(t, "SELECT 'before'")
		client.prints(t, "before", 10*time.Second)
	}
	now, err := p.shared.Statistics(t.Context())
	require.NoError(t, err)
	assert.Equal(t, 2, now.Clients)
	assert.Equal(t, 1, now.Borrowed, "one is in a transaction")
	assert.GreaterOrEqual(t, now.Connections, 1)
	now, err = p.pinned.Statistics(t.Context())
	require.NoError(t, err)
	assert.Equal(t, Statistics{Clients: 1, Connections: now.Connections, Borrowed: 1, Pinned: 1}, now)
	w := p.write(t, proxyName)
	down := 3 * time.Second
	failed := make(chan error, 1)
	begun := time.Now()
	go func() { failed <- p.cluster.Failover(t.Context(), down) }()
	require.Eventually(t, func() bool { return !p.shared.Available() }, 5*time.Second, 5*time.Millisecond)
	time.Sleep(500 * time.Millisecond)
	idle.ask(t, "SELECT 'after'")
	arrived := time.Now()
	answer, err := p.try(t.Context(), p.conninfo(proxyName, "connect_timeout=20"), "SELECT 'late'")
	assert.NoError(t, err, "a client that comes meanwhile waits")
	assert.Equal(t, "late", answer)
	t.Logf("a client that came %.1f s after the failover began waited %.1f s", arrived.Sub(begun).Seconds(), time.Since(arrived).Seconds())
	assert.Greater(t, time.Since(begun), down)
	require.NoError(t, <-failed)
	promoted := time.Now()
	idle.prints(t, "after", 5*time.Second)
	for _, client := range []*terminal{busy, pinned} {
		client.ask(t, "SELECT 'after'")
		client.prints(t, "connection", 5*time.Second)
		assert.NotContains(t, client.printed(), "after\n")
	}
	resumed := w.resumes(t, promoted)
	t.Logf("writes resumed %.2f s after the promotion", resumed.Seconds())
	assert.Less(t, resumed, 5*time.Second)
	require.Eventually(t, p.shared.Available, 5*time.Second, 20*time.Millisecond)
	w.allStored(t)
	assert.LessOrEqual(t, len(w.failed), 1, "more than the one write that was under way has failed")
}

func (p *pools) loseBorrowers(t *testing.T) {
	p.awaitRedundant(t)
	client := p.open(t, p.conninfo(pinnedName))
	client.ask(t, `\echo ready`)
	client.prints(t, "ready", 10*time.Second)
	failed := make(chan error, 1)
	go func() { failed <- p.cluster.Failover(t.Context(), impatience+4*time.Second) }()
	require.Eventually(t, func() bool { return !p.pinned.Available() }, 5*time.Second, 5*time.Millisecond)
	time.Sleep(500 * time.Millisecond) // statements that have begun are cut
	asked := time.Now()
	client.ask(t, "SELECT 'served'")
	client.prints(t, "query_wait_timeout", impatience+3*time.Second)
	waited := time.Since(asked)
	t.Logf("a client with a borrow time of %v waited %.1f s", impatience, waited.Seconds())
	assert.Greater(t, waited, impatience-200*time.Millisecond)
	require.NoError(t, <-failed)
}

func (p *pools) losePrimary(t *testing.T) {
	p.awaitRedundant(t)
	zone := p.cluster.Primary()
	other := 0
	if zone == zoneA {
		other = 1
	}
	p.mu.Lock() // DNS has taken the node of the zone out
	p.addresses[proxyName] = p.addresses[proxyName][other : other+1]
	p.mu.Unlock()
	idle, busy := p.open(t, p.conninfo(proxyName)), p.open(t, p.conninfo(proxyName))
	for _, client := range []*terminal{idle, busy} {
		client.ask(t, "SELECT 'before'")
		client.prints(t, "before", 10*time.Second)
	}
	w := p.write(t, proxyName)
	busy.ask(t, "SELECT pg_sleep(300)") // nothing would ever end that
	require.Eventually(t, func() bool {
		return len(p.execute(t, "SELECT FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%' AND state = 'active'")) == 1
	}, 10*time.Second, 50*time.Millisecond)
	require.NoError(t, p.network.CutZone(t.Context(), zone))
	require.Eventually(t, func() bool { return p.cluster.Primary() != zone }, 30*time.Second, 10*time.Millisecond, "nothing is promoted")
	promoted := time.Now()
	busy.prints(t, "connection", time.Second)
	idle.ask(t, "SELECT 'after'")
	idle.prints(t, "after", 5*time.Second)
	resumed := w.resumes(t, promoted)
	t.Logf("writes resumed %.2f s after the promotion", resumed.Seconds())
	assert.Less(t, resumed, 5*time.Second)
	assert.True(t, p.shared.Available())
	require.NoError(t, p.network.RestoreZone(t.Context(), zone))
	w.allStored(t)
}
