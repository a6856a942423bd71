//go:build unix && !linux

package postgres

import "syscall"

// attributes starts a process away from the terminal's signals, as the account.
func attributes(a account) *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Setsid: true}
	if a.other {
		attr.Credential = &syscall.Credential{Uid: a.uid, Gid: a.gid}
	}
	return attr
}
