package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	scaling "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// crowd is a load without a network, on a stage.
type crowd struct {
	*stage
	// answer is how the site answers a request that is sent so long after the begin. nil: well.
	answer     func(after time.Duration) loadResult
	most       uint64 // requests that this machine sends, 0: all
	target     loadTarget
	activities []scaling.Activity // the newest first
	refusal    error              // of the question for them
}

func (c *crowd) DescribeScalingActivities(context.Context, *autoscaling.DescribeScalingActivitiesInput, ...func(*autoscaling.Options)) (
	*autoscaling.DescribeScalingActivitiesOutput, error) {
	return &autoscaling.DescribeScalingActivitiesOutput{Activities: c.activities}, c.refusal
}

// scales has an instance join the group some time after the load began.
func (c *crowd) scales(after time.Duration, id, zone string) {
	c.at(after, func() {
		c.joins(id, zone)
		c.main.group.DesiredCapacity = aws.Int32(*c.main.group.DesiredCapacity + 1)
		c.activities = append([]scaling.Activity{{
			StartTime: aws.Time(c.acted.Add(after).Truncate(time.Second)), StatusCode: scaling.ScalingActivityStatusCodeSuccessful,
			Description: aws.String("Launching a new EC2 instance: " + id),
			Cause:       aws.String("At 2027-01-11T09:30:15Z a monitor alarm TargetTracking-ha-web-AlarmHigh in state ALARM triggered policy cpu."),
		}}, c.activities...)
	})
}

func fine(time.Duration) loadResult { return loadResult{20 * time.Millisecond, "200", false} }

// send sends a load in the time of the test.
func (c *crowd) send(target loadTarget, s shape) load {
	c.acted, c.target = time.Now(), target
	results, stopped := make(chan loadResult), make(chan struct{})
	var sent atomic.Int64
	total := s.total()
	if c.most > 0 {
		total = c.most
	}
	go func() {
		defer close(results)
		for n := range total {
			select {
			case <-time.After(time.Until(c.acted.Add(s.due(n)))):
			case <-stopped:
				return
			}
			sent.Add(1)
			select {
			case results <- c.answer(time.Since(c.acted)):
			case <-stopped:
				return
			}
		}
	}()
	return load{results, func() int { return int(sent.Load()) }, sync.OnceFunc(func() { close(stopped) })}
}

// load runs verify load on the stage.
func (c *crowd) load(t *testing.T, args ...string) played {
	t.Helper()
	c.swap(t)
	before := sendLoad
	t.Cleanup(func() { sendLoad = before })
	sendLoad = c.send
	connect = func(context.Context, string) (services, error) {
		all := c.services()
		all.activities = c
		return all, nil
	}
	text, err := json.Marshal(c.outputs)
	require.NoError(t, err)
	c.main.parameters["/ha-web/prod/outputs"] = string(text)
	if c.in == nil {
		c.in = bytes.NewReader(text)
	}
	begin := time.Now()
	var out, errs bytes.Buffer
	status := command(c.ctx, append([]string{"load"}, args...), streams{c.in, &out, &errs})
	return played{status, out.String(), errs.String(), time.Since(begin)}
}

// withCrowd runs a test on a stage whose site answers.
func withCrowd(t *testing.T, test func(t *testing.T, c *crowd)) {
	t.Helper()
	onStage(t, func(t *testing.T, s *stage) {
		s.site.at["https://learn.example.edu/"] = page{response: response{status: 200}}
		test(t, &crowd{stage: s, answer: fine})
	})
}

// brief is a load of 300 requests in 40 seconds.
var brief = []string{"-rate", "10", "-ramp", "10s", "-hold", "20s", "-yes"}

// troubled is an overload that the group mends.
func troubled(c *crowd) {
	c.answer = func(after time.Duration) loadResult {
		switch {
		case after > 12*time.Second && after < 14*time.Second:
			return loadResult{30 * time.Millisecond, "503", true}
		case after > 14*time.Second && after < 15*time.Second:
			return loadResult{30 * time.Second, "no answer within 30s", true}
		}
		return loadResult{20*time.Millisecond + after/1000, "200", false}
	}
	c.scales(15*time.Second, "i-0123456789abcdef0", "eu-central-1a")
	c.turns("ha-web-prod-latency", 13*time.Second, "ALARM")
	c.turns("ha-web-prod-latency", 25*time.Second, "OK")
}

