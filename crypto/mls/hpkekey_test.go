package mls

import (
	"crypto/ecdh"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestKeysToWhichNobodyCanEncryptAreRefused(t *testing.T) {
	s := suites[X25519ChaCha]
	private, err := s.generateKeyPair()
	require.NoError(t, err)
	good := private.PublicKey().Bytes()
	require.NoError(t, s.checkHPKEKey(good))
	raw, err := private.Bytes()
	require.NoError(t, err)
	scalar, err := ecdh.X25519().NewPrivateKey(raw)
	require.NoError(t, err)
	for _, p := range lowOrderPoints {
		for _, top := range []byte{0, 0x80} {
			key := p
			key[31] |= top
			public, err := ecdh.X25519().NewPublicKey(key[:])
			require.NoError(t, err)
			_, err = scalar.ECDH(public)
			require.Error(t, err, "%x is not of low order", key)
			require.ErrorIs(t, s.checkHPKEKey(key[:]), ErrMalformed)
			_, err = s.encryptWithLabel(key[:], "x", nil, nil)
			require.Error(t, err)
		}
	}
	require.ErrorIs(t, s.checkHPKEKey(good[:31]), ErrMalformed)
	require.ErrorIs(t, s.checkHPKEKey(nil), ErrMalformed)
}
