package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	watching "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// ring is an alarm that went to ALARM during a drill.
type ring struct {
	Name  string  `json:"name"`
	After float64 `json:"after"` // seconds since the act
}

// rang returns the alarms of the stack that went to ALARM since a time, the first first.
func (l *live) rang(ctx context.Context, since time.Time) ([]ring, error) {
	own, err := l.describeAlarms(ctx)
	if err != nil {
		return nil, err
	}
	names := map[string]bool{}
	for _, each := range own.metric {
		names[aws.ToString(each.AlarmName)] = true
	}
	for _, each := range own.pages {
		names[aws.ToString(each.AlarmName)] = true
	}
	regions := []services{l.aws}
	if l.outputs.edgeApart() {
		regions = append(regions, l.edge)
	}
	var rings []ring
	for _, each := range regions {
		found, err := rangIn(ctx, each.history, names, since)
		if err != nil {
			return nil, err
		}
		rings = append(rings, found...)
	}
	slices.SortStableFunc(rings, func(a, b ring) int { return int((a.After - b.After) * 1000) })
	return rings, nil
}

// rangIn reads the history of all alarms of a region: CloudWatch selects one alarm by its name, or all.
func rangIn(ctx context.Context, api historyAPI, names map[string]bool, since time.Time) ([]ring, error) {
	pages := cloudwatch.NewDescribeAlarmHistoryPaginator(api, &cloudwatch.DescribeAlarmHistoryInput{
		// Without, AWS leaves out composite ones.
		AlarmTypes:      []watching.AlarmType{watching.AlarmTypeMetricAlarm, watching.AlarmTypeCompositeAlarm},
		HistoryItemType: watching.HistoryItemTypeStateUpdate, StartDate: &since, EndDate: aws.Time(time.Now()),
		ScanBy: watching.ScanByTimestampAscending,
	})
	var rings []ring
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("history of alarms: %w", err)
		}
		for _, each := range page.AlarmHistoryItems {
			if names[aws.ToString(each.AlarmName)] && newState(aws.ToString(each.HistoryData)) == watching.StateValueAlarm {
				rings = append(rings, ring{aws.ToString(each.AlarmName), *seconds(each.Timestamp.Sub(since))})
			}
		}
	}
	return rings, nil
}

// newState returns the state that an alarm changed to, from the data of its history.
func newState(data string) watching.StateValue {
	var changed struct {
		NewState struct {
			StateValue watching.StateValue `json:"stateValue"`
		} `json:"newState"`
	}
	if json.Unmarshal([]byte(data), &changed) != nil {
		return ""
	}
	return changed.NewState.StateValue
}
