package main

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// sample is a value of a metric.
type sample struct {
	name       string
	value      float64
	dimensions map[string]string
}

// parseCounter reads a line of StatsD with the tags of DogStatsD, which the agent takes for dimensions, besides one for the kind of
// metric: heartbeat:1|c|#AvailabilityZone:us-east-1a. Counters are all that instances of the lab send.
func parseCounter(line string) (sample, error) {
	name, rest, found := strings.Cut(line, ":")
	fields := strings.Split(rest, "|")
	if !found || len(fields) < 2 || fields[1] != "c" {
		return sample{}, fmt.Errorf("StatsD: the lab's agent takes counters only, got %q", line)
	}
	value, err := strconv.ParseInt(fields[0], 10, 64)
	if err != nil {
		return sample{}, fmt.Errorf("StatsD: %q: %w", line, err)
	}
	dimensions := map[string]string{"metric_type": "counter"}
	for _, field := range fields[2:] {
		tags, found := strings.CutPrefix(field, "#")
		if !found {
			return sample{}, fmt.Errorf("StatsD: the lab's agent knows no %q, got %q", field, line)
		}
		for tag := range strings.SplitSeq(tags, ",") {
			key, value, _ := strings.Cut(tag, ":")
			dimensions[key] = value
		}
	}
	return sample{name, float64(value), dimensions}, nil
}

// collector gathers the samples of an interval.
type collector struct {
	appended map[string]string // dimensions of every sample
	rollUps  [][]string
	dropped  []string // metrics that are sent rolled up only

	mutex  sync.Mutex
	series map[string]*series
}

// series are the samples of a metric with one set of dimensions.
type series struct {
	name       string
	dimensions map[string]string
	counts     map[float64]float64 // of each value
}

func (c *collector) add(s sample) {
	whole := maps.Clone(c.appended)
	maps.Copy(whole, s.dimensions)
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if !slices.Contains(c.dropped, s.name) {
		c.count(s, whole)
	}
	for _, keys := range c.rollUps {
		if part, all := choose(whole, keys); all && len(part) < len(whole) {
			c.count(s, part)
		}
	}
}

// choose returns these dimensions, and whether all of them are there: what lacks one is not rolled up by it.
func choose(dimensions map[string]string, keys []string) (map[string]string, bool) {
	chosen := map[string]string{}
	for _, key := range keys {
		value, found := dimensions[key]
		if !found {
			return nil, false
		}
		chosen[key] = value
	}
	return chosen, true
}

func (c *collector) count(s sample, dimensions map[string]string) {
	key := fmt.Sprint(s.name, dimensions) // fmt sorts maps
	if c.series == nil {
		c.series = map[string]*series{}
	}
	if c.series[key] == nil {
		c.series[key] = &series{s.name, dimensions, map[float64]float64{}}
	}
	c.series[key].counts[s.value]++
}

// take returns what was gathered since the last call, for PutMetricData. A counter that nobody has raised is not there: it is not 0.
func (c *collector) take(at time.Time) []types.MetricDatum {
	c.mutex.Lock()
	gathered := c.series
	c.series = nil
	c.mutex.Unlock()
	var data []types.MetricDatum
	for _, key := range slices.Sorted(maps.Keys(gathered)) {
		each := gathered[key]
		datum := types.MetricDatum{MetricName: aws.String(each.name), Timestamp: aws.Time(at)}
		for _, name := range slices.Sorted(maps.Keys(each.dimensions)) {
			datum.Dimensions = append(datum.Dimensions, types.Dimension{Name: aws.String(name), Value: aws.String(each.dimensions[name])})
		}
		for _, value := range slices.Sorted(maps.Keys(each.counts)) {
			datum.Values = append(datum.Values, value)
			datum.Counts = append(datum.Counts, each.counts[value])
		}
		data = append(data, datum)
	}
	return data
}
