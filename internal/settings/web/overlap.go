package web

import (
	"math/bits"
	"time"

	"ha-web/internal/validate"
)

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
	case a.recurrence != nil && b.recurrence != nil:
		return together(a, b)
	case a.recurrence != nil:
		return a.next(b.start, b.last())
	case b.recurrence != nil:
		return b.next(a.start, a.last())
	}
	from, to := latest(a.start, b.start), earliest(a.last(), b.last())
	if from.After(to) {
		return time.Time{}
	}
	return from
}

// together returns when two recurrences first set the sizes at once, within a cycle of the calendar, or zero.
func together(a, b timed) time.Time {
	from := latest(a.from(), b.from())
	until := earliest(earliest(a.until(), b.until()), from.AddDate(cycle, 0, 0))
	if from.After(until) {
		return time.Time{}
	}
	// At its start a schedule sets the sizes as well.
	for _, each := range []struct{ starts, other timed }{{a, b}, {b, a}} {
		if at := each.starts.start; !at.IsZero() && at.Equal(from) && !each.other.next(at, at).IsZero() {
			return at
		}
	}
	return unix(meet(a.recurrence, b.recurrence, from.Unix(), until.Unix()))
}

// meet returns the first match of two recurrences at once, from one time to another, both included, or 0. It goes through the times
// in which neither zone changes its clocks.
func meet(a, b *recurrence, from, until int64) int64 {
	var known []sharedMinutes
	for i, j := 0, 0; i < len(a.zone.periods) && j < len(b.zone.periods); {
		p, q := a.zone.periods[i], b.zone.periods[j]
		if p.from > until {
			break
		}
		if low, high := max(p.from, q.from, from), min(p.until-1, q.until-1, until); low <= high {
			var shared sharedMinutes
			shared, known = minutesOf(a, b, (q.offset-p.offset)/60, known)
			if at := shared.first(a, b, origin.Unix()-int64(p.offset), low, high); at != 0 {
				return at
			}
		}
		if p.until <= q.until {
			i++
		}
		if q.until <= p.until {
			j++
		}
	}
	return 0
}

// mostDays is how many days the dates of two time zones differ at most: zones are up to 26 hours apart.
const mostDays = 2

// sharedMinutes are the minutes of a day, on the clocks of a, at which a and b match while the clocks of b are ahead by some minutes:
// for each day of b that there may be then, from mostDays before that of a to mostDays after it.
type sharedMinutes struct {
	ahead int
	on    [2*mostDays + 1][]int
	any   bool
}

// minutesOf returns the minutes that two recurrences share, from those that are known or else with them.
func minutesOf(a, b *recurrence, ahead int, known []sharedMinutes) (sharedMinutes, []sharedMinutes) {
	for _, each := range known {
		if each.ahead == ahead {
			return each, known
		}
	}
	shared := sharedMinutes{ahead: ahead}
	for minute := after(a.minutes[:], 0); minute >= 0; minute = after(a.minutes[:], minute+1) {
		other := minute + ahead + mostDays*minutesPerDay
		if day := other / minutesPerDay; has(b.minutes[:], other%minutesPerDay) {
			shared.on[day] = append(shared.on[day], minute)
			shared.any = true
		}
	}
	return shared, append(known, shared)
}

// first returns the first match of both from one time to another, both included, or 0. midnight begins the first day of a.
func (s sharedMinutes) first(a, b *recurrence, midnight, low, high int64) int64 {
	if !s.any {
		return 0
	}
	first, last := int((low-midnight)/secondsPerDay), int((high-midnight)/secondsPerDay)
	days, others := a.daysTo(last), b.daysTo(last)
	for word := first / 64; word <= last/64; word++ {
		if days[word] == 0 {
			continue
		}
		for rest := days[word] & around(others, word); rest != 0; rest &= rest - 1 {
			bit := bits.TrailingZeros64(rest)
			for i, minutes := range s.on {
				if len(minutes) == 0 || !has(others, word*64+bit+i-mostDays) {
					continue
				}
				for _, minute := range minutes {
					if at := midnight + int64(word*64+bit)*secondsPerDay + int64(minute)*60; at >= low && at <= high {
						return at
					}
				}
			}
		}
	}
	return 0
}

// around returns a word of bits of which each is set where one of those within mostDays of it is.
func around(set []uint64, word int) uint64 {
	near := set[word]
	for days := 1; days <= mostDays; days++ {
		near |= set[word]<<days | set[word-1]>>(64-days) | set[word]>>days | set[word+1]<<(64-days)
	}
	return near
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earliest(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
