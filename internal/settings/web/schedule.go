package web

import (
	"fmt"
	"strings"
	"time"

	_ "time/tzdata" // so that a time zone means the same on every machine

	"ha-web/internal/validate"

	"github.com/robfig/cron/v3"
)

// Schedule sets the sizes of the group at a time that is known in advance: repeatedly, or from Start to End.
type Schedule struct {
	// Name of the scheduled action, such as weekday-morning: lowercase letters, digits and single hyphens.
	Name string `pulumi:"name,optional"`
	// Time zone in the IANA database of recurrence, start and end, such as Europe/London. They follow its daylight-saving time.
	// Left out: Etc/UTC.
	TimeZone string `pulumi:"timeZone,optional"`
	// When the sizes are set, repeatedly, as five cron fields: minute, hour, day of the month, month, day of the week. With
	// start, they are set at start as well, and not before; with end, not after.
	Recurrence string `pulumi:"recurrence,optional"`
	// Time at which the sizes are set, such as 2027-01-11T07:00. Required without recurrence.
	Start string `pulumi:"start,optional"`
	// Time at which size.min and size.max return, such as 2027-01-22T20:00, or at which recurrence ends. Left out: the sizes
	// stay until another schedule sets them.
	End string `pulumi:"end,optional"`
	// Minimum number of instances from then on.
	// Cost: the instances beyond size.min.
	Min int `pulumi:"min,optional"`
	// Maximum number of instances from then on, at most size.max. Left out or 0: size.max.
	Max int `pulumi:"max,optional"`
	// Number of instances at that time, between min and max. -1 keeps their number, and raises it to min. Left out or 0: -1, so
	// that instances which the load requires are not terminated; min if min is 0 or nothing scales by load.
	Desired int `pulumi:"desired,optional"`
}

const (
	utc         = "Etc/UTC"
	localLayout = "2006-01-02T15:04"
	// keepSize leaves a size as it is (pulumi-aws, aws.autoscaling.Schedule).
	keepSize = -1
	// maxActions is how many scheduled actions a group can have (Amazon EC2 Auto Scaling user guide, "Quotas").
	maxActions = 125
)

// Action is a scheduled action of an Auto Scaling group, for a schedule or for its end. It always has all three sizes: the
// provider sends 0 for one that is left out, and 0 would terminate all instances (pulumi-aws, aws.autoscaling.Schedule).
type Action struct {
	Name              string
	Recurrence        string // with TimeZone
	TimeZone          string
	Start, End        string // in UTC, as 2027-01-11T07:00:00Z
	Min, Max, Desired int
}

// Actions returns the scheduled actions of the schedules and exams, for settings without faults.
func (s *Settings) Actions() []Action {
	var actions []Action
	for _, each := range s.plans() {
		timed, ok := each.parse(ignore)
		if !ok {
			continue
		}
		action := Action{
			Name: timed.Name, Recurrence: timed.Recurrence, Start: timestamp(timed.start),
			Min: timed.Min, Max: timed.Max, Desired: timed.Desired,
		}
		if timed.Recurrence != "" {
			action.TimeZone, action.End = timed.TimeZone, timestamp(timed.end)
		}
		actions = append(actions, action)
		if timed.Recurrence == "" && timed.End != "" {
			actions = append(actions, Action{
				Name: timed.Name + endSuffix, Start: timestamp(timed.end),
				Min: s.Size.Min, Max: s.Size.Max, Desired: s.desired(s.Size.Min),
			})
		}
	}
	return actions
}

// endSuffix ends the name of the action that returns the sizes.
const endSuffix = "-end"

