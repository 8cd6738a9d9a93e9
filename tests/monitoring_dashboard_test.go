package tests

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"ha-web/internal/awstype"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// widget is one of a dashboard (Amazon CloudWatch API reference, "Dashboard body structure and syntax").
type widget struct {
	Type                string
	X, Y, Width, Height int
	Properties          struct {
		Title       string
		Region      string
		Period      int
		Alarms      []string
		Metrics     [][]any
		Annotations struct {
			Horizontal []struct {
				Label, Color string
				Value        float64
			}
		}
	}
}

// widgets returns those of the dashboard.
func widgets(t *testing.T, got recording, name string) []widget {
	t.Helper()
	var body struct{ Widgets []widget }
	require.NoError(t, json.Unmarshal([]byte(got.one(t, awstype.CloudWatchDashboard, name)["dashboardBody"].(string)), &body))
	require.NotEmpty(t, body.Widgets)
	return body.Widgets
}

// line is one of a graph.
type line struct {
	what    string // namespace, metric and dimensions, as shown prints them
	options map[string]any
}

func linesOf(graph widget) []line {
	var lines []line
	for _, each := range graph.Properties.Metrics {
		options := each[len(each)-1].(map[string]any)
		if len(each) == 1 {
			lines = append(lines, line{"", options})
			continue
		}
		var pairs []string
		for i := 2; i+1 < len(each); i += 2 {
			pairs = append(pairs, fmt.Sprintf("%v=%v", each[i], each[i+1]))
		}
		slices.Sort(pairs)
		lines = append(lines, line{fmt.Sprintf("%v %v %v {%s}", each[0], each[1], options["stat"], strings.Join(pairs, " ")), options})
	}
	return lines
}

func TestDashboardShowsTheSiteFromTrafficToDatabase(t *testing.T) {
	t.Parallel()
	all := widgets(t, recordMonitoring(t, fullMonitoring()), "web-dashboard")
	var titles []string
	for _, each := range all {
		titles = append(titles, each.Properties.Title)
	}
	assert.Equal(t, []string{
		"Pages",
		"Requests a minute", "Requests in five minutes, and what is expected", "Errors, percent of responses",
		"Errors and refusals a minute", "Latency, 99th percentile of busy minutes, seconds", "Latency, 90th percentile, and what is expected",
		"Errors by zone, percentage points above the others", "Slow zone, 99th percentile, seconds", "Heartbeats of instances by zone, a minute",
		"Healthy instances", "Instances short of the desired capacity", "Fleet, instances",
		"Busy fleet, percent of its maximum size", "CPU load, percent", "Memory and disk of the fullest instance, percent",
		"CPU credits", "Database connections", "Database, free storage",
		"Database, free memory", "Database, seconds to read and write", "Database, disk queue",
		"Database, percent of burst balance", "Proxy, microseconds to a connection", "Proxy, refused logins",
		"Proxy, pinned connections", "NAT gateways", "Cache hit rate, percent",
		"Firewall, requests in five minutes", "Messages that did not arrive",
	}, titles)
	assert.Len(t, all[0].Properties.Alarms, 6)

	taken := map[[2]int]string{}
	for _, each := range all {
		if each.Type == "metric" {
			assert.Equal(t, "eu-west-1", each.Properties.Region, each.Properties.Title)
		}
		for x := each.X; x < each.X+each.Width; x++ {
			for y := each.Y; y < each.Y+each.Height; y++ {
				assert.Empty(t, taken[[2]int{x, y}], "%s lies on it", each.Properties.Title)
				assert.Less(t, x, 24)
				taken[[2]int{x, y}] = each.Properties.Title
			}
		}
	}
	least := widgets(t, recordMonitoring(t, monitoringArgs()), "web-dashboard")
	for _, each := range least {
		assert.NotContains(t, []string{"CPU credits", "Proxy, pinned connections", "NAT gateways", "Cache hit rate, percent"}, each.Properties.Title,
			"a panel without anything to show")
	}
}

// Each alarm is drawn: what it watches, in the region where that is, with its threshold.
func TestDashboardDrawsTheThresholdsOfAlarms(t *testing.T) {
	t.Parallel()
	got := recordMonitoring(t, fullMonitoring())
	undrawn := regexp.MustCompile(`^web-alarm-(rollout-.*|database-secret-read|database-storage-event|secret-rotation-failed)$`) // drawn as others, or events
	measured := regexp.MustCompile(` ([A-Za-z0-9]+)/[0-9]+s `)
	graphs := widgets(t, got, "web-dashboard")
	seen := 0
	for name, alarm := range got.of(awstype.CloudWatchMetricAlarm) {
		if undrawn.MatchString(name) {
			continue
		}
		seen++
		role, region := roleOf(t, alarm), "eu-west-1"
		if strings.HasSuffix(name, "-us-east-1") {
			region = "us-east-1"
		}
		found := slices.ContainsFunc(graphs, func(graph widget) bool {
			drawn := alarm.Inputs["thresholdMetricId"] != nil // a band is a line
			for _, each := range graph.Properties.Annotations.Horizontal {
				drawn = drawn || each.Value == alarm.Inputs["threshold"] && slices.Contains(strings.Split(strings.Split(each.Label, ": ")[0], ", "), role)
			}
			watched := measured.ReplaceAllString(shown(alarm.Inputs), " $1 ")
			expression := alarm.Inputs["metricQueries"]
			for _, each := range linesOf(graph) {
				if each.options["region"] != region {
					continue
				}
				if expression == nil && strings.HasPrefix(watched, each.what) && each.what != "" ||
					expression != nil && each.what == "" && strings.HasPrefix(watched, each.options["expression"].(string)) {
					return drawn
				}
			}
			return false
		})
		assert.True(t, found, name)
	}
	assert.Greater(t, seen, 30)
}

// Expressions use the metrics of their own graph, each by an id that there is once.
func TestDashboardExpressionsFindTheirMetrics(t *testing.T) {
	t.Parallel()
	word := regexp.MustCompile(`\b[a-z][a-z_]*\b`)
	expressions := 0
	for _, graph := range widgets(t, recordMonitoring(t, fullMonitoring()), "web-dashboard") {
		ids := map[string]bool{}
		for _, each := range linesOf(graph) {
			if name, named := each.options["id"].(string); named {
				assert.False(t, ids[name], "%s: two %s", graph.Properties.Title, name)
				assert.Equal(t, each.options["label"] != nil, each.options["visible"], name)
				ids[name] = true
			}
		}
		for _, each := range linesOf(graph) {
			if expression, math := each.options["expression"].(string); math {
				expressions++
				for _, name := range word.FindAllString(expression, -1) {
					assert.True(t, ids[name], "%s: no %s", graph.Properties.Title, name)
				}
			}
		}
	}
	assert.Equal(t, 15, expressions)
}

func TestDashboardIsWhereItsAddressLeads(t *testing.T) {
	t.Parallel()
	got := planOf(t, "-stack", "prod")
	name := got.one(t, awstype.CloudWatchDashboard, "ha-web-dashboard")["dashboardName"].(string)
	assert.Equal(t, "ha-web-prod", name)
	assert.Equal(t, "https://us-east-1.console.aws.amazon.com/cloudwatch/home?region=us-east-1#dashboards/dashboard/"+name, got.Outputs["dashboardUrl"])
	assert.Equal(t, "arn:aws:sns:us-east-1:123456789012:ha-web-alarms", got.Outputs["alarmTopicArn"])
	assert.Equal(t, "arn:aws:sns:us-east-1:123456789012:ha-web-notices", got.Outputs["noticeTopicArn"])
}
