package tests

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"ha-web/internal/offline"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// These tests run the whole program as a person does: the built command, in the folder of the project.

const project = ".." // from this package's folder, where go test runs

// programFolder is where the built program goes.
var programFolder string

func TestMain(m *testing.M) { os.Exit(runTests(m)) }

func runTests(m *testing.M) int {
	var err error
	if programFolder, err = os.MkdirTemp("", "ha-web"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(programFolder)
	return m.Run()
}

// program builds the program and returns the path of the command.
var program = sync.OnceValues(func() (string, error) {
	err := lookThrough("main.go", "components", "internal",
		"Pulumi.yaml", "Pulumi.dev.yaml", "Pulumi.prod.yaml", "Pulumi.local.yaml")
	if err != nil {
		return "", err
	}
	command := filepath.Join(programFolder, "ha-web")
	build := exec.Command("go", "build", "-o", command, ".")
	build.Dir = project
	if output, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building the program: %w\n%s", err, output)
	}
	return command, nil
})

// lookThrough looks at files and folders of the project. What a test does not look at itself, go test's cache of results does
// not know of: it would show those of an older program. It takes no notice either of what is looked at before the tests run.
func lookThrough(inputs ...string) error {
	for _, input := range inputs {
		err := filepath.WalkDir(filepath.Join(project, input), func(path string, _ fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			_, err = os.Stat(path)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// run runs the command in a folder and returns what it printed and its exit status.
func run(t *testing.T, folder string, args ...string) (stdout, stderr string, status int) {
	t.Helper()
	stdout, stderr, state := runProcess(t, folder, args...)
	return stdout, stderr, state.ExitCode()
}

// runProcess runs the command in a folder and returns what it printed and what the system knows about its process.
func runProcess(t *testing.T, folder string, args ...string) (stdout, stderr string, state *os.ProcessState) {
	t.Helper()
	command, err := program()
	require.NoError(t, err)
	var out, faults bytes.Buffer
	process := exec.CommandContext(t.Context(), command, args...)
	process.Dir, process.Stdout, process.Stderr = folder, &out, &faults
	// Nothing of the machine: no credentials, no Pulumi, no proxy.
	process.Env = []string{"HOME=" + t.TempDir()}
	err = process.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		require.NoError(t, err)
	}
	return out.String(), faults.String(), process.ProcessState
}

// planOf returns the plan of a stack, which must succeed without a word on stderr.
func planOf(t *testing.T, args ...string) recording {
	t.Helper()
	stdout, stderr, status := run(t, project, append([]string{"plan", "-format", "json"}, args...)...)
	require.Zero(t, status, stderr)
	require.Empty(t, stderr)
	var planned offline.Recording
	require.NoError(t, json.Unmarshal([]byte(stdout), &planned))
	return recording{&planned}
}

var stacks = []string{"dev", "prod", "local"}

func TestPlansAreAsCommitted(t *testing.T) {
	t.Parallel()
	for _, stack := range stacks {
		stdout, stderr, status := run(t, project, "plan", "-stack", stack, "-format", "json")
		require.Zero(t, status, stderr)
		golden(t, stack+".golden.json", stdout)
	}
}

// golden compares text with a committed file. With UPDATE_GOLDEN set it rewrites the file, and still fails: an update
// is to be read, not to pass.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	want, err := os.ReadFile(path)
	if err == nil && string(want) == got {
		return
	}
	if os.Getenv("UPDATE_GOLDEN") != "" {
		require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
		t.Errorf("%s is rewritten: read its diff, then run again", path)
		return
	}
	require.NoError(t, err, "UPDATE_GOLDEN=1 writes it")
	assert.Equal(t, string(want), got, "%s differs, UPDATE_GOLDEN=1 rewrites it", path)
}

func TestTwoPlansOfOneStackAreTheSameBytes(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"json", "tree"} {
		first, _, _ := run(t, project, "plan", "-stack", "prod", "-format", format)
		for range 5 {
			again, _, _ := run(t, project, "plan", "-stack", "prod", "-format", format)
			require.Equal(t, first, again)
		}
	}
}

// The limit is in CPU time: other tests and the end-to-end run may keep the machine busy, which adds waiting to a plan, not work.
func TestPlanIsFast(t *testing.T) {
	t.Parallel()
	_, _, state := runProcess(t, project, "plan", "-stack", "prod")
	require.True(t, state.Success())
	assert.Less(t, state.UserTime()+state.SystemTime(), 1500*time.Millisecond)
}

func TestPreviewOfEveryStackRegistersTheSameResources(t *testing.T) {
	t.Parallel()
	for _, stack := range stacks {
		known, unknown := planOf(t, "-stack", stack), planOf(t, "-stack", stack, "-preview")
		assert.Equal(t, known.keys(), unknown.keys(), stack)
		assert.Equal(t, offline.Unknown, unknown.one(t, subnet, "ha-web-public-a")["vpcId"], "so the two do differ")
	}
}

func TestPlanShowsTheNetworkOfTheDocuments(t *testing.T) {
	t.Parallel()
	stdout, _, status := run(t, project, "plan", "-stack", "prod")
	require.Zero(t, status)
	tree := regexp.MustCompile(` +`).ReplaceAllString(stdout, " ")
	for _, line := range []string{
		"ec2.Vpc ha-web-vpc 10.0.0.0/16",
		"ec2.Subnet ha-web-public-a 10.0.1.0/24 us-east-1a", "ec2.Subnet ha-web-public-b 10.0.2.0/24 us-east-1b",
		"ec2.Subnet ha-web-private-a 10.0.11.0/24 us-east-1a", "ec2.Subnet ha-web-private-b 10.0.12.0/24 us-east-1b",
		"ec2.Subnet ha-web-data-a 10.0.21.0/24 us-east-1a", "ec2.Subnet ha-web-data-b 10.0.22.0/24 us-east-1b",
		"ec2.Route ha-web-private-internet-b 0.0.0.0/0 to ha-web-nat-b",
		"vpc.SecurityGroupIngressRule ha-web-app-from-alb tcp 8080 from ha-web-alb",
		"vpc.SecurityGroupIngressRule ha-web-db-from-proxy tcp 5432 from ha-web-proxy",
		"autoscaling.Group ha-web-app 2 to 10 instances",
		"lb.Listener ha-web-listener-https HTTPS 443",
		"ec2.Subnet 6",
	} {
		assert.Contains(t, tree, line)
	}
	assert.Equal(t, []string{"floating image: each update rolls out the newest image of " +
		"/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64; web.image pins one"}, notes(t, "-stack", "prod"))
	assert.Empty(t, notes(t, "-stack", "prod", "-c", "web.image=ami-0123456789abcdef0"))
	resources, _, _ := strings.Cut(stdout, "\noutputs\n")
	assert.NotContains(t, resources, "?", "a detail of the tree is missing")
}

// notes returns the notes of a plan, but for those about placeholders.
func notes(t *testing.T, args ...string) []string {
	t.Helper()
	return slices.DeleteFunc(allNotes(t, args...), func(note string) bool { return strings.HasPrefix(note, "placeholder: ") })
}

func TestPlaceholdersAreTheFirstNotesOfProduction(t *testing.T) {
	t.Parallel()
	assert.Equal(t, []string{
		`placeholder: domain.name is "learn.example.edu": replace it before this stack is deployed`,
		`placeholder: domain.hostedZone is "example.edu": replace it before this stack is deployed`,
		`placeholder: monitoring.email[0] is "oncall@example.edu": replace it before this stack is deployed`,
		`placeholder: monitoring.notices.email[0] is "platform@example.edu": replace it before this stack is deployed`,
	}, allNotes(t, "-stack", "prod")[:4])
	assert.NotContains(t, strings.Join(allNotes(t, "-stack", "dev"), "\n"), "placeholder")
}

// allNotes returns the notes of a plan.
func allNotes(t *testing.T, args ...string) []string {
	t.Helper()
	stdout, stderr, status := run(t, project, append([]string{"plan"}, args...)...)
	require.Zero(t, status, stderr)
	_, list, _ := strings.Cut(stdout, "\nnotes\n")
	return strings.FieldsFunc(strings.ReplaceAll(list, "  ", ""), func(r rune) bool { return r == '\n' })
}

func TestPlanSaysWhenAScheduleEmptiesAZone(t *testing.T) {
	t.Parallel()
	said := notes(t, "-stack", "dev", "-c", "web.schedules=[{name: night, recurrence: 0 20 * * *, min: 0}, {name: day, recurrence: 0 7 * * *, min: 2}]")
	assert.Contains(t, said, "schedule night: with min 0 a zone may have no instance")
	assert.NotContains(t, strings.Join(said, "\n"), "schedule day")
}

// A plan is the same whenever it is made: that a start has passed is said by pulumi preview and pulumi up.
func TestPlanDoesNotDependOnTheClock(t *testing.T) {
	t.Parallel()
	past := []string{"-stack", "dev", "-c", "web.schedules=[{name: long-ago, start: 2020-01-01T00:00, min: 4}]"}
	assert.Equal(t, "2020-01-01T00:00:00Z", planOf(t, past...).one(t, scheduledAction, "ha-web-schedule-long-ago")["startTime"])
	assert.NotContains(t, strings.Join(notes(t, past...), "\n"), "its start has passed")
}

func TestDevIsTheDefaultAndSaysWhatItLacks(t *testing.T) {
	t.Parallel()
	stdout, _, status := run(t, project, "plan")
	require.Zero(t, status)
	assert.True(t, strings.HasPrefix(stdout, "ha-web dev\n"))
	assert.Contains(t, stdout, "\nnotes\n  no TLS behind CloudFront: ")
	assert.Contains(t, stdout, "\n  no domain name: ")
	assert.Contains(t, stdout, "\n  no firewall: ")
	assert.Contains(t, stdout, "\n  one NAT gateway: ")
	assert.Contains(t, stdout, "\n  database in one zone: ")
	assert.Contains(t, stdout, "\n  no one is notified of alarms: ")
	assert.Equal(t, []string{"ha-web-alb-from-internet: ha-web-alb tcp 80 from [0.0.0.0/0]"},
		rules(planOf(t, "-c", "cdn.enabled=false"))[:1], "no TLS, so no port 443")
}

func TestEveryStackTakesTwoToSixZones(t *testing.T) {
	t.Parallel()
	for _, stack := range stacks {
		for count := 2; count <= 6; count++ {
			got := planOf(t, "-stack", stack, "-c", "network.availabilityZones=["+strings.Join(zones(count), ", ")+"]")
			assert.Len(t, got.of(subnet), 3*count, "%s in %d zones", stack, count)
		}
	}
}

func TestSettingsReachTheComponents(t *testing.T) {
	t.Parallel()
	got := planOf(t, "-stack", "dev", "-c", "network.natGateways=none",
		"-c", "network.interfaceEndpoints=[ssm, ssmmessages, ec2messages, secretsmanager, kms, logs, monitoring]",
		"-c", "network.availabilityZones=[us-east-1a, us-east-1b, us-east-1c]",
		"-c", "network.cidr=10.9.0.0/16", "-c", "network.flowLogs.enabled=false", "-c", "web.port=9000",
		"-c", "database.engine=mariadb", "-c", "cdn.enabled=false",
		"-c", "domain.certificateArn=arn:aws:acm:us-east-1:123456789012:certificate/0a-1b")
	assert.Empty(t, got.of(natGateway))
	assert.Empty(t, got.of(flowLog))
	assert.Len(t, got.of(endpoint), 8)
	assert.Equal(t, "10.9.23.0/24", got.one(t, subnet, "ha-web-data-c")["cidrBlock"])
	assert.Equal(t, 9000.0, got.one(t, ingressRule, "ha-web-app-from-alb")["fromPort"])
	assert.Equal(t, 3306.0, got.one(t, ingressRule, "ha-web-db-from-app")["fromPort"])
	assert.Equal(t, 443.0, got.one(t, ingressRule, "ha-web-alb-from-internet")["fromPort"])
	assert.Equal(t, map[string]any{
		"Name": "ha-web-vpc", "Project": "ha-web", "Stack": "dev", "Environment": "development",
	}, got.one(t, vpcType, "ha-web-vpc")["tags"])
	assert.Equal(t, []any{"us-east-1a", "us-east-1b", "us-east-1c"}, got.Outputs["availabilityZones"])

	assert.Equal(t, "com.amazonaws.global.cloudfront.origin-facing_id",
		planOf(t, "-stack", "prod").one(t, ingressRule, "ha-web-alb-cloudfront-from-cloudfront")["prefixListId"])
}

func TestSettingsReachTheDatabase(t *testing.T) {
	t.Parallel()
	args := []string{"-stack", "prod", "-c", "environment=development"}
	for _, assignment := range []string{
		"engine=mysql", "version=\"8.0\"", "allowMajorUpgrade=true", "instanceClass=db.r7g.large", "multiAz=false",
		"storageGiB=400", "maxStorageGiB=800", "iops=20000", "throughputMiBps=900", "name=moodle", "username=moodler",
		"backupDays=14", "backupWindow=01:00-02:00", "maintenanceWindow=sat:03:00-sat:04:00", "deletionProtection=false",
		"finalSnapshot=false", "rotateAfterDays=60", "monitoringSeconds=15", "logRetentionDays=30", "maxConnections=700",
		"parameters={tmp_table_size: 67108864}", "replicaRegion=eu-west-1",
		"proxy={maxConnectionsPercent: 80, borrowSeconds: 20}",
	} {
		args = append(args, "-c", "database."+assignment)
	}
	got := planOf(t, args...)
	instance := got.one(t, dbInstance, "ha-web-db")
	for property, want := range map[string]any{
		"engine": "mysql", "engineVersion": "8.0", "allowMajorVersionUpgrade": true, "instanceClass": "db.r7g.large",
		"multiAz": false, "allocatedStorage": 400.0, "maxAllocatedStorage": 800.0, "iops": 20000.0, "storageThroughput": 900.0,
		"dbName": "moodle", "username": "moodler", "backupRetentionPeriod": 14.0, "backupWindow": "01:00-02:00",
		"maintenanceWindow": "sat:03:00-sat:04:00", "deletionProtection": false, "skipFinalSnapshot": true,
		"monitoringInterval": 15.0, "applyImmediately": true, "kmsKeyId": "arn:aws:kms:us-east-1:123456789012:ha-web-key",
		"vpcSecurityGroupIds": []any{"ha-web-db_id"},
	} {
		assert.Equal(t, want, instance[property], property)
	}
	assert.Equal(t, []any{"ha-web-data-a_id", "ha-web-data-b_id"}, got.one(t, subnetGroup, "ha-web-db")["subnetIds"])
	assert.Equal(t, 60.0, got.one(t, secretRotation, "ha-web-db")["rotationRules"].(map[string]any)["automaticallyAfterDays"])
	assert.Equal(t, 30.0, got.one(t, logGroup, "ha-web-db-slowquery")["retentionInDays"])
	assert.Subset(t, got.one(t, parameterGroup, "ha-web-db")["parameters"], []any{
		map[string]any{"name": "max_connections", "value": "700", "applyMethod": "immediate"},
		map[string]any{"name": "tmp_table_size", "value": "67108864", "applyMethod": "immediate"},
	})
	assert.Equal(t, []any{"ha-web-private-a_id", "ha-web-private-b_id"}, got.one(t, proxy, "ha-web-proxy")["vpcSubnetIds"])
	assert.Equal(t, []any{"ha-web-proxy_id"}, got.one(t, proxy, "ha-web-proxy")["vpcSecurityGroupIds"])
	pool := got.one(t, proxyPool, "ha-web-proxy")["connectionPoolConfig"].(map[string]any)
	assert.Equal(t, 80.0, pool["maxConnectionsPercent"])
	assert.Equal(t, 20.0, pool["connectionBorrowTimeout"])
	assert.Equal(t, "eu-west-1", got.one(t, provider, "ha-web-replica")["region"])
	assert.Equal(t, provider+"::ha-web-replica", got.of(replication)["ha-web-replica"].Provider)

	restored := planOf(t, "-stack", "prod", "-c", "database.snapshotIdentifier=before-the-exam")
	assert.Equal(t, "before-the-exam", restored.one(t, dbInstance, "ha-web-db")["snapshotIdentifier"])
}

func TestProductionGuardsItsData(t *testing.T) {
	t.Parallel()
	guarded := func(stack string) []string {
		var keys []string
		for _, resource := range planOf(t, "-stack", stack).Resources {
			if resource.Protect {
				keys = append(keys, resource.Key())
			}
		}
		return keys
	}
	assert.Equal(t, []string{
		kmsKey + "::ha-web-key", dbInstance + "::ha-web-db", bucket + "::ha-web-alb-logs", bucket + "::ha-web-cdn-logs",
		bucket + "::ha-web-static", secret + "::ha-web-secret-smtp", imageRepository + "::ha-web-images",
	}, guarded("prod"))
	assert.Equal(t, true, planOf(t, "-stack", "prod").one(t, loadBalancer, "ha-web-alb")["enableDeletionProtection"])
	assert.Empty(t, guarded("dev"))
	assert.Equal(t, 0.0, planOf(t, "-stack", "dev", "-c", "secrets.names=[smtp]").one(t, secret, "ha-web-secret-smtp")["recoveryWindowInDays"])
}

func TestEncryptedValuesStaySecretInPlans(t *testing.T) {
	t.Parallel()
	dev, err := os.ReadFile(filepath.Join(project, "Pulumi.dev.yaml"))
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "Pulumi.dev.yaml")
	sealed := string(dev) + "  domain: {name: learn.example.edu, hostedZone: example.edu}\n  access:\n" +
		"    oidc:\n      paths: [/admin/*]\n      issuer: https://example.okta.com\n      clientId: ha-web\n      clientSecret: {secure: AAABAOm}\n"
	for section, values := range map[string]string{
		"  secrets:\n":    "    names: [smtp, oidc]\n    values: {smtp: {secure: AAABAOm}}\n",
		"  monitoring:\n": "    https: {duty: {secure: AAABAOm}}\n",
	} {
		require.Contains(t, sealed, section)
		sealed = strings.Replace(sealed, section, section+values, 1)
	}
	require.NoError(t, os.WriteFile(path, []byte(sealed), 0o600))
	got := planOf(t, "-file", path)
	assert.Equal(t, []string{"ha-web-origin-v1", "ha-web-secret-oidc", "ha-web-secret-smtp"}, got.names(secret))
	assert.Equal(t, []string{"ha-web-origin-v1", "ha-web-secret-smtp"}, got.names(secretVersion), "the other is created empty")
	assert.Equal(t, offline.Secret, got.one(t, secretVersion, "ha-web-secret-smtp")["secretString"])
	assert.Equal(t, offline.Secret, got.one(t, subscription, "ha-web-alarms-https-duty")["endpoint"])
	assert.Contains(t, inputsOf(t, got.of(listenerRule)["ha-web-signin-admin"]), `"clientSecret":"[secret]"`)

	_, stderr, status := run(t, project, "plan", "-c", "secrets={names: [smtp], values: {smtp: hunter2}}")
	assert.Equal(t, 1, status)
	assert.Equal(t, "secrets.values.smtp: must be encrypted: pulumi config set --secret --path 'secrets.values.smtp'\n", stderr)
}

