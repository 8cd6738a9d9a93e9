package fleet_test

import (
	"strings"
	"testing"
	"time"

	"ha-web/internal/fleet"

	"github.com/stretchr/testify/assert"
)

// scheduled is a usual fleet with these schedules.
func scheduled(schedules ...fleet.Schedule) fleet.Spec {
	spec := usual()
	spec.Schedules = schedules
	return spec
}

func TestActionsHaveAllThreeSizes(t *testing.T) {
	t.Parallel()
	spec := scheduled(
		fleet.Schedule{Name: "morning", TimeZone: "Europe/London", Recurrence: "0 7 * * 1-5", Min: 4},
		fleet.Schedule{Name: "evening", Recurrence: "0 20 * * 1-5", Min: 2, Max: 6, Desired: 2},
		fleet.Schedule{Name: "night", Recurrence: "0 23 * * *", Start: "2027-01-01T00:00", End: "2027-06-30T00:00"},
		fleet.Schedule{Name: "launch", Start: "2027-09-01T08:30", Min: 8, Desired: 9},
	)
	assert.Empty(t, faultsOf(spec))
	assert.Equal(t, []fleet.Action{
		{Name: "morning", Recurrence: "0 7 * * 1-5", TimeZone: "Europe/London", Min: 4, Max: 10, Desired: -1},
		{Name: "evening", Recurrence: "0 20 * * 1-5", TimeZone: "Etc/UTC", Min: 2, Max: 6, Desired: 2},
		{
			Name: "night", Recurrence: "0 23 * * *", TimeZone: "Etc/UTC",
			Start: "2027-01-01T00:00:00Z", End: "2027-06-30T00:00:00Z", Min: 0, Max: 10, Desired: 0,
		},
		{Name: "launch", Start: "2027-09-01T08:30:00Z", Min: 8, Max: 10, Desired: 9},
	}, spec.Actions())
}

func TestWindowGivesTheSizesBack(t *testing.T) {
	t.Parallel()
	spec := scheduled(fleet.Schedule{Name: "results", Start: "2027-07-01T08:00", End: "2027-07-02T20:00", Min: 6, Max: 8})
	assert.Equal(t, []fleet.Action{
		{Name: "results", Start: "2027-07-01T08:00:00Z", Min: 6, Max: 8, Desired: -1},
		{Name: "results-end", Start: "2027-07-02T20:00:00Z", Min: 2, Max: 10, Desired: -1},
	}, spec.Actions(), "the load decides how fast it shrinks")

	spec.Scaling = fleet.Scaling{}
	assert.Equal(t, 6, spec.Actions()[0].Desired)
	assert.Equal(t, 2, spec.Actions()[1].Desired, "nothing else would shrink it")
}

// Clocks in London go forward on 2027-03-28 at 01:00 UTC, and back on 2027-10-31 at 01:00 UTC.
func TestSchedulesFollowDaylightSavingTime(t *testing.T) {
	t.Parallel()
	for local, want := range map[string]string{
		"2027-03-27T07:00": "2027-03-27T07:00:00Z", // the day before: winter
		"2027-03-28T00:59": "2027-03-28T00:59:00Z",
		"2027-03-28T02:00": "2027-03-28T01:00:00Z", // the first minute of summer
		"2027-03-28T07:00": "2027-03-28T06:00:00Z",
		"2027-10-30T07:00": "2027-10-30T06:00:00Z",
		"2027-10-31T01:30": "2027-10-31T00:30:00Z", // comes twice: the earlier one
		"2027-10-31T02:00": "2027-10-31T02:00:00Z",
	} {
		spec := scheduled(fleet.Schedule{Name: "once", TimeZone: "Europe/London", Start: local, Min: 4})
		assert.Empty(t, faultsOf(spec))
		assert.Equal(t, want, spec.Actions()[0].Start, local)
	}
	spec := scheduled(fleet.Schedule{Name: "never", TimeZone: "Europe/London", Start: "2027-03-28T01:30", Min: 4})
	assert.Equal(t, "Schedules: never: start 2027-03-28T01:30 does not exist in Europe/London: clocks go forward then", faultsOf(spec))

	south := scheduled(fleet.Schedule{Name: "once", TimeZone: "America/Santiago", Start: "2027-09-05T07:00", Min: 4})
	assert.Equal(t, "2027-09-05T10:00:00Z", south.Actions()[0].Start, "summer begins in September")
}

