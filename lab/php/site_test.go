//go:build lab && linux

package php_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"ha-web/lab/php"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	example = "../../examples/moodle"
	workers = 20
)

// site is a web server with PHP, on an instance with a role, before a database.
type site struct {
	folder   string
	url      string
	metadata string
	cloud    *cloud
	database *server
	php      *process
}

// newSite starts a database, and a web server whose memory is empty.
func newSite(t *testing.T) *site {
	t.Helper()
	for _, program := range []string{"php", "ansible", "psql"} {
		if _, err := exec.LookPath(program); err != nil {
			need(t, program+" is not installed")
		}
	}
	if output, _ := exec.Command("php", "-m").Output(); !containsAll(string(output), "apcu", "curl", "pgsql") {
		need(t, "PHP's extensions apcu, curl and pgsql are not installed")
	}
	if found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb"); len(found) == 0 {
		need(t, "PostgreSQL is not installed")
	}
	folder, err := os.MkdirTemp("/tmp", "php-") // not below a folder that only root enters
	require.NoError(t, err)
	require.NoError(t, os.Chmod(folder, 0o755))
	t.Cleanup(func() { assert.NoError(t, os.RemoveAll(folder)) })
	certificate := newCertificate(t, folder)
	s := &site{folder: folder, database: startServer(t, folder)}
	metadata, services := listen(t), listen(t)
	s.metadata = "http://" + metadata.Addr().String()
	s.cloud = newCloud(t, certificate, metadata, services)
	s.install(t)
	t.Cleanup(func() {
		if s.php != nil {
			s.php.kill()
		}
		if t.Failed() {
			t.Logf("PHP:\n%s\nPostgreSQL:\n%s", s.php.output, s.database.process.output)
		}
	})
	return s
}

// reset repairs everything, and empties PHP's memory.
func (s *site) reset(t *testing.T) {
	t.Helper()
	if s.database.process.ended(0) {
		s.database.start(t)
	}
	s.database.setPassword(t, s.database.password)
	s.cloud.set(func(c *cloud) {
		c.port = s.database.port
		c.host, c.password, c.refuses, c.silent, c.lookups = "localhost", s.database.password, false, false, 0
	})
	s.write(t, "moodledata/.installed", "")
	s.write(t, "environment", "AWS_REGION="+region+"\nPARAMETER_PREFIX=/web/test\n")
	s.start(t)
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	return listener
}

// need skips a test that lacks a tool. With CI in the environment, it fails the test.
func need(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatal(what)
	}
	t.Skip("NOT RUN: " + what)
}

func containsAll(text string, words ...string) bool {
	for _, word := range words {
		if !strings.Contains(text, word+"\n") {
			return false
		}
	}
	return true
}

// render writes config.php, as the play does.
func (s *site) render(t *testing.T) {
	t.Helper()
	variables, err := json.Marshal(map[string]any{
		"moodle_release": "5.3", "moodle_host": strings.TrimPrefix(s.url, "http://"), "moodle_scheme": "http", "database_proxy": "false",
		"connect_seconds": 15, // on a busy machine a connection takes its time
		"moodledata":      s.folder + "/moodledata", "library": s.folder, "database_roots": s.folder + "/root.pem",
	})
	require.NoError(t, err)
	command := exec.CommandContext(t.Context(), "ansible", "localhost", "-c", "local", "-m", "ansible.builtin.template",
		"-a", "src=templates/config.php.j2 dest="+filepath.Join(s.folder, "moodle/config.php"), "-e", "@vars/main.yml", "-e", string(variables))
	command.Dir = example
	output, err := command.CombinedOutput()
	require.NoError(t, err, string(output))
}

