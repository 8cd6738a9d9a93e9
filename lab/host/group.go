//go:build linux

package host

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// prefix starts the names of the control groups of hosts.
const prefix = "ha-web-lab-"

// group is a control group.
type group struct{ path string }

func newGroup(name string) (*group, error) {
	g, err := findGroup(name)
	if err != nil {
		return nil, err
	}
	if err := os.Mkdir(g.path, 0o755); err != nil {
		return nil, fmt.Errorf("making a control group: %w", err)
	}
	return g, nil
}

// findGroup returns the control group of a host, which need not exist.
func findGroup(name string) (*group, error) {
	info, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return nil, fmt.Errorf("looking for control groups: %w", err)
	}
	for line := range strings.Lines(string(info)) {
		// The type follows a hyphen, the mount point is the fifth field: man 5 proc_pid_mountinfo.
		if mount, source, _ := strings.Cut(line, " - "); strings.HasPrefix(source, "cgroup2 ") {
			return &group{filepath.Join(strings.Fields(mount)[4], prefix+name)}, nil
		}
	}
	return nil, errors.New("no control groups of version 2 are mounted: mount -t cgroup2 cgroup2 /sys/fs/cgroup")
}

// remove kills all processes in the group, then removes it with the groups that systemd created below it.
func (g *group) remove(ctx context.Context) error {
	if g == nil {
		return nil
	}
	if err := os.WriteFile(filepath.Join(g.path, "cgroup.kill"), []byte("1"), 0); errors.Is(err, fs.ErrNotExist) {
		return nil // the group is gone
	} else if err != nil {
		return fmt.Errorf("ending the processes of %s: %w", g.path, err)
	}
	for {
		err := g.removeFolders()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("removing control group %s: %w", g.path, errors.Join(err, ctx.Err()))
		case <-time.After(10 * time.Millisecond):
		}
	}
}

func (g *group) removeFolders() error {
	var folders []string
	err := filepath.WalkDir(g.path, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() {
			folders = append(folders, path)
		}
		return err
	})
	for _, folder := range slices.Backward(folders) {
		err = errors.Join(err, os.Remove(folder))
	}
	return err
}
