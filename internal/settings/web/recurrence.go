package web

import (
	"fmt"
	"math/bits"
	"strings"
	"sync"
	"time"

	_ "time/tzdata" // time zones for machines that have none

	"github.com/robfig/cron/v3"
)

// Times of schedules are between the first two. They are fixed, so that nothing depends on the clock. Days are counted from an
// earlier one, more than a word of bits before.
var (
	firstTime = time.Date(2024, time.January, 1, 0, 0, 0, 0, time.UTC)
	lastTime  = time.Date(2100, time.January, 1, 0, 0, 0, 0, time.UTC)
	origin    = firstTime.AddDate(0, 0, -100)
)

// cycle is the number of years after which the days of the week fall on the same dates again.
const cycle = 28

const minutesPerDay, secondsPerDay = 24 * 60, 24 * 60 * 60

// recurrence is when five cron fields match in a time zone. Where clocks go back, a time that comes twice matches twice; one that
// they skip does not match.
type recurrence struct {
	fields  *cron.SpecSchedule
	zone    *zone
	minutes [minutesPerDay/64 + 1]uint64 // of a day: a bit each
	days    []uint64                     // from origin on, a bit each, as far as they were asked for
}

var fiveFields = cron.NewParser(cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow)

func parseRecurrence(expression string, zone *zone) (*recurrence, error) {
	fault := fmt.Errorf("must be five cron fields such as 0 7 * * 1-5, got %q", expression)
	// The parser accepts a time zone of its own, and panics where nothing follows it (robfig/cron#554).
	if strings.Contains(expression, "=") {
		return nil, fault
	}
	parsed, err := fiveFields.Parse(expression)
	fields, isSpec := parsed.(*cron.SpecSchedule)
	if err != nil || !isSpec {
		return nil, fault
	}
	r := &recurrence{fields: fields, zone: zone}
	for minute := range minutesPerDay {
		if fields.Hour>>(minute/60)&1 == 1 && fields.Minute>>(minute%60)&1 == 1 {
			r.minutes[minute/64] |= 1 << (minute % 64)
		}
	}
	return r, nil
}

// wildcard marks a field that was written as * (robfig/cron, SpecSchedule).
const wildcard = 1 << 63

// onDay reports whether the fields match a day, which is a number of days after origin. Where day of the month and day of the week
// are both given, one of them is enough (crontab(5)).
func (r *recurrence) onDay(day int) bool {
	date := calendar()[day]
	inMonth := r.fields.Month>>date.month&1 == 1
	first, second := r.fields.Dom>>date.day&1 == 1, r.fields.Dow>>date.weekday&1 == 1
	if (r.fields.Dom|r.fields.Dow)&wildcard != 0 {
		return inMonth && first && second
	}
	return inMonth && (first || second)
}

// daysTo returns the days that match, from origin to one and two words of bits on.
func (r *recurrence) daysTo(last int) []uint64 {
	for day := len(r.days) * 64; len(r.days) <= last/64+2; {
		var word uint64
		for bit := 0; bit < 64 && day < len(calendar()); bit, day = bit+1, day+1 {
			if r.onDay(day) {
				word |= 1 << bit
			}
		}
		r.days = append(r.days, word)
	}
	return r.days
}

// next returns the first match from one time to another, both included, or 0.
func (r *recurrence) next(from, until int64) int64 {
	for _, period := range r.zone.periods {
		low, high := max(from, period.from), min(until, period.until-1)
		if low > high {
			continue
		}
		shift := origin.Unix() - int64(period.offset)
		for day := int((low - shift) / secondsPerDay); day <= int((high-shift)/secondsPerDay); day++ {
			midnight := shift + int64(day)*secondsPerDay
			if !r.onDay(day) {
				continue
			}
			if minute := after(r.minutes[:], int((max(low-midnight, 0)+59)/60)); minute >= 0 && midnight+int64(minute)*60 <= high {
				return midnight + int64(minute)*60
			}
		}
	}
	return 0
}

