//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
)

// slowFleet is the environment of an emulator whose targets become healthy only when that is reported, and whose grace periods
// and warm-ups take a tenth of the time that they take on AWS, so that there is time for an update during a rollout.
var slowFleet = []string{"LOCALCLOUD_TARGETS=external", "LOCALCLOUD_TIME_SCALE=0.1"}

// targets reports to an emulator which targets are healthy, as the health checks of the load balancer find out on AWS.
type targets struct {
	emulator string
	mutex    sync.Mutex
	failing  map[string]bool // versions of the launch template whose instances do not get healthy
	versions map[string]string
}

// reportTargets tells the emulator the health of its targets, as long as the test runs.
func reportTargets(ctx context.Context, t *testing.T, d *deployment) {
	t.Helper()
	d.targets = &targets{emulator: d.emulator, failing: map[string]bool{}, versions: map[string]string{}}
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- d.targets.follow(ctx) }()
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

// change is something that the emulator tells.
type change struct {
	Number         int
	Kind           string
	ID, Version    string // of an instance
	TargetGroupArn string
	TargetID       string
}

// follow waits for targets, until ctx is over.
func (h *targets) follow(ctx context.Context) error {
	last := 0
	for ctx.Err() == nil {
		var answer struct{ Changes []change }
		if err := h.call(ctx, http.MethodGet, fmt.Sprintf("changes?since=%d&wait=5", last), nil, &answer); err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return err
		}
		for _, each := range answer.Changes {
			last = each.Number
			if err := h.report(ctx, each); err != nil && ctx.Err() == nil {
				return err
			}
		}
	}
	return nil
}

func (h *targets) report(ctx context.Context, change change) error {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	switch change.Kind {
	case "InstanceStarted":
		h.versions[change.ID] = change.Version
	case "TargetRegistered":
		health := map[string]any{"targetGroupArn": change.TargetGroupArn, "targetId": change.TargetID, "state": "healthy"}
		if h.failing[h.versions[change.TargetID]] {
			health["state"], health["reason"] = "unhealthy", "Target.FailedHealthChecks"
		}
		return h.call(ctx, http.MethodPut, "targets", health, nil)
	}
	return nil
}

// call talks to the emulator's own API.
func (h *targets) call(ctx context.Context, method, path string, body, answer any) error {
	content, err := json.Marshal(body)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, method, h.emulator+"/localcloud/"+path, bytes.NewReader(content))
	if err != nil {
		return err
	}
	if body == nil {
		request.Body = http.NoBody
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	read, err := io.ReadAll(response.Body)
	switch {
	case err != nil:
		return err
	case response.StatusCode == http.StatusNotFound && method == http.MethodPut: // gone in the meantime
		return nil
	case response.StatusCode != http.StatusOK:
		return fmt.Errorf("%s %s: %s: %s", method, path, response.Status, read)
	case answer == nil:
		return nil
	}
	return json.Unmarshal(read, answer)
}
