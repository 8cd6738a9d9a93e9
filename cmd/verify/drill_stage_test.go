package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"ha-web/internal/probe"

	"github.com/aws/aws-sdk-go-v2/aws"
	zonaltypes "github.com/aws/aws-sdk-go-v2/service/arczonalshift/types"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	scaling "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	watching "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	computing "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	databases "github.com/aws/aws-sdk-go-v2/service/rds/types"
	"github.com/stretchr/testify/require"
)

// stage is a healthy development stack to drill: a world with a database, whose resources change as time goes by.
type stage struct {
	*world
	data      *estate
	refreshes []scaling.InstanceRefresh
	alarms    []watching.AlarmHistoryItem
	events    []databases.Event
	// outages are when requests to a path fail, in seconds since the drill acted.
	outages map[string][]outage

	shifts []zonaltypes.ZonalShiftSummary
	slow   time.Duration                    // how long it takes to start one
	copies map[string]*databases.DBInstance // that were restored
	asked  *rds.RestoreDBInstanceToPointInTimeInput

	rows      map[string]int64 // of the tables of the copy
	tunnels   []passage        // that were opened
	templates []string         // their commands
	missing   []string         // programs
	deaf      int              // how many attempts to connect fail
	broken    int              // how many tunnels end at once
	open      int              // tunnels that are open
	accessed  []connection

	did      []string // what was changed, in order
	acted    time.Time
	later    []deed
	ctx      context.Context // of the command
	terminal bool
	in       io.Reader
	signals  chan os.Signal
}

// outage is a time in which requests fail, or succeed only when they are sent again.
type outage struct {
	from, to time.Duration
	err      string // empty: the second attempt succeeds
	hangs    bool
}

// deed is what happens some time after the drill acted.
type deed struct {
	after time.Duration
	do    func()
}

func newStage(t *testing.T) *stage {
	s := &stage{world: healthyWorld(), data: newEstate(), ctx: t.Context(), outages: map[string][]outage{}, signals: make(chan os.Signal, 2), copies: map[string]*databases.DBInstance{}}
	s.outputs["environment"] = "development"
	s.outputs["cdnEnabled"] = false
	s.outputs["databaseProxyEnabled"], s.outputs["databaseEndpoint"] = true, s.data.outputs.DatabaseEndpoint
	s.site.at["https://learn.example.edu/courses"] = page{response: response{status: 200}}
	s.outputs["databaseOperators"], s.outputs["databaseEngine"], s.outputs["databaseName"] = true, "postgres", "appdb"
	s.rows = map[string]int64{"courses": 40, "enrollments": 2}
	s.outputs["databaseSecretArn"] = *s.data.secret.ARN
	s.main.group.VPCZoneIdentifier, s.main.group.MaxSize = aws.String("private-a,private-b"), aws.Int32(4)
	for i, each := range s.data.subnets {
		s.data.subnets[i].AvailabilityZoneId = aws.String(map[string]string{"eu-central-1a": "euc1-az2", "eu-central-1b": "euc1-az3"}[*each.AvailabilityZone])
	}
	s.main.targetGroup.UnhealthyThresholdCount = aws.Int32(3)
	s.main.targetGroup.HealthCheckIntervalSeconds = aws.Int32(20)
	s.main.targetGroup.HealthCheckTimeoutSeconds = aws.Int32(5)
	delete(s.main.health, "i-9")
	for i := range s.main.instances {
		s.main.instances[i].LaunchTime = aws.Time(time.Date(2027, 1, 10-i, 0, 0, 0, 0, time.UTC))
	}
	return s
}

// at has something happen some time after the drill acts.
func (s *stage) at(after time.Duration, do func()) {
	s.later = append(s.later, deed{after, do})
	slices.SortStableFunc(s.later, func(a, b deed) int { return int(a.after - b.after) })
}

// change notes what is changed, and whether AWS refuses it. The first change is the act.
func (s *stage) change(operation, what string) error {
	s.catchUp()
	if err := s.main.ask(operation); err != nil {
		return err
	}
	s.did = append(s.did, strings.TrimSpace(operation+" "+what))
	if s.acted.IsZero() {
		s.acted = time.Now()
	}
	return nil
}

// catchUp lets everything happen that is due.
func (s *stage) catchUp() {
	for len(s.later) > 0 && !s.acted.IsZero() && time.Since(s.acted) >= s.later[0].after {
		due := s.later[0]
		s.later = s.later[1:]
		due.do()
	}
}