// previous returns the last match from one time to another, both included, or 0.
func (r *recurrence) previous(from, until int64) int64 {
	for i := len(r.zone.periods) - 1; i >= 0; i-- {
		period := r.zone.periods[i]
		low, high := max(from, period.from), min(until, period.until-1)
		if low > high {
			continue
		}
		shift := origin.Unix() - int64(period.offset)
		for day := int((high - shift) / secondsPerDay); day >= int((low-shift)/secondsPerDay); day-- {
			midnight := shift + int64(day)*secondsPerDay
			if !r.onDay(day) {
				continue
			}
			if minute := before(r.minutes[:], int(min(high-midnight, secondsPerDay-1)/60)); minute >= 0 && midnight+int64(minute)*60 >= low {
				return midnight + int64(minute)*60
			}
		}
	}
	return 0
}

func has(set []uint64, bit int) bool { return set[bit/64]>>(bit%64)&1 == 1 }

// after returns the first bit that is set, from one on, or -1.
func after(set []uint64, bit int) int {
	for word := bit / 64; word < len(set); word++ {
		rest := set[word]
		if word == bit/64 {
			rest &= ^uint64(0) << (bit % 64)
		}
		if rest != 0 {
			return word*64 + bits.TrailingZeros64(rest)
		}
	}
	return -1
}

// before returns the last bit that is set, down from one, or -1.
func before(set []uint64, bit int) int {
	for word := bit / 64; word >= 0; word-- {
		rest := set[word]
		if word == bit/64 {
			rest &= ^uint64(0) >> (63 - bit%64)
		}
		if rest != 0 {
			return word*64 + 63 - bits.LeadingZeros64(rest)
		}
	}
	return -1
}

// date is what cron fields say about a day.
type date struct{ month, day, weekday uint8 }

// calendar has the days from origin on. It ends a cycle after lastTime, and two days later, for zones ahead of UTC.
var calendar = sync.OnceValue(func() []date {
	var days []date
	for day := origin; !day.After(lastTime.AddDate(cycle, 0, 2)); day = day.AddDate(0, 0, 1) {
		days = append(days, date{uint8(day.Month()), uint8(day.Day()), uint8(day.Weekday())})
	}
	return days
})

// zone is a time zone, with the offsets of its clocks.
type zone struct {
	*time.Location
	periods []period
}

// period is a time in which the clocks of a zone have one offset from UTC, in seconds.
type period struct {
	from, until int64
	offset      int
}

// zones has the zones that have been looked up, by name: reading one takes longer than all else that is done with it.
var zones sync.Map

// findZone returns a time zone of the IANA database.
func findZone(name string) (*zone, error) {
	if found, ok := zones.Load(name); ok {
		return found.(*zone), nil
	}
	location, err := time.LoadLocation(name)
	if err != nil || !strings.Contains(name, "/") { // Local and UTC are Go's own, and AWS accepts canonical names
		return nil, fmt.Errorf("must be a time zone of the IANA database such as Europe/London or Etc/UTC, got %q", name)
	}
	found := &zone{Location: location}
	at, end := firstTime.In(location), lastTime.AddDate(cycle, 0, 0)
	for at.Before(end) {
		_, offset := at.Zone()
		_, until := at.ZoneBounds()
		switch {
		case until.IsZero() || until.After(end):
			until = end
		case !until.After(at): // so it ends on the last day of a leap year after 2037, when no clocks change (Go 1.24)
			until = at.AddDate(0, 0, 1)
		}
		found.periods = append(found.periods, period{at.Unix(), until.Unix(), offset})
		at = until
	}
	zones.Store(name, found)
	return found, nil
}

// offset returns the offset of the clocks at a time.
func (z *zone) offset(at int64) int {
	_, offset := time.Unix(at, 0).In(z.Location).Zone()
	return offset
}
