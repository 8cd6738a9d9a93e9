package controls

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"

	"ha-web/internal/awstype"
	"ha-web/internal/settings/web"
)

// availability are the rules of the design that keep the site up.
func availability() []Control {
	return slices.Concat(acrossZones(), fleets(), recovery(), watched())
}

// acrossZones keep the site up when a zone is lost.
func acrossZones() []Control {
	return []Control{
		{
			ID: "HA.1", Title: "Subnets of databases span zones", Severity: High, Remedy: "Give the group subnets of two zones or more", Types: []string{awstype.RDSSubnetGroup},
			check: func(p *plan, r resource) string { return spans(p, r.texts("subnetIds")) },
		}, {
			ID: "HA.2", Title: "Proxies span zones", Severity: High, Remedy: "Give it subnets of two zones or more", Types: []string{awstype.RDSProxy},
			check: func(p *plan, r resource) string { return spans(p, r.texts("vpcSubnetIds")) },
		}, {
			ID: "HA.3", Title: "Interface endpoints span zones", Severity: High, Remedy: "Give it subnets of two zones or more", Types: []string{awstype.EC2VPCEndpoint},
			where: func(_ *plan, r resource) bool { return r.text("vpcEndpointType") == "Interface" },
			check: func(p *plan, r resource) string { return spans(p, r.texts("subnetIds")) },
		}, {
			// A single NAT gateway is a single point of failure for the instances of every zone.
			ID: "HA.4", Title: "Subnets use the NAT gateway of their own zone", Severity: High, Remedy: "Set network.natGateways to perAz", Types: []string{awstype.EC2Subnet},
			where: func(p *plan, r resource) bool {
				way, found := p.route(r.Name)
				return found && way.has("natGatewayId")
			},
			check: func(p *plan, r resource) string {
				way, _ := p.route(r.Name)
				gateway, _ := p.find(awstype.EC2NatGateway, way.text("natGatewayId"))
				public, _ := p.find(awstype.EC2Subnet, gateway.text("subnetId"))
				return unless(public.text("availabilityZone") == r.text("availabilityZone"), "it uses that of %s", public.text("availabilityZone"))
			},
		}, {
			ID: "HA.5", Title: "Instances are where the internet does not reach them", Severity: High, Remedy: "Give the group private subnets",
			Types: []string{awstype.AutoScalingGroup},
			check: func(p *plan, r resource) string {
				for _, each := range r.texts("vpcZoneIdentifiers") {
					if way, found := p.route(each); found && way.has("gatewayId") {
						return strings.TrimSuffix(each, "_id") + " is public"
					}
				}
				return ""
			},
		},
	}
}

// number is a version of a launch template that does not move.
var number = regexp.MustCompile(`^[0-9]+$`)