const troubledTable = `    TIME  REQUESTS/S    FAILED        P50        P99  DESIRED  IN SERVICE  HEALTHY
     10s         5.0         0      27 ms      29 ms        2           2        2
     20s        10.0        30      36 ms      39 ms        3           3        3
     30s        10.0         0      44 ms      49 ms        3           3        3
     39s         5.6         0      52 ms      59 ms        3           3        3
`

func TestLoad(t *testing.T) {
	withCrowd(t, func(t *testing.T, c *crowd) {
		troubled(c)
		r := c.load(t, brief...)
		assert.Equal(t, 1, r.status, r.err)
		assert.Equal(t, troubledTable+`
load on ha-web/prod at 2027-01-11 09:30 UTC: 10 requests a second at the peak, ramped up in 10s, held for 20s and
  ramped down in 10s, to https://learn.example.edu: /

requests  300 of 300 planned, 30 failed (10%)
times     p50 41 ms, p90 52 ms, p99 57 ms, longest 59 ms, of the requests that succeeded
answers   270 × 200, 20 × 503, 10 × no answer within 30s
fleet     2 desired, 2 in service, 2 healthy before; at most 3 desired, 3 in service, 3 healthy
scaling   1 activity, see below
alarms    ha-web-prod-latency after 13.0 s

    15.0 s  Successful  i-0123456789abcdef0  a monitor alarm TargetTracking-ha-web-AlarmHigh in state ALARM triggered...

failed: 10% failed, and at most 1% may
`, r.out)
		assert.Empty(t, r.err)
	})
}

func TestLoadPasses(t *testing.T) {
	withCrowd(t, func(t *testing.T, c *crowd) {
		r := c.load(t, "-users", "300", "-ramp", "10s", "-hold", "20s", "-yes")
		assert.Equal(t, 0, r.status, r.err)
		_, summary, _ := strings.Cut(r.out, "\n\n")
		assert.Equal(t, `load on ha-web/prod at 2027-01-11 09:30 UTC: 10 requests a second (300 users, one each 30s) at the peak, ramped up in
  10s, held for 20s and ramped down in 10s, to https://learn.example.edu: /

requests  300 of 300 planned, 0 failed (0%)
times     p50 20 ms, p90 20 ms, p99 20 ms, longest 20 ms, of the requests that succeeded
answers   300 × 200
fleet     2 desired, 2 in service, 2 healthy before; at most 2 desired, 2 in service, 2 healthy
scaling   none
alarms    none rang so far

passed: 0% failed, and at most 1% may
`, summary)
		assert.Equal(t, loadTarget{base: "https://learn.example.edu", paths: []weighted{{"/", 1}}, timeout: 30 * time.Second}, c.target)
	})
}

