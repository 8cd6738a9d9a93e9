package tests

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"ha-web/internal/controls"
	"ha-web/internal/settings"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

func TestSettingsReferenceIsUpToDate(t *testing.T) {
	t.Parallel()
	var page strings.Builder
	page.WriteString(`# Settings

Every setting of a stack file, ` + "`Pulumi.<stack>.yaml`" + `. They stand under ` + "`config`" + `, beside ` + "`aws:region`" + `, which is required, and
other settings of the [AWS provider](https://www.pulumi.com/registry/packages/aws/installation-configuration/). The keys at the top may
carry the namespace of the project, as ` + "`ha-web:network`" + ` does, but need not: ` + "`network`" + ` works whatever the project is called. A key that is
not listed here is an error. ` + "`[]`" + ` stands for each item of a list. Costs are for a month in us-east-1, rounded; check them against the AWS
price list before you quote them.

    pulumi config set --path network.natGateways single
    pulumi config set --path 'web.instanceTypes[1]' m6g.large
    pulumi config set --secret --path secrets.values.smtp

This page is made from the comments in ` + "`internal/settings`" + `.

| Key | Type | Default | Effect | Cost |
| --- | --- | --- | --- | --- |
`)
	for _, each := range documented(t) {
		fmt.Fprintf(&page, "| `%s` | %s | %s | %s | %s |\n", each.key, each.kind(), each.preset(), each.effect, each.cost)
	}
	golden(t, "../../docs/settings.md", page.String())
}

func TestGuardRailsReferenceIsUpToDate(t *testing.T) {
	t.Parallel()
	var page strings.Builder
	page.WriteString(`# Guard rails

A stack whose ` + "`environment` is `production`" + `, which is the default, has to have what is listed here. Where a setting takes it
away, the program fails before anything is registered, and says what to do:

    network.natGateways: a production stack needs a NAT gateway in each zone: set it to perAz, or say under waivers.nat-gateway-per-zone why this one does not

A waiver is a deliberate decision, with its reason, in the stack file:

    waivers:
      nat-gateway-per-zone: The pilot ends in June; a morning without a zone is fine until then.

Every preview and update says which waivers are in force, and ` + "`go run . plan -stack prod -controls`" + ` gives them as the reason why
[controls](controls.md) may fail. A waiver of a guard rail that does not exist, or that the stack does not need, is a fault: so
none is left behind. A development stack has no guard rails; what it saves is listed by ` + "`-controls`" + `.

What no setting can take away needs no guard rail: encryption, IMDSv2, closed buckets, groups that admit the tier in front of
them only. [Controls](controls.md) hold every plan to those.

This page is made from ` + "`internal/settings`" + `.

| Waiver | A production stack needs | Settings | A stack without it | Controls |
| --- | --- | --- | --- | --- |
`)
	for _, rail := range settings.GuardRails() {
		fmt.Fprintf(&page, "| `%s` | %s | %s | %s | %s |\n", rail.ID, rail.Has, codes(rail.Keys()), rail.Without, strings.Join(rail.Controls, ", "))
		for _, key := range rail.Keys() {
			assert.Contains(t, settings.Keys(), key)
		}
	}
	page.WriteString(`
## Take a production stack down

    for section in web database secrets cdn delivery; do
      pulumi config set --path "$section.deletionProtection" false
      pulumi config set --path "waivers.$section-deletion-protection" 'The service has ended.'
    done
    pulumi up
    pulumi destroy

With Datadog ` + "`monitoring`" + `, and with playbooks ` + "`access`" + `, is a section too. Without the first ` + "`pulumi up`, `pulumi destroy`" + ` fails and
deletes nothing, with ` + "`--skip-preview`" + ` too: the SSM parameter with the outputs depends on everything else, so it would be the first to
go, and it is protected ([ADR 13](adr/0013-outputs-are-deleted-first.md)). The database leaves its final snapshot and its backups: [database.md](database.md#delete-a-stack-with-its-data) says how long the key
that opens them is there.
`)
	golden(t, "../../docs/guard-rails.md", page.String())
}

