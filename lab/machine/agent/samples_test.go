package main

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestCounters(t *testing.T) {
	t.Parallel()
	got, err := parseCounter("heartbeat:1|c|#AvailabilityZone:us-east-1a")
	require.NoError(t, err)
	assert.Equal(t, sample{"heartbeat", 1, map[string]string{"metric_type": "counter", "AvailabilityZone": "us-east-1a"}}, got)
	for _, line := range []string{"", "heartbeat", "heartbeat:1", "heartbeat:x|c", "heartbeat:1|g", "heartbeat:1|c|@0.1"} {
		_, err := parseCounter(line)
		assert.Error(t, err, line)
	}
}

// Amazon's agent rolls a metric up by dimensions only where it has all of them, and more.
func TestSamplesAreRolledUp(t *testing.T) {
	t.Parallel()
	c := &collector{
		appended: map[string]string{"AutoScalingGroupName": "web", "InstanceId": "i-1"},
		rollUps:  [][]string{{"AutoScalingGroupName"}, {"AutoScalingGroupName", "AvailabilityZone"}},
		dropped:  []string{"heartbeat"},
	}
	beat := sample{"heartbeat", 1, map[string]string{"metric_type": "counter", "AvailabilityZone": "us-east-1a"}}
	c.add(beat)
	c.add(beat)
	c.add(sample{"mem_used_percent", 40, nil})
	at := time.Unix(1800000000, 0)
	datum := func(name string, value, count float64, pairs ...string) types.MetricDatum {
		d := types.MetricDatum{MetricName: &name, Timestamp: &at, Values: []float64{value}, Counts: []float64{count}}
		for i := 0; i < len(pairs); i += 2 {
			d.Dimensions = append(d.Dimensions, types.Dimension{Name: aws.String(pairs[i]), Value: aws.String(pairs[i+1])})
		}
		return d
	}
	assert.ElementsMatch(t, []types.MetricDatum{
		datum("heartbeat", 1, 2, "AutoScalingGroupName", "web"),
		datum("heartbeat", 1, 2, "AutoScalingGroupName", "web", "AvailabilityZone", "us-east-1a"),
		datum("mem_used_percent", 40, 1, "AutoScalingGroupName", "web"),
		datum("mem_used_percent", 40, 1, "AutoScalingGroupName", "web", "InstanceId", "i-1"),
	}, c.take(at))
	assert.Empty(t, c.take(at), "a counter that nobody raised is not 0: it is missing")
}

func TestConfigurationsThatTheLabDoesNotKnowAreRefused(t *testing.T) {
	t.Parallel()
	good := `{"metrics": {"namespace": "CWAgent", "append_dimensions": {"InstanceId": "${aws:InstanceId}"}, "metrics_collected": {}}}`
	got, err := parse([]byte(good))
	require.NoError(t, err)
	assert.Equal(t, "CWAgent", got.Namespace)
	for _, collected := range []string{
		`{"cpu": {}}`, `{"mem": {"measurement": ["mem_free"]}}`, `{"disk": {"measurement": ["used_percent"], "resources": ["*"]}}`,
		`{"statsd": {"metric_separator": "."}}`,
	} {
		_, err := parse([]byte(`{"metrics": {"metrics_collected": ` + collected + `}}`))
		assert.Error(t, err, collected)
	}
	_, err = parse([]byte(`{"metrics": {"append_dimensions": {"ImageId": "${aws:ImageId}"}}}`))
	assert.Error(t, err)
	require.True(t, json.Valid([]byte(good)))
}