func TestLoadFormats(t *testing.T) {
	withCrowd(t, func(t *testing.T, c *crowd) {
		troubled(c)
		file := filepath.Join(t.TempDir(), "load.md")
		r := c.load(t, append(brief, "-format", "json", "-report", file)...)
		assert.Equal(t, 1, r.status, r.err)
		assert.Equal(t, troubledTable, r.err)
		assert.JSONEq(t, `{"stack": "ha-web/prod", "target": "https://learn.example.edu", "paths": [{"path": "/", "weight": 1}],
			"at": "2027-01-11T09:30:00Z", "peakRate": 10, "ramp": 10, "hold": 20,
			"planned": 300, "sent": 300, "ended": 300, "failed": 30, "failedPercent": 10, "maxErrorsPercent": 1,
			"p50": 0.041, "p90": 0.052, "p99": 0.057, "max": 0.059,
			"answers": [{"answer": "200", "count": 270, "failed": false}, {"answer": "503", "count": 20, "failed": true},
				{"answer": "no answer within 30s", "count": 10, "failed": true}],
			"intervals": [
				{"until": 10, "requests": 50, "rate": 5, "failed": 0, "p50": 0.027, "p99": 0.029, "fleet": {"desired": 2, "inService": 2, "healthy": 2}},
				{"until": 20, "requests": 100, "rate": 10, "failed": 30, "p50": 0.036, "p99": 0.039, "fleet": {"desired": 3, "inService": 3, "healthy": 3}},
				{"until": 30, "requests": 100, "rate": 10, "failed": 0, "p50": 0.044, "p99": 0.049, "fleet": {"desired": 3, "inService": 3, "healthy": 3}},
				{"until": 39, "requests": 50, "rate": 5.6, "failed": 0, "p50": 0.052, "p99": 0.059, "fleet": {"desired": 3, "inService": 3, "healthy": 3}}],
			"fleetBefore": {"desired": 2, "inService": 2, "healthy": 2}, "fleetPeak": {"desired": 3, "inService": 3, "healthy": 3},
			"scaling": [{"after": 15, "status": "Successful", "instance": "i-0123456789abcdef0",
				"why": "a monitor alarm TargetTracking-ha-web-AlarmHigh in state ALARM triggered policy cpu"}],
			"alarms": [{"name": "ha-web-prod-latency", "after": 13}], "interrupted": false, "notes": [], "passed": false}`, r.out)
		report, err := os.ReadFile(file)
		require.NoError(t, err)
		assert.Equal(t, `# Load on ha-web/prod

2027-01-11 09:30 UTC: 10 requests a second at the peak, ramped up in 10s, held for 20s and ramped down in 10s, to https://learn.example.edu: /.

The load failed: 10% failed, and at most 1% may.

| Figure | Value |
| --- | --- |
| requests | 300 of 300 planned, 30 failed (10%) |
| times | p50 41 ms, p90 52 ms, p99 57 ms, longest 59 ms, of the requests that succeeded |
| answers | 270 × 200, 20 × 503, 10 × no answer within 30s |
| fleet | 2 desired, 2 in service, 2 healthy before; at most 3 desired, 3 in service, 3 healthy |
| scaling | 1 activity, see below |
| alarms | ha-web-prod-latency after 13.0 s |

| Time | Requests/s | Failed | p50 | p99 | Desired | In service | Healthy |
| --- | --- | --- | --- | --- | --- | --- | --- |
| 10s | 5.0 | 0 | 27 ms | 29 ms | 2 | 2 | 2 |
| 20s | 10.0 | 30 | 36 ms | 39 ms | 3 | 3 | 3 |
| 30s | 10.0 | 0 | 44 ms | 49 ms | 3 | 3 | 3 |
| 39s | 5.6 | 0 | 52 ms | 59 ms | 3 | 3 | 3 |

| After | Status | Instance | Why |
| --- | --- | --- | --- |
| 15.0 s | Successful | i-0123456789abcdef0 | a monitor alarm TargetTracking-ha-web-AlarmHigh in state ALARM triggered policy cpu |
`, string(report))
	})
}

// Ctrl-C ends a load, which still reports what it found.
func TestLoadInterrupted(t *testing.T) {
	withCrowd(t, func(t *testing.T, c *crowd) {
		c.interrupt(t, 25*time.Second)
		r := c.load(t, brief...)
		assert.Equal(t, 1, r.status)
		assert.Equal(t, 25*time.Second, r.elapsed)
		assert.Contains(t, r.out, "     25s        10.0         0      20 ms      20 ms        2           2        2\n")
		assert.Contains(t, r.out, "requests  200 of 300 planned, 0 failed (0%)\n")
		assert.True(t, strings.HasSuffix(r.out, "\ninterrupted: the stack has not carried all of the load\n"), r.out)
	})
}

// What AWS does not tell is said so, and the load goes on.
func TestLoadThatAWSDoesNotTell(t *testing.T) {
	withCrowd(t, func(t *testing.T, c *crowd) {
		c.main.refused["DescribeTargetHealth"] = denied("elasticloadbalancing:DescribeTargetHealth")
		c.refusal = denied("autoscaling:DescribeScalingActivities")
		c.main.refused["DescribeAlarmHistory"] = denied("cloudwatch:DescribeAlarmHistory")
		r := c.load(t, brief...)
		assert.Equal(t, 0, r.status, r.err)
		assert.Contains(t, r.out, "     30s        10.0         0      20 ms      20 ms        -           -        -\n")
		assert.Contains(t, r.out, `fleet     not known: missing permission: elasticloadbalancing:DescribeTargetHealth
scaling   not known: missing permission: autoscaling:DescribeScalingActivities
alarms    not known: missing permission: cloudwatch:DescribeAlarmHistory
`)
	})
}

