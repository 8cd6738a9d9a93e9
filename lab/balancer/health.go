package balancer

import (
	"context"
	"fmt"
	"sync"

	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// Health is the state of a target, in the words of DescribeTargetHealth.
type Health struct {
	Target, Zone string
	State        types.TargetHealthStateEnum
	Reason       types.TargetHealthReasonEnum
	Description  string
}

// Descriptions that go with the reasons (user guide, "Health check reason codes").
const (
	registering   = "Target registration is in progress"
	initialChecks = "Initial health checks in progress"
	deregistering = "Target deregistration is in progress"
	notRegistered = "Target is not registered to the target group"
	invalidState  = "Target is in the terminated state"
	failedChecks  = "Health checks failed"
	timedOut      = "Request timed out"
)

func (h Health) String() string {
	if h.Reason == "" {
		return fmt.Sprintf("%s %s", h.Target, h.State)
	}
	return fmt.Sprintf("%s %s %s (%s)", h.Target, h.State, h.Reason, h.Description)
}

// Health returns the consolidated state of all targets, in the order of their IDs.
func (b *Balancer) Health() []Health {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	var all []Health
	for _, t := range b.targets {
		all = append(all, b.consolidated(t))
	}
	return all
}

// consolidated is one state from those of all nodes, which differ for a while: healthy if a node that is not cut off finds the
// target so. How AWS does it is not documented.
func (b *Balancer) consolidated(t *target) Health {
	health := Health{Target: t.id, Zone: t.zone}
	if t.draining {
		health.State, health.Reason = types.TargetHealthStateEnumDraining, types.TargetHealthReasonEnumDeregistrationInProgress
		health.Description = deregistering
		return health
	}
	var best *backend
	for i, each := range t.backends {
		if b.nodes[i].cut {
			continue
		}
		if best == nil || rank(each.state) > rank(best.state) {
			best = each
		}
	}
	if best == nil { // no node is left that could tell anyone
		return t.reported
	}
	health.State, health.Reason, health.Description = best.state, best.reason, best.description
	return health
}

func rank(state types.TargetHealthStateEnum) int {
	switch state {
	case types.TargetHealthStateEnumHealthy:
		return 2
	case types.TargetHealthStateEnumInitial:
		return 1
	}
	return 0
}

// report tells of a target's consolidated state if it has changed. Balancer.mutex is held.
func (b *Balancer) report(t *target) {
	if now := b.consolidated(t); now != t.reported {
		t.reported = now
		b.reports.add(now)
	}
}

// reports are changes that are still to be told: the callback must not hold up health checks.
type reports struct {
	mutex sync.Mutex
	queue []Health
	wake  chan struct{}
}

func (r *reports) add(health Health) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.queue = append(r.queue, health)
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

func (r *reports) deliver(ctx context.Context, changed func(Health)) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-r.wake:
		}
		r.mutex.Lock()
		queue := r.queue
		r.queue = nil
		r.mutex.Unlock()
		for _, each := range queue {
			if changed != nil && ctx.Err() == nil {
				changed(each)
			}
		}
	}
}
