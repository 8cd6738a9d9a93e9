package probe

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

var noon = time.Date(2027, 1, 11, 12, 0, 0, 0, time.UTC)

// probed returns results of a target, one a second from noon on: a success for each dot, a failure that took 5 seconds for
// each x.
func probed(target, course string) []Result {
	var results []Result
	for i, mark := range course {
		each := Result{Target: target, At: noon.Add(time.Duration(i) * time.Second), Took: time.Duration(i+1) * time.Millisecond, Status: 200}
		if mark == 'x' {
			each.Took, each.Status, each.Err = 5*time.Second, 0, "no answer within 5s"
		}
		results = append(results, each)
	}
	return results
}

func TestSummarize(t *testing.T) {
	at := func(second int) time.Time { return noon.Add(time.Duration(second) * time.Second) }
	for _, test := range []struct {
		course string
		want   Summary
	}{
		{"....", Summary{Sent: 4, Recovered: true, P50: 2 * time.Millisecond, P99: 4 * time.Millisecond}},
		{"..xxx..x..", Summary{Sent: 10, Failed: 4, FirstFailure: at(2), LastFailure: at(7), Recovered: true, Recovery: 6 * time.Second,
			Longest: 3 * time.Second, P50: 6 * time.Millisecond, P99: 10 * time.Millisecond}},
		{"x....", Summary{Sent: 5, Failed: 1, FirstFailure: at(0), LastFailure: at(0), Recovered: true, Longest: time.Second,
			P50: 3 * time.Millisecond, P99: 5 * time.Millisecond}},
		{"...xx", Summary{Sent: 5, Failed: 2, FirstFailure: at(3), LastFailure: at(4), Longest: 6 * time.Second,
			P50: 2 * time.Millisecond, P99: 3 * time.Millisecond}},
		{"xx", Summary{Sent: 2, Failed: 2, FirstFailure: at(0), LastFailure: at(1), Longest: 6 * time.Second}},
	} {
		test.want.Target = "/"
		results := probed("/", test.course)
		results[0], results[len(results)-1] = results[len(results)-1], results[0] // answers arrive in any order
		assert.Equal(t, []Summary{test.want}, Summarize(results, at(2)), test.course)
	}
	both := Summarize(append(probed("/health", "."), probed("/", "x")...), noon)
	assert.Equal(t, []string{"/health", "/"}, []string{both[0].Target, both[1].Target})
	assert.Empty(t, Summarize(nil, noon))
}
