package plan

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"ha-web/internal/controls"
	"ha-web/internal/offline"
)

// statuses in the order of how much they matter.
var statuses = []controls.Status{controls.Fail, controls.Excepted, controls.Pass, controls.NotApplicable}

// WriteControls writes what became of controls for people: a line for each, with what was found and why it may be so, or
// what to do about it, and counts.
func WriteControls(out io.Writer, recording *offline.Recording, results []controls.Result) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "%s %s: controls\n\n", recording.Project, recording.Stack)
	for _, result := range results {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s%s\n", result.Status, result.ID, result.Severity, result.Title, result.Others())
	}
	if err := table.Flush(); err != nil {
		return err
	}
	var text strings.Builder
	for _, status := range []controls.Status{controls.Excepted, controls.Fail} {
		writeFindings(&text, results, status)
	}
	text.WriteString("\n")
	counts := controls.Counts(results)
	for _, status := range statuses {
		fmt.Fprintf(&text, "%d %s, ", counts[status], status)
	}
	fmt.Fprintf(&text, "of %d controls\n", len(results))
	_, err := io.WriteString(out, text.String())
	return err
}

// headings stand over what was found, by status.
var headings = map[controls.Status]string{controls.Excepted: "exceptions", controls.Fail: "failed"}

func writeFindings(text *strings.Builder, results []controls.Result, status controls.Status) {
	heading := headings[status]
	for _, result := range results {
		if result.Status != status {
			continue
		}
		if heading != "" {
			fmt.Fprintf(text, "\n%s\n", heading)
			heading = ""
		}
		fmt.Fprintf(text, "  %s  %s\n", result.ID, result.Title)
		for _, finding := range groupFindings(result.Findings) {
			fmt.Fprintf(text, "    %s\n", finding)
		}
		if status == controls.Fail {
			fmt.Fprintf(text, "    To mend it: %s.\n", result.Remedy)
		}
	}
}

// groupFindings returns a line for each resource, and after those that share a reason the reason.
func groupFindings(findings []controls.Finding) []string {
	findings = slices.Clone(findings)
	slices.SortStableFunc(findings, func(a, b controls.Finding) int { return cmp.Compare(a.Exception, b.Exception) })
	var lines []string
	for i, each := range findings {
		kind, name, _ := strings.Cut(each.Resource, "::")
		lines = append(lines, fmt.Sprintf("%s %s: %s", shortType(kind), name, each.Fault))
		if each.Exception != "" && (i+1 == len(findings) || findings[i+1].Exception != each.Exception) {
			lines = append(lines, "  "+each.Exception)
		}
	}
	return lines
}

// WriteControlsJSON writes the same for programs: sorted, and stable to the byte.
func WriteControlsJSON(out io.Writer, recording *offline.Recording, results []controls.Result) error {
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(struct {
		Project  string                  `json:"project"`
		Stack    string                  `json:"stack"`
		Counts   map[controls.Status]int `json:"counts"`
		Controls []controls.Result       `json:"controls"`
	}{recording.Project, recording.Stack, controls.Counts(results), results})
}
