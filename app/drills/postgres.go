package drills

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	databaseName = "shop"
	databaseUser = "web"
	adminUser    = "admin"
)

// adminPassword is the superuser's, on all servers.
var adminPassword = newPassword()

// server is a PostgreSQL server that takes password logins over TLS, and nothing else.
type server struct {
	folder    string
	port      int
	database  string // that the superuser's sessions use
	authority *authority
	process   *process
}

// startServer starts a server with an empty database, which belongs to the application's user. The certificate is valid for
// the given names; by default, for the loopback address and localhost.
func startServer(t *testing.T, signer *authority, password string, names ...string) *server {
	t.Helper()
	template, err := emptyServer()
	if err != nil {
		need(t, err.Error())
	}
	s := newServer(t, signer, names...)
	require.NoError(t, run(asPostgres(exec.Command("cp", "-r", template, s.data()))))
	s.start(t)
	s.execute(t, "CREATE ROLE "+databaseUser+" LOGIN")
	s.setPassword(t, password)
	s.execute(t, "CREATE DATABASE "+databaseName+" OWNER "+databaseUser)
	s.database = databaseName
	return s
}

// startStandby starts a server that a primary streams its changes to. The primary acknowledges a commit when the standby has
// it, as in an RDS Multi-AZ deployment.
func startStandby(t *testing.T, primary *server) *server {
	t.Helper()
	s := newServer(t, primary.authority)
	from := fmt.Sprintf("host=localhost port=%d user=%s sslmode=verify-full sslrootcert=%s",
		primary.port, adminUser, filepath.Join(primary.folder, "ca.pem"))
	backup := postgresCommand("pg_basebackup", "--pgdata", s.data(), "--dbname", from,
		"--write-recovery-conf", "--wal-method", "stream", "--checkpoint", "fast", "--no-sync")
	backup.Env = append(backup.Env, "PGPASSWORD="+adminPassword)
	require.NoError(t, run(asPostgres(backup)))
	s.start(t)
	s.database = primary.database
	primary.execute(t, "ALTER SYSTEM SET synchronous_standby_names = '*'")
	primary.execute(t, "SELECT pg_reload_conf()")
	require.Eventually(t, func() bool {
		return primary.count(t, "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'") == 1
	}, 10*time.Second, 50*time.Millisecond, "the standby does not follow")
	return s
}

// newServer prepares the folder of a server, all but its data.
func newServer(t *testing.T, signer *authority, names ...string) *server {
	t.Helper()
	folder, err := os.MkdirTemp(base, "postgres-")
	require.NoError(t, err)
	s := &server{folder: folder, port: freePort(t), database: "postgres", authority: signer}
	t.Cleanup(func() { s.cleanup(t) })
	if len(names) == 0 {
		names = []string{"localhost", "127.0.0.1"}
	}
	signer.sign(t, filepath.Join(folder, "server.pem"), filepath.Join(folder, "server.key"), names...)
	root, err := os.ReadFile(signer.file)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(folder, "ca.pem"), root, 0o600))
	access := "hostssl all,replication all 127.0.0.1/32 scram-sha-256\n"
	require.NoError(t, os.WriteFile(filepath.Join(folder, "pg_hba.conf"), []byte(access), 0o600))
	require.NoError(t, giveToPostgres(folder))
	return s
}

func (s *server) cleanup(t *testing.T) {
	t.Helper()
	if s.process == nil {
		return
	}
	s.process.stop(syscall.SIGQUIT) // at once: nobody needs its data again
	if t.Failed() {
		written := s.process.written(t)
		t.Logf("log of the server on port %d:\n%s", s.port, written[max(0, len(written)-2000):])
	}
	assert.NoError(t, os.RemoveAll(s.folder))
}

func (s *server) data() string { return filepath.Join(s.folder, "data") }

// start starts the server, also after kill, and returns when it answers.
func (s *server) start(t *testing.T) {
	t.Helper()
	command := asPostgres(postgresCommand("postgres", "-D", s.data()))
	for setting, value := range map[string]string{
		"listen_addresses":        "127.0.0.1",
		"port":                    strconv.Itoa(s.port),
		"unix_socket_directories": "",
		"hba_file":                filepath.Join(s.folder, "pg_hba.conf"),
		"ssl":                     "on",
		"ssl_cert_file":           filepath.Join(s.folder, "server.pem"),
		"ssl_key_file":            filepath.Join(s.folder, "server.key"),
		"max_connections":         "100",
		"shared_buffers":          "16MB",
		"fsync":                   "off", // the machine itself does not crash
		"autovacuum":              "off",
	} {
		command.Args = append(command.Args, "-c", setting+"="+value)
	}
	deadline := time.Now().Add(30 * time.Second)
	for {
		started, err := start(command, filepath.Join(s.folder, "log"))
		require.NoError(t, err)
		s.process = started
		for !s.process.ended(50 * time.Millisecond) {
			if s.answers() {
				return
			}
			require.Less(t, time.Now(), deadline, "PostgreSQL does not answer")
		}
		// After kill, the old server's processes hold its shared memory for some moments.
		require.Less(t, time.Now(), deadline, "PostgreSQL does not start: %s", s.process.written(t))
		again := exec.Command(command.Path)
		again.Args, again.Dir, again.Env = command.Args, command.Dir, command.Env
		command = asPostgres(again)
	}
}

