package access_test

import (
	"strings"
	"testing"

	"ha-web/internal/settings/access"

	"github.com/stretchr/testify/assert"
)

func TestFaultsOfAgentsAndPlaybooks(t *testing.T) {
	t.Parallel()
	const (
		when  = "must be such as rate(1 day) or cron(0 3 * * ? *), in UTC, got "
		span  = "must be 30 minutes or more and less than 31 days, got "
		what  = "must have a name of letters, digits and _, and a value without spaces and |:();&, which SSM refuses, got "
		label = "must be at most 32 lowercase letters, digits and single hyphens, got "
	)
	agent := func(change func(*access.Agent)) func(*access.Settings) {
		return func(s *access.Settings) { change(&s.Agents[0]) }
	}
	playbook := func(change func(*access.Playbook)) func(*access.Settings) {
		return func(s *access.Settings) { change(&s.Playbooks[0]) }
	}
	for name, test := range map[string]struct {
		change func(*access.Settings)
		want   string
	}{
		"half an hour":   {agent(func(a *access.Agent) { a.Schedule = "rate(30 minutes)" }), ""},
		"an hour":        {agent(func(a *access.Agent) { a.Schedule = "rate(1 hour)" }), ""},
		"twelve hours":   {agent(func(a *access.Agent) { a.Schedule = "rate(12 hours)" }), ""},
		"too often":      {agent(func(a *access.Agent) { a.Schedule = "rate(29 minutes)" }), "agents[0].schedule: " + span + `"rate(29 minutes)"`},
		"almost a month": {agent(func(a *access.Agent) { a.Schedule = "rate(743 hours)" }), ""},
		"a month":        {agent(func(a *access.Agent) { a.Schedule = "rate(31 days)" }), "agents[0].schedule: " + span + `"rate(31 days)"`},
		"one hours":      {agent(func(a *access.Agent) { a.Schedule = "rate(1 hours)" }), "agents[0].schedule: " + when + `"rate(1 hours)"`},
		"five hour":      {agent(func(a *access.Agent) { a.Schedule = "rate(5 hour)" }), "agents[0].schedule: " + when + `"rate(5 hour)"`},
		"seconds":        {playbook(func(p *access.Playbook) { p.Schedule = "cron(0 0 2 ? * SUN *)" }), ""},
		"five fields":    {playbook(func(p *access.Playbook) { p.Schedule = "cron(0 3 * * *)" }), `playbooks[0].schedule: must have six fields, such as cron(0 3 * * ? *), got "cron(0 3 * * *)"`},
		"two days":       {playbook(func(p *access.Playbook) { p.Schedule = "cron(0 3 * * * *)" }), `playbooks[0].schedule: must have ? as its day of the month or its day of the week, such as cron(0 3 ? * SUN *), got "cron(0 3 * * * *)"`},
		"in January":     {playbook(func(p *access.Playbook) { p.Schedule = "cron(0 3 ? 1 SUN *)" }), `playbooks[0].schedule: must have * as its month: State Manager runs every so many hours, every day or every week, got "cron(0 3 ? 1 SUN *)"`},
		"plain cron":     {playbook(func(p *access.Playbook) { p.Schedule = "0 3 * * *" }), "playbooks[0].schedule: " + when + `"0 3 * * *"`},
		"capitals":       {agent(func(a *access.Agent) { a.Name = "Falcon" }), "agents[0].name: " + label + `"Falcon"`},
		"twice":          {func(s *access.Settings) { s.Agents = append(s.Agents, s.Agents[0]) }, "agents[1].name: falcon is listed twice"},
		"commands alone": {agent(func(a *access.Agent) { a.Package, a.Version, a.Arguments = "", "", nil }), ""},
		"neither":        {agent(func(a *access.Agent) { *a = access.Agent{Name: "x"} }), "agents[0].package: is required without agents[0].commands"},
		"of what":        {agent(func(a *access.Agent) { a.Package = "" }), "agents[0].package: is required with a version or arguments"},
		"no package":     {agent(func(a *access.Agent) { a.Package = "Falcon Sensor" }), `agents[0].package: must be the name or ARN of a package in SSM Distributor, got "Falcon Sensor"`},
		"of the boot":    {agent(func(a *access.Agent) { a.Package = "AmazonCloudWatchAgent" }), "agents[0].package: must not be AmazonCloudWatchAgent, which every instance installs when it boots: take the agent out"},
		"no version":     {agent(func(a *access.Agent) { a.Version = "> 7" }), `agents[0].version: must be a version, got "> 7"`},
		"interpolated":   {agent(func(a *access.Agent) { a.Arguments["X"], a.Commands[0] = "{{ssm:x}}", "echo {{ x }}" }), "agents[0].arguments.X: must have a name of SSM_ and letters, digits and _, and a value without {{, got \"{{ssm:x}}\"\nagents[0].commands[0]: must be a command without {{, which SSM interprets, got \"echo {{ x }}\""},
		"no variable":    {agent(func(a *access.Agent) { a.Secrets = map[string]string{"A-B": arn} }), "agents[0].secrets.A-B: must have a name of letters, digits and _"},
		"half an ARN":    {agent(func(a *access.Agent) { a.Secrets["KEY"] = strings.TrimSuffix(arn, "-Ab12Cd") }), `agents[0].secrets.KEY: must be the complete ARN of a secret, with the six characters at its end, got "arn:aws:secretsmanager:us-east-1:123456789012:secret:falcon"`},
		"quoted ARN":     {agent(func(a *access.Agent) { a.Secrets["KEY"] = strings.Replace(arn, "falcon", "a'b", 1) }), `agents[0].secrets.KEY: must be the complete ARN of a secret, with the six characters at its end, got "arn:aws:secretsmanager:us-east-1:123456789012:secret:a'b-Ab12Cd"`},
		"spaces":         {playbook(func(p *access.Playbook) { p.Variables["a"] = "b c" }), "playbooks[0].variables.a: " + what + `"b c"`},
		"a URL":          {playbook(func(p *access.Playbook) { p.Variables["a"] = "https://x" }), "playbooks[0].variables.a: " + what + `"https://x"`},
		"not there":      {playbook(func(p *access.Playbook) { p.Playbook = "play.yml" }), "playbooks[0].playbook: there is no play.yml in the folder"},
		"too much":       {playbook(func(p *access.Playbook) { p.Files["x"] = strings.Repeat("x", 1<<20) }), "playbooks[0].folder: must have at most 100 files and 1048576 bytes, got 2 files and 1048578 bytes: leave out what no instance needs"},
		"no folder":      {playbook(func(p *access.Playbook) { p.Files = nil }), ""}, // reading it is a fault of its own
	} {
		assert.Equal(t, test.want, faultsOf(t, test.change), name)
	}
}

