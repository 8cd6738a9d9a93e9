package tests

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	asked "ha-web/internal/settings/monitoring"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The runbook has a section for every alarm, and no other.
func TestRunbookHasASectionForEachAlarm(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join(project, asked.DefaultRunbook))
	require.NoError(t, err)
	sections := map[string]string{}
	parts := regexp.MustCompile(`(?m)^#{2,3} `).Split(string(page), -1)
	for _, part := range parts[1:] {
		heading, text, _ := strings.Cut(part, "\n")
		if !strings.ContainsFunc(heading, func(r rune) bool { return r == ' ' || unicode.IsUpper(r) }) { // those of alarms are their names
			require.NotContains(t, sections, heading)
			sections[heading] = text
		}
	}
	roles := map[string]bool{}
	for _, resource := range recordMonitoring(t, fullMonitoring()).Resources {
		if isAlarm(resource) {
			roles[roleOf(t, resource)] = true
		}
	}
	assert.ElementsMatch(t, slices.Collect(maps.Keys(roles)), slices.Collect(maps.Keys(sections)))
	composites := []string{"redundancy", "zone", "errors", "database", "security", "cdn"}
	for role, text := range sections {
		if slices.Contains(composites, role) {
			continue
		}
		for _, part := range []string{"**Means.** ", "**Look.** ", "**Do.** ", "**Escalate.** "} {
			assert.Contains(t, text, part, role)
		}
		assert.Contains(t, text, "\n    ", "%s: a command to look with", role)
		assert.NotRegexp(t, `(?i)\bas (there|above|below|before)\b|\blikewise\b|\bAs \[|`+"`(aws|pulumi config) [a-z]", text, "%s stands alone, with its commands in blocks", role)
	}
}

// The commands of the runbook use outputs that the stack has.
func TestRunbookUsesOutputsThatThereAre(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join(project, asked.DefaultRunbook))
	require.NoError(t, err)
	outputs := planOf(t, "-stack", "prod").Outputs
	used := regexp.MustCompile(`pulumi stack output (\w+)`).FindAllStringSubmatch(string(page), -1)
	assert.Greater(t, len(used), 5)
	for _, each := range used {
		assert.Contains(t, outputs, each[1])
	}
}
