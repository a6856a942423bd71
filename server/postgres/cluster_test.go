package postgres_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/ensemble-sante/ensemble/server/postgres"
)

// holdVariable makes the test binary start a cluster in the folder it names
// and wait to be killed.
const holdVariable = "ENSEMBLE_TEST_HOLD_CLUSTER"

func TestMain(m *testing.M) {
	if data := os.Getenv(holdVariable); data != "" {
		_, err := postgres.Start(context.Background(), postgres.Config{Data: data})
		fmt.Println("started", err)
		select {}
	}
	os.Exit(m.Run())
}

// folder is a temporary folder that the server's account may pass through.
func folder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "ensemble-postgres-test-")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	require.NoError(t, os.Chmod(dir, 0o755))
	return dir
}

// quick is for data that need not survive the test.
var quick = map[string]string{"fsync": "off"}

func start(t *testing.T, config postgres.Config) *postgres.Cluster {
	t.Helper()
	_, err := postgres.Find(t.Context(), 0)
	if err != nil && os.Getenv("CI") == "" {
		t.Skip("no PostgreSQL server here:", err)
	}
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	c, err := postgres.Start(ctx, config)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close(context.Background())) })
	return c
}

func connect(t *testing.T, c *postgres.Cluster) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), c.DSN("postgres"))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

func setting(t *testing.T, conn *pgx.Conn, name string) string {
	t.Helper()
	var value string
	require.NoError(t, conn.QueryRow(t.Context(), "SELECT current_setting($1)", name).Scan(&value))
	return value
}

func TestAClusterIsDurablePrivateAndKeepsItsData(t *testing.T) {
	data := filepath.Join(folder(t), "data")
	c := start(t, postgres.Config{Data: data})
	require.GreaterOrEqual(t, c.Version(), postgres.MinimumVersion)
	conn := connect(t, c)
	require.Equal(t, "on", setting(t, conn, "fsync"))
	require.Equal(t, "on", setting(t, conn, "synchronous_commit"))
	require.Empty(t, setting(t, conn, "listen_addresses"))
	require.Equal(t, "UTF8", setting(t, conn, "server_encoding"))
	require.Equal(t, "on", setting(t, conn, "data_checksums"))
	_, err := conn.Exec(t.Context(), "CREATE TABLE note (body bytea); INSERT INTO note VALUES ('\\x00ff')")
	require.NoError(t, err)
	info, err := os.Stat(data)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o700), info.Mode().Perm())
	if os.Geteuid() == 0 {
		stat, ok := info.Sys().(*syscall.Stat_t)
		require.True(t, ok)
		require.NotZero(t, stat.Uid, "the data belong to an unprivileged account")
	}

	require.NoError(t, c.Close(t.Context()))
	_, err = pgx.Connect(t.Context(), c.DSN("postgres"))
	require.Error(t, err, "nothing answers after Close")
	require.ErrorIs(t, c.Restart(t.Context()), os.ErrClosed)

	again := start(t, postgres.Config{Data: data})
	var body []byte
	require.NoError(t, connect(t, again).QueryRow(t.Context(), "SELECT body FROM note").Scan(&body))
	require.Equal(t, []byte{0x00, 0xff}, body)
}

func TestWhatWasCommittedSurvivesEveryKindOfStop(t *testing.T) {
	c := start(t, postgres.Config{Data: filepath.Join(folder(t), "data")})
	_, err := connect(t, c).Exec(t.Context(), "CREATE TABLE entry (n int)")
	require.NoError(t, err)
	dsn := c.DSN("postgres")
	for n, mode := range []postgres.Mode{postgres.Immediate, postgres.Kill, postgres.Fast, postgres.Kill} {
		conn := connect(t, c)
		require.ErrorIs(t, c.Restart(t.Context()), postgres.ErrRunning)
		_, err := conn.Exec(t.Context(), "INSERT INTO entry VALUES ($1)", n)
		require.NoError(t, err)
		tx, err := conn.Begin(t.Context())
		require.NoError(t, err)
		_, err = tx.Exec(t.Context(), "INSERT INTO entry VALUES (-1)")
		require.NoError(t, err)

		exited := c.Exited()
		require.NoError(t, c.Stop(t.Context(), mode))
		<-exited
		require.NoError(t, c.Stop(t.Context(), mode), "stopping twice is no error")
		require.NoError(t, c.Restart(t.Context()))
		require.Equal(t, dsn, c.DSN("postgres"))

		rows, err := connect(t, c).Query(t.Context(), "SELECT n FROM entry ORDER BY n")
		require.NoError(t, err)
		kept, err := pgx.CollectRows(rows, pgx.RowTo[int])
		require.NoError(t, err)
		require.Equal(t, []int{0, 1, 2, 3}[:n+1], kept)
	}
}

