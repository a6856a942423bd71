package record

import (
	"bytes"
	"cmp"
	"crypto/ed25519"
	"crypto/hpke"
	"fmt"

	"github.com/ensemble-sante/ensemble/crypto/identity"
	"github.com/ensemble-sante/ensemble/crypto/order"
	"github.com/ensemble-sante/ensemble/crypto/strictcbor"
)

const (
	grantVersion = 1
	grantSuite   = 1 // see HistoryGrant

	// MaxGrantKeys is the most record keys that one grant may hold; a longer
	// history takes several.
	MaxGrantKeys = 1 << 14

	// MaxGrant is the most bytes that a signed grant may have.
	MaxGrant = 2 << 20
)

// EpochID names an epoch of a room. Group holds the bytes of the id of the MLS group
// that the room had in it; Epoch counts the epochs of all its groups, so that no number
// comes twice in a room.
type EpochID struct {
	Group string
	Epoch uint64
}

// HistoryGrant gives one device the record keys of earlier epochs of a room: what
// its user was let into before the device came. Whether the recipient may have
// them is the granter's to judge by the recipient's receipt, before sealing.
//
// Its bytes are an [identity.Signed] by the granter's device under
// [identity.LabelHistoryGrant] of
//
//	{1: header, 2: HPKE encapsulated key, 3: HPKE ciphertext}
//
// whose header is a byte string with
//
//	{1: version 1, 2: suite 1, 3: id, 4: room, 5: granter, 6: granter's device,
//	 7: recipient, 8: recipient's device, 9: SHA-256 of the recipient's seal key,
//	 10: time}
//
// Suite 1 is HPKE (RFC 9180), base mode, KEM MLKEM768X25519 (0x647A), KDF
// HKDF-SHA256, AEAD ChaCha20-Poly1305; info is "ensemble history grant seal", the
// additional data is the header. So the grant is bound to its granter twice, by
// the signature and inside the seal: nobody can pass it off as their own.
//
// The plaintext is a list, ordered by group and epoch, of runs of consecutive
// epochs {1: group, 2: first epoch, 3: keys of 32 bytes each, one after another}.
// Commitments are not sent: they follow from the keys.
type HistoryGrant struct {
	GrantHeader
	Keys map[EpochID]Key
}

// GrantHeader is what a grant shows to everybody: who gives whom something of
// which room.
type GrantHeader struct {
	ID              identity.ID // random; names the grant in the room's log
	Room            identity.ID
	Granter         identity.ID
	GranterDevice   identity.ID
	Recipient       identity.ID
	RecipientDevice identity.ID
	SealHash        [32]byte // SHA-256 of the recipient's public seal key
	Time            int64    // the granter's clock, UTC milliseconds
}

type grantHeader struct {
	Version         uint        `cbor:"1,keyasint"`
	Suite           uint        `cbor:"2,keyasint"`
	ID              identity.ID `cbor:"3,keyasint"`
	Room            identity.ID `cbor:"4,keyasint"`
	Granter         identity.ID `cbor:"5,keyasint"`
	GranterDevice   identity.ID `cbor:"6,keyasint"`
	Recipient       identity.ID `cbor:"7,keyasint"`
	RecipientDevice identity.ID `cbor:"8,keyasint"`
	SealHash        [32]byte    `cbor:"9,keyasint"`
	Time            int64       `cbor:"10,keyasint"`
}

type grantPayload struct {
	Header       []byte `cbor:"1,keyasint"`
	Encapsulated []byte `cbor:"2,keyasint"`
	Ciphertext   []byte `cbor:"3,keyasint"`
}

type grantRun struct {
	Group []byte `cbor:"1,keyasint"`
	First uint64 `cbor:"2,keyasint"`
	Keys  []byte `cbor:"3,keyasint"`
}

