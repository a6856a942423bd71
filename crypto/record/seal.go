package record

import (
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"fmt"
	"math/bits"

	"golang.org/x/crypto/chacha20poly1305"

	"github.com/ensemble-sante/ensemble/crypto/identity"
)

const (
	sealVersion = 1

	// KeySize is the length in bytes of an exported secret, and of [Key.Bytes].
	KeySize = 32

	// MinPadded is the least length in bytes to which a plaintext is padded: a
	// short message looks like any other.
	MinPadded = 512

	// MaxPlaintext is the most bytes that may be sealed.
	MaxPlaintext = MaxEvent

	sealedPrefix = 1 + 32 + chacha20poly1305.NonceSizeX

	// MaxSealed is the most bytes that a sealed record may have.
	MaxSealed = sealedPrefix + MaxPlaintext + MaxPlaintext/8 + chacha20poly1305.Overhead
)

// Key is the record key of one (room, MLS group, epoch). Commitment follows from
// Encryption; a Key whose halves do not belong together opens nothing.
type Key struct {
	Encryption [32]byte
	Commitment [32]byte
}

// DeriveKey returns the record key of an epoch, from the 32 bytes of
// MLS-Exporter("ensemble record", room id, 32).
func DeriveKey(exported []byte) Key {
	return keyFromEncryption(derive(exported, identity.LabelRecordEncryption))
}

// KeyFromBytes reads what [Key.Bytes] returned.
func KeyFromBytes(b []byte) (Key, error) {
	if len(b) != KeySize {
		return Key{}, fmt.Errorf("%w record key: %d bytes", ErrMalformed, len(b))
	}
	return keyFromEncryption([32]byte(b)), nil
}

// Bytes returns the [KeySize] secret bytes from which the whole key comes back by
// [KeyFromBytes]: the form in which vaults and grants keep it.
func (k Key) Bytes() []byte { return k.Encryption[:] }

func keyFromEncryption(encryption [32]byte) Key {
	return Key{encryption, derive(encryption[:], identity.LabelRecordCommitment)}
}

func derive(secret []byte, label string) [32]byte {
	// Key refuses only lengths beyond 8,160 bytes.
	b, err := hkdf.Key(sha256.New, secret, nil, label, 32)
	if err != nil {
		return [32]byte{}
	}
	return [32]byte(b)
}

// Header is the place for which a record is sealed. It travels outside the record
// and is authenticated with it.
type Header struct {
	Room   identity.ID
	Group  []byte      // MLS group id, at most MaxGroup bytes
	Epoch  uint64      // of the room: see EpochID
	Sender identity.ID // the author's device
}

func (h Header) additionalData(commitment [32]byte) []byte {
	b := make([]byte, 0, len(identity.LabelRecord)+1+16+16+8+32+len(h.Group))
	b = append(b, identity.LabelRecord...)
	b = append(b, sealVersion)
	b = append(b, h.Room[:]...)
	b = append(b, h.Sender[:]...)
	b = binary.BigEndian.AppendUint64(b, h.Epoch)
	b = append(b, commitment[:]...)
	return append(b, h.Group...)
}

// Seal pads and encrypts plaintext for a place. It returns an error that wraps
// ErrTooLarge or ErrMalformed.
func (k Key) Seal(h Header, plaintext []byte) ([]byte, error) {
	if len(plaintext) > MaxPlaintext {
		return nil, fmt.Errorf("record %w: %d bytes, at most %d", ErrTooLarge, len(plaintext), MaxPlaintext)
	}
	aead, err := k.aead(h)
	if err != nil {
		return nil, err
	}
	padded := max(Padded(len(plaintext)+1), MinPadded)
	b := make([]byte, sealedPrefix+padded, sealedPrefix+padded+aead.Overhead())
	b[0] = sealVersion
	copy(b[1:], k.Commitment[:])
	nonce := b[33:sealedPrefix]
	_, _ = rand.Read(nonce) // never fails
	body := b[sealedPrefix:]
	body[copy(body, plaintext)] = 0x80
	return aead.Seal(b[:sealedPrefix], nonce, body, h.additionalData(k.Commitment)), nil
}

// Open decrypts a record sealed for this place under this key. Errors wrap
// ErrMalformed, ErrTooLarge, ErrWrongKey (another key, so that the caller may look
// for the right one) or ErrAltered.
func (k Key) Open(h Header, sealed []byte) ([]byte, error) {
	if len(sealed) > MaxSealed {
		return nil, fmt.Errorf("record %w: %d bytes, at most %d", ErrTooLarge, len(sealed), MaxSealed)
	}
	if len(sealed) < sealedPrefix+MinPadded+chacha20poly1305.Overhead || sealed[0] != sealVersion {
		return nil, fmt.Errorf("%w record", ErrMalformed)
	}
	if subtle.ConstantTimeCompare(sealed[1:33], k.Commitment[:]) != 1 {
		return nil, ErrWrongKey
	}
	aead, err := k.aead(h)
	if err != nil {
		return nil, err
	}
	padded, err := aead.Open(nil, sealed[33:sealedPrefix], sealed[sealedPrefix:], h.additionalData(k.Commitment))
	if err != nil {
		return nil, ErrAltered
	}
	for i := len(padded) - 1; i >= 0; i-- {
		switch padded[i] {
		case 0:
		case 0x80:
			return padded[:i:i], nil
		default:
			return nil, fmt.Errorf("%w record: padding", ErrMalformed)
		}
	}
	return nil, fmt.Errorf("%w record: padding", ErrMalformed)
}

type aead interface {
	Overhead() int
	Seal(dst, nonce, plaintext, additionalData []byte) []byte
	Open(dst, nonce, ciphertext, additionalData []byte) ([]byte, error)
}

func (k Key) aead(h Header) (aead, error) {
	if len(h.Group) == 0 || len(h.Group) > MaxGroup {
		return nil, fmt.Errorf("%w record header: group of %d bytes", ErrMalformed, len(h.Group))
	}
	if derive(k.Encryption[:], identity.LabelRecordCommitment) != k.Commitment {
		return nil, fmt.Errorf("%w record key: its commitment is another key's", ErrMalformed)
	}
	return chacha20poly1305.NewX(k.Encryption[:])
}

// Commitment returns the commitment of the key under which a record is sealed, by
// which a reader with many keys finds the right one.
func Commitment(sealed []byte) ([32]byte, error) {
	if len(sealed) < sealedPrefix || sealed[0] != sealVersion {
		return [32]byte{}, fmt.Errorf("%w record", ErrMalformed)
	}
	return [32]byte(sealed[1:33]), nil
}

// Padded returns the Padmé length of n bytes: the least length of at least n whose
// binary form keeps only the highest bits, so that it tells O(log log n) bits of n
// and costs at most 12 %.
func Padded(n int) int {
	if n < 2 {
		return max(n, 0)
	}
	e := bits.Len(uint(n)) - 1
	s := bits.Len(uint(e))
	mask := 1<<(e-s) - 1
	return (n + mask) &^ mask
}
