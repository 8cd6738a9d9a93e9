package main

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/stretchr/testify/assert"
)

// rotates has the secret change after 20 seconds, and its old version go 10 seconds later.
func rotates(s *stage) {
	s.at(5*time.Second, func() {
		s.data.database.MasterUserSecret.SecretStatus = aws.String("rotating")
		s.data.secret.VersionIdsToStages = map[string][]string{"v3": {"AWSPENDING"}, "v2": {"AWSCURRENT"}}
	})
	s.at(20*time.Second, func() {
		s.data.secret.VersionIdsToStages = map[string][]string{"v3": {"AWSCURRENT", "AWSPENDING"}, "v2": {"AWSPREVIOUS"}}
	})
	s.at(30*time.Second, func() { s.data.database.MasterUserSecret.SecretStatus = aws.String("active") })
	s.outages["/courses"] = []outage{{18 * time.Second, 20 * time.Second, "", false}}
}

func TestDrillRotation(t *testing.T) {
	onStage(t, func(t *testing.T, s *stage) {
		rotates(s)
		r := s.play(t, "rotation", "-yes", "-deep", "/courses", "-rate", "1")
		assert.Equal(t, 0, r.status, r.err)
		assert.Equal(t, []string{"RotateSecret arn:secret"}, s.did)
		assert.Equal(t, 5*time.Second+30*time.Second+time.Minute, r.elapsed)
		assert.Equal(t, `drill rotation of ha-web/prod at 2027-01-11 09:30 UTC: rotate the password of database ha-web-prod-db, in secret
  arn:secret.

PATH      SENT  FAILED  RETRIED  FIRST FAILURE  LAST FAILURE  RECOVERED  LONGEST OUTAGE  P50    P99
/health   95    0       0        -              -             -          0.0 s           10 ms  10 ms
/courses  95    0       2        -              -             -          0.0 s           10 ms  10 ms

rotated        after 30.0 s: the secret is active, with version v3; proxy: ha-web-prod-db is AVAILABLE
alarms         none rang so far

promise kept: No request fails, or it succeeds when it is sent once more.
  met      No request to /health fails. 0 of 95 failed.
  met      No request to /courses fails twice. 0 of 95 failed twice, 2 once.
  met      The password has changed. the secret is active, with version v3; proxy: ha-web-prod-db is AVAILABLE
`, r.out)
		assert.Equal(t, `drill rotation of ha-web/prod: rotate the password of database ha-web-prod-db, in secret arn:secret.
Meanwhile it requests https://learn.example.edu/health and https://learn.example.edu/courses, with 1 requests a second to each.
0s      the secret is active, with the version it had before; proxy: ha-web-prod-db is AVAILABLE
5s      the secret is rotating, version v3 is AWSPENDING; proxy: ha-web-prod-db is AVAILABLE
20s     the secret is rotating, with version v3; proxy: ha-web-prod-db is AVAILABLE
30s     the secret is active, with version v3; proxy: ha-web-prod-db is AVAILABLE
`, r.err)
	})
}

func TestDrillRotationPromise(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(s *stage)
		says   string
	}{
		{"fails twice", func(s *stage) { s.outages["/courses"][0].err = "status 503" }, "NOT MET  No request to /courses fails twice. 2 of 95 failed twice, 0 once."},
		{"shallow requests fail", func(s *stage) { s.outages["/health"] = []outage{{0, time.Second, "status 502", false}} },
			"NOT MET  No request to /health fails. 1 of 95 failed."},
		{"a version is left over", func(s *stage) {
			s.later = s.later[:1]
			s.at(30*time.Second, func() {
				s.data.database.MasterUserSecret.SecretStatus = aws.String("active")
				s.data.secret.VersionIdsToStages = map[string][]string{"v3": {"AWSCURRENT"}, "v4": {"AWSPENDING"}}
			})
		}, "NOT MET  The password has changed. the secret is active, version v4 is AWSPENDING"},
		{"never ends", func(s *stage) { s.later = s.later[:1] }, "NOT MET  The password has changed. the secret is rotating, version v3 is AWSPENDING"},
	} {
		t.Run(test.name, func(t *testing.T) {
			onStage(t, func(t *testing.T, s *stage) {
				rotates(s)
				test.change(s)
				r := s.play(t, "rotation", "-yes", "-deep", "/courses", "-rate", "1")
				assert.Equal(t, 1, r.status, r.err)
				assert.Contains(t, r.out, test.says)
			})
		})
	}
}
