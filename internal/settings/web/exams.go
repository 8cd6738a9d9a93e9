package web

import (
	"time"

	"ha-web/internal/validate"
)

// Exams is a calendar of exams. The group scales out ahead of each period, before students arrive: scaling by load follows a surge
// by minutes.
type Exams struct {
	// Time zone in the IANA database of all dates and times of exams, such as Europe/London. They follow its daylight-saving time.
	TimeZone string `pulumi:"timeZone,optional"`
	// Time of day at which students arrive on the first day of a period, such as 09:00.
	RushAt string `pulumi:"rushAt,optional"`
	// Hours before rushAt, 1 to 24, at which the group scales out.
	LeadHours int `pulumi:"leadHours,optional"`
	// Time of day at which size.min returns on the last day of a period, such as 20:00.
	EndsAt string `pulumi:"endsAt,optional"`
	// Minimum number of instances during a period, between size.min and size.max. Scaling by load may add more, up to size.max.
	// Cost: the instances beyond size.min, day and night.
	Min int `pulumi:"min,optional"`
	// DB instance class that the database has during a period, such as `db.m7g.xlarge`, with no less memory than
	// database.instanceClass. The plan and its notes use it for the periods; the program does not change the class on a schedule:
	// run an update before a period and one after it (docs/database.md). Left out: database.instanceClass.
	DatabaseClass string `pulumi:"databaseClass,optional"`
	// Periods of exams, which must not overlap.
	Periods []Period `pulumi:"periods,optional"`
}

// Period is a period of exams.
type Period struct {
	// Name of the period, such as winter-2027: lowercase letters, digits and single hyphens.
	Name string `pulumi:"name,optional"`
	// First day, such as 2027-01-11.
	From string `pulumi:"from,optional"`
	// Last day, such as 2027-01-22.
	To string `pulumi:"to,optional"`
}

// On reports whether there are periods of exams.
func (e *Exams) On() bool { return len(e.Periods) > 0 }

const (
	dayLayout   = "2006-01-02"
	clockLayout = "15:04"
)

// schedule returns the schedule of a period, if its days and the times of day can be read.
func (e *Exams) schedule(period Period) (Schedule, bool) {
	rush, rushErr := time.Parse(clockLayout, e.RushAt)
	end, endErr := time.Parse(clockLayout, e.EndsAt)
	from, fromErr := time.Parse(dayLayout, period.From)
	to, toErr := time.Parse(dayLayout, period.To)
	if rushErr != nil || endErr != nil || fromErr != nil || toErr != nil {
		return Schedule{}, false
	}
	return Schedule{
		Name: "exams-" + period.Name, TimeZone: e.TimeZone, Min: e.Min,
		Start: at(from, rush).Add(-time.Duration(e.LeadHours) * time.Hour).Format(localLayout),
		End:   at(to, end).Format(localLayout),
	}, true
}

func at(day, clock time.Time) time.Time {
	return day.Add(time.Duration(clock.Hour())*time.Hour + time.Duration(clock.Minute())*time.Minute)
}

// checkExams records the faults of the calendar itself; checkSchedules finds those of its schedules.
func (s *Settings) checkExams(f validate.Fields) {
	e := &s.Exams
	if len(e.Periods) == 0 {
		return
	}
	for _, field := range []*string{&e.RushAt, &e.EndsAt} {
		if _, err := time.Parse(clockLayout, *field); err != nil {
			f.Add(field, "must be a time of day such as 09:00, got %q", *field)
		}
	}
	if _, err := findZone(s.resolved(Schedule{TimeZone: e.TimeZone}).TimeZone); err != nil {
		f.Check(&e.TimeZone, err)
	}
	f.Between(&e.LeadHours, 1, 24)
	switch {
	case e.Min < s.Size.Min:
		f.Add(&e.Min, "must be at least %s (%d), got %d", f.Name(&s.Size.Min), s.Size.Min, e.Min)
	case e.Min > s.Size.Max:
		f.Add(&e.Min, "must be at most %s (%d), got %d: raise %[1]s", f.Name(&s.Size.Max), s.Size.Max, e.Min)
	}
	for i := range e.Periods {
		e.checkPeriod(f, &e.Periods[i])
	}
}

func (e *Exams) checkPeriod(f validate.Fields, period *Period) {
	for _, field := range []*string{&period.From, &period.To} {
		if _, err := time.Parse(dayLayout, *field); err != nil {
			f.Add(field, "must be a date such as 2027-01-11, got %q", *field)
		}
	}
	switch schedule, ok := e.schedule(*period); {
	case !ok:
	case period.To < period.From:
		f.Add(&period.To, "must not be before %s (%s), got %s", f.Name(&period.From), period.From, period.To)
	case schedule.End <= schedule.Start:
		f.Add(&period.To, "must be later, so that the period ends after the group has scaled out (%s), got an end at %s",
			schedule.Start, schedule.End)
	}
}
