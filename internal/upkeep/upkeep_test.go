package upkeep_test

import (
	"strings"
	"testing"

	"ha-web/internal/upkeep"
	"ha-web/internal/validate/validatetest"

	"github.com/stretchr/testify/assert"
)

const arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:falcon-Ab12Cd"

// usual is a spec with all that is optional, and without faults.
func usual() upkeep.Spec {
	return upkeep.Spec{
		Agents: []upkeep.Agent{{
			Name: "falcon", Package: "FalconSensor-Linux", Version: "7.1", Arguments: map[string]string{"SSM_CS_CCID": "0A-1B"},
			Commands: []string{"echo $KEY"}, Secrets: map[string]string{"KEY": arn}, Schedule: upkeep.DefaultSchedule,
		}},
		Playbooks: []upkeep.Playbook{{
			Name: "moodle", Folder: "examples/moodle", Playbook: "site.yml", Variables: map[string]string{"release": "5.0", "a": "b"},
			Schedule: "cron(0 3 * * ? *)", Files: map[string]string{"site.yml": "[]"},
		}},
	}
}

func TestRules(t *testing.T) {
	t.Parallel()
	const when = "must be such as rate(1 day), 30 minutes at least, or cron(0 3 * * ? *), in UTC, got "
	const what = "SSM takes a name of letters, digits and _, and a value without spaces and |:();&, got "
	agent := func(change func(*upkeep.Agent)) func(*upkeep.Spec) {
		return func(s *upkeep.Spec) { change(&s.Agents[0]) }
	}
	playbook := func(change func(*upkeep.Playbook)) func(*upkeep.Spec) {
		return func(s *upkeep.Spec) { change(&s.Playbooks[0]) }
	}
	for name, test := range map[string]struct {
		change func(*upkeep.Spec)
		want   string
	}{
		"everything":     {func(*upkeep.Spec) {}, ""},
		"nothing":        {func(s *upkeep.Spec) { *s = upkeep.Spec{} }, ""},
		"half an hour":   {agent(func(a *upkeep.Agent) { a.Schedule = "rate(30 minutes)" }), ""},
		"an hour":        {agent(func(a *upkeep.Agent) { a.Schedule = "rate(1 hour)" }), ""},
		"twelve hours":   {agent(func(a *upkeep.Agent) { a.Schedule = "rate(12 hours)" }), ""},
		"too often":      {agent(func(a *upkeep.Agent) { a.Schedule = "rate(29 minutes)" }), "Agents[0].Schedule: " + when + `"rate(29 minutes)"`},
		"plain cron":     {playbook(func(p *upkeep.Playbook) { p.Schedule = "0 3 * * *" }), "Playbooks[0].Schedule: " + when + `"0 3 * * *"`},
		"capitals":       {agent(func(a *upkeep.Agent) { a.Name = "Falcon" }), `Agents[0].Name: must be small letters, digits and single hyphens, 32 at most, got "Falcon"`},
		"twice":          {func(s *upkeep.Spec) { s.Agents = append(s.Agents, s.Agents[0]) }, "Agents[1].Name: falcon is taken by one before it"},
		"commands alone": {agent(func(a *upkeep.Agent) { a.Package, a.Version, a.Arguments = "", "", nil }), ""},
		"neither":        {agent(func(a *upkeep.Agent) { *a = upkeep.Agent{Name: "x", Schedule: a.Schedule} }), "Agents[0].Package: needs this, or Agents[0].Commands"},
		"of what":        {agent(func(a *upkeep.Agent) { a.Package = "" }), "Agents[0].Package: is required with a version, and with arguments"},
		"no package":     {agent(func(a *upkeep.Agent) { a.Package = "Falcon Sensor" }), `Agents[0].Package: must be the name of a package in SSM Distributor, or its ARN, got "Falcon Sensor"`},
		"no version":     {agent(func(a *upkeep.Agent) { a.Version = "> 7" }), `Agents[0].Version: must be a version, got "> 7"`},
		"interpolated":   {agent(func(a *upkeep.Agent) { a.Arguments["X"], a.Commands[0] = "{{ssm:x}}", "echo {{ x }}" }), "Agents[0].Arguments: X: must begin with SSM_ and have letters, digits and _ only, and no {{ in its value\nAgents[0].Commands: must be commands without {{, which is SSM's own, got \"echo {{ x }}\""},
		"no variable":    {agent(func(a *upkeep.Agent) { a.Secrets = map[string]string{"A-B": arn} }), "Agents[0].Secrets: A-B: must be a name of letters, digits and _"},
		"half an ARN":    {agent(func(a *upkeep.Agent) { a.Secrets["KEY"] = strings.TrimSuffix(arn, "-Ab12Cd") }), `Agents[0].Secrets: KEY: must be the whole ARN of a secret, six letters at its end included, got "arn:aws:secretsmanager:us-east-1:123456789012:secret:falcon"`},
		"quoted ARN":     {agent(func(a *upkeep.Agent) { a.Secrets["KEY"] = strings.Replace(arn, "falcon", "a'b", 1) }), `Agents[0].Secrets: KEY: must be the whole ARN of a secret, six letters at its end included, got "arn:aws:secretsmanager:us-east-1:123456789012:secret:a'b-Ab12Cd"`},
		"spaces":         {playbook(func(p *upkeep.Playbook) { p.Variables["a"] = "b c" }), "Playbooks[0].Variables: a: " + what + `"b c"`},
		"a URL":          {playbook(func(p *upkeep.Playbook) { p.Variables["a"] = "https://x" }), "Playbooks[0].Variables: a: " + what + `"https://x"`},
		"not there":      {playbook(func(p *upkeep.Playbook) { p.Playbook = "play.yml" }), "Playbooks[0].Playbook: there is no play.yml in the folder"},
		"too much":       {playbook(func(p *upkeep.Playbook) { p.Files["x"] = strings.Repeat("x", 1<<20) }), "Playbooks[0].Folder: has 2 files with 1048578 bytes, and room for 100 with 1048576: leave out what no instance needs"},
		"no folder":      {playbook(func(p *upkeep.Playbook) { p.Files = nil }), ""}, // a fault of who read it
	} {
		spec := usual()
		test.change(&spec)
		assert.Equal(t, test.want, validatetest.FaultsOf(spec), name)
	}
}

func TestDigestIsThatOfTheContent(t *testing.T) {
	t.Parallel()
	digest := func(files map[string]string) string { return upkeep.Playbook{Files: files}.Digest() }
	one := digest(map[string]string{"a": "1", "b": "2"})
	assert.Len(t, one, 12)
	assert.Equal(t, one, digest(map[string]string{"b": "2", "a": "1"}))
	for _, other := range []map[string]string{{"a": "1"}, {"a": "1", "b": "3"}, {"a": "1b", "2": ""}, {"a": "", "1b": "2"}} {
		assert.NotEqual(t, one, digest(other))
	}
}

func TestVariablesAsSSMTakesThem(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "a=b release=5.0", usual().Playbooks[0].ExtraVariables())
	assert.Empty(t, upkeep.Playbook{}.ExtraVariables())
}
