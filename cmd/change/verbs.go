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

const (
	heard    = 10 * time.Minute // a line at least so often
	tolerate = 10               // looks in a row that fail, each after its own attempts
)

// flagSet returns a set of flags that prints nothing.
func flagSet(name string) *flag.FlagSet {
	flags := flag.NewFlagSet(name, flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	return flags
}

// scan reads flags, and the one argument id where there is to be one, in any order.
func scan(flags *flag.FlagSet, args []string, id *string, faults *validate.Faults) error {
	var given []string
	for {
		if err := flags.Parse(args); err != nil {
			return err
		}
		if args = flags.Args(); len(args) == 0 {
			break
		}
		given, args = append(given, args[0]), args[1:]
	}
	if id != nil {
		if len(given) == 0 {
			given = []string{""}
		}
		*id, given = given[0], given[1:]
		if !sysID.MatchString(*id) {
			faults.Add("SYS_ID", "must be the sys_id that change open printed, got %q", *id)
		}
	}
	for _, extra := range given {
		faults.Add(extra, "is one argument too many")
	}
	return nil
}

func parseOpen(args []string) (verb, error) {
	var o opening
	var faults validate.Faults
	flags := flagSet("open")
	flags.StringVar(&o.title, "title", "", "")
	flags.StringVar(&o.description, "description", "", "")
	flags.StringVar(&o.template, "template", "", "")
	flags.StringVar(&o.group, "group", "", "")
	if err := scan(flags, args, nil, &faults); err != nil {
		return nil, err
	}
	if o.title == "" {
		faults.Add("-title", "is required")
	}
	if o.template != "" && !sysID.MatchString(o.template) {
		faults.Add("-template", "must be the sys_id of a template, 32 hexadecimal digits, got %q", o.template)
	}
	return o.run, faults.Err()
}

// opening is change open.
type opening struct{ title, description, template, group string }

func (o opening) run(ctx context.Context, c *client, s surroundings) error {
	fields := map[string]string{"short_description": o.title}
	if o.description != "" {
		fields["description"] = o.description
	}
	if o.group != "" {
		group, err := c.group(ctx, o.group)
		if err != nil {
			return err
		}
		fields["assignment_group"] = group
	}
	created, err := c.create(ctx, o.template, fields)
	if err != nil && transient(err) {
		return fmt.Errorf("%w\nIt may be there all the same: look for %q in ServiceNow, and cancel it", err, o.title)
	}
	if err != nil {
		return err
	}
	id := created.SysID.String()
	fmt.Fprintln(s.err, created.Number, c.link(id))
	if err := o.submit(ctx, c, created); err != nil {
		return errors.Join(err, c.withdraw(ctx, created))
	}
	fmt.Fprintln(s.out, id)
	return nil
}

// submit asks for approval. A standard change was approved with its template: Assess and Authorize are not on its way.
func (o opening) submit(ctx context.Context, c *client, created *change) error {
	to := stateAssess
	if o.template != "" {
		to = stateScheduled
	}
	if created.state().reached(to) {
		return nil
	}
	_, err := c.move(ctx, created.SysID.String(), to, nil)
	return err
}

// withdraw cancels a change that nobody can approve, for whoever opens it does not learn its sys_id.
func (c *client) withdraw(ctx context.Context, created *change) error {
	notes := map[string]string{"work_notes": "Canceled by the pipeline, which could not ask for approval."}
	if _, err := c.move(ctx, created.SysID.String(), stateCanceled, notes); err != nil {
		return fmt.Errorf("%s: is still open, cancel it: %w", created.Number, err)
	}
	return fmt.Errorf("%s: canceled", created.Number)
}

func parseWait(args []string) (verb, error) {
	var w waiting
	var faults validate.Faults
	flags := flagSet("wait")
	flags.DurationVar(&w.timeout, "timeout", 5*time.Hour, "")
	flags.DurationVar(&w.interval, "interval", time.Minute, "")
	if err := scan(flags, args, &w.id, &faults); err != nil {
		return nil, err
	}
	if w.timeout <= 0 {
		faults.Add("-timeout", "must be more than 0, got %v", w.timeout)
	}
	if w.interval < time.Second {
		faults.Add("-interval", "must be 1s or more, got %v", w.interval)
	}
	return w.run, faults.Err()
}

// waiting is change wait.
type waiting struct {
	id                string
	timeout, interval time.Duration
}

func (w waiting) run(ctx context.Context, c *client, s surroundings) error {
	progress := poll.NewProgress(s.err, heard)
	loop := poll.Loop{Interval: w.interval, Timeout: w.timeout, Tolerate: tolerate, Failed: func(err error) {
		progress.Say("ServiceNow did not answer, asking again: %v", err)
	}}
	err := loop.Until(ctx, func(ctx context.Context) (bool, error) {
		done, err := w.check(ctx, c, progress)
		if err != nil && !transient(err) {
			err = poll.Permanent(err)
		}
		return done, err
	})
	switch {
	case errors.Is(err, poll.ErrTimeout):
		return fmt.Errorf("not approved: %w: %s", err, progress.Last())
	case errors.Is(err, poll.ErrInterrupted):
		return errors.New("interrupted: the change stays as it is")
	}
	return err
}

func (w waiting) check(ctx context.Context, c *client, progress *poll.Progress) (bool, error) {
	now, err := c.read(ctx, w.id)
	if err != nil {
		return false, err
	}
	hold := ""
	if now.onHold() {
		hold = ", on hold"
	}
	progress.Say("%s is in %v, approval: %s%s", now.Number, now.state(), now.Approval, hold)
	approved, err := now.decision()
	if err != nil || !approved || now.onHold() { // on hold, a change goes nowhere but to Canceled
		return false, err
	}
	if now.state() != stateImplement {
		if now, err = c.move(ctx, w.id, stateImplement, nil); err != nil {
			return false, err
		}
		progress.Say("%s is in %v", now.Number, now.state())
	}
	return true, nil
}

// decision returns whether a change is approved, and an error where it will not be.
func (c *change) decision() (bool, error) {
	no := func(format string, args ...any) (bool, error) {
		return false, &fault{fmt.Sprintf("%s: ", c.Number) + fmt.Sprintf(format, args...), false}
	}
	switch state := c.state(); {
	case c.Approval.String() == "rejected":
		return no("was rejected")
	case state == stateCanceled:
		return no("was canceled")
	case state == stateNew:
		return no("is in New: was rejected, or taken back")
	case state.reached(stateReview):
		return no("is in %v already: open another", state)
	case !state.reached(stateScheduled):
		return false, nil
	}
	switch c.Approval.String() {
	case "approved", "not_required":
		return true, nil
	case "not requested":
		return c.Type.String() == "standard", nil
	}
	return false, nil
}

func parseClose(args []string) (verb, error) {
	var o closing
	var faults validate.Faults
	flags := flagSet("close")
	flags.StringVar(&o.result, "result", "", "")
	flags.StringVar(&o.notes, "notes", "", "")
	if err := scan(flags, args, &o.id, &faults); err != nil {
		return nil, err
	}
	validate.OneOf(&faults, "-result", o.result, "successful", "unsuccessful")
	if o.notes == "" {
		o.notes = "Closed by the pipeline: " + o.result + "."
	}
	return o.run, faults.Err()
}

// closing is change close.
type closing struct{ id, result, notes string }

func (o closing) run(ctx context.Context, c *client, s surroundings) error {
	now, err := c.read(ctx, o.id)
	if err != nil {
		return err
	}
	if now, err = o.end(ctx, c, now); err != nil {
		return err
	}
	fmt.Fprintf(s.err, "%s is in %v\n", now.Number, now.state())
	return nil
}

func (o closing) end(ctx context.Context, c *client, now *change) (*change, error) {
	state, good := now.state(), o.result == "successful"
	switch {
	case state == stateClosed, state == stateCanceled && !good:
		return now, nil
	case state == stateCanceled, !state.reached(stateScheduled) && good:
		return nil, fmt.Errorf("%s: is in %v, and cannot be successful: correct it by hand: %s", now.Number, state, c.link(o.id))
	case !state.reached(stateImplement) && !good:
		return c.move(ctx, o.id, stateCanceled, map[string]string{"work_notes": o.notes})
	}
	return o.walk(ctx, c, now)
}

// walk takes a change the rest of its way, step by step: ServiceNow lets none out.
func (o closing) walk(ctx context.Context, c *client, now *change) (*change, error) {
	closed := map[string]string{"close_code": o.result, "close_notes": o.notes}
	for _, next := range []struct {
		to     state
		fields map[string]string
	}{{stateImplement, nil}, {stateReview, nil}, {stateClosed, closed}} {
		if now.state().reached(next.to) {
			continue
		}
		var err error
		if now, err = c.move(ctx, o.id, next.to, next.fields); err != nil {
			return nil, err
		}
	}
	return now, nil
}
