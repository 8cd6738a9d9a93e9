package main

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	scaling "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	watching "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	network "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	balancing "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	balancingtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	databases "github.com/aws/aws-sdk-go-v2/service/rds/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// estate is an AWS with the network and the database of a stack in two zones, as they are meant to be. Tests break it.
type estate struct {
	listenersAPI
	scalingAPI

	outputs   outputs
	group     scaling.AutoScalingGroup
	security  map[string]*network.SecurityGroup
	front     []string // groups of the load balancer
	app       []string // groups of each instance
	subnets   []network.Subnet
	tables    map[string]*network.RouteTable // by what they are for
	nat       []network.NatGateway
	flowLogs  []network.FlowLog
	addresses int
	quota     string // of addresses
	vcpus     map[string]float64
	database  *databases.DBInstance
	pending   []databases.PendingMaintenanceAction
	proxies   []databases.DBProxy
	targets   []databases.DBProxyTarget
	secret    secretsmanager.DescribeSecretOutput
	free      []float64
	lists     map[string]string // prefix lists, by name
	refuses   string            // the operation that AWS refuses
	asked     map[string]int    // operations
}

const (
	vpcID          = "vpc-1"
	listID         = "pl-cloudfront"
	targetGroupARN = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/ha-web/6d0ecf831eec9f09"
	appPort        = 8080
)

// port is a permission for one TCP port.
func port(number int32, peers ...network.IpPermission) network.IpPermission {
	all := network.IpPermission{IpProtocol: aws.String("tcp"), FromPort: &number, ToPort: &number}
	for _, each := range peers {
		all.IpRanges = append(all.IpRanges, each.IpRanges...)
		all.PrefixListIds = append(all.PrefixListIds, each.PrefixListIds...)
		all.UserIdGroupPairs = append(all.UserIdGroupPairs, each.UserIdGroupPairs...)
		all.Ipv6Ranges = append(all.Ipv6Ranges, each.Ipv6Ranges...)
	}
	return all
}

func range4(cidr string) network.IpPermission {
	return network.IpPermission{IpRanges: []network.IpRange{{CidrIp: &cidr}}}
}

func range6(cidr string) network.IpPermission {
	return network.IpPermission{Ipv6Ranges: []network.Ipv6Range{{CidrIpv6: &cidr}}}
}

func prefixList(id string) network.IpPermission {
	return network.IpPermission{PrefixListIds: []network.PrefixListId{{PrefixListId: &id}}}
}

func peerGroup(id string) network.IpPermission {
	return network.IpPermission{UserIdGroupPairs: []network.UserIdGroupPair{{GroupId: &id}}}
}

func securityGroup(id, name string, ingress ...network.IpPermission) *network.SecurityGroup {
	return &network.SecurityGroup{GroupId: &id, GroupName: &name, IpPermissions: ingress}
}

func routeTable(subnets []string, routes ...network.Route) *network.RouteTable {
	table := &network.RouteTable{Routes: append(routes, network.Route{DestinationCidrBlock: aws.String("10.0.0.0/16"), GatewayId: aws.String("local")})}
	for _, each := range subnets {
		table.Associations = append(table.Associations, network.RouteTableAssociation{SubnetId: &each})
	}
	return table
}

func toGateway(id string) network.Route {
	return network.Route{DestinationCidrBlock: aws.String("0.0.0.0/0"), GatewayId: &id, State: network.RouteStateActive}
}

func toNAT(id string) network.Route {
	return network.Route{DestinationCidrBlock: aws.String("0.0.0.0/0"), NatGatewayId: &id, State: network.RouteStateActive}
}

func natGateway(id, subnet string) network.NatGateway {
	return network.NatGateway{NatGatewayId: &id, SubnetId: &subnet, State: network.NatGatewayStateAvailable}
}

