//go:build lab && linux

package database

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"ha-web/lab/host"
	"ha-web/lab/network"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	zoneA, zoneB = "zone-a", "zone-b"
	endpointName = "shop.c0ffee.us-east-1.rds.amazonaws.com"
	proxyName    = "shop.proxy-c0ffee.us-east-1.rds.amazonaws.com"
	user, name   = "web", "shop"
	// promoteAfter is AWS's 60 seconds, shortened.
	promoteAfter = 4 * time.Second
)

// stage is a cluster with a client outside of all zones, and what the client knows.
type stage struct {
	network *network.Network
	cluster *Cluster
	client  *network.Namespace
	near    map[string]*network.Namespace // a client in each zone
	roots   string                        // file with the root certificate
	signer  *authority

	mu        sync.Mutex
	password  string
	addresses map[string][]netip.Addr
}

func newStage(t *testing.T) *stage {
	t.Helper()
	needHosts(t)
	ctx := t.Context()
	require.NoError(t, errors.Join(host.Sweep(ctx), Sweep()))
	net, err := network.New(ctx, "database-test", []string{zoneA, zoneB})
	require.NoError(t, err)
	s := &stage{network: net, signer: newAuthority(t), password: "first", addresses: map[string][]netip.Addr{}}
	t.Cleanup(func() { assert.NoError(t, net.Close()) })
	s.client, err = net.Attach(ctx, "client", netip.MustParseAddr("203.0.113.1"), "")
	require.NoError(t, err)
	s.near = map[string]*network.Namespace{}
	for i, zone := range []string{zoneA, zoneB} {
		s.near[zone], err = net.Attach(ctx, "near-"+zone, netip.AddrFrom4([4]byte{10, 0, byte(11 + i), 11}), zone)
		require.NoError(t, err)
	}
	s.roots = filepath.Join(t.TempDir(), "roots.pem")
	require.NoError(t, os.WriteFile(s.roots, s.signer.root, 0o644))
	begun := time.Now()
	s.cluster, err = Start(ctx, Options{
		Network: net, Root: testRoot(t), Zones: [2]string{zoneA, zoneB},
		Addresses:    [2]netip.Addr{netip.MustParseAddr("10.0.21.10"), netip.MustParseAddr("10.0.22.10")},
		EndpointName: endpointName, Identity: s.signer.sign(t, endpointName, "*.us-east-1.rds.amazonaws.com"),
		Resolve: s.resolve, User: user, Password: s.password, Name: name,
		PromoteAfter: promoteAfter, AloneAfter: 3 * time.Second, Say: said(t),
	})
	require.NoError(t, err)
	t.Cleanup(func() {
		if t.Failed() {
			for _, m := range s.cluster.members {
				t.Logf("%s\n%s", m.zone, m.lastLines())
			}
		}
		assert.NoError(t, s.cluster.Close())
	})
	t.Logf("cluster up in %.1f s", time.Since(begun).Seconds())
	return s
}

func (s *stage) startPooler(t *testing.T, endpointName string, sharing Sharing, last byte, borrow time.Duration) *Pooler {
	t.Helper()
	begun := time.Now()
	p, err := StartPooler(t.Context(), PoolerOptions{
		Cluster: s.cluster, EndpointName: endpointName, Identity: s.signer.sign(t, endpointName), Roots: s.signer.root,
		Nodes: []PoolerNode{
			{Zone: zoneA, Address: netip.AddrFrom4([4]byte{10, 0, 11, last})},
			{Zone: zoneB, Address: netip.AddrFrom4([4]byte{10, 0, 12, last})},
		},
		Resolve: s.resolve, User: user, Password: s.password, Sharing: sharing, Borrow: borrow, Say: said(t),
	})
	require.NoError(t, err)
	t.Cleanup(func() {
		if t.Failed() {
			for _, n := range p.nodes {
				t.Logf("%s\n%s", n.place.Zone, n.log())
			}
		}
		assert.NoError(t, p.Close())
	})
	t.Logf("pooler up in %.1f s", time.Since(begun).Seconds())
	return p
}

// said prints what happens, with the time since the test began.
func said(t *testing.T) func(string) {
	begun := time.Now()
	return func(what string) { fmt.Fprintf(os.Stderr, "    %6.1f s  %s\n", time.Since(begun).Seconds(), what) }
}

func (s *stage) resolve(name string, addresses ...netip.Addr) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.addresses[name] = addresses
}

// conninfo is libpq's, for the address that a name leads to at the moment.
func (s *stage) conninfo(name string, further ...string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return fmt.Sprintf("host=%s hostaddr=%s dbname=%s user=%s password=%s connect_timeout=10 sslmode=verify-full sslrootcert=%s %s",
		name, s.addresses[name][0], "shop", user, s.password, s.roots, strings.Join(further, " "))
}

// try runs a statement as the application, in a session of its own.
func (s *stage) try(ctx context.Context, conninfo, sql string) (string, error) {
	return s.tryFrom(ctx, s.client, conninfo, sql)
}

func (s *stage) tryFrom(ctx context.Context, client *network.Namespace, conninfo, sql string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	command := client.Command(ctx, "psql", "--no-psqlrc", "-v", "ON_ERROR_STOP=1", "-qAt", "-c", sql, conninfo)
	command.WaitDelay = time.Second
	var answer, message bytes.Buffer
	command.Stdout, command.Stderr = &answer, &message
	if err := command.Run(); err != nil {
		return "", fmt.Errorf("%w: %s", err, bytes.TrimSpace(message.Bytes()))
	}
	return strings.TrimSpace(answer.String()), nil
}

