package settings

import "cmp"

// ExamClass returns the class that the database has during exams.
func (s *Settings) ExamClass() string {
	if !s.Web.Exams.On() {
		return s.Database.InstanceClass
	}
	return cmp.Or(s.Web.Exams.DatabaseClass, s.Database.InstanceClass)
}
