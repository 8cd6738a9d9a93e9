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

// production is the least that a production stack says.
var production = map[string]string{
	"environment": "production",
	"web":         `{"instanceTypes": ["t3.small", "t3a.small"]}`,
	"domain":      `{"name": "learn.example.edu", "hostedZone": "example.edu"}`,
	"monitoring":  `{"email": ["oncall@example.edu"]}`,
	"database":    `{"replicaRegion": "us-west-2"}`,
}

// weakened are settings that lack what a guard rail is for, laid over those of production, and the keys to blame.
var weakened = map[string]struct {
	sections map[string]string
	keys     []string
}{
	"nat-gateway-per-zone": {map[string]string{"network": `{"natGateways": "single"}`}, []string{"network.natGateways"}},
	"flow-logs":            {map[string]string{"network": `{"flowLogs": {"enabled": false}}`}, []string{"network.flowLogs.enabled"}},
	"instance-per-zone": {map[string]string{
		"web": `{"schedules": [{"name": "night", "recurrence": "0 20 * * *", "min": 1}]}`,
	}, []string{"web.schedules"}},
	"instance-types":       {map[string]string{"web": `{"instanceTypes": ["t3.small"]}`}, []string{"web.instanceTypes"}},
	"pinned-image":         {map[string]string{"web": `{"image": "ssm:/golden/moodle"}`}, []string{"web.image"}},
	"scaling":              {map[string]string{"web": `{"scaling": {"cpuPercent": 0}}`}, []string{"web.scaling.cpuPercent"}},
	"shallow-health-check": {map[string]string{"web": `{"healthCheck": {"path": "/health/db"}}`}, []string{"web.healthCheck.path"}},
	"rollout-capacity":     {map[string]string{"web": `{"rollout": {"minHealthyPercent": 99}}`}, []string{"web.rollout.minHealthyPercent"}},
	"load-balancer-logs":   {map[string]string{"web": `{"accessLogs": {"enabled": false}}`}, []string{"web.accessLogs.enabled"}},
	"database-standby":     {map[string]string{"database": `{"multiAz": false}`}, []string{"database.multiAz"}},
	"final-snapshot":       {map[string]string{"database": `{"finalSnapshot": false}`}, []string{"database.finalSnapshot"}},
	"backups":              {map[string]string{"database": `{"backupDays": 6}`}, []string{"database.backupDays"}},
	"backup-region":        {map[string]string{"database": `{"replicaRegion": ""}`}, []string{"database.replicaRegion"}},
	"password-rotation":    {map[string]string{"database": `{"rotation": {"schedule": "cron(0 3 1 1,4,7,10 ? *)"}}`}, []string{"database.rotation.schedule"}},
	"database-metrics":     {map[string]string{"database": `{"monitoringSeconds": 0}`}, []string{"database.monitoringSeconds"}},
	"secret-recovery":      {map[string]string{"secrets": `{"names": ["smtp"], "recoveryDays": 0}`}, []string{"secrets.recoveryDays"}},
	"tls":                  {map[string]string{"domain": `{"name": "", "hostedZone": ""}`}, []string{"domain.name"}},
	"firewall":             {map[string]string{"cdn": `{"waf": {"enabled": false}}`}, []string{"cdn.waf.enabled"}},
	"exam-hall": {map[string]string{
		"web": `{"exams": {"min": 2, "periods": [{"name": "winter", "from": "2027-01-11", "to": "2027-01-15"}]}}`,
	}, []string{"cdn.waf.rateLimitExempt"}},
	"front-door": {map[string]string{"web": `{"ingress": "internet"}`}, []string{"web.ingress"}},
	"cdn-logs":   {map[string]string{"cdn": `{"accessLogs": {"enabled": false}}`}, []string{"cdn.accessLogs.enabled"}},
	"log-retention": {map[string]string{
		"network": `{"flowLogs": {"retentionDays": 180}}`, "web": `{"logRetentionDays": 180}`,
		"database": `{"logRetentionDays": 180}`, "cdn": `{"waf": {"logRetentionDays": 180}}`,
		"monitoring": `{"logRetentionDays": 180, "datadog": {"apiKey": "hunter2"}}`,
	}, []string{
		"network.flowLogs.retentionDays", "web.logRetentionDays", "database.logRetentionDays", "cdn.waf.logRetentionDays",
		"monitoring.logRetentionDays",
	}},
	"on-call":                        {map[string]string{"monitoring": `{"email": []}`}, []string{"monitoring.email"}},
	"web-deletion-protection":        {map[string]string{"web": `{"deletionProtection": false}`}, []string{"web.deletionProtection"}},
	"database-deletion-protection":   {map[string]string{"database": `{"deletionProtection": false}`}, []string{"database.deletionProtection"}},
	"secrets-deletion-protection":    {map[string]string{"secrets": `{"deletionProtection": false}`}, []string{"secrets.deletionProtection"}},
	"cdn-deletion-protection":        {map[string]string{"cdn": `{"deletionProtection": false}`}, []string{"cdn.deletionProtection"}},
	"monitoring-deletion-protection": {map[string]string{"monitoring": `{"deletionProtection": false, "datadog": {"apiKey": "hunter2"}}`}, []string{"monitoring.deletionProtection"}},
	"delivery-deletion-protection":   {map[string]string{"delivery": `{"deletionProtection": false}`}, []string{"delivery.deletionProtection"}},
	"access-deletion-protection": {map[string]string{
		"access": `{"deletionProtection": false, "playbooks": [{"name": "site", "folder": "testdata/playbooks"}]}`,
	}, []string{"access.deletionProtection"}},
}

