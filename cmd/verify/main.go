// Command verify checks and drills a live stack, which it knows from the stack's outputs.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// Exit statuses.
const (
	exitOK    = 0
	exitNot   = 1 // the stack is not as it should be, or it could not be told in time
	exitUsage = 2 // wrong command line or outputs
)

const usage = `usage: verify VERB [flags]

Check, drill and load a live stack. Its outputs say where things are: pulumi stack output --json | verify VERB

  check       check that the stack is as it should be
  drill       break something on purpose, and measure how the stack recovers
  load        send the requests of an exam, and measure how the stack carries them
  rollout     wait until the instances run the release of the group
  activities  print what the Auto Scaling group did

verify VERB -h says more. AWS credentials come from the environment, the region from the outputs.

Exit status: 0, or 1 where the stack is not as it should be, or 2 for a wrong command line or outputs.
`

// streams are what a command reads and writes.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

// verbs are what verify does, by name. Each takes its flags, and returns the exit status.
var verbs = map[string]func(ctx context.Context, args []string, s streams) int{
	"check":      checkVerb,
	"activities": activitiesVerb,
	"drill":      drillVerb,
	"load":       loadVerb,
	"rollout":    rolloutVerb,
}

func main() {
	ending := []os.Signal{os.Interrupt, syscall.SIGTERM}
	// A terminal that is closed must not leave behind what a drill changed.
	if !signal.Ignored(syscall.SIGHUP) {
		ending = append(ending, syscall.SIGHUP)
	}
	ctx, stop := signal.NotifyContext(context.Background(), ending...)
	status := command(ctx, os.Args[1:], streams{os.Stdin, os.Stdout, os.Stderr})
	stop()
	os.Exit(status)
}

func command(ctx context.Context, args []string, s streams) int {
	if len(args) == 0 {
		return wrong(s, errors.New("a verb is missing"), usage)
	}
	switch args[0] {
	case "-h", "-help", "--help":
		fmt.Fprint(s.out, usage)
		return exitOK
	}
	verb, ok := verbs[args[0]]
	if !ok {
		return wrong(s, fmt.Errorf("no verb %q", args[0]), usage)
	}
	return verb(ctx, args[1:], s)
}

// wrong reports a command line that is not understood, or is a call for help.
func wrong(s streams, err error, usage string) int {
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(s.out, usage)
		return exitOK
	}
	fmt.Fprintf(s.err, "%v\n\n%s", err, usage)
	return exitUsage
}
