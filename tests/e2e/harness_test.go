//go:build e2e

// Package e2e brings stacks up with the real Pulumi engine and the real AWS provider, against an AWS API emulator on
// this machine, and reads back what came of it through the AWS SDK.
package e2e

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/budgets"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/firehose"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/wafv2"
	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/stretchr/testify/require"
)

const (
	project  = "../.." // from this package's folder, where go test runs
	deadline = 25 * time.Minute
	// emulator is where Pulumi.local.yaml expects it.
	emulator = "http://127.0.0.1:5811"
)

// need ends the test where a tool is missing: skipped, or failed with E2E_REQUIRED set.
func need(t *testing.T, what string) {
	t.Helper()
	message := what + ` (README, "Try it without an AWS account")`
	if os.Getenv("E2E_REQUIRED") != "" {
		t.Fatal(message)
	}
	t.Skip(message)
}

// endpoint returns the address of the emulator, which AWS_ENDPOINT_URL names.
func endpoint(t *testing.T) string {
	t.Helper()
	if _, err := exec.LookPath("pulumi"); err != nil {
		need(t, "the Pulumi CLI is not on the PATH")
	}
	url := os.Getenv("AWS_ENDPOINT_URL")
	if url == "" {
		url = startEmulator(t)
	}
	return oneAtATime(t, url)
}

// startEmulator starts moto on a free port, for as long as the test runs.
func startEmulator(t *testing.T) string {
	t.Helper()
	moto, err := exec.LookPath("moto_server")
	if err != nil {
		need(t, "there is no AWS API emulator: AWS_ENDPOINT_URL is not set, and moto_server not on the PATH")
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := free.Addr().String()
	require.NoError(t, free.Close())
	_, port, err := net.SplitHostPort(address)
	require.NoError(t, err)
	server := exec.Command(moto, "-H", "127.0.0.1", "-p", port)
	require.NoError(t, server.Start())
	t.Cleanup(func() {
		_ = server.Process.Kill()
		_ = server.Wait()
	})
	require.Eventually(t, func() bool {
		connection, err := net.DialTimeout("tcp", address, time.Second)
		if err == nil {
			_ = connection.Close()
		}
		return err == nil
	}, time.Minute, 200*time.Millisecond, "moto does not answer")
	return "http://" + address
}

// oneAtATime returns the address of a proxy that hands the emulator one request at a time. moto keeps no locks: of two
// rules taken from a security group at once, it forgets to take one.
func oneAtATime(t *testing.T, emulator string) string {
	t.Helper()
	target, err := url.Parse(emulator)
	require.NoError(t, err)
	var turn sync.Mutex
	forward := httputil.NewSingleHostReverseProxy(target)
	proxy := httptest.NewServer(http.HandlerFunc(func(response http.ResponseWriter, request *http.Request) {
		turn.Lock()
		defer turn.Unlock()
		forward.ServeHTTP(response, request)
	}))
	t.Cleanup(proxy.Close)
	return proxy.URL
}

// newStack returns a new stack of a copy of the project, which talks to the emulator, and the folder of its state.
func newStack(ctx context.Context, t *testing.T, name, endpoint string) (auto.Stack, string) {
	t.Helper()
	folder, state := t.TempDir(), t.TempDir()
	copyProject(t, folder)
	pointAtEmulator(t, folder, name, endpoint)
	stack, err := auto.NewStackLocalSource(ctx, name, folder, auto.EnvVars(map[string]string{
		"PULUMI_BACKEND_URL":        "file://" + state,
		"PULUMI_CONFIG_PASSPHRASE":  "e2e",
		"AWS_ENDPOINT_URL":          endpoint, // for the services that the stack file does not list
		"AWS_EC2_METADATA_DISABLED": "true",
	}))
	require.NoError(t, err)
	return stack, state
}

// copyProject copies what Pulumi needs of the project: it writes into stack files.
func copyProject(t *testing.T, folder string) {
	t.Helper()
	source := os.DirFS(project)
	require.NoError(t, fs.WalkDir(source, ".", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case path == ".git" || path == "tests":
			return fs.SkipDir
		case entry.IsDir():
			return os.MkdirAll(filepath.Join(folder, path), 0o700)
		}
		content, err := fs.ReadFile(source, path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(folder, path), content, 0o600)
	}))
}

// progress shows, on the terminal, what takes long, and how long it took.
func progress(t *testing.T, step string) (out io.Writer, done func()) {
	t.Helper()
	started := time.Now()
	fmt.Fprintf(os.Stderr, "== %s\n", step)
	return os.Stderr, func() { t.Logf("%s: %.1f s", step, time.Since(started).Seconds()) }
}

// clients speak to the services of a region past Pulumi.
type clients struct {
	autoscaling *autoscaling.Client
	budgets     *budgets.Client
	cloudfront  *cloudfront.Client
	cloudwatch  *cloudwatch.Client
	ec2         *ec2.Client
	elb         *elasticloadbalancingv2.Client
	events      *eventbridge.Client
	firehose    *firehose.Client
	iam         *iam.Client
	kms         *kms.Client
	logs        *cloudwatchlogs.Client
	rds         *rds.Client
	route53     *route53.Client
	s3          *s3.Client
	secrets     *secretsmanager.Client
	sns         *sns.Client
	ssm         *ssm.Client
	waf         *wafv2.Client
}

func newClients(url, region string) clients {
	config := aws.Config{
		Region: region, BaseEndpoint: aws.String(url), Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
	}
	return clients{
		autoscaling: autoscaling.NewFromConfig(config),
		budgets:     budgets.NewFromConfig(config),
		cloudfront:  cloudfront.NewFromConfig(config),
		cloudwatch:  cloudwatch.NewFromConfig(config),
		ec2:         ec2.NewFromConfig(config),
		elb:         elasticloadbalancingv2.NewFromConfig(config),
		events:      eventbridge.NewFromConfig(config),
		firehose:    firehose.NewFromConfig(config),
		iam:         iam.NewFromConfig(config),
		kms:         kms.NewFromConfig(config),
		logs:        cloudwatchlogs.NewFromConfig(config),
		rds:         rds.NewFromConfig(config),
		route53:     route53.NewFromConfig(config),
		s3:          s3.NewFromConfig(config, func(options *s3.Options) { options.UsePathStyle = true }),
		secrets:     secretsmanager.NewFromConfig(config),
		sns:         sns.NewFromConfig(config),
		ssm:         ssm.NewFromConfig(config),
		waf:         wafv2.NewFromConfig(config),
	}
}
