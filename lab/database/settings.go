//go:build linux

package database

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

const (
	// shared is where a host sees the folder that it shares with this process: configuration and sockets.
	shared = "/srv/database"
	data   = "/var/lib/postgresql/data"
	logs   = "log" // in the shared folder
	// operator is the superuser. RDS has one of that name, too, and gives it to nobody.
	operator = "rdsadmin"
	// follower is the name by which the primary knows the standby.
	follower = "standby"
)

// settings is the configuration of the server of one machine, by the names of its files.
func (o *Options) settings() map[string]string {
	return map[string]string{
		"postgresql.conf":  o.postgresql(),
		"synchronous.conf": synchronous(false),
		// Nothing without TLS, as with rds.force_ssl. The control plane uses the socket alone.
		"pg_hba.conf":   "local all,replication all peer map=operator\nhostssl all all 0.0.0.0/0 scram-sha-256\n",
		"pg_ident.conf": "operator root " + operator + "\noperator postgres " + operator + "\n",
		"server.crt":    string(o.Identity.Certificate),
		"server.key":    string(o.Identity.Key),
	}
}

// postgresql is the same on both machines: what makes a standby of one is the file standby.signal.
func (o *Options) postgresql() string {
	parameters := map[string]string{
		"data_directory":          data,
		"hba_file":                shared + "/pg_hba.conf",
		"ident_file":              shared + "/pg_ident.conf",
		"listen_addresses":        "*",
		"port":                    fmt.Sprint(o.Port),
		"unix_socket_directories": shared,
		"ssl":                     "on",
		"ssl_cert_file":           shared + "/server.crt",
		"ssl_key_file":            shared + "/server.key",
		"rds.force_ssl":           "1",
		"max_connections":         fmt.Sprint(o.MaxConnections),
		"shared_buffers":          "64MB",
		"timezone":                "UTC",
		"log_line_prefix":         "%m [%p] %q%u@%d ",
		// The machine itself does not crash, so what a server has written is there when the server is not.
		"fsync":            "off",
		"full_page_writes": "off",
		// The standby of an RDS Multi-AZ deployment serves nobody.
		"hot_standby":                  "off",
		"primary_conninfo":             fmt.Sprintf("host=%s/primary port=%d user=%s application_name=%s", shared, o.Port, operator, follower),
		"wal_keep_size":                "256MB",
		"wal_sender_timeout":           "4s",
		"wal_receiver_timeout":         "4s",
		"wal_receiver_status_interval": "1s",
		"wal_retrieve_retry_interval":  "300ms",
	}
	maps.Copy(parameters, o.Parameters)
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(parameters)) {
		fmt.Fprintf(&b, "%s = %s\n", name, literal(parameters[name]))
	}
	return b.String() + "include = '" + shared + "/synchronous.conf'\n"
}

// synchronous makes commits wait until the standby has them, or not.
func synchronous(on bool) string {
	if on {
		return "synchronous_standby_names = '" + follower + "'\n"
	}
	return "synchronous_standby_names = ''\n"
}

// unit runs the server as systemd does it on a machine of its own.
func unit(programs string) string {
	return `[Unit]
Description=PostgreSQL

[Service]
Type=notify
User=postgres
ExecStart=` + programs + `/postgres --config-file=` + shared + `/postgresql.conf
KillMode=mixed
KillSignal=SIGINT
TimeoutStartSec=60
StandardOutput=append:` + shared + `/` + logs + `
StandardError=append:` + shared + `/` + logs + `
`
}

// literal quotes a string for SQL and for postgresql.conf.
func literal(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

// identifier quotes a name for SQL.
func identifier(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }
