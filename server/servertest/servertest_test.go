package servertest_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
	"github.com/stretchr/testify/require"

	"github.com/ensemble-sante/ensemble/server/postgres"
	"github.com/ensemble-sante/ensemble/server/servertest"
)

// crashVariable makes TestCrash start the services and die in the way it names.
const crashVariable = "ENSEMBLE_TEST_CRASH"

func connect(t *testing.T, dsn string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

func tables(t *testing.T, conn *pgx.Conn) []string {
	t.Helper()
	rows, err := conn.Query(t.Context(), "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
	require.NoError(t, err)
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	return names
}

func TestEachTestHasADatabaseOfItsOwn(t *testing.T) {
	one, two := servertest.Database(t), servertest.Database(t)
	require.NotEqual(t, one, two)
	_, err := connect(t, one).Exec(t.Context(), "CREATE TABLE mine (n int)")
	require.NoError(t, err)
	require.Contains(t, tables(t, connect(t, one)), "mine")
	require.NotContains(t, tables(t, connect(t, two)), "mine")
	require.Contains(t, tables(t, connect(t, two)), "goose_db_version", "the migrations were applied")
}

func TestADatabaseIsDroppedWithTheConnectionsLeftOnIt(t *testing.T) {
	var dsn string
	t.Run("uses it", func(t *testing.T) {
		dsn = servertest.Database(t, servertest.Empty())
		conn, err := pgx.Connect(t.Context(), dsn)
		require.NoError(t, err)
		require.Empty(t, tables(t, conn))
	})
	_, err := pgx.Connect(t.Context(), dsn)
	require.ErrorContains(t, err, "does not exist")
}

func TestAnotherSchemaIsAppliedOnce(t *testing.T) {
	calls := 0
	// A name of its own for each run of the test: -count runs it again.
	other := servertest.Migrated("other_"+strings.ToLower(rand.Text()), func(ctx context.Context, dsn string) error {
		calls++
		conn, err := pgx.Connect(ctx, dsn)
		if err != nil {
			return err
		}
		defer conn.Close(ctx)
		_, err = conn.Exec(ctx, "CREATE TABLE other (n int)")
		return err
	})
	for range 3 {
		require.Equal(t, []string{"other"}, tables(t, connect(t, servertest.Database(t, other))))
	}
	require.Equal(t, 1, calls)
}

func TestAClusterOfItsOwnIsDurableAndCanCrash(t *testing.T) {
	cluster, dsn := servertest.Cluster(t)
	conn := connect(t, dsn)
	var fsync string
	require.NoError(t, conn.QueryRow(t.Context(), "SHOW fsync").Scan(&fsync))
	require.Equal(t, "on", fsync)
	_, err := conn.Exec(t.Context(), "CREATE TABLE kept ()")
	require.NoError(t, err)
	require.NoError(t, cluster.Stop(t.Context(), postgres.Kill))
	require.NoError(t, cluster.Restart(t.Context()))
	require.Contains(t, tables(t, connect(t, dsn)), "kept")
}

func TestMinIOGivesAnEmptyBucket(t *testing.T) {
	one, two := servertest.MinIO(t), servertest.MinIO(t)
	require.NotEqual(t, one.Bucket, two.Bucket)
	client, err := minio.New(one.Endpoint, &minio.Options{Creds: credentials.NewStaticV4(one.AccessKey, one.SecretKey, "")})
	require.NoError(t, err)
	for object := range client.ListObjects(t.Context(), one.Bucket, minio.ListObjectsOptions{}) {
		require.Fail(t, "the bucket is not empty", object.Key)
	}
}

func TestPortsAreBelowThoseOfOutgoingConnections(t *testing.T) {
	for range 20 {
		require.Less(t, servertest.Port(t), 32768)
	}
}

// TestCrash is what the next test runs in a process of its own.
func TestCrash(t *testing.T) {
	how := os.Getenv(crashVariable)
	if how == "" {
		t.Skip("runs only inside TestNothingIsLeftBehind")
	}
	servertest.Database(t)
	servertest.MinIO(t)
	fmt.Println("ready")
	switch how {
	case "panic":
		panic("as asked")
	case "exit":
		os.Exit(3)
	default:
		select {} // until killed
	}
}

func TestNothingIsLeftBehind(t *testing.T) {
	servertest.MinIO(t) // skips where there is none
	for _, how := range []string{"panic", "exit", "kill", "return"} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			dir, err := os.MkdirTemp("", "ensemble-left-")
			require.NoError(t, err)
			t.Cleanup(func() { _ = os.RemoveAll(dir) })
			require.NoError(t, os.Chmod(dir, 0o711))
			run := "TestCrash$"
			if how == "return" {
				run = "TestMinIOGivesAnEmptyBucket|TestEachTestHasADatabaseOfItsOwn"
			}
			cmd := exec.Command(os.Args[0], "-test.run", run)
			cmd.Env = append(os.Environ(), crashVariable+"="+how, "TMPDIR="+dir)
			out, err := cmd.StdoutPipe()
			require.NoError(t, err)
			require.NoError(t, cmd.Start())
			if how == "kill" {
				var line string
				_, err := fmt.Fscanln(out, &line)
				require.NoError(t, err)
				require.NoError(t, cmd.Process.Kill())
			}
			_ = cmd.Wait()
			require.Eventually(t, func() bool {
				left, err := filepath.Glob(filepath.Join(dir, "*"))
				return err == nil && len(left) == 0 && !processesIn(dir)
			}, 3*time.Minute, 50*time.Millisecond)
		})
	}
}

// processesIn tells whether a process works in the folder or names it.
func processesIn(dir string) bool {
	lines, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, file := range lines {
		text, err := os.ReadFile(file)
		cwd, _ := os.Readlink(filepath.Join(filepath.Dir(file), "cwd"))
		if err == nil && (strings.Contains(string(text), dir) || strings.HasPrefix(cwd, dir)) {
			return true
		}
	}
	return false
}
