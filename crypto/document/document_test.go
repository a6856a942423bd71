package document_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"filippo.io/age"
	"github.com/stretchr/testify/require"

	"github.com/ensemble-sante/ensemble/crypto/document"
)

func encrypt(t testing.TB, key document.Key, plaintext []byte) ([]byte, document.Digest) {
	var b bytes.Buffer
	w, err := document.Encrypt(&b, key)
	require.NoError(t, err)
	_, err = w.Write(plaintext)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return b.Bytes(), w.Digest()
}

func open(b []byte, key document.Key, d document.Digest) ([]byte, error) {
	r, err := document.DecryptVerified(bytes.NewReader(b), key, d)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
}

const chunk = 64 << 10

func TestDocumentOfAnySizeComesBack(t *testing.T) {
	key := document.NewKey()
	require.True(t, strings.HasPrefix(key, "AGE-SECRET-KEY-PQ-1"))
	require.NotEqual(t, key, document.NewKey())
	for _, n := range []int{0, 1, 1000, chunk - 1, chunk, chunk + 1, 3 * chunk, 3*chunk + 17} {
		plaintext := bytes.Repeat([]byte{'p'}, n)
		b, d := encrypt(t, key, plaintext)
		require.Equal(t, document.Digest{SHA256: sha256.Sum256(b), Size: int64(len(b))}, d)
		require.True(t, strings.HasPrefix(string(b), "age-encryption.org/v1\n-> mlkem768x25519 "))
		for name, src := range map[string]io.Reader{
			"at once": bytes.NewReader(b), "in halves": iotest.HalfReader(bytes.NewReader(b)),
			"bytes": iotest.OneByteReader(bytes.NewReader(b)), "with EOF": iotest.DataErrReader(bytes.NewReader(b)),
		} {
			r, err := document.DecryptVerified(src, key, d)
			require.NoError(t, err, name)
			got, err := io.ReadAll(r)
			require.NoError(t, err, name)
			require.Equal(t, plaintext, got, name)
		}
		r, err := document.Decrypt(bytes.NewReader(b), key)
		require.NoError(t, err)
		got, err := io.ReadAll(r)
		require.NoError(t, err)
		require.Equal(t, plaintext, got)
	}
}

func TestAlteredDocumentIsRefused(t *testing.T) {
	key := document.NewKey()
	plaintext := bytes.Repeat([]byte{'p'}, 2*chunk)
	b, d := encrypt(t, key, plaintext)
	for _, i := range []int{0, 25, 100, 1500, 1700, 1800, 2000, chunk, len(b) - 1} {
		bad := bytes.Clone(b)
		bad[i] ^= 1
		_, err := open(bad, key, d)
		require.Error(t, err, i)
		r, err := document.Decrypt(bytes.NewReader(bad), key)
		if err == nil {
			_, err = io.ReadAll(r)
		}
		require.Error(t, err, i)
		require.True(t, errors.Is(err, document.ErrAltered) || errors.Is(err, document.ErrWrongKey), "%d: %v", i, err)
	}
	for _, n := range []int{0, 10, 1000, chunk, len(b) - chunk, len(b) - 17, len(b) - 1} {
		_, err := open(b[:n], key, d)
		require.ErrorIs(t, err, document.ErrDigest, n)
		r, err := document.Decrypt(bytes.NewReader(b[:n]), key)
		if err == nil {
			_, err = io.ReadAll(r)
		}
		require.ErrorIs(t, err, document.ErrAltered, n)
	}
	_, err := open(append(bytes.Clone(b), 0), key, d)
	require.ErrorIs(t, err, document.ErrDigest)
}

// Whoever has the key, a member of the room, can make another file that decrypts.
func TestAnotherDocumentUnderTheSameKeyIsRefused(t *testing.T) {
	key := document.NewKey()
	for _, n := range []int{0, 10, chunk, 2 * chunk} {
		_, announced := encrypt(t, key, bytes.Repeat([]byte{'p'}, n))
		for _, m := range []int{n, n + 1, n + chunk} {
			other, _ := encrypt(t, key, bytes.Repeat([]byte{'q'}, m))
			_, err := open(other, key, announced)
			require.ErrorIs(t, err, document.ErrDigest, "%d for %d", m, n)
		}
	}
	_, err := document.DecryptVerified(strings.NewReader(""), key, document.Digest{Size: -1})
	require.ErrorIs(t, err, document.ErrDigest)
}

