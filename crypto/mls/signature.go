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
	return nil
}

func (ed25519Scheme) sign(key crypto.Signer, message []byte) ([]byte, error) {
	return key.Sign(rand.Reader, message, crypto.Hash(0))
}

func (ed25519Scheme) verify(public, message, signature []byte) bool {
	return len(public) == ed25519.PublicKeySize && ed25519.Verify(public, message, signature)
}

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
