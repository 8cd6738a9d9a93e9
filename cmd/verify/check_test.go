package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// checkOn runs verify check on a world, in place of AWS and of the internet.
func checkOn(t *testing.T, ctx context.Context, w *world, args ...string) (status int, out, errs string) {
	t.Helper()
	connected, reached := connect, connectSite
	t.Cleanup(func() { connect, connectSite = connected, reached })
	connect = func(_ context.Context, name string) (services, error) {
		if name == edgeRegion {
			return w.edge.services(), nil
		}
		return w.main.services(), nil
	}
	connectSite = func() site { return w.site }
	var stdout, stderr bytes.Buffer
	status = command(ctx, append([]string{"check"}, args...), streams{strings.NewReader(healthyOutputs), &stdout, &stderr})
	return status, stdout.String(), stderr.String()
}

// withChecks runs only these checks for a test.
func withChecks(t *testing.T, some ...check) {
	before := checks
	t.Cleanup(func() { checks = before })
	checks = some
}

func finds(name string, found finding) check {
	return check{name, "It is " + name + ".", func(context.Context, *live) finding { return found }}
}

func TestChecksAreNamed(t *testing.T) {
	seen := map[string]bool{}
	for _, each := range checks {
		assert.Regexp(t, `^[a-z0-9]+(-[a-z0-9]+)*$`, each.name)
		assert.Regexp(t, `^[A-Z].*\.$`, each.title, each.name)
		assert.False(t, seen[each.name], each.name)
		seen[each.name] = true
	}
}

// All checks of web and operations, through the command, on a healthy stack: each question that several share is asked once.
func TestCheckAsksOnce(t *testing.T) {
	withChecks(t, append(append([]check{}, webChecks...), operationsChecks...)...)
	w := healthyWorld()
	status, out, errs := checkOn(t, t.Context(), w)
	assert.Equal(t, 0, status, out+errs)
	assert.Contains(t, out, "ha-web/prod: 18 passed, 0 failed, 1 skipped\n")
	for operation, times := range w.main.asked {
		assert.Equal(t, map[string]int{"DescribeInstances": 2, "ListSubscriptionsByTopic": 2}[operation]+
			map[bool]int{true: 1}[operation != "DescribeInstances" && operation != "ListSubscriptionsByTopic"], times, operation)
	}
}

func TestCheckStatuses(t *testing.T) {
	good, bad, none := finds("good", pass("4 of 4")), finds("bad", fail("mend it", "0 of 4")), finds("none", skip("no right"))
	for _, test := range []struct {
		name   string
		checks []check
		status int
		errs   string
	}{
		{"passed", []check{good}, 0, ""},
		{"passed and skipped", []check{good, none}, 0, ""},
		{"one failed", []check{good, bad, none}, 1, ""},
		{"nothing told", []check{none}, 1, "no check passed"},
	} {
		t.Run(test.name, func(t *testing.T) {
			withChecks(t, test.checks...)
			status, _, errs := checkOn(t, t.Context(), healthyWorld())
			assert.Equal(t, test.status, status)
			assert.Contains(t, errs, test.errs)
			assert.Equal(t, test.errs == "", errs == "")
		})
	}
}

// One deadline is for all, and those that ended before keep their results.
func TestCheckDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hangs := func(ctx context.Context, _ *live) finding {
			<-ctx.Done()
			return unanswered(ctx.Err())
		}
		var all []check
		for i := range 20 {
			all = append(all, check{fmt.Sprintf("hangs-%d", i), "It hangs.", hangs})
		}
		withChecks(t, append([]check{finds("a-bad", fail("mend it", "broken"))}, all...)...)
		begin := time.Now()
		status, out, _ := checkOn(t, t.Context(), healthyWorld(), "-timeout", "90s")
		assert.Equal(t, 1, status)
		assert.Equal(t, 90*time.Second, time.Since(begin))
		assert.Contains(t, out, "0 passed, 21 failed, 0 skipped")
		assert.Equal(t, 20, strings.Count(out, "seen: not finished when the time was up"))
		assert.Contains(t, out, "do:   run verify check again with a longer -timeout")
	})
}

func TestCheckInterrupt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(10*time.Second, cancel)
		withChecks(t, check{"hangs", "It hangs.", func(ctx context.Context, _ *live) finding {
			<-ctx.Done()
			return skip("no")
		}})
		begin := time.Now()
		status, out, errs := checkOn(t, ctx, healthyWorld())
		assert.Equal(t, 1, status)
		assert.Equal(t, 10*time.Second, time.Since(begin))
		assert.Empty(t, out)
		assert.Equal(t, "interrupted: not all checks have ended\n", errs)
	})
}

// Checks run at the same time, though not all of them.
func TestChecksRunAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var now, most atomic.Int32
		var all []check
		for i := range 3 * atOnce {
			all = append(all, check{fmt.Sprint("slow-", i), "It is slow.", func(context.Context, *live) finding {
				most.Store(max(most.Load(), now.Add(1)))
				time.Sleep(time.Second)
				now.Add(-1)
				return pass("slow")
			}})
		}
		begin := time.Now()
		assert.Len(t, runChecks(t.Context(), nil, all), 3*atOnce)
		assert.Equal(t, 3*time.Second, time.Since(begin))
		assert.Equal(t, int32(atOnce), most.Load())
	})
}

