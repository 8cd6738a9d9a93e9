package main

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	scaling "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	successful = scaling.InstanceRefreshStatusSuccessful
	inProgress = scaling.InstanceRefreshStatusInProgress
	pending    = scaling.InstanceRefreshStatusPending
	cancelled  = scaling.InstanceRefreshStatusCancelled
	failed     = scaling.InstanceRefreshStatusFailed
)

var both = []string{"i-1", "i-2"}

const goodOutputs = `{"autoScalingGroupName": "ha-web-prod", "url": "https://learn.example.edu",
	"targetGroupArn": "arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/ha-web/6d0ecf831eec9f09"}`

// outcome is what a command did.
type outcome struct {
	status   int
	out, err string
	elapsed  time.Duration
}

// try runs verify rollout on a fake, in the fake's time. The refreshes of -since began at time zero of the fake or later.
func try(t *testing.T, fill func(f *fake), flags ...string) outcome {
	t.Helper()
	var r outcome
	synctest.Test(t, func(t *testing.T) {
		f := &fake{begin: time.Now()}
		fill(f)
		swap(t, f)
		var out, err bytes.Buffer
		args := append([]string{"rollout", "-since", f.begin.UTC().Format(time.RFC3339)}, flags...)
		r.status = command(t.Context(), args, streams{strings.NewReader(goodOutputs), &out, &err})
		r.out, r.err, r.elapsed = out.String(), err.String(), time.Since(f.begin)
	})
	return r
}

func swap(t *testing.T, f *fake) {
	before := connect
	t.Cleanup(func() { connect = before })
	connect = func(_ context.Context, region string) (services, error) {
		assert.Equal(t, "eu-central-1", region)
		return services{scaling: f, targets: f, alarms: f}, nil
	}
}

// history returns a fill with one refresh that has each status for a minute, and a group that is at its version throughout.
func history(statuses ...scaling.InstanceRefreshStatus) func(*fake) {
	return func(f *fake) {
		for i, status := range statuses {
			f.at = append(f.at, moment{
				after: time.Duration(i) * time.Minute, refreshes: []scaling.InstanceRefresh{f.refresh("r-1", time.Second, status)},
				group: group("7", "7", "7"), healthy: both, alarms: []string{"errors", "latency", "other"},
			})
		}
	}
}

func TestStatuses(t *testing.T) {
	for _, test := range []struct {
		name     string
		statuses []scaling.InstanceRefreshStatus
		status   int
		elapsed  time.Duration
	}{
		{"done before anyone looks", []scaling.InstanceRefreshStatus{successful}, 0, 0},
		{"through all of it", []scaling.InstanceRefreshStatus{pending, inProgress, scaling.InstanceRefreshStatusBaking, successful}, 0, 3 * time.Minute},
		{"failed", []scaling.InstanceRefreshStatus{inProgress, failed}, 1, time.Minute},
		{"rolled back", []scaling.InstanceRefreshStatus{
			inProgress, scaling.InstanceRefreshStatusRollbackInProgress, scaling.InstanceRefreshStatusRollbackSuccessful,
		}, 1, 2 * time.Minute},
		{"not even rolled back", []scaling.InstanceRefreshStatus{
			scaling.InstanceRefreshStatusRollbackInProgress, scaling.InstanceRefreshStatusRollbackFailed,
		}, 1, time.Minute},
		{"cancelled for good", []scaling.InstanceRefreshStatus{scaling.InstanceRefreshStatusCancelling, cancelled}, 1, 3 * time.Minute},
		{"never done", []scaling.InstanceRefreshStatus{inProgress}, 1, time.Hour},
		{"a status of the future", []scaling.InstanceRefreshStatus{"Confused"}, 1, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := try(t, history(test.statuses...))
			assert.Equal(t, test.status, r.status, r.out+r.err)
			assert.Equal(t, test.elapsed, r.elapsed)
			for _, status := range test.statuses {
				assert.Contains(t, r.out, "refresh "+string(status))
			}
			assert.Equal(t, test.status == 0, r.err == "", r.err)
			if test.status != 0 {
				assert.Contains(t, r.err, remedy)
			}
		})
	}
}

