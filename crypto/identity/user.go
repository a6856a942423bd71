package identity

import (
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
)

// UserKey is a user's identity key: Ed25519. The zero UserKey cannot sign.
type UserKey struct {
	private ed25519.PrivateKey
}

// NewUserKey returns a fresh identity key.
func NewUserKey() UserKey {
	seed := make([]byte, ed25519.SeedSize)
	_, _ = rand.Read(seed) // never fails
	return UserKey{ed25519.NewKeyFromSeed(seed)}
}

// UserKeyFromSeed returns the identity key of a seed of 32 bytes.
func UserKeyFromSeed(seed []byte) (UserKey, error) {
	if len(seed) != ed25519.SeedSize {
		return UserKey{}, fmt.Errorf("%w identity seed: %d bytes", ErrMalformed, len(seed))
	}
	return UserKey{ed25519.NewKeyFromSeed(seed)}, nil
}

// IsZero says whether k holds no key.
func (k UserKey) IsZero() bool { return len(k.private) == 0 }

// Seed returns the 32 secret bytes from which the key comes.
func (k UserKey) Seed() []byte { return k.private.Seed() }

// Public returns the public key.
func (k UserKey) Public() ed25519.PublicKey {
	return ed25519.PublicKey(k.private[ed25519.PublicKeySize:])
}

// Hash returns the [KeyHash] of the public key.
func (k UserKey) Hash() [32]byte { return KeyHash(k.Public()) }

// Sign returns the signature over label and msg, for [Verify].
func (k UserKey) Sign(label string, msg []byte) []byte { return Sign(k.private, label, msg) }