func TestBadInputEndsWithStatusOneAndEveryFault(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	for name, content := range map[string]string{
		"Pulumi.yaml":        "name: ha-web",
		"Pulumi.broken.yaml": "config: [",
		"Pulumi.empty.yaml":  "config: {ha-web:environment: development}",
		"Pulumi.bad.yaml": `config:
  aws:region: us-east-1
  ha-web:environment: development
  ha-web:netwrok: {}
  ha-web:network: {availabilityZones: [us-east-1a, us-east-1b], natGatways: single}
  ha-web:web: {size: {max: 1}, port: "8080"}
`,
	} {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(content), 0o600))
	}
	tests := map[string]struct {
		args []string
		want string
	}{
		"every fault": {[]string{"-stack", "bad"}, `network.natGatways: unknown, did you mean network.natGateways?
netwrok: unknown, did you mean network?
web.port: must be an integer, got "8080"
web.size.max: must be at least web.size.min (2), got 1
`},
		"contradiction": {[]string{"-stack", "empty", "-c", "aws:region=us-west-2", "-c", "network.availabilityZones=[us-east-1a, us-east-1b]"},
			"network.availabilityZones: must be in aws:region (us-west-2), got us-east-1a\n"},
		"an empty file": {[]string{"-stack", "empty"}, `aws:region: is required, such as us-east-1
network.availabilityZones: must list 2 to 6 Availability Zones, such as [us-east-1a, us-east-1b], got 0
`},
		"not YAML":         {[]string{"-stack", "broken"}, "Pulumi.broken.yaml: yaml: line 1: did not find expected node content\n"},
		"no file":          {[]string{"-stack", "none"}, "there is no stack file Pulumi.none.yaml: the stacks here are bad, broken, empty\n"},
		"bad override":     {[]string{"-stack", "bad", "-c", "network"}, "-c network: must be path=value, such as network.natGateways=single\n"},
		"unreadable diff":  {[]string{"-file", filepath.Join(absolute(t, project), "Pulumi.dev.yaml"), "-diff", "none.json"}, "-diff: open none.json: no such file or directory\n"},
		"diff of no plan":  {[]string{"-file", filepath.Join(absolute(t, project), "Pulumi.dev.yaml"), "-diff", "Pulumi.yaml"}, "-diff: Pulumi.yaml: not a plan: invalid character 'a' in literal null (expecting 'u')\n"},
		"unknown flag":     {[]string{"-stak", "dev"}, "flag provided but not defined: -stak\n\nusage: "},
		"argument":         {[]string{"prod"}, "unexpected argument \"prod\"\n\nusage: "},
		"format":           {[]string{"-format", "xml"}, "-format: must be tree or json, got \"xml\"\n\nusage: "},
		"exit without":     {[]string{"-exit-code"}, "-exit-code: goes with -diff\n\nusage: "},
		"outside projects": {[]string{"-stack", "dev"}, "run this where the project is: open Pulumi.yaml: no such file or directory\n"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			where := folder
			if name == "outside projects" {
				where = t.TempDir()
			}
			stdout, stderr, status := run(t, where, append([]string{"plan"}, test.args...)...)
			assert.Equal(t, 1, status)
			assert.Empty(t, stdout)
			if strings.HasSuffix(test.want, "usage: ") {
				assert.True(t, strings.HasPrefix(stderr, test.want), stderr)
			} else {
				assert.Equal(t, test.want, stderr)
			}
			assert.NotContains(t, stderr, "goroutine")
		})
	}
}

