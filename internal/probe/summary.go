package probe

import (
	"math"
	"slices"
	"time"
)

// Summary is what a probe noticed at one target. Its times are those at which requests were sent.
type Summary struct {
	Target       string
	Sent, Failed int
	Retried      int       // succeeded at the second attempt
	FirstFailure time.Time // zero without a failure
	LastFailure  time.Time

	// Recovered says whether a request that was sent after the last failure succeeded, which is true without a failure, and
	// Recovery is the time from the act to that request, 0 without a failure.
	Recovered bool
	Recovery  time.Duration
	// Longest is the longest run of failures, from its first to the next success or, without one, to the end of the last.
	Longest  time.Duration
	P50, P99 time.Duration // of the requests that succeeded
}

// Summarize sums results up by target, in the order in which the targets first appear. Acted is when something was done to the site.
func Summarize(results []Result, acted time.Time) []Summary {
	var names []string
	of := map[string][]Result{}
	for _, each := range results {
		if of[each.Target] == nil {
			names = append(names, each.Target)
		}
		of[each.Target] = append(of[each.Target], each)
	}
	var summaries []Summary
	for _, name := range names {
		slices.SortStableFunc(of[name], func(a, b Result) int { return a.At.Compare(b.At) })
		summaries = append(summaries, summarizeTarget(name, of[name], acted))
	}
	return summaries
}

// summarizeTarget sums up results of one target, which are in the order in which they were sent.
func summarizeTarget(name string, results []Result, acted time.Time) Summary {
	s := Summary{Target: name, Sent: len(results), Recovered: true}
	var took []time.Duration
	var run time.Time // when the run of failures began that goes on, or zero
	for _, each := range results {
		if each.Err == "" {
			if each.Retried {
				s.Retried++
			}
			took = append(took, each.Took)
			if !run.IsZero() {
				s.Longest = max(s.Longest, each.At.Sub(run))
				s.Recovered, s.Recovery, run = true, max(0, each.At.Sub(acted)), time.Time{}
			}
			continue
		}
		s.Failed++
		s.LastFailure = each.At
		if s.FirstFailure.IsZero() {
			s.FirstFailure = each.At
		}
		if run.IsZero() {
			run = each.At
		}
		s.Recovered, s.Recovery = false, 0
	}
	if !run.IsZero() {
		last := results[len(results)-1]
		s.Longest = max(s.Longest, last.At.Add(last.Took).Sub(run))
	}
	slices.Sort(took)
	s.P50, s.P99 = Percentile(took, 50), Percentile(took, 99)
	return s
}

// Percentile returns the smallest of sorted values that is at least as large as a percentage of them, 0 of none.
func Percentile(sorted []time.Duration, percent float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[max(0, int(math.Ceil(float64(len(sorted))*percent/100))-1)]
}
