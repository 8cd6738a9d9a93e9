package balancer

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log"
	mathrand "math/rand/v2"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/http/httputil"
	"net/url"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// Headers of answers that are not AWS's: the ID of the target that was chosen, and what went wrong with it.
const (
	TargetHeader = "X-Lab-Target"
	ErrorHeader  = "X-Lab-Error"
)

// statusClientClosed is AWS's, for its log: the client went away before the answer (user guide, "HTTP 460").
const statusClientClosed = 460

// errDrained ends requests that the deregistration delay was too short for.
var errDrained = errors.New("the deregistration delay is over")

// Handler returns the handler of the node in a zone that forwards requests to the targets. It is nil for an unknown zone.
func (b *Balancer) Handler(zone string) http.Handler {
	if n := b.node(zone); n != nil {
		return http.HandlerFunc(n.forward)
	}
	return nil
}

func (n *node) forward(w http.ResponseWriter, r *http.Request) {
	chosen := n.choose()
	if chosen == nil {
		n.refuse(w, http.StatusServiceUnavailable) // "The target groups for the load balancer have no registered targets."
		return
	}
	defer chosen.release()
	ctx, cancel := context.WithCancelCause(r.Context())
	defer cancel(nil)
	defer context.AfterFunc(chosen.target.ended, func() { cancel(errDrained) })()
	w.Header().Set(TargetHeader, chosen.target.id)
	chosen.proxy.ServeHTTP(w, r.WithContext(ctx))
}

// choose picks a target and counts the request to it. It is nil if no target is registered.
func (n *node) choose() *backend {
	n.balancer.mutex.Lock()
	defer n.balancer.mutex.Unlock()
	candidates := n.healthy()
	if len(candidates) == 0 {
		candidates = n.registered() // the load balancer fails open, whatever shift there is
	}
	if len(candidates) == 0 {
		return nil
	}
	if n.balancer.settings.Algorithm == LeastOutstandingRequests {
		candidates = leastOutstanding(candidates)
	}
	n.turn++
	index := int(n.turn % uint64(len(candidates)))
	if n.balancer.settings.Algorithm == WeightedRandom {
		index = mathrand.IntN(len(candidates))
	}
	chosen := candidates[index]
	chosen.outstanding++
	n.tally.Requests++
	return chosen
}

// leastOutstanding returns the candidates with the fewest requests under way. Each node of AWS's knows its own requests only.
func leastOutstanding(candidates []*backend) []*backend {
	var least []*backend
	for _, each := range candidates {
		switch {
		case len(least) == 0 || each.outstanding < least[0].outstanding:
			least = append(least[:0], each)
		case each.outstanding == least[0].outstanding:
			least = append(least, each)
		}
	}
	return least
}

// healthy returns the targets that the node finds healthy, but for those in zones that are shifted away from.
func (n *node) healthy() []*backend {
	var healthy []*backend
	for _, each := range n.registered() {
		if each.state == types.TargetHealthStateEnumHealthy && !n.balancer.shifted[each.target.zone] {
			healthy = append(healthy, each)
		}
	}
	return healthy
}

func (n *node) registered() []*backend {
	var registered []*backend
	for _, t := range n.balancer.targets {
		if !t.draining {
			registered = append(registered, t.backends[n.index])
		}
	}
	return registered
}

func (k *backend) release() {
	k.node.balancer.mutex.Lock()
	defer k.node.balancer.mutex.Unlock()
	k.outstanding--
}

func newBackend(n *node, t *target) *backend {
	k := &backend{node: n, target: t, state: types.TargetHealthStateEnumInitial,
		reason: types.TargetHealthReasonEnumRegistrationInProgress, description: registering}
	transport := &http.Transport{
		DialContext:         n.connect,
		IdleConnTimeout:     n.balancer.settings.IdleTimeout,
		MaxIdleConnsPerHost: 1024,
		DisableCompression:  true,
	}
	k.idle = transport
	to := &url.URL{Scheme: "http", Host: t.address.String()}
	k.proxy = &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(to)
			r.Out.Host = r.In.Host
			setForwarded(r)
		},
		Transport:     once{transport, n},
		FlushInterval: -1, // at once
		ModifyResponse: func(r *http.Response) error {
			n.count(func(z *ZoneCounts) { z.Targets[r.StatusCode/100]++ })
			return nil
		},
		ErrorHandler: n.failed,
		ErrorLog:     log.New(io.Discard, "", 0),
	}
	return k
}

