//go:build linux

package database

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"ha-web/lab/network"
)

// mounted is where PgBouncer sees the folder of its node.
const mounted = "/mnt"

// node is PgBouncer in one zone: a process in a network namespace of its own, on a view of the hosts' root.
type node struct {
	pooler *Pooler
	place  PoolerNode
	folder string
	owner  owner

	space   *network.Namespace
	process *exec.Cmd
	ended   chan struct{} // closed when the process has
	reaches atomic.Bool   // the database, over the network
}

func newNode(p *Pooler, place PoolerNode, owner owner) *node {
	return &node{pooler: p, place: place, owner: owner, folder: filepath.Join(p.record, place.Zone), ended: make(chan struct{})}
}

func (n *node) port() int { return n.pooler.options.Cluster.options.Port }

func (n *node) start(ctx context.Context) error {
	if err := n.prepare(); err != nil {
		return err
	}
	var err error
	name := "pooler-" + label(n.pooler.options.EndpointName) + "-" + n.place.Zone
	if n.space, err = n.pooler.options.Cluster.options.Network.Attach(ctx, name, n.place.Address, n.place.Zone); err != nil {
		return err
	}
	log, err := os.Create(filepath.Join(n.folder, "log"))
	if err != nil {
		return err
	}
	defer log.Close()
	root := n.pooler.options.Cluster.options.Root
	command := n.space.Command(context.Background(), "unshare", "--mount", "--", "sh", "-c", enter, root, n.folder)
	command.Stdout, command.Stderr = log, log
	if err := command.Start(); err != nil {
		return err
	}
	n.process = command
	go func() {
		_ = command.Wait()
		close(n.ended)
	}()
	return n.awaitConsole(ctx)
}

// enter runs PgBouncer on a copy of the root with a hosts file of its own, which leads the name of the database to its primary.
// Without that, its resolver would keep a wrong answer for as long as the TTL says, and RDS Proxy does not.
const enter = `set -e
mount -t overlay overlay -o "lowerdir=$0,upperdir=$1/upper,workdir=$1/work" "$1/root"
mount --bind "$1/shared" "$1/root` + mounted + `"
mount --bind "$1/shared/hosts" "$1/root/etc/hosts"
ulimit -n 8192
exec chroot --userspec=postgres:postgres "$1/root" /usr/sbin/pgbouncer ` + mounted + `/pgbouncer.ini`

// prepare writes PgBouncer's configuration.
func (n *node) prepare() error {
	for _, folder := range []string{"upper/etc", "work", "root", "shared"} {
		if err := os.MkdirAll(filepath.Join(n.folder, folder), 0o755); err != nil {
			return err
		}
	}
	if err := os.WriteFile(filepath.Join(n.folder, "upper/etc/hosts"), nil, 0o644); err != nil {
		return err
	}
	sockets := filepath.Join(n.folder, "shared")
	if err := errors.Join(os.Chmod(sockets, 0o700), n.owner.give(sockets)); err != nil {
		return err
	}
	o := &n.pooler.options
	for name, content := range map[string]string{
		"pgbouncer.ini": o.configuration(n.place.Address),
		"access.conf":   "local all all trust\nhostssl all all 0.0.0.0/0 scram-sha-256\n",
		"users":         users(n.pooler.passwords),
		"hosts":         hosts(o.Cluster.Address(), o.Cluster.options.EndpointName),
		"server.crt":    string(o.Identity.Certificate),
		"server.key":    string(o.Identity.Key),
		"roots.crt":     string(o.Roots),
	} {
		if err := n.write(name, content); err != nil {
			return err
		}
	}
	return nil
}

// write changes a file in its place, because a mount leads to it.
func (n *node) write(name, content string) error {
	path := filepath.Join(n.folder, "shared", name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		return err
	}
	return n.owner.give(path)
}

// console opens a session at PgBouncer's console.
func (n *node) console(ctx context.Context) (*session, error) {
	return n.local(ctx, operator, "pgbouncer")
}

// local opens a session over the socket, which nobody else can reach.
func (n *node) local(ctx context.Context, user, database string) (*session, error) {
	path := filepath.Join(n.folder, "shared", fmt.Sprintf(".s.PGSQL.%d", n.port()))
	connection, err := (&net.Dialer{}).DialContext(ctx, "unix", path)
	if err != nil {
		return nil, err
	}
	return open(ctx, connection, user, database)
}

func (n *node) awaitConsole(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	for {
		s, err := n.console(ctx)
		if err == nil {
			return s.close()
		}
		if refused := (*serverError)(nil); errors.As(err, &refused) {
			return fmt.Errorf("PgBouncer refuses: %w: %s", err, n.log())
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-n.ended:
			return fmt.Errorf("PgBouncer has ended: %s", n.log())
		case <-ctx.Done():
			return fmt.Errorf("PgBouncer does not answer: %w: %s", errors.Join(err, ctx.Err()), n.log())
		}
	}
}

func (n *node) log() string {
	log, err := os.ReadFile(filepath.Join(n.folder, "log"))
	if err != nil {
		return err.Error()
	}
	return string(log[max(0, len(log)-4000):])
}

// learn replaces the passwords.
func (n *node) learn(ctx context.Context, passwords map[string]string) error {
	if err := n.write("users", users(passwords)); err != nil {
		return err
	}
	s, err := n.console(ctx)
	if err != nil {
		return err
	}
	defer s.close()
	_, err = s.query(ctx, "RELOAD")
	return err
}

// watch looks whether the database can be reached from the node, as the pooler's security group and the zone allow.
func (n *node) watch(ctx context.Context) {
	for {
		n.reaches.Store(n.reach(ctx) == nil)
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Second):
		}
	}
}

// reach connects to the primary's address.
func (n *node) reach(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	connection, err := n.space.DialContext(ctx, "tcp4", endpoint(n.pooler.options.Cluster.Address(), n.port()))
	if err != nil {
		return err
	}
	return connection.Close()
}

func (n *node) close() error {
	var err error
	if n.process != nil {
		err = n.process.Process.Kill()
		if errors.Is(err, os.ErrProcessDone) {
			err = nil
		}
		<-n.ended
	}
	if n.space != nil {
		err = errors.Join(err, n.space.Close())
	}
	return err
}

// users is PgBouncer's list of users, in which quotes are doubled. The console's user has to be in it, with a password that nobody
// knows.
func users(passwords map[string]string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s\n", identifier(operator), identifier(rand.Text()))
	for user, password := range passwords {
		fmt.Fprintf(&b, "%s %s\n", identifier(user), identifier(password))
	}
	return b.String()
}

// hosts is a hosts file with one name. Its length is the same for all addresses, so that writing it again never leaves it cut off.
func hosts(address netip.Addr, name string) string { return fmt.Sprintf("%-15s %s\n", address, name) }
