//go:build e2e

package e2e

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	scaling "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	template "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	balancing "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	storage "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// checkLoadBalancer checks that the load balancer is where people reach it, keeps a record, and lets in only what comes
// from the stack's own distribution.
func checkLoadBalancer(ctx context.Context, t *testing.T, clients clients, network network, outputs auto.OutputMap) {
	t.Helper()
	found, err := clients.elb.DescribeLoadBalancers(ctx, &elb.DescribeLoadBalancersInput{})
	require.NoError(t, err)
	require.Len(t, found.LoadBalancers, 1)
	balancer := found.LoadBalancers[0]
	assert.Equal(t, outputs["albDnsName"].Value, *balancer.DNSName)
	assert.NotEqual(t, balancing.LoadBalancerSchemeEnumInternal, balancer.Scheme)
	for _, zone := range balancer.AvailabilityZones {
		route, _ := defaultRoute(network.tables[*zone.SubnetId])
		assert.True(t, strings.HasPrefix(aws.ToString(route.GatewayId), "igw-"), "in a public subnet")
	}

	set, err := clients.elb.DescribeLoadBalancerAttributes(ctx, &elb.DescribeLoadBalancerAttributesInput{LoadBalancerArn: balancer.LoadBalancerArn})
	require.NoError(t, err)
	attributes := map[string]string{}
	for _, each := range set.Attributes {
		attributes[*each.Key] = *each.Value
	}
	for key, want := range map[string]string{
		"routing.http.drop_invalid_header_fields.enabled": "true", "routing.http.desync_mitigation_mode": "defensive",
		"routing.http2.enabled": "true", "deletion_protection.enabled": "false", "access_logs.s3.enabled": "true", "access_logs.s3.prefix": "alb",
		"zonal_shift.config.enabled": "true",
	} {
		assert.Equal(t, want, attributes[key], key)
	}
	checkAccessLogs(ctx, t, clients.s3, attributes["access_logs.s3.bucket"])
	checkListener(ctx, t, clients, *balancer.LoadBalancerArn, outputs)
}

// checkListener checks that only requests with the origin header come through.
func checkListener(ctx context.Context, t *testing.T, clients clients, balancer string, outputs auto.OutputMap) {
	t.Helper()
	listeners, err := clients.elb.DescribeListeners(ctx, &elb.DescribeListenersInput{LoadBalancerArn: &balancer})
	require.NoError(t, err)
	require.Len(t, listeners.Listeners, 1, "without a certificate there is nowhere to redirect to")
	rules, err := clients.elb.DescribeRules(ctx, &elb.DescribeRulesInput{ListenerArn: listeners.Listeners[0].ListenerArn})
	require.NoError(t, err)
	require.Len(t, rules.Rules, 2)
	for _, rule := range rules.Rules {
		if *rule.IsDefault {
			assert.Equal(t, "403", *rule.Actions[0].FixedResponseConfig.StatusCode)
			continue
		}
		assert.Equal(t, outputs["targetGroupArn"].Value, *rule.Actions[0].TargetGroupArn)
		header := rule.Conditions[0].HttpHeaderConfig
		assert.Equal(t, "X-Origin-Verify", *header.HttpHeaderName)
		assert.Equal(t, []string{originValue(ctx, t, clients)}, header.Values)
	}
}

// originValue returns the value of the origin header that Secrets Manager keeps.
func originValue(ctx context.Context, t *testing.T, clients clients) string {
	t.Helper()
	return madeUp(ctx, t, clients, "ha-web-origin-v1-")
}

// edgeValue returns the value of the header of the edge that Secrets Manager keeps.
func edgeValue(ctx context.Context, t *testing.T, clients clients) string {
	t.Helper()
	return madeUp(ctx, t, clients, "ha-web-edge-v1-")
}

// madeUp returns the value of a secret that AWS made up, which has a name with this prefix.
func madeUp(ctx context.Context, t *testing.T, clients clients, prefix string) string {
	t.Helper()
	secrets, err := clients.secrets.ListSecrets(ctx, &secretsmanager.ListSecretsInput{})
	require.NoError(t, err)
	for _, secret := range secrets.SecretList {
		if strings.HasPrefix(*secret.Name, prefix) {
			value, err := clients.secrets.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: secret.ARN})
			require.NoError(t, err)
			require.Regexp(t, `^[A-Za-z0-9]{64}$`, *value.SecretString)
			return *value.SecretString
		}
	}
	require.Fail(t, "there is no secret "+prefix)
	return ""
}