// newEstate returns a production stack that is as it should be, with CloudFront and RDS Proxy.
func newEstate() *estate {
	e := &estate{
		outputs: outputs{
			Environment: production, AutoScalingGroupName: "ha-web-prod", CDNEnabled: true, Ingress: ingressCloudFront, ALBProtocol: "https", ApplicationPort: appPort,
			TargetGroupArn:    targetGroupARN,
			AvailabilityZones: []string{"eu-central-1a", "eu-central-1b"}, VpcID: vpcID, VpcCIDR: "10.0.0.0/16",
			PublicSubnetIDs: []string{"public-a", "public-b"}, PrivateSubnetIDs: []string{"private-a", "private-b"},
			DataSubnetIDs: []string{"data-a", "data-b"}, DatabaseIdentifier: "ha-web-prod-db", DatabaseProxyEnabled: true,
			DatabaseEndpoint: "ha-web-prod.proxy-1.rds.amazonaws.com", DatabaseSecretArn: "arn:secret", region: "eu-central-1",
		},
		front: []string{"sg-alb", "sg-alb-cloudfront"}, app: []string{"sg-app"},
		lists: map[string]string{cloudFrontList: listID}, asked: map[string]int{},
		addresses: 2, quota: "5", vcpus: map[string]float64{"running": 12, "quota": 64},
	}
	e.fleet()
	e.network()
	e.data()
	return e
}

// fleet has two of at most ten instances.
func (e *estate) fleet() {
	e.group = scaling.AutoScalingGroup{
		MinSize: aws.Int32(2), MaxSize: aws.Int32(10),
		InstanceMaintenancePolicy: &scaling.InstanceMaintenancePolicy{MaxHealthyPercentage: aws.Int32(150)},
		MixedInstancesPolicy: &scaling.MixedInstancesPolicy{LaunchTemplate: &scaling.LaunchTemplate{Overrides: []scaling.LaunchTemplateOverrides{
			{InstanceType: aws.String("m7g.large")}, {InstanceType: aws.String("m6g.large")},
		}}},
	}
	for _, id := range []string{"i-1", "i-2"} {
		e.group.Instances = append(e.group.Instances, scaling.Instance{InstanceId: &id, InstanceType: aws.String("m7g.large")})
	}
}

func (e *estate) network() {
	e.security = map[string]*network.SecurityGroup{
		"default":   securityGroup("sg-default", "default"),
		"alb":       securityGroup("sg-alb", "alb"),
		"front":     securityGroup("sg-alb-cloudfront", "alb-cloudfront", port(443, prefixList(listID))),
		"app":       securityGroup("sg-app", "app", port(appPort, peerGroup("sg-alb"))),
		"proxy":     securityGroup("sg-proxy", "proxy", port(5432, peerGroup("sg-app"))),
		"db":        securityGroup("sg-db", "db", port(5432, peerGroup("sg-proxy"))),
		"endpoints": securityGroup("sg-endpoints", "endpoints", port(443, range4("10.0.11.0/24"), range4("10.0.12.0/24"))),
	}
	for _, tier := range []string{"public", "private", "data"} {
		for _, zone := range []string{"a", "b"} {
			e.subnets = append(e.subnets, network.Subnet{SubnetId: aws.String(tier + "-" + zone), AvailabilityZone: aws.String("eu-central-1" + zone)})
		}
	}
	e.tables = map[string]*network.RouteTable{
		"main":      {Associations: []network.RouteTableAssociation{{Main: aws.Bool(true)}}},
		"public":    routeTable([]string{"public-a", "public-b"}, toGateway("igw-1")),
		"private-a": routeTable([]string{"private-a"}, toNAT("nat-a")),
		"private-b": routeTable([]string{"private-b"}, toNAT("nat-b")),
		"data": routeTable([]string{"data-a", "data-b"},
			network.Route{DestinationPrefixListId: aws.String("pl-s3"), GatewayId: aws.String("vpce-1")}),
	}
	e.nat = []network.NatGateway{natGateway("nat-a", "public-a"), natGateway("nat-b", "public-b")}
	e.flowLogs = []network.FlowLog{{FlowLogId: aws.String("fl-1"), FlowLogStatus: aws.String("ACTIVE"), DeliverLogsStatus: aws.String("SUCCESS")}}
}

