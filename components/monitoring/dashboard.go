package monitoring

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudfront"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// panel is a graph of the metrics and thresholds of its alarms, and of further metrics.
type panel struct {
	title  string
	more   []series // besides those of alarms
	period int      // seconds. Default 60.
}

// panels returns the graphs of the dashboard, in order. One without metrics is left out.
func (b *builder) panels() []panel {
	traffic := []series{b.balancer("RequestCount", "Sum").named("load balancer")}
	var cache, firewall []series
	if b.cdn != nil {
		traffic = append(traffic, b.cloudFront("Requests", "Sum").named("CloudFront"))
		if b.settings.CacheMetrics {
			cache = []series{b.cloudFront("CacheHitRate", "Average").named("CloudFront")}
		}
		if b.args.CDN.Settings.WAF.Enabled {
			firewall = []series{b.firewall(allRules, "AllowedRequests").named("allowed")}
		}
	}
	var connections []series
	if b.args.Database.Settings.Proxy.Enabled {
		connections = []series{b.proxy("ClientConnections", "Sum").named("of clients to the proxy")}
	}
	return []panel{
		{title: trafficPanel, more: traffic},
		{title: anomalyPanel, period: 300},
		{title: serverErrorPanel},
		{title: errorPanel},
		{title: latencyPanel, more: []series{b.targets("TargetResponseTime", "p50").named("p50"), b.targets("TargetResponseTime", "p99").named("p99")}},
		{title: slownessPanel, period: 300},
		{title: zoneErrorPanel},
		{title: zoneLatencyPanel},
		{title: heartbeatPanel},
		{title: healthPanel},
		{title: shortPanel},
		{title: fleetPanel, more: b.fleetSizes()},
		{title: fullPanel},
		{title: loadPanel},
		{title: instancePanel},
		{title: creditPanel, period: 300},
		{title: connectionPanel, more: connections},
		{title: storagePanel, period: 300},
		{title: memoryPanel},
		{title: diskPanel},
		{title: queuePanel},
		{title: balancePanel, period: 300},
		{title: borrowPanel},
		{title: loginPanel},
		{title: pinnedPanel},
		{title: natPanel},
		{title: cachePanel, more: cache},
		{title: firewallPanel, more: firewall, period: 300},
		{title: notificationPanel, period: 300},
	}
}

func (b *builder) fleetSizes() []series {
	var sizes []series
	for _, each := range []struct{ metric, label string }{
		{"GroupMinSize", "smallest"}, {"GroupInServiceInstances", "in service"}, {"GroupDesiredCapacity", "desired"},
		{"GroupMaxSize", "greatest"},
	} {
		sizes = append(sizes, b.group("AWS/AutoScaling", each.metric, "Maximum").named(each.label))
	}
	return sizes
}

// Sizes of the dashboard, in its grid of 24 columns.
const (
	columns     = 3
	panelWidth  = 24 / columns
	panelHeight = 6
	stateHeight = 3
)

// dashboard creates the dashboard, with the state of the composite alarms on top. It returns its name.
func (b *builder) dashboard(alarms []alarm, composites pulumi.StringArray) (pulumi.StringOutput, error) {
	widgets := pulumi.Array{pulumi.Map{
		"type": pulumi.String("alarm"), "x": pulumi.Int(0), "y": pulumi.Int(0),
		"width": pulumi.Int(24), "height": pulumi.Int(stateHeight),
		"properties": pulumi.Map{"title": pulumi.String("Pages"), "alarms": composites},
	}}
	shown := 0
	for _, each := range b.panels() {
		properties, any := b.graph(each, alarms)
		if !any {
			continue
		}
		widgets = append(widgets, pulumi.Map{
			"type": pulumi.String("metric"),
			"x":    pulumi.Int(shown % columns * panelWidth), "y": pulumi.Int(stateHeight + shown/columns*panelHeight),
			"width": pulumi.Int(panelWidth), "height": pulumi.Int(panelHeight),
			"properties": properties,
		})
		shown++
	}
	name := b.Name("dashboard")
	created, err := cloudwatch.NewDashboard(b.ctx, name, &cloudwatch.DashboardArgs{
		DashboardName: pulumi.String(b.prefix),
		DashboardBody: pulumi.JSONMarshal(pulumi.Map{"widgets": widgets}),
	}, b.Options()...)
	if err != nil {
		return pulumi.StringOutput{}, fmt.Errorf("creating dashboard %s: %w", name, err)
	}
	return created.DashboardName, nil
}

