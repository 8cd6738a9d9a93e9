package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	scaling "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	watching "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	network "github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// usageAPI is what the check of the vCPU quota asks of CloudWatch.
type usageAPI interface {
	GetMetricData(context.Context, *cloudwatch.GetMetricDataInput, ...func(*cloudwatch.Options)) (*cloudwatch.GetMetricDataOutput, error)
}

// fleet is the largest that an Auto Scaling group gets: while it replaces instances at its maximum size.
type fleet struct {
	instances int      // On-Demand, all but for Spot Instances
	types     []string // of which it may have any
}

// largest works out the largest fleet of a group.
func largest(group *scaling.AutoScalingGroup) fleet {
	surge := int32(100)
	if policy := group.InstanceMaintenancePolicy; policy != nil && aws.ToInt32(policy.MaxHealthyPercentage) > 0 {
		surge = *policy.MaxHealthyPercentage
	}
	most := (aws.ToInt32(group.MaxSize)*surge + 99) / 100
	found := fleet{instances: int(most)}
	if mixed := group.MixedInstancesPolicy; mixed != nil {
		if mixed.LaunchTemplate != nil {
			for _, each := range mixed.LaunchTemplate.Overrides {
				found.types = append(found.types, aws.ToString(each.InstanceType))
			}
		}
		if share := mixed.InstancesDistribution; share != nil && share.OnDemandPercentageAboveBaseCapacity != nil {
			beyond := max(0, most-aws.ToInt32(share.OnDemandBaseCapacity))
			found.instances = int(most - beyond + (beyond**share.OnDemandPercentageAboveBaseCapacity+99)/100)
		}
	}
	if len(found.types) == 0 { // of the launch template, as the instances have it
		for _, each := range group.Instances {
			found.types = append(found.types, aws.ToString(each.InstanceType))
		}
	}
	slices.Sort(found.types)
	found.types = slices.Compact(slices.DeleteFunc(found.types, func(name string) bool { return name == "" }))
	return found
}

// standard reports whether an instance type counts against the quota of Standard instances: families A, C, D, H, I, M, R, T and Z
// (Amazon EC2 user guide, "On-Demand Instance quotas").
func standard(name string) bool {
	return name != "" && strings.ContainsRune("acdhimrtz", rune(name[0])) && !strings.HasPrefix(name, "inf") &&
		!strings.HasPrefix(name, "trn") && !strings.HasPrefix(name, "dl") && !strings.HasPrefix(name, "hpc")
}

// readVCPUs returns the vCPUs of instance types.
func readVCPUs(ctx context.Context, api ec2.DescribeInstanceTypesAPIClient, names []string) (map[string]int, error) {
	var types []network.InstanceType
	for _, each := range names {
		types = append(types, network.InstanceType(each))
	}
	found, err := api.DescribeInstanceTypes(ctx, &ec2.DescribeInstanceTypesInput{InstanceTypes: types})
	if err != nil {
		return nil, fmt.Errorf("instance types %s: %w", strings.Join(names, ", "), err)
	}
	vcpus := map[string]int{}
	for _, each := range found.InstanceTypes {
		if each.VCpuInfo != nil {
			vcpus[string(each.InstanceType)] = int(aws.ToInt32(each.VCpuInfo.DefaultVCpus))
		}
	}
	return vcpus, nil
}

// vcpuUsage is how many vCPUs of the On-Demand quota run in a region, and how many may.
type vcpuUsage struct{ running, quota int }

// readUsage returns the usage, nil where CloudWatch does not know it. SERVICE_QUOTA is the value that the account has, raised or not
// (Amazon CloudWatch user guide, "Using metric math", SERVICE_QUOTA; Amazon EC2 user guide, "Amazon EC2 usage metrics").
func readUsage(ctx context.Context, api usageAPI) (*vcpuUsage, error) {
	var dimensions []watching.Dimension
	for _, each := range [][2]string{{"Service", "EC2"}, {"Type", "Resource"}, {"Resource", "vCPU"}, {"Class", "Standard/OnDemand"}} {
		dimensions = append(dimensions, watching.Dimension{Name: &each[0], Value: &each[1]})
	}
	now := time.Now()
	found, err := api.GetMetricData(ctx, &cloudwatch.GetMetricDataInput{
		StartTime: aws.Time(now.Add(-30 * time.Minute)), EndTime: &now, ScanBy: watching.ScanByTimestampDescending,
		MetricDataQueries: []watching.MetricDataQuery{
			{Id: aws.String("running"), MetricStat: &watching.MetricStat{
				Metric: &watching.Metric{Namespace: aws.String("AWS/Usage"), MetricName: aws.String("ResourceCount"), Dimensions: dimensions},
				Period: aws.Int32(300), Stat: aws.String("Maximum"),
			}},
			{Id: aws.String("quota"), Expression: aws.String("SERVICE_QUOTA(running)")},
		},
	})
	if err != nil {
		return nil, fmt.Errorf("usage of vCPUs: %w", err)
	}
	values := map[string]int{}
	for _, each := range found.MetricDataResults {
		if len(each.Values) > 0 {
			values[aws.ToString(each.Id)] = int(each.Values[0])
		}
	}
	if values["quota"] == 0 {
		return nil, nil
	}
	return &vcpuUsage{values["running"], values["quota"]}, nil
}

