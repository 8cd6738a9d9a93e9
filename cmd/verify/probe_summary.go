package main

import (
	"math"
	"slices"
	"time"
)

// probeSummary is what a probe noticed at one target. Its times are those at which requests were sent.
type probeSummary struct {
	target       string
	sent, failed int
	retried      int       // succeeded at the second attempt
	firstFailure time.Time // zero without a failure
	lastFailure  time.Time

	// recovered says whether a request that was sent after the last failure succeeded, which is true without a failure, and
	// recovery is the time from the act to that request, 0 without a failure.
	recovered bool
	recovery  time.Duration
	// longest is the longest run of failures, from its first to the next success or, without one, to the end of the last.
	longest  time.Duration
	p50, p99 time.Duration // of the requests that succeeded
}

// summarize sums results up by target, in the order in which the targets first appear. Acted is when something was done to the site.
func summarize(results []probeResult, acted time.Time) []probeSummary {
	var names []string
	of := map[string][]probeResult{}
	for _, each := range results {
		if of[each.target] == nil {
			names = append(names, each.target)
		}
		of[each.target] = append(of[each.target], each)
	}
	var summaries []probeSummary
	for _, name := range names {
		slices.SortStableFunc(of[name], func(a, b probeResult) int { return a.at.Compare(b.at) })
		summaries = append(summaries, summarizeTarget(name, of[name], acted))
	}
	return summaries
}

// summarizeTarget sums up results of one target, which are in the order in which they were sent.
func summarizeTarget(name string, results []probeResult, acted time.Time) probeSummary {
	s := probeSummary{target: name, sent: len(results), recovered: true}
	var took []time.Duration
	var run time.Time // when the run of failures began that goes on, or zero
	for _, each := range results {
		if each.err == "" {
			if each.retried {
				s.retried++
			}
			took = append(took, each.took)
			if !run.IsZero() {
				s.longest = max(s.longest, each.at.Sub(run))
				s.recovered, s.recovery, run = true, max(0, each.at.Sub(acted)), time.Time{}
			}
			continue
		}
		s.failed++
		s.lastFailure = each.at
		if s.firstFailure.IsZero() {
			s.firstFailure = each.at
		}
		if run.IsZero() {
			run = each.at
		}
		s.recovered, s.recovery = false, 0
	}
	if !run.IsZero() {
		last := results[len(results)-1]
		s.longest = max(s.longest, last.at.Add(last.took).Sub(run))
	}
	slices.Sort(took)
	s.p50, s.p99 = percentile(took, 50), percentile(took, 99)
	return s
}

// percentile returns the smallest of sorted values that is at least as large as a percentage of them, 0 of none.
func percentile(sorted []time.Duration, percent float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[max(0, int(math.Ceil(float64(len(sorted))*percent/100))-1)]
}