// checkAccessLogs checks that the bucket of the access logs is closed to all but the service that writes them.
func checkAccessLogs(ctx context.Context, t *testing.T, client *s3.Client, bucket string) {
	t.Helper()
	assert.Contains(t, checkClosed(ctx, t, client, bucket), `"logdelivery.elasticloadbalancing.amazonaws.com"`)
	lifecycle, err := client.GetBucketLifecycleConfiguration(ctx, &s3.GetBucketLifecycleConfigurationInput{Bucket: &bucket})
	require.NoError(t, err)
	assert.EqualValues(t, 365, *lifecycle.Rules[0].Expiration.Days)
}

// checkClosed checks that nobody can open a bucket to the public, or reach it without TLS, and returns its policy.
func checkClosed(ctx context.Context, t *testing.T, client *s3.Client, bucket string) string {
	t.Helper()
	closed, err := client.GetPublicAccessBlock(ctx, &s3.GetPublicAccessBlockInput{Bucket: &bucket})
	require.NoError(t, err)
	for _, each := range []*bool{
		closed.PublicAccessBlockConfiguration.BlockPublicAcls, closed.PublicAccessBlockConfiguration.BlockPublicPolicy,
		closed.PublicAccessBlockConfiguration.IgnorePublicAcls, closed.PublicAccessBlockConfiguration.RestrictPublicBuckets,
	} {
		assert.True(t, *each)
	}
	encryption, err := client.GetBucketEncryption(ctx, &s3.GetBucketEncryptionInput{Bucket: &bucket})
	require.NoError(t, err)
	assert.Equal(t, storage.ServerSideEncryptionAes256,
		encryption.ServerSideEncryptionConfiguration.Rules[0].ApplyServerSideEncryptionByDefault.SSEAlgorithm)
	policy, err := client.GetBucketPolicy(ctx, &s3.GetBucketPolicyInput{Bucket: &bucket})
	require.NoError(t, err)
	assert.True(t, slices.ContainsFunc(policyOf(t, *policy.Policy), deniesPlainHTTP), "%s can be reached without TLS: %s", bucket, *policy.Policy)
	return *policy.Policy
}

// deniesPlainHTTP reports whether a statement keeps everyone from a bucket without TLS. The emulator ignores statements with
// conditions, so that there is nothing to try.
func deniesPlainHTTP(statement map[string]any) bool {
	return statement["Effect"] == "Deny" && fmt.Sprint(statement["Principal"]) == "map[AWS:*]" && fmt.Sprint(statement["Action"]) == "[s3:*]" &&
		fmt.Sprint(statement["Condition"]) == "map[Bool:map[aws:SecureTransport:false]]"
}

// checkFleet checks that the instances are spread over the private subnets, from a numbered version of a template that
// demands IMDSv2, and in service. It returns that version.
func checkFleet(ctx context.Context, t *testing.T, clients clients, network network, outputs auto.OutputMap) int64 {
	t.Helper()
	group := readGroup(ctx, t, clients, outputs)
	assert.Equal(t, "ELB", *group.HealthCheckType)
	assert.EqualValues(t, 300, *group.HealthCheckGracePeriod)
	assert.EqualValues(t, 180, *group.DefaultInstanceWarmup)
	assert.EqualValues(t, []int32{2, 8, 2}, []int32{*group.MinSize, *group.MaxSize, *group.DesiredCapacity})
	assert.Equal(t, []string{outputs["targetGroupArn"].Value.(string)}, group.TargetGroupARNs)
	subnets := strings.Split(*group.VPCZoneIdentifier, ",")
	var private []string
	for _, subnet := range outputs["privateSubnetIds"].Value.([]any) {
		private = append(private, subnet.(string))
	}
	assert.ElementsMatch(t, private, subnets)
	zones := map[string]bool{}
	for _, instance := range group.Instances {
		assert.Equal(t, scaling.LifecycleStateInService, instance.LifecycleState)
		zones[*instance.AvailabilityZone] = true
	}
	assert.Len(t, group.Instances, 2)
	assert.Len(t, zones, 2, "one in each zone")
	health, err := clients.elb.DescribeTargetHealth(ctx, &elb.DescribeTargetHealthInput{TargetGroupArn: aws.String(outputs["targetGroupArn"].Value.(string))})
	require.NoError(t, err)
	assert.Len(t, health.TargetHealthDescriptions, 2)
	return checkTemplate(ctx, t, clients, group, outputs)
}

func readGroup(ctx context.Context, t *testing.T, clients clients, outputs auto.OutputMap) scaling.AutoScalingGroup {
	t.Helper()
	found, err := clients.autoscaling.DescribeAutoScalingGroups(ctx, &autoscaling.DescribeAutoScalingGroupsInput{
		AutoScalingGroupNames: []string{outputs["autoScalingGroupName"].Value.(string)},
	})
	require.NoError(t, err)
	require.Len(t, found.AutoScalingGroups, 1)
	return found.AutoScalingGroups[0]
}

