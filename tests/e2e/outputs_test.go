//go:build e2e

package e2e

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	parameters "github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/urn"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// checkPublishedOutputs reads the outputs as a pipeline without Pulumi does.
func checkPublishedOutputs(ctx context.Context, t *testing.T, d *deployment, outputs auto.OutputMap) {
	t.Helper()
	found, err := d.aws.ssm.GetParameter(ctx, &ssm.GetParameterInput{Name: aws.String("/ha-web/" + d.Name + "/outputs")})
	require.NoError(t, err)
	assert.Equal(t, parameters.ParameterTypeString, found.Parameter.Type)
	var published map[string]any
	require.NoError(t, json.Unmarshal([]byte(*found.Parameter.Value), &published))
	exported := map[string]any{}
	for name, output := range outputs {
		assert.False(t, output.Secret, name)
		exported[name] = output.Value
	}
	assert.Equal(t, exported, published)
	t.Logf("published outputs: %d bytes", len(*found.Parameter.Value))
}

// checkNothingIsDestroyed destroys a protected stack without a preview, and checks that nothing is gone.
func checkNothingIsDestroyed(ctx context.Context, t *testing.T, d *deployment, outputs auto.OutputMap) {
	t.Helper()
	before := d.resources(t)
	err := d.tryDestroy(ctx, t, "destroy of a protected stack")
	require.ErrorContains(t, err, "ha-web-outputs")
	assert.ErrorContains(t, err, "protect")
	assert.Equal(t, before, d.resources(t))

	assert.Len(t, instanceIDs(readGroup(ctx, t, d.aws, outputs)), 2)
	distribution, err := d.aws.cloudfront.GetDistribution(ctx, &cloudfront.GetDistributionInput{Id: aws.String(outputs["distributionId"].Value.(string))})
	require.NoError(t, err)
	assert.True(t, *distribution.Distribution.DistributionConfig.Enabled)
	checkParameters(ctx, t, d.aws, outputs, "20")
	checkPublishedOutputs(ctx, t, d, outputs)
}

// checkOutageIsAnnounced checks that a preview says, before it happens, that a change takes the site down, and finds nothing to do
// without one.
func checkOutageIsAnnounced(ctx context.Context, t *testing.T, d *deployment) {
	t.Helper()
	const outage = "outage: web.port changes from 8080 to 9090: the site answers 502 and 503 for 5 to 8 minutes"
	assert.NotContains(t, d.expectNoChanges(ctx, t), "outage")
	d.Set(ctx, t, "web.port", "9090")
	previewed, err := d.Run(ctx, t, "preview of an outage", "preview")
	require.NoError(t, err)
	assert.Contains(t, previewed.Text, outage)
	d.Unset(ctx, t, "web.port")
}

// resources returns the URNs of the state, but for those of components: one without children is an entry of the state and nothing else.
func (d *deployment) resources(t *testing.T) []string {
	t.Helper()
	var urns []string
	for _, each := range d.Resources(t) {
		if !strings.HasPrefix(string(urn.URN(each.URN).Type()), "ha-web:index:") {
			urns = append(urns, each.URN)
		}
	}
	require.Greater(t, len(urns), 200)
	return urns
}
