package main

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	zonaltypes "github.com/aws/aws-sdk-go-v2/service/arczonalshift/types"
	scaling "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	databases "github.com/aws/aws-sdk-go-v2/service/rds/types"
	"github.com/stretchr/testify/assert"
)

// A drill that is refused changes nothing, and says what to do.
func TestDrillRefusals(t *testing.T) {
	database := func(change func(*databases.DBInstance)) func(*stage) {
		return func(s *stage) { change(s.data.database) }
	}
	for _, test := range []struct {
		drill, name string
		change      func(s *stage)
		says        string
	}{
		{"instance", "one instance", func(s *stage) { s.main.group.DesiredCapacity = aws.Int32(1) }, "the desired capacity of the group is 1"},
		{"instance", "one is ill", func(s *stage) { s.main.health["i-2"] = "unhealthy" }, "1 of 2 instances healthy: 1 in eu-central-1a\nlook why"},
		{"instance", "one too many", func(s *stage) { s.joins("i-3", "eu-central-1a") }, "wait until it is done: verify activities"},
		{"instance", "one zone", func(s *stage) { s.leaves("i-2"); s.joins("i-3", "eu-central-1a") }, "2 in eu-central-1a: one zone only"},
		{"instance", "a refresh", func(s *stage) {
			s.refreshes = []scaling.InstanceRefresh{{Status: scaling.InstanceRefreshStatusInProgress}}
		}, "an instance refresh is running\nwait for it: verify rollout"},
		{"instance", "a suspended process", func(s *stage) {
			s.main.group.SuspendedProcesses = []scaling.SuspendedProcess{{ProcessName: aws.String("Launch"), SuspensionReason: aws.String("User")}}
		}, "Launch: User\nresume them: aws autoscaling resume-processes"},
		{"instance", "no group", func(s *stage) { s.main.gone = true }, "group ha-web-app in eu-central-1: not in this account"},
		{"instance", "AWS does not answer", func(s *stage) { s.main.refused["DescribeInstanceRefreshes"] = errThrottled }, errThrottled.Error()},
		{"instance", "the site is down", func(s *stage) { s.site.at["https://learn.example.edu/health"] = page{err: errUnreachable} },
			"https://learn.example.edu/health: no connection"},
		{"instance -deep /nowhere", "no such path", func(s *stage) {
			s.site.at["https://learn.example.edu/nowhere"] = page{response: response{status: 404}}
		}, "https://learn.example.edu/nowhere answers 404\nname a path"},
		{"instance -deep /health", "one path for both", func(*stage) {}, "both paths are /health"},
		{"instance -instance i-7", "an unknown instance", func(*stage) {}, "i-7 is not in service in the group, which has i-1, i-2"},
		{"failover", "no standby", database(func(d *databases.DBInstance) { d.MultiAZ = aws.Bool(false) }), "has no standby: to reboot it is an outage"},
		{"failover", "stopped", database(func(d *databases.DBInstance) { d.DBInstanceStatus = aws.String("stopped") }), "database ha-web-prod-db is stopped"},
		{"failover", "the proxy is cut off", func(s *stage) { s.data.targets[0].TargetHealth.State = databases.TargetStateUnavailable },
			"ha-web-prod-db is UNAVAILABLE"},
		{"failover", "one is ill", func(s *stage) { s.main.health["i-2"] = "unhealthy" }, "1 of 2 instances healthy"},
		{"failover", "no database", func(s *stage) { s.data.database = nil }, "database ha-web-prod-db is not in this account and region"},
		{"zone", "one is ill", func(s *stage) { s.main.health["i-2"] = "unhealthy" }, "1 of 2 instances healthy"},
		{"zone -zone eu-central-1c", "an unknown zone", func(*stage) {}, "the group has no zone eu-central-1c, but eu-central-1a, eu-central-1b"},
		{"zone", "one subnet", func(s *stage) { s.main.group.VPCZoneIdentifier = aws.String("private-a") }, "the group has one zone only, eu-central-1a"},
		{"zone", "a foreign subnet", func(s *stage) { s.main.group.VPCZoneIdentifier = aws.String("private-a,subnet-x") }, "subnet subnet-x of the group is not in vpc-1"},
		{"zone", "no load balancer", func(s *stage) { s.main.targetGroup.LoadBalancerArns = nil }, "the target group has no load balancer"},
		{"zone", "shifted already", func(s *stage) {
			s.shifts = []zonaltypes.ZonalShiftSummary{{ZonalShiftId: aws.String("shift-9"), AwayFrom: aws.String("euc1-az3"),
				Comment: aws.String("slow disks"), Status: zonaltypes.ZonalShiftStatusActive}}
		}, "requests are shifted away from euc1-az3 already: slow disks\nif it is over: aws arc-zonal-shift cancel-zonal-shift --region eu-central-1 --zonal-shift-id shift-9"},
		{"rotation", "off", func(s *stage) { s.data.secret.RotationEnabled = aws.Bool(false) }, "rotation is off\nrun pulumi up --refresh"},
		{"rotation", "one that did not finish", func(s *stage) { s.data.secret.VersionIdsToStages["v3"] = []string{"AWSPENDING"} },
			"the last rotation did not finish: version v3 is AWSPENDING"},
		{"rotation", "one that runs", database(func(d *databases.DBInstance) { d.MasterUserSecret.SecretStatus = aws.String("rotating") }),
			"the password is being rotated now\nwait until it is done"},
		{"rotation", "no version", func(s *stage) { s.data.secret.VersionIdsToStages = nil }, "no version of the secret is AWSCURRENT"},
		{"rotation", "another secret", func(s *stage) { s.outputs["databaseSecretArn"] = "arn:other" }, "secret arn:other: "},
		{"rotation", "rebooting", database(func(d *databases.DBInstance) { d.DBInstanceStatus = aws.String("rebooting") }), "is rebooting"},
		{"restore", "no backups", database(func(d *databases.DBInstance) { d.BackupRetentionPeriod = aws.Int32(0) }), "automated backups are off"},
		{"restore", "old backups", database(func(d *databases.DBInstance) { d.LatestRestorableTime = aws.Time(time.Now().Add(-time.Hour)) }),
			"it can be restored to 1h0m0s ago at best"},
		{"restore", "the same minute", func(s *stage) { s.copies[copyID] = &databases.DBInstance{} }, "database " + copyID + " is there already"},
	} {
		t.Run(test.drill+" "+test.name, func(t *testing.T) {
			onStage(t, func(t *testing.T, s *stage) {
				test.change(s)
				args := append(strings.Fields(test.drill), "-yes")
				if chosen, _ := findDrill(args[0]); chosen.deep {
					args = append(args, "-deep", "/courses")
				}
				r := s.play(t, args...)
				assert.Equal(t, 1, r.status, r.err)
				assert.Contains(t, r.err, test.says)
				assert.Empty(t, r.out)
				assert.Empty(t, s.did, "nothing is changed")
				assert.Zero(t, r.elapsed)
			})
		})
	}
}

