//go:build lab && linux

package lab

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"ha-web/lab/host"

	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	scaling "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	balancing "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/stretchr/testify/require"
)

// settling bounds how long the fleet takes to be whole again.
const settling = 90 * time.Second

// whole waits until as many instances as the group wants are in service and healthy, and none is on its way in or out.
func (l *Lab) whole(t *testing.T) time.Duration {
	t.Helper()
	return l.eventually(t, settling, "the fleet is not whole", func() (bool, string) {
		group, err := l.group(l.ctx)
		if err != nil {
			return false, err.Error()
		}
		healthy, total, err := l.healthy(l.ctx)
		if err != nil {
			return false, err.Error()
		}
		inService := 0
		for _, each := range group.Instances {
			if each.LifecycleState == scaling.LifecycleStateInService {
				inService++
			}
		}
		desired := int(*group.DesiredCapacity)
		return healthy == desired && total == desired && inService == len(group.Instances) && inService == desired,
			fmt.Sprintf("%d of %d targets healthy, %d of %d instances in service, %d wanted", healthy, total, inService, len(group.Instances), desired)
	})
}

// healthy returns how many targets are healthy, of how many.
func (l *Lab) healthy(ctx context.Context) (healthy, total int, err error) {
	found, err := l.cloud.balancer.DescribeTargetHealth(ctx, &balancing.DescribeTargetHealthInput{
		TargetGroupArn: &l.balancer.targetGroup,
	})
	if err != nil {
		return 0, 0, err
	}
	for _, each := range found.TargetHealthDescriptions {
		if each.TargetHealth.State == types.TargetHealthStateEnumHealthy {
			healthy++
		}
	}
	return healthy, len(found.TargetHealthDescriptions), nil
}

// setDesired changes the size of the group within its bounds.
func (l *Lab) setDesired(t *testing.T, size int32) {
	t.Helper()
	_, err := l.cloud.scaling.SetDesiredCapacity(l.ctx, &autoscaling.SetDesiredCapacityInput{
		AutoScalingGroupName: &l.fleet.group, DesiredCapacity: &size,
	})
	require.NoError(t, err)
}

// get asks the site once, from outside.
func (l *Lab) get(t *testing.T, path string) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(l.ctx, http.MethodGet, "https://"+siteName+path, nil)
	require.NoError(t, err)
	return l.send(t, request)
}

func (l *Lab) send(t *testing.T, request *http.Request) (int, string) {
	t.Helper()
	response, err := l.site.Do(request)
	if err != nil {
		return 0, err.Error()
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response.StatusCode, string(body)
}

// on runs a command on a machine, which must succeed, and returns what it prints.
func (m *machine) on(t *testing.T, ctx context.Context, name string, args ...string) string {
	t.Helper()
	printed, err := m.host.Command(ctx, name, args...).CombinedOutput()
	require.NoError(t, err, "%s %s: %s", name, strings.Join(args, " "), printed)
	return strings.TrimSpace(string(printed))
}

// release deploys an image of the application, and returns how its rollout ended.
func (l *Lab) release(t *testing.T, image release) (status int, took time.Duration) {
	t.Helper()
	since := time.Now()
	l.stack.Set(l.ctx, t, "web.container", string(image))
	l.outputs = l.stack.Update(l.ctx, t)
	_, status = l.verify(l.ctx, t, "rollout", "-since", since.UTC().Format(time.RFC3339), "-interval", "1s", "-timeout", "3m")
	return status, time.Since(since)
}

// courses is what the application has in its database.
func (l *Lab) courses(t *testing.T) []int {
	t.Helper()
	status, body := l.get(t, deep)
	require.Equal(t, http.StatusOK, status, body)
	var listed struct{ Courses []struct{ ID int } }
	require.NoError(t, json.Unmarshal([]byte(body), &listed))
	var all []int
	for _, each := range listed.Courses {
		all = append(all, each.ID)
	}
	require.NotEmpty(t, all)
	return all
}

// need skips the test, or fails it where LAB_REQUIRED is set, where it has not what it needs.
func need(t *testing.T) {
	t.Helper()
	suite.NeedPulumi(t)
	if err := host.Check(); err != nil {
		suite.Need(t, err.Error())
	}
}
