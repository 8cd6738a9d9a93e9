//go:build e2e

package e2e

import (
	"context"
	"sync"
	"testing"

	"ha-web/tests/deployed"

	"github.com/stretchr/testify/assert"
)

// slowFleet is the environment of an emulator whose targets become healthy only when that is reported, and whose grace periods
// and warm-ups take a twentieth of the time that they take on AWS, so that there is time for an update during a rollout.
var slowFleet = []string{"LOCALCLOUD_TARGETS=external", "LOCALCLOUD_TIME_SCALE=0.05"}

// targets reports to an emulator which targets are healthy, as the health checks of the load balancer find out on AWS.
type targets struct {
	control  deployed.Control
	mutex    sync.Mutex
	failing  map[string]bool // versions of the launch template whose instances do not get healthy
	versions map[string]string
}

// reportTargets tells the emulator the health of its targets, as long as the test runs.
func reportTargets(ctx context.Context, t *testing.T, d *deployment) {
	t.Helper()
	d.targets = &targets{control: deployed.Control{Emulator: d.Emulator}, failing: map[string]bool{}, versions: map[string]string{}}
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- d.targets.control.Follow(ctx, d.targets.report) }()
	t.Cleanup(func() {
		cancel()
		assert.NoError(t, <-ended, "the emulator was not told which targets are healthy")
	})
}

// fail has instances of a version of the launch template fail their health checks.
func (h *targets) fail(version string) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	h.failing[version] = true
}

func (h *targets) report(ctx context.Context, change deployed.Change) error {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	switch change.Kind {
	case "InstanceStarted":
		h.versions[change.ID] = change.Version
	case "TargetRegistered":
		health := deployed.TargetHealth{TargetGroupArn: change.TargetGroupArn, TargetID: change.TargetID, State: "healthy"}
		if h.failing[h.versions[change.TargetID]] {
			health.State, health.Reason = "unhealthy", "Target.FailedHealthChecks"
		}
		return h.control.ReportTarget(ctx, health)
	}
	return nil
}
