//go:build lab && linux

package lab

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"

	"ha-web/lab/balancer"
	"ha-web/lab/network"
	"ha-web/tests/deployed"

	cloudwatch "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	balancing "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
)

// frontDoor is the load balancer of the stack: nodes in public subnets, listeners and target group as the API describes them.
type frontDoor struct {
	lab *Lab

	mutex       sync.Mutex
	balancer    *balancer.Balancer
	networks    map[string]*network.Namespace // of its nodes, by zone
	host        string                        // its DNS name
	arn         string
	targetGroup string // ARN
	port        int32
	checks      balancer.HealthCheck
	shifted     map[string]bool // zones that a zonal shift takes out
	lost        map[string]bool // zones whose node does not answer
}

// open starts the load balancer with its first target, when its listeners are there.
func (d *frontDoor) open(ctx context.Context, targetGroup string) error {
	api := d.lab.cloud.balancer
	groups, err := api.DescribeTargetGroups(ctx, &balancing.DescribeTargetGroupsInput{TargetGroupArns: []string{targetGroup}})
	if err != nil {
		return fmt.Errorf("target group: %w", err)
	}
	group := groups.TargetGroups[0]
	balancers, err := api.DescribeLoadBalancers(ctx, &balancing.DescribeLoadBalancersInput{LoadBalancerArns: group.LoadBalancerArns})
	if err != nil {
		return fmt.Errorf("load balancer: %w", err)
	}
	d.targetGroup, d.arn, d.host = targetGroup, group.LoadBalancerArns[0], *balancers.LoadBalancers[0].DNSName
	d.port = *group.Port
	certificate, err := d.lab.authority.Certificate(siteName, d.host)
	if err != nil {
		return err
	}
	settings, listeners, err := balancer.Describe(ctx, api, d.arn, targetGroup, &certificate)
	if err != nil {
		return err
	}
	settings = settings.Scaled(scale)
	d.checks = settings.HealthCheck
	var all []balancer.Node
	for _, zone := range zones {
		place, err := d.lab.network.Attach(ctx, "lb-"+zone, nodes[zone], zone)
		if err != nil {
			return err
		}
		if err := d.lab.firewall.Join(ctx, place, nodes[zone], groupBalancer); err != nil {
			return err
		}
		d.networks[zone] = place
		all = append(all, balancer.Node{Zone: zone, Dial: place.DialContext})
	}
	if d.balancer, err = balancer.New(settings, all, d.report); err != nil {
		return err
	}
	d.publish()
	return d.listen(listeners)
}

// listen serves the listeners in every zone.
func (d *frontDoor) listen(listeners []balancer.Listener) error {
	for _, each := range listeners {
		for zone, place := range d.networks {
			on, err := place.Listen("tcp", netip.AddrPortFrom(nodes[zone], uint16(each.Port)).String())
			if err != nil {
				return err
			}
			go d.serve(zone, on, each)
		}
	}
	return nil
}

func (d *frontDoor) serve(zone string, on net.Listener, listener balancer.Listener) {
	if err := d.balancer.Serve(zone, on, listener); err != nil {
		d.lab.say("load balancer: %v", err)
	}
}

// register adds an instance to the target group.
func (d *frontDoor) register(ctx context.Context, change deployed.Change) error {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	if d.balancer == nil {
		if err := d.open(ctx, change.TargetGroupArn); err != nil {
			return err
		}
	}
	m := d.lab.fleet.machine(change.TargetID)
	if m == nil {
		return nil // it has ended in the meantime
	}
	port, err := strconv.ParseUint(string(change.Port), 10, 16)
	if err != nil {
		return fmt.Errorf("target %s: port: %w", m.id, err)
	}
	d.balancer.Register(m.id, netip.AddrPortFrom(m.address, uint16(port)), m.zone)
	return nil
}

func (d *frontDoor) deregister(id string) {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	if d.balancer != nil {
		d.balancer.Deregister(id)
	}
}

// ended tells the load balancer that an instance is no more.
func (d *frontDoor) ended(id string) {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	if d.balancer != nil {
		d.balancer.Unused(id)
	}
}

// report tells the API what the nodes find of a target.
func (d *frontDoor) report(health balancer.Health) {
	d.lab.say("target %s", health)
	err := d.lab.control.ReportTarget(d.lab.ctx, deployed.TargetHealth{
		TargetGroupArn: d.targetGroup, TargetID: health.Target, Port: int(d.port),
		State: string(health.State), Reason: string(health.Reason), Description: health.Description,
	})
	if err != nil && d.lab.ctx.Err() == nil {
		d.lab.say("health of %s: %v", health.Target, err)
	}
}

// shift starts or ends a zonal shift: DNS stops to answer with the node of the zone at once, and clients that have asked before
// go on for the TTL of its record.
func (d *frontDoor) shift(ctx context.Context, id string, away bool) error {
	zone, err := d.lab.cloud.zoneName(ctx, id)
	if err != nil {
		return err
	}
	d.lab.say("zonal shift away from %s: %t", zone, away)
	d.mutex.Lock()
	defer d.mutex.Unlock()
	d.shifted[zone] = away
	d.balancer.Shift(zone, away)
	d.publish()
	return nil
}

// cut says that the node of a zone reaches nothing and is reached by nothing.
func (d *frontDoor) cut(zone string, cut bool) {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	d.balancer.Cut(zone, cut)
}

// setLost says whether AWS has noticed that the node of a zone does not answer. It then takes its address out of DNS.
func (d *frontDoor) setLost(zone string, lost bool) {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	d.lost[zone] = lost
	d.publish()
}

// publish has DNS answer with the nodes that take requests, or with all of them when none does.
func (d *frontDoor) publish() {
	var serving []netip.Addr
	for _, zone := range zones {
		if !d.shifted[zone] && !d.lost[zone] {
			serving = append(serving, nodes[zone])
		}
	}
	if len(serving) == 0 {
		serving = inOrder(nodes)
	}
	d.lab.resolve(d.host, serving...)
	d.lab.resolve(siteName, serving...)
}

func (d *frontDoor) close() error {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	var faults []error
	if d.balancer != nil {
		faults = append(faults, d.balancer.Close())
	}
	for _, each := range d.networks {
		faults = append(faults, each.Close())
	}
	return errors.Join(faults...)
}

// scaled returns a time of AWS as it is in the lab.
func scaled(seconds int32) time.Duration {
	return time.Duration(float64(seconds) * scale * float64(time.Second))
}

// counts are those of the load balancer since the last call, once it is open.
func (d *frontDoor) counts() (counts balancer.Counts, open bool) {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	if d.balancer == nil {
		return counts, false
	}
	return d.balancer.Counts(), true
}

// metrics are those that the load balancer publishes.
func (d *frontDoor) metrics(counts balancer.Counts) []cloudwatch.MetricDatum {
	return counts.MetricData(last(d.arn, ":loadbalancer/"), last(d.targetGroup, ":"), time.Now())
}

// last returns what follows the last separator.
func last(text, separator string) string {
	return text[strings.LastIndex(text, separator)+len(separator):]
}
