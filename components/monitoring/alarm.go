package monitoring

import (
	"fmt"
	"strings"

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
	bytes      bool   // the unit of the threshold
	missing    string // what a period without data counts as

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
			Threshold:          pulumi.Float64(each.threshold),
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

// measure sets the metrics of the alarm.
func (a alarm) measure(args *cloudwatch.MetricAlarmArgs) {
	if a.expression != "" {
		args.MetricQueries = a.queries()
		return
	}
	only := a.metrics[0]
	args.Namespace, args.MetricName = pulumi.String(only.namespace), pulumi.String(only.name)
	args.Dimensions = only.dimensionMap()
	args.Period = pulumi.Int(a.period)
	if only.stat[0] != 'p' {
		args.Statistic = pulumi.String(only.stat)
		return
	}
	args.ExtendedStatistic = pulumi.String(only.stat)
	args.EvaluateLowSampleCountPercentiles = pulumi.String("ignore") // of ten responses a 99th percentile says nothing
}

func (a alarm) queries() cloudwatch.MetricAlarmMetricQueryArray {
	queries := cloudwatch.MetricAlarmMetricQueryArray{cloudwatch.MetricAlarmMetricQueryArgs{
		Id:         pulumi.String("result"),
		Expression: pulumi.String(a.expression),
		Label:      pulumi.String(a.name()),
		ReturnData: pulumi.Bool(true),
	}}
	for _, each := range a.metrics {
		queries = append(queries, cloudwatch.MetricAlarmMetricQueryArgs{
			Id: pulumi.String(each.id),
			Metric: cloudwatch.MetricAlarmMetricQueryMetricArgs{
				Namespace:  pulumi.String(each.namespace),
				MetricName: pulumi.String(each.name),
				Dimensions: each.dimensionMap(),
				Period:     pulumi.Int(a.period),
				Stat:       pulumi.String(each.stat),
			},
		})
	}
	return queries
}

// page is a composite alarm. Its role is also its heading in the runbook, above those of its members.
type page struct {
	role, consequence string
}

// The composite alarms.
const (
	redundancyPage = "redundancy"
	errorsPage     = "errors"
	databasePage   = "database"
	securityPage   = "security"
	cdnPage        = "cdn"
)

var pages = []page{
	{redundancyPage, "The site has lost redundancy, or room to grow: the next loss, or rush, may take it down."},
	{errorsPage, "People get errors, or wait: servers, load balancer or network fail them now."},
	{databasePage, "The database is about to refuse work: soon every page fails that needs it."},
	{securityPage, "Someone who should not has read the password of the database."},
	{cdnPage, "People get errors from CloudFront: the site is down for them, or part of it."},
}

// compositeAlarms creates an alarm for each page, so that one outage pages once. It returns their ARNs.
func (b *builder) compositeAlarms(members map[string]pulumi.StringArray) (pulumi.StringArray, error) {
	var arns pulumi.StringArray
	for _, each := range pages {
		if len(members[each.role]) == 0 {
			continue
		}
		at := b.regionOf(each)
		name := b.name(at, "page", each.role)
		created, err := cloudwatch.NewCompositeAlarm(b.ctx, name, &cloudwatch.CompositeAlarmArgs{
			AlarmName:        pulumi.String(b.physical(each.role)),
			AlarmDescription: pulumi.String(b.description(each.consequence, each.role)),
			AlarmRule:        anyInAlarm(members[each.role]),
			AlarmActions:     pulumi.StringArray{at.pages.ARN},
			OkActions:        pulumi.StringArray{at.pages.ARN},
			Tags:             b.Tags(name),
		}, b.optionsIn(at)...)
		if err != nil {
			return nil, fmt.Errorf("creating composite alarm %s: %w", name, err)
		}
		arns = append(arns, created.Arn)
	}
	return arns, nil
}

// anyInAlarm holds when one of the alarms is in ALARM. The names are outputs: CloudWatch requires that the alarms exist.
func anyInAlarm(names pulumi.StringArray) pulumi.StringOutput {
	return names.ToStringArrayOutput().ApplyT(func(names []string) string {
		rules := make([]string, len(names))
		for i, name := range names {
			rules[i] = fmt.Sprintf("ALARM(%q)", name)
		}
		return strings.Join(rules, " OR ")
	}).(pulumi.StringOutput)
}