// codes returns texts as code, separated by commas.
func codes(list []string) string { return "`" + strings.Join(list, "`, `") + "`" }

func TestControlsReferenceIsUpToDate(t *testing.T) {
	t.Parallel()
	var page strings.Builder
	page.WriteString(`# Controls

    go run . plan -stack prod -controls

holds what the program would deploy to published controls and to the availability rules of its design: no account, no
scanner, no credentials. The table says pass, fail, exception or not applicable of each control; under it stands what
was found, with the reason of each exception, and what to do about each failure. Exit status: 3 where a control fails, else
0. ` + "`-format json`" + ` is the same for programs. The pipeline asks it of every stack, and the tests compare it with
` + "`tests/testdata/<stack>.controls.txt`" + `, so a change of what a stack passes is part of its review.

Ids are those of [AWS Security Hub](https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-controls-reference.html);
in brackets are controls that ask for the same, those of section 5 of the CIS AWS Foundations Benchmark v3.0.0 and v5.0.0 among them.
HA are the rules of the design: what survives a lost server and a lost zone, keeps secrets secret, and pages.

A control looks at the plan as the program makes it. It says nothing of what someone changes in the console: the nightly look
for drift, and a scanner, do ([delivery](delivery.md), [access](access.md)).

Three things excuse a failure: an exception below, a waiver of production ([guard rails](guard-rails.md)), or, in
development, a setting that saves money on purpose. Each is printed with its reason.

This page is made from ` + "`internal/controls`" + `.

| Control | Severity | What has to be | Where it is not |
| --- | --- | --- | --- |
`)
	for _, control := range controls.All() {
		fmt.Fprintf(&page, "| %s%s | %s | %s | %s |\n", control.ID, control.Others(), control.Severity, control.Title, control.Remedy)
	}
	page.WriteString("\n## Exceptions\n\nWhat this program does not pass, because its design asks for something else, or because what is asked\nfor is there in another way. `-controls` prints those that apply.\n\n| Control | Reason |\n| --- | --- |\n")
	for _, exception := range controls.Exceptions() {
		fmt.Fprintf(&page, "| %s | %s |\n", exception.Control, exception.Reason)
	}
	page.WriteString("\n## Not here\n\nPublished controls that no plan of this program can pass or fail.\n\n| Controls | Why |\n| --- | --- |\n")
	for _, elsewhere := range controls.NotHere() {
		fmt.Fprintf(&page, "| %s | %s |\n", strings.Join(elsewhere.IDs, ", "), elsewhere.Why)
	}
	golden(t, "../../docs/controls.md", page.String())
	readme, err := os.ReadFile(filepath.Join(project, "README.md"))
	require.NoError(t, err)
	assert.Contains(t, string(readme), fmt.Sprintf("%d controls", len(controls.All())))
}

// A change that takes the site down is in the row of its setting.
func TestSettingsReferenceTellsOfOutages(t *testing.T) {
	t.Parallel()
	effects := map[string]string{}
	for _, each := range documented(t) {
		effects[each.key] = each.effect
	}
	for _, key := range settings.OutageKeys() {
		assert.Regexp(t, `minutes|cannot change|replaces that database|fails|until their instances`, effects[key], key)
	}
}

func TestProjectFileDeclaresEverySection(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile(filepath.Join(project, "Pulumi.yaml"))
	require.NoError(t, err)
	var file struct {
		Config yaml.Node
	}
	require.NoError(t, yaml.Unmarshal(content, &file))
	var want, got []string
	for _, each := range documented(t) {
		kind := "object"
		if each.kind() == "string" {
			kind = "string"
		}
		if !strings.Contains(each.key, ".") {
			want = append(want, fmt.Sprintf("%s %s %s %s", each.key, kind, strings.Trim(each.preset(), "`"), each.effect))
		}
	}
	for i := 0; i < len(file.Config.Content); i += 2 {
		var declared struct{ Type, Description, Default string }
		node := file.Config.Content[i+1]
		for j := 0; j < len(node.Content); j += 2 {
			if node.Content[j].Value == "default" && node.Content[j+1].Kind == yaml.MappingNode {
				// Without a default Pulumi requires the key in every stack file.
				assert.Empty(t, node.Content[j+1].Content, "the default of a map is empty")
				node.Content[j+1] = &yaml.Node{Kind: yaml.ScalarNode, Value: ""}
			}
		}
		require.NoError(t, node.Decode(&declared))
		got = append(got, fmt.Sprintf("%s %s %s %s", file.Config.Content[i].Value, declared.Type, declared.Default, declared.Description))
	}
	assert.Equal(t, want, got)
}

