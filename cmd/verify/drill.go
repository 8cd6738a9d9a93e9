package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"ha-web/internal/poll"
	"ha-web/internal/probe"
)

// drill is something that goes wrong on purpose, to see what the stack makes of it.
type drill struct {
	name    string // what it is called on the command line
	title   string
	does    string        // to the stack, a sentence
	promise string        // what the stack promises meanwhile, a sentence
	goal    string        // what the drill waits for, as a report calls it
	reached string        // what is so then, a sentence
	actions []string      // of IAM, that it needs besides those that read
	deep    bool          // needs a path that asks the database
	retry   bool          // a request for that path which fails is sent once more
	timeout time.Duration // how long each wait may take, unless the command line says
	after   time.Duration // how long requests go on after the recovery, unless the command line says
	begin   func(*trial) operation
}

// drills are all of them.
var drills = []drill{instanceDrill, zoneDrill, failoverDrill, rotationDrill, restoreDrill}

func findDrill(name string) (drill, bool) {
	at := slices.IndexFunc(drills, func(each drill) bool { return each.name == name })
	if at < 0 {
		return drill{}, false
	}
	return drills[at], true
}

// operation is one run of a drill, step by step.
type operation interface {
	// prepare looks whether the stack may be disturbed, and returns what act is going to do, exactly.
	prepare(ctx context.Context) (string, error)
	// act does it. What has to be put back is registered with trial.changed before it changes.
	act(ctx context.Context) error
	// recovered says whether the stack is at full strength again, and what it is like now.
	recovered(ctx context.Context) (bool, string, error)
	// judge says what was seen of the promise.
	judge(m measured) []claim
}

// settler is an operation after which the stack needs time to be as it was.
type settler interface {
	settled(ctx context.Context) (bool, string, error)
}

// concluder is an operation that asks AWS something at the end, before it judges.
type concluder interface {
	conclude(ctx context.Context) error
}

// measured is what a trial knows at its end.
type measured struct {
	acted    time.Time
	strength ending // of the wait for full strength, from the act on
	settled  ending // of the wait until the stack is as it was, after everything was put back
	left     error  // what could not be undone
	results  []probe.Result
	paths    []probe.Summary
}

// ending is how a wait ended.
type ending struct {
	done  bool // and not out of time
	took  time.Duration
	state string // of the stack at the end
}

// claim is a part of a promise.
type claim struct {
	text string // what should be, a sentence
	met  bool
	seen string
}

// trial is one run of a drill on a stack.
type trial struct {
	*live
	drill   drill
	options drillOptions
	streams streams

	operation operation
	intent    string // what is going to be done
	progress  *poll.Progress
	undoing   context.Context // for putting back: only a second Ctrl-C ends it
	changes   []change        // that have to be put back
	restored  []string        // what was put back
	figures   []figure        // that the drill adds to the report
}

// figure is a line of the report.
type figure struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

func (t *trial) note(name, format string, args ...any) {
	t.figures = append(t.figures, figure{name, fmt.Sprintf(format, args...)})
}

// refusal is why a drill does not begin, and what to do.
type drillRefusal struct{ seen, remedy string }

func (r drillRefusal) Error() string { return "not begun: " + r.seen + "\n" + r.remedy }

func refuse(remedy, format string, args ...any) error {
	return drillRefusal{oneLine(fmt.Sprintf(format, args...)), oneLine(remedy)}
}

// refuseFailure refuses for what a check found.
func refuseFailure(found finding) error {
	if found.status == statusPass {
		return nil
	}
	if found.remedy == "" {
		return refuse("verify check says more", "%s", found.seen)
	}
	return refuse(found.remedy, "%s", found.seen)
}

// errInterrupted is a drill that did not end because of Ctrl-C.
var errInterrupted = errors.New("interrupted: no report, because the drill did not end")