// checkTemplate checks the version of the launch template that the group uses, and returns its number.
func checkTemplate(ctx context.Context, t *testing.T, clients clients, group scaling.AutoScalingGroup, outputs auto.OutputMap) int64 {
	t.Helper()
	assert.Equal(t, outputs["launchTemplateId"].Value, *templateOf(group).LaunchTemplateId)
	version := readTemplate(ctx, t, clients, group)
	assert.True(t, *version.DefaultVersion, "checks look at the default version")
	data := version.LaunchTemplateData
	assert.EqualValues(t, "required", data.MetadataOptions.HttpTokens)
	assert.EqualValues(t, 1, *data.MetadataOptions.HttpPutResponseHopLimit)
	assert.True(t, *data.BlockDeviceMappings[0].Ebs.Encrypted)
	assert.False(t, *data.NetworkInterfaces[0].AssociatePublicIpAddress)
	assert.True(t, strings.HasPrefix(*data.ImageId, "ami-"), "looked up")
	script := userData(ctx, t, clients, group)
	assert.True(t, strings.HasPrefix(script, "#!/bin/bash\n"), "base64 once")
	assert.False(t, strings.Contains(script, originValue(ctx, t, clients)), "no secret in it")
	assert.False(t, strings.Contains(script, smtpPassword), "no secret in it")
	return *version.VersionNumber
}

// templateOf returns which launch template a group uses, with one instance type or several.
func templateOf(group scaling.AutoScalingGroup) *scaling.LaunchTemplateSpecification {
	if group.MixedInstancesPolicy != nil {
		return group.MixedInstancesPolicy.LaunchTemplate.LaunchTemplateSpecification
	}
	return group.LaunchTemplate
}

// readTemplate returns the version of the launch template that the group uses.
func readTemplate(ctx context.Context, t *testing.T, clients clients, group scaling.AutoScalingGroup) template.LaunchTemplateVersion {
	t.Helper()
	uses := templateOf(group)
	_, err := strconv.Atoi(*uses.Version)
	require.NoError(t, err, "a number, and not $Latest")
	versions, err := clients.ec2.DescribeLaunchTemplateVersions(ctx, &ec2.DescribeLaunchTemplateVersionsInput{
		LaunchTemplateId: uses.LaunchTemplateId, Versions: []string{*uses.Version},
	})
	require.NoError(t, err)
	require.Len(t, versions.LaunchTemplateVersions, 1)
	return versions.LaunchTemplateVersions[0]
}

// userData returns the script that instances of the group boot with.
func userData(ctx context.Context, t *testing.T, clients clients, group scaling.AutoScalingGroup) string {
	t.Helper()
	script, err := base64.StdEncoding.DecodeString(*readTemplate(ctx, t, clients, group).LaunchTemplateData.UserData)
	require.NoError(t, err)
	return string(script)
}

// checkScaling checks that the fleet follows its load, and its calendar with all three sizes.
func checkScaling(ctx context.Context, t *testing.T, clients clients, outputs auto.OutputMap) {
	t.Helper()
	group := aws.String(outputs["autoScalingGroupName"].Value.(string))
	policies, err := clients.autoscaling.DescribePolicies(ctx, &autoscaling.DescribePoliciesInput{AutoScalingGroupName: group})
	require.NoError(t, err)
	targets := map[string]float64{}
	for _, policy := range policies.ScalingPolicies {
		if tracking := policy.TargetTrackingConfiguration; tracking != nil {
			targets[string(tracking.PredefinedMetricSpecification.PredefinedMetricType)] = *tracking.TargetValue
		} else {
			targets[string(policy.PredictiveScalingConfiguration.Mode)] = *policy.PredictiveScalingConfiguration.MetricSpecifications[0].TargetValue
		}
	}
	assert.Equal(t, map[string]float64{"ASGAverageCPUUtilization": 60, "ALBRequestCountPerTarget": 1000, "ForecastOnly": 60}, targets)

	actions, err := clients.autoscaling.DescribeScheduledActions(ctx, &autoscaling.DescribeScheduledActionsInput{AutoScalingGroupName: group})
	require.NoError(t, err)
	sizes := map[string]string{}
	for _, action := range actions.ScheduledUpdateGroupActions {
		text, err := json.Marshal([]*int32{action.MinSize, action.MaxSize, action.DesiredCapacity})
		require.NoError(t, err)
		sizes[*action.ScheduledActionName] = string(text)
	}
	assert.Equal(t, map[string]string{
		"weekday-morning": "[4,8,null]", "weekday-evening": "[2,8,2]", "exams-winter": "[6,8,null]", "exams-winter-end": "[2,8,null]",
	}, sizes, "null: as many as there are")
}