func (e *estate) data() {
	now := time.Now()
	subnet := func(zone string) databases.Subnet {
		return databases.Subnet{SubnetAvailabilityZone: &databases.AvailabilityZone{Name: &zone}}
	}
	e.database = &databases.DBInstance{
		DBInstanceIdentifier: aws.String("ha-web-prod-db"), DBInstanceArn: aws.String("arn:db"), DBInstanceStatus: aws.String("available"),
		AvailabilityZone: aws.String("eu-central-1a"), SecondaryAvailabilityZone: aws.String("eu-central-1b"), MultiAZ: aws.Bool(true),
		StorageEncrypted: aws.Bool(true), KmsKeyId: aws.String("arn:key"), PubliclyAccessible: aws.Bool(false), DeletionProtection: aws.Bool(true),
		BackupRetentionPeriod: aws.Int32(7), LatestRestorableTime: aws.Time(now.Add(-4 * time.Minute)),
		DBSubnetGroup:     &databases.DBSubnetGroup{Subnets: []databases.Subnet{subnet("eu-central-1a"), subnet("eu-central-1b")}},
		MasterUserSecret:  &databases.MasterUserSecret{SecretArn: aws.String("arn:secret"), SecretStatus: aws.String("active")},
		VpcSecurityGroups: []databases.VpcSecurityGroupMembership{{VpcSecurityGroupId: aws.String("sg-db")}},
		Endpoint:          &databases.Endpoint{Port: aws.Int32(5432)}, PreferredMaintenanceWindow: aws.String("sun:04:00-sun:05:00"),
		AllocatedStorage: aws.Int32(100), MaxAllocatedStorage: aws.Int32(200),
		DBParameterGroups: []databases.DBParameterGroupStatus{{ParameterApplyStatus: aws.String("in-sync")}},
	}
	e.proxies = []databases.DBProxy{
		{DBProxyName: aws.String("other"), Endpoint: aws.String("other.proxy-1.rds.amazonaws.com"), Status: databases.DBProxyStatusDeleting},
		{DBProxyName: aws.String("ha-web-prod"), Endpoint: &e.outputs.DatabaseEndpoint, Status: databases.DBProxyStatusAvailable,
			VpcSecurityGroupIds: []string{"sg-proxy"}},
	}
	e.targets = []databases.DBProxyTarget{{
		RdsResourceId: aws.String("ha-web-prod-db"), TargetHealth: &databases.TargetHealth{State: databases.TargetStateAvailable},
	}}
	e.secret = secretsmanager.DescribeSecretOutput{
		ARN: aws.String("arn:secret"), RotationEnabled: aws.Bool(true), LastRotatedDate: aws.Time(now.Add(-48 * time.Hour)),
		NextRotationDate:   aws.Time(now.Add(28 * 24 * time.Hour)),
		VersionIdsToStages: map[string][]string{"v2": {"AWSCURRENT", "AWSPENDING"}, "v1": {"AWSPREVIOUS"}},
	}
	e.free = []float64{50 << 30, 40 << 30, 45 << 30}
}

// answer counts an operation, and refuses it where AWS is meant to.
func (e *estate) answer(service, operation string) error {
	e.asked[operation]++
	if operation != e.refuses {
		return nil
	}
	return &smithy.OperationError{ServiceID: service, OperationName: operation, Err: &smithy.GenericAPIError{
		Code: "AccessDenied", Message: "User: arn:aws:iam::123456789012:user/a is not authorized to perform: " + service + ":" + operation + " on resource: *",
	}}
}

// live returns the stack as the checks know it.
func (e *estate) live(ctx context.Context) *live {
	aws := services{
		scaling: e, balancers: e, listeners: e, network: e, quotas: e, usage: e, databases: e, secrets: e, instances: e, metrics: e,
	}
	return liveOf(ctx, &e.outputs, aws, aws, nil)
}

// run runs a check by its name.
func (e *estate) run(t *testing.T, name string) finding {
	t.Helper()
	for _, each := range checks {
		if each.name == name {
			return each.run(t.Context(), e.live(t.Context()))
		}
	}
	require.Fail(t, "no check "+name)
	return finding{}
}

