package monitoring

import (
	"cmp"
	"fmt"
)

// fleetAlarms watch whether the fleet can still scale out, and what its instances lack.
func (b *builder) fleetAlarms() []alarm {
	alarms := []alarm{
		{
			role: "fleet-load", panel: loadPanel,
			metrics: []series{b.group("AWS/EC2", "CPUUtilization", "Average").named("fleet")}, period: 300, breaches: 3, periods: 3,
			comparison: above, threshold: float64(b.settings.Thresholds.FleetLoadPercent), missing: missing,
			consequence: "The instances are busier than scaling should let them get: responses are about to slow down.",
		}, {
			// The agent of the instances sends both metrics: an instance without it is no alarm.
			role: "instance-memory", panel: instancePanel,
			metrics: []series{b.group("CWAgent", "mem_used_percent", "Maximum").named("memory")}, period: 60, breaches: 5, periods: 5,
			comparison: above, threshold: float64(b.settings.Thresholds.InstanceMemoryPercent), missing: notBreaching,
			consequence: "An instance is almost out of memory: when it is, Linux ends the application.",
		}, {
			role: "instance-disk", panel: instancePanel,
			metrics: []series{b.group("CWAgent", "disk_used_percent", "Maximum").named("disk")}, period: 60, breaches: 5, periods: 5,
			comparison: above, threshold: float64(b.settings.Thresholds.InstanceDiskPercent), missing: notBreaching,
			consequence: "The disk of an instance is almost full: when it is, the application can write no file and no log.",
		},
	}
	if b.args.Web.Settings.Floor() < b.args.Web.Settings.Size.Max { // a fleet of fixed size is always full
		alarms = append(alarms, b.fleetFull())
	}
	if !b.args.Web.Settings.Burstable() {
		return alarms
	}
	return append(alarms, creditAlarms("fleet", float64(b.settings.Thresholds.CPUCredits),
		// The maximum: a new instance begins with no credits.
		b.group("AWS/EC2", "CPUCreditBalance", "Maximum"), b.group("AWS/EC2", "CPUSurplusCreditsCharged", "Maximum"))...)
}

// creditAlarms watch the credits of burstable instances, over an hour, in which new ones earn credits.
func creditAlarms(what string, least float64, balance, surplus series) []alarm {
	balance, surplus = balance.named(what+", balance"), surplus.named(what+", charged")
	return []alarm{
		{
			role: what + "-credits", panel: creditPanel,
			metrics: []series{balance}, period: 300, breaches: 12, periods: 12,
			comparison: below, threshold: least, missing: missing,
			consequence: "The " + what + " has used up its CPU credits: AWS slows it down from here on, or charges for more.",
		},
		{
			role: what + "-surplus", panel: creditPanel,
			metrics: []series{surplus}, period: 300, breaches: 12, periods: 12,
			comparison: above, missing: missing,
			consequence: "AWS charges for CPU credits of the " + what + ": an instance type of another family is faster and cheaper.",
		},
	}
}

// fleetFull watches for a fleet that has grown to its maximum and is still busier than scaling lets it get. A schedule that asks for
// the maximum on an exam morning sets nothing off.
func (b *builder) fleetFull() alarm {
	busy := cmp.Or(b.args.Web.Settings.Scaling.CPUPercent, b.settings.Thresholds.FleetLoadPercent)
	return alarm{
		role: "fleet-full", page: redundancyPage, panel: fullPanel,
		metrics: []series{
			b.group("AWS/AutoScaling", "GroupInServiceInstances", "Maximum").as("inservice"),
			b.group("AWS/AutoScaling", "GroupMaxSize", "Maximum").as("most"),
			b.group("AWS/EC2", "CPUUtilization", "Average").as("load"),
		},
		expression: fmt.Sprintf("IF(load > %d, 100 * inservice / most, 0)", busy), period: 60, breaches: 5, periods: 5,
		comparison: atLeast, threshold: float64(b.settings.Thresholds.FleetFullPercent), missing: missing,
		consequence: "The fleet is busy and cannot grow: more users, or a lost Availability Zone, find no room.",
	}
}
