package main

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	databases "github.com/aws/aws-sdk-go-v2/service/rds/types"
	"github.com/stretchr/testify/assert"
)

// failsOver has the database be away for a minute, with a proxy that needs a while longer.
func failsOver(s *stage) {
	s.at(0, func() { s.data.database.DBInstanceStatus = aws.String("rebooting") })
	s.at(2*time.Second, func() { s.data.targets[0].TargetHealth.State = databases.TargetStateUnavailable })
	s.at(60*time.Second, func() {
		s.data.database.AvailabilityZone, s.data.database.SecondaryAvailabilityZone = aws.String("eu-central-1b"), aws.String("eu-central-1a")
		s.events = append(s.events, databases.Event{Message: aws.String("Multi-AZ instance failover completed"), Date: aws.Time(s.acted.Add(60 * time.Second))})
	})
	s.at(70*time.Second, func() {
		s.data.database.DBInstanceStatus = aws.String("available")
		s.data.targets[0].TargetHealth.State = databases.TargetStateAvailable
	})
	s.outages["/courses"] = []outage{{2 * time.Second, 66 * time.Second, "status 503", false}}
}

func TestDrillFailover(t *testing.T) {
	onStage(t, func(t *testing.T, s *stage) {
		failsOver(s)
		r := s.play(t, "failover", "-yes", "-deep", "/courses", "-rate", "1")
		assert.Equal(t, 0, r.status, r.err)
		assert.Equal(t, []string{"RebootDBInstance ha-web-prod-db with failover"}, s.did)
		assert.Equal(t, 5*time.Second+70*time.Second+10*time.Second, r.elapsed)
		assert.Equal(t, `drill failover of ha-web/prod at 2027-01-11 09:30 UTC: reboot database ha-web-prod-db with a failover from
  eu-central-1a to its standby in eu-central-1b.

PATH      SENT  FAILED  RETRIED  FIRST FAILURE  LAST FAILURE  RECOVERED  LONGEST OUTAGE  P50    P99
/health   85    0       0        -              -             -          0.0 s           10 ms  10 ms
/courses  85    64      0        2.0 s          65.0 s        66.0 s     64.0 s          10 ms  10 ms

failed over    after 70.0 s: database available, primary in eu-central-1b; proxy: ha-web-prod-db is AVAILABLE; /courses
               answers
failover       completed after 60.0 s, as RDS says
alarms         none rang so far

promise kept: Requests that need the database fail for the time of the failover only, after a bounded wait, and
  succeed within 5 seconds after the database can be reached again. All others succeed, and no instance is replaced.
  met      No request to /health fails. 0 of 85 failed.
  met      /courses succeeds within 5s after the database can be reached again. 4.0 s before AWS said so.
  met      Each request is answered within 15s. 0 of 170 were not.
  met      No instance is replaced. The group has the same instances.
  met      The primary is in the other zone, and serves. database available, primary in eu-central-1b; proxy:
           ha-web-prod-db is AVAILABLE; /courses answers
`, r.out)
	})
}

// What a failover may not do.
func TestDrillFailoverPromise(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(s *stage)
		says   string
	}{
		{"late", func(s *stage) {
			s.data.outputs.DatabaseProxyEnabled = false
			s.outputs["databaseProxyEnabled"] = false
			s.outages["/courses"][0].to = 66 * time.Second
		}, "NOT MET  /courses succeeds within 5s after the database can be reached again. 6.0 s after."},
		{"late for the proxy", func(s *stage) { s.outages["/courses"][0].to = 76 * time.Second },
			"NOT MET  /courses succeeds within 5s after the database can be reached again. 6.0 s after."},
		{"never", func(s *stage) { s.outages["/courses"][0].to = time.Hour }, "can be reached again. The last request failed."},
		{"shallow requests fail", func(s *stage) { s.outages["/health"] = []outage{{0, time.Second, "status 502", false}} },
			"NOT MET  No request to /health fails. 1 of "},
		{"requests hang", func(s *stage) { s.outages["/courses"][0].hangs = true }, "NOT MET  Each request is answered within 15s. 64 of 170 were not."},
		{"an instance is replaced", func(s *stage) {
			s.at(50*time.Second, func() { s.leaves("i-1"); s.joins("i-3", "eu-central-1a") })
		}, "NOT MET  No instance is replaced. Came or went: i-1, i-3."},
	} {
		t.Run(test.name, func(t *testing.T) {
			onStage(t, func(t *testing.T, s *stage) {
				failsOver(s)
				test.change(s)
				r := s.play(t, "failover", "-yes", "-deep", "/courses", "-rate", "1")
				assert.Equal(t, 1, r.status, r.err)
				assert.Contains(t, strings.Join(strings.Fields(r.out), " "), strings.Join(strings.Fields(test.says), " "))
				assert.Contains(t, r.out, "promise not kept")
			})
		})
	}
}

// AWS may say so later than the database serves: the standby is elsewhere, or nowhere.
func TestDrillFailoverWaitsForTheStandby(t *testing.T) {
	onStage(t, func(t *testing.T, s *stage) {
		failsOver(s)
		s.at(61*time.Second, func() { s.data.database.SecondaryAvailabilityZone = aws.String("eu-central-1b") })
		s.at(300*time.Second, func() { s.data.database.SecondaryAvailabilityZone = nil })
		r := s.play(t, "failover", "-yes", "-deep", "/courses", "-rate", "1")
		assert.Equal(t, 0, r.status, r.err)
		assert.Contains(t, r.out, "failed over    after 300.0 s")
	})
}

// Without events, AWS does not tell when the database could be reached.
func TestDrillFailoverWithoutEvents(t *testing.T) {
	onStage(t, func(t *testing.T, s *stage) {
		failsOver(s)
		s.main.refused["DescribeEvents"] = denied("rds:DescribeEvents")
		r := s.play(t, "failover", "-yes", "-deep", "/courses", "-rate", "1")
		assert.Equal(t, 0, r.status, r.err)
		assert.Contains(t, r.out, "not known      missing permission: rds:DescribeEvents\n")
		assert.Contains(t, r.out, "It does again, 66.0 s after the")
	})
}
