package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// losesInstance has the group notice that i-2, the oldest, is gone, and replace it.
func losesInstance(s *stage) {
	s.at(10*time.Second, func() { s.main.health["i-2"] = "unhealthy" })
	s.at(40*time.Second, func() { s.leaves("i-2") })
	s.at(90*time.Second, func() { s.joins("i-3", "eu-central-1b") })
	s.outages["/health"] = []outage{{500 * time.Millisecond, 12 * time.Second, "status 502", false}}
}

func TestDrillInstance(t *testing.T) {
	onStage(t, func(t *testing.T, s *stage) {
		losesInstance(s)
		s.turns("ha-web-prod-latency", 62*time.Second, "ALARM")
		s.turns("ha-web-prod-latency", 63*time.Second, "OK")
		s.turns("another-alarm", 64*time.Second, "ALARM")
		r := s.play(t, "instance", "-yes", "-deep", "/courses", "-rate", "1")
		assert.Equal(t, 0, r.status, r.err)
		assert.Equal(t, []string{"TerminateInstances i-2"}, s.did)
		assert.Equal(t, 5*time.Second+90*time.Second+10*time.Second, r.elapsed)
		assert.Equal(t, `drill instance of ha-web/prod at 2027-01-11 09:30 UTC: terminate instance i-2 in eu-central-1b, one of 2 in service.

PATH      SENT  FAILED  RETRIED  FIRST FAILURE  LAST FAILURE  RECOVERED  LONGEST OUTAGE  P50    P99
/health   105   11      0        1.0 s          11.0 s        12.0 s     11.0 s          10 ms  10 ms
/courses  105   0       0        -              -             -          0.0 s           10 ms  10 ms

full strength  after 90.0 s: 2 of 2 instances healthy: 1 in eu-central-1a, 1 in eu-central-1b
replaced       i-2 by i-3
alarms         ha-web-prod-latency after 62.0 s

promise kept: No request fails after the load balancer has noticed, which takes at most the unhealthy threshold of its
  health checks. The group replaces the instance by itself.
  met      No request to /health fails for longer than 1m5s. 11 failed, the last 10.0 s after the first.
  met      No request to /courses fails for longer than 1m5s. None failed.
  met      The group has as many healthy instances as it wants. 2 of 2 instances healthy: 1 in eu-central-1a, 1 in
           eu-central-1b
`, r.out)
		assert.Equal(t, `drill instance of ha-web/prod: terminate instance i-2 in eu-central-1b, one of 2 in service.
Meanwhile it requests https://learn.example.edu/health and https://learn.example.edu/courses, with 1 requests a second to each.
0s      2 of 2 instances healthy: 1 in eu-central-1a, 1 in eu-central-1b; i-2 is still in the group
10s     1 of 2 instances healthy: 1 in eu-central-1a; i-2 is still in the group
40s     1 of 2 instances healthy: 1 in eu-central-1a
1m30s   2 of 2 instances healthy: 1 in eu-central-1a, 1 in eu-central-1b
`, r.err)
	})
}

func TestDrillReportForPrograms(t *testing.T) {
	onStage(t, func(t *testing.T, s *stage) {
		losesInstance(s)
		s.turns("ha-web-prod-errors", 70*time.Second, "ALARM")
		r := s.play(t, "instance", "-yes", "-rate", "1", "-format", "json")
		assert.Equal(t, 0, r.status, r.err)
		assert.Equal(t, `{
  "stack": "ha-web/prod",
  "drill": "instance",
  "title": "Lose an instance",
  "did": "terminate instance i-2 in eu-central-1b, one of 2 in service.",
  "at": "2027-01-11T09:30:05Z",
  "paths": [
    {
      "path": "/health",
      "sent": 105,
      "failed": 11,
      "retried": 0,
      "firstFailure": 1,
      "lastFailure": 11,
      "recovery": 12,
      "longest": 11,
      "p50": 0.01,
      "p99": 0.01
    }
  ],
  "goal": "full strength",
  "goalAfter": 90,
  "state": "2 of 2 instances healthy: 1 in eu-central-1a, 1 in eu-central-1b",
  "figures": [
    {
      "name": "replaced",
      "value": "i-2 by i-3"
    }
  ],
  "alarms": [
    {
      "name": "ha-web-prod-errors",
      "after": 70
    }
  ],
  "undone": [],
  "promise": "No request fails after the load balancer has noticed, which takes at most the unhealthy threshold of its health checks. `+
			`The group replaces the instance by itself.",
  "claims": [
    {
      "claim": "No request to /health fails for longer than 1m5s.",
      "met": true,
      "seen": "11 failed, the last 10.0 s after the first."
    },
    {
      "claim": "The group has as many healthy instances as it wants.",
      "met": true,
      "seen": "2 of 2 instances healthy: 1 in eu-central-1a, 1 in eu-central-1b"
    }
  ],
  "kept": true
}
`, r.out)
	})
}

// Failures that go on when the drill ends are no kept promise, however short.
func TestDrillInstanceThatStillFails(t *testing.T) {
	onStage(t, func(t *testing.T, s *stage) {
		losesInstance(s)
		s.outages["/health"] = []outage{{95 * time.Second, time.Hour, "status 502", false}}
		r := s.play(t, "instance", "-yes", "-rate", "1")
		assert.Equal(t, 1, r.status, r.err)
		assert.Contains(t, r.out, "NOT MET  No request to /health fails for longer than 1m5s. 5 failed, the last 4.0 s after the first. The last request")
	})
}

// A promise that is not kept, in a change record.
func TestDrillReportForAChangeRecord(t *testing.T) {
	file := filepath.Join(t.TempDir(), "report.md")
	onStage(t, func(t *testing.T, s *stage) {
		s.outages["/health"] = []outage{{0, time.Hour, "status 502", false}}
		s.main.refused["DescribeAlarmHistory"] = denied("cloudwatch:DescribeAlarmHistory")
		r := s.play(t, "instance", "-yes", "-rate", "1", "-timeout", "1m", "-report", file)
		assert.Equal(t, 1, r.status, r.err)
		assert.Contains(t, r.out, "promise not kept: No request fails")
	})
	written, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, "# Lose an instance: drill of ha-web/prod\n\n"+
		"2027-01-11 09:30 UTC: terminate instance i-2 in eu-central-1b, one of 2 in service. Promise not kept.\n\n"+
		"| Path | Sent | Failed | Retried | First failure | Last failure | Recovered | Longest outage | p50 | p99 |\n"+
		"| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n"+
		"| `/health` | 75 | 70 | 0 | 0.0 s | 69.0 s | never | 69.0 s | 10 ms | 10 ms |\n\n"+
		"| Figure | Value |\n| --- | --- |\n"+
		"| full strength | not in time: 2 of 2 instances healthy: 1 in eu-central-1a, 1 in eu-central-1b; i-2 is still in the group; out of time after 1m0s |\n"+
		"| alarms | not known: missing permission: cloudwatch:DescribeAlarmHistory |\n\n"+
		"No request fails after the load balancer has noticed, which takes at most the unhealthy threshold of its health checks. "+
		"The group replaces the instance by itself.\n\n"+
		"| Claim | Result | Seen |\n| --- | --- | --- |\n"+
		"| No request to /health fails for longer than 1m5s. | not met | 70 failed, the last 69.0 s after the first. The last request failed too. |\n"+
		"| The group has as many healthy instances as it wants. | not met | 2 of 2 instances healthy: 1 in eu-central-1a, 1 in eu-central-1b; "+
		"i-2 is still in the group; out of time after 1m0s |\n", string(written))
}
