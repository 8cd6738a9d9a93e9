package endpoint

import (
	"net"
	"sync"
)

// Mode is how an endpoint behaves.
type Mode int

const (
	Serving  Mode = iota
	Silent        // takes connections and says nothing, on old ones and on new ones
	Refusing      // resets old connections and new ones
)

// gate holds up or resets connections, as the mode says. What waits when the endpoint serves again goes on.
type gate struct {
	mutex   sync.Mutex
	mode    Mode
	changed chan struct{} // closed when the mode changes
	conns   map[*gateConn]bool
}

func newGate() *gate {
	return &gate{changed: make(chan struct{}), conns: map[*gateConn]bool{}}
}

func (g *gate) set(mode Mode) {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	g.mode = mode
	close(g.changed)
	g.changed = make(chan struct{})
	if mode != Refusing {
		return
	}
	for conn := range g.conns {
		reset(conn.Conn)
	}
}

func (g *gate) listener(on net.Listener) net.Listener { return gateListener{on, g} }

type gateListener struct {
	net.Listener
	gate *gate
}

func (l gateListener) Accept() (net.Conn, error) {
	for {
		accepted, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		conn := &gateConn{Conn: accepted, gate: l.gate, closed: make(chan struct{})}
		if l.gate.admit(conn) {
			return conn, nil
		}
	}
}

func (g *gate) admit(conn *gateConn) bool {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	if g.mode == Refusing {
		reset(conn.Conn)
		return false
	}
	g.conns[conn] = true
	return true
}

// reset closes a connection so that its other end gets an error at once.
func reset(conn net.Conn) {
	if tcp, ok := conn.(*net.TCPConn); ok {
		tcp.SetLinger(0)
	}
	conn.Close()
}

type gateConn struct {
	net.Conn
	gate   *gate
	once   sync.Once
	closed chan struct{}
}

func (c *gateConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.wait()
	return n, err
}

func (c *gateConn) Write(p []byte) (int, error) {
	c.wait()
	return c.Conn.Write(p)
}

func (c *gateConn) Close() error {
	c.once.Do(func() {
		close(c.closed)
		c.gate.mutex.Lock()
		delete(c.gate.conns, c)
		c.gate.mutex.Unlock()
	})
	return c.Conn.Close()
}

// wait returns when the endpoint is not silent, or the connection is closed.
func (c *gateConn) wait() {
	for {
		c.gate.mutex.Lock()
		mode, changed := c.gate.mode, c.gate.changed
		c.gate.mutex.Unlock()
		if mode != Silent {
			return
		}
		select {
		case <-changed:
		case <-c.closed:
			return
		}
	}
}
