package main

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	scaling "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	network "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// damage is a change of an estate, and what a check then finds.
type damage struct {
	check, name string
	change      func(e *estate)
	status      status
	seen        string
}

// inspect runs the checks of a table on an estate as it is meant to be, which passes all of them, and on damaged ones. It demands
// that each check fails for one of them.
func inspect(t *testing.T, table []check, damages []damage) {
	t.Helper()
	fails := map[string]bool{}
	for _, each := range table {
		t.Run(each.name, func(t *testing.T) {
			found := newEstate().run(t, each.name)
			assert.Equal(t, statusPass, found.status, "%+v", found)
			assert.NotEmpty(t, found.seen)
		})
	}
	for _, each := range damages {
		fails[each.check] = fails[each.check] || each.status == statusFail
		t.Run(each.check+"/"+each.name, func(t *testing.T) {
			e := newEstate()
			each.change(e)
			found := e.run(t, each.check)
			assert.Equal(t, each.status, found.status, "%+v", found)
			assert.Contains(t, found.seen, each.seen)
			assert.Equal(t, each.status == statusFail, found.remedy != "", "a failure, and nothing else, says what to do")
		})
	}
	for _, each := range table {
		assert.True(t, fails[each.name], "nothing fails %s", each.name)
	}
}

// allow adds a permission to a security group.
func allow(group string, permissions ...network.IpPermission) func(*estate) {
	return func(e *estate) {
		e.security[group].IpPermissions = append(e.security[group].IpPermissions, permissions...)
	}
}

// withoutCloudFront is a stack whose load balancer everyone reaches.
func withoutCloudFront(e *estate) {
	e.outputs.CDNEnabled = false
	e.front = []string{"sg-alb"}
	e.outputs.Ingress = ingressInternet
	delete(e.security, "front")
	allow("alb", port(443, range4("0.0.0.0/0")), port(80, range4("0.0.0.0/0")))(e)
}

// withOperators is a stack whose instances reach the database past the proxy.
func withOperators(e *estate) {
	e.outputs.DatabaseOperators = true
	e.security["db"] = securityGroup("sg-db", "db", port(5432, peerGroup("sg-proxy")), port(5432, peerGroup("sg-app")))
}

func olderOutputs(e *estate) { e.outputs.Ingress = "" }

func closedIngress(e *estate) { e.outputs.Ingress = ingressCloudFront }

func withoutProxyInEstate(e *estate) {
	e.outputs.DatabaseProxyEnabled = false
	e.proxies, e.targets = nil, nil
	delete(e.security, "proxy")
	e.security["db"] = securityGroup("sg-db", "db", port(5432, peerGroup("sg-app")))
}

func together(changes ...func(*estate)) func(*estate) {
	return func(e *estate) {
		for _, change := range changes {
			change(e)
		}
	}
}

