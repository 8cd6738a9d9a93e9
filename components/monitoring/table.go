package monitoring

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Panels of the dashboard, in their order there.
const (
	trafficPanel      = "Requests a minute"
	serverErrorPanel  = "Errors, percent of responses"
	errorPanel        = "Errors and refusals a minute"
	latencyPanel      = "Latency, 99th percentile of busy minutes, seconds"
	anomalyPanel      = "Requests in five minutes, and what is expected"
	slownessPanel     = "Latency, 90th percentile, and what is expected"
	healthPanel       = "Healthy instances"
	shortPanel        = "Instances short of the desired capacity"
	heartbeatPanel    = "Heartbeats of instances by zone, a minute"
	zoneErrorPanel    = "Errors by zone, percentage points above the others"
	zoneLatencyPanel  = "Slow zone, 99th percentile, seconds"
	fleetPanel        = "Fleet, instances"
	fullPanel         = "Busy fleet, percent of its maximum size"
	loadPanel         = "CPU load, percent"
	instancePanel     = "Memory and disk of the fullest instance, percent"
	creditPanel       = "CPU credits"
	connectionPanel   = "Database connections"
	storagePanel      = "Database, free storage"
	memoryPanel       = "Database, free memory"
	diskPanel         = "Database, seconds to read and write"
	queuePanel        = "Database, disk queue"
	balancePanel      = "Database, percent of burst balance"
	borrowPanel       = "Proxy, microseconds to a connection"
	loginPanel        = "Proxy, refused logins"
	pinnedPanel       = "Proxy, pinned connections"
	natPanel          = "NAT gateways"
	cachePanel        = "Cache hit rate, percent"
	firewallPanel     = "Firewall, requests in five minutes"
	notificationPanel = "Messages that did not arrive"
)

// table returns the alarms. Those on events and incidents watch rules and queues that are there already.
func (b *builder) table(rules map[string]pulumi.StringInput, deadLetters map[*region]pulumi.StringInput) []alarm {
	var table []alarm
	for _, part := range [][]alarm{
		b.healthAlarms(), b.zoneAlarms(), b.errorAlarms(), b.anomalyAlarms(), b.rolloutAlarms(), b.fleetAlarms(), b.networkAlarms(),
		b.databaseAlarms(), b.storageAlarms(rules), b.proxyAlarms(), secretAlarms(rules), b.cdnAlarms(), b.deliveryAlarms(deadLetters),
	} {
		for _, each := range part {
			if each.at == nil {
				each.at = b.main
			}
			table = append(table, each)
		}
	}
	return table
}

// balancer, targets and group are metrics of the load balancer, of its target group and of the Auto Scaling group.
func (b *builder) balancer(name, stat string) series {
	return series{namespace: "AWS/ApplicationELB", name: name, stat: stat, dimensions: []dimension{
		{"LoadBalancer", b.args.Web.LoadBalancerSuffix},
	}}
}

func (b *builder) targets(name, stat string) series {
	targets := b.balancer(name, stat)
	targets.dimensions = append([]dimension{{"TargetGroup", b.args.Web.TargetGroupSuffix}}, targets.dimensions...)
	return targets
}

func (b *builder) group(namespace, name, stat string) series {
	return series{namespace: namespace, name: name, stat: stat, dimensions: []dimension{
		{"AutoScalingGroupName", b.args.Web.AutoScalingGroupName},
	}}
}

// networkAlarms watch the NAT gateways.
func (b *builder) networkAlarms() []alarm {
	var alarms []alarm
	for _, zone := range b.args.Network.Settings.Zones() {
		gateway, found := b.args.Network.NATGatewayIDs[zone.Letter]
		if !found {
			continue
		}
		nat := func(name string) series {
			return series{namespace: "AWS/NATGateway", name: name, stat: "Sum", label: name + ", " + zone.Name, dimensions: []dimension{
				{"NatGatewayId", gateway},
			}}
		}
		alarms = append(alarms,
			alarm{
				role: "nat-ports", zone: zone.Letter, page: errorsPage, panel: natPanel,
				metrics: []series{nat("ErrorPortAllocation")}, period: 60, breaches: 3, periods: 5,
				comparison: above, missing: notBreaching,
				consequence: "The instances open more connections to one address than the NAT gateway of " + zone.Name + " has ports: some fail.",
			},
			alarm{
				role: "nat-drops", zone: zone.Letter, panel: natPanel,
				metrics: []series{nat("PacketsDropCount")}, period: 60, breaches: 3, periods: 5,
				comparison: above, missing: notBreaching,
				consequence: "The NAT gateway of " + zone.Name + " drops packets: outbound requests are slow or fail.",
			})
	}
	return alarms
}
