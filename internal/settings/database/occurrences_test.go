package database_test

import (
	"testing"
	"time"

	"ha-web/internal/settings/database"

	"github.com/stretchr/testify/assert"
)

func TestWindowsDuring(t *testing.T) {
	t.Parallel()
	settings := after(func(s *database.Settings) {
		s.BackupWindow, s.MaintenanceWindow, s.Rotation.Hours = "23:30-00:30", "sun:04:00-sun:05:00", 2
		s.Rotation.Schedule = "cron(0 3 1 * ? *)"
	})
	at := func(text string) time.Time {
		parsed, err := time.Parse("2006-01-02T15:04", text)
		assert.NoError(t, err)
		return parsed
	}
	for _, test := range []struct {
		during         func(from, to time.Time) time.Time
		from, to, want string
	}{
		{settings.BackupDuring, "2027-01-11T07:00", "2027-01-11T20:00", ""},
		{settings.BackupDuring, "2027-01-11T00:29", "2027-01-11T20:00", "2027-01-10T23:30"},
		{settings.BackupDuring, "2027-01-11T00:30", "2027-01-11T23:30", ""},
		{settings.BackupDuring, "2027-01-11T00:30", "2027-01-11T23:31", "2027-01-11T23:30"},
		{settings.BackupDuring, "2020-01-11T00:30", "2020-01-11T23:31", "2020-01-11T23:30"},
		{settings.MaintenanceDuring, "2027-01-11T07:00", "2027-01-17T04:00", ""},
		{settings.MaintenanceDuring, "2027-01-11T07:00", "2027-01-22T20:00", "2027-01-17T04:00"},
		{settings.MaintenanceDuring, "2027-01-17T04:59", "2027-01-17T20:00", "2027-01-17T04:00"},
		{settings.MaintenanceDuring, "2027-01-17T05:00", "2027-01-24T03:00", ""},
		{settings.Rotation.During, "2027-01-11T07:00", "2027-01-22T20:00", ""},
		{settings.Rotation.During, "2027-02-01T04:59", "2027-02-22T20:00", "2027-02-01T03:00"},
		{settings.Rotation.During, "2027-02-01T05:00", "2027-03-01T03:00", ""},
	} {
		got := ""
		if when := test.during(at(test.from), at(test.to)); !when.IsZero() {
			got = when.Format("2006-01-02T15:04")
		}
		assert.Equal(t, test.want, got, "%+v", test)
	}
	span := [2]time.Time{at("2027-05-31T07:00"), at("2027-06-04T20:00")}
	assert.Equal(t, "cron(0 3 5 * ? *)", settings.Rotation.Outside([][2]time.Time{span}))
	assert.Equal(t, "cron(0 3 1 * ? *)", settings.Rotation.Outside(nil))
	all := [2]time.Time{at("2027-05-01T00:00"), at("2027-06-04T20:00")}
	assert.Empty(t, settings.Rotation.Outside([][2]time.Time{all}))
}
