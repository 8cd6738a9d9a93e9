package tests

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"ha-web/internal/controls"
	"ha-web/internal/offline"
	"ha-web/internal/settings"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// statuses returns what became of the controls of a recording.
func statuses(recording *offline.Recording) map[string]controls.Status {
	found := map[string]controls.Status{}
	for _, result := range controls.Run(recording, nil) {
		found[result.ID] = result.Status
	}
	return found
}

// withStatus returns the ids of the controls with a status, sorted.
func withStatus(found map[string]controls.Status, status controls.Status) []string {
	var ids []string
	for _, id := range slices.Sorted(maps.Keys(found)) {
		if found[id] == status {
			ids = append(ids, id)
		}
	}
	return ids
}

func TestFullStackFailsNoControl(t *testing.T) {
	t.Parallel()
	found := statuses(edited(t, asItIs))
	assert.Empty(t, withStatus(found, controls.Fail))
	assert.Equal(t, []string{"IAM.21", "KMS.1"}, withStatus(found, controls.NotApplicable), "roles have policies of their own")
}

func TestEachControlFindsWhatItIsFor(t *testing.T) {
	t.Parallel()
	for _, control := range controls.All() {
		t.Run(control.ID, func(t *testing.T) {
			t.Parallel()
			if change, never := mended[control.ID]; never {
				assert.Equal(t, controls.Pass, statuses(edited(t, change))[control.ID])
				assert.Equal(t, controls.Excepted, statuses(edited(t, asItIs))[control.ID])
				return
			}
			change, found := broken[control.ID]
			require.True(t, found, "no change of a plan that it finds")
			assert.Equal(t, []string{control.ID}, withStatus(statuses(edited(t, change)), controls.Fail))
		})
	}
	assert.Len(t, controls.All(), len(broken)+len(mended))
}

// safeLeftOut are the controls whose property AWS, or the provider, gives a safe value where it is left out, or that then have
// nothing to look at.
var safeLeftOut = map[string]string{
	"ACM.2":         "2,048 bits",
	"CloudWatch.16": "kept for ever",
	"CloudWatch.17": "on",
	"EC2.2":         "no rules",
	"EC2.15":        "no addresses",
	"EC2.17":        "no interface, which EC2.25 finds",
	"EC2.18":        "a rule that admits nobody",
	"EC2.24":        "the types of the group",
	"EC2.57":        "an endpoint that is there",
	"HA.4":          "no way out",
	"HA.5":          "no subnets, which AutoScaling.2 finds",
	"HA.8":          "0, which HA.6 finds",
	"HA.10":         "off",
	"HA.13":         "the path /",
	"HA.15":         "a final snapshot",
	"HA.24":         "no rules",
	"HA.26":         "no user data",
	"HA.27":         "no secret",
	"HA.29":         "no trust",
	"RDS.38":        "TLS, from PostgreSQL 15 on",
	"SSM.4":         "private",
}

// What instances run is in documents of SSM, which everyone may read who may look at the account.
func TestSecretsInCommandsAndVariablesAreFound(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ setting, want string }{
		"command":  {"access.agents=[{name: datadog, commands: [export DD_API_KEY=0123456789abcdef]}]", "content.mainSteps.inputs.runCommand"},
		"argument": {"access.agents=[{name: datadog, package: x, arguments: {SSM_API_TOKEN: 0123456789abcdef}}]", "content.mainSteps.inputs.additionalArguments.SSM_API_TOKEN"},
		"variable": {"access.playbooks=[{name: site, folder: internal/settings/testdata/playbooks, variables: {db_password: hunter2}}]", "content.mainSteps.inputs.documentParameters.ExtraVariables"},
	} {
		recording := planOf(t, append(slices.Clone(fullStack), "-c", test.setting)...)
		assert.Equal(t, []string{"HA.27"}, withStatus(statuses(recording.Recording), controls.Fail), name)
		for _, result := range controls.Run(recording.Recording, nil) {
			if result.ID == "HA.27" {
				require.Len(t, result.Findings, 1, name)
				assert.Equal(t, test.want, result.Findings[0].Fault, name)
			}
		}
	}
}

