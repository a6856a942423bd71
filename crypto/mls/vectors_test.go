package mls

import (
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// The official test vectors, whose format is described in test-vectors.md of
// mlswg/mls-implementations, are found through ENSEMBLE_VECTORS.

// hexBytes is binary data as the vectors write it; null is nil.
type hexBytes []byte

func (h *hexBytes) UnmarshalJSON(b []byte) error {
	var s *string
	if err := json.Unmarshal(b, &s); err != nil || s == nil {
		return err
	}
	v, err := hex.DecodeString(*s)
	*h = v
	return err
}

// moduleRoot is the folder that holds go.mod.
func moduleRoot(t testing.TB) string {
	dir, err := os.Getwd()
	require.NoError(t, err)
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		up := filepath.Dir(dir)
		require.NotEqual(t, dir, up, "no go.mod above the package")
		dir = up
	}
}

// vectorFolder gives the folder of the MLS vectors. Where they are missing the
// test fails in CI, and is skipped elsewhere.
func vectorFolder(t testing.TB) string {
	dir := os.Getenv("ENSEMBLE_VECTORS")
	if dir == "" {
		dir = "../shared/vectors"
	}
	if !filepath.IsAbs(dir) {
		dir = filepath.Join(moduleRoot(t), dir)
	}
	dir = filepath.Join(dir, "mls")
	if _, err := os.Stat(dir); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("the MLS test vectors are missing: %v", err)
		}
		t.Skipf("the MLS test vectors are missing (set ENSEMBLE_VECTORS): %v", err)
	}
	return dir
}

func readVectors[T any](t testing.TB, file string) []T {
	b, err := os.ReadFile(file)
	require.NoError(t, err)
	var cases []T
	require.NoError(t, json.Unmarshal(b, &cases))
	require.NotEmpty(t, cases)
	return cases
}

// eachCase runs test for every case of an implemented suite, and counts the
// others.
func eachCase[T any](t *testing.T, file string, suiteOf func(T) CipherSuite, test func(*testing.T, *suite, T)) {
	cases := readVectors[T](t, filepath.Join(vectorFolder(t), file))
	passed, skipped := 0, 0
	for i, c := range cases {
		s := suites[suiteOf(c)]
		if s == nil {
			skipped++
			continue
		}
		if !t.Run("", func(t *testing.T) { test(t, s, c) }) {
			t.Fatalf("%s: case %d (%v) failed", file, i, s.id)
		}
		passed++
	}
	t.Logf("%s: %d cases, %d passed, %d skipped (suite not implemented)", file, len(cases), passed, skipped)
	require.Positive(t, passed)
}

// all is for files whose cases do not name a suite.
func all[T any](T) CipherSuite { return X25519AES128 }
