package names

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/miekg/dns"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const balancer = "alb.us-east-1.elb.amazonaws.com"

var first, second = netip.MustParseAddr("10.0.1.10"), netip.MustParseAddr("10.0.2.10")

// serve starts a server on a port of both protocols and returns its address.
func serve(t *testing.T, ttl time.Duration) (*Server, string) {
	t.Helper()
	streams, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := streams.Addr().String()
	packets, err := net.ListenPacket("udp", address)
	require.NoError(t, err)
	server := Serve(packets, streams, ttl)
	t.Cleanup(func() { assert.NoError(t, server.Close()) })
	return server, address
}

// ask sends one query and returns the answer.
func ask(t *testing.T, address, protocol, name string, kind uint16) *dns.Msg {
	t.Helper()
	client := dns.Client{Net: protocol, Timeout: 5 * time.Second}
	answer, _, err := client.ExchangeContext(t.Context(), new(dns.Msg).SetQuestion(dns.Fqdn(name), kind), address)
	require.NoError(t, err)
	return answer
}

// addresses returns those of an answer, in its order.
func addresses(answer *dns.Msg) []string {
	var found []string
	for _, record := range answer.Answer {
		found = append(found, record.(*dns.A).A.String())
	}
	return found
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	server, address := serve(t, 5*time.Second)
	server.Set(balancer, first, second)
	for _, protocol := range []string{"udp", "tcp"} {
		answer := ask(t, address, protocol, "ALB.us-east-1.elb.amazonaws.com", dns.TypeA)
		assert.Equal(t, dns.RcodeSuccess, answer.Rcode)
		assert.True(t, answer.RecursionAvailable)
		require.Len(t, answer.Answer, 2)
		header := answer.Answer[0].Header()
		assert.EqualValues(t, 5, header.Ttl)
		assert.Equal(t, "ALB.us-east-1.elb.amazonaws.com.", header.Name, "as it was asked")
		assert.ElementsMatch(t, []string{"10.0.1.10", "10.0.2.10"}, addresses(answer))

		answer = ask(t, address, protocol, balancer, dns.TypeAAAA)
		assert.Equal(t, dns.RcodeSuccess, answer.Rcode, "the name is known")
		assert.Empty(t, answer.Answer)
		assert.Equal(t, dns.RcodeNameError, ask(t, address, protocol, "elb.amazonaws.com", dns.TypeA).Rcode)
	}
	server.Set(balancer, second)
	assert.Equal(t, []string{"10.0.2.10"}, addresses(ask(t, address, "udp", balancer, dns.TypeA)))
	server.Set(balancer)
	answer := ask(t, address, "udp", balancer, dns.TypeA)
	assert.Equal(t, dns.RcodeSuccess, answer.Rcode)
	assert.Empty(t, answer.Answer)
	server.Remove(balancer)
	assert.Equal(t, dns.RcodeNameError, ask(t, address, "udp", balancer, dns.TypeA).Rcode)
}

func TestOrderRotates(t *testing.T) {
	t.Parallel()
	server, address := serve(t, 0)
	third := netip.MustParseAddr("10.0.3.10")
	server.Set(balancer, first, second, third)
	var leaders []string
	for range 6 {
		leaders = append(leaders, addresses(ask(t, address, "udp", balancer, dns.TypeA))[0])
	}
	want := []string{"10.0.1.10", "10.0.2.10", "10.0.3.10"}
	assert.Equal(t, slices.Concat(want, want), leaders)
}

func TestWildcards(t *testing.T) {
	t.Parallel()
	server, address := serve(t, 0)
	server.Set("*.us-east-1.amazonaws.com", first)
	server.Set("ssm.us-east-1.amazonaws.com", second)
	for name, want := range map[string][]string{
		"sts.us-east-1.amazonaws.com":         {"10.0.1.10"},
		"api.ecr.us-east-1.amazonaws.com":     {"10.0.1.10"},
		"ssm.us-east-1.amazonaws.com":         {"10.0.2.10"},
		"us-east-1.amazonaws.com":             nil,
		"sts.us-west-2.amazonaws.com":         nil,
		"sts.us-east-1.amazonaws.com.example": nil,
	} {
		answer := ask(t, address, "udp", name, dns.TypeA)
		assert.Equal(t, want, addresses(answer), name)
		assert.Equal(t, want == nil, answer.Rcode == dns.RcodeNameError, name)
	}
	server.Remove("ssm.us-east-1.amazonaws.com")
	assert.Equal(t, []string{"10.0.1.10"}, addresses(ask(t, address, "udp", "ssm.us-east-1.amazonaws.com", dns.TypeA)))
}

// Programs ask by the resolver of their language.
func TestResolverOfGo(t *testing.T) {
	t.Parallel()
	server, address := serve(t, time.Second)
	server.Set(balancer, first, second)
	for _, protocol := range []string{"udp", "tcp"} {
		resolver := net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, protocol, address)
		}}
		found, err := resolver.LookupHost(t.Context(), balancer)
		require.NoError(t, err)
		assert.ElementsMatch(t, []string{"10.0.1.10", "10.0.2.10"}, found)
		_, err = resolver.LookupHost(t.Context(), "nobody.example.")
		var fault *net.DNSError
		require.ErrorAs(t, err, &fault)
		assert.True(t, fault.IsNotFound)
	}
}

// An answer that is too long for a packet is asked for again over TCP.
func TestLongAnswers(t *testing.T) {
	t.Parallel()
	server, address := serve(t, 0)
	var many []netip.Addr
	for i := range 100 {
		many = append(many, netip.AddrFrom4([4]byte{10, 0, 11, byte(i)}))
	}
	server.Set(balancer, many...)
	assert.True(t, ask(t, address, "udp", balancer, dns.TypeA).Truncated)
	assert.Len(t, ask(t, address, "tcp", balancer, dns.TypeA).Answer, 100)
	query := new(dns.Msg).SetQuestion(dns.Fqdn(balancer), dns.TypeA).SetEdns0(4096, false)
	answer, _, err := new(dns.Client).ExchangeContext(t.Context(), query, address)
	require.NoError(t, err)
	assert.Len(t, answer.Answer, 100)
	assert.NotNil(t, answer.IsEdns0())
}

func TestNamesMoveUnderLoad(t *testing.T) {
	t.Parallel()
	server, address := serve(t, 0)
	server.Set(balancer, first)
	var group sync.WaitGroup
	for worker := range 4 {
		group.Go(func() {
			for i := range 50 {
				server.Set(balancer, first, second)
				server.Set(fmt.Sprintf("db-%d-%d.example", worker, i), second)
				assert.NotEmpty(t, ask(t, address, "udp", balancer, dns.TypeA).Answer)
				server.Remove(fmt.Sprintf("db-%d-%d.example", worker, i))
			}
		})
	}
	group.Wait()
}

func TestClose(t *testing.T) {
	t.Parallel()
	packets, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	server := Serve(packets, nil, time.Second)
	require.NoError(t, server.Close())
	require.NoError(t, server.Close(), "twice is once")
	_, err = net.ListenPacket("udp", packets.LocalAddr().String())
	require.NoError(t, err, "the port is free")

	require.Error(t, Serve(packets, nil, time.Second).Close(), "a closed socket cannot serve")
}
