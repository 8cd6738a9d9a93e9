package main

import (
	"testing"

	watching "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

func TestAlarmChecks(t *testing.T) {
	holdToChecks(t, tableOf(operationsChecks, "alarms-present", "alarms-enabled", "alarms-quiet"), []broken{
		{"alarms-present", "none", func(w *world) {
			w.main.metric, w.main.pages, w.edge.metric, w.edge.pages = nil, nil, nil, nil
		}, statusFail, "missing: ha-web-prod-cdn, ha-web-prod-database, ha-web-prod-errors"},
		{"alarms-present", "a member is gone", func(w *world) { w.main.metric = w.main.metric[1:] }, statusFail, "missing: ha-web-prod-latency"},
		{"alarms-present", "a page is gone", func(w *world) { w.main.pages = w.main.pages[1:] }, statusFail, "missing: ha-web-prod-errors"},
		{"alarms-present", "that of CloudFront", func(w *world) { w.edge.pages = nil }, statusFail, "missing: ha-web-prod-cdn"},
		{"alarms-present", "no CloudFront", func(w *world) { withoutCDN(w); w.edge.metric, w.edge.pages = nil, nil }, statusPass,
			"2 metric alarms and 5 composite alarms"},
		{"alarms-present", "of a stack prod-2", func(w *world) {
			other := metricAlarm("ha-web-prod-2-latency", "eu-central-1")
			other.AlarmActions = []string{"arn:aws:sns:eu-central-1:123456789012:ha-web-prod-2-notices"}
			w.main.metric = append(w.main.metric, other)
		}, statusPass, "3 metric alarms and 6 composite alarms"},
		{"alarms-present", "refused", func(w *world) { w.main.refused["DescribeAlarms"] = denied("cloudwatch:DescribeAlarms") },
			statusSkip, "missing permission: cloudwatch:DescribeAlarms"},
		{"alarms-enabled", "disabled", func(w *world) { w.main.metric[0].ActionsEnabled = new(false) }, statusFail,
			"actions disabled: ha-web-prod-latency"},
		{"alarms-enabled", "a page disabled", func(w *world) { w.edge.pages[0].ActionsEnabled = new(false) }, statusFail,
			"actions disabled: ha-web-prod-cdn"},
		{"alarms-enabled", "a page without action", func(w *world) { w.main.pages[0].AlarmActions = nil }, statusFail,
			"no action: ha-web-prod-errors"},
		{"alarms-enabled", "an alarm without action", func(w *world) { w.main.metric[1].AlarmActions = nil }, statusFail,
			"no action: ha-web-prod-database-storage"},
		{"alarms-quiet", "a metric alarm", func(w *world) { w.main.metric[0].StateValue = watching.StateValueAlarm }, statusFail,
			"in ALARM: ha-web-prod-latency"},
		{"alarms-quiet", "a page", func(w *world) { w.edge.pages[0].StateValue = watching.StateValueAlarm }, statusFail, "in ALARM: ha-web-prod-cdn"},
	})
}