func TestChainOfSecurityGroups(t *testing.T) {
	t.Parallel()
	all := network.IpPermission{IpProtocol: aws.String("-1"), IpRanges: []network.IpRange{{CidrIp: aws.String("10.0.0.0/16")}}}
	wide := port(5432, peerGroup("sg-proxy"))
	wide.ToPort = aws.Int32(5440)
	udp := port(appPort, peerGroup("sg-alb"))
	udp.IpProtocol = aws.String("udp")
	none := func(group string) func(*estate) {
		return func(e *estate) { e.security[group].IpPermissions = nil }
	}
	inspect(t, networkChecks[:6], []damage{
		{"load-balancer-ingress", "internet past CloudFront", allow("alb", port(443, range4("0.0.0.0/0"))), statusFail, "tcp 443 from 0.0.0.0/0 in sg-alb"},
		{"load-balancer-ingress", "IPv6 past CloudFront", allow("front", port(443, range6("::/0"))), statusFail, "tcp 443 from ::/0"},
		{"load-balancer-ingress", "an office", allow("alb", port(443, range4("192.0.2.0/24"))), statusFail, "tcp 443 from 192.0.2.0/24"},
		{"load-balancer-ingress", "port 80 from CloudFront", allow("front", port(80, prefixList(listID))), statusFail, "tcp 80 from pl-cloudfront"},
		{"load-balancer-ingress", "another list", func(e *estate) { e.lists[cloudFrontList] = "pl-2" }, statusFail, "from pl-cloudfront"},
		{"load-balancer-ingress", "no list", func(e *estate) { clear(e.lists) }, statusFail, "from pl-cloudfront"},
		{"load-balancer-ingress", "closed", none("front"), statusFail, "the security groups of the load balancer do not let in CloudFront on port 443"},
		{"load-balancer-ingress", "no group", func(e *estate) { e.front = nil }, statusFail, "no security group"},
		{"load-balancer-ingress", "no load balancer", func(e *estate) { e.outputs.TargetGroupArn = "arn:other" }, statusFail, "target group arn:other"},
		{"load-balancer-ingress", "without CloudFront", withoutCloudFront, statusPass, "the internet"},
		{"load-balancer-ingress", "without CloudFront, closed", func(e *estate) { e.outputs.CDNEnabled, e.outputs.Ingress = false, ingressInternet },
			statusFail, "let in more than the internet: tcp 443 from pl-cloudfront"},
		{"load-balancer-ingress", "past CloudFront on purpose", together(withoutCloudFront, func(e *estate) { e.outputs.CDNEnabled = true }), statusPass, "the internet"},
		{"load-balancer-ingress", "of a distribution elsewhere", func(e *estate) { e.outputs.CDNEnabled = false }, statusPass, "CloudFront"},
		{"load-balancer-ingress", "open, of a distribution elsewhere", together(withoutCloudFront, closedIngress), statusFail,
			"let in more than CloudFront: tcp 443 from 0.0.0.0/0"},
		{"load-balancer-ingress", "older outputs", olderOutputs, statusPass, "CloudFront"},
		{"load-balancer-ingress", "older outputs, open", together(olderOutputs, allow("alb", port(443, range4("0.0.0.0/0")))), statusFail, "tcp 443 from 0.0.0.0/0"},
		{"load-balancer-ingress", "older outputs without CloudFront", together(withoutCloudFront, olderOutputs), statusPass, "the internet"},
		{"load-balancer-ingress", "older outputs, of a distribution elsewhere", together(olderOutputs, func(e *estate) { e.outputs.CDNEnabled = false }),
			statusPass, "CloudFront"},
		{"load-balancer-ingress", "HTTP alone", together(withoutCloudFront, func(e *estate) {
			e.outputs.ALBProtocol = "http"
			e.security["alb"] = securityGroup("sg-alb", "alb", port(80, range4("0.0.0.0/0")))
		}), statusPass, "the internet"},
		{"load-balancer-ingress", "443 without a listener", together(withoutCloudFront, func(e *estate) { e.outputs.ALBProtocol = "http" }),
			statusFail, "tcp 443 from 0.0.0.0/0"},
		{"load-balancer-ingress", "SSH", together(withoutCloudFront, allow("alb", port(22, range4("0.0.0.0/0")))), statusFail, "tcp 22 from 0.0.0.0/0"},
		{"instance-ingress", "internet", allow("app", port(appPort, range4("0.0.0.0/0"))), statusFail, "tcp 8080 from 0.0.0.0/0 in sg-app"},
		{"instance-ingress", "SSH from the load balancer", allow("app", port(22, peerGroup("sg-alb"))), statusFail, "tcp 22 from sg-alb"},
		{"instance-ingress", "another protocol", allow("app", udp), statusFail, "udp 8080 from sg-alb"},
		{"instance-ingress", "all of the VPC", allow("app", all), statusFail, "all traffic from 10.0.0.0/16"},
		{"instance-ingress", "closed", none("app"), statusFail, "do not let in the load balancer on port 8080"},
		{"instance-ingress", "one more group", func(e *estate) {
			e.app = append(e.app, "sg-extra")
			e.security["extra"] = securityGroup("sg-extra", "extra", port(22, range4("10.0.0.0/8")))
		}, statusFail, "tcp 22 from 10.0.0.0/8 in sg-extra"},
		{"instance-ingress", "no instance", func(e *estate) { e.group.Instances = nil }, statusFail, "no instance of ha-web-prod runs"},
		{"proxy-ingress", "the load balancer", allow("proxy", port(5432, peerGroup("sg-alb"))), statusFail, "tcp 5432 from sg-alb in sg-proxy"},
		{"proxy-ingress", "closed", none("proxy"), statusFail, "the security groups of RDS Proxy do not let in instances on port 5432"},
		{"proxy-ingress", "no proxy", withoutProxyInEstate, statusSkip, "database.proxy.enabled is false"},
		{"proxy-ingress", "it is gone", func(e *estate) { e.proxies = e.proxies[:1] }, statusFail, "no database proxy"},
		{"database-ingress", "instances past the proxy", allow("db", port(5432, peerGroup("sg-app"))), statusFail, "tcp 5432 from sg-app in sg-db"},
		{"database-ingress", "people past the proxy", withOperators, statusPass, "RDS Proxy and instances only"},
		{"database-ingress", "people past the proxy, and the internet", together(withOperators, allow("db", port(5432, range4("0.0.0.0/0")))),
			statusFail, "tcp 5432 from 0.0.0.0/0"},
		{"database-ingress", "people past the proxy, who are not let in", func(e *estate) { e.outputs.DatabaseOperators = true }, statusFail,
			"do not let in RDS Proxy and instances on port 5432"},
		{"database-ingress", "people past the proxy, which is not let in", together(withOperators, func(e *estate) {
			e.security["db"] = securityGroup("sg-db", "db", port(5432, peerGroup("sg-app")))
		}), statusFail, "do not let in RDS Proxy and instances on port 5432"},
		{"database-ingress", "more ports", allow("db", wide), statusFail, "tcp 5432-5440 from sg-proxy"},
		{"database-ingress", "another port", func(e *estate) { e.database.Endpoint.Port = aws.Int32(3306) }, statusFail, "tcp 5432 from sg-proxy"},
		{"database-ingress", "no endpoint", func(e *estate) { e.database.Endpoint = nil }, statusFail, "no endpoint yet"},
		{"database-ingress", "closed", none("db"), statusFail, "the security groups of the database do not let in RDS Proxy on port 5432"},
		{"database-ingress", "without a proxy", withoutProxyInEstate, statusPass, "instances"},
		{"security-groups-closed", "database", allow("db", port(5432, range4("0.0.0.0/0"))), statusFail, "tcp 5432 from 0.0.0.0/0 in sg-db (db)"},
		{"security-groups-closed", "IPv6", allow("endpoints", port(443, range6("::/0"))), statusFail, "tcp 443 from ::/0"},
		{"security-groups-closed", "a larger range", allow("app", port(22, range4("10.0.0.0/8"))), statusFail, "tcp 22 from 10.0.0.0/8"},
		{"security-groups-closed", "a list", allow("app", port(443, prefixList("pl-1"))), statusFail, "tcp 443 from pl-1"},
		{"security-groups-closed", "a group of someone else", func(e *estate) {
			e.security["bastion"] = securityGroup("sg-bastion", "bastion", port(22, range4("0.0.0.0/0")))
		}, statusFail, "tcp 22 from 0.0.0.0/0 in sg-bastion (bastion)"},
		{"security-groups-closed", "no range", func(e *estate) { e.outputs.VpcCIDR = "" }, statusFail, "vpcCidr"},
		{"security-groups-closed", "the load balancer alone", withoutCloudFront, statusPass, "none open beyond 10.0.0.0/16"},
		{"default-security-group", "in", allow("default", all), statusFail, "1 rules in and 0 out"},
		{"default-security-group", "out", func(e *estate) { e.security["default"].IpPermissionsEgress = []network.IpPermission{all} }, statusFail, "0 rules in and 1 out"},
		{"default-security-group", "another VPC", func(e *estate) { e.outputs.VpcID = "vpc-2" }, statusFail, "no default security group"},
	})
}

