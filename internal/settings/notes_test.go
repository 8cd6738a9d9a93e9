package settings

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSchedulesInForceAreSaid(t *testing.T) {
	t.Parallel()
	for now, want := range map[string][]string{
		"2027-09-01T07:59:59Z": nil,
		"2027-09-01T08:00:00Z": {"schedule launch is in force: the group has 4 to 10 instances"},
		"2028-01-10T06:59:59Z": {"schedule launch is in force: the group has 4 to 10 instances"},
		"2028-01-10T07:00:00Z": {"schedule exams-winter is in force: the group has 6 to 10 instances"},
		"2028-01-21T20:00:00Z": {"schedule exams-winter is over: take it out of web.schedules or web.exams"},
	} {
		parsed, err := Parse("ha-web", map[string]string{
			NowKey:               now,
			regionKey:            "us-east-1",
			"ha-web:environment": "development",
			"ha-web:network":     `{"availabilityZones": ["us-east-1a", "us-east-1b"]}`,
			"ha-web:web": `{"schedules": [{"name": "launch", "start": "2027-09-01T08:00", "min": 4}],
			"exams": {"min": 6, "periods": [{"name": "winter", "from": "2028-01-10", "to": "2028-01-21"}]}}`,
		})
		require.NoError(t, err)
		assert.Equal(t, want, parsed.scheduleNotes(), now)
	}
	_, err := Parse("ha-web", map[string]string{NowKey: "noon", regionKey: "us-east-1"})
	assert.ErrorContains(t, err, `plan:now: must be a time such as 2026-01-01T00:00:00Z, got "noon"`)
}
