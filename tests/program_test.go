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
	"strings"
	"sync"
	"testing"
	"time"

	"ha-web/internal/awstype"
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
		"Pulumi.yaml", "Pulumi.dev.yaml", "Pulumi.prod.yaml", "Pulumi.dr.yaml", "Pulumi.local.yaml")
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

var (
	stacks  = []string{"dev", "prod", "local"}
	shipped = append([]string{"dr"}, stacks...) // prod in a second region besides
)

func TestPlansAreAsCommitted(t *testing.T) {
	t.Parallel()
	for _, stack := range shipped {
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
		assert.Equal(t, offline.Unknown, unknown.one(t, awstype.EC2Subnet, "ha-web-public-a")["vpcId"], "so the two do differ")
	}
}

func TestEveryStackTakesTwoToSixZones(t *testing.T) {
	t.Parallel()
	for _, stack := range stacks {
		for count := 2; count <= 6; count++ {
			got := planOf(t, "-stack", stack, "-c", "network.availabilityZones=["+strings.Join(zones(count), ", ")+"]")
			assert.Len(t, got.of(awstype.EC2Subnet), 3*count, "%s in %d zones", stack, count)
		}
	}
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
		awstype.KMSKey + "::ha-web-key", awstype.KMSKey + "::ha-web-replica", awstype.KMSKey + "::ha-web-secrets-replica", awstype.RDSInstance + "::ha-web-db", awstype.S3BucketV2 + "::ha-web-alb-logs", awstype.S3BucketV2 + "::ha-web-cdn-logs",
		awstype.S3BucketV2 + "::ha-web-static", awstype.SecretsManagerSecret + "::ha-web-secret-smtp", awstype.SSMParameter + "::ha-web-outputs", awstype.AWSXECRRepository + "::ha-web-images",
	}, guarded("prod"))
	assert.Equal(t, true, planOf(t, "-stack", "prod").one(t, awstype.LBLoadBalancer, "ha-web-alb")["enableDeletionProtection"])
	assert.Empty(t, guarded("dev"))
	assert.Equal(t, 0.0, planOf(t, "-stack", "dev", "-c", "secrets.names=[smtp]").one(t, awstype.SecretsManagerSecret, "ha-web-secret-smtp")["recoveryWindowInDays"])
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
	assert.Equal(t, []string{"ha-web-origin-v1", "ha-web-secret-oidc", "ha-web-secret-smtp"}, got.names(awstype.SecretsManagerSecret))
	assert.Equal(t, []string{"ha-web-origin-v1", "ha-web-secret-smtp"}, got.names(awstype.SecretsManagerSecretVersion), "the other is created empty")
	assert.Equal(t, offline.Secret, got.one(t, awstype.SecretsManagerSecretVersion, "ha-web-secret-smtp")["secretString"])
	assert.Equal(t, offline.Secret, got.one(t, awstype.SNSTopicSubscription, "ha-web-alarms-https-duty")["endpoint"])
	assert.Contains(t, inputsOf(t, got.of(awstype.LBListenerRule)["ha-web-signin-admin"]), `"clientSecret":"[secret]"`)

	_, stderr, status := run(t, project, "plan", "-c", "secrets={names: [smtp], values: {smtp: hunter2}}")
	assert.Equal(t, 1, status)
	assert.Equal(t, "secrets.values.smtp: must be encrypted: pulumi config set --secret --path 'secrets.values.smtp'\n", stderr)
}