// overProduction returns the settings of the least production stack with more laid over it.
func overProduction(t *testing.T, more ...map[string]string) (*settings.Settings, error) {
	t.Helper()
	sections := map[string]string{"network": `{"availabilityZones": ["us-east-1a", "us-east-1b"]}`}
	maps.Copy(sections, production)
	for _, layer := range more {
		for section, value := range layer {
			sections[section] = merged(t, sections[section], value)
		}
	}
	return settings.Parse("ha-web", config(t, sections), "ha-web:monitoring")
}

// merged returns a JSON object with the fields of another over its own; anything but an object replaces it.
func merged(t *testing.T, value, over string) string {
	t.Helper()
	fields := map[string]any{}
	if json.Unmarshal([]byte(over), &fields) != nil {
		return over
	}
	fields = map[string]any{}
	if value != "" {
		require.NoError(t, json.Unmarshal([]byte(value), &fields))
	}
	require.NoError(t, json.Unmarshal([]byte(over), &fields))
	text, err := json.Marshal(fields)
	require.NoError(t, err)
	return string(text)
}

func waive(ids ...string) map[string]string {
	reasons := map[string]string{}
	for _, id := range ids {
		reasons[id] = "it is a test"
	}
	text, _ := json.Marshal(reasons) // of texts: no error
	return map[string]string{"waivers": string(text)}
}

// byControl returns a reason for each control of a guard rail.
func byControl(rail settings.GuardRail, reason string) map[string]string {
	reasons := map[string]string{}
	for _, control := range rail.Controls {
		reasons[control] = reason
	}
	return reasons
}

func TestProductionNeedsNoWaiver(t *testing.T) {
	t.Parallel()
	parsed, err := overProduction(t)
	require.NoError(t, err)
	assert.Empty(t, parsed.Concessions())
}

func TestGuardRails(t *testing.T) {
	t.Parallel()
	for _, rail := range settings.GuardRails() {
		t.Run(rail.ID, func(t *testing.T) {
			t.Parallel()
			test, found := weakened[rail.ID]
			require.True(t, found, "no settings that lack it")
			var faults []string
			for _, key := range test.keys {
				faults = append(faults, key+": a production stack needs "+rail.Has+": "+rail.Remedy+
					", or say under waivers."+rail.ID+" why this one does not")
			}

			_, err := overProduction(t, test.sections)
			require.EqualError(t, err, strings.Join(faults, "\n"))

			waived, err := overProduction(t, test.sections, waive(rail.ID))
			require.NoError(t, err)
			assert.Contains(t, waived.Notes(), "waived: "+rail.ID+": it is a test")
			assert.Equal(t, byControl(rail, "waivers."+rail.ID+": it is a test."), waived.Concessions())

			_, err = overProduction(t, waive(rail.ID))
			require.EqualError(t, err, "waivers."+rail.ID+": is not needed, the stack has what it waives: take it out")

			development := map[string]string{"environment": "development"}
			saved, err := overProduction(t, test.sections, development)
			require.NoError(t, err)
			assert.Equal(t, byControl(rail, strings.Join(test.keys, ", ")+": "+rail.Without+"."), saved.Concessions())
			_, err = overProduction(t, test.sections, development, waive(rail.ID))
			require.EqualError(t, err, "waivers."+rail.ID+": is not needed, only production stacks have guard rails: take it out")
		})
	}
	assert.Len(t, weakened, len(settings.GuardRails()))
}

