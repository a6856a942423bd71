package servertest

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
	"testing"
)

// reap lets a process outlive this one for as long as it takes to stop pid and
// remove folder. It waits on a pipe that the kernel closes when this process
// ends, by whatever way: return, panic, time-out or kill.
func reap(pid int, signal, folder string) error {
	// The process lives while it is there and works in the folder: its number
	// may have passed to another by the time this process ends.
	const script = `cat >/dev/null
		lives() {
			kill -0 "$1" 2>/dev/null || return 1
			[ -d /proc/self ] || return 0
			case $(readlink "/proc/$1/cwd") in "$2"*) ;; *) return 1 ;; esac
		}
		lives "$1" "$3" && kill -"$2" "$1"
		n=0
		while lives "$1" "$3" && [ "$n" -lt 200 ]; do sleep 0.05; n=$((n+1)); done
		lives "$1" "$3" && kill -KILL "$1"
		rm -rf "$3"`
	cmd := exec.Command("/bin/sh", "-c", script, "reaper", fmt.Sprint(pid), signal, folder)
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	pipe, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("starting the process that cleans up: %w", err)
	}
	held = append(held, pipe)
	return nil
}

// held keeps the reapers' pipes from being collected, and so closed, while
// this process lives.
var held []io.Closer

// missing skips the test for want of a service, or fails it under CI.
func missing(t testing.TB, what string, err error) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatalf("%s: %v", what, err)
	}
	t.Skipf("skipped: %s: %v", what, err)
}
