package network

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
)

const (
	// MinZones is the smallest number of zones that survives the loss of one.
	MinZones = 2
	// MaxZones is the largest number of zones any region has.
	MaxZones = 6

	publicSlot  = 1  // 10.0.1.0/24 is the first public subnet of 10.0.0.0/16
	privateSlot = 11 // 10.0.11.0/24
	dataSlot    = 21 // 10.0.21.0/24
	slotBits    = 8  // a slot is 1/256 of the VPC: a /24 of a /16
	smallest    = 27 // each subnet of an Application Load Balancer has at least a /27 (Elastic Load Balancing user guide, "Subnets for your load balancer")
	largestVPC  = 16 // a VPC is a /16 at most (Amazon VPC user guide, "VPC CIDR blocks")
	smallestVPC = 22 // the last prefix at which slots up to 30 still hold a /27 each: 32 slots are 5 bits
)

// Zone is an Availability Zone.
type Zone struct {
	Name   string // such as us-east-1a
	Region string // such as us-east-1
	Letter string // such as a
}

// Subnets are the address ranges of one zone.
type Subnets struct {
	Zone                  Zone
	Public, Private, Data netip.Prefix
}

// Availability Zones end in a letter after the number of their region. Names of Local Zones and Wavelength Zones, which lack
// NAT gateways or load balancers, have more after that number (us-east-1-bos-1a).
var zoneName = regexp.MustCompile(`^([a-z]+(?:-[a-z]+)+-[0-9])([a-j])$`)

// ParseZones returns the zones of these names, in the same order. All names must be of one region. The error joins
// every fault.
func ParseZones(names []string) ([]Zone, error) {
	var faults []error
	if len(names) < MinZones || len(names) > MaxZones {
		faults = append(faults, fmt.Errorf("must list %d to %d Availability Zones, such as [us-east-1a, us-east-1b], got %d", MinZones, MaxZones, len(names)))
	}
	zones := make([]Zone, 0, len(names))
	for i, name := range names {
		parts := zoneName.FindStringSubmatch(name)
		switch {
		case parts == nil:
			faults = append(faults, fmt.Errorf("%q is not an Availability Zone, such as us-east-1a", name))
			continue
		case slices.Contains(names[:i], name):
			faults = append(faults, fmt.Errorf("%s is listed twice", name))
			continue
		case len(zones) > 0 && zones[0].Region != parts[1]:
			faults = append(faults, fmt.Errorf("%s is not in %s, the region of %s", name, zones[0].Region, zones[0].Name))
			continue
		}
		zones = append(zones, Zone{Name: name, Region: parts[1], Letter: parts[2]})
	}
	if len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	return zones, nil
}

var sharedAddressSpace = netip.MustParsePrefix("100.64.0.0/10") // RFC 6598, accepted by AWS for VPCs

// ParseVPC returns the address range of a VPC that can hold the plan. The error names the remedy.
func ParseVPC(cidr string) (netip.Prefix, error) {
	vpc, err := netip.ParsePrefix(cidr)
	switch {
	case err != nil || !vpc.Addr().Is4():
		return netip.Prefix{}, fmt.Errorf("must be an IPv4 range such as 10.0.0.0/16, got %q", cidr)
	case vpc != vpc.Masked():
		return netip.Prefix{}, fmt.Errorf("must be the whole range, such as %[2]s, got %[1]s", cidr, vpc.Masked())
	case vpc.Bits() < largestVPC:
		return netip.Prefix{}, fmt.Errorf("must be at most a /%[2]d, the largest VPC, got %[1]s", cidr, largestVPC)
	case vpc.Bits() > smallestVPC:
		return netip.Prefix{}, fmt.Errorf("must be at least a /%d, so that each subnet is at least the /%d that a load balancer needs, got %s",
			smallestVPC, smallest, cidr)
	case !vpc.Addr().IsPrivate() && !sharedAddressSpace.Contains(vpc.Addr()):
		return netip.Prefix{}, fmt.Errorf("must be a private range, inside 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 or 100.64.0.0/10, got %s", cidr)
	}
	return vpc, nil
}

// Plan returns the subnets of each zone, for a range from [ParseVPC] and zones from [ParseZones].
//
// A VPC is cut into slots of equal size, and every zone has a fixed slot in each tier: zone a has slots 1, 11 and 21, zone b
// has 2, 12 and 22, and so on. Where a subnet lies depends on the letter of its zone alone, so adding, removing or reordering
// zones never moves another subnet: AWS cannot renumber a subnet, and replacing one fails with InvalidSubnet.Conflict.
//
// A subnet is 1/256 of the VPC: 10.0.(1+i).0/24, 10.0.(11+i).0/24 and 10.0.(21+i).0/24 of 10.0.0.0/16, where i is 0
// for zone a. In a VPC smaller than a /19 it is a /27.
func Plan(vpc netip.Prefix, zones []Zone) []Subnets {
	bits := min(vpc.Bits()+slotBits, smallest)
	slot := func(n int) netip.Prefix {
		base := vpc.Addr().As4()
		address := binary.BigEndian.Uint32(base[:]) + uint32(n)<<(32-bits)
		binary.BigEndian.PutUint32(base[:], address)
		return netip.PrefixFrom(netip.AddrFrom4(base), bits)
	}
	plan := make([]Subnets, len(zones))
	for i, zone := range zones {
		index := int(zone.Letter[0] - 'a')
		plan[i] = Subnets{
			Zone:    zone,
			Public:  slot(publicSlot + index),
			Private: slot(privateSlot + index),
			Data:    slot(dataSlot + index),
		}
	}
	return plan
}
