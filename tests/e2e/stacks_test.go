//go:build e2e

package e2e

import (
	"context"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	balancing "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optrefresh"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optup"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// expected is what a stack that is meant for AWS has to be like, on the emulator too.
type expected struct {
	name        string
	natGateways int
	multiAZ     bool
	production  bool // whether it has guard rails
	chain       map[string]rules
}

func TestDevStack(t *testing.T) {
	checkCopy(t, expected{name: "dev", natGateways: 1, chain: withoutProxy})
}

func TestProdStack(t *testing.T) {
	checkCopy(t, expected{name: "prod", natGateways: 2, multiAZ: true, production: true, chain: withProxy})
}

// checkCopy brings up a copy of a stack that is meant for AWS, changes it, and takes it down.
func checkCopy(t *testing.T, want expected) {
	ctx, cancel := context.WithTimeout(t.Context(), deadline)
	defer cancel()
	url := endpoint(t)
	stack, state := newStack(ctx, t, want.name, url)
	clients := newClients(url, "us-east-1")
	firstPreview(ctx, t, stack)
	outputs := up(ctx, t, stack)
	t.Cleanup(func() { removeLeftovers(t, stack) })
	checkStack(ctx, t, clients, outputs, want)
	expectNoChanges(ctx, t, stack)
	checkState(ctx, t, stack, state, checkMasterSecret(ctx, t, clients, outputs), originValue(ctx, t, clients))
	checkUpdate(ctx, t, stack, clients, outputs)
	refresh(ctx, t, stack)
	expectNoChanges(ctx, t, stack, afterRefresh...)
	unprotect(ctx, t, stack, want.production)
	if want.name == "dev" {
		checkSignIn(ctx, t, stack, clients)
	}
	destroy(ctx, t, stack)
	left, err := clients.ec2.DescribeVpcs(ctx, &ec2.DescribeVpcsInput{Filters: filter("vpc-id", outputs["vpcId"].Value.(string))})
	require.NoError(t, err)
	assert.Empty(t, left.Vpcs)
	checkCDNGone(ctx, t, clients)
}

func set(ctx context.Context, t *testing.T, stack auto.Stack, path, value string) {
	t.Helper()
	require.NoError(t, stack.SetConfigWithOptions(ctx, "ha-web:"+path, auto.ConfigValue{Value: value}, &auto.ConfigOptions{Path: true}))
}

// unprotect lets the stack go, as the documents of its parts say: production has guard rails against it.
func unprotect(ctx context.Context, t *testing.T, stack auto.Stack, production bool) {
	t.Helper()
	sections := []string{"web", "database", "secrets", "cdn"}
	if _, err := exec.LookPath(awsxPlugin); err == nil {
		sections = append(sections, "delivery")
	}
	waivers := []string{"final-snapshot"}
	for _, section := range sections {
		set(ctx, t, stack, section+".deletionProtection", "false")
		waivers = append(waivers, section+"-deletion-protection")
	}
	set(ctx, t, stack, "database.finalSnapshot", "false")
	if production {
		_, err := stack.Preview(ctx)
		require.ErrorContains(t, err, "database.deletionProtection: a production stack needs")
		for _, each := range waivers {
			set(ctx, t, stack, "waivers."+each, "the test is over")
		}
	}
	up(ctx, t, stack)
}

// pointAtEmulator gives the stack file of a copy the provider settings of the local stack, which lead to the emulator.
func pointAtEmulator(t *testing.T, folder, name, endpoint string) {
	t.Helper()
	type stackFile struct {
		Config map[string]any `yaml:"config"`
	}
	read := func(name string) (file stackFile, path string) {
		path = filepath.Join(folder, "Pulumi."+name+".yaml")
		content, err := os.ReadFile(path)
		require.NoError(t, err)
		require.NoError(t, yaml.Unmarshal([]byte(strings.ReplaceAll(string(content), emulator, endpoint)), &file))
		return file, path
	}
	local, _ := read("local")
	file, path := read(name)
	maps.DeleteFunc(local.Config, func(key string, _ any) bool { return !strings.HasPrefix(key, "aws:") })
	maps.Copy(file.Config, local.Config)
	if name != "local" {
		switchOff(file.Config)
	}
	content, err := yaml.Marshal(file)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, content, 0o600))
}

