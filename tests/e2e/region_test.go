//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"ha-web/tests/deployed"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Production runs in another region than the shipped stack file says: without us-east-1 nobody can move a name (docs/recovery.md, "If
// the lost region is us-east-1").
const firstRegion, secondRegion = "us-east-2", "us-west-2"

// TestSecondRegion brings production up in one region and loses the region, then does what docs/recovery.md says, command by command:
// another stack comes up from copies, and takes the name over.
func TestSecondRegion(t *testing.T) {
	t.Parallel()
	ctx, prod := deployIn(t, firstRegion)
	createHostedZone(ctx, t, prod.aws, "example.edu")
	global := newClients(prod.Emulator, "us-east-1") // of CloudFront and Route 53
	prod.Set(ctx, t, "secrets.replicaRegion", secondRegion)
	lost := prod.Update(ctx, t)
	storeSecret(ctx, t, prod.aws)
	prod.PointAtEmulator(t, "dr")

	prod.setLostRegions(t, firstRegion)
	_, err := prod.aws.rds.DescribeDBInstances(ctx, &rds.DescribeDBInstancesInput{}, func(o *rds.Options) { o.RetryMaxAttempts = 1 })
	require.Error(t, err, "nobody reaches the region")
	prod.setLostRegions(t, firstRegion) // forgets that question

	prod.follow(ctx, t, "Bring the site up")
	dr := prod.beside("dr")
	outputs := dr.CurrentOutputs(t)
	checkCopy(ctx, t, dr.aws, lost, outputs)
	checkName(ctx, t, global, lost, outputs)

	prod.follow(ctx, t, "Move the names")
	checkName(ctx, t, global, dr.CurrentOutputs(t), lost)
	assert.Equal(t, "https://"+siteName, dr.CurrentOutputs(t)["url"].Value)
	assert.Empty(t, prod.refused(t), "asked of the lost region")
}

// deployIn creates the stack of production on an emulator, in another region than that of its file.
func deployIn(t *testing.T, region string) (context.Context, *deployment) {
	t.Helper()
	content, err := os.ReadFile("../../Pulumi.prod.yaml")
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "prod.yaml")
	require.NoError(t, os.WriteFile(file, bytes.ReplaceAll(content, []byte("us-east-1"), []byte(region)), 0o600))
	ctx, stack := suite.Deploy(t, deployed.Options{Name: "prod", File: file, Corrections: []string{"corrections"}})
	return ctx, &deployment{Stack: stack, aws: newClients(stack.Emulator, region)}
}

// beside returns the stack of another name of the same project, on the same emulator, in the second region.
func (d *deployment) beside(name string) *deployment {
	other := *d.Stack
	other.Name = name
	return &deployment{Stack: &other, aws: newClients(d.Emulator, secondRegion)}
}

const appSecret = "hunter2-of-the-app"

// storeSecret sets the secret of the application, as its operator does: no stack file has it.
func storeSecret(ctx context.Context, t *testing.T, clients clients) {
	t.Helper()
	_, err := clients.secrets.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{
		SecretId: aws.String("ha-web/prod/smtp"), SecretString: aws.String(appSecret),
	})
	require.NoError(t, err)
}

// checkCopy checks that a stack has what the lost one had: data, secrets and settings.
func checkCopy(ctx context.Context, t *testing.T, clients clients, lost, outputs auto.OutputMap) {
	t.Helper()
	for _, name := range []string{
		"applicationPort", "databaseEngine", "databaseInstanceClass", "databaseName", "databaseUsername", "databaseVersion", "databaseProxyEnabled",
		"domainName", "environment", "ingress", "albProtocol",
	} {
		assert.Equal(t, lost[name].Value, outputs[name].Value, name)
	}
	assert.Equal(t, "https://"+outputs["cdnDomainName"].Value.(string), outputs["url"].Value, "until the name moves")
	database := databaseOf(ctx, t, clients, outputs)
	assert.True(t, *database.MultiAZ)
	assert.True(t, *database.DeletionProtection)
	assert.Contains(t, *database.KmsKeyId, ":"+secondRegion+":", "the key of the copy")
	assert.Equal(t, outputs["databaseSecretArn"].Value, *database.MasterUserSecret.SecretArn, "with a password of its own")
	events, err := clients.rds.DescribeEvents(ctx, &rds.DescribeEventsInput{
		SourceIdentifier: database.DBInstanceIdentifier, SourceType: types.SourceTypeDbInstance,
	})
	require.NoError(t, err)
	var said []string
	for _, each := range events.Events {
		said = append(said, *each.Message)
	}
	assert.Contains(t, strings.ToLower(strings.Join(said, "\n")), "restored", "from the copy of the backups")
	secret, err := clients.secrets.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: aws.String("ha-web/dr/smtp")})
	require.NoError(t, err)
	assert.Equal(t, appSecret, *secret.SecretString)
}

