// Package reach tries every path between the machines of a network, and says which are open but should be closed and which are closed
// but should be open.
package reach

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"time"
)

const (
	// parallel is how many paths are tried at a time. Most only wait, each on a thread of its own.
	parallel = 256
	// few is how many are tried at a time again, and generous how long for.
	few      = 16
	generous = 4 * time.Second
	// longer is by how much patience grows on a machine that proves to be too busy for it.
	longer = 4
)

// Namespace is where an endpoint listens and dials, as package network has it.
type Namespace interface {
	Listen(network, address string) (net.Listener, error)
	DialContext(ctx context.Context, network, address string) (net.Conn, error)
}

// Endpoint is a machine of the network.
type Endpoint struct {
	Name      string // app-a
	Party     string // app: what it has in common with others
	Address   netip.Addr
	Namespace Namespace
	// Outside says that it is on the internet. Paths between two of those are not tried.
	Outside bool
}

// is reports whether an end of a path means this endpoint.
func (e Endpoint) is(end string) bool {
	return end == e.Name || end == e.Party || end == Internet && e.Outside
}

// Drill tries paths over TCP.
type Drill struct {
	Endpoints []Endpoint
	// Ports are those on which each endpoint is tried. Where nothing listens, the drill does.
	Ports []int
	// Allowed are the paths that should be open. All others should be closed.
	Allowed []Path
	// Patience is how long to wait for an answer before a path counts as closed.
	Patience time.Duration
}

// Report is what a drill has found.
type Report struct {
	Tried, Open int
	// Late are the paths that should be open and were at the second attempt alone.
	Late     int
	Findings []Finding
}

// Finding is a path that is not as it should be.
type Finding struct {
	From, To string // names of endpoints
	Port     int
	Open     bool // and should be closed
}

func (f Finding) String() string {
	if f.Open {
		return fmt.Sprintf("%s to %s, port %d: open, should be closed", f.From, f.To, f.Port)
	}
	return fmt.Sprintf("%s to %s, port %d: closed, should be open", f.From, f.To, f.Port)
}

// Run tries every path. It returns an error where it cannot tell whether a path is open.
func (d Drill) Run(ctx context.Context) (report *Report, err error) {
	if err := d.validate(); err != nil {
		return nil, fmt.Errorf("trying paths: %w", err)
	}
	listeners, err := d.listen()
	defer func() {
		for _, listener := range listeners {
			err = errors.Join(err, listener.Close())
		}
	}()
	if err != nil {
		return nil, fmt.Errorf("trying paths: %w", err)
	}
	if report, err = d.probe(ctx); err != nil {
		return nil, fmt.Errorf("trying paths: %w", err)
	}
	return report, nil
}

// validate refuses a table that means nobody: a path with a wrong name would seem closed as it should.
func (d Drill) validate() error {
	var errs []error
	for _, path := range d.Allowed {
		for _, end := range []string{path.From, path.To} {
			if !slices.ContainsFunc(d.Endpoints, func(e Endpoint) bool { return e.is(end) }) {
				errs = append(errs, fmt.Errorf("path %v: no endpoint is %q", path, end))
			}
		}
		if !slices.Contains(d.Ports, path.Port) {
			errs = append(errs, fmt.Errorf("path %v: the port is not tried", path))
		}
	}
	if d.Patience <= 0 {
		errs = append(errs, errors.New("patience must be positive"))
	}
	return errors.Join(errs...)
}

// listen puts a listener on each port of each endpoint that has none: without it, a path might be closed for that reason alone.
func (d Drill) listen() ([]net.Listener, error) {
	var listeners []net.Listener
	for _, endpoint := range d.Endpoints {
		for _, port := range d.Ports {
			listener, err := endpoint.Namespace.Listen("tcp", join(endpoint.Address, port))
			if errors.Is(err, syscall.EADDRINUSE) {
				continue
			}
			if err != nil {
				return listeners, err
			}
			listeners = append(listeners, listener)
			go accept(listener)
		}
	}
	return listeners, nil
}

// accept ends connections, until the listener is closed.
func accept(listener net.Listener) {
	for {
		connection, err := listener.Accept()
		if err != nil {
			return
		}
		connection.Close()
	}
}

func join(address netip.Addr, port int) string {
	return net.JoinHostPort(address.String(), strconv.Itoa(port))
}

// try is a path to try, and what came of it.
type try struct {
	from, to Endpoint
	port     int
	allowed  bool
	open     bool
	err      error
}

// probe tries all paths. Those that should be open and are not are tried again, for longer. If that helps, this machine is busy, and
// so all those are tried again for longer that are closed as they should be.
func (d Drill) probe(ctx context.Context) (*Report, error) {
	tries := d.tries()
	runAll(ctx, tries, d.Patience, parallel)
	missing := selected(tries, func(t *try) bool { return t.allowed && !t.open })
	runAll(ctx, missing, max(generous, longer*d.Patience), few)
	report := &Report{Tried: len(tries), Late: len(selected(missing, func(t *try) bool { return t.open }))}
	if report.Late > 0 {
		runAll(ctx, selected(tries, func(t *try) bool { return !t.allowed && !t.open }), longer*d.Patience, parallel)
	}
	var errs []error
	for _, try := range tries {
		errs = append(errs, try.err)
		if try.open {
			report.Open++
		}
		if try.open != try.allowed {
			report.Findings = append(report.Findings, Finding{try.from.Name, try.to.Name, try.port, try.open})
		}
	}
	return report, errors.Join(append(errs, ctx.Err())...)
}

func selected(tries []*try, is func(*try) bool) []*try {
	var found []*try
	for _, each := range tries {
		if is(each) {
			found = append(found, each)
		}
	}
	return found
}

// runAll tries paths, some at a time. What has failed is not tried again.
func runAll(ctx context.Context, tries []*try, patience time.Duration, parallel int) {
	var group sync.WaitGroup
	slots := make(chan struct{}, parallel)
	for _, each := range tries {
		slots <- struct{}{}
		group.Go(func() {
			defer func() { <-slots }()
			if each.err == nil && ctx.Err() == nil {
				each.open, each.err = each.dial(ctx, patience)
			}
		})
	}
	group.Wait()
}

func (d Drill) tries() []*try {
	var tries []*try
	for _, from := range d.Endpoints {
		for _, to := range d.Endpoints {
			if from.Name == to.Name || from.Outside && to.Outside {
				continue
			}
			for _, port := range d.Ports {
				allowed := slices.ContainsFunc(d.Allowed, func(p Path) bool {
					return from.is(p.From) && to.is(p.To) && p.Port == port
				})
				tries = append(tries, &try{from: from, to: to, port: port, allowed: allowed})
			}
		}
	}
	return tries
}

// dial reports whether the path is open. A path is closed where nothing answers, as packets are dropped in a VPC. A refusal comes
// from the machine itself: it says nothing of the path, but that the listener is gone.
func (t *try) dial(ctx context.Context, patience time.Duration) (bool, error) {
	attempt, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	connection, err := t.from.Namespace.DialContext(attempt, "tcp", join(t.to.Address, t.port))
	if err == nil {
		connection.Close()
		return true, nil
	}
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() || errors.Is(err, context.DeadlineExceeded) || ctx.Err() != nil {
		return false, nil
	}
	return false, fmt.Errorf("%s to %s, port %d: %w", t.from.Name, t.to.Name, t.port, err)
}
