package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"strings"
	"time"

	"ha-web/internal/validate"
)

const loadUsage = `usage: verify load -users NUMBER | -rate NUMBER [flags]

Send a live stack the requests of an exam, and report every 10 seconds how fast it answers, what fails, and how many instances
there are. The rate grows, stays and falls, whether or not requests are answered in time: people do not wait for each other. It
sends GET requests, to the stack's own hosts only, follows no redirect, and asks before it begins. Ctrl-C ends it.

  -outputs FILE         outputs of the stack, as pulumi stack output --json prints them (default -, stdin)
  -stack PROJECT/STACK  read the outputs from the SSM parameter /PROJECT/STACK/outputs instead
  -users NUMBER         people who use the site at the same time, at the peak
  -think TIME           how long each of them reads between two requests (default 30s)
  -rate NUMBER          requests a second at the peak, in place of -users and -think
  -ramp TIME            how long the rate grows, and how long it falls at the end (default 2m)
  -hold TIME            how long it stays at its peak (default 5m)
  -path PATH[:WEIGHT]   path to request, as often as its weight says. Give several with several -path (default /)
  -to HOST              site, which is the output url, or load-balancer, which goes past CloudFront (default site)
  -request-timeout TIME how long a request may take (default 30s)
  -max-errors PERCENT   how many requests may fail (default 1)
  -max-rate NUMBER      refuse a peak of more requests a second (default 2000)
  -yes                  do not ask. Needed where standard input is no terminal, or has the outputs
  -yes-production       load a production stack too
  -format FORMAT        table, or json for programs (default table)
  -report FILE          also write the report as Markdown, for a change record

Exit status: 0 at most -max-errors of the requests failed, 1 more did, or the load did not begin or was interrupted, 2 for a wrong
command line or outputs.
`

// Hosts that a load may go to.
const (
	toSite     = "site"
	toBalancer = "load-balancer"
)

type loadOptions struct {
	source  checkOptions
	confirm confirmOptions
	shape   shape
	users   int
	think   time.Duration
	paths   []weighted
	to      string
	timeout time.Duration

	maxRate, maxErrors float64
}

func parseLoad(args []string) (loadOptions, error) {
	var o loadOptions
	flags := flag.NewFlagSet("load", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&o.source.outputs, "outputs", "", "")
	flags.StringVar(&o.source.stack, "stack", "", "")
	flags.StringVar(&o.source.format, "format", "table", "")
	flags.StringVar(&o.source.report, "report", "", "")
	flags.BoolVar(&o.confirm.yes, "yes", false, "")
	flags.BoolVar(&o.confirm.yesProduction, "yes-production", false, "")
	flags.IntVar(&o.users, "users", 0, "")
	flags.DurationVar(&o.think, "think", 30*time.Second, "")
	flags.Float64Var(&o.shape.peak, "rate", 0, "")
	flags.DurationVar(&o.shape.ramp, "ramp", 2*time.Minute, "")
	flags.DurationVar(&o.shape.hold, "hold", 5*time.Minute, "")
	flags.StringVar(&o.to, "to", toSite, "")
	flags.DurationVar(&o.timeout, "request-timeout", 30*time.Second, "")
	flags.Float64Var(&o.maxErrors, "max-errors", 1, "")
	flags.Float64Var(&o.maxRate, "max-rate", 2000, "")
	flags.Func("path", "", func(value string) error {
		path, err := parsePath(value)
		o.paths = append(o.paths, path)
		return err
	})
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	given := map[string]bool{}
	flags.Visit(func(each *flag.Flag) { given[each.Name] = true })
	if len(o.paths) == 0 {
		o.paths = []weighted{{"/", 1}}
	}
	var faults validate.Faults
	if flags.NArg() > 0 {
		faults.Add(flags.Arg(0), "is one argument too many")
	}
	o.source.validateSource(&faults)
	o.validateRate(&faults, given)
	o.validate(&faults)
	return o, faults.Err()
}

// validateRate checks the rate, and computes that of users.
func (o *loadOptions) validateRate(faults *validate.Faults, given map[string]bool) {
	switch {
	case !given["users"] && !given["rate"]:
		faults.Add("-users", "is missing: give -users, or -rate")
		return
	case given["rate"] && (given["users"] || given["think"]):
		faults.Add("-rate", "must not be given with -users or -think, which say the same")
		return
	case given["users"] && o.users < 1:
		faults.Add("-users", "must be 1 or more, got %d", o.users)
		return
	case o.think < time.Second:
		faults.Add("-think", "must be 1s or more, got %v", o.think)
		return
	case given["users"]:
		o.shape.peak = float64(o.users) / o.think.Seconds()
	}
	if !(o.shape.peak > 0) {
		faults.Add("-rate", "must be more than 0, got %v", o.shape.peak)
	}
	if o.shape.peak > o.maxRate {
		faults.Add("-max-rate", "must be at least the peak of %.4g requests a second, got %v", o.shape.peak, o.maxRate)
	}
}

// longestPhase bounds how long a load may run unattended.
const longestPhase = 12 * time.Hour

func (o *loadOptions) validate(faults *validate.Faults) {
	for _, each := range []struct {
		name        string
		given, from time.Duration
	}{{"-ramp", o.shape.ramp, 0}, {"-hold", o.shape.hold, 0}, {"-request-timeout", o.timeout, time.Millisecond}} {
		if each.given < each.from || each.given > longestPhase {
			faults.Add(each.name, "must be %v to %v, got %v", each.from, longestPhase, each.given)
		}
	}
	if o.shape.peak > 0 && o.shape.total() == 0 {
		faults.Add("-hold", "must be longer, together with -ramp: no request would be sent")
	}
	validate.OneOf(faults, "-to", o.to, toSite, toBalancer)
	if !(o.maxErrors >= 0 && o.maxErrors <= 100) {
		faults.Add("-max-errors", "must be 0 to 100, got %v", o.maxErrors)
	}
	if !(o.maxRate > 0) {
		faults.Add("-max-rate", "must be more than 0, got %v", o.maxRate)
	}
}

var errPath = errors.New("must be a path such as /courses, with a weight of 1 to 1000 where there are several: /courses:3")

// parsePath parses a path with an optional weight. It begins with one slash, so that it names no other host.
func parsePath(text string) (weighted, error) {
	path, weight := text, 1
	if at := strings.LastIndex(text, ":"); at >= 0 {
		var err error
		if weight, err = strconv.Atoi(text[at+1:]); err != nil || weight < 1 || weight > 1000 {
			return weighted{}, errPath
		}
		path = text[:at]
	}
	parsed, err := url.ParseRequestURI(path)
	if err != nil || !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") || parsed.Host != "" || strings.Contains(path, "#") {
		return weighted{}, errPath
	}
	return weighted{path, weight}, nil
}

// target returns where the requests go, or why they cannot.
func (o *loadOptions) target(found *outputs) (loadTarget, error) {
	at := loadTarget{paths: o.paths, timeout: o.timeout}
	if o.to == toBalancer {
		if !found.answersAll() {
			return at, errors.New("-to load-balancer: the load balancer answers CloudFront alone (web.ingress), so use -to site")
		}
		asked := found.balancerRequest("")
		at.base, at.host, at.trusts = asked.address, asked.host, asked.trusts
		return at, nil
	}
	parsed, err := url.Parse(found.URL)
	if err != nil || parsed.Host == "" || parsed.Scheme != "http" && parsed.Scheme != "https" {
		return at, fmt.Errorf("output url must be an address such as https://learn.example.edu, got %q", found.URL)
	}
	at.base = parsed.Scheme + "://" + parsed.Host
	return at, nil
}
