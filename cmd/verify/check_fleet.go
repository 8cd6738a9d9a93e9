package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	scaling "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	computing "github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

func instancesIMDSv2(_ context.Context, l *live) finding {
	return eachInstance(l, "replace the instances, whose launch template requires it: aws autoscaling start-instance-refresh "+
		"--auto-scaling-group-name "+l.outputs.AutoScalingGroupName,
		func(instance *computing.Instance) string {
			options := instance.MetadataOptions
			if options == nil || options.HttpTokens != computing.HttpTokensStateRequired {
				return "does not require IMDSv2"
			}
			return ""
		}, "require IMDSv2")
}

func instancesPrivate(_ context.Context, l *live) finding {
	return eachInstance(l, "take the address away, and find out who gave it: CloudTrail, AssociateAddress and RunInstances",
		func(instance *computing.Instance) string {
			if address := publicAddress(instance); address != "" {
				return "has " + address
			}
			return ""
		}, "have no public address")
}

// publicAddress returns the first public address of an instance, on any of its interfaces.
func publicAddress(instance *computing.Instance) string {
	if instance.PublicIpAddress != nil {
		return *instance.PublicIpAddress
	}
	for _, each := range instance.NetworkInterfaces {
		if each.Association != nil && each.Association.PublicIp != nil {
			return *each.Association.PublicIp
		}
		if len(each.Ipv6Addresses) > 0 {
			return aws.ToString(each.Ipv6Addresses[0].Ipv6Address)
		}
	}
	return ""
}

// eachInstance judges the instances of the group that run. A fault is empty for one that is as it should be.
func eachInstance(l *live, remedy string, fault func(*computing.Instance) string, good string) finding {
	instances, err := l.instances()
	if err != nil {
		return unanswered(err)
	}
	if len(instances) == 0 {
		return skip("no instance is running")
	}
	var faults []string
	for i := range instances {
		if found := fault(&instances[i]); found != "" {
			faults = append(faults, aws.ToString(instances[i].InstanceId)+" "+found)
		}
	}
	return failures(faults, remedy, pass("%d instances %s", len(instances), good))
}

func instancesCurrent(_ context.Context, l *live) finding {
	group, err := l.group()
	if err != nil {
		return unanswered(err)
	}
	want, err := template(group)
	if err != nil {
		return fail("run pulumi up --refresh", "%v", err)
	}
	var serving int
	var faults []string
	for _, each := range group.Instances {
		if each.LifecycleState != scaling.LifecycleStateInService {
			continue
		}
		serving++
		if !same(each.LaunchTemplate, want) {
			faults = append(faults, fmt.Sprintf("%s has %s", aws.ToString(each.InstanceId), versionOf(each.LaunchTemplate)))
		}
	}
	if serving == 0 {
		return skip("no instance is in service")
	}
	return failures(faults, "wait for the instance refresh: verify rollout; if none runs, start one: aws autoscaling "+
		"start-instance-refresh --auto-scaling-group-name "+l.outputs.AutoScalingGroupName,
		pass("%d instances have version %s", serving, *want.Version))
}

func versionOf(template *scaling.LaunchTemplateSpecification) string {
	if template == nil {
		return "no launch template"
	}
	return fmt.Sprintf("version %s of %s", aws.ToString(template.Version), aws.ToString(template.LaunchTemplateId))
}

func groupZones(_ context.Context, l *live) finding {
	group, err := l.group()
	if err != nil {
		return unanswered(err)
	}
	zones := strings.Join(group.AvailabilityZones, ", ")
	if len(group.AvailabilityZones) < 2 {
		return fail("run pulumi up --refresh, which restores the subnets of the group; if a zone was taken out on purpose: "+
			"docs/web-tier.md, Take a zone out of service", "only %s", zones)
	}
	return pass("%s", zones)
}

func groupProcesses(_ context.Context, l *live) finding {
	group, err := l.group()
	if err != nil {
		return unanswered(err)
	}
	var suspended []string
	for _, each := range group.SuspendedProcesses {
		suspended = append(suspended, fmt.Sprintf("%s: %s", aws.ToString(each.ProcessName), aws.ToString(each.SuspensionReason)))
	}
	return failures(suspended, "resume them: aws autoscaling resume-processes --auto-scaling-group-name "+l.outputs.AutoScalingGroupName,
		pass("none is suspended"))
}

func groupProtection(_ context.Context, l *live) finding {
	group, err := l.group()
	if err != nil {
		return unanswered(err)
	}
	var faults, ids []string
	if aws.ToBool(group.NewInstancesProtectedFromScaleIn) {
		faults = append(faults, "new instances are protected")
	}
	for _, each := range group.Instances {
		if aws.ToBool(each.ProtectedFromScaleIn) {
			ids = append(ids, aws.ToString(each.InstanceId))
			faults = append(faults, aws.ToString(each.InstanceId)+" is protected")
		}
	}
	remedy := "run pulumi up --refresh"
	if len(ids) > 0 {
		remedy = fmt.Sprintf("aws autoscaling set-instance-protection --no-protected-from-scale-in --auto-scaling-group-name %s --instance-ids %s",
			l.outputs.AutoScalingGroupName, strings.Join(ids, " "))
	}
	return failures(faults, remedy, pass("none is protected"))
}
