package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"
)

// widest is how many columns a table has at most.
const widest = 120

// writeTable writes results for people. Failures are repeated at the end, where a terminal stops, with what to do.
func writeTable(w io.Writer, stack string, results []result) error {
	names := len("CHECK")
	for _, each := range results {
		names = max(names, len(each.name))
	}
	var out strings.Builder
	row := func(name, status, seen string) {
		head := fmt.Sprintf("%-*s  %-6s  ", names, name, status)
		for _, line := range wrap(seen, widest-len(head)) {
			fmt.Fprintln(&out, strings.TrimRight(head+line, " "))
			head = strings.Repeat(" ", len(head))
		}
	}
	row("CHECK", "RESULT", "SEEN")
	for _, each := range results {
		row(each.name, string(each.status), each.seen)
	}
	fmt.Fprintf(&out, "\n%s: %s\n", stack, summary(results))
	for _, each := range results {
		if each.status != statusFail {
			continue
		}
		fmt.Fprintf(&out, "\n%s failed: %s\n", each.name, strings.Join(wrap(each.title, widest-len(each.name)-9), "\n  "))
		for _, line := range [][2]string{{"seen: ", each.seen}, {"do:   ", each.remedy}} {
			fmt.Fprintf(&out, "  %s%s\n", line[0], strings.Join(wrap(line[1], widest-8), "\n        "))
		}
	}
	_, err := io.WriteString(w, out.String())
	return err
}

func summary(results []result) string {
	return fmt.Sprintf("%d passed, %d failed, %d skipped", count(results, statusPass), count(results, statusFail), count(results, statusSkip))
}

// wrap breaks text at spaces into lines of at most width columns. A longer word is broken where the line ends.
func wrap(text string, width int) []string {
	lines := []string{""}
	for _, word := range strings.Fields(text) {
		last := &lines[len(lines)-1]
		switch {
		case *last == "":
			*last = word
		case len(*last)+1+len(word) <= width:
			*last += " " + word
		default:
			lines = append(lines, word)
		}
		for last = &lines[len(lines)-1]; len(*last) > width; last = &lines[len(lines)-1] {
			rest := (*last)[width:]
			*last = (*last)[:width]
			lines = append(lines, rest)
		}
	}
	return lines
}

// report is the JSON of verify check: names and order are stable.
type report struct {
	Stack   string         `json:"stack"`
	Passed  int            `json:"passed"`
	Failed  int            `json:"failed"`
	Skipped int            `json:"skipped"`
	Checks  []reportedItem `json:"checks"`
}

type reportedItem struct {
	Name   string `json:"name"`
	Title  string `json:"title"`
	Result status `json:"result"`
	Seen   string `json:"seen"`
	Remedy string `json:"remedy,omitempty"`
}

func writeJSON(w io.Writer, stack string, results []result) error {
	all := report{stack, count(results, statusPass), count(results, statusFail), count(results, statusSkip), []reportedItem{}}
	for _, each := range results {
		all.Checks = append(all.Checks, reportedItem{each.name, each.title, each.status, each.seen, each.remedy})
	}
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(all)
}

// writeMarkdown writes results for a change record.
func writeMarkdown(w io.Writer, stack string, results []result, at time.Time) error {
	var out strings.Builder
	fmt.Fprintf(&out, "# Checks of %s\n\n%s: %s.\n\n", stack, at.UTC().Format("2006-01-02 15:04 UTC"), summary(results))
	out.WriteString("| Check | What it asserts | Result | Seen | What to do |\n| --- | --- | --- | --- | --- |\n")
	for _, each := range results {
		fmt.Fprintf(&out, "| `%s` | %s | %s | %s | %s |\n", each.name, cell(each.title), each.status, cell(each.seen), cell(each.remedy))
	}
	_, err := io.WriteString(w, out.String())
	return err
}

// markdown escapes what would end a cell of a table, or be taken for markup.
var markdown = strings.NewReplacer("|", `\|`, "<", "&lt;", "*", `\*`, "_", `\_`, "`", "\\`")

func cell(text string) string { return markdown.Replace(text) }
