//go:build lab && linux

package php_test

import (
	"bytes"
	"net"
	"os/exec"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// process is a running program, with all that it starts.
type process struct {
	command *exec.Cmd
	output  *buffer
	done    chan struct{} // closed when it has ended
}

// start runs a program in a process group of its own.
func start(t *testing.T, command *exec.Cmd) *process {
	t.Helper()
	p := &process{command: command, output: &buffer{}, done: make(chan struct{})}
	command.Stdout, command.Stderr = p.output, p.output
	if command.SysProcAttr == nil {
		command.SysProcAttr = &syscall.SysProcAttr{}
	}
	command.SysProcAttr.Setpgid = true
	command.SysProcAttr.Pdeathsig = syscall.SIGKILL // if the tests time out
	command.WaitDelay = time.Second                 // PostgreSQL's children have groups of their own
	require.NoError(t, command.Start())
	go func() {
		_ = command.Wait()
		close(p.done)
	}()
	return p
}

func (p *process) ended(within time.Duration) bool {
	timer := time.NewTimer(within)
	defer timer.Stop()
	select {
	case <-p.done:
		return true
	default:
	}
	select {
	case <-p.done:
		return true
	case <-timer.C:
		return false
	}
}

func (p *process) kill() {
	_ = syscall.Kill(-p.command.Process.Pid, syscall.SIGKILL)
	<-p.done
}

// buffer takes what a program says.
type buffer struct {
	mu      sync.Mutex
	content bytes.Buffer
}

func (b *buffer) Write(content []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.content.Write(content)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.content.String()
}

// freePort returns a port that nobody listens on.
func freePort(t *testing.T) int {
	t.Helper()
	listening, err := net.Listen("tcp", "localhost:0")
	require.NoError(t, err)
	defer listening.Close()
	return listening.Addr().(*net.TCPAddr).Port
}
