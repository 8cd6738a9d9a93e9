//go:build linux

package database

import (
	"errors"
	"fmt"
	"net/netip"
	"time"

	"ha-web/lab/network"
)

// Identity is a certificate with its chain, and the private key, in PEM.
type Identity struct {
	Certificate, Key []byte
}

// Options describe a cluster.
type Options struct {
	Network *network.Network
	Root    string // Debian root of the hosts, with PostgreSQL: see package host

	Zones     [2]string     // of the primary and of the standby, at the start
	Addresses [2]netip.Addr // of the database instance in each of these zones
	// ServiceAddresses are of the network over which AWS replicates and watches: one in each zone, and one outside of all zones.
	// They must not be in the VPC. By default, they are the first of 198.18.0.0/15.
	ServiceAddresses [3]netip.Addr

	EndpointName string
	Port         int // 5432 by default
	// Identity is valid for EndpointName.
	Identity Identity
	// Resolve publishes the addresses of a name.
	Resolve func(name string, addresses ...netip.Addr)

	User, Password, Name string            // the master user, and the database that belongs to it
	MaxConnections       int               // 120 by default
	Parameters           map[string]string // further parameters of PostgreSQL

	// PromoteAfter is how long the primary may be silent before the standby takes over. AWS says 60 to 120 seconds for a whole
	// failover.
	PromoteAfter time.Duration
	// AloneAfter is how long the standby may be silent before the primary goes on without it: 5 seconds by default.
	AloneAfter time.Duration

	Say func(string) // what happens; may be nil
}

const (
	probeInterval = 300 * time.Millisecond
	probeTimeout  = 1500 * time.Millisecond
	// rejoinAfter is how long a standby that is within reach again has to catch up by itself.
	rejoinAfter = 6 * time.Second
	// tellTimeout bounds how long the control plane waits for poolers.
	tellTimeout = 2 * time.Second
	// actionTimeout bounds each single action on a machine, such as a base backup.
	actionTimeout = 60 * time.Second
)

func (o Options) withDefaults() (Options, error) {
	if o.Port == 0 {
		o.Port = 5432
	}
	if o.MaxConnections == 0 {
		o.MaxConnections = 120
	}
	if o.AloneAfter == 0 {
		o.AloneAfter = 5 * time.Second
	}
	if o.Say == nil {
		o.Say = func(string) {}
	}
	if o.Resolve == nil {
		o.Resolve = func(string, ...netip.Addr) {}
	}
	if o.ServiceAddresses == [3]netip.Addr{} {
		for i := range o.ServiceAddresses {
			o.ServiceAddresses[i] = netip.AddrFrom4([4]byte{198, 18, 0, byte(i + 1)})
		}
	}
	var missing []error
	for what, lacks := range map[string]bool{
		"Network": o.Network == nil, "Root": o.Root == "", "EndpointName": o.EndpointName == "", "User": o.User == "",
		"Password": o.Password == "", "Name": o.Name == "", "Identity": len(o.Identity.Certificate) == 0 || len(o.Identity.Key) == 0,
		"Addresses": !o.Addresses[0].IsValid() || !o.Addresses[1].IsValid(), "PromoteAfter": o.PromoteAfter <= 0,
		"Zones": o.Zones[0] == "" || o.Zones[0] == o.Zones[1],
	} {
		if lacks {
			missing = append(missing, fmt.Errorf("%s: required, and two zones must differ", what))
		}
	}
	return o, errors.Join(missing...)
}
