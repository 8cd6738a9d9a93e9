package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"ha-web/internal/probe"
)

// loadReport is what a load found. Its JSON is stable; times in it are seconds, moments since the begin of the load.
type loadReport struct {
	Stack    string     `json:"stack"`
	Target   string     `json:"target"`
	Paths    []weighted `json:"paths"`
	At       time.Time  `json:"at"`
	PeakRate float64    `json:"peakRate"`
	Peak     string     `json:"-"`
	Ramp     float64    `json:"ramp"`
	Hold     float64    `json:"hold"`

	Planned   uint64  `json:"planned"`
	Sent      int     `json:"sent"`
	Ended     int     `json:"ended"` // answered, or failed
	Failed    int     `json:"failed"`
	Percent   float64 `json:"failedPercent"`
	MaxErrors float64 `json:"maxErrorsPercent"`

	// Of the requests that succeeded.
	P50 float64 `json:"p50"`
	P90 float64 `json:"p90"`
	P99 float64 `json:"p99"`
	Max float64 `json:"max"`

	Answers []answerReport `json:"answers"`
	Windows []windowReport `json:"intervals"`

	First        *fleetReport `json:"fleetBefore"` // null where it is not known
	Most         *fleetReport `json:"fleetPeak"`
	FleetUnknown string       `json:"fleetUnknown,omitempty"`

	Scaling        []scalingReport `json:"scaling"`
	ScalingUnknown string          `json:"scalingUnknown,omitempty"`
	Alarms         []ring          `json:"alarms"`
	AlarmsUnknown  string          `json:"alarmsUnknown,omitempty"`

	Interrupted bool     `json:"interrupted"`
	Notes       []string `json:"notes"`
	Passed      bool     `json:"passed"`
}

// answerReport is how many requests were answered in one way, or failed for one reason.
type answerReport struct {
	Answer string `json:"answer"`
	Count  int    `json:"count"`
	Failed bool   `json:"failed"`
}

// windowReport is one interval of a load.
type windowReport struct {
	Until    float64      `json:"until"`
	Requests int          `json:"requests"` // that ended in it
	Rate     float64      `json:"rate"`
	Failed   int          `json:"failed"`
	P50      float64      `json:"p50"`
	P99      float64      `json:"p99"`
	Fleet    *fleetReport `json:"fleet"` // at its end, null where it is not known
}

type fleetReport struct {
	Desired   int `json:"desired"`
	InService int `json:"inService"`
	Healthy   int `json:"healthy"`
}

type scalingReport struct {
	After    float64 `json:"after"`
	Status   string  `json:"status"`
	Instance string  `json:"instance"`
	Why      string  `json:"why"`
}

func windowReportOf(o observation) windowReport {
	slices.Sort(o.took)
	return windowReport{
		Until: *seconds(o.end), Requests: o.requests, Rate: rounded(float64(o.requests) / max(o.length, time.Millisecond).Seconds()), Failed: o.failed,
		P50: *seconds(probe.Percentile(o.took, 50)), P99: *seconds(probe.Percentile(o.took, 99)), Fleet: o.fleet,
	}
}

// rounded leaves one digit after the point.
func rounded(value float64) float64 { return float64(int(value*10+0.5)) / 10 }

// report sums the load up, and asks what the group did and which alarms rang.
func (t *loadTest) report(ctx context.Context, counted *tally, sent int, interrupted bool) *loadReport {
	slices.Sort(counted.took)
	o := t.options
	r := &loadReport{
		Stack: t.outputs.stack(), Target: t.target.base, Paths: t.target.paths, At: counted.began.UTC().Truncate(time.Second),
		PeakRate: rounded(o.shape.peak), Peak: o.peak(), Ramp: o.shape.ramp.Seconds(), Hold: o.shape.hold.Seconds(),
		Planned: o.shape.total(), Sent: sent, Ended: counted.done, Failed: counted.failed, MaxErrors: o.maxErrors,
		P50: *seconds(probe.Percentile(counted.took, 50)), P90: *seconds(probe.Percentile(counted.took, 90)),
		P99: *seconds(probe.Percentile(counted.took, 99)), Max: *seconds(probe.Percentile(counted.took, 100)),
		Windows: append([]windowReport{}, counted.windows...), First: counted.first, Most: counted.most, FleetUnknown: counted.unknown,
		Scaling: []scalingReport{}, Alarms: []ring{}, Interrupted: interrupted, Notes: []string{},
	}
	r.count(counted)
	if found, err := t.scalingSince(ctx, counted.began); err != nil {
		r.ScalingUnknown = oneLine(unanswered(err).seen)
	} else {
		r.Scaling = append(r.Scaling, found...)
	}
	if found, err := t.rang(ctx, counted.began); err != nil {
		r.AlarmsUnknown = oneLine(unanswered(err).seen)
	} else {
		r.Alarms = append(r.Alarms, found...)
	}
	return r
}

// count fills in the answers, the most frequent first, and the verdict.
func (r *loadReport) count(counted *tally) {
	r.Answers = []answerReport{}
	for each, n := range counted.answers {
		r.Answers = append(r.Answers, answerReport{each.answer, n, each.failed})
	}
	slices.SortFunc(r.Answers, func(a, b answerReport) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), strings.Compare(a.Answer, b.Answer))
	})
	var exact float64
	if r.Ended > 0 {
		exact = float64(r.Failed) * 100 / float64(r.Ended)
	}
	r.Percent = float64(int(exact*100+0.5)) / 100
	r.Passed = r.Ended > 0 && exact <= r.MaxErrors && !r.Interrupted
	if limited := slices.IndexFunc(r.Answers, func(a answerReport) bool { return a.Answer == "429" }); limited >= 0 {
		r.Notes = append(r.Notes, fmt.Sprintf("%d requests got 429, which is how AWS WAF answers an address that sends more than cdn.waf.rateLimit in "+
			"five minutes. List the address of this machine in cdn.waf.rateLimitExempt for the test", r.Answers[limited].Count))
	}
	if missing := r.Planned - uint64(min(r.Sent, int(r.Planned))); !r.Interrupted && missing*100 > r.Planned {
		r.Notes = append(r.Notes, fmt.Sprintf("this machine was too slow to send %d of the requests: use a larger one, or several", missing))
	}
	if left := r.Sent - r.Ended; left > 0 {
		r.Notes = append(r.Notes, fmt.Sprintf("%d requests were under way when it was interrupted, and are not counted", left))
	}
}

func (r *loadReport) writeJSON(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(r)
}
