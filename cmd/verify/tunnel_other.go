//go:build !unix

package main

import (
	"errors"
	"os"
	"os/exec"
)

// ownGroup does nothing: only Unix has process groups.
func ownGroup(*exec.Cmd) {}

func endGroup(command *exec.Cmd) error {
	if err := command.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	return nil
}