func TestRoutes(t *testing.T) {
	t.Parallel()
	set := func(table string, routes ...network.Route) func(*estate) {
		return func(e *estate) { e.tables[table].Routes = routes }
	}
	ipv6 := network.Route{DestinationIpv6CidrBlock: aws.String("::/0"), EgressOnlyInternetGatewayId: aws.String("eigw-1")}
	hole := toNAT("nat-a")
	hole.State = network.RouteStateBlackhole
	detached := toGateway("igw-1")
	detached.State = network.RouteStateBlackhole
	some := network.Route{DestinationCidrBlock: aws.String("192.0.2.0/24"), NatGatewayId: aws.String("nat-a")}
	single := func(e *estate) { e.nat = e.nat[:1]; set("private-b", toNAT("nat-a"))(e) }
	withoutNAT := func(e *estate) { e.nat = nil; set("private-a")(e); set("private-b")(e) }
	inspect(t, networkChecks[6:10], []damage{
		{"public-routes", "none", set("public"), statusFail, "public-a in eu-central-1a has no default route"},
		{"public-routes", "to a NAT gateway", set("public", toNAT("nat-a")), statusFail, "public-a in eu-central-1a leads to nat-a"},
		{"public-routes", "detached", set("public", detached), statusFail, "igw-1 (blackhole)"},
		{"public-routes", "the main table", func(e *estate) { delete(e.tables, "public") }, statusFail, "has no default route"},
		{"public-routes", "no subnets", func(e *estate) { e.outputs.PublicSubnetIDs = nil }, statusFail, "no public subnets"},
		{"private-routes", "another zone", set("private-b", toNAT("nat-a")), statusFail, "private-b in eu-central-1b leads to nat-a in eu-central-1a"},
		{"private-routes", "one without", set("private-b"), statusFail, "1 of 2 private subnets have no default route"},
		{"private-routes", "all without", together(set("private-a"), set("private-b")), statusFail, "2 of 2"},
		{"private-routes", "a black hole", set("private-a", hole), statusFail, "nat-a, which is no NAT gateway in service"},
		{"private-routes", "a gateway that is gone", set("private-a", toNAT("nat-gone")), statusFail, "nat-gone, which is no NAT gateway in service"},
		{"private-routes", "the internet gateway", set("private-a", toGateway("igw-1")), statusFail, "private-a in eu-central-1a leads to igw-1"},
		{"private-routes", "no subnets", func(e *estate) { e.outputs.PrivateSubnetIDs = nil }, statusFail, "no private subnets"},
		{"private-routes", "one gateway", single, statusPass, "the one NAT gateway"},
		{"private-routes", "no gateway", withoutNAT, statusPass, "through the endpoints"},
		{"data-routes", "default route", set("data", toNAT("nat-a")), statusFail, "data-a in eu-central-1a leads 0.0.0.0/0 to nat-a"},
		{"data-routes", "IPv6", set("data", ipv6), statusFail, "::/0 to eigw-1"},
		{"data-routes", "a part of the internet", set("data", some), statusFail, "192.0.2.0/24 to nat-a"},
		{"data-routes", "a network of the company", set("data", network.Route{
			DestinationCidrBlock: aws.String("0.0.0.0/0"), TransitGatewayId: aws.String("tgw-1"),
		}), statusFail, "0.0.0.0/0 to tgw-1"},
		{"data-routes", "no subnets", func(e *estate) { e.outputs.DataSubnetIDs = nil }, statusFail, "no data subnets"},
		{"nat-gateways", "one failed", func(e *estate) {
			e.nat[1].State, e.nat[1].FailureMessage = network.NatGatewayStateFailed, aws.String("Network vpc-1 has no Internet gateway attached")
		}, statusFail, "nat-b is failed Network vpc-1"},
		{"nat-gateways", "two in one zone", func(e *estate) { e.nat[1].SubnetId = aws.String("public-a") }, statusFail, "eu-central-1b has none"},
		{"nat-gateways", "single", single, statusPass, "one, in eu-central-1a"},
		{"nat-gateways", "none", withoutNAT, statusSkip, "no NAT gateway"},
	})
}