// Several settings may be behind one control: each is named, and what is the same is said once.
func TestConcessionsNameEverySetting(t *testing.T) {
	t.Parallel()
	off := `{"deletionProtection": false}`
	parsed, err := overProduction(t, map[string]string{"environment": "development", "web": off, "secrets": off, "cdn": off})
	require.NoError(t, err)
	assert.Equal(t, "web.deletionProtection, secrets.deletionProtection, cdn.deletionProtection: one command takes it away, wanted or not.",
		parsed.Concessions()["HA.17"])
	waived, err := overProduction(t, map[string]string{
		"web": off, "cdn": off, "waivers": `{"web-deletion-protection": "it moves", "cdn-deletion-protection": "it is empty"}`,
	})
	require.NoError(t, err)
	assert.Equal(t, "waivers.web-deletion-protection, waivers.cdn-deletion-protection: it moves; it is empty.", waived.Concessions()["HA.17"])
}

// The other side of each number: the least, or the most, that passes.
func TestGuardRailsLetPassWhatIsJustEnough(t *testing.T) {
	t.Parallel()
	_, err := overProduction(t, map[string]string{
		"network":  `{"flowLogs": {"retentionDays": 365}}`,
		"database": `{"backupDays": 7, "rotation": {"schedule": "cron(0 3 1 */2 ? *)"}, "monitoringSeconds": 60, "logRetentionDays": 365}`,
		"secrets":  `{"recoveryDays": 0}`,
		"web": `{"instanceTypes": ["t3.small", "t3a.small"], "scaling": {"cpuPercent": 0, "requestsPerTarget": 1},
			"logRetentionDays": 365, "schedules": [{"name": "night", "recurrence": "0 20 * * *", "min": 2}]}`,
		"access": `{"deletionProtection": false}`,
		"monitoring": `{"email": [], "functions": ["arn:aws:lambda:us-east-1:123456789012:function:page"], "logRetentionDays": 1,
			"deletionProtection": false}`,
	})
	require.NoError(t, err)
}

func TestExamHallsWithoutARateLimit(t *testing.T) {
	t.Parallel()
	for _, cdn := range []string{`{"waf": {"rateLimitExempt": ["198.51.100.0/24"]}}`, `{"waf": {"rateLimit": 0}}`} {
		_, err := overProduction(t, weakened["exam-hall"].sections, map[string]string{"cdn": cdn})
		assert.NoError(t, err, cdn)
	}
}

func TestWithoutCloudFrontThereIsNoFirewall(t *testing.T) {
	t.Parallel()
	bare := map[string]string{"cdn": `{"enabled": false, "deletionProtection": false, "accessLogs": {"enabled": false}}`}
	_, err := overProduction(t, bare)
	require.ErrorContains(t, err, "cdn.enabled: a production stack needs a firewall before it")
	assert.Len(t, strings.Split(err.Error(), "\n"), 1, "no logs and no buckets to protect either")
	_, err = overProduction(t, bare, waive("firewall"))
	require.NoError(t, err)
}

func TestWaiversAreForGuardRailsOnly(t *testing.T) {
	t.Parallel()
	for waivers, want := range map[string]string{
		`{"flow-log": "x", "database.multiAz": "x"}`:              "waivers.database.multiAz: no guard rail has this name\nwaivers.flow-log: no guard rail has this name, did you mean flow-logs?",
		`{"nat-gateway-per-zone": " "}`:                           "waivers.nat-gateway-per-zone: must say why",
		`{"nat-gateway-per-zone": true}`:                          "waivers.nat-gateway-per-zone: must be a string, in quotes, got true",
		`{"nat-gateway-per-zone": "x", "database-standby": "no"}`: "waivers.database-standby: is not needed",
		`["flow-logs"]`: `waivers: must be a map of strings, got ["flow-logs"]`,
	} {
		single := map[string]string{"network": `{"natGateways": "single"}`, "waivers": waivers}
		_, err := overProduction(t, single)
		if assert.Error(t, err, waivers) {
			for _, fault := range strings.Split(want, "\n") {
				assert.Contains(t, err.Error(), fault, waivers)
			}
		}
	}
}

// What is a fault anyway is not reported again under the same key.
func TestGuardRailsDoNotRepeatFaults(t *testing.T) {
	t.Parallel()
	_, err := overProduction(t, map[string]string{"database": `{"backupDays": 0}`})
	require.EqualError(t, err, "database.backupDays: must be between 1 and 35, got 0")
	_, err = overProduction(t, map[string]string{"web": `{"size": {"min": 1}}`})
	require.EqualError(t, err, "web.size.min: must be at least the number of Availability Zones (2), so that each has an instance, got 1")
}
