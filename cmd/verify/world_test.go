package main

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	scaling "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	watching "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	computing "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	balancing "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	balancingtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	topics "github.com/aws/aws-sdk-go-v2/service/sns/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	parameters "github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/stretchr/testify/require"
)

// region is a healthy region of AWS with one stack, for a test to break.
type region struct {
	group         scaling.AutoScalingGroup
	gone          bool // the group
	health        map[string]balancingtypes.TargetHealthStateEnum
	targetGroup   balancingtypes.TargetGroup
	listeners     []balancingtypes.Listener
	instances     []computing.Instance
	metric        []watching.MetricAlarm
	pages         []watching.CompositeAlarm
	subscriptions map[string][]topics.Subscription
	parameters    map[string]string
	expiry        []watching.Datapoint

	refused map[string]error // by operation
	asked   map[string]int   // how often, by operation
}

func (r *region) ask(operation string) error {
	r.asked[operation]++
	return r.refused[operation]
}

func (r *region) DescribeAutoScalingGroups(_ context.Context, in *autoscaling.DescribeAutoScalingGroupsInput, _ ...func(*autoscaling.Options)) (
	*autoscaling.DescribeAutoScalingGroupsOutput, error) {
	out := &autoscaling.DescribeAutoScalingGroupsOutput{}
	if !r.gone && in.AutoScalingGroupNames[0] == *r.group.AutoScalingGroupName {
		out.AutoScalingGroups = []scaling.AutoScalingGroup{r.group}
	}
	return out, r.ask("DescribeAutoScalingGroups")
}

func (r *region) DescribeInstanceRefreshes(context.Context, *autoscaling.DescribeInstanceRefreshesInput, ...func(*autoscaling.Options)) (
	*autoscaling.DescribeInstanceRefreshesOutput, error) {
	return nil, errors.New("no check asks for instance refreshes")
}

func (r *region) DescribeTargetHealth(_ context.Context, _ *balancing.DescribeTargetHealthInput, _ ...func(*balancing.Options)) (
	*balancing.DescribeTargetHealthOutput, error) {
	out := &balancing.DescribeTargetHealthOutput{}
	for _, id := range slices.Sorted(maps.Keys(r.health)) {
		out.TargetHealthDescriptions = append(out.TargetHealthDescriptions, balancingtypes.TargetHealthDescription{
			Target:       &balancingtypes.TargetDescription{Id: &id},
			TargetHealth: &balancingtypes.TargetHealth{State: r.health[id], Reason: "Target.FailedHealthChecks"},
		})
	}
	return out, r.ask("DescribeTargetHealth")
}

func (r *region) DescribeTargetGroups(_ context.Context, _ *balancing.DescribeTargetGroupsInput, _ ...func(*balancing.Options)) (
	*balancing.DescribeTargetGroupsOutput, error) {
	return &balancing.DescribeTargetGroupsOutput{TargetGroups: []balancingtypes.TargetGroup{r.targetGroup}}, r.ask("DescribeTargetGroups")
}

func (r *region) DescribeListeners(_ context.Context, _ *balancing.DescribeListenersInput, _ ...func(*balancing.Options)) (
	*balancing.DescribeListenersOutput, error) {
	return &balancing.DescribeListenersOutput{Listeners: r.listeners}, r.ask("DescribeListeners")
}

// DescribeInstances gives one instance a page.
func (r *region) DescribeInstances(_ context.Context, in *ec2.DescribeInstancesInput, _ ...func(*ec2.Options)) (*ec2.DescribeInstancesOutput, error) {
	if *in.Filters[0].Name != "tag:aws:autoscaling:groupName" || in.Filters[0].Values[0] != *r.group.AutoScalingGroupName {
		return nil, errors.New("instances of another group")
	}
	at := len(aws.ToString(in.NextToken))
	out := &ec2.DescribeInstancesOutput{}
	if at < len(r.instances) {
		out.Reservations = []computing.Reservation{{Instances: r.instances[at : at+1]}}
	}
	if at+1 < len(r.instances) {
		out.NextToken = aws.String(strings.Repeat("x", at+1))
	}
	return out, r.ask("DescribeInstances")
}

