//go:build lab && linux

package php_test

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	databaseName = "appdb"
	databaseUser = "appuser"
	databaseHost = "database.lab"
)

// server is a PostgreSQL server that takes logins with a password over TLS. People on the machine need none.
type server struct {
	folder   string
	port     int
	password string
	process  *process
}

// startServer starts a server in a folder that has its certificate.
func startServer(t *testing.T, folder string) *server {
	t.Helper()
	s := &server{folder: folder, port: freePort(t), password: "first 'of' all\\"}
	access := "local all all trust\nhostssl all all all scram-sha-256\n"
	require.NoError(t, os.WriteFile(filepath.Join(folder, "pg_hba.conf"), []byte(access), 0o600))
	s.own(t)
	output, err := s.command("initdb", "-D", s.data(), "-U", "admin", "-A", "trust", "-E", "UTF8", "--locale", "C", "--no-sync").CombinedOutput()
	require.NoError(t, err, string(output))
	s.start(t)
	t.Cleanup(func() { s.kill() }) // whichever runs then
	s.execute(t, "CREATE ROLE "+databaseUser+" LOGIN")
	s.setPassword(t, s.password)
	s.execute(t, "CREATE DATABASE "+databaseName+" OWNER "+databaseUser)
	return s
}

func (s *server) data() string { return filepath.Join(s.folder, "data") }

// start starts the server, also after kill, and returns when it answers.
func (s *server) start(t *testing.T) {
	t.Helper()
	require.Eventually(t, func() bool {
		command := s.command("postgres", "-D", s.data())
		for setting, value := range map[string]string{
			"listen_addresses": "localhost", "port": strconv.Itoa(s.port), "unix_socket_directories": s.folder,
			"hba_file": filepath.Join(s.folder, "pg_hba.conf"), "ssl": "on", "fsync": "off", "shared_buffers": "16MB",
			"ssl_cert_file": filepath.Join(s.folder, "server.pem"), "ssl_key_file": filepath.Join(s.folder, "server.key"),
		} {
			command.Args = append(command.Args, "-c", setting+"="+value)
		}
		s.process = start(t, command)
		for !s.process.ended(50 * time.Millisecond) {
			if s.psql("SELECT 1").Run() == nil {
				return true
			}
		}
		return false // the old server's processes hold its shared memory for some moments
	}, 30*time.Second, 50*time.Millisecond, "PostgreSQL does not start")
}

// kill ends the server as a crash does.
func (s *server) kill() { s.process.kill() }

func (s *server) setPassword(t *testing.T, password string) {
	t.Helper()
	s.execute(t, fmt.Sprintf("ALTER ROLE %s PASSWORD $password$%s$password$", databaseUser, password))
}

func (s *server) execute(t *testing.T, statement string) {
	t.Helper()
	output, err := s.psql(statement).CombinedOutput()
	require.NoError(t, err, string(output))
}

func (s *server) psql(statement string) *exec.Cmd {
	return s.command("psql", "-X", "-h", s.folder, "-p", strconv.Itoa(s.port), "-U", "admin", "-c", statement, "postgres")
}

// command is one of PostgreSQL's programs, as a user that is not root.
func (s *server) command(name string, arguments ...string) *exec.Cmd {
	if found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/" + name); len(found) > 0 {
		name = slices.Max(found)
	}
	command := exec.Command(name, arguments...)
	command.Dir = s.folder
	command.Env = append(os.Environ(), "HOME="+s.folder)
	command.SysProcAttr = &syscall.SysProcAttr{}
	if id, group, ok := postgresUser(); ok {
		command.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(id), Gid: uint32(group)}
	}
	return command
}

// own gives the folder to the user of the server, who has to be able to reach it.
func (s *server) own(t *testing.T) {
	t.Helper()
	id, group, ok := postgresUser()
	if !ok {
		return
	}
	require.NoError(t, filepath.WalkDir(s.folder, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Chown(path, id, group)
	}))
}

// postgresUser returns the user and the group of the server, which refuses to run as root.
func postgresUser() (id, group int, ok bool) {
	if os.Geteuid() != 0 {
		return 0, 0, false
	}
	found, err := user.Lookup("postgres")
	if err != nil {
		return 0, 0, false
	}
	id, _ = strconv.Atoi(found.Uid)
	group, _ = strconv.Atoi(found.Gid)
	return id, group, true
}
