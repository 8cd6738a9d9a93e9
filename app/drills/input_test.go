package drills

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const injection = `'; DROP TABLE enrolments; --`

// badInput is requests that have to be refused. A key is sent unless the headers have one.
var badInput = []struct {
	name, method, path, body string
	headers                  []string // pairs of name and value
	code                     int
	allow                    string
}{
	{name: "delete the courses", method: "DELETE", path: "/courses", code: 405, allow: "GET, HEAD"},
	{name: "post to the health check", method: "POST", path: "/health", code: 405, allow: "GET, HEAD"},
	{name: "put an enrollment", method: "PUT", path: "/enrolments", body: enrollment(1, "ada"), code: 405, allow: "GET, HEAD, POST"},
	{name: "unknown method", method: "BREW", path: "/", code: 405, allow: "GET, HEAD"},
	{name: "unknown path", method: "GET", path: "/admin", code: 404},
	{name: "folder of static files", method: "GET", path: "/static/", code: 404},
	{name: "path outside of the static files", method: "GET", path: "/static/..%2fmain.go", code: 404},
	{name: "no student", method: "GET", path: "/enrolments", code: 400},
	{name: "long student", method: "GET", path: "/enrolments?student=" + strings.Repeat("a", 65), code: 400},
	{name: "NUL in student", method: "GET", path: "/enrolments?student=a%00b", code: 400},
	{name: "student is not UTF-8", method: "GET", path: "/enrolments?student=%ff", code: 400},

	{name: "empty key", method: "POST", path: "/enrolments", body: enrollment(1, "ada"), headers: []string{"Idempotency-Key", ""}, code: 400},
	{name: "long key", method: "POST", path: "/enrolments", body: enrollment(1, "ada"),
		headers: []string{"Idempotency-Key", strings.Repeat("k", 65)}, code: 400},
	{name: "SQL in key", method: "POST", path: "/enrolments", body: enrollment(1, "ada"),
		headers: []string{"Idempotency-Key", injection}, code: 400},
	{name: "no content type", method: "POST", path: "/enrolments", body: enrollment(1, "ada"), headers: []string{"Content-Type", ""}, code: 415},
	{name: "a form", method: "POST", path: "/enrolments", body: "course=1&student=ada",
		headers: []string{"Content-Type", "application/x-www-form-urlencoded"}, code: 415},
	{name: "no body", method: "POST", path: "/enrolments", headers: []string{"Content-Type", "application/json"}, code: 400},
	{name: "broken JSON", method: "POST", path: "/enrolments", body: `{"course":1,"student":"ada"`, code: 400},
	{name: "a list", method: "POST", path: "/enrolments", body: `[1,"ada"]`, code: 400},
	{name: "null", method: "POST", path: "/enrolments", body: `null`, code: 400},
	{name: "trailing data", method: "POST", path: "/enrolments", body: enrollment(1, "ada") + enrollment(2, "ada"), code: 400},
	{name: "trailing garbage", method: "POST", path: "/enrolments", body: enrollment(1, "ada") + "garbage", code: 400},
	{name: "unknown field", method: "POST", path: "/enrolments", body: `{"course":1,"student":"ada","admin":true}`, code: 400},
	{name: "deep nesting", method: "POST", path: "/enrolments", body: strings.Repeat("[", 4000), code: 400},
	{name: "course is a string", method: "POST", path: "/enrolments", body: `{"course":"1","student":"ada"}`, code: 400},
	{name: "course is a fraction", method: "POST", path: "/enrolments", body: `{"course":1.5,"student":"ada"}`, code: 400},
	{name: "course overflows", method: "POST", path: "/enrolments", body: `{"course":9223372036854775808,"student":"ada"}`, code: 400},
	{name: "SQL in course", method: "POST", path: "/enrolments", body: `{"course":"1` + injection + `","student":"ada"}`, code: 400},
	{name: "no course", method: "POST", path: "/enrolments", body: `{"student":"ada"}`, code: 404},
	{name: "negative course", method: "POST", path: "/enrolments", body: enrollment(-1, "ada"), code: 404},
	{name: "unknown course", method: "POST", path: "/enrolments", body: enrollment(4711, "ada"), code: 404},
	{name: "largest course", method: "POST", path: "/enrolments", body: `{"course":9223372036854775807,"student":"ada"}`, code: 404},
	{name: "no student", method: "POST", path: "/enrolments", body: `{"course":1}`, code: 400},
	{name: "long student", method: "POST", path: "/enrolments", body: enrollment(1, strings.Repeat("ä", 65)), code: 400},
	{name: "line break in student", method: "POST", path: "/enrolments", body: `{"course":1,"student":"a\nb"}`, code: 400},
	{name: "NUL in student", method: "POST", path: "/enrolments", body: `{"course":1,"student":"a\u0000b"}`, code: 400},
	{name: "body above the limit", method: "POST", path: "/enrolments", body: `{"course":1,"student":"` + strings.Repeat("a", 4<<10) + `"}`, code: 413},
	{name: "spaces above the limit", method: "POST", path: "/enrolments", body: enrollment(1, "ada") + strings.Repeat(" ", 100<<10), code: 413},
	{name: "headers above the limit", method: "GET", path: "/courses", headers: []string{"Cookie", strings.Repeat("c", 64<<10)}, code: 431},
}

