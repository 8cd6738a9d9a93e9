package monitoring

import (
	"fmt"

	"ha-web/internal/parts"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// alarm is a row of the table: an alarm, a section of the runbook and a line on the dashboard.
type alarm struct {
	role string // in names, and the heading in the runbook
	zone string // the letter of its zone, of an alarm for each zone
	page string // the composite alarm that it is part of; empty: for the record only

	metrics    []series
	expression string // over the ids of the metrics; empty: the value of the only metric
	period     int    // seconds
	breaches   int    // the alarm goes off after so many breaching periods …
	periods    int    // … out of these
	comparison string
	threshold  float64
	limit      pulumi.Float64Input // in place of threshold, where it follows from an output
	bound      string              // says what limit is, on the dashboard
	band       int                 // in place of threshold: the width of an anomaly detection band, in standard deviations
	missing    string              // what a period without data counts as

	// consequence says what it means to users, or to the person on call.
	consequence string
	panel       string // of the dashboard; empty: none
	at          *region
	topic       *parts.Topic // nil: the notices
}

// Comparisons and the treatment of missing data, as CloudWatch spells them.
const (
	above   = "GreaterThanThreshold"
	atLeast = "GreaterThanOrEqualToThreshold"
	below   = "LessThanThreshold"

	outside   = "LessThanLowerOrGreaterThanUpperThreshold" // of a band
	aboveBand = "GreaterThanUpperThreshold"

	breaching    = "breaching"
	notBreaching = "notBreaching"
	missing      = "missing"
)

// series is a metric, as one statistic of it.
type series struct {
	id         string // in expressions, begins with a lowercase letter
	namespace  string
	name       string
	dimensions []dimension
	stat       string // Sum, Average, Minimum, Maximum or a percentile such as p99
	label      string // on the dashboard
}

type dimension struct {
	name  string
	value pulumi.StringInput
}

// as returns the series with an id for expressions.
func (s series) as(id string) series {
	s.id = id
	return s
}

// named returns the series with a label.
func (s series) named(label string) series {
	s.label = label
	return s
}

func (s series) dimensionMap() pulumi.StringMap {
	dimensions := pulumi.StringMap{}
	for _, each := range s.dimensions {
		dimensions[each.name] = each.value
	}
	return dimensions
}

// name returns the name of an alarm within the component.
func (a alarm) name() string {
	if a.zone != "" {
		return a.role + "-" + a.zone
	}
	return a.role
}

// metricAlarms creates the alarms of the table. It returns their names by the composite alarm that they are part of.
func (b *builder) metricAlarms(alarms []alarm) (map[string]pulumi.StringArray, error) {
	members := map[string]pulumi.StringArray{}
	for _, each := range alarms {
		name := b.name(each.at, "alarm", each.name())
		topic := each.topic
		if topic == nil {
			topic = each.at.notices
		}
		args := &cloudwatch.MetricAlarmArgs{
			Name:               pulumi.String(b.physical(each.name())),
			AlarmDescription:   pulumi.String(b.description(each.consequence, each.role)),
			ComparisonOperator: pulumi.String(each.comparison),
			EvaluationPeriods:  pulumi.Int(each.periods),
			DatapointsToAlarm:  pulumi.Int(each.breaches),
			TreatMissingData:   pulumi.String(each.missing),
			AlarmActions:       pulumi.Array{topic.ARN},
			OkActions:          pulumi.Array{topic.ARN},
			Tags:               b.Tags(name),
		}
		each.measure(args)
		created, err := cloudwatch.NewMetricAlarm(b.ctx, name, args, b.optionsIn(each.at)...)
		if err != nil {
			return nil, fmt.Errorf("creating alarm %s: %w", name, err)
		}
		members[each.page] = append(members[each.page], created.Name)
	}
	return members, nil
}

// description says what an alarm means, and links to the runbook.
func (b *builder) description(consequence, role string) string {
	return fmt.Sprintf("%s Runbook: %s#%s", consequence, b.settings.RunbookURL, role)
}

// measure sets the metrics of the alarm, and what they are compared with.
func (a alarm) measure(args *cloudwatch.MetricAlarmArgs) {
	switch {
	case a.band > 0:
		args.ThresholdMetricId = pulumi.String(bandID)
		args.MetricQueries = a.bandQueries()
		return
	case a.limit != nil:
		args.Threshold = a.limit.ToFloat64Output().ToFloat64PtrOutput()
	default:
		args.Threshold = pulumi.Float64(a.threshold)
	}
	if a.expression != "" {
		args.MetricQueries = a.queries()
		return
	}
	only := a.metrics[0]
	args.Namespace, args.MetricName = pulumi.String(only.namespace), pulumi.String(only.name)
	args.Dimensions = only.dimensionMap()
	args.Period = pulumi.Int(a.period)
	args.Statistic = pulumi.String(only.stat) // a percentile is always part of an expression, with a minimum of requests
}

func (a alarm) queries() cloudwatch.MetricAlarmMetricQueryArray {
	queries := cloudwatch.MetricAlarmMetricQueryArray{cloudwatch.MetricAlarmMetricQueryArgs{
		Id:         pulumi.String("result"),
		Expression: pulumi.String(a.expression),
		Label:      pulumi.String(a.name()),
		ReturnData: pulumi.Bool(true),
	}}
	for _, each := range a.metrics {
		queries = append(queries, a.query(each, false))
	}
	return queries
}

// query asks for a metric, to show it or, if it is not returned, to compute with it.
func (a alarm) query(metric series, returned bool) cloudwatch.MetricAlarmMetricQueryArgs {
	query := cloudwatch.MetricAlarmMetricQueryArgs{
		Id: pulumi.String(metric.id),
		Metric: cloudwatch.MetricAlarmMetricQueryMetricArgs{
			Namespace:  pulumi.String(metric.namespace),
			MetricName: pulumi.String(metric.name),
			Dimensions: metric.dimensionMap(),
			Period:     pulumi.Int(a.period),
			Stat:       pulumi.String(metric.stat),
		},
	}
	if returned {
		query.ReturnData = pulumi.Bool(true)
	}
	return query
}

// bandID is the id of the band of expected values.
const bandID = "band"

// bandQueries compare the only metric with a band of the values that CloudWatch expects of it. Both are returned (Amazon CloudWatch
// API reference, PutMetricAlarm, ThresholdMetricId).
func (a alarm) bandQueries() cloudwatch.MetricAlarmMetricQueryArray {
	return cloudwatch.MetricAlarmMetricQueryArray{
		a.query(a.metrics[0], true),
		cloudwatch.MetricAlarmMetricQueryArgs{
			Id:         pulumi.String(bandID),
			Expression: pulumi.String(a.bandExpression()),
			Label:      pulumi.String("expected"),
			ReturnData: pulumi.Bool(true),
		},
	}
}

func (a alarm) bandExpression() string {
	return fmt.Sprintf("ANOMALY_DETECTION_BAND(%s, %d)", a.metrics[0].id, a.band)
}
