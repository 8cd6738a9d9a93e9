package filter

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// namespace records what it is told.
type namespace struct {
	ruleset string
	updates strings.Builder
	fault   error
}

func (n *namespace) Filter(_ context.Context, ruleset string) error {
	var members string
	if i := strings.Index(ruleset, "add element"); i >= 0 {
		ruleset, members = ruleset[:i], ruleset[i:]
	}
	n.ruleset = ruleset
	n.updates.WriteString(members)
	return n.fault
}

func (n *namespace) UpdateFilter(_ context.Context, commands string) error {
	n.updates.WriteString(commands)
	return n.fault
}

// told returns the updates since the last call.
func (n *namespace) told() string {
	defer n.updates.Reset()
	return n.updates.String()
}

func TestMembersComeAndGo(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	rules := read(t, "prod")
	firewall := NewFirewall(rules)
	addresses := map[string]netip.Addr{}
	hosts := map[string]*namespace{}
	join := func(name, address string, groups ...string) {
		addresses[name], hosts[name] = netip.MustParseAddr(address), &namespace{}
		require.NoError(t, firewall.Join(ctx, hosts[name], addresses[name], groups...))
	}
	join("lb", "10.0.1.10", "alb", "alb-cloudfront")
	assert.Contains(t, hosts["lb"].ruleset, "chain input")
	assert.Empty(t, hosts["lb"].told(), "nobody is there yet")
	join("app-a", "10.0.11.10", "app")
	assert.Equal(t, "add element inet security group_app { 10.0.11.10 }\n", hosts["lb"].told())
	assert.Equal(t, "add element inet security group_alb { 10.0.1.10 }\n", hosts["app-a"].told(), "alb-cloudfront is in no rule")
	join("app-b", "10.0.12.10", "app")
	assert.Equal(t, "add element inet security group_app { 10.0.12.10 }\n", hosts["lb"].told())
	assert.Empty(t, hosts["app-a"].told(), "instances have no rules for each other")
	join("proxy", "10.0.11.20", "proxy")
	assert.Equal(t, "add element inet security group_app { 10.0.11.10 }\nadd element inet security group_app { 10.0.12.10 }\n",
		hosts["proxy"].told())

	require.NoError(t, firewall.Leave(ctx, addresses["app-a"]))
	assert.Equal(t, "delete element inet security group_app { 10.0.11.10 }\n", hosts["lb"].told())
	assert.Equal(t, "delete element inet security group_app { 10.0.11.10 }\n", hosts["proxy"].told())
	require.NoError(t, firewall.Leave(ctx, addresses["app-a"]), "twice is once")
	assert.Empty(t, hosts["lb"].told())

	join("app-a", "10.0.11.10", "app")
	assert.Equal(t, "add element inet security group_app { 10.0.11.10 }\n", hosts["lb"].told(), "an address is used again")
}

func TestFaultsOfMembership(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	firewall := NewFirewall(read(t, "prod"))
	address, other := netip.MustParseAddr("10.0.11.10"), netip.MustParseAddr("10.0.1.10")
	require.ErrorContains(t, firewall.Join(ctx, &namespace{}, address, "cache"), `no security group "cache"`)
	broken := &namespace{fault: errors.New("nft is missing")}
	require.ErrorContains(t, firewall.Join(ctx, broken, address, "app"), "nft is missing")
	require.NoError(t, firewall.Join(ctx, &namespace{}, address, "app"), "the failed one has not joined")
	require.ErrorContains(t, firewall.Join(ctx, &namespace{}, address, "app"), "joined already")
	lb := &namespace{}
	require.NoError(t, firewall.Join(ctx, lb, other, "alb"))
	lb.fault = errors.New("the namespace is gone")
	require.ErrorContains(t, firewall.Leave(ctx, address), "members of the security groups of 10.0.1.10: the namespace is gone")

	lb.fault = fmt.Errorf("entering network namespace lb: %w", os.ErrClosed)
	require.NoError(t, firewall.Join(ctx, &namespace{}, address, "app"), "a machine has died and is still to leave")
	require.NoError(t, firewall.Leave(ctx, other))
	dead := &namespace{fault: os.ErrClosed}
	require.ErrorIs(t, firewall.Join(ctx, dead, other, "alb"), os.ErrClosed)
}
