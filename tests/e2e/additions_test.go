//go:build e2e

package e2e

import (
	"context"
	"encoding/base64"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// aliasName is a further name of the site.
const aliasName = "www.example.edu"

// setAdditions sets what a stack has by no default: variables and permissions of the application, another name, and tags.
func setAdditions(ctx context.Context, t *testing.T, d *deployment) {
	t.Helper()
	for _, each := range []struct{ path, value string }{ // in order: a list grows by its next item
		{"domain.aliases[0]", aliasName},
		{"tags.CostCenter", "42"},
		{"web.environment.MAIL_FROM", "Moodle <moodle@example.edu>"},
		{"web.environment.FLAGS", "ssm:/campus/flags"},
		{"web.policies[0].arn", "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"},
		{"web.policies[1].actions[0]", "dynamodb:GetItem"},
		{"web.policies[1].resources[0]", "arn:aws:dynamodb:us-east-1:123456789012:table/campus"},
	} {
		d.Set(ctx, t, each.path, each.value)
	}
}

// checkAdditions reads back what setAdditions set, but for the name.
func checkAdditions(ctx context.Context, t *testing.T, d *deployment, outputs auto.OutputMap) {
	t.Helper()
	versions, err := d.aws.ec2.DescribeLaunchTemplateVersions(ctx, &ec2.DescribeLaunchTemplateVersionsInput{
		LaunchTemplateId: aws.String(outputs["launchTemplateId"].Value.(string)), Versions: []string{"$Latest"},
	})
	require.NoError(t, err)
	template := versions.LaunchTemplateVersions[0].LaunchTemplateData
	script, err := base64.StdEncoding.DecodeString(*template.UserData)
	require.NoError(t, err)
	assert.Contains(t, string(script), "\nFLAGS=/campus/flags\nMAIL_FROM=Moodle <moodle@example.edu>\n")
	for _, each := range template.TagSpecifications {
		var tags []string
		for _, tag := range each.Tags {
			tags = append(tags, *tag.Key+"="+*tag.Value)
		}
		assert.Contains(t, tags, "CostCenter=42", each.ResourceType)
	}
	var groupTags []string
	for _, tag := range readGroup(ctx, t, d.aws, outputs).Tags {
		groupTags = append(groupTags, *tag.Key+"="+*tag.Value)
		assert.True(t, *tag.PropagateAtLaunch, *tag.Key)
	}
	assert.Contains(t, groupTags, "CostCenter=42")
	checkBalancerTags(ctx, t, d.aws, outputs)
	checkInstancePolicies(ctx, t, d)
}

// checkBalancerTags checks the tags of the load balancer and of the target group.
func checkBalancerTags(ctx context.Context, t *testing.T, clients clients, outputs auto.OutputMap) {
	t.Helper()
	balancers, err := clients.elb.DescribeLoadBalancers(ctx, &elb.DescribeLoadBalancersInput{})
	require.NoError(t, err)
	found, err := clients.elb.DescribeTags(ctx, &elb.DescribeTagsInput{
		ResourceArns: []string{*balancers.LoadBalancers[0].LoadBalancerArn, outputs["targetGroupArn"].Value.(string)},
	})
	require.NoError(t, err)
	require.Len(t, found.TagDescriptions, 2)
	for _, each := range found.TagDescriptions {
		tags := map[string]string{}
		for _, tag := range each.Tags {
			tags[*tag.Key] = *tag.Value
		}
		assert.Equal(t, "42", tags["CostCenter"], *each.ResourceArn)
		assert.Equal(t, "prod", tags["Stack"], *each.ResourceArn)
	}
}

// checkInstancePolicies checks what the role of the instances may do because the settings say so.
func checkInstancePolicies(ctx context.Context, t *testing.T, d *deployment) {
	t.Helper()
	listed, err := d.aws.iam.ListRoles(ctx, &iam.ListRolesInput{PathPrefix: aws.String("/ha-web/" + d.Name + "/")})
	require.NoError(t, err)
	var role string
	for _, each := range listed.Roles {
		if strings.HasPrefix(*each.RoleName, "ha-web-app-") {
			role = *each.RoleName
		}
	}
	attached, err := d.aws.iam.ListAttachedRolePolicies(ctx, &iam.ListAttachedRolePoliciesInput{RoleName: &role})
	require.NoError(t, err)
	var names []string
	for _, each := range attached.AttachedPolicies {
		names = append(names, *each.PolicyName)
	}
	slices.Sort(names)
	assert.Equal(t, []string{"AmazonS3ReadOnlyAccess", "AmazonSSMManagedInstanceCore", "CloudWatchAgentServerPolicy"}, names)
	inline, err := d.aws.iam.ListRolePolicies(ctx, &iam.ListRolePoliciesInput{RoleName: &role})
	require.NoError(t, err)
	var statements []map[string]any
	for _, name := range inline.PolicyNames {
		policy, err := d.aws.iam.GetRolePolicy(ctx, &iam.GetRolePolicyInput{RoleName: &role, PolicyName: &name})
		require.NoError(t, err)
		statements = append(statements, policyOf(t, *policy.PolicyDocument)...)
	}
	assert.Contains(t, statements, map[string]any{
		"Effect": "Allow", "Action": []any{"dynamodb:GetItem"}, "Resource": []any{"arn:aws:dynamodb:us-east-1:123456789012:table/campus"},
	})
	const flags = "arn:aws:ssm:us-east-1:123456789012:parameter/campus/flags"
	for _, each := range statements {
		switch each["Sid"] {
		case "ReadNamedParameters":
			assert.Equal(t, []any{flags}, each["Resource"])
		case "RefuseOtherParameters":
			assert.Contains(t, each["NotResource"], flags)
		}
	}
}
