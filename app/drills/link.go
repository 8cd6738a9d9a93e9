package drills

import (
	"net"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// link is what the application reaches a server through: it plays the DNS name that moves with a failover, and the network
// that fails. What is set applies to new connections at once; connections that were open keep their server.
type link struct {
	port int

	mu          sync.Mutex
	listener    net.Listener // nil while connections are refused
	target      string
	silent      bool
	delay       time.Duration
	connections map[*connection]struct{}
}

// connection is one connection through a link. A silent one carries nothing any more, as one to a host without power.
type connection struct {
	link   *link
	client net.Conn
	server net.Conn // nil for a connection that was silent from the start
	silent bool     // guarded by link.mu
}

// newLink starts a link to a port of this machine.
func newLink(t *testing.T, port int) *link {
	t.Helper()
	l := &link{port: freePort(t), target: loopback(port), connections: map[*connection]struct{}{}}
	l.open(t)
	t.Cleanup(func() {
		l.refuse()
		l.cut()
	})
	return l
}

// open lets connections in again, after refuse and swallow.
func (l *link) open(t *testing.T) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.silent = false
	if l.listener != nil {
		return
	}
	listener, err := net.Listen("tcp", loopback(l.port))
	require.NoError(t, err)
	l.listener = listener
	go l.serve(listener)
}

// refuse refuses new connections, as a host without the server does.
func (l *link) refuse() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.listener != nil {
		_ = l.listener.Close()
		l.listener = nil
	}
}

// cut ends the open connections.
func (l *link) cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for c := range l.connections {
		c.close()
	}
}

// swallow loses everything that is sent, and never answers, as a host without power. Connections that are open now stay so
// after open.
func (l *link) swallow() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.silent = true
	for c := range l.connections {
		c.silent = true
	}
}

// slow delays everything that the server sends by a time.
func (l *link) slow(delay time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.delay = delay
}

// lead leads new connections to another port.
func (l *link) lead(port int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.target = loopback(port)
}

func (l *link) serve(listener net.Listener) {
	for {
		client, err := listener.Accept()
		if err != nil {
			return
		}
		go l.carry(client)
	}
}

func (l *link) carry(client net.Conn) {
	l.mu.Lock()
	c := &connection{link: l, client: client, silent: l.silent}
	target := l.target
	l.connections[c] = struct{}{}
	l.mu.Unlock()
	defer func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		c.close()
		delete(l.connections, c)
	}()
	if !c.isSilent() {
		server, err := net.Dial("tcp", target)
		if err != nil {
			return
		}
		l.mu.Lock()
		c.server = server
		l.mu.Unlock()
		go c.answer()
	}
	c.ask()
}

// close is called with link.mu held.
func (c *connection) close() {
	_ = c.client.Close()
	if c.server != nil {
		_ = c.server.Close()
	}
}

func (c *connection) isSilent() bool {
	c.link.mu.Lock()
	defer c.link.mu.Unlock()
	return c.silent
}

// ask carries what the client sends, until either side closes.
func (c *connection) ask() {
	buffer := make([]byte, 32<<10)
	for {
		n, err := c.client.Read(buffer)
		if err != nil {
			return
		}
		if c.isSilent() {
			continue
		}
		if _, err := c.server.Write(buffer[:n]); err != nil {
			return
		}
	}
}

type answer struct {
	content []byte
	at      time.Time
}

// answer carries what the server sends.
func (c *connection) answer() {
	answers := make(chan answer, 1000)
	go func() {
		defer close(answers)
		for {
			buffer := make([]byte, 32<<10)
			n, err := c.server.Read(buffer)
			if err != nil {
				return
			}
			answers <- answer{buffer[:n], time.Now()}
		}
	}()
	for a := range answers {
		c.waitUntilDue(a.at)
		if c.isSilent() {
			continue
		}
		if _, err := c.client.Write(a.content); err != nil {
			break
		}
	}
	if !c.isSilent() {
		_ = c.client.Close()
	}
	_ = c.server.Close()
	for range answers { // lets the reader end
	}
}

// waitUntilDue looks at the delay repeatedly, because it may change.
func (c *connection) waitUntilDue(arrived time.Time) {
	for {
		c.link.mu.Lock()
		delay := c.link.delay
		c.link.mu.Unlock()
		wait := time.Until(arrived.Add(delay))
		if wait <= 0 {
			return
		}
		time.Sleep(min(wait, 20*time.Millisecond))
	}
}
