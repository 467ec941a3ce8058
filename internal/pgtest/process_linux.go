package pgtest

import "syscall"

// endWithParent has the kernel shut the child down when the thread that forked it ends, so that a Postgres does not
// outlive a test process that was killed.
func endWithParent(attr *syscall.SysProcAttr) {
	attr.Pdeathsig = syscall.SIGQUIT
}
