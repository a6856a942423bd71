// Package store keeps what the server knows in PostgreSQL, which is the truth:
// logs, memberships, accounts, sessions, schedules, audit.
//
// Queries are written in queries/*.sql, checked against the migrations and
// turned into Go by sqlc (the *.gen.go files; sqlc.yaml says how). What must
// go to the database in few round trips, the append of entries, is written by
// hand in append.go with the same checked texts. Ids and hashes are []byte here
// and nowhere else.
//
// The package judges nothing: who may do what is decided before it is called.
// It never logs a value.
package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// ErrNotFound says that there is no such row.
var ErrNotFound = pgx.ErrNoRows

// A Store is a pool of connections to one database. Queries are its methods; it
// may be used from several goroutines.
type Store struct {
	*Queries
	pool *pgxpool.Pool
}

// Config says where the database is.
type Config struct {
	DSN string
	// MaxConns is the most connections; 0 is 16. Appends use one at a time.
	MaxConns int32
}

// Open makes a store. It connects when it is first used, and again after the
// database has been away.
func Open(ctx context.Context, config Config) (*Store, error) {
	c, err := pgxpool.ParseConfig(config.DSN)
	if err != nil {
		return nil, errors.New("opening the database: its address cannot be read") // which holds a password
	}
	c.MaxConns = config.MaxConns
	if c.MaxConns == 0 {
		c.MaxConns = 16
	}
	c.ConnConfig.RuntimeParams["application_name"] = "ensemble"
	// A node that dies in a transaction must not hold a room's row.
	c.ConnConfig.RuntimeParams["idle_in_transaction_session_timeout"] = "10000"
	pool, err := pgxpool.NewWithConfig(ctx, c)
	if err != nil {
		return nil, fmt.Errorf("opening the database: %w", err)
	}
	return &Store{Queries: New(pool), pool: pool}, nil
}

// Close gives the connections back; it waits for those in use.
func (s *Store) Close() { s.pool.Close() }

// Ping tells whether the database answers.
func (s *Store) Ping(ctx context.Context) error {
	if err := s.pool.Ping(ctx); err != nil {
		return fmt.Errorf("reaching the database: %w", err)
	}
	return nil
}

// Tx runs f in a transaction, committed if f returns nil.
func (s *Store) Tx(ctx context.Context, f func(*Queries) error) error {
	return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error { return f(New(tx)) })
}

// IsDuplicate says whether err is the violation of a unique index.
func IsDuplicate(err error) bool {
	var e *pgconn.PgError
	return errors.As(err, &e) && e.Code == "23505"
}

// Away says whether err means that the database could not be reached or was
// stopping: the same may succeed a moment later.
func Away(err error) bool {
	var e *pgconn.PgError
	if errors.As(err, &e) {
		// Class 08: connection; 57: operator intervention, such as a shutdown.
		return strings.HasPrefix(e.Code, "08") || strings.HasPrefix(e.Code, "57P")
	}
	var connect *pgconn.ConnectError
	var network net.Error
	return errors.As(err, &connect) || errors.As(err, &network) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, net.ErrClosed) || errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET)
}
