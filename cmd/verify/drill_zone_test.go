package main

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	zonaltypes "github.com/aws/aws-sdk-go-v2/service/arczonalshift/types"
	"github.com/stretchr/testify/assert"
)

// losesZone has the instance in zone a replaced in zone b, and one in zone b by one in zone a once zone a is back.
func losesZone(s *stage) {
	s.at(40*time.Second, func() { s.joins("i-3", "eu-central-1b") })
	s.at(60*time.Second, func() { s.leaves("i-1") })
	s.at(100*time.Second, func() { s.joins("i-4", "eu-central-1a") })
	s.at(130*time.Second, func() { s.leaves("i-2") })
	s.outages["/health"] = []outage{{0, 3 * time.Second, "status 504", false}, {100 * time.Second, 101 * time.Second, "status 504", false}}
}

// untouched asserts that the group and the load balancer are as they were.
func (s *stage) untouched(t *testing.T) {
	t.Helper()
	assert.Equal(t, "private-a,private-b", *s.main.group.VPCZoneIdentifier)
	for _, each := range s.shifts {
		assert.NotEqual(t, zonaltypes.ZonalShiftStatusActive, each.Status)
	}
}

var zoneSteps = []string{
	"StartZonalShift alb euc1-az2 60m", "UpdateAutoScalingGroup ha-web-app private-b",
	"UpdateAutoScalingGroup ha-web-app private-a,private-b", "CancelZonalShift shift-1",
}

func TestDrillZone(t *testing.T) {
	onStage(t, func(t *testing.T, s *stage) {
		losesZone(s)
		s.outages["/health"] = s.outages["/health"][:1]
		r := s.play(t, "zone", "-yes", "-rate", "1")
		assert.Equal(t, 0, r.status, r.err)
		assert.Equal(t, zoneSteps, s.did)
		s.untouched(t)
		assert.Equal(t, 5*time.Second+100*time.Second+10*time.Second, r.elapsed)
		assert.Equal(t, `drill zone of ha-web/prod at 2027-01-11 09:30 UTC: shift requests away from eu-central-1a (euc1-az2) for at most
  1h0m0s, and take the zone out of group ha-web-app. Until replacements are healthy in the other zones, 1 of 2 instances
  must carry all requests. Both are undone afterwards.

PATH     SENT  FAILED  RETRIED  FIRST FAILURE  LAST FAILURE  RECOVERED  LONGEST OUTAGE  P50    P99
/health  115   3       0        0.0 s          2.0 s         3.0 s      3.0 s           10 ms  10 ms

zone empty     after 60.0 s: 2 of 2 instances healthy: 2 in eu-central-1b
as before      40.0 s after that: 3 of 2 instances healthy: 1 in eu-central-1a, 2 in eu-central-1b
alarms         none rang so far
undone         removal of eu-central-1a from group ha-web-app, zonal shift away from eu-central-1a

promise kept: The site goes on from the other zones. Requests fail until the load balancer has noticed, which takes at
  most the unhealthy threshold of its health checks.
  met      No request to /health fails for longer than 1m5s. 3 failed, the last 2.0 s after the first.
  met      All instances are healthy in the other zones. 2 of 2 instances healthy: 2 in eu-central-1b
  met      The stack is as it was before. 3 of 2 instances healthy: 1 in eu-central-1a, 2 in eu-central-1b
`, r.out)
	})
}

// The zone of the command line, of a group at its maximum size.
func TestDrillZoneThatIsChosen(t *testing.T) {
	onStage(t, func(t *testing.T, s *stage) {
		s.main.group.MaxSize = aws.Int32(2)
		s.at(10*time.Second, func() { s.leaves("i-2"); s.joins("i-3", "eu-central-1a") })
		s.at(20*time.Second, func() { s.leaves("i-1"); s.joins("i-4", "eu-central-1b") })
		r := s.play(t, "zone", "-yes", "-zone", "eu-central-1b", "-expires", "2h")
		assert.Equal(t, 0, r.status, r.err)
		assert.Equal(t, []string{"StartZonalShift alb euc1-az3 120m", "UpdateAutoScalingGroup ha-web-app private-a"}, s.did[:2])
		assert.Contains(t, r.out, "The group is at its maximum size, which AWS exceeds")
		s.untouched(t)
	})
}

