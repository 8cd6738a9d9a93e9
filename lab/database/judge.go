package database

import "time"

// view is what the control plane sees of a cluster at one moment.
type view struct {
	began     time.Time
	answers   bool // the primary answers a query
	streaming bool // the standby follows it; known only when the primary answers
	reachable bool // the machine of the standby can be reached
	running   bool // the standby has a server, which was not fenced
}

// step is what the control plane does about it.
type step int

const (
	stay       step = iota
	hold            // the primary is gone: poolers keep clients waiting
	serve           // the primary answers again
	goAlone         // the standby is gone: commits do not wait for it any longer
	join            // the standby follows: commits wait for it
	settle          // commits have waited for it since the last look
	promote         // the standby becomes the primary
	rebuild         // the standby starts again from a base backup
	cannotHelp      // the primary is gone, and the standby does not have all commits
)

// judge decides what becomes of a cluster. It has no clock and no network of its own.
type judge struct {
	promoteAfter time.Duration // without the primary, until the standby takes over
	aloneAfter   time.Duration // without the standby, until commits do not wait for it
	rejoinAfter  time.Duration // that a standby which can be reached has to follow by itself

	silent, lost, back time.Time // since when the primary, and the standby, are gone, and the standby is within reach again
	misses             int       // looks in a row at which the primary did not answer
	held, told         bool
	synchronous        bool // commits wait for the standby
	redundant          bool // and have done so since an earlier look
}

// decide returns the next step. Its caller makes the step true: it sets synchronous, and calls reset after a promotion.
func (j *judge) decide(now time.Time, v view) step {
	if v.answers {
		return j.primaryAnswers(now, v)
	}
	j.redundant = false
	if j.misses++; j.misses == 1 {
		j.silent = v.began
	}
	switch {
	// One look may fail because this machine is busy. Two do not.
	case j.misses >= 2 && !j.held:
		j.held = true
		return hold
	case j.misses < 2 || now.Sub(j.silent) < j.promoteAfter:
		return stay
	case j.synchronous && v.reachable && v.running:
		return promote
	case !j.told:
		j.told = true
		return cannotHelp
	}
	return stay
}

func (j *judge) primaryAnswers(now time.Time, v view) step {
	j.misses, j.told = 0, false
	if j.held {
		j.held = false
		return serve
	}
	if v.streaming {
		j.lost, j.back = time.Time{}, time.Time{}
		switch {
		case !j.synchronous:
			return join
		case !j.redundant:
			j.redundant = true
			return settle
		}
		return stay
	}
	j.redundant = false
	if j.lost.IsZero() {
		j.lost = now
	}
	if !v.reachable {
		j.back = time.Time{}
	} else if j.back.IsZero() {
		j.back = now
	}
	switch {
	case j.synchronous && now.Sub(j.lost) >= j.aloneAfter:
		return goAlone
	case !j.synchronous && v.reachable && (!v.running || now.Sub(j.back) >= j.rejoinAfter):
		return rebuild
	}
	return stay
}

// rejoin gives the standby, which has just started again, the time to follow.
func (j *judge) rejoin() { j.back = time.Time{} }

// reset forgets what was seen, because another machine is the primary now.
func (j *judge) reset() {
	*j = judge{promoteAfter: j.promoteAfter, aloneAfter: j.aloneAfter, rejoinAfter: j.rejoinAfter}
}
