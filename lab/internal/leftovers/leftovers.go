//go:build linux

// Package leftovers records what a process creates in the kernel and on disk, so that a later run of the lab can remove what a
// killed run left behind.
package leftovers

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// root holds the records: /run/ha-web-lab/PID-STARTED/KIND/NAME.
const root = "/run/ha-web-lab"

// Claim records that this process is about to create something, and returns the folder of the record, which may hold files and
// mounts of it. Call it before creating, or a process killed in between leaves something without a record.
func Claim(kind, name string) (string, error) {
	started, err := startTime(os.Getpid())
	if err != nil {
		return "", fmt.Errorf("finding when this process started: %w", err)
	}
	parent := filepath.Join(root, fmt.Sprintf("%d-%s", os.Getpid(), started), kind)
	folder := filepath.Join(parent, name)
	if err := makeFolder(parent, folder); err != nil {
		return "", fmt.Errorf("recording %s %s: %w", kind, name, err)
	}
	// Names are unique on the machine: two records of the same thing would have it removed by whichever is swept.
	same, err := filepath.Glob(filepath.Join(root, "*", kind, name))
	if err == nil && len(same) > 1 {
		err = fmt.Errorf("another run has or had one: %v", same)
	}
	if err != nil {
		return "", errors.Join(fmt.Errorf("recording %s %s: %w", kind, name, err), Release(folder))
	}
	return folder, nil
}

func makeFolder(parent, folder string) error {
	for {
		if err := os.MkdirAll(parent, 0o755); err != nil {
			return err
		}
		if err := os.Mkdir(folder, 0o755); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		// Release has just removed the parent, which was empty.
	}
}

// Release removes a record with its files and mounts.
func Release(folder string) error {
	if err := RemoveAll(folder); err != nil {
		return fmt.Errorf("removing the record %s: %w", folder, err)
	}
	// Remove the folders of the kind and of the process, too, if they are empty.
	os.Remove(filepath.Dir(folder))
	os.Remove(filepath.Dir(filepath.Dir(folder)))
	return nil
}

// RemoveAll unmounts everything below a folder and removes the folder. It never removes files of what is mounted there.
func RemoveAll(folder string) error {
	if err := Unmount(folder); err != nil {
		return err
	}
	if left, err := mounted(folder); err != nil || len(left) > 0 {
		return errors.Join(err, fmt.Errorf("still mounted: %v", left))
	}
	return os.RemoveAll(folder)
}

// Abandoned returns the records of a kind whose processes are dead.
func Abandoned(kind string) ([]string, error) {
	owners, err := os.ReadDir(root)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("looking for what earlier runs left: %w", err)
	}
	var found []string
	for _, owner := range owners {
		if alive(owner.Name()) {
			continue
		}
		records, err := filepath.Glob(filepath.Join(root, owner.Name(), kind, "*"))
		if err != nil {
			return nil, fmt.Errorf("looking for what earlier runs left: %w", err)
		}
		found = append(found, records...)
	}
	return found, nil
}

// alive reports whether the process of a folder is running. Its start time distinguishes it from a later process with the same ID.
func alive(owner string) bool {
	id, started, _ := strings.Cut(owner, "-")
	pid, err := strconv.Atoi(id)
	if err != nil {
		return true // not a folder of this package
	}
	now, err := startTime(pid)
	return err == nil && now == started
}

// startTime returns field 22 of /proc/PID/stat, in clock ticks since boot: man 5 proc_pid_stat. The second field, the command, may
// contain spaces and parentheses.
func startTime(pid int) (string, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return "", err
	}
	_, rest, _ := strings.Cut(string(stat[strings.LastIndex(string(stat), ")")+1:]), " ")
	fields := strings.Fields(rest)
	if len(fields) < 20 {
		return "", fmt.Errorf("unexpected /proc/%d/stat: %q", pid, stat)
	}
	if fields[0] == "Z" || fields[0] == "X" {
		return "", fmt.Errorf("process %d has ended", pid)
	}
	return fields[19], nil
}