// A zone is put back, whatever happens.
func TestDrillZoneIsUndone(t *testing.T) {
	for _, test := range []struct {
		name    string
		change  func(t *testing.T, s *stage)
		did     []string
		says    string
		elapsed time.Duration
	}{
		{"Ctrl-C in the middle", func(t *testing.T, s *stage) { s.interrupt(t, 30*time.Second) }, zoneSteps,
			"interrupted: undoing what the drill changed. Ctrl-C again ends at once\nundone: removal of eu-central-1a from group ha-web-app\n" +
				"undone: zonal shift away from eu-central-1a\ninterrupted: no report, because the drill did not end\n", 30 * time.Second},
		{"Ctrl-C while AWS is asked to shift", func(t *testing.T, s *stage) { s.slow = 10 * time.Second; s.interrupt(t, 8*time.Second) }, zoneSteps,
			"undone: zonal shift away from eu-central-1a\ninterrupted: no report", lead + 10*time.Second},
		{"Ctrl-C as it is undone", func(t *testing.T, s *stage) {
			s.interrupt(t, 66*time.Second)
			s.at(59*time.Second, func() { s.main.refused["CancelZonalShift"] = errThrottled })
			s.at(75*time.Second, func() { delete(s.main.refused, "CancelZonalShift") })
		}, zoneSteps, "undone: zonal shift away from eu-central-1a\ninterrupted: no report, because the drill did not end\n", 80 * time.Second},
		{"the shift is refused", func(_ *testing.T, s *stage) {
			s.main.refused["StartZonalShift"] = denied("arc-zonal-shift:StartZonalShift")
		}, nil,
			"drill zone: api error AccessDenied", lead},
		{"the answer to the shift is lost", func(_ *testing.T, s *stage) { s.main.refused["StartZonalShift"] = errLost }, []string{"CancelZonalShift shift-1"},
			"drill zone: connection reset by peer", lead},
		{"the group is not changed", func(_ *testing.T, s *stage) {
			s.main.refused["UpdateAutoScalingGroup"] = errThrottled
			time.AfterFunc(12*time.Second, func() { delete(s.main.refused, "UpdateAutoScalingGroup") })
		}, []string{zoneSteps[0], zoneSteps[3], zoneSteps[2]}, "not undone yet: removal of eu-central-1a from group ha-web-app: " + errThrottled.Error(), 15 * time.Second},
	} {
		t.Run(test.name, func(t *testing.T) {
			onStage(t, func(t *testing.T, s *stage) {
				losesZone(s)
				s.later = nil
				if test.name == "Ctrl-C as it is undone" {
					losesZone(s)
				}
				test.change(t, s)
				r := s.play(t, "zone", "-yes")
				assert.Equal(t, 1, r.status, r.out)
				assert.Equal(t, test.did, s.did)
				assert.Contains(t, r.err, test.says)
				assert.Equal(t, test.elapsed, r.elapsed)
				assert.Empty(t, r.out)
				s.untouched(t)
			})
		})
	}
}

// What cannot be undone is said, with the commands that undo it.
func TestDrillZoneThatStays(t *testing.T) {
	const group = "aws autoscaling update-auto-scaling-group --region eu-central-1 --auto-scaling-group-name ha-web-app --vpc-zone-identifier private-a,private-b"
	const shift = "aws arc-zonal-shift cancel-zonal-shift --region eu-central-1 --zonal-shift-id shift-1"
	for _, test := range []struct {
		name    string
		change  func(t *testing.T, s *stage)
		says    string
		elapsed time.Duration
	}{
		{"a second Ctrl-C", func(t *testing.T, s *stage) {
			s.interrupt(t, 30*time.Second, 42*time.Second)
			s.at(time.Second, func() {
				s.main.refused["UpdateAutoScalingGroup"], s.main.refused["CancelZonalShift"] = errThrottled, errThrottled
			})
		}, "NOT undone: removal of eu-central-1a from group ha-web-app: interrupted\n  undo it by hand: " + group +
			"\nNOT undone: zonal shift away from eu-central-1a: interrupted\n  undo it by hand: " + shift + "\n", 42 * time.Second},
		{"AWS refuses one", func(t *testing.T, s *stage) {
			s.interrupt(t, 30*time.Second)
			s.at(time.Second, func() { s.main.refused["CancelZonalShift"] = denied("arc-zonal-shift:CancelZonalShift") })
		}, "NOT undone: zonal shift away from eu-central-1a: api error AccessDenied: User: arn:aws:iam::123456789012:user/a is not authorized to " +
			"perform: arc-zonal-shift:CancelZonalShift on resource: *\n  undo it by hand: " + shift + "\n", 30 * time.Second},
		{"AWS does not answer in time", func(t *testing.T, s *stage) {
			s.interrupt(t, 30*time.Second)
			s.at(time.Second, func() { s.main.refused["UpdateAutoScalingGroup"] = errThrottled })
		}, "NOT undone: removal of eu-central-1a from group ha-web-app: out of time after 40m0s\n  undo it by hand: " + group + "\n",
			30*time.Second + 40*time.Minute},
	} {
		t.Run(test.name, func(t *testing.T) {
			onStage(t, func(t *testing.T, s *stage) {
				test.change(t, s)
				r := s.play(t, "zone", "-yes")
				assert.Equal(t, 1, r.status, r.out)
				assert.Contains(t, r.err, test.says)
				assert.Equal(t, test.elapsed, r.elapsed)
				assert.Empty(t, r.out)
			})
		})
	}
}

// A zone that stays empty, or does not fill again, is no kept promise; it is undone and reported all the same.
func TestDrillZonePromise(t *testing.T) {
	for _, test := range []struct {
		name  string
		later int // how much of it happens
		says  string
	}{
		{"instances do not leave", 0, "NOT MET  All instances are healthy in the other zones. 2 of 2 instances healthy: 1 in eu-central-1a, 1 in"},
		{"too few elsewhere", -1, "NOT MET  All instances are healthy in the other zones. 1 of 2 instances healthy: 1 in eu-central-1b"},
		{"the zone stays empty", 2, "NOT MET  The stack is as it was before. 2 of 2 instances healthy: 2 in eu-central-1b; out of time after"},
		{"requests fail for too long", 4, "NOT MET  No request to /health fails for longer than 1m5s. 4 failed, the last 100.0 s after the first."},
	} {
		t.Run(test.name, func(t *testing.T) {
			onStage(t, func(t *testing.T, s *stage) {
				losesZone(s)
				if test.later < 0 {
					s.later = []deed{{time.Second, func() { s.leaves("i-1") }}}
				} else {
					s.later = s.later[:test.later]
				}
				r := s.play(t, "zone", "-yes", "-rate", "1", "-timeout", "3m")
				assert.Equal(t, 1, r.status, r.err)
				assert.Contains(t, r.out, test.says)
				assert.Equal(t, zoneSteps, s.did)
				s.untouched(t)
			})
		})
	}
}
