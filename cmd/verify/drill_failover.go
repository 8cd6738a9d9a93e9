package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"ha-web/internal/probe"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	databases "github.com/aws/aws-sdk-go-v2/service/rds/types"
)

var failoverDrill = drill{
	name: "failover", title: "Fail the database over",
	does: "Reboots the database with a failover to its standby in the other Availability Zone.",
	goal: "failed over", reached: "The primary is in the other zone, and serves.",
	promise: "Requests that need the database fail for the time of the failover only, after a bounded wait, and succeed within 5 seconds " +
		"after the database can be reached again. All others succeed, and no instance is replaced.",
	actions: []string{"rds:RebootDBInstance"},
	deep:    true, timeout: 20 * time.Minute, after: 10 * time.Second,
	begin: func(t *trial) operation { return &failover{trial: t} },
}

// recoversWithin is how long requests may fail once the database can be reached again.
const recoversWithin = 5 * time.Second

// failover reboots the database with a failover.
type failover struct {
	*trial
	before    *databases.DBInstance
	instances []string // of the group, before
	began     time.Time
	reachable time.Time // when the database could be reached again, as far as AWS tells; zero: not known
	connected time.Time // when the proxy was first seen to reach the database again
	replaced  []string  // instances that were not there before, or are no more
}

func (o *failover) prepare(ctx context.Context) (string, error) {
	fleet, err := o.steadyFleet(ctx)
	if err != nil {
		return "", err
	}
	o.instances = slices.Sorted(maps.Keys(fleet.zones))
	if o.before, err = o.availableDatabase(ctx); err != nil {
		return "", err
	}
	if !aws.ToBool(o.before.MultiAZ) {
		return "", refuse("set database.multiAz: true and run pulumi up", "%s has no standby: to reboot it is an outage", *o.before.DBInstanceIdentifier)
	}
	return fmt.Sprintf("reboot database %s with a failover from %s to its standby%s.", *o.before.DBInstanceIdentifier,
		aws.ToString(o.before.AvailabilityZone), in(o.before.SecondaryAvailabilityZone)), nil
}

func in(zone *string) string {
	if zone == nil {
		return ""
	}
	return " in " + *zone
}

// availableDatabase returns the database, or refuses where it, or the proxy in front of it, is not at its best.
func (t *trial) availableDatabase(ctx context.Context) (*databases.DBInstance, error) {
	found, err := readDatabase(ctx, t.aws.databases, t.outputs.DatabaseIdentifier)
	if err != nil {
		return nil, err
	}
	if status := aws.ToString(found.DBInstanceStatus); status != available {
		return nil, refuse("wait until it is available: aws rds wait db-instance-available --db-instance-identifier "+t.outputs.DatabaseIdentifier,
			"database %s is %s", t.outputs.DatabaseIdentifier, status)
	}
	connects, err := t.proxyConnects(ctx)
	if err != nil {
		return nil, err
	}
	return found, refuseFailure(connects)
}

const available = "available"

// proxyConnects says whether the proxy reaches the database. It passes without a proxy.
func (t *trial) proxyConnects(ctx context.Context) (finding, error) {
	if !t.outputs.DatabaseProxyEnabled {
		return pass("no proxy"), nil
	}
	proxy, err := t.proxy()
	if err != nil {
		return finding{}, err
	}
	targets, err := readProxyTargets(ctx, t.aws.databases, aws.ToString(proxy.DBProxyName))
	if err != nil {
		return finding{}, err
	}
	return proxyConnects(targets, t.outputs.DatabaseIdentifier), nil
}

func (o *failover) act(ctx context.Context) error {
	o.began = time.Now()
	_, err := o.aws.disturb.databases.RebootDBInstance(ctx, &rds.RebootDBInstanceInput{
		DBInstanceIdentifier: &o.outputs.DatabaseIdentifier, ForceFailover: aws.Bool(true),
	})
	return err
}

func (o *failover) recovered(ctx context.Context) (bool, string, error) {
	if err := o.compareFleet(ctx); err != nil {
		return false, "", err
	}
	found, err := readDatabase(ctx, o.aws.databases, o.outputs.DatabaseIdentifier)
	if err != nil {
		return false, "", err
	}
	connects, err := o.proxyConnects(ctx)
	if err != nil {
		return false, "", err
	}
	answered, err := o.site.get(ctx, request{address: strings.TrimRight(o.outputs.URL, "/") + o.options.deep})
	works := err == nil && answered.status < 400
	moved := aws.ToString(found.AvailabilityZone) != aws.ToString(o.before.AvailabilityZone)
	said := fmt.Sprintf("database %s, primary in %s%s", aws.ToString(found.DBInstanceStatus), aws.ToString(found.AvailabilityZone),
		map[bool]string{false: ", as before"}[moved])
	if o.outputs.DatabaseProxyEnabled {
		said += "; proxy: " + connects.seen
	}
	said += fmt.Sprintf("; %s %s", o.options.deep, map[bool]string{true: "answers", false: "does not answer"}[works])
	back := moved && aws.ToString(found.DBInstanceStatus) == available && swapped(o.before, found) && connects.status == statusPass
	if back && o.connected.IsZero() {
		o.connected = time.Now()
	}
	return back && works, said, nil
}

