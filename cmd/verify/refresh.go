package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"ha-web/internal/poll"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	scaling "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	watching "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

const remedy = "set the release before again and run pulumi up: docs/web-tier.md, Roll out a release"

// newest returns the newest refresh that counts, or nil where none does.
func (r *rollout) newest(ctx context.Context) (*scaling.InstanceRefresh, error) {
	found, err := r.aws.scaling.DescribeInstanceRefreshes(ctx, &autoscaling.DescribeInstanceRefreshesInput{
		AutoScalingGroupName: &r.outputs.AutoScalingGroupName,
	})
	if err != nil {
		return nil, fmt.Errorf("instance refreshes of %s: %w", r.outputs.AutoScalingGroupName, err)
	}
	var newest *scaling.InstanceRefresh
	for i := range found.InstanceRefreshes {
		refresh := &found.InstanceRefreshes[i]
		id := aws.ToString(refresh.InstanceRefreshId)
		// One that ran does not stop to count when it ends, or its failure would pass for none.
		r.ran[id] = r.ran[id] || runs(refresh)
		counts := r.ran[id] || !began(refresh).Before(r.since)
		if counts && (newest == nil || newer(refresh, newest)) {
			newest = refresh
		}
	}
	return newest, nil
}

func runs(refresh *scaling.InstanceRefresh) bool {
	switch refresh.Status {
	case scaling.InstanceRefreshStatusPending, scaling.InstanceRefreshStatusInProgress,
		scaling.InstanceRefreshStatusBaking, scaling.InstanceRefreshStatusCancelling,
		scaling.InstanceRefreshStatusRollbackInProgress:
		return true
	}
	return false
}

// began returns when a refresh began. One that was cancelled while it was pending has no start, only an end.
func began(refresh *scaling.InstanceRefresh) time.Time {
	if refresh.StartTime == nil {
		return aws.ToTime(refresh.EndTime)
	}
	return *refresh.StartTime
}

// newer does not go by the time alone: a pending refresh has none. A group has one running refresh at most.
func newer(a, b *scaling.InstanceRefresh) bool {
	if runs(a) != runs(b) {
		return runs(a)
	}
	return began(a).After(began(b))
}

func (r *rollout) follow(ctx context.Context, refresh *scaling.InstanceRefresh) (bool, error) {
	id := aws.ToString(refresh.InstanceRefreshId)
	switch {
	case runs(refresh):
		r.stands("")
		r.progress.Say("%s", describe(refresh))
		return false, nil
	case refresh.Status == scaling.InstanceRefreshStatusSuccessful:
		return r.instances(ctx, "refresh Successful")
	case refresh.Status == scaling.InstanceRefreshStatusCancelled && !r.stands("cancelled "+id):
		r.progress.Say("%s; waiting for another", describe(refresh))
		return false, nil
	}
	r.progress.Say("%s", describe(refresh))
	return false, poll.Permanent(r.fault(ctx, refresh))
}

func describe(refresh *scaling.InstanceRefresh) string {
	line := fmt.Sprintf("refresh %s, %d percent", refresh.Status, aws.ToInt32(refresh.PercentageComplete))
	if refresh.InstancesToUpdate != nil {
		line += fmt.Sprintf(", instances left: %d", *refresh.InstancesToUpdate)
	}
	if reason := aws.ToString(refresh.StatusReason); reason != "" {
		line += "; " + oneLine(reason)
	}
	return line
}

// fault says why a refresh failed, as far as AWS knows, and what to do.
func (r *rollout) fault(ctx context.Context, refresh *scaling.InstanceRefresh) error {
	reason := oneLine(aws.ToString(refresh.StatusReason))
	if reason == "" {
		reason = "AWS gives no reason"
	}
	lines := []string{fmt.Sprintf("refresh %s ended %s: %s", aws.ToString(refresh.InstanceRefreshId), refresh.Status, reason)}
	if refresh.Preferences != nil && refresh.Preferences.AlarmSpecification != nil {
		lines = append(lines, r.alarms(ctx, refresh.Preferences.AlarmSpecification.Alarms)...)
	}
	return errors.New(strings.Join(append(lines, remedy), "\n"))
}

// alarms returns a line for each of the alarms that is in ALARM.
func (r *rollout) alarms(ctx context.Context, names []string) []string {
	if len(names) == 0 {
		return nil
	}
	found, err := r.aws.alarms.DescribeAlarms(ctx, &cloudwatch.DescribeAlarmsInput{
		AlarmNames: names,
		// Without, AWS leaves out composite ones.
		AlarmTypes: []watching.AlarmType{watching.AlarmTypeMetricAlarm, watching.AlarmTypeCompositeAlarm},
		StateValue: watching.StateValueAlarm,
	})
	if err != nil {
		return []string{"alarms of the rollout: " + oneLine(err.Error())}
	}
	var lines []string
	for _, alarm := range found.MetricAlarms {
		lines = append(lines, inAlarm(alarm.AlarmName, alarm.StateReason))
	}
	for _, alarm := range found.CompositeAlarms {
		lines = append(lines, inAlarm(alarm.AlarmName, alarm.StateReason))
	}
	return lines
}

func inAlarm(name, reason *string) string {
	return fmt.Sprintf("alarm %s is in ALARM: %s", aws.ToString(name), oneLine(aws.ToString(reason)))
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
