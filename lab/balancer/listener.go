package balancer

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
)

// Listener is what a listener of the load balancer does with requests: the action of the first rule that matches, or the default.
type Listener struct {
	Port        int              // for the caller, who makes the net.Listener
	Certificate *tls.Certificate // HTTPS with HTTP/2 if set, HTTP if nil
	Rules       []Rule
	Default     Action
}

// Rule is a listener rule.
type Rule struct {
	Matches func(*http.Request) bool
	Action  Action
}

// Action is what happens to a request: Forward, Redirect or Respond.
type Action func(n *node, w http.ResponseWriter, r *http.Request)

// Forward returns the action that forwards requests to the target group.
func Forward() Action { return (*node).forward }

// Respond returns the action that AWS calls a fixed response.
func Respond(status int, contentType, body string) Action {
	return func(n *node, w http.ResponseWriter, _ *http.Request) { n.answer(w, status, contentType, body) }
}

// Redirect returns the action that redirects to the same host, path and query with another protocol and port. AWS always names the
// port in the location.
func Redirect(status int, protocol, port string) Action {
	return func(n *node, w http.ResponseWriter, r *http.Request) {
		host := r.Host
		if name, _, err := net.SplitHostPort(host); err == nil {
			host = name
		}
		w.Header().Set("Location", fmt.Sprintf("%s://%s:%s%s", strings.ToLower(protocol), host, port, r.URL.RequestURI()))
		n.answer(w, status, "text/html", "")
	}
}

// Serve runs a listener of the node in a zone until the load balancer is closed, which closes on as well.
func (b *Balancer) Serve(zone string, on net.Listener, listener Listener) error {
	n := b.node(zone)
	if n == nil {
		return errors.Join(fmt.Errorf("serving zone %s: the load balancer has no node there", zone), on.Close())
	}
	server := &http.Server{
		Handler:           n.handler(listener),
		IdleTimeout:       b.settings.IdleTimeout,
		ReadHeaderTimeout: b.settings.IdleTimeout,
		ErrorLog:          log.New(io.Discard, "", 0),
	}
	b.mutex.Lock()
	if b.ctx.Err() != nil {
		b.mutex.Unlock()
		return on.Close()
	}
	b.servers = append(b.servers, server)
	b.mutex.Unlock()
	serve := server.Serve
	if listener.Certificate != nil {
		server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{*listener.Certificate}, MinVersion: tls.VersionTLS12}
		serve = func(on net.Listener) error { return server.ServeTLS(on, "", "") }
	}
	if err := serve(on); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving on %s: %w", on.Addr(), err)
	}
	return nil
}

func (n *node) handler(listener Listener) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, rule := range listener.Rules {
			if rule.Matches(r) {
				rule.Action(n, w, r)
				return
			}
		}
		listener.Default(n, w, r)
	})
}
