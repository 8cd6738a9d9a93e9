// Package fleet knows what AWS wants of a fleet of application servers: machines, health checks, sizes, schedules and
// rollouts. Settings and the WebTier component share its types, its defaults and its rules; it knows neither.
//
// The comments of fields with a setting tag are the text of docs/settings.md.
package fleet

import "regexp"

// Size is the size of the fleet, in instances.
type Size struct {
	// Fewest instances, at least one in each zone. Left out or 0: one in each zone.
	Min int `pulumi:"min,optional"`
	// Most instances: the cap on what a surge, or an attack, can cost.
	Max int `pulumi:"max,optional"`
}

// HealthCheck describes the load balancer's health check, and what the Auto Scaling group makes of it.
type HealthCheck struct {
	// Path that answers 200 while the instance can serve. It must not ask the database: a failover would then cost the
	// whole fleet.
	Path string `pulumi:"path,optional"`
	// Seconds between two checks, 5 to 300.
	IntervalSeconds int `pulumi:"intervalSeconds,optional"`
	// Seconds to wait for an answer, 2 to 120, and less than intervalSeconds.
	TimeoutSeconds int `pulumi:"timeoutSeconds,optional"`
	// Good checks in a row, 2 to 10, before an instance gets requests.
	HealthyThreshold int `pulumi:"healthyThreshold,optional"`
	// Failed checks in a row, 2 to 10, before it gets no more.
	UnhealthyThreshold int `pulumi:"unhealthyThreshold,optional"`
	// Seconds after launch during which the Auto Scaling group ignores failed checks, at least 1.5 times bootSeconds: less
	// ends in a loop of launching and terminating.
	GraceSeconds int `pulumi:"graceSeconds,optional"`
}

// TargetGroup describes how the load balancer spreads requests over the instances.
type TargetGroup struct {
	// Seconds that an instance on its way out has for the requests it is working on, 1 to 3600.
	DeregistrationSeconds int `pulumi:"deregistrationSeconds,optional"`
	// Seconds for which a browser stays with one instance, 1 to 604800, for an application that keeps sessions in memory.
	// 0: each request goes where there is least to do.
	StickinessSeconds int `pulumi:"stickinessSeconds,optional"`
	// Seconds over which a new instance gets more and more requests, 30 to 900. AWS then gives all instances requests in
	// turn, and not by how much they have to do. 0: its full share at once.
	SlowStartSeconds int `pulumi:"slowStartSeconds,optional"`
}

// Scaling describes when the fleet grows and shrinks.
type Scaling struct {
	// Average CPU load to keep, in percent, by adding and removing instances. 0: it does not count.
	CPUPercent int `pulumi:"cpuPercent,optional"`
	// Requests a minute to keep at each instance, in the same way. 0: they do not count.
	RequestsPerTarget int `pulumi:"requestsPerTarget,optional"`
	// Whether AWS forecasts the CPU load from that of the last two weeks. The console shows the forecast; it changes nothing.
	Forecast bool `pulumi:"forecast,optional"`
}

// Dynamic reports whether the fleet follows its load.
func (s Scaling) Dynamic() bool { return s.CPUPercent > 0 || s.RequestsPerTarget > 0 }

// Spot describes the share of instances that AWS may take back at two minutes' notice, for a third of the price or so.
type Spot struct {
	// Share of the instances beyond onDemandBase that are Spot instances, in percent. It wants two instanceTypes or more.
	Percent int `pulumi:"percent,optional"`
	// Instances that are never Spot, at least size.min. Left out or 0: size.min.
	OnDemandBase int `pulumi:"onDemandBase,optional"`
}

// Rollout describes how a new launch template, such as a new image, reaches the instances.
type Rollout struct {
	// Share of the fleet that stays in service meanwhile, in percent, 0 to 100. 100: new instances come before old ones go.
	MinHealthyPercent int `pulumi:"minHealthyPercent,optional"`
	// Size that the fleet may grow to meanwhile, in percent, 100 to 200, and at most 100 more than minHealthyPercent.
	MaxHealthyPercent int `pulumi:"maxHealthyPercent,optional"`
	// Shares of the fleet, in percent, after which the rollout waits before it goes on; the last is 100.
	CheckpointPercents []int `pulumi:"checkpointPercents,optional"`
	// How long it waits there, in seconds, 1 to 172800.
	CheckpointSeconds int `pulumi:"checkpointSeconds,optional"`
}

// Spec is what a fleet is asked to be, as far as AWS has rules about it.
type Spec struct {
	Zones         int // of the instances; 0 where that is not known
	InstanceTypes []string
	Image         string
	Container     string
	Port          int
	RootVolumeGiB int
	BootSeconds   int
	Size          Size
	HealthCheck   HealthCheck
	TargetGroup   TargetGroup
	Scaling       Scaling
	Spot          Spot
	Rollout       Rollout
	Schedules     []Schedule
	Exams         Exams
	// How long logs of the instances, and of the load balancer, are kept.
	LogRetentionDays, AccessLogDays int
}

// Default returns a fleet of which nothing is asked: that of document 000 and, where it is silent, of the comments here.
func Default() Spec {
	return Spec{
		InstanceTypes: []string{"t3.small"},
		Port:          8080,
		RootVolumeGiB: 30,
		BootSeconds:   180,
		Size:          Size{Max: 10}, // Min: one in each zone
		HealthCheck: HealthCheck{
			Path: "/health", IntervalSeconds: 20, TimeoutSeconds: 5, HealthyThreshold: 2, UnhealthyThreshold: 3,
			GraceSeconds: 300,
		},
		TargetGroup: TargetGroup{DeregistrationSeconds: 60}, // AWS's 300 would be the longest part of each rollout (WT-19)
		Scaling:     Scaling{CPUPercent: 60},
		Rollout: Rollout{
			MinHealthyPercent: 100, MaxHealthyPercent: 150, CheckpointPercents: []int{50, 100}, CheckpointSeconds: 300,
		},
		Exams:            Exams{TimeZone: utc, RushAt: "09:00", LeadHours: 2, EndsAt: "20:00"},
		LogRetentionDays: 365, AccessLogDays: 365,
	}
}

// deep are words that name what is behind a server, or all of it.
var deep = regexp.MustCompile(`(?i)(^|[/_.-])(db|database|databases|deep|dependencies|full|mysql|mariadb|postgres|rds|sql)([/_.?-]|$)`)

// Deep reports whether the path of a health check says that it asks more than the server itself. Where it asks the
// database, one failover takes all servers out at once (document 000, "Validation and monitoring").
func Deep(path string) bool { return deep.MatchString(path) }