func TestControlsMissWhatIsLeftOut(t *testing.T) {
	t.Parallel()
	for id, change := range broken {
		found := statuses(edited(t, func(d *draft) {
			d.leaveOut = true
			change(d)
		}))[id]
		if why, safe := safeLeftOut[id]; safe {
			assert.NotEqual(t, controls.Fail, found, "%s: not %s", id, why)
		} else {
			assert.Equal(t, controls.Fail, found, id)
		}
	}
}

// checked runs plan -controls and returns its results by id.
func checked(t *testing.T, args ...string) map[string]controls.Result {
	t.Helper()
	stdout, stderr, status := run(t, project, append([]string{"plan", "-controls", "-format", "json"}, args...)...)
	require.Zero(t, status, "%s\n%s", stdout, stderr)
	var report struct {
		Project, Stack string
		Counts         map[controls.Status]int
		Controls       []controls.Result
	}
	require.NoError(t, json.Unmarshal([]byte(stdout), &report))
	results := map[string]controls.Result{}
	for _, each := range report.Controls {
		results[each.ID] = each
	}
	assert.Len(t, results, len(controls.All()))
	assert.Equal(t, controls.Counts(report.Controls), report.Counts)
	return results
}

// A change of what a stack passes, or is excused from, is part of the review.
func TestControlsOfStacksAreAsCommitted(t *testing.T) {
	t.Parallel()
	for _, stack := range shipped {
		stdout, stderr, status := run(t, project, "plan", "-stack", stack, "-controls")
		require.Zero(t, status, "%s\n%s", stdout, stderr)
		golden(t, stack+".controls.txt", stdout)
	}
}

func TestProductionHasNoConcessions(t *testing.T) {
	t.Parallel()
	written := map[string]bool{}
	for _, exception := range controls.Exceptions() {
		written[exception.Reason] = true
	}
	for id, result := range checked(t, "-stack", "prod") {
		for _, finding := range result.Findings {
			assert.True(t, written[finding.Exception], "%s: %s", id, finding.Exception)
		}
	}
}

// without are settings of the full stack that lack what a guard rail is for.
var without = map[string][][]string{
	"nat-gateway-per-zone": {{"network.natGateways=single"}, {"network.natGateways=none", "network.interfaceEndpoints=[]"}},
	"flow-logs":            {{"network.flowLogs.enabled=false"}},
	"instance-per-zone": {
		{"web.exams={}", "web.schedules=[{name: night, recurrence: 0 20 * * *, min: 1}, {name: day, recurrence: 0 7 * * *, min: 2}]"},
		{"web.exams={}", "web.schedules=[{name: night, recurrence: 0 20 * * *, min: 0}, {name: day, recurrence: 0 7 * * *, min: 2}]"},
	},
	"instance-types":                 {{"web.instanceTypes=[m7g.large]", "web.spot={}"}},
	"pinned-image":                   {{"web.image=ssm:/golden/moodle"}},
	"scaling":                        {{"web.scaling={cpuPercent: 0}"}},
	"shallow-health-check":           {{"web.healthCheck.path=/health/db"}},
	"rollout-capacity":               {{"web.rollout.minHealthyPercent=50"}},
	"load-balancer-logs":             {{"web.accessLogs.enabled=false"}},
	"database-standby":               {{"database.multiAz=false"}},
	"final-snapshot":                 {{"database.finalSnapshot=false"}},
	"backups":                        {{"database.backupDays=3"}},
	"backup-region":                  {{"database.replicaRegion="}},
	"password-rotation":              {{"database.rotation.schedule=cron(0 3 1 */6 ? *)"}},
	"database-metrics":               {{"database.monitoringSeconds=0"}},
	"secret-recovery":                {{"secrets.recoveryDays=0"}},
	"tls":                            {{"domain={}", "access.oidc={}"}, {"domain={}", "access.oidc={}", "cdn.enabled=false"}},
	"firewall":                       {{"cdn.waf.enabled=false"}, {"cdn.enabled=false"}},
	"exam-hall":                      {{"cdn.waf.rateLimitExempt=[]"}},
	"front-door":                     {{"web.ingress=internet"}},
	"cdn-logs":                       {{"cdn.accessLogs.enabled=false"}},
	"log-retention":                  {{"network.flowLogs.retentionDays=30"}},
	"on-call":                        {{"monitoring={}"}},
	"web-deletion-protection":        {{"web.deletionProtection=false"}},
	"database-deletion-protection":   {{"database.deletionProtection=false"}},
	"secrets-deletion-protection":    {{"secrets.deletionProtection=false"}},
	"cdn-deletion-protection":        {{"cdn.deletionProtection=false"}},
	"monitoring-deletion-protection": {{"monitoring.deletionProtection=false"}},
	"delivery-deletion-protection":   {{"delivery.deletionProtection=false"}},
	"access-deletion-protection":     {{"access.deletionProtection=false"}},
}

