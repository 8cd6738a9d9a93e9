package poll

import (
	"fmt"
	"io"
	"time"
)

// Progress prints how a wait gets on: whatever is new, and the same again where nothing was heard for a while.
type Progress struct {
	out     io.Writer
	every   time.Duration
	begin   time.Time
	line    string
	printed time.Time
}

// NewProgress returns the progress of a wait that begins now, with a line at least so often.
func NewProgress(out io.Writer, every time.Duration) *Progress {
	return &Progress{out: out, every: every, begin: time.Now()}
}

// Say prints a line, after the time since the beginning, unless it was the last one printed and that is not long ago.
func (p *Progress) Say(format string, args ...any) {
	line, now := fmt.Sprintf(format, args...), time.Now()
	if line == p.line && now.Sub(p.printed) < p.every {
		return
	}
	p.line, p.printed = line, now
	fmt.Fprintf(p.out, "%-7v %s\n", now.Sub(p.begin).Round(time.Second), line)
}

// Last returns the last line, without its time.
func (p *Progress) Last() string { return p.line }
