package balancer

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// Namespace is that of the metrics of Application Load Balancers.
const Namespace = "AWS/ApplicationELB"

// maxValues is how many values a datum may have (Amazon CloudWatch API reference, MetricDatum).
const maxValues = 150

// MetricData returns the counts as Application Load Balancers publish them once a minute, with the dimensions that the user guide
// lists for each metric ("CloudWatch metrics for your Application Load Balancer"). loadBalancer and targetGroup are the last parts
// of their ARNs: app/name/id and targetgroup/name/id. Counts are samples of 1, so that only their sum says something. What is zero
// is left out, but for the numbers of targets.
//
// The node of a zone counts the targets of all zones, so HealthyHostCount of a zone that has lost its own targets does not change.
// AWS's page on Classic Load Balancers says so ("calculated across all Availability Zones"), the one on Application Load Balancers
// says nothing.
func (c Counts) MetricData(loadBalancer, targetGroup string, at time.Time) []types.MetricDatum {
	data := metrics{at: at, loadBalancer: loadBalancer, targetGroup: targetGroup, samples: map[string]*samples{}}
	for _, zone := range slices.Sorted(maps.Keys(c)) {
		data.add(zone, c[zone])
	}
	return data.list()
}

// Combinations of dimensions that a metric is published with, by their first letters: load balancer, target group, zone.
var (
	ofBalancer    = []string{"L", "ZL"}
	ofTargets     = []string{"L", "ZL", "TL", "TZL"}
	ofTargetGroup = []string{"TL", "TZL"}
	ofEachTarget  = []string{"T", "TZ", "TL", "TZL"}
)

type metrics struct {
	at                        time.Time
	loadBalancer, targetGroup string
	order                     []string
	samples                   map[string]*samples // by metric and dimensions
}

type samples struct {
	name       string
	unit       types.StandardUnit
	dimensions []types.Dimension
	counts     map[float64]float64 // of each value
}

func (m *metrics) add(zone string, counts ZoneCounts) {
	count := func(name string, combinations []string, number int) {
		m.sample(name, types.StandardUnitCount, zone, combinations, 1, number)
	}
	count("RequestCount", ofTargets, counts.Requests)
	for _, hundred := range slices.Sorted(maps.Keys(counts.Targets)) {
		count("HTTPCode_Target_"+strconv.Itoa(hundred)+"XX_Count", ofTargets, counts.Targets[hundred])
	}
	for _, status := range slices.Sorted(maps.Keys(counts.Own)) {
		if status >= 300 { // AWS counts no others
			count("HTTPCode_ELB_"+strconv.Itoa(status/100)+"XX_Count", ofBalancer, counts.Own[status])
		}
		if slices.Contains([]int{500, 502, 503, 504}, status) {
			count("HTTPCode_ELB_"+strconv.Itoa(status)+"_Count", ofBalancer, counts.Own[status])
		}
	}
	count("TargetConnectionErrorCount", ofTargets, counts.ConnectionErrors)
	for _, took := range counts.ResponseTimes {
		m.sample("TargetResponseTime", types.StandardUnitSeconds, zone, ofTargets, took.Round(time.Millisecond).Seconds(), 1)
	}
	m.sample("HealthyHostCount", types.StandardUnitCount, zone, ofTargetGroup, float64(counts.Healthy), 1)
	m.sample("UnHealthyHostCount", types.StandardUnitCount, zone, ofTargetGroup, float64(counts.Unhealthy), 1)
	if counts.Requests > 0 && counts.Healthy > 0 {
		share := float64(counts.Requests) / float64(counts.Healthy)
		m.sample("RequestCountPerTarget", types.StandardUnitCount, zone, ofEachTarget, share, 1)
	}
}

// sample adds a value, as often as number says, to a metric with each combination of dimensions.
func (m *metrics) sample(name string, unit types.StandardUnit, zone string, combinations []string, value float64, number int) {
	if number == 0 {
		return
	}
	for _, combination := range combinations {
		key := name + " " + combination
		if strings.Contains(combination, "Z") {
			key += " " + zone
		}
		if m.samples[key] == nil {
			m.order = append(m.order, key)
			m.samples[key] = &samples{name, unit, m.dimensions(combination, zone), map[float64]float64{}}
		}
		m.samples[key].counts[value] += float64(number)
	}
}

func (m *metrics) dimensions(combination, zone string) []types.Dimension {
	var dimensions []types.Dimension
	for _, letter := range combination {
		name, value := "LoadBalancer", m.loadBalancer
		switch letter {
		case 'T':
			name, value = "TargetGroup", m.targetGroup
		case 'Z':
			name, value = "AvailabilityZone", zone
		}
		dimensions = append(dimensions, types.Dimension{Name: aws.String(name), Value: aws.String(value)})
	}
	return dimensions
}

func (m *metrics) list() []types.MetricDatum {
	var data []types.MetricDatum
	for _, key := range m.order {
		metric := m.samples[key]
		for values := range slices.Chunk(slices.Sorted(maps.Keys(metric.counts)), maxValues) {
			datum := types.MetricDatum{
				MetricName: aws.String(metric.name), Dimensions: metric.dimensions, Unit: metric.unit, Timestamp: aws.Time(m.at), Values: values,
			}
			for _, value := range values {
				datum.Counts = append(datum.Counts, metric.counts[value])
			}
			data = append(data, datum)
		}
	}
	return data
}