// install puts the site into its folder, as the play does.
func (s *site) install(t *testing.T) {
	t.Helper()
	code := filepath.Join(s.folder, "moodle")
	require.NoError(t, os.CopyFS(code, php.Site()))
	s.url = fmt.Sprintf("http://localhost:%d", freePort(t))
	s.render(t)
	s.write(t, "moodle/public/aged.php", `<?php require_once(__DIR__ . '/../../database.php');
		apcu_store(moodle_database\KEY, ['until' => 0.0, 'asked' => microtime(true) - moodle_database\KEEP] + moodle_database\kept());`)
	s.write(t, "moodle/public/wrong.php", `<?php require_once(__DIR__ . '/../config.php'); $DB->get_record_sql('SELECT 1 FROM nothing');`)

	content, err := os.ReadFile(filepath.Join(example, "files/database.php"))
	require.NoError(t, err)
	library := string(content)
	for was, is := range map[string]string{
		"'http://169.254.169.254/latest'": "'" + s.metadata + "/latest'",
		"'/etc/app/environment'":          "'" + s.folder + "/environment'",
	} {
		require.Equal(t, 1, strings.Count(library, was), was)
		library = strings.Replace(library, was, is, 1)
	}
	s.write(t, "database.php", library)

	settings, err := os.ReadFile(filepath.Join(example, "files/php.ini"))
	require.NoError(t, err)
	s.write(t, "ini/99-moodle.ini", string(settings)+"\ncurl.cainfo = "+s.folder+"/root.pem\n")
}

// age has the answer of AWS expire that PHP keeps.
func (s *site) age(t *testing.T) {
	t.Helper()
	require.Equal(t, http.StatusOK, s.get(t, "/aged.php").status)
}

func (s *site) write(t *testing.T, name, content string) {
	t.Helper()
	path := filepath.Join(s.folder, name)
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(t, os.WriteFile(path, []byte(content), 0o644))
}

// command is a run of PHP with the settings of the play.
func (s *site) command(arguments ...string) *exec.Cmd {
	command := exec.Command("php", arguments...) // outlives a test
	command.Env = append(os.Environ(), "PHP_INI_SCAN_DIR=:"+filepath.Join(s.folder, "ini"), fmt.Sprintf("PHP_CLI_SERVER_WORKERS=%d", workers))
	return command
}

// start starts the web server, or starts it again, with an empty memory. A reload of php-fpm empties it too.
func (s *site) start(t *testing.T) {
	t.Helper()
	if s.php != nil {
		s.php.kill()
	}
	require.Eventually(t, func() bool {
		s.php = start(t, s.command("-S", strings.TrimPrefix(s.url, "http://"), "-t", filepath.Join(s.folder, "moodle/public")))
		for !s.php.ended(50 * time.Millisecond) {
			if response, err := browser().Get(s.url + "/nothing.txt"); err == nil {
				response.Body.Close()
				return true
			}
		}
		return false // workers of the one before keep its port for some moments
	}, time.Minute, 50*time.Millisecond, "PHP does not start")
}

// answer is what a person sees.
type answer struct {
	status int
	header http.Header
	body   string
	took   time.Duration
}

// browser asks for pages, and follows no redirect.
func browser() *http.Client {
	return &http.Client{
		Timeout:       20 * time.Second,
		Transport:     &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

func (s *site) get(t *testing.T, path string, cookies ...*http.Cookie) answer {
	t.Helper()
	return s.ask(t, http.MethodGet, path, nil, cookies...)
}

func (s *site) ask(t *testing.T, method, path string, form url.Values, cookies ...*http.Cookie) answer {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, s.url+path, strings.NewReader(form.Encode()))
	require.NoError(t, err)
	if form != nil {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for _, cookie := range cookies {
		request.AddCookie(cookie)
	}
	started := time.Now()
	response, err := browser().Do(request)
	if err != nil { // which has no status
		return answer{body: err.Error(), took: time.Since(started)}
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	assert.NoError(t, err)
	return answer{response.StatusCode, response.Header, string(body), time.Since(started)}
}

// together asks for a page by so many people at once.
func (s *site) together(t *testing.T, people int, path string) []answer {
	t.Helper()
	answers := make([]answer, people)
	var group sync.WaitGroup
	for i := range answers {
		group.Go(func() { answers[i] = s.get(t, path) })
	}
	group.Wait()
	return answers
}
