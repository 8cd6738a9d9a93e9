package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"ha-web/internal/settings/delivery"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The document lists each check by its name, with what it asserts, and with what to do when it fails.
func TestDocumentListsEveryCheck(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/verify.md")
	require.NoError(t, err)
	var listed, known []string
	page, _, _ = bytes.Cut(page, []byte("\n## Drills\n")) // their table is held by another test
	for _, row := range regexp.MustCompile("(?m)^\\| `([a-z0-9-]+)` \\| ([^|]+) \\| ([^|]+) \\|$").FindAllStringSubmatch(string(page), -1) {
		listed = append(listed, row[1]+": "+row[2])
		assert.Greater(t, len(strings.Fields(row[3])), 3, "what to do when %s fails", row[1])
	}
	names := map[string]bool{}
	for _, each := range checks {
		known = append(known, each.name+": "+each.title)
		assert.False(t, names[each.name], "two checks are called %s", each.name)
		names[each.name] = true
		assert.Regexp(t, `^[A-Z].*\.$`, each.title)
	}
	assert.Equal(t, known, listed)
	readme, err := os.ReadFile("../../README.md")
	require.NoError(t, err)
	assert.Contains(t, string(readme), fmt.Sprintf("%d read-only checks", len(checks)))
}

// Each verb is in the help and in the document.
func TestDocumentListsEveryVerb(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/verify.md")
	require.NoError(t, err)
	for verb := range verbs {
		assert.Contains(t, usage, "\n  "+verb+" ")
		assert.Contains(t, string(page), "cmd/verify "+verb)
	}
}

// The role that deploys runs the checks, and may do what its boundary allows.
func TestPipelineMayAskWhatChecksAsk(t *testing.T) {
	t.Parallel()
	settings := delivery.Default()
	allowed := settings.BoundaryActions()
	sources, err := filepath.Glob("*.go")
	require.NoError(t, err)
	services := map[string]bool{}
	for _, source := range sources {
		if strings.HasPrefix(source, "drill") {
			continue // the pipeline does not drill
		}
		content, err := os.ReadFile(source)
		require.NoError(t, err)
		for _, imported := range regexp.MustCompile(`aws-sdk-go-v2/service/(\w+)"`).FindAllStringSubmatch(string(content), -1) {
			services[strings.TrimSuffix(imported[1], "v2")] = true
		}
	}
	assert.Greater(t, len(services), 5)
	for service := range services {
		assert.Contains(t, allowed, service+":*")
	}
}

// The document lists each drill with what it does and what the stack promises meanwhile.
func TestDocumentListsEveryDrill(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/verify.md")
	require.NoError(t, err)
	_, section, _ := strings.Cut(string(page), "\n## Drills\n")
	section, _, _ = strings.Cut(section, "\n## ")
	var known, listed []string
	for _, each := range drills {
		known = append(known, fmt.Sprintf("| `%s` | %s | %s |", each.name, each.does, each.promise))
	}
	for line := range strings.Lines(section) {
		if strings.HasPrefix(line, "| `") && strings.Count(line, " | ") == 2 {
			listed = append(listed, strings.TrimSpace(line))
		}
	}
	assert.Equal(t, known, listed)
}

// The document has a policy with a statement for each drill. The roles of the pipeline have none of it: they do not drill.
func TestDocumentHasPolicyOfDrills(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/verify.md")
	require.NoError(t, err)
	text := string(page)
	text = text[strings.Index(text, "    {\n      \"Version\""):]
	text = text[:strings.Index(text, "\n    }\n")+len("\n    }\n")]
	var policy struct {
		Statement []struct {
			Sid    string
			Action []string
		}
	}
	require.NoError(t, json.Unmarshal([]byte(text), &policy))
	require.Len(t, policy.Statement, len(drills))
	for i, each := range drills {
		assert.Equal(t, "Drill"+strings.ToUpper(each.name[:1])+each.name[1:], policy.Statement[i].Sid)
		assert.Equal(t, each.actions, policy.Statement[i].Action)
	}
}

// Each flag of the command line is in the help and in the document.
func TestDocumentListsFlagsOfDrills(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/verify.md")
	require.NoError(t, err)
	_, section, _ := strings.Cut(string(page), "\n## Drills\n")
	flags := flag.NewFlagSet("drill", flag.ContinueOnError)
	new(drillOptions).register(flags, drills[0])
	flags.VisitAll(func(each *flag.Flag) {
		assert.Regexp(t, "(?m)^\\| .*`-"+each.Name+"[` ]", section)
		assert.Contains(t, drillUsage, "\n  -"+each.Name)
	})
}
