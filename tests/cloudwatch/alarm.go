package cloudwatch

import (
	"fmt"
	"go/ast"
	"go/parser"
	"regexp"
	"strings"
)

// Alarm is an alarm on metrics, as the program gives it to AWS.
type Alarm struct {
	Name, Description string

	comparison        string
	threshold         float64
	needed, evaluated int
	missing           string
	minutes           int // of a period
	metrics           map[string]metric
	expression        ast.Expr // nil: the value of the only metric
	watched           string   // its id
	banded            bool     // compared with a band
}

type metric struct{ key, stat string }

// NewAlarm returns an alarm by the inputs of its resource, or an error for what this package does not evaluate.
func NewAlarm(inputs map[string]any) (*Alarm, error) {
	text := func(name string) string { value, _ := inputs[name].(string); return value }
	number := func(name string) float64 { value, _ := inputs[name].(float64); return value }
	alarm := &Alarm{
		Name: text("name"), Description: text("alarmDescription"), comparison: text("comparisonOperator"), threshold: number("threshold"),
		needed: int(number("datapointsToAlarm")), evaluated: int(number("evaluationPeriods")), missing: text("treatMissingData"),
		metrics: map[string]metric{}, banded: text("thresholdMetricId") != "",
	}
	queries, _ := inputs["metricQueries"].([]any)
	if len(queries) == 0 {
		queries = []any{map[string]any{"id": "only", "metric": map[string]any{
			"namespace": inputs["namespace"], "metricName": inputs["metricName"], "dimensions": inputs["dimensions"],
			"stat": inputs["statistic"], "period": inputs["period"],
		}}}
	}
	for _, each := range queries {
		if err := alarm.add(each.(map[string]any)); err != nil {
			return nil, fmt.Errorf("alarm %s: %w", alarm.Name, err)
		}
	}
	if alarm.minutes == 0 || alarm.evaluated == 0 || compare[alarm.comparison] == nil {
		return nil, fmt.Errorf("alarm %s: no period, number of periods or comparison", alarm.Name)
	}
	return alarm, nil
}

// add adds a query: a metric, an expression, or the band that a metric is compared with.
func (a *Alarm) add(query map[string]any) error {
	id, _ := query["id"].(string)
	if expression, given := query["expression"].(string); given {
		if a.banded {
			return nil // the test gives the band
		}
		parsed, err := parser.ParseExpr(expression)
		if err != nil {
			return fmt.Errorf("%s: %w", expression, err)
		}
		a.expression = parsed
		return nil
	}
	asked := query["metric"].(map[string]any)
	dimensions, _ := asked["dimensions"].(map[string]any)
	stat, _ := asked["stat"].(string)
	seconds, _ := asked["period"].(float64)
	a.minutes, a.watched = int(seconds)/60, id
	a.metrics[id] = metric{Key(asked["namespace"].(string), asked["metricName"].(string), dimensions), stat}
	return nil
}

// Keys returns the metrics that the alarm reads.
func (a *Alarm) Keys() []string {
	var keys []string
	for _, each := range a.metrics {
		keys = append(keys, each.key)
	}
	return keys
}

var compare = map[string]func(value, low, high float64) bool{
	"GreaterThanThreshold":                     func(value, _, high float64) bool { return value > high },
	"GreaterThanOrEqualToThreshold":            func(value, _, high float64) bool { return value >= high },
	"LessThanThreshold":                        func(value, low, _ float64) bool { return value < low },
	"GreaterThanUpperThreshold":                func(value, _, high float64) bool { return value > high },
	"LessThanLowerOrGreaterThanUpperThreshold": func(value, low, high float64) bool { return value < low || value > high },
}

// Band is what CloudWatch expects of a metric in a period that ends at a minute, by the metric's Key.
type Band func(key string, end int) (low, high float64)

// Evaluation evaluates an alarm over metrics. It computes the value of each window once.
type Evaluation struct {
	*Alarm
	metrics Metrics
	values  map[int]*float64 // by the minute in which the window ends
}

// Over returns the evaluation of the alarm over metrics, which no longer change.
func (a *Alarm) Over(metrics Metrics) *Evaluation {
	return &Evaluation{a, metrics, map[int]*float64{}}
}

// At returns the state of the alarm once the minutes before a minute are over, in place of the state before. Its windows slide:
// CloudWatch evaluates an alarm every minute, whatever its period.
func (e *Evaluation) At(end int, band Band, before State) State {
	points := make([]*bool, e.evaluated+further)
	for i := range points {
		until := end - (len(points)-1-i)*e.minutes
		value, known := e.values[until]
		if !known {
			value = e.value(e.metrics, until)
			e.values[until] = value
		}
		if value == nil {
			continue
		}
		low, high := e.threshold, e.threshold
		if e.banded {
			low, high = band(e.Alarm.metrics[e.watched].key, until)
		}
		breaching := compare[e.comparison](*value, low, high)
		points[i] = &breaching
	}
	return judge(points, e.needed, e.evaluated, e.missing, before)
}

// value returns the value that is compared, of the period that ends at a minute; nil is missing.
func (a *Alarm) value(metrics Metrics, end int) *float64 {
	values := map[string]*float64{}
	for id, each := range a.metrics {
		values[id] = nil
		if value, found := metrics.statistic(each.key, each.stat, end, a.minutes); found {
			values[id] = &value
		}
	}
	if a.expression != nil {
		return compute(a.expression, values)
	}
	return values[a.watched]
}

// Composite is an alarm on alarms: any of its members in ALARM puts it in ALARM.
type Composite struct {
	Name    string
	Members []string
}

var anyOf = regexp.MustCompile(`^ALARM\("[^"]+"\)( OR ALARM\("[^"]+"\))*$`)

// NewComposite returns a composite alarm by the inputs of its resource, or an error if its rule is another than any of its members.
func NewComposite(inputs map[string]any) (*Composite, error) {
	name, rule := fmt.Sprint(inputs["alarmName"]), fmt.Sprint(inputs["alarmRule"])
	if !anyOf.MatchString(rule) {
		return nil, fmt.Errorf("composite alarm %s: rule %s", name, rule)
	}
	composite := &Composite{Name: name}
	for _, each := range strings.Split(rule, " OR ") {
		composite.Members = append(composite.Members, strings.TrimSuffix(strings.TrimPrefix(each, `ALARM("`), `")`))
	}
	return composite, nil
}

// Alarming reports whether the states of its members put it in ALARM.
func (c *Composite) Alarming(states map[string]State) bool {
	for _, each := range c.Members {
		if states[each] == Alarming {
			return true
		}
	}
	return false
}
