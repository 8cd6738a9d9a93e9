package settings

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestStartsThatHavePassedAreSaid(t *testing.T) {
	t.Parallel()
	parsed, err := Parse("ha-web", map[string]string{
		regionKey:            "us-east-1",
		"ha-web:environment": "development",
		"ha-web:network":     `{"availabilityZones": ["us-east-1a", "us-east-1b"]}`,
		"ha-web:web": `{"schedules": [{"name": "launch", "start": "2027-09-01T08:00", "min": 4}],
			"exams": {"min": 4, "periods": [{"name": "winter", "from": "2028-01-10", "to": "2028-01-21"}]}}`,
	})
	require.NoError(t, err)
	assert.Empty(t, parsed.passed(time.Date(2027, 9, 1, 7, 59, 59, 0, time.UTC)))
	assert.Equal(t, []string{
		"schedule launch: its start has passed; AWS keeps it where it is, but would refuse to make it anew: " +
			"take it out of web.schedules or web.exams when it is over",
	}, parsed.passed(time.Date(2027, 9, 1, 8, 0, 0, 0, time.UTC)))
	assert.Len(t, parsed.passed(time.Date(2028, 1, 10, 7, 0, 0, 0, time.UTC)), 2)
}
