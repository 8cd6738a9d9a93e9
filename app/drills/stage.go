package drills

import (
	"maps"
	"strconv"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// poolSize is the application's number of database connections.
const poolSize = 5

// stage is the surroundings of the application in one drill: a database server behind a link, and SSM parameters and a
// secret in an emulator behind another.
type stage struct {
	server   *server
	link     *link
	emulator *emulator
	aws      *link
	prefix   string
	secret   string // its ARN

	environment map[string]string

	mu        sync.Mutex
	passwords []string
}

// newStage starts a stage on the emulator that most drills share.
func newStage(t *testing.T) *stage { return newStageOn(t, sharedEmulator(t)) }

func newStageOn(t *testing.T, e *emulator) *stage {
	t.Helper()
	s := &stage{emulator: e, prefix: "/drills/" + t.Name(), passwords: []string{adminPassword, e.keys.SecretAccessKey}}
	password := s.password()
	s.server = startServer(t, newAuthority(t), password)
	s.link = newLink(t, s.server.port)
	s.aws = newLink(t, e.port)
	s.secret = e.createSecret(t, s.prefix, password)
	s.setEndpoint(t, "localhost", s.link.port)
	for name, value := range map[string]string{
		"name": databaseName, "secret-arn": s.secret, "pool-size": strconv.Itoa(poolSize),
	} {
		e.setParameter(t, s.prefix+"/database/"+name, value)
	}
	s.environment = map[string]string{
		"AWS_REGION": region, "AVAILABILITY_ZONE": region + "a", "INSTANCE_ID": "i-0123456789abcdef0",
		"PARAMETER_PREFIX": s.prefix, "DATABASE_CA_FILE": s.server.authority.file,
		"AWS_ENDPOINT_URL":  "http://" + loopback(s.aws.port),
		"AWS_ACCESS_KEY_ID": e.keys.AccessKeyID, "AWS_SECRET_ACCESS_KEY": e.keys.SecretAccessKey,
	}
	return s
}

// setEndpoint writes the SSM parameters with the address of the database.
func (s *stage) setEndpoint(t *testing.T, host string, port int) {
	t.Helper()
	s.emulator.setParameter(t, s.prefix+"/database/endpoint", host)
	s.emulator.setParameter(t, s.prefix+"/database/port", strconv.Itoa(port))
}

// password returns a new password, which the application must never write.
func (s *stage) password() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	password := newPassword()
	s.passwords = append(s.passwords, password)
	return password
}

func (s *stage) allPasswords() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.passwords
}

// launch starts an instance. Settings are pairs of a variable and its value, beside those of every drill.
func (s *stage) launch(t *testing.T, settings ...string) *application {
	t.Helper()
	return s.launchRelease(t, firstRelease, settings...)
}

func (s *stage) launchRelease(t *testing.T, release func() (string, error), settings ...string) *application {
	t.Helper()
	environment := maps.Clone(s.environment)
	require.Zero(t, len(settings)%2)
	for i := 0; i < len(settings); i += 2 {
		environment[settings[i]] = settings[i+1]
	}
	return launch(t, release, environment, s.allPasswords)
}

// ready starts an instance, and returns it when it is ready.
func (s *stage) ready(t *testing.T, settings ...string) *application {
	t.Helper()
	return s.readyRelease(t, firstRelease, settings...)
}

func (s *stage) readyRelease(t *testing.T, release func() (string, error), settings ...string) *application {
	t.Helper()
	a := s.launchRelease(t, release, settings...)
	a.waitFor(t, "/ready", 200, startsWithin)
	return a
}
