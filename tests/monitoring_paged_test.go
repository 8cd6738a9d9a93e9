package tests

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"ha-web/internal/awstype"
	"ha-web/tests/cloudwatch"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// before and after are the minutes of a scenario before and after something happens.
const minutesBefore, minutesAfter = 60, 180

// play puts the metrics of a scenario, whose minute 0 is at minutesBefore.
func (s scenario) play() cloudwatch.Metrics {
	metrics := cloudwatch.Metrics{}
	for m := -minutesBefore; m < minutesAfter; m++ {
		now := s.before()
		if m >= 0 && s.after != nil {
			now = s.after()
		}
		if m >= 0 {
			s.change(now, m)
		}
		if s.isNew && m < 0 {
			now.reportDatabase(reporter{metrics, m + minutesBefore}) // it is created first
			continue
		}
		now.report(metrics, m+minutesBefore)
	}
	return metrics
}

// expected is the band of anomaly detection: half as much and twice as much as in the hour before.
func (s scenario) expected(key string, _ int) (low, high float64) {
	usual := s.before()
	if strings.Contains(key, "RequestCount") {
		requests := total(usual.requests) * 5
		return requests / 2, requests * 2
	}
	return 0, usual.usual * 2
}

// watch evaluates alarms minute by minute. It returns when each composite alarm was in ALARM, and which single alarms ever were.
func (s scenario) watch(alarms []*cloudwatch.Alarm, pages []*cloudwatch.Composite, metrics cloudwatch.Metrics) (paged, rang []string) {
	states, since, ever := map[string]cloudwatch.State{}, map[string]int{}, map[string]bool{}
	var over []*cloudwatch.Evaluation
	for _, each := range alarms {
		states[each.Name] = cloudwatch.InsufficientData
		over = append(over, each.Over(metrics))
	}
	for end := minutesBefore / 2; end <= minutesBefore+minutesAfter; end++ {
		minute := end - minutesBefore
		if s.isNew && minute < 1 {
			continue // the alarms come after the group
		}
		for _, each := range over {
			states[each.Name] = each.At(end, s.expected, states[each.Name])
			ever[each.Name] = ever[each.Name] || states[each.Name] == cloudwatch.Alarming
		}
		for _, each := range pages {
			from, open := since[each.Name]
			switch role := strings.TrimPrefix(each.Name, "ha-web-prod-"); {
			case each.Alarming(states) && !open:
				since[each.Name] = minute
			case !each.Alarming(states) && open:
				delete(since, each.Name)
				paged = append(paged, fmt.Sprintf("%s %d-%d", role, from, minute))
			}
		}
	}
	for name, from := range since {
		paged = append(paged, fmt.Sprintf("%s %d-", strings.TrimPrefix(name, "ha-web-prod-"), from))
	}
	for name := range ever {
		if ever[name] {
			rang = append(rang, strings.TrimPrefix(name, "ha-web-prod-"))
		}
	}
	slices.Sort(paged)
	slices.Sort(rang)
	return paged, rang
}

// alarmsOf returns the alarms of a plan, as CloudWatch gets them.
func alarmsOf(t *testing.T, got recording) (alarms []*cloudwatch.Alarm, pages []*cloudwatch.Composite) {
	t.Helper()
	for _, each := range got.of(awstype.CloudWatchMetricAlarm) {
		alarm, err := cloudwatch.NewAlarm(each.Inputs)
		require.NoError(t, err)
		alarms = append(alarms, alarm)
	}
	for _, each := range got.of(awstype.CloudWatchCompositeAlarm) {
		page, err := cloudwatch.NewComposite(each.Inputs)
		require.NoError(t, err)
		pages = append(pages, page)
	}
	return alarms, pages
}

// The alarms of production page for what someone must act on, and for nothing else.
func TestWhoIsPagedWhen(t *testing.T) {
	t.Parallel()
	alarms, pages := alarmsOf(t, planOf(t, "-stack", "prod"))
	require.Len(t, pages, 6)
	for _, each := range scenarios {
		paged, rang := each.watch(alarms, pages, each.play())
		assert.Equal(t, sorted(each.pages), paged, each.name)
		assert.Equal(t, sorted(each.notices), rang, each.name)
	}
}

func sorted(list []string) []string {
	list = slices.Clone(list)
	slices.Sort(list)
	return list
}

// unfed are the metrics that no scenario feeds: alarms on them have one threshold, and no scenario would show more.
var unfed = regexp.MustCompile(`^AWS/SNS |RuleName=ha-web-(database-secret-read|secret-rotation-failed)$|(Rejected|TargetConnectionError)`)

// The scenarios feed the metrics that the alarms read, and none that no alarm reads.
func TestScenariosFeedTheAlarms(t *testing.T) {
	t.Parallel()
	alarms, _ := alarmsOf(t, planOf(t, "-stack", "prod"))
	read, fed := map[string]bool{}, map[string]bool{}
	for _, alarm := range alarms {
		for _, key := range alarm.Keys() {
			read[key] = true
		}
	}
	for _, each := range scenarios {
		for key := range each.play() {
			fed[key] = true
		}
	}
	for key := range fed {
		assert.True(t, read[key], "no alarm reads %s", key)
	}
	for key := range read {
		assert.NotEqual(t, unfed.MatchString(key), fed[key], key)
	}
}

