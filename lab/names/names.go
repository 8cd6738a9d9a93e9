// Package names is the DNS server of a VPC: it resolves names of load balancers, databases and AWS APIs to addresses that may change
// at any time, and knows no others.
package names

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/miekg/dns"
)

// patience bounds Close, which waits for queries in progress.
const patience = 5 * time.Second

// Server answers queries for A records.
type Server struct {
	ttl     uint32
	servers []*server
	once    sync.Once
	failed  error // of Close

	mu      sync.Mutex
	records map[string][]netip.Addr
	turns   map[string]int // how often a name was answered
}

// server answers over UDP or TCP.
type server struct {
	dns.Server
	ended chan error
}

// start returns as soon as the server can be shut down, or has failed.
func (s *server) start() {
	started := make(chan struct{})
	s.NotifyStartedFunc = func() { close(started) }
	s.ended = make(chan error, 1)
	failed := make(chan struct{})
	go func() {
		s.ended <- s.ActivateAndServe()
		close(failed)
	}()
	select {
	case <-started:
	case <-failed:
	}
}

func (s *server) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return errors.Join(s.ShutdownContext(ctx), <-s.ended)
}

// Serve answers queries that come over UDP and, unless streams is nil, over TCP. Answers may be cached for ttl, of which only whole
// seconds count. Close closes both.
func Serve(packets net.PacketConn, streams net.Listener, ttl time.Duration) *Server {
	s := &Server{ttl: uint32(ttl / time.Second), records: map[string][]netip.Addr{}, turns: map[string]int{}}
	s.servers = append(s.servers, &server{Server: dns.Server{PacketConn: packets, Handler: s}})
	if streams != nil {
		s.servers = append(s.servers, &server{Server: dns.Server{Listener: streams, Handler: s}})
	}
	for _, server := range s.servers {
		server.start()
	}
	return s
}

// Set makes a name resolve to these IPv4 addresses. Each answer has all of them, in an order that rotates. A name such as
// *.us-east-1.amazonaws.com stands for all names below it that are not set themselves. A name without addresses is known, but has no
// records.
func (s *Server) Set(name string, addresses ...netip.Addr) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.records[dns.CanonicalName(name)] = slices.Clone(addresses)
}

// Remove makes a name unknown.
func (s *Server) Remove(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.records, dns.CanonicalName(name))
}

// lookup returns the addresses of a name, in the order of this turn, and whether there is such a name.
func (s *Server) lookup(name string) ([]netip.Addr, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	name = dns.CanonicalName(name)
	addresses, known := s.records[name]
	for rest := name; !known && rest != ""; {
		_, rest, _ = strings.Cut(rest, ".")
		addresses, known = s.records["*."+rest]
	}
	if len(addresses) == 0 {
		return nil, known
	}
	turn := s.turns[name] % len(addresses)
	s.turns[name]++
	return slices.Concat(addresses[turn:], addresses[:turn]), true
}

// ServeDNS answers one query.
func (s *Server) ServeDNS(writer dns.ResponseWriter, query *dns.Msg) {
	answer := new(dns.Msg).SetReply(query)
	answer.RecursionAvailable = true // what asks takes it for a resolver
	size := dns.MinMsgSize
	if options := query.IsEdns0(); options != nil {
		size = max(size, int(options.UDPSize()))
		answer.SetEdns0(dns.DefaultMsgSize, false)
	}
	switch {
	case query.Opcode != dns.OpcodeQuery:
		answer.Rcode = dns.RcodeNotImplemented
	case len(query.Question) != 1:
		answer.Rcode = dns.RcodeFormatError
	default:
		s.answer(answer, query.Question[0])
	}
	if writer.LocalAddr().Network() == "tcp" {
		size = dns.MaxMsgSize
	}
	answer.Truncate(size)
	writer.WriteMsg(answer) // a client that does not get it asks again
}

func (s *Server) answer(answer *dns.Msg, question dns.Question) {
	if question.Qclass != dns.ClassINET {
		answer.Rcode = dns.RcodeRefused
		return
	}
	addresses, known := s.lookup(question.Name)
	if !known {
		answer.Rcode = dns.RcodeNameError
		return
	}
	if question.Qtype != dns.TypeA {
		return // there is the name, but no such record
	}
	for _, address := range addresses {
		header := dns.RR_Header{Name: question.Name, Rrtype: dns.TypeA, Class: dns.ClassINET, Ttl: s.ttl}
		answer.Answer = append(answer.Answer, &dns.A{Hdr: header, A: address.AsSlice()})
	}
}

// Close stops answering.
func (s *Server) Close() error {
	s.once.Do(func() {
		var errs []error
		for _, server := range s.servers {
			errs = append(errs, server.close())
		}
		if err := errors.Join(errs...); err != nil {
			s.failed = fmt.Errorf("closing the DNS server: %w", err)
		}
	})
	return s.failed
}
