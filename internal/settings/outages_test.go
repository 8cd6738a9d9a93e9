package settings_test

import (
	"encoding/json"
	"maps"
	"strings"
	"testing"

	"ha-web/internal/settings"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// published returns what a stack with these settings publishes, as a pipeline reads it.
func published(t *testing.T, s *settings.Settings) map[string]any {
	t.Helper()
	values := map[string]any{}
	for name, value := range s.Facts() {
		values[name] = value
	}
	text, err := json.Marshal(values)
	require.NoError(t, err)
	var outputs map[string]any
	require.NoError(t, json.Unmarshal(text, &outputs))
	return outputs
}

func TestOutagesAreAnnounced(t *testing.T) {
	t.Parallel()
	plainHTTP := map[string]string{"environment": "development", "domain": `{"name": "", "hostedZone": ""}`}
	three := map[string]string{"network": `{"availabilityZones": ["us-east-1a", "us-east-1b", "us-east-1c"]}`}
	withoutStandby := map[string]string{"environment": "development", "database": `{"multiAz": false, "applyImmediately": true}`}
	restored := map[string]string{"database": `{"snapshotIdentifier": "before"}`}
	fromBackup := map[string]string{"database": `{"restore": {"resourceId": "db-A"}}`}
	for name, test := range map[string]struct {
		before, now map[string]string
		want        []string // how each note begins, and what else it has after a tilde
	}{
		"nothing": {nil, nil, nil},
		"a backup": {nil, fromBackup, []string{
			"database.restore changes from none to db-A at latest: the database is replaced with one restored from the automated backup",
		}},
		"people past the proxy": {nil, map[string]string{"database": `{"operators": true}`}, nil},
		"what rolls":            {nil, map[string]string{"web": `{"bootSeconds": 200}`}, nil},
		"another port":          {nil, map[string]string{"web": `{"port": 9090}`}, []string{"web.port changes from 8080 to 9090: the site answers 502 and 503 for 5 to 8 minutes"}},
		"a domain":              {plainHTTP, map[string]string{"environment": "development"}, []string{"domain.name changes from http to https: ~504 for 10 to 30 minutes"}},
		"no domain":             {map[string]string{"environment": "development"}, plainHTTP, []string{"domain.name changes from https to http: "}},
		"another domain": {nil, map[string]string{"domain": `{"name": "moodle.example.edu"}`}, []string{
			"domain.name changes from learn.example.edu to moodle.example.edu: the old name stops resolving",
		}},
		"CloudFront": {map[string]string{"environment": "development", "cdn": `{"enabled": false}`}, map[string]string{"environment": "development"}, []string{
			"cdn.enabled changes from false to true: ~web.ingress: internet",
		}},
		"a zone more": {nil, three, nil},
		"a zone less": {three, nil, []string{
			"network.availabilityZones changes from us-east-1a, us-east-1b, us-east-1c to us-east-1a, us-east-1b: ~database.proxy.enabled off",
		}},
		"another zone": {nil, map[string]string{"network": `{"availabilityZones": ["us-east-1a", "us-east-1c"]}`}, []string{"network.availabilityZones changes"}},
		"a network":    {nil, map[string]string{"network": `{"cidr": "10.1.0.0/16"}`}, []string{"network.cidr changes from 10.0.0.0/16 to 10.1.0.0/16: AWS cannot change it"}},
		"an engine": {nil, map[string]string{"database": `{"engine": "mysql"}`}, []string{
			"database.engine changes from postgres to mysql: AWS cannot change it: ~without its data", "database.version changes from 16 to 8.4",
		}},
		"a version": {nil, map[string]string{"database": `{"version": "17", "allowMajorUpgrade": true}`}, []string{
			"database.version changes from 16 to 17: RDS stops the database for the upgrade, for 10 to 30 minutes",
		}},
		"a class": {nil, map[string]string{"database": `{"instanceClass": "db.m7g.large"}`}, []string{
			"database.instanceClass changes from db.t4g.medium to db.m7g.large: RDS restarts the database in the maintenance window (sun:04:00-sun:05:00 UTC): ~one to two minutes",
		}},
		"a class without a standby": {withoutStandby, map[string]string{
			"environment": "development", "database": `{"multiAz": false, "applyImmediately": true, "instanceClass": "db.m7g.large"}`,
		}, []string{"database.instanceClass changes from db.t4g.medium to db.m7g.large: RDS restarts the database during this update: ~5 to 10 minutes"}},
		"a name": {nil, map[string]string{"database": `{"name": "moodle"}`}, []string{"database.name changes from appdb to moodle: AWS cannot change it"}},
		"a user": {nil, map[string]string{"database": `{"username": "moodle"}`}, []string{"database.username changes from appuser to moodle: AWS cannot change it"}},
		"a snapshot": {nil, restored, []string{
			"database.snapshotIdentifier changes from none to before: the database is replaced with one restored from the snapshot",
		}},
		"no proxy": {nil, map[string]string{"database": `{"proxy": {"enabled": false}}`}, []string{"database.proxy.enabled changes from true to false: "}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			before, err := overProduction(t, test.before)
			require.NoError(t, err)
			now, err := overProduction(t, test.now)
			require.NoError(t, err)
			notes := now.Outages(published(t, before))
			require.Len(t, notes, len(test.want), "%v", notes)
			for _, want := range test.want {
				begins, has, _ := strings.Cut(want, "~")
				found := false
				for _, note := range notes {
					found = found || strings.HasPrefix(note, begins) && strings.Contains(note, has)
				}
				assert.True(t, found, "%q is not in %v", want, notes)
			}
		})
	}
}

// A stack that was last updated without the parameter, and one that is new, have nothing to compare.
func TestUnknownOutputsAnnounceNothing(t *testing.T) {
	t.Parallel()
	now, err := overProduction(t)
	require.NoError(t, err)
	assert.Empty(t, now.Outages(nil))
	assert.Empty(t, now.Outages(map[string]any{"vpcId": "vpc-1"}))
}

// Each row compares an output that the settings publish.
func TestOutagesCompareOutputsThatExist(t *testing.T) {
	t.Parallel()
	now, err := overProduction(t)
	require.NoError(t, err)
	before := map[string]any{}
	for name := range maps.Keys(now.Facts()) {
		before[name] = "another value"
	}
	announced := map[string]bool{}
	for _, note := range now.Outages(before) {
		key, _, _ := strings.Cut(note, " ")
		announced[key] = true
	}
	for _, key := range settings.OutageKeys() {
		if key != "network.availabilityZones" { // of which a string is no list
			assert.True(t, announced[key], key)
		}
	}
}
