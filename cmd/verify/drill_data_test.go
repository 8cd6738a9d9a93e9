package main

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	databases "github.com/aws/aws-sdk-go-v2/service/rds/types"
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

const copyID = "ha-web-prod-db-drill-202701110930"

// restores has the copy become available after five minutes.
func restores(s *stage) {
	s.at(5*time.Minute, func() { s.copies[copyID].DBInstanceStatus = aws.String("available") })
	s.data.database.Engine, s.data.database.EngineVersion = aws.String("postgres"), aws.String("16.9")
	s.data.database.DBInstanceClass = aws.String("db.m7g.large")
	s.data.database.DBSubnetGroup.DBSubnetGroupName = aws.String("ha-web-prod")
	s.data.database.DBParameterGroups[0].DBParameterGroupName = aws.String("ha-web-prod-16")
	s.data.database.TagList = []databases.Tag{{Key: aws.String("Stack"), Value: aws.String("prod")}, {Key: aws.String("aws:cloudformation"), Value: aws.String("x")}}
}

var restoreSteps = []string{
	"RestoreDBInstanceToPointInTime " + copyID, "DeleteDBInstance " + copyID + " with its backups, without a snapshot",
}

func TestDrillRestore(t *testing.T) {
	onStage(t, func(t *testing.T, s *stage) {
		restores(s)
		r := s.play(t, "restore", "-yes", "-rate", "1")
		assert.Equal(t, 0, r.status, r.err)
		assert.Equal(t, restoreSteps, s.did)
		assert.Empty(t, s.copies)
		assert.Equal(t, 5*time.Second+5*time.Minute+35*time.Second, r.elapsed)
		assert.Equal(t, `drill restore of ha-web/prod at 2027-01-11 09:30 UTC: restore database ha-web-prod-db to 2027-01-11T09:26:00Z as
  ha-web-prod-db-drill-202701110930, a db.m7g.large in one zone, and delete that again. It costs as much as the database
  without a standby while it is there.

PATH     SENT  FAILED  RETRIED  FIRST FAILURE  LAST FAILURE  RECOVERED  LONGEST OUTAGE  P50    P99
/health  340   0       0        -              -             -          0.0 s           10 ms  10 ms

restored       after 300.0 s: ha-web-prod-db-drill-202701110930 is available
recovery point 4m5s before the drill, at 2027-01-11T09:26:00Z
alarms         none rang so far
undone         creation of database ha-web-prod-db-drill-202701110930

promise kept: The database can be restored to a time less than 15 minutes ago, into the same network, encrypted and
  private.
  met      The database can be restored to less than 15m0s ago. To 4m5s ago.
  met      The copy is encrypted. arn:key.
  met      The copy is private. It has no public address.
  met      The copy has the security groups of the database. sg-db.
  met      The copy has the DB subnet group of the database. ha-web-prod.
  met      The copy has the parameter group of the database. ha-web-prod-16.
  met      The copy has the engine and version of the database. postgres 16.9.
  met      The copy is available. ha-web-prod-db-drill-202701110930 is available
`, r.out)
	})
}

// What is asked of AWS: nothing of it is left to its defaults, which are another network and a public address.
func TestDrillRestoreRequest(t *testing.T) {
	onStage(t, func(t *testing.T, s *stage) {
		restores(s)
		s.play(t, "restore", "-yes")
		in := s.asked
		assert.Equal(t, "ha-web-prod-db", *in.SourceDBInstanceIdentifier)
		assert.True(t, *in.UseLatestRestorableTime)
		assert.Equal(t, []any{"db.m7g.large", "ha-web-prod", "ha-web-prod-16"}, []any{*in.DBInstanceClass, *in.DBSubnetGroupName, *in.DBParameterGroupName})
		assert.Equal(t, []string{"sg-db"}, in.VpcSecurityGroupIds)
		assert.Equal(t, []bool{false, false, false}, []bool{*in.MultiAZ, *in.PubliclyAccessible, *in.DeletionProtection})
		var keys []string
		for _, each := range in.Tags {
			keys = append(keys, *each.Key)
		}
		assert.Equal(t, []string{markTag, "Stack"}, keys)
	})
}

