//go:build e2e

package e2e

import (
	"context"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	balancing "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// expected is what a stack that is meant for AWS has to be like, on the emulator too.
type expected struct {
	natGateways int
	multiAZ     bool
	poolSize    string
	chain       map[string]rules
	listeners   map[int32]balancing.ActionTypeEnum // what they do by default, by port
}

// TestDevStack brings dev up as it is, then gives it a domain and a sign-in without CloudFront.
func TestDevStack(t *testing.T) {
	t.Parallel()
	ctx, d := deploy(t, "dev")
	outputs := d.Update(ctx, t)
	checkStack(ctx, t, d, outputs, expected{
		natGateways: 1, poolSize: "8", chain: withoutProxy,
		listeners: map[int32]balancing.ActionTypeEnum{80: balancing.ActionTypeEnumFixedResponse},
	})
	checkVerified(ctx, t, d)
	checkState(ctx, t, d, checkMasterSecret(ctx, t, d.aws, outputs, byDefault), originValue(ctx, t, d.aws))
	version := checkTemplate(ctx, t, d.aws, readGroup(ctx, t, d.aws, outputs), outputs)
	checkOutageIsAnnounced(ctx, t, d)
	d.updateInPlace(ctx, t, "web.bootSeconds", "150", "LaunchTemplate ha-web-app", "Group ha-web-app")
	assert.Equal(t, version+1, checkTemplate(ctx, t, d.aws, readGroup(ctx, t, d.aws, outputs), outputs))
	checkSignInWithoutCDN(ctx, t, d)
	d.expectNoChanges(ctx, t, "--refresh", "--expect-no-changes") // as the drift workflow does every night
	d.destroy(ctx, t)
	checkGone(ctx, t, d.aws, outputs)
}

// TestDevIncidents runs the incidents of dev on a stack of their own, which is not destroyed: it ends with its emulator.
func TestDevIncidents(t *testing.T) {
	t.Parallel()
	ctx, d := deploy(t, "dev")
	runIncidents(ctx, t, d, d.Update(ctx, t))
}

// TestProdStack brings production up in its own shape: domain, TLS, aliases and several instance types, with a sign-in and
// console roles.
func TestProdStack(t *testing.T) {
	t.Parallel()
	ctx, d := deploy(t, "prod")
	createHostedZone(ctx, t, d.aws, "example.edu")
	setSignIn(ctx, t, d)
	setAdditions(ctx, t, d)
	d.Set(ctx, t, "access.saml.metadataFile", "examples/saml/metadata.xml")
	outputs := d.Update(ctx, t)
	checkStack(ctx, t, d, outputs, expected{
		natGateways: 2, multiAZ: true, poolSize: "20", chain: withSignIn,
		listeners: map[int32]balancing.ActionTypeEnum{443: balancing.ActionTypeEnumFixedResponse, 80: balancing.ActionTypeEnumRedirect},
	})
	checkMailRules(t, readNetwork(ctx, t, d.aws.ec2, outputs["vpcId"].Value.(string)), outputs)
	checkDomain(ctx, t, d.aws, outputs)
	checkAdditions(ctx, t, d, outputs)
	checkSignIn(ctx, t, d.aws, "/admin/*")
	checkConsoleRoles(ctx, t, d.aws, outputs)
	checkState(ctx, t, d, checkMasterSecret(ctx, t, d.aws, outputs, inProd), originValue(ctx, t, d.aws), clientSecret)
	checkVerified(ctx, t, d)
	d.expectNoDrift(ctx, t)
	checkNothingIsDestroyed(ctx, t, d, outputs)
	if !testing.Short() { // it takes minutes, and a test of its own holds the commands to the shell, to outputs and to settings
		t.Run("commands of the documents", func(t *testing.T) { checkDocumentedCommands(ctx, t, d, outputs) })
	}
	unprotect(ctx, t, d)
	d.destroy(ctx, t)
	checkGone(ctx, t, d.aws, outputs)
}

// TestProdIncidents rolls a release out, and runs the incidents of prod, as TestDevIncidents does.
func TestProdIncidents(t *testing.T) {
	t.Parallel()
	ctx, d := deploy(t, "prod", slowFleet...)
	reportTargets(ctx, t, d)
	createHostedZone(ctx, t, d.aws, "example.edu")
	outputs := d.Update(ctx, t)
	checkRollout(ctx, t, d, outputs, "web.container", goodRelease, "LaunchTemplate ha-web-app", "Group ha-web-app", "RolePolicy ha-web-app")
	runIncidents(ctx, t, d, outputs)
	d.expectNoDrift(ctx, t)
}

// protected are the sections of settings that keep what they describe from being deleted.
func protected() []string {
	return []string{"web", "database", "secrets", "cdn", "delivery"}
}

// unprotect lets a production stack go, as docs/guard-rails.md says: it has guard rails against it.
func unprotect(ctx context.Context, t *testing.T, d *deployment) {
	t.Helper()
	d.Set(ctx, t, "database.deletionProtection", "false")
	_, err := d.Preview(ctx)
	require.ErrorContains(t, err, "database.deletionProtection: a production stack needs")
	for _, section := range protected() {
		d.Set(ctx, t, section+".deletionProtection", "false")
		d.Set(ctx, t, "waivers."+section+"-deletion-protection", "the test is over")
	}
	d.Set(ctx, t, "database.finalSnapshot", "false")
	d.Set(ctx, t, "waivers.final-snapshot", "the test is over")
	d.Update(ctx, t)
}

// checkStack reads back what keeps a stack alive, and closed.
func checkStack(ctx context.Context, t *testing.T, d *deployment, outputs auto.OutputMap, want expected) {
	t.Helper()
	network := readNetwork(ctx, t, d.aws.ec2, outputs["vpcId"].Value.(string))
	checkRoutes(t, network, outputs)
	assert.Len(t, network.nat, want.natGateways)
	database := "ha-web-" + d.Name + "-db"
	found, err := d.aws.rds.DescribeDBInstances(ctx, &rds.DescribeDBInstancesInput{DBInstanceIdentifier: &database})
	require.NoError(t, err)
	require.Len(t, found.DBInstances, 1)
	instance := found.DBInstances[0]
	assert.Equal(t, want.multiAZ, *instance.MultiAZ)
	assert.True(t, *instance.StorageEncrypted)
	assert.False(t, *instance.PubliclyAccessible)
	checkGroups(ctx, t, d.aws.ec2, outputs["vpcId"].Value.(string), want.chain)
	checkParameters(ctx, t, d.aws, outputs, want.poolSize)
	checkPublishedOutputs(ctx, t, d, outputs)
	checkTemplate(ctx, t, d.aws, readGroup(ctx, t, d.aws, outputs), outputs)
	checkListeners(ctx, t, d.aws, want.listeners)
	checkBuckets(ctx, t, d.aws.s3)
	distribution, err := d.aws.cloudfront.GetDistribution(ctx, &cloudfront.GetDistributionInput{Id: aws.String(outputs["distributionId"].Value.(string))})
	require.NoError(t, err)
	checkBehaviours(t, distribution.Distribution.DistributionConfig)
	set, err := d.aws.cloudwatch.DescribeAlarms(ctx, &cloudwatch.DescribeAlarmsInput{
		AlarmNamePrefix: aws.String("ha-web-" + d.Name + "-"), MaxRecords: aws.Int32(100),
	})
	require.NoError(t, err)
	assert.Greater(t, len(set.MetricAlarms), 25)
	for _, each := range set.MetricAlarms {
		assert.NotEmpty(t, each.AlarmActions, *each.AlarmName)
	}
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

// checkGone checks that nothing is left that costs money.
func checkGone(ctx context.Context, t *testing.T, clients clients, outputs auto.OutputMap) {
	t.Helper()
	networks, err := clients.ec2.DescribeVpcs(ctx, &ec2.DescribeVpcsInput{Filters: filter("vpc-id", outputs["vpcId"].Value.(string))})
	require.NoError(t, err)
	assert.Empty(t, networks.Vpcs)
	databases, err := clients.rds.DescribeDBInstances(ctx, &rds.DescribeDBInstancesInput{})
	require.NoError(t, err)
	assert.Empty(t, databases.DBInstances)
	checkCDNGone(ctx, t, clients)
}
