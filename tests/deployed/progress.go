//go:build e2e || lab

package deployed

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
)

// slowest says which resources took the longest, and how many seconds.
func slowest(stream []apitype.EngineEvent, count int) string {
	type took struct {
		what    string
		seconds int
	}
	began := map[string]int{}
	var all []took
	for _, event := range stream {
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
	return strings.Join(list, ", ")
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