func (e *estate) DescribeAutoScalingGroups(context.Context, *autoscaling.DescribeAutoScalingGroupsInput, ...func(*autoscaling.Options)) (
	*autoscaling.DescribeAutoScalingGroupsOutput, error) {
	err := e.answer("autoscaling", "DescribeAutoScalingGroups")
	return &autoscaling.DescribeAutoScalingGroupsOutput{AutoScalingGroups: []scaling.AutoScalingGroup{e.group}}, err
}

func (e *estate) DescribeTargetGroups(_ context.Context, in *balancing.DescribeTargetGroupsInput, _ ...func(*balancing.Options)) (
	*balancing.DescribeTargetGroupsOutput, error) {
	out := &balancing.DescribeTargetGroupsOutput{}
	if in.TargetGroupArns[0] == targetGroupARN {
		out.TargetGroups = []balancingtypes.TargetGroup{{LoadBalancerArns: []string{"arn:alb"}}}
	}
	return out, e.answer("elasticloadbalancing", "DescribeTargetGroups")
}

func (e *estate) DescribeLoadBalancers(_ context.Context, in *balancing.DescribeLoadBalancersInput, _ ...func(*balancing.Options)) (
	*balancing.DescribeLoadBalancersOutput, error) {
	out := &balancing.DescribeLoadBalancersOutput{}
	if in.LoadBalancerArns[0] == "arn:alb" {
		out.LoadBalancers = []balancingtypes.LoadBalancer{{SecurityGroups: e.front}}
	}
	return out, e.answer("elasticloadbalancing", "DescribeLoadBalancers")
}

func (e *estate) DescribeInstances(_ context.Context, in *ec2.DescribeInstancesInput, _ ...func(*ec2.Options)) (*ec2.DescribeInstancesOutput, error) {
	out := &ec2.DescribeInstancesOutput{}
	if !slices.ContainsFunc(in.Filters, func(each network.Filter) bool { return each.Values[0] == "ha-web-prod" }) {
		return out, nil
	}
	for _, each := range e.group.Instances {
		instance := network.Instance{InstanceId: each.InstanceId}
		for _, each := range e.app {
			instance.SecurityGroups = append(instance.SecurityGroups, network.GroupIdentifier{GroupId: &each})
		}
		out.Reservations = append(out.Reservations, network.Reservation{Instances: []network.Instance{instance}})
	}
	return out, e.answer("ec2", "DescribeInstances")
}

func (e *estate) DescribeSecret(_ context.Context, in *secretsmanager.DescribeSecretInput, _ ...func(*secretsmanager.Options)) (
	*secretsmanager.DescribeSecretOutput, error) {
	if *in.SecretId != "arn:secret" {
		return nil, &smithy.GenericAPIError{Code: "ResourceNotFoundException"}
	}
	return &e.secret, e.answer("secretsmanager", "DescribeSecret")
}

func (e *estate) GetMetricStatistics(_ context.Context, in *cloudwatch.GetMetricStatisticsInput, _ ...func(*cloudwatch.Options)) (
	*cloudwatch.GetMetricStatisticsOutput, error) {
	out := &cloudwatch.GetMetricStatisticsOutput{}
	if *in.Dimensions[0].Value == "ha-web-prod-db" && *in.MetricName == "FreeStorageSpace" {
		for _, each := range e.free {
			out.Datapoints = append(out.Datapoints, watching.Datapoint{Minimum: &each})
		}
	}
	return out, e.answer("cloudwatch", "GetMetricStatistics")
}

func (e *estate) GetMetricData(_ context.Context, in *cloudwatch.GetMetricDataInput, _ ...func(*cloudwatch.Options)) (*cloudwatch.GetMetricDataOutput, error) {
	out := &cloudwatch.GetMetricDataOutput{}
	for _, query := range in.MetricDataQueries {
		found := watching.MetricDataResult{Id: query.Id}
		if value, known := e.vcpus[*query.Id]; known {
			found.Values = []float64{value, 1} // the newest first
		}
		out.MetricDataResults = append(out.MetricDataResults, found)
	}
	return out, e.answer("cloudwatch", "GetMetricData")
}

// inVPC checks that a question is about the VPC of the stack alone.
func inVPC(filters []network.Filter) bool {
	return assert.ObjectsAreEqual(having("vpc-id", vpcID), filters)
}
