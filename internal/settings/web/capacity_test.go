package web_test

import (
	"testing"

	"ha-web/internal/settings/web"

	"github.com/stretchr/testify/assert"
)

func TestVCPUsOfInstanceTypes(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]int{
		"t3.small": 2, "t3a.nano": 2, "t4g.medium": 2, "t4g.large": 2, "t4g.2xlarge": 8,
		"t2.nano": 1, "t2.small": 1, "t2.medium": 2, "t2.large": 2,
		"m7g.medium": 1, "m7g.large": 2, "m6g.xlarge": 4, "c7gn.16xlarge": 64, "r7i.48xlarge": 192, "m7i-flex.large": 2,
		"c4.4xlarge": 16, "c4.8xlarge": 36, "d2.8xlarge": 36, "hpc7g.16xlarge": 32, "u-6tb1.112xlarge": 448, "u7i-12tb.224xlarge": 896,
		"m7i.metal-24xl": 96, "m5.metal": 0, "large": 0,
	} {
		assert.Equal(t, want, web.VCPUs(name), name)
	}
}

func TestVCPUsOfAGroup(t *testing.T) {
	t.Parallel()
	settings := usual()
	for _, test := range []struct {
		types       []string
		least, most int
		standard    bool
	}{
		{[]string{"m7g.xlarge", "m6g.large"}, 2, 4, true},
		{[]string{"m7g.large"}, 2, 2, true},
		{[]string{"m7g.large", "m6g.metal"}, 0, 0, true},
		{[]string{"m7g.large", "x2gd.large"}, 2, 2, false},
	} {
		settings.InstanceTypes = test.types
		least, most := settings.VCPUs()
		assert.Equal(t, []int{test.least, test.most}, []int{least, most}, test.types)
		assert.Equal(t, test.standard, settings.Standard(), test.types)
	}
}

func TestGrowthByCPU(t *testing.T) {
	t.Parallel()
	settings := usual()
	for _, test := range []struct{ percent, from, to, want int }{
		{50, 2, 10, 3}, // 4, 8, 16
		{50, 8, 10, 1},
		{50, 10, 10, 0},
		{60, 2, 10, 3}, // 4, 7, 12: rounded up each time
		{25, 2, 40, 3},
		{99, 2, 3, 1},
		{100, 2, 10, 0},
		{0, 2, 10, 0},
		{50, 0, 10, 0},
	} {
		settings.Scaling.CPUPercent = test.percent
		assert.Equal(t, test.want, settings.StepsByCPU(test.from, test.to), "%+v", test)
	}
	assert.Equal(t, 6, settings.StepMinutes())
	settings.BootSeconds = 601
	assert.Equal(t, 14, settings.StepMinutes())
}

func TestInstancesDuringARollout(t *testing.T) {
	t.Parallel()
	settings := usual()
	assert.Equal(t, 15, settings.PerRollout(10))
	assert.Equal(t, 5, settings.PerRollout(3))
	spot, onDemand := settings.SpotShare(10)
	assert.Equal(t, []int{0, 10}, []int{spot, onDemand})
	settings.Spot = web.Spot{Percent: 50, OnDemandBase: 3}
	spot, onDemand = settings.SpotShare(10)
	assert.Equal(t, []int{4, 7}, []int{spot, onDemand}, "the odd one may be either")
	settings.Capacity.RequestsPerVCPU = 40
	settings.InstanceTypes = []string{"m7g.xlarge", "m6g.large"}
	assert.Equal(t, 800, settings.RequestsPerSecond(10), "by the smaller type")
}

func TestReplacementOfAnInstance(t *testing.T) {
	t.Parallel()
	settings := usual() // 180 seconds to boot, and checks every 20 seconds: three to find a failure, two to let an instance in
	assert.Equal(t, 7, settings.ReplacementMinutes(), "60 + 120 + 180 + 40 seconds, rounded up")
	settings.BootSeconds = 600
	assert.Equal(t, 14, settings.ReplacementMinutes(), "60 + 120 + 600 + 40")
	settings.HealthCheck.IntervalSeconds, settings.HealthCheck.UnhealthyThreshold, settings.HealthCheck.HealthyThreshold = 30, 10, 3
	assert.Equal(t, 19, settings.ReplacementMinutes(), "300 + 120 + 600 + 90")
}
