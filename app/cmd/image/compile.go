package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// buildFlags make a binary depend on its source alone: neither on the folder it is built in nor on the state of a Git
// repository around it. What only debuggers and the go command read is left out.
func buildFlags(version string) []string {
	return []string{"-trimpath", "-buildvcs=false", "-ldflags=-buildid= -s -w -X main.version=" + version}
}

// goVariables are set for a build, in place of what the environment says of them.
func goVariables(platform v1.Platform) []string {
	return []string{
		"CGO_ENABLED=0", "GOOS=" + platform.OS, "GOARCH=" + platform.Architecture,
		"GOFLAGS=-mod=readonly", "GOWORK=off", "GOAMD64=v1", "GOARM64=v8.0", "GOEXPERIMENT=", "GOFIPS140=off",
	}
}

// compile builds the main package of a folder for a platform and returns the binary. What the compiler says goes to output.
func compile(ctx context.Context, source, version string, platform v1.Platform, output io.Writer) ([]byte, error) {
	folder, err := os.MkdirTemp("", "image-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(folder)
	path := filepath.Join(folder, "app")
	command := bounded(ctx, source, "go", slices.Concat([]string{"build", "-o", path}, buildFlags(version), []string{"."})...)
	command.Env = append(os.Environ(), goVariables(platform)...)
	command.Stdout, command.Stderr = output, output
	if err := command.Run(); err != nil {
		return nil, fmt.Errorf("go build in %s for %s: %w", source, platform, err)
	}
	return os.ReadFile(path)
}

// revision returns the commit that last changed a folder, with -dirty where the folder has changed since, or else dev.
func revision(ctx context.Context, folder string) string {
	commit, err := bounded(ctx, folder, "git", "log", "-1", "--format=%H", "--", ".").Output()
	if err != nil || len(commit) == 0 {
		return "dev"
	}
	changed, err := bounded(ctx, folder, "git", "status", "--porcelain", "--", ".").Output()
	if err != nil || len(changed) > 0 {
		return strings.TrimSpace(string(commit)) + "-dirty"
	}
	return strings.TrimSpace(string(commit))
}

// bounded returns a command that is interrupted when the context ends, and killed where that is not enough.
func bounded(ctx context.Context, folder, program string, args ...string) *exec.Cmd {
	command := exec.CommandContext(ctx, program, args...)
	command.Dir = folder
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	command.WaitDelay = 5 * time.Second
	return command
}
