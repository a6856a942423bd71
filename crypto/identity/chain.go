package identity

import (
	"bytes"
	"crypto/ed25519"
	"fmt"
	"slices"

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
	slices.SortFunc(all, func(a, b Device) int { return a.Certificate.Device.Compare(b.Certificate.Device) })
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

// Apply takes in the next entry. Errors wrap ErrMalformed, ErrSignature,
// ErrOutOfOrder, ErrForked, ErrCertificate, ErrRevoked or ErrUnknownDevice, and
// leave the chain as it was.
func (c *KeyChain) Apply(b []byte) error {
	change, err := c.judge(b)
	if err != nil {
		return err
	}
	change()
	c.hashes = append(c.hashes, Hash(LabelKeyChainHash, b))
	return nil
}

// EntryInfo is what an entry says of itself.
type EntryInfo struct {
	User     ID
	Number   uint64
	Previous [32]byte
	Type     EntryType
	Time     int64 // UTC milliseconds, by the author's clock
	Hash     [32]byte
}

// InspectEntry reads an entry without judging it: nothing is verified.
func InspectEntry(b []byte) (EntryInfo, error) {
	_, e, err := parseEntry(b)
	if err != nil {
		return EntryInfo{}, err
	}
	return EntryInfo{e.User, e.Number, e.Previous, e.Type, e.Time, Hash(LabelKeyChainHash, b)}, nil
}

func parseEntry(b []byte) (Signed, entry, error) {
	s, err := ParseSigned(b, MaxEntry)
	if err != nil {
		return Signed{}, entry{}, fmt.Errorf("key chain entry: %w", err)
	}
	var e entry
	if err := strictcbor.Unmarshal(s.Payload, &e, MaxEntry); err != nil {
		return Signed{}, entry{}, fmt.Errorf("%w key chain entry: %w", ErrMalformed, err)
	}
	if e.Version != entryVersion {
		return Signed{}, entry{}, fmt.Errorf("%w key chain entry: version %d", ErrMalformed, e.Version)
	}
	return s, e, nil
}

// judge decides whether b may be the next entry, and returns what it changes.
func (c *KeyChain) judge(b []byte) (change func(), err error) {
	s, e, err := parseEntry(b)
	if err != nil {
		return nil, err
	}
	number, hash := c.Head()
	if e.Number != number+1 {
		return nil, fmt.Errorf("%w: number %d after %d", ErrOutOfOrder, e.Number, number)
	}
	if e.Previous != hash {
		return nil, fmt.Errorf("%w at entry %d", ErrForked, number)
	}
	if e.User.IsZero() || (number > 0 && e.User != c.user) {
		return nil, fmt.Errorf("%w key chain entry: another user", ErrMalformed)
	}
	if (e.Type == EntryInit) != (number == 0) {
		return nil, fmt.Errorf("%w: a chain begins, once, with init", ErrOutOfOrder)
	}
	signer := c.identity
	if e.Type == EntryInit {
		var body initBody
		if err := decodeBody(e.Body, &body); err != nil {
			return nil, err
		}
		signer = body.Identity
		change = func() { c.user, c.identity, c.since, c.devices = e.User, body.Identity, e.Number, map[ID]*Device{} }
	}
	if err := s.Verify(signer, LabelKeyChain); err != nil {
		return nil, fmt.Errorf("key chain entry %d: %w", e.Number, err)
	}
	switch e.Type {
	case EntryInit:
		return change, nil
	case EntryCertify:
		return c.judgeCertify(e)
	case EntryRevoke:
		return c.judgeRevoke(e)
	case EntryRotate:
		return c.judgeRotate(e)
	case EntryVault:
		return c.judgeVault(e)
	}
	return nil, fmt.Errorf("%w key chain entry: type %d", ErrMalformed, e.Type)
}

func (c *KeyChain) judgeCertify(e entry) (func(), error) {
	var body certifyBody
	if err := decodeBody(e.Body, &body); err != nil {
		return nil, err
	}
	cert, err := ParseDeviceCertificate(body.Certificate)
	if err != nil {
		return nil, err
	}
	if err := cert.Verify(); err != nil {
		return nil, err
	}
	if cert.User != e.User || cert.Number != e.Number || !bytes.Equal(cert.IdentityKey, c.identity) {
		return nil, fmt.Errorf("%w: it names another user, entry or identity key", ErrCertificate)
	}
	if _, err := ParseSealKey(body.SealKey); err != nil {
		return nil, err
	}
	if err := cert.CheckSealKey(body.SealKey); err != nil {
		return nil, err
	}
	if d, ok := c.devices[cert.Device]; ok && d.final {
		return nil, fmt.Errorf("%w: %s", ErrRevoked, cert.Device)
	} else if ok && !d.Revoked {
		return nil, fmt.Errorf("%w: the device has a certificate", ErrCertificate)
	}
	return func() { c.devices[cert.Device] = &Device{Certificate: cert, SealKey: body.SealKey} }, nil
}

func (c *KeyChain) judgeRevoke(e entry) (func(), error) {
	var body revokeBody
	if err := decodeBody(e.Body, &body); err != nil {
		return nil, err
	}
	d, ok := c.devices[body.Device]
	if !ok {
		return nil, fmt.Errorf("%w: %s", ErrUnknownDevice, body.Device)
	}
	if d.final {
		return nil, fmt.Errorf("%w: %s", ErrRevoked, body.Device)
	}
	return func() {
		if !d.Revoked {
			d.Revoked, d.RevokedBy = true, e.Number
		}
		d.final = true
	}, nil
}

func (c *KeyChain) judgeRotate(e entry) (func(), error) {
	var body rotateBody
	if err := decodeBody(e.Body, &body); err != nil {
		return nil, err
	}
	for _, old := range append(c.past[:len(c.past):len(c.past)], c.identity) {
		if bytes.Equal(body.Identity, old) {
			return nil, fmt.Errorf("%w key chain entry: the identity key is not new", ErrMalformed)
		}
	}
	msg := rotationMessage(e.User, e.Number, e.Previous)
	if err := Verify(body.Identity, LabelKeyRotation, msg, body.Proof); err != nil {
		return nil, fmt.Errorf("new identity key: %w", err)
	}
	return func() {
		c.past = append(c.past, c.identity)
		c.identity, c.since = body.Identity, e.Number
		for _, d := range c.devices {
			if !d.Revoked {
				d.Revoked, d.RevokedBy = true, e.Number
			}
		}
	}, nil
}

func (c *KeyChain) judgeVault(e entry) (func(), error) {
	var body vaultBody
	if err := decodeBody(e.Body, &body); err != nil {
		return nil, err
	}
	if body.Version == 0 || c.vault != nil && body.Version <= c.vault.Version {
		return nil, fmt.Errorf("%w: vault version %d is not newer", ErrOutOfOrder, body.Version)
	}
	return func() { c.vault = &VaultHead{body.Version, body.Hash} }, nil
}

func decodeBody(b []byte, body any) error {
	if err := strictcbor.Unmarshal(b, body, MaxEntry); err != nil {
		return fmt.Errorf("%w key chain entry: %w", ErrMalformed, err)
	}
	return nil
}

func rotationMessage(user ID, number uint64, previous [32]byte) []byte {
	b := append(make([]byte, 0, 56), user[:]...)
	for i := 7; i >= 0; i-- {
		b = append(b, byte(number>>(8*i)))
	}
	return append(b, previous[:]...)
}
