package main

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	databases "github.com/aws/aws-sdk-go-v2/service/rds/types"
	"github.com/stretchr/testify/assert"
)

const copyID = "ha-web-prod-db-drill-202701110930"

// restores has the copy become available after five minutes.
func restores(s *stage) {
	s.at(5*time.Minute, func() { s.copies[copyID].DBInstanceStatus = aws.String("available") })
	s.data.database.Engine, s.data.database.EngineVersion = aws.String("postgres"), aws.String("16.9")
	s.data.database.Endpoint.Address = aws.String("ha-web-prod-db.rds.amazonaws.com")
	s.data.database.DBInstanceClass = aws.String("db.m7g.large")
	s.data.database.DBSubnetGroup.DBSubnetGroupName = aws.String("ha-web-prod")
	s.data.database.DBParameterGroups[0].DBParameterGroupName = aws.String("ha-web-prod-16")
	s.data.database.TagList = []databases.Tag{{Key: aws.String("Stack"), Value: aws.String("prod")}, {Key: aws.String("aws:cloudformation"), Value: aws.String("x")}}
}

var restoreDeeds = []string{
	"RestoreDBInstanceToPointInTime " + copyID, "ModifyDBInstance " + copyID + " with a password of its own, now",
	"DeleteDBInstance " + copyID + " with its backups, without a snapshot",
}

