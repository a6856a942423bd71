// Package blobstest is the suite that every store of package blobs passes.
package blobstest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ensemble-sante/ensemble/server/blobs"
)

// Run holds a store to the contract. open gives an empty store each time.
func Run(t *testing.T, open func(t *testing.T) blobs.Store) {
	tests := []struct {
		behaviour string
		test      func(*testing.T, blobs.Store)
	}{
		{"an object is read back whole and in ranges", readsBack},
		{"an empty object is an object", emptyObject},
		{"parts may come in any order, again, and all at once", partsInAnyOrder},
		{"a part of the wrong size changes nothing", wrongSizes},
		{"a reader's error comes back and changes nothing", readerFails},
		{"a cancelled upload changes nothing", cancelled},
		{"an object appears when it is complete and not before", appearsWhole},
		{"completing asks for exactly the parts", completesExactly},
		{"completing and aborting can be repeated", repeats},
		{"an upload serves its own key only", otherKey},
		{"the last upload to be completed wins", lastWins},
		{"what is not there is said so", absent},
		{"what is no key or part is refused", refused},
		{"stale uploads are listed", stale},
		{"memory does not grow with the object", constantMemory},
		{"the store says that it works", func(t *testing.T, s blobs.Store) { require.NoError(t, s.Check(t.Context())) }},
	}
	for _, test := range tests {
		t.Run(test.behaviour, func(t *testing.T) { test.test(t, open(t)) })
	}
}

// Content is n bytes that depend on the seed.
func Content(seed uint64, n int) []byte {
	var key [32]byte
	key[0], key[1] = byte(seed), byte(seed>>8)
	b := make([]byte, n)
	_, _ = rand.NewChaCha8(key).Read(b) // never fails
	return b
}

// Put stores a whole object, part by part.
func Put(t *testing.T, s blobs.Store, key string, content []byte) {
	t.Helper()
	upload, err := s.Begin(t.Context(), key)
	require.NoError(t, err)
	sizes := putParts(t, s, key, upload, content)
	require.NoError(t, s.Complete(t.Context(), key, upload, sizes))
}

func putParts(t *testing.T, s blobs.Store, key, upload string, content []byte) (sizes []int64) {
	t.Helper()
	for n := 1; n == 1 || len(content) > 0; n++ {
		part := content[:min(blobs.PartSize, len(content))]
		content = content[len(part):]
		require.NoError(t, s.PutPart(t.Context(), key, upload, n, int64(len(part)), bytes.NewReader(part)))
		sizes = append(sizes, int64(len(part)))
	}
	return sizes
}

// Read reads a range of an object.
func Read(t *testing.T, s blobs.Store, key string, offset, length int64) (content []byte, size int64) {
	t.Helper()
	body, size, err := s.Get(t.Context(), key, offset, length)
	require.NoError(t, err)
	content, err = io.ReadAll(body)
	require.NoError(t, err)
	require.NoError(t, body.Close())
	return content, size
}

func requireAbsent(t *testing.T, s blobs.Store, key string) {
	t.Helper()
	_, err := s.Stat(t.Context(), key)
	require.ErrorIs(t, err, blobs.ErrNotFound)
	_, _, err = s.Get(t.Context(), key, 0, -1)
	require.ErrorIs(t, err, blobs.ErrNotFound)
}

func uploads(t *testing.T, s blobs.Store, before time.Time) (list []blobs.Upload) {
	t.Helper()
	for u, err := range s.Uploads(t.Context(), before) {
		require.NoError(t, err)
		list = append(list, u)
	}
	return list
}

// later is after everything that the test did, whatever the service's clock
// rounds to.
func later() time.Time { return time.Now().Add(time.Hour) }

