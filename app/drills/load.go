package drills

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	vegeta "github.com/tsenart/vegeta/v12/lib"
)

// Bounds that more than one drill holds the application to.
const (
	// recoversWithin is how long requests may fail once the database answers again.
	recoversWithin = 5 * time.Second
	// settle is how long a load goes on after the trouble, to see whether requests succeed for good.
	settle = recoversWithin + 2*time.Second
	// answersWithin is the longest answer: 5 seconds of database work, and two for a busy machine.
	answersWithin = 7 * time.Second
	// startsWithin is how long an instance takes until it is ready, with all it needs. Long, for a busy machine.
	startsWithin = 20 * time.Second

	// perSecond is the number of requests a second in a drill, and 10 of /health beside them. With the race detector, a
	// machine with two processors has little left beside four drills at a time.
	perSecond = 30
)

// load is a constant stream of requests: two lists of courses for every enrollment, and GET /health beside them.
type load struct {
	application *application
	courses     []int // their IDs
	parts       []*part
}

// part is a stream of requests at a constant rate.
type part struct {
	attacker *vegeta.Attacker
	results  []*vegeta.Result
	done     chan struct{}
}

// startLoad sends requests until the load is stopped.
func startLoad(t *testing.T, a *application) *load {
	t.Helper()
	var listed struct{ Courses []struct{ ID int } }
	answer := a.get("/courses")
	require.Equal(t, 200, answer.code, answer.body)
	require.NoError(t, json.Unmarshal([]byte(answer.body), &listed))
	require.NotEmpty(t, listed.Courses)
	l := &load{application: a}
	for _, course := range listed.Courses {
		l.courses = append(l.courses, course.ID)
	}
	l.parts = []*part{startPart(perSecond, l.next()), startPart(10, vegeta.NewStaticTargeter(vegeta.Target{
		Method: http.MethodGet, URL: a.url + "/health",
	}))}
	t.Cleanup(func() { l.stop() })
	return l
}

// underLoad breaks something while requests come, and returns what people noticed, held to what is true of every drill in which
// the application itself goes on. The trouble is a function that returns the moment from which requests can succeed again.
func underLoad(t *testing.T, a *application, trouble func() time.Time) *report {
	t.Helper()
	l := startLoad(t, a)
	time.Sleep(2 * time.Second)
	back := trouble()
	time.Sleep(time.Until(back.Add(settle)))
	r := l.stop()
	r.check(t, back)
	return r
}

func startPart(perSecond int, targets vegeta.Targeter) *part {
	p := &part{attacker: vegeta.NewAttacker(vegeta.Timeout(20 * time.Second)), done: make(chan struct{})}
	results := p.attacker.Attack(targets, vegeta.ConstantPacer{Freq: perSecond, Per: time.Second}, 0, "")
	go func() {
		defer close(p.done)
		for result := range results {
			p.results = append(p.results, result)
		}
	}()
	return p
}

// next makes up requests. Every enrollment is one of a new student, with a key of its own.
func (l *load) next() vegeta.Targeter {
	var count atomic.Int64
	return func(target *vegeta.Target) error {
		n := int(count.Add(1))
		if n%3 != 0 {
			target.Method, target.URL = http.MethodGet, l.application.url+"/courses"
			return nil
		}
		target.Method, target.URL = http.MethodPost, l.application.url+"/enrolments"
		target.Body = []byte(enrollment(l.courses[n%len(l.courses)], fmt.Sprintf("student %d", n)))
		target.Header = http.Header{"Content-Type": {"application/json"}, "Idempotency-Key": {fmt.Sprintf("key-%d", n)}}
		return nil
	}
}

// stop ends the load, waits for the last answers, and reports on the requests.
func (l *load) stop() *report {
	for _, p := range l.parts {
		p.attacker.Stop()
		<-p.done
	}
	r := &report{failed: map[string]int{}}
	for i, p := range l.parts {
		for _, result := range p.results {
			r.add(result, i == 1)
		}
	}
	return r
}

// report is what the clients noticed.
type report struct {
	requests    int
	failed      map[string]int // by method, path and what happened
	longest     time.Duration
	lastFailure time.Time // when the last request that failed was sent

	answers        []*vegeta.Result // of enrollments and courses
	health         int
	healthFailures []string
	longestHealth  time.Duration
}

