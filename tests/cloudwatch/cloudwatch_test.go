package cloudwatch

import (
	"go/parser"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The tables of the Amazon CloudWatch user guide, "Configuring how CloudWatch alarms treat missing data": X is a breach, 0 is none, and
// - is missing. An alarm that retains its state was in no state before.
func TestMissingData(t *testing.T) {
	t.Parallel()
	const retained = State("retained")
	for _, test := range []struct {
		points                          string
		needed, evaluated               int
		missing, ignore, breach, notBad State
	}{
		{"0-X-X", 3, 3, OK, OK, OK, OK},
		{"----0", 3, 3, OK, OK, OK, OK},
		{"-----", 3, 3, InsufficientData, retained, Alarming, OK},
		{"0XX-X", 3, 3, Alarming, Alarming, Alarming, Alarming},
		{"--X--", 3, 3, Alarming, retained, Alarming, OK},
		{"0-X-X", 2, 3, Alarming, Alarming, Alarming, Alarming},
		{"00X0X", 2, 3, Alarming, Alarming, Alarming, Alarming},
		{"0-X--", 2, 3, OK, OK, Alarming, OK},
		{"----0", 2, 3, OK, OK, Alarming, OK},
		{"---X-", 2, 3, Alarming, retained, Alarming, OK},
	} {
		var points []*bool
		for _, each := range test.points {
			breaching := each == 'X'
			if each == '-' {
				points = append(points, nil)
			} else {
				points = append(points, &breaching)
			}
		}
		for treatment, want := range map[string]State{
			"missing": test.missing, "ignore": test.ignore, "breaching": test.breach, "notBreaching": test.notBad,
		} {
			assert.Equal(t, want, judge(points, test.needed, test.evaluated, treatment, retained), "%s, %d of %d, %s",
				test.points, test.needed, test.evaluated, treatment)
		}
	}
}

func TestMetricMath(t *testing.T) {
	t.Parallel()
	two, zero := 2.0, 0.0
	values := map[string]*float64{"two": &two, "zero": &zero, "none": nil}
	for expression, want := range map[string]any{
		"1 + 2 * two": 5.0, "(1 + 2) * two": 6.0, "two - 1 >= 1": 1.0, "two > 2": 0.0, "two / zero": nil, "none + 1": nil,
		"FILL(none, 3)": 3.0, "FILL(two, 3)": 2.0, "IF(two > 1, 7, none)": 7.0, "IF(two > 2, 7, none)": nil, "IF(none > 1, 7, 8)": nil,
		"(two >= 2) * (2 * FILL(none, 0) < two)": 1.0, "two <= 1": 0.0, "100 * FILL(none, 0) / two": 0.0,
	} {
		parsed, err := parser.ParseExpr(expression)
		require.NoError(t, err, expression)
		if got := compute(parsed, values); want == nil {
			assert.Nil(t, got, expression)
		} else if assert.NotNil(t, got, expression) {
			assert.Equal(t, want, *got, expression)
		}
	}
	for _, expression := range []string{"other", "MAX(two)", "-two", "two == 2"} {
		parsed, err := parser.ParseExpr(expression)
		require.NoError(t, err, expression)
		assert.Panics(t, func() { compute(parsed, values) }, expression)
	}
}

// A window of several minutes slides by one, and its statistics are of all samples in it.
func TestWindowsSlide(t *testing.T) {
	t.Parallel()
	alarm, err := NewAlarm(map[string]any{
		"name": "sum", "comparisonOperator": "GreaterThanThreshold", "threshold": 2.0, "datapointsToAlarm": 1.0, "evaluationPeriods": 1.0,
		"treatMissingData": "notBreaching", "namespace": "N", "metricName": "M", "statistic": "Sum", "period": 300.0,
		"dimensions": map[string]any{"D": "d"},
	})
	require.NoError(t, err)
	assert.Equal(t, []string{"N M D=d"}, alarm.Keys())
	metrics := Metrics{}
	for minute := range 20 {
		metrics.Put("N M D=d", minute, Value(0))
	}
	for minute := 4; minute < 7; minute++ {
		metrics.Put("N M D=d", minute, Counted(1))
	}
	var alarming []int
	over := alarm.Over(metrics)
	for end := range 20 {
		if over.At(end, nil, OK) == Alarming {
			alarming = append(alarming, end)
		}
	}
	assert.Equal(t, []int{7, 8, 9}, alarming, "while minutes 4, 5 and 6 are all in the window")
	metrics.Put("N M D=d", 5, Sample{Sum: 9, Minimum: 2, Maximum: 4, Count: 3, Percentiles: map[string]float64{"p90": 3}})
	for stat, want := range map[string]float64{"Sum": 11, "SampleCount": 7, "Minimum": 0, "Maximum": 4, "Average": 11.0 / 7, "p99": 4, "p90": 3} {
		got, found := metrics.statistic("N M D=d", stat, 7, 5)
		assert.True(t, found, stat)
		assert.InDelta(t, want, got, 1e-9, stat)
	}
	_, found := metrics.statistic("N M D=d", "Sum", 30, 5)
	assert.False(t, found)
}

func TestCompositeRule(t *testing.T) {
	t.Parallel()
	composite, err := NewComposite(map[string]any{"alarmName": "page", "alarmRule": `ALARM("a") OR ALARM("b")`})
	require.NoError(t, err)
	assert.False(t, composite.Alarming(map[string]State{"a": OK, "b": InsufficientData, "c": Alarming}))
	assert.True(t, composite.Alarming(map[string]State{"b": Alarming}))
	_, err = NewComposite(map[string]any{"alarmName": "page", "alarmRule": `ALARM("a") AND NOT ALARM("b")`})
	assert.ErrorContains(t, err, "rule")
}
