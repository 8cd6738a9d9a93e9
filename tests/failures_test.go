package tests

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"ha-web/internal/awstype"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// failure is a row of docs/failure-modes.md.
type failure struct{ name, effect, alarm, remedy, proof string }

func failuresOf(t *testing.T) []failure {
	t.Helper()
	page, err := os.ReadFile(filepath.Join(project, "docs/failure-modes.md"))
	require.NoError(t, err)
	var failures []failure
	for _, line := range regexp.MustCompile(`(?m)^\| .* \|$`).FindAllString(string(page), -1) {
		cells := strings.Split(strings.Trim(line, "|"), " | ")
		require.Len(t, cells, 5, line)
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		if cells[0] != "Failure" && !strings.HasPrefix(cells[0], "---") {
			failures = append(failures, failure{cells[0], cells[1], cells[2], cells[3], cells[4]})
		}
	}
	require.Greater(t, len(failures), 25)
	return failures
}

var code = regexp.MustCompile("`([^`]+)`")

// Alarms that the page names exist in production. What it says pages someone is in the composite alarm that it names, and what it
// calls a notice is in none.
func TestFailureModesNameAlarmsThatExist(t *testing.T) {
	t.Parallel()
	roles, rules := map[string]bool{}, map[string]string{}
	for _, resource := range planOf(t, "-stack", "prod").Resources {
		if isAlarm(resource) {
			roles[roleOf(t, resource)] = true
		}
		if resource.Type == awstype.CloudWatchCompositeAlarm {
			rules[roleOf(t, resource)] = fmt.Sprint(resource.Inputs["alarmRule"])
		}
	}
	named := 0
	for _, each := range failuresOf(t) {
		for _, part := range regexp.MustCompile("page `([a-z-]+)`: ((?:`[a-z-]+`(?:, )?)+)").FindAllStringSubmatch(each.alarm, -1) {
			require.Contains(t, rules, part[1], each.name)
			for _, alarm := range code.FindAllStringSubmatch(part[2], -1) {
				named++
				assert.Regexp(t, `"ha-web-prod-`+alarm[1]+`(-[a-f])?"`, rules[part[1]], each.name)
			}
		}
		for _, part := range regexp.MustCompile("notice ((?:`[a-z-]+`(?:, )?)+)").FindAllStringSubmatch(each.alarm, -1) {
			for _, alarm := range code.FindAllStringSubmatch(part[1], -1) {
				named++
				assert.True(t, roles[alarm[1]], "%s: %s", each.name, alarm[1])
				for page, rule := range rules {
					assert.NotContains(t, rule, `"ha-web-prod-`+alarm[1]+`"`, "%s pages: %s", page, each.name)
				}
			}
		}
		for _, alarm := range regexp.MustCompile(`runbook\.md#([a-z-]+)`).FindAllStringSubmatch(each.remedy, -1) {
			assert.True(t, roles[alarm[1]], "%s: %s", each.name, alarm[0])
		}
	}
	assert.Greater(t, named, 30)
}

// Tests and drills that the page names as proof exist. A failure without one is not proven, and the page says so.
func TestFailureModesNameProofsThatExist(t *testing.T) {
	t.Parallel()
	tests, drills, checks := testsOfTheProject(t), namesIn(t, "lab/lab_test.go", `\{name: "([^"]+)", run:`), namesIn(t, "docs/verify.md", "(?m)^\\| `([a-z0-9-]+)` \\|")
	for _, each := range failuresOf(t) {
		assert.Regexp(t, "`|not proven|\\]\\(", each.proof, each.name)
		for _, proof := range regexp.MustCompile("`(Test\\w+)`").FindAllStringSubmatch(each.proof, -1) {
			assert.True(t, tests[proof[1]], "%s: %s", each.name, proof[1])
		}
		for _, proof := range regexp.MustCompile("lab `([^`]+)`").FindAllStringSubmatch(each.proof, -1) {
			assert.True(t, drills[proof[1]], "%s: %s", each.name, proof[1])
		}
		for _, proof := range regexp.MustCompile("`verify drill (\\w+)`").FindAllStringSubmatch(each.proof, -1) {
			assert.True(t, checks[proof[1]], "%s: %s", each.name, proof[0])
		}
		for _, check := range regexp.MustCompile("`verify check` fails ((?:`[a-z-]+`(?:,| and)? ?)+)").FindAllStringSubmatch(each.alarm, -1) {
			for _, name := range code.FindAllStringSubmatch(check[1], -1) {
				assert.True(t, checks[name[1]], "%s: %s", each.name, name[1])
			}
		}
	}
}

// Figures of the lab are those of docs/proof.md. UPDATE_GOLDEN=1 takes them over, after a run of the lab that rewrote that page.
func TestFailureModesHaveTheFiguresOfTheLab(t *testing.T) {
	t.Parallel()
	proof, err := os.ReadFile(filepath.Join(project, "docs/proof.md"))
	require.NoError(t, err)
	measured, drill := map[string]string{}, ""
	for _, row := range regexp.MustCompile("(?m)^\\| ([^|]*) \\| [^|]* \\| `([^`]+)` \\| (\\d+) \\| (\\d+) \\| ([\\d.]+) s \\|").FindAllStringSubmatch(string(proof), -1) {
		if name := strings.TrimSpace(row[1]); name != "" {
			drill = name
		}
		measured[drill+" "+row[2]] = fmt.Sprintf("%s of %s requests to `%s` failed, %s s", row[4], row[3], row[2], row[5])
	}
	require.Greater(t, len(measured), 15)
	page, err := os.ReadFile(filepath.Join(project, "docs/failure-modes.md"))
	require.NoError(t, err)
	figure := regexp.MustCompile("lab `([^`]+)`: \\d+ of \\d+ requests to `([^`]+)` failed, [\\d.]+ s")
	require.Greater(t, len(figure.FindAllString(string(page), -1)), 8)
	golden(t, "../../docs/failure-modes.md", figure.ReplaceAllStringFunc(string(page), func(quoted string) string {
		of := figure.FindStringSubmatch(quoted)
		if !assert.Contains(t, measured, of[1]+" "+of[2]) {
			return quoted
		}
		return fmt.Sprintf("lab `%s`: %s", of[1], measured[of[1]+" "+of[2]])
	}))
}

// testsOfTheProject returns the names of all tests, those for the engine and for the lab too.
func testsOfTheProject(t *testing.T) map[string]bool {
	t.Helper()
	found := map[string]bool{}
	for _, folder := range []string{"tests", "internal", "components", "cmd", "lab", "app"} {
		require.NoError(t, filepath.WalkDir(filepath.Join(project, folder), func(path string, _ os.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, "_test.go") {
				return err
			}
			content, err := os.ReadFile(path)
			for _, name := range regexp.MustCompile(`(?m)^func (Test\w+)\(`).FindAllStringSubmatch(string(content), -1) {
				found[name[1]] = true
			}
			return err
		}))
	}
	require.Greater(t, len(found), 300)
	return found
}

// namesIn returns what a pattern finds in a file.
func namesIn(t *testing.T, file, pattern string) map[string]bool {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(project, file))
	require.NoError(t, err)
	found := map[string]bool{}
	for _, name := range regexp.MustCompile(pattern).FindAllStringSubmatch(string(content), -1) {
		found[name[1]] = true
	}
	require.NotEmpty(t, found, file)
	return found
}