func TestDrillRestorePromise(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(made *databases.DBInstance)
		says   string
	}{
		{"not encrypted", func(d *databases.DBInstance) { d.StorageEncrypted, d.KmsKeyId = aws.Bool(false), nil }, "NOT MET  The copy is encrypted. no key."},
		{"public", func(d *databases.DBInstance) { d.PubliclyAccessible = aws.Bool(true) }, "NOT MET  The copy is private. It has a public address."},
		{"another group", func(d *databases.DBInstance) { d.VpcSecurityGroups = nil }, "NOT MET  The copy has the security groups of the database. none."},
		{"another network", func(d *databases.DBInstance) {
			d.DBSubnetGroup = &databases.DBSubnetGroup{DBSubnetGroupName: aws.String("default")}
		},
			"NOT MET  The copy has the DB subnet group of the database. default."},
		{"other parameters", func(d *databases.DBInstance) {
			d.DBParameterGroups = []databases.DBParameterGroupStatus{{DBParameterGroupName: aws.String("default.postgres16")}}
		}, "NOT MET  The copy has the parameter group of the database. default.postgres16."},
		{"another version", func(d *databases.DBInstance) { d.EngineVersion = aws.String("16.8") },
			"NOT MET  The copy has the engine and version of the database. postgres 16.8."},
		{"never available", func(d *databases.DBInstance) { d.DBInstanceStatus = aws.String("failed") }, "NOT MET  The copy is available."},
	} {
		t.Run(test.name, func(t *testing.T) {
			onStage(t, func(t *testing.T, s *stage) {
				restores(s)
				s.at(5*time.Minute, func() { test.change(s.copies[copyID]) })
				r := s.play(t, "restore", "-yes", "-timeout", "10m")
				assert.Equal(t, 1, r.status, r.err)
				assert.Contains(t, r.out, test.says)
				assert.Empty(t, s.copies, "it is deleted all the same")
			})
		})
	}
}

// The copy is deleted, whatever happens, and nothing else is.
func TestDrillRestoreIsUndone(t *testing.T) {
	t.Run("Ctrl-C while it is created", func(t *testing.T) {
		onStage(t, func(t *testing.T, s *stage) {
			restores(s)
			s.interrupt(t, time.Minute)
			r := s.play(t, "restore", "-yes")
			assert.Equal(t, 1, r.status)
			assert.Equal(t, restoreSteps, s.did)
			assert.Contains(t, r.err, "not undone yet: creation of database "+copyID+": InvalidDBInstanceState: it is being created\n")
			assert.Contains(t, r.err, "\nundone: creation of database "+copyID+"\ninterrupted: no report, because the drill did not end\n")
			assert.Empty(t, s.copies)
		})
	})
	t.Run("it cannot be deleted", func(t *testing.T) {
		onStage(t, func(t *testing.T, s *stage) {
			restores(s)
			s.main.refused["DeleteDBInstance"] = denied("rds:DeleteDBInstance")
			r := s.play(t, "restore", "-yes")
			assert.Equal(t, 1, r.status)
			assert.Contains(t, r.out, "NOT MET  What the drill changed is undone. NOT undone: creation of database", "what was measured is reported")
			assert.Contains(t, r.err, "NOT undone: creation of database "+copyID)
			assert.Contains(t, r.err, "  undo it by hand: aws rds delete-db-instance --region eu-central-1 --db-instance-identifier "+copyID+
				" --skip-final-snapshot --delete-automated-backups\n")
		})
	})
	t.Run("someone else's of the same name", func(t *testing.T) {
		onStage(t, func(t *testing.T, s *stage) {
			restores(s)
			s.at(time.Minute, func() {
				s.copies[copyID].TagList = []databases.Tag{{Key: aws.String(markTag), Value: aws.String("other")}}
			})
			r := s.play(t, "restore", "-yes")
			assert.Equal(t, restoreSteps[:1], s.did, r.err)
			assert.Len(t, s.copies, 1)
		})
	})
}

func TestCopyName(t *testing.T) {
	at := time.Date(2027, 1, 11, 9, 30, 0, 0, time.UTC)
	assert.Equal(t, "a-drill-202701110930", copyName("a", at))
	long := copyName(strings.Repeat("x", 42)+"-abcdef", at)
	assert.Equal(t, strings.Repeat("x", 42)+"-a-drill-202701110930", long)
	assert.Len(t, long, longestIdentifier)
	assert.Equal(t, strings.Repeat("x", 43)+"-drill-202701110930", copyName(strings.Repeat("x", 43)+"-abc", at))
}
