//go:build lab && linux

package php_test

import (
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/stretchr/testify/require"
)

const region = "us-east-1"

// identity is the role of the instance.
var identity = aws.Credentials{AccessKeyID: "ASIAEXAMPLE", SecretAccessKey: "secret of the role", SessionToken: "token of the role"}

// cloud is as much of AWS as an instance asks for its database: the metadata service, Parameter Store and Secrets Manager.
type cloud struct {
	domain string // of the services' names, which the metadata service tells

	mu         sync.Mutex
	host       string
	port       int
	password   string
	refuses    bool // closes connections to services
	silent     bool // answers nothing there
	lookups    int
	complaints []string
}

// newCloud returns what answers to these two listeners.
func newCloud(t *testing.T, certificate tls.Certificate, metadata, services net.Listener) *cloud {
	t.Helper()
	_, port, err := net.SplitHostPort(services.Addr().String())
	require.NoError(t, err)
	c := &cloud{domain: "localhost:" + port} // names below localhost are this machine's (RFC 6761)
	for listener, handler := range map[net.Listener]http.HandlerFunc{
		metadata: c.describe,
		tls.NewListener(services, &tls.Config{Certificates: []tls.Certificate{certificate}}): c.serve,
	} {
		server := &http.Server{Handler: handler, ErrorLog: log.New(io.Discard, "", 0)}
		go func() { _ = server.Serve(listener) }()
		t.Cleanup(func() { _ = server.Close() })
	}
	t.Cleanup(func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		for _, complaint := range c.complaints {
			t.Error(complaint)
		}
	})
	return c
}

func (c *cloud) set(change func(c *cloud)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change(c)
}

func (c *cloud) asked() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.lookups
}

// describe is the metadata service, version 2: without a token it answers nothing.
func (c *cloud) describe(w http.ResponseWriter, r *http.Request) {
	path := strings.TrimPrefix(r.URL.Path, "/latest")
	switch {
	case path == "/api/token" && r.Method == http.MethodPut:
		fmt.Fprint(w, "token")
	case r.Header.Get("X-Aws-Ec2-Metadata-Token") != "token":
		w.WriteHeader(http.StatusUnauthorized)
	case path == "/meta-data/iam/security-credentials/":
		fmt.Fprint(w, "web")
	case path == "/meta-data/iam/security-credentials/web":
		_ = json.NewEncoder(w).Encode(map[string]string{
			"AccessKeyId": identity.AccessKeyID, "SecretAccessKey": identity.SecretAccessKey, "Token": identity.SessionToken,
		})
	case path == "/meta-data/services/domain":
		fmt.Fprint(w, c.domain)
	default:
		w.WriteHeader(http.StatusNotFound)
	}
}

// serve is the services, which differ by the name they are called by.
func (c *cloud) serve(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	refuses, silent := c.refuses, c.silent
	c.mu.Unlock()
	if r.Header.Get("X-Amz-Target") == "AmazonSSM.GetParameters" { // with which each begins
		c.set(func(c *cloud) { c.lookups++ })
	}
	body, _ := io.ReadAll(r.Body)
	if silent {
		<-r.Context().Done() // until the client goes
	}
	if refuses || silent {
		panic(http.ErrAbortHandler)
	}
	if fault := checkSignature(r, body); fault != "" {
		c.set(func(c *cloud) { c.complaints = append(c.complaints, fault) })
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprint(w, `{"__type": "SignatureDoesNotMatch"}`)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch r.Header.Get("X-Amz-Target") {
	case "AmazonSSM.GetParameters":
		type parameter struct{ Name, Value string }
		_ = json.NewEncoder(w).Encode(map[string]any{"InvalidParameters": []string{}, "Parameters": []parameter{
			{"/web/test/database/endpoint", c.host}, {"/web/test/database/port", fmt.Sprint(c.port)},
			{"/web/test/database/name", databaseName}, {"/web/test/database/secret-arn", "arn:secret"},
		}})
	case "secretsmanager.GetSecretValue":
		secret, _ := json.Marshal(map[string]string{"username": databaseUser, "password": c.password})
		_ = json.NewEncoder(w).Encode(map[string]string{"SecretString": string(secret)})
	}
}

// checkSignature signs a request as the SDK does, and says what differs.
func checkSignature(r *http.Request, body []byte) string {
	at, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
	if err != nil {
		return err.Error()
	}
	again, err := http.NewRequest(r.Method, "https://"+r.Host+r.URL.Path, bytes.NewReader(body))
	if err != nil {
		return err.Error()
	}
	again.ContentLength = -1 // which is not signed
	for _, name := range []string{"Content-Type", "X-Amz-Target"} {
		again.Header.Set(name, r.Header.Get(name))
	}
	digest := sha256.Sum256(body)
	service, _, _ := strings.Cut(r.Host, ".")
	if err := v4.NewSigner().SignHTTP(r.Context(), identity, again, hex.EncodeToString(digest[:]), service, region, at); err != nil {
		return err.Error()
	}
	if got, want := r.Header.Get("Authorization"), again.Header.Get("Authorization"); got != want {
		return fmt.Sprintf("signed %q, and the SDK would %q", got, want)
	}
	return ""
}