// swapped says whether the standby is where the primary was, as far as AWS tells.
func swapped(before, after *databases.DBInstance) bool {
	return after.SecondaryAvailabilityZone == nil || *after.SecondaryAvailabilityZone == aws.ToString(before.AvailabilityZone)
}

// compareFleet notes instances that have come or gone since the drill began.
func (o *failover) compareFleet(ctx context.Context) error {
	now, err := o.readFleet(ctx)
	if err != nil {
		return err
	}
	for id := range now.zones {
		if !slices.Contains(o.instances, id) && !slices.Contains(o.replaced, id) {
			o.replaced = append(o.replaced, id)
		}
	}
	for _, id := range o.instances {
		if _, there := now.zones[id]; !there && !slices.Contains(o.replaced, id) {
			o.replaced = append(o.replaced, id)
		}
	}
	return nil
}

// conclude asks RDS when the failover was over.
func (o *failover) conclude(ctx context.Context) error {
	pages := rds.NewDescribeEventsPaginator(o.aws.events, &rds.DescribeEventsInput{
		SourceIdentifier: &o.outputs.DatabaseIdentifier, SourceType: databases.SourceTypeDbInstance, StartTime: &o.began,
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("events of %s: %w", o.outputs.DatabaseIdentifier, err)
		}
		for _, each := range page.Events {
			// RDS-EVENT-0049 (Amazon RDS user guide, "Amazon RDS event categories and event messages").
			if strings.Contains(aws.ToString(each.Message), "failover completed") {
				o.reachable = aws.ToTime(each.Date)
				o.note("failover", "completed after %.1f s, as RDS says", o.reachable.Sub(o.began).Seconds())
			}
		}
	}
	// A proxy may need longer. It is looked at from time to time only, so this may be later than it was.
	if o.outputs.DatabaseProxyEnabled && o.connected.After(o.reachable) && !o.reachable.IsZero() {
		o.reachable = o.connected
	}
	return nil
}

func (o *failover) judge(m measured) []claim {
	var claims []claim
	for _, each := range m.paths {
		if each.Target == o.options.deep {
			claims = append(claims, o.judgeDeep(each), boundedWait(m.results))
			continue
		}
		claims = append(claims, claim{fmt.Sprintf("No request to %s fails.", each.Target), each.Failed == 0, fmt.Sprintf("%d of %d failed.", each.Failed, each.Sent)})
	}
	seen := "The group has the same instances."
	if len(o.replaced) > 0 {
		slices.Sort(o.replaced)
		seen = "Came or went: " + strings.Join(o.replaced, ", ") + "."
	}
	return append(claims, claim{"No instance is replaced.", len(o.replaced) == 0, seen})
}

// judgeDeep judges how soon requests succeeded once the database could be reached.
func (o *failover) judgeDeep(deep probe.Summary) claim {
	c := claim{text: fmt.Sprintf("%s succeeds within %v after the database can be reached again.", deep.Target, recoversWithin), met: deep.Recovered}
	switch {
	case !deep.Recovered:
		c.seen = "The last request failed."
	case deep.Failed == 0:
		c.seen = "No request failed."
	case o.reachable.IsZero():
		c.seen = fmt.Sprintf("It does again, %.1f s after the reboot. RDS has no event that says when the failover was over.", deep.Recovery.Seconds())
	default:
		late := o.began.Add(deep.Recovery).Sub(o.reachable)
		c.met = late <= recoversWithin
		c.seen = fmt.Sprintf("%.1f s after.", late.Seconds())
		if late < 0 {
			c.seen = fmt.Sprintf("%.1f s before AWS said so.", -late.Seconds())
		}
	}
	return c
}

// boundedWait claims that every request was answered, well or not.
func boundedWait(results []probe.Result) claim {
	hung := 0
	for _, each := range results {
		if each.Status == 0 && each.Took >= patience {
			hung++
		}
	}
	return claim{fmt.Sprintf("Each request is answered within %v.", patience), hung == 0, fmt.Sprintf("%d of %d were not.", hung, len(results))}
}
