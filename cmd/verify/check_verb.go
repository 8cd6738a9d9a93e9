package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"ha-web/internal/validate"
)

const checkUsage = `usage: verify check [flags]

Check that a live stack is as it should be. It reads only. Each check passes, fails or is skipped, with what was seen, and
on a failure with what to do. A check is skipped where it does not apply, or where the caller may not look.

  -outputs FILE         outputs of the stack, as pulumi stack output --json prints them (default -, stdin)
  -stack PROJECT/STACK  read the outputs from the SSM parameter /PROJECT/STACK/outputs instead
  -format FORMAT        table, or json for programs (default table)
  -report FILE          also write the results as Markdown, for a change record
  -timeout TIME         how long all checks may take together (default 5m)

Exit status: 0 no check failed, 1 one did, could not be told in time or none passed, 2 for a wrong command line or outputs.
`

var formats = []string{"table", "json"}

type checkOptions struct {
	outputs, stack, format, report string
	timeout                        time.Duration
}

func checkVerb(ctx context.Context, args []string, s streams) int {
	options, err := parseCheck(args)
	if err != nil {
		return wrong(s, err, checkUsage)
	}
	bound, cancel := context.WithTimeout(ctx, options.timeout)
	defer cancel()
	found, err := options.read(bound, s.in)
	if err != nil {
		fmt.Fprintln(s.err, err)
		return exitUsage
	}
	l, err := newLive(bound, found)
	if err != nil {
		fmt.Fprintln(s.err, err)
		return exitNot
	}
	results := runChecks(bound, l, checks)
	if ctx.Err() != nil {
		fmt.Fprintln(s.err, "interrupted: not all checks have ended")
		return exitNot
	}
	return options.finish(found.stack(), results, s)
}

func parseCheck(args []string) (checkOptions, error) {
	var o checkOptions
	flags := flag.NewFlagSet("check", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&o.outputs, "outputs", "", "")
	flags.StringVar(&o.stack, "stack", "", "")
	flags.StringVar(&o.format, "format", "table", "")
	flags.StringVar(&o.report, "report", "", "")
	flags.DurationVar(&o.timeout, "timeout", 5*time.Minute, "")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	var faults validate.Faults
	if flags.NArg() > 0 {
		faults.Add(flags.Arg(0), "is one argument too many")
	}
	o.validateSource(&faults)
	if o.timeout <= 0 {
		faults.Add("-timeout", "must be more than 0, got %v", o.timeout)
	}
	return o, faults.Err()
}

// validateSource checks where the outputs come from, and the format.
func (o checkOptions) validateSource(faults *validate.Faults) {
	if o.outputs != "" && o.stack != "" {
		faults.Add("-stack", "must not be given with -outputs: both say where the outputs are")
	}
	if parts := strings.Split(o.stack, "/"); o.stack != "" && (len(parts) != 2 || slices.Contains(parts, "")) {
		faults.Add("-stack", "must be PROJECT/STACK such as ha-web/prod, got %q", o.stack)
	}
	validate.OneOf(faults, "-format", o.format, formats...)
}

// read returns the outputs of the stack, from where the flags say.
func (o checkOptions) read(ctx context.Context, stdin io.Reader) (*outputs, error) {
	if o.stack != "" {
		return readParameter(ctx, o.stack)
	}
	file := o.outputs
	if file == "" {
		file = "-"
	}
	found, err := readOutputs(file, stdin)
	if err != nil {
		return nil, err
	}
	return found, found.validateAll()
}

// finish writes the results, and returns the exit status.
func (o checkOptions) finish(stack string, results []result, s streams) int {
	write := writeTable
	if o.format == "json" {
		write = writeJSON
	}
	if err := write(s.out, stack, results); err != nil {
		fmt.Fprintln(s.err, err)
		return exitNot
	}
	if err := o.writeReport(stack, results); err != nil {
		fmt.Fprintf(s.err, "-report: %v\n", err)
		return exitNot
	}
	switch {
	case count(results, statusFail) > 0:
		return exitNot
	case count(results, statusPass) == 0:
		fmt.Fprintln(s.err, errNonePassed)
		return exitNot
	}
	return exitOK
}

var errNonePassed = errors.New("no check passed: give the caller the permissions that are missing")

func (o checkOptions) writeReport(stack string, results []result) error {
	return writeFile(o.report, func(w io.Writer) error { return writeMarkdown(w, stack, results, time.Now()) })
}

// writeFile writes a file, unless its name is empty.
func writeFile(name string, write func(io.Writer) error) (err error) {
	if name == "" {
		return nil
	}
	file, err := os.Create(name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	return write(file)
}
