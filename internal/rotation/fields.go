package rotation

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// field is one of the fields of an expression.
type field struct {
	name      string
	low, high int
	names     []string // of its values, from low on
}

var (
	hours       = field{"hours", 0, 23, nil}
	daysOfMonth = field{"the day of the month", 1, 31, nil}
	months      = field{"the month", 1, 12, []string{"JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"}}
	daysOfWeek  = field{"the day of the week", 1, 7, []string{"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"}}
)

// parse returns the values that a field names, in ascending order: *, a value, a range, or either with a step, and lists of those.
func (f field) parse(text string) ([]int, error) {
	var values []int
	for _, item := range strings.Split(text, ",") {
		low, high, step, ok := f.item(item)
		if !ok {
			return nil, fmt.Errorf("must have %d to %d, ranges, steps or * for %s", f.low, f.high, f.name)
		}
		for value := low; value <= high; value += step {
			values = append(values, value)
		}
	}
	slices.Sort(values)
	return slices.Compact(values), nil
}

func (f field) item(item string) (low, high, step int, ok bool) {
	span, every, stepped := strings.Cut(item, "/")
	step = 1
	if stepped {
		if step, ok = number(every); !ok || step == 0 {
			return 0, 0, 0, false
		}
	}
	if span == "*" {
		return f.low, f.high, step, true
	}
	from, to, ranged := strings.Cut(span, "-")
	if low, ok = f.value(from); !ok {
		return 0, 0, 0, false
	}
	switch {
	case ranged:
		high, ok = f.value(to)
		return low, high, step, ok && low <= high
	case stepped:
		return low, f.high, step, true
	}
	return low, low, step, true
}

func (f field) value(text string) (int, bool) {
	if at := slices.Index(f.names, strings.ToUpper(text)); at >= 0 {
		return f.low + at, true
	}
	value, ok := number(text)
	return value, ok && value >= f.low && value <= f.high
}

func number(text string) (int, bool) {
	value, err := strconv.Atoi(text)
	return value, err == nil && value >= 0 && text[0] != '+' && text[0] != '-'
}

// days returns which days two fields name, of which one is ?. Besides values the day of the month may be L, the last one, and the day
// of the week SUN#1, the first Sunday of a month, or SUNL, the last.
func days(ofMonth, ofWeek string) (func(time.Time) bool, error) {
	if ofWeek == "?" {
		if ofMonth == "L" {
			return func(day time.Time) bool { return day.AddDate(0, 0, 1).Day() == 1 }, nil
		}
		values, err := daysOfMonth.parse(ofMonth)
		return func(day time.Time) bool { return slices.Contains(values, day.Day()) }, err
	}
	if name, last := strings.CutSuffix(ofWeek, "L"); last {
		if value, ok := daysOfWeek.value(name); ok {
			return func(day time.Time) bool { return weekday(day) == value && day.AddDate(0, 0, 7).Day() <= 7 }, nil
		}
	}
	if name, count, nth := strings.Cut(ofWeek, "#"); nth {
		value, known := daysOfWeek.value(name)
		if which, ok := number(count); known && ok && which >= 1 && which <= 5 {
			return func(day time.Time) bool { return weekday(day) == value && (day.Day()+6)/7 == which }, nil
		}
	}
	values, err := daysOfWeek.parse(ofWeek)
	return func(day time.Time) bool { return slices.Contains(values, weekday(day)) }, err
}

// weekday returns 1 for Sunday to 7 for Saturday.
func weekday(day time.Time) int { return int(day.Weekday()) + 1 }
