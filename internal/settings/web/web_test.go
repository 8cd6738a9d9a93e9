package web_test

import (
	"strings"
	"testing"
	"time"

	"ha-web/internal/fields"
	"ha-web/internal/settings/web"
	"ha-web/internal/validate"
	"ha-web/internal/validate/validatetest"

	"github.com/stretchr/testify/assert"
)

// usual returns the settings of a web tier in two zones, without faults.
func usual() web.Settings {
	settings := web.Default()
	settings.Now = beginning
	return settings.Resolved(2)
}

// beginning is before all times in these tests.
var beginning = time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC)

// faultsOf returns what is wrong with settings in two zones, a line each, under keys of a stack file.
func faultsOf(settings web.Settings) string {
	return validatetest.Text(&settings, fields.ByTag, func(f validate.Fields) { settings.Validate(f, 2) })
}

func TestDefaultHasNoFaults(t *testing.T) {
	t.Parallel()
	assert.Empty(t, faultsOf(usual()))
}

var digest = "@sha256:" + strings.Repeat("0a", 32)

func TestFaults(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		change func(*web.Settings)
		want   string
	}{
		"no type":          {func(s *web.Settings) { s.InstanceTypes = nil }, "instanceTypes: must list at least one, such as t3.small"},
		"not a type":       {func(s *web.Settings) { s.InstanceTypes = []string{"large"} }, `instanceTypes[0]: must be an instance type that runs Amazon Linux 2023, such as m7g.large, got "large"`},
		"unknown size":     {func(s *web.Settings) { s.InstanceTypes = []string{"m7g.larg"} }, `instanceTypes[0]: must end in a size of instances, such as large or 2xlarge, got "m7g.larg", did you mean m7g.large?`},
		"type twice":       {func(s *web.Settings) { s.InstanceTypes = []string{"t3.small", "t3.small"} }, "instanceTypes[1]: t3.small is listed twice"},
		"two processors":   {func(s *web.Settings) { s.InstanceTypes = []string{"t3.small", "t4g.small"} }, "instanceTypes[1]: must be of the same architecture as t3.small (x86_64), because they share an AMI, got t4g.small (arm64)"},
		"image":            {func(s *web.Settings) { s.Image = "al2023" }, `image: must be the ID of an AMI such as ami-0123456789abcdef0, or ssm: and the path of a parameter, got "al2023"`},
		"resolved later":   {func(s *web.Settings) { s.Image = "resolve:ssm:/a" }, `image: must be the ID of an AMI such as ami-0123456789abcdef0, or ssm: and the path of a parameter, got "resolve:ssm:/a"`},
		"tag":              {func(s *web.Settings) { s.Container = "ghcr.io/example/app:v1" }, `container: must be a container image by digest, such as ghcr.io/example/app@sha256:…, got "ghcr.io/example/app:v1"`},
		"shell":            {func(s *web.Settings) { s.Container = "a;reboot" + digest }, `container: must be a container image by digest, such as ghcr.io/example/app@sha256:…, got "a;reboot` + digest + `"`},
		"disk":             {func(s *web.Settings) { s.RootVolumeGiB = 7 }, "rootVolumeGiB: must be between 8 and 16384, got 7"},
		"port":             {func(s *web.Settings) { s.Port = 80 }, "port: must be between 1024 and 65535, got 80"},
		"path":             {func(s *web.Settings) { s.HealthCheck.Path = "/a b" }, `healthCheck.path: must begin with / and have neither spaces nor quotes, got "/a b"`},
		"interval":         {func(s *web.Settings) { s.HealthCheck.IntervalSeconds = 301 }, "healthCheck.intervalSeconds: must be between 5 and 300, got 301"},
		"timeout":          {func(s *web.Settings) { s.HealthCheck.TimeoutSeconds = 20 }, "healthCheck.timeoutSeconds: must be less than healthCheck.intervalSeconds (20), got 20"},
		"good":             {func(s *web.Settings) { s.HealthCheck.HealthyThreshold = 1 }, "healthCheck.healthyThreshold: must be between 2 and 10, got 1"},
		"bad":              {func(s *web.Settings) { s.HealthCheck.UnhealthyThreshold = 11 }, "healthCheck.unhealthyThreshold: must be between 2 and 10, got 11"},
		"grace":            {func(s *web.Settings) { s.BootSeconds = 201 }, "healthCheck.graceSeconds: must be at least 1.5 times bootSeconds (201), which is 302, got 300"},
		"drain":            {func(s *web.Settings) { s.TargetGroup.DeregistrationSeconds = 0 }, "targetGroup.deregistrationSeconds: must be between 1 and 3600, got 0"},
		"sticky":           {func(s *web.Settings) { s.TargetGroup.StickinessSeconds = 604801 }, "targetGroup.stickinessSeconds: must be between 0 and 604800, got 604801"},
		"slow start":       {func(s *web.Settings) { s.TargetGroup.SlowStartSeconds = 29 }, "targetGroup.slowStartSeconds: must be between 30 and 900, got 29"},
		"empty zone":       {func(s *web.Settings) { s.Size.Min, s.Spot.OnDemandBase = 1, 1 }, "size.min: must be at least the number of Availability Zones (2), so that each has an instance, got 1"},
		"none":             {func(s *web.Settings) { s.Size.Min = -1 }, "size.min: must be at least the number of Availability Zones (2), so that each has an instance, got -1"},
		"max":              {func(s *web.Settings) { s.Size.Max = 1 }, "size.max: must be at least size.min (2), got 1"},
		"no room":          {func(s *web.Settings) { s.Size.Max = 2 }, "size.max: must be greater than size.min (2) to scale by load, got 2: raise it, or set scaling.cpuPercent and scaling.requestsPerTarget to 0"},
		"room for none":    {func(s *web.Settings) { s.Size.Max, s.Scaling = 2, web.Scaling{RequestsPerTarget: 5} }, "size.max: must be greater than size.min (2) to scale by load, got 2: raise it, or set scaling.cpuPercent and scaling.requestsPerTarget to 0"},
		"fixed":            {func(s *web.Settings) { s.Size.Max, s.Scaling = 2, web.Scaling{} }, ""},
		"cpu":              {func(s *web.Settings) { s.Scaling.CPUPercent = 101 }, "scaling.cpuPercent: must be between 0 and 100, got 101"},
		"requests":         {func(s *web.Settings) { s.Scaling.RequestsPerTarget = -1 }, "scaling.requestsPerTarget: must be between 0 and 1000000, got -1"},
		"forecast":         {func(s *web.Settings) { s.Scaling = web.Scaling{Forecast: true} }, "scaling.forecast: requires scaling.cpuPercent, the CPU utilization to forecast for"},
		"capacity":         {func(s *web.Settings) { s.Capacity.RequestsPerVCPU = -1 }, "capacity.requestsPerVcpu: must be between 0 and 100000, got -1"},
		"spot":             {func(s *web.Settings) { s.Spot.Percent = 101 }, "spot.percent: must be between 0 and 100, got 101\nspot.percent: requires two or more instanceTypes, because AWS runs out of Spot capacity of any one type"},
		"base":             {func(s *web.Settings) { s.Spot.OnDemandBase = 1 }, "spot.onDemandBase: must be at least size.min (2), so that the minimum never consists of Spot Instances, got 1"},
		"min healthy":      {func(s *web.Settings) { s.Rollout.MinHealthyPercent = 101 }, "rollout.minHealthyPercent: must be between 0 and 100, got 101"},
		"max healthy":      {func(s *web.Settings) { s.Rollout.MaxHealthyPercent = 201 }, "rollout.maxHealthyPercent: must be between 100 and 200, got 201\nrollout.maxHealthyPercent: must be at most 100 more than rollout.minHealthyPercent (100), got 201"},
		"apart":            {func(s *web.Settings) { s.Rollout.MinHealthyPercent, s.Rollout.MaxHealthyPercent = 49, 150 }, "rollout.maxHealthyPercent: must be at most 100 more than rollout.minHealthyPercent (49), got 150"},
		"no surge":         {func(s *web.Settings) { s.Rollout.MaxHealthyPercent = 100 }, "rollout.maxHealthyPercent: must be greater than 100 when rollout.minHealthyPercent is 100, got 100: AWS would otherwise terminate an instance before it launches the next"},
		"checkpoints":      {func(s *web.Settings) { s.Rollout.CheckpointPercents = []int{50, 50} }, "rollout.checkpointPercents: must be between 1 and 100 and in ascending order, got [50 50]"},
		"no end":           {func(s *web.Settings) { s.Rollout.CheckpointPercents = []int{20, 90} }, "rollout.checkpointPercents: must end with 100, or the rollout never ends, got [20 90]"},
		"no checkpoint":    {func(s *web.Settings) { s.Rollout.CheckpointPercents = nil }, "rollout.checkpointPercents: must end with 100, or the rollout never ends, got []"},
		"wait":             {func(s *web.Settings) { s.Rollout.CheckpointSeconds = 0 }, "rollout.checkpointSeconds: must be between 1 and 172800, got 0"},
		"logs":             {func(s *web.Settings) { s.LogRetentionDays = 8 }, "logRetentionDays: CloudWatch Logs cannot keep events for 8 days, the next period it offers is 14"},
		"access logs":      {func(s *web.Settings) { s.AccessLogs.RetentionDays = 0 }, "accessLogs.retentionDays: must be between 1 and 3653, got 0"},
		"ingress":          {func(s *web.Settings) { s.Ingress = "vpn" }, `ingress: must be internet or cloudfront, got "vpn"`},
		"header":           {func(s *web.Settings) { s.OriginHeader.Name = "Cookie" }, `originHeader.name: must be a header that CloudFront can add to origin requests, such as X-Origin-Verify, got "Cookie"`},
		"header's version": {func(s *web.Settings) { s.OriginHeader.Version = 0 }, "originHeader.version: must be between 1 and 1000000, got 0"},
		"no defaults":      {func(s *web.Settings) { *s = web.Settings{} }, ": must begin as Default(), which sets what is left out"},
		"everything good":  {func(s *web.Settings) { *s = everything() }, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			settings := usual()
			test.change(&settings)
			assert.Equal(t, test.want, faultsOf(settings))
		})
	}
}

