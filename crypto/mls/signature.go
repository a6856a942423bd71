package mls

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
)

// signatureScheme is the signature algorithm of a suite (RFC 9420 §5.1.2).
type signatureScheme interface {
	generate() (crypto.Signer, error)
	// public gives the encoded public key of a private one, or an error when
	// the key is not of this scheme.
	public(crypto.Signer) ([]byte, error)
	// check refuses a public key that cannot be one of this scheme.
	check(public []byte) error
	sign(key crypto.Signer, message []byte) ([]byte, error)
	verify(public, message, signature []byte) bool
}

// publicOf gives the encoded public half of a key, and nil where there is none:
// for keys that are nil or cut short the standard library panics.
func publicOf(key crypto.Signer, encode func(crypto.PublicKey) []byte) (public []byte) {
	defer func() {
		if recover() != nil {
			public = nil
		}
	}()
	return encode(key.Public())
}

type ed25519Scheme struct{}

func (ed25519Scheme) generate() (crypto.Signer, error) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	return key, err
}

func (ed25519Scheme) public(key crypto.Signer) ([]byte, error) {
	public := publicOf(key, func(public crypto.PublicKey) []byte {
		k, _ := public.(ed25519.PublicKey)
		return k
	})
	if len(public) != ed25519.PublicKeySize {
		return nil, rule(ErrKey, "5.1.1", "signature key is not an Ed25519 key")
	}
	return public, nil
}

func (ed25519Scheme) check(public []byte) error {
	if len(public) != ed25519.PublicKeySize {
		return rule(ErrMalformed, "5.1.1", "Ed25519 public key of %d bytes", len(public))
	}
	if smallOrder(public) {
		return rule(ErrMalformed, "5.1.1", "Ed25519 public key of small order")
	}
	return nil
}

func (ed25519Scheme) sign(key crypto.Signer, message []byte) ([]byte, error) {
	return key.Sign(rand.Reader, message, crypto.Hash(0))
}

func (ed25519Scheme) verify(public, message, signature []byte) bool {
	return len(public) == ed25519.PublicKeySize && !smallOrder(public) && ed25519.Verify(public, message, signature)
}

// smallOrderPoints are the y-coordinates, in all their encodings, of the points
// of edwards25519 whose order divides 8. Whoever showed one as a signature key
// could disown all that they sign: everybody can sign for it.
var smallOrderPoints = [...][32]byte{
	{0},
	{1},
	primeMinus(1), primeMinus(0), primeMinus(-1),
	{
		0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0,
		0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05,
	},
	{
		0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f,
		0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a,
	},
}

func smallOrder(key []byte) bool { return oneOf(key, &smallOrderPoints) }

const labelPrefix = "MLS 1.0 "

// signContent is SignContent of §5.1.2.
func signContent(label string, content []byte) []byte {
	b := make([]byte, 0, len(labelPrefix)+len(label)+len(content)+8)
	b = appendVector(b, []byte(labelPrefix+label))
	return appendVector(b, content)
}

// signWithLabel is SignWithLabel of §5.1.2.
func (s *suite) signWithLabel(key crypto.Signer, label string, content []byte) ([]byte, error) {
	return s.signature.sign(key, signContent(label, content))
}

// verifyWithLabel is VerifyWithLabel of §5.1.2.
func (s *suite) verifyWithLabel(public []byte, label string, content, signature []byte) bool {
	return s.signature.verify(public, signContent(label, content), signature)
}
