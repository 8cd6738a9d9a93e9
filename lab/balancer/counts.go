package balancer

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// Counts are what the node of each zone has counted in an interval. Nodes that are cut off are missing: nobody hears of them.
type Counts map[string]ZoneCounts

// ZoneCounts are what the node of a zone has counted.
type ZoneCounts struct {
	Requests         int         // for which a target was chosen
	Own              map[int]int // answers of the load balancer itself, by status code
	Targets          map[int]int // answers of targets by their hundreds: 2 for 2xx, and so on
	ConnectionErrors int         // connections to targets that came to nothing
	ResponseTimes    []time.Duration

	// Healthy and Unhealthy are targets in all zones, as the node finds them, since cross-zone load balancing is on.
	Healthy, Unhealthy int
}

// Counts returns what the nodes have counted since the last call, and how many targets are healthy now.
func (b *Balancer) Counts() Counts {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	counts := Counts{}
	for _, n := range b.nodes {
		zone := n.tally
		n.tally = newTally()
		if n.cut {
			continue
		}
		for _, each := range n.registered() {
			switch each.state {
			case types.TargetHealthStateEnumHealthy:
				zone.Healthy++
			case types.TargetHealthStateEnumUnhealthy:
				zone.Unhealthy++
			}
		}
		counts[n.zone] = zone
	}
	return counts
}

func newTally() ZoneCounts { return ZoneCounts{Own: map[int]int{}, Targets: map[int]int{}} }

func (n *node) count(add func(*ZoneCounts)) {
	n.balancer.mutex.Lock()
	defer n.balancer.mutex.Unlock()
	add(&n.tally)
}
