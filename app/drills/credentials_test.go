package drills

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// Secrets Manager changes the password in the database first, and in the secret after a gap. All sessions end with the change,
// so that the application has to sign in again during the gap. Gaps of up to 2 seconds cost a client one retry at most: no other
// drills run meanwhile.
func TestPasswordChanged(t *testing.T) {
	for gap, mayFail := range map[time.Duration]bool{0: false, 2 * time.Second: false, 10 * time.Second: true} {
		t.Run(gap.String(), func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			reads := s.countCalls(t, "secretsmanager.GetSecretValue")
			a := s.ready(t)
			var before int64
			var back time.Time
			r := underLoad(t, a, func() time.Time {
				before = reads.Load()
				password := s.password()
				s.server.setPassword(t, password)
				s.server.endSessions(t)
				time.Sleep(gap)
				s.emulator.setSecret(t, s.secret, password)
				back = time.Now()
				return back
			})
			r.checkStored(t, s.server)
			if !mayFail {
				assert.Zero(t, r.failuresSince(back), "requests that failed although they were sent after the change, as a retry would be")
				assert.LessOrEqual(t, r.failures(), r.requests/20, "requests that failed: none, but on a busy machine")
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