// fleets keep enough instances alive.
func fleets() []Control {
	groups := []string{awstype.AutoScalingGroup}
	return []Control{
		{
			ID: "HA.6", Title: "There is an instance in each zone at any time", Severity: High, Remedy: "Raise web.size.min, or min of the schedule",
			Types: []string{awstype.AutoScalingGroup, awstype.AutoScalingSchedule},
			check: func(p *plan, r resource) string {
				group, _ := p.find(awstype.AutoScalingGroup, r.text("autoscalingGroupName"))
				if r.Type == awstype.AutoScalingGroup {
					group = r
				}
				zones := len(p.zones(group.texts("vpcZoneIdentifiers")))
				// A size that is left out is 0, and empties the fleet; -1 leaves it as it is (terraform-provider-aws, aws_autoscaling_schedule).
				for _, least := range []float64{r.number("minSize"), r.number("maxSize")} {
					if least != -1 && least < float64(max(zones, 2)) {
						return fmt.Sprintf("%v for %d zones", least, zones)
					}
				}
				return ""
			},
		}, {
			ID: "HA.7", Title: "Fleets follow their load", Severity: Medium, Remedy: "Set web.scaling, and leave room below web.size.max", Types: groups,
			check: func(p *plan, r resource) string {
				follows := p.has(awstype.AutoScalingPolicy, "autoscalingGroupName", r, func(policy resource) bool {
					return policy.text("policyType") == "TargetTrackingScaling"
				})
				return unless(follows && r.number("maxSize") > r.number("minSize"), "it has one size")
			},
		}, {
			// A maximum caps the cost of a runaway spike, or of an attack.
			ID: "HA.8", Title: "Nothing grows a fleet beyond its cap", Severity: Medium, Remedy: "Keep max at web.size.max, and forecasts to it",
			Types: []string{awstype.AutoScalingSchedule, awstype.AutoScalingPolicy},
			check: func(p *plan, r resource) string {
				group, _ := p.find(awstype.AutoScalingGroup, r.text("autoscalingGroupName"))
				breach := r.text("predictiveScalingConfiguration.maxCapacityBreachBehavior")
				return unless(r.number("maxSize") <= group.number("maxSize") && breach != "IncreaseMaxCapacity", "it may, to %v", r.number("maxSize"))
			},
		}, {
			ID: "HA.9", Title: "Fleets keep their size while a release rolls out", Severity: High, Remedy: "Set web.rollout.minHealthyPercent to 100", Types: groups,
			check: func(_ *plan, r resource) string {
				kept := r.number("instanceRefresh.preferences.minHealthyPercentage")
				return unless(kept == 100, "%v %% of it", kept)
			},
		}, {
			// A refresh that rolls back has a desired configuration, and AWS refuses to change the launch template of a group as long as
			// one is active (Amazon EC2 Auto Scaling user guide, "How an instance refresh works").
			ID: "HA.10", Title: "An update can end a rollout and go back to the previous release", Severity: High, Remedy: "Leave autoRollback out", Types: groups,
			check: func(_ *plan, r resource) string {
				return unless(!r.on("instanceRefresh.preferences.autoRollback"), "AWS refuses updates during a rollout")
			},
		}, {
			// $Latest and $Default never start an instance refresh (terraform-provider-aws, aws_autoscaling_group, instance_refresh).
			ID: "HA.11", Title: "Groups name a version of their launch template", Severity: High, Remedy: "Name its number", Types: groups,
			where: func(_ *plan, r resource) bool { return template(r) != nil },
			check: func(_ *plan, r resource) string {
				version := template(r).text("version")
				return unless(number.MatchString(version), "%q moves by itself", version)
			},
		}, {
			// With a shorter grace period instances are terminated while they boot. The warmup is the time that an instance takes to boot.
			ID: "HA.12", Title: "Instances have one and a half times their boot before their health counts", Severity: High,
			Remedy: "Raise web.healthCheck.graceSeconds", Types: groups,
			check: func(_ *plan, r resource) string {
				grace, boot := r.number("healthCheckGracePeriod"), r.number("defaultInstanceWarmup")
				return unless(boot > 0 && grace >= 1.5*boot, "%v seconds, and a boot of %v", grace, boot)
			},
		}, {
			ID: "HA.13", Title: "Health checks ask the server, and nothing behind it", Severity: High, Remedy: "Name another web.healthCheck.path",
			Types: []string{awstype.LBTargetGroup},
			check: func(_ *plan, r resource) string {
				return unless(!web.Deep(r.text("healthCheck.path")) && r.text("healthCheck.matcher") == "200", "%s, which answers %s",
					r.text("healthCheck.path"), r.text("healthCheck.matcher"))
			},
		}, {
			ID: "HA.14", Title: "What carries the site is never Spot", Severity: High, Remedy: "Raise web.spot.onDemandBase", Types: groups,
			where: func(_ *plan, r resource) bool {
				return r.has("mixedInstancesPolicy") && r.number("mixedInstancesPolicy.instancesDistribution.onDemandPercentageAboveBaseCapacity") < 100
			},
			check: func(_ *plan, r resource) string {
				base := r.number("mixedInstancesPolicy.instancesDistribution.onDemandBaseCapacity")
				return unless(base >= r.number("minSize"), "%v instances are safe, of %v", base, r.number("minSize"))
			},
		},
	}
}

// recovery are what brings data back (a standby keeps the database up, backups bring data back: one does not replace the other).
func recovery() []Control {
	return []Control{
		{
			ID: "HA.15", Title: "Databases leave their backups behind", Severity: High, Remedy: "Set database.finalSnapshot", Types: []string{awstype.RDSInstance},
			check: func(_ *plan, r resource) string {
				return unless(!r.on("skipFinalSnapshot") && r.text("deleteAutomatedBackups") == "false", "they go with it")
			},
		}, {
			ID: "HA.16", Title: "Secrets can be brought back", Severity: Medium, Remedy: "Set secrets.recoveryDays", Types: []string{awstype.SecretsManagerSecret},
			where: named,
			check: func(_ *plan, r resource) string { return unless(r.number("recoveryWindowInDays") >= 7, "it cannot") },
		}, {
			ID: "HA.17", Title: "Pulumi refuses to delete data", Severity: High, Remedy: "Set deletionProtection of its section",
			Types: []string{awstype.KMSKey, awstype.RDSInstance, awstype.S3BucketV2, awstype.SecretsManagerSecret, awstype.AWSXECRRepository},
			where: func(p *plan, r resource) bool { return r.Type != awstype.SecretsManagerSecret || named(p, r) },
			check: func(_ *plan, r resource) string { return unless(r.Protect, "it would not") },
		}, {
			// Pulumi deletes first what nothing depends on, and stops at a protected resource only when it gets there.
			ID: "HA.31", Title: "A destroy deletes all of the stack or nothing", Severity: High, Remedy: "Set delivery.deletionProtection",
			Types: []string{awstype.SSMParameter},
			where: func(_ *plan, r resource) bool { return strings.HasSuffix(r.text("name"), "/outputs") },
			check: destroyedFirst,
		},
	}
}

