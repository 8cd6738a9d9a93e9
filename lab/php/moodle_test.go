//go:build lab && linux

package php_test

import (
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const page = "/login/index.php"

// TestMoodleMeetsFailures fails what Moodle needs, and looks at what people get to see. One after another, because they count seconds.
func TestMoodleMeetsFailures(t *testing.T) {
	s := newSite(t)
	for _, each := range []struct {
		name string
		test func(*testing.T, *site)
	}{
		{"database down", aDatabaseThatIsDownIs503},
		{"database lost", aPageThatLosesTheDatabaseIs503},
		{"password changed", aChangedPasswordTakesOneMoreRequest},
		{"no circles", aBrowserIsNotSentInCircles},
		{"secret late", aSecretThatChangesLateFailsForTheGapAndAPause},
		{"database moved", aDatabaseThatMovedIsFound},
		{"AWS down", withoutAWSTheKnownPasswordServes},
		{"AWS down and memory empty", withoutAWSAndWithoutAPasswordIs503},
		{"one look-up", oneRequestLooksUpForAll},
		{"command line", theCommandLineFailsWithAStatus},
		{"not installed", nobodyOpensAMoodleThatIsNotInstalled},
	} {
		t.Run(each.name, func(t *testing.T) {
			s.reset(t)
			each.test(t, s)
		})
	}
}

// unavailable checks an answer that CloudFront replaces by the error page, and that alarms count.
func unavailable(t *testing.T, got answer) {
	t.Helper()
	assert.Equal(t, http.StatusServiceUnavailable, got.status, got.body)
	assert.Equal(t, "5", got.header.Get("Retry-After"))
	assert.Equal(t, "no-store", got.header.Get("Cache-Control"))
	assert.Equal(t, "The site is unavailable for the moment. Please try again in a minute.\n", got.body)
}

// works checks that a page comes.
func works(t *testing.T, got answer) {
	t.Helper()
	assert.Equal(t, http.StatusOK, got.status, got.body)
	assert.Contains(t, got.body, `"page":"login"`)
}

func aDatabaseThatIsDownIs503(t *testing.T, s *site) {
	t.Helper()
	works(t, s.get(t, page))
	s.database.kill()
	for range 3 {
		unavailable(t, s.get(t, page))
	}
	s.database.start(t)
	works(t, s.get(t, page))
}

func aPageThatLosesTheDatabaseIs503(t *testing.T, s *site) {
	t.Helper()
	for name, lose := range map[string]func(){
		"ended": func() {
			s.database.execute(t, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '"+databaseUser+"'")
		},
		"crashed": s.database.kill,
	} {
		late := make(chan answer)
		go func() { late <- s.get(t, page+"?seconds=10") }()
		time.Sleep(time.Second) // the query runs
		lose()
		got := <-late
		assert.Less(t, got.took, 5*time.Second, name)
		unavailable(t, got)
	}
	s.database.start(t)
	assert.Equal(t, http.StatusNotFound, s.get(t, "/wrong.php").status, "a query that is wrong is Moodle's to answer")
}

func aChangedPasswordTakesOneMoreRequest(t *testing.T, s *site) {
	t.Helper()
	works(t, s.get(t, page))
	time.Sleep(1100 * time.Millisecond) // it is not asked for twice in a second
	s.database.setPassword(t, "second")
	s.cloud.set(func(c *cloud) { c.password = "second" })

	form := url.Values{"name": {"Ada"}}
	got := s.ask(t, http.MethodPost, page+"?next=%2Fmy", form)
	assert.Equal(t, http.StatusTemporaryRedirect, got.status, "which keeps method and form")
	assert.Equal(t, s.url+page+"?next=%2Fmy", got.header.Get("Location"))
	assert.Equal(t, "no-store", got.header.Get("Cache-Control"))
	assert.Regexp(t, `^MoodleDatabaseTries=1; expires=.*; path=/; HttpOnly; SameSite=Lax$`, got.header.Get("Set-Cookie"))
	again := s.ask(t, http.MethodPost, page+"?next=%2Fmy", form)
	works(t, again)
	assert.Contains(t, again.body, `"form":{"name":"Ada"}`)
	assert.Equal(t, 2, s.cloud.asked())
}

func aBrowserIsNotSentInCircles(t *testing.T, s *site) {
	t.Helper()
	works(t, s.get(t, page))
	time.Sleep(1100 * time.Millisecond) // it is not asked for twice in a second
	s.database.setPassword(t, "second")
	s.cloud.set(func(c *cloud) { c.password = "second" })
	unavailable(t, s.get(t, page, &http.Cookie{Name: "MoodleDatabaseTries", Value: "3"}))
	works(t, s.get(t, page))

	// Another secret that the database refuses too ends in an error, not in a second redirect.
	time.Sleep(1100 * time.Millisecond)
	s.database.setPassword(t, "third")
	s.cloud.set(func(c *cloud) { c.password = "not the third" })
	assert.Equal(t, http.StatusTemporaryRedirect, s.get(t, page).status)
	for range 3 {
		unavailable(t, s.get(t, page))
	}
}

func aSecretThatChangesLateFailsForTheGapAndAPause(t *testing.T, s *site) {
	t.Helper()
	works(t, s.get(t, page))
	const gap, pause = 2 * time.Second, time.Second
	changed := time.Now()
	s.database.setPassword(t, "second")
	time.AfterFunc(gap, func() { s.cloud.set(func(c *cloud) { c.password = "second" }) })
	var last time.Duration
	for time.Since(changed) < gap+5*time.Second {
		if s.get(t, page).status == http.StatusServiceUnavailable {
			last = time.Since(changed)
		}
		time.Sleep(50 * time.Millisecond)
	}
	assert.Greater(t, last, gap-time.Second, "there is a gap")
	assert.Less(t, last, gap+pause+2*time.Second, "two seconds are for a busy machine")
	works(t, s.get(t, page))
	t.Logf("a gap of %v: errors for %v", gap, last)
}

func aDatabaseThatMovedIsFound(t *testing.T, s *site) {
	t.Helper()
	s.cloud.set(func(c *cloud) { c.host = "127.0.0.1" }) // which the certificate does not name
	unavailable(t, s.get(t, page))
	s.cloud.set(func(c *cloud) { c.host = "localhost" })
	time.Sleep(1100 * time.Millisecond)
	assert.Equal(t, http.StatusTemporaryRedirect, s.get(t, page).status)
	works(t, s.get(t, page))
}

func withoutAWSTheKnownPasswordServes(t *testing.T, s *site) {
	t.Helper()
	works(t, s.get(t, page))
	for name, fail := range map[string]func(*cloud){
		"refused": func(c *cloud) { c.refuses, c.silent = true, false },
		"silent":  func(c *cloud) { c.refuses, c.silent = false, true },
	} {
		s.cloud.set(fail)
		s.age(t)
		before := s.cloud.asked()
		var slow int
		for _, got := range s.together(t, workers, page) {
			works(t, got)
			assert.Less(t, got.took, 9*time.Second, name)
			if got.took > 4500*time.Millisecond {
				slow++
			}
		}
		works(t, s.get(t, page))
		assert.LessOrEqual(t, slow, 1, "%s: one waits for AWS, and the others go on", name)
		assert.Equal(t, 1, s.cloud.asked()-before, "%s: for half a minute", name)
	}
}

func withoutAWSAndWithoutAPasswordIs503(t *testing.T, s *site) {
	t.Helper()
	for name, fail := range map[string]func(*cloud){
		"refused": func(c *cloud) { c.refuses, c.silent = true, false },
		"silent":  func(c *cloud) { c.refuses, c.silent = false, true },
	} {
		s.cloud.set(fail)
		s.start(t)
		for _, got := range s.together(t, workers/2, page) {
			unavailable(t, got)
			assert.Less(t, got.took, 7*time.Second, name)
		}
		s.cloud.set(func(c *cloud) { c.refuses, c.silent = false, false })
		require.Eventually(t, func() bool { return s.get(t, page).status == http.StatusOK }, 3*time.Second, 100*time.Millisecond)
	}
	// An instance that may not read its parameters, or has none, is no error of Moodle's either.
	s.write(t, "environment", "")
	s.start(t)
	unavailable(t, s.get(t, page))
}

func oneRequestLooksUpForAll(t *testing.T, s *site) {
	t.Helper()
	for _, got := range s.together(t, workers, page) {
		works(t, got)
	}
	assert.Equal(t, 1, s.cloud.asked(), "in an empty memory")
	s.age(t)
	for _, got := range s.together(t, workers, page) {
		works(t, got)
	}
	assert.Equal(t, 2, s.cloud.asked(), "after the password expired")
	time.Sleep(1100 * time.Millisecond)
	s.database.kill()
	for range 2 {
		for _, got := range s.together(t, workers, page) {
			unavailable(t, got)
		}
	}
	assert.LessOrEqual(t, s.cloud.asked(), 5, "of a database that is down")
}

func theCommandLineFailsWithAStatus(t *testing.T, s *site) {
	t.Helper()
	run := func() error {
		_, err := s.command(filepath.Join(s.folder, "moodle/public"+page)).CombinedOutput()
		return err
	}
	require.NoError(t, run())
	s.database.kill()
	assert.EqualError(t, run(), "exit status 1")
	s.cloud.set(func(c *cloud) { c.refuses = true })
	assert.EqualError(t, run(), "exit status 255")
}

func nobodyOpensAMoodleThatIsNotInstalled(t *testing.T, s *site) {
	t.Helper()
	require.NoError(t, s.command("-r", fmt.Sprintf("exit(unlink('%s/moodledata/.installed') ? 0 : 1);", s.folder)).Run())
	unavailable(t, s.get(t, page))
	assert.Zero(t, s.cloud.asked())
}
