//go:build e2e || lab

package deployed

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/auto/events"
)

// Progress shows on the terminal what takes long, and of which test: out is for what Pulumi prints, and events for what it
// tells of each resource. At the end it logs how long it took, and which resources took the longest.
func (s *Stack) Progress(t testing.TB, step string) (out io.Writer, stream chan<- events.EngineEvent, done func()) {
	t.Helper()
	started := time.Now()
	out = &prefixed{prefix: s.test}
	fmt.Fprintf(out, "== %s, %s\n", step, started.Format(time.TimeOnly))
	told := make(chan events.EngineEvent)
	slow := make(chan []string, 1)
	go func() { slow <- slowest(told, 5) }()
	return out, told, func() {
		took := time.Since(started).Seconds()
		fmt.Fprintf(out, "== %s: %.1f s\n", step, took)
		t.Logf("%s: %.1f s, of which %s", step, took, strings.Join(<-slow, ", "))
	}
}

// slowest returns the resources that took the longest, with their seconds.
func slowest(stream <-chan events.EngineEvent, count int) []string {
	type took struct {
		what    string
		seconds int
	}
	began := map[string]int{}
	var all []took
	for event := range stream {
		switch {
		case event.ResourcePreEvent != nil:
			began[event.ResourcePreEvent.Metadata.URN] = event.Timestamp
		case event.ResOutputsEvent != nil && strings.HasPrefix(event.ResOutputsEvent.Metadata.Type, "aws:"): // components last as long as their children
			metadata := event.ResOutputsEvent.Metadata
			name := metadata.URN[strings.LastIndex(metadata.URN, "::")+2:]
			kind := metadata.Type[strings.LastIndex(metadata.Type, ":")+1:]
			all = append(all, took{fmt.Sprintf("%s %s %s", metadata.Op, kind, name), event.Timestamp - began[metadata.URN]})
		}
	}
	slices.SortStableFunc(all, func(a, b took) int { return b.seconds - a.seconds })
	var list []string
	for _, each := range all[:min(count, len(all))] {
		list = append(list, fmt.Sprintf("%s %d s", each.what, each.seconds))
	}
	return list
}

// prefixed writes whole lines to the terminal, each with a prefix, so that those of several tests can be told apart.
type prefixed struct {
	prefix string
	rest   []byte
}

var terminal sync.Mutex

func (p *prefixed) Write(text []byte) (int, error) {
	p.rest = append(p.rest, text...)
	end := bytes.LastIndexByte(p.rest, '\n')
	if end < 0 {
		return len(text), nil
	}
	terminal.Lock()
	defer terminal.Unlock()
	for line := range bytes.Lines(p.rest[:end+1]) {
		if len(bytes.TrimSpace(line)) > 0 {
			fmt.Fprintf(os.Stderr, "%-12s | %s", p.prefix, line)
		}
	}
	p.rest = append([]byte(nil), p.rest[end+1:]...)
	return len(text), nil
}
