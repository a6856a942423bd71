// Package record holds what a room keeps: the chain of its log, the signed events
// in it, the sealing of events under the keys of an epoch, and the grants by which
// newcomers get earlier keys.
//
// # The chain
//
// For each entry of a room's log the server makes an [Envelope], and
//
//	chain_0 = 32 zero bytes
//	chain_n = SHA-256(chain_(n-1) ‖ canonical envelope_n)
//
// where the canonical envelope has fixed fields, integers big endian:
//
//	"ensemble envelope 1" ‖ room (16) ‖ seq (8) ‖ time (8) ‖ kind (1) ‖ payload (32)
//
// A [Place] names what an author had last seen, as {1: seq, 2: chain}.
//
// # Events
//
// An [Event] is an [identity.Signed] by the author's device under
// [identity.LabelEvent] of
//
//	{1: version 1, 2: id, 3: type, 4: version of the type, 5: body, 6: author,
//	 7: device, 8: room, 9: group, 10: epoch, 11: time, 12: place seen}
//
// # Sealed records
//
// Stored events are sealed under a [Key] that the MLS group exports in each epoch,
// so that those entitled can read them for twenty years; MLS application messages
// are for what is not kept. From the 32 bytes E of MLS-Exporter("ensemble record",
// room id, 32):
//
//	encryption = HKDF-SHA256(secret E, no salt, info "ensemble record encryption")
//	commitment = HKDF-SHA256(secret encryption, no salt, info "ensemble record commitment")
//
// The commitment follows from the encryption key, so that nobody can hand out
// another key under the same commitment and have one ciphertext read differently
// by two people. A sealed record is
//
//	version 1 (1) ‖ commitment (32) ‖ nonce (24, random) ‖ XChaCha20-Poly1305 ciphertext
//
// with the additional data
//
//	"ensemble record" ‖ version (1) ‖ room (16) ‖ sender (16) ‖ epoch (8)
//	‖ commitment (32) ‖ group (the rest)
//
// and a plaintext followed by 0x80 and zeros up to a length of at least
// [MinPadded] that Padmé allows (https://lbarman.ch/blog/padme/). A reader compares
// the commitment first, in constant time.
//
// # History grants
//
// A [HistoryGrant] is described at its type.
//
// The package does no I/O and reads no clock.
package record

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/ensemble-sante/ensemble/crypto/identity"
)

var (
	// ErrMalformed reports bytes that are not in the expected format, or values
	// that no format allows.
	ErrMalformed = errors.New("malformed")

	// ErrTooLarge reports something larger than its format allows.
	ErrTooLarge = errors.New("too large")

	// ErrWrongKey reports a record that was sealed under another key: its
	// commitment is not ours.
	ErrWrongKey = errors.New("sealed under another key")

	// ErrAltered reports a record or grant that was changed, or that stands in
	// another place than the one it was sealed for.
	ErrAltered = errors.New("altered, or moved to another place")

	// ErrNotRecipient reports a grant that is sealed to another device.
	ErrNotRecipient = errors.New("sealed to another device")
)

// Kind is what an entry of a room's log is.
type Kind uint8

// The kinds of entries.
const (
	KindCommit    Kind = 1 // an MLS handshake, which changes who is in
	KindEvent     Kind = 2 // a signed, sealed Event
	KindStatement Kind = 3 // a signed thing in the clear, which the server must see
)

// Valid says whether k is one of the kinds.
func (k Kind) Valid() bool { return k >= KindCommit && k <= KindStatement }

// String returns the kind's name.
func (k Kind) String() string {
	switch k {
	case KindCommit:
		return "commit"
	case KindEvent:
		return "event"
	case KindStatement:
		return "statement"
	}
	return fmt.Sprintf("kind %d", uint8(k))
}

// Envelope is what the server adds to an entry when it takes its place in the log.
type Envelope struct {
	Room    identity.ID
	Seq     uint64 // from 1, without gaps
	Time    int64  // the server's, UTC milliseconds, never going back
	Kind    Kind
	Payload [32]byte // SHA-256 of the entry's bytes
}

// EnvelopeSize is the length in bytes of a canonical envelope.
const EnvelopeSize = len(identity.LabelEnvelope) + 16 + 8 + 8 + 1 + 32

// Canonical returns the bytes of e that the chain covers.
func (e Envelope) Canonical() []byte {
	return e.appendCanonical(make([]byte, 0, EnvelopeSize))
}

func (e Envelope) appendCanonical(b []byte) []byte {
	b = append(b, identity.LabelEnvelope...)
	b = append(b, e.Room[:]...)
	b = binary.BigEndian.AppendUint64(b, e.Seq)
	b = binary.BigEndian.AppendUint64(b, uint64(e.Time))
	b = append(b, byte(e.Kind))
	return append(b, e.Payload[:]...)
}

// ParseEnvelope reads canonical bytes.
func ParseEnvelope(b []byte) (Envelope, error) {
	const l = len(identity.LabelEnvelope)
	if len(b) != EnvelopeSize || string(b[:l]) != identity.LabelEnvelope {
		return Envelope{}, fmt.Errorf("%w envelope", ErrMalformed)
	}
	b = b[l:]
	e := Envelope{
		Room:    identity.ID(b[:16]),
		Seq:     binary.BigEndian.Uint64(b[16:]),
		Time:    int64(binary.BigEndian.Uint64(b[24:])),
		Kind:    Kind(b[32]),
		Payload: [32]byte(b[33:]),
	}
	if !e.Kind.Valid() || e.Seq == 0 {
		return Envelope{}, fmt.Errorf("%w envelope: kind %d, seq %d", ErrMalformed, e.Kind, e.Seq)
	}
	return e, nil
}

// Next returns the chain after e, where chain is the one before it. It allocates
// nothing.
func Next(chain [32]byte, e Envelope) [32]byte {
	var buf [32 + EnvelopeSize]byte
	return sha256.Sum256(e.appendCanonical(append(buf[:0], chain[:]...)))
}

// Place is a place in a room's log: the chain after the entry at Seq. The zero
// Place is before the first entry. In CBOR {1: seq, 2: chain}.
type Place struct {
	Seq   uint64   `cbor:"1,keyasint"`
	Chain [32]byte `cbor:"2,keyasint"`
}

// Next returns the place of e, which must be the entry after p.
func (p Place) Next(e Envelope) (Place, error) {
	if e.Seq != p.Seq+1 {
		return Place{}, fmt.Errorf("%w: entry %d after %d", ErrMalformed, e.Seq, p.Seq)
	}
	return Place{e.Seq, Next(p.Chain, e)}, nil
}
