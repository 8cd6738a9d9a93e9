package settings

import (
	"cmp"
	"fmt"
	"time"

	"ha-web/internal/settings/database"
	"ha-web/internal/settings/web"
	"ha-web/internal/validate"
)

// ExamClass returns the class that the database has during exams.
func (s *Settings) ExamClass() string {
	if !s.Web.Exams.On() {
		return s.Database.InstanceClass
	}
	return cmp.Or(s.Web.Exams.DatabaseClass, s.Database.InstanceClass)
}

// validateExams records what is wrong with the database and its windows at the time of exams.
func (s *Settings) validateExams(f validate.Fields) {
	s.validateExamClass(f)
	d := &s.Database
	if span, at := first(s.Web.Spans(), d.Rotation.During); span != nil {
		remedy := ""
		if other := d.Rotation.Outside(times(s.Web.Spans())); other != "" {
			remedy = ", choose another day, such as " + other
		}
		f.Add(&d.Rotation.Schedule, "must not rotate the password during %s (%s), got %q, which rotates it from %s on%s",
			f.Name(span.Period), span.Period.Name, d.Rotation.Schedule, at.Format(time.RFC3339), remedy)
	}
	for _, each := range []struct {
		field  *string
		during func(from, to time.Time) time.Time
	}{{&d.BackupWindow, d.BackupDuring}, {&d.MaintenanceWindow, d.MaintenanceDuring}} {
		if span, at := first(s.Web.Hours(), each.during); span != nil {
			f.Add(each.field, "must not be open during the hours of exams of %s (%s), %s to %s in %s, got %s, which opens at %s",
				f.Name(span.Period), span.Period.Name, span.Start.Format("15:04"), span.End.Format("15:04"), span.Start.Location(),
				*each.field, at.Format(time.RFC3339))
		}
	}
}

// validateExamClass records a class for exams that is none, or smaller than that of the rest of the year.
func (s *Settings) validateExamClass(f validate.Fields) {
	field := &s.Web.Exams.DatabaseClass
	if *field == "" {
		return
	}
	memory, err := database.MemoryGiB(*field)
	f.Check(field, err)
	if usual, bad := database.MemoryGiB(s.Database.InstanceClass); err == nil && bad == nil && memory < usual {
		f.Add(field, "must have no less memory than %s (%s, %v GiB), got %s (%v GiB)",
			f.Name(&s.Database.InstanceClass), s.Database.InstanceClass, usual, *field, memory)
	}
}

// first returns the first of these spans in which something happens, and when.
func first(spans []web.Span, during func(from, to time.Time) time.Time) (*web.Span, time.Time) {
	for i, each := range spans {
		if at := during(each.Start, each.End); !at.IsZero() {
			return &spans[i], at
		}
	}
	return nil, time.Time{}
}

func times(spans []web.Span) [][2]time.Time {
	var list [][2]time.Time
	for _, each := range spans {
		list = append(list, [2]time.Time{each.Start, each.End})
	}
	return list
}

// rushNotes returns what a person should know about the database when the fleet is large.
func (s *Settings) rushNotes() []string {
	var notes []string
	if note := s.burstableNote(); note != "" {
		notes = append(notes, note)
	}
	d := &s.Database
	clients, pool := s.Web.Size.Max*d.PoolSize, d.ProxyConnections(s.Database.ConnectionsOf(s.ExamClass()))
	if pool > 0 && clients > pool {
		notes = append(notes, fmt.Sprintf("connections: %d instances with database.poolSize %d open %d, and RDS Proxy opens at most %d to %s: "+
			"a client that pins its connection (session variables, prepared statements, advisory locks) keeps it, and others wait %d seconds "+
			"and fail; lower database.poolSize, or choose a larger class", s.Web.Size.Max, d.PoolSize, clients, pool, s.ExamClass(), d.Proxy.BorrowSeconds))
	}
	if span, at := first(s.Web.Spans(), d.MaintenanceDuring); span != nil {
		notes = append(notes, fmt.Sprintf("maintenance: database.maintenanceWindow (%s) opens during exams %s, first at %s: AWS may apply a minor "+
			"version then, a failover of about a minute; move the window to a night without an exam on the day after",
			d.MaintenanceWindow, span.Period.Name, at.Format(time.RFC3339)))
	}
	return notes
}

// appPerDatabase is how many vCPUs of the application take one of the database, as a rule of thumb: a load test of a Moodle quiz, whose
// limit was the application, had twelve to four.
const appPerDatabase = 3

// burstableNote returns a note where the fleet grows by the calendar, and the database runs out of CPU credits.
func (s *Settings) burstableNote() string {
	size, why, class := 0, "", s.Database.InstanceClass
	for _, each := range s.Web.Schedules {
		if each.Min > s.Web.Size.Min && each.Min > size {
			size, why = each.Min, "schedule "+each.Name
		}
	}
	if s.Web.Exams.On() {
		size, why, class = s.Web.Exams.Min, "exams", s.ExamClass()
	}
	if size == 0 || !database.Burstable(class) {
		return ""
	}
	note := fmt.Sprintf("%s: %s is burstable: it has %d vCPUs, and hours of load use up its CPU credits, after which CPU costs extra", why, class, database.VCPUs(class))
	if vcpus, _ := s.Web.VCPUs(); vcpus > 0 {
		note += fmt.Sprintf("; %d instances have %d vCPUs, for which a database has about a third as many by a rule of thumb, such as %s: measure it",
			size, size*vcpus, database.ClassFor((size*vcpus+appPerDatabase-1)/appPerDatabase))
	}
	return note
}