// kill ends the server as a crash does.
func (s *server) kill() { s.process.stop(syscall.SIGKILL) }

// connect opens a session of the superuser, past the link that the application uses.
func (s *server) connect(ctx context.Context) (*pgx.Conn, error) {
	config, err := pgx.ParseConfig(fmt.Sprintf("host=localhost port=%d user=%s dbname=%s connect_timeout=10 sslmode=verify-full sslrootcert=%s",
		s.port, adminUser, s.database, s.authority.file))
	if err != nil {
		return nil, err
	}
	config.Password = adminPassword
	config.TLSConfig.InsecureSkipVerify = true // a drill gives it certificates that do not verify
	return pgx.ConnectConfig(ctx, config)
}

func (s *server) answers() bool {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	connection, err := s.connect(ctx)
	if err != nil {
		return false
	}
	_ = connection.Close(ctx)
	return true
}

// session opens a session of the superuser for as long as the test runs.
func (s *server) session(t *testing.T) *pgx.Conn {
	t.Helper()
	connection, err := s.connect(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { _ = connection.Close(context.Background()) })
	return connection
}

// execute runs one statement as the superuser.
func (s *server) execute(t *testing.T, statement string, arguments ...any) {
	t.Helper()
	connection, err := s.connect(t.Context())
	require.NoError(t, err)
	defer func() { _ = connection.Close(t.Context()) }()
	_, err = connection.Exec(t.Context(), statement, arguments...)
	require.NoError(t, err, statement)
}

// count returns the number that a query of the application's database results in.
func (s *server) count(t *testing.T, query string, arguments ...any) int {
	t.Helper()
	connection, err := s.connect(t.Context())
	require.NoError(t, err)
	defer func() { _ = connection.Close(t.Context()) }()
	var n int
	require.NoError(t, connection.QueryRow(t.Context(), query, arguments...).Scan(&n), query)
	return n
}

func (s *server) setPassword(t *testing.T, password string) {
	t.Helper()
	s.execute(t, fmt.Sprintf("ALTER ROLE %s PASSWORD '%s'", databaseUser, quoted(password)))
}

// endSessions ends all sessions of the application, so that it has to connect again.
func (s *server) endSessions(t *testing.T) {
	t.Helper()
	s.execute(t, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1", databaseUser)
}

// sessions counts the sessions of the application.
func (s *server) sessions(t *testing.T) int {
	t.Helper()
	return s.count(t, "SELECT count(*) FROM pg_stat_activity WHERE usename = $1", databaseUser)
}

// promote makes a primary of a standby.
func (s *server) promote(t *testing.T) { s.execute(t, "SELECT pg_promote(true, 30)") }

// emptyServer returns the data folder of an empty server, which is made once and copied.
var emptyServer = sync.OnceValues(func() (string, error) {
	if postgresCommand("initdb").Err != nil {
		return "", fmt.Errorf("PostgreSQL's programs are neither in /usr/lib/postgresql nor on the PATH: install the package postgresql")
	}
	if _, err := postgresUser(); err != nil {
		return "", err
	}
	folder := filepath.Join(base, "empty")
	if err := os.Mkdir(folder, 0o700); err != nil {
		return "", err
	}
	secret := filepath.Join(folder, "password")
	if err := os.WriteFile(secret, []byte(adminPassword), 0o600); err != nil {
		return "", err
	}
	if err := giveToPostgres(folder); err != nil {
		return "", err
	}
	data := filepath.Join(folder, "data")
	return data, run(asPostgres(postgresCommand("initdb", "--pgdata", data, "--username", adminUser, "--pwfile", secret,
		"--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C", "--no-sync", "--no-instructions")))
})

// postgresCommand prefers the programs of Debian's newest version, which are not on the PATH.
func postgresCommand(name string, arguments ...string) *exec.Cmd {
	if found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/" + name); len(found) > 0 {
		name = slices.Max(found)
	}
	command := exec.Command(name, arguments...)
	command.Dir = base
	command.Env = append(os.Environ(), "HOME="+base) // the client library looks for certificates at home
	return command
}

// postgresUser returns the user that runs the servers: nil for the user of the tests.
func postgresUser() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	found, err := user.Lookup("postgres")
	if err != nil {
		return nil, fmt.Errorf("PostgreSQL does not run as root, and there is no user postgres: %w", err)
	}
	id, err := strconv.ParseUint(found.Uid, 10, 32)
	if err != nil {
		return nil, err
	}
	group, err := strconv.ParseUint(found.Gid, 10, 32)
	return &syscall.Credential{Uid: uint32(id), Gid: uint32(group)}, err
}

func asPostgres(command *exec.Cmd) *exec.Cmd {
	if credential, err := postgresUser(); err == nil && credential != nil {
		command.SysProcAttr = &syscall.SysProcAttr{Credential: credential}
	}
	return command
}

// giveToPostgres makes the user postgres the owner of a folder and what is in it.
func giveToPostgres(folder string) error {
	credential, err := postgresUser()
	if err != nil || credential == nil {
		return err
	}
	return filepath.WalkDir(folder, func(path string, _ os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Chown(path, int(credential.Uid), int(credential.Gid))
	})
}
