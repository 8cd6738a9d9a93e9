// Package web holds the settings of the web tier, a load balancer and an Auto Scaling group of instances, and what AWS requires
// of them. A stack file has them under web.
package web

import (
	"cmp"
	"regexp"
	"slices"
	"time"

	"ha-web/internal/settings/network"
)

// Settings describe the web tier. The comments of the fields are the text of docs/settings.md.
type Settings struct {
	// Now is when the settings apply: which schedules are still to come, and which is in force. It is all that depends on the clock,
	// and no key of a stack file. Resolved takes the present for zero.
	Now time.Time

	// EC2 instance types in order of preference, all of one processor architecture. With two or more, EC2 Auto Scaling launches
	// the next one when AWS has no capacity for the first. A change replaces the instances in a rollout.
	// Cost: t3.small 15 USD an instance, m7g.large 60 USD.
	InstanceTypes []string `pulumi:"instanceTypes,optional"`
	// Amazon Machine Image (AMI) of the instances: Amazon Linux 2023 or one built from it, for the architecture of
	// instanceTypes. A change is rolled out. `ami-...` is the ID of one. `ssm:/path:3` is version 3 of an SSM parameter that holds
	// such an ID. `ssm:/path` is the newest version of a parameter, which each update looks up and rolls out: a guard rail in
	// production. Left out: the newest Amazon Linux 2023 at the first update, which later updates keep (docs/web-tier.md says
	// how to move to the next).
	Image string `pulumi:"image,optional"`
	// Container image of the application, by digest: `<repository>@sha256:...`. A change is rolled out. Left out: a page that
	// says hello.
	Container string `pulumi:"container,optional"`
	// Environment variables of the application, such as `{MAIL_FROM: moodle@example.edu, FLAGS: "ssm:/campus/flags"}`. `ssm:` and the
	// path of an SSM parameter: the variable contains the path, instances may read that parameter, and the application reads it.
	// Never a secret: anyone who may read the launch template sees them. A change is rolled out.
	Environment map[string]string `pulumi:"environment,optional"`
	// Further permissions of the instances: IAM policies by ARN, or actions and resources. Instances have them before they boot.
	Policies []Policy `pulumi:"policies,optional"`
	// Port on which the application listens, 1024 to 65535. A change replaces the target group: expect 5 to 8 minutes of errors.
	Port int `pulumi:"port,optional"`
	// Size of the encrypted root volume of an instance, 8 to 16384 GiB. A change is rolled out.
	// Cost: 0.08 USD a GiB and instance.
	RootVolumeGiB int `pulumi:"rootVolumeGiB,optional"`
	// Whose requests the load balancer answers: `internet` for all requests, or `cloudfront` for requests from CloudFront servers
	// that have the origin header. Left out: `cloudfront` with cdn.enabled, otherwise `internet`.
	Ingress Ingress `pulumi:"ingress,optional"`
	// Header by which the load balancer recognizes the stack's own CloudFront distribution. AWS Secrets Manager generates its
	// value.
	// Cost: 0.40 USD for each of its one or two secrets.
	OriginHeader OriginHeader `pulumi:"originHeader,optional"`
	// Number of instances.
	Size Size `pulumi:"size,optional"`
	// What a load test has measured, for the arithmetic of the plan. It changes nothing that is deployed.
	Capacity Capacity `pulumi:"capacity,optional"`
	// Seconds from the launch of an instance to its first healthy response, 1 to 7200. The boot log of an instance,
	// in CloudWatch Logs, has the measured time.
	BootSeconds int `pulumi:"bootSeconds,optional"`
	// Health check of the load balancer.
	HealthCheck HealthCheck `pulumi:"healthCheck,optional"`
	// How the load balancer distributes requests among the instances.
	TargetGroup TargetGroup `pulumi:"targetGroup,optional"`
	// When the number of instances follows the load.
	Scaling Scaling `pulumi:"scaling,optional"`
	// Sizes at times that are known in advance, such as every weekday at 7:00.
	Schedules []Schedule `pulumi:"schedules,optional"`
	// Calendar of exams: the group scales out ahead of each period.
	Exams Exams `pulumi:"exams,optional"`
	// Spot Instances, which cost less and which AWS may reclaim.
	Spot Spot `pulumi:"spot,optional"`
	// How a new AMI, container image or other change of the launch template reaches the instances (instance refresh).
	Rollout Rollout `pulumi:"rollout,optional"`
	// Access logs of the load balancer, a record of every request, in an S3 bucket.
	AccessLogs AccessLogs `pulumi:"accessLogs,optional"`
	// Days for which CloudWatch Logs keeps the logs of the instances: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545,
	// 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653.
	// Cost: 0.50 USD a GB.
	LogRetentionDays int `pulumi:"logRetentionDays,optional"`
	// Whether AWS refuses to delete the load balancer, and Pulumi the bucket of its access logs.
	DeletionProtection bool `pulumi:"deletionProtection,optional"`

	begun bool
}