// DescribeAlarms answers as CloudWatch does: with metric alarms alone, unless asked for both kinds.
func (r *region) DescribeAlarms(_ context.Context, in *cloudwatch.DescribeAlarmsInput, _ ...func(*cloudwatch.Options)) (
	*cloudwatch.DescribeAlarmsOutput, error) {
	out := &cloudwatch.DescribeAlarmsOutput{}
	for _, each := range r.metric {
		if strings.HasPrefix(*each.AlarmName, *in.AlarmNamePrefix) {
			out.MetricAlarms = append(out.MetricAlarms, each)
		}
	}
	if slices.Contains(in.AlarmTypes, watching.AlarmTypeCompositeAlarm) {
		out.CompositeAlarms = r.pages
	}
	return out, r.ask("DescribeAlarms")
}

func (r *region) GetMetricStatistics(_ context.Context, _ *cloudwatch.GetMetricStatisticsInput, _ ...func(*cloudwatch.Options)) (
	*cloudwatch.GetMetricStatisticsOutput, error) {
	return &cloudwatch.GetMetricStatisticsOutput{Datapoints: r.expiry}, r.ask("GetMetricStatistics")
}

func (r *region) ListSubscriptionsByTopic(_ context.Context, in *sns.ListSubscriptionsByTopicInput, _ ...func(*sns.Options)) (
	*sns.ListSubscriptionsByTopicOutput, error) {
	found, ok := r.subscriptions[*in.TopicArn]
	if !ok {
		return nil, errors.New("api error NotFound: " + *in.TopicArn)
	}
	return &sns.ListSubscriptionsByTopicOutput{Subscriptions: found}, r.ask("ListSubscriptionsByTopic")
}

func (r *region) GetParameter(_ context.Context, in *ssm.GetParameterInput, _ ...func(*ssm.Options)) (*ssm.GetParameterOutput, error) {
	value, ok := r.parameters[*in.Name]
	if !ok {
		return nil, &parameters.ParameterNotFound{}
	}
	written := time.Date(2027, 1, 11, 9, 0, 0, 0, time.UTC)
	return &ssm.GetParameterOutput{Parameter: &parameters.Parameter{Value: &value, LastModifiedDate: &written}}, r.ask("GetParameter")
}

func (r *region) services() services {
	return services{
		scaling: r, targets: r, alarms: r, metrics: r, listeners: r, instances: r, topics: r, parameters: r,
	}
}

// page is what the site answers to an address.
type page struct {
	response
	err error
}

// pages are a site.
type pages struct {
	at      map[string]page
	mutex   sync.Mutex
	asked   []request
	expires time.Time
	err     error // of the certificate
}

func (p *pages) get(_ context.Context, r request) (response, error) {
	p.mutex.Lock()
	p.asked = append(p.asked, r)
	p.mutex.Unlock()
	found, ok := p.at[r.address]
	if !ok {
		return response{}, errors.New("no such host: " + r.address)
	}
	return found.response, found.err
}

func (p *pages) expiry(context.Context, string) (time.Time, error) { return p.expires, p.err }

// world is a stack for a test to break, healthy until then.
type world struct {
	outputs    map[string]any
	main, edge *region
	site       *pages
}

const healthyOutputs = `{
	"autoScalingGroupName": "ha-web-app", "url": "https://learn.example.edu", "domainName": "learn.example.edu", "cdnEnabled": true,
	"environment": "production", "ingress": "cloudfront",
	"targetGroupArn": "arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/ha-web/6d0ecf831eec9f09",
	"albDnsName": "alb.example.com", "albProtocol": "https", "vpcId": "vpc-1", "databaseIdentifier": "ha-web-prod-db",
	"databaseSecretArn": "arn:aws:secretsmanager:eu-central-1:123456789012:secret:rds!db-1", "parameterPrefix": "/ha-web/prod",
	"alarmTopicArn": "arn:aws:sns:eu-central-1:123456789012:ha-web-prod-alarms",
	"noticeTopicArn": "arn:aws:sns:eu-central-1:123456789012:ha-web-prod-notices", "applicationPort": 8080}`

