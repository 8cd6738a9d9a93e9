package web_test

import (
	"testing"

	"ha-web/internal/settings/web"

	"github.com/stretchr/testify/assert"
)

func texts(spans []web.Span) []string {
	var all []string
	for _, each := range spans {
		all = append(all, each.Period.Name+" "+each.Start.UTC().Format("01-02T15:04")+" "+each.End.UTC().Format("01-02T15:04"))
	}
	return all
}

func TestHoursOfExams(t *testing.T) {
	t.Parallel()
	settings := exams(web.Period{Name: "spring", From: "2027-03-27", To: "2027-03-29"}, web.Period{Name: "day", From: "2027-06-01", To: "2027-06-01"})
	settings.Schedules = []web.Schedule{{Name: "launch", Start: "2027-05-01T08:00", Min: 4}}
	assert.Equal(t, []string{"spring 03-27T07:00 03-29T19:00", "day 06-01T06:00 06-01T19:00"}, texts(settings.Spans()))
	assert.Equal(t, []string{
		"spring 03-27T07:00 03-27T20:00", "spring 03-28T06:00 03-28T19:00", "spring 03-29T06:00 03-29T19:00", // clocks go forward on the 28th
		"day 06-01T06:00 06-01T19:00",
	}, texts(settings.Hours()))

	settings.Exams.RushAt, settings.Exams.EndsAt, settings.Exams.Periods = "22:00", "01:00", settings.Exams.Periods[:1]
	assert.Equal(t, []string{"spring 03-27T20:00 03-28T01:00", "spring 03-28T19:00 03-29T00:00"}, texts(settings.Hours()), "over midnight, and one o'clock does not exist on the 28th")
	settings.Exams.RushAt = "9"
	assert.Empty(t, settings.Hours())
	assert.Empty(t, usualHours())
}

func usualHours() []web.Span {
	settings := usual()
	return settings.Hours()
}
