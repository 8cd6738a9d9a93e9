// Package cloudwatch evaluates CloudWatch alarms over series of metrics, minute by minute, so that a test can say who is paged when.
//
// It follows the Amazon CloudWatch user guide: "Alarm evaluation" (M out of N data points, sliding windows), "Configuring how
// CloudWatch alarms treat missing data", "Using math expressions" and "Creating a composite alarm". Of anomaly detection it has the
// comparison alone: a test gives the band.
package cloudwatch

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Sample is what a metric reports in one minute.
type Sample struct {
	Sum, Minimum, Maximum, Count float64
	// Percentiles are those of a metric of many values, such as p99. Left out: all are Maximum.
	Percentiles map[string]float64
}

// Value is the sample of a metric that reports one value a minute.
func Value(value float64) Sample { return Sample{value, value, value, 1, nil} }

// Counted is the sample of a metric that reports a one for each thing that happens.
func Counted(times float64) Sample { return Sample{times, 1, 1, times, nil} }

// Metrics are series of samples, by Key and minute. A minute without a sample is missing data.
type Metrics map[string]map[int]Sample

// Put records the sample of a metric in a minute.
func (m Metrics) Put(key string, minute int, sample Sample) {
	if m[key] == nil {
		m[key] = map[int]Sample{}
	}
	m[key][minute] = sample
}

// Key identifies a metric: its namespace, name and dimensions.
func Key(namespace, name string, dimensions map[string]any) string {
	var pairs []string
	for _, each := range slices.Sorted(maps.Keys(dimensions)) {
		pairs = append(pairs, fmt.Sprintf("%s=%v", each, dimensions[each]))
	}
	return strings.Join(append([]string{namespace, name}, pairs...), " ")
}

// statistic returns a statistic of a metric over the minutes before one, and whether there is any data.
func (m Metrics) statistic(key, stat string, end, minutes int) (float64, bool) {
	var total Sample
	var percentile float64 // exact for periods of a minute, and else no lower than it is
	for minute := end - minutes; minute < end; minute++ {
		sample, found := m[key][minute]
		if !found {
			continue
		}
		if total.Count == 0 {
			total.Minimum, total.Maximum = sample.Minimum, sample.Maximum
		}
		total.Sum, total.Count = total.Sum+sample.Sum, total.Count+sample.Count
		total.Minimum, total.Maximum = min(total.Minimum, sample.Minimum), max(total.Maximum, sample.Maximum)
		if given, found := sample.Percentiles[stat]; found {
			percentile = max(percentile, given)
		} else {
			percentile = max(percentile, sample.Maximum)
		}
	}
	if total.Count == 0 {
		return 0, false
	}
	switch stat {
	case "Sum":
		return total.Sum, true
	case "SampleCount":
		return total.Count, true
	case "Minimum":
		return total.Minimum, true
	case "Maximum":
		return total.Maximum, true
	case "Average":
		return total.Sum / total.Count, true
	}
	if !strings.HasPrefix(stat, "p") {
		panic("there is no statistic " + stat)
	}
	return percentile, true
}

// State is the state of an alarm.
type State string

// The states of alarms.
const (
	OK               State = "OK"
	Alarming         State = "ALARM"
	InsufficientData State = "INSUFFICIENT_DATA"
)

// further is how many periods CloudWatch looks back beyond those that it evaluates. Its number is not documented.
const further = 2

// judge returns the state that the newest data points put an alarm in, the oldest first; nil is missing. Real data points count first:
// what is missing matters where there are fewer of them than the alarm evaluates.
func judge(points []*bool, needed, evaluated int, missing string, before State) State {
	var real []bool
	first := -1
	for i, point := range points {
		if point != nil {
			real = append(real, *point)
			if *point && first < 0 {
				first = i
			}
		}
	}
	real = real[max(0, len(real)-evaluated):]
	breaching := 0
	for _, each := range real {
		if each {
			breaching++
		}
	}
	absent := evaluated - len(real)
	if missing == "breaching" {
		breaching += absent
	}
	switch {
	case breaching >= needed:
		return Alarming
	case absent == 0, missing == "breaching", missing == "notBreaching", breaching < len(real):
		return OK
	case missing == "ignore":
		return before
	case len(real) == 0:
		return InsufficientData
	case len(points)-first >= needed: // nothing but breaches, the first of them long enough ago
		return Alarming
	}
	return OK
}
