package web

import (
	"fmt"
	"time"

	"ha-web/internal/validate"
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
)

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
	start, end time.Time   // zero where there is none
	recurrence *recurrence // nil where there is none
}

// ignore is for plans without faults.
func ignore(any, string) {}

// parse understands the times of a plan, or passes a fault of a field on.
func (p plan) parse(fault func(field any, text string)) (parsed timed, ok bool) {
	parsed.plan = p
	zone, err := findZone(p.TimeZone)
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
		if parsed.recurrence, err = parseRecurrence(p.Recurrence, zone); err != nil {
			fault(p.recurrence, err.Error())
			return parsed, false
		}
	}
	switch {
	case p.Recurrence == "" && p.Start == "":
		fault(p.item, "must have a recurrence or a start")
	case p.Start != "" && p.End != "" && !parsed.end.After(parsed.start):
		fault(p.to, fmt.Sprintf("must be after start (%s), got %s", p.Start, p.End))
	case parsed.recurrence != nil && !parsed.recurs():
		fault(p.recurrence, fmt.Sprintf("must match a day, between start and end if given, got %q", p.Recurrence))
	default:
		return parsed, true
	}
	return parsed, false
}

// instant returns the time that a local time denotes. At the end of daylight-saving time a local time may occur twice, and denotes
// the earlier one; at its beginning it may not occur at all.
func instant(local string, zone *zone) (time.Time, error) {
	if local == "" {
		return time.Time{}, nil
	}
	naive, err := time.Parse(localLayout, local)
	if err != nil {
		return time.Time{}, fmt.Errorf("must be a time such as 2027-01-11T07:00, got %q", local)
	}
	if naive.Before(firstTime) || !naive.Before(lastTime) {
		return time.Time{}, fmt.Errorf("must be a time from %d to %d, got %s", firstTime.Year(), lastTime.Year()-1, local)
	}
	for _, near := range []time.Duration{-24 * time.Hour, 24 * time.Hour} {
		candidate := naive.Add(-time.Duration(zone.offset(naive.Add(near).Unix())) * time.Second)
		if candidate.In(zone.Location).Format(localLayout) == local {
			return candidate, nil
		}
	}
	return time.Time{}, fmt.Errorf("must be a time that exists in %s, got %s: clocks go forward then", zone, local)
}

// timed returns the plans whose times can be understood.
func (s *Settings) timed() []timed {
	var all []timed
	for _, each := range s.plans() {
		if parsed, ok := each.parse(ignore); ok {
			all = append(all, parsed)
		}
	}
	return all
}

// from returns the time from which a schedule may set sizes.
func (t timed) from() time.Time { return latest(t.start, firstTime) }

// until returns the time until which a recurrence may set sizes.
func (t timed) until() time.Time {
	if t.end.IsZero() {
		return lastTime.AddDate(cycle, 0, -1)
	}
	return t.end
}

// last returns the last time at which a schedule without recurrence sets sizes.
func (t timed) last() time.Time { return latest(t.start, t.end) }

// recurs reports whether the recurrence ever matches.
func (t timed) recurs() bool {
	from := t.from()
	return t.recurrence.next(from.Unix(), earliest(t.until(), from.AddDate(cycle, 0, 0)).Unix()) != 0
}

// next returns the first time at which a schedule with a recurrence sets the sizes, from one time to another, both included, or zero.
func (t timed) next(from, until time.Time) time.Time {
	if !t.start.IsZero() && !t.start.Before(from) && !t.start.After(until) {
		// Amazon EC2 Auto Scaling API reference, PutScheduledUpdateGroupAction, StartTime: at this time, and then by the
		// recurrence.
		return t.start
	}
	return unix(t.recurrence.next(latest(from, t.from()).Unix(), earliest(until, t.until()).Unix()))
}

// previous returns the last time, up to one, at which a schedule sets the sizes or returns them, or zero.
func (t timed) previous(until time.Time) time.Time {
	times := []time.Time{t.end, t.start}
	if t.recurrence != nil {
		times = []time.Time{unix(t.recurrence.previous(t.from().Unix(), earliest(until, t.until()).Unix())), t.start}
	}
	for _, each := range times {
		if !each.IsZero() && !each.After(until) {
			return each
		}
	}
	return time.Time{}
}

// unix returns a time, and zero for 0.
func unix(at int64) time.Time {
	if at == 0 {
		return time.Time{}
	}
	return time.Unix(at, 0).UTC()
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
	if count := countActions(plans); count > maxActions {
		f.Add(&s.Schedules, "must make at most %d scheduled actions together with %s, got %d", maxActions, f.Name(&s.Exams), count)
		return
	}
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
