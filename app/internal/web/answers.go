package web

import (
	"encoding/json"
	"errors"
	"net/http"

	"ha-web/app/internal/store"
)

// send answers with JSON.
func send(w http.ResponseWriter, status int, body any) {
	write(w, "application/json", status, body)
}

// problem answers with what went wrong, as RFC 9457 has it.
func problem(w http.ResponseWriter, status int, detail string) {
	write(w, "application/problem+json", status, map[string]any{
		"title": http.StatusText(status), "status": status, "detail": detail,
	})
}

func write(w http.ResponseWriter, kind string, status int, body any) {
	text, err := json.Marshal(body)
	if err != nil {
		panic(err) // of a type of this package
	}
	w.Header().Set("Content-Type", kind)
	w.WriteHeader(status)
	_, _ = w.Write(append(text, '\n')) // the client may be gone
}

func unavailable(w http.ResponseWriter, detail string) {
	w.Header().Set("Retry-After", "2") // seconds
	problem(w, http.StatusServiceUnavailable, detail)
}

// fail answers with what became of an error of the store. The client is told what it can act on, and the log the rest.
func fail(w http.ResponseWriter, err error) {
	if answer, ok := w.(*recorder); ok {
		answer.err = err
	}
	for known, status := range map[error]int{
		store.ErrUnknownCourse: http.StatusNotFound,
		store.ErrEnrolled:      http.StatusConflict,
		store.ErrKeyReused:     http.StatusUnprocessableEntity,
	} {
		if errors.Is(err, known) {
			problem(w, status, known.Error())
			return
		}
	}
	if missing := (*store.Unavailable)(nil); errors.As(err, &missing) {
		unavailable(w, "the database is unavailable; try again")
		return
	}
	problem(w, http.StatusInternalServerError, "the log of the instance says why")
}

func notFound(w http.ResponseWriter, _ *http.Request) {
	problem(w, http.StatusNotFound, "there is nothing at this path")
}