// setForwarded says who asked, as a load balancer with the default attributes does (user guide, "HTTP headers and Application
// Load Balancers" and "Request tracing").
func setForwarded(r *httputil.ProxyRequest) {
	r.Out.Header["X-Forwarded-For"] = r.In.Header["X-Forwarded-For"] // SetXForwarded appends to it
	r.SetXForwarded()
	r.Out.Header.Del("X-Forwarded-Host") // AWS has none
	if local, ok := r.In.Context().Value(http.LocalAddrContextKey).(net.Addr); ok {
		if _, port, err := net.SplitHostPort(local.String()); err == nil {
			r.Out.Header.Set("X-Forwarded-Port", port)
		}
	}
	if r.In.Header.Get("X-Amzn-Trace-Id") == "" {
		id := make([]byte, 12)
		rand.Read(id) // never fails
		r.Out.Header.Set("X-Amzn-Trace-Id", fmt.Sprintf("Root=1-%08x-%s", time.Now().Unix(), hex.EncodeToString(id)))
	}
}

// once sends each request once, and measures how long the target takes. An http.Transport sends a request again if the target
// closes a connection that was kept alive; a load balancer answers 502 (user guide, "HTTP 502: Bad gateway").
type once struct {
	transport *http.Transport
	node      *node
}

func (o once) RoundTrip(r *http.Request) (*http.Response, error) {
	var sent time.Time
	r = r.WithContext(httptrace.WithClientTrace(r.Context(), &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) { sent = time.Now() },
	}))
	if r.Body == nil {
		r.Body = &noBody{} // not http.NoBody: requests with a body that cannot be read twice are not sent twice
	}
	response, err := o.transport.RoundTrip(r)
	if err == nil {
		took := time.Since(sent)
		o.node.count(func(z *ZoneCounts) { z.ResponseTimes = append(z.ResponseTimes, took) })
	}
	return response, err
}

type noBody struct{}

func (*noBody) Read([]byte) (int, error) { return 0, io.EOF }
func (*noBody) Close() error             { return nil }

// within returns Dial with a limit. An http.Transport goes on dialing when the request that wanted the connection has ended, and a
// dead target does not answer for minutes.
func (n *node) within(limit time.Duration) Dial {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		ctx, cancel := context.WithTimeout(ctx, limit)
		defer cancel()
		defer context.AfterFunc(n.balancer.ctx, cancel)()
		return n.dial(ctx, network, address)
	}
}

// connect dials a target for requests. What does not answer within the connect timeout is a 504.
func (n *node) connect(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := n.within(n.balancer.settings.ConnectTimeout)(ctx, network, address)
	if err != nil {
		if !errors.Is(err, context.Canceled) {
			n.count(func(z *ZoneCounts) { z.ConnectionErrors++ })
		}
		return nil, err
	}
	return &idleConn{conn, n.balancer.settings.IdleTimeout}, nil
}

// idleConn fails when nothing has been sent or received for the idle timeout (user guide, "Connection idle timeout").
type idleConn struct {
	net.Conn
	timeout time.Duration
}

func (c *idleConn) Read(p []byte) (int, error) {
	c.SetDeadline(time.Now().Add(c.timeout))
	return c.Conn.Read(p)
}

func (c *idleConn) Write(p []byte) (int, error) {
	c.SetDeadline(time.Now().Add(c.timeout)) // of a Read that waits for the answer, too
	return c.Conn.Write(p)
}

// failed answers for a target that gave no answer: 504 if it did not take the connection or stayed silent, 502 if it refused,
// broke off, sent something else than HTTP, or had no time left. No other target is asked.
func (n *node) failed(w http.ResponseWriter, r *http.Request, err error) {
	status := http.StatusBadGateway
	switch cause := context.Cause(r.Context()); {
	case errors.Is(cause, errDrained):
		err = cause
	case r.Context().Err() != nil:
		status = statusClientClosed
	case isTimeout(err):
		status = http.StatusGatewayTimeout
	}
	w.Header().Set(ErrorHeader, err.Error())
	n.refuse(w, status)
}

// refuse answers in the load balancer's own name.
func (n *node) refuse(w http.ResponseWriter, status int) {
	title := fmt.Sprintf("%d %s", status, http.StatusText(status))
	n.answer(w, status, "text/html", fmt.Sprintf("<html>\r\n<head><title>%[1]s</title></head>\r\n<body>\r\n"+
		"<center><h1>%[1]s</h1></center>\r\n</body>\r\n</html>\r\n", title))
}

func (n *node) answer(w http.ResponseWriter, status int, contentType, body string) {
	n.count(func(z *ZoneCounts) { z.Own[status]++ })
	w.Header().Set("Server", "awselb/2.0")
	if contentType != "" {
		w.Header().Set("Content-Type", contentType)
	}
	w.WriteHeader(status)
	io.WriteString(w, body)
}
