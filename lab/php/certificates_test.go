//go:build lab && linux

package php_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// newCertificate writes a certificate for a database and for services of AWS to a folder: root.pem, server.pem and server.key.
func newCertificate(t *testing.T, folder string) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: "test"},
		NotBefore:    time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		DNSNames: []string{"localhost", databaseHost},
		IsCA:     true, BasicConstraintsValid: true,
	}
	for _, service := range []string{"ssm", "secretsmanager"} {
		for _, domain := range []string{"localhost", "amazonaws.com"} {
			template.DNSNames = append(template.DNSNames, service+"."+region+"."+domain)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	secret := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})
	for name, content := range map[string][]byte{"root.pem": certificate, "server.pem": certificate, "server.key": secret} {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), content, 0o600))
	}
	pair, err := tls.X509KeyPair(certificate, secret)
	require.NoError(t, err)
	return pair
}
