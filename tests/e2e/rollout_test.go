//go:build e2e

package e2e

import (
	"context"
	"testing"

	"ha-web/components/monitoring"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	scaling "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Releases of the application. Instances of the bad one do not get healthy.
const (
	repository  = "123456789012.dkr.ecr.us-east-1.amazonaws.com/moodle"
	goodRelease = repository + "@sha256:" + "1111111111111111111111111111111111111111111111111111111111111111"
	badRelease  = repository + "@sha256:" + "2222222222222222222222222222222222222222222222222222222222222222"
)

// checkRollout changes what instances boot with, by a setting with which these resources change, and checks that instances are
// replaced, step by step, by instances of the new version that get healthy.
func checkRollout(ctx context.Context, t *testing.T, d *deployment, outputs auto.OutputMap, path, value string, resources ...string) {
	t.Helper()
	group := readGroup(ctx, t, d.aws, outputs)
	before, version := instanceIDs(group), checkTemplate(ctx, t, d.aws, group, outputs)
	require.Len(t, before, 2)
	said, err := verifyRollout(ctx, t, d, outputs)
	require.NoError(t, err, said)
	assert.Contains(t, said, "no refresh to wait for: 2 of 2 instances in service have version 1, 2 of at least 2 are healthy")

	d.updateInPlace(ctx, t, path, value, resources...)
	said, err = verifyRollout(ctx, t, d, outputs)
	require.NoError(t, err, said)
	assert.Contains(t, said, "2 of 2 instances in service have version 2, 2 of at least 2 are healthy")
	checkRefresh(ctx, t, d, outputs)
	after := readGroup(ctx, t, d.aws, outputs)
	assert.Equal(t, version+1, checkTemplate(ctx, t, d.aws, after, outputs))
	for _, id := range instanceIDs(after) {
		assert.NotContains(t, before, id)
	}
}

// checkRefresh checks how the one refresh of the group went.
func checkRefresh(ctx context.Context, t *testing.T, d *deployment, outputs auto.OutputMap) {
	t.Helper()
	refreshes := readRefreshes(ctx, t, d, outputs)
	require.Len(t, refreshes, 1)
	assert.Equal(t, scaling.InstanceRefreshStatusSuccessful, refreshes[0].Status)
	preferences := refreshes[0].Preferences
	assert.False(t, aws.ToBool(preferences.AutoRollback))
	assert.EqualValues(t, []int32{100, 150, 300}, []int32{*preferences.MinHealthyPercentage, *preferences.MaxHealthyPercentage, *preferences.CheckpointDelay})
	assert.Equal(t, []int32{50, 100}, preferences.CheckpointPercentages)
	assert.Equal(t, monitoring.RolloutAlarms("ha-web", d.Name, nil), preferences.AlarmSpecification.Alarms)
}

func readRefreshes(ctx context.Context, t *testing.T, d *deployment, outputs auto.OutputMap) []scaling.InstanceRefresh {
	t.Helper()
	found, err := d.aws.autoscaling.DescribeInstanceRefreshes(ctx, &autoscaling.DescribeInstanceRefreshesInput{
		AutoScalingGroupName: aws.String(outputs["autoScalingGroupName"].Value.(string)),
	})
	require.NoError(t, err)
	return found.InstanceRefreshes
}

// verifyRollout waits for a rollout, as the pipeline does, but not for as long. It returns what the command says.
func verifyRollout(ctx context.Context, t *testing.T, d *deployment, outputs auto.OutputMap) (string, error) {
	t.Helper()
	printed, err := d.VerifyCommand(ctx, t, outputs, "rollout", "-timeout", "3m", "-interval", "1s").CombinedOutput()
	t.Logf("verify rollout:\n%s", printed)
	return string(printed), err
}

// instanceIDs returns the instances in service: those that drain are still of the group.
func instanceIDs(group scaling.AutoScalingGroup) []string {
	var ids []string
	for _, instance := range group.Instances {
		if instance.LifecycleState == scaling.LifecycleStateInService {
			ids = append(ids, *instance.InstanceId)
		}
	}
	return ids
}
