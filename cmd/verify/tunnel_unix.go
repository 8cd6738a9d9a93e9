//go:build unix

package main

import (
	"errors"
	"os/exec"
	"syscall"
)

// ownGroup makes a command the first of a process group, so that Ctrl-C reaches this program alone.
func ownGroup(command *exec.Cmd) { command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// endGroup ends all processes of the group: the AWS CLI leaves the Session Manager plugin behind when it is killed alone.
func endGroup(command *exec.Cmd) error {
	err := syscall.Kill(-command.Process.Pid, syscall.SIGTERM)
	if errors.Is(err, syscall.ESRCH) {
		return nil
	}
	return err
}
