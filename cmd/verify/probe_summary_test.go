package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

var noon = time.Date(2027, 1, 11, 12, 0, 0, 0, time.UTC)

// probed returns results of a target, one a second from noon on: a success for each dot, a failure that took 5 seconds for
// each x.
func probed(target, course string) []probeResult {
	var results []probeResult
	for i, mark := range course {
		each := probeResult{target: target, at: noon.Add(time.Duration(i) * time.Second), took: time.Duration(i+1) * time.Millisecond, status: 200}
		if mark == 'x' {
			each.took, each.status, each.err = 5*time.Second, 0, "no answer within 5s"
		}
		results = append(results, each)
	}
	return results
}

func TestSummarize(t *testing.T) {
	at := func(second int) time.Time { return noon.Add(time.Duration(second) * time.Second) }
	for _, test := range []struct {
		course string
		want   probeSummary
	}{
		{"....", probeSummary{sent: 4, recovered: true, p50: 2 * time.Millisecond, p99: 4 * time.Millisecond}},
		{"..xxx..x..", probeSummary{sent: 10, failed: 4, firstFailure: at(2), lastFailure: at(7), recovered: true, recovery: 6 * time.Second,
			longest: 3 * time.Second, p50: 6 * time.Millisecond, p99: 10 * time.Millisecond}},
		{"x....", probeSummary{sent: 5, failed: 1, firstFailure: at(0), lastFailure: at(0), recovered: true, longest: time.Second,
			p50: 3 * time.Millisecond, p99: 5 * time.Millisecond}},
		{"...xx", probeSummary{sent: 5, failed: 2, firstFailure: at(3), lastFailure: at(4), longest: 6 * time.Second,
			p50: 2 * time.Millisecond, p99: 3 * time.Millisecond}},
		{"xx", probeSummary{sent: 2, failed: 2, firstFailure: at(0), lastFailure: at(1), longest: 6 * time.Second}},
	} {
		test.want.target = "/"
		results := probed("/", test.course)
		results[0], results[len(results)-1] = results[len(results)-1], results[0] // answers arrive in any order
		assert.Equal(t, []probeSummary{test.want}, summarize(results, at(2)), test.course)
	}
	both := summarize(append(probed("/health", "."), probed("/", "x")...), noon)
	assert.Equal(t, []string{"/health", "/"}, []string{both[0].target, both[1].target})
	assert.Empty(t, summarize(nil, noon))
}
