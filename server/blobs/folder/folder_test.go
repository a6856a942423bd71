package folder_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ensemble-sante/ensemble/server/blobs"
	"github.com/ensemble-sante/ensemble/server/blobs/blobstest"
	"github.com/ensemble-sante/ensemble/server/blobs/folder"
)

// writeVariable makes the test binary write objects, without end, into the
// folder it names.
const writeVariable = "ENSEMBLE_TEST_WRITE_OBJECTS"

func TestMain(m *testing.M) {
	if path := os.Getenv(writeVariable); path != "" {
		fmt.Fprintln(os.Stderr, writeForEver(path, os.Getenv(writeVariable+"_FROM")))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

func open(t *testing.T, path string) *folder.Folder {
	t.Helper()
	f, err := folder.Open(path)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, f.Close()) })
	return f
}

func TestAFolderIsAStore(t *testing.T) {
	blobstest.Run(t, func(t *testing.T) blobs.Store { return open(t, filepath.Join(t.TempDir(), "objects")) })
}

func TestAFolderKeepsObjectsAndUploadsWhenOpenedAgain(t *testing.T) {
	path := t.TempDir()
	first := open(t, path)
	blobstest.Put(t, first, "object", []byte("content"))
	upload, err := first.Begin(t.Context(), "other")
	require.NoError(t, err)
	require.NoError(t, first.PutPart(t.Context(), "other", upload, 1, 4, bytes.NewReader([]byte("part"))))

	second := open(t, path)
	got, _ := blobstest.Read(t, second, "object", 0, -1)
	require.Equal(t, "content", string(got))
	require.NoError(t, second.Complete(t.Context(), "other", upload, []int64{4}))
	got, _ = blobstest.Read(t, second, "other", 0, -1)
	require.Equal(t, "part", string(got))
}

func TestNobodyElseMayReadTheFolder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "objects")
	blobstest.Put(t, open(t, path), "object", []byte("content"))
	require.NoError(t, filepath.WalkDir(path, func(name string, entry os.DirEntry, err error) error {
		require.NoError(t, err)
		info, err := entry.Info()
		require.NoError(t, err)
		require.Zero(t, info.Mode().Perm()&0o077, name)
		return nil
	}))
}

// objectFor is the one content that an object of the crash test may have.
func objectFor(n int) (key string, content []byte) {
	return fmt.Sprintf("n%d", n), blobstest.Content(uint64(n), 1+n*7919%200_000)
}

func writeForEver(path, from string) error {
	f, err := folder.Open(path)
	if err != nil {
		return err
	}
	first, err := strconv.Atoi(from)
	if err != nil {
		return err
	}
	ctx := context.Background()
	for n := first; ; n++ {
		key, content := objectFor(n)
		upload, err := f.Begin(ctx, key)
		if err != nil {
			return err
		}
		if err := f.PutPart(ctx, key, upload, 1, int64(len(content)), bytes.NewReader(content)); err != nil {
			return err
		}
		if err := f.Complete(ctx, key, upload, []int64{int64(len(content))}); err != nil {
			return err
		}
		fmt.Println(n)
	}
}

func TestAKilledWriterLeavesWholeObjectsOnly(t *testing.T) {
	path := filepath.Join(t.TempDir(), "objects")
	last := 0
	for round := range 5 {
		writer := exec.Command(os.Args[0])
		writer.Env = append(os.Environ(), writeVariable+"="+path, fmt.Sprintf("%s_FROM=%d", writeVariable, last+1))
		writer.Stderr = os.Stderr
		out, err := writer.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, writer.Start())
		lines := bufio.NewScanner(out)
		for acknowledged := 0; lines.Scan(); acknowledged++ {
			last, err = strconv.Atoi(lines.Text())
			require.NoError(t, err)
			if acknowledged == 20+round*7 {
				require.NoError(t, writer.Process.Kill()) // the rest of the lines still comes
			}
		}
		_ = writer.Wait()

		f := open(t, path)
		for n := 1; n <= last; n++ {
			key, content := objectFor(n)
			got, _ := blobstest.Read(t, f, key, 0, -1)
			require.True(t, bytes.Equal(content, got), "object %d, acknowledged", n)
		}
		// The one being written is whole or absent.
		key, content := objectFor(last + 1)
		if body, _, err := f.Get(t.Context(), key, 0, -1); err == nil {
			got, err := io.ReadAll(body)
			require.NoError(t, err)
			require.NoError(t, body.Close())
			require.True(t, bytes.Equal(content, got), "object %d, not acknowledged", last+1)
		}
		left, err := os.ReadDir(filepath.Join(path, "new"))
		require.NoError(t, err)
		require.Empty(t, left)
	}
}
