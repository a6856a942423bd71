package blobs_test

import (
	"bytes"
	"io"
	"path"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"github.com/ensemble-sante/ensemble/server/blobs"
)

func FuzzAKeyIsAPlainFileName(f *testing.F) {
	for _, seed := range []string{"", ".", "..", "a", "a/b", "../a", "abc-1_2.3", "é", "A", "a\x00"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, key string) {
		if blobs.CheckKey(key) != nil {
			return
		}
		require.Equal(t, key, path.Base(path.Clean("/"+key)))
		require.Equal(t, strings.ToLower(key), key)
		require.LessOrEqual(t, len(key), blobs.MaxKey)
	})
}

func FuzzExactlyHandsOutAWholeBodyOrAnError(f *testing.F) {
	f.Add([]byte("content"), 7, byte(0))
	f.Add([]byte("content"), 6, byte(1))
	f.Add([]byte("content"), 8, byte(2))
	f.Add([]byte(""), 0, byte(3))
	f.Add([]byte("x"), 0, byte(0))
	f.Fuzz(func(t *testing.T, content []byte, size int, how byte) {
		if size < 0 {
			return
		}
		var r io.Reader = bytes.NewReader(content)
		switch how % 4 {
		case 1:
			r = iotest.OneByteReader(r)
		case 2:
			r = iotest.DataErrReader(r)
		case 3:
			r = iotest.HalfReader(r)
		}
		got, err := io.ReadAll(blobs.Exactly(r, int64(size)))
		if size == len(content) {
			require.NoError(t, err)
			require.Equal(t, string(content), string(got))
			return
		}
		require.ErrorIs(t, err, blobs.ErrSize)
		require.True(t, len(got) < size || size == 0, "never as much as was announced")
	})
}

func TestARangeIsCutToTheObject(t *testing.T) {
	for _, test := range []struct{ offset, length, size, from, n int64 }{
		{0, -1, 10, 0, 10},
		{3, 4, 10, 3, 4},
		{3, 8, 10, 3, 7},
		{10, 1, 10, 10, 0},
		{0, 0, 0, 0, 0},
		{1, 1<<63 - 1, 10, 1, 9},
	} {
		from, n, err := blobs.Range(test.offset, test.length, test.size)
		require.NoError(t, err)
		require.Equal(t, test.from, from)
		require.Equal(t, test.n, n)
	}
	_, _, err := blobs.Range(11, 0, 10)
	require.ErrorIs(t, err, blobs.ErrRange)
}
