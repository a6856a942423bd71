//go:build !js

package mls

import (
	"crypto"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hpke"
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha512"
)

// nistSuites are the rows of the table that stand on the curves of NIST. They
// are left out where the program is loaded over the network and its size counts.
func nistSuites() []*suite {
	return []*suite{
		{
			id: P256AES128, name: "MLS_128_DHKEMP256_AES128GCM_SHA256_P256",
			hash: sha256.New, nh: 32,
			kem: hpke.DHKEM(ecdh.P256()), kdf: hpke.HKDFSHA256(), aead: hpke.AES128GCM(),
			newAEAD: newGCM, keySize: 16, nonceLen: 12,
			signature: ecdsaScheme{curve: elliptic.P256(), hash: crypto.SHA256},
		},
		{
			id: P521AES256, name: "MLS_256_DHKEMP521_AES256GCM_SHA512_P521",
			hash: sha512.New, nh: 64,
			kem: hpke.DHKEM(ecdh.P521()), kdf: hpke.HKDFSHA512(), aead: hpke.AES256GCM(),
			newAEAD: newGCM, keySize: 32, nonceLen: 12,
			signature: ecdsaScheme{curve: elliptic.P521(), hash: crypto.SHA512},
		},
		{
			id: P384AES256, name: "MLS_256_DHKEMP384_AES256GCM_SHA384_P384",
			hash: sha512.New384, nh: 48,
			kem: hpke.DHKEM(ecdh.P384()), kdf: hpke.HKDFSHA384(), aead: hpke.AES256GCM(),
			newAEAD: newGCM, keySize: 32, nonceLen: 12,
			signature: ecdsaScheme{curve: elliptic.P384(), hash: crypto.SHA384},
		},
	}
}

// ecdsaScheme is ECDSA: public keys are uncompressed points (SEC 1 §2.3.3),
// signatures ECDSA-Sig-Value in DER (RFC 9420 §5.1.2).
type ecdsaScheme struct {
	curve elliptic.Curve
	hash  crypto.Hash
}

func (e ecdsaScheme) name() string { return "ECDSA " + e.curve.Params().Name }

func (e ecdsaScheme) generate() (crypto.Signer, error) {
	return ecdsa.GenerateKey(e.curve, rand.Reader)
}

func (e ecdsaScheme) public(key crypto.Signer) ([]byte, error) {
	public := publicOf(key, func(public crypto.PublicKey) []byte {
		k, ok := public.(*ecdsa.PublicKey)
		if !ok || k == nil || k.Curve != e.curve {
			return nil
		}
		b, err := k.Bytes()
		if err != nil {
			return nil
		}
		return b
	})
	if public == nil {
		return nil, rule(ErrKey, "5.1.1", "signature key is not a key for %s", e.name())
	}
	return public, nil
}

func (e ecdsaScheme) check(public []byte) error {
	if _, err := ecdsa.ParseUncompressedPublicKey(e.curve, public); err != nil {
		return rule(ErrMalformed, "5.1.1", "%s public key of %d bytes is not an uncompressed point of the curve", e.name(), len(public))
	}
	return nil
}

func (e ecdsaScheme) sign(key crypto.Signer, message []byte) ([]byte, error) {
	return key.Sign(rand.Reader, e.digest(message), e.hash)
}

func (e ecdsaScheme) verify(public, message, signature []byte) bool {
	key, err := ecdsa.ParseUncompressedPublicKey(e.curve, public)
	return err == nil && ecdsa.VerifyASN1(key, e.digest(message), signature)
}

func (e ecdsaScheme) digest(message []byte) []byte {
	h := e.hash.New()
	h.Write(message)
	return h.Sum(nil)
}
