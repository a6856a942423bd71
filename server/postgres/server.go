package postgres

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// A server is one run of the postgres program. The goroutine of watch owns
// reading its output and closes gone when its last process has ended.
type server struct {
	process *os.Process
	gone    chan struct{}

	mu   sync.Mutex
	tail []string // last lines of output, for the error of a failed start
}

// tailLines is how much output a failed start repeats.
const tailLines = 12

// launch starts the server and waits until it accepts queries.
func (c *Cluster) launch(ctx context.Context) (*server, error) {
	for {
		s, err := c.run()
		if err != nil {
			return nil, err
		}
		err = c.awaitReady(ctx, s)
		if err == nil {
			return s, nil
		}
		// Processes of a killed server hold its shared memory until they notice.
		if ctx.Err() == nil && s.said("is still in use") {
			if wait(ctx, 50*time.Millisecond) == nil {
				continue
			}
		}
		_ = s.stop(context.WithoutCancel(ctx), syscall.SIGQUIT) // the first error says more
		return nil, err
	}
}

// run starts the program, on a thread that lives as long as it does: the
// kernel ties the order to stop with the parent to that thread.
func (c *Cluster) run() (*server, error) {
	out, in, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(c.binaries.postgres(), c.arguments()...)
	cmd.Dir = c.config.Data
	cmd.Env = environment()
	cmd.Stdout, cmd.Stderr = in, in
	cmd.SysProcAttr = attributes(c.account)

	started := make(chan error, 1)
	exited := make(chan struct{})
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends here
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // the exit status says nothing that the output does not
		}
		close(exited)
	}()
	err = <-started
	_ = in.Close() // the server's processes hold it now
	if err != nil {
		_ = out.Close()
		return nil, fmt.Errorf("running %s: %w", c.binaries.postgres(), err)
	}
	s := &server{process: cmd.Process, gone: make(chan struct{})}
	go s.watch(out, exited, c.config.Logger)
	return s, nil
}

func (c *Cluster) arguments() []string {
	settings := make(map[string]string, len(defaults)+len(c.config.Settings)+1)
	for name, value := range defaults {
		settings[name] = value
	}
	for name, value := range c.config.Settings {
		settings[name] = value
	}
	settings["unix_socket_directories"] = quoteList(c.socket)
	arguments := []string{"-D", c.config.Data}
	for name, value := range settings {
		arguments = append(arguments, "--"+name+"="+value)
	}
	slices.Sort(arguments[2:])
	return arguments
}

// quoteList makes one element of a PostgreSQL list setting.
func quoteList(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }

// watch passes the output on until every process of the server has closed it,
// which is when they all have ended.
func (s *server) watch(out *os.File, exited <-chan struct{}, logger *slog.Logger) {
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		line := lines.Text()
		logger.Debug("postgres", "line", line)
		s.mu.Lock()
		if len(s.tail) == tailLines {
			s.tail = slices.Delete(s.tail, 0, 1)
		}
		s.tail = append(s.tail, line)
		s.mu.Unlock()
	}
	_, _ = io.Copy(io.Discard, out) // a line longer than the scanner takes
	_ = out.Close()
	<-exited
	close(s.gone)
}

func (s *server) ended() bool {
	select {
	case <-s.gone:
		return true
	default:
		return false
	}
}

// said tells whether the last lines of output contain text.
func (s *server) said(text string) bool { return strings.Contains(s.output(), text) }

func (s *server) output() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.tail, "\n")
}

// stop sends the signal and waits for the last process.
func (s *server) stop(ctx context.Context, signal syscall.Signal) error {
	if err := s.process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case <-s.gone:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// awaitReady returns when a query is answered, when the server has ended
// instead (with what it said), or when ctx has.
func (c *Cluster) awaitReady(ctx context.Context, s *server) error {
	for {
		err := ping(ctx, c.DSN("postgres"))
		if err == nil {
			return nil
		}
		select {
		case <-s.gone:
			return fmt.Errorf("the server ended: %s", s.output())
		case <-ctx.Done():
			return fmt.Errorf("waiting for the server: %w (%w)", ctx.Err(), err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func ping(ctx context.Context, dsn string) error {
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return err
	}
	err = conn.Ping(ctx)
	return errors.Join(err, conn.Close(ctx))
}

// endOrphan stops a server that runs on our data though we hold the lock: the
// process that started it has gone without it. A pid file that names anything
// else is stale, and in the way when the pid has been given to another
// process, so it goes. Data still in shared memory are protected regardless:
// PostgreSQL looks for them by the data folder, not by the pid file.
func (c *Cluster) endOrphan(ctx context.Context) error {
	path := filepath.Join(c.config.Data, "postmaster.pid")
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	first, _, _ := strings.Cut(string(text), "\n")
	pid, err := strconv.Atoi(strings.TrimSpace(first))
	if err == nil && pid > 1 && runsOn(pid, c.config.Data) {
		return c.endProcess(ctx, pid)
	}
	if _, err := os.Stat("/proc/self/cwd"); err != nil {
		return nil // no way to tell here: PostgreSQL judges the file itself
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

func (c *Cluster) endProcess(ctx context.Context, pid int) error {
	c.config.Logger.Info("stopping a PostgreSQL server left behind by an earlier process", "pid", pid)
	if err := syscall.Kill(pid, syscall.SIGINT); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("stopping the server left behind (pid %d): %w", pid, err)
	}
	for runsOn(pid, c.config.Data) {
		if err := wait(ctx, 20*time.Millisecond); err != nil {
			return fmt.Errorf("waiting for the server left behind (pid %d): %w", pid, err)
		}
	}
	return nil
}

// runsOn tells whether the process lives in the data folder, where every
// PostgreSQL server keeps itself.
func runsOn(pid int, data string) bool {
	cwd, err := os.Readlink(fmt.Sprintf("/proc/%d/cwd", pid))
	return err == nil && cwd == data
}

func wait(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// onOneThread runs f on a thread of its own, which ends with it: what the
// kernel ties to the starting thread then lasts exactly as long.
func onOneThread[T any](f func() (T, error)) (T, error) {
	type result struct {
		value T
		err   error
	}
	done := make(chan result, 1)
	go func() {
		runtime.LockOSThread()
		value, err := f()
		done <- result{value, err}
	}()
	r := <-done
	return r.value, r.err
}
