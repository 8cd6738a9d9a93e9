package network_test

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"ha-web/internal/settings/network"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// plan returns "letter public private data" for each zone.
func plan(t *testing.T, cidr string, names ...string) []string {
	t.Helper()
	vpc, err := network.ParseVPC(cidr)
	require.NoError(t, err)
	zones, err := network.ParseZones(names)
	require.NoError(t, err)
	var lines []string
	for _, each := range network.Plan(vpc, zones) {
		lines = append(lines, fmt.Sprint(each.Zone.Letter, " ", each.Public, " ", each.Private, " ", each.Data))
	}
	return lines
}

func TestPlan(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		cidr  string
		zones []string
		want  []string
	}{
		"the default network": {
			"10.0.0.0/16",
			[]string{"us-east-1a", "us-east-1b"},
			[]string{"a 10.0.1.0/24 10.0.11.0/24 10.0.21.0/24", "b 10.0.2.0/24 10.0.12.0/24 10.0.22.0/24"},
		},
		"six zones": {
			"10.0.0.0/16",
			[]string{"us-east-1a", "us-east-1b", "us-east-1c", "us-east-1d", "us-east-1e", "us-east-1f"},
			[]string{
				"a 10.0.1.0/24 10.0.11.0/24 10.0.21.0/24", "b 10.0.2.0/24 10.0.12.0/24 10.0.22.0/24",
				"c 10.0.3.0/24 10.0.13.0/24 10.0.23.0/24", "d 10.0.4.0/24 10.0.14.0/24 10.0.24.0/24",
				"e 10.0.5.0/24 10.0.15.0/24 10.0.25.0/24", "f 10.0.6.0/24 10.0.16.0/24 10.0.26.0/24",
			},
		},
		"zones keep their order and their places": {
			"10.0.0.0/16",
			[]string{"eu-west-1c", "eu-west-1a"},
			[]string{"c 10.0.3.0/24 10.0.13.0/24 10.0.23.0/24", "a 10.0.1.0/24 10.0.11.0/24 10.0.21.0/24"},
		},
		"a smaller VPC has smaller subnets": {
			"172.16.64.0/18",
			[]string{"us-east-1a", "us-east-1b"},
			[]string{"a 172.16.64.64/26 172.16.66.192/26 172.16.69.64/26", "b 172.16.64.128/26 172.16.67.0/26 172.16.69.128/26"},
		},
		"the smallest VPC has the smallest subnets of a load balancer": {
			"192.168.4.0/22",
			[]string{"us-gov-west-1a", "us-gov-west-1j"},
			[]string{"a 192.168.4.32/27 192.168.5.96/27 192.168.6.160/27", "j 192.168.5.64/27 192.168.6.128/27 192.168.7.192/27"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, test.want, plan(t, test.cidr, test.zones...))
		})
	}
}

func TestParseVPCRefuses(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		"":               `must be an IPv4 range such as 10.0.0.0/16, got ""`,
		"10.0.0.0":       `must be an IPv4 range such as 10.0.0.0/16, got "10.0.0.0"`,
		"fd00::/16":      `must be an IPv4 range such as 10.0.0.0/16, got "fd00::/16"`,
		"10.0.0.1/16":    "must be the whole range, such as 10.0.0.0/16, got 10.0.0.1/16",
		"10.0.0.0/15":    "must be at most a /16, the largest VPC, got 10.0.0.0/15",
		"10.0.0.0/23":    "must be at least a /22, so that each subnet is at least the /27 that a load balancer needs, got 10.0.0.0/23",
		"10.0.0.0/28":    "must be at least a /22, so that each subnet is at least the /27 that a load balancer needs, got 10.0.0.0/28",
		"8.8.0.0/16":     "must be a private range, inside 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 or 100.64.0.0/10, got 8.8.0.0/16",
		"100.128.0.0/16": "must be a private range, inside 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 or 100.64.0.0/10, got 100.128.0.0/16",
	}
	for cidr, want := range tests {
		_, err := network.ParseVPC(cidr)
		assert.EqualError(t, err, want, cidr)
	}
	_, err := network.ParseVPC("100.64.0.0/16")
	assert.NoError(t, err, "shared address space is fine")
}

func TestParseZonesRefuses(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		names []string
		want  string
	}{
		"none":       {nil, "must list 2 to 6 Availability Zones, such as [us-east-1a, us-east-1b], got 0"},
		"one":        {[]string{"us-east-1a"}, "must list 2 to 6 Availability Zones, such as [us-east-1a, us-east-1b], got 1"},
		"a Local":    {[]string{"us-east-1a", "us-east-1-bos-1a"}, `"us-east-1-bos-1a" is not an Availability Zone, such as us-east-1a`},
		"a zone id":  {[]string{"us-east-1a", "use1-az3"}, `"use1-az3" is not an Availability Zone, such as us-east-1a`},
		"a region":   {[]string{"us-east-1a", "us-east-1"}, `"us-east-1" is not an Availability Zone, such as us-east-1a`},
		"twice":      {[]string{"us-east-1a", "us-east-1a"}, "us-east-1a is listed twice"},
		"another's":  {[]string{"us-east-1a", "us-west-2b"}, "us-west-2b is not in us-east-1, the region of us-east-1a"},
		"all at one": {[]string{"x", "x", "x", "x", "x", "x", "x"}, "must list 2 to 6 Availability Zones, such as [us-east-1a, us-east-1b], got 7" + strings.Repeat("\n\"x\" is not an Availability Zone, such as us-east-1a", 7)},
	}
	for name, test := range tests {
		_, err := network.ParseZones(test.names)
		assert.EqualError(t, err, test.want, name)
	}
}

// FuzzPlan checks what must hold of every plan, whatever the VPC and the zones.
func FuzzPlan(f *testing.F) {
	f.Add("10.0.0.0/16", "ab", "c")
	f.Add("172.31.252.0/22", "fa", "ebcd")
	f.Add("100.64.0.0/19", "jihgfe", "")
	f.Fuzz(func(t *testing.T, cidr, letters, more string) {
		vpc, err := network.ParseVPC(cidr)
		if err != nil {
			return
		}
		zones, err := network.ParseZones(names(letters))
		if err != nil {
			return
		}
		plan := network.Plan(vpc, zones)
		var all []netip.Prefix
		for _, each := range plan {
			all = append(all, each.Public, each.Private, each.Data)
		}
		for i, subnet := range all {
			assert.LessOrEqual(t, subnet.Bits(), 27, "a load balancer needs a /27")
			assert.Equal(t, subnet.Masked(), subnet)
			assert.True(t, vpc.Contains(subnet.Addr()) && subnet.Bits() > vpc.Bits(), "%s lies in %s", subnet, vpc)
			for _, other := range all[:i] {
				assert.False(t, subnet.Overlaps(other), "%s overlaps %s", subnet, other)
			}
		}
		// Further zones, put in front, move none of these.
		grown, err := network.ParseZones(names(more + letters))
		if err != nil {
			return
		}
		assert.Equal(t, plan, network.Plan(vpc, grown)[len(more):])
	})
}

func names(letters string) []string {
	var names []string
	for _, letter := range strings.Split(letters, "") {
		names = append(names, "us-east-1"+letter)
	}
	return slices.Clip(names)
}
