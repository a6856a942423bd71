// Package sframe encrypts media frames end to end: SFrame, RFC 9605. It is what
// native clients, bots and tests use; browsers do the same with WebCrypto.
//
// # Keys
//
// The base key of an epoch is MLS-Exporter("SFrame 1.0 Base Key", "", Nk) of the
// call's MLS group. A frame names its key by a KID (RFC 9605, section 5.2) of 40
// bits of context, 16 bits of leaf index and 8 bits of epoch. The context is a
// number that the core allocates durably before use, another one for every
// [Sender] that there ever is: a key and a counter never meet twice.
//
// A [Sender] numbers its frames by one counter that never goes back, also when the
// epoch changes; simulcast layers of a track share a Sender. A [Receiver] takes
// frames of the current epoch, and of the one before until it is told to forget
// it, from the leaves of the roster, each counter once.
//
// # Metadata
//
// What is authenticated besides the frame (the bytes left clear, the kind of
// medium) is handed in as metadata, the same on both sides.
//
// Any member can forge another member's media (RFC 9605, section 6.1): keys are
// shared by the whole group. A frame that does not decrypt is never rendered.
//
// The package does no I/O, reads no clock, starts no goroutine. Senders and
// Receivers may be used by several goroutines.
package sframe

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
)

var (
	// ErrMalformed reports a frame whose header is not well formed, or numbers
	// that no KID can hold.
	ErrMalformed = errors.New("malformed frame")

	// ErrSuite reports a cipher suite that is not of the table, or a base key of
	// the wrong length.
	ErrSuite = errors.New("unknown cipher suite or wrong key length")

	// ErrUnknownKey reports a frame under a KID that the receiver has no key for:
	// another epoch, a leaf that is not in the roster.
	ErrUnknownKey = errors.New("no key for this frame")

	// ErrNotAuthentic reports a frame that does not decrypt.
	ErrNotAuthentic = errors.New("frame does not decrypt")

	// ErrReplayed reports a frame whose counter was seen, or is too old to tell.
	ErrReplayed = errors.New("frame was replayed")

	// ErrStaleEpoch reports an epoch that is not newer than the current one.
	ErrStaleEpoch = errors.New("epoch is not newer")

	// ErrExhausted reports a sender that has used all its counters.
	ErrExhausted = errors.New("no counter is left")
)

// CipherSuite is an SFrame cipher suite, by its IANA number.
type CipherSuite uint16

// The cipher suites of RFC 9605, section 8.1, and three with AES-256 in counter
// mode that its working group's test vectors add.
const (
	AES_128_CTR_HMAC_SHA256_80 CipherSuite = 0x0001
	AES_128_CTR_HMAC_SHA256_64 CipherSuite = 0x0002
	AES_128_CTR_HMAC_SHA256_32 CipherSuite = 0x0003
	AES_128_GCM_SHA256_128     CipherSuite = 0x0004 // ours
	AES_256_GCM_SHA512_128     CipherSuite = 0x0005
	AES_256_CTR_HMAC_SHA512_80 CipherSuite = 0x0006
	AES_256_CTR_HMAC_SHA512_64 CipherSuite = 0x0007
	AES_256_CTR_HMAC_SHA512_32 CipherSuite = 0x0008
)

const nonceSize = 12 // Nn, of all suites

type suite struct {
	name string
	hash func() hash.Hash
	nk   int // bytes of the AEAD key
	nka  int // of them, for AES in counter mode; 0 for GCM
	nt   int // bytes of the tag
}

