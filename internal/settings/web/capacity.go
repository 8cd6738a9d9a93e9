package web

import "ha-web/internal/validate"

// Capacity is what a load test has measured.
type Capacity struct {
	// Requests per second that one vCPU serves, as a load test of the application measured it. The plan then says how many the
	// group serves at each size. Left out or 0: not measured.
	RequestsPerVCPU int `pulumi:"requestsPerVcpu,optional"`
}

func (s *Settings) checkCapacity(f validate.Fields) {
	f.Between(&s.Capacity.RequestsPerVCPU, 0, 100_000)
}

// PerRollout returns to how many instances a group of this size may grow while a release rolls out.
func (s *Settings) PerRollout(instances int) int {
	return (instances*s.Rollout.MaxHealthyPercent + 99) / 100
}

// SpotShare returns how many of the instances may be Spot Instances, and how many On-Demand Instances, each rounded up.
func (s *Settings) SpotShare(instances int) (spot, onDemand int) {
	beyond := max(0, instances-s.Spot.OnDemandBase)
	spot = (beyond*s.Spot.Percent + 99) / 100
	return spot, instances - beyond*s.Spot.Percent/100
}

// RequestsPerSecond returns how many requests this many instances serve, or 0 where that was not measured.
func (s *Settings) RequestsPerSecond(instances int) int {
	least, _ := s.VCPUs()
	return instances * least * s.Capacity.RequestsPerVCPU
}

// alarmSeconds is how long target tracking waits before it scales out: its alarm needs three minutes in a row (Amazon EC2 Auto
// Scaling user guide, "Target tracking scaling policies").
const alarmSeconds = 180

// StepsByCPU returns in how many steps the group grows from one size to another by its CPU utilization, or 0 where it does not.
// No utilization is above 100 %, so a step multiplies the size by 100/cpuPercent at most.
func (s *Settings) StepsByCPU(from, to int) int {
	percent := s.Scaling.CPUPercent
	if percent == 0 || percent == 100 || from == 0 {
		return 0
	}
	steps := 0
	for ; from < to; steps++ {
		from = (100*from + percent - 1) / percent
	}
	return steps
}

// StepMinutes returns the minutes of one step: the alarm, and the boot of its instances.
func (s *Settings) StepMinutes() int { return (alarmSeconds + s.BootSeconds + 59) / 60 }

// noticeSeconds is how long AWS takes, at the most, to notice that an instance is unhealthy and to launch another: EC2 Auto Scaling
// asks the load balancer "periodically", in practice within a minute, and an instance needs up to a minute to start.
const noticeSeconds = 120

// ReplacementMinutes returns the minutes, rounded up, from the failure of an instance until another serves in its place: the health
// checks that find it, the launch, the boot, and the health checks that let the new one in. What lasts longer does not heal by itself.
func (s *Settings) ReplacementMinutes() int {
	checks := s.HealthCheck.IntervalSeconds * (s.HealthCheck.UnhealthyThreshold + s.HealthCheck.HealthyThreshold)
	return (checks + noticeSeconds + s.BootSeconds + 59) / 60
}
