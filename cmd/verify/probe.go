package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

// userAgent is what requests of verify call themselves, for access logs and rules of AWS WAF.
const userAgent = "ha-web-verify"

// probeTarget is an address that a probe requests at a steady rate.
type probeTarget struct {
	name    string // what reports call it, such as shallow
	url     string
	host    string        // in the Host header and the TLS handshake; empty: that of the address
	timeout time.Duration // of one request, from the lookup of the name to the end of the body
	retry   bool          // sends a request that failed once more, at once, as a client that retries does
}

// probeResult is one request of a probe. A response of 400 or more is a failure.
type probeResult struct {
	target  string
	at      time.Time     // when the request was due, and sent
	took    time.Duration // with the second attempt, if any
	status  int           // of the last attempt; 0 without a response
	err     string        // why the last attempt failed; empty: it succeeded
	retried bool          // the first attempt failed
}

// probe sends requests at a constant rate, each at its own time whether or not those before have been answered.
type probe struct {
	stopped chan struct{}
	sending sync.WaitGroup
	mutex   sync.Mutex
	results []probeResult
}

// startProbe sends rate requests a second to each target, until stop is called or ctx ends.
func startProbe(ctx context.Context, targets []probeTarget, rate float64) *probe {
	p := &probe{stopped: make(chan struct{})}
	for _, target := range targets {
		p.sending.Go(func() { p.send(ctx, target, time.Duration(float64(time.Second)/rate)) })
	}
	return p
}

// stop ends the probe, waits for the answers that are due, and returns all results, in the order in which they were sent.
func (p *probe) stop() []probeResult {
	close(p.stopped)
	p.sending.Wait()
	return p.seen()
}

// seen returns the results that are there until now, in the order in which they were sent.
func (p *probe) seen() []probeResult {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	results := slices.Clone(p.results)
	slices.SortStableFunc(results, func(a, b probeResult) int { return a.at.Compare(b.at) })
	return results
}

// visitor returns a client for which each request is that of a new visitor: it looks the name up, tries all of its addresses
// until one connects, and follows no redirect.
func visitor(target probeTarget) *http.Client {
	// The dialer divides its time among the addresses of a name, so that one that does not answer leaves time for the next.
	dialer := &net.Dialer{Timeout: target.timeout}
	return &http.Client{
		Timeout: target.timeout,
		Transport: &http.Transport{
			DialContext: dialer.DialContext, DisableKeepAlives: true, TLSClientConfig: &tls.Config{ServerName: target.host},
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

func (p *probe) send(ctx context.Context, target probeTarget, every time.Duration) {
	client := visitor(target)
	// No ticker, which leaves out the ticks for which a busy machine has no time.
	for at := time.Now().Add(every); ; at = at.Add(every) {
		select {
		case <-ctx.Done():
			return
		case <-p.stopped:
			return
		case <-time.After(time.Until(at)):
			p.sending.Go(func() { p.request(ctx, client, target, at) })
		}
	}
}

func (p *probe) request(ctx context.Context, client *http.Client, target probeTarget, at time.Time) {
	found := probeResult{target: target.name, at: at}
	found.status, found.err = attempt(ctx, client, target)
	if found.retried = target.retry && found.err != ""; found.retried {
		found.status, found.err = attempt(ctx, client, target)
	}
	found.took = time.Since(at)
	if ctx.Err() != nil {
		return // nobody knows how it would have ended
	}
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.results = append(p.results, found)
}

func attempt(ctx context.Context, client *http.Client, target probeTarget) (status int, fault string) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, target.url, nil)
	if err != nil {
		return 0, err.Error()
	}
	request.Host = target.host
	request.Header.Set("User-Agent", userAgent)
	response, err := client.Do(request)
	if err != nil {
		return 0, reasonOf(err.Error(), target.timeout)
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		return response.StatusCode, reasonOf(err.Error(), target.timeout)
	}
	if response.StatusCode >= http.StatusBadRequest {
		return response.StatusCode, fmt.Sprintf("status %d", response.StatusCode)
	}
	return response.StatusCode, ""
}

// timedOut is what the HTTP client, and the dialer, say of a request that took too long.
var timedOut = regexp.MustCompile(`Client\.Timeout|deadline exceeded|i/o timeout`)

// reasonOf shortens the error of a request: it leaves out the address, which is the same in each.
func reasonOf(text string, timeout time.Duration) string {
	if timedOut.MatchString(text) {
		return fmt.Sprintf("no answer within %v", timeout)
	}
	if _, reason, found := strings.Cut(text, `": `); found && strings.HasPrefix(text, `Get "`) {
		return reason
	}
	return text
}
