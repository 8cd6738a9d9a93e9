package drills

import (
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The disk of the table of enrollments is full: writes fail, and reads go on.
func TestDiskFull(t *testing.T) {
	t.Parallel()
	disk := mountSmallDisk(t) // before the server, which has to stop first
	s := newStage(t)
	a := s.ready(t)
	s.server.execute(t, "CREATE TABLESPACE small LOCATION '"+disk+"/tablespace'")
	s.server.execute(t, "ALTER TABLE enrolments SET TABLESPACE small")
	s.server.execute(t, "ALTER INDEX ALL IN TABLESPACE pg_default OWNED BY "+databaseUser+" SET TABLESPACE small")
	r := underLoad(t, a, func() time.Time {
		filler := fill(t, disk)
		fillTable(t, s.server)
		time.Sleep(4 * time.Second)
		require.NoError(t, os.Remove(filler))
		return time.Now()
	})
	r.checkStored(t, s.server)
	assert.Positive(t, r.failures())
	reads, failedReads := 0, 0
	for _, answer := range r.answers {
		if answer.Method == http.MethodGet {
			reads++
			if answer.Error != "" {
				failedReads++
			}
		}
	}
	assert.Less(t, failedReads, reads/20, "reads that failed: none, but on a machine too busy to answer in time")
}

// mountSmallDisk mounts a file system of 4 MiB in memory.
func mountSmallDisk(t *testing.T) string {
	t.Helper()
	folder, err := os.MkdirTemp(base, "disk-")
	require.NoError(t, err)
	if err := run(exec.Command("mount", "-t", "tmpfs", "-o", "size=4m,mode=0755", "drill", folder)); err != nil {
		t.Skip("NOT RUN: a small disk cannot be mounted, which takes root: " + err.Error())
	}
	t.Cleanup(func() { assert.NoError(t, run(exec.Command("umount", folder))) })
	require.NoError(t, os.Mkdir(filepath.Join(folder, "tablespace"), 0o700))
	require.NoError(t, giveToPostgres(folder))
	return folder
}

// fill uses up the space of a disk with one file.
func fill(t *testing.T, disk string) string {
	t.Helper()
	file, err := os.Create(filepath.Join(disk, "filler"))
	require.NoError(t, err)
	defer file.Close()
	_, err = io.Copy(file, zeros{})
	require.ErrorIs(t, err, syscall.ENOSPC)
	return file.Name()
}

type zeros struct{}

func (zeros) Read(buffer []byte) (int, error) {
	clear(buffer)
	return len(buffer), nil
}

// fillTable uses up what space the table has left, with rows of a transaction that fails.
func fillTable(t *testing.T, s *server) {
	t.Helper()
	_, err := s.session(t).Exec(t.Context(), `INSERT INTO enrolments (course_id, student, idempotency_key)
		SELECT 1, 'filler ' || n, 'filler-' || n FROM generate_series(1, 100000) AS n`)
	var full *pgconn.PgError
	require.True(t, errors.As(err, &full), "the table is not full: %v", err)
	require.Equal(t, "53100", full.Code, "the state disk_full")
}
