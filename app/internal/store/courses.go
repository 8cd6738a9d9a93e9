package store

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
)

// Course is one that students can take.
type Course struct {
	ID       int64  `json:"id"`
	Title    string `json:"title"`
	Enrolled int64  `json:"enrolled"` // students
}

// Enrolment is a student's place in a course.
type Enrolment struct {
	ID        int64     `json:"id"`
	Course    int64     `json:"course"`
	Student   string    `json:"student"`
	CreatedAt time.Time `json:"createdAt"`
}

// Why an enrolment was refused, with nothing written.
var (
	ErrUnknownCourse = errors.New("there is no such course")
	ErrEnrolled      = errors.New("the student is already enrolled in this course")
	ErrKeyReused     = errors.New("the idempotency key was used for another enrolment")
)

// Courses returns all courses.
func (d *Database) Courses(ctx context.Context) ([]Course, error) {
	return query[Course](ctx, d, `
		SELECT id, title, (SELECT count(*) FROM enrolments WHERE course_id = courses.id) AS enrolled
		FROM courses ORDER BY id`)
}

// Enrolments returns the last hundred enrolments of a student.
func (d *Database) Enrolments(ctx context.Context, student string) ([]Enrolment, error) {
	return query[Enrolment](ctx, d, `
		SELECT id, course_id, student, created_at FROM enrolments WHERE student = $1 ORDER BY id DESC LIMIT 100`, student)
}

func query[T any](ctx context.Context, d *Database, sql string, values ...any) (found []T, err error) {
	err = d.do(ctx, func(ctx context.Context, session *pgx.Conn) error {
		rows, err := session.Query(ctx, sql, values...)
		if err != nil {
			return err
		}
		found, err = pgx.CollectRows(rows, pgx.RowToStructByPos[T])
		return err
	})
	return found, err
}

// Enrol enrols a student in a course, once for each key: with a key that was used for the same enrolment it returns that one, and
// true. The key makes it safe to repeat where an answer was lost.
func (d *Database) Enrol(ctx context.Context, key string, course int64, student string) (e Enrolment, again bool, err error) {
	var outcome error
	err = d.do(ctx, func(ctx context.Context, session *pgx.Conn) error {
		again, outcome = false, nil
		var err error
		e, err = enrolment(ctx, session, `
			INSERT INTO enrolments (course_id, student, idempotency_key) VALUES ($1, $2, $3)
			ON CONFLICT DO NOTHING RETURNING id, course_id, student, created_at`, course, student, key)
		if is(state(err), "23503") {
			outcome = ErrUnknownCourse
			return nil
		}
		if !errors.Is(err, pgx.ErrNoRows) {
			return err
		}
		e, err = enrolment(ctx, session, `SELECT id, course_id, student, created_at FROM enrolments WHERE idempotency_key = $1`, key)
		switch {
		case errors.Is(err, pgx.ErrNoRows):
			outcome = ErrEnrolled
			return nil
		case err == nil && (e.Course != course || e.Student != student):
			outcome = ErrKeyReused
		}
		again = true
		return err
	})
	return e, again, errors.Join(err, outcome)
}

func enrolment(ctx context.Context, session *pgx.Conn, sql string, values ...any) (Enrolment, error) {
	rows, err := session.Query(ctx, sql, values...)
	if err != nil {
		return Enrolment{}, err
	}
	return pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[Enrolment])
}