func TestFlowLogsAndQuotas(t *testing.T) {
	t.Parallel()
	vcpus := func(running, quota float64) func(*estate) {
		return func(e *estate) { e.vcpus = map[string]float64{"running": running, "quota": quota} }
	}
	spot := func(e *estate) {
		e.group.MixedInstancesPolicy.InstancesDistribution = &scaling.InstancesDistribution{
			OnDemandBaseCapacity: aws.Int32(3), OnDemandPercentageAboveBaseCapacity: aws.Int32(50),
		}
	}
	oneType := func(e *estate) { e.group.MixedInstancesPolicy = nil }
	unlogged := func(e *estate) { e.flowLogs = nil }
	inspect(t, networkChecks[10:], []damage{
		{"flow-logs", "not active", func(e *estate) { e.flowLogs[0].FlowLogStatus = aws.String("INACTIVE") }, statusFail, "fl-1 is INACTIVE"},
		{"flow-logs", "not delivered", func(e *estate) {
			e.flowLogs[0].DeliverLogsStatus, e.flowLogs[0].DeliverLogsErrorMessage = aws.String("FAILED"), aws.String("Access error")
		}, statusFail, "fl-1 delivers nothing: Access error"},
		{"flow-logs", "none", unlogged, statusFail, "the VPC has no flow log"},
		{"flow-logs", "none in development", together(unlogged, purpose(development)), statusSkip, "the VPC has no flow log, which a stack for development"},
		{"flow-logs", "none, of older outputs", together(unlogged, purpose("")), statusSkip, "The outputs do not say"},
		{"vcpu-quota", "too low", vcpus(4, 29), statusFail, "30 vCPUs for the largest fleet (15 instances) and 0 for others, of 29"},
		{"vcpu-quota", "others take it", vcpus(39, 64), statusFail, "30 vCPUs for the largest fleet (15 instances) and 35 for others, of 64"},
		{"vcpu-quota", "just enough", vcpus(38, 64), statusPass, "and 34 for others, of 64"},
		{"vcpu-quota", "a larger type", together(vcpus(4, 50), func(e *estate) {
			e.group.MixedInstancesPolicy.LaunchTemplate.Overrides[1].InstanceType = aws.String("m7g.xlarge")
		}), statusFail, "60 vCPUs"},
		{"vcpu-quota", "without room to replace", together(vcpus(4, 20), func(e *estate) { e.group.InstanceMaintenancePolicy = nil }), statusPass, "20 vCPUs"},
		{"vcpu-quota", "half of them Spot", together(vcpus(4, 18), spot), statusPass, "18 vCPUs for the largest fleet (9 instances)"},
		{"vcpu-quota", "the type of the instances", together(oneType, vcpus(4, 29)), statusFail, "30 vCPUs"},
		{"vcpu-quota", "no instance", together(oneType, func(e *estate) { e.group.Instances = nil }), statusSkip, "no instance says which type"},
		{"vcpu-quota", "unknown type", func(e *estate) {
			e.group.MixedInstancesPolicy.LaunchTemplate.Overrides = []scaling.LaunchTemplateOverrides{{InstanceType: aws.String("m99.large")}}
		}, statusSkip, "how many vCPUs m99.large has"},
		{"vcpu-quota", "another quota", func(e *estate) {
			e.group.MixedInstancesPolicy.LaunchTemplate.Overrides[0].InstanceType = aws.String("g6.xlarge")
		}, statusSkip, "g6.xlarge counts against another quota"},
		{"vcpu-quota", "not known", func(e *estate) { e.vcpus = nil }, statusSkip, "The largest fleet takes 30 vCPUs (15 instances)"},
		{"address-quota", "all in use", func(e *estate) { e.addresses = 5 }, statusFail, "5 of 5 Elastic IP addresses"},
		{"address-quota", "one left", func(e *estate) { e.addresses = 4 }, statusPass, "4 of 5"},
		{"address-quota", "not known", func(e *estate) { e.quota = "" }, statusSkip, "does not say"},
	})
}