func TestAServerThatEndsByItselfIsNoticed(t *testing.T) {
	c := start(t, postgres.Config{Data: filepath.Join(folder(t), "data"), Settings: quick})
	pid, _ := pidFile(t, c.Data())
	require.NoError(t, syscall.Kill(pid, syscall.SIGKILL))
	<-c.Exited()
	require.NoError(t, c.Restart(t.Context()))
	connect(t, c)
}

func TestDataHeldByOneProcessAreRefusedToAnother(t *testing.T) {
	data := filepath.Join(folder(t), "data")
	c := start(t, postgres.Config{Data: data, Settings: quick})
	_, err := postgres.Start(t.Context(), postgres.Config{Data: data})
	require.ErrorIs(t, err, postgres.ErrInUse)
	connect(t, c)
}

func TestDataAreRemovedUnlessAProcessHoldsThem(t *testing.T) {
	data := filepath.Join(folder(t), "data")
	require.NoError(t, postgres.Remove(filepath.Join(data, "nowhere", "data")))
	c := start(t, postgres.Config{Data: data, Settings: quick})
	require.ErrorIs(t, postgres.Remove(data), postgres.ErrInUse)
	connect(t, c)
	require.NoError(t, c.Close(t.Context()))
	require.NoError(t, postgres.Remove(data))
	entries, err := os.ReadDir(filepath.Dir(data))
	require.NoError(t, err)
	require.Empty(t, entries)
}

func TestAFolderWithOtherThingsInItIsLeftAlone(t *testing.T) {
	data := filepath.Join(folder(t), "data")
	require.NoError(t, os.Mkdir(data, 0o700))
	letter := filepath.Join(data, "letter")
	require.NoError(t, os.WriteFile(letter, []byte("dear"), 0o600))
	_, err := postgres.Start(t.Context(), postgres.Config{Data: data})
	require.ErrorIs(t, err, postgres.ErrNotCluster)
	require.FileExists(t, letter)

	_, err = postgres.Start(t.Context(), postgres.Config{})
	require.ErrorContains(t, err, "data folder")
}

func TestAnInterruptedBeginningIsBegunAgain(t *testing.T) {
	data := filepath.Join(folder(t), "data")
	require.NoError(t, os.MkdirAll(filepath.Join(data+".new", "base"), 0o700))
	require.NoError(t, os.Mkdir(data, 0o700))
	connect(t, start(t, postgres.Config{Data: data, Settings: quick}))
	require.NoDirExists(t, data+".new")
}

func TestALongPathStillGetsASocket(t *testing.T) {
	data := filepath.Join(folder(t), strings.Repeat("long-", 20), "data with spaces")
	c := start(t, postgres.Config{Data: data, Settings: quick})
	connect(t, c)
	require.NoError(t, c.Stop(t.Context(), postgres.Immediate))
	require.NoError(t, c.Restart(t.Context()))
	connect(t, c)
}

func TestAServerLeftBehindByAKilledProcessIsReplaced(t *testing.T) {
	data := filepath.Join(folder(t), "data")
	require.NoError(t, start(t, postgres.Config{Data: data, Settings: quick}).Close(t.Context()))
	for range 3 {
		held := exec.Command(os.Args[0])
		held.Env = append(os.Environ(), holdVariable+"="+data)
		out, err := held.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, held.Start())
		var line string
		_, err = fmt.Fscanln(out, &line, new(string))
		require.NoError(t, err)
		require.Equal(t, "started", line)
		require.NoError(t, held.Process.Kill())
		_ = held.Wait()

		c := start(t, postgres.Config{Data: data, Settings: quick})
		connect(t, c)
		require.NoError(t, c.Close(t.Context()))
	}
}