func TestBadInput(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	a := s.ready(t)
	for _, bad := range badInput {
		t.Run(bad.method+" "+bad.name, func(t *testing.T) {
			answer, err := a.send(bad.method, bad.path, bad.body, append([]string{"Idempotency-Key", "bad-input"}, bad.headers...)...)
			require.NoError(t, err)
			require.Equal(t, bad.code, answer.code, answer.body)
			assert.Equal(t, bad.allow, answer.header.Get("Allow"))
			if bad.code == http.StatusRequestHeaderFieldsTooLarge { // net/http answers that by itself
				return
			}
			checkProblem(t, answer)
		})
	}
	t.Run("POST two keys", func(t *testing.T) {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, a.url+"/enrolments", strings.NewReader(enrollment(1, "ada")))
		require.NoError(t, err)
		request.Header = http.Header{"Content-Type": {"application/json"}, "Idempotency-Key": {"first", "second"}}
		answer, err := client.Do(request)
		require.NoError(t, err)
		defer answer.Body.Close()
		assert.Equal(t, 400, answer.StatusCode)
	})
	assert.Zero(t, s.server.count(t, "SELECT count(*) FROM enrolments"), "rows that refused requests wrote")
	assert.Equal(t, 200, a.get("/courses").code)
}

// checkProblem holds an error to the form that is agreed: RFC 9457, with a message.
func checkProblem(t *testing.T, answer response) {
	t.Helper()
	assert.Equal(t, "application/problem+json", answer.header.Get("Content-Type"))
	assert.Equal(t, "no-store", answer.header.Get("Cache-Control"))
	var problem struct {
		Title, Detail string
		Status        int
	}
	require.NoError(t, json.Unmarshal([]byte(answer.body), &problem), answer.body)
	assert.Equal(t, answer.code, problem.Status)
	assert.NotEmpty(t, problem.Title)
	assert.NotEmpty(t, problem.Detail)
	assert.NotContains(t, problem.Detail, "SQLSTATE", "what the database said")
}

// A name may have SQL in it. It is stored as it is.
func TestSQLInStudent(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	a := s.ready(t)
	for i, student := range []string{injection, `" OR 1=1 --`, `\'); DELETE FROM courses; --`, `%_%`, `$1`, `{"a":1}`, "名前 🎓"} {
		created, err := a.enroll("sql-"+string(rune('a'+i)), 1, student)
		require.NoError(t, err)
		require.Equal(t, 201, created.code, created.body)
		assert.Equal(t, 1, s.server.count(t, "SELECT count(*) FROM enrolments WHERE student = $1", student))
		var listed struct{ Enrolments []struct{ Student string } }
		found := a.get("/enrolments?student=" + url.QueryEscape(student))
		require.NoError(t, json.Unmarshal([]byte(found.body), &listed), found.body)
		require.Len(t, listed.Enrolments, 1)
		assert.Equal(t, student, listed.Enrolments[0].Student)
		assert.Equal(t, i+1, s.server.count(t, "SELECT count(*) FROM enrolments"))
	}
	assert.Positive(t, s.server.count(t, "SELECT count(*) FROM courses"))
}

func TestIdempotencyKey(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	a := s.ready(t)
	first, err := a.enroll("key", 1, "ada")
	require.NoError(t, err)
	require.Equal(t, 201, first.code, first.body)
	assert.Empty(t, first.header.Get("Idempotent-Replayed"))
	for name, expected := range map[string]struct {
		key      string
		course   int
		student  string
		code     int
		replayed string
	}{
		"again":                        {"key", 1, "ada", 201, "true"},
		"same key, another student":    {"key", 1, "grace", 422, ""},
		"same key, another course":     {"key", 2, "ada", 422, ""},
		"another key, same enrollment": {"another", 1, "ada", 409, ""},
	} {
		t.Run(name, func(t *testing.T) {
			answer, err := a.enroll(expected.key, expected.course, expected.student)
			require.NoError(t, err)
			require.Equal(t, expected.code, answer.code, answer.body)
			assert.Equal(t, expected.replayed, answer.header.Get("Idempotent-Replayed"))
			if answer.code == 201 {
				assert.Equal(t, first.body, answer.body)
				return
			}
			checkProblem(t, answer)
		})
	}
	assert.Equal(t, 1, s.server.count(t, "SELECT count(*) FROM enrolments"))
}