// operationError is an error of the SDK, with what was asked.
type operationError struct{ error }

func (operationError) Service() string   { return "SNS" }
func (operationError) Operation() string { return "ListSubscriptionsByTopic" }
func (o operationError) Unwrap() error   { return o.error }

func TestUnanswered(t *testing.T) {
	ec2 := refusal{"UnauthorizedOperation", "You are not authorized to perform this operation. User: arn:aws:sts::1:assumed-role/a/b " +
		"is not authorized to perform: ec2:DescribeInstances because no identity-based policy allows it"}
	for _, test := range []struct {
		err    error
		status status
		seen   string
	}{
		{fmt.Errorf("instances: %w", ec2), statusSkip, "missing permission: ec2:DescribeInstances"},
		{operationError{refusal{"AuthorizationError", "no"}}, statusSkip, "missing permission: SNS ListSubscriptionsByTopic"},
		{refusal{"AccessDenied", "no"}, statusSkip, "missing permission: api error AccessDenied: no"},
		{refusal{"ExpiredToken", "is not authorized to perform: a:B"}, statusFail, "AWS did not answer: api error ExpiredToken"},
		{errors.New("connection\nreset"), statusFail, "AWS did not answer: connection reset"},
		{fmt.Errorf("group a: %w", errGone), statusFail, "group a: not in this account"},
	} {
		found := unanswered(test.err)
		assert.Equal(t, test.status, found.status, test.err)
		assert.Contains(t, found.seen, test.seen)
	}
}

func TestCheckOutputsSources(t *testing.T) {
	withChecks(t, tableOf(operationsChecks, "outputs-current")...)
	file := filepath.Join(t.TempDir(), "outputs.json")
	require.NoError(t, os.WriteFile(file, []byte(healthyOutputs), 0o600))
	for _, args := range [][]string{{"-outputs", file}, {"-outputs", "-"}, nil} {
		status, out, errs := checkOn(t, t.Context(), healthyWorld(), args...)
		assert.Equal(t, 0, status, errs)
		assert.Contains(t, out, "has the same 16 outputs")
	}
	withChecks(t, append(tableOf(operationsChecks, "outputs-current"), finds("good", pass("good")))...)
	status, out, errs := checkOn(t, t.Context(), healthyWorld(), "-stack", "ha-web/prod")
	assert.Equal(t, 0, status, errs)
	assert.Contains(t, out, "they were read from /ha-web/prod/outputs, written 2027-01-11T09:00:00Z")
}

func TestCheckCommandLine(t *testing.T) {
	withChecks(t, finds("good", pass("good")))
	for _, test := range []struct {
		name, args string
		change     func(w *world)
		status     int
		errs       string
	}{
		{name: "an argument", args: "prod", status: 2, errs: "prod: is one argument too many"},
		{name: "two sources", args: "-outputs - -stack a/b", status: 2, errs: "-stack: must not be given with -outputs"},
		{name: "no project", args: "-stack prod", status: 2, errs: `-stack: must be PROJECT/STACK such as ha-web/prod, got "prod"`},
		{name: "no stack", args: "-stack ha-web/", status: 2, errs: "-stack: must be PROJECT/STACK"},
		{name: "a format", args: "-format yaml", status: 2, errs: "-format: "},
		{name: "a timeout", args: "-timeout 0s", status: 2, errs: "-timeout: must be more than 0, got 0s"},
		{name: "no file", args: "-outputs /no/such/file", status: 2, errs: "-outputs: open /no/such/file"},
		{name: "no parameter", args: "-stack ha-web/test", status: 2, errs: "there is no SSM parameter /ha-web/test/outputs"},
		{name: "parameter refused", args: "-stack ha-web/prod", status: 2, errs: "ssm:GetParameter",
			change: func(w *world) { w.main.refused["GetParameter"] = denied("ssm:GetParameter") }},
		{name: "parameter without JSON", args: "-stack ha-web/prod", status: 2, errs: "must be a JSON object",
			change: func(w *world) { w.main.parameters["/ha-web/prod/outputs"] = "" }},
		{name: "parameter of an older version", args: "-stack ha-web/prod", status: 2, errs: "url: is not among the outputs",
			change: func(w *world) { w.main.parameters["/ha-web/prod/outputs"] = goodOutputsWithout("url") }},
		{name: "no report", args: "-report /no/such/folder/report.md", status: 1, errs: "-report: open /no/such/folder/report.md"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := healthyWorld()
			if test.change != nil {
				test.change(w)
			}
			status, _, errs := checkOn(t, t.Context(), w, strings.Fields(test.args)...)
			assert.Equal(t, test.status, status)
			assert.Contains(t, errs, test.errs)
		})
	}
}

// goodOutputsWithout returns the outputs of a healthy stack without one.
func goodOutputsWithout(name string) string {
	return regexp.MustCompile(`"`+name+`": "[^"]*", `).ReplaceAllString(healthyOutputs, "")
}
