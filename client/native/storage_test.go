package native_test

import (
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ensemble-sante/ensemble/client"
	"github.com/ensemble-sante/ensemble/client/native"
)

func TestStorage(t *testing.T) {
	folder, err := native.OpenFolder(t.TempDir())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, folder.Close()) })
	for name, s := range map[string]client.Storage{"memory": native.NewMemory(), "folder": folder} {
		t.Run(name, func(t *testing.T) {
			ctx := t.Context()
			none, err := s.Get(ctx, "a")
			require.NoError(t, err)
			require.Nil(t, none)
			require.NoError(t, s.Batch(ctx, []client.Op{
				{Key: "b/2", Value: []byte("two")}, {Key: "b/1", Value: []byte("one")}, {Key: "c", Value: []byte("three")},
			}))
			got, err := s.Get(ctx, "b/1")
			require.NoError(t, err)
			require.Equal(t, "one", string(got))
			got[0] = 'X'
			pairs, err := s.Scan(ctx, "b/")
			require.NoError(t, err)
			require.Equal(t, []client.Pair{{Key: "b/1", Value: []byte("one")}, {Key: "b/2", Value: []byte("two")}}, pairs)
			require.NoError(t, s.Batch(ctx, []client.Op{{Key: "b/1"}, {Key: "nothing"}, {Key: "b/2", Value: []byte("2")}}))
			pairs, err = s.Scan(ctx, "")
			require.NoError(t, err)
			require.Equal(t, []client.Pair{{Key: "b/2", Value: []byte("2")}, {Key: "c", Value: []byte("three")}}, pairs)
			var wait sync.WaitGroup
			for range 8 {
				wait.Go(func() {
					_ = s.Batch(ctx, []client.Op{{Key: "d", Value: []byte("x")}})
					_, _ = s.Scan(ctx, "d")
				})
			}
			wait.Wait()
		})
	}
}

func TestAFolderKeepsItsStateAndItsKeyToItself(t *testing.T) {
	path := filepath.Join(t.TempDir(), "device")
	f, err := native.OpenFolder(path)
	require.NoError(t, err)
	require.NoError(t, f.Batch(t.Context(), []client.Op{{Key: "a", Value: []byte("x")}}))
	key := f.Key()
	require.Len(t, key, client.StorageKeySize)
	_, err = native.OpenFolder(path)
	require.Error(t, err, "one process at a time")
	require.NoError(t, f.Close())

	for _, name := range []string{"state.db", "storage.key"} {
		info, err := os.Stat(filepath.Join(path, name))
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o600), info.Mode().Perm(), name)
	}
	again, err := native.OpenFolder(path)
	require.NoError(t, err)
	require.Equal(t, key, again.Key())
	got, err := again.Get(t.Context(), "a")
	require.NoError(t, err)
	require.Equal(t, "x", string(got))
	require.NoError(t, again.Close())

	require.NoError(t, os.WriteFile(filepath.Join(path, "storage.key"), []byte("short"), 0o600))
	_, err = native.OpenFolder(path)
	require.Error(t, err)
}

func TestMemoryIsCopiedWhole(t *testing.T) {
	m := native.NewMemory()
	require.NoError(t, m.Batch(t.Context(), []client.Op{{Key: "a", Value: []byte("before")}}))
	c := m.Copy()
	require.NoError(t, m.Batch(t.Context(), []client.Op{{Key: "a", Value: []byte("after")}}))
	got, err := c.Get(t.Context(), "a")
	require.NoError(t, err)
	require.Equal(t, "before", string(got))
}

func TestAnOriginIsNeeded(t *testing.T) {
	for _, origin := range []string{"", "localhost:1", "ftp://x", "http://"} {
		_, err := native.NewNetwork(origin, native.Options{})
		require.Error(t, err, origin)
	}
}
