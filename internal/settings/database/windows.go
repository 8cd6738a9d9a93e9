package database

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"

	"ha-web/internal/validate"
)

const (
	minutesOfDay  = 24 * 60
	minutesOfWeek = 7 * minutesOfDay
)

// window is a span of minutes, from a start in a week that begins on Monday.
type window struct{ start, length int }

var (
	dailyWindow  = regexp.MustCompile(`^([01][0-9]|2[0-3]):([0-5][0-9])-([01][0-9]|2[0-3]):([0-5][0-9])$`)
	weeklyWindow = regexp.MustCompile(`^(mon|tue|wed|thu|fri|sat|sun):([01][0-9]|2[0-3]):([0-5][0-9])-(mon|tue|wed|thu|fri|sat|sun):([01][0-9]|2[0-3]):([0-5][0-9])$`)
	weekdays     = []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"}
)

// checkWindows requires windows that RDS accepts: in UTC, of half an hour or more, and never both at once (Amazon RDS API reference,
// CreateDBInstance, PreferredBackupWindow and PreferredMaintenanceWindow).
func (s *Settings) checkWindows(f validate.Fields) {
	backup, err := parseDaily(s.BackupWindow)
	f.Check(&s.BackupWindow, err)
	maintenance, bad := parseWeekly(s.MaintenanceWindow)
	f.Check(&s.MaintenanceWindow, bad)
	if err != nil || bad != nil {
		return
	}
	for day := range weekdays {
		if overlap(window{day*minutesOfDay + backup.start, backup.length}, maintenance) {
			f.Add(&s.MaintenanceWindow, "must not overlap %s (%s), got %s", f.Name(&s.BackupWindow), s.BackupWindow, s.MaintenanceWindow)
			return
		}
	}
}

func parseDaily(text string) (window, error) {
	parts := dailyWindow.FindStringSubmatch(text)
	if parts == nil {
		return window{}, fmt.Errorf("must be hh:mm-hh:mm in UTC, such as 02:00-03:00, got %q", text)
	}
	return windowOf(minutes(parts[1], parts[2]), minutes(parts[3], parts[4]), minutesOfDay)
}

func parseWeekly(text string) (window, error) {
	parts := weeklyWindow.FindStringSubmatch(text)
	if parts == nil {
		return window{}, fmt.Errorf("must be ddd:hh:mm-ddd:hh:mm in UTC, such as sun:04:00-sun:05:00, got %q", text)
	}
	start := slices.Index(weekdays, parts[1])*minutesOfDay + minutes(parts[2], parts[3])
	end := slices.Index(weekdays, parts[4])*minutesOfDay + minutes(parts[5], parts[6])
	return windowOf(start, end, minutesOfWeek)
}

// windowOf returns the window between two times of a cycle, if it is long enough, and not longer than a day.
func windowOf(start, end, cycle int) (window, error) {
	length := (end - start + cycle) % cycle
	if length < 30 || length >= minutesOfDay {
		return window{}, errors.New("must last from 30 minutes to less than a day")
	}
	return window{start, length}, nil
}

func minutes(hours, minutes string) int {
	h, _ := strconv.Atoi(hours) // digits: the pattern says so
	m, _ := strconv.Atoi(minutes)
	return 60*h + m
}

// overlap reports whether two windows share a minute of any week.
func overlap(a, b window) bool {
	return (b.start-a.start+minutesOfWeek)%minutesOfWeek < a.length || (a.start-b.start+minutesOfWeek)%minutesOfWeek < b.length
}
