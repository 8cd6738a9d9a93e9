// Package probe requests a site at a constant rate, and sums up what came of the requests.
package probe

import (
	"context"
	"crypto/tls"
	"crypto/x509"
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

// UserAgent is what requests of verify call themselves, for access logs and rules of AWS WAF.
const UserAgent = "ha-web-verify"

// Target is an address that a probe requests at a steady rate.
type Target struct {
	Name    string // what reports call it, such as shallow
	URL     string
	Host    string         // in the Host header and the TLS handshake; empty: that of the address
	Timeout time.Duration  // of one request, from the lookup of the name to the end of the body
	Dial    Dial           // nil: from this machine, trying all addresses of a name
	Roots   *x509.CertPool // of the site's certificate; nil: those of this machine
	Retry   bool           // sends a request that failed once more, at once, as a client that retries does
}

// Dial connects to an address, which has a name and a port.
type Dial func(ctx context.Context, network, address string) (net.Conn, error)

// Result is one request of a probe. A response of 400 or more is a failure.
type Result struct {
	Target  string
	At      time.Time     // when the request was due, and sent
	Took    time.Duration // with the second attempt, if any
	Status  int           // of the last attempt; 0 without a response
	Err     string        // why the last attempt failed; empty: it succeeded
	Retried bool          // the first attempt failed
}

// Probe sends requests at a constant rate, each at its own time whether or not those before have been answered.
type Probe struct {
	stopped chan struct{}
	sending sync.WaitGroup
	mutex   sync.Mutex
	results []Result
}

// Start sends rate requests a second to each target, until Stop is called or ctx ends.
func Start(ctx context.Context, targets []Target, rate float64) *Probe {
	p := &Probe{stopped: make(chan struct{})}
	for _, target := range targets {
		p.sending.Go(func() { p.send(ctx, target, time.Duration(float64(time.Second)/rate)) })
	}
	return p
}

// Stop ends the probe, waits for the answers that are due, and returns all results, in the order in which they were sent.
func (p *Probe) Stop() []Result {
	close(p.stopped)
	p.sending.Wait()
	return p.Seen()
}

// Seen returns the results that are there until now, in the order in which they were sent.
func (p *Probe) Seen() []Result {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	results := slices.Clone(p.results)
	slices.SortStableFunc(results, func(a, b Result) int { return a.At.Compare(b.At) })
	return results
}

// visitor returns a client for which each request is that of a new visitor: it looks the name up, tries all of its addresses
// until one connects, and follows no redirect.
func visitor(target Target) *http.Client {
	// The dialer divides its time among the addresses of a name, so that one that does not answer leaves time for the next.
	dial := (&net.Dialer{Timeout: target.Timeout}).DialContext
	if target.Dial != nil {
		dial = target.Dial
	}
	return &http.Client{
		Timeout: target.Timeout,
		Transport: &http.Transport{
			DialContext: dial, DisableKeepAlives: true, TLSClientConfig: &tls.Config{ServerName: target.Host, RootCAs: target.Roots},
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

func (p *Probe) send(ctx context.Context, target Target, every time.Duration) {
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

func (p *Probe) request(ctx context.Context, client *http.Client, target Target, at time.Time) {
	found := Result{Target: target.Name, At: at}
	found.Status, found.Err = attempt(ctx, client, target)
	if found.Retried = target.Retry && found.Err != ""; found.Retried {
		found.Status, found.Err = attempt(ctx, client, target)
	}
	found.Took = time.Since(at)
	if ctx.Err() != nil {
		return // nobody knows how it would have ended
	}
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.results = append(p.results, found)
}

func attempt(ctx context.Context, client *http.Client, target Target) (status int, fault string) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, target.URL, nil)
	if err != nil {
		return 0, err.Error()
	}
	request.Host = target.Host
	request.Header.Set("User-Agent", UserAgent)
	response, err := client.Do(request)
	if err != nil {
		return 0, ReasonOf(err.Error(), target.Timeout)
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		return response.StatusCode, ReasonOf(err.Error(), target.Timeout)
	}
	if response.StatusCode >= http.StatusBadRequest {
		return response.StatusCode, fmt.Sprintf("status %d", response.StatusCode)
	}
	return response.StatusCode, ""
}

// timedOut is what the HTTP client, and the dialer, say of a request that took too long.
var timedOut = regexp.MustCompile(`Client\.Timeout|deadline exceeded|i/o timeout`)

// ReasonOf shortens the error of a request: it leaves out the address, which is the same in each.
func ReasonOf(text string, timeout time.Duration) string {
	if timedOut.MatchString(text) {
		return fmt.Sprintf("no answer within %v", timeout)
	}
	if _, reason, found := strings.Cut(text, `": `); found && strings.HasPrefix(text, `Get "`) {
		return reason
	}
	return text
}
