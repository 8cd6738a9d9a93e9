//go:build lab && linux

package lab

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// bootDrill checks that the first instances, which pulumi up launched, have run their user data under systemd, and serve the page
// that says hello.
func bootDrill(t *testing.T, l *Lab) figures {
	found := figures{did: "`pulumi up` of a new stack"}
	l.whole(t)
	machines := l.fleet.all()
	require.Len(t, machines, 2)
	for _, m := range machines {
		<-m.booted
		require.NoError(t, m.failed)
		assert.Equal(t, "active", m.on(t, l.ctx, "systemctl", "is-active", "app"))
		assert.Equal(t, "yes", m.on(t, l.ctx, "systemctl", "show", "app", "--property", "DynamicUser", "--value"))
		assert.Contains(t, m.on(t, l.ctx, "cat", bootLog), "the application answers")
		assert.NotContains(t, m.on(t, l.ctx, "cat", "/etc/app/environment"), "password")
		l.beats(t, m.zone)
		found.note("instance in %s: %s from its launch until its user data had run", m.zone, seconds(m.ran))
	}
	status, body := l.get(t, "/")
	assert.Equal(t, 200, status)
	assert.Contains(t, body, "Hello from the web tier")
	return found
}

// beats waits for a heartbeat from a zone, of its only instance.
func (l *Lab) beats(t *testing.T, zone string) {
	t.Helper()
	l.eventually(t, 5*period, "no heartbeat from "+zone, func() (bool, string) {
		found, err := l.cloud.metrics.GetMetricStatistics(l.ctx, &cloudwatch.GetMetricStatisticsInput{
			Namespace: aws.String("CWAgent"), MetricName: aws.String("heartbeat"), Statistics: []types.Statistic{types.StatisticSum},
			Dimensions: dimension("AutoScalingGroupName", l.fleet.group, "AvailabilityZone", zone), Period: aws.Int32(60),
			StartTime: aws.Time(l.began), EndTime: aws.Time(time.Now().Add(time.Minute)),
		})
		if err != nil {
			return false, err.Error()
		}
		return len(found.Datapoints) > 0, "CloudWatch has none"
	})
}

// goodReleaseDrill replaces the page that says hello by the application, while people use the site.
func goodReleaseDrill(t *testing.T, l *Lab) figures {
	found := figures{did: "the application in the place of the page that says hello"}
	watch := l.watch(shallow)
	watch.act()
	status, took := l.release(t, l.images.first)
	assert.Zero(t, status, "the rollout failed")
	l.whole(t)
	found.paths = watch.stop()
	assert.Zero(t, found.paths[shallow].Failed, "requests failed during a rollout")
	found.note("%s from pulumi up to the end of the rollout", seconds(took))
	assert.NotEmpty(t, l.courses(t))
	return found
}

// badReleaseDrill releases an image that does not start. The rollout must fail with every request served by the release before.
func badReleaseDrill(t *testing.T, l *Lab) figures {
	found := figures{did: "a release that does not start"}
	before := l.courses(t)
	watch := l.watch(shallow, deep)
	watch.act()
	status, took := l.release(t, l.images.bad)
	assert.Equal(t, 1, status, "the rollout of a release that does not start succeeded")
	healthy, _, err := l.healthy(l.ctx)
	require.NoError(t, err)
	assert.GreaterOrEqual(t, healthy, 2, "the bad release took instances of the good one")
	found.paths = watch.stop()
	assert.Zero(t, found.paths[shallow].Failed)
	assert.Zero(t, found.paths[deep].Failed)
	assert.Equal(t, before, l.courses(t))
	found.note("%s from pulumi up until verify rollout said that it failed", seconds(took))
	return found
}

// wayBackDrill sets the release before again, which must be accepted at once.
func wayBackDrill(t *testing.T, l *Lab) figures {
	found := figures{did: "the release before, set again after the bad one"}
	watch := l.watch(shallow, deep)
	watch.act()
	status, took := l.release(t, l.images.first)
	assert.Zero(t, status, "there is no way back")
	l.whole(t)
	found.paths = watch.stop()
	assert.Zero(t, found.paths[shallow].Failed)
	assert.Zero(t, found.paths[deep].Failed)
	found.note("%s from pulumi up until all instances had it", seconds(took))
	return found
}
