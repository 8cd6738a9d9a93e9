//go:build lab && linux

package lab

import "net/netip"

// account is the emulator's.
const account = "123456789012"

// zones of the stack.
var zones = []string{"us-east-1a", "us-east-1b"}

// Where things are that the emulator gives no address. Instances have the addresses that it gives them.
var (
	vpcResolver = netip.MustParseAddr("10.0.0.2") // the VPC's range plus two, as on AWS

	nodes     = perZone("10.0.1.10", "10.0.2.10")     // of the load balancer
	endpoints = perZone("10.0.11.250", "10.0.12.250") // interface endpoints of AWS services
	proxies   = perZone("10.0.11.200", "10.0.12.200")
	databases = perZone("10.0.21.10", "10.0.22.10")

	internetResolver = netip.MustParseAddr("198.51.100.53")
	internetAWS      = netip.MustParseAddr("198.51.100.1") // the AWS APIs for everyone
	registryAddress  = netip.MustParseAddr("198.51.100.2")
	clientAddress    = netip.MustParseAddr("203.0.113.10") // of people, and of those who run verify

	metadataAddress = netip.MustParseAddr("169.254.169.254")
)

func perZone(addresses ...string) map[string]netip.Addr {
	found := map[string]netip.Addr{}
	for i, zone := range zones {
		found[zone] = netip.MustParseAddr(addresses[i])
	}
	return found
}

// inOrder returns the addresses of all zones, in the order of zones.
func inOrder(addresses map[string]netip.Addr) []netip.Addr {
	var all []netip.Addr
	for _, zone := range zones {
		all = append(all, addresses[zone])
	}
	return all
}
