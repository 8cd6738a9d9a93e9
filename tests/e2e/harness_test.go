//go:build e2e

// Package e2e brings stacks up with the real Pulumi engine and the real AWS provider, each against an AWS API emulator of
// its own on this machine, all at the same time, and reads back through the AWS SDK what was created.
package e2e

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

const (
	project  = "../.." // from this package's folder, where go test runs
	deadline = 25 * time.Minute
)

var (
	// running ends with Ctrl-C or SIGTERM. Everything that a test waits for ends with it, so that its cleanup still runs.
	running context.Context
	// built is where programs are built, once for all tests.
	built string
)

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // the second Ctrl-C does not wait for cleanup
	running = ctx
	folder, err := os.MkdirTemp("", "ha-web-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(folder)
	built = folder
	return m.Run()
}

// need ends the test where a tool is missing: skipped, or failed with E2E_REQUIRED set.
func need(t *testing.T, what string) {
	t.Helper()
	message := what + ` (README, "Try it without an AWS account")`
	if os.Getenv("E2E_REQUIRED") != "" {
		t.Fatal(message)
	}
	t.Skip(message)
}

// The commands of the project, built once: linking one with the SDK takes 2 GB.
var (
	program = sync.OnceValues(func() (string, error) { return build("ha-web", ".") })
	verify  = sync.OnceValues(func() (string, error) { return build("verify", "./cmd/verify") })
)

func build(name, source string) (string, error) {
	path := filepath.Join(built, name)
	command := exec.CommandContext(running, "go", "build", "-o", path, source)
	command.Dir = project
	if printed, err := command.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building %s: %w\n%s", source, err, printed)
	}
	return path, nil
}

// deployment is a stack of a copy of the project, on an emulator of its own.
type deployment struct {
	auto.Stack
	name     string
	test     string // without Test
	emulator string // address
	folder   string // of the copy
	state    string // folder of Pulumi's state
	aws      clients
	targets  *targets // where the emulator is told which are healthy
}

// deploy starts an emulator, with more of its environment where that is given, and creates a stack there, from its stack
// file. It ends with the test. Tests that call it run at the same time.
func deploy(t *testing.T, name string, environment ...string) (context.Context, *deployment) {
	t.Helper()
	ctx, d := prepare(t, name, environment...)
	d.Stack = newStack(ctx, t, name, d.folder, d.state, d.emulator)
	return ctx, d
}

// prepare does what deploy does, short of creating the stack, which makes Pulumi write into the stack file.
func prepare(t *testing.T, name string, environment ...string) (context.Context, *deployment) {
	t.Helper()
	if _, err := exec.LookPath("pulumi"); err != nil {
		need(t, "the Pulumi CLI is not on the PATH")
	}
	ctx, cancel := context.WithTimeout(running, deadline)
	t.Cleanup(cancel)
	binary, err := program()
	require.NoError(t, err)
	d := &deployment{
		name: name, test: strings.TrimPrefix(t.Name(), "Test"), emulator: startEmulator(ctx, t, environment...),
		folder: t.TempDir(), state: t.TempDir(),
	}
	copyProject(t, d.folder)
	d.pointAtEmulator(t)
	useBinary(t, d.folder, binary)
	d.aws = newClients(d.emulator, "us-east-1")
	t.Cleanup(d.endPlugins)
	return ctx, d
}

// endPlugins ends plugins of the stack that run on after Pulumi was cut off.
func (d *deployment) endPlugins() {
	environments, _ := filepath.Glob("/proc/[0-9]*/environ") // Linux; elsewhere there are none
	for _, path := range environments {
		content, err := os.ReadFile(path)
		pid, numberErr := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		if err == nil && numberErr == nil && bytes.Contains(content, []byte("PULUMI_BACKEND_URL=file://"+d.state+"\x00")) {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	}
}

// newStack creates a stack of the project in a folder.
func newStack(ctx context.Context, t *testing.T, name, folder, state, emulator string) auto.Stack {
	t.Helper()
	stack, err := auto.NewStackLocalSource(ctx, name, folder, auto.EnvVars(map[string]string{
		"PULUMI_BACKEND_URL":        "file://" + state,
		"PULUMI_CONFIG_PASSPHRASE":  "e2e",
		"AWS_ENDPOINT_URL":          emulator, // for the services that the stack file does not list
		"AWS_EC2_METADATA_DISABLED": "true",
	}))
	require.NoError(t, err)
	return stack
}

// copyProject copies what Pulumi needs of the project: it writes into stack files.
func copyProject(t *testing.T, folder string) {
	t.Helper()
	source := os.DirFS(project)
	require.NoError(t, fs.WalkDir(source, ".", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (path == ".git" || path == "tests"):
			return fs.SkipDir
		case path == ".git" || path == "ha-web": // the file of a worktree, and what was built from whatever was there then
			return nil
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

// useBinary has Pulumi run a program that is built already.
func useBinary(t *testing.T, folder, binary string) {
	t.Helper()
	editYAML(t, filepath.Join(folder, "Pulumi.yaml"), func(file map[string]any) {
		file["runtime"] = map[string]any{"name": "go", "options": map[string]any{"binary": binary}}
	})
}

func editYAML(t *testing.T, path string, edit func(file map[string]any)) {
	t.Helper()
	file := readYAML(t, path)
	edit(file)
	content, err := yaml.Marshal(file)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, content, 0o600))
}

func readYAML(t *testing.T, path string) map[string]any {
	t.Helper()
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	var file map[string]any
	require.NoError(t, yaml.Unmarshal(content, &file))
	return file
}
