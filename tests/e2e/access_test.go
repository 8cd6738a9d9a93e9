//go:build e2e

package e2e

import (
	"context"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// checkAccess checks who gets in, and what State Manager does on the instances.
func checkAccess(ctx context.Context, t *testing.T, clients clients, outputs auto.OutputMap) {
	t.Helper()
	assert.Empty(t, outputs["consoleRoles"].Value, "there is no identity provider of staff")
	scanner := readRole(ctx, t, clients, outputs["scannerRoleArn"].Value.(string))
	trust := policyOf(t, *scanner.AssumeRolePolicyDocument)
	assert.Equal(t, map[string]any{"AWS": "arn:aws:iam::111122223333:role/scanner"}, trust[0]["Principal"])
	assert.Equal(t, map[string]any{"StringEquals": map[string]any{"sts:ExternalId": "ha-web-local"}}, trust[0]["Condition"])
	checkAssociations(ctx, t, clients, outputs)
}

// checkConsoleRoles checks that staff take on roles by SAML: one that looks, and one that operates.
func checkConsoleRoles(ctx context.Context, t *testing.T, clients clients, outputs auto.OutputMap) {
	t.Helper()
	roles := outputs["consoleRoles"].Value.([]any)
	require.Len(t, roles, 2)
	for i, name := range []string{"read-only", "operator"} {
		arn, provider, found := strings.Cut(roles[i].(string), ",")
		require.True(t, found, "ARNs of role and provider, as an identity provider wants them: %v", roles[i])
		assert.Contains(t, arn, ":role/administered/ha-web/prod/ha-web-prod-"+name)
		trust := policyOf(t, *readRole(ctx, t, clients, arn).AssumeRolePolicyDocument)
		assert.Equal(t, []any{"sts:AssumeRoleWithSAML"}, trust[0]["Action"], name)
		assert.Equal(t, map[string]any{"Federated": provider}, trust[0]["Principal"], name)
		_, err := clients.iam.GetSAMLProvider(ctx, &iam.GetSAMLProviderInput{SAMLProviderArn: &provider})
		assert.NoError(t, err)
	}
}

// checkAssociations checks that each agent and playbook is applied to the fleet, in the version that there is.
func checkAssociations(ctx context.Context, t *testing.T, clients clients, outputs auto.OutputMap) {
	t.Helper()
	listed, err := clients.ssm.ListAssociations(ctx, &ssm.ListAssociationsInput{})
	require.NoError(t, err)
	schedules := map[string]string{}
	for _, each := range listed.Associations {
		found, err := clients.ssm.DescribeAssociation(ctx, &ssm.DescribeAssociationInput{AssociationId: each.AssociationId})
		require.NoError(t, err)
		association := found.AssociationDescription
		name := *association.AssociationName
		schedules[name] = *association.ScheduleExpression
		require.Len(t, association.Targets, 1, name)
		assert.Equal(t, "tag:aws:autoscaling:groupName", *association.Targets[0].Key, name)
		assert.Equal(t, []string{outputs["autoScalingGroupName"].Value.(string)}, association.Targets[0].Values, name)
		document, err := clients.ssm.GetDocument(ctx, &ssm.GetDocumentInput{Name: association.Name, DocumentVersion: association.DocumentVersion})
		require.NoError(t, err)
		if name == "ha-web-local-playbook-moodle" {
			checkPlaybook(ctx, t, clients.s3, *document.Content)
		}
	}
	assert.Equal(t, map[string]string{
		"ha-web-local-agent-falcon": "rate(1 day)", "ha-web-local-agent-datadog": "rate(1 day)", "ha-web-local-playbook-moodle": "rate(12 hours)",
	}, schedules)
}

// checkPlaybook checks that the files are where the document looks for them, in a bucket that is closed to others.
func checkPlaybook(ctx context.Context, t *testing.T, client *s3.Client, document string) {
	t.Helper()
	assert.Contains(t, document, "AWS-ApplyAnsiblePlaybooks")
	_, path, found := strings.Cut(document, "https://s3.us-east-1.amazonaws.com/")
	require.True(t, found, document)
	path, _, _ = strings.Cut(path, `\`)
	bucket, prefix, _ := strings.Cut(path, "/")
	checkClosed(ctx, t, client, bucket)
	objects, err := client.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: &bucket, Prefix: &prefix})
	require.NoError(t, err)
	keys := map[string]bool{}
	for _, each := range objects.Contents {
		keys[aws.ToString(each.Key)] = true
	}
	assert.True(t, keys[prefix+"site.yml"], "%s in %v", prefix, keys)
}
