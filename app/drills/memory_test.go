package drills

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Whatever keys clients make up, the application keeps none of them in memory: first keys of real enrollments, as many as are
// answered in a while, and then of requests that are refused before they reach the database, up to a million. It runs alone,
// because it leaves other drills no processor.
func TestMillionKeys(t *testing.T) {
	const (
		million    = 1_000_000
		realFor    = 5 * time.Second
		refusedFor = 12 * time.Second
		mayGrowBy  = 30 // MiB: 32 bytes for each of a million keys would be more
	)
	s := newStage(t)
	a := s.readyRelease(t, plainRelease)
	first, err := a.enroll("first", 1, "ada")
	require.NoError(t, err)
	require.Equal(t, 201, first.code, first.body)

	var sent atomic.Int64
	deadline := time.Now().Add(realFor)
	inParallel(4, func() {
		for time.Now().Before(deadline) {
			answer, err := a.enroll(fmt.Sprintf("real-%d", sent.Add(1)), 1, "ada")
			if !assert.NoError(t, err) || !assert.Equal(t, 409, answer.code, answer.body) {
				return
			}
		}
	})
	enrolled := sent.Load()
	before := a.memory(t)
	began := time.Now()
	inParallel(4, func() {
		for sent.Load() < million && time.Since(began) < refusedFor {
			last := sent.Add(10_000)
			if !assert.NoError(t, a.refuse(last-10_000, last)) {
				return
			}
		}
	})
	grown := a.memory(t) - before
	t.Logf("%s: %d enrollments in %s, %d refused requests in %.0f s; %d MiB before them, %+d MiB after them",
		t.Name(), enrolled, realFor, sent.Load()-enrolled, time.Since(began).Seconds(), before, grown)
	assert.Less(t, grown, mayGrowBy, "MiB")
	assert.Greater(t, sent.Load(), int64(100_000))
	assert.Equal(t, 1, s.server.count(t, "SELECT count(*) FROM enrolments"))
	assert.Equal(t, 200, a.get("/courses").code)
}

func inParallel(n int, work func()) {
	var all sync.WaitGroup
	for range n {
		all.Go(work)
	}
	all.Wait()
}

// refuse sends one enrollment without a student for each key number in a range over one connection, without waiting for
// answers, and holds these to 400.
func (a *application) refuse(from, to int64) error {
	connection, err := net.Dial("tcp", strings.TrimPrefix(a.url, "http://"))
	if err != nil {
		return err
	}
	defer connection.Close()
	if err := connection.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		return err
	}
	body := `{"course":1}`
	go func() {
		requests := bufio.NewWriterSize(connection, 64<<10)
		for key := from; key < to; key++ {
			fmt.Fprintf(requests, "POST /enrolments HTTP/1.1\r\nHost: drill\r\nContent-Type: application/json\r\n"+
				"Idempotency-Key: refused-%d\r\nContent-Length: %d\r\n\r\n%s", key, len(body), body)
		}
		_ = requests.Flush() // if it fails, answers are missing
	}()
	answers := bufio.NewReaderSize(connection, 64<<10)
	for range to - from {
		if err := readRefusal(answers); err != nil {
			return err
		}
	}
	return nil
}

// readRefusal reads an answer line by line, which is cheaper than http.ReadResponse. The last line is the body.
func readRefusal(answers *bufio.Reader) error {
	status, err := answers.ReadSlice('\n')
	if err != nil {
		return err
	}
	if !bytes.HasPrefix(status, []byte("HTTP/1.1 400 ")) {
		return fmt.Errorf("answered %s", status)
	}
	for {
		line, err := answers.ReadSlice('\n')
		if err != nil {
			return err
		}
		if line[0] != '{' {
			continue
		}
		if !bytes.Contains(line, []byte("student")) {
			return fmt.Errorf("answered %s", line)
		}
		return nil
	}
}
