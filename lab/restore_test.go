//go:build lab && linux

package lab

import (
	_ "embed"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var (
	//go:embed machine/forward.py
	forward []byte
	//go:embed machine/relay.py
	relay string
)

// countAll counts the rows of all tables of the application, past the network.
const countAll = `select coalesce(sum((xpath('/row/n/text()', query_to_xml(format('select count(*) as n from %I.%I', table_schema, table_name),
	false, true, '')))[1]::text::bigint), 0), count(*) from information_schema.tables
	where table_type = 'BASE TABLE' and table_schema not in ('pg_catalog', 'information_schema')`

// restoreDrill restores the database, reaches the copy through an instance, and finds in it what the database has.
func restoreDrill(t *testing.T, l *Lab) figures {
	rows, err := l.data.cluster.Query(l.ctx, countAll)
	require.NoError(t, err)
	require.NotEqual(t, "0", rows[0][0])
	found, report := l.runDrill(t, "restore", "-tunnel", l.tunnel(t))
	for _, each := range report.Figures {
		if each.Name == "counted" {
			assert.Contains(t, each.Value, fmt.Sprintf(": %s rows in %s tables", rows[0][0], rows[0][1]))
			return found
		}
	}
	assert.Fail(t, "no rows were counted", "%v", report.Figures)
	return found
}

// tunnel returns a command for a port forward through an instance, in the place of a session of AWS Systems Manager: what connects to
// the database is a process on the instance, with the addresses, names and security groups of the instance.
func (l *Lab) tunnel(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(folder, "forward.py"), forward, 0o600))
	for _, m := range l.fleet.all() {
		command := m.host.Command(l.ctx, "python3", "-c", relay)
		var line strings.Builder
		for _, each := range append(append([]string{"env", "-i"}, command.Env...), command.Args...) {
			fmt.Fprintf(&line, "'%s' ", strings.ReplaceAll(each, "'", `'\''`))
		}
		require.NoError(t, os.WriteFile(filepath.Join(folder, m.id), []byte("#!/bin/sh\nexec "+line.String()+`"$@"`+"\n"), 0o700))
	}
	return fmt.Sprintf("exec python3 %s/forward.py {local} %s/{instance} {host} {port}", folder, folder)
}