func TestOutputsReferenceListsEveryOutput(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join(project, "docs/outputs.md"))
	require.NoError(t, err)
	var listed []string
	for _, row := range regexp.MustCompile("(?m)^\\| `(\\w+)` \\| ([a-z ]+) \\|").FindAllStringSubmatch(string(page), -1) {
		listed = append(listed, row[1]+" "+row[2])
	}
	for _, stack := range stacks {
		var exported []string
		for name, value := range planOf(t, "-stack", stack).Outputs {
			kind := "text"
			switch value.(type) {
			case []any:
				kind = "list of text"
			case float64:
				kind = "number"
			case bool:
				kind = "boolean"
			}
			exported = append(exported, name+" "+kind)
		}
		assert.ElementsMatch(t, exported, listed, stack)
	}
}

// Every plan command in a document runs.
func TestPlanCommandsInDocumentsRun(t *testing.T) {
	t.Parallel()
	found := 0
	for _, document := range []string{"README.md", "main.go", "docs/controls.md"} {
		content, err := os.ReadFile(filepath.Join(project, document))
		require.NoError(t, err)
		for _, line := range regexp.MustCompile(`(?m)^(?:    |//\t)go run \. (plan[^#>\n]*)`).FindAllStringSubmatch(string(content), -1) {
			found++
			args := shellWords(strings.TrimSpace(strings.Split(line[1], "   ")[0]))
			if at := slices.Index(args, "-diff"); at >= 0 {
				args[at+1] = filepath.Join("tests/testdata", "dev.golden.json")
			}
			_, stderr, status := run(t, project, args...)
			assert.NotEqual(t, 1, status, "%s: %v: %s", document, args, stderr)
		}
	}
	assert.GreaterOrEqual(t, found, 4)
}

// shellWords splits a command line at spaces outside single quotes.
func shellWords(line string) []string {
	var words []string
	for _, word := range regexp.MustCompile(`(?:'[^']*'|[^\s'])+`).FindAllString(line, -1) {
		words = append(words, strings.ReplaceAll(word, "'", ""))
	}
	return words
}

// Every key that a document sets or takes out is a setting.
func TestKeysInDocumentsAreSettings(t *testing.T) {
	t.Parallel()
	documents, err := filepath.Glob(filepath.Join(project, "docs", "*.md"))
	require.NoError(t, err)
	examples, err := filepath.Glob(filepath.Join(project, "examples", "*", "*.md"))
	require.NoError(t, err)
	known, found := settings.Keys(), 0
	for _, document := range slices.Concat([]string{filepath.Join(project, "README.md")}, documents, examples) {
		content, err := os.ReadFile(document)
		require.NoError(t, err)
		for _, match := range regexp.MustCompile(`pulumi config (?:set|rm)[^\n]* --path ['"]?([A-Za-z0-9_.\[\]:-]+)`).FindAllStringSubmatch(string(content), -1) {
			found++
			key := regexp.MustCompile(`\[[0-9]+\]`).ReplaceAllString(match[1], "")
			parent := key[:max(strings.LastIndex(key, "."), 0)] // of an entry of a map
			assert.True(t, slices.Contains(known, key) || slices.Contains([]string{"secrets.values", "monitoring.https", "monitoring.notices.https", "database.parameters", "waivers"}, parent),
				"%s: %s", document, match[0])
		}
	}
	assert.GreaterOrEqual(t, found, 25)
}