// databaseOf returns the database of a stack.
func databaseOf(ctx context.Context, t *testing.T, clients clients, outputs auto.OutputMap) types.DBInstance {
	t.Helper()
	found, err := clients.rds.DescribeDBInstances(ctx, &rds.DescribeDBInstancesInput{
		DBInstanceIdentifier: aws.String(outputs["databaseIdentifier"].Value.(string)),
	})
	require.NoError(t, err)
	require.Len(t, found.DBInstances, 1)
	return found.DBInstances[0]
}

// checkName checks which of two stacks has the name of the site, in CloudFront and in DNS.
func checkName(ctx context.Context, t *testing.T, clients clients, owner, other auto.OutputMap) {
	t.Helper()
	aliases := func(outputs auto.OutputMap) []string {
		found, err := clients.cloudfront.GetDistribution(ctx, &cloudfront.GetDistributionInput{Id: aws.String(outputs["distributionId"].Value.(string))})
		require.NoError(t, err)
		return found.Distribution.DistributionConfig.Aliases.Items
	}
	assert.Equal(t, []string{siteName}, aliases(owner))
	assert.Empty(t, aliases(other))
	targets := aliasRecords(ctx, t, clients)
	for _, kind := range []string{"A", "AAAA"} {
		assert.Equal(t, owner["cdnDomainName"].Value, targets[kind+" "+siteName], kind)
	}
}

// follow runs the commands below a heading of docs/recovery.md in one shell, as a person copies them, except those that ask the site.
func (d *deployment) follow(ctx context.Context, t *testing.T, heading string) {
	t.Helper()
	if _, err := exec.LookPath("aws"); err != nil {
		suite.Need(t, "the AWS CLI is not on the PATH")
	}
	script := strings.ReplaceAll(commands(t, "../../docs/recovery.md", heading), "us-east-1", firstRegion)
	shell := exec.CommandContext(ctx, "bash", "-euo", "pipefail", "-c", unattended+script)
	shell.Dir = d.Folder
	shell.Env = append(os.Environ(), "AWS_ENDPOINT_URL="+d.Emulator, "AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test",
		"AWS_DEFAULT_REGION="+secondRegion)
	for name, value := range d.Workspace().GetEnvVars() {
		shell.Env = append(shell.Env, name+"="+value)
	}
	printed, err := shell.CombinedOutput()
	require.NoError(t, err, "%s\n%s", script, printed)
	t.Logf("%s:\n%s", heading, printed)
}

// unattended answers for the person who reads the page, and leads the AWS CLI to the emulator, which versions before 2.13 do not find
// by themselves.
const unattended = `
pulumi() {
  if [ "$1" = up ]; then command pulumi up --yes --skip-preview --suppress-progress "${@:2}"; else command pulumi "$@"; fi
}
aws() { command aws --endpoint-url "$AWS_ENDPOINT_URL" "$@"; }
`

// commands returns the commands below a heading of a page, up to the next heading, except those that need a site which answers.
func commands(t *testing.T, page, heading string) string {
	t.Helper()
	content, err := os.ReadFile(page)
	require.NoError(t, err)
	_, section, found := strings.Cut(string(content), "\n### "+heading+"\n")
	require.True(t, found, heading)
	section, _, _ = strings.Cut(section, "\n#")
	var script strings.Builder
	for line := range strings.Lines(section) {
		command, is := strings.CutPrefix(line, "    ")
		if is && !strings.HasPrefix(command, "curl ") && !strings.Contains(command, "go run ") {
			script.WriteString(command)
		}
	}
	require.NotEmpty(t, script.String(), heading)
	return script.String()
}

// setLostRegions has the emulator refuse every call to these regions, and forget what it has refused so far.
func (d *deployment) setLostRegions(t *testing.T, regions ...string) {
	t.Helper()
	content, err := json.Marshal(map[string]any{"lost": append([]string{}, regions...)})
	require.NoError(t, err)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPut, d.Emulator+"/localcloud/regions", bytes.NewReader(content))
	require.NoError(t, err)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	require.Equal(t, http.StatusOK, response.StatusCode)
}

// refused returns the calls that the emulator has refused.
func (d *deployment) refused(t *testing.T) []string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, d.Emulator+"/localcloud/regions", http.NoBody)
	require.NoError(t, err)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	var answer struct{ Refused []string }
	require.NoError(t, json.NewDecoder(response.Body).Decode(&answer))
	return answer.Refused
}