func TestWrongKeysAreToldApart(t *testing.T) {
	key := document.NewKey()
	b, d := encrypt(t, key, []byte("p"))
	_, err := open(b, document.NewKey(), d)
	require.ErrorIs(t, err, document.ErrWrongKey)
	classic, err := age.GenerateX25519Identity()
	require.NoError(t, err)
	for _, bad := range []string{"", "AGE-SECRET-KEY-PQ-1", key[:len(key)-1], classic.String(), key + "\n"} {
		_, err := open(b, bad, d)
		require.ErrorIs(t, err, document.ErrKey)
		_, err = document.Encrypt(io.Discard, bad)
		require.ErrorIs(t, err, document.ErrKey)
		require.NotContains(t, err.Error(), "AGE")
	}
}

func TestErrorsOfTheSourceAndDestinationPass(t *testing.T) {
	key := document.NewKey()
	b, d := encrypt(t, key, make([]byte, 2*chunk))
	broken := errors.New("network")
	for _, n := range []int{10, 3000, chunk} {
		r, err := document.DecryptVerified(io.MultiReader(bytes.NewReader(b[:n]), iotest.ErrReader(broken)), key, d)
		if err == nil {
			_, err = io.ReadAll(r)
		}
		require.ErrorIs(t, err, broken)
		require.NotErrorIs(t, err, document.ErrAltered)
	}
	_, err := document.Encrypt(failing{broken}, key)
	require.ErrorIs(t, err, broken)
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

// zeros yields size zero bytes, and now and then looks at the heap.
type zeros struct {
	left  int64
	reads int
	peak  uint64
}

func (z *zeros) Read(p []byte) (int, error) {
	if z.left == 0 {
		return 0, io.EOF
	}
	if z.reads++; z.reads%100 == 0 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		z.peak = max(z.peak, m.HeapAlloc)
	}
	n := int(min(z.left, int64(len(p))))
	clear(p[:n])
	z.left -= int64(n)
	return n, nil
}

func TestMemoryDoesNotGrowWithTheDocument(t *testing.T) {
	key := document.NewKey()
	peak := func(size int64) uint64 {
		src := &zeros{left: size}
		pipe, out := io.Pipe()
		failed := make(chan error, 1)
		go func() {
			w, err := document.Encrypt(out, key)
			if err == nil {
				_, err = io.Copy(w, src)
			}
			if err == nil {
				err = w.Close()
			}
			out.CloseWithError(err)
			failed <- err
		}()
		r, err := document.Decrypt(pipe, key)
		require.NoError(t, err)
		n, err := io.Copy(io.Discard, r)
		require.NoError(t, err)
		require.Equal(t, size, n)
		require.NoError(t, <-failed)
		return src.peak
	}
	small := peak(8 << 20)
	require.Less(t, peak(64<<20), small+2<<20)
}

func TestTheAgeLibraryOpensTheFile(t *testing.T) {
	key := document.NewKey()
	b, _ := encrypt(t, key, []byte("compte-rendu"))
	identities, err := age.ParseIdentities(strings.NewReader("# key of one document\n" + key + "\n"))
	require.NoError(t, err)
	r, err := age.Decrypt(bytes.NewReader(b), identities...)
	require.NoError(t, err)
	got, err := io.ReadAll(r)
	require.NoError(t, err)
	require.Equal(t, "compte-rendu", string(got))
}

func TestTheAgeToolOpensTheFile(t *testing.T) {
	tool, err := exec.LookPath("age")
	if err != nil {
		t.Skip("no age tool on this machine")
	}
	key := document.NewKey()
	b, _ := encrypt(t, key, []byte("compte-rendu"))
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "key.txt"), []byte(key), 0o600))
	cmd := exec.Command(tool, "--decrypt", "--identity", filepath.Join(dir, "key.txt"))
	cmd.Stdin = bytes.NewReader(b)
	out, err := cmd.Output()
	require.NoError(t, err)
	require.Equal(t, "compte-rendu", string(out))
}

func FuzzDecrypt(f *testing.F) {
	key := document.NewKey()
	b, d := encrypt(f, key, []byte("p"))
	f.Add(b)
	f.Add(b[:1700])
	f.Add([]byte("age-encryption.org/v1\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if got, err := open(b, key, d); err == nil {
			require.Equal(t, "p", string(got))
			require.Equal(t, d.SHA256, sha256.Sum256(b))
		}
		if r, err := document.Decrypt(bytes.NewReader(b), key); err == nil {
			_, _ = io.Copy(io.Discard, r)
		}
	})
}

func BenchmarkEncryptAndDecrypt(b *testing.B) {
	key := document.NewKey()
	for _, n := range []int{100 << 10, 10 << 20} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			plaintext := make([]byte, n)
			b.SetBytes(int64(n))
			b.ReportAllocs()
			for b.Loop() {
				ciphertext, d := encrypt(b, key, plaintext)
				r, err := document.DecryptVerified(bytes.NewReader(ciphertext), key, d)
				require.NoError(b, err)
				_, err = io.Copy(io.Discard, r)
				require.NoError(b, err)
			}
		})
	}
}