func TestWhichRefreshCounts(t *testing.T) {
	good := moment{group: group("7", "7", "7"), healthy: both}
	with := func(f *fake, after time.Duration, refreshes ...scaling.InstanceRefresh) {
		each := good
		each.after, each.refreshes = after, refreshes
		f.at = append(f.at, each)
	}
	for _, test := range []struct {
		name    string
		fill    func(f *fake)
		status  int
		elapsed time.Duration
		out     string
	}{
		{"none ever", func(f *fake) { with(f, 0) }, 0, 0, "no refresh to wait for"},
		{"a failure of before", func(f *fake) { with(f, 0, f.refresh("r-0", -time.Hour, failed)) }, 0, 0, "no refresh to wait for"},
		{"one of before that still runs", func(f *fake) {
			with(f, 0, f.refresh("r-0", -time.Minute, inProgress))
			with(f, time.Minute, f.refresh("r-0", -time.Minute, successful))
		}, 0, time.Minute, "because of r-0"},
		{"the one that follows a cancelled one", func(f *fake) {
			with(f, 0, f.refresh("r-1", 0, cancelled))
			with(f, time.Minute, f.refresh("r-2", time.Minute, pending), f.refresh("r-1", 0, cancelled))
			with(f, 5*time.Minute, f.refresh("r-2", time.Minute, successful), f.refresh("r-1", 0, cancelled))
		}, 0, 5 * time.Minute, "waiting for another"},
		{"the newest, whatever their order", func(f *fake) {
			with(f, 0, f.refresh("r-1", 0, cancelled), f.refresh("r-2", time.Second, successful))
		}, 0, 0, "refresh Successful"},
		{"a pending one before all that have a time", func(f *fake) {
			with(f, 0, f.refresh("r-1", time.Second, failed), f.refresh("r-2", 0, pending))
			with(f, time.Minute, f.refresh("r-1", time.Second, failed), f.refresh("r-2", 2*time.Second, successful))
		}, 0, time.Minute, "because of r-2"},
		{"one of before that still ran, and then failed", func(f *fake) {
			with(f, 0, f.refresh("r-0", -time.Minute, inProgress))
			with(f, time.Minute, f.refresh("r-0", -time.Minute, failed))
		}, 1, time.Minute, "because of r-0"},
		{"one of before that was rolled back", func(f *fake) {
			with(f, 0, f.refresh("r-0", -time.Minute, scaling.InstanceRefreshStatusRollbackInProgress))
			with(f, time.Minute, f.refresh("r-0", -time.Minute, scaling.InstanceRefreshStatusRollbackSuccessful))
		}, 1, time.Minute, "because of r-0"},
		{"not a success that a failure follows", func(f *fake) {
			with(f, 0, f.refresh("r-2", time.Second, failed), f.refresh("r-1", 0, successful))
		}, 1, 0, "because of r-2"},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := try(t, test.fill)
			assert.Equal(t, test.status, r.status, r.out+r.err)
			assert.Equal(t, test.elapsed, r.elapsed)
			assert.Contains(t, r.out, test.out)
		})
	}
}

func TestWithoutSince(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{begin: time.Now()}
		f.at = []moment{{refreshes: []scaling.InstanceRefresh{f.refresh("r-0", -time.Hour, failed)}}}
		swap(t, f)
		var out, err bytes.Buffer
		assert.Equal(t, 1, command(t.Context(), []string{"rollout"}, streams{strings.NewReader(goodOutputs), &out, &err}))
	})
}

