package identity

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/ensemble-sante/ensemble/crypto/strictcbor"
)

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
	b = binary.BigEndian.AppendUint64(b, number)
	return append(b, previous[:]...)
}