func TestEachZoneHasAnInstance(t *testing.T) {
	t.Parallel()
	settings := usual()
	got := validatetest.Text(&settings, fields.ByTag, func(f validate.Fields) { settings.Validate(f, 3) })
	assert.Equal(t, "size.min: must be at least the number of Availability Zones (3), so that each has an instance, got 2", got)
}

func TestWhatIsLeftOutFollowsFromTheRest(t *testing.T) {
	t.Parallel()
	given := web.Default()
	given.Now = beginning
	given.Schedules = []web.Schedule{{Name: "morning", Recurrence: "0 7 * * *", Min: 4}, {Name: "off", Recurrence: "0 20 * * *"}}
	want := web.Default()
	want.Now = beginning
	want.Ingress = web.Internet
	want.Size.Min, want.Spot.OnDemandBase = 3, 3
	want.Schedules = []web.Schedule{
		{Name: "morning", TimeZone: "Etc/UTC", Recurrence: "0 7 * * *", Min: 4, Max: 10, Desired: -1},
		{Name: "off", TimeZone: "Etc/UTC", Recurrence: "0 20 * * *", Max: 10},
	}
	assert.Equal(t, want, given.Resolved(3))
	assert.Equal(t, want, given.Resolved(3).Resolved(3))
	assert.Equal(t, 2, given.Resolved(0).Size.Min)
	assert.Empty(t, given.Schedules[0].TimeZone, "the settings given stay as they are")

	given.Ingress, given.Size.Min, given.Spot.OnDemandBase = web.CloudFront, 4, 5
	got := given.Resolved(3)
	assert.Equal(t, web.CloudFront, got.Ingress)
	assert.Equal(t, 4, got.Size.Min)
	assert.Equal(t, 5, got.Spot.OnDemandBase)
}

// everything returns settings with all that is optional.
func everything() web.Settings {
	settings := usual()
	settings.InstanceTypes = []string{"m7g.large", "m6g.large"}
	settings.Image = "ami-0123456789abcdef0"
	settings.Container = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/moodle:4.5" + digest
	settings.TargetGroup.StickinessSeconds, settings.TargetGroup.SlowStartSeconds = 3600, 30
	settings.Scaling = web.Scaling{CPUPercent: 50, RequestsPerTarget: 1000, Forecast: true}
	settings.Spot = web.Spot{Percent: 50, OnDemandBase: 2}
	settings.Schedules = []web.Schedule{{Name: "morning", Recurrence: "0 7 * * 1-5", Min: 4}}
	return settings
}
