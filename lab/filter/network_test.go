//go:build lab && linux

package filter_test

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"ha-web/lab/filter"
	"ha-web/lab/names"
	"ha-web/lab/network"
	"ha-web/lab/reach"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// patience is how long these tests wait for an answer that must not come.
const patience = 400 * time.Millisecond

var count atomic.Int32

// lab is a network with machines of the production stack.
type lab struct {
	*network.Network
	ctx      context.Context
	machines map[string]*network.Namespace
}

func build(t *testing.T, addresses map[string]string) *lab {
	t.Helper()
	if os.Geteuid() != 0 {
		if os.Getenv("CI") != "" {
			t.Fatal("network namespaces need root")
		}
		t.Skip("network namespaces need root")
	}
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	vpc, err := network.New(ctx, fmt.Sprintf("f%d-%d", os.Getpid(), count.Add(1)), []string{"a"})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, vpc.Close()) })
	l := &lab{vpc, ctx, map[string]*network.Namespace{}}
	for name, address := range addresses {
		l.machines[name], err = vpc.Attach(ctx, name, netip.MustParseAddr(address), "")
		require.NoError(t, err)
	}
	return l
}

func rules(t *testing.T, links ...[]netip.Addr) *filter.Rules {
	t.Helper()
	plan, err := os.ReadFile(filepath.Join("../../tests/testdata", "prod.golden.json"))
	require.NoError(t, err)
	rules, err := filter.Read(plan, filter.Options{Links: links, PrefixLists: map[string][]netip.Prefix{
		"com.amazonaws.global.cloudfront.origin-facing": {netip.MustParsePrefix("203.0.113.0/24")},
	}})
	require.NoError(t, err)
	return rules
}

// drill tries the paths between the machines.
func (l *lab) drill(t *testing.T, ports []int, allowed ...reach.Path) {
	t.Helper()
	d := reach.Drill{Ports: ports, Allowed: allowed, Patience: patience}
	for name, machine := range l.machines {
		d.Endpoints = append(d.Endpoints, reach.Endpoint{Name: name, Address: machine.Address, Namespace: machine})
	}
	report, err := d.Run(l.ctx)
	require.NoError(t, err)
	assert.Empty(t, report.Findings)
}

// The network ACLs of production alone, with machines that have no security groups. The table is what their rules come to, by hand:
// a connection needs a rule for each of its two directions at each of its two subnets.
func TestACLs(t *testing.T) {
	l := build(t, map[string]string{
		"internet": "198.51.100.10", "public-a": "10.0.1.10", "public-b": "10.0.2.10",
		"private-a": "10.0.11.10", "private-a2": "10.0.11.11", "private-b": "10.0.12.10", "data-a": "10.0.21.10", "data-b": "10.0.22.10",
	})
	require.NoError(t, l.Filter(l.ctx, rules(t).ACLs()))
	ports := []int{22, 80, 443, 587, 1023, 5432, 8080, 40000}
	var allowed []reach.Path
	allow := func(from, to []string, ports ...int) {
		for _, from := range from {
			for _, to := range to {
				for _, port := range ports {
					if from != to {
						allowed = append(allowed, reach.Path{From: from, To: to, Port: port})
					}
				}
			}
		}
	}
	internet, public := []string{"internet"}, []string{"public-a", "public-b"}
	private, data := []string{"private-a", "private-a2", "private-b"}, []string{"data-a", "data-b"}
	allow(internet, public, 80, 443, 5432, 8080, 40000)
	allow(public, internet, 80, 443, 587, 5432, 8080, 40000)
	allow(public, public, 80, 443, 587, 5432, 8080, 40000)
	allow(public, private, 443, 5432, 8080, 40000)
	allow(private, public, 443, 587, 5432, 8080, 40000)
	allow(private, internet, 443, 587) // by a NAT gateway
	allow(private, private, 443, 5432, 8080, 40000)
	allow([]string{"private-a", "private-a2"}, []string{"private-a", "private-a2"}, 22, 80, 587, 1023) // in one subnet
	allow(private, data, 5432, 8080, 40000)
	allow(data, private, 5432, 8080, 40000)
	l.drill(t, ports, allowed...)
}

