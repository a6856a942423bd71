package postgres

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
)

// Errors of Start and Restart; others are wrapped system errors.
var (
	// ErrInUse says that another process holds the data folder.
	ErrInUse = errors.New("the data folder is in use by another process")
	// ErrNotCluster says that the data folder has something else in it.
	ErrNotCluster = errors.New("the folder is not empty and holds no PostgreSQL data")
	// ErrRunning says that the server runs already.
	ErrRunning = errors.New("the server is running")
)

// Superuser is the role that owns a private cluster.
const Superuser = "ensemble"

// Config says where a cluster lives. Only Data is needed.
type Config struct {
	// Data is the folder of the cluster. It is made, with its parents, when it
	// does not exist; beside it, Data+".lock" says who holds it.
	Data string

	// Settings overrides or adds server settings, by name.
	Settings map[string]string

	// Logger receives the server's own messages at level debug, without
	// statements or values. Nil discards them.
	Logger *slog.Logger
}

// defaults are small and durable: what was committed is on the disk.
var defaults = map[string]string{
	"fsync":                           "on",
	"full_page_writes":                "on",
	"synchronous_commit":              "on",
	"listen_addresses":                "",
	"unix_socket_permissions":         "0700",
	"logging_collector":               "off",
	"log_destination":                 "stderr",
	"log_line_prefix":                 "",
	"log_min_error_statement":         "panic", // no statement in the log,
	"log_error_verbosity":             "terse", // nor the values of a row that failed
	"max_connections":                 "100",
	"shared_buffers":                  "64MB",
	"max_wal_size":                    "256MB",
	"wal_level":                       "minimal",
	"max_wal_senders":                 "0",
	"jit":                             "off",
	"timezone":                        "UTC",
	"log_timezone":                    "UTC",
	"cluster_name":                    "ensemble",
	"max_parallel_workers":            "2",
	"max_logical_replication_workers": "0",
}

// A Cluster is a private server and its data. Its methods may be called from
// several goroutines.
type Cluster struct {
	config   Config
	binaries Binaries
	account  account
	socket   string // folder of the socket
	ownDir   bool   // socket is a temporary folder of ours
	lock     *os.File

	mu     sync.Mutex // held while starting and stopping
	server *server    // nil when stopped
	closed bool
}

// Start makes the cluster if it does not exist, starts its server and returns
// when it accepts queries. ctx bounds the start, not the server's life.
func Start(ctx context.Context, config Config) (*Cluster, error) {
	if config.Logger == nil {
		config.Logger = slog.New(slog.DiscardHandler)
	}
	data, err := filepath.Abs(config.Data)
	if err != nil || config.Data == "" {
		return nil, fmt.Errorf("starting PostgreSQL: the data folder %q is no path", config.Data)
	}
	config.Data = data
	c := &Cluster{config: config}
	if err := c.prepare(ctx); err != nil {
		c.release()
		return nil, fmt.Errorf("preparing PostgreSQL in %s: %w", data, err)
	}
	if err := c.Restart(ctx); err != nil {
		c.release()
		return nil, err
	}
	return c, nil
}

// prepare takes the lock and leaves a data folder that a server can start on.
func (c *Cluster) prepare(ctx context.Context) error {
	data := c.config.Data
	if err := os.MkdirAll(filepath.Dir(data), 0o755); err != nil { //nolint:gosec // the server account passes through
		return err
	}
	parent, err := filepath.EvalSymlinks(filepath.Dir(data))
	if err != nil {
		return err
	}
	data = filepath.Join(parent, filepath.Base(data))
	c.config.Data = data
	lock, err := takeLock(data + ".lock")
	if err != nil {
		return err
	}
	c.lock = lock
	if c.account, err = accountFor(data); err != nil {
		return err
	}
	if err := c.account.reaches(data); err != nil {
		return err
	}
	major, err := versionOf(data)
	if err != nil {
		return err
	}
	if c.binaries, err = Find(ctx, major); err != nil {
		return err
	}
	if major == 0 {
		if err := c.initialise(ctx); err != nil {
			return err
		}
	} else if err := c.endOrphan(ctx); err != nil {
		return err
	}
	c.socket, c.ownDir, err = socketFolder(data, c.account)
	return err
}

// Version is the major version of the server.
func (c *Cluster) Version() int { return c.binaries.Major }

// Data is the absolute path of the data folder.
func (c *Cluster) Data() string { return c.config.Data }