// destroyedFirst returns why the deletion of a stack would not stop at a resource.
func destroyedFirst(p *plan, first resource) string {
	for _, kind := range []string{awstype.AutoScalingGroup, awstype.LBLoadBalancer, awstype.CloudFrontDistribution, awstype.RDSInstance} {
		for _, each := range p.of(kind) {
			if !slices.Contains(first.DependsOn, each.Key()) {
				return each.Name + " may be deleted before it"
			}
		}
	}
	return unless(first.Protect, "it is not protected")
}

// named reports whether a secret is one that people have filled: others are made up by the stack, and made anew.
func named(_ *plan, secret resource) bool { return secret.has("name") }

// watched are what tells people (the number of healthy hosts foremost).
func watched() []Control {
	return []Control{
		{
			ID: "HA.18", Title: "Missing instances page someone", Severity: High,
			Remedy: "Add a composite alarm with an alarm on no healthy target, missing data breaching, and one that compares HealthyHostCount with GroupDesiredCapacity",
			Types:  []string{awstype.LBTargetGroup},
			where:  func(p *plan, _ resource) bool { return smallest(p) > 0 }, // a fleet that may be empty misses nobody (HA.6)
			check: func(p *plan, _ resource) string {
				alarms := p.of(awstype.CloudWatchMetricAlarm)
				if !slices.ContainsFunc(alarms, func(alarm resource) bool { return outage(alarm) && pages(p, alarm) }) {
					return "no alarm on the last healthy instance pages anyone"
				}
				return unless(slices.ContainsFunc(alarms, func(alarm resource) bool { return shortage(alarm) && pages(p, alarm) }),
					"no alarm on instances that are not replaced pages anyone")
			},
		}, {
			ID: "HA.19", Title: "Pages reach someone", Severity: High, Remedy: "Set monitoring.email", Types: []string{awstype.CloudWatchCompositeAlarm},
			check: func(p *plan, r resource) string { return unless(reached(p, r), "nobody hears of it") },
		}, {
			ID: "HA.20", Title: "Alarms say what silence means", Severity: Medium, Remedy: "Set treatMissingData", Types: []string{awstype.CloudWatchMetricAlarm},
			check: func(_ *plan, r resource) string { return unless(r.has("treatMissingData"), "it does not") },
		},
	}
}

// smallest returns how many instances there are at the least, schedules included.
func smallest(p *plan) float64 {
	least := math.Inf(1)
	for _, kind := range []string{awstype.AutoScalingGroup, awstype.AutoScalingSchedule} {
		for _, each := range p.of(kind) {
			if size := each.number("minSize"); size >= 0 { // -1: as it is
				least = min(least, size)
			}
		}
	}
	return least
}

// outage reports whether an alarm goes off, also in silence, when no target is healthy.
func outage(alarm resource) bool {
	return alarm.text("metricName") == "HealthyHostCount" && !alarm.has("dimensions.AvailabilityZone") &&
		alarm.text("treatMissingData") == "breaching" && alarm.text("comparisonOperator") == "LessThanThreshold" &&
		alarm.number("threshold") >= 1
}

// shortage reports whether an alarm compares the healthy targets with those that the group wants.
func shortage(alarm resource) bool {
	var metrics []string
	for _, query := range alarm.objects("metricQueries") {
		metrics = append(metrics, query.text("metric.metricName"))
	}
	return slices.Contains(metrics, "HealthyHostCount") && slices.Contains(metrics, "GroupDesiredCapacity")
}

// pages reports whether an alarm is part of a composite alarm.
func pages(p *plan, alarm resource) bool {
	return slices.ContainsFunc(p.of(awstype.CloudWatchCompositeAlarm), func(page resource) bool {
		return strings.Contains(page.text("alarmRule"), fmt.Sprintf("ALARM(%q)", alarm.text("name")))
	})
}

// reached reports whether someone hears of an alarm: a subscriber of its topic, a channel, or a rule for its events.
func reached(p *plan, alarm resource) bool {
	for _, action := range alarm.texts("alarmActions") {
		to, found := p.find(awstype.SNSTopic, action)
		if found && (p.linked(awstype.SNSTopicSubscription, "topic", to) || p.linked(awstype.ChatbotSlackChannelConfiguration, "snsTopicArns", to)) {
			return true
		}
	}
	return slices.ContainsFunc(p.of(awstype.CloudWatchEventRule), func(rule resource) bool {
		return strings.Contains(rule.text("eventPattern"), fmt.Sprintf("%q", alarm.text("alarmName")))
	})
}
