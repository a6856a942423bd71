// Package vault keeps an account's secrets encrypted: the identity key's seed,
// record keys, whatever a person must have again on another device.
//
// A random vault key encrypts the secrets. Each way in (a passkey's PRF output, a
// recovery phrase, a passphrase, a device) derives an HPKE key pair, and the vault
// key is sealed to its public half in a slot. So any device that has the vault
// open can seal the key again for every way in, without having their secrets, when
// one of them is lost.
//
// # Format
//
// A blob is deterministic CBOR:
//
//	{1: version of the format 1, 2: suite 1, 3: vault id, 4: version of the vault,
//	 5: slots, 6: nonce, 7: ciphertext}
//	slot: {1: slot id, 2: kind, 3: public key, 4: HPKE encapsulated key,
//	       5: HPKE ciphertext}
//
// Suite 1 seals the vault key in each slot by HPKE (RFC 9180), base mode, KEM
// MLKEM768X25519 (0x647A), HKDF-SHA256, ChaCha20-Poly1305, with the info
//
//	"ensemble vault slot" ‖ vault id (16) ‖ slot id (16) ‖ kind (1)
//
// and the secrets by XChaCha20-Poly1305 with a random nonce of 24 bytes and the
// additional data "ensemble vault" ‖ the CBOR map of the fields 1 to 5. The
// plaintext is the CBOR map of names to values, followed by 0x80 and zeros up to a
// Padmé length. Slots are ordered by their ids.
//
// # What a blob does not prove
//
// Public keys are public: whoever knows those of the slots can make a vault that
// opens. Every write therefore logs version and hash in the user's key chain, and
// what was fetched is compared with it before it is opened ([Check]): so a
// rolled-back or substituted vault is noticed. A device that comes back with nothing
// but a recovery phrase compares the chain itself with the key log.
//
// The package does no I/O and reads no clock. A Vault is used by one goroutine at a
// time.
package vault

import (
	"bytes"
	"crypto/hpke"
	"crypto/rand"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"unicode/utf8"

	"golang.org/x/crypto/chacha20poly1305"

	"github.com/ensemble-sante/ensemble/crypto/identity"
	"github.com/ensemble-sante/ensemble/crypto/order"
)

var (
	// ErrMalformed reports bytes that are not in the expected format, or names
	// and kinds that no format allows.
	ErrMalformed = errors.New("malformed")

	// ErrTooLarge reports a vault or secret larger than is allowed.
	ErrTooLarge = errors.New("too large")

	// ErrNoSlot reports a slot that the vault does not have.
	ErrNoSlot = errors.New("no such slot")

	// ErrLastSlot reports the removal of the only way in.
	ErrLastSlot = errors.New("the last slot cannot be removed")

	// ErrWrongKey reports a private key that is not the slot's.
	ErrWrongKey = errors.New("not the key of this slot")

	// ErrAltered reports a blob that was changed.
	ErrAltered = errors.New("vault was altered")

	// ErrRolledBack reports a blob that is older than, or another one than, what
	// the user's key chain names.
	ErrRolledBack = errors.New("vault is not the newest")

	// ErrUnlogged reports a blob newer than what the user's key chain names.
	ErrUnlogged = errors.New("vault is newer than the key chain")
)

const (
	formatVersion = 1
	suite         = 1

	// MaxSlots is the most ways in that a vault may have.
	MaxSlots = 32

	// MaxName is the most bytes that a secret's name may have.
	MaxName = 256

	// MaxSecrets is the most bytes that all names and values may have together.
	MaxSecrets = 8 << 20

	// MaxCount is the most secrets that a vault may have.
	MaxCount = 1 << 16

	// MaxBlob is the most bytes that a sealed vault may have.
	MaxBlob = 10 << 20

	minPadded = 4096
	keySize   = chacha20poly1305.KeySize
)

// Kind says what a slot's key comes from.
type Kind uint8

// The kinds of slots.
const (
	Passkey    Kind = 1 // the PRF output of a passkey
	Phrase     Kind = 2 // a generated recovery phrase, on paper
	Passphrase Kind = 3 // a generated passphrase, remembered
	Device     Kind = 4 // a device's seal key
)

// Slot is one way into a vault.
type Slot struct {
	ID     identity.ID
	Kind   Kind
	Public []byte // HPKE public key, MLKEM768X25519

	encapsulated, sealed []byte
}

// Vault holds the secrets of an account, open. It stores nothing: [Vault.Seal]
// gives what is to be stored.
type Vault struct {
	id      identity.ID
	version uint64
	key     [keySize]byte
	slots   []Slot
	secrets map[string][]byte
	size    int
}

// New returns an empty vault with a fresh key and no way in.
func New() *Vault {
	v := &Vault{id: identity.NewID(), secrets: map[string][]byte{}}
	_, _ = rand.Read(v.key[:]) // never fails
	return v
}

// Version returns the version of the newest seal; 0 before the first.
func (v *Vault) Version() uint64 { return v.version }

