package fleet

import (
	"slices"
	"strings"

	"ha-web/internal/validate"
)

// Validate records every fault of the spec. key gives the fields, such as HealthCheck.Path, the names that whoever asks
// knows them by.
func (s Spec) Validate(faults *validate.Faults, key func(field string) string) {
	fields := validate.Named{Faults: faults, Name: key}
	s.checkMachine(fields)
	s.checkHealth(fields)
	s.checkTargetGroup(fields)
	s.checkSize(fields)
	s.checkSpot(fields)
	s.checkRollout(fields)
	s.checkSchedules(fields)
	fields.Between("Port", s.Port, 1024, 65535) // the application runs without privileges
	fields.Check("LogRetentionDays", validate.RetentionDays(s.LogRetentionDays))
	fields.Between("AccessLogs.RetentionDays", s.AccessLogDays, 1, 3653)
}

func (s Spec) checkMachine(fields validate.Named) {
	if len(s.InstanceTypes) == 0 {
		fields.Add("InstanceTypes", "needs at least one, such as t3.small")
	}
	for i, each := range s.InstanceTypes {
		architecture, err := ArchitectureOf(each)
		fields.Check("InstanceTypes", err)
		switch {
		case slices.Contains(s.InstanceTypes[:i], each):
			fields.Add("InstanceTypes", "%s is listed twice", each)
		case err == nil && s.Architecture() != "" && architecture != s.Architecture():
			fields.Add("InstanceTypes", "%s is %s and %s is %s: they share one image", s.InstanceTypes[0], s.Architecture(), each, architecture)
		}
	}
	if s.Image != "" && !imageID.MatchString(s.Image) && !imageParameter.MatchString(s.Image) {
		fields.Add("Image", "must be an image such as ami-0123456789abcdef0, or ssm: and the path of a parameter, got %q", s.Image)
	}
	if s.Container != "" && !container.MatchString(s.Container) {
		fields.Add("Container", "must be an image by its digest, such as ghcr.io/example/app@sha256:…, got %q", s.Container)
	}
	fields.Between("RootVolumeGiB", s.RootVolumeGiB, 8, 16384) // images of Amazon Linux 2023 have 8 GiB (WT-9)
}

func (s Spec) checkHealth(fields validate.Named) {
	h := s.HealthCheck
	if !strings.HasPrefix(h.Path, "/") || strings.ContainsAny(h.Path, " \"'\\\n") {
		fields.Add("HealthCheck.Path", "must begin with / and have neither spaces nor quotes, got %q", h.Path)
	}
	// Limits of target groups (Elastic Load Balancing API reference, CreateTargetGroup).
	fields.Between("HealthCheck.IntervalSeconds", h.IntervalSeconds, 5, 300)
	fields.Between("HealthCheck.TimeoutSeconds", h.TimeoutSeconds, 2, 120)
	if h.TimeoutSeconds >= h.IntervalSeconds {
		fields.Add("HealthCheck.TimeoutSeconds", "must be less than %s (%d), got %d",
			fields.Name("HealthCheck.IntervalSeconds"), h.IntervalSeconds, h.TimeoutSeconds)
	}
	fields.Between("HealthCheck.HealthyThreshold", h.HealthyThreshold, 2, 10)
	fields.Between("HealthCheck.UnhealthyThreshold", h.UnhealthyThreshold, 2, 10)
	fields.Between("BootSeconds", s.BootSeconds, 1, 7200)
	// Document 000, "Health check grace period too short"; rounded up.
	if least := (3*s.BootSeconds + 1) / 2; h.GraceSeconds < least {
		fields.Add("HealthCheck.GraceSeconds", "must be at least 1.5 times %s (%d), which is %d, got %d",
			fields.Name("BootSeconds"), s.BootSeconds, least, h.GraceSeconds)
	}
}