func readsBack(t *testing.T, s blobs.Store) {
	content := Content(1, 2*blobs.PartSize+12345)
	before := time.Now().Add(-time.Hour)
	Put(t, s, "object", content)
	object, err := s.Stat(t.Context(), "object")
	require.NoError(t, err)
	require.Equal(t, "object", object.Key)
	require.Equal(t, int64(len(content)), object.Size)
	require.True(t, object.Modified.After(before) && object.Modified.Before(later()))

	size := int64(len(content))
	for _, test := range []struct{ offset, length, from, to int64 }{
		{0, -1, 0, size},
		{0, size, 0, size},
		{0, 1, 0, 1},
		{0, 0, 0, 0},
		{5, 0, 5, 5},
		{size - 1, 1, size - 1, size},
		{size - 1, 100, size - 1, size},
		{size - 10, -1, size - 10, size},
		{size, -1, size, size},
		{size, 10, size, size},
		{blobs.PartSize - 3, 6, blobs.PartSize - 3, blobs.PartSize + 3},
		{blobs.PartSize, blobs.PartSize + 1, blobs.PartSize, 2*blobs.PartSize + 1},
		{1, 1<<63 - 1, 1, size},
	} {
		got, whole := Read(t, s, "object", test.offset, test.length)
		require.True(t, bytes.Equal(content[test.from:test.to], got), "%+v: %d bytes", test, len(got))
		require.Equal(t, size, whole)
	}
	for _, offset := range []int64{-1, size + 1, 1<<63 - 1} {
		for _, length := range []int64{-1, 0, 1} {
			_, _, err := s.Get(t.Context(), "object", offset, length)
			require.ErrorIs(t, err, blobs.ErrRange, "offset %d length %d", offset, length)
		}
	}
}

func emptyObject(t *testing.T, s blobs.Store) {
	Put(t, s, "empty", nil)
	for _, length := range []int64{-1, 0, 10} {
		got, size := Read(t, s, "empty", 0, length)
		require.Empty(t, got)
		require.Zero(t, size)
	}
	_, _, err := s.Get(t.Context(), "empty", 1, 1)
	require.ErrorIs(t, err, blobs.ErrRange)
}

func partsInAnyOrder(t *testing.T, s blobs.Store) {
	content := Content(2, 3*blobs.PartSize+7)
	upload, err := s.Begin(t.Context(), "object")
	require.NoError(t, err)
	parts, err := s.Parts(t.Context(), "object", upload)
	require.NoError(t, err)
	require.Empty(t, parts)

	// First something else, then the right thing, all parts at the same time.
	require.NoError(t, s.PutPart(t.Context(), "object", upload, 4, 100, bytes.NewReader(Content(3, 100))))
	require.NoError(t, s.PutPart(t.Context(), "object", upload, 2, blobs.PartSize, bytes.NewReader(Content(4, blobs.PartSize))))
	parts, err = s.Parts(t.Context(), "object", upload)
	require.NoError(t, err)
	require.Equal(t, []blobs.Part{{Number: 2, Size: blobs.PartSize}, {Number: 4, Size: 100}}, parts)
	var group sync.WaitGroup
	failures := make(chan error, 4)
	sizes := []int64{blobs.PartSize, blobs.PartSize, blobs.PartSize, 7}
	for i, size := range sizes {
		group.Go(func() {
			var part io.Reader = bytes.NewReader(content[i*blobs.PartSize:][:size])
			if i == 3 {
				part = iotest.OneByteReader(part)
			}
			failures <- s.PutPart(t.Context(), "object", upload, i+1, size, part)
		})
	}
	group.Wait()
	for range sizes {
		require.NoError(t, <-failures)
	}
	parts, err = s.Parts(t.Context(), "object", upload)
	require.NoError(t, err)
	for i, part := range parts {
		require.Equal(t, blobs.Part{Number: i + 1, Size: sizes[i]}, part)
	}
	require.Len(t, parts, len(sizes))
	require.NoError(t, s.Complete(t.Context(), "object", upload, sizes))
	got, _ := Read(t, s, "object", 0, -1)
	require.True(t, bytes.Equal(content, got))
}