const vcpuRequest = "aws service-quotas request-service-quota-increase --service-code ec2 --quota-code L-1216C47A --desired-value %d"

// vcpuRoom checks that the largest fleet fits into the quota, beside what else runs in the account.
func vcpuRoom(group *scaling.AutoScalingGroup, most fleet, vcpus map[string]int, now *vcpuUsage) finding {
	each, own := 0, 0
	for _, name := range most.types {
		each = max(each, vcpus[name])
	}
	for _, instance := range group.Instances {
		own += vcpus[aws.ToString(instance.InstanceType)]
	}
	need := most.instances * each
	switch {
	case each == 0:
		return skip("AWS does not say how many vCPUs %s has", strings.Join(most.types, ", "))
	case now == nil:
		return skip("CloudWatch does not know the quota yet. The largest fleet takes %d vCPUs (%d instances): compare "+
			"aws service-quotas get-service-quota --service-code ec2 --quota-code L-1216C47A", need, most.instances)
	}
	others := max(0, now.running-own)
	seen := fmt.Sprintf("%d vCPUs for the largest fleet (%d instances) and %d for others, of %d", need, most.instances, others, now.quota)
	if need+others > now.quota {
		return fail("Request more weeks before you need them: "+fmt.Sprintf(vcpuRequest, need+others), "%s", seen)
	}
	return pass("%s", seen)
}

func vcpuQuota(ctx context.Context, l *live) finding {
	group, err := l.group()
	if err != nil {
		return unanswered(err)
	}
	most := largest(group)
	if len(most.types) == 0 {
		return skip("no instance says which type the launch template has")
	}
	if i := slices.IndexFunc(most.types, func(name string) bool { return !standard(name) }); i >= 0 {
		return skip("%s counts against another quota than Standard instances: see Service Quotas", most.types[i])
	}
	vcpus, err := readVCPUs(ctx, l.aws.quotas, most.types)
	if err != nil {
		return unanswered(err)
	}
	now, err := readUsage(ctx, l.aws.usage)
	if err != nil {
		return unanswered(err)
	}
	return vcpuRoom(group, most, vcpus, now)
}

// addressQuota checks that an Elastic IP address is left: Pulumi allocates one before it releases another when it replaces a NAT
// gateway.
func addressQuota(ctx context.Context, l *live) finding {
	found, err := l.aws.quotas.DescribeAccountAttributes(ctx, &ec2.DescribeAccountAttributesInput{})
	if err != nil {
		return unanswered(err)
	}
	quota := 0
	for _, attribute := range found.AccountAttributes {
		if aws.ToString(attribute.AttributeName) == "vpc-max-elastic-ips" && len(attribute.AttributeValues) > 0 {
			quota, _ = strconv.Atoi(aws.ToString(attribute.AttributeValues[0].AttributeValue))
		}
	}
	if quota == 0 {
		return skip("EC2 does not say how many Elastic IP addresses the account may have")
	}
	addresses, err := l.aws.quotas.DescribeAddresses(ctx, &ec2.DescribeAddressesInput{})
	if err != nil {
		return unanswered(err)
	}
	used := len(addresses.Addresses)
	if used >= quota {
		return fail(fmt.Sprintf("Release addresses that nothing uses, or request more: aws service-quotas request-service-quota-increase "+
			"--service-code ec2 --quota-code L-0263D0A3 --desired-value %d", used+2), "%d of %d Elastic IP addresses are in use", used, quota)
	}
	return pass("%d of %d Elastic IP addresses are in use", used, quota)
}
