//go:build linux

package database

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"ha-web/lab/host"
	"ha-web/lab/network"
)

// member is one of the two machines of a cluster.
type member struct {
	options  *Options
	zone     string
	address  netip.Addr
	folder   string // that its host shares with this process
	programs string // folder of PostgreSQL's programs on the host
	owner    owner

	instance *network.Namespace // where clients reach it
	service  *network.Namespace // where the control plane and its standby reach it
	agent    *relay             // from the service network to the server
	upstream *relay             // from the server to the primary over the service network

	host    *host.Host
	running bool // not fenced; only the keeper uses it
}

func (m *member) socket() string {
	return filepath.Join(m.folder, fmt.Sprintf(".s.PGSQL.%d", m.options.Port))
}

// attach puts the machine into both networks. The primary is reached at peer, an address of the service network.
func (m *member) attach(ctx context.Context, service, peer netip.Addr) error {
	o := m.options
	name := label(o.EndpointName) + "-" + m.zone
	var err error
	if m.instance, err = o.Network.Attach(ctx, "database-"+name, m.address, m.zone); err != nil {
		return err
	}
	if m.service, err = o.Network.Attach(ctx, "database-service-"+name, service, m.zone); err != nil {
		return err
	}
	inside, err := m.service.Listen("tcp4", endpoint(service, o.Port))
	if err != nil {
		return err
	}
	m.agent = newRelay(inside, func(ctx context.Context) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", m.socket())
	})
	path := filepath.Join(m.folder, "primary", filepath.Base(m.socket()))
	outside, err := net.Listen("unix", path)
	if err != nil {
		return err
	}
	m.upstream = newRelay(outside, func(ctx context.Context) (net.Conn, error) {
		return m.service.DialContext(ctx, "tcp4", endpoint(peer, o.Port))
	})
	return m.owner.give(path)
}

// prepare writes the configuration of the server.
func (m *member) prepare() error {
	for _, folder := range []string{m.folder, filepath.Join(m.folder, "primary")} {
		if err := os.Mkdir(folder, 0o700); err != nil {
			return err
		}
		if err := m.owner.give(folder); err != nil {
			return err
		}
	}
	for name, content := range m.options.settings() {
		if err := m.write(name, content); err != nil {
			return err
		}
	}
	return nil
}

// write replaces a file of the configuration.
func (m *member) write(name, content string) error {
	path := filepath.Join(m.folder, name)
	if err := os.WriteFile(path+".new", []byte(content), 0o600); err != nil {
		return err
	}
	if err := m.owner.give(path + ".new"); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

// boot starts the machine, whose disk is empty.
func (m *member) boot(ctx context.Context) error {
	booted, err := host.Boot(ctx, m.options.Root, m.instance, host.Options{
		Files: map[string]host.File{"/etc/systemd/system/database.service": {Content: []byte(unit(m.programs))}},
		Binds: map[string]string{shared: m.folder},
	})
	if err != nil {
		return fmt.Errorf("booting the database instance in %s: %w", m.zone, err)
	}
	m.host = booted
	return nil
}

// initialize makes the empty data folder of a new cluster.
func (m *member) initialize(ctx context.Context) error {
	return m.postgres(ctx, "initdb", "--pgdata", data, "--username", operator, "--encoding", "UTF8", "--locale", "C.UTF-8",
		"--auth", "reject", "--no-sync", "--no-instructions")
}

// backup makes a data folder by a base backup of the primary.
func (m *member) backup(ctx context.Context) error {
	return m.postgres(ctx, "pg_basebackup", "--pgdata", data, "--host", shared+"/primary", "--port", strconv.Itoa(m.options.Port),
		"--username", operator, "--wal-method", "stream", "--checkpoint", "fast", "--no-sync")
}

// follow makes a standby's data folder.
func (m *member) follow(ctx context.Context) error {
	if err := m.backup(ctx); err != nil {
		return err
	}
	return m.run(ctx, "runuser", "-u", "postgres", "--", "touch", data+"/standby.signal")
}

// start starts the server. It returns when the server answers or, on a standby, when it has begun to follow.
func (m *member) start(ctx context.Context) error {
	if err := m.run(ctx, "systemctl", "start", "database"); err != nil {
		return fmt.Errorf("%w\n%s", err, m.lastLines())
	}
	m.running = true
	return nil
}

// alive reports whether a server runs on the machine.
func (m *member) alive(ctx context.Context) bool {
	return m.host != nil && m.postgres(ctx, "pg_ctl", "status", "--pgdata", data) == nil
}

// promote makes the primary of a standby.
func (m *member) promote(ctx context.Context) error {
	if err := m.write("synchronous.conf", synchronous(false)); err != nil {
		return err
	}
	return m.postgres(ctx, "pg_ctl", "promote", "--wait", "--timeout", "30", "--pgdata", data)
}

// fence takes the power from the machine, and its disk, so that it can never answer again as it was. Nobody hears of it.
func (m *member) fence() error {
	m.running = false
	if m.host == nil {
		return nil
	}
	err := errors.Join(m.host.PowerOff(), m.host.Close())
	m.host = nil
	return err
}

// crash ends the machine in the same way, but its clients hear that their connections end. After that, it is silent.
func (m *member) crash(ctx context.Context) error {
	m.running = false
	err := errors.Join(m.host.Close(), m.instance.Cut(ctx))
	m.host = nil
	return err
}

func (m *member) close() error {
	err := m.fence()
	for _, r := range []*relay{m.agent, m.upstream} {
		if r != nil {
			err = errors.Join(err, r.close())
		}
	}
	for _, n := range []*network.Namespace{m.instance, m.service} {
		if n != nil {
			err = errors.Join(err, n.Close())
		}
	}
	return err
}

// postgres runs one of PostgreSQL's programs on the machine.
func (m *member) postgres(ctx context.Context, program string, args ...string) error {
	return m.run(ctx, "runuser", append([]string{"-u", "postgres", "--", filepath.Join(m.programs, program)}, args...)...)
}

func (m *member) run(ctx context.Context, name string, args ...string) error {
	ctx, cancel := context.WithTimeout(ctx, actionTimeout)
	defer cancel()
	command := m.host.Command(ctx, name, args...)
	command.WaitDelay = time.Second // its own children may hold the output open
	return output(command)
}

// output runs a command, with what it printed in its error.
func output(command *exec.Cmd) error {
	printed, err := command.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%v: %w: %s", command.Args, err, bytes.TrimSpace(printed))
	}
	return nil
}

// lastLines returns the end of the server's log.
func (m *member) lastLines() string {
	log, err := os.ReadFile(filepath.Join(m.folder, logs))
	if err != nil {
		return err.Error()
	}
	return string(log[max(0, len(log)-4000):])
}

func endpoint(address netip.Addr, port int) string {
	return netip.AddrPortFrom(address, uint16(port)).String()
}
