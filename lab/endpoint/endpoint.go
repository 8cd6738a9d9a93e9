// Package endpoint stands between the hosts of a lab and an emulator of AWS, with the names and certificates of AWS's own endpoints.
// Emulators let everyone in; here, a request is answered only if it is signed as AWS demands (IAM user guide, "AWS Signature Version 4
// for API requests"), with AWS's errors otherwise. Policies are not evaluated.
package endpoint

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"path"
	"slices"
	"strings"
	"sync"
	"time"
)

// Settings of an endpoint.
type Settings struct {
	Region      string
	Emulator    *url.URL // http://127.0.0.1:PORT
	Certificate tls.Certificate
	Keys        *Keys
}

// Endpoint answers for AWS services.
type Endpoint struct {
	settings Settings
	proxy    *httputil.ReverseProxy
	server   *http.Server
	gate     *gate
	now      func() time.Time

	mutex sync.Mutex
	calls map[Call]int
}

// Call is an operation that a host has called.
type Call struct {
	Key                string // access key
	Service, Operation string
	Refused            string // error code, empty if the request was forwarded
}

// Count is how often there was a call.
type Count struct {
	Call
	Count int
}

// New returns an endpoint.
func New(settings Settings) *Endpoint {
	e := &Endpoint{settings: settings, calls: map[Call]int{}, gate: newGate(), now: time.Now}
	e.proxy = &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(settings.Emulator)
			r.Out.Host = r.In.Host // the emulator finds buckets and regions by it
		},
		ErrorLog: log.New(io.Discard, "", 0),
	}
	e.server = &http.Server{
		Handler: e, ReadHeaderTimeout: time.Minute, ErrorLog: log.New(io.Discard, "", 0),
		TLSConfig:    &tls.Config{Certificates: []tls.Certificate{settings.Certificate}, MinVersion: tls.VersionTLS12},
		TLSNextProto: map[string]func(*http.Server, *tls.Conn, http.Handler){}, // no HTTP/2, which AWS's endpoints do not offer either
	}
	return e
}

// Serve answers on a listener, over TLS, until the endpoint is closed.
func (e *Endpoint) Serve(on net.Listener) error {
	if err := e.server.ServeTLS(e.gate.listener(on), "", ""); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving AWS endpoints on %s: %w", on.Addr(), err)
	}
	return nil
}

// Set makes the endpoint work, or fail in one of two ways.
func (e *Endpoint) Set(mode Mode) { e.gate.set(mode) }

// Close ends listeners and connections.
func (e *Endpoint) Close() error {
	e.gate.set(Refusing) // a silent connection would hold up the server
	if err := e.server.Close(); err != nil {
		return fmt.Errorf("closing AWS endpoints: %w", err)
	}
	return nil
}

// Calls returns what was called so far, in order of service, operation and access key.
func (e *Endpoint) Calls() []Count {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	var counts []Count
	for call, count := range e.calls {
		counts = append(counts, Count{call, count})
	}
	slices.SortFunc(counts, func(a, b Count) int {
		return cmp.Or(strings.Compare(a.Service, b.Service), strings.Compare(a.Operation, b.Operation),
			strings.Compare(a.Key, b.Key), strings.Compare(a.Refused, b.Refused))
	})
	return counts
}

// maxBody is more than any request of a host has.
const maxBody = 64 << 20

func (e *Endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	call, spoken := describe(r, body)
	refused := e.verify(r, body)
	if refused == nil && isControl(r.URL.Path) {
		refused = &refusal{noSuchOperation, "The requested operation does not exist."}
	}
	if refused != nil {
		call.Refused = refused.code(spoken).name
	}
	e.mutex.Lock()
	e.calls[call]++
	e.mutex.Unlock()
	if refused != nil {
		refused.write(w, spoken)
		return
	}
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	e.proxy.ServeHTTP(w, r)
}

// isControl tells whether a path is one of the emulator's own, with which anything can be changed.
func isControl(requested string) bool {
	first, _, _ := strings.Cut(strings.TrimPrefix(path.Clean("/"+requested), "/"), "/")
	return slices.Contains([]string{"localcloud", "moto-api", "_moto"}, strings.ToLower(first))
}

// describe finds out which operation a request calls, and how its service speaks.
func describe(r *http.Request, body []byte) (Call, protocol) {
	given, _ := parseAuthorization(r.Header.Get("Authorization"))
	call := Call{Key: given.key, Service: given.service, Operation: r.Method}
	if call.Service == "" {
		call.Service, _, _ = strings.Cut(r.Host, ".")
	}
	if _, operation, found := strings.Cut(r.Header.Get("X-Amz-Target"), "."); found {
		call.Operation = operation
		return call, jsonProtocol
	}
	form := r.URL.Query()
	if strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		form, _ = url.ParseQuery(string(plain(r, body)))
	}
	switch action := form.Get("Action"); {
	case call.Service == "s3":
		return call, s3Protocol
	case action != "" && call.Service == "ec2":
		call.Operation = action
		return call, ec2Protocol
	case action != "":
		call.Operation = action
		return call, queryProtocol
	}
	return call, jsonProtocol
}

// plain returns a body that a client may have compressed, as SDKs do with large PutMetricData requests.
func plain(r *http.Request, body []byte) []byte {
	if r.Header.Get("Content-Encoding") != "gzip" {
		return body
	}
	reader, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return nil
	}
	text, err := io.ReadAll(io.LimitReader(reader, maxBody))
	if err != nil {
		return nil
	}
	return text
}
