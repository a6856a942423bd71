package mls

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/hpke"
	"crypto/rand"
	"crypto/subtle"
	"fmt"
)

// This file holds the labelled functions that the RFC builds everything from
// (§5.1, §5.2, §8), over the algorithms of one suite.

func (s *suite) sum(parts ...[]byte) []byte {
	h := s.hash()
	for _, p := range parts {
		h.Write(p)
	}
	return h.Sum(nil)
}

func (s *suite) mac(key, message []byte) []byte {
	m := hmac.New(s.hash, key)
	m.Write(message)
	return m.Sum(nil)
}

func (s *suite) macEqual(key, message, tag []byte) bool {
	return subtle.ConstantTimeCompare(s.mac(key, message), tag) == 1
}

// zero is the all-zero vector of length KDF.Nh.
func (s *suite) zero() []byte { return make([]byte, s.nh) }

func (s *suite) random() []byte { return randomBytes(s.nh) }

func randomBytes(n int) []byte {
	b := make([]byte, n)
	rand.Read(b) // never fails: the runtime stops the program instead
	return b
}

// wipe overwrites a secret that was consumed.
func wipe(secrets ...[]byte) {
	for _, b := range secrets {
		clear(b)
	}
}

// refHash is RefHash of §5.2.
func (s *suite) refHash(label string, value []byte) []byte {
	b := make([]byte, 0, len(label)+len(value)+8)
	b = appendVector(b, []byte(label))
	b = appendVector(b, value)
	return s.sum(b)
}

// extract is KDF.Extract.
func (s *suite) extract(salt, ikm []byte) []byte {
	// The lengths are the suite's own: it fails only for keys too short for
	// FIPS mode, which the standard library then reports.
	out, err := hkdf.Extract(s.hash, ikm, salt)
	if err != nil {
		panic(fmt.Sprintf("mls: HKDF-Extract: %v", err))
	}
	return out
}

// expandWithLabel is ExpandWithLabel of §8. The length must fit KDF.Expand:
// callers who take a length from outside check it (see maxExpand).
func (s *suite) expandWithLabel(secret []byte, label string, context []byte, length int) []byte {
	info := make([]byte, 0, 2+len(labelPrefix)+len(label)+len(context)+8)
	info = appendUint16(info, uint16(length))
	info = appendVector(info, []byte(labelPrefix+label))
	info = appendVector(info, context)
	out, err := hkdf.Expand(s.hash, secret, string(info), length)
	if err != nil {
		panic(fmt.Sprintf("mls: HKDF-Expand: %v", err))
	}
	return out
}

// maxExpand is the most that KDF.Expand can give.
func (s *suite) maxExpand() int { return min(255*s.nh, 1<<16-1) }

// deriveSecret is DeriveSecret of §8.
func (s *suite) deriveSecret(secret []byte, label string) []byte {
	return s.expandWithLabel(secret, label, nil, s.nh)
}

// deriveTreeSecret is DeriveTreeSecret of §9.1.
func (s *suite) deriveTreeSecret(secret []byte, label string, generation uint32, length int) []byte {
	return s.expandWithLabel(secret, label, appendUint32(nil, generation), length)
}

// hpkeCiphertext is HPKECiphertext of §7.6.
type hpkeCiphertext struct {
	kemOutput  []byte
	ciphertext []byte
}

func (c hpkeCiphertext) append(b []byte) []byte {
	b = appendVector(b, c.kemOutput)
	return appendVector(b, c.ciphertext)
}

func (d *decoder) hpkeCiphertext() hpkeCiphertext {
	return hpkeCiphertext{kemOutput: d.vector(), ciphertext: d.vector()}
}

func encryptContext(label string, context []byte) []byte {
	b := make([]byte, 0, len(labelPrefix)+len(label)+len(context)+8)
	b = appendVector(b, []byte(labelPrefix+label))
	return appendVector(b, context)
}

// encryptWithLabel is EncryptWithLabel of §5.1.3.
func (s *suite) encryptWithLabel(public []byte, label string, context, plaintext []byte) (hpkeCiphertext, error) {
	key, err := s.kem.NewPublicKey(public)
	if err != nil {
		return hpkeCiphertext{}, rule(ErrMalformed, "5.1.1", "HPKE public key: %v", err)
	}
	enc, sender, err := hpke.NewSender(key, s.kdf, s.aead, encryptContext(label, context))
	if err != nil {
		return hpkeCiphertext{}, rule(ErrMalformed, "5.1.3", "HPKE encapsulation: %v", err)
	}
	ciphertext, err := sender.Seal(nil, plaintext)
	if err != nil {
		return hpkeCiphertext{}, fmt.Errorf("failed to seal: %w", err)
	}
	return hpkeCiphertext{kemOutput: enc, ciphertext: ciphertext}, nil
}

// decryptWithLabel is DecryptWithLabel of §5.1.3.
func (s *suite) decryptWithLabel(key hpke.PrivateKey, label string, context []byte, c hpkeCiphertext) ([]byte, error) {
	recipient, err := hpke.NewRecipient(c.kemOutput, key, s.kdf, s.aead, encryptContext(label, context))
	if err != nil {
		return nil, rule(ErrDecrypt, "5.1.3", "HPKE decapsulation of %q: %v", label, err)
	}
	plaintext, err := recipient.Open(nil, c.ciphertext)
	if err != nil {
		return nil, rule(ErrDecrypt, "5.1.3", "HPKE ciphertext of %q", label)
	}
	return plaintext, nil
}

const externalInitLabel = "MLS 1.0 external init secret"

// externalInitSender makes the init secret of an external commit (§8.3).
func (s *suite) externalInitSender(externalPub []byte) (kemOutput, initSecret []byte, err error) {
	key, err := s.kem.NewPublicKey(externalPub)
	if err != nil {
		return nil, nil, rule(ErrMalformed, "8.3", "external_pub: %v", err)
	}
	enc, sender, err := hpke.NewSender(key, s.kdf, s.aead, nil)
	if err != nil {
		return nil, nil, rule(ErrMalformed, "8.3", "external_pub: %v", err)
	}
	initSecret, err = sender.Export(externalInitLabel, s.nh)
	return enc, initSecret, err
}

// externalInitReceiver recovers the init secret of an external commit (§8.3).
func (s *suite) externalInitReceiver(key hpke.PrivateKey, kemOutput []byte) ([]byte, error) {
	recipient, err := hpke.NewRecipient(kemOutput, key, s.kdf, s.aead, nil)
	if err != nil {
		return nil, rule(ErrDecrypt, "8.3", "kem_output of ExternalInit: %v", err)
	}
	return recipient.Export(externalInitLabel, s.nh)
}

// deriveKeyPair is KEM.DeriveKeyPair.
func (s *suite) deriveKeyPair(secret []byte) (hpke.PrivateKey, error) {
	return s.kem.DeriveKeyPair(secret)
}

func (s *suite) generateKeyPair() (hpke.PrivateKey, error) {
	return s.kem.GenerateKey()
}

func (s *suite) parsePrivateKey(b []byte) (hpke.PrivateKey, error) {
	key, err := s.kem.NewPrivateKey(b)
	if err != nil {
		return nil, rule(ErrKey, "5.1.1", "HPKE private key: %v", err)
	}
	return key, nil
}