func (r *report) add(result *vegeta.Result, health bool) {
	if health {
		r.health++
		r.longestHealth = max(r.longestHealth, result.Latency)
		if result.Error != "" {
			r.healthFailures = append(r.healthFailures, result.Error)
		}
		return
	}
	r.requests++
	r.answers = append(r.answers, result)
	r.longest = max(r.longest, result.Latency)
	if result.Error == "" {
		return
	}
	what := result.Error
	if result.Code == 0 { // the message has the address, and the port of the connection
		what = what[strings.LastIndex(what, ": ")+1:]
	}
	_, path, _ := strings.Cut(strings.TrimPrefix(result.URL, "http://"), "/")
	r.failed[result.Method+" /"+path+": "+strings.TrimSpace(what)]++
	if result.Timestamp.After(r.lastFailure) {
		r.lastFailure = result.Timestamp
	}
}

func (r *report) failures() int {
	sum := 0
	for _, n := range r.failed {
		sum += n
	}
	return sum
}

// failuresSince counts the requests that failed of those sent since a moment.
func (r *report) failuresSince(moment time.Time) int {
	sum := 0
	for _, answer := range r.answers {
		if answer.Error != "" && answer.Timestamp.After(moment) {
			sum++
		}
	}
	return sum
}

// recovery is the time from a moment until requests succeed for good.
func (r *report) recovery(since time.Time) time.Duration { return max(0, r.lastFailure.Sub(since)) }

// log writes the report in one line. The moment is when the database answered again.
func (r *report) log(t *testing.T, since time.Time) {
	t.Helper()
	kinds := make([]string, 0, len(r.failed))
	for _, kind := range slices.Sorted(maps.Keys(r.failed)) {
		kinds = append(kinds, fmt.Sprintf("%d × %s", r.failed[kind], kind))
	}
	t.Logf("%s: %d requests, %d failed (%s), recovered after %.1f s, longest answer %.1f s; %d of /health, %d failed, longest %.2f s",
		t.Name(), r.requests, r.failures(), strings.Join(kinds, ", "), r.recovery(since).Seconds(), r.longest.Seconds(),
		r.health, len(r.healthFailures), r.longestHealth.Seconds())
}

// check logs the report, and holds it to what is true of every drill in which the application itself goes on: /health is
// always fine, no answer takes longer than the bound, and failures are answered in the agreed form.
func (r *report) check(t *testing.T, since time.Time) {
	t.Helper()
	r.log(t, since)
	assert.Empty(t, r.healthFailures, "GET /health failed")
	assert.Less(t, r.longestHealth, 2*time.Second, "GET /health")
	assert.Less(t, r.longest, answersWithin, "the longest answer")
	assert.Less(t, r.recovery(since), recoversWithin, "requests that fail after the database answers again")
	wrong := map[string]int{}
	for _, answer := range r.answers {
		if problem := unlikeUnavailable(answer); answer.Error != "" && problem != "" {
			wrong[problem]++
		}
	}
	assert.Empty(t, wrong, "failures that are not 503 in the agreed form")
}

// unlikeUnavailable tells what distinguishes an answer from the one that is agreed for a database that is unavailable.
func unlikeUnavailable(answer *vegeta.Result) string {
	for name, expected := range map[string]string{"Content-Type": "application/problem+json", "Cache-Control": "no-store"} {
		if actual := answer.Headers.Get(name); actual != expected {
			return fmt.Sprintf("%d with %s: %q", answer.Code, name, actual)
		}
	}
	if answer.Code != http.StatusServiceUnavailable || answer.Headers.Get("Retry-After") == "" {
		return fmt.Sprintf("%d with Retry-After: %q", answer.Code, answer.Headers.Get("Retry-After"))
	}
	return ""
}

// checkStored fails unless each enrollment that was confirmed is stored, and none twice.
func (r *report) checkStored(t *testing.T, s *server) {
	t.Helper()
	stored := map[string]int{}
	rows, err := s.session(t).Query(t.Context(), "SELECT student FROM enrolments")
	require.NoError(t, err)
	for rows.Next() {
		var student string
		require.NoError(t, rows.Scan(&student))
		stored[student]++
	}
	require.NoError(t, rows.Err())
	confirmed := 0
	for _, answer := range r.answers {
		if answer.Method != http.MethodPost || answer.Code != http.StatusCreated {
			continue
		}
		var created struct{ Student string }
		require.NoError(t, json.Unmarshal(answer.Body, &created))
		confirmed++
		assert.Equal(t, 1, stored[created.Student], "rows of %q, whose enrollment was confirmed", created.Student)
	}
	assert.Positive(t, confirmed)
	for student, rows := range stored {
		assert.Equal(t, 1, rows, "rows of %q", student)
	}
}
