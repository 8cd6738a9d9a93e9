package tests

import (
	"maps"
	"slices"

	"ha-web/tests/cloudwatch"
)

// site is what a site does in one minute: the source of its metrics. Zones are by letter.
type site struct {
	desired, most float64
	healthy       float64            // targets of the load balancer
	unhealthy     float64            // likewise
	answering     map[string]float64 // instances that send a heartbeat
	cpu           float64            // percent

	requests, failed, refused map[string]float64 // by the zone of the load balancer's node; failed by instances, refused by the node
	slowest                   map[string]float64 // 99th percentile of the response time in seconds
	usual                     float64            // 90th percentile

	views            float64 // requests to CloudFront
	viewErrors       float64 // percent of them
	limited, blocked float64 // requests, by the rate limit and by all rules

	connections, freeGiB, borrowSeconds float64
	badLogins, badConnections           float64
	storageEvents                       float64
}

// everyZone returns the same value for each of the two zones.
func everyZone(value float64) map[string]float64 { return map[string]float64{"a": value, "b": value} }

// steady returns a site of so many instances that answers this many requests a minute well.
func steady(instances, requests float64) *site {
	return &site{
		desired: instances, most: 10, healthy: instances, answering: everyZone(instances / 2), cpu: 40,
		requests: everyZone(requests / 2), failed: everyZone(0), refused: everyZone(0), slowest: everyZone(0.4), usual: 0.2, views: 3 * requests,
		connections: 60, freeGiB: 50, borrowSeconds: 0.002,
	}
}

// night, day and exam are a quiet night at the minimum size, a busy day and an exam.
func night() *site { return steady(2, 20) }
func day() *site   { return steady(8, 3000) }
func exam() *site  { return steady(10, 12000) }

func total(byZone map[string]float64) float64 {
	sum := 0.0
	for _, each := range byZone {
		sum += each
	}
	return sum
}

// The dimensions of the resources of the stack prod, as its plan has them.
var (
	balancerOf = map[string]any{"LoadBalancer": "app/ha-web-alb/id"}
	targetsOf  = map[string]any{"LoadBalancer": "app/ha-web-alb/id", "TargetGroup": "targetgroup/ha-web-app/id"}
	groupOf    = map[string]any{"AutoScalingGroupName": "ha-web-app"}
	databaseOf = map[string]any{"DBInstanceIdentifier": "ha-web-prod-db"}
	proxyOf    = map[string]any{"ProxyName": "ha-web-prod"}
	cdnOf      = map[string]any{"DistributionId": "ha-web-cdn_id", "Region": "Global"}
)

// with returns dimensions with one more.
func with(dimensions map[string]any, name string, value any) map[string]any {
	more := maps.Clone(dimensions)
	more[name] = value
	return more
}

// reporter puts the samples of one minute.
type reporter struct {
	metrics cloudwatch.Metrics
	minute  int
}

func (r reporter) put(namespace, name string, dimensions map[string]any, sample cloudwatch.Sample) {
	r.metrics.Put(cloudwatch.Key(namespace, name, dimensions), r.minute, sample)
}

// count puts how often something happened, and nothing if it did not: so do load balancers, EventBridge and AWS WAF.
func (r reporter) count(namespace, name string, dimensions map[string]any, times float64) {
	if times > 0 {
		r.put(namespace, name, dimensions, cloudwatch.Counted(times))
	}
}

func (r reporter) value(namespace, name string, dimensions map[string]any, value float64) {
	r.put(namespace, name, dimensions, cloudwatch.Value(value))
}

// report puts the metrics of a minute.
func (s *site) report(metrics cloudwatch.Metrics, minute int) {
	r := reporter{metrics, minute}
	s.reportBalancer(r)
	s.reportFleet(r)
	s.reportEdge(r)
	s.reportDatabase(r)
}

