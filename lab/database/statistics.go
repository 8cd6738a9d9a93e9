//go:build linux

package database

import (
	"context"
	"fmt"
	"strconv"
)

// Statistics of a pooler, as RDS Proxy's metrics in CloudWatch: ClientConnections, DatabaseConnections,
// DatabaseConnectionsCurrentlyBorrowed and DatabaseConnectionsCurrentlySessionPinned. Waiting clients wait for a connection.
type Statistics struct {
	Clients, Waiting, Connections, Borrowed, Pinned int
}

// Statistics counts connections at all nodes.
func (p *Pooler) Statistics(ctx context.Context) (Statistics, error) {
	var sum Statistics
	for _, n := range p.nodes {
		if err := n.count(ctx, &sum); err != nil {
			return Statistics{}, fmt.Errorf("counting connections of pooler %s in %s: %w", p.options.EndpointName, n.place.Zone, err)
		}
	}
	if p.options.Sharing == Pinned {
		sum.Pinned = sum.Borrowed
	}
	return sum, nil
}

// count adds the node's connections.
func (n *node) count(ctx context.Context, sum *Statistics) error {
	s, err := n.console(ctx)
	if err != nil {
		return err
	}
	defer s.close()
	pools, err := s.query(ctx, "SHOW POOLS")
	if err != nil {
		return err
	}
	for _, pool := range pools {
		if s.text(pool, "database") == "pgbouncer" {
			continue
		}
		number := func(column string) int {
			n, _ := strconv.Atoi(s.text(pool, column))
			return n
		}
		sum.Waiting += number("cl_waiting")
		sum.Clients += number("cl_active") + number("cl_waiting")
		sum.Borrowed += number("sv_active")
		sum.Connections += number("sv_active") + number("sv_idle") + number("sv_used") + number("sv_tested") + number("sv_login")
	}
	return nil
}
