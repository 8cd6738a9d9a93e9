package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"
)

func loadVerb(ctx context.Context, args []string, s streams) int {
	options, err := parseLoad(args)
	if err != nil {
		return wrong(s, err, loadUsage)
	}
	bound, cancel := context.WithTimeout(ctx, askingTime)
	defer cancel()
	found, err := options.source.read(bound, s.in)
	if err != nil {
		fmt.Fprintln(s.err, err)
		return exitUsage
	}
	target, err := options.target(found)
	if err != nil {
		fmt.Fprintln(s.err, err)
		return exitUsage
	}
	l, err := newLive(ctx, found)
	if err != nil {
		fmt.Fprintln(s.err, err)
		return exitNot
	}
	t := loadTest{live: l, options: options, target: target, streams: s}
	if err := t.prepare(ctx); err != nil {
		fmt.Fprintln(s.err, err)
		return exitNot
	}
	return t.finish(t.run(ctx))
}

// loadTest is one load on one stack.
type loadTest struct {
	*live
	options loadOptions
	target  loadTarget
	streams streams
}

// prepare looks whether the site answers at all, and asks whether to load it.
func (t *loadTest) prepare(ctx context.Context) error {
	for _, path := range t.target.paths {
		address := t.target.base + path.Path
		answered, err := t.site.get(ctx, request{address: address, host: t.target.host, trusts: t.target.trusts})
		switch {
		case err != nil:
			return fmt.Errorf("%s: %w\n%s", address, err, siteRemedy)
		case answered.status >= http.StatusBadRequest:
			return fmt.Errorf("%s answers %d: name a path that answers with -path", address, answered.status)
		}
	}
	o := t.options.confirm
	o.production = t.outputs.production()
	return confirmAtTerminal(ctx, t.streams, t.options.source, t.question(), o)
}

func (t *loadTest) question() string {
	text := fmt.Sprintf("load on %s: GET %s from %s, %d requests in %v, with %s at the peak.\nYou pay for the instances that it launches.",
		t.outputs.stack(), pathsOf(t.target.paths), t.target.base, t.options.shape.total(), t.options.shape.length(), t.options.peak())
	if t.outputs.CDNEnabled && t.options.to == toSite {
		text += " AWS WAF counts this machine as one visitor:\nunless cdn.waf.rateLimitExempt lists its address, it gets 429 after cdn.waf.rateLimit requests in five minutes (10000 by default)."
	}
	return text
}

// peak describes the rate at the peak.
func (o *loadOptions) peak() string {
	text := fmt.Sprintf("%.4g requests a second", o.shape.peak)
	if o.users > 0 {
		text += fmt.Sprintf(" (%d users, one each %v)", o.users, o.think)
	}
	return text
}

func pathsOf(paths []weighted) string {
	var all []string
	for _, each := range paths {
		text := each.Path
		if len(paths) > 1 {
			text += fmt.Sprintf(" (weight %d)", each.Weight)
		}
		all = append(all, text)
	}
	return strings.Join(all, ", ")
}

// finish writes the report, and returns the exit status.
func (t *loadTest) finish(r *loadReport) int {
	write := r.writeTable
	if t.options.source.format == "json" {
		write = r.writeJSON
	}
	if err := write(t.streams.out); err != nil {
		fmt.Fprintln(t.streams.err, err)
		return exitNot
	}
	if err := writeFile(t.options.source.report, r.writeMarkdown); err != nil {
		fmt.Fprintf(t.streams.err, "-report: %v\n", err)
		return exitNot
	}
	if !r.Passed {
		return exitNot
	}
	return exitOK
}

// concluding is how long the questions after a load may take.
const concluding = time.Minute