func TestInstances(t *testing.T) {
	terminating := group("7", "7", "7", "6")
	terminating.Instances[2].LifecycleState = scaling.LifecycleStateTerminatingWait
	other := group("7", "7", "7")
	other.Instances[1].LaunchTemplate.LaunchTemplateId = new("lt-2")
	bare := group("7", "7", "7")
	bare.Instances[1].LaunchTemplate = nil
	for _, test := range []struct {
		name    string
		before  moment // for three minutes
		status  int
		elapsed time.Duration
		says    string
	}{
		{"a single instance type", moment{group: group("7", "7", "7"), healthy: both}, 0, 0, "2 of 2 instances in service have version 7"},
		{"several instance types", moment{group: mixed("7", "7", "7"), healthy: both}, 0, 0, "2 of 2 instances in service have version 7"},
		{"an old one that is on its way out", moment{group: terminating, healthy: both}, 0, 0, "2 of 2"},
		{"one not healthy yet", moment{group: group("7", "7", "7"), healthy: both[:1]}, 0, 3 * time.Minute, "1 of at least 2 are healthy"},
		{"more than need be, one unhealthy", moment{group: group("7", "7", "7", "7"), healthy: both}, 0, 0, "2 of at least 2"},
		{"healthy, but not of the group", moment{group: group("7", "7"), healthy: both}, 0, 3 * time.Minute, "1 of at least 2"},
		{"an old one that nothing replaces", moment{group: group("7", "7", "6"), healthy: both}, 1, 2 * time.Minute,
			"1 of 2 instances do not have version 7, and no refresh replaces them"},
		{"old ones of several types", moment{group: mixed("7", "6", "6"), healthy: both}, 1, 2 * time.Minute, "2 of 2 instances do not"},
		{"of another template", moment{group: other, healthy: both}, 1, 2 * time.Minute, "1 of 2 instances do not"},
		{"of no template", moment{group: bare, healthy: both}, 1, 2 * time.Minute, "1 of 2 instances do not"},
		{"a version that is none", moment{group: group("$Latest", "7"), healthy: both}, 1, 0, `must be a number, got "$Latest"`},
		{"no template", moment{group: &scaling.AutoScalingGroup{}}, 1, 0, "no launch template"},
		{"no group", moment{}, 1, 0, "is not in this account in eu-central-1"},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, refreshed := range []bool{true, false} {
				r := try(t, func(f *fake) {
					f.at = []moment{test.before, {after: 3 * time.Minute, group: group("7", "7", "7"), healthy: both}}
					for i := range f.at {
						if refreshed {
							f.at[i].refreshes = []scaling.InstanceRefresh{f.refresh("r-1", 0, successful)}
						}
					}
				})
				assert.Equal(t, test.status, r.status, r.out+r.err)
				assert.Equal(t, test.elapsed, r.elapsed)
				assert.Contains(t, r.out+r.err, test.says)
			}
		})
	}
}

func TestOldInstanceThatGoesInTime(t *testing.T) {
	r := try(t, func(f *fake) {
		f.at = []moment{
			{group: group("7", "7", "6"), healthy: both},
			{after: time.Minute, group: group("7", "7", "7"), healthy: both[:1]},
			{after: 3 * time.Minute, group: group("7", "7", "6"), healthy: both},
			{after: 4 * time.Minute, group: group("7", "7", "7"), healthy: both},
		}
	})
	assert.Equal(t, 0, r.status, r.out+r.err)
	assert.Equal(t, 4*time.Minute, r.elapsed)
}

func TestFailureSaysWhyAndWhatToDo(t *testing.T) {
	r := try(t, history(scaling.InstanceRefreshStatusRollbackSuccessful))
	assert.Equal(t, `not rolled out: refresh r-1 ended RollbackSuccessful: because of r-1
alarm errors is in ALARM: Threshold Crossed
alarm latency is in ALARM: Threshold Crossed
set the release before again and run pulumi up: docs/web-tier.md, Roll out a release
`, r.err)
}

func TestProgress(t *testing.T) {
	r := try(t, func(f *fake) {
		refresh := f.refresh("r-1", 0, inProgress)
		further := refresh
		further.PercentageComplete = new(int32(75))
		f.at = []moment{
			{refreshes: []scaling.InstanceRefresh{refresh}},
			{after: 100 * time.Second, refreshes: []scaling.InstanceRefresh{further}},
			{after: 3 * time.Minute, refreshes: []scaling.InstanceRefresh{f.refresh("r-1", 0, successful)},
				group: group("7", "7", "7"), healthy: both},
		}
	})
	assert.Equal(t, `0s      refresh InProgress, 50 percent, instances left: 1; because of r-1
1m0s    refresh InProgress, 50 percent, instances left: 1; because of r-1
1m45s   refresh InProgress, 75 percent, instances left: 1; because of r-1
2m45s   refresh InProgress, 75 percent, instances left: 1; because of r-1
3m0s    refresh Successful: 2 of 2 instances in service have version 7, 2 of at least 2 are healthy
`, r.out)
}

