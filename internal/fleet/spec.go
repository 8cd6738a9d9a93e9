package fleet

import (
	"slices"
	"strings"

	"ha-web/internal/validate"
)

// Validate records every fault of the spec. key gives the fields, such as HealthCheck.Path, the names that whoever asks
// knows them by.
func (s Spec) Validate(faults *validate.Faults, key func(field string) string) {
	check := checker{faults, key}
	s.checkMachine(check)
	s.checkHealth(check)
	s.checkTargetGroup(check)
	s.checkSize(check)
	s.checkSpot(check)
	s.checkRollout(check)
	s.checkSchedules(check)
	check.between("Port", s.Port, 1024, 65535) // the application runs without privileges
	check.error("LogRetentionDays", validate.RetentionDays(s.LogRetentionDays))
	check.between("AccessLogs.RetentionDays", s.AccessLogDays, 1, 3653)
}

// checker records faults under the names of fields.
type checker struct {
	faults *validate.Faults
	key    func(field string) string
}

func (c checker) fault(field, format string, args ...any) {
	c.faults.Add(c.key(field), format, args...)
}

func (c checker) error(field string, err error) { c.faults.Check(c.key(field), err) }

func (c checker) between(field string, value, low, high int) {
	c.faults.Between(c.key(field), value, low, high)
}

func (s Spec) checkMachine(check checker) {
	if len(s.InstanceTypes) == 0 {
		check.fault("InstanceTypes", "needs at least one, such as t3.small")
	}
	for i, each := range s.InstanceTypes {
		architecture, err := ArchitectureOf(each)
		check.error("InstanceTypes", err)
		switch {
		case slices.Contains(s.InstanceTypes[:i], each):
			check.fault("InstanceTypes", "%s is listed twice", each)
		case err == nil && s.Architecture() != "" && architecture != s.Architecture():
			check.fault("InstanceTypes", "%s is %s and %s is %s: they share one image", s.InstanceTypes[0], s.Architecture(), each, architecture)
		}
	}
	if s.Image != "" && !imageID.MatchString(s.Image) && !imageParameter.MatchString(s.Image) {
		check.fault("Image", "must be an image such as ami-0123456789abcdef0, or ssm: and the path of a parameter, got %q", s.Image)
	}
	if s.Container != "" && !container.MatchString(s.Container) {
		check.fault("Container", "must be an image by its digest, such as ghcr.io/example/app@sha256:…, got %q", s.Container)
	}
	check.between("RootVolumeGiB", s.RootVolumeGiB, 8, 16384) // images of Amazon Linux 2023 have 8 GiB (WT-9)
}

func (s Spec) checkHealth(check checker) {
	h := s.HealthCheck
	if !strings.HasPrefix(h.Path, "/") || strings.ContainsAny(h.Path, " \"'\\\n") {
		check.fault("HealthCheck.Path", "must begin with / and have neither spaces nor quotes, got %q", h.Path)
	}
	// Limits of target groups (Elastic Load Balancing API reference, CreateTargetGroup).
	check.between("HealthCheck.IntervalSeconds", h.IntervalSeconds, 5, 300)
	check.between("HealthCheck.TimeoutSeconds", h.TimeoutSeconds, 2, 120)
	if h.TimeoutSeconds >= h.IntervalSeconds {
		check.fault("HealthCheck.TimeoutSeconds", "must be less than %s (%d), got %d",
			check.key("HealthCheck.IntervalSeconds"), h.IntervalSeconds, h.TimeoutSeconds)
	}
	check.between("HealthCheck.HealthyThreshold", h.HealthyThreshold, 2, 10)
	check.between("HealthCheck.UnhealthyThreshold", h.UnhealthyThreshold, 2, 10)
	check.between("BootSeconds", s.BootSeconds, 1, 7200)
	// Document 000, "Health check grace period too short"; rounded up.
	if least := (3*s.BootSeconds + 1) / 2; h.GraceSeconds < least {
		check.fault("HealthCheck.GraceSeconds", "must be at least 1.5 times %s (%d), which is %d, got %d",
			check.key("BootSeconds"), s.BootSeconds, least, h.GraceSeconds)
	}
}

