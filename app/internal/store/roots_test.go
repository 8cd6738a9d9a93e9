package store

import (
	"crypto/x509"
	"encoding/pem"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestRootsSuitTheHost(t *testing.T) {
	instance := rootsFor("ha-web-prod.c1a2b3c4d5e6.us-east-1.rds.amazonaws.com")
	proxy := rootsFor("ha-web-prod.proxy-c1a2b3c4d5e6.us-east-1.rds.amazonaws.com")
	assert.True(t, instance.Equal(rdsRoots()))
	assert.True(t, proxy.Equal(proxyRoots()))
	assert.False(t, instance.Equal(proxy))
}

// The roots of Amazon Trust Services: https://www.amazontrust.com/repository/
func TestProxiesAreTrustedByTheRootsOfAmazon(t *testing.T) {
	var names []string
	//lint:ignore SA1019 The pool is not the system's, whose subjects it would lack.
	for _, subject := range proxyRoots().Subjects() {
		names = append(names, string(subject))
	}
	require.Len(t, names, 5)
	for i, name := range []string{"Amazon Root CA 1", "Amazon Root CA 2", "Amazon Root CA 3", "Amazon Root CA 4", "Starfield Services"} {
		assert.Contains(t, names[i], name)
	}
}

func TestTheBundleHasTheRootsOfRDSAlone(t *testing.T) {
	regions := map[string]int{}
	for rest := rdsPEM; ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		root, err := x509.ParseCertificate(block.Bytes)
		require.NoError(t, err)
		name := root.Subject.CommonName
		assert.True(t, root.IsCA, name)
		assert.NoError(t, root.CheckSignatureFrom(root), name)
		assert.Equal(t, []string{"Amazon RDS"}, root.Subject.OrganizationalUnit, name)
		assert.Greater(t, time.Until(root.NotAfter), 365*24*time.Hour, "%s expires: go generate ./internal/store", name)
		regions[name[:len("Amazon RDS us-east-1")]]++
	}
	assert.Equal(t, 3, regions["Amazon RDS us-east-1"], "RSA2048, RSA4096 and ECC384")
}
