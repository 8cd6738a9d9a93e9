//go:build e2e

package e2e

import (
	"context"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// smtpPassword is what the operator of the stack keeps in its encrypted config.
const smtpPassword = "hunter2-of-the-mail-server"

// TestLocalStack brings the local stack up, which has all that dev and prod leave off, and reads every part of it back.
func TestLocalStack(t *testing.T) {
	t.Parallel()
	ctx, d := deploy(t, "local")
	checkFaults(ctx, t, d)
	d.SetSecret(ctx, t, "secrets.values.smtp", smtpPassword)
	d.Set(ctx, t, "web.schedules[1].recurrence", evening)
	setRoutes(ctx, t, d)
	outputs := d.Update(ctx, t)
	network := readNetwork(ctx, t, d.aws.ec2, outputs["vpcId"].Value.(string))
	checkRoutes(t, network, outputs)
	checkGroups(ctx, t, d.aws.ec2, outputs["vpcId"].Value.(string), withProxy)
	instance := checkDatabase(ctx, t, d.aws, network, outputs)
	checkProxy(ctx, t, d.aws, network, outputs)
	checkReplica(ctx, t, newClients(d.Emulator, "us-west-2"), instance)
	checkParameters(ctx, t, d.aws, outputs, "20")
	checkLoadBalancer(ctx, t, d.aws, network, outputs)
	checkFleet(ctx, t, d.aws, network, outputs)
	checkScaling(ctx, t, d.aws, outputs)
	checkCDN(ctx, t, d.aws, outputs)
	checkMonitoring(ctx, t, d.aws, outputs, *instance.DBInstanceIdentifier)
	checkPipeline(ctx, t, d.aws, outputs)
	checkAccess(ctx, t, d.aws, outputs)
	checkState(ctx, t, d, checkSecrets(ctx, t, d.aws, outputs), append(routeSecrets(), smtpPassword,
		originValue(ctx, t, d.aws), edgeValue(ctx, t, d.aws))...)
	checkRollout(ctx, t, d, outputs, "web.bootSeconds", "150", "LaunchTemplate ha-web-app", "Group ha-web-app", "Policy ha-web-scaling-forecast")
	runIncidents(ctx, t, d, outputs)
	d.expectNoDrift(ctx, t)
	d.destroy(ctx, t)
	checkGone(ctx, t, d.aws, outputs)
	checkFinalSnapshot(ctx, t, d.aws, instance)
	checkMonitoringGone(ctx, t, d.aws)
	checkPipelineGone(ctx, t, d.aws)
}

// checkFaults checks that the program refuses settings it does not know, the engine's way.
func checkFaults(ctx context.Context, t *testing.T, d *deployment) {
	t.Helper()
	const key = "netwrok"
	require.NoError(t, d.SetConfig(ctx, key, auto.ConfigValue{Value: "x"}))
	_, err := d.Preview(ctx)
	require.ErrorContains(t, err, "netwrok: unknown, did you mean network?")
	assert.NotContains(t, err.Error(), "goroutine")
	require.NoError(t, d.RemoveConfig(ctx, key))
}