// SealGrant seals keys of room for the device of a certificate, whose public seal
// key is in its user's key chain, and signs the grant as the granter's device. The
// certificate must have been checked against that chain. At least one key, at most
// [MaxGrantKeys].
func SealGrant(granter identity.DeviceKey, recipient identity.DeviceCertificate, sealKey []byte,
	room identity.ID, keys map[EpochID]Key, now int64) ([]byte, error) {
	if err := recipient.CheckSealKey(sealKey); err != nil {
		return nil, fmt.Errorf("failed to seal a grant: %w", err)
	}
	public, err := identity.ParseSealKey(sealKey)
	if err != nil {
		return nil, fmt.Errorf("failed to seal a grant: %w", err)
	}
	runs, err := packKeys(keys)
	if err != nil {
		return nil, fmt.Errorf("failed to seal a grant: %w", err)
	}
	header, err := strictcbor.Marshal(grantHeader{
		grantVersion, grantSuite, identity.NewID(), room, granter.User(), granter.Device(),
		recipient.User, recipient.Device, recipient.SealHash, now,
	})
	if err != nil {
		return nil, fmt.Errorf("failed to seal a grant: %w", err)
	}
	enc, sender, err := hpke.NewSender(public, hpke.HKDFSHA256(), hpke.ChaCha20Poly1305(),
		[]byte(identity.LabelHistoryGrantSeal))
	if err != nil {
		return nil, fmt.Errorf("failed to seal a grant: %w", err)
	}
	ciphertext, err := sender.Seal(header, runs)
	if err != nil {
		return nil, fmt.Errorf("failed to seal a grant: %w", err)
	}
	payload, err := strictcbor.Marshal(grantPayload{header, enc, ciphertext})
	if err != nil {
		return nil, fmt.Errorf("failed to seal a grant: %w", err)
	}
	return identity.Signed{
		Payload:   payload,
		Signature: granter.Sign(identity.LabelHistoryGrant, payload),
	}.Bytes(), nil
}

// SealedGrant is a grant as it travels: its header is to be read, its keys are
// not. Nothing of it is to be believed before [SealedGrant.Verify].
type SealedGrant struct {
	GrantHeader
	signed  identity.Signed
	payload grantPayload
}

// ParseGrant reads a sealed grant. Its signature is not checked.
func ParseGrant(b []byte) (*SealedGrant, error) {
	if len(b) > MaxGrant {
		return nil, fmt.Errorf("grant %w: %d bytes, at most %d", ErrTooLarge, len(b), MaxGrant)
	}
	s, err := identity.ParseSigned(b, MaxGrant)
	if err != nil {
		return nil, fmt.Errorf("%w grant: %w", ErrMalformed, err)
	}
	g := &SealedGrant{signed: s}
	if err := strictcbor.Unmarshal(s.Payload, &g.payload, MaxGrant); err != nil {
		return nil, fmt.Errorf("%w grant: %w", ErrMalformed, err)
	}
	var h grantHeader
	if err := strictcbor.Unmarshal(g.payload.Header, &h, 512); err != nil {
		return nil, fmt.Errorf("%w grant: %w", ErrMalformed, err)
	}
	if h.Version != grantVersion || h.Suite != grantSuite {
		return nil, fmt.Errorf("%w grant: version %d, suite %d", ErrMalformed, h.Version, h.Suite)
	}
	g.GrantHeader = GrantHeader{
		h.ID, h.Room, h.Granter, h.GranterDevice, h.Recipient, h.RecipientDevice, h.SealHash, h.Time,
	}
	return g, nil
}

// Verify checks the signature of the granter's device. The certificate must have
// been checked: that it was the granter's at the time, and a member's of the room.
func (g *SealedGrant) Verify(granter identity.DeviceCertificate) error {
	if granter.User != g.Granter || granter.Device != g.GranterDevice {
		return fmt.Errorf("grant: %w: it names another granter", identity.ErrCertificate)
	}
	if err := g.signed.Verify(granter.SignatureKey, identity.LabelHistoryGrant); err != nil {
		return fmt.Errorf("grant: %w", err)
	}
	return nil
}