func wrongSizes(t *testing.T, s blobs.Store) {
	upload, err := s.Begin(t.Context(), "object")
	require.NoError(t, err)
	require.NoError(t, s.PutPart(t.Context(), "object", upload, 1, 5, strings.NewReader("first")))
	for name, part := range map[string]struct {
		size    int64
		content string
	}{
		"too short":               {10, "short"},
		"nothing":                 {10, ""},
		"too long":                {3, "longer"},
		"too long by one":         {4, "fives"},
		"something for nothing":   {0, "x"},
		"larger than a part":      {blobs.PartSize + 1, "x"},
		"less than nothing":       {-1, ""},
		"much more than promised": {1, strings.Repeat("x", 1<<20)},
	} {
		t.Run(name, func(t *testing.T) {
			err := s.PutPart(t.Context(), "object", upload, 1, part.size, strings.NewReader(part.content))
			require.ErrorIs(t, err, blobs.ErrSize)
			err = s.PutPart(t.Context(), "object", upload, 2, part.size, strings.NewReader(part.content))
			require.ErrorIs(t, err, blobs.ErrSize)
		})
	}
	parts, err := s.Parts(t.Context(), "object", upload)
	require.NoError(t, err)
	require.Equal(t, []blobs.Part{{Number: 1, Size: 5}}, parts)
	require.NoError(t, s.Complete(t.Context(), "object", upload, []int64{5}))
	got, _ := Read(t, s, "object", 0, -1)
	require.Equal(t, "first", string(got))
}

func readerFails(t *testing.T, s blobs.Store) {
	upload, err := s.Begin(t.Context(), "object")
	require.NoError(t, err)
	broken := errors.New("the line broke")
	for name, r := range map[string]io.Reader{
		"at once":        iotest.ErrReader(broken),
		"half way":       io.MultiReader(bytes.NewReader(Content(1, 50_000)), iotest.ErrReader(broken)),
		"after the last": io.MultiReader(bytes.NewReader(Content(1, 100_000)), iotest.ErrReader(broken)),
	} {
		t.Run(name, func(t *testing.T) {
			require.ErrorContains(t, s.PutPart(t.Context(), "object", upload, 1, 100_000, r), broken.Error())
		})
	}
	parts, err := s.Parts(t.Context(), "object", upload)
	require.NoError(t, err)
	require.Empty(t, parts)
}

