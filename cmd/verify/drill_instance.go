package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	computing "github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

var instanceDrill = drill{
	name: "instance", title: "Lose an instance",
	does: "Terminates an instance in EC2, so that the load balancer and the Auto Scaling group have to notice by themselves.",
	goal: "full strength", reached: "The group has as many healthy instances as it wants.",
	promise: "No request fails after the load balancer has noticed, which takes at most the unhealthy threshold of its health checks. " +
		"The group replaces the instance by itself.",
	actions: []string{"ec2:TerminateInstances"},
	timeout: 20 * time.Minute, after: 10 * time.Second,
	begin: func(t *trial) operation { return &loseInstance{trial: t} },
}

// loseInstance terminates an instance in EC2, so that the group has to notice by itself.
type loseInstance struct {
	*trial
	before *servers
	now    *servers
	id     string
	window time.Duration
}

func (o *loseInstance) prepare(ctx context.Context) (string, error) {
	var err error
	if o.before, err = o.steadyFleet(ctx); err != nil {
		return "", err
	}
	if o.window, err = o.checkWindow(); err != nil {
		return "", err
	}
	if o.id, err = o.choose(); err != nil {
		return "", err
	}
	return fmt.Sprintf("terminate instance %s in %s, one of %d in service.", o.id, o.before.zones[o.id], len(o.before.serving)), nil
}

// choose returns the instance of the command line, or the oldest: a random one would make it another drill each time.
func (o *loseInstance) choose() (string, error) {
	if given := o.options.instance; given != "" {
		if !slices.Contains(o.before.serving, given) {
			return "", refuse("give one of them with -instance", "%s is not in service in the group, which has %s", given, strings.Join(o.before.serving, ", "))
		}
		return given, nil
	}
	instances, err := o.instances()
	if err != nil {
		return "", err
	}
	instances = slices.DeleteFunc(slices.Clone(instances), func(each computing.Instance) bool {
		return !slices.Contains(o.before.serving, aws.ToString(each.InstanceId))
	})
	if len(instances) == 0 {
		return "", fmt.Errorf("EC2 does not know the instances of %s", o.outputs.AutoScalingGroupName)
	}
	oldest := slices.MinFunc(instances, func(a, b computing.Instance) int {
		if order := aws.ToTime(a.LaunchTime).Compare(aws.ToTime(b.LaunchTime)); order != 0 {
			return order
		}
		return strings.Compare(aws.ToString(a.InstanceId), aws.ToString(b.InstanceId))
	})
	return aws.ToString(oldest.InstanceId), nil
}

func (o *loseInstance) act(ctx context.Context) error {
	_, err := o.aws.disturb.instances.TerminateInstances(ctx, &ec2.TerminateInstancesInput{InstanceIds: []string{o.id}})
	return err
}

func (o *loseInstance) recovered(ctx context.Context) (bool, string, error) {
	now, err := o.readFleet(ctx)
	if err != nil {
		return false, "", err
	}
	o.now = now
	_, there := now.zones[o.id]
	if there {
		return false, fmt.Sprintf("%v; %s is still in the group", now, o.id), nil
	}
	return len(now.healthy) >= now.desired, now.String(), nil
}

func (o *loseInstance) judge(m measured) []claim {
	claims := failedWithin(o.window, m.paths)
	if m.strength.done {
		o.note("replaced", "%s by %s", o.id, strings.Join(newcomers(o.before, o.now), ", "))
	}
	return claims
}

// newcomers returns the healthy instances that were not there before.
func newcomers(before, now *servers) []string {
	return slices.DeleteFunc(slices.Clone(now.healthy), func(id string) bool {
		_, there := before.zones[id]
		return there
	})
}
