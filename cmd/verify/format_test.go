package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// shown are the results that tests of the formats show, in no order.
func shown() []check {
	return []check{
		{"site-health", "The health check path answers 200.", finds("", pass("https://learn.example.edu/health answered 200")).run},
		finds("alarms-quiet", skip("missing permission: cloudwatch:DescribeAlarms")),
		finds("targets-healthy", fail("look why instances are missing\nor unhealthy: <docs/runbook.md>",
			"healthy: 1 in eu-central-1a; i-2 is unhealthy (Target.FailedHealthChecks); i-3 | i-4 are %s", "_unhealthy_ too, and then one more")),
	}
}

func TestTable(t *testing.T) {
	withChecks(t, shown()...)
	status, out, _ := checkOn(t, t.Context(), healthyWorld())
	assert.Equal(t, 1, status)
	assert.Equal(t, `CHECK            RESULT  SEEN
alarms-quiet     skip    missing permission: cloudwatch:DescribeAlarms
site-health      pass    https://learn.example.edu/health answered 200
targets-healthy  fail    healthy: 1 in eu-central-1a; i-2 is unhealthy (Target.FailedHealthChecks); i-3 | i-4 are
                         _unhealthy_ too, and then one more

ha-web/prod: 1 passed, 1 failed, 1 skipped

targets-healthy failed: It is targets-healthy.
  seen: healthy: 1 in eu-central-1a; i-2 is unhealthy (Target.FailedHealthChecks); i-3 | i-4 are _unhealthy_ too, and
        then one more
  do:   look why instances are missing or unhealthy: <docs/runbook.md>
`, out)
}

func TestTableIsNarrow(t *testing.T) {
	long := strings.Repeat("word ", 80) + strings.Repeat("x", 300)
	withChecks(t, check{"a-check", long, finds("", fail(long, "%s", long)).run}, finds("b", pass("%s", long)))
	_, out, _ := checkOn(t, t.Context(), healthyWorld())
	for line := range strings.Lines(out) {
		assert.LessOrEqual(t, len(strings.TrimRight(line, "\n")), widest, line)
		assert.Equal(t, strings.TrimRight(line, " \n")+"\n", line)
	}
	// Nothing gets lost: the two cells, and title, seen and remedy of the failure.
	assert.Equal(t, 5*80, strings.Count(out, "word"))
	assert.Equal(t, 5*300, strings.Count(out, "x")) // no name has the letter
}

func TestJSON(t *testing.T) {
	withChecks(t, shown()...)
	status, out, _ := checkOn(t, t.Context(), healthyWorld(), "-format", "json")
	assert.Equal(t, 1, status)
	assert.Equal(t, `{
  "stack": "ha-web/prod",
  "passed": 1,
  "failed": 1,
  "skipped": 1,
  "checks": [
    {
      "name": "alarms-quiet",
      "title": "It is alarms-quiet.",
      "result": "skip",
      "seen": "missing permission: cloudwatch:DescribeAlarms"
    },
    {
      "name": "site-health",
      "title": "The health check path answers 200.",
      "result": "pass",
      "seen": "https://learn.example.edu/health answered 200"
    },
    {
      "name": "targets-healthy",
      "title": "It is targets-healthy.",
      "result": "fail",
      "seen": "healthy: 1 in eu-central-1a; i-2 is unhealthy (Target.FailedHealthChecks); i-3 | i-4 are _unhealthy_ too, and then one more",
      "remedy": "look why instances are missing or unhealthy: <docs/runbook.md>"
    }
  ]
}
`, out)
}

func TestMarkdown(t *testing.T) {
	file := filepath.Join(t.TempDir(), "report.md")
	withChecks(t, shown()...)
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(time.Date(2027, 1, 11, 9, 30, 0, 0, time.UTC)))
		status, out, _ := checkOn(t, t.Context(), healthyWorld(), "-report", file)
		assert.Equal(t, 1, status)
		assert.Contains(t, out, "1 failed")
	})
	written, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, `# Checks of ha-web/prod

2027-01-11 09:30 UTC: 1 passed, 1 failed, 1 skipped.

| Check | What it asserts | Result | Seen | What to do |
| --- | --- | --- | --- | --- |
| `+"`alarms-quiet`"+` | It is alarms-quiet. | skip | missing permission: cloudwatch:DescribeAlarms |  |
| `+"`site-health`"+` | The health check path answers 200. | pass | https://learn.example.edu/health answered 200 |  |
| `+"`targets-healthy`"+` | It is targets-healthy. | fail | healthy: 1 in eu-central-1a; i-2 is unhealthy (Target.FailedHealthChecks); `+
		`i-3 \| i-4 are \_unhealthy\_ too, and then one more | look why instances are missing or unhealthy: &lt;docs/runbook.md> |
`, string(written))
}

func TestWrap(t *testing.T) {
	assert.Equal(t, []string{"one two", "three"}, wrap("one  two\nthree", 7))
	for length := range 40 {
		lines := wrap(strings.Repeat("x", length), 10)
		assert.Equal(t, strings.Repeat("x", length), strings.Join(lines, ""))
		for _, line := range lines {
			assert.LessOrEqual(t, len(line), 10)
		}
	}
}
