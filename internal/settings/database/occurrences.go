package database

import "time"

// someMonday is where windows are counted from. Any Monday would do, but one of this week would make plans depend on the clock.
var someMonday = time.Date(2024, time.January, 1, 0, 0, 0, 0, time.UTC)

// BackupDuring returns when the backup window opens that is open between two times, or zero. The settings have no faults.
func (s *Settings) BackupDuring(from, to time.Time) time.Time {
	backup, err := parseDaily(s.BackupWindow)
	if err != nil {
		return time.Time{}
	}
	return backup.during(minutesOfDay, from, to)
}

// MaintenanceDuring returns the same for the maintenance window.
func (s *Settings) MaintenanceDuring(from, to time.Time) time.Time {
	maintenance, err := parseWeekly(s.MaintenanceWindow)
	if err != nil {
		return time.Time{}
	}
	return maintenance.during(minutesOfWeek, from, to)
}

// during returns the start of the first window of a cycle that is open between two times, or zero.
func (w window) during(cycle int, from, to time.Time) time.Time {
	every, length := time.Duration(cycle)*time.Minute, time.Duration(w.length)*time.Minute
	start := someMonday.Add(time.Duration(w.start) * time.Minute)
	start = start.Add(from.Sub(start).Truncate(every)) // within a cycle of from, before or after it
	for start = start.Add(-every); !start.Add(length).After(from); {
		start = start.Add(every)
	}
	if !start.Before(to) {
		return time.Time{}
	}
	return start
}
