package drills

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// base is a folder for everything that the drills write. atEnd stops what several drills use.
var (
	base  string
	atEnd []func()
)

// need skips a drill that lacks a tool. With CI in the environment, it fails the drill.
func need(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatal(what)
	}
	t.Skip("NOT RUN: " + what)
}

// process is a running program. Its output goes to a file.
type process struct {
	command *exec.Cmd
	output  string
	done    chan struct{} // closed when it has ended
}

// start runs a program in a process group of its own. It ends with the test program at the latest.
func start(command *exec.Cmd, output string) (*process, error) {
	file, err := os.OpenFile(output, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	command.Stdout, command.Stderr = file, file
	if command.SysProcAttr == nil {
		command.SysProcAttr = &syscall.SysProcAttr{}
	}
	command.SysProcAttr.Setpgid = true
	endWithParent(command.SysProcAttr)
	if err := command.Start(); err != nil {
		return nil, err
	}
	p := &process{command: command, output: output, done: make(chan struct{})}
	go func() {
		_ = command.Wait() // its status is in ProcessState
		close(p.done)
	}()
	return p, nil
}

// signal ends silently if the process has ended.
func (p *process) signal(signal syscall.Signal) { _ = p.command.Process.Signal(signal) }

// ended tells whether the process ends within a time.
func (p *process) ended(within time.Duration) bool {
	select {
	case <-p.done:
		return true
	case <-time.After(within):
		return false
	}
}

// stop sends a signal, and kills the process if it is still there 10 seconds later.
func (p *process) stop(signal syscall.Signal) {
	p.signal(signal)
	if !p.ended(10 * time.Second) {
		p.signal(syscall.SIGKILL)
		<-p.done
	}
}

// written returns what the process has written so far.
func (p *process) written(t *testing.T) string {
	t.Helper()
	content, err := os.ReadFile(p.output)
	require.NoError(t, err)
	return string(content)
}

// run runs a program to its end.
func run(command *exec.Cmd) error {
	if printed, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", command.Path, err, printed)
	}
	return nil
}

var lastPort atomic.Int64

// freePort returns a port of this machine that nothing listens on. It is below those that the kernel gives to programs that
// ask for any, because it is taken some time later, and perhaps repeatedly.
func freePort(t *testing.T) int {
	t.Helper()
	for range 1000 {
		port := 20_000 + int((int64(os.Getpid())*50+lastPort.Add(1))%10_000)
		if free, err := net.Listen("tcp", loopback(port)); err == nil {
			require.NoError(t, free.Close())
			return port
		}
	}
	require.Fail(t, "no port is free")
	return 0
}

func loopback(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

// accepts tells whether something listens on a port of this machine.
func accepts(port int) bool {
	connection, err := net.DialTimeout("tcp", loopback(port), time.Second)
	if err != nil {
		return false
	}
	_ = connection.Close()
	return true
}
