//go:build !linux

package drills

import "syscall"

// endWithParent does nothing: only Linux can tell a process that its parent has ended.
func endWithParent(*syscall.SysProcAttr) {}
