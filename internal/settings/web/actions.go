package web

import "time"

// Action is a scheduled action of an Auto Scaling group, for a schedule or for its end. It always has all three sizes: the
// provider sends 0 for one that is left out, and 0 would terminate all instances (pulumi-aws, aws.autoscaling.Schedule).
type Action struct {
	Name              string
	Recurrence        string // with TimeZone
	TimeZone          string
	Start, End        string // in UTC, as 2027-01-11T07:00:00Z
	Min, Max, Desired int
}

const (
	// endSuffix ends the name of the action that returns the sizes.
	endSuffix = "-end"
	// keepSize leaves a size as it is (pulumi-aws, aws.autoscaling.Schedule).
	keepSize = -1
	// maxActions is how many scheduled actions a group can have (Amazon EC2 Auto Scaling user guide, "Quotas").
	maxActions = 125
)

// Actions returns the scheduled actions that are still to come at Now, for settings without faults. AWS forgets one without
// recurrence when it has run, and refuses every action whose start has passed: one that recurs goes on without its start.
func (s *Settings) Actions() []Action {
	var actions []Action
	now := timestamp(s.Now)
	for _, each := range s.allActions() {
		switch {
		case each.Recurrence == "" && each.Start <= now, each.End != "" && each.End <= now:
			continue
		case each.Start <= now:
			each.Start = ""
		}
		actions = append(actions, each)
	}
	return actions
}

// allActions returns the scheduled actions of all schedules and exams, those that have run too.
func (s *Settings) allActions() []Action {
	var actions []Action
	for _, timed := range s.timed() {
		action := Action{
			Name: timed.Name, Recurrence: timed.Recurrence, Start: timestamp(timed.start),
			Min: timed.Min, Max: timed.Max, Desired: timed.Desired,
		}
		if timed.recurrence != nil {
			action.TimeZone, action.End = timed.TimeZone, timestamp(timed.end)
		}
		actions = append(actions, action)
		if timed.returns() {
			actions = append(actions, Action{
				Name: timed.Name + endSuffix, Start: timestamp(timed.end),
				Min: s.Size.Min, Max: s.Size.Max, Desired: s.desired(s.Size.Min),
			})
		}
	}
	return actions
}

// countActions returns how many scheduled actions plans make.
func countActions(plans []plan) int {
	count := len(plans)
	for _, each := range plans {
		if each.returns() {
			count++
		}
	}
	return count
}

// returns reports whether a schedule has an action of its own that returns the sizes.
func (s Schedule) returns() bool { return s.Recurrence == "" && s.End != "" }

// InForce returns the sizes of the group at Now, and the name of the schedule that has set them last, "" where none has. An update
// that gave the group Size in place of these would take instances away in the middle of exams.
func (s *Settings) InForce() (Size, string) {
	size, name := s.Size, ""
	var since time.Time
	for _, each := range s.timed() {
		switch at := each.previous(s.Now); {
		case !at.After(since):
		case each.returns() && at.Equal(each.end):
			size, name, since = s.Size, "", at
		default:
			size, name, since = Size{Min: each.Min, Max: each.Max}, each.Name, at
		}
	}
	return size, name
}

// Over returns the names of the schedules and exams whose end has passed at Now.
func (s *Settings) Over() []string {
	var over []string
	for _, each := range s.timed() {
		if !each.end.IsZero() && !each.end.After(s.Now) {
			over = append(over, each.Name)
		}
	}
	return over
}

// Floor returns the smallest number of instances at any time: Size.Min, or what a schedule lowers it to.
func (s *Settings) Floor() int {
	floor := s.Size.Min
	for _, each := range s.plans() {
		floor = min(floor, each.Min)
	}
	return floor
}

// Unlowered returns the schedules that raise the minimum for good: they have no end, and no other schedule lowers it again.
func (s *Settings) Unlowered() []Schedule {
	var unlowered []Schedule
	for _, each := range s.Schedules {
		if raises := each.Min > s.Size.Min && (each.Recurrence != "" || each.End == ""); raises && !s.lowers(each) {
			unlowered = append(unlowered, each)
		}
	}
	return unlowered
}

// lowers reports whether a scheduled action lowers the minimum after a schedule: after one that recurs, only another that does.
func (s *Settings) lowers(raised Schedule) bool {
	for _, each := range s.allActions() {
		if each.Min < raised.Min && (raised.Recurrence == "" || each.Recurrence != "") {
			return true
		}
	}
	return false
}

// desired returns the number of instances to set with a minimum. Where the load scales the group, the number is kept: AWS raises
// it to the minimum by itself, and a number would terminate instances that a surge has already required. Where nothing scales
// by load, or the minimum is 0, nothing else would reduce it.
func (s *Settings) desired(minimum int) int {
	if s.Scaling.Dynamic() && minimum > 0 {
		return keepSize
	}
	return minimum
}