func cancelled(t *testing.T, s blobs.Store) {
	upload, err := s.Begin(t.Context(), "object")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	// The context ends in the middle of the part.
	content := io.MultiReader(bytes.NewReader(Content(1, 1<<20)), readerFunc(func(p []byte) (int, error) {
		cancel()
		return copy(p, "x"), nil
	}))
	require.Error(t, s.PutPart(ctx, "object", upload, 1, blobs.PartSize, content))
	parts, err := s.Parts(t.Context(), "object", upload)
	require.NoError(t, err)
	require.Empty(t, parts)
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func appearsWhole(t *testing.T, s blobs.Store) {
	content := Content(5, blobs.PartSize+1)
	upload, err := s.Begin(t.Context(), "object")
	require.NoError(t, err)
	requireAbsent(t, s, "object")
	sizes := putParts(t, s, "object", upload, content)
	requireAbsent(t, s, "object")
	require.NoError(t, s.Complete(t.Context(), "object", upload, sizes))
	got, _ := Read(t, s, "object", 0, -1)
	require.True(t, bytes.Equal(content, got))
	require.Empty(t, uploads(t, s, later()))
	_, err = s.Parts(t.Context(), "object", upload)
	require.ErrorIs(t, err, blobs.ErrNoUpload)
}

func completesExactly(t *testing.T, s blobs.Store) {
	upload, err := s.Begin(t.Context(), "object")
	require.NoError(t, err)
	require.NoError(t, s.PutPart(t.Context(), "object", upload, 1, blobs.PartSize, bytes.NewReader(Content(1, blobs.PartSize))))
	require.NoError(t, s.PutPart(t.Context(), "object", upload, 3, 10, bytes.NewReader(Content(1, 10))))
	for name, sizes := range map[string][]int64{
		"no parts":             {},
		"a gap":                {blobs.PartSize, blobs.PartSize, 10},
		"another size":         {blobs.PartSize - 1},
		"a part too many":      {blobs.PartSize, 10},
		"a small part before":  {10, blobs.PartSize},
		"a negative size":      {-1},
		"too large a size":     {blobs.PartSize + 1},
		"too many parts":       make([]int64, blobs.MaxParts+1),
		"an empty second part": {blobs.PartSize, 0},
	} {
		t.Run(name, func(t *testing.T) {
			require.ErrorIs(t, s.Complete(t.Context(), "object", upload, sizes), blobs.ErrSize)
		})
	}
	requireAbsent(t, s, "object")
	// A part beyond the sizes is left out.
	require.NoError(t, s.Complete(t.Context(), "object", upload, []int64{blobs.PartSize}))
	got, _ := Read(t, s, "object", 0, -1)
	require.True(t, bytes.Equal(Content(1, blobs.PartSize), got))
}

func repeats(t *testing.T, s blobs.Store) {
	upload, err := s.Begin(t.Context(), "object")
	require.NoError(t, err)
	sizes := putParts(t, s, "object", upload, []byte("content"))
	for range 3 {
		require.NoError(t, s.Complete(t.Context(), "object", upload, sizes))
	}
	require.NoError(t, s.Abort(t.Context(), "object", upload), "after completing")
	got, _ := Read(t, s, "object", 0, -1)
	require.Equal(t, "content", string(got))
	require.ErrorIs(t, s.Complete(t.Context(), "object", upload, []int64{3}), blobs.ErrNoUpload)

	upload, err = s.Begin(t.Context(), "other")
	require.NoError(t, err)
	sizes = putParts(t, s, "other", upload, []byte("content"))
	for range 3 {
		require.NoError(t, s.Abort(t.Context(), "other", upload))
	}
	require.ErrorIs(t, s.Complete(t.Context(), "other", upload, sizes), blobs.ErrNoUpload)
	require.ErrorIs(t, s.PutPart(t.Context(), "other", upload, 1, 1, strings.NewReader("x")), blobs.ErrNoUpload)
	requireAbsent(t, s, "other")
	require.Empty(t, uploads(t, s, later()))
}

func otherKey(t *testing.T, s blobs.Store) {
	upload, err := s.Begin(t.Context(), "mine")
	require.NoError(t, err)
	require.NoError(t, s.PutPart(t.Context(), "mine", upload, 1, 1, strings.NewReader("x")))
	require.ErrorIs(t, s.PutPart(t.Context(), "yours", upload, 1, 1, strings.NewReader("x")), blobs.ErrNoUpload)
	_, err = s.Parts(t.Context(), "yours", upload)
	require.ErrorIs(t, err, blobs.ErrNoUpload)
	require.ErrorIs(t, s.Complete(t.Context(), "yours", upload, []int64{1}), blobs.ErrNoUpload)
	require.NoError(t, s.Abort(t.Context(), "yours", upload))
	require.NoError(t, s.Complete(t.Context(), "mine", upload, []int64{1}))
	for _, id := range []string{"", ".", "..", "../objects", "unknown", strings.Repeat("x", 5000), "\x00", "a/b"} {
		_, err := s.Parts(t.Context(), "mine", id)
		require.ErrorIs(t, err, blobs.ErrNoUpload, "%.20q", id)
		require.NoError(t, s.Abort(t.Context(), "mine", id), "%.20q", id)
	}
}

func lastWins(t *testing.T, s blobs.Store) {
	one, err := s.Begin(t.Context(), "object")
	require.NoError(t, err)
	two, err := s.Begin(t.Context(), "object")
	require.NoError(t, err)
	require.NotEqual(t, one, two)
	oneSizes := putParts(t, s, "object", one, []byte("one"))
	twoSizes := putParts(t, s, "object", two, []byte("second"))
	require.NoError(t, s.Complete(t.Context(), "object", two, twoSizes))
	require.NoError(t, s.Complete(t.Context(), "object", one, oneSizes))
	got, _ := Read(t, s, "object", 0, -1)
	require.Equal(t, "one", string(got))
}

func absent(t *testing.T, s blobs.Store) {
	requireAbsent(t, s, "object")
	_, _, err := s.Get(t.Context(), "object", 10, 0)
	require.ErrorIs(t, err, blobs.ErrNotFound)
	require.NoError(t, s.Delete(t.Context(), "object"))
	Put(t, s, "object", []byte("content"))
	Put(t, s, "object-2", []byte("content"))
	require.NoError(t, s.Delete(t.Context(), "object"))
	requireAbsent(t, s, "object")
	require.NoError(t, s.Delete(t.Context(), "object"))
	_, err = s.Stat(t.Context(), "object-2")
	require.NoError(t, err)
}

func refused(t *testing.T, s blobs.Store) {
	upload, err := s.Begin(t.Context(), "object")
	require.NoError(t, err)
	for _, n := range []int{-1, 0, blobs.MaxParts + 1} {
		require.ErrorIs(t, s.PutPart(t.Context(), "object", upload, n, 1, strings.NewReader("x")), blobs.ErrPart)
	}
	require.ErrorIs(t, s.PutPart(t.Context(), "object", upload, 2, 0, strings.NewReader("")), blobs.ErrSize)
	for _, key := range []string{"", ".", "..", "../x", "a/b", "/a", "A", "é", "a\x00", "-a", "a b", strings.Repeat("a", blobs.MaxKey+1)} {
		_, err := s.Begin(t.Context(), key)
		require.ErrorIs(t, err, blobs.ErrKey, "%q", key)
		require.ErrorIs(t, s.PutPart(t.Context(), key, upload, 1, 1, strings.NewReader("x")), blobs.ErrKey)
		_, err = s.Parts(t.Context(), key, upload)
		require.ErrorIs(t, err, blobs.ErrKey)
		require.ErrorIs(t, s.Complete(t.Context(), key, upload, []int64{1}), blobs.ErrKey)
		require.ErrorIs(t, s.Abort(t.Context(), key, upload), blobs.ErrKey)
		_, _, err = s.Get(t.Context(), key, 0, -1)
		require.ErrorIs(t, err, blobs.ErrKey)
		_, err = s.Stat(t.Context(), key)
		require.ErrorIs(t, err, blobs.ErrKey)
		require.ErrorIs(t, s.Delete(t.Context(), key), blobs.ErrKey)
	}
	for _, key := range []string{"a", "0", "a.b-c_d", strings.Repeat("a", blobs.MaxKey)} {
		Put(t, s, key, []byte(key))
	}
}

func stale(t *testing.T, s blobs.Store) {
	require.Empty(t, uploads(t, s, later()))
	want := map[string]string{}
	for i := range 3 {
		key := fmt.Sprintf("object-%d", i)
		id, err := s.Begin(t.Context(), key)
		require.NoError(t, err)
		require.NoError(t, s.PutPart(t.Context(), key, id, 1, 1, strings.NewReader("x")))
		want[id] = key
	}
	require.Empty(t, uploads(t, s, time.Now().Add(-time.Hour)), "none is that old")
	list := uploads(t, s, later())
	require.Len(t, list, len(want))
	for _, u := range list {
		require.Equal(t, want[u.ID], u.Key)
		require.WithinDuration(t, time.Now(), u.Begun, time.Hour)
		require.NoError(t, s.Abort(t.Context(), u.Key, u.ID))
	}
	require.Empty(t, uploads(t, s, later()))
	for _, err := range s.Uploads(t.Context(), later()) { // stopping early is allowed
		require.NoError(t, err)
		break
	}
}

func constantMemory(t *testing.T, s blobs.Store) {
	const parts = 6
	upload, err := s.Begin(t.Context(), "large")
	require.NoError(t, err)
	part := Content(6, blobs.PartSize)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	sizes := make([]int64, parts)
	for i := range sizes {
		sizes[i] = blobs.PartSize
		require.NoError(t, s.PutPart(t.Context(), "large", upload, i+1, blobs.PartSize, bytes.NewReader(part)))
	}
	require.NoError(t, s.Complete(t.Context(), "large", upload, sizes))
	body, size, err := s.Get(t.Context(), "large", 0, -1)
	require.NoError(t, err)
	n, err := io.Copy(io.Discard, body)
	require.NoError(t, err)
	require.NoError(t, body.Close())
	require.Equal(t, size, n)
	runtime.ReadMemStats(&after)
	// 48 MiB went in and out: all that was ever allocated is less than half of
	// it, so nobody held a part.
	require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(parts*blobs.PartSize/2))
}
