//go:build lab && linux

package lab

import (
	"slices"
	"testing"
	"time"

	"ha-web/lab/reach"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// frontDoorPaths lead to the load balancer, which is open to everyone on its listeners' ports: to instances too, which may reach any
// host on port 443.
var frontDoorPaths = []reach.Path{
	{From: reach.Internet, To: groupBalancer, Port: 443}, {From: reach.Internet, To: groupBalancer, Port: 80},
	{From: groupApp, To: groupBalancer, Port: 443},
}

// operatorPaths lead from instances to the database past the proxy, with database.operators.
var operatorPaths = []reach.Path{{From: groupApp, To: groupDatabase, Port: 5432}}

// reachabilityDrill tries every path between everything that has an address, with something that listens behind each port, on the
// stack as it runs. What the design allows is open, and all else is closed.
func reachabilityDrill(t *testing.T, l *Lab) figures {
	found := figures{did: "every path tried, from everywhere to everywhere"}
	var all []reach.Endpoint
	for zone, place := range l.balancer.networks {
		all = append(all, reach.Endpoint{Name: "alb-" + zone, Party: groupBalancer, Address: place.Address, Namespace: place})
	}
	for _, m := range l.fleet.all() {
		all = append(all, reach.Endpoint{Name: "app-" + m.zone, Party: groupApp, Address: m.address, Namespace: m.network})
	}
	for _, place := range l.data.pooler.Namespaces() {
		all = append(all, reach.Endpoint{Name: place.Name, Party: groupProxy, Address: place.Address, Namespace: place})
	}
	for _, place := range l.data.cluster.Namespaces() {
		all = append(all, reach.Endpoint{Name: place.Name, Party: groupDatabase, Address: place.Address, Namespace: place})
	}
	for _, place := range l.endpoints {
		all = append(all, reach.Endpoint{Name: place.Name, Party: groupEndpoints, Address: place.Address, Namespace: place})
	}
	all = append(all, reach.Endpoint{Name: "client", Address: clientAddress, Namespace: l.client, Outside: true})
	drill := reach.Drill{
		Endpoints: all, Ports: []int{22, 80, 443, 5432, 8080}, Patience: 500 * time.Millisecond,
		Allowed: slices.Concat(reach.WithProxy(), frontDoorPaths, operatorPaths),
	}
	report, err := drill.Run(l.ctx)
	require.NoError(t, err)
	for _, each := range report.Findings {
		assert.Fail(t, each.String())
	}
	found.note("%d paths tried, %d open, all others closed", report.Tried, report.Open)
	return found
}
