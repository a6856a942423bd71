package mls

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hpke"
	"crypto/sha256"
	"fmt"
	"hash"

	"golang.org/x/crypto/chacha20poly1305"
)

// CipherSuite names the algorithms of a group (RFC 9420 §17.1).
type CipherSuite uint16

// The cipher suites of this package.
const (
	// X25519AES128 is MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519.
	X25519AES128 CipherSuite = 0x0001
	// X25519ChaCha is MLS_128_DHKEMX25519_CHACHA20POLY1305_SHA256_Ed25519.
	X25519ChaCha CipherSuite = 0x0003
)

// suite is a row of the table of cipher suites: everything that depends on the
// suite follows from it.
type suite struct {
	id   CipherSuite
	name string

	hash func() hash.Hash // Hash, and the hash of the MAC (HMAC)
	nh   int              // KDF.Nh, the size of secrets and hashes

	kem      uint16 // HPKE identifiers
	kdf      uint16
	aeadID   uint16
	newAEAD  func(key []byte) (cipher.AEAD, error)
	keySize  int // AEAD.Nk
	nonceLen int // AEAD.Nn

	signature signatureScheme
}

var suites = map[CipherSuite]*suite{
	X25519AES128: {
		id: X25519AES128, name: "MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519",
		hash: sha256.New, nh: 32,
		kem: kemX25519, kdf: 0x0001, aeadID: 0x0001,
		newAEAD: newGCM, keySize: 16, nonceLen: 12,
		signature: ed25519Scheme{},
	},
	X25519ChaCha: {
		id: X25519ChaCha, name: "MLS_128_DHKEMX25519_CHACHA20POLY1305_SHA256_Ed25519",
		hash: sha256.New, nh: 32,
		kem: kemX25519, kdf: 0x0001, aeadID: 0x0003,
		newAEAD: chacha20poly1305.New, keySize: 32, nonceLen: 12,
		signature: ed25519Scheme{},
	},
}

// Supported says whether this package implements the suite.
func (c CipherSuite) Supported() bool { return suites[c] != nil }

// String gives the name that the RFC gives the suite.
func (c CipherSuite) String() string {
	if s := suites[c]; s != nil {
		return s.name
	}
	return fmt.Sprintf("cipher suite 0x%04x", uint16(c))
}

func (c CipherSuite) lookup() (*suite, error) {
	if s := suites[c]; s != nil {
		return s, nil
	}
	return nil, rule(ErrUnsupported, "5.1", "%v", c)
}

func newGCM(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// hpke gives the suite's KEM, KDF and AEAD as crypto/hpke has them.
func (s *suite) hpke() (hpke.KEM, hpke.KDF, hpke.AEAD, error) {
	kem, err := hpke.NewKEM(s.kem)
	if err != nil {
		return nil, nil, nil, err
	}
	kdf, err := hpke.NewKDF(s.kdf)
	if err != nil {
		return nil, nil, nil, err
	}
	aead, err := hpke.NewAEAD(s.aeadID)
	return kem, kdf, aead, err
}
