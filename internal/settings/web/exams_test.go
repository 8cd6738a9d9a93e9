package web_test

import (
	"strings"
	"testing"

	"ha-web/internal/settings/web"

	"github.com/stretchr/testify/assert"
)

// exams returns the settings of a web tier with a calendar.
func exams(periods ...web.Period) web.Settings {
	settings := usual()
	settings.Exams.TimeZone, settings.Exams.Min, settings.Exams.Periods = "Europe/London", 6, periods
	return settings
}

func TestExamsGrowTheFleetAheadOfTheRush(t *testing.T) {
	t.Parallel()
	settings := exams(
		web.Period{Name: "winter", From: "2027-01-11", To: "2027-01-22"},
		web.Period{Name: "summer", From: "2027-05-17", To: "2027-06-04"},
	)
	assert.Empty(t, faultsOf(settings))
	assert.Equal(t, []web.Action{
		{Name: "exams-winter", Start: "2027-01-11T07:00:00Z", Min: 6, Max: 10, Desired: -1}, // two hours before nine
		{Name: "exams-winter-end", Start: "2027-01-22T20:00:00Z", Min: 2, Max: 10, Desired: -1},
		{Name: "exams-summer", Start: "2027-05-17T06:00:00Z", Min: 6, Max: 10, Desired: -1},
		{Name: "exams-summer-end", Start: "2027-06-04T19:00:00Z", Min: 2, Max: 10, Desired: -1},
	}, settings.Actions())

	settings.Exams.RushAt, settings.Exams.LeadHours, settings.Exams.EndsAt = "01:30", 3, "23:59"
	assert.Equal(t, "2027-01-10T22:30:00Z", settings.Actions()[0].Start, "the evening before")
	assert.Equal(t, "2027-01-22T23:59:00Z", settings.Actions()[1].Start)
}

func TestExamFaults(t *testing.T) {
	t.Parallel()
	winter := web.Period{Name: "winter", From: "2027-01-11", To: "2027-01-22"}
	tests := map[string]struct {
		change func(*web.Settings)
		want   string
	}{
		"rush":      {func(s *web.Settings) { s.Exams.RushAt = "9" }, `exams.rushAt: must be a time of day such as 09:00, got "9"`},
		"end":       {func(s *web.Settings) { s.Exams.EndsAt = "24:00" }, `exams.endsAt: must be a time of day such as 09:00, got "24:00"`},
		"lead":      {func(s *web.Settings) { s.Exams.LeadHours = 0 }, "exams.leadHours: must be between 1 and 24, got 0"},
		"no growth": {func(s *web.Settings) { s.Exams.Min = 1 }, "exams.min: must be at least size.min (2), got 1"},
		"too much":  {func(s *web.Settings) { s.Exams.Min = 50 }, "exams.min: must be at most size.max (10), got 50: raise size.max"},
		"name":      {func(s *web.Settings) { s.Exams.Periods[0].Name = "Winter 27" }, `exams.periods[0].name: must be lowercase letters, digits and single hyphens, got "Winter 27"`},
		"day":       {func(s *web.Settings) { s.Exams.Periods[0].From = "11.1.2027" }, `exams.periods[0].from: must be a date such as 2027-01-11, got "11.1.2027"`},
		"backwards": {func(s *web.Settings) { s.Exams.Periods[0].To = "2027-01-10" }, "exams.periods[0].to: must not be before exams.periods[0].from (2027-01-11), got 2027-01-10"},
		"no time": {func(s *web.Settings) {
			s.Exams.RushAt, s.Exams.EndsAt, s.Exams.Periods[0].To = "20:00", "09:00", "2027-01-11"
		}, "exams.periods[0].to: must be later, so that the period ends after the group has scaled out (2027-01-11T18:00), got an end at 2027-01-11T09:00"},
		"no such time": {func(s *web.Settings) {
			s.Exams.RushAt, s.Exams.Periods[0].From, s.Exams.Periods[0].To = "03:30", "2027-03-28", "2027-03-30"
		}, "exams.periods[0].from: must be a time that exists in Europe/London, got 2027-03-28T01:30: clocks go forward then"},
		"zone": {func(s *web.Settings) {
			s.Exams.TimeZone = "London"
			s.Exams.Periods = append(s.Exams.Periods, web.Period{Name: "summer", From: "2027-05-17", To: "2027-06-04"})
		}, `exams.timeZone: must be a time zone of the IANA database such as Europe/London or Etc/UTC, got "London"`},
		"overlap": {func(s *web.Settings) {
			s.Schedules = []web.Schedule{{Name: "morning", Recurrence: "0 7 * * 1-5", Min: 4}}
		}, "exams.periods[0]: must not overlap schedules[0] (morning), got both at 2027-01-11T07:00:00Z"},
		"overlap each other": {func(s *web.Settings) {
			s.Exams.Periods = append(s.Exams.Periods, web.Period{Name: "resits", From: "2027-01-22", To: "2027-01-25"})
		}, "exams.periods[1]: must not overlap exams.periods[0] (winter), got both at 2027-01-22T07:00:00Z"},
		"twice": {func(s *web.Settings) {
			s.Exams.Periods = append(s.Exams.Periods, web.Period{Name: "winter", From: "2028-01-11", To: "2028-01-22"})
		}, `exams.periods[1].name: must differ from exams.periods[0].name ("winter"), with and without -end, got "winter"`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			settings := exams(winter)
			test.change(&settings)
			assert.Equal(t, test.want, faultsOf(settings))
		})
	}
	settings := usual()
	settings.Exams = web.Exams{}
	assert.Empty(t, faultsOf(settings), "without a period nothing else counts")
	assert.False(t, strings.Contains(faultsOf(exams(winter)), "exams"))
}