// AWS's own network connects a database and its standby.
func TestLinks(t *testing.T) {
	primary, standby := netip.MustParseAddr("10.0.21.10"), netip.MustParseAddr("10.0.22.10")
	l := build(t, map[string]string{"primary": primary.String(), "standby": standby.String(), "proxy": "10.0.11.20"})
	rules := rules(t, []netip.Addr{primary, standby})
	require.NoError(t, l.Filter(l.ctx, rules.ACLs()))
	firewall := filter.NewFirewall(rules)
	require.NoError(t, firewall.Join(l.ctx, l.machines["primary"], primary, "db"))
	require.NoError(t, firewall.Join(l.ctx, l.machines["standby"], standby, "db"))
	require.NoError(t, firewall.Join(l.ctx, l.machines["proxy"], l.machines["proxy"].Address, "proxy"))
	l.drill(t, []int{22, 5432}, reach.Path{From: "primary", To: "standby", Port: 22}, reach.Path{From: "standby", To: "primary", Port: 22},
		reach.Path{From: "primary", To: "standby", Port: 5432}, reach.Path{From: "standby", To: "primary", Port: 5432},
		reach.Path{From: "proxy", To: "primary", Port: 5432}, reach.Path{From: "proxy", To: "standby", Port: 5432})
}

// Instances come and go; connections that are open stay, as on AWS.
func TestMembersOfGroups(t *testing.T) {
	l := build(t, map[string]string{"alb": "10.0.1.10", "app": "10.0.11.10"})
	firewall := filter.NewFirewall(rules(t))
	balancer, app := l.machines["alb"], l.machines["app"]
	require.NoError(t, firewall.Join(l.ctx, balancer, balancer.Address, "alb", "alb-cloudfront"))
	l.drill(t, []int{8080}) // nobody is in the group of instances
	require.NoError(t, firewall.Join(l.ctx, app, app.Address, "app"))
	l.drill(t, []int{8080}, reach.Path{From: "alb", To: "app", Port: 8080})

	listener, err := app.Listen("tcp", app.Address.String()+":8080")
	require.NoError(t, err)
	defer listener.Close()
	client, err := balancer.DialContext(l.ctx, "tcp", listener.Addr().String())
	require.NoError(t, err)
	defer client.Close()
	server, err := listener.Accept()
	require.NoError(t, err)
	defer server.Close()
	require.NoError(t, firewall.Leave(l.ctx, app.Address))
	l.drill(t, []int{8080})
	deadline := time.Now().Add(5 * time.Second)
	require.NoError(t, errorsOf(client.SetDeadline(deadline), server.SetDeadline(deadline)))
	_, err = client.Write([]byte("request"))
	require.NoError(t, err)
	text := make([]byte, len("request"))
	_, err = server.Read(text)
	require.NoError(t, err)
	assert.Equal(t, "request", string(text))
}

func errorsOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// A database may reach nothing, but resolves names and reads metadata all the same.
func TestUnfilteredServices(t *testing.T) {
	l := build(t, map[string]string{"resolver": "10.0.0.2", "db": "10.0.21.10"})
	rules := rules(t)
	require.NoError(t, l.Filter(l.ctx, rules.ACLs()))
	resolver, db := l.machines["resolver"], l.machines["db"]
	assert.Equal(t, rules.Resolver(), resolver.Address)
	require.NoError(t, filter.NewFirewall(rules).Join(l.ctx, db, db.Address, "db"))
	packets, err := resolver.ListenPacket("udp", "10.0.0.2:53")
	require.NoError(t, err)
	streams, err := resolver.Listen("tcp", "10.0.0.2:53")
	require.NoError(t, err)
	server := names.Serve(packets, streams, time.Second)
	defer server.Close()
	server.Set("db.example", db.Address)
	for _, protocol := range []string{"udp", "tcp"} {
		lookup := net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return db.DialContext(ctx, protocol, "10.0.0.2:53")
		}}
		found, err := lookup.LookupHost(l.ctx, "db.example.")
		require.NoError(t, err, protocol)
		assert.Equal(t, []string{"10.0.21.10"}, found)
	}
	l.drill(t, []int{80}) // the resolver answers on one port alone

	require.NoError(t, db.AddAddress(l.ctx, netip.MustParseAddr("169.254.169.254")))
	metadata, err := db.Listen("tcp", "169.254.169.254:80")
	require.NoError(t, err)
	defer metadata.Close()
	connection, err := db.DialContext(l.ctx, "tcp", metadata.Addr().String())
	require.NoError(t, err)
	require.NoError(t, connection.Close())
}
