//go:build linux

// Package host boots machines of the lab. Each is systemd as process 1 in namespaces of its own, on an overlay: a root file system of
// Debian that all hosts share, below a disk of its own in memory.
//
// It needs root, mmdebstrap and util-linux. The package network gives a machine its network.
package host

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"ha-web/lab/internal/leftovers"
	"ha-web/lab/network"

	"golang.org/x/sys/unix"
)

//go:embed init.sh
var initScript string

const (
	bootTime = time.Minute // at most: it takes one second, and many on a busy machine
	// endTime bounds how long a killed host takes to end.
	endTime = 20 * time.Second
	// defaultDisk is in MiB. A disk uses memory only for what is written to it.
	defaultDisk = 1024
)

// Check returns an error that says what this machine lacks to boot hosts.
func Check() error {
	if err := network.Check(); err != nil {
		return err
	}
	if _, err := exec.LookPath("mmdebstrap"); err != nil {
		return fmt.Errorf("apt-get install mmdebstrap: %w", err)
	}
	_, err := findGroup("")
	return err
}

// File is a file of a host.
type File struct {
	Content []byte
	Mode    fs.FileMode // default 0644
	User    string      // owner, default root; the group is that of the user
}

// Options are options of Boot.
type Options struct {
	// Files are written before the host boots. The key is the path.
	Files map[string]File
	// Binds mounts files and folders of the lab's own machine. The key is the path in the host, the value that on this machine.
	Binds map[string]string
	// CA holds PEM certificates of additional certificate authorities that the host trusts.
	CA []byte
	// DiskMiB is how much the host can write, in MiB. The default is 1024.
	DiskMiB int
}

// Host is a machine of the lab.
type Host struct {
	Name string

	network *network.Namespace
	record  string // folder of disk, root and console: see package leftovers
	group   *group
	command *exec.Cmd
	ended   chan struct{}

	closing sync.Once
	failed  error // of Close
}

// Boot boots a host in a namespace of a network, and waits until systemd has started all units. The root is that of Root.
func Boot(ctx context.Context, root string, network *network.Namespace, o Options) (*Host, error) {
	h := &Host{Name: network.Name, network: network, ended: make(chan struct{})}
	var err error
	if h.record, err = leftovers.Claim("host", filepath.Base(network.Path())); err != nil {
		return nil, fmt.Errorf("booting %s: %w", h.Name, err)
	}
	if err := h.boot(ctx, root, o); err != nil {
		return nil, errors.Join(fmt.Errorf("booting %s: %w", h.Name, err), h.Close())
	}
	return h, nil
}

func (h *Host) boot(ctx context.Context, root string, o Options) error {
	if err := h.mount(root, o.DiskMiB); err != nil {
		return err
	}
	if err := h.write(o); err != nil {
		return err
	}
	var err error
	if h.group, err = newGroup(filepath.Base(h.network.Path())); err != nil {
		return err
	}
	if err := h.start(o.Binds); err != nil {
		return err
	}
	if err := h.wait(ctx); err != nil {
		console, _ := os.ReadFile(filepath.Join(h.record, "console"))
		return fmt.Errorf("%w\n%s", err, console)
	}
	return nil
}

// mount mounts the disk of the host, and the overlay of the disk over the shared root.
func (h *Host) mount(root string, size int) error {
	if size == 0 {
		size = defaultDisk
	}
	disk := filepath.Join(h.record, "disk")
	for _, folder := range []string{disk, h.Path("/")} {
		if err := os.Mkdir(folder, 0o755); err != nil {
			return err
		}
	}
	if err := unix.Mount("tmpfs", disk, "tmpfs", 0, fmt.Sprintf("mode=755,size=%dm", size)); err != nil {
		return fmt.Errorf("mounting a disk of %d MiB: %w", size, err)
	}
	upper, work := filepath.Join(disk, "upper"), filepath.Join(disk, "work")
	if err := errors.Join(os.Mkdir(upper, 0o755), os.Mkdir(work, 0o755)); err != nil {
		return err
	}
	layers := fmt.Sprintf("lowerdir=%s,upperdir=%s,workdir=%s", root, upper, work)
	if err := unix.Mount("overlay", h.Path("/"), "overlay", 0, layers); err != nil {
		return fmt.Errorf("mounting an overlay with %s: %w", layers, err)
	}
	return nil
}

