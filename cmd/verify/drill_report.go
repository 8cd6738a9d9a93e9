package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"ha-web/internal/probe"
)

// drillReport is what a drill found. Its JSON is stable; times in it are seconds, from the moment when the drill acted.
type drillReport struct {
	Stack   string       `json:"stack"`
	Drill   string       `json:"drill"`
	Title   string       `json:"title"`
	Did     string       `json:"did"`
	At      time.Time    `json:"at"`
	Paths   []pathReport `json:"paths"`
	Goal    string       `json:"goal"`      // what the drill waited for
	GoalAt  *float64     `json:"goalAfter"` // null where the time was up before
	State   string       `json:"state"`     // of the stack when that wait ended
	Figures []figure     `json:"figures"`
	Alarms  []ring       `json:"alarms"`
	// AlarmsUnknown is why it is not known which alarms rang.
	AlarmsUnknown string    `json:"alarmsUnknown,omitempty"`
	Undone        []string  `json:"undone"`
	Promise       string    `json:"promise"`
	Claims        []claimed `json:"claims"`
	Kept          bool      `json:"kept"`
}

// pathReport is what users of one path noticed.
type pathReport struct {
	Path         string   `json:"path"`
	Sent         int      `json:"sent"`
	Failed       int      `json:"failed"`
	Retried      int      `json:"retried"`      // failed at first, and succeeded when sent once more
	FirstFailure *float64 `json:"firstFailure"` // null without a failure
	LastFailure  *float64 `json:"lastFailure"`
	Recovery     *float64 `json:"recovery"` // the first success after the last failure; 0 without one, null where there was none
	Longest      float64  `json:"longest"`  // run of failures
	P50          float64  `json:"p50"`
	P99          float64  `json:"p99"`
}

type claimed struct {
	Claim string `json:"claim"`
	Met   bool   `json:"met"`
	Seen  string `json:"seen"`
}

// report sums the trial up.
func (t *trial) report(ctx context.Context, m measured) *drillReport {
	bound, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	if asking, ok := t.operation.(concluder); ok {
		if err := asking.conclude(bound); err != nil {
			t.note("not known", "%s", unanswered(err).seen)
		}
	}
	claims := append(t.operation.judge(m), claim{t.drill.reached, m.strength.done, m.strength.state})
	if _, settles := t.operation.(settler); settles {
		claims = append(claims, claim{"The stack is as it was before.", m.settled.done, m.settled.state})
	}
	r := &drillReport{
		Stack: t.outputs.stack(), Drill: t.drill.name, Title: t.drill.title, Did: t.intent, At: m.acted.UTC().Truncate(time.Second), State: m.strength.state,
		Figures: append([]figure{}, t.figures...), Alarms: []ring{}, Undone: append([]string{}, t.restored...),
		Goal: t.drill.goal, Promise: t.drill.promise, Kept: true,
	}
	if m.strength.done {
		r.GoalAt = seconds(m.strength.took)
	}
	if m.settled.done {
		r.Figures = append(r.Figures, figure{"as before", fmt.Sprintf("%.1f s after that: %s", m.settled.took.Seconds(), m.settled.state)})
	}
	for _, each := range m.paths {
		r.Paths = append(r.Paths, pathReportOf(each, m.acted))
	}
	if m.left != nil {
		claims = append(claims, claim{"What the drill changed is undone.", false, m.left.Error()})
	}
	for _, each := range claims {
		r.Claims = append(r.Claims, claimed{each.text, each.met, oneLine(each.seen)})
		r.Kept = r.Kept && each.met
	}
	if rang, err := t.rang(bound, m.acted); err != nil {
		r.AlarmsUnknown = oneLine(unanswered(err).seen)
	} else {
		r.Alarms = append(r.Alarms, rang...)
	}
	return r
}

func pathReportOf(s probe.Summary, acted time.Time) pathReport {
	r := pathReport{
		Path: s.Target, Sent: s.Sent, Failed: s.Failed, Retried: s.Retried,
		Longest: *seconds(s.Longest), P50: *seconds(s.P50), P99: *seconds(s.P99),
	}
	if s.Failed > 0 {
		r.FirstFailure, r.LastFailure = seconds(s.FirstFailure.Sub(acted)), seconds(s.LastFailure.Sub(acted))
	}
	if s.Recovered {
		r.Recovery = seconds(s.Recovery)
	}
	return r
}

// seconds rounds a time to milliseconds.
func seconds(d time.Duration) *float64 { return new(float64(d.Milliseconds()) / 1000) }

func (r *drillReport) writeJSON(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(r)
}
