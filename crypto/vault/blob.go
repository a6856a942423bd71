package vault

import (
	"bytes"
	"crypto/hpke"
	"crypto/rand"
	"fmt"
	"slices"

	"golang.org/x/crypto/chacha20poly1305"

	"github.com/ensemble-sante/ensemble/crypto/identity"
	"github.com/ensemble-sante/ensemble/crypto/record"
	"github.com/ensemble-sante/ensemble/crypto/strictcbor"
)

type blobSlot struct {
	ID           identity.ID `cbor:"1,keyasint"`
	Kind         Kind        `cbor:"2,keyasint"`
	Public       []byte      `cbor:"3,keyasint"`
	Encapsulated []byte      `cbor:"4,keyasint"`
	Sealed       []byte      `cbor:"5,keyasint"`
}

type blobHeader struct {
	Format  uint        `cbor:"1,keyasint"`
	Suite   uint        `cbor:"2,keyasint"`
	ID      identity.ID `cbor:"3,keyasint"`
	Version uint64      `cbor:"4,keyasint"`
	Slots   []blobSlot  `cbor:"5,keyasint"`
}

type blob struct {
	Format     uint        `cbor:"1,keyasint"`
	Suite      uint        `cbor:"2,keyasint"`
	ID         identity.ID `cbor:"3,keyasint"`
	Version    uint64      `cbor:"4,keyasint"`
	Slots      []blobSlot  `cbor:"5,keyasint"`
	Nonce      []byte      `cbor:"6,keyasint"`
	Ciphertext []byte      `cbor:"7,keyasint"`
}

// Open opens a blob through one of its slots. Errors wrap ErrMalformed, ErrTooLarge,
// ErrNoSlot, ErrWrongKey or ErrAltered. [Check] the blob first.
func Open(b []byte, slot identity.ID, private hpke.PrivateKey) (*Vault, error) {
	sealed, err := parse(b)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(sealed.Slots, func(s blobSlot) bool { return s.ID == slot })
	if i < 0 {
		return nil, fmt.Errorf("%w: %s", ErrNoSlot, slot)
	}
	s := sealed.Slots[i]
	if !bytes.Equal(private.PublicKey().Bytes(), s.Public) {
		return nil, ErrWrongKey
	}
	r, err := hpke.NewRecipient(s.Encapsulated, private, hpke.HKDFSHA256(), hpke.ChaCha20Poly1305(),
		slotInfo(sealed.ID, s.ID, s.Kind))
	if err != nil {
		return nil, fmt.Errorf("%w: slot", ErrAltered)
	}
	key, err := r.Open(nil, s.Sealed)
	if err != nil || len(key) != keySize {
		return nil, fmt.Errorf("%w: slot", ErrAltered)
	}
	v := &Vault{id: sealed.ID, version: sealed.Version, key: [keySize]byte(key)}
	for _, s := range sealed.Slots {
		v.slots = append(v.slots, Slot{s.ID, s.Kind, s.Public, s.Encapsulated, s.Sealed})
	}
	additional, err := v.additionalData(sealed.Version)
	if err != nil {
		return nil, err
	}
	aead, err := chacha20poly1305.NewX(key)
	if err != nil {
		return nil, fmt.Errorf("failed to open the vault: %w", err)
	}
	padded, err := aead.Open(nil, sealed.Nonce, sealed.Ciphertext, additional)
	if err != nil {
		return nil, ErrAltered
	}
	end := bytes.LastIndexByte(padded, 0x80)
	if end < 0 || len(bytes.TrimRight(padded[end+1:], "\x00")) != 0 {
		return nil, fmt.Errorf("%w vault: padding", ErrMalformed)
	}
	if err := strictcbor.Unmarshal(padded[:end], &v.secrets, MaxBlob); err != nil {
		return nil, fmt.Errorf("%w vault: %w", ErrMalformed, err)
	}
	for name, value := range v.secrets {
		v.size += len(name) + len(value)
		if !validName(name) {
			return nil, fmt.Errorf("%w vault: name", ErrMalformed)
		}
	}
	if v.size > MaxSecrets || len(v.secrets) > MaxCount {
		return nil, fmt.Errorf("vault %w", ErrTooLarge)
	}
	return v, nil
}