func absolute(t *testing.T, path string) string {
	t.Helper()
	path, err := filepath.Abs(path)
	require.NoError(t, err)
	return path
}

func TestFilePlansAnyStackFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "Pulumi.staging.yaml")
	require.NoError(t, os.WriteFile(path, []byte(
		"config: {aws:region: eu-west-1, ha-web:environment: development, ha-web:network: {availabilityZones: [eu-west-1a, eu-west-1b]}}"), 0o600))
	assert.Equal(t, "staging", planOf(t, "-file", path).Stack)
	assert.Equal(t, "blue", planOf(t, "-file", path, "-stack", "blue").Stack)
}

func TestAnyNameOfTheProjectPlansTheSameStacks(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	for _, name := range []string{"Pulumi.yaml", "Pulumi.dev.yaml", "Pulumi.prod.yaml"} {
		content, err := os.ReadFile(filepath.Join(project, name))
		require.NoError(t, err)
		renamed := strings.Replace(string(content), "name: ha-web\n", "name: campus\n", 1)
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(renamed), 0o600))
	}
	for _, stack := range []string{"dev", "prod"} {
		stdout, stderr, status := run(t, folder, "plan", "-stack", stack, "-format", "json")
		require.Zero(t, status, stderr)
		var planned offline.Recording
		require.NoError(t, json.Unmarshal([]byte(stdout), &planned))
		assert.Equal(t, "campus", planned.Project)
		var keys []string
		for _, key := range (recording{&planned}).keys() {
			keys = append(keys, strings.Replace(key, "::campus", "::ha-web", 1))
		}
		assert.Equal(t, planOf(t, "-stack", stack).keys(), keys)
	}
}

