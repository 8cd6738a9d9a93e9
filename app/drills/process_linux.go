package drills

import "syscall"

// endWithParent makes a process end when the test program ends in any way, as after a timeout of go test. SIGQUIT because
// PostgreSQL then ends its own processes at once, and most other programs end as well.
func endWithParent(attributes *syscall.SysProcAttr) { attributes.Pdeathsig = syscall.SIGQUIT }