// Floor returns the smallest number of instances at any time: Size.Min, or what a schedule lowers it to.
func (s *Settings) Floor() int {
	floor := s.Size.Min
	for _, each := range s.Actions() {
		floor = min(floor, each.Min)
	}
	return floor
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

// Passed returns the names of the schedules whose start is not after a time. AWS keeps such a schedule where there is one, and
// refuses to create it again.
func (s *Settings) Passed(now time.Time) []string {
	var passed []string
	for _, each := range s.plans() {
		if timed, ok := each.parse(ignore); ok && !timed.start.IsZero() && !timed.start.After(now) {
			passed = append(passed, timed.Name)
		}
	}
	return passed
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
	for _, each := range s.Actions() {
		if each.Min < raised.Min && (raised.Recurrence == "" || each.Recurrence != "") {
			return true
		}
	}
	return false
}

// resolved returns a schedule with a value for everything that it leaves out.
func (s *Settings) resolved(each Schedule) Schedule {
	if each.TimeZone == "" {
		each.TimeZone = utc
	}
	if each.Max == 0 {
		each.Max = s.Size.Max
	}
	if each.Desired == 0 {
		each.Desired = s.desired(each.Min)
	}
	return each
}

// plan is a schedule with the fields that a person wrote for it: one of Schedules, or a period of Exams.
type plan struct {
	Schedule
	item                             any // the whole of it
	name, zone, recurrence, from, to *string
}

// plans returns the schedules, and the periods of exams whose days and times can be read.
func (s *Settings) plans() []plan {
	var plans []plan
	for i := range s.Schedules {
		each := &s.Schedules[i]
		plans = append(plans, plan{
			Schedule: s.resolved(*each), item: each,
			name: &each.Name, zone: &each.TimeZone, recurrence: &each.Recurrence, from: &each.Start, to: &each.End,
		})
	}
	for i := range s.Exams.Periods {
		each := &s.Exams.Periods[i]
		if schedule, ok := s.Exams.schedule(*each); ok && schedule.Start < schedule.End {
			plans = append(plans, plan{
				Schedule: s.resolved(schedule), item: each,
				name: &each.Name, zone: &s.Exams.TimeZone, from: &each.From, to: &each.To,
			})
		}
	}
	return plans
}

func timestamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// timed is a plan whose times are understood.
type timed struct {
	plan
	start, end time.Time     // zero where there is none
	cron       cron.Schedule // nil where there is none
}

// ignore is for plans without faults.
func ignore(any, string) {}

// parse understands the times of a plan, or passes a fault of a field on.
func (p plan) parse(fault func(field any, text string)) (parsed timed, ok bool) {
	parsed.plan = p
	zone, err := location(p.TimeZone)
	if err != nil {
		fault(p.zone, err.Error())
		return parsed, false
	}
	if parsed.start, err = instant(p.Start, zone); err != nil {
		fault(p.from, err.Error())
		return parsed, false
	}
	if parsed.end, err = instant(p.End, zone); err != nil {
		fault(p.to, err.Error())
		return parsed, false
	}
	if p.Recurrence != "" {
		if parsed.cron, err = recurrence(p.Recurrence, zone); err != nil {
			fault(p.recurrence, err.Error())
			return parsed, false
		}
	}
	switch {
	case p.Recurrence == "" && p.Start == "":
		fault(p.item, "must have a recurrence or a start")
	case p.Start != "" && p.End != "" && !parsed.end.After(parsed.start):
		fault(p.to, fmt.Sprintf("must be after start (%s), got %s", p.Start, p.End))
	case parsed.cron != nil && parsed.recursFrom(time.Time{}).IsZero():
		fault(p.recurrence, fmt.Sprintf("must match a day, between start and end if given, got %q", p.Recurrence))
	default:
		return parsed, true
	}
	return parsed, false
}

// location returns a time zone of the IANA database.
func location(name string) (*time.Location, error) {
	zone, err := time.LoadLocation(name)
	if err != nil || !strings.Contains(name, "/") { // Local and UTC are Go's own, and AWS accepts canonical names
		return nil, fmt.Errorf("must be a time zone of the IANA database such as Europe/London or Etc/UTC, got %q", name)
	}
	return zone, nil
}

// instant returns the time that a local time denotes. At the end of daylight-saving time a local time may occur twice, and denotes
// the earlier one; at its beginning it may not occur at all.
func instant(local string, zone *time.Location) (time.Time, error) {
	if local == "" {
		return time.Time{}, nil
	}
	naive, err := time.Parse(localLayout, local)
	if err != nil {
		return time.Time{}, fmt.Errorf("must be a time such as 2027-01-11T07:00, got %q", local)
	}
	for _, near := range []time.Duration{-24 * time.Hour, 24 * time.Hour} {
		_, offset := naive.Add(near).In(zone).Zone()
		candidate := naive.Add(-time.Duration(offset) * time.Second)
		if candidate.In(zone).Format(localLayout) == local {
			return candidate, nil
		}
	}
	return time.Time{}, fmt.Errorf("must be a time that exists in %s, got %s: clocks go forward then", zone, local)
}

var fiveFields = cron.NewParser(cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow)

func recurrence(expression string, zone *time.Location) (cron.Schedule, error) {
	fault := fmt.Errorf("must be five cron fields such as 0 7 * * 1-5, got %q", expression)
	// The parser accepts a time zone of its own, and panics where nothing follows it (robfig/cron#554).
	if strings.Contains(expression, "=") {
		return nil, fault
	}
	parsed, err := fiveFields.Parse(expression)
	spec, isSpec := parsed.(*cron.SpecSchedule)
	if err != nil || !isSpec {
		return nil, fault
	}
	spec.Location = zone
	return spec, nil
}

// anyDay is where the search for recurrences begins. Any day would do, but today would make plans depend on the clock.
var anyDay = time.Date(2024, time.January, 1, 0, 0, 0, 0, time.UTC)

// firesFrom returns when a schedule with a recurrence next sets the sizes, from a time on; zero if never.
func (t timed) firesFrom(from time.Time) time.Time {
	if !t.start.IsZero() && !t.start.Before(from) {
		// Amazon EC2 Auto Scaling API reference, PutScheduledUpdateGroupAction, StartTime: at this time, and then by the
		// recurrence.
		return t.start
	}
	return t.recursFrom(from)
}

// recursFrom returns when the recurrence next occurs, from a time on, and within its bounds; zero if never.
func (t timed) recursFrom(from time.Time) time.Time {
	for _, earliest := range []time.Time{anyDay, t.start} {
		if from.Before(earliest) {
			from = earliest
		}
	}
	next := t.cron.Next(from.Add(-time.Second))
	if !t.end.IsZero() && next.After(t.end) {
		return time.Time{}
	}
	return next
}

// checkSchedules records the faults of the schedules and of the exams.
func (s *Settings) checkSchedules(f validate.Fields) {
	s.checkExams(f)
	fault := func(field any, text string) {
		if field != &s.Exams.TimeZone { // which has one fault, and not one for each period
			f.Add(field, "%s", text)
		}
	}
	var understood []timed
	plans := s.plans()
	for i, each := range plans {
		if i < len(s.Schedules) {
			s.checkSizes(f, &s.Schedules[i])
		}
		if !validate.Label(*each.name) {
			f.Add(each.name, "must be lowercase letters, digits and single hyphens, got %q", *each.name)
			continue
		}
		checkName(f, plans[:i], each)
		if parsed, ok := each.parse(fault); ok {
			understood = append(understood, parsed)
		}
	}
	checkOverlaps(f, understood)
	if count := len(s.Actions()); count > maxActions {
		f.Add(&s.Schedules, "must make at most %d scheduled actions together with %s, got %d", maxActions, f.Name(&s.Exams), count)
	}
}

// checkName records a fault where the scheduled actions of two plans would have the same name.
func checkName(f validate.Fields, earlier []plan, later plan) {
	for _, each := range earlier {
		if each.Name == later.Name || each.Name+endSuffix == later.Name || each.Name == later.Name+endSuffix {
			f.Add(later.name, "must differ from %s (%q), with and without %s, got %q", f.Name(each.name), *each.name, endSuffix, *later.name)
			return
		}
	}
}

func (s *Settings) checkSizes(f validate.Fields, each *Schedule) {
	resolved := s.resolved(*each)
	switch {
	case each.Min < 0:
		f.Add(&each.Min, "must be at least 0, got %d", each.Min)
	case resolved.Max > s.Size.Max:
		f.Add(&each.Max, "must be at most %s (%d), got %d", f.Name(&s.Size.Max), s.Size.Max, each.Max)
	case resolved.Max < each.Min && resolved.Max == s.Size.Max:
		f.Add(&each.Min, "must be at most %s (%d), got %d: raise %[1]s", f.Name(&s.Size.Max), s.Size.Max, each.Min)
	case resolved.Max < each.Min:
		f.Add(&each.Max, "must be at least %s (%d), got %d", f.Name(&each.Min), each.Min, each.Max)
	case resolved.Desired != keepSize && (resolved.Desired < each.Min || resolved.Desired > resolved.Max):
		f.Add(&each.Desired, "must be between %s and %s (%d and %d), or -1 to keep the number, got %d",
			f.Name(&each.Min), f.Name(&each.Max), each.Min, resolved.Max, each.Desired)
	}
}
