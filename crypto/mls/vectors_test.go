package mls

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hpke"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
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
// others by the number of their suite. A file with cases of several suites must
// hold some of each of the RFC's that are implemented.
func eachCase[T any](t *testing.T, file string, suiteOf func(T) CipherSuite, test func(*testing.T, *suite, T)) {
	cases := readVectors[T](t, filepath.Join(vectorFolder(t), file))
	passed, skipped := map[CipherSuite]int{}, map[CipherSuite]int{}
	for i, c := range cases {
		id := suiteOf(c)
		s := suites[id]
		if id == anySuite {
			s = suites[X25519AES128]
		}
		if s == nil {
			skipped[id]++
			continue
		}
		if !t.Run("", func(t *testing.T) { test(t, s, c) }) {
			t.Fatalf("%s: case %d (%v) failed", file, i, s.id)
		}
		passed[id]++
	}
	require.NotEmpty(t, passed)
	t.Logf("%s: %d cases, passed: %s; skipped: %s", file, len(cases), bySuite(passed), bySuite(skipped))
	for id := range suites {
		if len(passed)+len(skipped) > 1 && id != MLKEM768X25519ChaCha {
			require.Positive(t, passed[id], "%s: no case of %v", file, id)
		}
	}
}

// bySuite writes counts as "3 of suite 1, 2 of suite 2".
func bySuite(counts map[CipherSuite]int) string {
	if n, ok := counts[anySuite]; ok {
		return fmt.Sprintf("all %d", n)
	}
	if len(counts) == 0 {
		return "none"
	}
	var parts []string
	for _, id := range slices.Sorted(maps.Keys(counts)) {
		parts = append(parts, fmt.Sprintf("%d of suite %d", counts[id], uint16(id)))
	}
	return strings.Join(parts, ", ")
}

// anySuite stands for the suite of cases that do not name one, and are read
// whichever it is.
const anySuite CipherSuite = 0

func all[T any](T) CipherSuite { return anySuite }

// nistCurves are the curves of the suites whose private keys are scalars.
var nistCurves = map[CipherSuite]elliptic.Curve{
	P256AES128: elliptic.P256(), P521AES256: elliptic.P521(), P384AES256: elliptic.P384(),
}

// signatureKey reads a private signature key as the vectors have it: an Ed25519
// seed or key, or the scalar of an ECDSA key.
func signatureKey(t require.TestingT, s *suite, b []byte) crypto.Signer {
	if curve := nistCurves[s.id]; curve != nil {
		key, err := ecdsa.ParseRawPrivateKey(curve, fullScalar(s, b))
		require.NoError(t, err)
		return key
	}
	if len(b) == ed25519.PrivateKeySize {
		return ed25519.PrivateKey(b)
	}
	require.Len(t, b, ed25519.SeedSize)
	return ed25519.NewKeyFromSeed(b)
}

// encryptionKey reads an HPKE private key as the vectors have it.
func encryptionKey(s *suite, b []byte) (hpke.PrivateKey, error) {
	return s.parsePrivateKey(fullScalar(s, b))
}

// fullScalar gives a scalar of a curve of NIST its full length: some vectors
// leave out leading zeros.
func fullScalar(s *suite, b []byte) []byte {
	curve := nistCurves[s.id]
	if curve == nil {
		return b
	}
	missing := (curve.Params().BitSize+7)/8 - len(b)
	return append(make([]byte, max(0, missing)), b...)
}