// Open decrypts the keys. Errors wrap ErrNotRecipient, ErrAltered or ErrMalformed.
// Only [SealedGrant.Verify] says who sealed them; that Room and the groups are those
// that were asked for is the caller's to check, and a key already held is not to be
// replaced: a wrong one opens nothing (ErrWrongKey), but would hide the right one.
func (g *SealedGrant) Open(recipient identity.DeviceKey) (map[EpochID]Key, error) {
	if recipient.User() != g.Recipient || recipient.Device() != g.RecipientDevice ||
		recipient.Keys().SealHash() != g.SealHash {
		return nil, fmt.Errorf("grant: %w", ErrNotRecipient)
	}
	r, err := hpke.NewRecipient(g.payload.Encapsulated, recipient.SealKey(), hpke.HKDFSHA256(),
		hpke.ChaCha20Poly1305(), []byte(identity.LabelHistoryGrantSeal))
	if err != nil {
		return nil, fmt.Errorf("grant: %w", ErrAltered)
	}
	runs, err := r.Open(g.payload.Header, g.payload.Ciphertext)
	if err != nil {
		return nil, fmt.Errorf("grant: %w", ErrAltered)
	}
	return unpackKeys(runs)
}

// OpenGrant reads, verifies and opens a grant in one step: as the recipient's
// device, under the granter's public signature key.
func OpenGrant(recipient identity.DeviceKey, granter ed25519.PublicKey, b []byte) (HistoryGrant, error) {
	g, err := ParseGrant(b)
	if err != nil {
		return HistoryGrant{}, err
	}
	if err := g.signed.Verify(granter, identity.LabelHistoryGrant); err != nil {
		return HistoryGrant{}, fmt.Errorf("grant: %w", err)
	}
	keys, err := g.Open(recipient)
	if err != nil {
		return HistoryGrant{}, err
	}
	return HistoryGrant{g.GrantHeader, keys}, nil
}

// packKeys returns the plaintext of a grant: runs of consecutive epochs in order.
func packKeys(keys map[EpochID]Key) ([]byte, error) {
	if len(keys) == 0 {
		return nil, fmt.Errorf("%w: no keys", ErrMalformed)
	}
	if len(keys) > MaxGrantKeys {
		return nil, fmt.Errorf("%w: %d keys, at most %d", ErrTooLarge, len(keys), MaxGrantKeys)
	}
	ids := make([]EpochID, 0, len(keys))
	for id, k := range keys {
		if len(id.Group) == 0 || len(id.Group) > MaxGroup {
			return nil, fmt.Errorf("%w: group of %d bytes", ErrMalformed, len(id.Group))
		}
		if keyFromEncryption(k.Encryption) != k {
			return nil, fmt.Errorf("%w record key: its commitment is another key's", ErrMalformed)
		}
		ids = append(ids, id)
	}
	order.By(ids, func(a, b EpochID) int {
		return cmp.Or(cmp.Compare(a.Group, b.Group), cmp.Compare(a.Epoch, b.Epoch))
	})
	var runs []grantRun
	for i, id := range ids {
		if i == 0 || ids[i-1].Group != id.Group || ids[i-1].Epoch+1 != id.Epoch {
			runs = append(runs, grantRun{Group: []byte(id.Group), First: id.Epoch})
		}
		run := &runs[len(runs)-1]
		run.Keys = append(run.Keys, keys[id].Bytes()...)
	}
	return strictcbor.Marshal(runs)
}

// unpackKeys accepts exactly what packKeys returns.
func unpackKeys(b []byte) (map[EpochID]Key, error) {
	var runs []grantRun
	if err := strictcbor.Unmarshal(b, &runs, MaxGrant); err != nil {
		return nil, fmt.Errorf("%w grant: %w", ErrMalformed, err)
	}
	keys := make(map[EpochID]Key)
	for _, run := range runs {
		n := len(run.Keys) / KeySize
		if n == 0 || len(run.Keys)%KeySize != 0 || run.First+uint64(n)-1 < run.First {
			return nil, fmt.Errorf("%w grant: run", ErrMalformed)
		}
		if len(keys)+n > MaxGrantKeys {
			return nil, fmt.Errorf("grant %w: more than %d keys", ErrTooLarge, MaxGrantKeys)
		}
		for i := range n {
			id := EpochID{string(run.Group), run.First + uint64(i)}
			keys[id] = keyFromEncryption([32]byte(run.Keys[i*KeySize:]))
		}
	}
	again, err := packKeys(keys)
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(b, again) {
		return nil, fmt.Errorf("%w grant: not ordered", ErrMalformed)
	}
	return keys, nil
}
