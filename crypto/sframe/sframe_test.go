package sframe_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ensemble-sante/ensemble/crypto/sframe"
)

const gcm = sframe.AES_128_GCM_SHA256_128

var (
	baseKey  = bytes.Repeat([]byte{1}, 16)
	metadata = []byte("camera")
)

func newSender(t testing.TB, epoch uint64, leaf uint32, context uint64) *sframe.Sender {
	s, err := sframe.NewSender(gcm, epoch, leaf, context, baseKey)
	require.NoError(t, err)
	return s
}

func newReceiver(t testing.TB, epoch uint64, leaves ...uint32) *sframe.Receiver {
	r, err := sframe.NewReceiver(gcm)
	require.NoError(t, err)
	require.NoError(t, r.SetEpoch(epoch, baseKey, leaves))
	return r
}

func encrypt(t testing.TB, s *sframe.Sender, plaintext string) []byte {
	frame, err := s.Encrypt(metadata, []byte(plaintext))
	require.NoError(t, err)
	return frame
}

func TestFramesPassInEverySuite(t *testing.T) {
	for c := sframe.AES_128_CTR_HMAC_SHA256_80; c <= sframe.AES_256_CTR_HMAC_SHA512_32; c++ {
		t.Run(c.String(), func(t *testing.T) {
			key := bytes.Repeat([]byte{3}, c.BaseKeySize())
			s, err := sframe.NewSender(c, 1, 2, 3, key)
			require.NoError(t, err)
			r, err := sframe.NewReceiver(c)
			require.NoError(t, err)
			require.NoError(t, r.SetEpoch(1, key, []uint32{2}))
			for _, n := range []int{0, 1, 15, 16, 17, 5000} {
				plaintext := bytes.Repeat([]byte{7}, n)
				frame, err := s.Encrypt(metadata, plaintext)
				require.NoError(t, err)
				for i := range min(len(frame), 100) {
					bad := bytes.Clone(frame)
					bad[i] ^= 1
					_, err := r.Decrypt(metadata, bad)
					require.Error(t, err)
				}
				_, err = r.Decrypt([]byte("screen"), frame)
				require.ErrorIs(t, err, sframe.ErrNotAuthentic)
				_, err = r.Decrypt(metadata, frame[:len(frame)-1])
				require.Error(t, err)
				got, err := r.Decrypt(metadata, frame)
				require.NoError(t, err, "refusing altered frames does not spend the counter")
				require.Equal(t, plaintext, got)
			}
		})
	}
	_, err := sframe.NewReceiver(9)
	require.ErrorIs(t, err, sframe.ErrSuite)
	_, err = sframe.NewSender(gcm, 0, 0, 0, make([]byte, 32))
	require.ErrorIs(t, err, sframe.ErrSuite)
	_, err = sframe.NewSender(0, 0, 0, 0, nil)
	require.ErrorIs(t, err, sframe.ErrSuite)
}

func TestKIDHoldsContextLeafAndEpoch(t *testing.T) {
	kid, err := sframe.KID(0x1234, 0xabcd, 0x0123456789)
	require.NoError(t, err)
	require.Equal(t, uint64(0x0123456789abcd34), kid)
	epoch, leaf, context := sframe.ParseKID(kid)
	require.Equal(t, uint8(0x34), epoch)
	require.Equal(t, uint32(0xabcd), leaf)
	require.Equal(t, uint64(0x0123456789), context)
	_, err = sframe.KID(0, 1<<16, 0)
	require.ErrorIs(t, err, sframe.ErrMalformed)
	_, err = sframe.KID(0, 0, 1<<40)
	require.ErrorIs(t, err, sframe.ErrMalformed)
}

func TestTheFrameTellsItsSource(t *testing.T) {
	s := newSender(t, 300, 5, 77)
	r := newReceiver(t, 300, 4, 5)
	encrypt(t, s, "first, lost")
	got, from, err := r.AppendDecrypt([]byte("kept "), metadata, encrypt(t, s, "second"))
	require.NoError(t, err)
	require.Equal(t, "kept second", string(got))
	require.Equal(t, sframe.Source{Epoch: 300, Leaf: 5, Context: 77, CTR: 1}, from)
}