// graph returns the properties of a panel, and whether it shows anything.
func (b *builder) graph(panel panel, alarms []alarm) (pulumi.Map, bool) {
	period := cmp.Or(panel.period, 60)
	var lines pulumi.Array
	for _, each := range panel.more {
		at := b.main
		if slices.Contains(cdnNamespaces, each.namespace) {
			at = b.cdn
		}
		lines = append(lines, each.line(at, period, period))
	}
	var drawn []alarm
	known := map[string]bool{} // the ids of metrics that alarms share
	for _, each := range alarms {
		if each.panel == panel.title {
			drawn = append(drawn, each)
			lines = append(lines, each.lines(period, known)...)
		}
	}
	return pulumi.Map{
		"title": pulumi.String(panel.title), "region": b.main.place.Region, "view": pulumi.String("timeSeries"),
		"period": pulumi.Int(period), "metrics": lines,
		"yAxis":       pulumi.Map{"left": pulumi.Map{"min": pulumi.Int(0)}},
		"annotations": pulumi.Map{"horizontal": thresholds(drawn)},
	}, len(lines) > 0
}

// thresholds returns the lines at which alarms go off, one for all alarms with the same threshold. Bands are lines of their own.
func thresholds(alarms []alarm) pulumi.Array {
	roles, values := map[string][]string{}, map[string]pulumi.Float64Input{}
	for _, each := range alarms {
		if each.band > 0 {
			continue
		}
		bound := each.boundary()
		values[bound] = pulumi.Float64(each.threshold)
		if each.limit != nil {
			values[bound] = each.limit
		}
		if !slices.Contains(roles[bound], each.role) { // one role, in several zones
			roles[bound] = append(roles[bound], each.role)
		}
	}
	var lines pulumi.Array
	for _, bound := range slices.Sorted(maps.Keys(roles)) {
		lines = append(lines, pulumi.Map{
			"label": pulumi.String(strings.Join(roles[bound], ", ") + ": " + bound),
			"value": values[bound], "color": pulumi.String("#d62728"),
		})
	}
	return lines
}

// boundary says when an alarm goes off.
func (a alarm) boundary() string {
	if a.bound != "" {
		return a.bound
	}
	return fmt.Sprintf("%s %g", map[string]string{above: "above", atLeast: "from", below: "below"}[a.comparison], a.threshold)
}

// lines returns the metrics of an alarm, without those that are known. Those of an expression are hidden behind it.
func (a alarm) lines(period int, known map[string]bool) pulumi.Array {
	var lines pulumi.Array
	for _, each := range a.metrics {
		if each.id == "" || !known[each.id] {
			lines = append(lines, each.line(a.at, a.period, period))
		}
		known[each.id] = true
	}
	expression := a.expression
	if a.band > 0 {
		expression = a.bandExpression()
	}
	if expression == "" {
		return lines
	}
	return append(lines, pulumi.Array{pulumi.Map{
		"expression": pulumi.String(expression), "label": pulumi.String(a.name()), "region": a.at.place.Region,
	}})
}

// line returns a metric in the syntax of dashboards, in periods of its own where those of its panel are others.
func (s series) line(at *region, own, panel int) pulumi.Array {
	line := pulumi.Array{pulumi.String(s.namespace), pulumi.String(s.name)}
	for _, each := range s.dimensions {
		line = append(line, pulumi.String(each.name), each.value)
	}
	options := pulumi.Map{"stat": pulumi.String(s.stat), "region": at.place.Region}
	if s.label != "" {
		options["label"] = pulumi.String(s.label)
	}
	if own != panel {
		options["period"] = pulumi.Int(own)
	}
	if s.id != "" {
		options["id"], options["visible"] = pulumi.String(s.id), pulumi.Bool(s.label != "")
	}
	return append(line, options)
}

// cacheMetrics turns on the additional metrics of the distribution, which include its cache hit rate.
func (b *builder) cacheMetrics() error {
	if !b.args.CDN.Settings.Enabled || !b.settings.CacheMetrics {
		return nil
	}
	name := b.Name("cache-metrics")
	_, err := cloudfront.NewMonitoringSubscription(b.ctx, name, &cloudfront.MonitoringSubscriptionArgs{
		DistributionId: b.args.CDN.DistributionID,
		MonitoringSubscription: cloudfront.MonitoringSubscriptionMonitoringSubscriptionArgs{
			RealtimeMetricsSubscriptionConfig: cloudfront.MonitoringSubscriptionMonitoringSubscriptionRealtimeMetricsSubscriptionConfigArgs{
				RealtimeMetricsSubscriptionStatus: pulumi.String("Enabled"),
			},
		},
	}, b.Options()...)
	if err != nil {
		return fmt.Errorf("creating monitoring subscription %s: %w", name, err)
	}
	return nil
}