func TestLoadNotes(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(c *crowd)
		status int
		says   string
	}{
		{"a rate limit", func(c *crowd) {
			c.answer = func(time.Duration) loadResult { return loadResult{time.Millisecond, "429", true} }
		}, 1, "note      300 requests got 429, which is how AWS WAF answers"},
		{"no time of success", func(c *crowd) {
			c.answer = func(time.Duration) loadResult { return loadResult{time.Millisecond, "429", true} }
		}, 1, "     10s         5.0        50          -          -        2           2        2\n"},
		{"a slow machine", func(c *crowd) { c.most = 290 }, 0, "note      this machine was too slow to send 10 of the requests"},
		{"nearly fast enough", func(c *crowd) { c.most = 298 }, 0, "alarms    none rang so far\n\npassed"},
		{"as many failures as may be", func(c *crowd) {
			c.answer = func(after time.Duration) loadResult {
				return loadResult{time.Millisecond, "502", after > 12*time.Second && after < 12300*time.Millisecond}
			}
		}, 0, "passed: 1% failed, and at most 1% may"},
		{"one more", func(c *crowd) {
			c.answer = func(after time.Duration) loadResult {
				return loadResult{time.Millisecond, "502", after > 12*time.Second && after < 12400*time.Millisecond}
			}
		}, 1, "failed: 1.33% failed, and at most 1% may"},
	} {
		t.Run(test.name, func(t *testing.T) {
			withCrowd(t, func(t *testing.T, c *crowd) {
				test.change(c)
				r := c.load(t, brief...)
				assert.Equal(t, test.status, r.status, r.err)
				assert.Contains(t, r.out, test.says)
			})
		})
	}
}

// Nothing is sent that is not meant.
func TestLoadThatDoesNotBegin(t *testing.T) {
	production := func(c *crowd) { c.outputs["environment"] = "production" }
	for _, test := range []struct {
		name   string
		args   string
		change func(c *crowd)
		status int
		says   string
	}{
		{"nobody", "", func(*crowd) {}, 1, "not confirmed: standard input has nobody to ask"},
		{"no", "-stack ha-web/prod", func(c *crowd) { c.says("no\n") }, 1, "not confirmed: nothing was done"},
		{"production", "-yes", production, 1, "-yes-production"},
		{"an unknown environment", "-yes", func(c *crowd) { delete(c.outputs, "environment") }, 1, "-yes-production"},
		{"the site is down", "-yes", func(c *crowd) { c.site.at["https://learn.example.edu/"] = page{err: errUnreachable} }, 1,
			"https://learn.example.edu/: no connection\n" + siteRemedy},
		{"no such path", "-yes -path /nowhere", func(c *crowd) {
			c.site.at["https://learn.example.edu/nowhere"] = page{response: response{status: 404}}
		}, 1, "https://learn.example.edu/nowhere answers 404: name a path that answers with -path"},
		{"a load balancer behind CloudFront", "-yes -to load-balancer", func(c *crowd) { c.outputs["ingress"] = "cloudfront" }, 2,
			"-to load-balancer: the load balancer answers CloudFront alone (web.ingress), so use -to site"},
		{"no site", "-yes", func(c *crowd) { c.outputs["url"] = "learn.example.edu" }, 2, `output url must be an address such as https://learn.example.edu, got "learn.example.edu"`},
		{"no outputs", "-yes", func(c *crowd) { delete(c.outputs, "url") }, 2, "url: is not among the outputs"},
	} {
		t.Run(test.name, func(t *testing.T) {
			withCrowd(t, func(t *testing.T, c *crowd) {
				test.change(c)
				r := c.load(t, append([]string{"-rate", "10"}, strings.Fields(test.args)...)...)
				assert.Equal(t, test.status, r.status, r.err)
				assert.Contains(t, r.err, test.says)
				assert.Empty(t, r.out)
				assert.Empty(t, c.target.base, "nothing is sent")
			})
		})
	}
}

