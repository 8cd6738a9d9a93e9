package filter

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strings"
	"sync"
)

// Namespace is the network namespace of a machine, as package network has it.
type Namespace interface {
	// Filter replaces the packet filters.
	Filter(ctx context.Context, ruleset string) error
	// UpdateFilter runs commands of nft, all or none.
	UpdateFilter(ctx context.Context, commands string) error
}

// Firewall keeps the security groups of machines that come and go.
type Firewall struct {
	rules *Rules

	mu       sync.Mutex
	machines []*machine
}

type machine struct {
	namespace Namespace
	address   netip.Addr
	groups    []string
	peers     []string // groups that its rules refer to
}

// NewFirewall creates a Firewall without machines.
func NewFirewall(rules *Rules) *Firewall { return &Firewall{rules: rules} }

// Join puts a machine into security groups: it filters its packets, and lets those of the others reach it whose rules refer to one of
// its groups.
func (f *Firewall) Join(ctx context.Context, namespace Namespace, address netip.Addr, groups ...string) error {
	ruleset, err := f.rules.Group(groups...)
	if err != nil {
		return fmt.Errorf("security groups of %s: %w", address, err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.find(address) >= 0 {
		return fmt.Errorf("security groups of %s: it has joined already", address)
	}
	joining := &machine{namespace, address, groups, f.rules.peers(groups...)}
	members := []string{joining.membership(joining, AddMember)}
	for _, each := range f.machines {
		members = append(members, each.membership(joining, AddMember))
	}
	if err := namespace.Filter(ctx, ruleset+strings.Join(members, "")); err != nil {
		return fmt.Errorf("security groups of %s: %w", address, err)
	}
	err = f.announce(ctx, joining, AddMember)
	f.machines = append(f.machines, joining)
	return err
}

// Leave takes the machine with this address out of its groups. Its own filters stay.
func (f *Firewall) Leave(ctx context.Context, address netip.Addr) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	place := f.find(address)
	if place < 0 {
		return nil
	}
	leaving := f.machines[place]
	f.machines = slices.Delete(f.machines, place, place+1)
	return f.announce(ctx, leaving, RemoveMember)
}

// announce changes the membership of a machine everywhere at once: each change waits for the kernel.
func (f *Firewall) announce(ctx context.Context, m *machine, change func(string, netip.Addr) string) error {
	errs := make([]error, len(f.machines))
	var group sync.WaitGroup
	for i, each := range f.machines {
		group.Go(func() { errs[i] = each.update(ctx, m.membership(each, change)) })
	}
	group.Wait()
	return errors.Join(errs...)
}

func (f *Firewall) find(address netip.Addr) int {
	return slices.IndexFunc(f.machines, func(m *machine) bool { return m.address == address })
}

// membership returns the commands that change the membership of m in the groups that another machine's rules refer to.
func (m *machine) membership(of *machine, change func(string, netip.Addr) string) string {
	var commands strings.Builder
	for _, group := range m.groups {
		if slices.Contains(of.peers, group) {
			commands.WriteString(change(group, m.address))
		}
	}
	return commands.String()
}

func (m *machine) update(ctx context.Context, commands string) error {
	if commands == "" {
		return nil
	}
	// A machine may die at any time, and leaves only then.
	if err := m.namespace.UpdateFilter(ctx, commands); err != nil && !errors.Is(err, os.ErrClosed) {
		return fmt.Errorf("members of the security groups of %s: %w", m.address, err)
	}
	return nil
}
