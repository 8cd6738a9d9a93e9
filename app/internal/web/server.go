// Package web serves the application over HTTP.
package web

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"ha-web/app/internal/config"
	"ha-web/app/internal/store"
)

const (
	// Longer than the load balancer keeps connections (60 s): it must not send a request on one that closes at that moment.
	// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-load-balancer-attributes.html
	idleTimeout = 75 * time.Second

	maxHeaderBytes = 16 << 10
	maxBodyBytes   = 4 << 10
	// Requests that use the database, or wait for it, at most: what they hold is bounded, however long the database is away.
	maxWaiting = 1000
	// How long no request may come before a process that is stopping takes the load balancer to be done with it.
	quiet = 5 * time.Second
	// What stays of the time to stop for the requests that came last.
	lastRequests = store.Patience
)

// Server answers requests, and knows when to stop.
type Server struct {
	cfg     config.Config
	version string
	db      *store.Database
	log     *slog.Logger
	assets  map[string]string // their paths, by name without hash
	waiting chan struct{}
	http    *http.Server

	stopping atomic.Bool
	last     atomic.Int64 // when a request other than /health came, in Unix nanoseconds
}

// New returns a server of the application. static has the files of the page, with a hash of their content in their names.
func New(cfg config.Config, version string, db *store.Database, static fs.FS, log *slog.Logger) *Server {
	s := &Server{
		cfg: cfg, version: version, db: db, log: log, assets: assets(static), waiting: make(chan struct{}, maxWaiting),
	}
	s.last.Store(time.Now().UnixNano())
	s.http = &http.Server{
		Handler:           s.observe(s.routes(static)),
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	return s
}

// Serve answers requests until Stop.
func (s *Server) Serve(listener net.Listener) error {
	if err := s.http.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// Stop ends Serve within the time to stop (DRAIN_SECONDS). The health check fails at once, requests are answered until the load
// balancer sends no more, and those in flight are finished. It returns an error if some were cut off.
func (s *Server) Stop() error {
	ctx, cancel := context.WithTimeout(context.Background(), s.cfg.Drain)
	defer cancel()
	s.drain()
	if err := s.http.Shutdown(ctx); err != nil {
		return fmt.Errorf("requests were cut off: %w", err)
	}
	return nil
}

// drain returns when the load balancer has stopped sending requests, or when what is left of the time to stop is just enough to
// answer the last ones.
func (s *Server) drain() {
	s.stopping.Store(true)
	began := time.Now()
	for time.Since(began) < s.cfg.Drain-lastRequests {
		last := time.Unix(0, s.last.Load())
		if time.Since(began) >= quiet && time.Since(last) >= quiet {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
}

func (s *Server) routes(static fs.FS) http.Handler {
	mux := http.NewServeMux()
	for path, handlers := range map[string]map[string]http.HandlerFunc{
		"/health":     {"GET": s.health},
		"/ready":      {"GET": s.ready},
		"/{$}":        {"GET": s.home},
		"/courses":    {"GET": s.bounded(s.courses)},
		"/enrolments": {"GET": s.bounded(s.enrolments), "POST": s.bounded(s.enrol)},
		"/static/":    {"GET": serveStatic(static)},
		"/":           {"GET": notFound},
	} {
		mux.HandleFunc(path, byMethod(handlers))
	}
	return mux
}

// observe sets what all answers have in common, and logs the request. Health checks, every few seconds from each node of the load
// balancer, would bury the rest.
func (s *Server) observe(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Cache-Control", "no-store")
		header.Set("Content-Security-Policy", "default-src 'self'")
		header.Set("X-Content-Type-Options", "nosniff")
		if s.stopping.Load() {
			header.Set("Connection", "close")
		}
		if r.URL.Path == "/health" {
			next.ServeHTTP(w, r)
			return
		}
		start := time.Now()
		s.last.Store(start.UnixNano())
		answer := &recorder{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(answer, r)
		attributes := []any{
			"method", r.Method, "path", r.URL.Path, "status", answer.status, "ms", time.Since(start).Milliseconds(),
			"trace", r.Header.Get("X-Amzn-Trace-Id"), // of the load balancer
		}
		if answer.err != nil {
			attributes = append(attributes, "error", answer.err)
		}
		s.log.Info("request", attributes...)
	})
}

// recorder keeps what the log says of an answer.
type recorder struct {
	http.ResponseWriter
	status int
	err    error // why it failed, which the client is not told
}

func (r *recorder) WriteHeader(status int) {
	r.status = status
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// bounded lets so many requests use the database at a time, and turns away the others at once.
func (s *Server) bounded(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		select {
		case s.waiting <- struct{}{}:
			defer func() { <-s.waiting }()
			next(w, r)
		default:
			unavailable(w, "too many requests are waiting")
		}
	}
}

func byMethod(handlers map[string]http.HandlerFunc) http.HandlerFunc {
	var allowed []string
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost} {
		if handlers[method] != nil || method == http.MethodHead {
			allowed = append(allowed, method)
		}
	}
	return func(w http.ResponseWriter, r *http.Request) {
		method := r.Method
		if method == http.MethodHead {
			method = http.MethodGet
		}
		if handler := handlers[method]; handler != nil {
			handler(w, r)
			return
		}
		w.Header().Set("Allow", strings.Join(allowed, ", "))
		problem(w, http.StatusMethodNotAllowed, "use "+strings.Join(allowed, " or "))
	}
}
