package main

import (
	"bytes"
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const link = "https://acme.service-now.com/change_request.do?sys_id=" + id

// result is what a command did.
type result struct {
	status   int
	out, err string
	elapsed  time.Duration
}

// environment is that of a user, or of an OAuth client.
func environment(f *fake) map[string]string {
	if f.oauth {
		return map[string]string{
			"SERVICENOW_INSTANCE": "acme", "SERVICENOW_CLIENT_ID": "pipeline", "SERVICENOW_CLIENT_SECRET": password,
		}
	}
	return map[string]string{"SERVICENOW_INSTANCE": "acme", "SERVICENOW_USERNAME": "pipeline", "SERVICENOW_PASSWORD": password}
}

// try runs a command on a fake, in the fake's time.
func try(t *testing.T, f *fake, args ...string) result {
	t.Helper()
	return tryIn(t, f, environment(f), args...)
}

func tryIn(t *testing.T, f *fake, env map[string]string, args ...string) result {
	t.Helper()
	var r result
	synctest.Test(t, func(t *testing.T) {
		f.begin = time.Now()
		var out, err bytes.Buffer
		r.status = command(t.Context(), args, surroundings{func(name string) string { return env[name] }, f, &out, &err})
		r.out, r.err, r.elapsed = out.String(), err.String(), time.Since(f.begin)
	})
	assert.NotContains(t, r.out+r.err, password)
	return r
}

// existing is a fake with a change.
func existing(kind string, state state, approval string, later ...event) *fake {
	f := &fake{later: later}
	f.create(kind, map[string]string{"state": string(state), "approval": approval})
	return f
}

func approve(after time.Duration) event {
	return event{after, map[string]string{"state": string(stateScheduled), "approval": "approved"}}
}

// writes returns the requests that change something.
func (f *fake) writes() []string {
	return slices.DeleteFunc(slices.Clone(f.requests), func(request string) bool { return strings.HasPrefix(request, "GET") })
}

func TestOpen(t *testing.T) {
	t.Run("normal", func(t *testing.T) {
		f := &fake{}
		r := try(t, f, "open", "-title", "Deploy", "-description", "abc", "-group", "Platform")
		assert.Equal(t, result{0, id + "\n", "CHG0030001 " + link + "\n", 0}, r)
		assert.Equal(t, []string{
			`POST /api/sn_chg_rest/v1/change/normal {"assignment_group":"` + groupID + `","description":"abc","short_description":"Deploy"}`,
			`PATCH /api/sn_chg_rest/v1/change/` + id + ` {"state":"-4"}`,
		}, f.writes())
	})
	t.Run("standard", func(t *testing.T) {
		f := &fake{}
		r := try(t, f, "open", "-title", "Deploy", "-template", template)
		assert.Equal(t, result{0, id + "\n", "CHG0030001 " + link + "\n", 0}, r)
		assert.Equal(t, []string{
			`POST /api/sn_chg_rest/v1/change/standard/` + template + ` {"short_description":"Deploy"}`,
			`PATCH /api/sn_chg_rest/v1/change/` + id + ` {"state":"-2"}`,
		}, f.writes())
	})
	t.Run("a group by its sys_id", func(t *testing.T) {
		f := &fake{}
		assert.Zero(t, try(t, f, "open", "-title", "Deploy", "-group", groupID).status)
		assert.Equal(t, groupID, f.fields["assignment_group"])
	})
	t.Run("a template that schedules by itself", func(t *testing.T) {
		f := &fake{born: stateScheduled}
		assert.Zero(t, try(t, f, "open", "-title", "Deploy", "-template", template).status)
		assert.Len(t, f.writes(), 1)
	})
	t.Run("nobody has to approve", func(t *testing.T) {
		f := &fake{}
		f.trouble = func(_ http.ResponseWriter, r *http.Request) bool {
			if r.Method == http.MethodGet {
				f.set(approve(0).fields)
			}
			return false
		}
		assert.Zero(t, try(t, f, "open", "-title", "Deploy").status)
	})
	for _, group := range []string{"Nobody", "Twins", "Nobody^ORname=Platform"} {
		t.Run("group "+group, func(t *testing.T) {
			f := &fake{}
			r := try(t, f, "open", "-title", "Deploy", "-group", group)
			assert.Equal(t, 1, r.status)
			assert.Contains(t, r.err, "groups named")
			assert.Empty(t, f.writes())
		})
	}
}

func TestOpenThatFails(t *testing.T) {
	t.Run("cancels what nobody can approve", func(t *testing.T) {
		f := &fake{}
		f.trouble = func(w http.ResponseWriter, r *http.Request) bool {
			if refused := r.Method == http.MethodPatch && len(f.writes()) == 2; refused {
				refuse(w, http.StatusBadRequest, "Data Policy Exception", "Assignment group is mandatory")
				return true
			}
			return false
		}
		r := try(t, f, "open", "-title", "Deploy")
		assert.Equal(t, 1, r.status)
		assert.Empty(t, r.out)
		assert.Contains(t, r.err, "Data Policy Exception: Assignment group is mandatory\nCHG0030001: canceled\n")
		assert.Equal(t, string(stateCanceled), f.fields["state"])
	})
	t.Run("does not believe a 200", func(t *testing.T) {
		r := try(t, &fake{deaf: true}, "open", "-title", "Deploy")
		assert.Equal(t, 1, r.status)
		assert.Empty(t, r.out)
		assert.Contains(t, r.err, "CHG0030001: stays in New, ServiceNow does not move it to Assess")
		assert.Contains(t, r.err, "CHG0030001: is still open, cancel it")
	})
	t.Run("does not create twice", func(t *testing.T) {
		f := &fake{}
		f.trouble = func(w http.ResponseWriter, r *http.Request) bool {
			w.WriteHeader(http.StatusGatewayTimeout)
			return true
		}
		r := try(t, f, "open", "-title", "Deploy")
		assert.Equal(t, 1, r.status)
		assert.Len(t, f.requests, 1)
		assert.Contains(t, r.err, `504 Gateway Timeout`)
		assert.Contains(t, r.err, `look for "Deploy" in ServiceNow`)
	})
	t.Run("tries again where ServiceNow did not look at it", func(t *testing.T) {
		f := &fake{}
		f.trouble = func(w http.ResponseWriter, r *http.Request) bool {
			if len(f.requests) == 1 {
				w.Header().Set("Retry-After", "20")
				w.WriteHeader(http.StatusTooManyRequests)
				return true
			}
			return false
		}
		r := try(t, f, "open", "-title", "Deploy")
		assert.Equal(t, 0, r.status, r.err)
		assert.Equal(t, 20*time.Second, r.elapsed)
	})
}

func TestWait(t *testing.T) {
	rejected := map[string]string{"state": string(stateNew), "approval": "rejected"}
	for _, test := range []struct {
		name    string
		fake    *fake
		status  int
		elapsed time.Duration
		says    string
	}{
		{"approved before", existing("normal", stateScheduled, "approved"), 0, 0, "CHG0030001 is in Implement"},
		{"approved in a while", existing("normal", stateAssess, "requested", approve(25*time.Minute)), 0, 25 * time.Minute, "approval: approved"},
		{"approved by one of two", existing("normal", stateAssess, "requested",
			event{time.Minute, map[string]string{"state": string(stateAuthorize)}}, approve(2*time.Minute)), 0, 2 * time.Minute, "is in Authorize"},
		{"approved, but not scheduled yet", existing("normal", stateAssess, "approved", approve(time.Minute)), 0, time.Minute, ""},
		{"scheduled, but not approved yet", existing("normal", stateScheduled, "requested", approve(time.Minute)), 0, time.Minute, ""},
		{"scheduled, and nobody asked", existing("normal", stateScheduled, "not requested", approve(time.Minute)), 0, time.Minute, ""},
		{"standard", existing("standard", stateScheduled, "not requested"), 0, 0, "is in Implement"},
		{"standard that is to be approved all the same", existing("standard", stateScheduled, "requested", approve(time.Minute)), 0, time.Minute, ""},
		{"moved on by hand", existing("normal", stateImplement, "approved"), 0, 0, "is in Implement"},
		{"rejected", existing("normal", stateAssess, "requested",
			event{time.Minute, rejected}), 1, time.Minute, "CHG0030001: was rejected\n"},
		{"rejected, and asked again of nobody", existing("normal", stateNew, "not requested"), 1, 0, "CHG0030001: is in New: was rejected, or taken back\n"},
		{"canceled", existing("normal", stateAssess, "requested",
			event{time.Minute, map[string]string{"state": string(stateCanceled)}}), 1, time.Minute, "CHG0030001: was canceled\n"},
		{"over", existing("normal", stateClosed, "approved"), 1, 0, "CHG0030001: is in Closed already: open another\n"},
		{"nobody answers", existing("normal", stateAssess, "requested"), 1, 2 * time.Hour,
			"not approved: out of time after 2h0m0s: CHG0030001 is in Assess, approval: requested\n"},
		{"a state of their own", existing("normal", "17", "approved"), 1, 2 * time.Hour, "state 17"},
		{"no such change", &fake{}, 1, 0, "404 Not Found: No Record found"},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := try(t, test.fake, "wait", id, "-timeout", "2h")
			assert.Equal(t, test.status, r.status, r.err)
			assert.Equal(t, test.elapsed, r.elapsed)
			assert.Empty(t, r.out)
			assert.Contains(t, r.err, test.says)
			if test.status == 0 {
				assert.Equal(t, string(stateImplement), test.fake.fields["state"])
			} else {
				assert.Empty(t, test.fake.writes())
			}
		})
	}
}

