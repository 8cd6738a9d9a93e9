package main

import (
	"crypto/tls"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"ha-web/internal/probe"

	vegeta "github.com/tsenart/vegeta/v12/lib"
)

const (
	// connectionAge is how long a connection serves, at most: people who read in between do not keep theirs, and a load balancer that
	// grows is found in DNS. CloudFront keeps a connection to an origin for as long without requests (Amazon CloudFront developer guide,
	// "Keep-alive timeout").
	connectionAge = 5 * time.Second
	// mostUnanswered is how many requests may wait for answers: a machine has about 28000 ports for connections to one address.
	mostUnanswered = 20_000
)

// loadResult is one request of a load.
type loadResult struct {
	took   time.Duration
	answer string // its status, such as 200, or why there is none
	failed bool
}

// load is a load that is being sent.
type load struct {
	results <-chan loadResult // closed at the end
	sent    func() int        // how many requests were sent until now
	stop    func()            // sends no more
}

// sendLoad is a variable for tests of what is made of results.
var sendLoad = func(target loadTarget, s shape) load {
	var sent atomic.Int64
	attacker := vegeta.NewAttacker(vegeta.Client(target.client()), vegeta.MaxBody(0), vegeta.MaxWorkers(mostUnanswered))
	paths := target.turns()
	found := attacker.Attack(func(t *vegeta.Target) error {
		sent.Add(1)
		t.Method, t.URL, t.Header = http.MethodGet, target.base+paths.next(), http.Header{"User-Agent": {probe.UserAgent}}
		if target.host != "" {
			t.Header.Set("Host", target.host)
		}
		return nil
	}, s, 0, "")
	results := make(chan loadResult)
	go func() {
		defer close(results)
		for each := range found {
			results <- resultOf(each, target.timeout)
		}
	}()
	return load{results, func() int { return int(sent.Load()) }, func() { attacker.Stop() }}
}

func resultOf(found *vegeta.Result, timeout time.Duration) loadResult {
	answer := probe.ReasonOf(found.Error, timeout)
	if found.Code != 0 {
		answer = strconv.Itoa(int(found.Code))
	} else if at := strings.LastIndex(answer, ": "); at >= 0 { // what is before has the port of the connection
		answer = answer[at+2:]
	}
	return loadResult{found.Latency, answer, found.Error != ""}
}

// loadTarget is where requests go.
type loadTarget struct {
	base    string // scheme and host
	host    string // in the Host header and the TLS handshake; empty: that of base
	trusts  bool   // any certificate
	paths   []weighted
	timeout time.Duration
}

func (t loadTarget) client() *http.Client {
	transport := func() *http.Transport {
		return &http.Transport{
			// The dialer divides its time among the addresses of a name, so that one that does not answer leaves time for the next.
			DialContext:         (&net.Dialer{Timeout: t.timeout}).DialContext,
			TLSClientConfig:     &tls.Config{ServerName: t.host, InsecureSkipVerify: t.trusts},
			MaxIdleConnsPerHost: mostUnanswered,
			IdleConnTimeout:     connectionAge,
		}
	}
	return &http.Client{
		Timeout:       t.timeout,
		Transport:     &aging{transport: transport, age: connectionAge},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// aging is a transport whose connections serve for a time only.
type aging struct {
	transport func() *http.Transport
	age       time.Duration

	mutex sync.Mutex
	now   *http.Transport
	born  time.Time
}

// RoundTrip implements http.RoundTripper.
func (a *aging) RoundTrip(r *http.Request) (*http.Response, error) { return a.young().RoundTrip(r) }

func (a *aging) young() *http.Transport {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	if a.now == nil || time.Since(a.born) >= a.age {
		if a.now != nil {
			// Those that are busy close when they are idle.
			a.now.CloseIdleConnections()
		}
		a.now, a.born = a.transport(), time.Now()
	}
	return a.now
}

// weighted is a path, and how often it is asked for in proportion to the others.
type weighted struct {
	Path   string `json:"path"`
	Weight int    `json:"weight"`
}

// pathTurns hands out paths, each as often as its weight says, as far apart as possible.
type pathTurns struct {
	mutex  sync.Mutex
	paths  []weighted
	credit []int
	sum    int
}

func (t loadTarget) turns() *pathTurns {
	r := &pathTurns{paths: t.paths, credit: make([]int, len(t.paths))}
	for _, each := range t.paths {
		r.sum += each.Weight
	}
	return r
}

func (r *pathTurns) next() string {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	best := 0
	for i, each := range r.paths {
		r.credit[i] += each.Weight
		if r.credit[i] > r.credit[best] {
			best = i
		}
	}
	r.credit[best] -= r.sum
	return r.paths[best].Path
}
