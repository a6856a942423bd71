package mls

import (
	"crypto/sha512"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/chacha20poly1305"
)

// hybrid is the private suite that groups are to move to. It stands in the table
// here to show that a row is all that a suite needs, with sizes other than those
// of the others: most tests run with it too.
const hybrid CipherSuite = 0xf0a3

func init() {
	suites[hybrid] = &suite{
		id: hybrid, name: "MLKEM768X25519_CHACHA20POLY1305_SHA384_Ed25519",
		hash: sha512.New384, nh: 48,
		kem: kemMLKEM768X25519, kdf: 0x0002, aeadID: 0x0003,
		newAEAD: chacha20poly1305.New, keySize: 32, nonceLen: 12,
		signature: ed25519Scheme{},
	}
}

func TestSuitesAreNamed(t *testing.T) {
	require.Equal(t, "MLS_128_DHKEMX25519_CHACHA20POLY1305_SHA256_Ed25519", X25519ChaCha.String())
	require.True(t, X25519AES128.Supported())
	require.False(t, CipherSuite(2).Supported())
	require.Equal(t, "cipher suite 0x0002", CipherSuite(2).String())
	_, err := CipherSuite(2).lookup()
	require.ErrorIs(t, err, ErrUnsupported)
}