func TestReplayedFramesAreDropped(t *testing.T) {
	s, r := newSender(t, 1, 0, 0), newReceiver(t, 1, 0)
	frames := make([][]byte, 50)
	for i := range frames {
		frames[i] = encrypt(t, s, fmt.Sprint(i))
	}
	for _, i := range rand.Perm(len(frames)) {
		_, err := r.Decrypt(metadata, frames[i])
		require.NoError(t, err)
		dst, _, err := r.AppendDecrypt([]byte("x"), metadata, frames[i])
		require.ErrorIs(t, err, sframe.ErrReplayed)
		require.Equal(t, "x", string(dst))
	}
}

func TestNonceIsNeverUsedTwice(t *testing.T) {
	seen := map[sframe.Header]bool{}
	check := func(frame []byte) {
		h, _, err := sframe.ParseHeader(frame)
		require.NoError(t, err)
		require.False(t, seen[h])
		seen[h] = true
	}
	var mu sync.Mutex
	s := newSender(t, 1, 9, 0)
	var wg sync.WaitGroup
	for range 4 { // simulcast layers of one track
		wg.Go(func() {
			for range 100 {
				frame, err := s.Encrypt(nil, []byte("x"))
				mu.Lock()
				require.NoError(t, err)
				check(frame)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	check(encrypt(t, newSender(t, 1, 9, 1), "a reload within the epoch has another context"))
	require.NoError(t, s.SetEpoch(2, 9, baseKey))
	frame := encrypt(t, s, "a new epoch")
	check(frame)
	h, _, err := sframe.ParseHeader(frame)
	require.NoError(t, err)
	require.Equal(t, uint64(400), h.CTR, "the counter goes on")
	require.NoError(t, s.SetEpoch(257, 9, baseKey))
	require.NoError(t, s.SetEpoch(258, 9, baseKey))
	check(encrypt(t, s, "the same low bits, and were it the same key"))
	require.ErrorIs(t, s.SetEpoch(258, 9, baseKey), sframe.ErrStaleEpoch)
	require.ErrorIs(t, s.SetEpoch(259, 1<<16, baseKey), sframe.ErrMalformed)
	require.ErrorIs(t, s.SetEpoch(259, 9, baseKey[1:]), sframe.ErrSuite)
	kid, err := sframe.KID(258, 9, 0)
	require.NoError(t, err)
	require.Equal(t, kid, s.KID())
}

func TestOnlyCurrentAndPreviousEpochAreTaken(t *testing.T) {
	key := func(n byte) []byte { return bytes.Repeat([]byte{n}, 16) }
	frame := func(epoch uint64) []byte {
		s, err := sframe.NewSender(gcm, epoch, 3, epoch, key(byte(epoch)))
		require.NoError(t, err)
		return encrypt(t, s, "x")
	}
	r, err := sframe.NewReceiver(gcm)
	require.NoError(t, err)
	_, err = r.Decrypt(metadata, frame(1))
	require.ErrorIs(t, err, sframe.ErrUnknownKey)
	for n := uint64(1); n <= 3; n++ {
		require.NoError(t, r.SetEpoch(n, key(byte(n)), []uint32{3}))
	}
	require.ErrorIs(t, r.SetEpoch(3, key(3), nil), sframe.ErrStaleEpoch)
	require.ErrorIs(t, r.SetEpoch(4, nil, nil), sframe.ErrSuite)
	for epoch, want := range map[uint64]error{1: sframe.ErrUnknownKey, 2: nil, 3: nil, 4: sframe.ErrUnknownKey} {
		_, err := r.Decrypt(metadata, frame(epoch))
		require.ErrorIs(t, err, want, epoch)
	}
	r.DropPrevious()
	_, err = r.Decrypt(metadata, frame(2))
	require.ErrorIs(t, err, sframe.ErrUnknownKey)
	_, err = r.Decrypt(metadata, frame(3))
	require.ErrorIs(t, err, sframe.ErrReplayed, "the same context and counter")

	// Epochs with the same low bits: the old one goes at once.
	require.NoError(t, r.SetEpoch(3+256, key(9), []uint32{3}))
	_, err = r.Decrypt(metadata, frame(3))
	require.ErrorIs(t, err, sframe.ErrNotAuthentic)
}

func TestLeavesOutsideTheRosterAreUnknown(t *testing.T) {
	r := newReceiver(t, 1, 2)
	_, err := r.Decrypt(metadata, encrypt(t, newSender(t, 1, 3, 0), "x"))
	require.ErrorIs(t, err, sframe.ErrUnknownKey)
	require.NoError(t, r.SetEpoch(2, baseKey, nil))
	_, err = r.Decrypt(metadata, encrypt(t, newSender(t, 2, 2, 0), "x"))
	require.ErrorIs(t, err, sframe.ErrUnknownKey)
}

func TestOneLeafCannotFillTheKeyRing(t *testing.T) {
	r := newReceiver(t, 1, 2, 3)
	for context := range uint64(64) {
		_, err := r.Decrypt(metadata, encrypt(t, newSender(t, 1, 2, context), "x"))
		require.NoError(t, err)
	}
	_, err := r.Decrypt(metadata, encrypt(t, newSender(t, 1, 2, 64), "x"))
	require.ErrorIs(t, err, sframe.ErrUnknownKey)
	_, err = r.Decrypt(metadata, encrypt(t, newSender(t, 1, 3, 64), "x"))
	require.NoError(t, err)
}

func TestMalformedHeadersAreRefused(t *testing.T) {
	for name, frame := range map[string][]byte{
		"empty":             nil,
		"KID cut short":     {0x90, 1},
		"CTR cut short":     {0x0f, 1, 2, 3},
		"KID not shortest":  {0x80, 7},
		"KID leading zero":  {0x90, 0, 9},
		"CTR not shortest":  {0x08, 0},
		"CTR leading zeros": {0x0a, 0, 1, 1},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := sframe.ParseHeader(frame)
			require.ErrorIs(t, err, sframe.ErrMalformed)
			_, err = newReceiver(t, 1, 0).Decrypt(nil, frame)
			require.ErrorIs(t, err, sframe.ErrMalformed)
		})
	}
	_, err := newReceiver(t, 0, 0).Decrypt(nil, []byte{0x01, 2, 3})
	require.ErrorIs(t, err, sframe.ErrMalformed, "shorter than a tag")
}

func TestHotPathDoesNotAllocate(t *testing.T) {
	s, r := newSender(t, 1, 0, 123456), newReceiver(t, 1, 0)
	plaintext := make([]byte, 1200)
	frame, out := make([]byte, 0, 2000), make([]byte, 0, 2000)
	step := func() {
		f, err := s.AppendEncrypt(frame, metadata, plaintext)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := r.AppendDecrypt(out, metadata, f); err != nil {
			t.Fatal(err)
		}
	}
	step()
	require.Zero(t, testing.AllocsPerRun(100, step))
}

func FuzzParseHeader(f *testing.F) {
	f.Add([]byte{0x99, 1, 0x23, 0x45, 0x67})
	f.Add([]byte{0xff, 1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8})
	f.Add([]byte{0x17})
	f.Fuzz(func(t *testing.T, b []byte) {
		_, n, err := sframe.ParseHeader(b)
		if err != nil {
			return
		}
		require.LessOrEqual(t, n, min(len(b), sframe.MaxHeader))
		require.Positive(t, n)
	})
}

func FuzzDecrypt(f *testing.F) {
	s := newSender(f, 1, 0, 0)
	valid := encrypt(f, s, "x")
	f.Add(valid, metadata)
	f.Add([]byte{0x90, 1}, []byte{})
	f.Fuzz(func(t *testing.T, frame, metadata []byte) {
		if _, err := newReceiver(t, 1, 0).Decrypt(metadata, frame); err == nil {
			require.Equal(t, valid, frame)
		}
	})
}

func BenchmarkEncryptDecrypt(b *testing.B) {
	for _, c := range []sframe.CipherSuite{gcm, sframe.AES_128_CTR_HMAC_SHA256_80} {
		for _, n := range []int{120, 1200, 20_000} {
			b.Run(fmt.Sprintf("%s/%d", c, n), func(b *testing.B) {
				key := make([]byte, c.BaseKeySize())
				s, err := sframe.NewSender(c, 1, 0, 0, key)
				require.NoError(b, err)
				r, err := sframe.NewReceiver(c)
				require.NoError(b, err)
				require.NoError(b, r.SetEpoch(1, key, []uint32{0}))
				plaintext := make([]byte, n)
				frame, out := make([]byte, 0, n+64), make([]byte, 0, n+64)
				b.SetBytes(int64(n))
				b.ReportAllocs()
				for b.Loop() {
					f, err := s.AppendEncrypt(frame, metadata, plaintext)
					if err != nil {
						b.Fatal(err)
					}
					if _, _, err := r.AppendDecrypt(out, metadata, f); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
