package fleet_test

import (
	"strings"
	"testing"

	"ha-web/internal/fleet"
	"ha-web/internal/validate"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// usual is a fleet without faults.
func usual() fleet.Spec {
	spec := fleet.Default()
	spec.Size.Min = 2
	return spec
}

// faultsOf returns the faults of a fleet, a line each.
func faultsOf(spec fleet.Spec) string {
	var faults validate.Faults
	spec.Validate(&faults, func(field string) string { return field })
	if err := faults.Err(); err != nil {
		return err.Error()
	}
	return ""
}

func TestDefaultHasNoFaults(t *testing.T) {
	t.Parallel()
	assert.Empty(t, faultsOf(usual()))
}

var digest = "@sha256:" + strings.Repeat("0a", 32)

func TestFaults(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		change func(*fleet.Spec)
		want   string
	}{
		"no type":         {func(s *fleet.Spec) { s.InstanceTypes = nil }, "InstanceTypes: needs at least one, such as t3.small"},
		"not a type":      {func(s *fleet.Spec) { s.InstanceTypes = []string{"large"} }, `InstanceTypes: must be an instance type such as m7g.large, got "large"`},
		"type twice":      {func(s *fleet.Spec) { s.InstanceTypes = []string{"t3.small", "t3.small"} }, "InstanceTypes: t3.small is listed twice"},
		"two processors":  {func(s *fleet.Spec) { s.InstanceTypes = []string{"t3.small", "t4g.small"} }, "InstanceTypes: t3.small is x86_64 and t4g.small is arm64: they share one image"},
		"image":           {func(s *fleet.Spec) { s.Image = "al2023" }, `Image: must be an image such as ami-0123456789abcdef0, or ssm: and the path of a parameter, got "al2023"`},
		"resolved later":  {func(s *fleet.Spec) { s.Image = "resolve:ssm:/a" }, `Image: must be an image such as ami-0123456789abcdef0, or ssm: and the path of a parameter, got "resolve:ssm:/a"`},
		"tag":             {func(s *fleet.Spec) { s.Container = "ghcr.io/example/app:v1" }, `Container: must be an image by its digest, such as ghcr.io/example/app@sha256:…, got "ghcr.io/example/app:v1"`},
		"shell":           {func(s *fleet.Spec) { s.Container = "a;reboot" + digest }, `Container: must be an image by its digest, such as ghcr.io/example/app@sha256:…, got "a;reboot` + digest + `"`},
		"disk":            {func(s *fleet.Spec) { s.RootVolumeGiB = 7 }, "RootVolumeGiB: must be between 8 and 16384, got 7"},
		"port":            {func(s *fleet.Spec) { s.Port = 80 }, "Port: must be between 1024 and 65535, got 80"},
		"path":            {func(s *fleet.Spec) { s.HealthCheck.Path = "/a b" }, `HealthCheck.Path: must begin with / and have neither spaces nor quotes, got "/a b"`},
		"interval":        {func(s *fleet.Spec) { s.HealthCheck.IntervalSeconds = 301 }, "HealthCheck.IntervalSeconds: must be between 5 and 300, got 301"},
		"timeout":         {func(s *fleet.Spec) { s.HealthCheck.TimeoutSeconds = 20 }, "HealthCheck.TimeoutSeconds: must be less than HealthCheck.IntervalSeconds (20), got 20"},
		"good":            {func(s *fleet.Spec) { s.HealthCheck.HealthyThreshold = 1 }, "HealthCheck.HealthyThreshold: must be between 2 and 10, got 1"},
		"bad":             {func(s *fleet.Spec) { s.HealthCheck.UnhealthyThreshold = 11 }, "HealthCheck.UnhealthyThreshold: must be between 2 and 10, got 11"},
		"grace":           {func(s *fleet.Spec) { s.BootSeconds = 201 }, "HealthCheck.GraceSeconds: must be at least 1.5 times BootSeconds (201), which is 302, got 300"},
		"drain":           {func(s *fleet.Spec) { s.TargetGroup.DeregistrationSeconds = 0 }, "TargetGroup.DeregistrationSeconds: must be between 1 and 3600, got 0"},
		"sticky":          {func(s *fleet.Spec) { s.TargetGroup.StickinessSeconds = 604801 }, "TargetGroup.StickinessSeconds: must be between 0 and 604800, got 604801"},
		"slow start":      {func(s *fleet.Spec) { s.TargetGroup.SlowStartSeconds = 29 }, "TargetGroup.SlowStartSeconds: must be between 30 and 900, got 29"},
		"empty zone":      {func(s *fleet.Spec) { s.Zones = 3 }, "Size.Min: must be at least the number of zones (3), or a zone has no instance, got 2"},
		"none":            {func(s *fleet.Spec) { s.Size.Min = 0 }, "Size.Min: must be at least the number of zones (1), or a zone has no instance, got 0"},
		"max":             {func(s *fleet.Spec) { s.Size.Max = 1 }, "Size.Max: must be at least Size.Min (2), got 1"},
		"no room":         {func(s *fleet.Spec) { s.Size.Max = 2 }, "Size.Max: must be greater than Size.Min (2), or Scaling.CPUPercent and Scaling.RequestsPerTarget 0, got 2"},
		"room for none":   {func(s *fleet.Spec) { s.Size.Max, s.Scaling = 2, fleet.Scaling{RequestsPerTarget: 5} }, "Size.Max: must be greater than Size.Min (2), or Scaling.CPUPercent and Scaling.RequestsPerTarget 0, got 2"},
		"fixed":           {func(s *fleet.Spec) { s.Size.Max, s.Scaling = 2, fleet.Scaling{} }, ""},
		"cpu":             {func(s *fleet.Spec) { s.Scaling.CPUPercent = 101 }, "Scaling.CPUPercent: must be between 0 and 100, got 101"},
		"requests":        {func(s *fleet.Spec) { s.Scaling.RequestsPerTarget = -1 }, "Scaling.RequestsPerTarget: must be between 0 and 1000000, got -1"},
		"forecast":        {func(s *fleet.Spec) { s.Scaling = fleet.Scaling{Forecast: true} }, "Scaling.Forecast: needs Scaling.CPUPercent, the load to plan for"},
		"spot":            {func(s *fleet.Spec) { s.Spot.Percent = 101 }, "Spot.Percent: must be between 0 and 100, got 101\nSpot.Percent: needs two InstanceTypes or more: AWS runs out of any one of them"},
		"base":            {func(s *fleet.Spec) { s.Spot.OnDemandBase = 1 }, "Spot.OnDemandBase: must be at least Size.Min (2): what carries the site is never Spot, got 1"},
		"min healthy":     {func(s *fleet.Spec) { s.Rollout.MinHealthyPercent = 101 }, "Rollout.MinHealthyPercent: must be between 0 and 100, got 101"},
		"max healthy":     {func(s *fleet.Spec) { s.Rollout.MaxHealthyPercent = 201 }, "Rollout.MaxHealthyPercent: must be between 100 and 200, got 201\nRollout.MaxHealthyPercent: must be at most 100 more than Rollout.MinHealthyPercent (100), got 201"},
		"apart":           {func(s *fleet.Spec) { s.Rollout.MinHealthyPercent, s.Rollout.MaxHealthyPercent = 49, 150 }, "Rollout.MaxHealthyPercent: must be at most 100 more than Rollout.MinHealthyPercent (49), got 150"},
		"no surge":        {func(s *fleet.Spec) { s.Rollout.MaxHealthyPercent = 100 }, "Rollout.MaxHealthyPercent: must be more than 100 where Rollout.MinHealthyPercent is 100: AWS would take an instance out before the next is there, got 100"},
		"checkpoints":     {func(s *fleet.Spec) { s.Rollout.CheckpointPercents = []int{50, 50} }, "Rollout.CheckpointPercents: must rise, from 1 to 100, got [50 50]"},
		"no end":          {func(s *fleet.Spec) { s.Rollout.CheckpointPercents = []int{20, 90} }, "Rollout.CheckpointPercents: must end at 100, or the rollout never ends, got [20 90]"},
		"no checkpoint":   {func(s *fleet.Spec) { s.Rollout.CheckpointPercents = nil }, "Rollout.CheckpointPercents: must end at 100, or the rollout never ends, got []"},
		"wait":            {func(s *fleet.Spec) { s.Rollout.CheckpointSeconds = 0 }, "Rollout.CheckpointSeconds: must be between 1 and 172800, got 0"},
		"logs":            {func(s *fleet.Spec) { s.LogRetentionDays = 8 }, "LogRetentionDays: CloudWatch Logs cannot keep events for 8 days, the next period it offers is 14"},
		"access logs":     {func(s *fleet.Spec) { s.AccessLogDays = 0 }, "AccessLogs.RetentionDays: must be between 1 and 3653, got 0"},
		"everything good": {func(s *fleet.Spec) { *s = everything() }, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			spec := usual()
			test.change(&spec)
			assert.Equal(t, test.want, faultsOf(spec))
		})
	}
}