// start starts systemd in namespaces and a control group of its own.
func (h *Host) start(binds map[string]string) error {
	console, err := os.Create(filepath.Join(h.record, "console"))
	if err != nil {
		return err
	}
	defer console.Close()
	cgroup, err := os.Open(h.group.path)
	if err != nil {
		return err
	}
	defer cgroup.Close()
	// The root of a cgroup namespace is the group that its first process is in, so it is created after the process has joined.
	args := []string{"--cgroup", "--", "sh", "-c", initScript, "init", h.Path("/"), h.Name}
	for _, target := range slices.Sorted(maps.Keys(binds)) { // folders before what is mounted in them
		args = append(args, binds[target], target)
	}
	h.command = exec.Command("unshare", args...)
	h.command.Stdout, h.command.Stderr = console, console
	h.command.SysProcAttr = &syscall.SysProcAttr{
		Setsid: true, UseCgroupFD: true, CgroupFD: int(cgroup.Fd()),
		Cloneflags: unix.CLONE_NEWNS | unix.CLONE_NEWPID | unix.CLONE_NEWUTS | unix.CLONE_NEWIPC,
	}
	if err := h.network.Do(h.command.Start); err != nil {
		h.command = nil
		return fmt.Errorf("starting systemd: %w", err)
	}
	go func() {
		h.command.Wait() // its exit status means nothing: it was killed, or powered off
		close(h.ended)
	}()
	return nil
}

// wait waits until systemd has booted. A host with failed units has booted as well.
func (h *Host) wait(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, bootTime)
	defer cancel()
	socket := fmt.Sprintf("/proc/%d/root/run/systemd/private", h.command.Process.Pid) // created when systemd is ready for systemctl
	for {
		if _, err := os.Stat(socket); err == nil {
			printed, _ := h.Command(ctx, "systemctl", "is-system-running", "--wait").Output()
			if state := strings.TrimSpace(string(printed)); state == "running" || state == "degraded" {
				return nil
			}
		}
		select {
		case <-h.ended:
			return errors.New("systemd ended")
		case <-ctx.Done():
			return fmt.Errorf("waiting for systemd: %w", ctx.Err())
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// Path translates a path of the host to one of the lab's own machine. It also works when the host is off. /run, /tmp, /dev and
// what Binds mounts are not there.
func (h *Host) Path(path string) string { return filepath.Join(h.record, "root", path) }

// Ended returns a channel that is closed when the host is off, for any reason.
func (h *Host) Ended() <-chan struct{} { return h.ended }

// Command returns a command that runs in the host, as root.
func (h *Host) Command(ctx context.Context, name string, args ...string) *exec.Cmd {
	enter := []string{"--target", fmt.Sprint(h.command.Process.Pid), "--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup", "--"}
	command := exec.CommandContext(ctx, "nsenter", append(append(enter, name), args...)...)
	command.Env = []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin", "HOME=/root", "LANG=C.UTF-8"}
	// nsenter forks, because only a child can enter a PID namespace. Killing the process group ends both.
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	command.Cancel = func() error { return syscall.Kill(-command.Process.Pid, syscall.SIGKILL) }
	return command
}

// PowerOff is a power loss: the host is cut off, then all its processes are killed.
func (h *Host) PowerOff() error {
	ctx, cancel := context.WithTimeout(context.Background(), endTime)
	defer cancel()
	// The kernel closes the connections of killed processes. Its peers must not see that, so the host is cut off first.
	if err := h.network.Cut(ctx); err != nil {
		return fmt.Errorf("powering %s off: %w", h.Name, err)
	}
	if err := h.kill(ctx); err != nil {
		return fmt.Errorf("powering %s off: %w", h.Name, err)
	}
	return nil
}

// kill kills process 1. The kernel then kills all others of its PID namespace: man 7 pid_namespaces.
func (h *Host) kill(ctx context.Context) error {
	if h.command == nil {
		return nil
	}
	if err := h.command.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	return h.waitEnded(ctx)
}

func (h *Host) waitEnded(ctx context.Context) error {
	select {
	case <-h.ended:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("waiting for its end: %w", ctx.Err())
	}
}

// poweroff is SIGRTMIN+4, with which systemd starts poweroff.target: man systemd, "Signals".
const poweroff = syscall.Signal(34 + 4)

// Shutdown shuts the host down in order, as EC2 does when it terminates an instance: systemd stops all services. Once the host is
// off, its address is cut off.
func (h *Host) Shutdown(ctx context.Context) error {
	if err := h.command.Process.Signal(poweroff); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("shutting %s down: %w", h.Name, err)
	}
	if err := h.waitEnded(ctx); err != nil {
		return fmt.Errorf("shutting %s down: %w", h.Name, err)
	}
	if err := h.network.Cut(ctx); err != nil {
		return fmt.Errorf("shutting %s down: %w", h.Name, err)
	}
	return nil
}

// Close kills the host if it is running, and removes its disk. Its network namespace stays.
func (h *Host) Close() error {
	h.closing.Do(func() {
		ctx, cancel := context.WithTimeout(context.Background(), endTime)
		defer cancel()
		h.failed = errors.Join(h.kill(ctx), h.group.remove(ctx), leftovers.Release(h.record))
		if h.failed != nil {
			h.failed = fmt.Errorf("closing %s: %w", h.Name, h.failed)
		}
	})
	return h.failed
}
