package sframe

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/subtle"
	"encoding/binary"
	"hash"
	"slices"
)

// ctrHMAC is the compound AEAD of RFC 9605, section 4.5.1: AES in counter mode,
// then a truncated HMAC. It serves one goroutine at a time.
type ctrHMAC struct {
	block cipher.Block
	mac   hash.Hash
	tag   []byte // scratch
	nt    int
	iv    [aes.BlockSize]byte
	head  [3*8 + nonceSize]byte
}

func newCTRHMAC(s suite, key []byte) (*ctrHMAC, error) {
	block, err := aes.NewCipher(key[:s.nka])
	if err != nil {
		return nil, err
	}
	return &ctrHMAC{block: block, mac: hmac.New(s.hash, key[s.nka:]), nt: s.nt}, nil
}

func (a *ctrHMAC) NonceSize() int { return nonceSize }
func (a *ctrHMAC) Overhead() int  { return a.nt }

func (a *ctrHMAC) Seal(dst, nonce, plaintext, additionalData []byte) []byte {
	n := len(dst)
	dst = slices.Grow(dst, len(plaintext)+a.nt)[:n+len(plaintext)]
	a.xor(dst[n:], nonce, plaintext)
	return append(dst, a.computeTag(nonce, additionalData, dst[n:])...)
}

func (a *ctrHMAC) Open(dst, nonce, ciphertext, additionalData []byte) ([]byte, error) {
	if len(ciphertext) < a.nt {
		return nil, ErrNotAuthentic
	}
	inner, tag := ciphertext[:len(ciphertext)-a.nt], ciphertext[len(ciphertext)-a.nt:]
	if subtle.ConstantTimeCompare(tag, a.computeTag(nonce, additionalData, inner)) != 1 {
		return nil, ErrNotAuthentic
	}
	n := len(dst)
	dst = slices.Grow(dst, len(inner))[:n+len(inner)]
	a.xor(dst[n:], nonce, inner)
	return dst, nil
}

func (a *ctrHMAC) xor(dst, nonce, src []byte) {
	a.iv = [aes.BlockSize]byte{}
	copy(a.iv[:], nonce)
	cipher.NewCTR(a.block, a.iv[:]).XORKeyStream(dst, src)
}

func (a *ctrHMAC) computeTag(nonce, aad, ciphertext []byte) []byte {
	binary.BigEndian.PutUint64(a.head[0:], uint64(len(aad)))
	binary.BigEndian.PutUint64(a.head[8:], uint64(len(ciphertext)))
	binary.BigEndian.PutUint64(a.head[16:], uint64(a.nt))
	copy(a.head[24:], nonce)
	a.mac.Reset()
	a.mac.Write(a.head[:])
	a.mac.Write(aad)
	a.mac.Write(ciphertext)
	a.tag = a.mac.Sum(a.tag[:0])
	return a.tag[:a.nt]
}
