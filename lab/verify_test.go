//go:build lab && linux

package lab

import (
	"testing"
	"time"

	"ha-web/internal/probe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// checkDrill runs the checks of verify on the stack as it serves.
func checkDrill(t *testing.T, l *Lab) figures {
	found := figures{did: "`verify check`"}
	printed, _ := l.verify(l.ctx, t, "check", "-format", "json")
	document := readJSON[struct {
		Passed, Failed, Skipped int
		Checks                  []struct{ Name, Result, Seen string }
	}](t, printed)
	assert.Greater(t, document.Passed, 25)
	for _, each := range document.Checks {
		if each.Result == "fail" {
			assert.Contains(t, cannotPass, each.Name, each.Seen)
		}
	}
	found.note("%d checks passed, %d were skipped, %d cannot pass on an emulator", document.Passed, document.Skipped, document.Failed)
	return found
}

// cannotPass are the checks that the emulator cannot answer, with the reason.
var cannotPass = map[string]string{
	"instance-ingress":   "instances of the emulator have no security groups",
	"proxy-ingress":      "instances of the emulator have no security groups",
	"database-ingress":   "with database.operators instances connect to the database, and those of the emulator have no security groups",
	"flow-logs":          "the emulator reports an access error for every flow log",
	"pages-subscribed":   "nobody confirms a subscription by email",
	"notices-subscribed": "nobody confirms a subscription by email",
}

// drilled is what verify drill prints with -format json.
type drilled struct {
	Did   string
	Kept  bool
	Paths []struct {
		Path                  string
		Sent, Failed, Retried int
		Recovery              *float64
		Longest, P50, P99     float64
	}
	Goal      string
	GoalAfter *float64
	Figures   []struct{ Name, Value string }
	Alarms    []struct {
		Name  string
		After float64
	}
	Claims []struct {
		Claim, Seen string
		Met         bool
	}
}

// runDrill runs a drill of verify, whose promise must be kept.
func (l *Lab) runDrill(t *testing.T, name string, args ...string) (figures, drilled) {
	t.Helper()
	line := append([]string{"drill", name, "-yes", "-yes-production", "-format", "json", "-rate", "20", "-path", shallow, "-deep", deep,
		"-interval", "1s", "-after", "5s", "-timeout", "3m"}, args...)
	printed, status := l.verify(l.ctx, t, line...)
	report := readJSON[drilled](t, printed)
	assert.Zero(t, status, "verify drill %s: %+v", name, report.Claims)
	assert.True(t, report.Kept)
	found := figures{did: "`verify drill " + name + "`", paths: map[string]probe.Summary{}}
	for _, each := range report.Paths {
		s := probe.Summary{Sent: each.Sent, Failed: each.Failed, Retried: each.Retried, Longest: duration(each.Longest), P50: duration(each.P50), P99: duration(each.P99)}
		if each.Recovery != nil {
			s.Recovered, s.Recovery = true, duration(*each.Recovery)
		}
		found.paths[each.Path] = s
	}
	require.NotNil(t, report.GoalAfter)
	found.note("%s after %.1f s", report.Goal, *report.GoalAfter)
	for _, each := range report.Figures {
		found.note("%s: %s", each.Name, each.Value)
	}
	for _, each := range report.Alarms {
		found.note("alarm %s after %.1f s", each.Name, each.After)
	}
	return found, report
}

func duration(seconds float64) time.Duration { return time.Duration(seconds * float64(time.Second)) }

func instanceDrill(t *testing.T, l *Lab) figures {
	began := time.Now()
	found, _ := l.runDrill(t, "instance")
	l.whole(t)
	l.wakesNobody(t, &found, began)
	return found
}

func failoverDrill(t *testing.T, l *Lab) figures {
	before := l.data.primary()
	writes := l.write(t, "failover")
	found, _ := l.runDrill(t, "failover")
	assert.NotEqual(t, before, l.data.primary())
	found.note("%d enrollments were acknowledged, %d failed, none was lost", writes.check(t), writes.failed)
	require.NoError(t, l.data.redundant(l.ctx))
	return found
}

func rotationDrill(t *testing.T, l *Lab) figures {
	found, _ := l.runDrill(t, "rotation")
	return found
}

func zonalShiftDrill(t *testing.T, l *Lab) figures {
	found, _ := l.runDrill(t, "zone", "-zone", zones[0])
	l.whole(t)
	return found
}

// loadDrill sends more requests than two instances are meant for: the group must scale out, without an error.
func loadDrill(t *testing.T, l *Lab) figures {
	found := figures{did: "`verify load`, more than two instances are meant for"}
	printed, status := l.verify(l.ctx, t, "load", "-rate", "160", "-ramp", "5s", "-hold", "60s", "-path", "/courses", "-yes", "-yes-production",
		"-format", "json")
	assert.Zero(t, status, string(printed))
	assert.Greater(t, len(l.fleet.all()), 2, "the fleet did not grow")
	l.setDesired(t, 2)
	l.whole(t)
	return found
}
