//go:build linux

package network

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"ha-web/lab/internal/leftovers"

	"golang.org/x/sys/unix"
)

// folder is where iproute2 keeps network namespaces by name.
const folder = "/run/netns"

// space is a network namespace, of a machine or of the router.
type space struct {
	name   string // in /run/netns
	record string // see package leftovers

	mu     sync.RWMutex // held while file is used
	file   *os.File     // nil once closed
	tables []string     // set by filter
}

func newSpace(ctx context.Context, name string) (*space, error) {
	record, err := leftovers.Claim("network", name)
	if err != nil {
		return nil, err
	}
	if err := run(ctx, "", "ip", "netns", "add", name); err != nil { // if the name is taken, the namespace belongs to another process
		return nil, errors.Join(err, leftovers.Release(record))
	}
	s := &space{name: name, record: record}
	if err := s.prepare(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("creating network namespace %s: %w", name, err), s.destroy(ctx))
	}
	return s, nil
}

func (s *space) prepare(ctx context.Context) (err error) {
	if s.file, err = os.Open(filepath.Join(folder, s.name)); err != nil {
		return err
	}
	// Host routes are not symmetric enough for reverse path filtering. IPv6 is off: nothing here has an IPv6 address.
	for path, value := range map[string]string{
		"ipv4/conf/all/rp_filter": "0", "ipv4/conf/default/rp_filter": "0",
		"ipv6/conf/all/disable_ipv6": "1", "ipv6/conf/default/disable_ipv6": "1",
	} {
		if err := s.sysctl(path, value); err != nil && !errors.Is(err, os.ErrNotExist) { // a kernel without IPv6
			return err
		}
	}
	return s.run(ctx, "", "ip", "link", "set", "lo", "up")
}

func (s *space) sysctl(path, value string) error {
	return s.Do(func() error { return os.WriteFile(filepath.Join("/proc/sys/net", path), []byte(value), 0o644) })
}

// Do calls a function on a thread in the namespace. Sockets and processes that the function creates are in the namespace, except
// those of goroutines that it starts.
func (s *space) Do(function func() error) (err error) {
	runtime.LockOSThread()
	home, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		runtime.UnlockOSThread()
		return fmt.Errorf("entering network namespace %s: %w", s.name, err)
	}
	defer home.Close()
	if err := s.enter(); err != nil {
		runtime.UnlockOSThread()
		return fmt.Errorf("entering network namespace %s: %w", s.name, err)
	}
	defer func() {
		if failed := unix.Setns(int(home.Fd()), unix.CLONE_NEWNET); failed != nil {
			// The thread stays locked, so that it ends with this goroutine and no other runs in the wrong namespace.
			err = errors.Join(err, fmt.Errorf("leaving network namespace %s: %w", s.name, failed))
			return
		}
		runtime.UnlockOSThread()
	}()
	return function()
}

func (s *space) enter() error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.file == nil {
		return os.ErrClosed
	}
	return unix.Setns(int(s.file.Fd()), unix.CLONE_NEWNET)
}

// run runs a command in the namespace.
func (s *space) run(ctx context.Context, input, name string, args ...string) error {
	return s.Do(func() error { return run(ctx, input, name, args...) })
}

// destroy kills the processes in the namespace, then removes it and its record.
func (s *space) destroy(ctx context.Context) error {
	s.mu.Lock()
	if s.file != nil {
		s.file.Close()
		s.file = nil
	}
	s.mu.Unlock()
	return remove(ctx, s.name, s.record)
}

// remove removes a namespace, which may be incomplete or already removed.
func remove(ctx context.Context, name, record string) error {
	if _, err := os.Stat(filepath.Join(folder, name)); err == nil {
		if err := errors.Join(empty(ctx, name), run(ctx, "", "ip", "netns", "delete", name)); err != nil {
			return fmt.Errorf("removing network namespace %s: %w", name, err)
		}
	}
	return leftovers.Release(record)
}

// empty kills all processes in a namespace. They would keep it alive after its name is removed.
func empty(ctx context.Context, name string) error {
	for {
		pids, err := processes(name)
		if err != nil || len(pids) == 0 {
			return err
		}
		for _, pid := range pids {
			if err := syscall.Kill(pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
				return fmt.Errorf("ending process %d: %w", pid, err)
			}
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for processes %v to end: %w", pids, ctx.Err())
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// processes returns the IDs of the processes in a namespace, except this one, whose main thread may be there in Do.
func processes(name string) ([]int, error) {
	var space, process unix.Stat_t
	if err := unix.Stat(filepath.Join(folder, name), &space); err != nil {
		return nil, fmt.Errorf("looking for processes in network namespace %s: %w", name, err)
	}
	links, err := filepath.Glob("/proc/[0-9]*/ns/net")
	if err != nil {
		return nil, err
	}
	var found []int
	for _, link := range links {
		pid, err := strconv.Atoi(strings.Split(link, "/")[2])
		if err != nil || pid == os.Getpid() || unix.Stat(link, &process) != nil {
			continue
		}
		if process.Dev == space.Dev && process.Ino == space.Ino {
			found = append(found, pid)
		}
	}
	return found, nil
}

// run runs a command. Its error contains the command line, the input and the output.
func run(ctx context.Context, input, name string, args ...string) error {
	command := exec.CommandContext(ctx, name, args...)
	command.Stdin = strings.NewReader(input)
	printed, err := command.CombinedOutput()
	if err == nil {
		return nil
	}
	message := fmt.Sprintf("%s %s", name, strings.Join(args, " "))
	if input != "" {
		message += "\n" + strings.TrimSpace(input)
	}
	if printed = bytes.TrimSpace(printed); len(printed) > 0 {
		message += "\n" + string(printed)
	}
	return fmt.Errorf("%s: %w", message, err)
}

// Sweep removes the namespaces that dead processes left behind. Use host.Sweep where there are hosts in them.
func Sweep(ctx context.Context) error {
	records, err := leftovers.Abandoned("network")
	for _, record := range records {
		err = errors.Join(err, remove(ctx, filepath.Base(record), record))
	}
	return err
}