func TestDrillRestore(t *testing.T) {
	onStage(t, func(t *testing.T, s *stage) {
		restores(s)
		r := s.play(t, "restore", "-yes", "-rate", "1")
		assert.Equal(t, 0, r.status, r.err)
		assert.Equal(t, restoreDeeds, s.did)
		assert.Empty(t, s.copies)
		assert.Zero(t, s.open, "the tunnel is closed")
		assert.Equal(t, []string{"eu-central-1 i-1 ha-web-prod-db.rds.amazonaws.com:5432"}, s.passages())
		assert.Equal(t, []connection{{"postgres", "appdb", login{"appuser", copyPassword}, "ha-web-prod-db.rds.amazonaws.com", "127.0.0.1:50001"}}, s.accessed)
		assert.NotContains(t, r.out+r.err, copyPassword)
		assert.Equal(t, `drill restore of ha-web/prod at 2027-01-11 09:30 UTC: restore database ha-web-prod-db to 2027-01-11T09:26:00Z as
  ha-web-prod-db-drill-202701110930, a db.m7g.large in one zone, give it a password, reach it through instance i-1,
  count its rows, and delete it again. It costs as much as the database without a standby while it is there.

PATH     SENT  FAILED  RETRIED  FIRST FAILURE  LAST FAILURE  RECOVERED  LONGEST OUTAGE  P50    P99
/health  370   0       0        -              -             -          0.0 s           10 ms  10 ms

read           after 330.0 s: 42 rows in 2 tables
available      300.0 s: ha-web-prod-db-drill-202701110930 is available
password       30.0 s: a secret of its own
reached        0.0 s: through i-1
counted        0.0 s: 42 rows in 2 tables
recovery point 4m5s before the drill, at 2027-01-11T09:26:00Z
alarms         none rang so far
undone         tunnel through i-1, creation of database ha-web-prod-db-drill-202701110930

promise kept: The database can be restored to a time less than 15 minutes ago, into the same network, encrypted and
  private, and people reach it there.
  met      The database can be restored to less than 15m0s ago. To 4m5s ago.
  met      The copy is encrypted. arn:key.
  met      The copy is private. It has no public address.
  met      The copy has the security groups of the database. sg-db.
  met      The copy has the DB subnet group of the database. ha-web-prod.
  met      The copy has the parameter group of the database. ha-web-prod-16.
  met      The copy has the engine and version of the database. postgres 16.9.
  met      The data of the copy can be read. 42 rows in 2 tables
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
		{"never available", func(d *databases.DBInstance) { d.DBInstanceStatus = aws.String("failed") }, "NOT MET  The data of the copy can be read. " + copyID + " is failed"},
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
			assert.Equal(t, []string{restoreDeeds[0], restoreDeeds[2]}, s.did)
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
			assert.Equal(t, restoreDeeds[:2], s.did, r.err)
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

// Nothing leads to a copy without a rule for people, an instance, and the programs of a session.
func TestDrillRestoreIsRefused(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(s *stage)
		says   string
	}{
		{"no rule", func(s *stage) { s.outputs["databaseOperators"] = false }, "nobody reaches a restored database: database.operators is false\nset database.operators: true and run pulumi up"},
		{"older outputs", func(s *stage) { delete(s.outputs, "databaseEngine") }, "databaseEngine and databaseName are not among the outputs\nrun pulumi up"},
		{"no AWS CLI", func(s *stage) { s.missing = []string{"aws"} }, "there is no aws\ninstall the AWS CLI and the Session Manager plugin"},
		{"no plugin", func(s *stage) { s.missing = []string{"session-manager-plugin"} }, "there is no session-manager-plugin"},
		{"no instance", func(s *stage) { s.main.health["i-1"], s.main.health["i-2"] = "unhealthy", "unhealthy" }, "0 of 2 instances healthy"},
	} {
		t.Run(test.name, func(t *testing.T) {
			onStage(t, func(t *testing.T, s *stage) {
				restores(s)
				test.change(s)
				r := s.play(t, "restore", "-yes")
				assert.Equal(t, 1, r.status)
				assert.Contains(t, r.err, test.says)
				assert.Empty(t, s.did)
			})
		})
	}
	t.Run("without a proxy, instances reach it anyway", func(t *testing.T) {
		onStage(t, func(t *testing.T, s *stage) {
			restores(s)
			s.outputs["databaseOperators"], s.outputs["databaseProxyEnabled"] = false, false
			assert.Zero(t, s.play(t, "restore", "-yes").status)
		})
	})
	t.Run("another tunnel needs no programs", func(t *testing.T) {
		onStage(t, func(t *testing.T, s *stage) {
			restores(s)
			s.missing = []string{"aws", "session-manager-plugin"}
			assert.Zero(t, s.play(t, "restore", "-yes", "-tunnel", "ssh -NL {local}:{host}:{port} bastion").status)
			assert.Equal(t, []string{"ssh -NL {local}:{host}:{port} bastion"}, s.templates)
		})
	})
}

// What does not work at once is tried again: a tunnel that ends, and a password that the database does not know yet.
func TestDrillRestoreTriesAgain(t *testing.T) {
	onStage(t, func(t *testing.T, s *stage) {
		restores(s)
		s.broken, s.deaf = 2, 3
		r := s.play(t, "restore", "-yes")
		assert.Zero(t, r.status, r.err)
		assert.Len(t, s.tunnels, 3)
		assert.Zero(t, s.open)
		assert.Contains(t, r.err, "the tunnel has ended: TargetNotConnected: i-1 is not connected.\n")
		assert.Contains(t, r.err, "not reached yet: password authentication failed")
		assert.NotContains(t, r.out+r.err, copyPassword)
	})
}

func TestDrillRestoreCountsATable(t *testing.T) {
	for table, says := range map[string]string{
		"courses": "met      Table courses has rows. 40.",
		"empty":   "NOT MET  Table empty has rows. 0.",
		"none":    "there is no table none",
	} {
		t.Run(table, func(t *testing.T) {
			onStage(t, func(t *testing.T, s *stage) {
				restores(s)
				s.rows["empty"] = 0
				r := s.play(t, "restore", "-yes", "-count", table)
				assert.Contains(t, strings.Join(strings.Fields(r.out), " "), strings.Join(strings.Fields(says), " "))
				assert.Equal(t, table == "courses", r.status == 0)
				assert.Empty(t, s.copies, "at once")
				assert.Zero(t, s.open)
			})
		})
	}
}

// Ctrl-C while someone is connected closes the tunnel before it deletes the copy.
func TestDrillRestoreIsUndoneWhileItIsReached(t *testing.T) {
	onStage(t, func(t *testing.T, s *stage) {
		restores(s)
		s.deaf = 1000
		s.interrupt(t, 7*time.Minute)
		r := s.play(t, "restore", "-yes")
		assert.Equal(t, 1, r.status)
		assert.Equal(t, restoreDeeds, s.did)
		assert.Zero(t, s.open)
		assert.Empty(t, s.copies)
		assert.Contains(t, r.err, "undone: tunnel through i-1\nundone: creation of database "+copyID)
	})
}
