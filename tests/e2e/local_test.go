//go:build e2e

package e2e

import (
	"context"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optdestroy"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optup"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// smtpPassword is what the operator of the stack keeps in its encrypted config.
const smtpPassword = "hunter2-of-the-mail-server"

func TestLocalStack(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), deadline)
	defer cancel()
	url := endpoint(t)
	stack, state := newStack(ctx, t, "local", url)
	aws := newClients(url, "us-east-1")

	checkFaults(ctx, t, stack)
	require.NoError(t, stack.SetConfigWithOptions(ctx, "ha-web:secrets.values.smtp",
		auto.ConfigValue{Value: smtpPassword, Secret: true}, &auto.ConfigOptions{Path: true}))
	setRoutes(ctx, t, stack)
	firstPreview(ctx, t, stack)
	outputs := up(ctx, t, stack)
	t.Cleanup(func() { removeLeftovers(t, stack) })
	vpcID := outputs["vpcId"].Value.(string)
	network := readNetwork(ctx, t, aws.ec2, vpcID)
	checkRoutes(t, network, outputs)
	checkGroups(ctx, t, aws.ec2, vpcID, withProxy)
	instance := checkDatabase(ctx, t, aws, network, outputs)
	checkProxy(ctx, t, aws, network, outputs)
	checkReplica(ctx, t, newClients(url, "us-west-2"), instance)
	checkParameters(ctx, t, aws, outputs)
	checkLoadBalancer(ctx, t, aws, network, outputs)
	version := checkFleet(ctx, t, aws, network, outputs)
	checkScaling(ctx, t, aws, outputs)
	checkCDN(ctx, t, aws, outputs)
	checkMonitoring(ctx, t, aws, outputs, *instance.DBInstanceIdentifier)
	checkPipeline(ctx, t, aws, outputs)
	checkAccess(ctx, t, aws, outputs)
	expectNoChanges(ctx, t, stack)
	checkRollout(ctx, t, stack, url, aws, outputs, version)
	checkState(ctx, t, stack, state, checkSecrets(ctx, t, aws, outputs), append(routeSecrets(), smtpPassword,
		originValue(ctx, t, aws), edgeValue(ctx, t, aws))...)
	destroy(ctx, t, stack)

	left, err := aws.ec2.DescribeVpcs(ctx, &ec2.DescribeVpcsInput{Filters: filter("vpc-id", vpcID)})
	require.NoError(t, err)
	assert.Empty(t, left.Vpcs)
	databases, err := aws.rds.DescribeDBInstances(ctx, &rds.DescribeDBInstancesInput{})
	require.NoError(t, err)
	assert.Empty(t, databases.DBInstances)
	checkFinalSnapshot(ctx, t, aws, instance)
	checkCDNGone(ctx, t, aws)
	checkMonitoringGone(ctx, t, aws)
	checkPipelineGone(ctx, t, aws)
}

// checkFaults checks that the program refuses settings it does not know, the engine's way.
func checkFaults(ctx context.Context, t *testing.T, stack auto.Stack) {
	t.Helper()
	const key = "ha-web:netwrok"
	require.NoError(t, stack.SetConfig(ctx, key, auto.ConfigValue{Value: "x"}))
	_, err := stack.Preview(ctx)
	require.ErrorContains(t, err, "netwrok: unknown, did you mean network?")
	assert.NotContains(t, err.Error(), "goroutine")
	require.NoError(t, stack.RemoveConfig(ctx, key))
}

// firstPreview shows what an empty account would get.
func firstPreview(ctx context.Context, t *testing.T, stack auto.Stack) {
	t.Helper()
	_, done := progress(t, "preview")
	previewed, err := stack.Preview(ctx)
	done()
	require.NoError(t, err)
	t.Logf("to create: %d", previewed.ChangeSummary["create"])
}

func up(ctx context.Context, t *testing.T, stack auto.Stack) auto.OutputMap {
	t.Helper()
	out, done := progress(t, "up")
	result, err := stack.Up(ctx, optup.ProgressStreams(out), optup.SuppressProgress())
	done()
	require.NoError(t, err)
	if created := result.Summary.ResourceChanges; created != nil {
		t.Logf("resources: %v", *created)
	}
	return result.Outputs
}

func destroy(ctx context.Context, t *testing.T, stack auto.Stack) {
	t.Helper()
	out, done := progress(t, "destroy")
	_, err := stack.Destroy(ctx, optdestroy.ProgressStreams(out), optdestroy.SuppressProgress())
	done()
	require.NoError(t, err)
}

// removeLeftovers destroys what a failed test leaves behind. The test's own context is over by then.
func removeLeftovers(t *testing.T, stack auto.Stack) {
	if !t.Failed() {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	defer cancel()
	if _, err := stack.Destroy(ctx); err != nil {
		t.Logf("some resources are left: %v", err)
	}
}
