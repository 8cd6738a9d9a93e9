package monitoring

import (
	"fmt"
	"strings"

	"ha-web/internal/settings/network"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// zoneAlarms tell that one Availability Zone is ill, so that someone can shift traffic away from it.
//
// Two of them compare what the load balancer reports for a zone with the other zones, as cdklabs/cdk-multi-az-observability does. Of
// the dimension AvailabilityZone AWS says only that it "filters the metric data by Availability Zone" (Elastic Load Balancing user
// guide, "CloudWatch metrics for your Application Load Balancer"). The nodes of the load balancer send these metrics, and with
// cross-zone load balancing each node spreads its requests over the targets of all zones. So these alarms most likely show a zone
// whose node, or whose network, is ill, and not one whose instances are: the instances of a zone answer an equal share of each
// node's requests. HealthyHostCount of a zone counts the targets of all zones for the same reason. What shows that the instances of a
// zone are gone is their own heartbeat.
func (b *builder) zoneAlarms() []alarm {
	zones := b.args.Network.Settings.Zones()
	var alarms []alarm
	for _, zone := range zones {
		if b.args.Web.Settings.Floor() >= len(zones) { // otherwise a zone may be empty
			alarms = append(alarms, b.zoneHeartbeat(zone, len(zones)))
		}
		alarms = append(alarms, b.zoneErrors(zone), b.zoneLatency(zone, zones))
	}
	return alarms
}

// zoneHeartbeat watches the samples that each instance sends every minute in which its own health check path answers. The group has
// one in each zone as long as it wants as many as there are zones; one that is being replaced is not missed.
func (b *builder) zoneHeartbeat(zone network.Zone, zones int) alarm {
	minutes := b.patience()
	beats := b.group("CWAgent", "heartbeat", "Sum").as("beats_" + zone.Letter).named(zone.Name)
	beats.dimensions = append(beats.dimensions, dimension{"AvailabilityZone", pulumi.String(zone.Name)})
	return alarm{
		role: "zone-heartbeat", zone: zone.Letter, page: zonePage, panel: heartbeatPanel,
		metrics:    []series{b.group("AWS/AutoScaling", "GroupDesiredCapacity", "Minimum").as("desired"), beats},
		expression: fmt.Sprintf("IF(desired >= %d, FILL(%s, 0), 1)", zones, beats.id),
		period:     60, breaches: minutes, periods: minutes, comparison: below, threshold: 1, missing: notBreaching,
		consequence: fmt.Sprintf("No instance in %s has been healthy for %d minutes: the other Availability Zones carry the site.", zone.Name, minutes),
	}
}

// inZone is a metric of the load balancer, of one zone.
func (b *builder) inZone(zone network.Zone, name, stat string) series {
	metric := b.balancer(name, stat)
	metric.dimensions = append([]dimension{{"AvailabilityZone", pulumi.String(zone.Name)}}, metric.dimensions...)
	return metric
}

// zoneErrors compares the share of requests that fail in a zone, by instances or by the load balancer, with the share in the others.
func (b *builder) zoneErrors(zone network.Zone) alarm {
	const answered, refused, requests = "HTTPCode_Target_5XX_Count", "HTTPCode_ELB_5XX_Count", "RequestCount"
	letter := zone.Letter
	failed := fmt.Sprintf("(FILL(answered_%[1]s, 0) + FILL(refused_%[1]s, 0))", letter)
	elsewhere := fmt.Sprintf("(FILL(answered, 0) + FILL(refused, 0) - %s)", failed)
	return alarm{
		role: "zone-errors", zone: letter, page: zonePage, panel: zoneErrorPanel,
		metrics: []series{
			b.inZone(zone, answered, "Sum").as("answered_" + letter), b.inZone(zone, refused, "Sum").as("refused_" + letter),
			b.inZone(zone, requests, "Sum").as("requests_" + letter),
			b.balancer(answered, "Sum").as("answered"), b.balancer(refused, "Sum").as("refused"), b.balancer(requests, "Sum").as("requests"),
		},
		expression: fmt.Sprintf("IF(%s >= %d, 100 * %[1]s / requests_%[3]s - 100 * %[4]s / (requests - requests_%[3]s), 0)",
			failed, b.settings.Thresholds.MinimumErrors, letter, elsewhere),
		period: 60, breaches: 3, periods: 5,
		comparison: above, threshold: float64(b.settings.Thresholds.ServerErrorPercent), missing: notBreaching,
		consequence: fmt.Sprintf("Requests that come in through %s fail far more often than those of the other Availability Zones.", zone.Name),
	}
}

// zoneLatency watches for a zone that is slow, and more than twice as slow as each of the others.
func (b *builder) zoneLatency(zone network.Zone, zones []network.Zone) alarm {
	slowest := func(of network.Zone) series {
		return b.inZone(of, "TargetResponseTime", "p99").as("slowest_" + of.Letter)
	}
	metrics := []series{b.inZone(zone, "RequestCount", "Sum").as("requests_" + zone.Letter), slowest(zone)}
	conditions := []string{fmt.Sprintf("(requests_%s >= %d)", zone.Letter, b.settings.Thresholds.MinimumRequests)}
	for _, other := range zones {
		if other != zone {
			metrics = append(metrics, slowest(other))
			conditions = append(conditions, fmt.Sprintf("(2 * FILL(slowest_%s, 0) < slowest_%s)", other.Letter, zone.Letter))
		}
	}
	return alarm{
		role: "zone-latency", zone: zone.Letter, page: zonePage, panel: zoneLatencyPanel,
		metrics: metrics, expression: fmt.Sprintf("IF(%s, slowest_%s, 0)", strings.Join(conditions, " * "), zone.Letter),
		period: 60, breaches: 5, periods: 5,
		comparison: above, threshold: float64(b.settings.Thresholds.LatencyMilliseconds) / 1000, missing: notBreaching,
		consequence: fmt.Sprintf("Requests that come in through %s are far slower than those of the other Availability Zones.", zone.Name),
	}
}