func TestScheduleFaults(t *testing.T) {
	t.Parallel()
	morning := fleet.Schedule{Name: "morning", Recurrence: "0 7 * * 1-5", Min: 4}
	with := func(change func(*fleet.Schedule)) fleet.Schedule {
		changed := morning
		change(&changed)
		return changed
	}
	tests := map[string]struct {
		schedule fleet.Schedule
		want     string
	}{
		"no name":       {with(func(s *fleet.Schedule) { s.Name = "" }), `number 1: name must be small letters, digits and single hyphens, got ""`},
		"name":          {with(func(s *fleet.Schedule) { s.Name = "Monday 7" }), `number 1: name must be small letters, digits and single hyphens, got "Monday 7"`},
		"zone":          {with(func(s *fleet.Schedule) { s.TimeZone = "Europe/Lodnon" }), `morning: timeZone must be a zone of the IANA database such as Europe/London or Etc/UTC, got "Europe/Lodnon"`},
		"Go's zone":     {with(func(s *fleet.Schedule) { s.TimeZone = "Local" }), `morning: timeZone must be a zone of the IANA database such as Europe/London or Etc/UTC, got "Local"`},
		"other folders": {with(func(s *fleet.Schedule) { s.TimeZone = "../UTC" }), `morning: timeZone must be a zone of the IANA database such as Europe/London or Etc/UTC, got "../UTC"`},
		"no time":       {with(func(s *fleet.Schedule) { s.Recurrence = "" }), "morning: needs a recurrence or a start"},
		"end alone":     {with(func(s *fleet.Schedule) { s.Recurrence, s.End = "", "2027-01-01T00:00" }), "morning: needs a recurrence or a start"},
		"six fields":    {with(func(s *fleet.Schedule) { s.Recurrence = "0 7 * * ? *" }), `morning: recurrence must be five fields of cron such as 0 7 * * 1-5, got "0 7 * * ? *"`},
		"word":          {with(func(s *fleet.Schedule) { s.Recurrence = "@daily" }), `morning: recurrence must be five fields of cron such as 0 7 * * 1-5, got "@daily"`},
		"zone in cron":  {with(func(s *fleet.Schedule) { s.Recurrence = "TZ=Asia/Tokyo 0 7 * * *" }), `morning: recurrence must be five fields of cron such as 0 7 * * 1-5, got "TZ=Asia/Tokyo 0 7 * * *"`},
		"zone alone":    {with(func(s *fleet.Schedule) { s.Recurrence = "TZ=UTC" }), `morning: recurrence must be five fields of cron such as 0 7 * * 1-5, got "TZ=UTC"`},
		"no zone":       {with(func(s *fleet.Schedule) { s.Recurrence = "CRON_TZ=" }), `morning: recurrence must be five fields of cron such as 0 7 * * 1-5, got "CRON_TZ="`},
		"hour":          {with(func(s *fleet.Schedule) { s.Recurrence = "0 25 * * *" }), `morning: recurrence must be five fields of cron such as 0 7 * * 1-5, got "0 25 * * *"`},
		"no such day":   {with(func(s *fleet.Schedule) { s.Recurrence = "0 7 31 2 *" }), `morning: recurrence "0 7 31 2 *" has no such day, or none between start and end`},
		"none within":   {with(func(s *fleet.Schedule) { s.Start, s.End = "2027-01-09T00:00", "2027-01-10T00:00" }), `morning: recurrence "0 7 * * 1-5" has no such day, or none between start and end`}, // a weekend
		"start":         {with(func(s *fleet.Schedule) { s.Start = "tomorrow" }), `morning: start must be a time such as 2027-01-11T07:00, got "tomorrow"`},
		"end":           {with(func(s *fleet.Schedule) { s.End = "2027-01-11 07:00" }), `morning: end must be a time such as 2027-01-11T07:00, got "2027-01-11 07:00"`},
		"backwards":     {with(func(s *fleet.Schedule) { s.Start, s.End = "2027-02-01T00:00", "2027-01-01T00:00" }), "morning: end must come after start (2027-02-01T00:00), got 2027-01-01T00:00"},
		"negative":      {with(func(s *fleet.Schedule) { s.Min = -1 }), "morning: min must be at least 0, got -1"},
		"too many":      {with(func(s *fleet.Schedule) { s.Max = 11 }), "morning: max must be at most the fleet's (10), got 11"},
		"min above max": {with(func(s *fleet.Schedule) { s.Max = 3 }), "morning: max must be at least min (4), got 3"},
		"desired":       {with(func(s *fleet.Schedule) { s.Desired = 3 }), "morning: desired must be between min and max (4 and 10), or -1, got 3"},
		"too desired":   {with(func(s *fleet.Schedule) { s.Desired = 11 }), "morning: desired must be between min and max (4 and 10), or -1, got 11"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, "Schedules: "+test.want, faultsOf(scheduled(test.schedule)))
		})
	}
}

