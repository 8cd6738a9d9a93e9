//go:build lab && linux

package lab

import (
	"fmt"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"ha-web/internal/probe"
)

// figures are what a drill measured.
type figures struct {
	drill  string
	took   time.Duration
	did    string // what was done to the stack
	paths  map[string]probe.Summary
	extras []string // further figures, each a short sentence
}

func (f *figures) note(format string, args ...any) {
	f.extras = append(f.extras, fmt.Sprintf(format, args...))
}

// proof are the figures of a run.
type proof struct {
	began time.Time
	all   []figures
}

func (p *proof) add(f figures) { p.all = append(p.all, f) }

// table returns the figures for a terminal.
func (p *proof) table() string {
	var out strings.Builder
	w := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "\nDRILL\tPATH\tSENT\tFAILED\tRETRIED\tRECOVERED AFTER\tLONGEST\tP50\tP99\tTOOK")
	for _, f := range p.all {
		for i, path := range []string{shallow, deep} {
			s, ok := f.paths[path]
			if !ok && i > 0 {
				continue
			}
			took := ""
			if i == 0 {
				took = seconds(f.took)
			}
			if !ok {
				fmt.Fprintf(w, "%s\t\t\t\t\t\t\t\t\t%s\n", f.drill, took)
				continue
			}
			fmt.Fprintf(w, "%s\t%s\t%d\t%d\t%d\t%s\t%s\t%s\t%s\t%s\n", f.drill, path, s.Sent, s.Failed, s.Retried, seconds(s.Recovery),
				seconds(s.Longest), milliseconds(s.P50), milliseconds(s.P99), took)
		}
	}
	w.Flush()
	for _, f := range p.all {
		for _, each := range f.extras {
			fmt.Fprintf(&out, "%s: %s\n", f.drill, each)
		}
	}
	return out.String()
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.1f s", d.Seconds()) }

func milliseconds(d time.Duration) string { return fmt.Sprintf("%d ms", d.Milliseconds()) }

// The part of docs/proof.md that a run writes.
const (
	proofBegins = "<!-- figures: written by UPDATE_PROOF=../docs/proof.md make lab -->\n"
	proofEnds   = "<!-- end of figures -->\n"
)

// write puts the figures into a page, in the place of those that it has. Nothing happens without a page.
func (p *proof) write(page string) error {
	if page == "" {
		return nil
	}
	content, err := os.ReadFile(page)
	if err != nil {
		return err
	}
	before, rest, begins := strings.Cut(string(content), proofBegins)
	_, after, ends := strings.Cut(rest, proofEnds)
	if !begins || !ends {
		return fmt.Errorf("%s: has no place for figures", page)
	}
	return os.WriteFile(page, []byte(before+proofBegins+"\n"+p.markdown()+"\n"+proofEnds+after), 0o644)
}

// markdown returns the figures as a table.
func (p *proof) markdown() string {
	var out strings.Builder
	fmt.Fprintf(&out, "Measured on %s.\n\n", p.began.UTC().Format("2006-01-02"))
	out.WriteString("| Drill | What was done | Path | Sent | Failed | Recovered after | Longest failure | p50 | p99 |\n")
	out.WriteString("| --- | --- | --- | --- | --- | --- | --- | --- | --- |\n")
	for _, f := range p.all {
		first := true
		for _, path := range []string{shallow, deep} {
			s, ok := f.paths[path]
			if !ok {
				continue
			}
			drill, did := f.drill, f.did
			if !first {
				drill, did = "", ""
			}
			first = false
			fmt.Fprintf(&out, "| %s | %s | `%s` | %d | %d | %s | %s | %s | %s |\n", drill, did, path, s.Sent, s.Failed,
				seconds(s.Recovery), seconds(s.Longest), milliseconds(s.P50), milliseconds(s.P99))
		}
	}
	out.WriteString("\n")
	for _, f := range p.all {
		for _, each := range f.extras {
			fmt.Fprintf(&out, "- %s: %s\n", f.drill, each)
		}
	}
	return out.String()
}
