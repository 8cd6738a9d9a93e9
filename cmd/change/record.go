package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"time"
)

const api = "/api/sn_chg_rest/v1/change"

// state is where a change stands, by the values of ServiceNow's state model.
type state string

const (
	stateNew       state = "-5"
	stateAssess    state = "-4"
	stateAuthorize state = "-3"
	stateScheduled state = "-2"
	stateImplement state = "-1"
	stateReview    state = "0"
	stateClosed    state = "3"
	stateCanceled  state = "4"
)

// way is the way of a change, in order. Canceled is off it.
var way = []state{stateNew, stateAssess, stateAuthorize, stateScheduled, stateImplement, stateReview, stateClosed}

var stateNames = map[state]string{
	stateNew: "New", stateAssess: "Assess", stateAuthorize: "Authorize", stateScheduled: "Scheduled",
	stateImplement: "Implement", stateReview: "Review", stateClosed: "Closed", stateCanceled: "Canceled",
}

// String returns the name of a state.
func (s state) String() string {
	if name, ok := stateNames[s]; ok {
		return name
	}
	return "state " + string(s)
}

// reached reports whether a change in state s is at a state, or past it: approvals that nobody has to give take it further
// than it was moved.
func (s state) reached(to state) bool {
	if to == stateCanceled || s == stateCanceled {
		return s == to
	}
	return slices.Index(way, s) >= slices.Index(way, to)
}

var sysID = regexp.MustCompile(`^[0-9a-f]{32}$`)

// field is a field of a record. It comes as an object, or bare as some answers have the sys_id; numbers come as such, with a
// fraction of .0, or as text.
type field struct {
	Value any `json:"value"`
}

// UnmarshalJSON reads both kinds of fields.
func (f *field) UnmarshalJSON(content []byte) error {
	if len(content) > 0 && content[0] == '{' {
		type object field // without this method
		return json.Unmarshal(content, (*object)(f))
	}
	return json.Unmarshal(content, &f.Value)
}

// String returns the value as ServiceNow's choices have it.
func (f field) String() string {
	switch value := f.Value.(type) {
	case string:
		return value
	case float64:
		return strconv.FormatFloat(value, 'f', -1, 64)
	case bool:
		return strconv.FormatBool(value)
	}
	return ""
}

// change is a change request, as far as this command looks at it.
type change struct {
	SysID    field `json:"sys_id"`
	Number   field `json:"number"`
	Type     field `json:"type"`
	State    field `json:"state"`
	Approval field `json:"approval"`
	OnHold   field `json:"on_hold"`
}

// UnmarshalJSON reads a change, or a list of one: ServiceNow's reference shows both for the same call.
func (c *change) UnmarshalJSON(content []byte) error {
	type object change // without this method
	if len(content) == 0 || content[0] != '[' {
		return json.Unmarshal(content, (*object)(c))
	}
	var list []object
	if err := json.Unmarshal(content, &list); err != nil {
		return err
	}
	if len(list) != 1 {
		return fmt.Errorf("%d changes instead of one", len(list))
	}
	*c = change(list[0])
	return nil
}

func (c *change) onHold() bool { return c.OnHold.String() == "true" }

func (c *change) state() state { return state(c.State.String()) }

// create makes a change: a standard one of a template, or a normal one.
func (c *client) create(ctx context.Context, template string, fields map[string]string) (*change, error) {
	path := api + "/normal"
	if template != "" {
		path = api + "/standard/" + template
	}
	var created change
	// ServiceNow's reference has the fields of a new change in the URL, and knows of no body. Public code sends either: so do both.
	query := url.Values{"short_description": {fields["short_description"]}}
	if group := fields["assignment_group"]; group != "" {
		query.Set("assignment_group", group)
	}
	if err := c.call(ctx, http.MethodPost, path+"?"+query.Encode(), fields, &created); err != nil {
		return nil, err
	}
	if !sysID.MatchString(created.SysID.String()) {
		return nil, &fault{fmt.Sprintf("POST %s: no sys_id in the answer", path), false}
	}
	return &created, nil
}

func (c *client) read(ctx context.Context, id string) (*change, error) {
	var found change
	if err := c.call(ctx, http.MethodGet, api+"/"+id, nil, &found); err != nil {
		return nil, err
	}
	if found.State.String() == "" {
		return nil, &fault{fmt.Sprintf("GET %s/%s: no state in the answer", api, id), false}
	}
	return &found, nil
}

// move takes a change to a state, with fields that go along. It believes only what it reads afterwards: ServiceNow
// answers moves that it does not make with 200, and makes moves whose answer gets lost.
func (c *client) move(ctx context.Context, id string, to state, fields map[string]string) (*change, error) {
	body := map[string]string{"state": string(to)}
	for name, value := range fields {
		body[name] = value
	}
	for attempt := 1; ; attempt++ {
		err := c.call(ctx, http.MethodPatch, api+"/"+id, body, nil)
		if err != nil && !transient(err) {
			return nil, err
		}
		now, readErr := c.read(ctx, id)
		switch {
		case readErr != nil:
			return nil, readErr
		case now.state().reached(to):
			return now, nil
		case err == nil:
			return nil, &fault{fmt.Sprintf("%s: stays in %v, ServiceNow does not move it to %v: see what its form asks for, such as "+
				"an assignment group (-group) or open tasks: %s", now.Number, now.state(), to, c.link(id)), false}
		case attempt == attempts:
			return nil, err
		}
		select {
		case <-time.After(firstPause << attempt):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// group returns the sys_id of a group, which may be given as such.
func (c *client) group(ctx context.Context, name string) (string, error) {
	if sysID.MatchString(name) {
		return name, nil
	}
	query := url.Values{"sysparm_query": {"name=" + name}, "sysparm_fields": {"sys_id,name"}, "sysparm_limit": {"10"}}
	var groups []struct {
		SysID string `json:"sys_id"`
		Name  string `json:"name"`
	}
	if err := c.call(ctx, http.MethodGet, "/api/now/table/sys_user_group?"+query.Encode(), nil, &groups); err != nil {
		return "", err
	}
	var found []string
	for _, group := range groups {
		if group.Name == name { // a name with a ^ in it is a query of its own
			found = append(found, group.SysID)
		}
	}
	if len(found) != 1 {
		return "", fmt.Errorf("-group: ServiceNow has %d groups named %q: name one that there is, or give its sys_id", len(found), name)
	}
	return found[0], nil
}

// link returns where people see a change.
func (c *client) link(id string) string { return c.base + "/change_request.do?sys_id=" + id }
