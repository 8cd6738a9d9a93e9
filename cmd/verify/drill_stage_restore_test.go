package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// What leads to a copy on a stage, and what it has.

func (s *stage) lookPath(program string) (string, error) {
	if slices.Contains(s.missing, program) {
		return "", errors.New("not found")
	}
	return "/bin/" + program, nil
}

func (s *stage) openTunnel(template string, to passage) (tunnel, error) {
	s.tunnels, s.templates = append(s.tunnels, to), append(s.templates, template)
	s.open++
	return &stagedTunnel{stage: s, ended: len(s.tunnels) <= s.broken}, nil
}

type stagedTunnel struct {
	stage         *stage
	ended, closed bool
}

func (t *stagedTunnel) Address() string {
	return fmt.Sprintf("127.0.0.1:%d", 50000+len(t.stage.tunnels))
}
func (t *stagedTunnel) Ended() (bool, string) {
	return t.ended, "TargetNotConnected: i-1 is not connected."
}

func (t *stagedTunnel) Close() error {
	if !t.closed {
		t.stage.open--
	}
	t.closed = true
	return nil
}

func (s *stage) connectDatabase(to connection) (reader, error) {
	s.accessed = append(s.accessed, to)
	return stagedReader{s}, nil
}

type stagedReader struct{ stage *stage }

func (r stagedReader) Ping(context.Context) error {
	if r.stage.open == 0 || len(r.stage.tunnels) <= r.stage.broken {
		return errors.New("connection refused")
	}
	if r.stage.deaf > 0 {
		r.stage.deaf--
		return errors.New("password authentication failed for user \"appuser\"")
	}
	return nil
}

func (r stagedReader) Count(_ context.Context, table string) (counted, error) {
	if table != "" {
		rows, there := r.stage.rows[table]
		if !there {
			return counted{}, fmt.Errorf("%w %s", errNoTable, table)
		}
		return counted{1, rows}, nil
	}
	found := counted{tables: len(r.stage.rows)}
	for _, rows := range r.stage.rows {
		found.rows += rows
	}
	return found, nil
}

func (r stagedReader) Close() error { return nil }

// passages are the tunnels that were opened, as a test compares them.
func (s *stage) passages() []string {
	var all []string
	for _, each := range s.tunnels {
		all = append(all, fmt.Sprintf("%s %s %s:%d", each.region, each.instance, each.host, each.port))
	}
	return all
}
