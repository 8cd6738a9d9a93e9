package fleet

import (
	"strings"
	"time"

	"ha-web/internal/validate"
)

// Exams is a calendar of exams. Before each period the fleet grows, ahead of the rush and not after it (document 002).
type Exams struct {
	// Time zone of all times, as that of a schedule.
	TimeZone string `pulumi:"timeZone,optional"`
	// When students come, on the first day, as 09:00.
	RushAt string `pulumi:"rushAt,optional"`
	// Hours before that, 1 to 24, at which the fleet grows.
	LeadHours int `pulumi:"leadHours,optional"`
	// When the fleet may shrink, on the last day, as 20:00.
	EndsAt string `pulumi:"endsAt,optional"`
	// Fewest instances in the meantime, at least size.min. The load may still add more, up to size.max.
	// Cost: the instances beyond size.min, day and night.
	Min int `pulumi:"min,optional"`
	// The periods.
	Periods []Period `pulumi:"periods,optional"`
}

// Period is a period of exams.
type Period struct {
	// Name, such as winter-2027.
	Name string `pulumi:"name,optional"`
	// First day, as 2027-01-11.
	From string `pulumi:"from,optional"`
	// Last day.
	To string `pulumi:"to,optional"`
}

const (
	dayLayout   = "2006-01-02"
	clockLayout = "15:04"
)

// Schedules returns the schedules of the periods, of those whose days and times can be read.
func (e Exams) Schedules() []Schedule {
	rush, rushErr := time.Parse(clockLayout, e.RushAt)
	end, endErr := time.Parse(clockLayout, e.EndsAt)
	var schedules []Schedule
	for _, period := range e.Periods {
		from, fromErr := day(period.From)
		to, toErr := day(period.To)
		if rushErr != nil || endErr != nil || fromErr != nil || toErr != nil {
			continue
		}
		schedules = append(schedules, Schedule{
			Name: "exams-" + period.Name, TimeZone: e.TimeZone, Min: e.Min,
			Start: at(from, rush).Add(-time.Duration(e.LeadHours) * time.Hour).Format(localLayout),
			End:   at(to, end).Format(localLayout),
		})
	}
	return schedules
}

// day returns a date. One that a stack file has without quotes comes as a time at midnight.
func day(text string) (time.Time, error) {
	return time.Parse(dayLayout, strings.TrimSuffix(text, " 00:00:00 +0000 UTC"))
}

func at(day, clock time.Time) time.Time {
	return day.Add(time.Duration(clock.Hour())*time.Hour + time.Duration(clock.Minute())*time.Minute)
}

// check records the faults of the calendar itself; those of its schedules are found with all others.
func (e Exams) check(size Size, fields validate.Named) {
	if len(e.Periods) == 0 {
		return
	}
	for _, each := range []struct{ field, value string }{{"Exams.RushAt", e.RushAt}, {"Exams.EndsAt", e.EndsAt}} {
		if _, err := time.Parse(clockLayout, each.value); err != nil {
			fields.Add(each.field, "must be a time of day such as 09:00, got %q", each.value)
		}
	}
	fields.Between("Exams.LeadHours", e.LeadHours, 1, 24)
	fields.Between("Exams.Min", e.Min, size.Min, size.Max)
	for _, period := range e.Periods {
		for _, date := range []string{period.From, period.To} {
			if _, err := day(date); err != nil {
				fields.Add("Exams.Periods", "%s: must have days such as 2027-01-11, got %q", period.Name, date)
			}
		}
	}
}
