package drills

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/stretchr/testify/require"
)

const region = "eu-central-1"

// emulator answers as the AWS APIs do.
type emulator struct {
	port int
	keys aws.Credentials
}

var errNoEmulator = errors.New("there is no emulator of AWS: E2E_EMULATOR is not set, and moto_server is not on the PATH")

// shared is the emulator of all drills but those that change it for everyone. It ends with the last drill.
var shared = sync.OnceValues(func() (*emulator, error) {
	e, stop, err := startEmulator(20_000 + os.Getpid()%10_000)
	if err == nil {
		atEnd = append(atEnd, stop)
	}
	return e, err
})

func sharedEmulator(t *testing.T) *emulator {
	t.Helper()
	e, err := shared()
	return usable(t, e, err)
}

// ownEmulator starts an emulator for one test.
func ownEmulator(t *testing.T) *emulator {
	t.Helper()
	e, stop, err := startEmulator(freePort(t))
	if err == nil {
		t.Cleanup(stop)
	}
	return usable(t, e, err)
}

func usable(t *testing.T, e *emulator, err error) *emulator {
	t.Helper()
	if errors.Is(err, errNoEmulator) {
		need(t, err.Error())
	}
	require.NoError(t, err)
	return e
}

// startEmulator starts an emulator, and returns what ends it.
//
// E2E_EMULATOR is the command that starts one: called with a port and a folder for its log, it starts an emulator and prints
// its address; called with --stop and both, it ends it. Without it, moto_server is started.
func startEmulator(port int) (*emulator, func(), error) {
	folder, err := os.MkdirTemp(base, "emulator-")
	if err != nil {
		return nil, nil, err
	}
	e := &emulator{port: port, keys: aws.Credentials{AccessKeyID: "drill", SecretAccessKey: "drill-" + searchable(newPassword())}}
	if command := os.Getenv("E2E_EMULATOR"); command != "" {
		stop := func() { _ = exec.Command(command, "--stop", strconv.Itoa(port), folder).Run() }
		return e, stop, run(exec.Command(command, strconv.Itoa(port), folder))
	}
	moto, err := exec.LookPath("moto_server")
	if err != nil {
		return nil, nil, errNoEmulator
	}
	server, err := start(exec.Command(moto, "-H", "127.0.0.1", "-p", strconv.Itoa(port)), filepath.Join(folder, "log"))
	if err != nil {
		return nil, nil, err
	}
	stop := func() { server.stop(syscall.SIGKILL) }
	for deadline := time.Now().Add(time.Minute); !accepts(port); time.Sleep(100 * time.Millisecond) {
		if server.ended(0) || time.Now().After(deadline) {
			stop()
			return nil, nil, fmt.Errorf("moto_server does not start: see %s", server.output)
		}
	}
	return e, stop, nil
}

func (e *emulator) config() aws.Config {
	return aws.Config{
		Region:       region,
		BaseEndpoint: aws.String("http://" + loopback(e.port)),
		Credentials:  credentials.StaticCredentialsProvider{Value: e.keys},
	}
}

// setParameter writes an SSM parameter.
func (e *emulator) setParameter(t *testing.T, name, value string) {
	t.Helper()
	_, err := ssm.NewFromConfig(e.config()).PutParameter(t.Context(), &ssm.PutParameterInput{
		Name: aws.String(name), Value: aws.String(value), Type: ssmtypes.ParameterTypeString, Overwrite: aws.Bool(true),
	})
	require.NoError(t, err)
}

// createSecret creates a secret with the application's password, and returns its ARN.
func (e *emulator) createSecret(t *testing.T, name, password string) string {
	t.Helper()
	created, err := secretsmanager.NewFromConfig(e.config()).CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{
		Name: aws.String(name), SecretString: aws.String(secretString(t, password)),
	})
	require.NoError(t, err)
	return aws.ToString(created.ARN)
}

// setSecret changes the password in a secret.
func (e *emulator) setSecret(t *testing.T, arn, password string) {
	t.Helper()
	_, err := secretsmanager.NewFromConfig(e.config()).PutSecretValue(t.Context(), &secretsmanager.PutSecretValueInput{
		SecretId: aws.String(arn), SecretString: aws.String(secretString(t, password)),
	})
	require.NoError(t, err)
}

func secretString(t *testing.T, password string) string {
	t.Helper()
	content, err := json.Marshal(map[string]string{"username": databaseUser, "password": password})
	require.NoError(t, err)
	return string(content)
}

// createUser creates an IAM user that may do nothing yet, and returns its access key.
func (e *emulator) createUser(t *testing.T, name string) aws.Credentials {
	t.Helper()
	client := iam.NewFromConfig(e.config())
	_, err := client.CreateUser(t.Context(), &iam.CreateUserInput{UserName: aws.String(name)})
	require.NoError(t, err)
	created, err := client.CreateAccessKey(t.Context(), &iam.CreateAccessKeyInput{UserName: aws.String(name)})
	require.NoError(t, err)
	return aws.Credentials{
		AccessKeyID: aws.ToString(created.AccessKey.AccessKeyId), SecretAccessKey: aws.ToString(created.AccessKey.SecretAccessKey),
	}
}

// allow gives a user the right to call the given actions, and takes all others.
func (e *emulator) allow(t *testing.T, name string, actions ...string) {
	t.Helper()
	policy, err := json.Marshal(map[string]any{
		"Version":   "2012-10-17",
		"Statement": []any{map[string]any{"Effect": "Allow", "Action": actions, "Resource": "*"}},
	})
	require.NoError(t, err)
	_, err = iam.NewFromConfig(e.config()).PutUserPolicy(t.Context(), &iam.PutUserPolicyInput{
		UserName: aws.String(name), PolicyName: aws.String("drill"), PolicyDocument: aws.String(string(policy)),
	})
	require.NoError(t, err)
}

// enforce makes the emulator check signatures and rights from now on. Its own key becomes that of a user with all rights.
func (e *emulator) enforce(t *testing.T) {
	t.Helper()
	keys := e.createUser(t, "administrator")
	e.allow(t, "administrator", "*")
	address := url.URL{Scheme: "http", Host: loopback(e.port), Path: "/moto-api/reset-auth"}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address.String(), strings.NewReader("0"))
	require.NoError(t, err)
	answer, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		need(t, "the emulator cannot check rights: it has no /moto-api/reset-auth")
	}
	e.keys = keys
}

// countCalls leads the application's calls through a proxy that counts those of one action, named as in X-Amz-Target.
func (s *stage) countCalls(t *testing.T, action string) *atomic.Int64 {
	t.Helper()
	var calls atomic.Int64
	forward := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: loopback(s.emulator.port)})
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Amz-Target") == action {
			calls.Add(1)
		}
		forward.ServeHTTP(w, r)
	}))
	t.Cleanup(proxy.Close)
	s.aws.lead(proxy.Listener.Addr().(*net.TCPAddr).Port)
	return &calls
}
