package balancer

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/stretchr/testify/require"
)

func TestCounts(t *testing.T) {
	b := newBench(t, checkedOnce(), zoneA, zoneB)
	require.Equal(t, 503, b.get(b.serve(zoneB, Listener{Default: Forward()})).status)
	b.add("i-1", zoneA, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/missing":
			w.WriteHeader(404)
		case "/broken":
			w.WriteHeader(500)
		case "/slow":
			time.Sleep(50 * time.Millisecond)
		}
	})
	url := b.serve(zoneA, Listener{Default: Forward()})
	for _, path := range []string{"/", "/", "/missing", "/broken", "/slow"} {
		b.get(url + path)
	}
	dead := b.add("i-2", zoneA, nil)
	b.network.kill(dead.Listener.Addr().String())
	for b.get(url).status != 504 { // the other one has its turn
	}
	counts := b.Counts()
	a := counts[zoneA]
	require.Equal(t, map[int]int{504: 1}, a.Own)
	require.Equal(t, 1, a.ConnectionErrors)
	require.Contains(t, []int{6, 7}, a.Requests)
	require.Equal(t, a.Requests-1, len(a.ResponseTimes))
	require.Equal(t, map[int]int{2: a.Requests - 3, 4: 1, 5: 1}, a.Targets)
	require.GreaterOrEqual(t, a.ResponseTimes[4], 50*time.Millisecond)
	require.Equal(t, 2, a.Healthy)
	require.Equal(t, map[int]int{503: 1}, counts[zoneB].Own)
	require.Zero(t, counts[zoneB].Requests, "no target was chosen")
	again := b.Counts()
	require.Zero(t, again[zoneA].Requests, "counted once")
	require.Equal(t, 2, again[zoneA].Healthy)
	b.Cut(zoneB, true)
	require.NotContains(t, b.Counts(), zoneB)
}

// lines are data as "name dimensions: values x counts".
func lines(data []types.MetricDatum) []string {
	var lines []string
	for _, datum := range data {
		var dimensions []string
		for _, each := range datum.Dimensions {
			dimensions = append(dimensions, *each.Name+"="+*each.Value)
		}
		lines = append(lines, fmt.Sprintf("%s %s: %v x %v %s", *datum.MetricName, strings.Join(dimensions, " "), datum.Values, datum.Counts, datum.Unit))
	}
	return lines
}

func TestMetricData(t *testing.T) {
	counts := Counts{
		zoneA: {
			Requests: 12, Own: map[int]int{301: 2, 504: 3, 200: 9}, Targets: map[int]int{2: 8, 5: 1}, ConnectionErrors: 3,
			ResponseTimes: []time.Duration{20 * time.Millisecond, 20*time.Millisecond + 1, time.Second}, Healthy: 3, Unhealthy: 1,
		},
		zoneB: {Requests: 4, Targets: map[int]int{2: 4}, Healthy: 4},
	}
	at := time.Now()
	data := counts.MetricData("app/web/1", "targetgroup/web/2", at)
	got := lines(data)
	for _, want := range []string{
		"RequestCount LoadBalancer=app/web/1: [1] x [16] Count",
		"RequestCount AvailabilityZone=us-east-1b LoadBalancer=app/web/1: [1] x [4] Count",
		"RequestCount TargetGroup=targetgroup/web/2 LoadBalancer=app/web/1: [1] x [16] Count",
		"RequestCount TargetGroup=targetgroup/web/2 AvailabilityZone=us-east-1a LoadBalancer=app/web/1: [1] x [12] Count",
		"HTTPCode_Target_5XX_Count TargetGroup=targetgroup/web/2 LoadBalancer=app/web/1: [1] x [1] Count",
		"HTTPCode_ELB_5XX_Count LoadBalancer=app/web/1: [1] x [3] Count",
		"HTTPCode_ELB_504_Count AvailabilityZone=us-east-1a LoadBalancer=app/web/1: [1] x [3] Count",
		"HTTPCode_ELB_3XX_Count LoadBalancer=app/web/1: [1] x [2] Count",
		"TargetConnectionErrorCount TargetGroup=targetgroup/web/2 LoadBalancer=app/web/1: [1] x [3] Count",
		"TargetResponseTime TargetGroup=targetgroup/web/2 LoadBalancer=app/web/1: [0.02 1] x [2 1] Seconds",
		"HealthyHostCount TargetGroup=targetgroup/web/2 LoadBalancer=app/web/1: [3 4] x [1 1] Count",
		"HealthyHostCount TargetGroup=targetgroup/web/2 AvailabilityZone=us-east-1b LoadBalancer=app/web/1: [4] x [1] Count",
		"UnHealthyHostCount TargetGroup=targetgroup/web/2 LoadBalancer=app/web/1: [0 1] x [1 1] Count",
		"RequestCountPerTarget TargetGroup=targetgroup/web/2: [1 4] x [1 1] Count",
	} {
		require.Contains(t, got, want)
	}
	all := strings.Join(got, "\n")
	require.NotContains(t, all, "HTTPCode_ELB_2XX")
	require.NotContains(t, all, "HTTPCode_ELB_5XX_Count TargetGroup", "the load balancer's own answers belong to no target group")
	require.NotContains(t, all, "HealthyHostCount LoadBalancer", "hosts belong to a target group")
	require.Equal(t, at, *data[0].Timestamp)
}

func TestNoRequestsNoCounts(t *testing.T) {
	b := newBench(t, quick())
	b.add("i-1", zoneA, nil)
	for _, line := range lines(b.Counts().MetricData("app/web/1", "targetgroup/web/2", time.Now())) {
		require.Contains(t, line, "HealthyHostCount ", "only the numbers of targets are published without requests")
	}
}

func TestManyValues(t *testing.T) {
	var times []time.Duration
	for i := range 400 {
		times = append(times, time.Duration(i)*time.Millisecond)
	}
	counts := Counts{zoneA: {ResponseTimes: times}}
	total := 0
	for _, datum := range counts.MetricData("app/web/1", "targetgroup/web/2", time.Now()) {
		require.LessOrEqual(t, len(datum.Values), 150)
		require.Len(t, datum.Counts, len(datum.Values))
		if *datum.MetricName == "TargetResponseTime" && len(datum.Dimensions) == 1 {
			total += len(datum.Values)
		}
	}
	require.Equal(t, 400, total)
}