// Nothing is disturbed without someone who says so.
func TestDrillAsks(t *testing.T) {
	production := func(s *stage) { s.outputs["environment"] = "production" }
	for _, test := range []struct {
		name   string
		args   string
		change func(s *stage)
		status int
		says   string
	}{
		{"yes", "-stack ha-web/prod", func(s *stage) { s.says("yes\n") }, 0, "Type yes to go on"},
		{"no", "-stack ha-web/prod", func(s *stage) { s.says("no\n") }, 1, "nothing was done"},
		{"nobody", "-stack ha-web/prod", func(s *stage) { s.in = strings.NewReader("yes\n") }, 1, "standard input has nobody to ask"},
		{"outputs from standard input", "", func(s *stage) { s.terminal = true }, 1, "standard input has nobody to ask"},
		{"-yes", "-yes", func(*stage) {}, 0, "10s "},
		{"production", "-stack ha-web/prod", func(s *stage) { production(s); s.says("yes\n") }, 1, "-yes-production"},
		{"production with -yes", "-yes", production, 1, "-yes-production"},
		{"production that is meant", "-yes -yes-production", production, 0, "10s "},
		{"production is asked too", "-stack ha-web/prod -yes-production", func(s *stage) { production(s); s.says("yes\n") }, 0, "Type yes to go on"},
		{"an unknown environment", "-yes", func(s *stage) { delete(s.outputs, "environment") }, 1, "-yes-production"},
	} {
		t.Run(test.name, func(t *testing.T) {
			onStage(t, func(t *testing.T, s *stage) {
				losesInstance(s)
				test.change(s)
				r := s.play(t, append([]string{"instance"}, strings.Fields(test.args)...)...)
				assert.Equal(t, test.status, r.status, r.err)
				assert.Contains(t, r.err, test.says)
				assert.Equal(t, test.status == 0, len(s.did) == 1, s.did)
			})
		})
	}
}

