package identity

import (
	"crypto/ed25519"
	"fmt"

	"github.com/ensemble-sante/ensemble/crypto/order"
	"github.com/ensemble-sante/ensemble/crypto/strictcbor"
)

// Head names a place in a user's key chain: the number of an entry, counted from
// 1, and its hash. Devices put the newest they know into their MLS leaf, and
// members refuse a lower number than they have seen. In CBOR {1: number, 2: hash}.
type Head struct {
	Number uint64   `cbor:"1,keyasint"`
	Hash   [32]byte `cbor:"2,keyasint"`
}

// Bytes returns the encoding of h.
func (h Head) Bytes() []byte {
	b, err := strictcbor.Marshal(h)
	if err != nil {
		return nil // fields of fixed types always encode
	}
	return b
}

// ParseHead reads what [Head.Bytes] returned.
func ParseHead(b []byte) (Head, error) {
	var h Head
	if err := strictcbor.Unmarshal(b, &h, 64); err != nil {
		return Head{}, fmt.Errorf("%w key chain head: %w", ErrMalformed, err)
	}
	return h, nil
}

// KeyChain is the history of a user's keys: numbered entries, each with the hash
// of the one before and signed by the identity key of its time. The zero KeyChain
// is empty and waits for its init entry.
//
// The Append methods build the next entry and change nothing; [KeyChain.Apply]
// takes it in once the server has accepted it, as it takes in the entries of
// others. An entry that does not fit is refused and changes nothing.
//
// An entry is a [Signed] under [LabelKeyChain] of
//
//	{1: version 1, 2: user, 3: number, 4: hash of the entry before (zeros for the
//	 first), 5: type, 6: time, 7: body}
//
// with a body, itself CBOR in a byte string, by type:
//
//	1 init     {1: identity key}
//	2 certify  {1: device certificate, 2: seal key}
//	3 revoke   {1: device}
//	4 rotate   {1: new identity key, 2: signature by the new key under
//	           LabelKeyRotation over user ‖ number ‖ hash before}
//	5 vault    {1: version, 2: hash}
//
// Numbers in that signature are 8 bytes, big endian. An entry's hash is the
// digest of its bytes, signature included, under [LabelKeyChainHash].
//
// A rotation ends every device: those that stay are certified again by the new
// key. A device that was revoked never comes back.
type KeyChain struct {
	user     ID
	hashes   [][32]byte // of the entries, in order
	identity ed25519.PublicKey
	since    uint64              // number of the entry that set identity
	past     []ed25519.PublicKey // replaced identity keys
	devices  map[ID]*Device
	vault    *VaultHead
}

// Device is what a key chain says of one device.
type Device struct {
	Certificate DeviceCertificate // the newest
	SealKey     []byte            // public, MLKEM768X25519

	// Revoked is set when the device must not be trusted with anything new,
	// from entry RevokedBy on: it was revoked, or its identity key was replaced
	// and the new one has not certified it.
	Revoked   bool
	RevokedBy uint64

	final bool // by a revocation, not by a rotation
}

// VaultHead names the newest state of the user's vault.
type VaultHead struct {
	Version uint64
	Hash    [32]byte
}

// EntryType is what a key-chain entry does.
type EntryType uint8

// The types of entries.
const (
	EntryInit    EntryType = 1
	EntryCertify EntryType = 2
	EntryRevoke  EntryType = 3
	EntryRotate  EntryType = 4
	EntryVault   EntryType = 5
)

const (
	entryVersion = 1

	// MaxEntry is the most bytes that a key-chain entry may have.
	MaxEntry = 4096
)

type entry struct {
	Version  uint      `cbor:"1,keyasint"`
	User     ID        `cbor:"2,keyasint"`
	Number   uint64    `cbor:"3,keyasint"`
	Previous [32]byte  `cbor:"4,keyasint"`
	Type     EntryType `cbor:"5,keyasint"`
	Time     int64     `cbor:"6,keyasint"`
	Body     []byte    `cbor:"7,keyasint"`
}

type initBody struct {
	Identity ed25519.PublicKey `cbor:"1,keyasint"`
}

type certifyBody struct {
	Certificate []byte `cbor:"1,keyasint"`
	SealKey     []byte `cbor:"2,keyasint"`
}

type revokeBody struct {
	Device ID `cbor:"1,keyasint"`
}

type rotateBody struct {
	Identity ed25519.PublicKey `cbor:"1,keyasint"`
	Proof    []byte            `cbor:"2,keyasint"`
}

type vaultBody struct {
	Version uint64   `cbor:"1,keyasint"`
	Hash    [32]byte `cbor:"2,keyasint"`
}

