//go:build e2e

package e2e

import (
	"context"
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	identity "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Where roles of the stack are, and those that no pipeline may change.
const (
	ownPath          = "/ha-web/local/"
	administeredPath = "/administered/ha-web/local/"
)

// checkPipeline checks that jobs of the repository, and no others, take on the pipeline's roles, and that no role of the stack
// may do more than its boundary.
func checkPipeline(ctx context.Context, t *testing.T, clients clients, outputs auto.OutputMap) {
	t.Helper()
	providers, err := clients.iam.ListOpenIDConnectProviders(ctx, &iam.ListOpenIDConnectProvidersInput{})
	require.NoError(t, err)
	require.Len(t, providers.OpenIDConnectProviderList, 1)
	provider := *providers.OpenIDConnectProviderList[0].Arn
	assert.True(t, strings.HasSuffix(provider, "oidc-provider/token.actions.githubusercontent.com"), provider)

	boundary := boundaryARN(ctx, t, clients)
	for output, test := range map[string]struct {
		subjects []string
		seconds  int32
		boundary string
	}{
		"deployRoleArn": {[]string{"repo:example@1/ha-web@2:environment:local"}, 7200, boundary},
		"previewRoleArn": {[]string{
			"repo:example@1/ha-web@2:pull_request", "repo:example@1/ha-web@2:ref:refs/heads/main",
		}, 3600, ""},
	} {
		role := readRole(ctx, t, clients, outputs[output].Value.(string))
		assert.Equal(t, administeredPath, *role.Path, output)
		assert.Equal(t, test.seconds, *role.MaxSessionDuration, output)
		trust := policyOf(t, *role.AssumeRolePolicyDocument)
		require.Len(t, trust, 1)
		assert.Equal(t, map[string]any{"Federated": provider}, trust[0]["Principal"], output)
		equals := trust[0]["Condition"].(map[string]any)["StringEquals"].(map[string]any)
		assert.Equal(t, "sts.amazonaws.com", equals["token.actions.githubusercontent.com:aud"], output)
		var subjects []string
		for _, each := range equals["token.actions.githubusercontent.com:sub"].([]any) {
			subjects = append(subjects, each.(string))
		}
		assert.Equal(t, test.subjects, subjects, output)
		assert.Equal(t, test.boundary, boundaryOf(role), output)
	}
	attached, err := clients.iam.ListAttachedRolePolicies(ctx, &iam.ListAttachedRolePoliciesInput{RoleName: aws.String("ha-web-local-deploy")})
	require.NoError(t, err)
	require.Len(t, attached.AttachedPolicies, 1)
	assert.Equal(t, boundary, *attached.AttachedPolicies[0].PolicyArn)
	checkBoundaries(ctx, t, clients, boundary)
}

// checkBoundaries checks that every role under the stack's own path has the boundary.
func checkBoundaries(ctx context.Context, t *testing.T, clients clients, boundary string) {
	t.Helper()
	roles, err := clients.iam.ListRoles(ctx, &iam.ListRolesInput{PathPrefix: aws.String(ownPath)})
	require.NoError(t, err)
	assert.GreaterOrEqual(t, len(roles.Roles), 4)
	for _, each := range roles.Roles {
		assert.Equal(t, boundary, boundaryOf(readRole(ctx, t, clients, *each.Arn)), *each.RoleName)
	}
}

func boundaryARN(ctx context.Context, t *testing.T, clients clients) string {
	t.Helper()
	policies, err := clients.iam.ListPolicies(ctx, &iam.ListPoliciesInput{
		Scope: identity.PolicyScopeTypeLocal, PathPrefix: aws.String(administeredPath),
	})
	require.NoError(t, err)
	require.Len(t, policies.Policies, 1)
	assert.Equal(t, "ha-web-local-boundary", *policies.Policies[0].PolicyName)
	return *policies.Policies[0].Arn
}

func readRole(ctx context.Context, t *testing.T, clients clients, arn string) *identity.Role {
	t.Helper()
	found, err := clients.iam.GetRole(ctx, &iam.GetRoleInput{RoleName: aws.String(arn[strings.LastIndex(arn, "/")+1:])})
	require.NoError(t, err)
	return found.Role
}

// boundaryOf returns the ARN of a role's boundary, or nothing.
func boundaryOf(role *identity.Role) string {
	if role.PermissionsBoundary == nil {
		return ""
	}
	return aws.ToString(role.PermissionsBoundary.PermissionsBoundaryArn)
}

// policyOf returns the statements of a policy document, as IAM hands it out.
func policyOf(t *testing.T, text string) []map[string]any {
	t.Helper()
	plain, err := url.QueryUnescape(text)
	require.NoError(t, err)
	var document struct{ Statement []map[string]any }
	require.NoError(t, json.Unmarshal([]byte(plain), &document))
	return document.Statement
}

// checkPipelineGone checks that nobody can come back.
func checkPipelineGone(ctx context.Context, t *testing.T, clients clients) {
	t.Helper()
	for _, path := range []string{ownPath, administeredPath} {
		roles, err := clients.iam.ListRoles(ctx, &iam.ListRolesInput{PathPrefix: aws.String(path)})
		require.NoError(t, err)
		assert.Empty(t, roles.Roles, path)
	}
	providers, err := clients.iam.ListOpenIDConnectProviders(ctx, &iam.ListOpenIDConnectProvidersInput{})
	require.NoError(t, err)
	assert.Empty(t, providers.OpenIDConnectProviderList)
}
