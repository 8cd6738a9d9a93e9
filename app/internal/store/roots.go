package store

import (
	"crypto/x509"
	_ "embed"
	"strings"
	"sync"

	"golang.org/x/crypto/x509roots/fallback/bundle"
)

// The certificate authorities of RDS, of all commercial regions, from its certificate bundle. AWS adds some for new regions:
// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.SSL.html
//
//go:generate curl -fsS -o roots/rds.pem https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem
//go:embed roots/rds.pem
var rdsPEM []byte

var rdsRoots = sync.OnceValue(func() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(rdsPEM)
	return pool
})

// The certificates of RDS Proxy are AWS Certificate Manager's, which Amazon Trust Services signs:
// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-proxy.howitworks.html#rds-proxy-security.tls
var proxyRoots = sync.OnceValue(func() *x509.CertPool {
	pool := x509.NewCertPool()
	for root := range bundle.Roots() {
		certificate, err := x509.ParseCertificate(root.Certificate)
		if err != nil {
			continue
		}
		name := certificate.Subject.CommonName
		if strings.HasPrefix(name, "Amazon Root CA") || strings.HasPrefix(name, "Starfield Services Root") {
			pool.AddCert(certificate)
		}
	}
	return pool
})

// rootsFor returns the roots that sign the certificate of a host: <instance>.<account>.<region>.rds.amazonaws.com, or
// <proxy>.proxy-<account>.<region>.rds.amazonaws.com.
func rootsFor(host string) *x509.CertPool {
	if strings.Contains(host, ".proxy-") {
		return proxyRoots()
	}
	return rdsRoots()
}
