package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"ha-web/internal/validate"
)

const drillUsage = `usage: verify drill NAME [flags]

Disturb a live stack on purpose, request it at a steady rate meanwhile, wait until it is at full strength again, and report what
users noticed and whether the stack kept its promise. A drill asks before it acts, and puts back what it changed, after Ctrl-C
too. A second Ctrl-C ends at once, and prints the commands that put the rest back.

%s
  -outputs FILE         outputs of the stack, as pulumi stack output --json prints them (default -, stdin)
  -stack PROJECT/STACK  read the outputs from the SSM parameter /PROJECT/STACK/outputs instead
  -yes                  do not ask. Needed where standard input is no terminal, or has the outputs
  -yes-production       go on with a production stack too
  -path PATH            path to request that does not ask the database (default: the health check path)
  -deep PATH            path to request that does, such as /courses. failover and rotation need one
  -rate NUMBER          requests a second to each path (default 5)
  -timeout TIME         how long each wait may take (default: as listed above)
  -interval TIME        how often to look at the stack (default 5s)
  -after TIME           how long requests go on after the recovery (default 10s, rotation 1m)
  -instance ID          instance: the instance to terminate (default: the oldest)
  -zone AZ              zone: the Availability Zone to take out (default: the first)
  -tunnel COMMAND       restore: shell command that forwards port {local} of this machine to {host}:{port} in the VPC, for as
                        long as it runs, such as one for a bastion (default: aws ssm start-session through {instance})
  -count TABLE          restore: count the rows of this table only (default: of all)
  -expires TIME         zone: when AWS ends the zonal shift by itself, at most 72h (default 1h)
  -format FORMAT        table, or json for programs (default table)
  -report FILE          also write the report as Markdown, for a change record

Exit status: 0 the promise was kept, 1 it was not, or the drill did not begin or end, 2 for a wrong command line or outputs.
`

// drillHelp lists the drills in the usage.
func drillHelp() string {
	var list strings.Builder
	for _, each := range drills {
		fmt.Fprintf(&list, "  %-9s %s", each.name, strings.Join(wrap(each.does, widest-12), "\n            "))
		fmt.Fprintf(&list, "\n            Each wait takes at most %v.\n", each.timeout)
	}
	return fmt.Sprintf(drillUsage, list.String())
}

type drillOptions struct {
	source                     checkOptions
	confirm                    confirmOptions
	path, deep, instance, zone string
	tunnel, count              string
	rate                       float64
	timeout, interval, after   time.Duration
	expires                    time.Duration
}

func drillVerb(ctx context.Context, args []string, s streams) int {
	chosen, options, err := parseDrill(args)
	if err != nil {
		return wrong(s, err, drillHelp())
	}
	bound, cancel := context.WithTimeout(ctx, askingTime)
	defer cancel()
	found, err := options.source.read(bound, s.in)
	if err != nil {
		fmt.Fprintln(s.err, err)
		return exitUsage
	}
	l, err := newLive(bound, found)
	if err != nil {
		fmt.Fprintln(s.err, err)
		return exitNot
	}
	t := &trial{live: l, drill: chosen, options: options, streams: s}
	t.operation = chosen.begin(t)
	report, err := t.runGuarded(ctx)
	if err != nil {
		fmt.Fprintln(s.err, err)
		return exitNot
	}
	return options.finish(report, s)
}

// runGuarded runs the trial, with a context for putting things back that only a second Ctrl-C ends.
func (t *trial) runGuarded(ctx context.Context) (*drillReport, error) {
	undoing, stop := untilSecondInterrupt(ctx)
	defer stop()
	t.undoing = undoing
	return t.run(ctx)
}

func parseDrill(args []string) (drill, drillOptions, error) {
	var o drillOptions
	if len(args) == 0 || strings.HasPrefix(args[0], "-") {
		if len(args) > 0 && slices.Contains([]string{"-h", "-help", "--help"}, args[0]) {
			return drill{}, o, flag.ErrHelp
		}
		return drill{}, o, fmt.Errorf("the name of a drill is missing")
	}
	chosen, ok := findDrill(args[0])
	if !ok {
		return drill{}, o, fmt.Errorf("no drill %q", args[0])
	}
	flags := flag.NewFlagSet("drill", flag.ContinueOnError)
	o.register(flags, chosen)
	if err := flags.Parse(args[1:]); err != nil {
		return chosen, o, err
	}
	return chosen, o, o.validate(flags, chosen)
}

