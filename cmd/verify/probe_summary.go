package main

import (
	"slices"
	"time"
)

// probeSummary is what the requests to one target tell. Times are those at which requests were sent.
type probeSummary struct {
	target       string
	sent, failed int
	retried      int // succeeded at the second attempt
	firstFailure time.Time
	lastFailure  time.Time
	// recovery is the time from the act to the answer of the first success that was sent after the last failure; 0 without a
	// failure, negative where no request has succeeded since.
	recovery     time.Duration
	longest      time.Duration
	median, tail time.Duration // p50 and p99
}

// summarize returns a summary for each target that has results, in the order of their first results. acted is when the trouble
// began.
func summarize(results []probeResult, acted time.Time) []probeSummary {
	var order []string
	byTarget := map[string][]probeResult{}
	for _, each := range results {
		if _, known := byTarget[each.target]; !known {
			order = append(order, each.target)
		}
		byTarget[each.target] = append(byTarget[each.target], each)
	}
	summaries := make([]probeSummary, 0, len(order))
	for _, target := range order {
		summaries = append(summaries, summarizeTarget(target, byTarget[target], acted))
	}
	return summaries
}

func summarizeTarget(target string, results []probeResult, acted time.Time) probeSummary {
	slices.SortStableFunc(results, func(a, b probeResult) int { return a.at.Compare(b.at) })
	s := probeSummary{target: target, sent: len(results)}
	times := make([]time.Duration, 0, len(results))
	for _, each := range results {
		times = append(times, each.took)
		switch {
		case each.err != "":
			s.failed++
			if s.failed == 1 {
				s.firstFailure = each.at
			}
			s.lastFailure, s.recovery = each.at, -1
		case s.recovery < 0:
			s.recovery = max(0, each.at.Add(each.took).Sub(acted))
		}
		if each.err == "" && each.retried {
			s.retried++
		}
	}
	slices.Sort(times)
	s.median, s.tail, s.longest = percentile(times, 50), percentile(times, 99), times[len(times)-1]
	return s
}

// percentile returns the smallest of the sorted times that at least so many percent do not exceed.
func percentile(sorted []time.Duration, percent int) time.Duration {
	return sorted[max(0, (len(sorted)*percent+99)/100-1)]
}
