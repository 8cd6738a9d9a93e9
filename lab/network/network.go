//go:build linux

// Package network builds a VPC from network namespaces. One namespace is the router. Each machine has a namespace of its own, with a
// single address, a default route to the router, and a host route there. Neighbor entries are static, so packets to a machine that
// is dead or cut off are dropped silently, as in a VPC: connection attempts time out instead of failing with "no route to host".
//
// It needs root, iproute2, nftables and util-linux.
package network

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"sync"
	"time"
)

const (
	// gateway is the address of the router on every link. A link-local address is outside every VPC's range.
	gateway = "169.254.0.1"
	// gatewayMAC is the router's end of each link.
	gatewayMAC = "02:ff:00:00:00:01"
	// patience bounds Close.
	patience = 20 * time.Second
)

// names matches valid names, which become parts of file names.
var names = regexp.MustCompile(`^[a-zA-Z0-9]([a-zA-Z0-9.-]{0,61}[a-zA-Z0-9])?$`)

// Check returns an error that says what this machine lacks to run networks.
func Check() error {
	if os.Geteuid() != 0 {
		return errors.New("network namespaces need root")
	}
	for _, tool := range []string{"ip", "nft", "nsenter", "unshare"} {
		if _, err := exec.LookPath(tool); err != nil {
			return fmt.Errorf("apt-get install iproute2 nftables util-linux: %w", err)
		}
	}
	if printed, err := exec.Command("unshare", "--net", "--mount", "true").CombinedOutput(); err != nil {
		return fmt.Errorf("namespaces are not available (in a container, run it privileged): %w\n%s", err, printed)
	}
	return nil
}

// Network is a VPC.
type Network struct {
	// Resolver is the address of the VPC's DNS server. Set it before attaching namespaces.
	Resolver netip.Addr

	name   string
	zones  []string
	router *space

	mu       sync.Mutex
	attached map[netip.Addr]*Namespace
	links    int // created so far
	closed   bool
}

// New creates a network with Availability Zones. Its name must be unique on this machine.
func New(ctx context.Context, name string, zones []string) (*Network, error) {
	if !names.MatchString(name) {
		return nil, fmt.Errorf("creating a network: %q is not a name of letters, digits, dots and hyphens", name)
	}
	router, err := newSpace(ctx, name+"_vpc") // names have no underscore, so this one is unique
	if err != nil {
		return nil, fmt.Errorf("creating network %s: %w", name, err)
	}
	n := &Network{name: name, zones: slices.Clone(zones), router: router, attached: map[netip.Addr]*Namespace{}}
	if err := n.startRouter(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("creating network %s: %w", name, err), n.Close())
	}
	return n, nil
}

func (n *Network) startRouter(ctx context.Context) error {
	if err := n.router.sysctl("ipv4/ip_forward", "1"); err != nil {
		return fmt.Errorf("forwarding packets: %w", err)
	}
	// Packets to an unused address are dropped as well.
	commands := "address add " + gateway + "/32 dev lo\nroute add blackhole default\n"
	if err := n.router.run(ctx, commands, "ip", "-batch", "-"); err != nil {
		return err
	}
	return n.router.run(ctx, cuts(len(n.zones)), "nft", "-f", "-")
}

// Attach adds the namespace of a machine, with an IPv4 address, to a zone. With zone "" it is outside all zones, for clients on the
// internet and AWS APIs.
func (n *Network) Attach(ctx context.Context, name string, address netip.Addr, zone string) (*Namespace, error) {
	if !names.MatchString(name) {
		return nil, fmt.Errorf("attaching to network %s: %q is not a name of letters, digits, dots and hyphens", n.name, name)
	}
	if !address.Is4() {
		return nil, fmt.Errorf("attaching %s to network %s: %s is not an IPv4 address", name, n.name, address)
	}
	if zone != "" && !slices.Contains(n.zones, zone) {
		return nil, fmt.Errorf("attaching %s to network %s: no zone %q", name, n.name, zone)
	}
	s := &Namespace{Name: name, Address: address, network: n, zone: zone}
	if err := n.reserve(s); err != nil {
		return nil, fmt.Errorf("attaching %s to network %s: %w", name, n.name, err)
	}
	var err error
	if s.space, err = newSpace(ctx, n.name+"_"+name); err != nil {
		n.forget(s)
		return nil, fmt.Errorf("attaching %s to network %s: %w", name, n.name, err)
	}
	if err := s.connect(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("attaching %s to network %s: %w", name, n.name, err), s.Close())
	}
	return s, nil
}

// reserve reserves the address of a namespace, and names its link.
func (n *Network) reserve(s *Namespace) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed {
		return os.ErrClosed
	}
	if other, taken := n.attached[s.Address]; taken {
		return fmt.Errorf("%s has the address %s", other.Name, s.Address)
	}
	n.attached[s.Address] = s
	n.links++
	s.link = fmt.Sprintf("link%d", n.links) // interface names have at most 15 characters
	return nil
}

func (n *Network) forget(s *Namespace) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.attached[s.Address] == s {
		delete(n.attached, s.Address)
	}
}

// Close removes the network with all its namespaces.
func (n *Network) Close() error {
	n.mu.Lock()
	closed := n.closed
	n.closed = true
	var attached []*Namespace
	for _, s := range n.attached {
		attached = append(attached, s)
	}
	n.mu.Unlock()
	if closed {
		return nil
	}
	var errs []error
	for _, s := range attached {
		errs = append(errs, s.Close())
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return errors.Join(append(errs, n.router.destroy(ctx))...)
}
