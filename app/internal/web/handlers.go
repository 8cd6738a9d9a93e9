package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"ha-web/app/internal/store"
)

// health says whether the process can serve. It never asks the database: while that fails over, the load balancer would otherwise
// find every instance unhealthy, and the Auto Scaling group would replace them all.
func (s *Server) health(w http.ResponseWriter, _ *http.Request) {
	if s.stopping.Load() {
		send(w, http.StatusServiceUnavailable, map[string]string{"status": "stopping"})
		return
	}
	send(w, http.StatusOK, map[string]string{"status": "ok"})
}

// ready says whether all that a request needs is there, the database too, for people and drills.
func (s *Server) ready(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
	defer cancel()
	if err := s.db.Ping(ctx); err != nil {
		fail(w, err)
		return
	}
	send(w, http.StatusOK, map[string]string{"status": "ready"})
}

func (s *Server) courses(w http.ResponseWriter, r *http.Request) {
	found, err := s.db.Courses(r.Context())
	if err != nil {
		fail(w, err)
		return
	}
	send(w, http.StatusOK, map[string]any{"courses": found})
}

func (s *Server) enrolments(w http.ResponseWriter, r *http.Request) {
	student := r.URL.Query().Get("student")
	if err := checkStudent(student); err != nil {
		problem(w, http.StatusBadRequest, err.Error())
		return
	}
	found, err := s.db.Enrolments(r.Context(), student)
	if err != nil {
		fail(w, err)
		return
	}
	send(w, http.StatusOK, map[string]any{"enrolments": append([]store.Enrolment{}, found...)})
}

// enrol is safe to repeat with the same Idempotency-Key, which is how a client goes on after an answer that it did not get.
func (s *Server) enrol(w http.ResponseWriter, r *http.Request) {
	key, wanted, status, err := readEnrolment(w, r)
	if err != nil {
		problem(w, status, err.Error())
		return
	}
	enrolment, again, err := s.db.Enrol(r.Context(), key, wanted.Course, wanted.Student)
	if err != nil {
		fail(w, err)
		return
	}
	if again {
		w.Header().Set("Idempotent-Replayed", "true")
	}
	send(w, http.StatusCreated, enrolment)
}

var keyPattern = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

type wantedEnrolment struct {
	Course  int64  `json:"course"`
	Student string `json:"student"`
}

// readEnrolment returns what a request asks for, or the status and the reason for which it is refused.
func readEnrolment(w http.ResponseWriter, r *http.Request) (key string, wanted wantedEnrolment, status int, err error) {
	keys := r.Header.Values("Idempotency-Key")
	if len(keys) != 1 || !keyPattern.MatchString(keys[0]) {
		return "", wanted, http.StatusBadRequest, errors.New("Idempotency-Key: give one, of 1 to 64 letters, digits, - and _")
	}
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return "", wanted, http.StatusUnsupportedMediaType, errors.New("Content-Type: must be application/json")
	}
	body := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBodyBytes))
	body.DisallowUnknownFields()
	err = body.Decode(&wanted)
	if err == nil {
		if _, after := body.Token(); !errors.Is(after, io.EOF) {
			err = errors.Join(errTrailing, after) // too large, perhaps
		}
	}
	if large := (*http.MaxBytesError)(nil); errors.As(err, &large) {
		return "", wanted, http.StatusRequestEntityTooLarge, fmt.Errorf("the body must be at most %d bytes", large.Limit)
	}
	if err != nil {
		return "", wanted, http.StatusBadRequest, fmt.Errorf(`the body must be an object such as {"course": 1, "student": "ada"}: %s`, jsonFault(err))
	}
	return keys[0], wanted, http.StatusBadRequest, checkStudent(wanted.Student)
}

var errTrailing = errors.New("more follows after the object")

// jsonFault says what is wrong with a body, without the words of Go.
func jsonFault(err error) string {
	var wrong *json.UnmarshalTypeError
	switch text := err.Error(); {
	case errors.As(err, &wrong) && wrong.Field == "course":
		return "course must be an integer"
	case errors.As(err, &wrong) && wrong.Field == "student":
		return "student must be a string"
	case strings.Contains(text, "unknown field"):
		return text[strings.Index(text, "unknown field"):]
	case errors.Is(err, errTrailing):
		return errTrailing.Error()
	default:
		return "it is not JSON"
	}
}

func checkStudent(student string) error {
	length := utf8.RuneCountInString(student)
	if length < 1 || length > 64 || !utf8.ValidString(student) {
		return errors.New("student: must be 1 to 64 characters")
	}
	for _, char := range student {
		if !unicode.IsPrint(char) {
			return errors.New("student: must be printable characters")
		}
	}
	return nil
}