func TestOverlapsAreRefused(t *testing.T) {
	t.Parallel()
	recurring := func(zone, cron string) fleet.Schedule {
		return fleet.Schedule{Name: "recurring", TimeZone: zone, Recurrence: cron, Min: 4}
	}
	window := func(start, end string) fleet.Schedule {
		return fleet.Schedule{Name: "window", Start: start, End: end, Min: 4}
	}
	until := func(s fleet.Schedule, end string) fleet.Schedule { s.End = end; return s }
	from := func(s fleet.Schedule, start string) fleet.Schedule { s.Start = start; return s }
	tests := map[string]struct {
		first, second fleet.Schedule
		at            string // "" for no overlap
	}{
		"apart":              {window("2027-01-01T00:00", "2027-01-10T00:00"), window("2027-01-10T00:01", "2027-01-20T00:00"), ""},
		"one in another":     {window("2027-01-01T00:00", "2027-01-10T00:00"), window("2027-01-02T00:00", "2027-01-03T00:00"), "2027-01-02T00:00:00Z"},
		"later than another": {window("2027-01-02T00:00", "2027-01-03T00:00"), window("2027-01-01T00:00", "2027-01-02T12:00"), "2027-01-02T00:00:00Z"},
		"end to start":       {window("2027-01-01T00:00", "2027-01-10T00:00"), window("2027-01-10T00:00", "2027-01-20T00:00"), "2027-01-10T00:00:00Z"},
		"two starts":         {window("2027-01-01T00:00", ""), window("2027-01-01T00:00", ""), "2027-01-01T00:00:00Z"},
		"start within":       {window("2027-01-01T00:00", "2027-01-03T00:00"), window("2027-01-02T00:00", ""), "2027-01-02T00:00:00Z"},
		"start after":        {window("2027-01-01T00:00", ""), window("2027-01-02T00:00", "2027-01-03T00:00"), ""},
		"weekdays, weekend":  {recurring("", "0 7 * * 1-5"), window("2027-01-09T00:00", "2027-01-10T23:00"), ""},
		"weekdays, week":     {recurring("", "0 7 * * 1-5"), window("2027-01-09T00:00", "2027-01-11T07:00"), "2027-01-11T07:00:00Z"},
		"ends before":        {until(recurring("", "0 7 * * *"), "2027-01-08T00:00"), window("2027-01-09T00:00", "2027-02-01T00:00"), ""},
		"begins after":       {from(recurring("", "0 7 * * *"), "2027-02-02T00:00"), window("2027-01-09T00:00", "2027-02-01T00:00"), ""},
		"starts within":      {from(recurring("", "0 7 * * 1"), "2027-01-05T12:00"), window("2027-01-05T00:00", "2027-01-06T00:00"), "2027-01-05T12:00:00Z"},
		"starts with":        {from(recurring("", "0 7 * * *"), "2027-01-05T20:00"), recurring("", "0 20 * * *"), "2027-01-05T20:00:00Z"},
		"at different hours": {recurring("", "0 7 * * *"), recurring("", "0 20 * * *"), ""},
		"at one time":        {recurring("", "0 7 * * 1-5"), recurring("", "0 7 1 * *"), "2024-01-01T07:00:00Z"},
		"on different days":  {recurring("", "0 7 * * 1-5"), recurring("", "0 7 * * 0,6"), ""},
		"in two zones":       {recurring("Europe/Paris", "0 8 * * *"), recurring("Etc/UTC", "0 7 * * *"), "2024-01-01T07:00:00Z"},
		"in summer alone":    {recurring("Europe/Paris", "0 9 * * *"), recurring("Etc/UTC", "0 7 * * *"), "2024-03-31T07:00:00Z"},
		"never in two zones": {recurring("Asia/Kolkata", "0 7 * * *"), recurring("Etc/UTC", "0 7 * * *"), ""},
		"one after another":  {until(recurring("", "0 7 * * *"), "2027-01-01T00:00"), from(recurring("", "0 7 * * *"), "2027-01-01T00:01"), ""},
		"every minute":       {recurring("", "1-59/2 * * * *"), recurring("", "0-58/2 * * * *"), ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for range 2 { // in either order
				test.first, test.second = test.second, test.first
				test.first.Name, test.second.Name = "first", "second"
				want := ""
				if test.at != "" {
					want = "Schedules: second: overlaps first, at " + test.at
				}
				assert.Equal(t, want, faultsOf(scheduled(test.first, test.second)))
			}
		})
	}
}

