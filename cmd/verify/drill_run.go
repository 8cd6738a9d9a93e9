package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"ha-web/internal/poll"
	"ha-web/internal/probe"
)

const (
	lead = 5 * time.Second // of the probe before the act
	// answerWithin bounds one call of AWS, with all its retries.
	answerWithin = time.Minute
)

// prober is a probe that runs.
type prober interface{ Stop() []probe.Result }

// probeSite is a variable for tests, which have no network.
var probeSite = func(ctx context.Context, targets []probe.Target, rate float64) prober {
	return probe.Start(ctx, targets, rate)
}

// run makes the trial, from the first look at the stack to the report.
func (t *trial) run(ctx context.Context) (*drillReport, error) {
	var err error
	if t.intent, err = t.prepare(ctx); err != nil {
		return nil, err
	}
	if err := t.confirm(ctx); err != nil {
		return nil, err
	}
	// The probe goes on after Ctrl-C, until everything is put back.
	probing := probeSite(context.WithoutCancel(ctx), t.targets(), t.options.rate)
	m, err := t.measure(ctx)
	m.results = probing.Stop()
	if err != nil {
		return nil, err
	}
	m.paths = t.summarize(m.results, m.acted)
	return t.report(ctx, m), nil
}

// summarize sums up what was requested, in the order of the targets.
func (t *trial) summarize(results []probe.Result, acted time.Time) []probe.Summary {
	found := probe.Summarize(results, acted)
	var ordered []probe.Summary
	for _, target := range t.targets() {
		for _, each := range found {
			if each.Target == target.Name {
				ordered = append(ordered, each)
			}
		}
	}
	return ordered
}

// measure disturbs the stack while a probe runs, and puts back what has to be put back, whatever happens.
func (t *trial) measure(ctx context.Context) (m measured, err error) {
	if !sleep(ctx, lead) {
		return m, errInterrupted
	}
	m, err = t.disturb(ctx)
	if m.left = t.putBack(ctx); err != nil {
		return m, errors.Join(err, m.left)
	}
	if m.left != nil {
		fmt.Fprintln(t.streams.err, m.left)
		return m, nil
	}
	if err := t.settle(ctx, &m); err != nil {
		return m, err
	}
	if !sleep(ctx, t.options.after) {
		return m, errInterrupted
	}
	return m, nil
}

// prepare looks at the stack and at the site, and returns what is going to be done.
func (t *trial) prepare(ctx context.Context) (string, error) {
	bound, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	intent, err := t.operation.prepare(bound)
	if err != nil {
		return "", err
	}
	if t.options.path == "" {
		if t.options.path, err = t.healthPath(); err != nil {
			return "", err
		}
	}
	if t.options.path == t.options.deep {
		return "", refuse("name another with -deep or -path", "both paths are %s", t.options.deep)
	}
	for _, target := range t.targets() {
		answered, err := t.site.get(bound, request{address: target.URL, host: target.Host})
		switch {
		case err != nil:
			return "", refuse(siteRemedy, "%s: %v", target.URL, err)
		case answered.status >= 400:
			return "", refuse("name a path that answers with -path or -deep; if the site is ill: docs/runbook.md, load-balancer-errors",
				"%s answers %d", target.URL, answered.status)
		}
	}
	return intent, nil
}

// targets are what is requested during the drill.
func (t *trial) targets() []probe.Target {
	base := strings.TrimRight(t.outputs.URL, "/")
	// A client that retries a failed request once is what the promise of a rotation speaks of.
	targets := []probe.Target{{Name: t.options.path, URL: base + t.options.path, Timeout: patience}}
	if t.options.deep != "" {
		targets = append(targets, probe.Target{Name: t.options.deep, URL: base + t.options.deep, Timeout: patience, Retry: t.drill.retry})
	}
	return targets
}

// disturb does to the stack what the drill is about, and waits until the stack is at full strength again.
func (t *trial) disturb(ctx context.Context) (measured, error) {
	t.progress = poll.NewProgress(t.streams.err, heard)
	m := measured{acted: time.Now()}
	// What is asked of AWS is not broken off by Ctrl-C, or nobody would know whether it was done.
	bound, cancel := context.WithTimeout(context.WithoutCancel(ctx), answerWithin)
	defer cancel()
	if err := t.operation.act(bound); err != nil {
		return m, fmt.Errorf("drill %s: %w", t.drill.name, err)
	}
	var err error
	m.strength, err = t.wait(ctx, t.operation.recovered)
	return m, err
}

// settle waits, after everything was put back, until the stack is as it was.
func (t *trial) settle(ctx context.Context, m *measured) error {
	settling, ok := t.operation.(settler)
	if !ok {
		return nil
	}
	var err error
	m.settled, err = t.wait(ctx, settling.settled)
	return err
}

// wait asks until a step is done, within the bound of the command line, and returns how it ended. It fails when interrupted only.
func (t *trial) wait(ctx context.Context, step func(context.Context) (bool, string, error)) (ending, error) {
	begin := time.Now()
	err := t.poll(ctx, step)
	if errors.Is(err, poll.ErrInterrupted) {
		return ending{}, errInterrupted
	}
	end := ending{done: err == nil, took: time.Since(begin), state: t.progress.Last()}
	if err != nil {
		end.state = strings.TrimPrefix(fmt.Sprintf("%s; %s", end.state, oneLine(err.Error())), "; ")
	}
	return end, nil
}

func (t *trial) poll(ctx context.Context, step func(context.Context) (bool, string, error)) error {
	loop := poll.Loop{Interval: t.options.interval, Timeout: t.options.timeout, Tolerate: tolerate, Failed: func(err error) {
		fmt.Fprintf(t.streams.err, "AWS did not answer, asking again: %s\n", oneLine(err.Error()))
	}}
	return loop.Until(ctx, func(ctx context.Context) (bool, error) {
		done, seen, err := step(ctx)
		if err == nil {
			t.progress.Say("%s", seen)
		}
		return done, err
	})
}

// sleep says whether a time went by before ctx ended.
func sleep(ctx context.Context, d time.Duration) bool {
	select {
	case <-time.After(d):
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}