func TestWaitIsHeard(t *testing.T) {
	r := try(t, existing("normal", stateAssess, "requested", approve(25*time.Minute)), "wait", "-interval", "30s", id)
	assert.Equal(t, `0s      CHG0030001 is in Assess, approval: requested
10m0s   CHG0030001 is in Assess, approval: requested
20m0s   CHG0030001 is in Assess, approval: requested
25m0s   CHG0030001 is in Scheduled, approval: approved
25m0s   CHG0030001 is in Implement
`, r.err)
}

func TestWaitIsInterrupted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := existing("normal", stateAssess, "requested")
		f.begin = time.Now()
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(90*time.Second, cancel)
		var out, err bytes.Buffer
		env := environment(f)
		status := command(ctx, []string{"wait", id}, surroundings{func(name string) string { return env[name] }, f, &out, &err})
		assert.Equal(t, 1, status)
		assert.Equal(t, 90*time.Second, time.Since(f.begin))
		assert.Contains(t, err.String(), "interrupted: the change stays as it is\n")
	})
}

func TestTrouble(t *testing.T) {
	// down is an instance that answers with a status for a while; a teapot is a broken connection.
	down := func(f *fake, from, to time.Duration, status int) *fake {
		f.trouble = func(w http.ResponseWriter, r *http.Request) bool {
			since := time.Since(f.begin)
			if since < from || since >= to {
				return false
			}
			w.WriteHeader(status)
			_, _ = w.Write([]byte("<html>Hibernating"))
			return true
		}
		return f
	}
	waits := func() *fake { return existing("normal", stateAssess, "requested", approve(0)) }
	for _, test := range []struct {
		name   string
		fake   *fake
		status int
		says   string
	}{
		{"for a moment", down(waits(), 0, 3*time.Second, 503), 0, ""},
		{"for ten minutes", down(waits(), 0, 10*time.Minute, 500), 0, "500 Internal Server Error"},
		{"the connection", down(waits(), 0, 10*time.Minute, http.StatusTeapot), 0, "unexpected EOF"},
		{"asleep", down(waits(), 0, 5*time.Minute, 200), 0, "no JSON in the answer: is the instance awake?"},
		{"for hours", down(waits(), 0, 4*time.Hour, 503), 1, "503 Service Unavailable"},
		{"not allowed", down(waits(), 0, 4*time.Hour, 403), 1, "403 Forbidden: the user lacks a role"},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := try(t, test.fake, "wait", id)
			assert.Equal(t, test.status, r.status, r.err)
			assert.Contains(t, r.err, test.says)
			assert.Less(t, r.elapsed, 30*time.Minute)
		})
	}
	t.Run("a redirect elsewhere", func(t *testing.T) {
		f := &fake{trouble: func(w http.ResponseWriter, r *http.Request) bool {
			http.Redirect(w, r, "https://elsewhere.example.com/", http.StatusFound)
			return true
		}}
		r := try(t, f, "wait", id)
		assert.Equal(t, 1, r.status)
		assert.Len(t, f.requests, 1)
		assert.Contains(t, r.err, "302 Found")
	})
	t.Run("a move whose answer gets lost is not made twice", func(t *testing.T) {
		f := existing("normal", stateReview, "approved")
		f.trouble = func(w http.ResponseWriter, r *http.Request) bool {
			if r.Method != http.MethodPatch {
				return false
			}
			f.fields["state"] = string(stateClosed)
			w.WriteHeader(http.StatusTeapot)
			return true
		}
		r := try(t, f, "close", "-result", "successful", id)
		assert.Equal(t, 0, r.status, r.err)
		assert.Len(t, f.writes(), 1)
	})
	t.Run("a move that gets lost is made again", func(t *testing.T) {
		f := existing("normal", stateReview, "approved")
		f.trouble = func(w http.ResponseWriter, r *http.Request) bool {
			lost := r.Method == http.MethodPatch && len(f.writes()) < 3
			if lost {
				w.WriteHeader(http.StatusBadGateway)
			}
			return lost
		}
		r := try(t, f, "close", "-result", "successful", id)
		assert.Equal(t, 0, r.status, r.err)
		assert.Equal(t, string(stateClosed), f.fields["state"])
	})
}