func TestNamesOfSchedulesAreTheirOwn(t *testing.T) {
	t.Parallel()
	spec := scheduled(
		fleet.Schedule{Name: "exams", Start: "2027-01-01T00:00", End: "2027-01-02T00:00", Min: 4},
		fleet.Schedule{Name: "exams-end", Start: "2027-02-01T00:00", Min: 4},
		fleet.Schedule{Name: "exams", Start: "2027-03-01T00:00", Min: 4},
	)
	assert.Equal(t, "Schedules: exams-end: the name is taken\nSchedules: exams: the name is taken", faultsOf(spec))
}

func TestSchedulesAreNotTooMany(t *testing.T) {
	t.Parallel()
	var spec = usual()
	for day := range 63 {
		start := time.Date(2027, 1, 1+day, 8, 0, 0, 0, time.UTC)
		spec.Schedules = append(spec.Schedules, fleet.Schedule{
			Name: "day-" + start.Format("0102"), Min: 4,
			Start: start.Format("2006-01-02T15:04"), End: start.Add(time.Hour).Format("2006-01-02T15:04"),
		})
	}
	assert.Equal(t, "Schedules: come to 126 scheduled actions with Exams, and a group may have 125", faultsOf(spec))
}

func TestPassed(t *testing.T) {
	t.Parallel()
	spec := scheduled(
		fleet.Schedule{Name: "morning", Recurrence: "0 7 * * 1-5", Min: 4, End: "2026-01-01T00:00"},
		fleet.Schedule{Name: "launch", TimeZone: "Europe/London", Start: "2027-07-01T08:00", Min: 4},
		fleet.Schedule{Name: "later", Start: "2027-07-01T08:00", Min: 4},
	)
	seven := time.Date(2027, 7, 1, 7, 0, 0, 0, time.UTC) // eight o'clock in London
	assert.Empty(t, spec.Passed(seven.Add(-time.Second)))
	assert.Equal(t, []string{"launch"}, spec.Passed(seven))
	assert.Equal(t, []string{"launch", "later"}, spec.Passed(seven.Add(time.Hour)))
}

// exams is a usual fleet with a calendar.
func exams(periods ...fleet.Period) fleet.Spec {
	spec := usual()
	spec.Exams.TimeZone, spec.Exams.Min, spec.Exams.Periods = "Europe/London", 6, periods
	return spec
}

func TestExamsGrowTheFleetAheadOfTheRush(t *testing.T) {
	t.Parallel()
	spec := exams(
		fleet.Period{Name: "winter", From: "2027-01-11", To: "2027-01-22"},
		fleet.Period{Name: "summer", From: "2027-05-17 00:00:00 +0000 UTC", To: "2027-06-04"}, // without quotes in YAML
	)
	assert.Empty(t, faultsOf(spec))
	assert.Equal(t, []fleet.Action{
		{Name: "exams-winter", Start: "2027-01-11T07:00:00Z", Min: 6, Max: 10, Desired: -1}, // two hours before nine
		{Name: "exams-winter-end", Start: "2027-01-22T20:00:00Z", Min: 2, Max: 10, Desired: -1},
		{Name: "exams-summer", Start: "2027-05-17T06:00:00Z", Min: 6, Max: 10, Desired: -1},
		{Name: "exams-summer-end", Start: "2027-06-04T19:00:00Z", Min: 2, Max: 10, Desired: -1},
	}, spec.Actions())

	spec.Exams.RushAt, spec.Exams.LeadHours, spec.Exams.EndsAt = "01:30", 3, "23:59"
	assert.Equal(t, "2027-01-10T22:30:00Z", spec.Actions()[0].Start, "the evening before")
	assert.Equal(t, "2027-01-22T23:59:00Z", spec.Actions()[1].Start)
}

