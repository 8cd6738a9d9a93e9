//go:build linux

package database

import (
	"bufio"
	"context"
	"io"
	"net"
	"sync"
	"time"
)

// relay passes connections on. It takes them from a listener, and dials once the client has said something: a client that only
// looks whether somebody listens costs the server nothing.
type relay struct {
	listener net.Listener
	dial     func(context.Context) (net.Conn, error)
	stop     context.CancelFunc
	done     sync.WaitGroup
}

func newRelay(listener net.Listener, dial func(context.Context) (net.Conn, error)) *relay {
	ctx, stop := context.WithCancel(context.Background())
	r := &relay{listener: listener, dial: dial, stop: stop}
	r.done.Go(func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			r.done.Go(func() { r.pass(ctx, connection) })
		}
	})
	return r
}

// pass copies in both directions, until either side ends.
func (r *relay) pass(ctx context.Context, client net.Conn) {
	defer client.Close()
	defer context.AfterFunc(ctx, func() { _ = client.Close() })()
	reader := bufio.NewReader(client)
	if _, err := reader.Peek(1); err != nil {
		return
	}
	dialing, cancel := context.WithTimeout(ctx, 2*time.Second)
	server, err := r.dial(dialing)
	cancel()
	if err != nil {
		return
	}
	defer server.Close()
	defer context.AfterFunc(ctx, func() { _ = server.Close() })()
	back := make(chan struct{})
	go func() {
		defer close(back)
		_, _ = io.Copy(client, server)
		_ = client.Close()
	}()
	_, _ = io.Copy(server, reader)
	_ = server.Close()
	<-back
}

func (r *relay) close() error {
	err := r.listener.Close()
	r.stop()
	r.done.Wait()
	return err
}