func TestClose(t *testing.T) {
	for _, test := range []struct {
		from, result string
		status       int
		to           state
	}{
		{"New", "successful", 1, stateNew},
		{"Authorize", "successful", 1, stateAuthorize},
		{"Scheduled", "successful", 0, stateClosed},
		{"Implement", "successful", 0, stateClosed},
		{"Review", "successful", 0, stateClosed},
		{"Closed", "successful", 0, stateClosed},
		{"Canceled", "successful", 1, stateCanceled},
		{"New", "unsuccessful", 0, stateCanceled},
		{"Assess", "unsuccessful", 0, stateCanceled},
		{"Scheduled", "unsuccessful", 0, stateCanceled},
		{"Implement", "unsuccessful", 0, stateClosed},
		{"Review", "unsuccessful", 0, stateClosed},
		{"Closed", "unsuccessful", 0, stateClosed},
		{"Canceled", "unsuccessful", 0, stateCanceled},
	} {
		t.Run(test.from+" "+test.result, func(t *testing.T) {
			f := existing("normal", named(test.from), "approved")
			r := try(t, f, "close", id, "-result", test.result, "-notes", "Run 42")
			assert.Equal(t, test.status, r.status, r.err)
			assert.Equal(t, test.to, state(f.fields["state"]))
			switch {
			case test.status == 1:
				assert.Contains(t, r.err, "cannot be successful: correct it by hand: "+link)
			case named(test.from) == test.to:
				assert.Empty(t, f.writes())
			case test.to == stateClosed:
				assert.Equal(t, []string{test.result, "Run 42"}, []string{f.fields["close_code"], f.fields["close_notes"]})
			case test.to == stateCanceled:
				assert.Equal(t, "Run 42", f.fields["work_notes"])
			}
		})
	}
	t.Run("notes of its own", func(t *testing.T) {
		f := existing("normal", stateImplement, "approved")
		r := try(t, f, "close", "-result", "successful", id)
		assert.Equal(t, result{0, "", "CHG0030001 is in Closed\n", 0}, r)
		assert.Equal(t, "Closed by the pipeline: successful.", f.fields["close_notes"])
	})
}

