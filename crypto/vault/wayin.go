package vault

import (
	"crypto/hkdf"
	"crypto/hpke"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"

	"github.com/ensemble-sante/ensemble/crypto/identity"
)

// MinSecret is the least length in bytes of a way in's secret: 80 bits. Secrets are
// generated, never chosen, so they are not stretched.
const MinSecret = 10

// SlotKeyFromSecret returns the key pair of a way in, from its uniformly random
// secret of at least [MinSecret] bytes: HPKE KEM MLKEM768X25519, with the private
// key HKDF-SHA256(secret, no salt, info "ensemble vault slot key", 32 bytes).
func SlotKeyFromSecret(secret []byte) (hpke.PrivateKey, error) {
	if len(secret) < MinSecret {
		return nil, fmt.Errorf("%w secret of a way in: %d bytes, at least %d", ErrMalformed, len(secret), MinSecret)
	}
	seed, err := hkdf.Key(sha256.New, secret, nil, identity.LabelSlotKey, 32)
	if err != nil {
		return nil, fmt.Errorf("failed to derive a slot key: %w", err)
	}
	k, err := hpke.MLKEM768X25519().NewPrivateKey(seed)
	if err != nil {
		return nil, fmt.Errorf("failed to derive a slot key: %w", err)
	}
	return k, nil
}

// ErrPhrase reports a recovery phrase with a mistyped or missing character.
var ErrPhrase = errors.New("not a recovery phrase")

const (
	// Crockford's base32: no I, L, O, U.
	phraseAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
	phraseSecret   = 15 // bytes, 24 characters
	phraseGroup    = 5
)

// NewPhrase returns a fresh recovery phrase and the secret that it spells: 120
// random bits in 24 characters and a check character, in groups of five, such as
// "4T9KX-…". It is read back by [ParsePhrase].
func NewPhrase() (phrase string, secret []byte) {
	secret = make([]byte, phraseSecret)
	_, _ = rand.Read(secret) // never fails
	return formatPhrase(secret), secret
}

func formatPhrase(secret []byte) string {
	sum := sha256.Sum256(secret)
	var b strings.Builder
	var bits, n uint
	written := 0
	write := func(symbol byte) {
		if written > 0 && written%phraseGroup == 0 {
			b.WriteByte('-')
		}
		b.WriteByte(phraseAlphabet[symbol])
		written++
	}
	for _, c := range secret {
		bits, n = bits<<8|uint(c), n+8
		for ; n >= 5; n -= 5 {
			write(byte(bits >> (n - 5) & 31))
		}
	}
	write(sum[0] >> 3)
	return b.String()
}

// ParsePhrase returns the secret of a recovery phrase, however it was typed: case,
// spaces and hyphens do not count; O is read as 0, I and L as 1. Errors wrap
// ErrPhrase.
func ParsePhrase(phrase string) (secret []byte, err error) {
	if len(phrase) > 256 {
		return nil, ErrPhrase
	}
	var bits, n uint
	for _, c := range strings.ToUpper(phrase) {
		switch c {
		case ' ', '-', '\u00a0', '\u2010', '\u2011', '\u2013', '\t', '\n', '\r':
			continue
		case 'O':
			c = '0'
		case 'I', 'L':
			c = '1'
		}
		symbol := strings.IndexRune(phraseAlphabet, c)
		if symbol < 0 || len(secret) == phraseSecret && n > 0 {
			return nil, ErrPhrase
		}
		bits, n = bits<<5|uint(symbol), n+5
		if n >= 8 && len(secret) < phraseSecret {
			secret, n = append(secret, byte(bits>>(n-8))), n-8
		}
	}
	if len(secret) != phraseSecret || n != 5 {
		return nil, ErrPhrase
	}
	if sum := sha256.Sum256(secret); byte(bits&31) != sum[0]>>3 {
		return nil, ErrPhrase
	}
	return secret, nil
}
