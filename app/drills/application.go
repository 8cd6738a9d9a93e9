package drills

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// application is one running instance of the application.
type application struct {
	*process
	url string
}

// Two releases of the application, built with the race detector. The second one brings a migration. And one as it is deployed:
// the race detector needs memory of its own.
var (
	plainRelease  = sync.OnceValues(func() (string, error) { return build("plain", "..") })
	firstRelease  = sync.OnceValues(func() (string, error) { return build("first", "..", "-race") })
	secondRelease = sync.OnceValues(func() (string, error) {
		source := filepath.Join(base, "second")
		if err := os.CopyFS(source, os.DirFS("..")); err != nil {
			return "", err
		}
		migration := filepath.Join(source, "internal/store/migrations/90000_rooms.sql")
		if err := os.WriteFile(migration, []byte("-- +goose Up\nCREATE TABLE rooms (id bigint PRIMARY KEY);\n"), 0o600); err != nil {
			return "", err
		}
		return build("second", source, "-race")
	})
)

func build(version, source string, flags ...string) (string, error) {
	path := filepath.Join(base, "application-"+version)
	command := exec.Command("go", append(append([]string{"build"}, flags...), "-ldflags", "-X main.version="+version, "-o", path, ".")...)
	command.Dir = source
	return path, run(command)
}

// launch starts a release with the given environment, and nothing else in it. At the end of the test, its output is searched
// for the given passwords, and for what the race detector and a panic write.
func launch(t *testing.T, release func() (string, error), environment map[string]string, passwords func() []string) *application {
	t.Helper()
	path, err := release()
	require.NoError(t, err)
	port := freePort(t)
	command := exec.Command(path)
	command.Dir = t.TempDir()
	command.Env = []string{"PORT=" + strconv.Itoa(port), "HOME=" + command.Dir}
	for name, value := range environment {
		command.Env = append(command.Env, name+"="+value)
	}
	output := filepath.Join(t.TempDir(), "output")
	process, err := start(command, output)
	require.NoError(t, err)
	a := &application{process, "http://" + loopback(port)}
	t.Cleanup(func() {
		a.process.stop(syscall.SIGKILL)
		a.inspect(t, passwords())
	})
	return a
}

// inspect fails the test where the application has written what it must not.
func (a *application) inspect(t *testing.T, passwords []string) {
	t.Helper()
	written, err := os.ReadFile(a.output)
	require.NoError(t, err)
	assert.NotEmpty(t, written)
	for _, password := range passwords {
		assert.False(t, bytes.Contains(written, []byte(searchable(password))), "the application wrote a password")
	}
	for _, forbidden := range []string{"DATA RACE", "panic:", "goroutine 1 "} {
		assert.False(t, bytes.Contains(written, []byte(forbidden)), "the application wrote %q", forbidden)
	}
	if t.Failed() {
		t.Logf("the application wrote:\n%s", written[max(0, len(written)-6000):])
	}
}

// response is an answer, read to its end.
type response struct {
	code   int
	header http.Header
	body   string
	took   time.Duration
}

// client has no limit of its own that is near one of the application's.
var client = &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 100}}

// send sends a request. A body is JSON, unless the headers say otherwise.
func (a *application) send(method, path, body string, headers ...string) (response, error) {
	var content io.Reader
	if body != "" {
		content = strings.NewReader(body)
	}
	request, err := http.NewRequestWithContext(context.Background(), method, a.url+path, content)
	if err != nil {
		return response{}, err
	}
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	began := time.Now()
	answer, err := client.Do(request)
	if err != nil {
		return response{}, err
	}
	defer answer.Body.Close()
	read, err := io.ReadAll(answer.Body)
	return response{answer.StatusCode, answer.Header, string(read), time.Since(began)}, err
}

// get returns the answer to a GET. What cannot be reached has code 0.
func (a *application) get(path string) response {
	answer, err := a.send(http.MethodGet, path, "")
	if err != nil {
		answer.body = err.Error()
	}
	return answer
}

// enroll sends an enrollment with an idempotency key.
func (a *application) enroll(key string, course int, student string) (response, error) {
	return a.send(http.MethodPost, "/enrolments", enrollment(course, student), "Idempotency-Key", key)
}

func enrollment(course int, student string) string {
	return fmt.Sprintf(`{"course":%d,"student":%q}`, course, student)
}

// waitFor waits until a GET of the path is answered with the code, and returns how long that took.
func (a *application) waitFor(t *testing.T, path string, code int, atMost time.Duration) time.Duration {
	t.Helper()
	began := time.Now()
	require.Eventually(t, func() bool { return a.get(path).code == code }, atMost, 50*time.Millisecond,
		"GET %s is not answered with %d", path, code)
	return time.Since(began)
}

var residentSet = regexp.MustCompile(`VmRSS:\s+(\d+) kB`)

// memory returns the memory that the application occupies, in MiB.
func (a *application) memory(t *testing.T) int {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", a.command.Process.Pid))
	if err != nil {
		t.Skipf("NOT RUN: the system does not tell what memory a process occupies: %v", err)
	}
	found := residentSet.FindSubmatch(status)
	require.NotNil(t, found)
	kilobytes, err := strconv.Atoi(string(found[1]))
	require.NoError(t, err)
	return kilobytes / 1024
}
