package main

import (
	"math"
	"time"
)

// shape is how the rate of a load changes: it grows from 0 to the peak, stays there, and falls to 0, as when an exam opens, is written
// and ends. It is a vegeta.Pacer.
type shape struct {
	peak       float64       // requests a second
	ramp, hold time.Duration // how long it grows and falls, and how long it stays
}

func (s shape) length() time.Duration { return 2*s.ramp + s.hold }

// total is how many requests it has.
func (s shape) total() uint64 { return uint64(math.Round(s.peak * (s.ramp + s.hold).Seconds())) }

// due is when a request is sent. Requests are counted from 0.
func (s shape) due(request uint64) time.Duration {
	ramp, all := s.ramp.Seconds(), s.peak*(s.ramp+s.hold).Seconds()
	// Each is sent when half of it is due. The total is rounded, and its last request is sent before the end all the same.
	sent := (float64(request) + 0.5) * all / float64(s.total())
	var at float64
	switch growing := s.peak * ramp / 2; {
	case sent < growing:
		at = math.Sqrt(2 * ramp * sent / s.peak)
	case sent <= all-growing:
		at = ramp + (sent-growing)/s.peak
	default:
		at = s.length().Seconds() - math.Sqrt(2*ramp*max(0, all-sent)/s.peak)
	}
	return time.Duration(at * float64(time.Second))
}

// Pace implements vegeta.Pacer. What this machine was too slow to send in time is not sent afterwards.
func (s shape) Pace(elapsed time.Duration, sent uint64) (wait time.Duration, stop bool) {
	if sent >= s.total() || elapsed >= s.length() {
		return 0, true
	}
	return max(0, s.due(sent)-elapsed), false
}

// Rate implements vegeta.Pacer.
func (s shape) Rate(elapsed time.Duration) float64 {
	switch left := s.length() - elapsed; {
	case elapsed < 0 || left < 0:
		return 0
	case elapsed < s.ramp:
		return s.peak * elapsed.Seconds() / s.ramp.Seconds()
	case left < s.ramp:
		return s.peak * left.Seconds() / s.ramp.Seconds()
	}
	return s.peak
}
