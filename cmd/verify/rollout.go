package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"time"

	"ha-web/internal/poll"
	"ha-web/internal/validate"
)

const rolloutUsage = `usage: verify rollout [flags]

Wait until the instances run the release of the Auto Scaling group: until its instance refresh is through, each instance
in service has the launch template version of the group, and as many as the group has at least are healthy in the target
group. Prints what happens. Where there is no refresh to wait for, it looks at the instances at once.

  -outputs FILE   outputs of the stack, as pulumi stack output --json prints them (default -, stdin)
  -since TIME     leave out refreshes that ended and began before, such as 2027-01-11T09:00:00Z: take the time before
                  pulumi up (default: the newest refresh counts)
  -timeout TIME   how long to wait for all of it (default 60m)
  -interval TIME  how often to look (default 15s)

Exit status: 0 rolled out, 1 not (failed, cancelled, rolled back, out of time, interrupted), 2 for a wrong command line or
outputs.
`

const (
	tolerate = 4           // failures of AWS in a row, each after the retries of the SDK
	heard    = time.Minute // a line at least so often
	// settle is how long a dead end has to stand. An update cancels a refresh some seconds before it starts the next, and a
	// group does not know at once that an instance is on its way out.
	settle = 2 * time.Minute
)

type rolloutOptions struct {
	outputs           string
	since             time.Time
	timeout, interval time.Duration
}

func rolloutVerb(ctx context.Context, args []string, s streams) int {
	options, err := parseRollout(args)
	if err != nil {
		return wrong(s, err, rolloutUsage)
	}
	found, err := readOutputs(options.outputs, s.in)
	if err != nil {
		fmt.Fprintln(s.err, err)
		return exitUsage
	}
	aws, err := connect(ctx, found.region)
	if err != nil {
		fmt.Fprintln(s.err, err)
		return exitNot
	}
	r := rollout{aws: aws, outputs: found, since: options.since, progress: poll.NewProgress(s.out, heard), ran: map[string]bool{}}
	if err := r.wait(ctx, options.interval, options.timeout); err != nil {
		fmt.Fprintln(s.err, err)
		return exitNot
	}
	return exitOK
}

func parseRollout(args []string) (rolloutOptions, error) {
	var o rolloutOptions
	flags := flag.NewFlagSet("rollout", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&o.outputs, "outputs", "-", "")
	flags.DurationVar(&o.timeout, "timeout", time.Hour, "")
	flags.DurationVar(&o.interval, "interval", 15*time.Second, "")
	flags.Func("since", "", func(value string) (err error) {
		if o.since, err = time.Parse(time.RFC3339, value); err != nil {
			return errors.New("must be a time such as 2027-01-11T09:00:00Z")
		}
		return nil
	})
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	var faults validate.Faults
	if flags.NArg() > 0 {
		faults.Add(flags.Arg(0), "is one argument too many")
	}
	if o.timeout <= 0 {
		faults.Add("-timeout", "must be more than 0, got %v", o.timeout)
	}
	if o.interval < time.Second {
		faults.Add("-interval", "must be 1s or more, got %v", o.interval)
	}
	return o, faults.Err()
}

// rollout is one wait.
type rollout struct {
	aws      services
	outputs  *outputs
	since    time.Time
	progress *poll.Progress

	ran    map[string]bool // refreshes that ran when they were looked at
	dead   string          // the dead end that it is in, if any
	deadAt time.Time       // since when
}

func (r *rollout) wait(ctx context.Context, interval, timeout time.Duration) error {
	loop := poll.Loop{Interval: interval, Timeout: timeout, Tolerate: tolerate, Failed: func(err error) {
		r.progress.Say("AWS did not answer, asking again: %s", oneLine(err.Error()))
	}}
	err := loop.Until(ctx, r.check)
	switch {
	case errors.Is(err, poll.ErrTimeout):
		return fmt.Errorf("not rolled out: %w: %s\n%s", err, r.progress.Last(), remedy)
	case errors.Is(err, poll.ErrInterrupted):
		return errors.New("interrupted: the rollout goes on, and nobody watches it")
	case err != nil:
		return fmt.Errorf("not rolled out: %w", err)
	}
	return nil
}

func (r *rollout) check(ctx context.Context) (bool, error) {
	refresh, err := r.newest(ctx)
	if err != nil {
		return false, err
	}
	if refresh == nil {
		return r.instances(ctx, "no refresh to wait for")
	}
	return r.follow(ctx, refresh)
}

// stands reports whether a dead end, such as a refresh that was cancelled, has stood for so long that it is one. The empty
// one is none.
func (r *rollout) stands(deadEnd string) bool {
	if r.dead != deadEnd {
		r.dead, r.deadAt = deadEnd, time.Now()
	}
	return deadEnd != "" && time.Since(r.deadAt) >= settle
}
