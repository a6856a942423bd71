package main

import (
	"io"
	"net/http"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/require"
)

// programVariable makes the test binary be the program, until whoever started
// it is gone.
const programVariable = "TEST_AS_ENSEMBLE"

// TestMain lets the test binary be the program itself, in processes of their
// own: by programVariable, and under the name that scripts call.
func TestMain(m *testing.M) {
	if os.Getenv(programVariable) != "" {
		go func() {
			_, _ = io.Copy(io.Discard, os.Stdin) // which ends with the test
			os.Exit(1)
		}()
		main()
	}
	testscript.Main(m, map[string]func(){"ensemble": main})
}

// process is the program in a process of its own.
type process struct {
	cmd   *exec.Cmd
	stdin io.Closer
	log   *logBook
	ended chan struct{}
}

// program starts the program with these arguments and nothing but these
// variables of its own. It is killed when the test ends.
func program(t *testing.T, environ []string, args ...string) *process {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	p := &process{cmd: exec.Command(self, args...), log: &logBook{}, ended: make(chan struct{})}
	p.cmd.Env = append(environ, programVariable+"=1", "PATH="+os.Getenv("PATH"), "HOME="+t.TempDir())
	p.cmd.Stdout, p.cmd.Stderr = p.log, p.log
	p.stdin, err = p.cmd.StdinPipe()
	require.NoError(t, err)
	require.NoError(t, p.cmd.Start())
	go func() {
		defer close(p.ended)
		_ = p.cmd.Wait() // it is killed: the error says so
	}()
	t.Cleanup(p.kill)
	return p
}

// kill is kill -9, and waits until the process is gone.
func (p *process) kill() {
	_ = p.cmd.Process.Kill() // it may have ended
	<-p.ended
	_ = p.stdin.Close()
}

// ready waits until a node answers that it is.
func (p *process) ready(t *testing.T, origin string) {
	t.Helper()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	late := time.After(patience)
	for {
		if r, err := http.Get(origin + "/readyz"); err == nil {
			_ = r.Body.Close()
			if r.StatusCode < http.StatusMultipleChoices {
				return
			}
		}
		select {
		case <-again.C:
		case <-p.ended:
			require.Fail(t, "the program ended", p.log.String())
		case <-late:
			require.Fail(t, "the node is not ready", p.log.String())
		}
	}
}