func TestExamFaults(t *testing.T) {
	t.Parallel()
	winter := fleet.Period{Name: "winter", From: "2027-01-11", To: "2027-01-22"}
	tests := map[string]struct {
		change func(*fleet.Spec)
		want   string
	}{
		"rush":      {func(s *fleet.Spec) { s.Exams.RushAt = "9" }, `Exams.RushAt: must be a time of day such as 09:00, got "9"`},
		"end":       {func(s *fleet.Spec) { s.Exams.EndsAt = "24:00" }, `Exams.EndsAt: must be a time of day such as 09:00, got "24:00"`},
		"lead":      {func(s *fleet.Spec) { s.Exams.LeadHours = 0 }, "Exams.LeadHours: must be between 1 and 24, got 0"},
		"no growth": {func(s *fleet.Spec) { s.Exams.Min = 1 }, "Exams.Min: must be between 2 and 10, got 1"},
		"day":       {func(s *fleet.Spec) { s.Exams.Periods[0].From = "11.1.2027" }, `Exams.Periods: winter: must have days such as 2027-01-11, got "11.1.2027"`},
		"backwards": {func(s *fleet.Spec) { s.Exams.Periods[0].To = "2027-01-10" }, "Schedules: exams-winter: end must come after start (2027-01-11T07:00), got 2027-01-10T20:00"},
		"zone":      {func(s *fleet.Spec) { s.Exams.TimeZone = "London" }, `Schedules: exams-winter: timeZone must be a zone of the IANA database such as Europe/London or Etc/UTC, got "London"`},
		"overlap": {func(s *fleet.Spec) {
			s.Schedules = []fleet.Schedule{{Name: "morning", Recurrence: "0 7 * * 1-5", Min: 4}}
		}, "Schedules: exams-winter: overlaps morning, at 2027-01-11T07:00:00Z"},
		"twice": {func(s *fleet.Spec) {
			s.Exams.Periods = append(s.Exams.Periods, fleet.Period{Name: "winter", From: "2028-01-11", To: "2028-01-22"})
		}, "Schedules: exams-winter: the name is taken"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			spec := exams(winter)
			test.change(&spec)
			assert.Equal(t, test.want, faultsOf(spec))
		})
	}
	spec := usual()
	spec.Exams = fleet.Exams{}
	assert.Empty(t, faultsOf(spec), "without a period nothing else counts")
	assert.False(t, strings.Contains(faultsOf(exams(winter)), "Exams"))
}

// Whatever a schedule says: it is refused, or AWS gets sizes within the fleet's and times it can read.
func FuzzSchedules(f *testing.F) {
	f.Add("morning", "Europe/London", "0 7 * * 1-5", "", "", 4, 0, 0)
	f.Add("results", "America/New_York", "", "2027-07-01T08:00", "2027-07-02T20:00", 6, 8, -1)
	f.Add("zone", "Etc/UTC", "TZ=UTC", "", "", 2, 0, 0)
	f.Add("x", "Etc/UTC", "*/5 0-23 1,15 * 0", "2027-03-28T01:30", "9999-12-31T23:59", 0, 10, 10)
	f.Fuzz(func(t *testing.T, name, zone, recurrence, start, end string, low, high, desired int) {
		spec := scheduled(
			fleet.Schedule{Name: "first", Recurrence: "0 20 * * *", Min: 2},
			fleet.Schedule{
				Name: name, TimeZone: zone, Recurrence: recurrence, Start: start, End: end, Min: low, Max: high, Desired: desired,
			},
		)
		actions := spec.Actions()
		if faultsOf(spec) != "" {
			return
		}
		if len(actions) < 2 {
			t.Fatalf("no action of %+v", spec.Schedules[1])
		}
		for _, action := range actions {
			if action.Min < 0 || action.Max > 10 || action.Min > action.Max ||
				action.Desired != -1 && (action.Desired < action.Min || action.Desired > action.Max) {
				t.Fatalf("sizes of %+v", action)
			}
			for _, at := range []string{action.Start, action.End} {
				if _, err := time.Parse("2006-01-02T15:04:05Z", at); at != "" && err != nil {
					t.Fatalf("times of %+v: %v", action, err)
				}
			}
		}
	})
}