// Slots returns the ways in, ordered by id.
func (v *Vault) Slots() []Slot {
	slots := make([]Slot, len(v.slots))
	for i, s := range v.slots {
		slots[i] = Slot{ID: s.ID, Kind: s.Kind, Public: bytes.Clone(s.Public)}
	}
	return slots
}

// AddSlot seals the vault key to the public half of a way in.
func (v *Vault) AddSlot(kind Kind, public hpke.PublicKey) (identity.ID, error) {
	if kind < Passkey || kind > Device {
		return identity.ID{}, fmt.Errorf("%w slot: kind %d", ErrMalformed, kind)
	}
	if len(v.slots) == MaxSlots {
		return identity.ID{}, fmt.Errorf("vault %w: %d slots", ErrTooLarge, MaxSlots)
	}
	if public.KEM().ID() != hpke.MLKEM768X25519().ID() {
		return identity.ID{}, fmt.Errorf("%w slot: KEM %#x", ErrMalformed, public.KEM().ID())
	}
	s := Slot{ID: identity.NewID(), Kind: kind, Public: public.Bytes()}
	if err := s.seal(v.id, v.key); err != nil {
		return identity.ID{}, err
	}
	v.slots = append(v.slots, s)
	order.By(v.slots, func(a, b Slot) int { return a.ID.Compare(b.ID) })
	return s.ID, nil
}

// RemoveSlot takes a way in from the vault, and replaces the vault key, so that
// whoever has the old one cannot open what is sealed from now on. What they could
// open before, they have: secrets that matter must be replaced too.
func (v *Vault) RemoveSlot(id identity.ID) error {
	i := slices.IndexFunc(v.slots, func(s Slot) bool { return s.ID == id })
	if i < 0 {
		return fmt.Errorf("%w: %s", ErrNoSlot, id)
	}
	if len(v.slots) == 1 {
		return ErrLastSlot
	}
	var key [keySize]byte
	_, _ = rand.Read(key[:]) // never fails
	slots := slices.Delete(slices.Clone(v.slots), i, i+1)
	for j := range slots {
		if err := slots[j].seal(v.id, key); err != nil {
			return err
		}
	}
	v.slots, v.key = slots, key
	return nil
}

func (s *Slot) seal(vault identity.ID, key [keySize]byte) error {
	public, err := identity.ParseSealKey(s.Public)
	if err != nil {
		return fmt.Errorf("failed to seal a slot: %w", err)
	}
	enc, sender, err := hpke.NewSender(public, hpke.HKDFSHA256(), hpke.ChaCha20Poly1305(),
		slotInfo(vault, s.ID, s.Kind))
	if err != nil {
		return fmt.Errorf("failed to seal a slot: %w", err)
	}
	sealed, err := sender.Seal(nil, key[:])
	if err != nil {
		return fmt.Errorf("failed to seal a slot: %w", err)
	}
	s.encapsulated, s.sealed = enc, sealed
	return nil
}

func slotInfo(vault, slot identity.ID, kind Kind) []byte {
	b := append([]byte(identity.LabelVaultSlot), vault[:]...)
	b = append(b, slot[:]...)
	return append(b, byte(kind))
}

// Set keeps a secret under a name, in place of what was there. Names are UTF-8, not
// empty, at most MaxName bytes. Errors wrap ErrMalformed or ErrTooLarge and change
// nothing.
func (v *Vault) Set(name string, value []byte) error {
	if !validName(name) {
		return fmt.Errorf("%w name of a secret", ErrMalformed)
	}
	size := v.size + len(name) + len(value)
	if old, ok := v.secrets[name]; ok {
		size -= len(name) + len(old)
	} else if len(v.secrets) == MaxCount {
		return fmt.Errorf("vault %w: %d secrets", ErrTooLarge, MaxCount)
	}
	if size > MaxSecrets {
		return fmt.Errorf("vault %w: %d bytes, at most %d", ErrTooLarge, size, MaxSecrets)
	}
	v.secrets[name], v.size = bytes.Clone(value), size
	return nil
}

func validName(name string) bool {
	return len(name) > 0 && len(name) <= MaxName && utf8.ValidString(name)
}

// Get returns a copy of the secret of this name; false if there is none.
func (v *Vault) Get(name string) ([]byte, bool) {
	value, ok := v.secrets[name]
	return bytes.Clone(value), ok
}

// Delete forgets the secret of this name, if there is one.
func (v *Vault) Delete(name string) {
	if value, ok := v.secrets[name]; ok {
		v.size -= len(name) + len(value)
		delete(v.secrets, name)
	}
}

// Range yields the names and values of the secrets, in the order of their names.
// Values must not be changed, nor secrets set or deleted meanwhile.
func (v *Vault) Range() iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		for _, name := range slices.Sorted(maps.Keys(v.secrets)) {
			if !yield(name, v.secrets[name]) {
				return
			}
		}
	}
}
