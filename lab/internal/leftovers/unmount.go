//go:build linux

package leftovers

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// Unmount unmounts everything at or below a folder, even if it is in use.
func Unmount(folder string) error {
	mounts, err := mounted(folder)
	if err != nil {
		return err
	}
	slices.Reverse(mounts) // the last one is on top
	for _, mount := range mounts {
		if err := unix.Unmount(mount, unix.MNT_DETACH|unix.UMOUNT_NOFOLLOW); err != nil {
			return fmt.Errorf("unmounting %s: %w", mount, err)
		}
	}
	return nil
}

// mounted returns the mount points at or below a folder, in the order of mounting.
func mounted(folder string) ([]string, error) {
	info, err := os.ReadFile("/proc/thread-self/mountinfo")
	if err != nil {
		return nil, fmt.Errorf("looking for mounts: %w", err)
	}
	var found []string
	for line := range strings.Lines(string(info)) {
		fields := strings.Fields(line) // the fifth is the mount point: man 5 proc_pid_mountinfo
		if len(fields) < 5 {
			continue
		}
		point := escapes.Replace(fields[4])
		if point == folder || strings.HasPrefix(point, folder+"/") {
			found = append(found, point)
		}
	}
	return found, nil
}

// escapes decodes the escapes of mountinfo.
var escapes = strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`)