func parse(b []byte) (blob, error) {
	var sealed blob
	if len(b) > MaxBlob {
		return blob{}, fmt.Errorf("vault %w: %d bytes, at most %d", ErrTooLarge, len(b), MaxBlob)
	}
	if err := strictcbor.Unmarshal(b, &sealed, MaxBlob); err != nil {
		return blob{}, fmt.Errorf("%w vault: %w", ErrMalformed, err)
	}
	if sealed.Format != formatVersion || sealed.Suite != suite {
		return blob{}, fmt.Errorf("%w vault: format %d, suite %d", ErrMalformed, sealed.Format, sealed.Suite)
	}
	if len(sealed.Nonce) != chacha20poly1305.NonceSizeX || sealed.Version == 0 ||
		len(sealed.Slots) == 0 || len(sealed.Slots) > MaxSlots ||
		!slices.IsSortedFunc(sealed.Slots, func(a, b blobSlot) int { return a.ID.Compare(b.ID) }) {
		return blob{}, fmt.Errorf("%w vault", ErrMalformed)
	}
	return sealed, nil
}

// Slots returns the ways into a sealed vault, as the blob claims them: before it is
// opened, nothing vouches for them.
func Slots(b []byte) ([]Slot, error) {
	sealed, err := parse(b)
	if err != nil {
		return nil, err
	}
	var slots []Slot
	for _, s := range sealed.Slots {
		slots = append(slots, Slot{ID: s.ID, Kind: s.Kind, Public: s.Public})
	}
	return slots, nil
}

// FindSlot returns the slot of a sealed vault that belongs to a public key, or an
// error that wraps ErrNoSlot.
func FindSlot(b []byte, public hpke.PublicKey) (identity.ID, error) {
	slots, err := Slots(b)
	if err != nil {
		return identity.ID{}, err
	}
	for _, s := range slots {
		if bytes.Equal(s.Public, public.Bytes()) {
			return s.ID, nil
		}
	}
	return identity.ID{}, ErrNoSlot
}

// Hash returns the hash of a blob, as the user's key chain names it.
func Hash(b []byte) [32]byte { return identity.Hash(identity.LabelVaultHash, b) }

// Check compares a fetched blob with what the user's key chain says is the newest.
// Errors wrap ErrRolledBack, ErrUnlogged, ErrMalformed or ErrTooLarge.
func Check(b []byte, head identity.VaultHead) error {
	sealed, err := parse(b)
	if err != nil {
		return err
	}
	switch {
	case sealed.Version > head.Version:
		return fmt.Errorf("%w: version %d, logged %d", ErrUnlogged, sealed.Version, head.Version)
	case sealed.Version < head.Version:
		return fmt.Errorf("%w: version %d, logged %d", ErrRolledBack, sealed.Version, head.Version)
	case Hash(b) != head.Hash:
		return fmt.Errorf("%w: another version %d than the logged one", ErrRolledBack, sealed.Version)
	}
	return nil
}

// Seal encrypts the vault as its next version. Version and hash go into the user's
// key chain together with the write. A vault without a slot is not sealed, because
// nobody could open it: the blob is nil and the version stays.
func (v *Vault) Seal() (b []byte, version uint64, hash [32]byte) {
	if len(v.slots) == 0 {
		return nil, v.version, [32]byte{}
	}
	b, err := v.seal(v.version + 1)
	if err != nil {
		return nil, v.version, [32]byte{} // checked when it was set: always encodes
	}
	v.version++
	return b, v.version, Hash(b)
}

func (v *Vault) seal(version uint64) ([]byte, error) {
	secrets, err := strictcbor.Marshal(v.secrets)
	if err != nil {
		return nil, err
	}
	n := len(secrets)
	secrets = append(secrets, make([]byte, max(record.Padded(n+1), minPadded)-n)...)
	secrets[n] = 0x80
	additional, err := v.additionalData(version)
	if err != nil {
		return nil, err
	}
	aead, err := chacha20poly1305.NewX(v.key[:])
	if err != nil {
		return nil, err
	}
	nonce := make([]byte, chacha20poly1305.NonceSizeX)
	_, _ = rand.Read(nonce) // never fails
	h := v.header(version)
	return strictcbor.Marshal(blob{
		h.Format, h.Suite, h.ID, h.Version, h.Slots, nonce, aead.Seal(nil, nonce, secrets, additional),
	})
}

func (v *Vault) header(version uint64) blobHeader {
	h := blobHeader{Format: formatVersion, Suite: suite, ID: v.id, Version: version}
	for _, s := range v.slots {
		h.Slots = append(h.Slots, blobSlot{s.ID, s.Kind, s.Public, s.encapsulated, s.sealed})
	}
	return h
}

func (v *Vault) additionalData(version uint64) ([]byte, error) {
	b, err := strictcbor.Marshal(v.header(version))
	if err != nil {
		return nil, fmt.Errorf("failed to encode the vault's header: %w", err)
	}
	return append([]byte(identity.LabelVault), b...), nil
}
