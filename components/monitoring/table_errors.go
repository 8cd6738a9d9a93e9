package monitoring

import (
	"fmt"

	"ha-web/internal/component"
)

// serverErrors is the share of 5xx responses of the instances in percent, or 0 in a minute with few of them. Load balancers report
// counts only if they are not 0.
func (b *builder) serverErrors() ([]series, string) {
	return []series{
		b.targets("HTTPCode_Target_5XX_Count", "Sum").as("failed"), b.targets("RequestCount", "Sum").as("requests"),
	}, fmt.Sprintf("IF(FILL(failed, 0) >= %d, 100 * FILL(failed, 0) / requests, 0)", b.settings.Thresholds.MinimumErrors)
}

// latency is the 99th percentile of the response time in seconds, or 0 in a minute with few requests, of which it says nothing.
// EvaluateLowSampleCountPercentiles is no substitute: its value "ignore" keeps an alarm in ALARM for as long as a site is quiet.
func (b *builder) latency() ([]series, string) {
	return []series{
		b.targets("TargetResponseTime", "p99").as("slowest"), b.targets("RequestCount", "Sum").as("requests"),
	}, fmt.Sprintf("IF(requests >= %d, slowest, 0)", b.settings.Thresholds.MinimumRequests)
}

func (b *builder) errorAlarms() []alarm {
	failed, percent := b.serverErrors()
	slow, seconds := b.latency()
	return []alarm{
		{
			role: "load-balancer-errors", page: errorsPage, panel: errorPanel,
			metrics: []series{b.balancer("HTTPCode_ELB_5XX_Count", "Sum")}, period: 60, breaches: 3, periods: 5,
			comparison: above, threshold: float64(b.settings.Thresholds.LoadBalancerErrors), missing: notBreaching,
			consequence: "The load balancer answers users with errors, because no instance answers it.",
		},
		{
			role: "server-errors", page: errorsPage, panel: serverErrorPanel,
			metrics: failed, expression: percent, period: 60, breaches: 3, periods: 5,
			comparison: above, threshold: float64(b.settings.Thresholds.ServerErrorPercent), missing: notBreaching,
			consequence: "The application answers users with errors.",
		},
		{
			role: "latency", page: errorsPage, panel: latencyPanel,
			metrics: slow, expression: seconds, period: 60, breaches: 5, periods: 5,
			comparison: above, threshold: float64(b.settings.Thresholds.LatencyMilliseconds) / 1000, missing: notBreaching,
			consequence: "One response in a hundred takes too long: users wait, and try again, which makes it worse.",
		},
		{
			role: "rejected-connections", page: errorsPage, panel: errorPanel,
			metrics: []series{b.balancer("RejectedConnectionCount", "Sum")}, period: 60, breaches: 2, periods: 3,
			comparison: above, missing: notBreaching,
			consequence: "The load balancer rejects connections of users: it has reached its maximum.",
		},
		{
			role: "target-connection-errors", panel: errorPanel,
			metrics: []series{b.targets("TargetConnectionErrorCount", "Sum")}, period: 60, breaches: 3, periods: 5,
			comparison: above, missing: notBreaching,
			consequence: "The load balancer cannot connect to an instance: some requests wait for another, or fail.",
		},
	}
}

// anomalyAlarms compare requests and latency with what CloudWatch expects of them at this hour of the week. They are notices: exams are
// anomalies too.
func (b *builder) anomalyAlarms() []alarm {
	const deviations = 3
	return []alarm{
		{
			role: "request-anomaly", panel: anomalyPanel,
			metrics: []series{b.balancer("RequestCount", "Sum").as("arriving").named("requests")}, period: 300, breaches: 3, periods: 3,
			comparison: outside, band: deviations, missing: missing,
			consequence: "Far more or far fewer requests arrive than at this hour of other weeks.",
		},
		{
			role: "latency-anomaly", panel: slownessPanel,
			metrics: []series{b.targets("TargetResponseTime", "p90").as("usual").named("p90")}, period: 300, breaches: 3, periods: 3,
			comparison: aboveBand, band: deviations, missing: missing,
			consequence: "Responses take far longer than at this hour of other weeks.",
		},
	}
}

// Alarms that stop a rollout. Neither new instances nor a night with few requests may set them off.
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
	failed, percent := b.serverErrors()
	slow, seconds := b.latency()
	return []alarm{
		{
			role: rolloutErrors, metrics: failed, expression: percent, period: 60, breaches: 2, periods: 3,
			comparison: above, threshold: float64(b.settings.Thresholds.ServerErrorPercent), missing: notBreaching,
			consequence: "The application answers users with errors: a rollout in progress stops.",
		},
		{
			role: rolloutFaults, metrics: []series{b.balancer("HTTPCode_ELB_5XX_Count", "Sum")}, period: 60, breaches: 2, periods: 3,
			comparison: above, threshold: float64(b.settings.Thresholds.LoadBalancerErrors), missing: notBreaching,
			consequence: "The load balancer answers users with errors: a rollout in progress stops.",
		},
		{
			role: rolloutLatency, metrics: slow, expression: seconds, period: 60, breaches: 3, periods: 3,
			comparison: above, threshold: float64(b.settings.Thresholds.LatencyMilliseconds) / 1000, missing: notBreaching,
			consequence: "Responses take too long: a rollout in progress stops.",
		},
	}
}
