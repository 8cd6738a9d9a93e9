//go:build linux

package database

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"path/filepath"

	"ha-web/lab/internal/leftovers"
	"ha-web/lab/network"
)

// CopyOptions describe a copy of a cluster.
type CopyOptions struct {
	Zone           string
	Address        netip.Addr // of the database instance
	ServiceAddress netip.Addr // as ServiceAddresses of Options
	EndpointName   string
	Identity       Identity // valid for EndpointName
}

// Copy is a database of its own with the data that a cluster had, as RDS restores it from an automated backup: a machine without a
// standby, with the users and passwords of that moment.
type Copy struct {
	cluster *Cluster
	member  *member
	record  string
}

// Copy makes a copy of the data as they are now, by a base backup of the primary.
func (c *Cluster) Copy(ctx context.Context, o CopyOptions) (*Copy, error) {
	options := c.options
	options.EndpointName, options.Identity = o.EndpointName, o.Identity
	made := &Copy{cluster: c}
	if err := made.start(ctx, &options, o); err != nil {
		return nil, errors.Join(fmt.Errorf("restoring database %s: %w", o.EndpointName, err), made.Close())
	}
	return made, nil
}

func (m *Copy) start(ctx context.Context, options *Options, o CopyOptions) (err error) {
	if m.record, err = leftovers.Claim("database", short(o.EndpointName)); err != nil {
		return err
	}
	owner, err := findOwner(options.Root)
	if err != nil {
		return err
	}
	programs, err := findPrograms(options.Root)
	if err != nil {
		return err
	}
	m.cluster.mu.Lock()
	source := options.ServiceAddresses[m.cluster.primary]
	m.cluster.mu.Unlock()
	m.member = &member{options: options, zone: o.Zone, address: o.Address, folder: filepath.Join(m.record, o.Zone), programs: programs, owner: owner}
	for _, step := range []func() error{
		m.member.prepare,
		func() error { return m.member.attach(ctx, o.ServiceAddress, source) },
		func() error { return m.member.boot(ctx) },
		func() error { return m.member.backup(ctx) },
		func() error { return m.member.start(ctx) },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	options.Resolve(o.EndpointName, o.Address)
	return nil
}

// Namespace is the network of the instance, for security groups.
func (m *Copy) Namespace() *network.Namespace { return m.member.instance }

// SetPassword changes the password of a user of the copy.
func (m *Copy) SetPassword(ctx context.Context, user, password string) error {
	connection, err := (&net.Dialer{}).DialContext(ctx, "unix", m.member.socket())
	if err != nil {
		return err
	}
	s, err := open(ctx, connection, operator, m.member.options.Name)
	if err != nil {
		return err
	}
	defer s.close()
	if _, err := s.query(ctx, "ALTER ROLE "+identifier(user)+" PASSWORD "+literal(password)); err != nil {
		return fmt.Errorf("changing the password of %s: %w", user, err)
	}
	return nil
}

// Close ends the copy. Its data is lost.
func (m *Copy) Close() error {
	var errs []error
	if m.member != nil {
		errs = append(errs, m.member.close())
	}
	if m.record != "" {
		errs = append(errs, leftovers.Release(m.record))
	}
	return errors.Join(errs...)
}