// Attributes of target groups (Elastic Load Balancing API reference, TargetGroupAttribute).
func (s Spec) checkTargetGroup(check checker) {
	t := s.TargetGroup
	check.between("TargetGroup.DeregistrationSeconds", t.DeregistrationSeconds, 1, 3600)
	check.between("TargetGroup.StickinessSeconds", t.StickinessSeconds, 0, 604800)
	if t.SlowStartSeconds != 0 {
		check.between("TargetGroup.SlowStartSeconds", t.SlowStartSeconds, 30, 900)
	}
}

func (s Spec) checkSize(check checker) {
	if least := max(s.Zones, 1); s.Size.Min < least {
		check.fault("Size.Min", "must be at least the number of zones (%d), or a zone has no instance, got %d", least, s.Size.Min)
	}
	switch {
	case s.Size.Max < s.Size.Min:
		check.fault("Size.Max", "must be at least %s (%d), got %d", check.key("Size.Min"), s.Size.Min, s.Size.Max)
	case s.Size.Max == s.Size.Min && s.Scaling.Dynamic():
		// AWS: target tracking needs room to move (field note WT-8).
		check.fault("Size.Max", "must be greater than %s (%d), or %s and %s 0, got %d", check.key("Size.Min"), s.Size.Min,
			check.key("Scaling.CPUPercent"), check.key("Scaling.RequestsPerTarget"), s.Size.Max)
	}
	check.between("Scaling.CPUPercent", s.Scaling.CPUPercent, 0, 100)
	check.between("Scaling.RequestsPerTarget", s.Scaling.RequestsPerTarget, 0, 1_000_000)
	if s.Scaling.Forecast && s.Scaling.CPUPercent == 0 {
		check.fault("Scaling.Forecast", "needs %s, the load to plan for", check.key("Scaling.CPUPercent"))
	}
}

func (s Spec) checkSpot(check checker) {
	check.between("Spot.Percent", s.Spot.Percent, 0, 100)
	if s.Spot.Percent > 0 && len(s.InstanceTypes) < 2 {
		check.fault("Spot.Percent", "needs two %s or more: AWS runs out of any one of them", check.key("InstanceTypes"))
	}
	if base := s.Spot.OnDemandBase; base != 0 && base < s.Size.Min {
		check.fault("Spot.OnDemandBase", "must be at least %s (%d): what carries the site is never Spot, got %d",
			check.key("Size.Min"), s.Size.Min, base)
	}
}

// Preferences of an instance refresh (Amazon EC2 Auto Scaling API reference, RefreshPreferences; field note WT-2).
func (s Spec) checkRollout(check checker) {
	r := s.Rollout
	check.between("Rollout.MinHealthyPercent", r.MinHealthyPercent, 0, 100)
	check.between("Rollout.MaxHealthyPercent", r.MaxHealthyPercent, 100, 200)
	if r.MaxHealthyPercent-r.MinHealthyPercent > 100 {
		check.fault("Rollout.MaxHealthyPercent", "must be at most 100 more than %s (%d), got %d",
			check.key("Rollout.MinHealthyPercent"), r.MinHealthyPercent, r.MaxHealthyPercent)
	}
	if r.MinHealthyPercent == 100 && r.MaxHealthyPercent == 100 {
		check.fault("Rollout.MaxHealthyPercent", "must be more than 100 where %s is 100: AWS would take an instance out before the next is there, got %d",
			check.key("Rollout.MinHealthyPercent"), r.MaxHealthyPercent)
	}
	last := 0
	for _, percent := range r.CheckpointPercents {
		if percent <= last || percent > 100 {
			check.fault("Rollout.CheckpointPercents", "must rise, from 1 to 100, got %v", r.CheckpointPercents)
			return
		}
		last = percent
	}
	if last != 100 {
		check.fault("Rollout.CheckpointPercents", "must end at 100, or the rollout never ends, got %v", r.CheckpointPercents)
	}
	check.between("Rollout.CheckpointSeconds", r.CheckpointSeconds, 1, 172800)
}
