//go:build linux

package network

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
)

// Namespace is the network namespace of one machine, or of a listener with an address of its own.
type Namespace struct {
	Name    string
	Address netip.Addr

	*space
	network *Network
	zone    string
	link    string // its interface in the router

	closing sync.Once
	failed  error // of Close
}

// connect links the namespace with the router, and writes its resolv.conf.
func (s *Namespace) connect(ctx context.Context) error {
	address := s.Address.As4()
	mac := fmt.Sprintf("02:00:%02x:%02x:%02x:%02x", address[0], address[1], address[2], address[3])
	err := s.network.router.run(ctx, fmt.Sprintf(`link add %[1]s address %[2]s type veth peer name eth0 address %[3]s netns %[4]s
link set %[1]s up
route add %[5]s/32 dev %[1]s
neighbor add %[5]s lladdr %[3]s nud permanent dev %[1]s
`, s.link, gatewayMAC, mac, s.space.name, s.Address), "ip", "-batch", "-")
	if err != nil {
		return err
	}
	// With static neighbors, ARP never fails, so a connection attempt never ends with "no route to host".
	err = s.run(ctx, fmt.Sprintf(`address add %[1]s/32 dev eth0
link set eth0 up
neighbor add %[2]s lladdr %[3]s nud permanent dev eth0
route add default via %[2]s dev eth0 src %[1]s onlink
`, s.Address, gateway, gatewayMAC), "ip", "-batch", "-")
	if err != nil {
		return err
	}
	if resolver := s.network.Resolver; resolver.IsValid() {
		if err := os.WriteFile(s.resolvConf(), fmt.Appendf(nil, "nameserver %s\n", resolver), 0o644); err != nil {
			return fmt.Errorf("writing resolv.conf: %w", err)
		}
	}
	return s.network.place(ctx, s)
}

// Resolver is the address of the VPC's DNS server, or the zero Addr if the network has none.
func (s *Namespace) Resolver() netip.Addr { return s.network.Resolver }

// Path is the path of the namespace, for nsenter --net.
func (s *Namespace) Path() string { return filepath.Join(folder, s.space.name) }

// Cut cuts the machine off, as Network.Cut does.
func (s *Namespace) Cut(ctx context.Context) error { return s.network.Cut(ctx, s.Address) }

func (s *Namespace) resolvConf() string { return filepath.Join(s.record, "resolv.conf") }

// Listen opens a TCP listener in the namespace. The address is an IP literal with a port.
func (s *Namespace) Listen(network, address string) (listener net.Listener, err error) {
	if err := literal(address); err != nil {
		return nil, fmt.Errorf("listening in %s: %w", s.Name, err)
	}
	var config net.ListenConfig
	config.SetMultipathTCP(false) // plain TCP, as most servers use it
	err = s.Do(func() (err error) {
		listener, err = config.Listen(context.Background(), network, address)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("listening in %s: %w", s.Name, err)
	}
	return listener, nil
}

// ListenPacket opens a UDP socket in the namespace. The address is an IP literal with a port.
func (s *Namespace) ListenPacket(network, address string) (connection net.PacketConn, err error) {
	if err := literal(address); err != nil {
		return nil, fmt.Errorf("listening in %s: %w", s.Name, err)
	}
	err = s.Do(func() (err error) {
		connection, err = net.ListenPacket(network, address)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("listening in %s: %w", s.Name, err)
	}
	return connection, nil
}

// DialContext dials from the namespace. The address must be an IP literal with a port: Go would resolve a name outside the namespace.
func (s *Namespace) DialContext(ctx context.Context, network, address string) (connection net.Conn, err error) {
	if err := literal(address); err != nil {
		return nil, fmt.Errorf("dialing from %s: %w", s.Name, err)
	}
	dialer := net.Dialer{FallbackDelay: -1} // one address, dialed on this goroutine
	dialer.SetMultipathTCP(false)
	err = s.Do(func() (err error) {
		connection, err = dialer.DialContext(ctx, network, address)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("dialing from %s: %w", s.Name, err)
	}
	return connection, nil
}

func literal(address string) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return err
	}
	if _, err := netip.ParseAddr(host); err != nil && host != "" {
		return fmt.Errorf("%s: the host must be an IP address", address)
	}
	return nil
}

// AddAddress adds an address that only the machine itself can reach, such as that of the metadata service.
func (s *Namespace) AddAddress(ctx context.Context, address netip.Addr) error {
	if err := s.run(ctx, "", "ip", "address", "add", address.String()+"/32", "dev", "lo"); err != nil {
		return fmt.Errorf("adding address %s to %s: %w", address, s.Name, err)
	}
	return nil
}

// Command returns a command of the lab's own machine that runs in the network namespace, with the VPC's resolver if there is one.
// It sees the files and processes of this machine.
func (s *Namespace) Command(ctx context.Context, name string, args ...string) *exec.Cmd {
	enter := []string{"--net=" + s.Path(), "--"}
	if _, err := os.Stat(s.resolvConf()); err == nil {
		enter = append(enter, "unshare", "--mount", "--", "sh", "-c", `mount --bind "$0" /etc/resolv.conf && exec "$@"`, s.resolvConf())
	}
	return exec.CommandContext(ctx, "nsenter", append(append(enter, name), args...)...)
}

// Filter replaces the packet filters of the machine, which are nftables tables. An empty ruleset removes them.
func (s *Namespace) Filter(ctx context.Context, ruleset string) error {
	if err := s.filter(ctx, ruleset); err != nil {
		return fmt.Errorf("filtering packets of %s: %w", s.Name, err)
	}
	return nil
}

// UpdateFilter runs nft commands in one transaction, such as "add element inet security group_app { 10.0.11.11 }".
func (s *Namespace) UpdateFilter(ctx context.Context, commands string) error {
	if err := s.run(ctx, commands, "nft", "-f", "-"); err != nil {
		return fmt.Errorf("filtering packets of %s: %w", s.Name, err)
	}
	return nil
}

// Close kills the processes in the namespace and removes it. Sockets that this process opened in it lose their network; their owners
// still have to close them.
func (s *Namespace) Close() error {
	s.closing.Do(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		s.failed = errors.Join(s.network.remove(ctx, s), s.destroy(ctx))
		s.network.forget(s)
		if s.failed != nil {
			s.failed = fmt.Errorf("closing %s: %w", s.Name, s.failed)
		}
	})
	return s.failed
}