func (c CipherSuite) suite() (suite, error) {
	switch c {
	case AES_128_CTR_HMAC_SHA256_80:
		return suite{"AES_128_CTR_HMAC_SHA256_80", sha256.New, 48, 16, 10}, nil
	case AES_128_CTR_HMAC_SHA256_64:
		return suite{"AES_128_CTR_HMAC_SHA256_64", sha256.New, 48, 16, 8}, nil
	case AES_128_CTR_HMAC_SHA256_32:
		return suite{"AES_128_CTR_HMAC_SHA256_32", sha256.New, 48, 16, 4}, nil
	case AES_128_GCM_SHA256_128:
		return suite{"AES_128_GCM_SHA256_128", sha256.New, 16, 0, 16}, nil
	case AES_256_GCM_SHA512_128:
		return suite{"AES_256_GCM_SHA512_128", sha512.New, 32, 0, 16}, nil
	case AES_256_CTR_HMAC_SHA512_80:
		return suite{"AES_256_CTR_HMAC_SHA512_80", sha512.New, 96, 32, 10}, nil
	case AES_256_CTR_HMAC_SHA512_64:
		return suite{"AES_256_CTR_HMAC_SHA512_64", sha512.New, 96, 32, 8}, nil
	case AES_256_CTR_HMAC_SHA512_32:
		return suite{"AES_256_CTR_HMAC_SHA512_32", sha512.New, 96, 32, 4}, nil
	}
	return suite{}, fmt.Errorf("%w: %#04x", ErrSuite, uint16(c))
}

// String returns the suite's registered name.
func (c CipherSuite) String() string {
	s, err := c.suite()
	if err != nil {
		return fmt.Sprintf("CipherSuite(%#04x)", uint16(c))
	}
	return s.name
}

// BaseKeySize returns Nk, the length in bytes of the suite's base keys as the MLS
// exporter gives them; 0 for an unknown suite.
func (c CipherSuite) BaseKeySize() int {
	s, err := c.suite()
	if err != nil {
		return 0
	}
	return s.nk
}

// key is what frames of one KID are encrypted with. It keeps scratch space and so
// serves one goroutine at a time.
type key struct {
	aead  cipher.AEAD
	salt  [nonceSize]byte
	nonce [nonceSize]byte
	aad   []byte
}

// newKey derives the key and salt of a KID (RFC 9605, section 4.4.2).
func newKey(c CipherSuite, kid uint64, baseKey []byte) (*key, error) {
	s, err := c.suite()
	if err != nil {
		return nil, err
	}
	secret, err := hkdf.Extract(s.hash, baseKey, nil)
	if err != nil {
		return nil, fmt.Errorf("failed to derive a frame key: %w", err)
	}
	sframeKey, err := hkdf.Expand(s.hash, secret, derivationLabel("SFrame 1.0 Secret key ", kid, c), s.nk)
	if err != nil {
		return nil, fmt.Errorf("failed to derive a frame key: %w", err)
	}
	salt, err := hkdf.Expand(s.hash, secret, derivationLabel("SFrame 1.0 Secret salt ", kid, c), nonceSize)
	if err != nil {
		return nil, fmt.Errorf("failed to derive a frame key: %w", err)
	}
	aead, err := s.newAEAD(sframeKey)
	if err != nil {
		return nil, fmt.Errorf("failed to derive a frame key: %w", err)
	}
	return &key{aead: aead, salt: [nonceSize]byte(salt)}, nil
}

func derivationLabel(label string, kid uint64, c CipherSuite) string {
	b := binary.BigEndian.AppendUint64([]byte(label), kid)
	return string(binary.BigEndian.AppendUint16(b, uint16(c)))
}

func (s suite) newAEAD(key []byte) (cipher.AEAD, error) {
	if s.nka > 0 {
		return newCTRHMAC(s, key)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// prepare sets nonce and aad for a frame whose encoded header is given.
func (k *key) prepare(header []byte, ctr uint64, metadata []byte) {
	k.nonce = k.salt
	for i := range 8 {
		k.nonce[nonceSize-1-i] ^= byte(ctr >> (8 * i))
	}
	k.aad = append(append(k.aad[:0], header...), metadata...)
}

func (k *key) seal(dst []byte, kid, ctr uint64, metadata, plaintext []byte) []byte {
	n := len(dst)
	dst = Header{kid, ctr}.append(dst)
	k.prepare(dst[n:], ctr, metadata)
	return k.aead.Seal(dst, k.nonce[:], plaintext, k.aad)
}

func (k *key) open(dst, header []byte, ctr uint64, metadata, ciphertext []byte) ([]byte, error) {
	if len(ciphertext) < k.aead.Overhead() {
		return dst, ErrMalformed
	}
	k.prepare(header, ctr, metadata)
	out, err := k.aead.Open(dst, k.nonce[:], ciphertext, k.aad)
	if err != nil {
		return dst, ErrNotAuthentic
	}
	return out, nil
}
