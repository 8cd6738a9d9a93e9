//go:build e2e || lab

package deployed

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// Control is the emulator's own API, by which tests see what happens in it, and tell it what happens outside of it.
type Control struct {
	Emulator string // address
}

// Change is something that happened in the emulator. Each kind has fields of its own.
type Change struct {
	Number  int
	Kind    string // InstanceStarted, for one
	Account string
	Region  string

	ID       string // of an instance or database
	Group    string // of an instance, as the rest is
	Zone     string // of a database too
	Subnet   string
	Address  string
	Template string // ID of the launch template
	Version  string // of the launch template, or of a secret
	State    string // of an alarm too

	TargetGroupArn string
	TargetID       string
	Port           json.Number
	Drain          float64 // seconds for which a deregistered target drains

	Failover bool
	From     string // zone of a database before its failover

	ARN      string // of a secret, as the next two are
	Name     string // of an alarm too
	Function string
	Previous string // state of an alarm before
	Reason   string

	Action string // of an alarm: the ARN of what it told, such as a topic

	AwayFrom string // ID of the zone that a zonal shift leaves, and how it is: ACTIVE, CANCELED or EXPIRED
	Status   string
}

// Changes returns those after the change of a number, or waits for the first of them.
func (c Control) Changes(ctx context.Context, since int, wait time.Duration) ([]Change, error) {
	var answer struct {
		Lost    int
		Changes []Change
	}
	path := fmt.Sprintf("changes?since=%d&wait=%g", since, wait.Seconds())
	if err := c.call(ctx, http.MethodGet, path, nil, &answer); err != nil {
		return nil, err
	}
	if answer.Lost > 0 {
		return nil, fmt.Errorf("changes after number %d: the emulator has forgotten %d of them", since, answer.Lost)
	}
	return answer.Changes, nil
}

// Follow hands each change to a function, from the first on, until ctx is over or the function fails.
func (c Control) Follow(ctx context.Context, handle func(context.Context, Change) error) error {
	last := 0
	for ctx.Err() == nil {
		changes, err := c.Changes(ctx, last, 5*time.Second)
		for i := 0; i < len(changes) && err == nil; i++ {
			last = changes[i].Number
			err = handle(ctx, changes[i])
		}
		if err != nil && ctx.Err() == nil {
			return err
		}
	}
	return nil
}

// TargetHealth is what DescribeTargetHealth shows of a target.
type TargetHealth struct {
	TargetGroupArn string `json:"targetGroupArn"`
	TargetID       string `json:"targetId"`
	Port           int    `json:"port,omitempty"` // left out: that of the target group
	State          string `json:"state"`          // initial, healthy, unhealthy, draining or unused
	Reason         string `json:"reason,omitempty"`
	Description    string `json:"description,omitempty"`
}

// ReportTarget tells the health of a target. That of one which is gone in the meantime is of no interest.
func (c Control) ReportTarget(ctx context.Context, health TargetHealth) error {
	err := c.call(ctx, http.MethodPut, "targets", health, nil)
	if errors.Is(err, errNotThere) {
		return nil
	}
	return err
}

var errNotThere = errors.New("there is no such thing")

func (c Control) call(ctx context.Context, method, path string, body, answer any) error {
	var content bytes.Buffer
	if body != nil {
		if err := json.NewEncoder(&content).Encode(body); err != nil {
			return fmt.Errorf("%s %s: %w", method, path, err)
		}
	}
	request, err := http.NewRequestWithContext(ctx, method, c.Emulator+"/localcloud/"+path, &content)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	read, err := io.ReadAll(response.Body)
	switch {
	case err != nil:
		return fmt.Errorf("%s %s: %w", method, path, err)
	case response.StatusCode == http.StatusNotFound:
		return fmt.Errorf("%s %s: %w: %s", method, path, errNotThere, read)
	case response.StatusCode != http.StatusOK:
		return fmt.Errorf("%s %s: %s: %s", method, path, response.Status, read)
	case answer == nil:
		return nil
	}
	return json.Unmarshal(read, answer)
}
