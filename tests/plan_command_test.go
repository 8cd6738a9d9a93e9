package tests

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ha-web/internal/offline"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestBadInputEndsWithStatusOneAndEveryFault(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	for name, content := range map[string]string{
		"Pulumi.yaml":        "name: ha-web",
		"Pulumi.broken.yaml": "config: [",
		"Pulumi.empty.yaml":  "config: {ha-web:environment: development}",
		"Pulumi.bad.yaml": `config:
  aws:region: us-east-1
  ha-web:environment: development
  ha-web:netwrok: {}
  ha-web:network: {availabilityZones: [us-east-1a, us-east-1b], natGatways: single}
  ha-web:web: {size: {max: 1}, port: "8080"}
`,
	} {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(content), 0o600))
	}
	tests := map[string]struct {
		args []string
		want string
	}{
		"every fault": {[]string{"-stack", "bad"}, `network.natGatways: unknown, did you mean network.natGateways?
netwrok: unknown, did you mean network?
web.port: must be an integer, got "8080"
web.size.max: must be at least web.size.min (2), got 1
`},
		"contradiction": {[]string{"-stack", "empty", "-c", "aws:region=us-west-2", "-c", "network.availabilityZones=[us-east-1a, us-east-1b]"},
			"network.availabilityZones: must be in aws:region (us-west-2), got us-east-1a\n"},
		"an empty file": {[]string{"-stack", "empty"}, `aws:region: is required, such as us-east-1
network.availabilityZones: must list 2 to 6 Availability Zones, such as [us-east-1a, us-east-1b], got 0
`},
		"not YAML":         {[]string{"-stack", "broken"}, "Pulumi.broken.yaml: yaml: line 1: did not find expected node content\n"},
		"no file":          {[]string{"-stack", "none"}, "there is no stack file Pulumi.none.yaml: the stacks here are bad, broken, empty\n"},
		"bad override":     {[]string{"-stack", "bad", "-c", "network"}, "-c network: must be path=value, such as network.natGateways=single\n"},
		"unreadable diff":  {[]string{"-file", filepath.Join(absolute(t, project), "Pulumi.dev.yaml"), "-diff", "none.json"}, "-diff: open none.json: no such file or directory\n"},
		"diff of no plan":  {[]string{"-file", filepath.Join(absolute(t, project), "Pulumi.dev.yaml"), "-diff", "Pulumi.yaml"}, "-diff: Pulumi.yaml: not a plan: invalid character 'a' in literal null (expecting 'u')\n"},
		"unknown flag":     {[]string{"-stak", "dev"}, "flag provided but not defined: -stak\n\nusage: "},
		"argument":         {[]string{"prod"}, "unexpected argument \"prod\"\n\nusage: "},
		"format":           {[]string{"-format", "xml"}, "-format: must be tree or json, got \"xml\"\n\nusage: "},
		"exit without":     {[]string{"-exit-code"}, "-exit-code: goes with -diff\n\nusage: "},
		"outside projects": {[]string{"-stack", "dev"}, "run this where the project is: open Pulumi.yaml: no such file or directory\n"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			where := folder
			if name == "outside projects" {
				where = t.TempDir()
			}
			stdout, stderr, status := run(t, where, append([]string{"plan"}, test.args...)...)
			assert.Equal(t, 1, status)
			assert.Empty(t, stdout)
			if strings.HasSuffix(test.want, "usage: ") {
				assert.True(t, strings.HasPrefix(stderr, test.want), stderr)
			} else {
				assert.Equal(t, test.want, stderr)
			}
			assert.NotContains(t, stderr, "goroutine")
		})
	}
}

func absolute(t *testing.T, path string) string {
	t.Helper()
	path, err := filepath.Abs(path)
	require.NoError(t, err)
	return path
}

func TestFilePlansAnyStackFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "Pulumi.staging.yaml")
	require.NoError(t, os.WriteFile(path, []byte(
		"config: {aws:region: eu-west-1, ha-web:environment: development, ha-web:network: {availabilityZones: [eu-west-1a, eu-west-1b]}}"), 0o600))
	assert.Equal(t, "staging", planOf(t, "-file", path).Stack)
	assert.Equal(t, "blue", planOf(t, "-file", path, "-stack", "blue").Stack)
}

