package web_test

import (
	"testing"
	"time"

	"ha-web/internal/settings/web"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// year has schedules of every kind.
func year() web.Settings {
	settings := exams(web.Period{Name: "winter", From: "2027-01-11", To: "2027-01-22"})
	settings.Schedules = []web.Schedule{
		{Name: "morning", Recurrence: "0 7 * * 1-5", Min: 4, Start: "2026-09-01T07:00", End: "2026-12-18T20:30"},
		{Name: "evening", Recurrence: "0 20 * * 1-5", Min: 2, Max: 8, End: "2026-12-18T20:30"},
		{Name: "launch", Start: "2027-09-01T08:00", Min: 5},
	}
	return settings
}

func at(t *testing.T, settings web.Settings, now string) web.Settings {
	t.Helper()
	parsed, err := time.Parse(time.RFC3339, now)
	require.NoError(t, err)
	settings.Now = parsed
	return settings
}

// AWS refuses to make, or to change, an action whose start has passed.
func TestActionsThatHaveRunAreNotMadeAgain(t *testing.T) {
	t.Parallel()
	assert.Empty(t, faultsOf(year()))
	for now, want := range map[string][]string{
		"2026-08-31T00:00:00Z": {"morning 2026-09-01T07:00:00Z", "evening ", "launch 2027-09-01T08:00:00Z", "exams-winter 2027-01-11T07:00:00Z", "exams-winter-end 2027-01-22T20:00:00Z"},
		"2026-09-01T07:00:00Z": {"morning ", "evening ", "launch 2027-09-01T08:00:00Z", "exams-winter 2027-01-11T07:00:00Z", "exams-winter-end 2027-01-22T20:00:00Z"},
		"2026-12-18T20:30:00Z": {"launch 2027-09-01T08:00:00Z", "exams-winter 2027-01-11T07:00:00Z", "exams-winter-end 2027-01-22T20:00:00Z"},
		"2027-01-11T06:59:59Z": {"launch 2027-09-01T08:00:00Z", "exams-winter 2027-01-11T07:00:00Z", "exams-winter-end 2027-01-22T20:00:00Z"},
		"2027-01-11T07:00:00Z": {"launch 2027-09-01T08:00:00Z", "exams-winter-end 2027-01-22T20:00:00Z"},
		"2027-01-22T20:00:00Z": {"launch 2027-09-01T08:00:00Z"},
		"2027-09-01T08:00:00Z": nil,
	} {
		settings := at(t, year(), now)
		var got []string
		for _, each := range settings.Actions() {
			got = append(got, each.Name+" "+each.Start)
		}
		assert.Equal(t, want, got, now)
		assert.Equal(t, 2, settings.Floor(), "at any time")
	}
}

func TestGroupHasTheSizesInForce(t *testing.T) {
	t.Parallel()
	for now, want := range map[string]struct {
		size web.Size
		name string
	}{
		"2026-08-28T12:00:00Z": {web.Size{Min: 2, Max: 8}, "evening"}, // of the day before: it has no start
		"2026-09-01T06:59:59Z": {web.Size{Min: 2, Max: 8}, "evening"},
		"2026-09-01T07:00:00Z": {web.Size{Min: 4, Max: 10}, "morning"},
		"2026-09-01T20:00:00Z": {web.Size{Min: 2, Max: 8}, "evening"},
		"2026-09-06T12:00:00Z": {web.Size{Min: 2, Max: 8}, "evening"}, // a Sunday
		"2027-01-11T06:59:59Z": {web.Size{Min: 2, Max: 8}, "evening"}, // the last that was set
		"2027-01-11T07:00:00Z": {web.Size{Min: 6, Max: 10}, "exams-winter"},
		"2027-01-22T19:59:59Z": {web.Size{Min: 6, Max: 10}, "exams-winter"},
		"2027-01-22T20:00:00Z": {web.Size{Min: 2, Max: 10}, ""},
		"2027-09-01T08:00:00Z": {web.Size{Min: 5, Max: 10}, "launch"},
		"2029-01-01T00:00:00Z": {web.Size{Min: 5, Max: 10}, "launch"},
	} {
		settings := at(t, year(), now)
		size, name := settings.InForce()
		assert.Equal(t, want.size, size, now)
		assert.Equal(t, want.name, name, now)
	}
	none := at(t, usual(), "2027-01-01T00:00:00Z")
	size, name := none.InForce()
	assert.Equal(t, web.Size{Min: 2, Max: 10}, size)
	assert.Empty(t, name)
}

func TestSchedulesThatAreOver(t *testing.T) {
	t.Parallel()
	for now, want := range map[string][]string{
		"2026-12-18T20:29:59Z": nil,
		"2026-12-18T20:30:00Z": {"morning", "evening"},
		"2027-01-22T20:00:00Z": {"morning", "evening", "exams-winter"},
		"2030-01-01T00:00:00Z": {"morning", "evening", "exams-winter"}, // the launch still sets the sizes
	} {
		settings := at(t, year(), now)
		assert.Equal(t, want, settings.Over(), now)
	}
}

// Without a time, settings are for the present.
func TestResolvedTakesThePresent(t *testing.T) {
	t.Parallel()
	settings := web.Default()
	assert.WithinDuration(t, time.Now(), settings.Resolved(2).Now, time.Minute)
	settings.Now = time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	assert.Equal(t, settings.Now, settings.Resolved(2).Now)
}
