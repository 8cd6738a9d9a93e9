package database

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

var (
	well     = view{answers: true, streaming: true, reachable: true, running: true}
	alone    = view{answers: true}                                 // the standby's zone is gone
	behind   = view{answers: true, reachable: true, running: true} // its zone is back, and it does not follow
	fenced   = view{answers: true, reachable: true}                // it was the primary before
	headless = view{reachable: true, running: true}                // the primary is gone
	nothing  = view{}                                              // and so is the standby
)

// watcher is a judge with a clock, and what its caller does about its steps.
type watcher struct {
	judge
	now time.Time
}

func newWatcher() *watcher {
	return &watcher{judge: judge{promoteAfter: 10 * time.Second, aloneAfter: 5 * time.Second, rejoinAfter: 6 * time.Second},
		now: time.Unix(1000, 0)}
}

// see looks once a second for as long as it takes until something is to be done, at most a minute. It returns that, and the seconds.
func (w *watcher) see(v view) (step, int) {
	for seconds := range 60 {
		v.began = w.now
		next := w.decide(w.now, v)
		w.now = w.now.Add(time.Second)
		switch next {
		case stay:
			continue
		case join:
			w.synchronous = true
		case goAlone:
			w.synchronous = false
		case promote:
			w.reset()
		}
		return next, seconds
	}
	return stay, 60
}

func (w *watcher) expect(t *testing.T, v view, want step, seconds int) {
	t.Helper()
	got, after := w.see(v)
	assert.Equal(t, []int{int(want), seconds}, []int{int(got), after})
}

// settled returns a watcher whose cluster is well.
func settled(t *testing.T) *watcher {
	w := newWatcher()
	w.expect(t, well, join, 0)
	assert.False(t, w.redundant, "the primary has only been told that commits wait")
	w.expect(t, well, settle, 0)
	assert.True(t, w.redundant)
	w.expect(t, well, stay, 60)
	return w
}

func TestPrimaryLost(t *testing.T) {
	w := settled(t)
	w.expect(t, headless, hold, 1)
	assert.False(t, w.redundant)
	w.expect(t, headless, promote, 8) // 10 seconds after the first look that failed
	w.expect(t, fenced, rebuild, 0)
	w.rejoin()
	w.expect(t, behind, rebuild, 6)
	w.rejoin()
	w.expect(t, well, join, 0)
	w.expect(t, well, settle, 0)
}

func TestPrimaryBackInTime(t *testing.T) {
	w := settled(t)
	w.expect(t, headless, hold, 1)
	w.expect(t, well, serve, 0)
	w.expect(t, well, settle, 0)
	w.expect(t, headless, hold, 1)
	w.expect(t, headless, promote, 8)
}

func TestOneMissedLookIsNothing(t *testing.T) {
	w := settled(t)
	for range 30 {
		assert.Equal(t, stay, w.decide(w.now, headless))
		w.now = w.now.Add(time.Second)
		assert.NotEqual(t, hold, w.decide(w.now, well))
		w.now = w.now.Add(time.Second)
	}
}

func TestStandbyLost(t *testing.T) {
	w := settled(t)
	w.expect(t, alone, goAlone, 5)
	w.expect(t, alone, stay, 60)
	w.expect(t, well, join, 0) // it has caught up by itself
	w.expect(t, well, settle, 0)
	w.expect(t, alone, goAlone, 5)
	w.expect(t, alone, stay, 60)
	w.expect(t, behind, rebuild, 6)
}

// A standby that was given up lacks commits that were acknowledged: it must never take over.
func TestStaleStandbyIsNotPromoted(t *testing.T) {
	w := settled(t)
	w.expect(t, alone, goAlone, 5)
	w.expect(t, headless, hold, 1)
	w.expect(t, headless, cannotHelp, 8)
	w.expect(t, headless, stay, 60)
	w.expect(t, behind, serve, 0)
	w.expect(t, behind, rebuild, 6)
}

// A zone that takes the primary with it takes the standby's stream, too. That is no reason to go on alone.
func TestCommitsWaitWhileThePrimaryIsGone(t *testing.T) {
	w := settled(t)
	w.expect(t, nothing, hold, 1)
	w.expect(t, nothing, cannotHelp, 8)
	w.expect(t, view{reachable: true}, stay, 60)
	w.expect(t, view{running: true}, stay, 60)
	assert.True(t, w.synchronous)
	w.expect(t, headless, promote, 0)
}
