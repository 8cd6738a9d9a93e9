package monitoring

import (
	"ha-web/internal/component"

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
	instancePanel     = "Memory and disk of the fullest instance, percent"
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

// table returns the alarms. Those on events and incidents watch rules and queues that are there already.
func (b *builder) table(rules map[string]pulumi.StringInput, deadLetters map[*region]pulumi.StringInput) []alarm {
	var table []alarm
	for _, part := range [][]alarm{
		b.healthAlarms(), b.errorAlarms(), b.rolloutAlarms(), b.fleetAlarms(), b.networkAlarms(),
		b.databaseAlarms(), b.storageAlarms(), b.proxyAlarms(), secretAlarms(rules), b.cdnAlarms(), b.deliveryAlarms(deadLetters),
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

// healthyHosts is the number of healthy instances. It depends on the Auto Scaling group: an alarm that treats missing data as
// breaching would go off before the group has instances.
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

// healthAlarms watch how many instances are healthy. If a schedule scales the fleet in below one instance for each zone, an empty
// zone is not an alarm.
func (b *builder) healthAlarms() []alarm {
	var alarms []alarm
	floor, zones := b.args.Web.Settings.Floor(), b.args.Network.Settings.Zones()
	if floor > 0 {
		alarms = append(alarms, alarm{
			role: "healthy-hosts", page: redundancyPage, panel: healthPanel,
			metrics: []series{b.healthyHosts("")}, period: 60, breaches: 2, periods: 3,
			comparison: below, threshold: float64(floor), missing: breaching,
			consequence: "Fewer servers are healthy than the smallest fleet has: the site runs on what is left.",
		})
	}
	if floor >= len(zones) {
		for _, zone := range zones {
			alarms = append(alarms, alarm{
				role: "healthy-hosts-in-zone", zone: zone.Letter, page: redundancyPage, panel: healthPanel,
				metrics: []series{b.healthyHosts(zone.Name)}, period: 60, breaches: 3, periods: 3,
				comparison: below, threshold: 1, missing: breaching,
				consequence: "No server in zone " + zone.Name + " is healthy: the loss of another zone takes the site down.",
			})
		}
	}
	return append(alarms, alarm{
		// The minimum over the nodes of the load balancer, since the maximum exceeds 0 in every rollout (Elastic Load Balancing
		// user guide, "CloudWatch metrics for your Application Load Balancer").
		role: "unhealthy-hosts", panel: healthPanel,
		metrics: []series{b.targets("UnHealthyHostCount", "Minimum")}, period: 60, breaches: 2, periods: 2,
		comparison: above, missing: notBreaching,
		consequence: "A server fails its health check: the others carry its share until it is replaced.",
	})
}

// serverErrors is the share of 5xx responses of the instances, in percent. Load balancers report counts only if they are not 0.
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
			comparison: above, threshold: float64(b.settings.Thresholds.LoadBalancerErrors), missing: notBreaching,
			consequence: "The load balancer answers people with errors, because no server gives an answer.",
		},
		{
			role: "server-errors", page: errorsPage, panel: serverErrorPanel,
			metrics: metrics, expression: percent, period: 60, breaches: 3, periods: 5,
			comparison: above, threshold: float64(b.settings.Thresholds.ServerErrorPercent), missing: notBreaching,
			consequence: "The application answers people with errors.",
		},
		{
			role: "latency", page: errorsPage, panel: latencyPanel,
			metrics: []series{b.targets("TargetResponseTime", "p99").named("p99")}, period: 60, breaches: 5, periods: 5,
			comparison: above, threshold: float64(b.settings.Thresholds.LatencyMilliseconds) / 1000, missing: notBreaching,
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

// Alarms that stop a rollout. Neither new instances nor a night without requests may set them off.
const (
	rolloutErrors  = "rollout-server-errors"
	rolloutFaults  = "rollout-load-balancer-errors"
	rolloutLatency = "rollout-latency"
)

// RolloutAlarms returns the names in AWS of the alarms that stop a rollout, for the component that makes rollouts: it comes
// before Monitoring, which needs its outputs, and so cannot get them as outputs. There are none if settings.StopRollouts is false.
func RolloutAlarms(name, stack string, settings *Settings) []string {
	prefix, err := prefixOf(name, stack)
	if err != nil || !component.SettingsOr(settings, Default).StopRollouts {
		return nil // New returns the error
	}
	var alarms []string
	for _, role := range []string{rolloutErrors, rolloutFaults, rolloutLatency} {
		alarms = append(alarms, prefix+"-"+role)
	}
	return alarms
}

// rolloutAlarms watch the same metrics as errorAlarms, and go off sooner.
func (b *builder) rolloutAlarms() []alarm {
	metrics, percent := b.serverErrors()
	return []alarm{
		{
			role: rolloutErrors, metrics: metrics, expression: percent, period: 60, breaches: 2, periods: 3,
			comparison: above, threshold: float64(b.settings.Thresholds.ServerErrorPercent), missing: notBreaching,
			consequence: "The application answers people with errors: a rollout that is under way stops.",
		},
		{
			role: rolloutFaults, metrics: []series{b.balancer("HTTPCode_ELB_5XX_Count", "Sum")}, period: 60, breaches: 2, periods: 3,
			comparison: above, threshold: float64(b.settings.Thresholds.LoadBalancerErrors), missing: notBreaching,
			consequence: "The load balancer answers people with errors: a rollout that is under way stops.",
		},
		{
			role: rolloutLatency, metrics: []series{b.targets("TargetResponseTime", "p99").named("p99")}, period: 60, breaches: 3, periods: 3,
			comparison: above, threshold: float64(b.settings.Thresholds.LatencyMilliseconds) / 1000, missing: notBreaching,
			consequence: "Answers take too long: a rollout that is under way stops.",
		},
	}
}

// fleetAlarms watch whether the fleet can still scale out, and what its instances lack.
func (b *builder) fleetAlarms() []alarm {
	alarms := []alarm{
		{
			role: "fleet-load", panel: loadPanel,
			metrics: []series{b.group("AWS/EC2", "CPUUtilization", "Average").named("fleet")}, period: 300, breaches: 3, periods: 3,
			comparison: above, threshold: float64(b.settings.Thresholds.FleetLoadPercent), missing: missing,
			consequence: "The servers are busier than scaling should let them get: pages are about to slow down.",
		}, {
			// The agent of the instances sends both metrics: an instance without it is no alarm.
			role: "instance-memory", panel: instancePanel,
			metrics: []series{b.group("CWAgent", "mem_used_percent", "Maximum").named("memory")}, period: 60, breaches: 5, periods: 5,
			comparison: above, threshold: float64(b.settings.Thresholds.InstanceMemoryPercent), missing: notBreaching,
			consequence: "An instance is almost out of memory: when it is, Linux ends the application.",
		}, {
			role: "instance-disk", panel: instancePanel,
			metrics: []series{b.group("CWAgent", "disk_used_percent", "Maximum").named("disk")}, period: 60, breaches: 5, periods: 5,
			comparison: above, threshold: float64(b.settings.Thresholds.InstanceDiskPercent), missing: notBreaching,
			consequence: "The disk of an instance is almost full: when it is, the application can write no file and no log.",
		},
	}
	if b.args.Web.Settings.Floor() < b.args.Web.Settings.Size.Max { // a fleet of fixed size is always full
		alarms = append(alarms, alarm{
			role: "fleet-full", page: redundancyPage, panel: fullPanel,
			metrics: []series{
				b.group("AWS/AutoScaling", "GroupInServiceInstances", "Maximum").as("inservice"),
				b.group("AWS/AutoScaling", "GroupMaxSize", "Maximum").as("most"),
			},
			expression: "100 * inservice / most", period: 60, breaches: 5, periods: 5,
			comparison: atLeast, threshold: float64(b.settings.Thresholds.FleetFullPercent), missing: missing,
			consequence: "The fleet has almost grown to its greatest size: more people, or a lost zone, find no room.",
		})
	}
	if !b.args.Web.Settings.Burstable() {
		return alarms
	}
	return append(alarms, creditAlarms("fleet", float64(b.settings.Thresholds.CPUCredits),
		// The maximum: a new instance begins with no credits.
		b.group("AWS/EC2", "CPUCreditBalance", "Maximum"), b.group("AWS/EC2", "CPUSurplusCreditsCharged", "Maximum"))...)
}

// creditAlarms watch the credits of burstable instances, over an hour, in which new ones earn credits.
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
