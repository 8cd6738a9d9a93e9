package main

import (
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestShape(t *testing.T) {
	for _, test := range []struct {
		shape  shape
		total  uint64
		around map[time.Duration]int // how many requests have been sent until then
	}{
		{shape{100, 2 * time.Minute, 5 * time.Minute}, 42000, map[time.Duration]int{
			time.Minute: 1500, 2 * time.Minute: 6000, 7 * time.Minute: 36000, 8 * time.Minute: 40500, 9 * time.Minute: 42000,
		}},
		{shape{5, 0, 10 * time.Second}, 50, map[time.Duration]int{time.Second: 5, 10 * time.Second: 50}},
		{shape{10, 10 * time.Second, 0}, 100, map[time.Duration]int{10 * time.Second: 50, 20 * time.Second: 100}},
		{shape{0.3, 3 * time.Second, 2 * time.Second}, 2, map[time.Duration]int{8 * time.Second: 2}},
	} {
		assert.Equal(t, test.total, test.shape.total())
		last, sent := time.Duration(0), map[time.Duration]int{}
		for n := range test.total {
			due := test.shape.due(n)
			assert.GreaterOrEqual(t, due, last, "%v: request %d", test.shape, n)
			assert.Less(t, due, test.shape.length())
			last = due
			for at := range test.around {
				if due < at {
					sent[at]++
				}
			}
		}
		assert.Equal(t, test.around, sent, test.shape)
	}
}

func TestShapePaces(t *testing.T) {
	s := shape{10, 10 * time.Second, 20 * time.Second}
	wait, stop := s.Pace(0, 0)
	assert.Equal(t, time.Second, wait, "the first is sent when half of it is due")
	assert.False(t, stop)
	wait, stop = s.Pace(20*time.Second, 100)
	assert.Zero(t, wait, "what is late is sent at once")
	assert.False(t, stop)
	_, stop = s.Pace(30*time.Second, 300)
	assert.True(t, stop, "all are sent")
	_, stop = s.Pace(40*time.Second, 100)
	assert.True(t, stop, "the time is up")
	for at, want := range map[time.Duration]float64{0: 0, 5 * time.Second: 5, 10 * time.Second: 10, 30 * time.Second: 10, 35 * time.Second: 5, time.Minute: 0} {
		assert.InDelta(t, want, s.Rate(at), 1e-9, at)
	}
}

func TestPathsTakeTurns(t *testing.T) {
	turns := loadTarget{paths: []weighted{{"/a", 3}, {"/b", 1}, {"/c", 2}}}.turns()
	var order string
	for range 12 {
		order += turns.next()
	}
	assert.Equal(t, "/a/c/a/b/c/a/a/c/a/b/c/a", order)
}

// seen is what a server was asked.
type seen struct {
	mutex sync.Mutex
	paths map[string]int
	hosts map[string]int
	names map[string]int // user agents
	open  int            // connections, in all
}

func (s *seen) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mutex.Lock()
	s.paths[r.URL.String()]++
	s.hosts[r.Host]++
	s.names[r.UserAgent()]++
	s.mutex.Unlock()
	switch r.URL.Path {
	case "/login":
		http.Redirect(w, r, "https://example.com/", http.StatusSeeOther)
	case "/broken":
		w.WriteHeader(http.StatusBadGateway)
	case "/hangs":
		<-r.Context().Done()
	}
}

// serve runs a server that remembers what it was asked.
func serve(t *testing.T, secure bool) (*seen, *httptest.Server) {
	t.Helper()
	s := &seen{paths: map[string]int{}, hosts: map[string]int{}, names: map[string]int{}}
	server := httptest.NewUnstartedServer(s)
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			s.mutex.Lock()
			defer s.mutex.Unlock()
			s.open++
		}
	}
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	if secure {
		server.StartTLS()
	} else {
		server.Start()
	}
	t.Cleanup(server.Close)
	return s, server
}

// all returns the results of a load by their answers.
func all(t *testing.T, sending load) map[string]int {
	t.Helper()
	answers := map[string]int{}
	for each := range sending.results {
		answers[each.answer]++
		assert.Equal(t, each.answer != "200" && each.answer != "303", each.failed, each.answer)
		assert.Positive(t, each.took)
	}
	return answers
}

func TestSendLoad(t *testing.T) {
	s, server := serve(t, false)
	target := loadTarget{base: server.URL, timeout: 2 * time.Second, paths: []weighted{{"/?q=1", 4}, {"/login", 2}, {"/broken", 1}, {"/hangs", 1}}}
	sending := sendLoad(target, shape{50, 200 * time.Millisecond, 1400 * time.Millisecond})
	answers, sent := all(t, sending), sending.sent()
	// A busy machine sends fewer.
	assert.GreaterOrEqual(t, sent, 40)
	assert.LessOrEqual(t, sent, 80)
	assert.Equal(t, map[string]int{"/?q=1": answers["200"], "/login": answers["303"], "/broken": answers["502"], "/hangs": answers["no answer within 2s"]},
		s.paths, "redirects are not followed")
	assert.Len(t, answers, 4)
	assert.InDelta(t, sent/2, answers["200"], 1)
	assert.Equal(t, map[string]int{"ha-web-verify": sent}, s.names)
	assert.Less(t, s.open, sent*3/4, "connections serve several requests")
}

func TestSendLoadByAnotherName(t *testing.T) {
	s, server := serve(t, true)
	target := loadTarget{base: server.URL, host: "learn.example.edu", timeout: 10 * time.Second, paths: []weighted{{"/", 1}}}
	answers := all(t, sendLoad(target, shape{5, 0, time.Second}))
	assert.Len(t, answers, 1)
	assert.Positive(t, answers["certificate is valid for example.com, *.example.com, not learn.example.edu"], answers)
	target.trusts = true
	answers = all(t, sendLoad(target, shape{5, 0, time.Second}))
	assert.Len(t, answers, 1)
	assert.Positive(t, answers["200"], answers)
	assert.Equal(t, map[string]int{"learn.example.edu": answers["200"]}, s.hosts)
}

func TestSendLoadIsStopped(t *testing.T) {
	_, server := serve(t, false)
	sending := sendLoad(loadTarget{base: server.URL, timeout: time.Second, paths: []weighted{{"/", 1}}}, shape{100, 0, time.Minute})
	<-sending.results
	sending.stop()
	assert.Less(t, all(t, sending)["200"], 50)
}

func TestSendLoadThatIsRefused(t *testing.T) {
	_, server := serve(t, false)
	server.Close()
	answers := all(t, sendLoad(loadTarget{base: server.URL, timeout: 10 * time.Second, paths: []weighted{{"/", 1}}}, shape{5, 0, time.Second}))
	assert.Len(t, answers, 1)
	assert.Positive(t, answers["connection refused"], answers)
}

// Connections are replaced when they are old.
func TestConnectionsAge(t *testing.T) {
	s, server := serve(t, false)
	ages := &aging{transport: func() *http.Transport { return &http.Transport{} }, age: time.Hour}
	client := &http.Client{Transport: ages}
	for _, older := range []time.Duration{0, 0, 59 * time.Minute, time.Hour, 0, time.Hour} {
		ages.born = ages.born.Add(-older)
		answered, err := client.Get(server.URL)
		require.NoError(t, err)
		_, err = io.Copy(io.Discard, answered.Body)
		require.NoError(t, err)
		require.NoError(t, answered.Body.Close())
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	assert.Equal(t, 3, s.open)
}
