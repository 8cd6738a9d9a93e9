package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"time"
)

const (
	id       = "0123456789abcdef0123456789abcdef"
	template = "fedcba9876543210fedcba9876543210"
	groupID  = "00112233445566778899aabbccddeeff"
	password = "s3cret-of-the-pipeline"
)

// fake is an instance of ServiceNow with one change, which keeps ServiceNow's state model.
type fake struct {
	begin  time.Time
	fields map[string]string // of the change; none before it is created
	born   state             // of a change, New unless given
	// later changes the fields by itself, as approvers do.
	later []event
	// trouble answers a request in place of the fake, once it returns true.
	trouble func(w http.ResponseWriter, r *http.Request) bool
	deaf    bool // answers moves with 200, and does not make them
	oauth   bool
	expired func(token string) bool

	requests []string // method and path, and the body
	tokens   int
}

type event struct {
	after  time.Duration
	fields map[string]string
}

// next is the state model: where a change of a type may go from a state.
var next = map[string]map[state][]state{
	"normal": {
		stateNew: {stateAssess, stateCanceled}, stateAssess: {stateNew, stateCanceled}, stateAuthorize: {stateNew, stateCanceled},
		stateScheduled: {stateImplement, stateCanceled}, stateImplement: {stateReview, stateCanceled}, stateReview: {stateClosed},
	},
	"standard": {
		stateNew:       {stateScheduled, stateCanceled},
		stateScheduled: {stateImplement, stateCanceled}, stateImplement: {stateReview, stateCanceled}, stateReview: {stateClosed},
	},
}

// RoundTrip serves a request without a network, for tests in a bubble of time.
func (f *fake) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	recorder := httptest.NewRecorder()
	f.ServeHTTP(recorder, r)
	response := recorder.Result()
	if response.StatusCode == http.StatusTeapot {
		return nil, io.ErrUnexpectedEOF // a connection that breaks
	}
	return response, nil
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var body []byte
	if r.Body != nil {
		body, _ = io.ReadAll(r.Body)
	}
	f.requests = append(f.requests, strings.TrimSpace(r.Method+" "+r.URL.Path+" "+string(body)))
	for len(f.later) > 0 && time.Since(f.begin) >= f.later[0].after {
		f.set(f.later[0].fields)
		f.later = f.later[1:]
	}
	switch {
	case r.URL.Scheme != "https" || r.URL.Host != "acme.service-now.com":
		refuse(w, http.StatusNotFound, "another host", r.URL.String())
	case f.trouble != nil && f.trouble(w, r):
	case r.Method == http.MethodPost && r.URL.Path == "/oauth_token.do":
		f.login(w, string(body))
	case !f.authorized(r):
		refuse(w, http.StatusUnauthorized, "User Not Authenticated", "Required to provide Auth information")
	case r.Method == http.MethodGet && r.URL.Path == "/api/now/table/sys_user_group":
		f.groups(w, r.URL.Query().Get("sysparm_query"))
	default:
		f.changes(w, r, body)
	}
}

func (f *fake) login(w http.ResponseWriter, form string) {
	if form != "client_id=pipeline&client_secret="+password+"&grant_type=client_credentials" {
		w.WriteHeader(http.StatusUnauthorized)
		fmt.Fprintf(w, `{"error": "server_error", "error_description": "access_denied for %s"}`, password)
		return
	}
	f.tokens++
	fmt.Fprintf(w, `{"access_token": "token-%d", "token_type": "Bearer", "expires_in": 1799}`, f.tokens)
}

func (f *fake) authorized(r *http.Request) bool {
	if f.oauth {
		token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
		return token == fmt.Sprintf("token-%d", f.tokens) && (f.expired == nil || !f.expired(token))
	}
	user, secret, _ := r.BasicAuth()
	return user == "pipeline" && secret == password
}

func (f *fake) groups(w http.ResponseWriter, query string) {
	list := []map[string]string{}
	for _, name := range []string{"Platform", "Twins", "Twins"} {
		if slices.Contains(strings.Split(strings.ReplaceAll(query, "^OR", "^"), "^"), "name="+name) {
			list = append(list, map[string]string{"sys_id": groupID, "name": name})
		}
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"result": list})
}

func (f *fake) changes(w http.ResponseWriter, r *http.Request, body []byte) {
	var fields map[string]string
	if r.Method != http.MethodGet {
		if err := json.Unmarshal(body, &fields); err != nil {
			refuse(w, http.StatusBadRequest, "Invalid body", err.Error())
			return
		}
	}
	switch path := strings.TrimPrefix(r.URL.Path, "/api/sn_chg_rest/v1/change"); {
	case r.Method == http.MethodPost && path == "/normal":
		f.create("normal", fields)
	case r.Method == http.MethodPost && path == "/standard/"+template:
		f.create("standard", fields)
	case path != "/"+id || f.fields == nil:
		refuse(w, http.StatusNotFound, "No Record found", "Record doesn't exist or ACL restricts the record retrieval")
		return
	case r.Method == http.MethodPatch && !f.patch(w, fields):
		return
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"result": f.record()})
}

func (f *fake) create(kind string, fields map[string]string) {
	f.fields = map[string]string{"sys_id": id, "number": "CHG0030001", "type": kind, "state": string(stateNew), "approval": "not requested"}
	if f.born != "" {
		f.fields["state"] = string(f.born)
	}
	f.set(fields)
}

// patch changes fields, where the state model lets it.
func (f *fake) patch(w http.ResponseWriter, fields map[string]string) bool {
	from, to := state(f.fields["state"]), state(fields["state"])
	if f.deaf || from == to {
		return true
	}
	if !slices.Contains(next[f.fields["type"]][from], to) {
		refuse(w, http.StatusBadRequest, "Invalid state transition", fmt.Sprintf("from %v to %v", from, to))
		return false
	}
	if to == stateClosed && (fields["close_code"] == "" || fields["close_notes"] == "") {
		refuse(w, http.StatusBadRequest, "Data Policy Exception", "The following fields are mandatory: Close code, Close notes")
		return false
	}
	f.set(fields)
	if to == stateAssess {
		f.fields["approval"] = "requested"
	}
	return true
}

func (f *fake) set(fields map[string]string) {
	for name, value := range fields {
		f.fields[name] = value
	}
}

// record is the change as ServiceNow has it: numbers with a fraction.
func (f *fake) record() map[string]any {
	record := map[string]any{"__meta": map[string]any{"ignoredFields": []string{}}}
	for name, value := range f.fields {
		record[name] = map[string]any{"value": value, "display_value": "Display of " + value}
	}
	record["state"] = map[string]any{
		"value": json.RawMessage(f.fields["state"] + ".0"), "display_value": state(f.fields["state"]).String(),
	}
	return record
}

func refuse(w http.ResponseWriter, status int, message, detail string) {
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{
		"error": map[string]string{"message": message, "detail": detail}, "status": "failure",
	})
}
