package servertest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/ensemble-sante/ensemble/migrations"
	"github.com/ensemble-sante/ensemble/server/postgres"
)

// patience bounds the start of a service and the making of a database.
const patience = 2 * time.Minute

// Migrate brings the database at dsn to the schema that tests expect.
type Migrate func(ctx context.Context, dsn string) error

// An Option changes the database that a test gets.
type Option func(*options)

type options struct {
	template string
	migrate  Migrate
}

// Empty gives a database without any table.
func Empty() Option {
	return func(o *options) { o.template, o.migrate = "empty", nil }
}

// Migrated gives a database with another schema than the program's own. The
// name tells schemas apart: migrate is called once for each name.
func Migrated(name string, migrate Migrate) Option {
	return func(o *options) { o.template, o.migrate = "of_"+name, migrate }
}

// shared is the cluster of this test binary and its templates.
var shared struct {
	mu        sync.Mutex
	err       error
	cluster   *postgres.Cluster
	templates map[string]error // by name; made once, even if that failed
	databases atomic.Int64
}

// Database gives the test a database of its own, with the program's schema
// unless an option says otherwise, and returns its address. It is dropped when
// the test ends, with whatever connections are left.
func Database(t testing.TB, opts ...Option) (dsn string) {
	t.Helper()
	o := options{template: "ensemble", migrate: migrations.Up}
	for _, set := range opts {
		set(&o)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), patience)
	defer cancel()
	shared.mu.Lock()
	defer shared.mu.Unlock()
	cluster := sharedCluster(ctx, t)
	require.NoError(t, template(ctx, cluster, o))

	name := fmt.Sprintf("test_%d", shared.databases.Add(1))
	require.NoError(t, administer(ctx, cluster, "CREATE DATABASE "+quote(name)+" TEMPLATE "+quote("template_"+o.template)))
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := administer(ctx, cluster, "DROP DATABASE "+quote(name)+" WITH (FORCE)"); err != nil {
			t.Errorf("dropping the test's database: %v", err)
		}
	})
	return cluster.DSN(name)
}

// sharedCluster starts the cluster that this test binary shares. The caller
// holds shared.mu.
func sharedCluster(ctx context.Context, t testing.TB) *postgres.Cluster {
	t.Helper()
	if shared.cluster == nil && shared.err == nil {
		shared.cluster, shared.err = startCluster(ctx)
	}
	if errors.Is(shared.err, postgres.ErrNotInstalled) {
		missing(t, "PostgreSQL", shared.err)
	}
	require.NoError(t, shared.err)
	return shared.cluster
}

func startCluster(ctx context.Context) (*postgres.Cluster, error) {
	if _, err := postgres.Find(ctx, 0); err != nil {
		return nil, err
	}
	folder, err := publicFolder()
	if err != nil {
		return nil, err
	}
	cluster, err := postgres.Start(ctx, postgres.Config{
		Data: filepath.Join(folder, "data"),
		Settings: map[string]string{
			// The data end with the process: nothing here needs the disk.
			"fsync":              "off",
			"full_page_writes":   "off",
			"synchronous_commit": "off",
			"max_connections":    "400",
		},
	})
	if err != nil {
		_ = os.RemoveAll(folder)
		return nil, err
	}
	return cluster, reap(cluster.PID(), "QUIT", folder)
}

// Cluster gives the test a durable cluster of its own, to stop, kill and start
// again, with one migrated database, ensemble, in it. It is stopped and
// removed when the test ends.
func Cluster(t testing.TB) (cluster *postgres.Cluster, dsn string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), patience)
	defer cancel()
	folder, err := publicFolder()
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	cluster, err = postgres.Start(ctx, postgres.Config{Data: filepath.Join(folder, "data")})
	if errors.Is(err, postgres.ErrNotInstalled) {
		missing(t, "PostgreSQL", err)
	}
	require.NoError(t, err)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := cluster.Stop(ctx, postgres.Immediate); err != nil {
			t.Errorf("stopping the test's cluster: %v", err)
		}
		_ = cluster.Close(ctx)
	})
	require.NoError(t, administer(ctx, cluster, "CREATE DATABASE ensemble"))
	dsn = cluster.DSN("ensemble")
	require.NoError(t, migrations.Up(ctx, dsn))
	return cluster, dsn
}

// template makes the database that tests copy. The caller holds shared.mu, so
// nobody is connected to it while it is copied.
func template(ctx context.Context, cluster *postgres.Cluster, o options) error {
	if err, made := shared.templates[o.template]; made {
		return err
	}
	if shared.templates == nil {
		shared.templates = make(map[string]error)
	}
	name := "template_" + o.template
	err := administer(ctx, cluster, "CREATE DATABASE "+quote(name))
	if err == nil && o.migrate != nil {
		err = o.migrate(ctx, cluster.DSN(name))
	}
	shared.templates[o.template] = err
	return err
}

func administer(ctx context.Context, cluster *postgres.Cluster, statement string) error {
	conn, err := pgx.Connect(ctx, cluster.DSN("postgres"))
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, statement)
	return errors.Join(err, conn.Close(ctx))
}

func quote(name string) string { return pgx.Identifier{name}.Sanitize() }

// publicFolder is a temporary folder that the server's account may pass
// through; what lies in it has its own rights.
func publicFolder() (string, error) {
	folder, err := os.MkdirTemp("", "ensemble-test-")
	if err != nil {
		return "", err
	}
	return folder, os.Chmod(folder, 0o711)
}
