package network

import (
	"slices"

	"ha-web/internal/validate"
)

const (
	// maxEgressPorts leaves room for other rules: a network ACL has at most 20 in each direction (Amazon VPC user guide, "Amazon
	// VPC quotas").
	maxEgressPorts = 10
	// lastEgressPort leaves room for other rules too: a rule of a network ACL is numbered by its port, so that adding a port
	// renumbers no other rule, and numbers end at 32766 (Amazon EC2 API reference, CreateNetworkAclEntry).
	lastEgressPort = 32000
)

// administrationPorts are ports of remote administration. A compromised instance could take over other machines by them.
var administrationPorts = map[int]string{
	22: "SSH", 23: "Telnet", 135: "Windows RPC", 139: "NetBIOS", 445: "SMB", 512: "rexec", 513: "rlogin", 514: "rsh", 3389: "RDP", 5900: "VNC",
	5985: "WinRM", 5986: "WinRM",
}

// ValidateEgressPorts records every fault of the ports to the internet.
func (s *Settings) ValidateEgressPorts(f validate.Fields) {
	ports := s.EgressPorts
	if len(ports) > maxEgressPorts {
		f.Add(&s.EgressPorts, "must list at most %d ports, because a network ACL has at most 20 rules in each direction, got %d", maxEgressPorts, len(ports))
	}
	if len(ports) > 0 && s.NATGateways == NATNone {
		f.Add(&s.EgressPorts, "requires a NAT gateway: set %s to perAz or single, or leave the ports out", f.Name(&s.NATGateways))
	}
	for i, port := range ports {
		f.Between(&ports[i], 1, lastEgressPort)
		switch protocol, administers := administrationPorts[port]; {
		case administers:
			f.Add(&ports[i], "must not be a port of remote administration, got %d (%s): open a session with AWS Systems Manager instead", port, protocol)
		case port == httpsPort:
			f.Add(&ports[i], "%d is always open: leave it out", port)
		case slices.Contains(ports[:i], port):
			f.Add(&ports[i], "%d is listed twice", port)
		}
	}
}

const httpsPort = 443