// everything is a fleet with all that is optional.
func everything() fleet.Spec {
	spec := usual()
	spec.Zones = 2
	spec.InstanceTypes = []string{"m7g.large", "m6g.large"}
	spec.Image = "ami-0123456789abcdef0"
	spec.Container = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/moodle:4.5" + digest
	spec.TargetGroup.StickinessSeconds, spec.TargetGroup.SlowStartSeconds = 3600, 30
	spec.Scaling = fleet.Scaling{CPUPercent: 50, RequestsPerTarget: 1000, Forecast: true}
	spec.Spot = fleet.Spot{Percent: 50, OnDemandBase: 2}
	spec.Schedules = []fleet.Schedule{{Name: "morning", Recurrence: "0 7 * * 1-5", Min: 4}}
	return spec
}

func TestArchitectures(t *testing.T) {
	t.Parallel()
	for architecture, types := range map[fleet.Architecture][]string{
		fleet.ARM: {"t4g.small", "m7g.large", "c7gn.16xlarge", "m6gd.metal", "a1.large", "im4gn.large", "is4gen.medium", "g5g.xlarge", "x2gd.large", "r8g.metal-24xl"},
		fleet.X86: {"t3.small", "t3a.micro", "m7i-flex.large", "g5.xlarge", "g4dn.xlarge", "gr6.4xlarge", "u-6tb1.metal", "c6id.large", "p4d.24xlarge", "m5.large", "x2iedn.xlarge"},
	} {
		for _, each := range types {
			got, err := fleet.ArchitectureOf(each)
			require.NoError(t, err)
			assert.Equal(t, architecture, got, each)
		}
	}
	for _, wrong := range []string{"", "t3", "t3.", "T3.small", "db.t4g.small ", "mac2.metal"} {
		_, err := fleet.ArchitectureOf(wrong)
		assert.Error(t, err, wrong)
	}
}

func TestImageIsOfTheArchitecture(t *testing.T) {
	t.Parallel()
	spec := usual()
	assert.Equal(t, "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64", spec.ImageParameter())
	spec.InstanceTypes = []string{"t4g.small"}
	assert.Equal(t, "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64", spec.ImageParameter())
	spec.Image = "ssm:/golden/moodle"
	assert.Equal(t, "/golden/moodle", spec.ImageParameter())
	spec.Image = "ami-0123456789abcdef0"
	assert.Empty(t, spec.ImageParameter())
}

func TestRepositories(t *testing.T) {
	t.Parallel()
	spec := everything()
	repository, private := spec.Repository()
	assert.True(t, private)
	assert.Equal(t, fleet.Repository{
		Registry: "123456789012.dkr.ecr.eu-west-1.amazonaws.com", Account: "123456789012", Region: "eu-west-1", Name: "team/moodle",
	}, repository)
	for _, public := range []string{"", "ghcr.io/example/app" + digest, "public.ecr.aws/nginx/nginx" + digest} {
		spec.Container = public
		assert.Empty(t, faultsOf(spec))
		_, private := spec.Repository()
		assert.False(t, private, public)
	}
}