// The question says exactly what is going to happen.
func TestDrillQuestion(t *testing.T) {
	onStage(t, func(t *testing.T, s *stage) {
		s.says("\n")
		r := s.play(t, "failover", "-stack", "ha-web/prod", "-deep", "/courses", "-rate", "2.5")
		assert.Equal(t, `drill failover of ha-web/prod: reboot database ha-web-prod-db with a failover from eu-central-1a to its standby in eu-central-1b.
Meanwhile it requests https://learn.example.edu/health and https://learn.example.edu/courses, with 2.5 requests a second to each.
Type yes to go on: not confirmed: nothing was done
`, r.err)
	})
}

// says has someone at a terminal answer.
func (s *stage) says(text string) { s.in, s.terminal = bytes.NewBufferString(text), true }

func TestDrillThatAWSRefuses(t *testing.T) {
	onStage(t, func(t *testing.T, s *stage) {
		s.main.refused["TerminateInstances"] = denied("ec2:TerminateInstances")
		r := s.play(t, "instance", "-yes")
		assert.Equal(t, 1, r.status)
		assert.Contains(t, r.err, "drill instance: api error AccessDenied")
		assert.Contains(t, r.err, "ec2:TerminateInstances")
		assert.Empty(t, r.out)
		assert.Equal(t, lead, r.elapsed)
	})
}

// A drill with nothing to put back ends at once.
func TestDrillInterrupted(t *testing.T) {
	for _, test := range []struct {
		name  string
		after time.Duration
		did   int
	}{{"before it acts", 2 * time.Second, 0}, {"while it waits", 30 * time.Second, 1}, {"after the recovery", 98 * time.Second, 1}} {
		t.Run(test.name, func(t *testing.T) {
			onStage(t, func(t *testing.T, s *stage) {
				losesInstance(s)
				s.interrupt(t, test.after)
				r := s.play(t, "instance", "-yes")
				assert.Equal(t, 1, r.status)
				assert.Contains(t, r.err, errInterrupted.Error())
				assert.Equal(t, test.after, r.elapsed)
				assert.Len(t, s.did, test.did)
				assert.Empty(t, r.out)
			})
		})
	}
}

// AWS may fail for a while.
func TestDrillToleratesFaults(t *testing.T) {
	onStage(t, func(t *testing.T, s *stage) {
		losesInstance(s)
		s.at(5*time.Second, func() { s.main.refused["DescribeTargetHealth"] = errors.New("connection reset") })
		s.at(15*time.Second, func() { delete(s.main.refused, "DescribeTargetHealth") })
		r := s.play(t, "instance", "-yes")
		assert.Equal(t, 0, r.status, r.err)
		assert.Contains(t, r.err, "AWS did not answer, asking again: target group")
	})
}

func TestDrillCommandLine(t *testing.T) {
	for _, test := range []struct{ args, says string }{
		{"", "the name of a drill is missing"},
		{"-yes instance", "the name of a drill is missing"},
		{"flood", `no drill "flood"`},
		{"instance prod", "prod: is one argument too many"},
		{"instance -stack prod", "-stack: must be PROJECT/STACK"},
		{"instance -path health", `-path: must begin with /, got "health"`},
		{"failover", "-deep: drill failover needs a path that asks the database"},
		{"instance -rate 0", "-rate: must be more than 0 and at most 100, got 0"},
		{"instance -rate 1000", "-rate: must be more than 0 and at most 100, got 1000"},
		{"instance -timeout 0s -interval 1ms -after -1s", "-timeout: must be 1s or more, got 0s\n-interval: must be 100ms or more, got 1ms\n-after: must be 0s or more"},
		{"instance -format yaml", "-format: "},
		{"instance -zone eu-central-1a", "-zone: is for drill zone"},
		{"failover -deep /courses -instance i-1", "-instance: is for drill instance"},
		{"zone -expires 90s", "-expires: must be whole minutes, from 1m to 72h, got 1m30s"},
		{"zone -expires 73h", "-expires: must be whole minutes, from 1m to 72h"},
		{"zone -expires 30m", "-expires: must be at least -timeout (40m0s), got 30m0s"},
	} {
		var out, errs bytes.Buffer
		status := command(t.Context(), append([]string{"drill"}, strings.Fields(test.args)...), streams{strings.NewReader(""), &out, &errs})
		assert.Equal(t, 2, status, test.args)
		assert.Contains(t, errs.String(), test.says)
	}
	var out bytes.Buffer
	assert.Equal(t, 0, command(t.Context(), []string{"drill", "-h"}, streams{strings.NewReader(""), &out, &out}))
	for _, each := range drills {
		assert.Contains(t, out.String(), "\n  "+each.name+" ")
	}
	for line := range strings.Lines(out.String()) {
		assert.LessOrEqual(t, len(line), widest+10, line)
	}
}