// Ingress is whose requests the load balancer answers.
type Ingress string

const (
	// Internet is everyone.
	Internet Ingress = "internet"
	// CloudFront is a distribution that sends the origin header. All other requests get 403.
	CloudFront Ingress = "cloudfront"
)

// Choices returns all of them.
func (Ingress) Choices() []string { return []string{string(Internet), string(CloudFront)} }

// OriginHeader describes the origin request header by which the load balancer recognizes a distribution.
type OriginHeader struct {
	// Name of the header, 1 to 40 letters, digits and hyphens.
	Name string `pulumi:"name,optional"`
	// Version of the value, 1 to 1000000. Increment it to rotate the value. The load balancer accepts the previous value until
	// the next increment, so no request fails.
	Version int `pulumi:"version,optional"`
}

// AccessLogs describes the access logs of the load balancer.
type AccessLogs struct {
	// Whether the load balancer writes access logs.
	// Cost: 0.023 USD a GB.
	Enabled bool `pulumi:"enabled,optional"`
	// Days after which S3 deletes an access log, 1 to 3653.
	RetentionDays int `pulumi:"retentionDays,optional"`
}

// Size is the size of the Auto Scaling group.
type Size struct {
	// Minimum number of instances, at least one in each Availability Zone. Left out or 0: one in each, and at least 2.
	Min int `pulumi:"min,optional"`
	// Maximum number of instances, which caps what a surge or an attack can cost.
	Max int `pulumi:"max,optional"`
}

// HealthCheck describes the health check of the load balancer.
type HealthCheck struct {
	// Path that returns 200 while the instance can serve requests. It must not query the database: one failover would then
	// replace all instances. Each instance also requests it from itself once a minute, on 127.0.0.1, for its heartbeat.
	Path string `pulumi:"path,optional"`
	// Seconds between two checks, 5 to 300.
	IntervalSeconds int `pulumi:"intervalSeconds,optional"`
	// Seconds to wait for a response, 2 to 120, and less than intervalSeconds.
	TimeoutSeconds int `pulumi:"timeoutSeconds,optional"`
	// Consecutive successful checks, 2 to 10, after which an instance receives requests.
	HealthyThreshold int `pulumi:"healthyThreshold,optional"`
	// Consecutive failed checks, 2 to 10, after which an instance receives no requests and is replaced.
	UnhealthyThreshold int `pulumi:"unhealthyThreshold,optional"`
	// Seconds after launch during which the Auto Scaling group ignores failed checks (grace period), at least 1.5 times
	// bootSeconds. With less, instances are launched and terminated in a loop.
	GraceSeconds int `pulumi:"graceSeconds,optional"`
}

// TargetGroup describes how the load balancer distributes requests among the instances.
type TargetGroup struct {
	// Seconds that an instance has to finish its requests before it is terminated (deregistration delay), 1 to 3600.
	DeregistrationSeconds int `pulumi:"deregistrationSeconds,optional"`
	// Seconds for which the requests of a browser go to the same instance (sticky session), 1 to 604800, for an application
	// that keeps sessions in memory. 0: each request goes to the instance with the fewest outstanding requests.
	StickinessSeconds int `pulumi:"stickinessSeconds,optional"`
	// Seconds over which a new instance receives an increasing share of the requests (slow start), 30 to 900. It makes the load
	// balancer distribute requests by round robin instead of by outstanding requests. 0: a new instance receives its full share
	// at once.
	SlowStartSeconds int `pulumi:"slowStartSeconds,optional"`
}

