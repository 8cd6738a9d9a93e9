//go:build e2e || lab

package deployed

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/stretchr/testify/require"
)

// Options say what to deploy, and where.
type Options struct {
	Name        string   // of the stack
	File        string   // stack file; left out: the project's own of that name
	Environment []string // of the emulator, besides that of the test: NAME=value
	Corrections []string // folders with further corrections of the emulator
}

// Stack is a stack of a copy of the project, on an emulator of its own.
type Stack struct {
	auto.Stack
	Name     string
	Emulator string // address
	Folder   string // of the copy
	State    string // folder of Pulumi's state

	suite *Suite
	test  string // without Test
}

// Deploy starts an emulator, and creates a stack there. Nothing is up yet. Both end with the test.
func (s *Suite) Deploy(t *testing.T, options Options) (context.Context, *Stack) {
	t.Helper()
	ctx, stack := s.Prepare(t, options)
	stack.Stack = NewStack(ctx, t, stack.Name, stack.Folder, stack.State, stack.Emulator)
	return ctx, stack
}

// Prepare does what Deploy does, short of creating the stack, which makes Pulumi write into the stack file.
func (s *Suite) Prepare(t *testing.T, options Options) (context.Context, *Stack) {
	t.Helper()
	s.NeedPulumi(t)
	ctx := s.Context(t)
	binary, err := s.Program()
	require.NoError(t, err)
	stack := &Stack{
		Name: options.Name, Emulator: s.StartEmulator(ctx, t, options.Environment, options.Corrections...),
		Folder: t.TempDir(), State: t.TempDir(), suite: s, test: strings.TrimPrefix(t.Name(), "Test"),
	}
	copyProject(t, s.Project, stack.Folder)
	if options.File != "" {
		content, err := os.ReadFile(options.File)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(stack.file(options.Name), content, 0o600))
	}
	stack.PointAtEmulator(t, options.Name)
	useBinary(t, stack.Folder, binary)
	t.Cleanup(stack.endPlugins)
	return ctx, stack
}

// NewStack creates a stack of the project in a folder, with its state in another.
func NewStack(ctx context.Context, t testing.TB, name, folder, state, emulator string) auto.Stack {
	t.Helper()
	stack, err := auto.NewStackLocalSource(ctx, name, folder, auto.EnvVars(map[string]string{
		"PULUMI_BACKEND_URL":        "file://" + state,
		"PULUMI_CONFIG_PASSPHRASE":  Passphrase,
		"AWS_ENDPOINT_URL":          emulator, // for the services that the stack file does not list
		"AWS_EC2_METADATA_DISABLED": "true",
		// All of the state is otherwise written twice for each resource: four fifths of the engine's work when a stack is created.
		"PULUMI_SKIP_CHECKPOINTS": "true",
	}))
	require.NoError(t, err)
	return stack
}

// Passphrase encrypts the secrets of stacks.
const Passphrase = "e2e"

// endPlugins ends plugins of the stack that run on after Pulumi was cut off.
func (s *Stack) endPlugins() {
	environments, _ := filepath.Glob("/proc/[0-9]*/environ") // Linux; elsewhere there are none
	for _, path := range environments {
		content, err := os.ReadFile(path)
		pid, numberErr := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		if err == nil && numberErr == nil && bytes.Contains(content, []byte("PULUMI_BACKEND_URL=file://"+s.State+"\x00")) {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	}
}
