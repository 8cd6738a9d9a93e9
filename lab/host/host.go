//go:build linux

// Package host boots machines: systemd as process 1 of namespaces of its own, on a root of Debian that all machines share, with what
// they write kept apart in memory.
//
// It needs root, mmdebstrap and util-linux. The package network gives a machine its network.
package host

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
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
	bootTime = 20 * time.Second // at most
	// endTime bounds how long a killed machine takes to be gone.
	endTime = 20 * time.Second
	// defaultDisk is in MiB. The disk is in memory, of which it takes what is written.
	defaultDisk = 1024
)

// Check reports what this machine lacks to boot others.
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

// File is a file of a machine.
type File struct {
	Content []byte
	Mode    fs.FileMode // 0644 where it is 0
	User    string      // root where it is empty; the file's group is the user's
}

// Options of a machine.
type Options struct {
	// Files are written before it boots, by path.
	Files map[string]File
	// Binds are folders and files of this machine by their path in the booted one.
	Binds map[string]string
	// CA has certificates in PEM of authorities that the machine trusts, besides the usual ones.
	CA []byte
	// DiskMiB is the size of its disk, beyond what the root has. The default is 1024.
	DiskMiB int
}

// Host is a machine.
type Host struct {
	Name string

	network *network.Namespace
	record  string // folder of leftovers: disk, root, console
	group   *group
	command *exec.Cmd
	ended   chan struct{}

	closing sync.Once
	failed  error // of Close
}

// Boot boots a machine on a root, in a network, and waits until its systemd has started what it is to start.
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

// mount mounts the machine's disk, and its root: what the disk has, over the root that all machines share.
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

// start starts systemd, in namespaces and a control group of its own.
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
	// The namespace of control groups comes last, when the process is in its group.
	args := []string{"--cgroup", "--", "sh", "-c", initScript, "init", h.Path("/"), h.Name}
	for target, source := range binds {
		args = append(args, source, target)
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
		h.command.Wait() // however it ends, it has ended
		close(h.ended)
	}()
	return nil
}

// wait waits until systemd has booted. A machine on which a unit has failed has booted, too.
func (h *Host) wait(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, bootTime)
	defer cancel()
	socket := fmt.Sprintf("/proc/%d/root/run/systemd/private", h.command.Process.Pid) // systemd answers
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

// Path returns where a path of the machine is on this one, also when the machine is off. What it has in memory (/run, /tmp, /dev) is
// not there, nor what is bound.
func (h *Host) Path(path string) string { return filepath.Join(h.record, "root", path) }

// Ended is closed when the machine is off, for whatever reason.
func (h *Host) Ended() <-chan struct{} { return h.ended }

// Command is a command that runs in the machine, as its root.
func (h *Host) Command(ctx context.Context, name string, args ...string) *exec.Cmd {
	enter := []string{"--target", fmt.Sprint(h.command.Process.Pid), "--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup", "--"}
	command := exec.CommandContext(ctx, "nsenter", append(append(enter, name), args...)...)
	command.Env = []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin", "HOME=/root", "LANG=C.UTF-8"}
	// nsenter forks, because a process cannot change its own namespace of process IDs. Both end together.
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	command.Cancel = func() error { return syscall.Kill(-command.Process.Pid, syscall.SIGKILL) }
	return command
}

// PowerOff takes the machine's power: from one moment to the next nothing passes to or from it, and all its processes are gone.
func (h *Host) PowerOff() error {
	ctx, cancel := context.WithTimeout(context.Background(), endTime)
	defer cancel()
	// Cut off first: processes that are killed close their connections, which the others must not see.
	if err := h.network.Cut(ctx); err != nil {
		return fmt.Errorf("powering %s off: %w", h.Name, err)
	}
	if err := h.kill(ctx); err != nil {
		return fmt.Errorf("powering %s off: %w", h.Name, err)
	}
	return nil
}

// kill ends process 1, and all others of the machine with it.
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

// Shutdown shuts the machine down in order, as EC2 does when an instance is terminated: services stop, with what they do on
// SIGTERM. It waits for the end. Then the address answers no more.
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

// Close ends the machine, if it runs, and removes its disk. Its network stays.
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
