//go:build linux

package database

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// configuration is PgBouncer's (its documentation: "Configuration"). Times are in seconds.
func (o *PoolerOptions) configuration(address netip.Addr) string {
	target := &o.Cluster.options
	connections := max(1, o.Connections/len(o.Nodes))
	var b strings.Builder
	fmt.Fprintf(&b, "[databases]\n* = host=%s port=%d\n\n[pgbouncer]\n", target.EndpointName, target.Port)
	for _, setting := range []struct {
		name  string
		value any
	}{
		{"listen_addr", address},
		{"listen_port", target.Port},
		{"unix_socket_dir", mounted},
		{"auth_type", "hba"},
		{"auth_hba_file", mounted + "/access.conf"},
		{"auth_file", mounted + "/users"},
		{"admin_users", operator},
		{"client_tls_sslmode", "require"},
		{"client_tls_cert_file", mounted + "/server.crt"},
		{"client_tls_key_file", mounted + "/server.key"},
		{"server_tls_sslmode", "verify-full"},
		{"server_tls_ca_file", mounted + "/roots.crt"},
		{"pool_mode", o.Sharing},
		{"default_pool_size", connections},
		{"max_db_connections", connections},
		{"max_client_conn", 2000},
		{"max_prepared_statements", 100},
		{"query_wait_timeout", o.Borrow.Seconds()},
		{"client_login_timeout", o.Borrow.Seconds()},
		{"client_idle_timeout", o.IdleClient.Seconds()},
		{"server_connect_timeout", 3},
		{"server_login_retry", 0.2},
		{"tcp_user_timeout", 3000}, // milliseconds
		{"dns_max_ttl", 0.1},
		{"dns_nxdomain_ttl", 0.1},
		{"ignore_startup_parameters", "extra_float_digits"},
		{"log_connections", 0},
		{"log_disconnections", 0},
		{"log_stats", 0},
	} {
		fmt.Fprintf(&b, "%s = %v\n", setting.name, setting.value)
	}
	return b.String()
}

// hold makes new statements wait, and ends the sessions that use a connection of the database. PAUSE itself would wait for them.
func (n *node) hold(ctx context.Context) error {
	pausing, err := n.console(ctx)
	if err != nil {
		return err
	}
	defer pausing.close()
	if err := pausing.send("PAUSE"); err != nil {
		return err
	}
	paused := make(chan error, 1)
	go func() {
		defer pausing.bound(ctx)()
		_, err := pausing.untilReady()
		paused <- err
	}()
	killing, err := n.console(ctx)
	if err != nil {
		return err
	}
	defer killing.close()
	for {
		if err := killUsers(ctx, killing); err != nil {
			return err
		}
		select {
		case err := <-paused:
			return unless(err, "already suspended/paused")
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// killUsers ends the clients that use a connection of the database. Idle ones stay, and so do those that wait.
func killUsers(ctx context.Context, console *session) error {
	clients, err := console.query(ctx, "SHOW CLIENTS")
	if err != nil {
		return err
	}
	if !slices.Contains(console.names, "id") {
		return fmt.Errorf("SHOW CLIENTS has the columns %v: PgBouncer 1.24 or later is required", console.names)
	}
	for _, client := range clients {
		if console.text(client, "database") == "pgbouncer" || console.text(client, "link") == "" {
			continue
		}
		if _, err := console.query(ctx, "KILL_CLIENT "+console.text(client, "id")); unless(err, "client not found") != nil {
			return err
		}
	}
	return nil
}

// resume lets the statements that wait begin, at the primary's address.
func (n *node) resume(ctx context.Context, primary netip.Addr) error {
	file, err := os.OpenFile(filepath.Join(n.folder, "shared/hosts"), os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = file.WriteAt([]byte(hosts(primary, n.pooler.options.Cluster.options.EndpointName)), 0)
	if err := errors.Join(err, file.Close()); err != nil {
		return err
	}
	// When PAUSE has ended an attempt to connect, PgBouncer refuses statements after RESUME until another one has succeeded:
	// check_fast_fail in its objects.c. Clients are not heard for these milliseconds, and TCP repeats what they say.
	if err := n.space.UpdateFilter(ctx, fmt.Sprintf("add table ip resume\nadd chain ip resume clients { type filter hook input priority -1; }\n"+
		"add rule ip resume clients tcp dport %d drop\n", n.port())); err != nil {
		return err
	}
	err = n.unpause(ctx)
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	return errors.Join(err, n.space.UpdateFilter(last, "delete table ip resume\n"))
}

// unpause ends PAUSE, and waits until the pooler has connected to the database.
func (n *node) unpause(ctx context.Context) error {
	s, err := n.console(ctx)
	if err != nil {
		return err
	}
	defer s.close()
	if _, err = s.query(ctx, "RESUME"); unless(err, "pooler is not paused/suspended") != nil {
		return err
	}
	for {
		err := n.tryServer(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-time.After(10 * time.Millisecond):
		case <-ctx.Done():
			return fmt.Errorf("connecting to the database again: %w", err)
		}
	}
}

// tryServer is a client of the pooler.
func (n *node) tryServer(ctx context.Context) error {
	s, err := n.local(ctx, n.pooler.options.User, n.pooler.options.Cluster.options.Name)
	if err != nil {
		return err
	}
	defer s.close()
	_, err = s.query(ctx, "SELECT 1")
	return err
}

// unless takes one message of PgBouncer for success.
func unless(err error, message string) error {
	var failed *serverError
	if errors.As(err, &failed) && strings.Contains(failed.Message, message) {
		return nil
	}
	return err
}
