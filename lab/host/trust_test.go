//go:build lab && linux

package host

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// certificate returns a self-signed certificate, and its PEM.
func certificate(t *testing.T, address string) (served tls.Certificate, authority []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "lab"}, IPAddresses: []net.IP{net.ParseIP(address)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

// Programs trust the given certificate authority on the host that has it, and only there.
func TestCA(t *testing.T) {
	ctx, root, n := setup(t)
	api, err := n.Attach(ctx, "api", netip.MustParseAddr("198.51.100.7"), "")
	require.NoError(t, err)
	served, authority := certificate(t, "198.51.100.7")
	listener, err := api.Listen("tcp", ":443")
	require.NoError(t, err)
	server := &http.Server{
		Handler:  http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "hello") }),
		ErrorLog: log.New(io.Discard, "", 0), // clients that do not trust it
	}
	go server.Serve(tls.NewListener(listener, &tls.Config{Certificates: []tls.Certificate{served}}))
	defer server.Close()

	trusts, doubts := boot(ctx, t, root, n, 11, Options{CA: authority}), boot(ctx, t, root, n, 12, Options{})
	for _, command := range [][]string{
		{"curl", "-sS", "https://198.51.100.7/"},
		{"curl", "-sS", "--cacert", "/etc/pki/tls/certs/ca-bundle.crt", "https://198.51.100.7/"},
		{"python3", "-c", `import urllib.request as u; print(u.urlopen("https://198.51.100.7/").read().decode())`},
		{"php", "-r", `echo file_get_contents("https://198.51.100.7/") ?: exit(1);`},
		{"php", "-r", `$c = curl_init("https://198.51.100.7/"); curl_exec($c) || exit(1);`},
	} {
		assert.Equal(t, "hello", output(ctx, t, trusts, command[0], command[1:]...))
		printed, err := doubts.Command(ctx, command[0], command[1:]...).CombinedOutput()
		assert.Error(t, err, "%s: %s", command, printed)
	}
}
