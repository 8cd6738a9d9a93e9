package web_test

import (
	"testing"
	"time"

	"ha-web/internal/settings/web"

	"github.com/stretchr/testify/assert"
)

// scheduled returns the settings of a web tier with these schedules.
func scheduled(schedules ...web.Schedule) web.Settings {
	settings := usual()
	settings.Schedules = schedules
	return settings
}

func TestActionsHaveAllThreeSizes(t *testing.T) {
	t.Parallel()
	settings := scheduled(
		web.Schedule{Name: "morning", TimeZone: "Europe/London", Recurrence: "0 7 * * 1-5", Min: 4},
		web.Schedule{Name: "evening", Recurrence: "0 20 * * 1-5", Min: 2, Max: 6, Desired: 2},
		web.Schedule{Name: "night", Recurrence: "0 23 * * *", Start: "2027-01-01T00:00", End: "2027-06-30T00:00"},
		web.Schedule{Name: "launch", Start: "2027-09-01T08:30", Min: 8, Desired: 9},
	)
	assert.Empty(t, faultsOf(settings))
	assert.Equal(t, []web.Action{
		{Name: "morning", Recurrence: "0 7 * * 1-5", TimeZone: "Europe/London", Min: 4, Max: 10, Desired: -1},
		{Name: "evening", Recurrence: "0 20 * * 1-5", TimeZone: "Etc/UTC", Min: 2, Max: 6, Desired: 2},
		{
			Name: "night", Recurrence: "0 23 * * *", TimeZone: "Etc/UTC",
			Start: "2027-01-01T00:00:00Z", End: "2027-06-30T00:00:00Z", Min: 0, Max: 10, Desired: 0,
		},
		{Name: "launch", Start: "2027-09-01T08:30:00Z", Min: 8, Max: 10, Desired: 9},
	}, settings.Actions())
}

func TestWindowGivesTheSizesBack(t *testing.T) {
	t.Parallel()
	settings := scheduled(web.Schedule{Name: "results", Start: "2027-07-01T08:00", End: "2027-07-02T20:00", Min: 6, Max: 8})
	assert.Equal(t, []web.Action{
		{Name: "results", Start: "2027-07-01T08:00:00Z", Min: 6, Max: 8, Desired: -1},
		{Name: "results-end", Start: "2027-07-02T20:00:00Z", Min: 2, Max: 10, Desired: -1},
	}, settings.Actions(), "the load decides how fast it shrinks")

	settings.Scaling = web.Scaling{}
	assert.Equal(t, 6, settings.Actions()[0].Desired)
	assert.Equal(t, 2, settings.Actions()[1].Desired, "nothing else would shrink it")
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
		settings := scheduled(web.Schedule{Name: "once", TimeZone: "Europe/London", Start: local, Min: 4})
		assert.Empty(t, faultsOf(settings))
		assert.Equal(t, want, settings.Actions()[0].Start, local)
	}
	settings := scheduled(web.Schedule{Name: "never", TimeZone: "Europe/London", Start: "2027-03-28T01:30", Min: 4})
	assert.Equal(t, "schedules[0].start: must be a time that exists in Europe/London, got 2027-03-28T01:30: clocks go forward then", faultsOf(settings))

	south := scheduled(web.Schedule{Name: "once", TimeZone: "America/Santiago", Start: "2027-09-05T07:00", Min: 4})
	assert.Equal(t, "2027-09-05T10:00:00Z", south.Actions()[0].Start, "summer begins in September")
}

