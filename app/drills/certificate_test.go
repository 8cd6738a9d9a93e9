package drills

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The application signs in to no server that it cannot verify.
func TestCertificateDoesNotVerify(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	elsewhere := startServer(t, s.server.authority, s.password(), "database.example.com")
	for _, drill := range []struct {
		name string
		port int
		file string // DATABASE_CA_FILE
	}{
		{"another authority", s.link.port, newAuthority(t).file},
		{"another host name", elsewhere.port, s.server.authority.file},
	} {
		t.Run(drill.name, func(t *testing.T) {
			s.setEndpoint(t, "localhost", drill.port)
			a := s.launch(t, "DATABASE_CA_FILE", drill.file)
			a.waitFor(t, "/health", 200, startsWithin)
			require.Never(t, func() bool { return s.server.sessions(t)+elsewhere.sessions(t) > 0 }, 5*time.Second, 250*time.Millisecond)
			assert.Equal(t, 503, a.get("/ready").code)
			assert.Contains(t, a.written(t), "x509: ")
		})
	}
	t.Run("as it should be", func(t *testing.T) {
		s.setEndpoint(t, "localhost", s.link.port)
		s.ready(t)
	})
}
