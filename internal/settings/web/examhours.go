package web

import "time"

// Span is a time of exams, and the period that it is of.
type Span struct {
	Period     *Period
	Start, End time.Time
}

// Spans returns the periods of exams, from when the group has begun to scale out to when it returns, for settings without faults.
func (s *Settings) Spans() []Span {
	var spans []Span
	for _, each := range s.plans() {
		period, isPeriod := each.item.(*Period)
		if timed, ok := each.parse(ignore); isPeriod && ok {
			spans = append(spans, Span{Period: period, Start: timed.start, End: timed.end})
		}
	}
	return spans
}

// Hours returns the hours of exams on each day of the periods: from leadHours before rushAt to endsAt, in the time zone of the exams.
func (s *Settings) Hours() []Span {
	rush, rushErr := time.Parse(clockLayout, s.Exams.RushAt)
	end, endErr := time.Parse(clockLayout, s.Exams.EndsAt)
	zone, zoneErr := findZone(s.resolved(Schedule{TimeZone: s.Exams.TimeZone}).TimeZone)
	if rushErr != nil || endErr != nil || zoneErr != nil || s.Exams.LeadHours > 24 {
		return nil
	}
	var hours []Span
	for _, period := range s.Spans() {
		from, _ := time.Parse(dayLayout, period.Period.From) // it is understood: there is a span
		for day := from; ; day = day.AddDate(0, 0, 1) {
			start := on(day, rush, zone.Location).Add(-time.Duration(s.Exams.LeadHours) * time.Hour)
			stop := on(day, end, zone.Location)
			if !stop.After(start) {
				stop = on(day.AddDate(0, 0, 1), end, zone.Location)
			}
			if stop.After(period.End) {
				break
			}
			hours = append(hours, Span{Period: period.Period, Start: start, End: stop})
		}
	}
	return hours
}

// on returns a time of a day in a time zone.
func on(day, clock time.Time, zone *time.Location) time.Time {
	return time.Date(day.Year(), day.Month(), day.Day(), clock.Hour(), clock.Minute(), 0, 0, zone)
}
