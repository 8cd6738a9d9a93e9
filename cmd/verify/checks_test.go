package main

import (
	"errors"
	"testing"
	"time"

	scaling "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	computing "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	balancingtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	topics "github.com/aws/aws-sdk-go-v2/service/sns/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// broken is a stack that one check judges otherwise than the healthy one.
type broken struct {
	check  string
	name   string
	change func(w *world)
	status status
	seen   string
}

// holdToChecks runs each check of a table on the healthy stack, which it passes, and on each broken stack, where it has to end as
// said, and a check that no case fails is an error.
func holdToChecks(t *testing.T, table []check, cases []broken) {
	byName, fails := map[string]check{}, map[string]bool{}
	for _, each := range table {
		byName[each.name] = each
		t.Run(each.name+"/healthy", func(t *testing.T) {
			l := healthyWorld().live(t)
			found := each.run(t.Context(), l)
			assert.Equal(t, statusPass, found.status, found)
			assert.NotEmpty(t, found.seen)
			assert.Empty(t, found.remedy)
		})
	}
	for _, each := range cases {
		fails[each.check] = fails[each.check] || each.status == statusFail
		t.Run(each.check+"/"+each.name, func(t *testing.T) {
			require.Contains(t, byName, each.check)
			w := healthyWorld()
			each.change(w)
			found := byName[each.check].run(t.Context(), w.live(t))
			assert.Equal(t, each.status, found.status, found)
			assert.Contains(t, found.seen, each.seen)
			assert.Equal(t, each.status == statusFail, found.remedy != "", found.remedy)
		})
	}
	for name := range byName {
		assert.True(t, fails[name], "no case fails %s", name)
	}
}

func answers200(w *world, address string) { w.site.at[address] = page{response: response{status: 200}} }

func withoutCDN(w *world) { w.outputs["cdnEnabled"], w.outputs["ingress"] = false, "internet" }

// openPastCDN has a load balancer that everyone reaches, on purpose.
func openPastCDN(w *world) {
	w.outputs["ingress"] = "internet"
	answers200(w, "https://alb.example.com/")
}

func TestSiteChecks(t *testing.T) {
	holdToChecks(t, tableOf(webChecks, "site-health", "http-redirects", "direct-access-refused"), []broken{
		{"site-health", "errors", func(w *world) { w.site.at["https://learn.example.edu/health"] = page{response: response{status: 502}} },
			statusFail, "https://learn.example.edu/health answered 502"},
		{"site-health", "another path", func(w *world) { w.main.targetGroup.HealthCheckPath = new("/alive") }, statusFail, "/alive: no such host"},
		{"site-health", "target group refused", func(w *world) {
			w.main.refused["DescribeTargetGroups"] = denied("elasticloadbalancing:DescribeTargetGroups")
		},
			statusSkip, "missing permission: elasticloadbalancing:DescribeTargetGroups"},
		{"http-redirects", "no redirect", func(w *world) { answers200(w, "http://learn.example.edu/") }, statusFail, "answered 200"},
		{"http-redirects", "to another host", func(w *world) {
			w.site.at["http://learn.example.edu/"] = page{response: response{301, "https://evil.example.com/"}}
		}, statusFail, `answered 301 to "https://evil.example.com/"`},
		{"http-redirects", "not to HTTPS", func(w *world) {
			w.site.at["http://learn.example.edu/"] = page{response: response{301, "http://learn.example.edu/x"}}
		}, statusFail, "answered 301"},
		{"http-redirects", "a page with a Location", func(w *world) {
			w.site.at["http://learn.example.edu/"] = page{response: response{200, "https://learn.example.edu/"}}
		}, statusFail, "answered 200"},
		{"http-redirects", "closed", func(w *world) { delete(w.site.at, "http://learn.example.edu/") }, statusFail, "no such host"},
		{"http-redirects", "a load balancer names the port", func(w *world) {
			w.site.at["http://learn.example.edu/"] = page{response: response{301, "https://learn.example.edu:443/"}}
		}, statusPass, "answered 301"},
		{"http-redirects", "no HTTPS", func(w *world) { w.outputs["url"] = "http://alb.example.com" }, statusSkip, "no HTTPS"},
		{"direct-access-refused", "it answers", func(w *world) { answers200(w, "https://alb.example.com/") }, statusFail, "answered 200"},
		{"direct-access-refused", "it redirects", func(w *world) {
			w.site.at["https://alb.example.com/"] = page{response: response{302, "https://learn.example.edu/login"}}
		}, statusFail, "answered 302"},
		{"direct-access-refused", "it opens and hangs", func(w *world) { w.site.at["https://alb.example.com/"] = page{err: errors.New("timeout")} },
			statusFail, "timeout"},
		{"direct-access-refused", "403", func(w *world) { w.site.at["https://alb.example.com/"] = page{response: response{status: 403}} },
			statusPass, "answered 403"},
		{"direct-access-refused", "no way to the internet", func(w *world) {
			w.site.at["https://learn.example.edu/health"] = page{err: errUnreachable}
		}, statusSkip, "reaches neither"},
		{"direct-access-refused", "no CloudFront", withoutCDN, statusSkip, "web.ingress is internet"},
		{"direct-access-refused", "open on purpose", openPastCDN, statusSkip, "web.ingress is internet"},
		{"direct-access-refused", "CloudFront of another stack", func(w *world) { w.outputs["cdnEnabled"] = false; answers200(w, "https://alb.example.com/") },
			statusFail, "answered 200"},
		{"direct-access-refused", "older outputs", func(w *world) { delete(w.outputs, "ingress"); answers200(w, "https://alb.example.com/") },
			statusFail, "answered 200"},
		{"direct-access-refused", "older outputs without CloudFront", func(w *world) { withoutCDN(w); delete(w.outputs, "ingress") }, statusSkip, "no CloudFront"},
	})
}

// The load balancer answers by itself only where CloudFront does not stand before it.
func TestLoadBalancerHealth(t *testing.T) {
	for _, test := range []struct {
		change func(w *world)
		status status
	}{
		{func(*world) {}, statusSkip},
		{withoutCDN, statusPass},
		{openPastCDN, statusPass},
		{func(w *world) { w.outputs["cdnEnabled"] = false }, statusSkip},
		{func(w *world) { withoutCDN(w); delete(w.outputs, "ingress") }, statusPass},
		{func(w *world) {
			withoutCDN(w)
			w.site.at["https://alb.example.com/health"] = page{response: response{status: 503}}
		}, statusFail},
		{func(w *world) { withoutCDN(w); delete(w.site.at, "https://alb.example.com/health") }, statusFail},
	} {
		w := healthyWorld()
		test.change(w)
		assert.Equal(t, test.status, tableOf(webChecks, "load-balancer-health")[0].run(t.Context(), w.live(t)).status)
	}
}

// By the load balancer's own name, the certificate of the stack is that of another host.
func TestLoadBalancerIsAskedByName(t *testing.T) {
	w := healthyWorld()
	tableOf(webChecks, "direct-access-refused")[0].run(t.Context(), w.live(t))
	assert.Equal(t, request{address: "https://alb.example.com/", trusts: true}, w.site.asked[0])
	w = healthyWorld()
	withoutCDN(w)
	tableOf(webChecks, "load-balancer-health")[0].run(t.Context(), w.live(t))
	assert.Equal(t, []request{{address: "https://alb.example.com/health", host: "learn.example.edu"}}, w.site.asked)
	w = healthyWorld()
	openPastCDN(w)
	tableOf(webChecks, "load-balancer-health")[0].run(t.Context(), w.live(t))
	assert.Equal(t, []request{{address: "https://alb.example.com/health", trusts: true}}, w.site.asked)
}

func TestFleetChecks(t *testing.T) {
	const unhealthy = balancingtypes.TargetHealthStateEnumUnhealthy
	address := new("203.0.113.7")
	holdToChecks(t, tableOf(webChecks, "targets-healthy", "instances-imdsv2", "instances-private", "instances-current", "group-zones",
		"group-processes", "group-protection"), []broken{
		{"targets-healthy", "one unhealthy", func(w *world) { w.main.health["i-2"] = unhealthy }, statusFail,
			"healthy: 1 in eu-central-1a; i-2 is unhealthy (Target.FailedHealthChecks)"},
		{"targets-healthy", "all in one zone", func(w *world) { w.main.group.Instances[1].AvailabilityZone = new("eu-central-1a") },
			statusFail, "healthy: 2 in eu-central-1a, of 2 instances wanted"},
		{"targets-healthy", "one is in standby", func(w *world) { w.main.group.Instances[1].LifecycleState = scaling.LifecycleStateStandby },
			statusFail, "healthy: 1 in eu-central-1a, of 2 instances wanted"},
		{"targets-healthy", "none", func(w *world) { clear(w.main.health) }, statusFail, "healthy: none"},
		{"targets-healthy", "no single one", func(w *world) { clear(w.main.health); w.main.group.DesiredCapacity = new(int32(1)) },
			statusFail, "healthy: none"},
		{"targets-healthy", "a single one", func(w *world) { delete(w.main.health, "i-2"); w.main.group.DesiredCapacity = new(int32(1)) },
			statusSkip, "desired capacity is 1"},
		{"targets-healthy", "none wanted", func(w *world) { clear(w.main.health); w.main.group.DesiredCapacity = new(int32(0)) },
			statusSkip, "desired capacity is 0"},
		{"targets-healthy", "no group", func(w *world) { w.main.gone = true }, statusFail, "group ha-web-app in eu-central-1: not in this account"},
		{"instances-imdsv2", "IMDSv1", func(w *world) { w.main.instances[1].MetadataOptions.HttpTokens = computing.HttpTokensStateOptional },
			statusFail, "i-2 does not require IMDSv2"},
		{"instances-imdsv2", "unknown", func(w *world) { w.main.instances[0].MetadataOptions = nil }, statusFail, "i-1 does not"},
		{"instances-imdsv2", "no instance", func(w *world) { w.main.instances = nil }, statusSkip, "no instance is running"},
		{"instances-imdsv2", "refused", func(w *world) { w.main.refused["DescribeInstances"] = denied("ec2:DescribeInstances") },
			statusSkip, "missing permission: ec2:DescribeInstances"},
		{"instances-private", "public address", func(w *world) { w.main.instances[1].PublicIpAddress = address }, statusFail, "i-2 has 203.0.113.7"},
		{"instances-private", "of another interface", func(w *world) {
			w.main.instances[0].NetworkInterfaces = []computing.InstanceNetworkInterface{
				{}, {Association: &computing.InstanceNetworkInterfaceAssociation{PublicIp: address}},
			}
		}, statusFail, "i-1 has 203.0.113.7"},
		{"instances-private", "IPv6", func(w *world) {
			w.main.instances[0].NetworkInterfaces = []computing.InstanceNetworkInterface{
				{Ipv6Addresses: []computing.InstanceIpv6Address{{Ipv6Address: new("2001:db8::7")}}},
			}
		}, statusFail, "i-1 has 2001:db8::7"},
		{"instances-current", "an old version", func(w *world) { w.main.group.Instances[1].LaunchTemplate.Version = new("6") },
			statusFail, "i-2 has version 6 of lt-1"},
		{"instances-current", "no template", func(w *world) { w.main.group.Instances[1].LaunchTemplate = nil }, statusFail, "i-2 has no launch template"},
		{"instances-current", "on its way out", func(w *world) {
			w.main.group.Instances[1].LaunchTemplate.Version = new("6")
			w.main.group.Instances[1].LifecycleState = scaling.LifecycleStateTerminating
		}, statusPass, "1 instances have version 7"},
		{"instances-current", "none", func(w *world) { w.main.group.Instances = nil }, statusSkip, "no instance is in service"},
		{"instances-current", "$Latest", func(w *world) { w.main.group.LaunchTemplate.Version = new("$Latest") }, statusFail, "$Latest"},
		{"group-zones", "one zone", func(w *world) { w.main.group.AvailabilityZones = []string{"eu-central-1a"} }, statusFail, "only eu-central-1a"},
		{"group-processes", "suspended", func(w *world) {
			w.main.group.SuspendedProcesses = []scaling.SuspendedProcess{{ProcessName: new("Launch"), SuspensionReason: new("User suspended")}}
		}, statusFail, "Launch: User suspended"},
		{"group-protection", "an instance", func(w *world) { w.main.group.Instances[0].ProtectedFromScaleIn = new(true) }, statusFail, "i-1 is protected"},
		{"group-protection", "new ones", func(w *world) { w.main.group.NewInstancesProtectedFromScaleIn = new(true) }, statusFail, "new instances are"},
	})
}

func TestTopicChecks(t *testing.T) {
	const pagesTopic, noticesTopic = "arn:aws:sns:eu-central-1:123456789012:ha-web-prod-alarms", "arn:aws:sns:eu-central-1:123456789012:ha-web-prod-notices"
	pending := subscription("PendingConfirmation")
	holdToChecks(t, tableOf(operationsChecks, "pages-subscribed", "notices-subscribed"), []broken{
		{"pages-subscribed", "nobody", func(w *world) { w.main.subscriptions[pagesTopic] = nil }, statusFail, "nobody gets pages"},
		{"pages-subscribed", "all deleted", func(w *world) {
			w.main.subscriptions[pagesTopic] = []topics.Subscription{subscription("Deleted")}
		}, statusFail, "nobody gets pages"},
		{"pages-subscribed", "one pending", func(w *world) {
			w.main.subscriptions[pagesTopic] = append(w.main.subscriptions[pagesTopic], pending)
		}, statusFail, "pending at " + pagesTopic + ": oncall@example.edu"},
		{"pages-subscribed", "nobody at CloudFront's", func(w *world) {
			w.edge.subscriptions["arn:aws:sns:us-east-1:123456789012:ha-web-prod-alarms"] = nil
		}, statusFail, "nobody gets pages"},
		{"pages-subscribed", "no CloudFront", func(w *world) { withoutCDN(w); clear(w.edge.subscriptions) }, statusPass, "1 confirmed"},
		{"pages-subscribed", "refused", func(w *world) { w.edge.refused["ListSubscriptionsByTopic"] = denied("sns:ListSubscriptionsByTopic") },
			statusSkip, "sns:ListSubscriptionsByTopic"},
		{"notices-subscribed", "nobody", func(w *world) { w.main.subscriptions[noticesTopic] = nil }, statusSkip, "nobody subscribes"},
		{"notices-subscribed", "one pending", func(w *world) { w.main.subscriptions[noticesTopic] = []topics.Subscription{pending} },
			statusFail, "pending at " + noticesTopic},
	})
}

func TestCertificateChecks(t *testing.T) {
	holdToChecks(t, tableOf(operationsChecks, "site-certificate", "origin-certificate"), []broken{
		{"site-certificate", "30 days left", func(w *world) { w.site.expires = time.Now().Add(30*24*time.Hour + time.Minute) }, statusFail, "30 days"},
		{"site-certificate", "expired", func(w *world) { w.site.err = errors.New("x509: certificate has expired") }, statusFail, "has expired"},
		{"site-certificate", "no domain", func(w *world) { w.outputs["domainName"] = "" }, statusSkip, "no certificate of its own"},
		{"origin-certificate", "30 days left", func(w *world) { w.main.expiry[0].Minimum = new(30.0) }, statusFail, "30 days left: acm"},
		{"origin-certificate", "no data", func(w *world) { w.main.expiry = nil }, statusSkip, "no DaysToExpiry of acm"},
		{"origin-certificate", "no HTTPS", func(w *world) { w.main.listeners = nil; w.outputs["albProtocol"] = "http" }, statusSkip, "no listener for HTTPS"},
		{"origin-certificate", "listener gone", func(w *world) { w.main.listeners = nil }, statusFail, "no listener for HTTPS"},
	})
}

func TestOutputsCurrent(t *testing.T) {
	holdToChecks(t, tableOf(operationsChecks, "outputs-current"), []broken{
		{"outputs-current", "of before", func(w *world) { w.outputs["applicationPort"] = 9090; w.outputs["more"] = "x" }, statusFail,
			"/ha-web/prod/outputs differs in applicationPort, more"},
		{"outputs-current", "one is missing", func(w *world) { delete(w.outputs, "applicationPort") }, statusFail, "differs in applicationPort"},
		{"outputs-current", "no JSON", func(w *world) { w.main.parameters["/ha-web/prod/outputs"] = "{" }, statusFail, "is not a JSON object"},
		{"outputs-current", "no parameter", func(w *world) { clear(w.main.parameters) }, statusFail, "ParameterNotFound"},
	})
}

// tableOf returns the checks with these names.
func tableOf(table []check, names ...string) []check {
	var found []check
	for _, name := range names {
		for _, each := range table {
			if each.name == name {
				found = append(found, each)
			}
		}
	}
	if len(found) != len(names) {
		panic("a check is missing")
	}
	return found
}
