package plan

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"ha-web/internal/capacity"
	"ha-web/internal/controls"
	"ha-web/internal/offline"
	"ha-web/internal/settings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Exit statuses of [Command].
const (
	ExitOK         = 0
	ExitFault      = 1 // of the settings, or of the command line
	ExitDifference = 2 // with -diff -exit-code
	ExitFailed     = 3 // a control, with -controls
)

const usage = `usage: go run . plan [flags]

Show what the program would register for a stack: no account, no credentials, no Pulumi CLI, no network.

  -stack NAME     stack to plan, from Pulumi.NAME.yaml (default dev)
  -file FILE      plan any stack file
  -c PATH=VALUE   set one value, such as -c network.natGateways=single; repeat for more
  -now TIME       plan for this time: which schedules are still to come, and which is in force (default 2026-01-01T00:00:00Z,
                  so that plans of one commit do not differ)
  -format FORMAT  tree or json (default tree)
  -preview        leave what AWS computes unknown, as the first preview of a new stack does
  -diff FILE      print what differs from a plan saved with -format json
  -exit-code      with -diff: exit with status 2 where there is a difference
  -controls       hold the plan to security and availability controls, docs/controls.md, and exit with status 3 where one
                  fails

Exit status: 0, or 1 for a fault of the settings or the command line, or 2 for a difference with -diff -exit-code, or 3 for
a control that fails with -controls.
go run reports each but 0 as 1: where it matters, go build and run ./ha-web plan.
`

type options struct {
	stack, file, format, diff string
	now                       string
	preview, exitCode         bool
	controls                  bool
	set                       []string
}

// Command runs a command line, the verb plan and its flags, on program and returns the exit status. Nothing is
// registered, and nothing printed to stdout, unless all settings are right.
func Command(program pulumi.RunFunc, args []string, stdout, stderr io.Writer) int {
	if len(args) == 0 || args[0] != "plan" {
		fmt.Fprintf(stderr, "Deploy with pulumi up. Without it there is one verb, plan.\n\n%s", usage)
		return ExitFault
	}
	options, err := parse(args[1:])
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(stdout, usage)
		return ExitOK
	}
	if err != nil {
		fmt.Fprintf(stderr, "%v\n\n%s", err, usage)
		return ExitFault
	}
	var out bytes.Buffer
	status, err := run(program, options, &out)
	if err != nil {
		fmt.Fprintln(stderr, err)
		return ExitFault
	}
	if _, err := out.WriteTo(stdout); err != nil {
		fmt.Fprintln(stderr, err)
		return ExitFault
	}
	return status
}

func parse(args []string) (options, error) {
	var o options
	flags := flag.NewFlagSet("plan", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&o.stack, "stack", "", "")
	flags.StringVar(&o.file, "file", "", "")
	flags.StringVar(&o.format, "format", "tree", "")
	flags.StringVar(&o.now, "now", settings.PlanTime, "")
	flags.StringVar(&o.diff, "diff", "", "")
	flags.BoolVar(&o.preview, "preview", false, "")
	flags.BoolVar(&o.exitCode, "exit-code", false, "")
	flags.BoolVar(&o.controls, "controls", false, "")
	flags.Func("c", "", func(assignment string) error {
		o.set = append(o.set, assignment)
		return nil
	})
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	switch {
	case flags.NArg() > 0:
		return o, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	case o.format != "tree" && o.format != "json":
		return o, fmt.Errorf("-format: must be tree or json, got %q", o.format)
	case o.exitCode && o.diff == "":
		return o, errors.New("-exit-code: goes with -diff")
	case o.controls && o.diff != "":
		return o, errors.New("-controls: does not go with -diff")
	case o.controls && o.preview:
		return o, errors.New("-controls: does not go with -preview, which leaves open what refers to what")
	}
	if _, err := time.Parse(time.RFC3339, o.now); err != nil {
		return o, fmt.Errorf("-now: must be a time such as 2027-01-11T09:00:00Z, got %q", o.now)
	}
	o.stack, o.file = target(o.stack, o.file)
	return o, nil
}

// target returns the stack's name and its file, where one or both may not be given.
func target(stack, file string) (string, string) {
	if file != "" && stack == "" {
		stack = strings.TrimSuffix(filepath.Base(file), filepath.Ext(file))
		stack = strings.TrimPrefix(stack, "Pulumi.")
	}
	if stack == "" {
		stack = "dev"
	}
	if file == "" {
		file = "Pulumi." + stack + ".yaml"
	}
	return stack, file
}

func run(program pulumi.RunFunc, options options, out io.Writer) (int, error) {
	recording, config, err := record(program, options)
	if err != nil {
		return ExitFault, err
	}
	if options.controls {
		return control(recording, config, options, out)
	}
	if options.diff != "" {
		return difference(recording, config, options, out)
	}
	if options.format == "json" {
		return ExitOK, WriteJSON(out, recording)
	}
	return ExitOK, WriteTree(out, recording)
}

func record(program pulumi.RunFunc, options options) (*offline.Recording, *settings.Settings, error) {
	project, err := settings.ReadProject(".")
	if err != nil {
		return nil, nil, err
	}
	file, err := settings.ReadStackFile(project, options.file)
	if err != nil {
		return nil, nil, err
	}
	for _, assignment := range options.set {
		if err := file.Set(assignment); err != nil {
			return nil, nil, fmt.Errorf("-c %w", err)
		}
	}
	config, secret, err := file.Config()
	if err != nil {
		return nil, nil, err
	}
	config[settings.NowKey] = options.now
	// The program checks its settings too, but sees only the sections it knows.
	parsed, err := settings.Parse(project, config, secret...)
	if err != nil {
		return nil, nil, err
	}
	recording, err := offline.Record(program, offline.Stack{
		Project: project, Name: options.stack, Config: config, SecretKeys: secret, Preview: options.preview,
	})
	if err != nil {
		return nil, nil, err
	}
	worked := capacity.Of(parsed)
	recording.Capacity, recording.CapacityLines = worked, worked.Lines()
	recording.Notes = slices.Concat(file.Notes(), parsed.Notes())
	if len(parsed.Web.Schedules)+len(parsed.Web.Exams.Periods) > 0 {
		recording.Notes = append(recording.Notes, "schedules and exams are those of "+options.now+": -now plans for another time")
	}
	return recording, parsed, nil
}

// control holds a recording to all controls but what its settings do without on purpose.
func control(recording *offline.Recording, config *settings.Settings, options options, out io.Writer) (int, error) {
	results := controls.Run(recording, config.Concessions())
	write := WriteControls
	if options.format == "json" {
		write = WriteControlsJSON
	}
	if err := write(out, recording, results); err != nil {
		return ExitFault, err
	}
	if controls.Counts(results)[controls.Fail] > 0 {
		return ExitFailed, nil
	}
	return ExitOK, nil
}

func difference(recording *offline.Recording, config *settings.Settings, options options, out io.Writer) (int, error) {
	file, err := os.Open(options.diff)
	if err != nil {
		return ExitFault, fmt.Errorf("-diff: %w", err)
	}
	defer file.Close()
	before, err := ReadJSON(file)
	if err != nil {
		return ExitFault, fmt.Errorf("-diff: %s: %w", options.diff, err)
	}
	for _, outage := range config.Outages(before.Outputs) {
		fmt.Fprintf(out, "outage: %s\n", outage)
	}
	differs, err := WriteDiff(out, before, recording)
	if differs && options.exitCode {
		return ExitDifference, err
	}
	return ExitOK, err
}
