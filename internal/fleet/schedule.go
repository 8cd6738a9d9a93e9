package fleet

import (
	"fmt"
	"slices"
	"strings"
	"time"

	_ "time/tzdata" // so that a zone means the same on every machine

	"ha-web/internal/validate"

	"github.com/robfig/cron/v3"
)

// Schedule sets the sizes of the fleet at a time known beforehand: again and again, or from Start to End.
type Schedule struct {
	// Name, such as weekday-morning: small letters, digits and single hyphens.
	Name string `pulumi:"name,optional"`
	// Time zone of all its times, such as Europe/London. They follow its daylight-saving time. Left out: Etc/UTC.
	TimeZone string `pulumi:"timeZone,optional"`
	// When the sizes are set, again and again, as five fields of cron: minute, hour, day of the month, month, day of the
	// week. Start and end, where given, bound it; AWS sets the sizes at start, too.
	Recurrence string `pulumi:"recurrence,optional"`
	// When the sizes are set, as 2027-01-11T07:00.
	Start string `pulumi:"start,optional"`
	// When size.min and size.max come back. Without it they stay, until another schedule sets them.
	End string `pulumi:"end,optional"`
	// Fewest instances from then on.
	Min int `pulumi:"min,optional"`
	// Most instances from then on, at most size.max. Left out or 0: size.max.
	Max int `pulumi:"max,optional"`
	// How many instances there are at that moment. -1, or left out: as many as there are, and at least min, so that a rush
	// is not cut short. Left out where min is 0 or nothing scales by load: min.
	Desired int `pulumi:"desired,optional"`
}

const (
	utc         = "Etc/UTC"
	localLayout = "2006-01-02T15:04"
	// asItIs leaves a size alone (provider documentation, aws.autoscaling.Schedule).
	asItIs = -1
	// mostActions is how many scheduled actions a group may have (Amazon EC2 Auto Scaling quotas).
	mostActions = 125
)

// Action is what AWS makes of a schedule, or of one end of it. All three sizes are always there: one left out would be 0,
// and empty the fleet (field note WT-7).
type Action struct {
	Name              string
	Recurrence        string // with TimeZone
	TimeZone          string
	Start, End        string // in UTC, as 2027-01-11T07:00:00Z
	Min, Max, Desired int
}

// Actions returns the scheduled actions of a spec without faults.
func (s Spec) Actions() []Action {
	var actions []Action
	for _, each := range s.allSchedules() {
		timed, err := each.parse()
		if err != nil {
			continue
		}
		action := Action{
			Name: each.Name, Recurrence: each.Recurrence, Start: timestamp(timed.start),
			Min: each.Min, Max: each.Max, Desired: each.Desired,
		}
		if each.Recurrence != "" {
			action.TimeZone, action.End = each.TimeZone, timestamp(timed.end)
		}
		actions = append(actions, action)
		if each.Recurrence == "" && each.End != "" {
			actions = append(actions, Action{
				Name: each.Name + "-end", Start: timestamp(timed.end),
				Min: s.Size.Min, Max: s.Size.Max, Desired: s.settle(s.Size.Min),
			})
		}
	}
	return actions
}

// Floor returns the fewest instances that there are at any time: Size.Min, or what a schedule makes of it.
func (s Spec) Floor() int {
	floor := s.Size.Min
	for _, each := range s.Actions() {
		floor = min(floor, each.Min)
	}
	return floor
}

// settle returns the desired size that goes with a new smallest one. Where the load decides, the fleet is left as it is: AWS
// lifts it to the smallest size by itself, and a number would cut what a rush has already asked for. Nothing else would
// shrink a fleet that does not scale, or end one.
func (s Spec) settle(smallest int) int {
	if s.Scaling.Dynamic() && smallest > 0 {
		return asItIs
	}
	return smallest
}

// Passed returns the names of the schedules whose start has passed at a time. AWS keeps such a schedule where there is
// one, and refuses to make it anew.
func (s Spec) Passed(now time.Time) []string {
	var passed []string
	for _, each := range s.allSchedules() {
		if timed, err := each.parse(); err == nil && !timed.start.IsZero() && !timed.start.After(now) {
			passed = append(passed, each.Name)
		}
	}
	return passed
}

// allSchedules returns the schedules and the exams, with what they leave out.
func (s Spec) allSchedules() []Schedule {
	all := slices.Concat(s.Schedules, s.Exams.Schedules())
	for i := range all {
		each := &all[i]
		if each.TimeZone == "" {
			each.TimeZone = utc
		}
		if each.Max == 0 {
			each.Max = s.Size.Max
		}
		if each.Desired == 0 {
			each.Desired = s.settle(each.Min)
		}
	}
	return all
}

func timestamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// timed is a schedule whose times are understood.
type timed struct {
	Schedule
	start, end time.Time     // zero where there is none
	cron       cron.Schedule // nil where there is none
}

// parse understands the times of a schedule.
func (s Schedule) parse() (timed, error) {
	parsed := timed{Schedule: s}
	zone, err := location(s.TimeZone)
	if err != nil {
		return parsed, fmt.Errorf("timeZone %w", err)
	}
	if parsed.start, err = instant(s.Start, zone); err != nil {
		return parsed, fmt.Errorf("start %w", err)
	}
	if parsed.end, err = instant(s.End, zone); err != nil {
		return parsed, fmt.Errorf("end %w", err)
	}
	if s.Recurrence != "" {
		if parsed.cron, err = recurrence(s.Recurrence, zone); err != nil {
			return parsed, fmt.Errorf("recurrence %w", err)
		}
	}
	switch {
	case s.Recurrence == "" && s.Start == "":
		return parsed, fmt.Errorf("needs a recurrence or a start")
	case s.Start != "" && s.End != "" && !parsed.end.After(parsed.start):
		return parsed, fmt.Errorf("end must come after start (%s), got %s", s.Start, s.End)
	case parsed.cron != nil && parsed.recursFrom(time.Time{}).IsZero():
		return parsed, fmt.Errorf("recurrence %q has no such day, or none between start and end", s.Recurrence)
	}
	return parsed, nil
}

// location returns a time zone of the IANA database.
func location(name string) (*time.Location, error) {
	zone, err := time.LoadLocation(name)
	if err != nil || !strings.Contains(name, "/") { // Local and UTC are Go's own, and AWS takes canonical names
		return nil, fmt.Errorf("must be a zone of the IANA database such as Europe/London or Etc/UTC, got %q", name)
	}
	return zone, nil
}

// instant returns when a local time is. At the end of daylight-saving time it may come twice, and is the earlier one; at
// its beginning it may not come at all.
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
	return time.Time{}, fmt.Errorf("%s does not exist in %s: clocks go forward then", local, zone)
}

var fiveFields = cron.NewParser(cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow)

func recurrence(expression string, zone *time.Location) (cron.Schedule, error) {
	fault := fmt.Errorf("must be five fields of cron such as 0 7 * * 1-5, got %q", expression)
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

// anyDay is where the search for recurrences begins: any day would do, and today would make plans depend on the clock.
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

// recursFrom returns when the recurrence next comes round, from a time on, and within its bounds; zero if never.
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

func (s Spec) checkSchedules(fields validate.Named) {
	s.Exams.check(s.Size, fields)
	schedules := s.allSchedules()
	fault := func(name, format string, args ...any) {
		fields.Add("Schedules", "%s: %s", name, fmt.Sprintf(format, args...))
	}
	var understood []timed
	for i, each := range schedules {
		name := each.Name
		switch {
		case !validate.Label(name):
			fault(fmt.Sprintf("number %d", i+1), "name must be small letters, digits and single hyphens, got %q", name)
			continue
		case slices.ContainsFunc(schedules[:i], func(earlier Schedule) bool {
			return earlier.Name == name || earlier.Name+"-end" == name || earlier.Name == name+"-end"
		}):
			fault(name, "the name is taken")
		}
		s.checkSizes(each, fault)
		parsed, err := each.parse()
		if err != nil {
			fault(name, "%v", err)
			continue
		}
		understood = append(understood, parsed)
	}
	checkOverlaps(understood, fault)
	if count := len(s.Actions()); count > mostActions {
		fields.Add("Schedules", "come to %d scheduled actions with %s, and a group may have %d", count, fields.Name("Exams"), mostActions)
	}
}

func (s Spec) checkSizes(each Schedule, fault func(name, format string, args ...any)) {
	switch {
	case each.Min < 0:
		fault(each.Name, "min must be at least 0, got %d", each.Min)
	case each.Max > s.Size.Max:
		fault(each.Name, "max must be at most the fleet's (%d), got %d", s.Size.Max, each.Max)
	case each.Max < each.Min:
		fault(each.Name, "max must be at least min (%d), got %d", each.Min, each.Max)
	case each.Desired != asItIs && (each.Desired < each.Min || each.Desired > each.Max):
		fault(each.Name, "desired must be between min and max (%d and %d), or -1, got %d", each.Min, each.Max, each.Desired)
	}
}
