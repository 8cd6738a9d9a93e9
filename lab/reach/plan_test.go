//go:build lab && linux

package reach

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"ha-web/internal/awstype"
	"ha-web/lab/filter"
	"ha-web/lab/network"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const cloudFront = "com.amazonaws.global.cloudfront.origin-facing"

// used are the ports of a stack; more has others, which nothing may open.
var (
	used = []int{80, 443, 587, 5432, 8080}
	more = []int{22, 80, 443, 587, 2049, 3306, 5432, 6379, 8080}
)

var count atomic.Int32

// stack is a plan's packet filters around machines that listen on all ports.
type stack struct {
	ctx       context.Context
	vpc       *network.Network
	endpoints []Endpoint
	groups    map[string][]string // by party
	set       map[string]string   // rulesets, by endpoint, and that of the router
}

// machines are the parties of a stack, their addresses and zones.
var machines = []struct{ name, party, address, zone string }{
	{"client", "client", "198.51.100.10", ""},
	{"cloudfront", "cloudfront", "203.0.113.10", ""},
	{"alb-a", "alb", "10.0.1.10", "a"}, {"alb-b", "alb", "10.0.2.10", "b"},
	{"app-a", "app", "10.0.11.10", "a"}, {"app-b", "app", "10.0.12.10", "b"},
	{"proxy-a", "proxy", "10.0.11.20", "a"}, {"proxy-b", "proxy", "10.0.12.20", "b"},
	{"endpoint-a", "endpoints", "10.0.11.30", "a"}, {"endpoint-b", "endpoints", "10.0.12.30", "b"},
	{"db-a", "db", "10.0.21.10", "a"}, {"db-b", "db", "10.0.22.10", "b"},
}

// build starts the machines of a stack. Which security groups they have is what the plan says.
func build(t *testing.T, plan []byte) *stack {
	t.Helper()
	if os.Geteuid() != 0 {
		if os.Getenv("CI") != "" {
			t.Fatal("network namespaces need root")
		}
		t.Skip("network namespaces need root")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	t.Cleanup(cancel)
	vpc, err := network.New(ctx, fmt.Sprintf("r%d-%d", os.Getpid(), count.Add(1)), []string{"a", "b"})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, vpc.Close()) })
	rules := read(t, plan)
	s := &stack{ctx: ctx, vpc: vpc, set: map[string]string{}, groups: map[string][]string{
		"alb": rules.On(awstype.LBLoadBalancer), "app": rules.On(awstype.EC2LaunchTemplate), "proxy": rules.On(awstype.RDSProxy),
		"endpoints": rules.On(awstype.EC2VPCEndpoint), "db": rules.On(awstype.RDSInstance),
	}}
	for _, each := range machines {
		outside := each.zone == ""
		if len(s.groups[each.party]) == 0 && !outside {
			continue // the stack has none
		}
		address := netip.MustParseAddr(each.address)
		namespace, err := vpc.Attach(ctx, each.name, address, each.zone)
		require.NoError(t, err)
		s.endpoints = append(s.endpoints, Endpoint{each.name, each.party, address, namespace, outside})
	}
	return s
}

func read(t *testing.T, plan []byte) *filter.Rules {
	t.Helper()
	rules, err := filter.Read(plan, filter.Options{PrefixLists: map[string][]netip.Prefix{
		cloudFront: {netip.MustParsePrefix("203.0.113.0/24")},
	}})
	require.NoError(t, err)
	return rules
}

// run filters packets as a plan says and tries all paths.
func (s *stack) run(t *testing.T, plan []byte, ports []int, allowed []Path) []string {
	t.Helper()
	rules := read(t, plan)
	started := time.Now()
	s.filter(t, rules)
	t.Logf("filters set in %v", time.Since(started).Round(10*time.Millisecond))
	started = time.Now()
	report, err := Drill{Endpoints: s.endpoints, Ports: ports, Allowed: allowed, Patience: 400 * time.Millisecond}.Run(s.ctx)
	require.NoError(t, err)
	t.Logf("%d paths tried, %d open, %d late, in %v", report.Tried, report.Open, report.Late, time.Since(started).Round(10*time.Millisecond))
	var findings []string
	for _, each := range report.Findings {
		findings = append(findings, each.String())
	}
	return findings
}

