package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	zonal "github.com/aws/aws-sdk-go-v2/service/arczonalshift"
	zonaltypes "github.com/aws/aws-sdk-go-v2/service/arczonalshift/types"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	network "github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

var zoneDrill = drill{
	name: "zone", title: "Lose an Availability Zone",
	does: "Shifts requests away from an Availability Zone and takes the zone out of the Auto Scaling group, until all instances are " +
		"healthy in the other zones. Then it undoes both.",
	goal: "zone empty", reached: "All instances are healthy in the other zones.",
	promise: "The site goes on from the other zones. Requests fail until the load balancer has noticed, which takes at most the unhealthy " +
		"threshold of its health checks.",
	actions: []string{
		"arc-zonal-shift:CancelZonalShift", "arc-zonal-shift:ListZonalShifts", "arc-zonal-shift:StartZonalShift", "autoscaling:UpdateAutoScalingGroup",
	},
	timeout: 40 * time.Minute, after: 10 * time.Second,
	begin: func(t *trial) operation {
		return &loseZone{trial: t, comment: "verify drill zone " + rand.Text()[:8]}
	},
}

// loseZone empties a zone. The shift ends by itself, should nobody end it.
type loseZone struct {
	*trial
	comment  string // of the shift, by which it is found again
	window   time.Duration
	balancer string   // ARN
	zone     string   // that is lost
	zoneID   string   // its ID, which means the same in every account
	all      string   // subnets of the group, as the group has them
	kept     []string // subnets that the group keeps
	shift    string   // ID of the shift, once it is known
}

func (o *loseZone) prepare(ctx context.Context) (string, error) {
	before, err := o.steadyFleet(ctx)
	if err != nil {
		return "", err
	}
	if o.window, err = o.checkWindow(); err != nil {
		return "", err
	}
	if err := o.chooseZone(ctx, before); err != nil {
		return "", err
	}
	if err := o.unshifted(ctx); err != nil {
		return "", err
	}
	intent := fmt.Sprintf("shift requests away from %s (%s) for at most %v, and take the zone out of group %s. "+
		"Until replacements are healthy in the other zones, %d of %d instances must carry all requests.", o.zone, o.zoneID, o.options.expires,
		o.outputs.AutoScalingGroupName, len(before.healthy)-before.healthyIn()[o.zone], len(before.healthy))
	if before.desired >= int(aws.ToInt32(before.group.MaxSize)) {
		intent += " The group is at its maximum size, which AWS exceeds by a tenth, or by one instance, while it moves instances."
	}
	return intent + " Both are undone afterwards.", nil
}

// chooseZone finds out which zone to lose, and which subnets of the group are in it.
func (o *loseZone) chooseZone(ctx context.Context, before *servers) error {
	o.all = aws.ToString(before.group.VPCZoneIdentifier)
	subnets, err := readSubnets(ctx, o.aws.network, o.outputs.VpcID)
	if err != nil {
		return err
	}
	ids := map[string]string{} // of the zones of the group
	for each := range strings.SplitSeq(o.all, ",") {
		found, known := subnets[strings.TrimSpace(each)]
		if !known {
			return refuse("run pulumi up --refresh", "subnet %s of the group is not in %s", each, o.outputs.VpcID)
		}
		ids[aws.ToString(found.AvailabilityZone)] = aws.ToString(found.AvailabilityZoneId)
	}
	zones := slices.Sorted(maps.Keys(ids))
	if len(zones) < 2 {
		return refuse("run pulumi up --refresh, which restores the subnets of the group", "the group has one zone only, %s", strings.Join(zones, ", "))
	}
	o.zone = zones[0]
	if given := o.options.zone; given != "" {
		if o.zone = given; ids[given] == "" {
			return refuse("give one of them with -zone", "the group has no zone %s, but %s", given, strings.Join(zones, ", "))
		}
	}
	o.zoneID = ids[o.zone]
	for each := range strings.SplitSeq(o.all, ",") {
		if id := strings.TrimSpace(each); aws.ToString(subnets[id].AvailabilityZone) != o.zone {
			o.kept = append(o.kept, id)
		}
	}
	return nil
}

// readSubnets returns the subnets of a VPC by their ids.
func readSubnets(ctx context.Context, api ec2.DescribeSubnetsAPIClient, vpc string) (map[string]network.Subnet, error) {
	subnets := map[string]network.Subnet{}
	pages := ec2.NewDescribeSubnetsPaginator(api, &ec2.DescribeSubnetsInput{Filters: having("vpc-id", vpc)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("subnets of %s: %w", vpc, err)
		}
		for _, each := range page.Subnets {
			subnets[aws.ToString(each.SubnetId)] = each
		}
	}
	return subnets, nil
}

