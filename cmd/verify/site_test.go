package main

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var everywhere = internet{dialer: &net.Dialer{Timeout: time.Second}}

func TestSiteGet(t *testing.T) {
	var asked []string
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Host+r.URL.Path)
		http.Redirect(w, r, "/elsewhere", http.StatusFound)
	})
	plain, secure := httptest.NewServer(handler), httptest.NewTLSServer(handler)
	t.Cleanup(plain.Close)
	t.Cleanup(secure.Close)

	got, err := everywhere.get(t.Context(), request{address: plain.URL + "/health", host: "learn.example.edu"})
	require.NoError(t, err)
	assert.Equal(t, response{302, "/elsewhere"}, got, "a redirect is not followed")
	assert.Equal(t, []string{"learn.example.edu/health"}, asked)

	_, err = everywhere.get(t.Context(), request{address: secure.URL})
	_, untrusted := err.(*tls.CertificateVerificationError)
	assert.True(t, untrusted, "%T %v", err, err)
	assert.NotErrorIs(t, err, errUnreachable)
	got, err = everywhere.get(t.Context(), request{address: secure.URL, trusts: true})
	require.NoError(t, err)
	assert.Equal(t, 302, got.status)
}

func TestSiteUnreachable(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	closed := listener.Addr().String()
	require.NoError(t, listener.Close())
	_, err = everywhere.get(t.Context(), request{address: "http://" + closed})
	require.ErrorIs(t, err, errUnreachable)
	_, err = everywhere.expiry(t.Context(), closed)
	require.ErrorIs(t, err, errUnreachable)
	_, err = everywhere.get(t.Context(), request{address: "http://name.invalid"})
	require.Error(t, err)
	assert.NotErrorIs(t, reachable(&net.OpError{Op: "read", Err: net.ErrClosed}), errUnreachable, "a connection that was open")
	assert.NotErrorIs(t, err, errUnreachable, "a name that nobody knows says nothing of security groups")
}

func TestSiteExpiry(t *testing.T) {
	server := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(server.Close)
	host := strings.TrimPrefix(server.URL, "https://")
	_, err := everywhere.expiry(t.Context(), host)
	require.ErrorContains(t, err, "certificate", "one that is not trusted has no expiry")

	trusted := internet{everywhere.dialer, x509.NewCertPool()}
	trusted.roots.AddCert(server.Certificate())
	expires, err := trusted.expiry(t.Context(), host)
	require.NoError(t, err)
	assert.Equal(t, server.Certificate().NotAfter, expires)
}
