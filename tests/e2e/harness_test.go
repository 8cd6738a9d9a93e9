//go:build e2e

// Package e2e brings stacks up with the real Pulumi engine and the real AWS provider, each against an AWS API emulator of
// its own on this machine, all at the same time, and reads back through the AWS SDK what was created.
package e2e

import (
	"context"
	"os"
	"testing"
	"time"

	"ha-web/tests/deployed"
)

var suite = &deployed.Suite{Project: "../..", Required: "E2E_REQUIRED", Deadline: 25 * time.Minute}

func TestMain(m *testing.M) {
	os.Exit(suite.Run(m))
}

// deployment is a stack on an emulator of its own.
type deployment struct {
	*deployed.Stack
	aws     clients
	targets *targets // where the emulator is told which are healthy
}

// deploy starts an emulator, with more of its environment where that is given, and creates a stack there, from its stack
// file. It ends with the test. Tests that call it run at the same time.
func deploy(t *testing.T, name string, environment ...string) (context.Context, *deployment) {
	t.Helper()
	ctx, stack := suite.Deploy(t, deployed.Options{Name: name, Environment: environment})
	return ctx, &deployment{Stack: stack, aws: newClients(stack.Emulator, "us-east-1")}
}

// prepare does what deploy does, short of creating the stack.
func prepare(t *testing.T, name string) (context.Context, *deployment) {
	t.Helper()
	ctx, stack := suite.Prepare(t, deployed.Options{Name: name})
	return ctx, &deployment{Stack: stack, aws: newClients(stack.Emulator, "us-east-1")}
}
