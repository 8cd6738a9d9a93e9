package main

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// probeColumns are what the formats say of each path.
var probeColumns = []string{"Path", "Sent", "Failed", "Retried", "First failure", "Last failure", "Recovered", "Longest outage", "p50", "p99"}

func (p pathReport) cells() []string {
	again := secondsOr(p.Recovery, "never")
	if p.Failed == 0 {
		again = "-"
	}
	return []string{
		p.Path, fmt.Sprint(p.Sent), fmt.Sprint(p.Failed), fmt.Sprint(p.Retried), secondsOr(p.FirstFailure, "-"), secondsOr(p.LastFailure, "-"),
		again, secondsOr(&p.Longest, ""), milliseconds(p.P50), milliseconds(p.P99),
	}
}

func secondsOr(value *float64, none string) string {
	if value == nil {
		return none
	}
	return fmt.Sprintf("%.1f s", *value)
}

func milliseconds(seconds float64) string { return fmt.Sprintf("%.0f ms", seconds*1000) }

// lines are the figures of a report besides those of the paths.
func (r *drillReport) lines() []figure {
	reached := "not in time: " + r.State
	if r.GoalAt != nil {
		reached = fmt.Sprintf("after %s: %s", secondsOr(r.GoalAt, ""), r.State)
	}
	lines := append([]figure{{r.Goal, reached}}, r.Figures...)
	lines = append(lines, figure{"alarms", ringsOf(r.Alarms, r.AlarmsUnknown)})
	if len(r.Undone) > 0 {
		lines = append(lines, figure{"undone", strings.Join(r.Undone, ", ")})
	}
	return lines
}

// ringsOf describes which alarms rang, or why that is not known.
func ringsOf(alarms []ring, unknown string) string {
	if unknown != "" {
		return "not known: " + unknown
	}
	var all []string
	for _, each := range alarms {
		all = append(all, fmt.Sprintf("%s after %s", each.Name, secondsOr(&each.After, "")))
	}
	return cmp.Or(strings.Join(all, ", "), "none rang so far")
}

func (r *drillReport) verdict() string {
	if r.Kept {
		return "kept"
	}
	return "not kept"
}

// writeTable writes a report for people, with the promise at the end, where a terminal stops.
func (r *drillReport) writeTable(w io.Writer) error {
	var out strings.Builder
	paragraph := func(indent int, text string) {
		fmt.Fprintln(&out, strings.Join(wrap(text, widest-indent), "\n"+strings.Repeat(" ", indent)))
	}
	paragraph(2, fmt.Sprintf("drill %s of %s at %s: %s", r.Drill, r.Stack, minute(r.At), r.Did))
	fmt.Fprintln(&out)
	table := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, strings.ToUpper(strings.Join(probeColumns, "\t")))
	for _, each := range r.Paths {
		fmt.Fprintln(table, strings.Join(each.cells(), "\t"))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(&out)
	for _, each := range r.lines() {
		fmt.Fprintf(&out, "%-15s", each.Name)
		paragraph(15, each.Value)
	}
	fmt.Fprintln(&out)
	paragraph(2, fmt.Sprintf("promise %s: %s", r.verdict(), r.Promise))
	for _, each := range r.Claims {
		fmt.Fprintf(&out, "  %-9s", map[bool]string{true: "met", false: "NOT MET"}[each.Met])
		paragraph(11, each.Claim+" "+each.Seen)
	}
	_, err := io.WriteString(w, out.String())
	return err
}

// writeMarkdown writes a report for a change record.
func (r *drillReport) writeMarkdown(w io.Writer) error {
	var out strings.Builder
	fmt.Fprintf(&out, "# %s: drill of %s\n\n%s: %s Promise %s.\n\n", r.Title, r.Stack, minute(r.At), cell(r.Did), r.verdict())
	row := func(cells ...string) { fmt.Fprintf(&out, "| %s |\n", strings.Join(cells, " | ")) }
	rule := func(columns int) { row(strings.Split(strings.Repeat("---,", columns-1)+"---", ",")...) }
	row(probeColumns...)
	rule(len(probeColumns))
	for _, each := range r.Paths {
		cells := each.cells()
		cells[0] = "`" + cells[0] + "`"
		row(cells...)
	}
	fmt.Fprintln(&out)
	row("Figure", "Value")
	rule(2)
	for _, each := range r.lines() {
		row(cell(each.Name), cell(each.Value))
	}
	fmt.Fprintf(&out, "\n%s\n\n", r.Promise)
	row("Claim", "Result", "Seen")
	rule(3)
	for _, each := range r.Claims {
		row(cell(each.Claim), map[bool]string{true: "met", false: "not met"}[each.Met], cell(each.Seen))
	}
	_, err := io.WriteString(w, out.String())
	return err
}
