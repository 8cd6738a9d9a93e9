//go:build lab && linux

package lab

import (
	"slices"
	"strings"
	"sync"
	"time"

	"ha-web/tests/deployed"
)

// alarmPrefix begins the names of the stack's alarms.
const alarmPrefix = "ha-web-" + stackName + "-"

// pager keeps what the alarms of the stack have told to topics.
type pager struct {
	mutex sync.Mutex
	told  []told
}

type told struct {
	alarm, state, topic string
	at                  time.Time
}

func (p *pager) keep(change deployed.Change) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.told = append(p.told, told{strings.TrimPrefix(change.Name, alarmPrefix), change.State, change.Action, time.Now()})
}

// paged returns the composite alarms that have woken someone since then, in their order.
func (l *Lab) paged(since time.Time) []string {
	topic, _ := l.outputs["alarmTopicArn"].Value.(string)
	l.pager.mutex.Lock()
	defer l.pager.mutex.Unlock()
	var alarms []string
	for _, each := range l.pager.told {
		if each.topic == topic && each.state == "ALARM" && each.at.After(since) && !slices.Contains(alarms, each.alarm) {
			alarms = append(alarms, each.alarm)
		}
	}
	return alarms
}
