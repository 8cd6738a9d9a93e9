package rotation_test

import (
	"testing"
	"time"

	"ha-web/internal/rotation"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestNext(t *testing.T) {
	t.Parallel()
	for expression, want := range map[string][]string{
		"cron(0 3 1 * ? *)":           {"2027-01-01T03:00", "2027-02-01T03:00", "2027-03-01T03:00"},
		"cron(0 8 L * ? *)":           {"2026-12-31T08:00", "2027-01-31T08:00", "2027-02-28T08:00"},
		"cron(0 0/8 * * ? *)":         {"2026-12-30T08:00", "2026-12-30T16:00", "2026-12-31T00:00"},
		"cron(0 4 ? * SUN *)":         {"2027-01-03T04:00", "2027-01-10T04:00"},
		"cron(0 4 ? * 1 *)":           {"2027-01-03T04:00", "2027-01-10T04:00"},
		"cron(0 4 ? * mon-fri *)":     {"2026-12-30T04:00", "2026-12-31T04:00", "2027-01-01T04:00", "2027-01-04T04:00"},
		"cron(0 4 ? * 2#1 *)":         {"2027-01-04T04:00", "2027-02-01T04:00"},
		"cron(0 4 ? * FRIL *)":        {"2027-01-29T04:00", "2027-02-26T04:00"},
		"cron(0 1,13 15 JAN,JUL ? *)": {"2027-01-15T01:00", "2027-01-15T13:00", "2027-07-15T01:00"},
		"cron(0 2-10/4 1 1/6 ? *)":    {"2027-01-01T02:00", "2027-01-01T06:00", "2027-01-01T10:00", "2027-07-01T02:00"},
		"cron(0 4 29 2 ? *)":          {"2028-02-29T04:00", "2032-02-29T04:00"},
	} {
		schedule, err := rotation.Parse(expression)
		require.NoError(t, err, expression)
		at := time.Date(2026, 12, 30, 3, 30, 0, 0, time.UTC)
		for _, each := range want {
			next := schedule.Next(at)
			assert.Equal(t, each, next.Format("2006-01-02T15:04"), expression)
			assert.Equal(t, next, schedule.Next(next), "at or after")
			at = next.Add(time.Minute)
		}
	}
}

func TestGaps(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	for expression, want := range map[string][2]time.Duration{
		"cron(0 3 1 * ? *)":        {28 * day, 31 * day},
		"cron(0 3 1 1,4,7,10 ? *)": {90 * day, 92 * day},
		"cron(0 0/8 * * ? *)":      {8 * time.Hour, 8 * time.Hour},
		"cron(0 0,21 * * ? *)":     {3 * time.Hour, 21 * time.Hour},
		"cron(0 4 ? * SAT#1 *)":    {28 * day, 35 * day},
	} {
		schedule, err := rotation.Parse(expression)
		require.NoError(t, err, expression)
		shortest, longest := schedule.Gaps()
		assert.Equal(t, want, [2]time.Duration{shortest, longest}, expression)
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	const form = "must be cron(minutes hours day-of-month month day-of-week year), such as cron(0 3 1 * ? *)"
	for expression, want := range map[string]string{
		"":                        form,
		"rate(30 days)":           form,
		"0 3 1 * ? *":             form,
		"cron(0 3 1 * ?)":         form,
		"cron(0 3 1 * ? * *)":     form,
		"cron(0 3  1 * ? *)":      form,
		"cron(30 3 1 * ? *)":      "must have 0 for minutes, the first field",
		"cron(* 3 1 * ? *)":       "must have 0 for minutes, the first field",
		"cron(0 3 1 * ? 2027)":    "must have * for the year, the last field",
		"cron(0 3 1 * * *)":       "must have ? for either the day of the month or the day of the week",
		"cron(0 3 ? * ? *)":       "must have ? for either the day of the month or the day of the week",
		"cron(0 24 1 * ? *)":      "must have 0 to 23, ranges, steps or * for hours",
		"cron(0 3- 1 * ? *)":      "must have 0 to 23, ranges, steps or * for hours",
		"cron(0 3/0 1 * ? *)":     "must have 0 to 23, ranges, steps or * for hours",
		"cron(0 3,+4 1 * ? *)":    "must have 0 to 23, ranges, steps or * for hours",
		"cron(0 9-3 1 * ? *)":     "must have 0 to 23, ranges, steps or * for hours",
		"cron(0 3 0 * ? *)":       "must have 1 to 31, ranges, steps or * for the day of the month",
		"cron(0 3 15W * ? *)":     "must have 1 to 31, ranges, steps or * for the day of the month",
		"cron(0 3 1 13 ? *)":      "must have 1 to 12, ranges, steps or * for the month",
		"cron(0 3 ? * SONNTAG *)": "must have 1 to 7, ranges, steps or * for the day of the week",
		"cron(0 3 ? * SUN#6 *)":   "must have 1 to 7, ranges, steps or * for the day of the week",
		"cron(0 3 30 2 ? *)":      "must match a day",
	} {
		_, err := rotation.Parse(expression)
		assert.EqualError(t, err, want+`, got "`+expression+`"`)
	}
}