func TestScheduleFaults(t *testing.T) {
	t.Parallel()
	morning := web.Schedule{Name: "morning", Recurrence: "0 7 * * 1-5", Min: 4}
	with := func(change func(*web.Schedule)) web.Schedule {
		changed := morning
		change(&changed)
		return changed
	}
	tests := map[string]struct {
		schedule web.Schedule
		want     string
	}{
		"no name":       {with(func(s *web.Schedule) { s.Name = "" }), `schedules[0].name: must be lowercase letters, digits and single hyphens, got ""`},
		"name":          {with(func(s *web.Schedule) { s.Name = "Monday 7" }), `schedules[0].name: must be lowercase letters, digits and single hyphens, got "Monday 7"`},
		"zone":          {with(func(s *web.Schedule) { s.TimeZone = "Europe/Lodnon" }), `schedules[0].timeZone: must be a time zone of the IANA database such as Europe/London or Etc/UTC, got "Europe/Lodnon"`},
		"Go's zone":     {with(func(s *web.Schedule) { s.TimeZone = "Local" }), `schedules[0].timeZone: must be a time zone of the IANA database such as Europe/London or Etc/UTC, got "Local"`},
		"other folders": {with(func(s *web.Schedule) { s.TimeZone = "../UTC" }), `schedules[0].timeZone: must be a time zone of the IANA database such as Europe/London or Etc/UTC, got "../UTC"`},
		"no time":       {with(func(s *web.Schedule) { s.Recurrence = "" }), "schedules[0]: must have a recurrence or a start"},
		"end alone":     {with(func(s *web.Schedule) { s.Recurrence, s.End = "", "2027-01-01T00:00" }), "schedules[0]: must have a recurrence or a start"},
		"six fields":    {with(func(s *web.Schedule) { s.Recurrence = "0 7 * * ? *" }), `schedules[0].recurrence: must be five cron fields such as 0 7 * * 1-5, got "0 7 * * ? *"`},
		"word":          {with(func(s *web.Schedule) { s.Recurrence = "@daily" }), `schedules[0].recurrence: must be five cron fields such as 0 7 * * 1-5, got "@daily"`},
		"zone in cron":  {with(func(s *web.Schedule) { s.Recurrence = "TZ=Asia/Tokyo 0 7 * * *" }), `schedules[0].recurrence: must be five cron fields such as 0 7 * * 1-5, got "TZ=Asia/Tokyo 0 7 * * *"`},
		"zone alone":    {with(func(s *web.Schedule) { s.Recurrence = "TZ=UTC" }), `schedules[0].recurrence: must be five cron fields such as 0 7 * * 1-5, got "TZ=UTC"`},
		"no zone":       {with(func(s *web.Schedule) { s.Recurrence = "CRON_TZ=" }), `schedules[0].recurrence: must be five cron fields such as 0 7 * * 1-5, got "CRON_TZ="`},
		"hour":          {with(func(s *web.Schedule) { s.Recurrence = "0 25 * * *" }), `schedules[0].recurrence: must be five cron fields such as 0 7 * * 1-5, got "0 25 * * *"`},
		"no such day":   {with(func(s *web.Schedule) { s.Recurrence = "0 7 31 2 *" }), `schedules[0].recurrence: must match a day, between start and end if given, got "0 7 31 2 *"`},
		"none within":   {with(func(s *web.Schedule) { s.Start, s.End = "2027-01-09T00:00", "2027-01-10T00:00" }), `schedules[0].recurrence: must match a day, between start and end if given, got "0 7 * * 1-5"`}, // a weekend
		"long ago":      {with(func(s *web.Schedule) { s.End = "1999-01-01T00:00" }), "schedules[0].end: must be a time from 2024 to 2099, got 1999-01-01T00:00"},
		"far ahead":     {with(func(s *web.Schedule) { s.Start = "2100-01-01T00:00" }), "schedules[0].start: must be a time from 2024 to 2099, got 2100-01-01T00:00"},
		"start":         {with(func(s *web.Schedule) { s.Start = "tomorrow" }), `schedules[0].start: must be a time such as 2027-01-11T07:00, got "tomorrow"`},
		"end":           {with(func(s *web.Schedule) { s.End = "2027-01-11 07:00" }), `schedules[0].end: must be a time such as 2027-01-11T07:00, got "2027-01-11 07:00"`},
		"backwards":     {with(func(s *web.Schedule) { s.Start, s.End = "2027-02-01T00:00", "2027-01-01T00:00" }), "schedules[0].end: must be after start (2027-02-01T00:00), got 2027-01-01T00:00"},
		"negative":      {with(func(s *web.Schedule) { s.Min = -1 }), "schedules[0].min: must be at least 0, got -1"},
		"too many":      {with(func(s *web.Schedule) { s.Max = 11 }), "schedules[0].max: must be at most size.max (10), got 11"},
		"min above max": {with(func(s *web.Schedule) { s.Max = 3 }), "schedules[0].max: must be at least schedules[0].min (4), got 3"},
		"above all max": {with(func(s *web.Schedule) { s.Min = 40 }), "schedules[0].min: must be at most size.max (10), got 40: raise size.max"},
		"desired":       {with(func(s *web.Schedule) { s.Desired = 3 }), "schedules[0].desired: must be between schedules[0].min and schedules[0].max (4 and 10), or -1 to keep the number, got 3"},
		"too desired":   {with(func(s *web.Schedule) { s.Desired = 11 }), "schedules[0].desired: must be between schedules[0].min and schedules[0].max (4 and 10), or -1 to keep the number, got 11"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, test.want, faultsOf(scheduled(test.schedule)))
		})
	}
}

