package settings_test

import (
	"strings"
	"testing"

	"ha-web/internal/settings"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// inExams returns a development stack with exams in May 2027, in New York, laid over with more.
func inExams(t *testing.T, more ...map[string]string) (*settings.Settings, error) {
	t.Helper()
	return overProduction(t, append([]map[string]string{{
		"environment": "development",
		"web": `{"exams": {"timeZone": "America/New_York", "min": 8,
			"periods": [{"name": "winter", "from": "2027-01-11", "to": "2027-01-15"}, {"name": "summer", "from": "2027-05-17", "to": "2027-06-04"}]}}`,
		"database": `{"rotation": {"schedule": "cron(0 8 10 * ? *)"}}`,
	}}, more...)...)
}

func TestFaultsOfTheDatabaseInExams(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ database, want string }{
		"neither": {`{}`, ""},
		"rotation": {`{"rotation": {"schedule": "cron(0 8 1 * ? *)"}}`,
			`database.rotation.schedule: must not rotate the password during web.exams.periods[1] (summer), got "cron(0 8 1 * ? *)", ` +
				"which rotates it from 2027-06-01T08:00:00Z on, choose another day, such as cron(0 8 5 * ? *)"},
		"every day": {`{"rotation": {"schedule": "cron(0 8 * * ? *)"}}`,
			`database.rotation.schedule: must not rotate the password during web.exams.periods[0] (winter), got "cron(0 8 * * ? *)", ` +
				"which rotates it from 2027-01-12T08:00:00Z on, choose another day, such as cron(0 8 5 * ? *)"},
		"backup": {`{"backupWindow": "23:45-00:15"}`,
			"database.backupWindow: must not be open during the hours of exams of web.exams.periods[0] (winter), 07:00 to 20:00 in " +
				"America/New_York, got 23:45-00:15, which opens at 2027-01-11T23:45:00Z"},
		"maintenance": {`{"maintenanceWindow": "tue:10:59-tue:12:01"}`,
			"database.maintenanceWindow: must not be open during the hours of exams of web.exams.periods[0] (winter), 07:00 to 20:00 in " +
				"America/New_York, got tue:10:59-tue:12:01, which opens at 2027-01-12T10:59:00Z"},
		"by daylight-saving time": {`{"maintenanceWindow": "tue:10:30-tue:11:30"}`,
			"database.maintenanceWindow: must not be open during the hours of exams of web.exams.periods[1] (summer), 07:00 to 20:00 in " +
				"America/New_York, got tue:10:30-tue:11:30, which opens at 2027-05-18T10:30:00Z"},
		"up to the hours": {`{"maintenanceWindow": "tue:10:30-tue:11:00", "backupWindow": "01:00-01:30"}`, ""},
	} {
		_, err := inExams(t, map[string]string{"database": test.database})
		if test.want == "" {
			assert.NoError(t, err, name)
			continue
		}
		assert.EqualError(t, err, test.want, name)
	}
}

func TestFaultsOfTheClassForExams(t *testing.T) {
	t.Parallel()
	for class, want := range map[string]string{
		"db.m7g.xlarge": "", "db.r7g.large": "", "db.m7g.large": "web.exams.databaseClass: must have no less memory than database.instanceClass (db.r7g.large, 16 GiB), got db.m7g.large (8 GiB)",
		"m7g.large": `web.exams.databaseClass: must be a DB instance class such as db.t4g.medium, got "m7g.large"`,
	} {
		parsed, err := inExams(t, map[string]string{
			"database": `{"instanceClass": "db.r7g.large", "rotation": {"schedule": "cron(0 8 10 * ? *)"}}`,
			"web":      `{"exams": {"databaseClass": "` + class + `", "min": 8, "periods": [{"name": "winter", "from": "2027-01-11", "to": "2027-01-15"}]}}`,
		})
		if want == "" {
			require.NoError(t, err, class)
			assert.Equal(t, class, parsed.ExamClass())
			continue
		}
		assert.EqualError(t, err, want, class)
	}
}

func TestNotesOnTheDatabaseInExams(t *testing.T) {
	t.Parallel()
	// said returns the notes that begin with one of these words.
	said := func(more map[string]string) string {
		parsed, err := inExams(t, more)
		require.NoError(t, err)
		var notes []string
		for _, note := range parsed.Notes() {
			for _, word := range []string{"exams: ", "schedule day: ", "connections: ", "maintenance: "} {
				if strings.HasPrefix(note, word) {
					notes = append(notes, note)
				}
			}
		}
		return strings.Join(notes, "\n")
	}
	const large = `"instanceClass": "db.m7g.large", "maintenanceWindow": "sun:10:00-sun:10:30"`
	const window = "maintenance: database.maintenanceWindow (sun:04:00-sun:05:00) opens during exams summer, first at 2027-05-23T04:00:00Z: " +
		"AWS may apply a minor version then, a failover of about a minute; move the window to a night without an exam on the day after"
	const burstable = "is burstable: it has 2 vCPUs, and hours of load use up its CPU credits, after which CPU costs extra"
	winter := `{"exams": {"min": 8, "periods": [{"name": "winter", "from": "2027-01-11", "to": "2027-01-15"}]}}`
	for name, test := range map[string]struct {
		more map[string]string
		want string
	}{
		"burstable": {nil, "exams: db.t4g.medium " + burstable + "; 8 instances have 16 vCPUs, for which a database has about a third as many " +
			"by a rule of thumb, such as db.m7g.2xlarge: measure it\n" + window},
		"large":                {map[string]string{"web": winter, "database": `{` + large + `}`}, ""},
		"large in exams":       {map[string]string{"web": strings.Replace(winter, `"min"`, `"databaseClass": "db.m7g.xlarge", "min"`, 1)}, ""},
		"unknown":              {map[string]string{"web": strings.Replace(winter, `{"exams"`, `{"instanceTypes": ["m5.metal"], "exams"`, 1)}, "exams: db.t4g.medium " + burstable},
		"pool":                 {map[string]string{"web": winter, "database": `{"poolSize": 72, ` + large + `}`}, ""},
		"all of the pool":      {map[string]string{"web": winter, "database": `{"maxConnections": 200, "proxy": {"maxConnectionsPercent": 100}, ` + large + `}`}, ""},
		"pool above the proxy": {map[string]string{"web": winter, "database": `{"poolSize": 73, ` + large + `}`}, "connections: 10 instances with database.poolSize 73 open 730, and RDS Proxy opens at most 729 to db.m7g.large: a client that pins its connection (session variables, prepared statements, advisory locks) keeps it, and others wait 5 seconds and fail; lower database.poolSize, or choose a larger class"},
		"no proxy":             {map[string]string{"web": winter, "database": `{"poolSize": 74, ` + large + `, "proxy": {"enabled": false}}`}, ""},
		"schedule": {map[string]string{"web": `{"exams": {}, "schedules": [{"name": "day", "recurrence": "0 7 * * *", "min": 6}, {"name": "night", "recurrence": "0 20 * * *", "min": 2}]}`},
			"schedule day: db.t4g.medium " + burstable + "; 6 instances have 12 vCPUs, for which a database has about a third as many by a rule of thumb, such as db.m7g.xlarge: measure it"},
		"no rush": {map[string]string{"web": `{"exams": {}}`}, ""},
	} {
		assert.Equal(t, test.want, said(test.more), name)
	}
}
