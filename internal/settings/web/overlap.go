package web

import (
	"time"

	"ha-web/internal/validate"
)

// maxFirings bounds the search for two recurrences that occur at once. It takes four years of every half hour.
const maxFirings = 70_000

// checkOverlaps records a fault for each two plans of which one would undo the other, or that set the sizes at the same time,
// which AWS refuses (Amazon EC2 Auto Scaling user guide, "Scheduled scaling", limitations).
func checkOverlaps(f validate.Fields, plans []timed) {
	for i, later := range plans {
		for _, earlier := range plans[:i] {
			if when := overlap(earlier, later); !when.IsZero() {
				f.Add(later.item, "must not overlap %s (%s), got both at %s", f.Name(earlier.item), *earlier.name, timestamp(when))
			}
		}
	}
}

// overlap returns the first time at which both schedules are in force, or zero.
func overlap(a, b timed) time.Time {
	switch {
	case a.cron != nil && b.cron != nil:
		return together(a, b)
	case a.cron != nil:
		return during(a, b)
	case b.cron != nil:
		return during(b, a)
	}
	from, to := a.start, a.last()
	if b.start.After(from) {
		from = b.start
	}
	if b.last().Before(to) {
		to = b.last()
	}
	if from.After(to) {
		return time.Time{}
	}
	return from
}

// last returns the last time at which a schedule without recurrence sets sizes.
func (t timed) last() time.Time {
	if t.end.IsZero() {
		return t.start
	}
	return t.end
}

// during returns when a recurrence first occurs within another schedule, its two ends included.
func during(recurring, window timed) time.Time {
	next := recurring.firesFrom(window.start)
	if next.IsZero() || next.After(window.last()) {
		return time.Time{}
	}
	return next
}

// together returns when two recurrences first occur at once, within four years: days repeat after that, leap years
// included.
func together(a, b timed) time.Time {
	x, y := a.firesFrom(anyDay), b.firesFrom(anyDay)
	until := anyDay
	for _, each := range []time.Time{x, y} {
		if each.After(until) {
			until = each
		}
	}
	until = until.AddDate(4, 0, 1)
	for range maxFirings {
		switch {
		case x.IsZero() || y.IsZero() || x.After(until) || y.After(until):
			return time.Time{}
		case x.Equal(y):
			return x
		case x.Before(y):
			x = a.firesFrom(y)
		default:
			y = b.firesFrom(x)
		}
	}
	return time.Time{}
}
