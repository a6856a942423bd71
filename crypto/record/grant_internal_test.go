package record

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ensemble-sante/ensemble/crypto/strictcbor"
)

func packRuns(t testing.TB, runs ...grantRun) []byte {
	b, err := strictcbor.Marshal(runs)
	require.NoError(t, err)
	return b
}

func TestGrantedKeysHaveOneSpelling(t *testing.T) {
	key := make([]byte, KeySize)
	two := make([]byte, 2*KeySize)
	g := []byte("g")
	got, err := unpackKeys(packRuns(t, grantRun{g, 0, two}, grantRun{g, 3, key}))
	require.NoError(t, err)
	require.Len(t, got, 3)
	for name, runs := range map[string][]grantRun{
		"empty":        nil,
		"no keys":      {{g, 0, nil}},
		"half a key":   {{g, 0, key[:16]}},
		"no group":     {{nil, 0, key}},
		"long group":   {{make([]byte, MaxGroup+1), 0, key}},
		"unordered":    {{g, 3, key}, {g, 0, key}},
		"adjacent":     {{g, 0, key}, {g, 1, key}},
		"overlapping":  {{g, 0, two}, {g, 1, key}},
		"twice":        {{g, 0, key}, {g, 0, key}},
		"beyond 2^64":  {{g, 1<<64 - 1, two}},
		"other groups": {{[]byte("h"), 0, key}, {g, 0, key}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := unpackKeys(packRuns(t, runs...))
			require.ErrorIs(t, err, ErrMalformed)
		})
	}
	_, err = unpackKeys(packRuns(t, grantRun{g, 0, make([]byte, (MaxGrantKeys+1)*KeySize)}))
	require.ErrorIs(t, err, ErrTooLarge)
}

func FuzzUnpackKeys(f *testing.F) {
	f.Add(packRuns(f, grantRun{[]byte("g"), 0, make([]byte, 64)}, grantRun{[]byte("g"), 3, make([]byte, 32)}))
	f.Fuzz(func(t *testing.T, b []byte) {
		keys, err := unpackKeys(b)
		if err != nil {
			return
		}
		again, err := packKeys(keys)
		require.NoError(t, err)
		require.Equal(t, b, again)
	})
}
