package postgres

import "syscall"

// attributes starts a process away from the terminal's signals, as the
// account, and has the kernel ask it to stop (SIGINT: an orderly, fast
// shutdown) when the thread that started it ends.
func attributes(a account) *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Setsid: true, Pdeathsig: syscall.SIGINT}
	if a.other {
		attr.Credential = &syscall.Credential{Uid: a.uid, Gid: a.gid}
	}
	return attr
}
