package identity

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"github.com/ensemble-sante/ensemble/crypto/strictcbor"
)

// Algorithm names a signature algorithm. Its number is part of every signature
// and of what is signed.
type Algorithm uint8

// Ed25519 is the signature algorithm of RFC 8032, section 5.1.
const Ed25519 Algorithm = 1

// SignatureSize is the length in bytes of an Ed25519 signature with its algorithm.
const SignatureSize = 1 + ed25519.SignatureSize

const (
	signaturePrefix = "ensemble signature 1"
	digestPrefix    = "ensemble digest 1"
)

// SignedBytes returns the bytes over which an Ed25519 signature with this label
// is computed, for those who verify by other means.
func SignedBytes(label string, msg []byte) []byte {
	b := make([]byte, 0, len(signaturePrefix)+1+binary.MaxVarintLen64+len(label)+len(msg))
	b = append(b, signaturePrefix...)
	b = append(b, byte(Ed25519))
	b = binary.AppendUvarint(b, uint64(len(label)))
	b = append(b, label...)
	return append(b, msg...)
}

// Sign returns the signature of key over label and msg: [SignatureSize] bytes, the
// algorithm first. The key must be a whole private key.
func Sign(key ed25519.PrivateKey, label string, msg []byte) []byte {
	return append([]byte{byte(Ed25519)}, ed25519.Sign(key, SignedBytes(label, msg))...)
}

// Verify checks a signature that Sign made with the same label and msg under the
// private half of key. It returns an error that wraps ErrSignature or ErrAlgorithm.
func Verify(key ed25519.PublicKey, label string, msg, signature []byte) error {
	if len(signature) == 0 {
		return fmt.Errorf("%w: empty", ErrSignature)
	}
	if Algorithm(signature[0]) != Ed25519 {
		return fmt.Errorf("%w: %d", ErrAlgorithm, signature[0])
	}
	if err := CheckPublicKey(key); err != nil {
		return err
	}
	if len(signature) != SignatureSize || !ed25519.Verify(key, SignedBytes(label, msg), signature[1:]) {
		return ErrSignature
	}
	return nil
}

// CheckPublicKey refuses what cannot be an honest Ed25519 key: a wrong length, or
// one of the points of small order, under which anyone can make signatures.
func CheckPublicKey(key ed25519.PublicKey) error {
	if len(key) != ed25519.PublicKeySize {
		return fmt.Errorf("%w: key of %d bytes", ErrSignature, len(key))
	}
	y := [32]byte(key)
	y[31] &= 0x7f // the sign of x
	for _, low := range &smallOrder {
		if y == low {
			return fmt.Errorf("%w: key of small order", ErrSignature)
		}
	}
	return nil
}

// smallOrder lists the y coordinates, little endian, of the points whose order
// divides 8, with the encodings that are not reduced modulo p.
var smallOrder = [...][32]byte{
	{},  // order 4
	{1}, // order 1
	{0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0, // order 8
		0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05},
	{0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f, // order 8
		0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a},
	nearP(0xec), // p − 1, order 2
	nearP(0xed), // p = 0, order 4
	nearP(0xee), // p + 1 = 1, order 1
}

func nearP(lowest byte) [32]byte {
	b := [32]byte(bytes.Repeat([]byte{0xff}, 32))
	b[0], b[31] = lowest, 0x7f
	return b
}

// Hash returns the digest of msg under a label.
func Hash(label string, msg []byte) [32]byte {
	h := sha256.New()
	b := make([]byte, 0, len(digestPrefix)+binary.MaxVarintLen64+len(label))
	b = append(b, digestPrefix...)
	b = binary.AppendUvarint(b, uint64(len(label)))
	h.Write(append(b, label...))
	h.Write(msg)
	return [32]byte(h.Sum(nil))
}

// KeyHash returns the hash by which receipts and rooms name an identity key. It
// covers the algorithm.
func KeyHash(pub ed25519.PublicKey) [32]byte {
	return Hash(LabelKeyHash, append([]byte{byte(Ed25519)}, pub...))
}

// Signed is a signed structure: the payload's exact bytes, and a signature over
// them under the label of its kind. In CBOR {1: payload, 2: signature}.
type Signed struct {
	Payload   []byte `cbor:"1,keyasint"`
	Signature []byte `cbor:"2,keyasint"`
}

// Bytes returns the encoding of s.
func (s Signed) Bytes() []byte {
	b, err := strictcbor.Marshal(s)
	if err != nil {
		return nil // two byte strings always encode
	}
	return b
}

// Verify checks the signature under the label of the structure's kind.
func (s Signed) Verify(key ed25519.PublicKey, label string) error {
	return Verify(key, label, s.Payload, s.Signature)
}

// ParseSigned reads a signed structure of at most limit bytes. Nothing is
// verified.
func ParseSigned(b []byte, limit int) (Signed, error) {
	var s Signed
	if err := strictcbor.Unmarshal(b, &s, limit); err != nil {
		return Signed{}, fmt.Errorf("%w signed structure: %w", ErrMalformed, err)
	}
	if len(s.Signature) == 0 {
		return Signed{}, fmt.Errorf("%w signed structure: no signature", ErrMalformed)
	}
	return s, nil
}