func TestDiffAgainstASavedPlan(t *testing.T) {
	t.Parallel()
	saved := filepath.Join(t.TempDir(), "saved.json")
	before, _, status := run(t, project, "plan", "-stack", "prod", "-format", "json")
	require.Zero(t, status)
	require.NoError(t, os.WriteFile(saved, []byte(before), 0o600))

	stdout, stderr, status := run(t, project, "plan", "-stack", "prod", "-diff", saved, "-exit-code")
	assert.Equal(t, "no difference\n", stdout)
	assert.Empty(t, stderr)
	assert.Zero(t, status)

	changed := []string{"plan", "-stack", "prod", "-diff", saved, "-c", "network.natGateways=single", "-c", "waivers.nat-gateway-per-zone=a test"}
	stdout, _, status = run(t, project, changed...)
	assert.Zero(t, status, "a difference is no fault")
	assert.Contains(t, stdout, "- aws:ec2/natGateway:NatGateway ha-web-nat-b\n")
	assert.Contains(t, stdout, `~ aws:ec2/route:Route ha-web-private-internet-b
    ~ dependsOn[0]: "aws:ec2/natGateway:NatGateway::ha-web-nat-b" -> "aws:ec2/natGateway:NatGateway::ha-web-nat-a"
    ~ inputs.natGatewayId: "ha-web-nat-b_id" -> "ha-web-nat-a_id"
`)
	// And the gateway's alarms, their page, and their panel on the dashboard.
	assert.Contains(t, stdout, "\n0 added, 4 removed, 4 changed\n")
	assert.Contains(t, stdout, "\n    ~ inputs.dashboardBody.widgets[18].properties.metrics: ")
	_, _, status = run(t, project, append(changed, "-exit-code")...)
	assert.Equal(t, 2, status)
}