func TestAnyNameOfTheProjectPlansTheSameStacks(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	for _, name := range []string{"Pulumi.yaml", "Pulumi.dev.yaml", "Pulumi.prod.yaml"} {
		content, err := os.ReadFile(filepath.Join(project, name))
		require.NoError(t, err)
		renamed := strings.Replace(string(content), "name: ha-web\n", "name: campus\n", 1)
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(renamed), 0o600))
	}
	for _, stack := range []string{"dev", "prod"} {
		stdout, stderr, status := run(t, folder, "plan", "-stack", stack, "-format", "json")
		require.Zero(t, status, stderr)
		var planned offline.Recording
		require.NoError(t, json.Unmarshal([]byte(stdout), &planned))
		assert.Equal(t, "campus", planned.Project)
		var keys []string
		for _, key := range (recording{&planned}).keys() {
			keys = append(keys, strings.Replace(key, "::campus", "::ha-web", 1))
		}
		assert.Equal(t, planOf(t, "-stack", stack).keys(), keys)
	}
}

func TestDiffAgainstASavedPlan(t *testing.T) {
	t.Parallel()
	saved := filepath.Join(t.TempDir(), "saved.json")
	before, _, status := run(t, project, "plan", "-stack", "prod", "-format", "json")
	require.Zero(t, status)
	require.NoError(t, os.WriteFile(saved, []byte(before), 0o600))

	stdout, stderr, status := run(t, project, "plan", "-stack", "prod", "-diff", saved, "-exit-code")
	assert.Equal(t, "no difference\n", stdout)
	assert.Empty(t, stderr)
	assert.Zero(t, status)

	older := filepath.Join(t.TempDir(), "older.json")
	fields := map[string]any{}
	require.NoError(t, json.Unmarshal([]byte(before), &fields))
	require.Contains(t, fields, "capacity")
	delete(fields, "capacity")
	text, err := json.Marshal(fields)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(older, text, 0o600))
	for _, file := range []string{saved, older} {
		stdout, _, _ = run(t, project, "plan", "-stack", "prod", "-diff", file, "-c", "database.poolSize=30")
		assert.Equal(t, "~ aws:ssm/parameter:Parameter ha-web-parameter-pool-size\n    ~ inputs.insecureValue: \"20\" -> \"30\"\n"+
			"~ ha-web:index:Database ha-web\n    ~ inputs.settings.poolSize: 20 -> 30\n\n0 added, 0 removed, 2 changed\n", stdout)
	}

	changed := []string{"plan", "-stack", "prod", "-diff", saved, "-c", "network.natGateways=single", "-c", "waivers.nat-gateway-per-zone=a test"}
	stdout, _, status = run(t, project, changed...)
	assert.Zero(t, status, "a difference is no fault")
	assert.Contains(t, stdout, "- aws:ec2/natGateway:NatGateway ha-web-nat-b\n")
	assert.Contains(t, stdout, `~ aws:ec2/route:Route ha-web-private-internet-b
    ~ dependsOn[0]: "aws:ec2/natGateway:NatGateway::ha-web-nat-b" -> "aws:ec2/natGateway:NatGateway::ha-web-nat-a"
    ~ inputs.natGatewayId: "ha-web-nat-b_id" -> "ha-web-nat-a_id"
`)
	// And the gateway's alarms, their page, their panel on the dashboard, and what the outputs depend on.
	assert.Contains(t, stdout, "\n0 added, 4 removed, 5 changed\n")
	assert.Contains(t, stdout, "\n    ~ inputs.dashboardBody.widgets[26].properties.metrics: ")
	_, _, status = run(t, project, append(changed, "-exit-code")...)
	assert.Equal(t, 2, status)
}

// What takes the site down is said before what changes.
func TestDiffBeginsWithOutages(t *testing.T) {
	t.Parallel()
	saved := filepath.Join(t.TempDir(), "saved.json")
	before, _, status := run(t, project, "plan", "-stack", "prod", "-format", "json")
	require.Zero(t, status)
	require.NoError(t, os.WriteFile(saved, []byte(before), 0o600))
	stdout, _, status := run(t, project, "plan", "-stack", "prod", "-diff", saved, "-c", "web.port=9090")
	assert.Zero(t, status)
	assert.True(t, strings.HasPrefix(stdout, "outage: web.port changes from 8080 to 9090: the site answers 502 and 503 for 5 to 8 minutes. "), stdout)
	assert.Contains(t, stdout, "\n~ outputs\n    ~ applicationPort: 8080 -> 9090\n")
}

func TestOtherVerbsAreFaults(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{nil, {"plna"}, {"-stack", "dev"}} {
		stdout, stderr, status := run(t, project, args...)
		assert.Equal(t, 1, status)
		assert.Empty(t, stdout)
		assert.True(t, strings.HasPrefix(stderr, "Deploy with pulumi up. Without it there is one verb, plan.\n\nusage: "), stderr)
	}
}

func TestHelp(t *testing.T) {
	t.Parallel()
	stdout, stderr, status := run(t, project, "plan", "-h")
	assert.Zero(t, status)
	assert.Empty(t, stderr)
	assert.True(t, strings.HasPrefix(stdout, "usage: go run . plan [flags]\n"))
}