func TestLoadQuestion(t *testing.T) {
	withCrowd(t, func(t *testing.T, c *crowd) {
		c.outputs["environment"], c.outputs["cdnEnabled"], c.outputs["ingress"] = "production", true, "cloudfront"
		c.site.at["https://learn.example.edu/courses"] = page{response: response{status: 200}}
		c.says("yes\n")
		r := c.load(t, "-users", "3000", "-path", "/courses:3", "-path", "/", "-stack", "ha-web/prod", "-yes-production")
		assert.Equal(t, 0, r.status, r.err)
		assert.Equal(t, `load on ha-web/prod: GET /courses (weight 3), / (weight 1) from https://learn.example.edu, 42000 requests in 9m0s, with 100 requests a second (3000 users, one each 30s) at the peak.
You pay for the instances that it launches. AWS WAF counts this machine as one visitor:
unless cdn.waf.rateLimitExempt lists its address, it gets 429 after cdn.waf.rateLimit requests in five minutes (10000 by default).
Type yes to go on: `, r.err)
		assert.Equal(t, []weighted{{"/courses", 3}, {"/", 1}}, c.target.paths)
	})
}

func TestLoadOfLoadBalancer(t *testing.T) {
	withCrowd(t, func(t *testing.T, c *crowd) {
		c.outputs["ingress"] = "internet"
		c.site.at["https://alb.example.com/"] = page{response: response{status: 200}}
		r := c.load(t, append(brief, "-to", "load-balancer")...)
		assert.Equal(t, 0, r.status, r.err)
		assert.Equal(t, "https://alb.example.com", c.target.base)
		assert.Equal(t, "learn.example.edu", c.target.host)
		assert.Equal(t, request{address: "https://alb.example.com/", host: "learn.example.edu"}, c.site.asked[0])
	})
}

func TestLoadCommandLine(t *testing.T) {
	for args, says := range map[string]string{
		"":                             "-users: is missing: give -users, or -rate",
		"-users 10 -rate 5":            "-rate: must not be given with -users or -think, which say the same",
		"-rate 5 -think 5s":            "-rate: must not be given with -users or -think",
		"-users 0":                     "-users: must be 1 or more, got 0",
		"-users 3 -think 1ms":          "-think: must be 1s or more, got 1ms",
		"-rate 0":                      "-rate: must be more than 0, got 0",
		"-rate NaN":                    "-rate: must be more than 0, got NaN",
		"-users 60030":                 "-max-rate: must be at least the peak of 2001 requests a second, got 2000",
		"-rate 10 -max-rate 5":         "-max-rate: must be at least the peak of 10 requests a second, got 5",
		"-rate 1 -ramp -1s -hold 13h":  "-ramp: must be 0s to 12h0m0s, got -1s\n-hold: must be 0s to 12h0m0s, got 13h0m0s",
		"-rate 1 -ramp 0s -hold 0s":    "-hold: must be longer",
		"-rate 1 -to example.com":      "-to: ",
		"-rate 1 -max-errors 101":      "-max-errors: must be 0 to 100, got 101",
		"-rate 1 -request-timeout 0s":  "-request-timeout: must be 1ms",
		"-rate 1 prod":                 "prod: is one argument too many",
		"-rate 1 -stack prod":          "-stack: must be PROJECT/STACK",
		"-rate 1 -path courses":        "must be a path such as /courses",
		"-rate 1 -path //example.com/": "must be a path such as /courses",
		"-rate 1 -path http://a.b/":    "must be a path such as /courses",
		"-rate 1 -path /a:0":           "must be a path such as /courses",
		"-rate 1 -path /a:b":           "must be a path such as /courses",
		"-rate 1 -path /a#b":           "must be a path such as /courses",
	} {
		var out, errs bytes.Buffer
		status := command(t.Context(), append([]string{"load"}, strings.Fields(args)...), streams{strings.NewReader(""), &out, &errs})
		assert.Equal(t, 2, status, args)
		assert.Contains(t, errs.String(), says, args)
	}
	var out bytes.Buffer
	assert.Equal(t, 0, command(t.Context(), []string{"load", "-h"}, streams{strings.NewReader(""), &out, &out}))
	assert.Equal(t, loadUsage, out.String())
}