// ruleset collects what a Firewall tells a namespace.
type ruleset struct{ strings.Builder }

func (r *ruleset) Filter(ctx context.Context, ruleset string) error {
	return r.UpdateFilter(ctx, ruleset)
}

func (r *ruleset) UpdateFilter(_ context.Context, commands string) error {
	_, err := r.WriteString(commands)
	return err
}

// filter sets the packet filters that differ from those that are set already.
func (s *stack) filter(t *testing.T, rules *filter.Rules) {
	t.Helper()
	firewall, rulesets := filter.NewFirewall(rules), map[string]*ruleset{}
	for _, each := range s.endpoints {
		if !each.Outside {
			rulesets[each.Name] = &ruleset{}
			require.NoError(t, firewall.Join(s.ctx, rulesets[each.Name], each.Address, s.groups[each.Party]...))
		}
	}
	var group sync.WaitGroup
	set := func(name, ruleset string, filter func(context.Context, string) error) {
		if s.set[name] != ruleset {
			s.set[name] = ruleset
			group.Go(func() { assert.NoError(t, filter(s.ctx, ruleset)) })
		}
	}
	set("", rules.ACLs(), s.vpc.Filter)
	for _, each := range s.endpoints {
		if !each.Outside {
			set(each.Name, rulesets[each.Name].String(), each.Namespace.(*network.Namespace).Filter)
		}
	}
	group.Wait()
}

// planned returns the plan of a stack file of the project, which the tests of the program keep.
func planned(t *testing.T, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../../tests/testdata", name+".golden.json"))
	require.NoError(t, err)
	return text
}

// edit returns a plan without some resources, and with others that are made of its own.
func edit(t *testing.T, text []byte, change func(resource map[string]any, copy func() map[string]any) []map[string]any) []byte {
	t.Helper()
	var plan map[string]any
	require.NoError(t, json.Unmarshal(text, &plan))
	var resources []map[string]any
	before := len(plan["resources"].([]any))
	for _, each := range plan["resources"].([]any) {
		copy := func() map[string]any {
			text, err := json.Marshal(each)
			require.NoError(t, err)
			var copied map[string]any
			require.NoError(t, json.Unmarshal(text, &copied))
			return copied
		}
		resources = append(resources, change(each.(map[string]any), copy)...)
	}
	require.NotEqual(t, before, len(resources), "the plan has nothing to edit")
	plan["resources"] = resources
	edited, err := json.Marshal(plan)
	require.NoError(t, err)
	return edited
}

// without removes a rule from a plan.
func without(t *testing.T, plan []byte, name string) []byte {
	t.Helper()
	return edit(t, plan, func(resource map[string]any, _ func() map[string]any) []map[string]any {
		if resource["name"] == name && strings.Contains(resource["type"].(string), "Rule") {
			return nil
		}
		return []map[string]any{resource}
	})
}

// with adds a rule to a plan, like one that it has but for some inputs.
func with(t *testing.T, plan []byte, name string, inputs map[string]any) []byte {
	t.Helper()
	return edit(t, plan, func(resource map[string]any, copy func() map[string]any) []map[string]any {
		if resource["name"] != name || !strings.Contains(resource["type"].(string), "Rule") {
			return []map[string]any{resource}
		}
		added := copy()
		added["name"] = name + "-added"
		for key, value := range inputs {
			added["inputs"].(map[string]any)[key] = value
		}
		return []map[string]any{resource, added}
	})
}

// production is the table of Pulumi.prod.yaml.
func production() []Path {
	return append(WithProxy(), Path{"cloudfront", "alb", 443}, Path{"app", Internet, 587})
}

