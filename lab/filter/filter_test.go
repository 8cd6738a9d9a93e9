package filter

import (
	"encoding/json"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"ha-web/internal/awstype"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const cloudFront = "com.amazonaws.global.cloudfront.origin-facing"

var options = Options{
	PrefixLists: map[string][]netip.Prefix{
		cloudFront: {netip.MustParsePrefix("130.176.0.0/16"), netip.MustParsePrefix("15.158.0.0/16")},
	},
	Links: [][]netip.Addr{{netip.MustParseAddr("10.0.21.10"), netip.MustParseAddr("10.0.22.10")}},
}

// planned returns the plan of a stack file of the project, which the tests of the program keep.
func planned(t *testing.T, stack string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../../tests/testdata", stack+".golden.json"))
	require.NoError(t, err)
	return text
}

func read(t *testing.T, stack string) *Rules {
	t.Helper()
	rules, err := Read(planned(t, stack), options)
	require.NoError(t, err)
	return rules
}

func TestRulesetsOfProduction(t *testing.T) {
	t.Parallel()
	rules := read(t, "prod")
	app, err := rules.Group("app")
	require.NoError(t, err)
	balancer, err := rules.Group("alb", "alb-cloudfront")
	require.NoError(t, err)
	for name, text := range map[string]string{"app": app, "alb": balancer, "acls": rules.ACLs()} {
		file := filepath.Join("testdata", name+".golden.nft")
		if os.Getenv("UPDATE_GOLDEN") != "" {
			require.NoError(t, os.WriteFile(file, []byte(text), 0o644))
		}
		golden, err := os.ReadFile(file)
		require.NoError(t, err)
		assert.Equal(t, string(golden), text, name)
	}
}

// nft itself checks every ruleset of every stack, and that members can be added and removed.
func TestRulesetsAreAcceptedByNft(t *testing.T) {
	t.Parallel()
	nft, err := exec.LookPath("nft")
	if err != nil || exec.CommandContext(t.Context(), "unshare", "--net", "true").Run() != nil {
		t.Skip("needs nft, and root for a network namespace")
	}
	check := func(t *testing.T, ruleset string) {
		t.Helper()
		command := exec.CommandContext(t.Context(), "unshare", "--net", nft, "--check", "--file", "-")
		command.Stdin = strings.NewReader(ruleset)
		printed, err := command.CombinedOutput()
		assert.NoError(t, err, "%s\n%s", printed, ruleset)
	}
	for _, stack := range []string{"dev", "local", "prod"} {
		t.Run(stack, func(t *testing.T) {
			t.Parallel()
			rules := read(t, stack)
			check(t, rules.ACLs())
			address := netip.MustParseAddr("10.0.11.10")
			for _, name := range rules.Groups() {
				ruleset, err := rules.Group(name)
				require.NoError(t, err)
				for _, peer := range rules.peers(name) {
					ruleset += AddMember(peer, address) + RemoveMember(peer, address)
				}
				check(t, ruleset)
			}
		})
	}
	odd := edit(t, planned(t, "prod"), func(each map[string]any) bool {
		inputs := each["inputs"].(map[string]any)
		switch each["name"] {
		case "ha-web-app-from-alb":
			inputs["ipProtocol"], inputs["fromPort"], inputs["toPort"] = "icmp", 8, -1
		case "ha-web-db-from-proxy":
			inputs["ipProtocol"] = "-1"
		case "ha-web-proxy-from-app":
			inputs["ipProtocol"] = "47"
		case "ha-web-private-in-vpc":
			inputs["protocol"], inputs["icmpType"], inputs["icmpCode"] = "1", 3, 4
		case "ha-web-private-out-https":
			inputs["ruleAction"] = "deny"
		}
		return true
	})
	rules, err := Read(odd, options)
	require.NoError(t, err)
	all, err := rules.Group(rules.Groups()...)
	require.NoError(t, err)
	check(t, all)
	check(t, rules.ACLs())
	for _, want := range []string{
		"@group_alb ip protocol icmp icmp type 8 accept", "@group_proxy accept", "@group_app ip protocol 47 accept",
	} {
		assert.Contains(t, all, want)
	}
	assert.Contains(t, rules.ACLs(), "ip protocol icmp icmp type 3 icmp code 4 return")
	assert.Contains(t, rules.ACLs(), `tcp dport 443 drop comment "ha-web-private-out-https"`)
}

func TestRulesAreInTheOrderOfTheirNumbers(t *testing.T) {
	t.Parallel()
	last := edit(t, planned(t, "prod"), func(each map[string]any) bool {
		if each["name"] == "ha-web-public-in-answers" {
			each["inputs"].(map[string]any)["ruleNumber"] = 5
		}
		return true
	})
	rules, err := Read(last, options)
	require.NoError(t, err)
	text := rules.ACLs()
	assert.Less(t, strings.Index(text, "ha-web-public-in-answers"), strings.Index(text, "ha-web-public-in-http"))
	text = read(t, "prod").ACLs()
	assert.Greater(t, strings.Index(text, "ha-web-public-in-answers"), strings.Index(text, "ha-web-public-in-http"))
}

func TestGroupsOnResources(t *testing.T) {
	t.Parallel()
	rules := read(t, "prod")
	for token, want := range map[string][]string{
		awstype.LBLoadBalancer:    {"alb", "alb-cloudfront"},
		awstype.EC2LaunchTemplate: {"app"},
		awstype.RDSInstance:       {"db"},
		awstype.RDSProxy:          {"proxy"},
		awstype.EC2VPCEndpoint:    {"endpoints"},
	} {
		assert.Equal(t, want, rules.On(token), token)
	}
	assert.Empty(t, read(t, "dev").On(awstype.RDSProxy))
	assert.Equal(t, "10.0.0.2", rules.Resolver().String())
}

func TestFaultsOfPlans(t *testing.T) {
	t.Parallel()
	type inputs = map[string]any
	for name, test := range map[string]struct {
		resource, fault string
		change          func(inputs)
	}{
		"inline rules": {"ha-web-app", "inline rules are not supported", func(in inputs) { in["ingress"] = []any{inputs{}} }},
		"a foreign group": {"ha-web-app-from-alb", "no group sg-1", func(in inputs) {
			in["referencedSecurityGroupId"] = "sg-1"
		}},
		"a foreign owner": {"ha-web-app-from-alb", "no group sg-1", func(in inputs) { in["securityGroupId"] = "sg-1" }},
		"no peer": {"ha-web-app-from-alb", "neither a group nor", func(in inputs) {
			delete(in, "referencedSecurityGroupId")
		}},
		"an unknown prefix list": {"ha-web-alb-cloudfront-from-cloudfront", "prefix list pl-1", func(in inputs) {
			in["prefixListId"] = "pl-1"
		}},
		"an unknown protocol": {"ha-web-app-from-alb", `protocol "icmpv6"`, func(in inputs) { in["ipProtocol"] = "icmpv6" }},
		"a foreign ACL":       {"ha-web-private-in-vpc", "no network ACL", func(in inputs) { in["networkAclId"] = "acl-1" }},
		"an unknown range":    {"ha-web-private-in-vpc", "invalid CIDR|ParsePrefix", func(in inputs) { in["cidrBlock"] = "[unknown]" }},
		"a narrow route": {"ha-web-private-internet-a", "route to", func(in inputs) {
			in["destinationCidrBlock"] = "192.0.2.0/24"
		}},
		"an odd route": {"ha-web-private-internet-a", "neither an internet gateway", func(in inputs) {
			delete(in, "natGatewayId")
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := edit(t, planned(t, "prod"), func(each map[string]any) bool {
				if each["name"] == test.resource && !strings.HasPrefix(each["type"].(string), "aws:iam") {
					test.change(each["inputs"].(map[string]any))
				}
				return true
			})
			_, err := Read(text, options)
			require.Error(t, err)
			assert.Regexp(t, test.fault, err.Error())
			assert.Contains(t, err.Error(), test.resource)
		})
	}
	_, err := Read([]byte("{}"), options)
	assert.ErrorContains(t, err, "not a plan")
	_, err = read(t, "prod").Group("cache")
	assert.ErrorContains(t, err, `no security group "cache", only alb, alb-cloudfront, app`)
}

// edit changes a plan: keep may change a resource, and says whether it stays.
func edit(t *testing.T, text []byte, keep func(resource map[string]any) bool) []byte {
	t.Helper()
	var plan map[string]any
	require.NoError(t, json.Unmarshal(text, &plan))
	var kept []any
	for _, each := range plan["resources"].([]any) {
		if keep(each.(map[string]any)) {
			kept = append(kept, each)
		}
	}
	plan["resources"] = kept
	edited, err := json.Marshal(plan)
	require.NoError(t, err)
	return edited
}
