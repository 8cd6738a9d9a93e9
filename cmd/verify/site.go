package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	"ha-web/internal/probe"
)

// site is what viewers of a stack can reach.
type site interface {
	// get requests an address, and does not follow redirects.
	get(ctx context.Context, r request) (response, error)
	// expiry returns when the certificate that a host serves expires, once its chain is trusted and has the name.
	expiry(ctx context.Context, host string) (time.Time, error)
}

// request is an address, and as whom to ask for it.
type request struct {
	address string
	host    string // in the Host header and the TLS handshake; empty: that of the address
	trusts  bool   // any certificate
}

type response struct {
	status   int
	location string
}

const (
	patience = 15 * time.Second // with one request
	// reach is how long a connection may take to open: a security group drops packets, and nothing answers.
	reach = 5 * time.Second
)

// errUnreachable is that no connection opened, though the name of the host is known.
var errUnreachable = errors.New("no connection")

// internet is the site as this machine reaches it.
type internet struct {
	dialer *net.Dialer
	roots  *x509.CertPool // that are trusted; nil: those of this machine
}

// connectSite is a variable for tests, which have no network.
var connectSite = func() site { return internet{dialer: &net.Dialer{Timeout: reach}} }

func (i internet) get(ctx context.Context, r request) (response, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	asked, err := http.NewRequestWithContext(ctx, http.MethodGet, r.address, nil)
	if err != nil {
		return response{}, err
	}
	asked.Host = r.host
	asked.Header.Set("User-Agent", probe.UserAgent)
	transport := &http.Transport{
		DialContext: i.dialer.DialContext, DisableKeepAlives: true,
		TLSClientConfig: &tls.Config{ServerName: r.host, RootCAs: i.roots, InsecureSkipVerify: r.trusts},
	}
	answered, err := transport.RoundTrip(asked)
	if err != nil {
		return response{}, reachable(err)
	}
	defer answered.Body.Close()
	// What is left of a body does not matter, only that it arrives.
	if _, err := io.Copy(io.Discard, io.LimitReader(answered.Body, 1<<20)); err != nil {
		return response{}, fmt.Errorf("body of the response: %w", err)
	}
	return response{answered.StatusCode, answered.Header.Get("Location")}, nil
}

func (i internet) expiry(ctx context.Context, host string) (time.Time, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	name, address := host, host
	if bare, _, err := net.SplitHostPort(host); err == nil {
		name = bare
	} else {
		address = net.JoinHostPort(host, "443")
	}
	dialer := tls.Dialer{NetDialer: i.dialer, Config: &tls.Config{ServerName: name, RootCAs: i.roots}}
	connection, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return time.Time{}, reachable(err)
	}
	defer connection.Close()
	served := connection.(*tls.Conn).ConnectionState().PeerCertificates
	return served[0].NotAfter, nil
}

// reachable marks an error that a connection ended with before it was open.
func reachable(err error) error {
	operation, dialed := errors.AsType[*net.OpError](err)
	if _, unknown := errors.AsType[*net.DNSError](err); unknown || !dialed || operation.Op != "dial" {
		return err
	}
	return fmt.Errorf("%w: %w", errUnreachable, err)
}

// hostOf returns the host of an address.
func hostOf(address string) string {
	parsed, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return parsed.Host
}
