// Package rotation evaluates the cron expressions of AWS Secrets Manager, which say when a secret rotates, in UTC.
package rotation

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Schedule is a cron expression that is understood.
type Schedule struct {
	hours  []int // in ascending order
	months []int
	day    func(time.Time) bool
}

// Parse understands an expression, such as cron(0 3 1 * ? *), as Secrets Manager does: minutes are 0, years are *, and one of the two
// day fields is ? (AWS Secrets Manager user guide, "Schedule expressions in Secrets Manager rotation").
func Parse(expression string) (Schedule, error) {
	inner, isCron := strings.CutPrefix(expression, "cron(")
	inner, ends := strings.CutSuffix(inner, ")")
	fields := strings.Fields(inner)
	if !isCron || !ends || len(fields) != 6 || strings.Join(fields, " ") != inner {
		return Schedule{}, fmt.Errorf("must be cron(minutes hours day-of-month month day-of-week year), such as cron(0 3 1 * ? *), got %q", expression)
	}
	minutes, hour, dayOfMonth, month, dayOfWeek, year := fields[0], fields[1], fields[2], fields[3], fields[4], fields[5]
	switch {
	case minutes != "0":
		return Schedule{}, fmt.Errorf("must have 0 for minutes, the first field, got %q", expression)
	case year != "*":
		return Schedule{}, fmt.Errorf("must have * for the year, the last field, got %q", expression)
	case (dayOfMonth == "?") == (dayOfWeek == "?"):
		return Schedule{}, fmt.Errorf("must have ? for either the day of the month or the day of the week, got %q", expression)
	}
	schedule := Schedule{}
	var err error
	if schedule.hours, err = hours.parse(hour); err == nil {
		schedule.months, err = months.parse(month)
	}
	if err == nil {
		schedule.day, err = days(dayOfMonth, dayOfWeek)
	}
	if err != nil {
		return Schedule{}, fmt.Errorf("%w, got %q", err, expression)
	}
	if schedule.Next(anyDay).IsZero() {
		return Schedule{}, fmt.Errorf("must match a day, got %q", expression)
	}
	return schedule, nil
}

// anyDay is where searches begin that are about no day in particular. Today would make plans depend on the clock.
var anyDay = time.Date(2024, time.January, 1, 0, 0, 0, 0, time.UTC)

// years is how long the days of a schedule take to repeat, nearly: 29 February on one weekday comes every 28 years.
const years = 28

// Next returns the first start of a rotation window at or after a time, or zero where there is none.
func (s Schedule) Next(from time.Time) time.Time {
	from = from.UTC()
	day := from.Truncate(24 * time.Hour)
	for end := day.AddDate(years, 0, 1); day.Before(end); day = day.AddDate(0, 0, 1) {
		if !slices.Contains(s.months, int(day.Month())) || !s.day(day) {
			continue
		}
		for _, hour := range s.hours {
			if at := day.Add(time.Duration(hour) * time.Hour); !at.Before(from) {
				return at
			}
		}
	}
	return time.Time{}
}

// Gaps returns the shortest and the longest time between two starts.
func (s Schedule) Gaps() (shortest, longest time.Duration) {
	last := s.Next(anyDay)
	end := last.AddDate(years, 0, 0)
	for last.Before(end) {
		next := s.Next(last.Add(time.Hour))
		gap := next.Sub(last)
		if shortest == 0 || gap < shortest {
			shortest = gap
		}
		longest = max(longest, gap)
		last = next
	}
	return shortest, longest
}

// LastHour returns the latest hour of a day at which a window starts.
func (s Schedule) LastHour() int { return s.hours[len(s.hours)-1] }
