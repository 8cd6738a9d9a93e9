package web

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"ha-web/app/internal/config"
	"ha-web/app/internal/store"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The database of these tests is never there. app/drills has the others.
func newServer(t *testing.T) (*Server, *bytes.Buffer) {
	t.Helper()
	t.Setenv("AWS_REGION", "us-east-1")
	cfg := config.Config{Zone: "us-east-1b", Instance: "i-0123456789abcdef0", ParameterPrefix: "/ha-web/prod", Drain: 30 * time.Second}
	var written bytes.Buffer
	log := slog.New(slog.NewJSONHandler(&written, nil))
	db, err := store.New(t.Context(), cfg, log)
	require.NoError(t, err)
	return New(cfg, "4f2a", db, os.DirFS("../../public"), log), &written
}

func get(s *Server, method, path string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	s.http.Handler.ServeHTTP(w, r)
	return w
}

func TestStaticFilesAreNamedAfterTheirContent(t *testing.T) {
	static := os.DirFS("../../public")
	files, err := fs.Glob(static, "*")
	require.NoError(t, err)
	require.Len(t, assets(static), len(files), "a file without a hash in its name")
	for name, path := range assets(static) {
		content, err := fs.ReadFile(static, strings.TrimPrefix(path, "/static/"))
		require.NoError(t, err)
		sum := sha256.Sum256(content)
		stem, extension, _ := strings.Cut(name, ".")
		assert.Equal(t, fmt.Sprintf("/static/%s-%s.%s", stem, hex.EncodeToString(sum[:4]), extension), path, "rename public%s", strings.TrimPrefix(path, "/static"))
	}
}

func TestPageAsksForFilesThatThereAre(t *testing.T) {
	s, _ := newServer(t)
	page := get(s, "GET", "/", "Accept", "text/html,application/xhtml+xml")
	require.Equal(t, "text/html; charset=utf-8", page.Header().Get("Content-Type"))
	assert.Contains(t, page.Body.String(), "i-0123456789abcdef0")
	assert.Contains(t, page.Body.String(), "none yet")
	for name, path := range s.assets {
		assert.Contains(t, page.Body.String(), `"`+path+`"`, name)
		file := get(s, "GET", path)
		assert.Equal(t, http.StatusOK, file.Code, path)
		assert.Equal(t, "public, max-age=31536000, immutable", file.Header().Get("Cache-Control"), path)
	}
	for _, path := range []string{"/static/", "/static/none.css", "/static/../page.go", "/nowhere"} {
		answer := get(s, "GET", path)
		assert.GreaterOrEqual(t, answer.Code, 300, path)
		assert.Equal(t, "no-store", answer.Header().Get("Cache-Control"), path)
	}
}

func TestHomeSaysWhoAnswers(t *testing.T) {
	s, _ := newServer(t)
	assert.JSONEq(t, `{"message": "Hello from the web tier", "zone": "us-east-1b", "instance": "i-0123456789abcdef0", "version": "4f2a",
		"connectionAgeSeconds": null}`, get(s, "GET", "/").Body.String())
}

func TestOtherMethodsAreRefused(t *testing.T) {
	s, _ := newServer(t)
	for path, allow := range map[string]string{
		"/": "GET, HEAD", "/health": "GET, HEAD", "/courses": "GET, HEAD", "/enrolments": "GET, HEAD, POST", "/static/x.css": "GET, HEAD",
	} {
		answer := get(s, "DELETE", path)
		assert.Equal(t, http.StatusMethodNotAllowed, answer.Code, path)
		assert.Equal(t, allow, answer.Header().Get("Allow"), path)
	}
	assert.Equal(t, http.StatusOK, get(s, "HEAD", "/health").Code)
}

// The load balancer keeps idle connections for 60 seconds. A server that closes first may do so just when a request arrives.
func TestConnectionsOutliveThoseOfTheLoadBalancer(t *testing.T) {
	s, _ := newServer(t)
	assert.Greater(t, s.http.IdleTimeout, time.Minute)
	for name, timeout := range map[string]time.Duration{"headers": s.http.ReadHeaderTimeout, "request": s.http.ReadTimeout, "answer": s.http.WriteTimeout} {
		assert.Positive(t, timeout, name)
	}
	assert.Greater(t, s.http.WriteTimeout, store.Patience)
}

func TestHealthFailsAtOnceWhenStopping(t *testing.T) {
	s, _ := newServer(t)
	assert.Equal(t, http.StatusOK, get(s, "GET", "/health").Code)
	s.stopping.Store(true)
	for _, path := range []string{"/health", "/"} {
		assert.Equal(t, "close", get(s, "GET", path).Header().Get("Connection"), path)
	}
	assert.Equal(t, http.StatusServiceUnavailable, get(s, "GET", "/health").Code)
	assert.Equal(t, http.StatusOK, get(s, "GET", "/").Code)
}

func TestTooManyRequestsAreTurnedAway(t *testing.T) {
	s, _ := newServer(t)
	for range maxWaiting {
		s.waiting <- struct{}{}
	}
	start := time.Now()
	answer := get(s, "GET", "/courses")
	assert.Equal(t, http.StatusServiceUnavailable, answer.Code)
	assert.Equal(t, "2", answer.Header().Get("Retry-After"))
	assert.Less(t, time.Since(start), store.Patience/2)
	assert.Equal(t, http.StatusOK, get(s, "GET", "/health").Code)
}

func TestRequestsAreLoggedAndHealthChecksAreNot(t *testing.T) {
	s, written := newServer(t)
	get(s, "GET", "/health")
	assert.Empty(t, written.String())
	get(s, "GET", "/nowhere", "X-Amzn-Trace-Id", "Root=1-2")
	assert.Contains(t, written.String(), `"path":"/nowhere","status":404`)
	assert.Contains(t, written.String(), `"trace":"Root=1-2"`)
}

func TestDrainEndsWhenNoRequestsCome(t *testing.T) {
	for name, c := range map[string]struct {
		drain   time.Duration
		traffic bool
		least   time.Duration
	}{
		"quiet":   {30 * time.Second, false, quiet},
		"traffic": {12 * time.Second, true, 12*time.Second - lastRequests},
		"no time": {2 * time.Second, true, 0},
	} {
		t.Run(name, func(t *testing.T) {
			s, _ := newServer(t)
			s.cfg.Drain = c.drain
			synctest.Test(t, func(t *testing.T) {
				stop := make(chan struct{})
				defer close(stop)
				if c.traffic {
					go requestEverySecond(s, stop)
				}
				start := time.Now()
				s.last.Store(start.UnixNano())
				s.drain()
				assert.InDelta(t, c.least.Seconds(), time.Since(start).Seconds(), 0.2)
			})
		})
	}
}

func requestEverySecond(s *Server, stop <-chan struct{}) {
	for {
		select {
		case <-stop:
			return
		case <-time.After(time.Second):
			s.last.Store(time.Now().UnixNano())
		}
	}
}