func TestPathsOfPlans(t *testing.T) {
	t.Parallel()
	for name, allowed := range map[string][]Path{
		"prod":  production(),
		"local": append(WithProxy(), Path{"cloudfront", "alb", 80}), // without a domain there is no certificate
		"dev":   append(WithoutProxy(), Path{"cloudfront", "alb", 80}),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			plan := planned(t, name)
			assert.Empty(t, build(t, plan).run(t, plan, more, allowed))
		})
	}
}

func TestFaultsAreNamed(t *testing.T) {
	t.Parallel()
	plan := planned(t, "prod")
	s := build(t, plan)
	anywhere := map[string]any{"referencedSecurityGroupId": nil, "cidrIpv4": "0.0.0.0/0"}
	toDatabase := with(t, with(t, plan,
		"ha-web-app-to-proxy", map[string]any{"referencedSecurityGroupId": "ha-web-db_id", "fromPort": 443, "toPort": 443}),
		"ha-web-db-from-proxy", map[string]any{"referencedSecurityGroupId": "ha-web-app_id", "fromPort": 443, "toPort": 443})
	openInstance := with(t, with(t, with(t, plan, "ha-web-app-from-alb", anywhere),
		"ha-web-private-in-vpc", map[string]any{"cidrBlock": "0.0.0.0/0"}),
		"ha-web-private-out-vpc", map[string]any{"cidrBlock": "0.0.0.0/0"})
	for _, test := range []struct {
		name     string
		plan     []byte
		findings []string
	}{
		{"without a rule for ingress", without(t, plan, "ha-web-db-from-proxy"), closed(5432, "proxy-a db-a", "proxy-a db-b",
			"proxy-b db-a", "proxy-b db-b")},
		{"without a rule for egress", without(t, plan, "ha-web-alb-to-app"), closed(8080, "alb-a app-a", "alb-a app-b",
			"alb-b app-a", "alb-b app-b")},
		{"without a rule of an ACL for answers", without(t, plan, "ha-web-data-out-private-a"), closed(5432, "proxy-a db-a",
			"proxy-a db-b")},
		{"without a rule of an ACL for NAT gateways", without(t, plan, "ha-web-public-in-egress-587"), closed(587, "app-a client",
			"app-a cloudfront", "app-b client", "app-b cloudfront")},
		{"with a front door for all", with(t, plan, "ha-web-alb-cloudfront-from-cloudfront", map[string]any{
			"prefixListId": nil, "cidrIpv4": "0.0.0.0/0"}), open(443, "client alb-a", "client alb-b", "app-a alb-a", "app-a alb-b",
			"app-b alb-a", "app-b alb-b")},
		{"with more ports", with(t, plan, "ha-web-proxy-from-app", map[string]any{"fromPort": 443, "toPort": 443}), open(443, "app-a proxy-a",
			"app-a proxy-b", "app-b proxy-a", "app-b proxy-b")},
		// Instances have no public address: whatever rules allow, NAT gateways let nothing in but answers.
		{"with an open instance", openInstance, nil},
		// What the groups let through, the ACL of the data subnets does not.
		{"with groups alone", toDatabase, nil},
		{"with groups and ACL", with(t, toDatabase, "ha-web-data-in-private-a", map[string]any{"fromPort": 443, "ruleNumber": 300}),
			open(443, "app-a db-a", "app-a db-b")},
	} {
		assert.ElementsMatch(t, test.findings, s.run(t, test.plan, used, production()), test.name)
	}
	assert.Empty(t, s.run(t, plan, used, production()), "and the plan itself is as it should be, with the same machines")
}

func closed(port int, pairs ...string) []string { return findings(false, port, pairs) }
func open(port int, pairs ...string) []string   { return findings(true, port, pairs) }

func findings(open bool, port int, pairs []string) []string {
	var texts []string
	for _, pair := range slices.Sorted(slices.Values(pairs)) {
		from, to, _ := strings.Cut(pair, " ")
		texts = append(texts, Finding{from, to, port, open}.String())
	}
	return texts
}
