// Package migrations holds the database's schema as numbered SQL, embedded in
// the binary, and brings a database up to it.
//
// Files are named NNNN_what.sql and are goose migrations: applied in order,
// once each, every one in a transaction of its own. A file that has been
// released is never changed again. There is no way back down: a mistake is
// mended by a later file. This package never touches rows on its own account.
package migrations

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"log/slog"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

// FS holds the migration files.
//
//go:embed *.sql
var FS embed.FS

// Up applies to the database at dsn every migration that it lacks. Several
// nodes may call it at once: one works, under an advisory lock, and the others
// wait for it. A database that already has newer migrations than this program
// is left as it is, so that nodes can be replaced one by one.
func Up(ctx context.Context, dsn string) (err error) {
	config, err := pgx.ParseConfig(dsn)
	if err != nil {
		return errors.New("migrating the database: its address cannot be read") // which holds a password
	}
	db := stdlib.OpenDB(*config)
	defer func() { err = errors.Join(err, db.Close()) }()
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 300), lock.WithUnlockTimeout(1, 60))
	if err != nil {
		return fmt.Errorf("migrating the database: %w", err)
	}
	provider, err := goose.NewProvider(goose.DialectPostgres, db, FS,
		goose.WithSessionLocker(locker),
		goose.WithDisableGlobalRegistry(true),
		goose.WithSlog(slog.New(slog.DiscardHandler)),
	)
	if err != nil {
		return fmt.Errorf("reading the migrations: %w", err)
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("migrating the database: %w", err)
	}
	return nil
}
