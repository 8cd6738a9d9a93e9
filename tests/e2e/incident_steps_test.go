//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	scaling "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// scheduleExams has the next update give the fleet a period like that of exams, which begins in four minutes: late enough for an
// update that AWS takes its time for, since AWS refuses a start in the past.
func scheduleExams(ctx context.Context, t *testing.T, d *deployment, _ auto.OutputMap) {
	t.Helper()
	start := time.Now().UTC().Add(4 * time.Minute)
	for field, value := range map[string]string{
		"name": "exams-today", "start": start.Format("2006-01-02T15:04"), "end": start.AddDate(0, 0, 7).Format("2006-01-02T15:04"), "min": "4",
	} {
		d.Set(ctx, t, "web.schedules[0]."+field, value)
	}
}

// awaitExams waits until the exams are on: AWS forgets a schedule that has run.
func awaitExams(ctx context.Context, t *testing.T, d *deployment, outputs auto.OutputMap) {
	t.Helper()
	await(ctx, t, 5*time.Minute, "the exams to begin", func() bool {
		return !slices.ContainsFunc(readActions(ctx, t, d, outputs), func(action scaling.ScheduledUpdateGroupAction) bool {
			return *action.ScheduledActionName == "exams-today"
		})
	})
}

// readActions returns the scheduled actions of the group.
func readActions(ctx context.Context, t *testing.T, d *deployment, outputs auto.OutputMap) []scaling.ScheduledUpdateGroupAction {
	t.Helper()
	found, err := d.aws.autoscaling.DescribeScheduledActions(ctx, &autoscaling.DescribeScheduledActionsInput{
		AutoScalingGroupName: aws.String(outputs["autoScalingGroupName"].Value.(string)),
	})
	require.NoError(t, err)
	return found.ScheduledUpdateGroupActions
}

// evening is when the evening's schedule of the local stack fires in its test: every other minute, and never at the same
// time as that of the morning.
const evening = "1-59/2 * * * *"

// awaitEvening waits until the evening's schedule has fired since Pulumi has seen it last.
func awaitEvening(ctx context.Context, t *testing.T, d *deployment, _ auto.OutputMap) {
	t.Helper()
	for _, each := range d.Resources(t) {
		if strings.HasSuffix(each.URN, "::ha-web-schedule-weekday-evening") {
			start, err := time.Parse(time.RFC3339, each.Outputs["startTime"].(string))
			require.NoError(t, err)
			await(ctx, t, 3*time.Minute, "the evening", func() bool { return time.Now().After(start) })
			return
		}
	}
	require.Fail(t, "there is no such schedule")
}

// scaleOut does what a rush does: the fleet grows past its smallest size.
func scaleOut(ctx context.Context, t *testing.T, d *deployment, outputs auto.OutputMap) {
	t.Helper()
	setCapacity(ctx, t, d, outputs, 5)
}

// setSizes sets the smallest size of the group past Pulumi, as a scheduled action does, and waits until it has that size.
func setSizes(ctx context.Context, t *testing.T, d *deployment, outputs auto.OutputMap, size int32) {
	t.Helper()
	_, err := d.aws.autoscaling.UpdateAutoScalingGroup(ctx, &autoscaling.UpdateAutoScalingGroupInput{
		AutoScalingGroupName: aws.String(outputs["autoScalingGroupName"].Value.(string)), MinSize: &size,
	})
	require.NoError(t, err)
	setCapacity(ctx, t, d, outputs, size)
}

func setCapacity(ctx context.Context, t *testing.T, d *deployment, outputs auto.OutputMap, count int32) {
	t.Helper()
	_, err := d.aws.autoscaling.SetDesiredCapacity(ctx, &autoscaling.SetDesiredCapacityInput{
		AutoScalingGroupName: aws.String(outputs["autoScalingGroupName"].Value.(string)), DesiredCapacity: &count,
	})
	require.NoError(t, err)
	await(ctx, t, 2*time.Minute, fmt.Sprintf("%d instances in service", count), func() bool {
		instances := readGroup(ctx, t, d.aws, outputs).Instances
		for _, each := range instances {
			if each.LifecycleState != scaling.LifecycleStateInService {
				return false
			}
		}
		return len(instances) == int(count)
	})
}

func rollOutBadRelease(ctx context.Context, t *testing.T, d *deployment, outputs auto.OutputMap) {
	t.Helper()
	d.targets.fail(strconv.FormatInt(checkTemplate(ctx, t, d.aws, readGroup(ctx, t, d.aws, outputs), outputs)+1, 10))
	d.Set(ctx, t, "web.container", badRelease)
	d.Set(ctx, t, "web.healthCheck.graceSeconds", "6000") // so that AWS does not stop before the update comes
	d.Update(ctx, t)
	require.NotEmpty(t, activeRefresh(ctx, t, d, outputs), "the rollout is on")
}

// awaitFailedRelease rolls out a release whose instances do not get healthy, and waits until AWS stops: the old instances serve on.
func awaitFailedRelease(ctx context.Context, t *testing.T, d *deployment, outputs auto.OutputMap) {
	t.Helper()
	before := instanceIDs(readGroup(ctx, t, d.aws, outputs))
	d.targets.fail(strconv.FormatInt(checkTemplate(ctx, t, d.aws, readGroup(ctx, t, d.aws, outputs), outputs)+1, 10))
	d.Set(ctx, t, "web.healthCheck.graceSeconds", "300")
	d.Set(ctx, t, "web.container", badRelease)
	d.Update(ctx, t)
	said, err := verifyRollout(ctx, t, d, outputs)
	require.Error(t, err, "verify rollout exits with a status for the pipeline")
	assert.Contains(t, said, "ended Failed")
	assert.Contains(t, said, "set the release before again and run pulumi up")
	serving := 0
	for _, each := range readGroup(ctx, t, d.aws, outputs).Instances {
		t.Logf("%s: %s, version %s", *each.InstanceId, each.LifecycleState, *each.LaunchTemplate.Version)
		if slices.Contains(before, *each.InstanceId) && each.LifecycleState == scaling.LifecycleStateInService {
			serving++
		}
	}
	assert.NotZero(t, serving, "old instances serve on")
}

func checkGoodRelease(ctx context.Context, t *testing.T, d *deployment, outputs auto.OutputMap) {
	t.Helper()
	said, err := verifyRollout(ctx, t, d, outputs)
	require.NoError(t, err, said)
	assert.Contains(t, userData(ctx, t, d.aws, readGroup(ctx, t, d.aws, outputs)), goodRelease)
}

// activeRefresh returns the state of the refresh that is on, if any.
func activeRefresh(ctx context.Context, t *testing.T, d *deployment, outputs auto.OutputMap) scaling.InstanceRefreshStatus {
	t.Helper()
	for _, each := range readRefreshes(ctx, t, d, outputs) {
		switch each.Status {
		case scaling.InstanceRefreshStatusPending, scaling.InstanceRefreshStatusInProgress, scaling.InstanceRefreshStatusBaking,
			scaling.InstanceRefreshStatusCancelling, scaling.InstanceRefreshStatusRollbackInProgress:
			return each.Status
		}
	}
	return ""
}