// Attributes of target groups (Elastic Load Balancing API reference, TargetGroupAttribute).
func (s Spec) checkTargetGroup(fields validate.Named) {
	t := s.TargetGroup
	fields.Between("TargetGroup.DeregistrationSeconds", t.DeregistrationSeconds, 1, 3600)
	fields.Between("TargetGroup.StickinessSeconds", t.StickinessSeconds, 0, 604800)
	if t.SlowStartSeconds != 0 {
		fields.Between("TargetGroup.SlowStartSeconds", t.SlowStartSeconds, 30, 900)
	}
}

func (s Spec) checkSize(fields validate.Named) {
	if least := max(s.Zones, 1); s.Size.Min < least {
		fields.Add("Size.Min", "must be at least the number of zones (%d), or a zone has no instance, got %d", least, s.Size.Min)
	}
	switch {
	case s.Size.Max < s.Size.Min:
		fields.Add("Size.Max", "must be at least %s (%d), got %d", fields.Name("Size.Min"), s.Size.Min, s.Size.Max)
	case s.Size.Max == s.Size.Min && s.Scaling.Dynamic():
		// AWS: target tracking needs room to move (field note WT-8).
		fields.Add("Size.Max", "must be greater than %s (%d), or %s and %s 0, got %d", fields.Name("Size.Min"), s.Size.Min,
			fields.Name("Scaling.CPUPercent"), fields.Name("Scaling.RequestsPerTarget"), s.Size.Max)
	}
	fields.Between("Scaling.CPUPercent", s.Scaling.CPUPercent, 0, 100)
	fields.Between("Scaling.RequestsPerTarget", s.Scaling.RequestsPerTarget, 0, 1_000_000)
	if s.Scaling.Forecast && s.Scaling.CPUPercent == 0 {
		fields.Add("Scaling.Forecast", "needs %s, the load to plan for", fields.Name("Scaling.CPUPercent"))
	}
}

func (s Spec) checkSpot(fields validate.Named) {
	fields.Between("Spot.Percent", s.Spot.Percent, 0, 100)
	if s.Spot.Percent > 0 && len(s.InstanceTypes) < 2 {
		fields.Add("Spot.Percent", "needs two %s or more: AWS runs out of any one of them", fields.Name("InstanceTypes"))
	}
	if base := s.Spot.OnDemandBase; base != 0 && base < s.Size.Min {
		fields.Add("Spot.OnDemandBase", "must be at least %s (%d): what carries the site is never Spot, got %d",
			fields.Name("Size.Min"), s.Size.Min, base)
	}
}

// Preferences of an instance refresh (Amazon EC2 Auto Scaling API reference, RefreshPreferences; field note WT-2).
func (s Spec) checkRollout(fields validate.Named) {
	r := s.Rollout
	fields.Between("Rollout.MinHealthyPercent", r.MinHealthyPercent, 0, 100)
	fields.Between("Rollout.MaxHealthyPercent", r.MaxHealthyPercent, 100, 200)
	if r.MaxHealthyPercent-r.MinHealthyPercent > 100 {
		fields.Add("Rollout.MaxHealthyPercent", "must be at most 100 more than %s (%d), got %d",
			fields.Name("Rollout.MinHealthyPercent"), r.MinHealthyPercent, r.MaxHealthyPercent)
	}
	if r.MinHealthyPercent == 100 && r.MaxHealthyPercent == 100 {
		fields.Add("Rollout.MaxHealthyPercent", "must be more than 100 where %s is 100: AWS would take an instance out before the next is there, got %d",
			fields.Name("Rollout.MinHealthyPercent"), r.MaxHealthyPercent)
	}
	last := 0
	for _, percent := range r.CheckpointPercents {
		if percent <= last || percent > 100 {
			fields.Add("Rollout.CheckpointPercents", "must rise, from 1 to 100, got %v", r.CheckpointPercents)
			return
		}
		last = percent
	}
	if last != 100 {
		fields.Add("Rollout.CheckpointPercents", "must end at 100, or the rollout never ends, got %v", r.CheckpointPercents)
	}
	fields.Between("Rollout.CheckpointSeconds", r.CheckpointSeconds, 1, 172800)
}
