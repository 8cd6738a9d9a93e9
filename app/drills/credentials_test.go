package drills

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// Secrets Manager changes the password in the database first, and in the secret after a gap. All sessions end with the change,
// so that the application has to sign in again during the gap. No other drills run meanwhile: no request may fail.
func TestPasswordChanged(t *testing.T) {
	for gap, mayFail := range map[time.Duration]bool{0: false, 2 * time.Second: false, 10 * time.Second: true} {
		t.Run(gap.String(), func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			reads := s.countCalls(t, "secretsmanager.GetSecretValue")
			a := s.ready(t)
			l := startLoad(t, a)
			time.Sleep(2 * time.Second)
			before := reads.Load()

			password := s.password()
			s.server.setPassword(t, password)
			s.server.endSessions(t)
			time.Sleep(gap)
			s.emulator.setSecret(t, s.secret, password)
			back := time.Now()

			time.Sleep(settle)
			r := l.stop()
			r.check(t, back)
			r.checkStored(t, s.server)
			if !mayFail {
				assert.Zero(t, r.failures(), "requests that failed")
			}
			read := reads.Load() - before
			t.Logf("%s: the secret was read %d times", t.Name(), read)
			assert.Positive(t, read)
			assert.LessOrEqual(t, read, 2*int64((gap+settle)/time.Second), "reads of the secret: at most two a second")
		})
	}
}

// The instance's role may not read the secret at first.
func TestSecretWithoutPermission(t *testing.T) {
	t.Parallel()
	e := ownEmulator(t)
	s := newStageOn(t, e)
	keys := e.createUser(t, "instance")
	e.allow(t, "instance", "ssm:*")
	e.enforce(t)
	s.passwords = append(s.passwords, keys.SecretAccessKey)
	a := s.launch(t, "AWS_ACCESS_KEY_ID", keys.AccessKeyID, "AWS_SECRET_ACCESS_KEY", keys.SecretAccessKey)
	a.waitFor(t, "/health", 200, startsWithin)
	time.Sleep(3 * time.Second)
	assert.Equal(t, 503, a.get("/ready").code)
	assert.Contains(t, a.written(t), "StatusCode: 403") // moto's body is not one of this protocol

	e.allow(t, "instance", "ssm:*", "secretsmanager:GetSecretValue")
	took := a.waitFor(t, "/ready", 200, startsWithin)
	t.Logf("%s: ready %.1f s after the permission was given", t.Name(), took.Seconds())
	assert.Less(t, took, recoversWithin, "ready after the permission is given")
}

func TestAWSDownAtStart(t *testing.T) {
	t.Parallel()
	for how, down := range map[string]func(*link){"refused": (*link).refuse, "silent": (*link).swallow} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			down(s.aws)
			a := s.launch(t)
			a.waitFor(t, "/health", 200, startsWithin)
			for range 3 {
				assert.Equal(t, 200, a.get("/health").code)
				assert.Equal(t, 503, a.get("/ready").code)
			}
			s.aws.open(t)
			took := a.waitFor(t, "/ready", 200, startsWithin)
			t.Logf("%s: ready %.1f s after AWS answered", t.Name(), took.Seconds())
			assert.Less(t, took, recoversWithin+fetchTimeout, "ready after AWS answers")
		})
	}
}

// fetchTimeout is how long the application waits for one answer of AWS: what it asked before AWS was back is lost.
const fetchTimeout = 2 * time.Second

// While AWS cannot be reached, the application signs in with the password that it has, however old.
func TestAWSDownWhileRunning(t *testing.T) {
	t.Parallel()
	const cachedFor = time.Minute
	s := newStage(t)
	a := s.ready(t)
	time.Sleep(cachedFor + time.Second)
	l := startLoad(t, a)
	time.Sleep(2 * time.Second)

	s.aws.swallow()
	s.aws.cut()
	s.server.endSessions(t)
	back := time.Now()
	time.Sleep(settle)
	s.aws.open(t)
	time.Sleep(2 * time.Second)

	r := l.stop()
	r.check(t, back)
	r.checkStored(t, s.server)
	assert.Zero(t, r.failures(), "requests that failed")
}
