package database

import (
	"fmt"
	"time"

	"ha-web/internal/rotation"
	"ha-web/internal/validate"
)

// Rotation describes when the master password changes.
type Rotation struct {
	// When a rotation window opens, as a cron expression of AWS Secrets Manager in UTC, with six fields: 0 for minutes, hours, day of
	// the month, month, day of the week (1 is Sunday), and * for the year; one of the two day fields is ?. A window must not open
	// during web.exams.periods.
	Schedule string `pulumi:"schedule,optional"`
	// Hours for which the window stays open, 1 to 24, and never past midnight UTC. The password changes at some time in it. For
	// about a minute, new connections may still read the previous password, and fail until they read the secret again.
	Hours int `pulumi:"hours,optional"`
}

// leastRotation is how often a secret may rotate (AWS Secrets Manager user guide, "Schedule expressions in Secrets Manager rotation").
const leastRotation = 4 * time.Hour

// checkRotation requires a schedule that Secrets Manager accepts: no window may extend into the next one, or into the next day.
func (s *Settings) checkRotation(f validate.Fields) {
	r := &s.Rotation
	f.Between(&r.Hours, 1, 24)
	schedule, err := rotation.Parse(r.Schedule)
	if err != nil {
		f.Check(&r.Schedule, err)
		return
	}
	shortest, _ := schedule.Gaps()
	open := time.Duration(r.Hours) * time.Hour
	switch {
	case shortest < leastRotation:
		f.Add(&r.Schedule, "must leave 4 hours or more between two rotations, got %q, which leaves %.0f", r.Schedule, shortest.Hours())
	case schedule.LastHour()+r.Hours > 24:
		f.Add(&r.Hours, "must end the window by midnight UTC, got %d from %02d:00 on", r.Hours, schedule.LastHour())
	case open > shortest:
		f.Add(&r.Hours, "must be at most %.0f, so that a window closes before the next one opens, got %d", shortest.Hours(), r.Hours)
	}
}

// Days returns how many days may pass from one rotation to the next at most, or 0 for a schedule with faults.
func (r Rotation) Days() int {
	schedule, err := rotation.Parse(r.Schedule)
	if err != nil {
		return 0
	}
	_, longest := schedule.Gaps()
	return int(longest / (24 * time.Hour))
}

// During returns when a rotation window first opens before a time, or is open at another, or zero.
func (r Rotation) During(from, to time.Time) time.Time {
	schedule, err := rotation.Parse(r.Schedule)
	if err != nil {
		return time.Time{}
	}
	next := schedule.Next(from.Add(-time.Duration(r.Hours)*time.Hour + time.Second))
	if next.IsZero() || !next.Before(to) {
		return time.Time{}
	}
	return next
}

// Outside returns a schedule of the same hour, on the first day of the month on which no window is open in any of these spans, or "".
func (r Rotation) Outside(spans [][2]time.Time) string {
	schedule, err := rotation.Parse(r.Schedule)
	if err != nil {
		return ""
	}
	for day := 1; day <= 28; day++ {
		other := Rotation{Schedule: fmt.Sprintf("cron(0 %d %d * ? *)", schedule.LastHour(), day), Hours: r.Hours}
		free := true
		for _, span := range spans {
			free = free && other.During(span[0], span[1]).IsZero()
		}
		if free {
			return other.Schedule
		}
	}
	return ""
}