func TestAStalePidFileOfAnotherProcessIsNoObstacle(t *testing.T) {
	data := filepath.Join(folder(t), "data")
	c := start(t, postgres.Config{Data: data, Settings: quick})
	_, text := pidFile(t, data)
	require.NoError(t, c.Close(t.Context()))

	// The pid now belongs to an innocent process of the same account.
	other := exec.Command("sleep", "600")
	info, err := os.Stat(data)
	require.NoError(t, err)
	stat, ok := info.Sys().(*syscall.Stat_t)
	require.True(t, ok)
	other.Dir = "/"
	if os.Geteuid() == 0 {
		other.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: stat.Uid, Gid: stat.Gid}}
	}
	require.NoError(t, other.Start())
	t.Cleanup(func() { _ = other.Process.Kill(); _ = other.Wait() })
	_, rest, _ := strings.Cut(text, "\n")
	path := filepath.Join(data, "postmaster.pid")
	require.NoError(t, os.WriteFile(path, fmt.Appendf(nil, "%d\n%s", other.Process.Pid, rest), 0o600))
	require.NoError(t, os.Chown(path, int(stat.Uid), int(stat.Gid)))

	connect(t, start(t, postgres.Config{Data: data, Settings: quick}))
	require.NoError(t, other.Process.Signal(syscall.Signal(0)), "the other process lives on")
}

func TestAFolderThatTheAccountCannotReachIsNamed(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root starts the server as another account")
	}
	shut := filepath.Join(folder(t), "shut")
	require.NoError(t, os.Mkdir(shut, 0o700))
	_, err := postgres.Start(t.Context(), postgres.Config{Data: filepath.Join(shut, "data")})
	require.ErrorContains(t, err, shut)
	require.NoDirExists(t, filepath.Join(shut, "data"))
}

func TestTheLogHoldsNeitherStatementsNorValues(t *testing.T) {
	var log lockedBuffer
	c := start(t, postgres.Config{
		Data:     filepath.Join(folder(t), "data"),
		Logger:   slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Settings: map[string]string{"max_connections": "20", "fsync": "off"},
	})
	conn := connect(t, c)
	require.Equal(t, "20", setting(t, conn, "max_connections"))
	_, err := conn.Exec(t.Context(), "CREATE TABLE person (name text PRIMARY KEY)")
	require.NoError(t, err)
	for range 2 {
		_, err = conn.Exec(t.Context(), "INSERT INTO person VALUES ('Marchal')")
	}
	require.ErrorContains(t, err, "duplicate key")
	require.NoError(t, c.Close(t.Context()))
	require.Contains(t, log.String(), "duplicate key", "the error itself is logged")
	require.NotContains(t, log.String(), "Marchal")
}

func TestASettingThatTheServerRefusesIsReported(t *testing.T) {
	data := filepath.Join(folder(t), "data")
	require.NoError(t, start(t, postgres.Config{Data: data, Settings: quick}).Close(t.Context()))
	_, err := postgres.Start(t.Context(), postgres.Config{Data: data, Settings: map[string]string{"max_connections": "none"}})
	require.ErrorContains(t, err, "max_connections")
	// The refusal gave the data back.
	connect(t, start(t, postgres.Config{Data: data, Settings: quick}))
}

func TestFindNamesTheVersionThatIsMissing(t *testing.T) {
	_, err := postgres.Find(t.Context(), 9)
	require.ErrorIs(t, err, postgres.ErrNotInstalled)
	require.ErrorContains(t, err, "version 9")
	t.Setenv("PATH", "")
	b, err := postgres.Find(t.Context(), 0)
	if err != nil {
		require.ErrorIs(t, err, postgres.ErrNotInstalled)
		return
	}
	require.GreaterOrEqual(t, b.Major, postgres.MinimumVersion)
}

func pidFile(t *testing.T, data string) (pid int, text string) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(data, "postmaster.pid"))
	require.NoError(t, err)
	_, err = fmt.Sscan(string(b), &pid)
	require.NoError(t, err)
	return pid, string(b)
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
