package mls

import (
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/hpke"
	"crypto/sha256"
	"crypto/sha512"
	"fmt"
	"hash"
	"slices"

	"golang.org/x/crypto/chacha20poly1305"
)

// CipherSuite names the algorithms of a group (RFC 9420 §17.1).
type CipherSuite uint16

// The cipher suites of this package.
const (
	// X25519AES128 is MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519.
	X25519AES128 CipherSuite = 0x0001
	// P256AES128 is MLS_128_DHKEMP256_AES128GCM_SHA256_P256.
	P256AES128 CipherSuite = 0x0002
	// X25519ChaCha is MLS_128_DHKEMX25519_CHACHA20POLY1305_SHA256_Ed25519.
	X25519ChaCha CipherSuite = 0x0003
	// P521AES256 is MLS_256_DHKEMP521_AES256GCM_SHA512_P521.
	P521AES256 CipherSuite = 0x0005
	// P384AES256 is MLS_256_DHKEMP384_AES256GCM_SHA384_P384.
	P384AES256 CipherSuite = 0x0007

	// MLKEM768X25519ChaCha keeps what it carries secret from an adversary who
	// has a quantum computer one day: its KEM is the hybrid of ML-KEM-768 and
	// X25519 (HPKE 0x647a), beside ChaCha20-Poly1305, SHA-384 and Ed25519. Its
	// signatures are not post-quantum: nobody can forge the past.
	//
	// The number is of the private range (§17.1), and stays this suite's for
	// ever: the IETF's draft of post-quantum suites joins this KEM to AES-GCM
	// only, which in WebAssembly is neither fast nor of constant time. Groups
	// move to an assigned number by ReInit, should there be one.
	MLKEM768X25519ChaCha CipherSuite = 0xf0a3
)

// suite is a row of the table of cipher suites: everything that depends on the
// suite follows from it.
type suite struct {
	id   CipherSuite
	name string

	hash func() hash.Hash // Hash, and the hash of the MAC (HMAC)
	nh   int              // KDF.Nh, the size of secrets and hashes

	kem      hpke.KEM
	kdf      hpke.KDF
	aead     hpke.AEAD
	newAEAD  func(key []byte) (cipher.AEAD, error) // the same as aead
	keySize  int                                   // AEAD.Nk
	nonceLen int                                   // AEAD.Nn

	signature signatureScheme
}

// suites is the table. Where a platform leaves suites out, nistSuites is empty.
var suites = tableOf(slices.Concat([]*suite{
	{
		id: X25519AES128, name: "MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519",
		hash: sha256.New, nh: 32,
		kem: hpke.DHKEM(ecdh.X25519()), kdf: hpke.HKDFSHA256(), aead: hpke.AES128GCM(),
		newAEAD: newGCM, keySize: 16, nonceLen: 12,
		signature: ed25519Scheme{},
	},
	{
		id: X25519ChaCha, name: "MLS_128_DHKEMX25519_CHACHA20POLY1305_SHA256_Ed25519",
		hash: sha256.New, nh: 32,
		kem: hpke.DHKEM(ecdh.X25519()), kdf: hpke.HKDFSHA256(), aead: hpke.ChaCha20Poly1305(),
		newAEAD: chacha20poly1305.New, keySize: 32, nonceLen: 12,
		signature: ed25519Scheme{},
	},
	{
		id: MLKEM768X25519ChaCha, name: "MLS_128_MLKEM768X25519_CHACHA20POLY1305_SHA384_Ed25519",
		hash: sha512.New384, nh: 48,
		kem: hpke.MLKEM768X25519(), kdf: hpke.HKDFSHA384(), aead: hpke.ChaCha20Poly1305(),
		newAEAD: chacha20poly1305.New, keySize: 32, nonceLen: 12,
		signature: ed25519Scheme{},
	},
}, nistSuites()))

func tableOf(rows []*suite) map[CipherSuite]*suite {
	table := make(map[CipherSuite]*suite, len(rows))
	for _, s := range rows {
		table[s.id] = s
	}
	return table
}

// CipherSuites lists the suites that this package implements on this platform,
// in the order of their numbers.
func CipherSuites() []CipherSuite {
	list := make([]CipherSuite, 0, len(suites))
	for id := range suites {
		list = append(list, id)
	}
	slices.Sort(list)
	return list
}

// Supported says whether this package implements the suite on this platform.
func (c CipherSuite) Supported() bool { return suites[c] != nil }

// String gives the name that the RFC gives the suite.
func (c CipherSuite) String() string {
	if s := suites[c]; s != nil {
		return s.name
	}
	return fmt.Sprintf("cipher suite 0x%04x", uint16(c))
}

// GenerateSignatureKey makes a private key for [Client.SignatureKey]: an
// ed25519.PrivateKey or an *ecdsa.PrivateKey, as the suite asks. Groups of one
// suite, and of others with the same signature algorithm, may share the key.
func (c CipherSuite) GenerateSignatureKey() (crypto.Signer, error) {
	s, err := c.lookup()
	if err != nil {
		return nil, err
	}
	return s.signature.generate()
}

// SignaturePublicKey gives the public half of a signature key as leaf nodes and
// external senders show it (§5.1.1). A key that does not fit the suite is
// ErrKey.
func (c CipherSuite) SignaturePublicKey(key crypto.Signer) ([]byte, error) {
	s, err := c.lookup()
	if err != nil {
		return nil, err
	}
	public, err := s.signature.public(key)
	return slices.Clone(public), err
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
