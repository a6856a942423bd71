//go:build !js

package main

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"
)

// moduleOf returns a module of a custom section and data.
func moduleOf(segments ...segment) []byte {
	data := writeData(segments)
	b := append([]byte(magic), 0, 2, 1, 'x', dataSection)
	return append(binary.AppendUvarint(b, uint64(len(data))), data...)
}

// memoryOf lays out what a module's data says.
func memoryOf(t testing.TB, module []byte) map[uint32]byte {
	segments, err := readModule(module)
	require.NoError(t, err)
	memory := map[uint32]byte{}
	for _, s := range segments {
		for i, b := range s.data {
			if b != 0 {
				memory[s.at+uint32(i)] = b
			}
		}
	}
	return memory
}

func readModule(module []byte) ([]segment, error) {
	rest := module[len(magic):]
	for len(rest) > 0 {
		r := reader{b: rest[1:]}
		content := r.bytes(r.unsigned())
		if rest[0] == dataSection {
			return readData(content)
		}
		rest = r.b
	}
	return nil, nil
}

func TestDataIsJoinedAndMemoryStaysTheSame(t *testing.T) {
	for name, c := range map[string]struct {
		in   []segment
		want int
	}{
		"none":              {nil, 0},
		"one":               {[]segment{{4096, []byte("a")}}, 1},
		"adjacent":          {[]segment{{4096, []byte("a")}, {4097, []byte("b")}}, 1},
		"near":              {[]segment{{4096, []byte("a")}, {4105, []byte("b")}, {4114, []byte("c")}}, 1},
		"as far as allowed": {[]segment{{0, []byte("a")}, {1 + maxGap, []byte("b")}}, 1},
		"too far":           {[]segment{{0, []byte("a")}, {2 + maxGap, []byte("b")}}, 2},
		"backwards":         {[]segment{{4096, []byte("a")}, {64, []byte("b")}, {65, []byte("c")}}, 2},
		"high addresses":    {[]segment{{1<<32 - 3, []byte("ab")}, {1<<32 - 1, []byte("c")}, {1 << 31, []byte("d")}}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			in := moduleOf(c.in...)
			out, err := joinData(in)
			require.NoError(t, err)
			require.Equal(t, memoryOf(t, in), memoryOf(t, out))
			segments, err := readModule(out)
			require.NoError(t, err)
			require.Len(t, segments, c.want)
			require.True(t, bytes.HasPrefix(out, in[:12]), "other sections stay as they are")
		})
	}
}

func TestWhatIsNoModuleIsRefused(t *testing.T) {
	good := moduleOf(segment{4096, []byte("abc")})
	for n := range len(good) {
		if n == len(magic) || n == len(magic)+4 {
			continue // sections are whole
		}
		_, err := joinData(good[:n])
		require.ErrorIs(t, err, errModule, "%d bytes", n)
	}
	_, err := joinData(moduleOf(segment{4096, []byte("ab")}, segment{4097, []byte("c")}))
	require.ErrorIs(t, err, errModule, "segments that overlap")
	for name, data := range map[string][]byte{
		"passive segment":  {1, 1, 1, 'a'},
		"other expression": {1, 0, 0x23, 0, opEnd, 1, 'a'},
		"more than it has": {1, 0, opI32Const, 0, opEnd, 2, 'a'},
		"more segments":    {2, 0, opI32Const, 0, opEnd, 1, 'a'},
		"bytes after":      {1, 0, opI32Const, 0, opEnd, 1, 'a', 'b'},
		"endless number":   {1, 0, opI32Const, 0x80, 0x80, 0x80, 0x80, 0x80, 0, opEnd, 1, 'a'},
	} {
		module := append([]byte(magic), dataSection, byte(len(data)))
		_, err := joinData(append(module, data...))
		require.ErrorIs(t, err, errModule, name)
	}
}

func FuzzJoinData(f *testing.F) {
	f.Add(moduleOf(segment{4096, []byte("a")}, segment{4100, []byte("b")}, segment{9000, []byte("c")}))
	f.Add(moduleOf())
	f.Fuzz(func(t *testing.T, module []byte) {
		out, err := joinData(module)
		if err != nil {
			require.ErrorIs(t, err, errModule)
			return
		}
		again, err := joinData(out)
		require.NoError(t, err)
		require.Equal(t, out, again, "what is joined stays so")
	})
}