// Scaling describes when the number of instances follows the load.
type Scaling struct {
	// Average CPU utilization, in percent, at which scaling keeps the group by adding and removing instances. 0: CPU
	// utilization does not scale it.
	CPUPercent int `pulumi:"cpuPercent,optional"`
	// Requests per minute and instance at which scaling keeps the group by adding and removing instances. 0: requests do not
	// scale it.
	RequestsPerTarget int `pulumi:"requestsPerTarget,optional"`
	// Whether AWS forecasts the CPU utilization from the last two weeks (predictive scaling, forecast only). The console shows
	// the forecast; no instance is launched for it.
	Forecast bool `pulumi:"forecast,optional"`
}

// Dynamic reports whether the number of instances follows the load.
func (s Scaling) Dynamic() bool { return s.CPUPercent > 0 || s.RequestsPerTarget > 0 }

// Spot describes the share of Spot Instances.
type Spot struct {
	// Share of the instances beyond onDemandBase that are Spot Instances, in percent, 0 to 100. AWS may reclaim them with two
	// minutes' notice. Requires two or more instanceTypes.
	// Cost: about a third of the On-Demand price.
	Percent int `pulumi:"percent,optional"`
	// Number of instances that are always On-Demand Instances, at least size.min. Left out or 0: size.min.
	OnDemandBase int `pulumi:"onDemandBase,optional"`
}

// Rollout describes an instance refresh.
type Rollout struct {
	// Share of the group that stays in service during a rollout, in percent, 0 to 100. 100: new instances are in service before
	// old ones are terminated.
	MinHealthyPercent int `pulumi:"minHealthyPercent,optional"`
	// Size to which the group may grow during a rollout, in percent, 100 to 200, and at most 100 more than minHealthyPercent.
	MaxHealthyPercent int `pulumi:"maxHealthyPercent,optional"`
	// Shares of the group, in percent, at which a rollout pauses (checkpoints), in ascending order. The last is 100.
	CheckpointPercents []int `pulumi:"checkpointPercents,optional"`
	// Seconds for which a rollout pauses at a checkpoint, 1 to 172800.
	CheckpointSeconds int `pulumi:"checkpointSeconds,optional"`
}

// Default returns the settings of a stack file that sets none.
func Default() Settings {
	return Settings{
		InstanceTypes: []string{"t3.small"},
		Port:          8080,
		RootVolumeGiB: 30,
		OriginHeader:  OriginHeader{Name: "X-Origin-Verify", Version: 1},
		Size:          Size{Max: 10},
		BootSeconds:   180,
		HealthCheck: HealthCheck{
			Path: "/health", IntervalSeconds: 20, TimeoutSeconds: 5, HealthyThreshold: 2, UnhealthyThreshold: 3,
			GraceSeconds: 300,
		},
		TargetGroup: TargetGroup{DeregistrationSeconds: 60}, // with AWS's default, 300, draining is most of the time of a rollout
		Scaling:     Scaling{CPUPercent: 60},
		Exams:       Exams{TimeZone: utc, RushAt: "09:00", LeadHours: 2, EndsAt: "20:00"},
		Rollout: Rollout{
			MinHealthyPercent: 100, MaxHealthyPercent: 150, CheckpointPercents: []int{50, 100}, CheckpointSeconds: 300,
		},
		AccessLogs:         AccessLogs{Enabled: true, RetentionDays: 365},
		LogRetentionDays:   365, // AWS Security Hub, CloudWatch.16
		DeletionProtection: true,
		begun:              true,
	}
}

// Resolved returns the settings of a web tier in this many Availability Zones, with a value for everything that is left out.
func (s Settings) Resolved(zones int) Settings {
	if s.Now.IsZero() {
		s.Now = time.Now()
	}
	s.Ingress = cmp.Or(s.Ingress, Internet)
	s.Size.Min = cmp.Or(s.Size.Min, max(zones, network.MinZones))
	s.Spot.OnDemandBase = cmp.Or(s.Spot.OnDemandBase, s.Size.Min)
	s.Schedules = slices.Clone(s.Schedules)
	for i, each := range s.Schedules {
		s.Schedules[i] = s.resolved(each)
	}
	return s
}

// deep matches words for what an instance depends on, or for a check of all of it.
var deep = regexp.MustCompile(`(?i)(^|[/_.-])(db|database|databases|deep|dependencies|full|mysql|mariadb|postgres|rds|sql)([/_.?-]|$)`)

// Deep reports whether the path of a health check says that it checks more than the instance. When it queries the database, one
// failover makes all instances unhealthy at once (Amazon Builders' Library, "Implementing health checks").
func Deep(path string) bool { return deep.MatchString(path) }
