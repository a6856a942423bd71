package migrations_test

import (
	"io/fs"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/ensemble-sante/ensemble/migrations"
	"github.com/ensemble-sante/ensemble/server/servertest"
)

func versions(t *testing.T, dsn string) []int64 {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	require.NoError(t, err)
	defer conn.Close(t.Context())
	rows, err := conn.Query(t.Context(), "SELECT version_id FROM goose_db_version WHERE is_applied ORDER BY id")
	require.NoError(t, err)
	list, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	require.NoError(t, err)
	return list
}

func TestFilesAreNumberedWithoutGapsAndNeverGoBack(t *testing.T) {
	files, err := fs.Glob(migrations.FS, "*.sql")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for i, name := range files {
		require.Regexp(t, regexp.MustCompile(`^\d{4}_[a-z0-9_]+\.sql$`), name)
		require.Equal(t, i+1, int(name[0]-'0')*1000+int(name[1]-'0')*100+int(name[2]-'0')*10+int(name[3]-'0'), name)
		text, err := fs.ReadFile(migrations.FS, name)
		require.NoError(t, err)
		require.Contains(t, string(text), "-- +goose Up")
		require.NotContains(t, string(text), "+goose Down", name)
		require.NotContains(t, strings.ToUpper(string(text)), "NO TRANSACTION", name)
	}
}

func TestNodesThatStartTogetherMigrateOnce(t *testing.T) {
	dsn := servertest.Database(t, servertest.Empty())
	var group sync.WaitGroup
	failures := make(chan error, 4)
	for range cap(failures) {
		group.Go(func() { failures <- migrations.Up(t.Context(), dsn) })
	}
	group.Wait()
	for range cap(failures) {
		require.NoError(t, <-failures)
	}
	applied := versions(t, dsn)
	require.NoError(t, migrations.Up(t.Context(), dsn), "and again")
	require.Equal(t, applied, versions(t, dsn))
	files, err := fs.Glob(migrations.FS, "*.sql")
	require.NoError(t, err)
	require.Len(t, applied, len(files)+1, "goose counts the empty database")
}

func TestADatabaseOfANewerProgramIsLeftAsItIs(t *testing.T) {
	dsn := servertest.Database(t)
	conn, err := pgx.Connect(t.Context(), dsn)
	require.NoError(t, err)
	defer conn.Close(t.Context())
	_, err = conn.Exec(t.Context(), "INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, true)")
	require.NoError(t, err)
	require.NoError(t, migrations.Up(t.Context(), dsn))
}

func TestAnErrorHoldsNoPassword(t *testing.T) {
	for _, dsn := range []string{
		"postgres://ensemble:hush@127.0.0.1:1/ensemble?connect_timeout=1",
		"postgres://ensemble:hush@[::1/ensemble",
		"hush",
	} {
		err := migrations.Up(t.Context(), dsn)
		require.Error(t, err)
		require.NotContains(t, err.Error(), "hush")
	}
}