func (o *drillOptions) register(flags *flag.FlagSet, chosen drill) {
	flags.SetOutput(io.Discard)
	flags.StringVar(&o.source.outputs, "outputs", "", "")
	flags.StringVar(&o.source.stack, "stack", "", "")
	flags.BoolVar(&o.confirm.yes, "yes", false, "")
	flags.BoolVar(&o.confirm.yesProduction, "yes-production", false, "")
	flags.StringVar(&o.path, "path", "", "")
	flags.StringVar(&o.deep, "deep", "", "")
	flags.Float64Var(&o.rate, "rate", 5, "")
	flags.DurationVar(&o.timeout, "timeout", chosen.timeout, "")
	flags.DurationVar(&o.interval, "interval", 5*time.Second, "")
	flags.DurationVar(&o.after, "after", chosen.after, "")
	flags.StringVar(&o.instance, "instance", "", "")
	flags.StringVar(&o.zone, "zone", "", "")
	flags.StringVar(&o.tunnel, "tunnel", "", "")
	flags.StringVar(&o.count, "count", "", "")
	flags.DurationVar(&o.expires, "expires", time.Hour, "")
	flags.StringVar(&o.source.format, "format", "table", "")
	flags.StringVar(&o.source.report, "report", "", "")
}

// longestShift is how long a zonal shift may last at first (ARC zonal shift API reference, StartZonalShift).
const longestShift = 72 * time.Hour

func (o *drillOptions) validate(flags *flag.FlagSet, chosen drill) error {
	var faults validate.Faults
	if flags.NArg() > 0 {
		faults.Add(flags.Arg(0), "is one argument too many")
	}
	o.source.validateSource(&faults)
	for _, each := range []struct{ name, path string }{{"-path", o.path}, {"-deep", o.deep}} {
		if each.path != "" && !strings.HasPrefix(each.path, "/") {
			faults.Add(each.name, "must begin with /, got %q", each.path)
		}
	}
	if chosen.deep && o.deep == "" {
		faults.Add("-deep", "drill %s needs a path that asks the database, such as /courses", chosen.name)
	}
	if o.rate <= 0 || o.rate > 100 {
		faults.Add("-rate", "must be more than 0 and at most 100, got %v", o.rate)
	}
	for _, each := range []struct {
		name        string
		given, from time.Duration
	}{{"-timeout", o.timeout, time.Second}, {"-interval", o.interval, 100 * time.Millisecond}, {"-after", o.after, 0}} {
		if each.given < each.from {
			faults.Add(each.name, "must be %v or more, got %v", each.from, each.given)
		}
	}
	if o.tunnel != "" && !strings.Contains(o.tunnel, "{local}") {
		faults.Add("-tunnel", "must have {local}, the port of this machine to forward, got %q", o.tunnel)
	}
	if o.expires < time.Minute || o.expires > longestShift || o.expires%time.Minute != 0 {
		faults.Add("-expires", "must be whole minutes, from 1m to 72h, got %v", o.expires)
	}
	if chosen.name == zoneDrill.name && o.expires < o.timeout {
		faults.Add("-expires", "must be at least -timeout (%v), got %v: the shift would end during the drill", o.timeout, o.expires)
	}
	flags.Visit(func(given *flag.Flag) {
		only := map[string]string{"instance": "instance", "zone": "zone", "expires": "zone", "tunnel": "restore", "count": "restore"}[given.Name]
		if only != "" && only != chosen.name {
			faults.Add("-"+given.Name, "is for drill %s", only)
		}
	})
	return faults.Err()
}

// confirm asks whether to do what is going to be done.
func (t *trial) confirm(ctx context.Context) error {
	o := t.options.confirm
	o.production = t.outputs.production()
	question := fmt.Sprintf("drill %s of %s: %s\nMeanwhile it requests %s, with %v requests a second to each.", t.drill.name, t.outputs.stack(), t.intent,
		t.requested(), t.options.rate)
	if o.yes && (!o.production || o.yesProduction) {
		fmt.Fprintln(t.streams.err, question)
	}
	return confirmAtTerminal(ctx, t.streams, t.options.source, question, o)
}

// requested names the addresses that a drill requests.
func (t *trial) requested() string {
	var all []string
	for _, each := range t.targets() {
		all = append(all, each.URL)
	}
	return strings.Join(all, " and ")
}

// finish writes the report, and returns the exit status.
func (o drillOptions) finish(r *drillReport, s streams) int {
	write := r.writeTable
	if o.source.format == "json" {
		write = r.writeJSON
	}
	if err := write(s.out); err != nil {
		fmt.Fprintln(s.err, err)
		return exitNot
	}
	if err := writeFile(o.source.report, r.writeMarkdown); err != nil {
		fmt.Fprintf(s.err, "-report: %v\n", err)
		return exitNot
	}
	if !r.Kept {
		return exitNot
	}
	return exitOK
}