func named(name string) state {
	for state, each := range stateNames {
		if each == name {
			return state
		}
	}
	return ""
}

func TestOAuth(t *testing.T) {
	t.Run("a token for half an hour each", func(t *testing.T) {
		f := existing("normal", stateAssess, "requested", approve(100*time.Minute))
		f.oauth = true
		r := try(t, f, "wait", id)
		assert.Equal(t, 0, r.status, r.err)
		assert.Equal(t, 4, f.tokens)
	})
	t.Run("a token that ends early", func(t *testing.T) {
		f := existing("normal", stateImplement, "approved")
		f.oauth, f.expired = true, func(token string) bool { return token == "token-1" }
		r := try(t, f, "close", "-result", "successful", id)
		assert.Equal(t, 0, r.status, r.err)
		assert.Equal(t, 2, f.tokens)
	})
	t.Run("a wrong secret", func(t *testing.T) {
		f := existing("normal", stateImplement, "approved")
		f.oauth = true
		env := environment(f)
		env["SERVICENOW_CLIENT_ID"] = "another"
		r := tryIn(t, f, env, "close", "-result", "successful", id)
		assert.Equal(t, 1, r.status)
		assert.Equal(t, "POST /oauth_token.do: 401 Unauthorized: access_denied for ***: check the user and password, or the OAuth client\n", r.err)
	})
	t.Run("a wrong password", func(t *testing.T) {
		f := existing("normal", stateImplement, "approved")
		env := environment(f)
		env["SERVICENOW_USERNAME"] = "another"
		r := tryIn(t, f, env, "close", "-result", "successful", id)
		assert.Equal(t, 1, r.status)
		assert.Contains(t, r.err, "401 Unauthorized: User Not Authenticated")
		assert.Len(t, f.requests, 1)
	})
}