func (s *site) reportBalancer(r reporter) {
	const namespace = "AWS/ApplicationELB"
	for name, byZone := range map[string]map[string]float64{
		"RequestCount": s.requests, "HTTPCode_Target_5XX_Count": s.failed, "HTTPCode_ELB_5XX_Count": s.refused,
	} {
		for zone, times := range byZone {
			r.count(namespace, name, with(balancerOf, "AvailabilityZone", "us-east-1"+zone), times)
		}
		r.count(namespace, name, balancerOf, total(byZone))
		if name != "HTTPCode_ELB_5XX_Count" {
			r.count(namespace, name, targetsOf, total(byZone))
		}
	}
	for zone, seconds := range s.slowest {
		if s.requests[zone] > 0 {
			r.value(namespace, "TargetResponseTime", with(balancerOf, "AvailabilityZone", "us-east-1"+zone), seconds)
		}
	}
	if total(s.requests) > 0 {
		// More than one request in a hundred is as slow as those of the slowest zone.
		sample := cloudwatch.Value(slices.Max(slices.Collect(maps.Values(s.slowest))))
		sample.Percentiles = map[string]float64{"p90": s.usual}
		r.put(namespace, "TargetResponseTime", targetsOf, sample)
	}
	r.value(namespace, "HealthyHostCount", targetsOf, s.healthy)
	r.value(namespace, "UnHealthyHostCount", targetsOf, s.unhealthy)
}

func (s *site) reportFleet(r reporter) {
	r.value("AWS/AutoScaling", "GroupDesiredCapacity", groupOf, s.desired)
	r.value("AWS/AutoScaling", "GroupInServiceInstances", groupOf, min(s.desired, s.healthy+s.unhealthy))
	r.value("AWS/AutoScaling", "GroupMaxSize", groupOf, s.most)
	r.value("AWS/EC2", "CPUUtilization", groupOf, s.cpu)
	r.value("CWAgent", "mem_used_percent", groupOf, 50)
	r.value("CWAgent", "disk_used_percent", groupOf, 40)
	for zone, instances := range s.answering {
		r.count("CWAgent", "heartbeat", with(groupOf, "AvailabilityZone", "us-east-1"+zone), instances)
	}
	for _, zone := range []string{"a", "b"} {
		gateway := map[string]any{"NatGatewayId": "ha-web-nat-" + zone + "_id"}
		r.value("AWS/NATGateway", "ErrorPortAllocation", gateway, 0)
		r.value("AWS/NATGateway", "PacketsDropCount", gateway, 0)
	}
}

func (s *site) reportEdge(r reporter) {
	r.count("AWS/CloudFront", "Requests", cdnOf, s.views)
	if s.views > 0 {
		r.value("AWS/CloudFront", "5xxErrorRate", cdnOf, s.viewErrors)
	}
	firewall := map[string]any{"WebACL": "ha-web-prod-waf"}
	r.count("AWS/WAFV2", "BlockedRequests", with(firewall, "Rule", "rate-limit"), s.limited)
	r.count("AWS/WAFV2", "BlockedRequests", with(firewall, "Rule", "ALL"), s.limited+s.blocked)
}

func (s *site) reportDatabase(r reporter) {
	for name, value := range map[string]float64{
		"DatabaseConnections": s.connections, "CPUUtilization": 30, "FreeableMemory": 2 << 30, "FreeStorageSpace": s.freeGiB * (1 << 30),
		"ReadLatency": 0.001, "WriteLatency": 0.002, "DiskQueueDepth": 1, "EBSIOBalance%": 100, "EBSByteBalance%": 100,
		"CPUCreditBalance": 500, "CPUSurplusCreditsCharged": 0,
	} {
		r.value("AWS/RDS", name, databaseOf, value)
	}
	r.value("AWS/RDS", "DatabaseConnectionsBorrowLatency", proxyOf, s.borrowSeconds*1e6)
	r.value("AWS/RDS", "DatabaseConnectionsCurrentlySessionPinned", proxyOf, 5)
	r.count("AWS/RDS", "ClientConnectionsSetupFailedAuth", proxyOf, s.badLogins)
	r.count("AWS/RDS", "DatabaseConnectionsSetupFailed", proxyOf, s.badConnections)
	r.count("AWS/Events", "Invocations", map[string]any{"RuleName": "ha-web-database-storage-event"}, s.storageEvents)
}