func TestOtherVerbsAreFaults(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{nil, {"plna"}, {"-stack", "dev"}} {
		stdout, stderr, status := run(t, project, args...)
		assert.Equal(t, 1, status)
		assert.Empty(t, stdout)
		assert.True(t, strings.HasPrefix(stderr, "Deploy with pulumi up. Without it there is one verb, plan.\n\nusage: "), stderr)
	}
}

func TestHelp(t *testing.T) {
	t.Parallel()
	stdout, stderr, status := run(t, project, "plan", "-h")
	assert.Zero(t, status)
	assert.Empty(t, stderr)
	assert.True(t, strings.HasPrefix(stdout, "usage: go run . plan [flags]\n"))
}

func TestSettingsReachTheWebTier(t *testing.T) {
	t.Parallel()
	args := []string{"-stack", "prod", "-c", "environment=development"}
	for _, assignment := range []string{
		"instanceTypes=[c7g.large, c6g.large]", "image=ami-0123456789abcdef0", "rootVolumeGiB=50", "port=9000", "ingress=cloudfront",
		"container=123456789012.dkr.ecr.us-east-1.amazonaws.com/moodle@sha256:" + strings.Repeat("0a", 32),
		"originHeader={name: X-From-CDN, version: 3}", "size={min: 4, max: 20}", "bootSeconds=120",
		"healthCheck={path: /ready, intervalSeconds: 10, graceSeconds: 240}",
		"targetGroup={deregistrationSeconds: 45, stickinessSeconds: 900, slowStartSeconds: 60}",
		"scaling={cpuPercent: 40, requestsPerTarget: 500, forecast: true}",
		"schedules=[{name: launch, start: 2027-09-01T08:00, min: 8}]",
		"exams={timeZone: Europe/Paris, rushAt: \"08:00\", leadHours: 1, endsAt: \"18:00\", min: 10, periods: [{name: june, from: 2027-06-01, to: 2027-06-12}]}",
		"spot={percent: 30, onDemandBase: 6}",
		"rollout={minHealthyPercent: 90, maxHealthyPercent: 120, checkpointPercents: [20, 100], checkpointSeconds: 60}",
		"accessLogs={retentionDays: 90}", "logRetentionDays=90", "deletionProtection=false",
	} {
		args = append(args, "-c", "web."+assignment)
	}
	got := planOf(t, args...)
	template := got.one(t, launchTemplate, "ha-web-app")
	assert.Equal(t, "c7g.large", template["instanceType"])
	assert.Equal(t, "ami-0123456789abcdef0", template["imageId"])
	assert.Contains(t, inputsOf(t, got.of(launchTemplate)["ha-web-app"]), `"volumeSize":50`)
	script := userDataOf(t, template)
	for _, line := range []string{
		"PORT='9000'", "HEALTH_PATH='/ready'", "BOOT_SECONDS='120'", "LOG_GROUP='/ha-web/prod/app'", "PARAMETER_PREFIX=/ha-web/prod",
		"REGISTRY='123456789012.dkr.ecr.us-east-1.amazonaws.com'",
		"SMTP_SECRET_ARN=arn:aws:secretsmanager:us-east-1:123456789012:ha-web-secret-smtp",
	} {
		assert.Contains(t, script, "\n"+line+"\n")
	}
	group := got.one(t, autoScalingGroup, "ha-web-app")
	for property, want := range map[string]any{
		"minSize": 4.0, "maxSize": 20.0, "defaultInstanceWarmup": 120.0, "healthCheckGracePeriod": 240.0, "capacityRebalance": true,
		"instanceMaintenancePolicy": map[string]any{"minHealthyPercentage": 90.0, "maxHealthyPercentage": 120.0},
	} {
		assert.Equal(t, want, group[property], property)
	}
	preferences := group["instanceRefresh"].(map[string]any)["preferences"].(map[string]any)
	assert.Equal(t, []any{20.0, 100.0}, preferences["checkpointPercentages"])
	assert.Equal(t, "60", preferences["checkpointDelay"])
	mixed := group["mixedInstancesPolicy"].(map[string]any)["instancesDistribution"].(map[string]any)
	assert.Equal(t, 6.0, mixed["onDemandBaseCapacity"])
	assert.Equal(t, 70.0, mixed["onDemandPercentageAboveBaseCapacity"])
	targets := got.one(t, targetGroup, "ha-web-app")
	for property, want := range map[string]any{"port": 9000.0, "deregistrationDelay": 45.0, "slowStart": 60.0} {
		assert.Equal(t, want, targets[property], property)
	}
	assert.Equal(t, 900.0, targets["stickiness"].(map[string]any)["cookieDuration"])
	assert.Equal(t, 40.0, got.one(t, scalingPolicy, "ha-web-scaling-cpu")["targetTrackingConfiguration"].(map[string]any)["targetValue"])
	assert.Equal(t, []string{"ha-web-scaling-cpu", "ha-web-scaling-forecast", "ha-web-scaling-requests"}, got.names(scalingPolicy))
	assert.Equal(t, "2027-09-01T08:00:00Z", got.one(t, scheduledAction, "ha-web-schedule-launch")["startTime"])
	assert.Equal(t, "2027-06-01T05:00:00Z", got.one(t, scheduledAction, "ha-web-schedule-exams-june")["startTime"])
	assert.Equal(t, "2027-06-12T16:00:00Z", got.one(t, scheduledAction, "ha-web-schedule-exams-june-end")["startTime"])
	assert.Contains(t, inputsOf(t, got.of(listenerRule)["ha-web-listener-origin"]), `"httpHeaderName":"X-From-CDN"`)
	assert.Equal(t, []string{"ha-web-origin-v2", "ha-web-origin-v3", "ha-web-secret-smtp"}, got.names(secret))
	assert.Contains(t, inputsOf(t, got.of(bucketLifecycle)["ha-web-alb-logs"]), `"days":90`)
	assert.Equal(t, 90.0, got.one(t, logGroup, "ha-web-app")["retentionInDays"])
	assert.Equal(t, false, got.one(t, loadBalancer, "ha-web-alb")["enableDeletionProtection"])
	assert.Equal(t, "arn:aws:kms:us-east-1:123456789012:ha-web-key", got.one(t, logGroup, "ha-web-app")["kmsKeyId"])

	fixed := planOf(t, "-stack", "dev", "-c", "web.scaling.cpuPercent=0", "-c", "web.accessLogs.enabled=false")
	assert.Empty(t, fixed.of(scalingPolicy), "0 is not left out")
	assert.NotContains(t, fixed.of(bucket), "ha-web-alb-logs")
}