func TestCommandLine(t *testing.T) {
	closes := "close -result successful " + id
	user := map[string]string{"SERVICENOW_INSTANCE": "acme", "SERVICENOW_USERNAME": "pipeline", "SERVICENOW_PASSWORD": password}
	for _, test := range []struct {
		name, args string
		env        map[string]string
		status     int
		out, err   string
	}{
		{name: "help", args: "-h", out: usage},
		{name: "help of a verb", args: "wait -h", out: usage},
		{name: "no verb", status: 2, err: "a verb is missing: open, wait or close\n"},
		{name: "unknown verb", args: "approve", status: 2, err: `no verb "approve"`},
		{name: "unknown flag", args: "open -urgent", status: 2, err: "-urgent"},
		{name: "faults of open", args: "open -template standard now", status: 2,
			err: "now: is one argument too many\n-title: is required\n-template: must be the sys_id of a template"},
		{name: "no change", args: "wait", status: 2, err: `SYS_ID: must be the sys_id that change open printed, got ""`},
		{name: "a number", args: "wait CHG0030001 -timeout 0s -interval 1ms", status: 2,
			err: `got "CHG0030001"` + "\n-timeout: must be more than 0, got 0s\n-interval: must be 1s or more"},
		{name: "two changes", args: "wait " + id + " -timeout 1h " + id, status: 2, err: id + ": is one argument too many"},
		{name: "a result of its own", args: "close -result fine " + id, status: 2, err: `-result: must be successful or unsuccessful, got "fine"`},
		{name: "no environment", args: closes, status: 2,
			err: "SERVICENOW_INSTANCE: is required: the name before .service-now.com\n" +
				"SERVICENOW_USERNAME: is required, or SERVICENOW_CLIENT_ID\nSERVICENOW_PASSWORD: is required, or SERVICENOW_CLIENT_SECRET\n"},
		{name: "half a client", args: closes, env: map[string]string{"SERVICENOW_INSTANCE": "acme", "SERVICENOW_CLIENT_ID": "a"}, status: 2,
			err: "SERVICENOW_CLIENT_SECRET: is required beside SERVICENOW_CLIENT_ID\n"},
		{name: "an address as instance", args: closes, env: map[string]string{
			"SERVICENOW_INSTANCE": "evil.example.com/", "SERVICENOW_USERNAME": "a", "SERVICENOW_PASSWORD": password,
		}, status: 2, err: `SERVICENOW_INSTANCE: must be the name before .service-now.com, got "evil.example.com/"`},
		{name: "all well", args: closes, env: user, status: 0, err: "CHG0030001 is in Closed"},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := tryIn(t, existing("normal", stateImplement, "approved"), test.env, strings.Fields(test.args)...)
			require.Equal(t, test.status, r.status, r.err)
			assert.Equal(t, test.out, r.out)
			assert.Contains(t, r.err, test.err)
			assert.Equal(t, test.err == "", r.err == "")
		})
	}
}