func healthyWorld() *world {
	w := &world{main: healthyRegion("eu-central-1"), edge: healthyRegion("us-east-1"), site: healthySite()}
	if err := json.Unmarshal([]byte(healthyOutputs), &w.outputs); err != nil {
		panic(err)
	}
	w.main.parameters["/ha-web/prod/outputs"] = healthyOutputs
	w.main.metric = []watching.MetricAlarm{
		metricAlarm("ha-web-prod-latency", "eu-central-1"), metricAlarm("ha-web-prod-database-storage", "eu-central-1"),
	}
	w.main.pages = []watching.CompositeAlarm{
		pageAlarm("ha-web-prod-errors", "eu-central-1", "ha-web-prod-latency"),
		pageAlarm("ha-web-prod-database", "eu-central-1", "ha-web-prod-database-storage"),
		pageAlarm("ha-web-prod-redundancy", "eu-central-1", "ha-web-prod-latency"),
		pageAlarm("ha-web-prod-security", "eu-central-1", "ha-web-prod-latency"),
		pageAlarm("ha-web-prod-zone", "eu-central-1", "ha-web-prod-latency"),
	}
	w.edge.metric = []watching.MetricAlarm{metricAlarm("ha-web-prod-cdn-errors", "us-east-1")}
	w.edge.pages = []watching.CompositeAlarm{pageAlarm("ha-web-prod-cdn", "us-east-1", "ha-web-prod-cdn-errors")}
	return w
}

func healthySite() *pages {
	return &pages{expires: time.Now().AddDate(0, 0, 61), at: map[string]page{
		"https://learn.example.edu/health": {response: response{status: 200}},
		"http://learn.example.edu/":        {response: response{301, "https://learn.example.edu/"}},
		"https://alb.example.com/":         {err: errUnreachable},
		"https://alb.example.com/health":   {response: response{status: 200}},
	}}
}

func healthyRegion(name string) *region {
	r := &region{
		group: *group("7", "7", "7"), parameters: map[string]string{}, asked: map[string]int{}, refused: map[string]error{},
		health: map[string]balancingtypes.TargetHealthStateEnum{"i-1": "healthy", "i-2": "healthy", "i-9": "draining"},
		targetGroup: balancingtypes.TargetGroup{
			HealthCheckPath: aws.String("/health"), LoadBalancerArns: []string{"alb"},
		},
		listeners: []balancingtypes.Listener{{}, {Certificates: []balancingtypes.Certificate{{CertificateArn: aws.String("acm")}}}},
		expiry: []watching.Datapoint{
			{Timestamp: aws.Time(time.Now()), Minimum: aws.Float64(390)},
			{Timestamp: aws.Time(time.Now().Add(-24 * time.Hour)), Minimum: aws.Float64(12)}, // renewed since
		},
		subscriptions: map[string][]topics.Subscription{},
	}
	r.group.AutoScalingGroupName = aws.String("ha-web-app")
	r.group.DesiredCapacity = aws.Int32(2)
	r.group.AvailabilityZones = []string{"eu-central-1a", "eu-central-1b"}
	for i, zone := range r.group.AvailabilityZones {
		r.group.Instances[i].AvailabilityZone = aws.String(zone)
		r.instances = append(r.instances, computing.Instance{
			InstanceId:      r.group.Instances[i].InstanceId,
			MetadataOptions: &computing.InstanceMetadataOptionsResponse{HttpTokens: computing.HttpTokensStateRequired},
		})
	}
	for _, topic := range []string{"alarms", "notices"} {
		r.subscriptions["arn:aws:sns:"+name+":123456789012:ha-web-prod-"+topic] = []topics.Subscription{
			subscription("arn:aws:sns:1"), subscription("Deleted"),
		}
	}
	return r
}

func subscription(arn string) topics.Subscription {
	return topics.Subscription{SubscriptionArn: &arn, Endpoint: aws.String("oncall@example.edu")}
}

func metricAlarm(name, region string) watching.MetricAlarm {
	return watching.MetricAlarm{
		AlarmName: &name, StateValue: watching.StateValueOk, ActionsEnabled: aws.Bool(true),
		AlarmActions: []string{"arn:aws:sns:" + region + ":123456789012:ha-web-prod-notices"},
	}
}

func pageAlarm(name, region, member string) watching.CompositeAlarm {
	return watching.CompositeAlarm{
		AlarmName: &name, StateValue: watching.StateValueInsufficientData, ActionsEnabled: aws.Bool(true),
		AlarmActions: []string{"arn:aws:sns:" + region + ":123456789012:ha-web-prod-alarms"},
		AlarmRule:    aws.String(`ALARM("` + member + `")`),
	}
}

// live returns the stack with the outputs as they are now.
func (w *world) live(t *testing.T) *live {
	t.Helper()
	text, err := json.Marshal(w.outputs)
	require.NoError(t, err)
	found, err := parseOutputs(text)
	require.NoError(t, err)
	require.NoError(t, found.validate())
	require.NoError(t, found.validateAll())
	return liveOf(t.Context(), found, w.main.services(), w.edge.services(), w.site)
}