func TestVariablesAreThoseThatThePlaybookDeclares(t *testing.T) {
	t.Parallel()
	const declaration = `{argument_specs: {Site: {options: {release: {required: true}, single_instance: {type: bool},
		workers: {type: int}, scheme: {choices: [https, http]}}}}}`
	for name, test := range map[string]struct {
		variables map[string]string
		want      string
	}{
		"all":       {map[string]string{"release": "5.3", "single_instance": "False", "workers": "18", "scheme": "http"}, ""},
		"required":  {map[string]string{"release": "5.3"}, ""},
		"others":    {map[string]string{"release": "5.3", "php": "8.4"}, ""},
		"nothing":   {nil, "playbooks[0].variables.release: is required: examples/moodle/site.meta.yml declares it"},
		"a typo":    {map[string]string{"relaese": "5.3"}, "playbooks[0].variables.release: is required: examples/moodle/site.meta.yml declares it\nplaybooks[0].variables.relaese: is not a variable of the playbook, did you mean release?"},
		"no flag":   {map[string]string{"release": "5.3", "single_instance": "maybe"}, `playbooks[0].variables.single_instance: must be true or false, got "maybe": examples/moodle/site.meta.yml declares it`},
		"no number": {map[string]string{"release": "5.3", "workers": "many"}, `playbooks[0].variables.workers: must be an integer, got "many": examples/moodle/site.meta.yml declares it`},
		"no choice": {map[string]string{"release": "5.3", "scheme": "ftp"}, `playbooks[0].variables.scheme: must be https or http, got "ftp": examples/moodle/site.meta.yml declares it`},
	} {
		assert.Equal(t, test.want, faultsOf(t, func(s *access.Settings) {
			s.Playbooks[0].Variables = test.variables
			s.Playbooks[0].Files["site.meta.yml"] = declaration
		}), name)
	}
	assert.Contains(t, faultsOf(t, func(s *access.Settings) { s.Playbooks[0].Files["site.meta.yml"] = "[" }),
		"playbooks[0].folder: has a file site.meta.yml that is not an argument specification: ")
}

func TestDigestChangesWithTheFiles(t *testing.T) {
	t.Parallel()
	digest := func(files map[string]string) string { return (&access.Playbook{Files: files}).Digest() }
	one := digest(map[string]string{"a": "1", "b": "2"})
	assert.Len(t, one, 12)
	assert.Equal(t, one, digest(map[string]string{"b": "2", "a": "1"}))
	for _, other := range []map[string]string{{"a": "1"}, {"a": "1", "b": "3"}, {"a": "1b", "2": ""}, {"a": "", "1b": "2"}} {
		assert.NotEqual(t, one, digest(other))
	}
}

func TestVariablesInTheFormatOfSSM(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "a=b release=5.0", fullSettings(t).Playbooks[0].ExtraVariables())
	assert.Empty(t, (&access.Playbook{}).ExtraVariables())
}

func TestAgentsAndPlaybooksHaveDefaults(t *testing.T) {
	t.Parallel()
	settings := access.Default()
	settings.Agents, settings.Playbooks = []access.Agent{{Name: "a"}}, []access.Playbook{{Name: "b"}}
	resolved := settings.Resolved()
	assert.Equal(t, "rate(1 day)", resolved.Agents[0].Schedule)
	assert.Equal(t, access.Playbook{Name: "b", Playbook: "site.yml", Schedule: "rate(1 day)"}, resolved.Playbooks[0])
	assert.Empty(t, settings.Agents[0].Schedule+settings.Playbooks[0].Schedule, "the settings of the caller stay as they are")
}