// Each control that a guard rail names fails without it, and a waiver is why it may. No other control fails, so nothing
// that production may be waived of escapes the guard rails.
func TestWaiversAreWhyControlsMayFail(t *testing.T) {
	t.Parallel()
	for _, rail := range settings.GuardRails() {
		t.Run(rail.ID, func(t *testing.T) {
			t.Parallel()
			require.NotEmpty(t, without[rail.ID])
			excused := map[string]bool{}
			for _, assignments := range without[rail.ID] {
				args := slices.Concat(fullStack, []string{"-c", "waivers." + rail.ID + "=a test"})
				for _, each := range assignments {
					args = append(args, "-c", each)
				}
				if rail.ID == "tls" && len(assignments) > 2 {
					args = append(args, "-c", "waivers.firewall=a test")
				}
				for id, result := range checked(t, args...) {
					for _, finding := range result.Findings {
						if strings.HasPrefix(finding.Exception, "waivers."+rail.ID+": a test") {
							excused[id] = true
						}
					}
				}
			}
			assert.Equal(t, slices.Sorted(slices.Values(rail.Controls)), slices.Sorted(maps.Keys(excused)))
		})
	}
	assert.Len(t, without, len(settings.GuardRails()))
}

// Each written exception is of use to some stack.
func TestExceptionsAreNeeded(t *testing.T) {
	t.Parallel()
	used := map[string]bool{}
	for _, args := range [][]string{
		{"-stack", "prod"}, {"-stack", "dev"}, {"-stack", "local"}, {"-stack", "dev", "-c", "database.engine=mariadb"},
		{"-stack", "prod", "-c", "aws:region=eu-west-1", "-c", "network.availabilityZones=[eu-west-1a, eu-west-1b, eu-west-1c]"},
	} {
		for id, result := range checked(t, args...) {
			for _, finding := range result.Findings {
				used[id+" "+finding.Exception] = true
			}
		}
	}
	for _, exception := range controls.Exceptions() {
		assert.True(t, used[exception.Control+" "+exception.Reason], "%s: %s", exception.Control, exception.Reason)
	}
}

func TestControlsGoWithoutDiffAndPreview(t *testing.T) {
	t.Parallel()
	for flag, want := range map[string]string{
		"-preview":       "-controls: does not go with -preview, which leaves open what refers to what\n\nusage: ",
		"-diff=old.json": "-controls: does not go with -diff\n\nusage: ",
	} {
		stdout, stderr, status := run(t, project, "plan", "-controls", flag)
		assert.Equal(t, 1, status)
		assert.Empty(t, stdout)
		assert.True(t, strings.HasPrefix(stderr, want), stderr)
	}
}
