package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// loadEvery is how often a load reports.
const loadEvery = 10 * time.Second

// window is what happened in one interval of a load.
type window struct {
	end      time.Duration // since the begin of the load
	length   time.Duration
	requests int // that ended
	failed   int
	took     []time.Duration // of those that succeeded
}

// tally counts the results of a load.
type tally struct {
	began   time.Time
	now     window
	windows []windowReport
	answers map[loadResult]int // by answer, without took
	took    []time.Duration    // of all that succeeded
	done    int
	failed  int

	// Of the fleet, as far as it is known.
	first, most *fleetReport
	unknown     string // why it is not
}

func (t *tally) add(r loadResult) {
	t.done++
	t.now.requests++
	t.answers[loadResult{answer: r.answer, failed: r.failed}]++
	if r.failed {
		t.failed++
		t.now.failed++
		return
	}
	t.took = append(t.took, r.took)
	t.now.took = append(t.now.took, r.took)
}

// cut ends a window, and begins the next.
func (t *tally) cut() window {
	ended := t.now
	previous := ended.end
	ended.end = time.Since(t.began)
	ended.length = ended.end - previous
	t.now = window{end: ended.end}
	return ended
}

// observation is a window, with the fleet as it was at its end.
type observation struct {
	window
	fleet *fleetReport
	err   error
}

// run sends the load, reports while it goes on, and returns what happened.
func (t *loadTest) run(ctx context.Context) *loadReport {
	t.writeHead()
	counted := &tally{answers: map[loadResult]int{}}
	counted.note(t.look(ctx, window{})) // as it was before
	counted.began = time.Now()
	sending := sendLoad(t.target, t.options.shape)
	interrupted := t.count(ctx, sending, counted)
	sending.stop()
	// What is under way after Ctrl-C ends with this process, and nobody waits for it.
	go func() {
		for range sending.results {
		}
	}()
	bound, cancel := context.WithTimeout(context.WithoutCancel(ctx), concluding)
	defer cancel()
	if last := counted.cut(); last.requests > 0 {
		t.say(t.look(bound, last), counted)
	}
	return t.report(bound, counted, sending.sent(), interrupted)
}

// count counts results until the load ends, and says whether it was interrupted.
func (t *loadTest) count(ctx context.Context, sending load, counted *tally) (interrupted bool) {
	ticker := time.NewTicker(loadEvery)
	defer ticker.Stop()
	observed := make(chan observation, 1)
	looking := 0
	for ended := false; !ended || looking > 0; {
		select {
		case each, open := <-sending.results:
			if ended = !open; ended {
				sending.results = nil
				continue
			}
			counted.add(each)
		case <-ticker.C:
			if looking > 0 || ended {
				continue // AWS is slow: the next line is about a longer time
			}
			looking++
			over := counted.cut()
			go func() { observed <- t.look(ctx, over) }()
		case each := <-observed:
			looking--
			t.say(each, counted)
		case <-ctx.Done():
			return !ended
		}
	}
	return false
}

// look asks AWS for the fleet.
func (t *loadTest) look(ctx context.Context, w window) observation {
	bound, cancel := context.WithTimeout(ctx, loadEvery)
	defer cancel()
	found, err := t.readFleet(bound)
	if err != nil {
		return observation{w, nil, err}
	}
	return observation{w, &fleetReport{found.desired, len(found.serving), len(found.healthy)}, nil}
}

// note keeps what is known of the fleet.
func (t *tally) note(seen observation) {
	if seen.err != nil {
		t.unknown = oneLine(unanswered(seen.err).seen)
		return
	}
	if t.first == nil {
		t.first, t.most = seen.fleet, new(*seen.fleet)
	}
	t.most.Desired = max(t.most.Desired, seen.fleet.Desired)
	t.most.InService = max(t.most.InService, seen.fleet.InService)
	t.most.Healthy = max(t.most.Healthy, seen.fleet.Healthy)
}

// say keeps an observation, and prints its line.
func (t *loadTest) say(seen observation, counted *tally) {
	counted.note(seen)
	each := windowReportOf(seen)
	counted.windows = append(counted.windows, each)
	fmt.Fprintf(t.progress(), loadLine, each.cells()...)
}

// scalingSince returns what the group did since a time, the first first.
func (t *loadTest) scalingSince(ctx context.Context, since time.Time) ([]scalingReport, error) {
	found, err := readActivities(ctx, t.aws.activities, t.outputs.AutoScalingGroupName, 100)
	if err != nil {
		return nil, err
	}
	var all []scalingReport
	for _, each := range found {
		// AWS has times of whole seconds.
		if at := aws.ToTime(each.StartTime); !at.Before(since.Truncate(time.Second)) {
			all = append(all, scalingReport{
				After: *seconds(max(0, at.Sub(since))), Status: string(each.StatusCode), Why: why(each),
				Instance: instanceID.FindString(aws.ToString(each.Description)),
			})
		}
	}
	slices.Reverse(all)
	return all, nil
}