// Of the group.

type stagedScaling struct{ *stage }

func (s stagedScaling) DescribeAutoScalingGroups(ctx context.Context, in *autoscaling.DescribeAutoScalingGroupsInput, _ ...func(*autoscaling.Options)) (
	*autoscaling.DescribeAutoScalingGroupsOutput, error) {
	s.catchUp()
	return s.main.DescribeAutoScalingGroups(ctx, in)
}

func (s stagedScaling) DescribeInstanceRefreshes(context.Context, *autoscaling.DescribeInstanceRefreshesInput, ...func(*autoscaling.Options)) (
	*autoscaling.DescribeInstanceRefreshesOutput, error) {
	return &autoscaling.DescribeInstanceRefreshesOutput{InstanceRefreshes: s.refreshes}, s.main.ask("DescribeInstanceRefreshes")
}

func (s *stage) TerminateInstances(_ context.Context, in *ec2.TerminateInstancesInput, _ ...func(*ec2.Options)) (*ec2.TerminateInstancesOutput, error) {
	return &ec2.TerminateInstancesOutput{}, s.change("TerminateInstances", strings.Join(in.InstanceIds, " "))
}

// leaves takes an instance out of the group.
func (s *stage) leaves(id string) {
	delete(s.main.health, id)
	s.main.group.Instances = slices.DeleteFunc(slices.Clone(s.main.group.Instances), func(each scaling.Instance) bool { return *each.InstanceId == id })
}

// joins adds a healthy instance to the group.
func (s *stage) joins(id, zone string) {
	s.main.health[id] = "healthy"
	s.main.group.Instances = append(slices.Clone(s.main.group.Instances), scaling.Instance{
		InstanceId: &id, AvailabilityZone: &zone, LifecycleState: scaling.LifecycleStateInService,
	})
	s.main.instances = append(s.main.instances, computing.Instance{InstanceId: &id})
}

// Of the database.

type stagedDatabases struct {
	*estate
	stage *stage
}

func (s stagedDatabases) DescribeDBInstances(ctx context.Context, in *rds.DescribeDBInstancesInput, _ ...func(*rds.Options)) (*rds.DescribeDBInstancesOutput, error) {
	s.stage.catchUp()
	if err := s.stage.main.ask("DescribeDBInstances"); err != nil {
		return nil, err
	}
	if found, restored := s.stage.copies[*in.DBInstanceIdentifier]; restored {
		return &rds.DescribeDBInstancesOutput{DBInstances: []databases.DBInstance{*found}}, nil
	}
	return s.estate.DescribeDBInstances(ctx, in)
}

func (s *stage) RebootDBInstance(_ context.Context, in *rds.RebootDBInstanceInput, _ ...func(*rds.Options)) (*rds.RebootDBInstanceOutput, error) {
	how := map[bool]string{true: " with failover"}[aws.ToBool(in.ForceFailover)]
	return &rds.RebootDBInstanceOutput{}, s.change("RebootDBInstance", *in.DBInstanceIdentifier+how)
}

func (s *stage) DescribeEvents(_ context.Context, in *rds.DescribeEventsInput, _ ...func(*rds.Options)) (*rds.DescribeEventsOutput, error) {
	out := &rds.DescribeEventsOutput{}
	for _, each := range s.events {
		if *in.SourceIdentifier == "ha-web-prod-db" && in.SourceType == databases.SourceTypeDbInstance && !each.Date.Before(*in.StartTime) {
			out.Events = append(out.Events, each)
		}
	}
	return out, s.main.ask("DescribeEvents")
}

// Of CloudWatch.

func (s *stage) DescribeAlarmHistory(_ context.Context, in *cloudwatch.DescribeAlarmHistoryInput, _ ...func(*cloudwatch.Options)) (
	*cloudwatch.DescribeAlarmHistoryOutput, error) {
	out := &cloudwatch.DescribeAlarmHistoryOutput{}
	for _, each := range s.alarms {
		if len(in.AlarmTypes) == 2 && in.HistoryItemType == watching.HistoryItemTypeStateUpdate && !each.Timestamp.Before(*in.StartDate) {
			out.AlarmHistoryItems = append(out.AlarmHistoryItems, each)
		}
	}
	return out, s.main.ask("DescribeAlarmHistory")
}