// ReplayKeyChain applies entries, from the first, to an empty chain.
func ReplayKeyChain(entries [][]byte) (*KeyChain, error) {
	c := new(KeyChain)
	for _, b := range entries {
		if err := c.Apply(b); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// User returns whose chain it is; zero while it is empty.
func (c *KeyChain) User() ID { return c.user }

// Head returns the number and hash of the newest entry; zeros while the chain is
// empty.
func (c *KeyChain) Head() (number uint64, hash [32]byte) {
	if len(c.hashes) > 0 {
		hash = c.hashes[len(c.hashes)-1]
	}
	return uint64(len(c.hashes)), hash
}

// Includes checks that this chain contains the entry that a head names: an error
// that wraps ErrForked means that somebody was shown another history, one that
// wraps ErrOutOfOrder that the head is newer than this chain.
func (c *KeyChain) Includes(h Head) error {
	switch {
	case h.Number > uint64(len(c.hashes)):
		return fmt.Errorf("%w: head %d, chain %d", ErrOutOfOrder, h.Number, len(c.hashes))
	case h.Number == 0 && h.Hash == [32]byte{}:
		return nil
	case h.Number == 0 || c.hashes[h.Number-1] != h.Hash:
		return fmt.Errorf("%w at entry %d", ErrForked, h.Number)
	}
	return nil
}

// IdentityKey returns the user's present identity key; nil while the chain is
// empty.
func (c *KeyChain) IdentityKey() ed25519.PublicKey { return c.identity }

// IdentitySince returns the number of the entry that made IdentityKey the user's.
func (c *KeyChain) IdentitySince() uint64 { return c.since }

// Device returns what the chain says of a device; false if it never named it.
func (c *KeyChain) Device(id ID) (Device, bool) {
	d, ok := c.devices[id]
	if !ok {
		return Device{}, false
	}
	return *d, true
}

// Devices returns all devices ever certified, in the order of their ids.
func (c *KeyChain) Devices() []Device {
	all := make([]Device, 0, len(c.devices))
	for _, d := range c.devices {
		all = append(all, *d)
	}
	order.By(all, func(a, b Device) int { return a.Certificate.Device.Compare(b.Certificate.Device) })
	return all
}

// CheckCertificate checks that a certificate shown for a device, in an MLS leaf or
// with a statement, is the one in this chain, and that the device is not revoked.
// Errors wrap ErrUnknownDevice, ErrCertificate or ErrRevoked.
func (c *KeyChain) CheckCertificate(cert DeviceCertificate) error {
	d, ok := c.devices[cert.Device]
	switch {
	case !ok:
		return fmt.Errorf("%w: %s", ErrUnknownDevice, cert.Device)
	case d.Revoked:
		return fmt.Errorf("%w: %s", ErrRevoked, cert.Device)
	case !d.Certificate.Equal(cert):
		return fmt.Errorf("%w: not the one in the key chain", ErrCertificate)
	}
	return nil
}

// CheckLeaf checks what an MLS leaf shows of its device: this chain includes the head
// that it shows, the certificate is the one in this chain, and the device was not
// revoked at that head. Whether it has been revoked since, [KeyChain.Device] says.
// Errors wrap ErrOutOfOrder (the head is newer than this chain), ErrForked,
// ErrUnknownDevice, ErrCertificate or ErrRevoked.
func (c *KeyChain) CheckLeaf(cert DeviceCertificate, head Head) error {
	if err := c.Includes(head); err != nil {
		return err
	}
	d, ok := c.devices[cert.Device]
	switch {
	case !ok || head.Number < cert.Number:
		return fmt.Errorf("%w: %s", ErrUnknownDevice, cert.Device)
	case !d.Certificate.Equal(cert):
		return fmt.Errorf("%w: not the one in the key chain", ErrCertificate)
	case d.Revoked && d.RevokedBy <= head.Number:
		return fmt.Errorf("%w: %s", ErrRevoked, cert.Device)
	}
	return nil
}

// Vault returns the newest vault state that the chain names; false if none.
func (c *KeyChain) Vault() (VaultHead, bool) {
	if c.vault == nil {
		return VaultHead{}, false
	}
	return *c.vault, true
}

// AppendInit builds the first entry of user's chain. The chain must be empty.
func (c *KeyChain) AppendInit(k UserKey, user ID, now int64) ([]byte, error) {
	if len(c.hashes) > 0 {
		return nil, fmt.Errorf("%w: the chain has begun", ErrOutOfOrder)
	}
	return c.append(k, user, EntryInit, now, initBody{k.Public()})
}

// AppendCertify builds the entry that certifies a device, with a certificate made
// for it.
func (c *KeyChain) AppendCertify(k UserKey, device DeviceRequest, now int64) ([]byte, error) {
	number, _ := c.Head()
	cert, err := k.Certify(device, now, number+1)
	if err != nil {
		return nil, err
	}
	return c.append(k, c.user, EntryCertify, now, certifyBody{cert.Bytes(), device.SealKey})
}

// AppendRevoke builds the entry that revokes a device for ever.
func (c *KeyChain) AppendRevoke(k UserKey, device ID, now int64) ([]byte, error) {
	return c.append(k, c.user, EntryRevoke, now, revokeBody{device})
}

// AppendRotate builds the entry that replaces the identity key: signed by the old
// key, and by the new one to show that it is held. The user's devices need new
// certificates after it. A key that was replaced never comes back.
func (c *KeyChain) AppendRotate(old, replacement UserKey, now int64) ([]byte, error) {
	number, hash := c.Head()
	proof := replacement.Sign(LabelKeyRotation, rotationMessage(c.user, number+1, hash))
	return c.append(old, c.user, EntryRotate, now, rotateBody{replacement.Public(), proof})
}

// AppendVault builds the entry that names a written state of the vault.
func (c *KeyChain) AppendVault(k UserKey, version uint64, hash [32]byte, now int64) ([]byte, error) {
	return c.append(k, c.user, EntryVault, now, vaultBody{version, hash})
}

func (c *KeyChain) append(k UserKey, user ID, t EntryType, now int64, body any) ([]byte, error) {
	b, err := strictcbor.Marshal(body)
	if err != nil {
		return nil, fmt.Errorf("failed to build a key chain entry: %w", err)
	}
	number, hash := c.Head()
	payload, err := strictcbor.Marshal(entry{entryVersion, user, number + 1, hash, t, now, b})
	if err != nil {
		return nil, fmt.Errorf("failed to build a key chain entry: %w", err)
	}
	e := Signed{payload, k.Sign(LabelKeyChain, payload)}.Bytes()
	if _, err := c.judge(e); err != nil { // whoever builds an entry learns at once that it is refused
		return nil, fmt.Errorf("failed to build a key chain entry: %w", err)
	}
	return e, nil
}