func TestOverlapsAreRefused(t *testing.T) {
	t.Parallel()
	recurring := func(zone, cron string) web.Schedule {
		return web.Schedule{Name: "recurring", TimeZone: zone, Recurrence: cron, Min: 4}
	}
	window := func(start, end string) web.Schedule {
		return web.Schedule{Name: "window", Start: start, End: end, Min: 4}
	}
	until := func(s web.Schedule, end string) web.Schedule { s.End = end; return s }
	from := func(s web.Schedule, start string) web.Schedule { s.Start = start; return s }
	tests := map[string]struct {
		first, second web.Schedule
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
		"a day apart":        {recurring("Pacific/Kiritimati", "0 12 2 * *"), recurring("Pacific/Pago_Pago", "0 11 1 * *"), "2024-01-01T22:00:00Z"},
		"two days apart":     {recurring("Pacific/Kiritimati", "30 0 3 * *"), recurring("Etc/GMT+12", "30 22 1 * *"), "2024-01-02T10:30:00Z"},
		"once in a cycle":    {recurring("", "0 7 29 2 *"), from(recurring("", "0 7 * * 1"), "2024-03-01T00:00"), "2044-02-29T07:00:00Z"},
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
					want = "schedules[1]: must not overlap schedules[0] (first), got both at " + test.at
				}
				assert.Equal(t, want, faultsOf(scheduled(test.first, test.second)))
			}
		})
	}
}

func TestNamesOfSchedulesAreTheirOwn(t *testing.T) {
	t.Parallel()
	settings := scheduled(
		web.Schedule{Name: "exams", Start: "2027-01-01T00:00", End: "2027-01-02T00:00", Min: 4},
		web.Schedule{Name: "exams-end", Start: "2027-02-01T00:00", Min: 4},
		web.Schedule{Name: "exams", Start: "2027-03-01T00:00", Min: 4},
	)
	assert.Equal(t, `schedules[1].name: must differ from schedules[0].name ("exams"), with and without -end, got "exams-end"
schedules[2].name: must differ from schedules[0].name ("exams"), with and without -end, got "exams"`, faultsOf(settings))
}

func TestSchedulesAreNotTooMany(t *testing.T) {
	t.Parallel()
	settings := usual()
	for day := range 63 {
		start := time.Date(2027, 1, 1+day, 8, 0, 0, 0, time.UTC)
		settings.Schedules = append(settings.Schedules, web.Schedule{
			Name: "day-" + start.Format("0102"), Min: 4,
			Start: start.Format("2006-01-02T15:04"), End: start.Add(time.Hour).Format("2006-01-02T15:04"),
		})
	}
	assert.Equal(t, "schedules: must make at most 125 scheduled actions together with exams, got 126", faultsOf(settings))
}

func TestSchedulesThatNothingLowers(t *testing.T) {
	t.Parallel()
	morning := web.Schedule{Name: "morning", Recurrence: "0 7 * * *", Min: 4}
	evening := web.Schedule{Name: "evening", Recurrence: "0 20 * * *", Min: 2}
	launch := web.Schedule{Name: "launch", Start: "2027-09-01T08:30", Min: 8}
	window := web.Schedule{Name: "window", Start: "2027-07-01T08:30", End: "2027-07-02T08:30", Min: 8}
	for _, test := range []struct {
		schedules []web.Schedule
		want      []web.Schedule
	}{
		{nil, nil},
		{[]web.Schedule{morning}, []web.Schedule{morning}},
		{[]web.Schedule{morning, evening}, nil},
		{[]web.Schedule{morning, window}, []web.Schedule{morning}},
		{[]web.Schedule{launch}, []web.Schedule{launch}},
		{[]web.Schedule{launch, evening}, nil},
		{[]web.Schedule{window, evening}, nil},
	} {
		settings := scheduled(test.schedules...)
		assert.Equal(t, test.want, settings.Unlowered())
	}
}

// Whatever a schedule says: it is refused, or AWS gets sizes within the fleet's and times it can read.
func FuzzSchedules(f *testing.F) {
	f.Add("morning", "Europe/London", "0 7 * * 1-5", "", "", 4, 0, 0)
	f.Add("results", "America/New_York", "", "2027-07-01T08:00", "2027-07-02T20:00", 6, 8, -1)
	f.Add("zone", "Etc/UTC", "TZ=UTC", "", "", 2, 0, 0)
	f.Add("x", "Etc/UTC", "*/5 0-23 1,15 * 0", "2027-03-28T01:30", "9999-12-31T23:59", 0, 10, 10)
	f.Fuzz(func(t *testing.T, name, zone, recurrence, start, end string, low, high, desired int) {
		settings := scheduled(
			web.Schedule{Name: "first", Recurrence: "0 20 * * *", Min: 2},
			web.Schedule{
				Name: name, TimeZone: zone, Recurrence: recurrence, Start: start, End: end, Min: low, Max: high, Desired: desired,
			},
		)
		actions := settings.Actions()
		if faultsOf(settings) != "" {
			return
		}
		if len(actions) < 2 {
			t.Fatalf("no action of %+v", settings.Schedules[1])
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
