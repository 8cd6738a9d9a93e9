package web

import (
	"fmt"
	"math/rand/v2"
	"syscall"
	"testing"
	"time"

	"ha-web/internal/fields"
	"ha-web/internal/validate"

	"github.com/robfig/cron/v3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var someZones = []string{
	"Etc/UTC", "Europe/London", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Kiritimati", "America/Santiago",
}

// Package cron finds the same times, but where clocks change.
func TestRecurrencesAreThoseOfCron(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	for range 3000 {
		expression := fmt.Sprintf("%s %s %s %s %s", field(random, 0, 59), field(random, 0, 23), field(random, 1, 28), field(random, 1, 12), field(random, 0, 6))
		zone, err := findZone(someZones[random.IntN(len(someZones))])
		require.NoError(t, err)
		got, err := parseRecurrence(expression, zone)
		require.NoError(t, err, expression)
		reference, err := cron.ParseStandard("TZ=" + zone.String() + " " + expression)
		require.NoError(t, err)
		from := firstTime.Add(time.Duration(random.Int64N(int64(30 * 365 * 24 * time.Hour)))).Truncate(time.Second)
		next := reference.Next(from.Add(-time.Second))
		if clocksChange(zone, from, next) {
			continue
		}
		until := from.AddDate(6, 0, 0)
		assert.Equal(t, next.UTC(), unix(got.next(from.Unix(), until.Unix())), "%s in %s from %s", expression, zone, from)
		assert.Zero(t, got.next(from.Unix(), next.Unix()-1))
		assert.Equal(t, next.Unix(), got.previous(from.Unix(), next.Unix()))
		assert.Zero(t, got.previous(from.Unix(), next.Unix()-1))
		assert.True(t, got.matches(next.Unix()))
		assert.False(t, got.matches(next.Unix()+1))
	}
}

// matches reports whether the fields match a time.
func (r *recurrence) matches(at int64) bool {
	local := at + int64(r.zone.offset(at)) - origin.Unix()
	day, second := int(local/secondsPerDay), int(local%secondsPerDay)
	return second%60 == 0 && has(r.minutes[:], second/60) && r.onDay(day)
}

// field returns a cron field: any value, one, a list, a range or steps.
func field(random *rand.Rand, low, high int) string {
	pick := func() int { return low + random.IntN(high-low+1) }
	switch one := pick(); random.IntN(6) {
	case 0, 1:
		return "*"
	case 2:
		return fmt.Sprintf("%d,%d", one, pick())
	case 3:
		return fmt.Sprintf("%d-%d", one, one+random.IntN(high-one+1))
	case 4:
		return fmt.Sprintf("*/%d", 1+random.IntN(high))
	default:
		return fmt.Sprint(one)
	}
}

// clocksChange reports whether the clocks of a zone change within a day of either time.
func clocksChange(zone *zone, times ...time.Time) bool {
	for _, each := range times {
		if zone.offset(each.Unix()-secondsPerDay) != zone.offset(each.Unix()+secondsPerDay) {
			return true
		}
	}
	return false
}

// Two recurrences meet where a search through every minute finds that they do.
func TestRecurrencesMeetWhereBothMatch(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(3, 4))
	found := 0
	for range 400 {
		var both [2]*recurrence
		for i := range both {
			zone, err := findZone(someZones[random.IntN(len(someZones))])
			require.NoError(t, err)
			both[i], err = parseRecurrence(fmt.Sprintf("%s %s %s * %s", field(random, 0, 59), field(random, 0, 23), field(random, 1, 28), field(random, 0, 6)), zone)
			require.NoError(t, err)
		}
		from := time.Date(2027, 3, 20, 0, 0, 0, 0, time.UTC).Unix() // Europe changes its clocks a week later
		until := from + 30*secondsPerDay
		want := int64(0)
		for at := from; at <= until && want == 0; at += 60 {
			if both[0].matches(at) && both[1].matches(at) {
				want = at
			}
		}
		assert.Equal(t, want, meet(both[0], both[1], from, until))
		if want != 0 {
			found++
		}
	}
	assert.Greater(t, found, 50)
	assert.Less(t, found, 350)
}

// fleets of schedules that are as many as AWS takes, and do not meet.
var fleets = map[string]func(i int) Schedule{
	"weekly": func(i int) Schedule {
		return Schedule{TimeZone: "Etc/UTC", Recurrence: fmt.Sprintf("%d %d * * 1", i%60, i/60)}
	},
	"daily in as many zones as there are": func(i int) Schedule {
		return Schedule{TimeZone: someZones[i%len(someZones)], Recurrence: fmt.Sprintf("%d 7 * * *", i%60)}
	},
	"hourly": func(i int) Schedule {
		return Schedule{TimeZone: "Europe/London", Recurrence: fmt.Sprintf("%d * * * *", i%60)}
	},
	"once a year": func(i int) Schedule {
		return Schedule{TimeZone: "Europe/London", Recurrence: fmt.Sprintf("0 7 %d %d *", 1+i%28, 1+i/28)}
	},
	"on a leap day": func(i int) Schedule {
		return Schedule{TimeZone: someZones[i%len(someZones)], Recurrence: fmt.Sprintf("%d %d 29 2 *", i%60, i%24)}
	},
	"windows and days": func(i int) Schedule {
		if i%2 == 0 {
			return Schedule{TimeZone: "America/New_York", Recurrence: fmt.Sprintf("%d 3 29 2 *", i%60)}
		}
		start := time.Date(2027, 1, 1+2*i, 0, 0, 0, 0, time.UTC)
		return Schedule{TimeZone: "Etc/UTC", Start: start.Format(localLayout)}
	},
}

func fleetOf(schedule func(i int) Schedule) *Settings {
	settings := Default().Resolved(2)
	for i := range maxActions {
		each := schedule(i)
		each.Name, each.Min = fmt.Sprintf("schedule-%d", i), 4
		settings.Schedules = append(settings.Schedules, each)
	}
	return &settings
}

func check(settings *Settings) error {
	var faults validate.Faults
	settings.Validate(validate.FieldsOf(&faults, settings, fields.ByTag), 2)
	return faults.Err()
}

// As many schedules as AWS takes cost a plan next to nothing, whatever their zones.
func TestSchedulesAreCheckedAtOnce(t *testing.T) {
	for name, schedule := range fleets {
		settings := fleetOf(schedule)
		before := processorTime(t)
		_ = check(settings)
		assert.Less(t, processorTime(t)-before, 150*time.Millisecond, name)
	}
}

// processorTime is what this process has used: other processes, and a busy machine, do not count.
func processorTime(t *testing.T) time.Duration {
	t.Helper()
	var usage syscall.Rusage
	require.NoError(t, syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

func BenchmarkSchedules(b *testing.B) {
	for name, schedule := range fleets {
		b.Run(name, func(b *testing.B) {
			settings := fleetOf(schedule)
			for b.Loop() {
				_ = check(settings)
			}
		})
	}
}