func TestStandardInstanceTypes(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{
		"t4g.small": true, "m7g.large": true, "c8gn.large": true, "r7i.large": true, "i4i.large": true, "im4gn.large": true, "d3.xlarge": true,
		"inf2.xlarge": false, "trn1.2xlarge": false, "g6.xlarge": false, "p5.48xlarge": false, "x2gd.large": false, "dl1.24xlarge": false,
		"hpc7g.4xlarge": false, "u-6tb1.metal": false, "f1.2xlarge": false, "": false,
	} {
		assert.Equal(t, want, standard(name), name)
	}
}

// Each question to AWS that several checks have is asked once.
func TestQuestionsAreShared(t *testing.T) {
	t.Parallel()
	e := newEstate()
	l := e.live(t.Context())
	for _, each := range append(networkChecks, databaseChecks...) {
		require.Equal(t, statusPass, each.run(t.Context(), l).status, each.name)
	}
	pages := map[string]int{"DescribeSecurityGroups": 2, "DescribeDBProxies": 2}
	for operation, times := range e.asked {
		assert.Equal(t, max(1, pages[operation]), times, operation)
	}
	assert.Len(t, e.asked, 20)
}

// A check that may not look is skipped, and names the permission.
func TestRefusedQuestions(t *testing.T) {
	t.Parallel()
	everything := newEstate()
	l := everything.live(t.Context())
	for _, each := range append(networkChecks, databaseChecks...) {
		each.run(t.Context(), l)
	}
	for operation := range everything.asked {
		e := newEstate()
		e.refuses = operation
		l := e.live(t.Context())
		skips := 0
		for _, each := range append(networkChecks, databaseChecks...) {
			found := each.run(t.Context(), l)
			require.NotEqual(t, statusFail, found.status, "%s without %s: %s", each.name, operation, found.seen)
			if found.status == statusSkip {
				skips++
				assert.Contains(t, found.seen, "missing permission: ")
				assert.Contains(t, found.seen, ":"+operation)
			}
		}
		assert.NotZero(t, skips, operation)
	}
}
