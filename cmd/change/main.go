// Command change keeps a change request in ServiceNow for a pipeline.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"syscall"
)

// Exit statuses.
const (
	exitOK    = 0
	exitNot   = 1 // rejected, canceled, out of time, or ServiceNow refuses
	exitUsage = 2 // wrong command line or environment
)

const usage = `usage: change open -title TEXT [-description TEXT] [-template SYS_ID] [-group NAME]
       change wait [-timeout 5h] [-interval 60s] SYS_ID
       change close -result successful|unsuccessful [-notes TEXT] SYS_ID

Keep a change request in ServiceNow.

  open   create a change, ask for its approval, and print its sys_id; number and link go to stderr
  wait   wait until it is approved, and move it to Implement
  close  move it through Review to Closed; one that was never implemented and is not successful is canceled

  -title TEXT        short description
  -description TEXT  description
  -template SYS_ID   template of a standard change (std_change_producer_version); without it, a normal change
  -group NAME        assignment group, by its name or sys_id: ServiceNow wants one before it moves a change on
  -timeout TIME      how long to wait (default 5h)
  -interval TIME     how often to look (default 60s)
  -result RESULT     close code, successful or unsuccessful
  -notes TEXT        close notes

Environment:

  SERVICENOW_INSTANCE                                 name of the instance, what stands before .service-now.com
  SERVICENOW_USERNAME, SERVICENOW_PASSWORD            a user, or
  SERVICENOW_CLIENT_ID, SERVICENOW_CLIENT_SECRET      an OAuth client with the grant type client credentials

Exit status: 0, or 1 where the change was rejected or canceled, time ran out or ServiceNow refuses, or 2 for a wrong
command line or environment.
`

// surroundings are what a command has to do with.
type surroundings struct {
	getenv    func(string) string
	transport http.RoundTripper
	out, err  io.Writer
}

// verb is what a command line asks for, once it is understood.
type verb func(ctx context.Context, c *client, s surroundings) error

// verbs understand the flags of each.
var verbs = map[string]func(args []string) (verb, error){
	"open":  parseOpen,
	"wait":  parseWait,
	"close": parseClose,
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	status := command(ctx, os.Args[1:], surroundings{os.Getenv, http.DefaultTransport, os.Stdout, os.Stderr})
	stop()
	os.Exit(status)
}

func command(ctx context.Context, args []string, s surroundings) int {
	run, err := parse(args)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(s.out, usage)
		return exitOK
	}
	if err != nil {
		fmt.Fprintf(s.err, "%v\n\n%s", err, usage)
		return exitUsage
	}
	c, err := newClient(s.getenv, s.transport)
	if err != nil {
		fmt.Fprintln(s.err, err)
		return exitUsage
	}
	if err := run(ctx, c, s); err != nil {
		fmt.Fprintln(s.err, err)
		return exitNot
	}
	return exitOK
}

func parse(args []string) (verb, error) {
	if len(args) == 0 {
		return nil, errors.New("a verb is missing: open, wait or close")
	}
	switch args[0] {
	case "-h", "-help", "--help":
		return nil, flag.ErrHelp
	}
	parseVerb, ok := verbs[args[0]]
	if !ok {
		return nil, fmt.Errorf("no verb %q: open, wait or close", args[0])
	}
	return parseVerb(args[1:])
}
