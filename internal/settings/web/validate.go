package web

import (
	"slices"
	"strings"

	"ha-web/internal/validate"
)

// Validate records every fault of the settings of a web tier in this many Availability Zones. The settings must be Resolved.
func (s *Settings) Validate(f validate.Fields, zones int) {
	if !f.Begun(s, s.begun) {
		return
	}
	s.checkInstances(f)
	s.checkHealth(f)
	s.checkTargetGroup(f)
	s.checkSize(f, zones)
	s.checkCapacity(f)
	s.checkSpot(f)
	s.checkRollout(f)
	s.checkSchedules(f)
	s.checkEnvironment(f)
	s.checkPolicies(f)
	f.Between(&s.Port, 1024, 65535) // the application runs without privileges
	f.Check(&s.LogRetentionDays, validate.RetentionDays(s.LogRetentionDays))
	f.Between(&s.AccessLogs.RetentionDays, 1, 3653)
	validate.Choice(f, &s.Ingress)
	f.Check(&s.OriginHeader.Name, validate.HeaderName(s.OriginHeader.Name))
	f.Between(&s.OriginHeader.Version, 1, 1_000_000)
}

func (s *Settings) checkInstances(f validate.Fields) {
	if len(s.InstanceTypes) == 0 {
		f.Add(&s.InstanceTypes, "must list at least one, such as t3.small")
	}
	for i, each := range s.InstanceTypes {
		architecture, err := ArchitectureOf(each)
		f.Check(&s.InstanceTypes[i], err)
		switch {
		case slices.Contains(s.InstanceTypes[:i], each):
			f.Add(&s.InstanceTypes[i], "%s is listed twice", each)
		case err == nil && s.Architecture() != "" && architecture != s.Architecture():
			f.Add(&s.InstanceTypes[i], "must be of the same architecture as %s (%s), because they share an AMI, got %s (%s)",
				s.InstanceTypes[0], s.Architecture(), each, architecture)
		}
	}
	s.checkImage(f)
	if s.Container != "" && !container.MatchString(s.Container) {
		f.Add(&s.Container, "must be a container image by digest, such as ghcr.io/example/app@sha256:…, got %q", s.Container)
	}
	// A volume is at least as large as its snapshot (Amazon EC2 API reference, EbsBlockDevice); that of Amazon Linux 2023 has 8 GiB.
	f.Between(&s.RootVolumeGiB, 8, 16384)
}

func (s *Settings) checkHealth(f validate.Fields) {
	h := &s.HealthCheck
	if !strings.HasPrefix(h.Path, "/") || strings.ContainsAny(h.Path, " \"'\\\n") {
		f.Add(&h.Path, "must begin with / and have neither spaces nor quotes, got %q", h.Path)
	}
	// Limits of target groups (Elastic Load Balancing API reference, CreateTargetGroup).
	f.Between(&h.IntervalSeconds, 5, 300)
	f.Between(&h.TimeoutSeconds, 2, 120)
	if h.TimeoutSeconds >= h.IntervalSeconds {
		f.Add(&h.TimeoutSeconds, "must be less than %s (%d), got %d", f.Name(&h.IntervalSeconds), h.IntervalSeconds, h.TimeoutSeconds)
	}
	f.Between(&h.HealthyThreshold, 2, 10)
	f.Between(&h.UnhealthyThreshold, 2, 10)
	f.Between(&s.BootSeconds, 1, 7200)
	// Half as long again, rounded up: some instances boot more slowly than others.
	if least := (3*s.BootSeconds + 1) / 2; h.GraceSeconds < least {
		f.Add(&h.GraceSeconds, "must be at least 1.5 times %s (%d), which is %d, got %d", f.Name(&s.BootSeconds), s.BootSeconds, least, h.GraceSeconds)
	}
}

