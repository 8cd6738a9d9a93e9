//go:build linux

package network

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"
)

// cutTable is the table of packet filters that cuts machines and zones off. It comes before the ACLs.
const cutTable = "ip cut"

// cuts returns that table: the set of addresses that are cut off and, for each zone, the set of its addresses and a chain that is
// empty until the zone is cut off.
func cuts(zones int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "table %s {\n set hosts { type ipv4_addr; }\n", cutTable)
	for zone := range zones {
		fmt.Fprintf(&b, " set zone%[1]d { type ipv4_addr; }\n chain cut%[1]d { }\n", zone)
	}
	b.WriteString(" chain forward {\n  type filter hook forward priority -200; policy accept;\n" +
		"  ip saddr @hosts drop\n  ip daddr @hosts drop\n")
	for zone := range zones {
		fmt.Fprintf(&b, "  jump cut%d\n", zone)
	}
	b.WriteString(" }\n}\n")
	return b.String()
}

// CutZone drops all packets between a zone and everything outside it, in both directions. Traffic inside the zone still flows.
func (n *Network) CutZone(ctx context.Context, zone string) error {
	return n.setZone(ctx, "cutting off", zone, `flush chain ip cut cut%[1]d
add rule ip cut cut%[1]d ip saddr @zone%[1]d ip daddr != @zone%[1]d drop
add rule ip cut cut%[1]d ip saddr != @zone%[1]d ip daddr @zone%[1]d drop
`)
}

// RestoreZone ends CutZone.
func (n *Network) RestoreZone(ctx context.Context, zone string) error {
	return n.setZone(ctx, "restoring", zone, "flush chain ip cut cut%d\n")
}

func (n *Network) setZone(ctx context.Context, what, zone, commands string) error {
	index := slices.Index(n.zones, zone)
	if index < 0 {
		return fmt.Errorf("%s a zone of network %s: no zone %q", what, n.name, zone)
	}
	if err := n.router.run(ctx, fmt.Sprintf(commands, index), "nft", "-f", "-"); err != nil {
		return fmt.Errorf("%s zone %s of network %s: %w", what, zone, n.name, err)
	}
	return nil
}

// Cut drops all packets to and from an address, as if its machine had lost power.
func (n *Network) Cut(ctx context.Context, address netip.Addr) error {
	if err := n.change(ctx, fmt.Sprintf("add element ip cut hosts { %s }\n", address)); err != nil {
		return fmt.Errorf("cutting off %s from network %s: %w", address, n.name, err)
	}
	return nil
}

// Restore ends Cut.
func (n *Network) Restore(ctx context.Context, address netip.Addr) error {
	if err := n.change(ctx, without("hosts", address)); err != nil {
		return fmt.Errorf("restoring %s in network %s: %w", address, n.name, err)
	}
	return nil
}

func (n *Network) change(ctx context.Context, commands string) error {
	return n.router.run(ctx, commands, "nft", "-f", "-")
}

// without removes an address from a set. It adds the address first, because deleting a missing element is an error.
func without(set string, address netip.Addr) string {
	return fmt.Sprintf("add element ip cut %[1]s { %[2]s }\ndelete element ip cut %[1]s { %[2]s }\n", set, address)
}

// place adds a namespace to its zone.
func (n *Network) place(ctx context.Context, s *Namespace) error {
	if s.zone == "" {
		return nil
	}
	return n.change(ctx, fmt.Sprintf("add element ip cut zone%d { %s }\n", slices.Index(n.zones, s.zone), s.Address))
}

// remove removes the link of a namespace, and its address from all sets.
func (n *Network) remove(ctx context.Context, s *Namespace) error {
	commands := without("hosts", s.Address)
	if s.zone != "" {
		commands += without(fmt.Sprintf("zone%d", slices.Index(n.zones, s.zone)), s.Address)
	}
	// The link does not exist if Attach failed before it created the link.
	gone := n.router.run(ctx, "", "ip", "link", "delete", s.link)
	if gone != nil && strings.Contains(gone.Error(), "Cannot find device") {
		gone = nil
	}
	return errors.Join(gone, n.change(ctx, commands))
}

// Filter replaces the network ACLs, which are nftables tables whose chains use the forward hook of the router. An empty ruleset
// removes them.
func (n *Network) Filter(ctx context.Context, ruleset string) error {
	if err := n.router.filter(ctx, ruleset); err != nil {
		return fmt.Errorf("filtering packets of network %s: %w", n.name, err)
	}
	return nil
}

// declared matches the tables of a ruleset. The default family is ip: man nft.
var declared = regexp.MustCompile(`(?m)^\s*table\s+(?:(ip|ip6|inet|arp|bridge|netdev)\s+)?([\w.-]+)\s*\{`)

// filter replaces the tables of the previous call with those of a ruleset, in one transaction.
func (s *space) filter(ctx context.Context, ruleset string) error {
	if strings.Contains(ruleset, "flush ruleset") {
		return errors.New("a ruleset must not flush the others")
	}
	var tables []string
	for _, match := range declared.FindAllStringSubmatch(ruleset, -1) {
		family := match[1]
		if family == "" {
			family = "ip"
		}
		table := family + " " + match[2]
		if table == cutTable {
			return fmt.Errorf("the table %s belongs to the network", table)
		}
		tables = append(tables, table)
	}
	if len(tables) == 0 && strings.TrimSpace(ruleset) != "" {
		return errors.New("a ruleset must consist of tables")
	}
	s.mu.Lock()
	previous := s.tables
	s.mu.Unlock()
	var b strings.Builder
	for _, table := range slices.Compact(slices.Sorted(slices.Values(slices.Concat(previous, tables)))) {
		fmt.Fprintf(&b, "add table %[1]s\ndelete table %[1]s\n", table)
	}
	b.WriteString(ruleset)
	if err := s.run(ctx, b.String(), "nft", "-f", "-"); err != nil {
		return err
	}
	s.mu.Lock()
	s.tables = tables
	s.mu.Unlock()
	return nil
}
