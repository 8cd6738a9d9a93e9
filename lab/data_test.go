//go:build lab && linux

package lab

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// writer enrolls students through the site, one after the other, and keeps what was acknowledged.
type writer struct {
	lab          *Lab
	course       int
	name         string
	stopped      chan struct{}
	done         sync.WaitGroup
	acknowledged []string
	failed       int
}

func (l *Lab) write(t *testing.T, name string) *writer {
	w := &writer{lab: l, course: l.courses(t)[0], name: name, stopped: make(chan struct{})}
	w.done.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-w.stopped:
				return
			case <-time.After(50 * time.Millisecond):
			}
			student := fmt.Sprintf("%s-%d", name, i)
			if w.enroll(t, student) {
				w.acknowledged = append(w.acknowledged, student)
			} else {
				w.failed++
			}
		}
	})
	return w
}

func (w *writer) enroll(t *testing.T, student string) bool {
	body, err := json.Marshal(map[string]any{"course": w.course, "student": student})
	if err != nil {
		return false
	}
	request, err := http.NewRequestWithContext(w.lab.ctx, http.MethodPost, "https://"+siteName+"/enrolments", bytes.NewReader(body))
	if err != nil {
		return false
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Idempotency-Key", student)
	status, _ := w.lab.send(t, request)
	return status == http.StatusCreated || status == http.StatusOK
}

// check ends the writer, and checks that all that was acknowledged is there.
func (w *writer) check(t *testing.T) int {
	t.Helper()
	close(w.stopped)
	w.done.Wait()
	require.NotEmpty(t, w.acknowledged)
	missing := 0
	for _, student := range w.acknowledged {
		status, body := w.lab.get(t, "/enrolments?student="+student)
		if status != http.StatusOK || !bytes.Contains([]byte(body), []byte(student)) {
			missing++
		}
	}
	assert.Zero(t, missing, "acknowledged enrollments are gone")
	return len(w.acknowledged)
}

// zoneLostDrill cuts the zone of the primary off from the others: its node of the load balancer, its instance, its proxy and its
// half of the database. The other zone must carry on alone.
func zoneLostDrill(t *testing.T, l *Lab) figures {
	zone := l.data.primary()
	found := figures{did: "the zone of the primary cut off from everything"}
	writes := l.write(t, "zone")
	watch := l.watch(shallow, deep)
	time.Sleep(lead)
	watch.act()
	require.NoError(t, l.loseZone(zone))
	l.eventually(t, settling, "the standby does not take over", func() (bool, string) {
		return l.data.primary() != zone, "the primary is in " + l.data.primary()
	})
	found.note("the standby was promoted after %s", seconds(time.Since(watch.acted)))
	l.eventually(t, settling, "the site does not serve from one zone", func() (bool, string) {
		status, body := l.get(t, deep)
		return status == http.StatusOK, body
	})
	l.zonePages(t, &found, zone, watch.acted)
	require.NoError(t, l.regainZone(zone))
	time.Sleep(noticed + 2*recordTTL)
	l.whole(t)
	found.note("%s until the fleet was whole again, after the zone was back", seconds(time.Since(watch.acted)))
	found.paths = watch.stop()
	found.note("%d enrollments were acknowledged, %d failed, none was lost", writes.check(t), writes.failed)
	found.note("paged: %s", strings.Join(l.paged(watch.acted), ", "))
	for path, bound := range map[string]time.Duration{shallow: l.noticing(), deep: promoteAfter + afterwards} {
		assert.Less(t, found.paths[path].Recovery, bound, path)
	}
	return found
}

// zonePages waits until someone is paged because no instance of the zone has sent a heartbeat for as long as a replacement takes.
func (l *Lab) zonePages(t *testing.T, found *figures, zone string, since time.Time) {
	t.Helper()
	l.eventually(t, 2*settling, "the loss of a zone pages nobody", func() (bool, string) {
		paged := l.paged(since)
		return slices.Contains(paged, "zone"), "paged: " + strings.Join(paged, ", ")
	})
	found.note("the alarm zone paged %s after the zone was cut off", seconds(time.Since(since)))
	for _, each := range zones {
		state := l.alarm(t, alarmPrefix+"zone-heartbeat-"+each[len(each)-1:])
		assert.Equal(t, each == zone, state == "ALARM", "zone-heartbeat of %s is %s", each, state)
	}
}

// afterwards is how long the application may take to serve once the database answers (docs/your-application.md).
const afterwards = 5*time.Second + 2*recordTTL
