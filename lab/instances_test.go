//go:build lab && linux

package lab

import (
	"testing"
	"time"

	"ha-web/lab/endpoint"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// noticing is how long the load balancer takes to see that a target does not answer: all checks of the threshold, each after an
// interval, the last with its timeout, and a moment for a busy machine.
func (l *Lab) noticing() time.Duration {
	check := l.balancer.checks
	return time.Duration(check.UnhealthyThreshold+1)*check.Interval + check.Timeout + time.Second
}

// killedDrill takes the power of one instance away. Nothing says so to anyone: packets to it are dropped without an answer.
func killedDrill(t *testing.T, l *Lab) figures {
	found := figures{did: "the power of one instance gone"}
	l.replaces(t, &found, func(m *machine) { require.NoError(t, m.host.PowerOff()) })
	return found
}

// sickDrill stops the application of one instance, which keeps running.
func sickDrill(t *testing.T, l *Lab) figures {
	found := figures{did: "the application of one instance stopped"}
	l.replaces(t, &found, func(m *machine) { m.on(t, l.ctx, "systemctl", "stop", "app") })
	return found
}

// replaces breaks an instance. Its health check must fail, and the group replace it.
func (l *Lab) replaces(t *testing.T, found *figures, broken func(*machine)) {
	t.Helper()
	sick := l.fleet.all()[0]
	watch := l.watch(shallow, deep)
	time.Sleep(lead)
	watch.act()
	broken(sick)
	l.eventually(t, settling, "the instance is not replaced", func() (bool, string) {
		return l.fleet.machine(sick.id) == nil, "the group still has it"
	})
	l.whole(t)
	found.note("%s until a new instance was healthy in its place", seconds(time.Since(watch.acted)))
	found.paths = watch.stop()
	for path, each := range found.paths {
		assert.Less(t, each.Recovery, l.noticing(), "%s failed for longer than the health checks take", path)
	}
	l.wakesNobody(t, found, watch.acted)
}

// wakesNobody checks that nobody was paged since then, once the alarms have seen all of it: what heals by itself must not.
func (l *Lab) wakesNobody(t *testing.T, found *figures, since time.Time) {
	t.Helper()
	time.Sleep(2 * period)
	if assert.Empty(t, l.paged(since), "someone was paged for what healed by itself") {
		found.note("nobody was paged")
	}
}

// drainDrill scales the group in while requests are under way.
func drainDrill(t *testing.T, l *Lab) figures {
	found := figures{did: "one instance more, and then scaled in"}
	l.setDesired(t, 3)
	l.whole(t)
	watch := l.watch(shallow, deep)
	time.Sleep(lead)
	watch.act()
	l.setDesired(t, 2)
	l.whole(t)
	l.eventually(t, settling, "the machine does not end", func() (bool, string) { return len(l.fleet.all()) == 2, "it runs" })
	found.paths = watch.stop()
	for path, each := range found.paths {
		assert.Zero(t, each.Failed, "requests to %s failed while an instance drained", path)
	}
	return found
}

// lead is how long a drill watches the site before it acts.
const lead = 2 * time.Second

// silentDrill lets the AWS APIs answer nothing for 30 seconds, and fills the disk of an instance.
func silentDrill(t *testing.T, l *Lab) figures {
	found := figures{did: "AWS APIs that answer nothing for 30 s; the disk of one instance full"}
	full := l.fleet.all()[0]
	watch := l.watch(shallow, deep)
	time.Sleep(lead)
	watch.act()
	l.private.Set(endpoint.Silent)
	full.on(t, l.ctx, "sh", "-c", "cat /dev/zero >/var/tmp/full 2>/dev/null; true")
	time.Sleep(30 * time.Second)
	l.private.Set(endpoint.Serving)
	l.eventually(t, settling, "no alarm tells of the full disk", func() (bool, string) {
		state := l.alarm(t, "ha-web-lab-instance-disk")
		return state == "ALARM", state
	})
	found.note("the alarm instance-disk rang %s after the disk was full", seconds(time.Since(watch.acted)))
	full.on(t, l.ctx, "rm", "/var/tmp/full")
	found.paths = watch.stop()
	for path, each := range found.paths {
		assert.Zero(t, each.Failed, "requests to %s failed", path)
	}
	require.NotNil(t, l.fleet.machine(full.id), "an instance with a full disk was replaced, although it serves")
	return found
}
