package main

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"time"
)

// passage is from where to where a tunnel leads.
type passage struct {
	region, instance string // through which it leads
	host             string
	port             int32
}

// tunnel is a port of this machine that leads to a port in the VPC, for as long as a command runs.
type tunnel interface {
	// Address is where the port of this machine is.
	Address() string
	// Ended reports whether the command has ended, and what it printed last.
	Ended() (bool, string)
	// Close ends the command, with all processes that it started.
	Close() error
}

// openTunnel starts the command of a tunnel: that of the command line or, for an empty one, a session of AWS Systems Manager. It is a
// variable for tests, which have no network.
var openTunnel = func(template string, to passage) (tunnel, error) {
	// If another program takes the port before the command does, the command fails, and the next attempt takes another port.
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	address := free.Addr().String()
	if err := free.Close(); err != nil {
		return nil, err
	}
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	opened := &process{address: address, ended: make(chan struct{})}
	line := to.command(template, port)
	opened.command = exec.Command(line[0], line[1:]...)
	opened.command.Stdout, opened.command.Stderr = &opened.printed, &opened.printed
	opened.command.WaitDelay = time.Second // a grandchild may hold the output open
	ownGroup(opened.command)
	if err := opened.command.Start(); err != nil {
		return nil, fmt.Errorf("tunnel: %w", err)
	}
	go func() {
		_ = opened.command.Wait() // what it printed says more than its status
		close(opened.ended)
	}()
	return opened, nil
}

// command returns the command line of a tunnel (AWS Systems Manager user guide, "Start a session", port forwarding to a remote host).
func (p passage) command(template, local string) []string {
	port := strconv.Itoa(int(p.port))
	if template != "" {
		return []string{"sh", "-c", strings.NewReplacer("{instance}", p.instance, "{host}", p.host, "{port}", port, "{local}", local).Replace(template)}
	}
	return []string{
		"aws", "ssm", "start-session", "--region", p.region, "--target", p.instance,
		"--document-name", "AWS-StartPortForwardingSessionToRemoteHost",
		"--parameters", fmt.Sprintf("host=%s,portNumber=%s,localPortNumber=%s", p.host, port, local),
	}
}

// process is a tunnel of a command.
type process struct {
	address string
	command *exec.Cmd
	printed tail
	ended   chan struct{}
}

func (p *process) Address() string { return p.address }

func (p *process) Ended() (bool, string) {
	select {
	case <-p.ended:
		return true, p.printed.String()
	default:
		return false, ""
	}
}

func (p *process) Close() error {
	if ended, _ := p.Ended(); ended {
		return nil
	}
	if err := endGroup(p.command); err != nil {
		return fmt.Errorf("tunnel: %w", err)
	}
	select {
	case <-p.ended:
		return nil
	case <-time.After(10 * time.Second):
		return errors.New("tunnel: the command does not end")
	}
}

// tail keeps the end of what is written to it.
type tail struct {
	mutex sync.Mutex
	kept  []byte
}

const tailSize = 400

func (t *tail) Write(text []byte) (int, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	t.kept = append(t.kept, text...)
	t.kept = bytes.Clone(t.kept[max(0, len(t.kept)-tailSize):])
	return len(text), nil
}

func (t *tail) String() string {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	return oneLine(string(t.kept))
}
