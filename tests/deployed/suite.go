//go:build e2e || lab

// Package deployed is what tests share that deploy a stack: with the real Pulumi engine and the real AWS provider, on an AWS API
// emulator of its own on this machine.
package deployed

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Suite is the tests of a package.
type Suite struct {
	Project  string        // the folder of the project, from that of the package, where go test runs
	Required string        // the environment variable with which tests fail where a tool is missing; without it, they are skipped
	Deadline time.Duration // of each test

	context context.Context
	built   string // where commands are built, once for all tests: linking one with the SDK takes 2 GB
	program func() (string, error)
	verify  func() (string, error)
}

// Run runs the tests, and returns the exit status. What they wait for ends with Ctrl-C or SIGTERM, so that their cleanup still runs.
func (s *Suite) Run(m *testing.M) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // the second Ctrl-C does not wait for cleanup
	s.context = ctx
	folder, err := os.MkdirTemp("", "ha-web-tests-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(folder)
	s.built = folder
	s.program = sync.OnceValues(func() (string, error) { return s.Build("ha-web", ".") })
	s.verify = sync.OnceValues(func() (string, error) { return s.Build("verify", "./cmd/verify") })
	return m.Run()
}

// Context returns a context for a test, which ends with the test, with the deadline of tests, or with Ctrl-C.
func (s *Suite) Context(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(s.context, s.Deadline)
	t.Cleanup(cancel)
	return ctx
}

// Need ends the test where a tool is missing: skipped, or failed where tools are required.
func (s *Suite) Need(t testing.TB, what string) {
	t.Helper()
	message := what + ` (README, "Try it without an AWS account")`
	if os.Getenv(s.Required) != "" {
		t.Fatal(message)
	}
	t.Skip(message)
}

// NeedPulumi ends the test where the Pulumi CLI is missing.
func (s *Suite) NeedPulumi(t testing.TB) {
	t.Helper()
	if _, err := exec.LookPath("pulumi"); err != nil {
		s.Need(t, "the Pulumi CLI is not on the PATH")
	}
}

// Program returns the path of the Pulumi program, which is built the first time.
func (s *Suite) Program() (string, error) { return s.program() }

// Verify returns the path of cmd/verify, which is built the first time.
func (s *Suite) Verify() (string, error) { return s.verify() }

// Build builds a command of the project and returns its path.
func (s *Suite) Build(name, source string) (string, error) {
	path := filepath.Join(s.built, name)
	command := exec.CommandContext(s.context, "go", "build", "-ldflags=-s -w", "-o", path, source) // linked faster, without debug information
	command.Dir = s.Project
	if printed, err := command.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building %s: %w\n%s", source, err, printed)
	}
	return path, nil
}
