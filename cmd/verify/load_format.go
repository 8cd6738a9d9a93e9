package main

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"time"
)

// loadColumns are what a load says of each interval, while it goes on and in its report.
var loadColumns = []string{"Time", "Requests/s", "Failed", "p50", "p99", "Desired", "In service", "Healthy"}

// loadLine is a line of the table that grows.
const loadLine = "%8s  %10s  %8s  %9s  %9s  %7s  %10s  %7s\n"

// progress is where the table grows: beside the JSON of -format json.
func (t *loadTest) progress() io.Writer {
	if t.options.source.format == "json" {
		return t.streams.err
	}
	return t.streams.out
}

func (t *loadTest) writeHead() {
	var head []any
	for _, each := range loadColumns {
		head = append(head, strings.ToUpper(each))
	}
	fmt.Fprintf(t.progress(), loadLine, head...)
}

func (r windowReport) cells() []any {
	cells := []any{
		span(r.Until).Round(time.Second), fmt.Sprintf("%.1f", r.Rate), r.Failed,
		milliseconds(r.P50), milliseconds(r.P99),
	}
	if r.Requests == r.Failed {
		cells[3], cells[4] = "-", "-"
	}
	if r.Fleet == nil {
		return texts(append(cells, "-", "-", "-"))
	}
	return texts(append(cells, r.Fleet.Desired, r.Fleet.InService, r.Fleet.Healthy))
}

func texts(values []any) []any {
	for i, each := range values {
		values[i] = fmt.Sprint(each)
	}
	return values
}

// lines are the figures of a report.
func (r *loadReport) lines() []figure {
	lines := []figure{
		{"requests", fmt.Sprintf("%d of %d planned, %d failed (%v%%)", r.Ended, r.Planned, r.Failed, r.Percent)},
		{"times", fmt.Sprintf("p50 %s, p90 %s, p99 %s, longest %s, of the requests that succeeded",
			milliseconds(r.P50), milliseconds(r.P90), milliseconds(r.P99), milliseconds(r.Max))},
		{"answers", r.answers()},
		{"fleet", r.fleet()},
		{"scaling", r.scaling()},
		{"alarms", ringsOf(r.Alarms, r.AlarmsUnknown)},
	}
	for _, each := range r.Notes {
		lines = append(lines, figure{"note", each})
	}
	return lines
}

func (r *loadReport) answers() string {
	var all []string
	for _, each := range r.Answers {
		all = append(all, fmt.Sprintf("%d × %s", each.Count, each.Answer))
	}
	return cmp.Or(strings.Join(all, ", "), "none")
}

func (r *loadReport) fleet() string {
	if r.First == nil {
		return "not known: " + r.FleetUnknown
	}
	return fmt.Sprintf("%d desired, %d in service, %d healthy before; at most %d desired, %d in service, %d healthy",
		r.First.Desired, r.First.InService, r.First.Healthy, r.Most.Desired, r.Most.InService, r.Most.Healthy)
}

func (r *loadReport) scaling() string {
	if r.ScalingUnknown != "" {
		return "not known: " + r.ScalingUnknown
	}
	switch len(r.Scaling) {
	case 0:
		return "none"
	case 1:
		return "1 activity, see below"
	}
	return fmt.Sprintf("%d activities, see below", len(r.Scaling))
}

func (s scalingReport) cells() []string {
	return []string{secondsOr(&s.After, ""), s.Status, cmp.Or(s.Instance, "-"), s.Why}
}

func (r *loadReport) verdict() string {
	text := fmt.Sprintf("passed: %v%% failed, and at most %v%% may", r.Percent, r.MaxErrors)
	switch {
	case r.Interrupted:
		return "interrupted: the stack has not carried all of the load"
	case r.Ended == 0:
		return "failed: no request was answered"
	case !r.Passed:
		return strings.Replace(text, "passed", "failed", 1)
	}
	return text
}

func (r *loadReport) title() string {
	return fmt.Sprintf("%s at the peak, ramped up in %v, held for %v and ramped down in %v, to %s: %s", r.Peak,
		span(r.Ramp), span(r.Hold), span(r.Ramp), r.Target, pathsOf(r.Paths))
}

func span(seconds float64) time.Duration { return time.Duration(seconds * float64(time.Second)) }

// writeTable writes what the table that grew does not say, with the verdict at the end, where a terminal stops.
func (r *loadReport) writeTable(w io.Writer) error {
	var out strings.Builder
	paragraph := func(indent int, text string) {
		fmt.Fprintln(&out, strings.Join(wrap(text, widest-indent), "\n"+strings.Repeat(" ", indent)))
	}
	fmt.Fprintln(&out)
	paragraph(2, fmt.Sprintf("load on %s at %s: %s", r.Stack, minute(r.At), r.title()))
	fmt.Fprintln(&out)
	for _, each := range r.lines() {
		fmt.Fprintf(&out, "%-10s", each.Name)
		paragraph(10, each.Value)
	}
	if len(r.Scaling) > 0 {
		fmt.Fprintln(&out)
	}
	for _, each := range r.Scaling {
		cells := each.cells()
		fmt.Fprintln(&out, shorten(fmt.Sprintf("%10s  %-10s  %-19s  %s", cells[0], cells[1], cells[2], cells[3]), widest))
	}
	fmt.Fprintln(&out)
	paragraph(2, r.verdict())
	_, err := io.WriteString(w, out.String())
	return err
}

// writeMarkdown writes a report for a change record.
func (r *loadReport) writeMarkdown(w io.Writer) error {
	var out strings.Builder
	row := func(cells ...string) { fmt.Fprintf(&out, "| %s |\n", strings.Join(cells, " | ")) }
	head := func(columns ...string) {
		row(columns...)
		row(strings.Split(strings.Repeat("---,", len(columns)-1)+"---", ",")...)
	}
	fmt.Fprintf(&out, "# Load on %s\n\n%s: %s.\n\nThe load %s.\n\n", r.Stack, minute(r.At), cell(r.title()), cell(r.verdict()))
	head("Figure", "Value")
	for _, each := range r.lines() {
		row(cell(each.Name), cell(each.Value))
	}
	fmt.Fprintln(&out)
	head(loadColumns...)
	for _, each := range r.Windows {
		var cells []string
		for _, value := range each.cells() {
			cells = append(cells, fmt.Sprint(value))
		}
		row(cells...)
	}
	if len(r.Scaling) > 0 {
		fmt.Fprintln(&out)
		head("After", "Status", "Instance", "Why")
	}
	for _, each := range r.Scaling {
		cells := each.cells()
		row(cells[0], cells[1], cells[2], cell(cells[3]))
	}
	_, err := io.WriteString(w, out.String())
	return err
}
