package monitoring

import (
	"ha-web/internal/component"
	"ha-web/internal/settings/web"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Panels of the dashboard, in their order there.
const (
	trafficPanel      = "Requests a minute"
	serverErrorPanel  = "Errors, percent of answers"
	errorPanel        = "Errors and refusals a minute"
	latencyPanel      = "Latency, seconds"
	healthPanel       = "Healthy servers"
	fleetPanel        = "Fleet, instances"
	fullPanel         = "Fleet, percent of its greatest size"
	loadPanel         = "CPU load, percent"
	creditPanel       = "CPU credits"
	connectionPanel   = "Database connections"
	storagePanel      = "Database, free storage"
	memoryPanel       = "Database, free memory"
	diskPanel         = "Database, seconds to read and write"
	queuePanel        = "Database, disk queue"
	balancePanel      = "Database, percent of burst balance"
	borrowPanel       = "Proxy, microseconds to a connection"
	pinnedPanel       = "Proxy, pinned connections"
	natPanel          = "NAT gateways"
	cachePanel        = "Cache hit rate, percent"
	firewallPanel     = "Firewall, requests in five minutes"
	notificationPanel = "Messages that did not arrive"
)

// table returns the alarms. (Field notes, section 7.)
func (b *builder) table() []alarm {
	var table []alarm
	for _, part := range [][]alarm{
		b.healthAlarms(), b.errorAlarms(), b.rolloutAlarms(), b.fleetAlarms(), b.networkAlarms(),
		b.databaseAlarms(), b.storageAlarms(), b.proxyAlarms(), b.secretAlarms(), b.cdnAlarms(), b.deliveryAlarms(),
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

// healthyHosts are the healthy servers, once the group has any: an alarm that takes silence for a fault must not be there
// before them (field note OBS-2).
func (b *builder) healthyHosts(zone string) series {
	healthy := b.targets("HealthyHostCount", "Minimum")
	suffix := pulumi.All(b.args.Web.TargetGroupSuffix, b.args.Web.AutoScalingGroupName).ApplyT(func(both []any) string {
		return both[0].(string)
	}).(pulumi.StringOutput)
	healthy.dimensions[0].value = suffix
	healthy.label = "in all zones"
	if zone != "" {
		healthy.dimensions = append([]dimension{{"AvailabilityZone", pulumi.String(zone)}}, healthy.dimensions...)
		healthy.label = zone
	}
	return healthy
}

// healthAlarms watch what matters most (document 002): how many servers are left. Where a schedule lets the fleet shrink
// below one in each zone, an empty zone is no fault.
func (b *builder) healthAlarms() []alarm {
	var alarms []alarm
	if b.args.Web.MinSize > 0 {
		alarms = append(alarms, alarm{
			role: "healthy-hosts", page: redundancyPage, panel: healthPanel,
			metrics: []series{b.healthyHosts("")}, period: 60, breaches: 2, periods: 3,
			comparison: below, threshold: float64(b.args.Web.MinSize), missing: breaching,
			consequence: "Fewer servers are healthy than the smallest fleet has: the site runs on what is left.",
		})
	}
	if b.args.Web.MinSize >= len(b.plan.zones) {
		for _, zone := range b.plan.zones {
			alarms = append(alarms, alarm{
				role: "healthy-hosts-in-zone", zone: zone.Letter, page: redundancyPage, panel: healthPanel,
				metrics: []series{b.healthyHosts(zone.Name)}, period: 60, breaches: 3, periods: 3,
				comparison: below, threshold: 1, missing: breaching,
				consequence: "No server in zone " + zone.Name + " is healthy: the loss of another zone takes the site down.",
			})
		}
	}
	return append(alarms, alarm{
		// The least that any node of the load balancer sees: with the most, it would go off in every rollout (OBS-1).
		role: "unhealthy-hosts", panel: healthPanel,
		metrics: []series{b.targets("UnHealthyHostCount", "Minimum")}, period: 60, breaches: 2, periods: 2,
		comparison: above, missing: notBreaching,
		consequence: "A server fails its health check: the others carry its share until it is replaced.",
	})
}

// serverErrors is the share of answers 5xx of the servers, in percent. Load balancers report counts only where there are any.
func (b *builder) serverErrors() ([]series, string) {
	return []series{
		b.targets("HTTPCode_Target_5XX_Count", "Sum").as("failed"), b.targets("RequestCount", "Sum").as("requests"),
	}, "100 * FILL(failed, 0) / requests"
}

func (b *builder) errorAlarms() []alarm {
	metrics, percent := b.serverErrors()
	return []alarm{
		{
			role: "load-balancer-errors", page: errorsPage, panel: errorPanel,
			metrics: []series{b.balancer("HTTPCode_ELB_5XX_Count", "Sum")}, period: 60, breaches: 3, periods: 5,
			comparison: above, threshold: float64(b.args.Thresholds.LoadBalancerErrors), missing: notBreaching,
			consequence: "The load balancer answers people with errors, because no server gives an answer.",
		},
		{
			role: "server-errors", page: errorsPage, panel: serverErrorPanel,
			metrics: metrics, expression: percent, period: 60, breaches: 3, periods: 5,
			comparison: above, threshold: float64(b.args.Thresholds.ServerErrorPercent), missing: notBreaching,
			consequence: "The application answers people with errors.",
		},
		{
			role: "latency", page: errorsPage, panel: latencyPanel,
			metrics: []series{b.targets("TargetResponseTime", "p99").named("p99")}, period: 60, breaches: 5, periods: 5,
			comparison: above, threshold: float64(b.args.Thresholds.LatencyMilliseconds) / 1000, missing: notBreaching,
			consequence: "One answer in a hundred takes too long: people wait, and try again, which makes it worse.",
		},
		{
			role: "rejected-connections", page: errorsPage, panel: errorPanel,
			metrics: []series{b.balancer("RejectedConnectionCount", "Sum")}, period: 60, breaches: 2, periods: 3,
			comparison: above, missing: notBreaching,
			consequence: "The load balancer turns people away: it has as many connections as it can have.",
		},
		{
			role: "target-connection-errors", panel: errorPanel,
			metrics: []series{b.targets("TargetConnectionErrorCount", "Sum")}, period: 60, breaches: 3, periods: 5,
			comparison: above, missing: notBreaching,
			consequence: "The load balancer does not get through to a server: some people wait for another, or get errors.",
		},
	}
}

// Alarms that stop a rollout. Instances on their way in must not set them off, nor a night without requests.
const (
	rolloutErrors  = "rollout-server-errors"
	rolloutFaults  = "rollout-load-balancer-errors"
	rolloutLatency = "rollout-latency"
)

// RolloutAlarms returns the names in AWS of the alarms that stop a rollout, for the component that makes rollouts: it comes
// before Monitoring, which needs its outputs, and so cannot have them as outputs. None where stop is false.
func RolloutAlarms(name, stack string, stop bool) []string {
	if !stop {
		return nil
	}
	prefix, err := component.PhysicalName(name, stack, "", nameLimit)
	if err != nil {
		return nil // New says what is wrong with the name
	}
	var alarms []string
	for _, role := range []string{rolloutErrors, rolloutFaults, rolloutLatency} {
		alarms = append(alarms, prefix+"-"+role)
	}
	return alarms
}

// rolloutAlarms watch the same as errorAlarms, and go off sooner.
func (b *builder) rolloutAlarms() []alarm {
	metrics, percent := b.serverErrors()
	return []alarm{
		{
			role: rolloutErrors, metrics: metrics, expression: percent, period: 60, breaches: 2, periods: 3,
			comparison: above, threshold: float64(b.args.Thresholds.ServerErrorPercent), missing: notBreaching,
			consequence: "The application answers people with errors: a rollout that is under way stops.",
		},
		{
			role: rolloutFaults, metrics: []series{b.balancer("HTTPCode_ELB_5XX_Count", "Sum")}, period: 60, breaches: 2, periods: 3,
			comparison: above, threshold: float64(b.args.Thresholds.LoadBalancerErrors), missing: notBreaching,
			consequence: "The load balancer answers people with errors: a rollout that is under way stops.",
		},
		{
			role: rolloutLatency, metrics: []series{b.targets("TargetResponseTime", "p99").named("p99")}, period: 60, breaches: 3, periods: 3,
			comparison: above, threshold: float64(b.args.Thresholds.LatencyMilliseconds) / 1000, missing: notBreaching,
			consequence: "Answers take too long: a rollout that is under way stops.",
		},
	}
}

// fleetAlarms watch whether the fleet can still grow, and by what its machines are held back.
func (b *builder) fleetAlarms() []alarm {
	alarms := []alarm{{
		role: "fleet-load", panel: loadPanel,
		metrics: []series{b.group("AWS/EC2", "CPUUtilization", "Average").named("fleet")}, period: 300, breaches: 3, periods: 3,
		comparison: above, threshold: float64(b.args.Thresholds.FleetLoadPercent), missing: missing,
		consequence: "The servers are busier than scaling should let them get: pages are about to slow down.",
	}}
	if b.args.Web.MinSize < b.args.Web.MaxSize { // a fleet of one size is always full
		alarms = append(alarms, alarm{
			role: "fleet-full", page: redundancyPage, panel: fullPanel,
			metrics: []series{
				b.group("AWS/AutoScaling", "GroupInServiceInstances", "Maximum").as("inservice"),
				b.group("AWS/AutoScaling", "GroupMaxSize", "Maximum").as("most"),
			},
			expression: "100 * inservice / most", period: 60, breaches: 5, periods: 5,
			comparison: atLeast, threshold: float64(b.args.Thresholds.FleetFullPercent), missing: missing,
			consequence: "The fleet has almost grown to its greatest size: more people, or a lost zone, find no room.",
		})
	}
	if !(&web.Settings{InstanceTypes: b.args.Web.InstanceTypes}).Burstable() {
		return alarms
	}
	return append(alarms, creditAlarms("fleet", float64(b.args.Thresholds.CPUCredits),
		// The most: a new instance begins with none.
		b.group("AWS/EC2", "CPUCreditBalance", "Maximum"), b.group("AWS/EC2", "CPUSurplusCreditsCharged", "Maximum"))...)
}

// creditAlarms watch the credits of burstable machines. An hour: those that have just started earn theirs meanwhile.
func creditAlarms(what string, least float64, balance, surplus series) []alarm {
	balance, surplus = balance.named(what+", balance"), surplus.named(what+", charged")
	return []alarm{
		{
			role: what + "-credits", panel: creditPanel,
			metrics: []series{balance}, period: 300, breaches: 12, periods: 12,
			comparison: below, threshold: least, missing: missing,
			consequence: "The " + what + " has used up its CPU credits: from here on AWS slows it down, or charges for more.",
		},
		{
			role: what + "-surplus", panel: creditPanel,
			metrics: []series{surplus}, period: 300, breaches: 12, periods: 12,
			comparison: above, missing: missing,
			consequence: "AWS charges for CPU credits of the " + what + ": a machine of another family is faster, and cheaper.",
		},
	}
}

// networkAlarms watch the way out of the private subnets.
func (b *builder) networkAlarms() []alarm {
	var alarms []alarm
	for _, zone := range b.plan.zones {
		gateway, found := b.args.NATGatewayIDs[zone.Letter]
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
				consequence: "Servers open more connections to one address than the NAT gateway of " + zone.Name + " has ports: some fail.",
			},
			alarm{
				role: "nat-drops", zone: zone.Letter, panel: natPanel,
				metrics: []series{nat("PacketsDropCount")}, period: 60, breaches: 3, periods: 5,
				comparison: above, missing: notBreaching,
				consequence: "The NAT gateway of " + zone.Name + " drops packets: what servers ask of the internet takes longer, or fails.",
			})
	}
	return alarms
}
