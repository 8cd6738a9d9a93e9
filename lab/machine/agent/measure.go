//go:build linux

package main

import (
	"bufio"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// measure returns the use of memory and disk.
func measure(settings metrics) []sample {
	var samples []sample
	add := func(name string, dimensions map[string]string, value float64, err error) {
		if err != nil {
			fmt.Fprintln(os.Stderr, "agent:", err)
			return
		}
		samples = append(samples, sample{name, value, dimensions})
	}
	if settings.Collected.Memory != nil {
		used, err := memoryUsed()
		add("mem_used_percent", nil, used, err)
	}
	if settings.Collected.Disk != nil {
		used, err := diskUsed("/")
		add("disk_used_percent", map[string]string{"path": "/"}, used, err)
	}
	return samples
}

func diskUsed(path string) (float64, error) {
	var file syscall.Statfs_t
	if err := syscall.Statfs(path, &file); err != nil {
		return 0, err
	}
	return 100 * (1 - float64(file.Bavail)/float64(file.Blocks)), nil
}

// memoryUsed is that of the machine that the lab runs on, which its hosts share.
func memoryUsed() (float64, error) {
	file, err := os.Open("/proc/meminfo")
	if err != nil {
		return 0, err
	}
	defer file.Close()
	values := map[string]float64{}
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if fields := strings.Fields(lines.Text()); len(fields) > 1 {
			values[strings.TrimSuffix(fields[0], ":")], _ = strconv.ParseFloat(fields[1], 64)
		}
	}
	return 100 * (1 - values["MemAvailable"]/values["MemTotal"]), nil
}