func TestFaultsOfAWS(t *testing.T) {
	seconds := func(times ...int) []time.Duration {
		var fails []time.Duration
		for _, each := range times {
			fails = append(fails, time.Duration(each)*time.Second)
		}
		return fails
	}
	t.Run("four in a row do not end the wait", func(t *testing.T) {
		r := try(t, func(f *fake) {
			history(inProgress, inProgress, inProgress, successful)(f)
			f.fails = seconds(0, 15, 30, 45, 75, 90, 105, 120)
		})
		assert.Equal(t, 0, r.status, r.out+r.err)
		assert.Equal(t, 3*time.Minute, r.elapsed)
		assert.Contains(t, r.out, errThrottled.Error())
	})
	t.Run("five do", func(t *testing.T) {
		r := try(t, func(f *fake) {
			history(inProgress)(f)
			f.fails = seconds(15, 30, 45, 60, 75)
		})
		assert.Equal(t, 1, r.status)
		assert.Equal(t, 75*time.Second, r.elapsed)
		assert.Contains(t, r.err, errThrottled.Error())
	})
}

func TestBound(t *testing.T) {
	r := try(t, history(inProgress), "-timeout", "10m", "-interval", "30s")
	assert.Equal(t, 1, r.status)
	assert.Equal(t, 10*time.Minute, r.elapsed)
	assert.Contains(t, r.err, "out of time after 10m0s: refresh InProgress")
}

func TestInterrupt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{begin: time.Now()}
		history(inProgress)(f)
		swap(t, f)
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(100*time.Second, cancel)
		var out, err bytes.Buffer
		status := command(ctx, []string{"rollout"}, streams{strings.NewReader(goodOutputs), &out, &err})
		assert.Equal(t, 1, status)
		assert.Equal(t, 100*time.Second, time.Since(f.begin))
		assert.Equal(t, "interrupted: the rollout goes on, and nobody watches it\n", err.String())
	})
}

func TestCommandLine(t *testing.T) {
	for _, test := range []struct {
		name   string
		args   string
		stdin  string
		status int
		out    string
		err    string
	}{
		{name: "help", args: "-h", out: "usage: verify VERB"},
		{name: "help of a verb", args: "rollout -h", out: "usage: verify rollout"},
		{name: "help of check", args: "check -h", out: "usage: verify check"},
		{name: "no verb", status: 2, err: "a verb is missing"},
		{name: "unknown verb", args: "rollback", status: 2, err: `no verb "rollback"`},
		{name: "unknown flag", args: "rollout -fast", status: 2, err: "-fast"},
		{name: "an argument", args: "rollout prod", status: 2, err: "prod: is one argument too many"},
		{name: "a time that is none", args: "rollout -since yesterday", status: 2, err: "must be a time such as 2027-01-11T09:00:00Z"},
		{name: "all faults", args: "rollout -timeout 0s -interval 1ms", status: 2,
			err: "-timeout: must be more than 0, got 0s\n-interval: must be 1s or more, got 1ms\n"},
		{name: "no file", args: "rollout -outputs /no/such/file", status: 2, err: "-outputs: open /no/such/file"},
		{name: "no JSON", args: "rollout", stdin: "error: no stack", status: 2, err: "-outputs: must be what pulumi stack output --json prints"},
		{name: "no outputs", args: "rollout", stdin: "{}", status: 2,
			err: "autoScalingGroupName: is not among the outputs: run pulumi up first, and name the right stack\n" +
				"targetGroupArn: is not among the outputs"},
		{name: "an ARN that is none", args: "rollout", stdin: `{"autoScalingGroupName": "a", "targetGroupArn": "b"}`, status: 2,
			err: `targetGroupArn: must be an ARN with a region, got "b"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			var out, err bytes.Buffer
			status := command(t.Context(), strings.Fields(test.args), streams{strings.NewReader(test.stdin), &out, &err})
			require.Equal(t, test.status, status, err.String())
			assert.Contains(t, out.String(), test.out)
			assert.Contains(t, err.String(), test.err)
			assert.Equal(t, test.out == "", out.String() == "")
			assert.Equal(t, test.err == "", err.String() == "")
		})
	}
}