// Every alarm that pages goes off in some scenario, but for those of resources that the stack has no trouble with.
func TestEveryPagingAlarmGoesOffInAScenario(t *testing.T) {
	t.Parallel()
	_, pages := alarmsOf(t, planOf(t, "-stack", "prod"))
	untried := map[string]bool{ // one metric, one threshold
		"database-connections": true, "database-secret-read": true, "rejected-connections": true, "nat-ports-a": true, "nat-ports-b": true,
		"zone-errors-b": true, "zone-latency-b": true, // as those of zone a
	}
	seen := map[string]bool{}
	for _, each := range scenarios {
		for _, role := range each.notices {
			seen[role] = true
		}
	}
	for _, page := range pages {
		for _, member := range page.Members {
			role := strings.TrimPrefix(member, "ha-web-prod-")
			assert.NotEqual(t, untried[role], seen[role], role)
		}
	}
}

const scenariosBegin, scenariosEnd = "<!-- scenarios: UPDATE_GOLDEN=1 go test ./tests -run TestScenariosAreDocumented -->\n", "<!-- end of scenarios -->\n"

// docs/monitoring.md has the table of scenarios.
func TestScenariosAreDocumented(t *testing.T) {
	t.Parallel()
	table := "| what happens | who is paged, in minutes after it began | alarms that go off |\n| --- | --- | --- |\n"
	for _, each := range scenarios {
		paged := "no one"
		if len(each.pages) > 0 {
			var parts []string
			for _, page := range each.pages {
				role, when, _ := strings.Cut(page, " ")
				from, until, _ := strings.Cut(when, "-")
				parts = append(parts, fmt.Sprintf("`%s` from %s to %s", role, from, until))
			}
			paged = strings.Join(parts, ", ")
		}
		rang := "none"
		if len(each.notices) > 0 {
			rang = "`" + strings.Join(each.notices, "`, `") + "`"
		}
		table += fmt.Sprintf("| **%s**: %s | %s | %s |\n", strings.ToUpper(each.name[:1])+each.name[1:], each.story, paged, rang)
	}
	holdsTable(t, "docs/monitoring.md", scenariosBegin, scenariosEnd, table)
}

// holdsTable requires what is between two lines of a page to be a table.
func holdsTable(t *testing.T, name, begin, end, table string) {
	t.Helper()
	path := filepath.Join(project, name)
	page, err := os.ReadFile(path)
	require.NoError(t, err)
	before, rest, found := strings.Cut(string(page), begin)
	require.True(t, found, "%s lacks %s", name, begin)
	_, after, found := strings.Cut(rest, end)
	require.True(t, found, "%s lacks %s", name, end)
	golden(t, filepath.Join("..", path), before+begin+table+end+after)
}

// docs/monitoring.md has a table of all alarms of production.
func TestAlarmsAreDocumented(t *testing.T) {
	t.Parallel()
	got := planOf(t, "-stack", "prod")
	_, pages := alarmsOf(t, got)
	pageOf := map[string]string{}
	for _, page := range pages {
		for _, member := range page.Members {
			pageOf[member] = "`" + strings.TrimPrefix(page.Name, "ha-web-prod-") + "`"
		}
	}
	rows := map[string]string{}
	for _, each := range got.of(awstype.CloudWatchMetricAlarm) {
		role, name := roleOf(t, each), each.Inputs["name"].(string)
		if name != "ha-web-prod-"+role && !strings.HasSuffix(name, "-a") {
			continue // those of the other zones
		}
		consequence, _, _ := strings.Cut(each.Inputs["alarmDescription"].(string), " Runbook: ")
		period := each.Inputs["period"]
		for _, query := range list(each.Inputs["metricQueries"]) {
			if metric, found := query.(map[string]any)["metric"].(map[string]any); found {
				period = metric["period"]
			}
		}
		rows[role] = fmt.Sprintf("| [%s](runbook.md#%[1]s) | %s | %v of %v, %v min | %s |\n", role, pageOf[name], each.Inputs["datapointsToAlarm"],
			each.Inputs["evaluationPeriods"], period.(float64)/60, consequence)
	}
	table := "| alarm | page | periods that breach | what it means |\n| --- | --- | --- | --- |\n"
	for _, role := range slices.Sorted(maps.Keys(rows)) {
		table += rows[role]
	}
	holdsTable(t, "docs/monitoring.md", "<!-- alarms: UPDATE_GOLDEN=1 go test ./tests -run TestAlarmsAreDocumented -->\n", "<!-- end of alarms -->\n", table)
}

// CloudWatch charges for each metric that an alarm reads, three for one on anomalies, and for composite alarms (Amazon CloudWatch
// pricing, us-east-1).
func TestCostsOfAlarmsAreDocumented(t *testing.T) {
	t.Parallel()
	got := planOf(t, "-stack", "prod")
	alarms, pages := alarmsOf(t, got)
	metrics, bands := 0, 0
	for _, each := range got.of(awstype.CloudWatchMetricAlarm) {
		switch queries := list(each.Inputs["metricQueries"]); {
		case each.Inputs["thresholdMetricId"] != nil:
			bands++
		case len(queries) == 0:
			metrics++
		default:
			metrics += len(queries) - 1 // the expression
		}
	}
	page, err := os.ReadFile(filepath.Join(project, "docs/monitoring.md"))
	require.NoError(t, err)
	assert.Contains(t, string(page), fmt.Sprintf("%d alarms on %d metrics | %.2f |", len(alarms)-bands, metrics, float64(metrics)*0.1))
	assert.Contains(t, string(page), fmt.Sprintf("| %.2f |\n| six composite alarms, 0.50 each | %.2f |", float64(bands)*0.3, float64(len(pages))*0.5))
	assert.Contains(t, string(page), fmt.Sprintf("| **total** | **%.2f** |", float64(metrics)*0.1+float64(bands)*0.3+float64(len(pages))*0.5+3+0.9))
}