func (s *stage) execute(t *testing.T, sql string) [][]string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	rows, err := s.cluster.Query(ctx, sql)
	require.NoError(t, err, sql)
	return rows
}

func (s *stage) awaitRedundant(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 40*time.Second)
	defer cancel()
	require.NoError(t, s.cluster.Redundant(ctx))
}

// writer inserts one row after the other, each in a session of its own, and notes those that were acknowledged.
type writer struct {
	stage  *stage
	client string
	stop   context.CancelFunc
	done   chan struct{}
	mu     sync.Mutex
	acked  []string
	times  []time.Time
	failed []time.Time
	last   error
}

func (s *stage) write(t *testing.T, name string) *writer {
	t.Helper()
	return s.writeFrom(t, s.client, name)
}

func (s *stage) writeFrom(t *testing.T, client *network.Namespace, name string) *writer {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	w := &writer{stage: s, client: client.Name, stop: stop, done: make(chan struct{})}
	go func() {
		defer close(w.done)
		for i := 0; ctx.Err() == nil; i++ {
			key := fmt.Sprintf("%s-%s-%d", t.Name(), client.Name, i)
			_, err := s.tryFrom(ctx, client, s.conninfo(name, "connect_timeout=2"), "INSERT INTO orders VALUES ("+literal(key)+")")
			w.mu.Lock()
			if err == nil {
				w.acked, w.times = append(w.acked, key), append(w.times, time.Now())
			} else if ctx.Err() == nil {
				w.failed, w.last = append(w.failed, time.Now()), err
			}
			w.mu.Unlock()
			time.Sleep(20 * time.Millisecond)
		}
	}()
	t.Cleanup(w.end)
	require.Eventually(t, func() bool { return w.count() > 5 }, 20*time.Second, 20*time.Millisecond, "no row was written")
	return w
}

func (w *writer) count() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.acked)
}

func (w *writer) end() {
	w.stop()
	<-w.done
}

// resumes waits until a row has been written after a moment, and returns how long after.
func (w *writer) resumes(t *testing.T, after time.Time) time.Duration {
	t.Helper()
	var found time.Time
	require.Eventually(t, func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		for _, moment := range w.times {
			if moment.After(after) {
				found = moment
				return true
			}
		}
		return false
	}, 60*time.Second, 20*time.Millisecond, "writes do not resume")
	return found.Sub(after)
}

// allStored ends the writer, and fails unless every acknowledged row is there.
func (w *writer) allStored(t *testing.T) {
	t.Helper()
	w.end()
	stored := map[string]bool{}
	for _, row := range w.stage.execute(t, "SELECT key FROM orders") {
		stored[row[0]] = true
	}
	var lost []string
	for _, key := range w.acked {
		if !stored[key] {
			lost = append(lost, key)
		}
	}
	assert.Empty(t, lost, "acknowledged, and lost")
	t.Logf("%s: %d rows acknowledged, %d failed, %d lost; last failure: %v", w.client, len(w.acked), len(w.failed), len(lost), w.last)
}

// terminal is psql with one session that stays.
type terminal struct {
	command *exec.Cmd
	input   io.WriteCloser
	mu      sync.Mutex
	output  bytes.Buffer
}

func (s *stage) open(t *testing.T, conninfo string) *terminal {
	t.Helper()
	c := &terminal{command: s.client.Command(t.Context(), "psql", "--no-psqlrc", "-qAt", conninfo)}
	var err error
	c.input, err = c.command.StdinPipe()
	require.NoError(t, err)
	c.command.Stdout, c.command.Stderr = c, c
	require.NoError(t, c.command.Start())
	t.Cleanup(func() {
		_ = c.input.Close()
		_ = c.command.Wait()
	})
	return c
}

func (c *terminal) Write(text []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.output.Write(text)
}

func (c *terminal) ask(t *testing.T, sql string) {
	t.Helper()
	_, err := io.WriteString(c.input, sql+";\n")
	require.NoError(t, err)
}

func (c *terminal) printed() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.output.String()
}

func (c *terminal) prints(t *testing.T, text string, within time.Duration) {
	t.Helper()
	require.Eventually(t, func() bool { return strings.Contains(c.printed(), text) }, within, 20*time.Millisecond,
		"%q not printed", text)
}

// authority signs certificates.
type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	root        []byte
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "root"}, NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	parsed, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	return &authority{certificate: parsed, key: key, root: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})}
}

func (a *authority) sign(t *testing.T, names ...string) Identity {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(2), DNSNames: slices.Clone(names), NotAfter: time.Now().Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, key.Public(), a.key)
	require.NoError(t, err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	return Identity{
		Certificate: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		Key:         pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}),
	}
}

// needHosts ends the test where something is missing: skipped, or failed with LAB_REQUIRED set.
func needHosts(t *testing.T) {
	t.Helper()
	err := host.Check()
	if _, missing := exec.LookPath("psql"); missing != nil {
		err = errors.Join(err, fmt.Errorf("apt-get install postgresql-client: %w", missing))
	}
	switch {
	case err != nil && os.Getenv("LAB_REQUIRED") != "":
		t.Fatal(err)
	case err != nil:
		t.Skip(err)
	}
}

func testRoot(t *testing.T) string {
	t.Helper()
	root, err := host.Root(t.Context(), said(t))
	require.NoError(t, err)
	return root
}
