package filter

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// traffic is what a rule is about: a protocol with its ports, or with the types of its messages.
type traffic struct {
	protocol    string
	first, last int // of ports
	icmp, code  int // -1 for all of them
}

// protocols are the numbers that rules may have in the place of names.
var protocols = map[string]string{"6": "tcp", "17": "udp", "1": "icmp", "all": "-1"}

func newTraffic(protocol string, first, last int) (traffic, error) {
	protocol = strings.ToLower(protocol)
	if name, found := protocols[protocol]; found {
		protocol = name
	}
	t := traffic{protocol: protocol, first: first, last: last}
	switch protocol {
	case "tcp", "udp", "-1":
	case "icmp":
		t.icmp, t.code = first, last // as rules of security groups have them
	default:
		if _, err := strconv.ParseUint(protocol, 10, 8); err != nil {
			return t, fmt.Errorf("protocol %q is not supported", protocol)
		}
	}
	return t, nil
}

// match returns the expression of nft that packets of the traffic match.
func (t traffic) match() string {
	switch t.protocol {
	case "-1":
		return ""
	case "tcp", "udp":
		if t.first == t.last {
			return fmt.Sprintf(" %s dport %d", t.protocol, t.first)
		}
		return fmt.Sprintf(" %s dport %d-%d", t.protocol, t.first, t.last)
	case "icmp":
		text := " ip protocol icmp"
		if t.icmp >= 0 {
			text += fmt.Sprintf(" icmp type %d", t.icmp)
		}
		if t.icmp >= 0 && t.code >= 0 {
			text += fmt.Sprintf(" icmp code %d", t.code)
		}
		return text
	default:
		return " ip protocol " + t.protocol
	}
}

// side is the end of a packet that a rule names.
type side string

const (
	source      side = "saddr"
	destination side = "daddr"
)

// of returns the expression of nft that packets match which come from, or go to, one of the prefixes.
func (s side) of(prefixes ...netip.Prefix) string {
	texts := make([]string, len(prefixes))
	for i, prefix := range prefixes {
		texts[i] = prefix.Masked().String()
	}
	if len(texts) == 1 {
		return fmt.Sprintf("ip %s %s", s, texts[0])
	}
	return fmt.Sprintf("ip %s { %s }", s, strings.Join(texts, ", "))
}

// links returns the rules of nft that accept what passes by networks of AWS's own.
func (o Options) links() string {
	var b strings.Builder
	for _, link := range o.Links {
		texts := make([]string, len(link))
		for i, address := range link {
			texts[i] = address.String()
		}
		set := strings.Join(texts, ", ")
		fmt.Fprintf(&b, "  ip saddr { %[1]s } ip daddr { %[1]s } accept\n", set)
	}
	return b.String()
}
