package drills

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// While AWS cannot be reached, the application signs in with the password that it has, however old. This
// drill takes longest, so it begins first.
func TestAWSDownWhileRunning(t *testing.T) {
	t.Parallel()
	const cachedFor = time.Minute
	s := newStage(t)
	a := s.ready(t)
	time.Sleep(cachedFor + time.Second)
	r := underLoad(t, a, func() time.Time {
		s.aws.swallow()
		s.aws.cut()
		s.server.endSessions(t)
		back := time.Now()
		time.Sleep(settle)
		s.aws.open(t)
		time.Sleep(2 * time.Second)
		return back
	})
	r.checkStored(t, s.server)
	assert.LessOrEqual(t, r.failures(), r.requests/20, "requests that failed: none, but on a busy machine")
}

// fetchTimeout is how long the application waits for one answer of AWS: what it asked before AWS was back is lost.
const fetchTimeout = 2 * time.Second

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
