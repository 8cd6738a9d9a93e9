package main

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"net"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestLoginsArePrintedWithoutPassword(t *testing.T) {
	t.Parallel()
	found, err := parseLogin(`{"username":"appuser","password":"s3cret"}`)
	require.NoError(t, err)
	assert.Equal(t, "s3cret", found.Password)
	assert.NotContains(t, fmt.Sprintf("%v %+v %#v %s", found, found, found, found), "s3cret")
	for _, secret := range []string{`s3cret`, `{"username":"appuser"}`, `{"password":"s3cret"}`, `{"username":"a","password":"s3cret"`} {
		_, err := parseLogin(secret)
		require.Error(t, err)
		assert.NotContains(t, err.Error(), "s3cret")
	}
}

// Connections go over TLS, and only to a server with a certificate for the name of the database that a known authority signed.
func TestConnectionsAreVerified(t *testing.T) {
	t.Parallel()
	to := connection{host: "copy.rds.amazonaws.com"}
	config, err := to.encryption()
	require.NoError(t, err)
	assert.False(t, config.InsecureSkipVerify)
	assert.Equal(t, "copy.rds.amazonaws.com", config.ServerName)
	assert.EqualValues(t, tls.VersionTLS12, config.MinVersion)
	for _, engine := range []string{"postgres", "mysql", "mariadb"} {
		on, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		defer on.Close()
		greeted := make(chan []byte, 1)
		go func() {
			reached, err := on.Accept()
			if err != nil {
				return
			}
			defer reached.Close()
			if engine != "postgres" {
				// A server that offers no TLS: protocol 10, capabilities without CLIENT_SSL (MySQL internals, "Protocol::HandshakeV10").
				_, _ = reached.Write([]byte("\x4a\x00\x00\x00\x0a8.4.0\x00\x01\x00\x00\x00abcdefgh\x00\x00\x82\xff\x02\x00\x08\x00\x15" +
					"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00ijklmnopqrst\x00mysql_native_password\x00"))
			}
			_ = reached.SetReadDeadline(time.Now().Add(5 * time.Second))
			first := make([]byte, 200)
			n, _ := reached.Read(first)
			if engine == "postgres" {
				_, _ = reached.Write([]byte("N")) // no TLS
				more := make([]byte, 200)
				m, _ := reached.Read(more)
				first = append(first[:n], more[:m]...)
				n += m
			}
			greeted <- first[:n]
		}()
		read, err := connectDatabase(connection{engine: engine, name: "appdb", login: login{"appuser", "s3cret"}, host: to.host, address: on.Addr().String()})
		require.NoError(t, err)
		err = read.Ping(t.Context())
		require.Error(t, err, engine)
		assert.NotContains(t, err.Error(), "s3cret")
		assert.False(t, bytes.Contains(<-greeted, []byte("appuser")), "%s: without TLS it says who it is", engine)
		assert.NoError(t, read.Close())
	}
}

// The application and the drills trust the same authorities.
func TestDatabaseRootsAreThoseOfTheApplication(t *testing.T) {
	t.Parallel()
	application, err := os.ReadFile("../../app/internal/store/roots/rds.pem")
	require.NoError(t, err)
	assert.Equal(t, string(application), string(databaseRoots))
}

func TestNamesOfTablesAreQuoted(t *testing.T) {
	t.Parallel()
	assert.Equal(t, `"a""b"`, (&sqlReader{engine: "postgres"}).quote(`a"b`))
	assert.Equal(t, "`a``b`", (&sqlReader{engine: "mysql"}).quote("a`b"))
}