// checkStack reads back what keeps a stack alive, and closed.
func checkStack(ctx context.Context, t *testing.T, clients clients, outputs auto.OutputMap, want expected) {
	t.Helper()
	network := readNetwork(ctx, t, clients.ec2, outputs["vpcId"].Value.(string))
	checkRoutes(t, network, outputs)
	assert.Len(t, network.nat, want.natGateways)
	database := "ha-web-" + want.name + "-db"
	found, err := clients.rds.DescribeDBInstances(ctx, &rds.DescribeDBInstancesInput{DBInstanceIdentifier: &database})
	require.NoError(t, err)
	require.Len(t, found.DBInstances, 1)
	instance := found.DBInstances[0]
	assert.Equal(t, want.multiAZ, *instance.MultiAZ)
	assert.True(t, *instance.StorageEncrypted)
	assert.False(t, *instance.PubliclyAccessible)
	checkGroups(ctx, t, clients.ec2, outputs["vpcId"].Value.(string), want.chain)
	checkParameters(ctx, t, clients, outputs)
	checkTemplate(ctx, t, clients, readGroup(ctx, t, clients, outputs), outputs)
	checkListeners(ctx, t, clients, map[int32]balancing.ActionTypeEnum{80: balancing.ActionTypeEnumFixedResponse})
	checkBuckets(ctx, t, clients.s3)
	distribution, err := clients.cloudfront.GetDistribution(ctx, &cloudfront.GetDistributionInput{Id: aws.String(outputs["distributionId"].Value.(string))})
	require.NoError(t, err)
	checkBehaviours(t, distribution.Distribution.DistributionConfig)
	set, err := clients.cloudwatch.DescribeAlarms(ctx, &cloudwatch.DescribeAlarmsInput{
		AlarmNamePrefix: aws.String("ha-web-" + want.name + "-"), MaxRecords: aws.Int32(100),
	})
	require.NoError(t, err)
	assert.Greater(t, len(set.MetricAlarms), 25)
	for _, each := range set.MetricAlarms {
		assert.NotEmpty(t, each.AlarmActions, *each.AlarmName)
	}
}

// checkListeners checks what the load balancer does by default on each of its ports, and returns the listener that forwards.
func checkListeners(
	ctx context.Context, t *testing.T, clients clients, want map[int32]balancing.ActionTypeEnum,
) (forwards string) {
	t.Helper()
	balancers, err := clients.elb.DescribeLoadBalancers(ctx, &elb.DescribeLoadBalancersInput{})
	require.NoError(t, err)
	require.Len(t, balancers.LoadBalancers, 1)
	listeners, err := clients.elb.DescribeListeners(ctx, &elb.DescribeListenersInput{LoadBalancerArn: balancers.LoadBalancers[0].LoadBalancerArn})
	require.NoError(t, err)
	actions := map[int32]balancing.ActionTypeEnum{}
	for _, each := range listeners.Listeners {
		actions[*each.Port] = each.DefaultActions[0].Type
		if each.DefaultActions[0].Type != balancing.ActionTypeEnumRedirect {
			forwards = *each.ListenerArn
		}
		if *each.Port == 443 {
			assert.Equal(t, "ELBSecurityPolicy-TLS13-1-2-Res-2021-06", *each.SslPolicy)
		}
	}
	assert.Equal(t, want, actions)
	return forwards
}