// DSN is the address of a database of the cluster, over its socket. It stays
// the same over a Restart.
func (c *Cluster) DSN(database string) string {
	u := url.URL{
		Scheme:   "postgres",
		User:     url.User(Superuser),
		Path:     "/" + database,
		RawQuery: url.Values{"host": {c.socket}, "sslmode": {"disable"}}.Encode(),
	}
	return u.String()
}

// Mode says how a server is stopped.
type Mode int

const (
	// Fast ends open transactions, writes a checkpoint and stops.
	Fast Mode = iota
	// Immediate drops everything; the next start recovers from the log.
	Immediate
	// Kill is SIGKILL to the server's first process, as in a crash.
	Kill
)

func (m Mode) signal() syscall.Signal {
	switch m {
	case Immediate:
		return syscall.SIGQUIT
	case Kill:
		return syscall.SIGKILL
	default:
		return syscall.SIGINT
	}
}

// Stop stops the server and waits until all its processes are gone. The data
// and the lock on them stay; a stopped cluster is left as it is.
func (c *Cluster) Stop(ctx context.Context, mode Mode) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.stop(ctx, mode)
}

func (c *Cluster) stop(ctx context.Context, mode Mode) error {
	if c.server == nil {
		return nil
	}
	if err := c.server.stop(ctx, mode.signal()); err != nil {
		return fmt.Errorf("stopping PostgreSQL in %s: %w", c.config.Data, err)
	}
	c.server = nil
	return nil
}

// Restart starts a stopped server again, on the same data and socket.
func (c *Cluster) Restart(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return fmt.Errorf("starting PostgreSQL in %s: %w", c.config.Data, os.ErrClosed)
	}
	if c.server != nil && !c.server.ended() {
		return fmt.Errorf("starting PostgreSQL in %s: %w", c.config.Data, ErrRunning)
	}
	server, err := c.launch(ctx)
	if err != nil {
		return fmt.Errorf("starting PostgreSQL in %s: %w", c.config.Data, err)
	}
	c.server = server
	return nil
}

// PID is the process id of the server that runs, zero when it is stopped.
func (c *Cluster) PID() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.server == nil {
		return 0
	}
	return c.server.process.Pid
}

// Exited is closed when the server that runs now has ended, by Stop or by
// itself. On a stopped cluster it is closed already.
func (c *Cluster) Exited() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.server == nil {
		done := make(chan struct{})
		close(done)
		return done
	}
	return c.server.gone
}

// Close stops the server (Fast) and gives the data folder back. If the server
// has not stopped when ctx ends, it is stopped at once.
func (c *Cluster) Close(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil
	}
	err := c.stop(ctx, Fast)
	if err != nil && ctx.Err() != nil {
		err = errors.Join(err, c.stop(context.WithoutCancel(ctx), Immediate))
	}
	c.closed = true
	c.release()
	return err
}

// release gives back what prepare took.
func (c *Cluster) release() {
	if c.ownDir {
		_ = os.RemoveAll(c.socket) // a temporary folder
	}
	if c.lock != nil {
		_ = c.lock.Close() // which unlocks
		c.lock = nil
	}
}

// Remove deletes the data of a cluster and what lies beside them. While a process
// holds them it is ErrInUse, and nothing is deleted.
func Remove(data string) error {
	lock, err := takeLock(data + ".lock")
	if errors.Is(err, os.ErrNotExist) { // not even the folder around it
		return nil
	}
	if err != nil {
		return err
	}
	return errors.Join(os.RemoveAll(data), os.RemoveAll(data+".new"), os.Remove(data+".lock"), lock.Close())
}

// takeLock holds path until the file is closed or the process ends.
func takeLock(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, ErrInUse
		}
		return nil, fmt.Errorf("locking %s: %w", path, err)
	}
	return f, nil
}

// versionOf reads the major version of the data in a folder: zero if the
// folder is absent or empty, ErrNotCluster if it holds anything else.
func versionOf(data string) (int, error) {
	text, err := os.ReadFile(filepath.Join(data, "PG_VERSION"))
	if err == nil {
		major, err := strconv.Atoi(strings.TrimSpace(string(text)))
		if err != nil {
			return 0, fmt.Errorf("reading PG_VERSION: %w", err)
		}
		return major, nil
	}
	if !errors.Is(err, os.ErrNotExist) {
		return 0, err
	}
	entries, err := os.ReadDir(data)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return 0, err
	}
	if len(entries) > 0 {
		return 0, ErrNotCluster
	}
	return 0, nil
}