// checkTargetGroup checks attributes of target groups (Elastic Load Balancing API reference, TargetGroupAttribute).
func (s *Settings) checkTargetGroup(f validate.Fields) {
	t := &s.TargetGroup
	f.Between(&t.DeregistrationSeconds, 1, 3600)
	f.Between(&t.StickinessSeconds, 0, 604800)
	if t.SlowStartSeconds != 0 {
		f.Between(&t.SlowStartSeconds, 30, 900)
	}
}

func (s *Settings) checkSize(f validate.Fields, zones int) {
	if least := max(zones, 1); s.Size.Min < least {
		f.Add(&s.Size.Min, "must be at least the number of Availability Zones (%d), so that each has an instance, got %d", least, s.Size.Min)
	}
	switch {
	case s.Size.Max < s.Size.Min:
		f.Add(&s.Size.Max, "must be at least %s (%d), got %d", f.Name(&s.Size.Min), s.Size.Min, s.Size.Max)
	case s.Size.Max == s.Size.Min && s.Scaling.Dynamic():
		// Target tracking requires it (cfn-lint, E3712).
		f.Add(&s.Size.Max, "must be greater than %s (%d) to scale by load, got %d: raise it, or set %s and %s to 0",
			f.Name(&s.Size.Min), s.Size.Min, s.Size.Max, f.Name(&s.Scaling.CPUPercent), f.Name(&s.Scaling.RequestsPerTarget))
	}
	f.Between(&s.Scaling.CPUPercent, 0, 100)
	f.Between(&s.Scaling.RequestsPerTarget, 0, 1_000_000)
	if s.Scaling.Forecast && s.Scaling.CPUPercent == 0 {
		f.Add(&s.Scaling.Forecast, "requires %s, the CPU utilization to forecast for", f.Name(&s.Scaling.CPUPercent))
	}
}

func (s *Settings) checkSpot(f validate.Fields) {
	f.Between(&s.Spot.Percent, 0, 100)
	if s.Spot.Percent > 0 && len(s.InstanceTypes) < 2 {
		f.Add(&s.Spot.Percent, "requires two or more %s, because AWS runs out of Spot capacity of any one type", f.Name(&s.InstanceTypes))
	}
	if base := s.Spot.OnDemandBase; base < s.Size.Min {
		f.Add(&s.Spot.OnDemandBase, "must be at least %s (%d), so that the minimum never consists of Spot Instances, got %d",
			f.Name(&s.Size.Min), s.Size.Min, base)
	}
}

// checkRollout checks preferences of an instance refresh (Amazon EC2 Auto Scaling API reference, RefreshPreferences).
func (s *Settings) checkRollout(f validate.Fields) {
	r := &s.Rollout
	f.Between(&r.MinHealthyPercent, 0, 100)
	f.Between(&r.MaxHealthyPercent, 100, 200)
	if r.MaxHealthyPercent-r.MinHealthyPercent > 100 {
		f.Add(&r.MaxHealthyPercent, "must be at most 100 more than %s (%d), got %d", f.Name(&r.MinHealthyPercent), r.MinHealthyPercent, r.MaxHealthyPercent)
	}
	if r.MinHealthyPercent == 100 && r.MaxHealthyPercent == 100 {
		f.Add(&r.MaxHealthyPercent, "must be greater than 100 when %s is 100, got %d: AWS would otherwise terminate an instance before it launches the next",
			f.Name(&r.MinHealthyPercent), r.MaxHealthyPercent)
	}
	s.checkCheckpoints(f)
	f.Between(&r.CheckpointSeconds, 1, 172800)
}

func (s *Settings) checkCheckpoints(f validate.Fields) {
	last := 0
	for _, percent := range s.Rollout.CheckpointPercents {
		if percent <= last || percent > 100 {
			f.Add(&s.Rollout.CheckpointPercents, "must be between 1 and 100 and in ascending order, got %v", s.Rollout.CheckpointPercents)
			return
		}
		last = percent
	}
	if last != 100 {
		f.Add(&s.Rollout.CheckpointPercents, "must end with 100, or the rollout never ends, got %v", s.Rollout.CheckpointPercents)
	}
}
