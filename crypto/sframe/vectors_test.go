package sframe

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

type hexBytes []byte

func (h *hexBytes) UnmarshalText(text []byte) (err error) {
	*h, err = hex.DecodeString(string(text))
	return err
}

type vectors struct {
	Header []struct {
		KID     uint64   `json:"kid"`
		CTR     uint64   `json:"ctr"`
		Encoded hexBytes `json:"encoded"`
	} `json:"header"`
	AES128 []aeadVector `json:"aes_ctr_hmac"`
	AES256 []aeadVector `json:"aes_256_ctr_hmac"`
	SFrame []struct {
		CipherSuite CipherSuite `json:"cipher_suite"`
		KID         uint64      `json:"kid"`
		CTR         uint64      `json:"ctr"`
		BaseKey     hexBytes    `json:"base_key"`
		KeyLabel    hexBytes    `json:"sframe_key_label"`
		SaltLabel   hexBytes    `json:"sframe_salt_label"`
		Salt        hexBytes    `json:"sframe_salt"`
		Metadata    hexBytes    `json:"metadata"`
		Nonce       hexBytes    `json:"nonce"`
		AAD         hexBytes    `json:"aad"`
		PT          hexBytes    `json:"pt"`
		CT          hexBytes    `json:"ct"`
	} `json:"sframe"`
}

type aeadVector struct {
	CipherSuite CipherSuite `json:"cipher_suite"`
	Key         hexBytes    `json:"key"`
	Nonce       hexBytes    `json:"nonce"`
	AAD         hexBytes    `json:"aad"`
	PT          hexBytes    `json:"pt"`
	CT          hexBytes    `json:"ct"`
}

// loadVectors reads the vectors of the RFC, which are not part of the project.
func loadVectors(t *testing.T) vectors {
	folder := os.Getenv("ENSEMBLE_VECTORS")
	if folder == "" {
		folder = "../shared/vectors"
	}
	if !filepath.IsAbs(folder) {
		folder = filepath.Join(moduleRoot(t), folder)
	}
	b, err := os.ReadFile(filepath.Join(folder, "sframe", "test-vectors.json"))
	if errors.Is(err, fs.ErrNotExist) && os.Getenv("CI") == "" {
		t.Skip("the official SFrame vectors are not here: set ENSEMBLE_VECTORS")
	}
	require.NoError(t, err)
	var v vectors
	require.NoError(t, json.Unmarshal(b, &v))
	require.NotEmpty(t, v.Header)
	require.NotEmpty(t, v.AES128)
	require.NotEmpty(t, v.AES256)
	require.NotEmpty(t, v.SFrame)
	return v
}

func moduleRoot(t *testing.T) string {
	dir, err := os.Getwd()
	require.NoError(t, err)
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		require.NotEqual(t, filepath.Dir(dir), dir, "no go.mod above")
		dir = filepath.Dir(dir)
	}
}

func TestHeaderVectors(t *testing.T) {
	for _, v := range loadVectors(t).Header {
		require.Equal(t, []byte(v.Encoded), Header{v.KID, v.CTR}.append(nil))
		h, n, err := ParseHeader(append(v.Encoded, 0xff))
		require.NoError(t, err)
		require.Equal(t, len(v.Encoded), n)
		require.Equal(t, Header{v.KID, v.CTR}, h)
	}
}

func TestCompoundAEADVectors(t *testing.T) {
	v := loadVectors(t)
	for _, v := range append(v.AES128, v.AES256...) {
		t.Run(v.CipherSuite.String(), func(t *testing.T) {
			s, err := v.CipherSuite.suite()
			require.NoError(t, err)
			require.Len(t, v.Key, s.nk)
			a, err := s.newAEAD(v.Key)
			require.NoError(t, err)
			require.Equal(t, []byte(v.CT), a.Seal(nil, v.Nonce, v.PT, v.AAD))
			got, err := a.Open(nil, v.Nonce, v.CT, v.AAD)
			require.NoError(t, err)
			require.Equal(t, []byte(v.PT), got)
		})
	}
}

func TestSFrameVectors(t *testing.T) {
	for _, v := range loadVectors(t).SFrame {
		t.Run(v.CipherSuite.String(), func(t *testing.T) {
			require.Equal(t, string(v.KeyLabel), derivationLabel("SFrame 1.0 Secret key ", v.KID, v.CipherSuite))
			require.Equal(t, string(v.SaltLabel), derivationLabel("SFrame 1.0 Secret salt ", v.KID, v.CipherSuite))
			k, err := newKey(v.CipherSuite, v.KID, v.BaseKey)
			require.NoError(t, err)
			require.Equal(t, []byte(v.Salt), k.salt[:])
			require.Equal(t, []byte(v.CT), k.seal(nil, v.KID, v.CTR, v.Metadata, v.PT))
			require.Equal(t, []byte(v.Nonce), k.nonce[:])
			require.Equal(t, []byte(v.AAD), k.aad)

			h, n, err := ParseHeader(v.CT)
			require.NoError(t, err)
			require.Equal(t, Header{v.KID, v.CTR}, h)
			got, err := k.open(nil, v.CT[:n], h.CTR, v.Metadata, v.CT[n:])
			require.NoError(t, err)
			require.Equal(t, []byte(v.PT), got)
		})
	}
}

func TestWindowTakesEachCounterOnce(t *testing.T) {
	for name, tc := range map[string]struct {
		seen  []uint64
		fresh []uint64
		old   []uint64
	}{
		"nothing seen":  {nil, []uint64{0, 1, 1 << 63}, nil},
		"zero seen":     {[]uint64{0}, []uint64{1, 1024, 1 << 40}, []uint64{0}},
		"gaps":          {[]uint64{5, 3, 9}, []uint64{0, 1, 2, 4, 6, 7, 8, 10}, []uint64{3, 5, 9}},
		"window moves":  {[]uint64{0, 1, 1024}, []uint64{2, 1023, 1025}, []uint64{0, 1, 1024}},
		"window jumps":  {[]uint64{7, 10_000}, []uint64{9_999, 10_000 - 1023}, []uint64{7, 10_000, 10_000 - 1024}},
		"wraps a slot":  {[]uint64{100, 1023, 1124}, []uint64{101, 1123}, []uint64{100, 1023, 1124}},
		"end of counts": {[]uint64{1<<64 - 1}, []uint64{1<<64 - 2}, []uint64{1<<64 - 1, 0}},
	} {
		t.Run(name, func(t *testing.T) {
			var w window
			for _, c := range tc.seen {
				require.True(t, w.fresh(c))
				w.mark(c)
			}
			for _, c := range tc.fresh {
				require.True(t, w.fresh(c), c)
			}
			for _, c := range tc.old {
				require.False(t, w.fresh(c), c)
			}
		})
	}
}

func TestSpentSenderStops(t *testing.T) {
	s, err := NewSender(AES_128_GCM_SHA256_128, 0, 0, 0, make([]byte, 16))
	require.NoError(t, err)
	s.ctr = 1<<64 - 1
	frame, err := s.Encrypt(nil, nil)
	require.NoError(t, err)
	h, _, err := ParseHeader(frame)
	require.NoError(t, err)
	require.Equal(t, uint64(1<<64-1), h.CTR)
	for range 2 {
		_, err = s.Encrypt(nil, nil)
		require.ErrorIs(t, err, ErrExhausted)
	}
}