// checkSignIn gives the stack a name, with CloudFront out of its way, and a path that nobody reaches unknown.
func checkSignIn(ctx context.Context, t *testing.T, stack auto.Stack, clients clients) {
	t.Helper()
	zone := "example.edu"
	_, err := clients.route53.CreateHostedZone(ctx, &route53.CreateHostedZoneInput{Name: &zone, CallerReference: &zone})
	require.NoError(t, err)
	for path, value := range map[string]string{
		"cdn.enabled": "false", "domain.name": "learn.example.edu", "domain.hostedZone": zone,
		"access.oidc.paths[0]": "/admin/*", "access.oidc.issuer": "https://example.okta.com", "access.oidc.clientId": "ha-web",
	} {
		set(ctx, t, stack, path, value)
	}
	require.NoError(t, stack.SetConfigWithOptions(ctx, "ha-web:access.oidc.clientSecret",
		auto.ConfigValue{Value: "hunter2-of-okta", Secret: true}, &auto.ConfigOptions{Path: true}))
	up(ctx, t, stack)
	listener := checkListeners(ctx, t, clients, map[int32]balancing.ActionTypeEnum{
		443: balancing.ActionTypeEnumForward, 80: balancing.ActionTypeEnumRedirect,
	})
	rules, err := clients.elb.DescribeRules(ctx, &elb.DescribeRulesInput{ListenerArn: &listener})
	require.NoError(t, err)
	paths := map[string]balancing.ActionTypeEnum{}
	for _, each := range rules.Rules {
		if !*each.IsDefault {
			paths[each.Conditions[0].PathPatternConfig.Values[0]] = each.Actions[0].Type
		}
	}
	assert.Equal(t, map[string]balancing.ActionTypeEnum{
		"/admin/*": balancing.ActionTypeEnumAuthenticateOidc, "/oauth2/idpresponse": balancing.ActionTypeEnumAuthenticateOidc,
	}, paths)
	expectNoChanges(ctx, t, stack)
}

// checkBuckets checks that every bucket is closed.
func checkBuckets(ctx context.Context, t *testing.T, client *s3.Client) {
	t.Helper()
	found, err := client.ListBuckets(ctx, &s3.ListBucketsInput{})
	require.NoError(t, err)
	require.NotEmpty(t, found.Buckets)
	for _, each := range found.Buckets {
		checkClosed(ctx, t, client, *each.Name)
	}
}

// checkUpdate changes the fleet's size, then what instances boot with, and checks that nothing is replaced for it. Not both at
// once: the emulator cannot start instances from a second version of a template.
func checkUpdate(ctx context.Context, t *testing.T, stack auto.Stack, clients clients, outputs auto.OutputMap) {
	t.Helper()
	before := checkTemplate(ctx, t, clients, readGroup(ctx, t, clients, outputs), outputs)
	updateInPlace(ctx, t, stack, "web.size.min", "3")
	updateInPlace(ctx, t, stack, "web.bootSeconds", "150")
	found, err := clients.autoscaling.DescribeAutoScalingGroups(ctx, &autoscaling.DescribeAutoScalingGroupsInput{
		AutoScalingGroupNames: []string{outputs["autoScalingGroupName"].Value.(string)},
	})
	require.NoError(t, err)
	assert.EqualValues(t, 3, *found.AutoScalingGroups[0].MinSize)
	assert.Equal(t, before+1, checkTemplate(ctx, t, clients, readGroup(ctx, t, clients, outputs), outputs))
}

// updateInPlace changes a setting, and checks that no resource is made, replaced or deleted for it.
func updateInPlace(ctx context.Context, t *testing.T, stack auto.Stack, path, value string) {
	t.Helper()
	set(ctx, t, stack, path, value)
	out, done := progress(t, "update of "+path)
	result, err := stack.Up(ctx, optup.ProgressStreams(out), optup.SuppressProgress())
	done()
	require.NoError(t, err)
	require.NotNil(t, result.Summary.ResourceChanges)
	for kind, count := range *result.Summary.ResourceChanges {
		assert.Contains(t, []string{"same", "update"}, kind, "%d resources", count)
	}
}

// refresh reads everything back from AWS, as the nightly look for drift does.
func refresh(ctx context.Context, t *testing.T, stack auto.Stack) {
	t.Helper()
	_, done := progress(t, "refresh")
	_, err := stack.Refresh(ctx, optrefresh.Exclude(unreadable))
	done()
	require.NoError(t, err)
}