// turns has an alarm change its state some time after the drill acted.
func (s *stage) turns(name string, after time.Duration, state string) {
	s.at(after, func() {
		s.alarms = append(s.alarms, watching.AlarmHistoryItem{
			AlarmName: &name, Timestamp: aws.Time(s.acted.Add(after)),
			HistoryData: aws.String(`{"version":"1.0","oldState":{"stateValue":"OK"},"newState":{"stateValue":"` + state + `"}}`),
		})
	})
}

func (s *stage) services() services {
	all := s.main.services()
	all.scaling, all.databases, all.secrets = stagedScaling{s}, stagedDatabases{s.data, s}, s.data
	all.history, all.events = s, s
	all.network = s.data
	all.disturb = disturber{instances: s, groups: s, shifts: s, databases: s, secrets: s}
	return all
}

// stagedProbe is a probe without a network.
type stagedProbe struct {
	stage   *stage
	began   time.Time
	targets []probe.Target
	every   time.Duration
}

func (p *stagedProbe) Stop() []probe.Result {
	var results []probe.Result
	for at := p.began; at.Before(time.Now()); at = at.Add(p.every) {
		for _, target := range p.targets {
			results = append(results, p.stage.answer(target, at))
		}
	}
	return results
}

func (s *stage) answer(target probe.Target, at time.Time) probe.Result {
	found := probe.Result{Target: target.Name, At: at, Took: 10 * time.Millisecond, Status: 200}
	for _, each := range s.outages[target.Name] {
		if after := at.Sub(s.acted); s.acted.IsZero() || after < each.from || after >= each.to {
			continue
		}
		found.Err, found.Status, found.Retried = each.err, 503, target.Retry
		if each.err == "" {
			found.Status = 200
		}
		if each.hangs {
			found.Status, found.Took = 0, target.Timeout
		}
	}
	return found
}

// played is what a drill did.
type played struct {
	status   int
	out, err string
	elapsed  time.Duration
}

// play runs verify drill on the stage, in a time that passes at once.
func (s *stage) play(t *testing.T, args ...string) played {
	t.Helper()
	s.swap(t)
	begin := time.Now()
	var out, err bytes.Buffer
	text, fault := json.Marshal(s.outputs)
	require.NoError(t, fault)
	s.main.parameters["/ha-web/prod/outputs"] = string(text)
	if s.in == nil {
		s.in = bytes.NewReader(text)
	}
	status := command(s.ctx, append([]string{"drill"}, args...), streams{s.in, &out, &err})
	return played{status, out.String(), err.String(), time.Since(begin)}
}

func (s *stage) swap(t *testing.T) {
	connected, reached, probed, asked, interrupted := connect, connectSite, probeSite, isTerminal, interrupts
	opened, joined, looked := openTunnel, connectDatabase, lookPath
	t.Cleanup(func() {
		connect, connectSite, probeSite, isTerminal, interrupts = connected, reached, probed, asked, interrupted
		openTunnel, connectDatabase, lookPath = opened, joined, looked
	})
	openTunnel, connectDatabase, lookPath = s.openTunnel, s.connectDatabase, s.lookPath
	connect = func(context.Context, string) (services, error) { return s.services(), nil }
	connectSite = func() site { return s.site }
	isTerminal = func(io.Reader) bool { return s.terminal }
	interrupts = func() (<-chan os.Signal, func()) { return s.signals, func() {} }
	probeSite = func(_ context.Context, targets []probe.Target, rate float64) prober {
		return &stagedProbe{s, time.Now(), targets, time.Duration(float64(time.Second) / rate)}
	}
}

// onStage runs a test in a time that passes at once, from a fixed moment on.
func onStage(t *testing.T, test func(t *testing.T, s *stage)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(time.Date(2027, 1, 11, 9, 30, 0, 0, time.UTC)))
		test(t, newStage(t))
	})
}

// interrupt is Ctrl-C some time after the beginning: the first ends the command's context.
func (s *stage) interrupt(t *testing.T, after ...time.Duration) {
	t.Helper()
	ctx, cancel := context.WithCancel(s.ctx)
	t.Cleanup(cancel)
	s.ctx = ctx
	for i, each := range after {
		time.AfterFunc(each, func() {
			if i == 0 {
				cancel()
			}
			s.signals <- os.Interrupt
		})
	}
}