// unshifted finds the load balancer, and refuses where requests are shifted away from a zone already.
func (o *loseZone) unshifted(ctx context.Context) error {
	target, err := o.targetGroup()
	if err != nil {
		return err
	}
	if len(target.LoadBalancerArns) == 0 {
		return refuse("run pulumi up --refresh", "the target group has no load balancer")
	}
	o.balancer = target.LoadBalancerArns[0]
	active, err := o.activeShifts(ctx)
	if err != nil {
		return err
	}
	for _, each := range active {
		return refuse("if it is over: "+o.cancelCommand(aws.ToString(each.ZonalShiftId)), "requests are shifted away from %s already: %s",
			aws.ToString(each.AwayFrom), aws.ToString(each.Comment))
	}
	return nil
}

// activeShifts returns the zonal shifts of the load balancer.
func (o *loseZone) activeShifts(ctx context.Context) ([]zonaltypes.ZonalShiftSummary, error) {
	var active []zonaltypes.ZonalShiftSummary
	pages := zonal.NewListZonalShiftsPaginator(o.aws.disturb.shifts, &zonal.ListZonalShiftsInput{
		ResourceIdentifier: &o.balancer, Status: zonaltypes.ZonalShiftStatusActive,
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("zonal shifts of %s: %w", o.balancer, err)
		}
		active = append(active, page.Items...)
	}
	return active, nil
}

func (o *loseZone) act(ctx context.Context) error {
	o.changed(change{
		what: "zonal shift away from " + o.zone, back: o.cancelShift,
		byHand: func() string { return o.cancelCommand(o.shift) },
	})
	started, err := o.aws.disturb.shifts.StartZonalShift(ctx, &zonal.StartZonalShiftInput{
		ResourceIdentifier: &o.balancer, AwayFrom: &o.zoneID, Comment: &o.comment,
		ExpiresIn: aws.String(fmt.Sprintf("%.0fm", o.options.expires.Minutes())),
	})
	if err != nil {
		return err
	}
	o.shift = aws.ToString(started.ZonalShiftId)
	o.changed(change{
		what: "removal of " + o.zone + " from group " + o.outputs.AutoScalingGroupName,
		back: func(ctx context.Context) (bool, error) { return true, o.setSubnets(ctx, o.all) },
		byHand: func() string {
			return fmt.Sprintf("aws autoscaling update-auto-scaling-group --region %s --auto-scaling-group-name %s --vpc-zone-identifier %s",
				o.outputs.region, o.outputs.AutoScalingGroupName, o.all)
		},
	})
	return o.setSubnets(ctx, strings.Join(o.kept, ","))
}

func (o *loseZone) setSubnets(ctx context.Context, subnets string) error {
	_, err := o.aws.disturb.groups.UpdateAutoScalingGroup(ctx, &autoscaling.UpdateAutoScalingGroupInput{
		AutoScalingGroupName: &o.outputs.AutoScalingGroupName, VPCZoneIdentifier: &subnets,
	})
	return err
}

// cancelShift ends the shift of this drill. One whose start was not answered is found by its comment.
func (o *loseZone) cancelShift(ctx context.Context) (bool, error) {
	active, err := o.activeShifts(ctx)
	if err != nil {
		return false, err
	}
	for _, each := range active {
		if aws.ToString(each.Comment) != o.comment {
			continue
		}
		o.shift = aws.ToString(each.ZonalShiftId)
		if _, err := o.aws.disturb.shifts.CancelZonalShift(ctx, &zonal.CancelZonalShiftInput{ZonalShiftId: &o.shift}); err != nil {
			return false, err
		}
	}
	return true, nil
}

func (o *loseZone) cancelCommand(shift string) string {
	if shift == "" {
		shift = fmt.Sprintf("\"$(aws arc-zonal-shift list-zonal-shifts --region %s --status ACTIVE --resource-identifier %s --query 'items[0].zonalShiftId' --output text)\"",
			o.outputs.region, o.balancer)
	}
	return fmt.Sprintf("aws arc-zonal-shift cancel-zonal-shift --region %s --zonal-shift-id %s", o.outputs.region, shift)
}

func (o *loseZone) recovered(ctx context.Context) (bool, string, error) {
	now, err := o.readFleet(ctx)
	if err != nil {
		return false, "", err
	}
	left, elsewhere := 0, len(now.healthy)-now.healthyIn()[o.zone]
	for _, zone := range now.zones {
		if zone == o.zone {
			left++
		}
	}
	if left > 0 {
		return false, fmt.Sprintf("%v; still in %s: %d", now, o.zone, left), nil
	}
	return elsewhere >= now.desired, now.String(), nil
}

// settled waits for an instance in each zone. AWS does not promise more: it balances when the difference is two or more.
func (o *loseZone) settled(ctx context.Context) (bool, string, error) {
	now, err := o.readFleet(ctx)
	if err != nil {
		return false, "", err
	}
	zones := now.group.AvailabilityZones
	spans := slices.Contains(zones, o.zone) && len(now.healthyIn()) >= min(len(zones), now.desired)
	return spans && len(now.healthy) >= now.desired, now.String(), nil
}

func (o *loseZone) judge(m measured) []claim { return failedWithin(o.window, m.paths) }
