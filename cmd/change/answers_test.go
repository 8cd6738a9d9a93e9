package main

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// TestShapes answers as the reference of ServiceNow shows it: with a bare sys_id, and with a list.
func TestShapes(t *testing.T) {
	for _, shape := range []string{`{"result": %s}`, `{"result": [%s]}`} {
		t.Run(shape, func(t *testing.T) {
			f := &fake{}
			f.trouble = func(w http.ResponseWriter, r *http.Request) bool {
				if r.Method == http.MethodPost {
					assert.Equal(t, "Deploy", r.URL.Query().Get("short_description"))
					f.create("normal", nil)
				}
				if r.Method == http.MethodPatch {
					return false
				}
				fmt.Fprintf(w, shape, fmt.Sprintf(`{"sys_id": %q, "number": {"value": "CHG0030001"}, "state": {"value": %q}}`, id, f.fields["state"]))
				return true
			}
			r := try(t, f, "open", "-title", "Deploy")
			assert.Equal(t, result{0, id + "\n", "CHG0030001 " + link + "\n", 0}, r)
		})
	}
}

func TestWaitOnHold(t *testing.T) {
	for _, state := range []state{stateScheduled, stateImplement} {
		t.Run(state.String(), func(t *testing.T) {
			f := &fake{fields: map[string]string{"sys_id": id, "number": "CHG0030001", "type": "normal",
				"state": string(state), "approval": "approved", "on_hold": "true"}}
			f.later = []event{{time.Hour, map[string]string{"on_hold": "false"}}}
			r := try(t, f, "wait", id)
			assert.Equal(t, 0, r.status, r.err)
			assert.Equal(t, time.Hour, r.elapsed)
			assert.Contains(t, r.err, "approval: approved, on hold")
			assert.Equal(t, string(stateImplement), f.fields["state"])
		})
	}
}
