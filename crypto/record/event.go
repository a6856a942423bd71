package record

import (
	"crypto/ed25519"
	"fmt"

	"github.com/ensemble-sante/ensemble/crypto/identity"
	"github.com/ensemble-sante/ensemble/crypto/strictcbor"
)

const (
	eventVersion = 1

	// MaxBody is the most bytes that an event's body may have. Anything larger
	// is a document.
	MaxBody = 1 << 20

	// MaxType is the most bytes that an event's type may have.
	MaxType = 64

	// MaxGroup is the most bytes that an MLS group id may have here.
	MaxGroup = 64

	// MaxEvent is the most bytes that a signed event may have.
	MaxEvent = MaxBody + 1024
)

// Event is something that somebody wrote in a room, as its author's device signs
// it. What the body means is the domain's: Type and Version say which.
type Event struct {
	ID      identity.ID // random, the idempotency key: a repeated one is refused
	Type    string      // lower-case letters, digits, '.', '-', '_'
	Version uint        // of the type, from 1
	Body    []byte
	Author  identity.ID
	Device  identity.ID
	Room    identity.ID
	Group   []byte // MLS group id
	Epoch   uint64 // of the room, under whose key the event is sealed: see EpochID
	Time    int64  // the author's clock, UTC milliseconds: shown, never judged
	Seen    Place  // what the author had last seen of the room's log
}

type event struct {
	Format  uint        `cbor:"1,keyasint"`
	ID      identity.ID `cbor:"2,keyasint"`
	Type    string      `cbor:"3,keyasint"`
	Version uint        `cbor:"4,keyasint"`
	Body    []byte      `cbor:"5,keyasint"`
	Author  identity.ID `cbor:"6,keyasint"`
	Device  identity.ID `cbor:"7,keyasint"`
	Room    identity.ID `cbor:"8,keyasint"`
	Group   []byte      `cbor:"9,keyasint"`
	Epoch   uint64      `cbor:"10,keyasint"`
	Time    int64       `cbor:"11,keyasint"`
	Seen    Place       `cbor:"12,keyasint"`
}

// Check says whether e may be signed: its ids are set, its type is well formed,
// nothing is too large. Errors wrap ErrMalformed or ErrTooLarge.
func (e Event) Check() error {
	switch {
	case e.ID.IsZero() || e.Author.IsZero() || e.Device.IsZero() || e.Room.IsZero():
		return fmt.Errorf("%w event: an id is missing", ErrMalformed)
	case !validType(e.Type) || e.Version == 0:
		return fmt.Errorf("%w event: type or version", ErrMalformed)
	case len(e.Group) == 0 || len(e.Group) > MaxGroup:
		return fmt.Errorf("%w event: group of %d bytes", ErrMalformed, len(e.Group))
	case len(e.Body) > MaxBody:
		return fmt.Errorf("event %w: body of %d bytes, at most %d", ErrTooLarge, len(e.Body), MaxBody)
	}
	return nil
}

func validType(s string) bool {
	if len(s) == 0 || len(s) > MaxType {
		return false
	}
	for _, c := range []byte(s) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '.' && c != '-' && c != '_' {
			return false
		}
	}
	return true
}

// SignEvent returns the bytes of e, signed by its author's device. It returns nil
// for an event that [Event.Check] refuses.
func SignEvent(e Event, key ed25519.PrivateKey) []byte {
	if e.Check() != nil {
		return nil
	}
	payload, err := strictcbor.Marshal(event{
		eventVersion, e.ID, e.Type, e.Version, e.Body, e.Author,
		e.Device, e.Room, e.Group, e.Epoch, e.Time, e.Seen,
	})
	if err != nil {
		return nil // checked fields always encode
	}
	return identity.Signed{Payload: payload, Signature: identity.Sign(key, identity.LabelEvent, payload)}.Bytes()
}

// ParseEvent reads a signed event. Its signature is not checked: verify does, with
// the signature key in the certificate of the device that the event names.
func ParseEvent(b []byte) (e Event, verify func(pub ed25519.PublicKey) error, err error) {
	s, err := identity.ParseSigned(b, MaxEvent)
	if err != nil {
		return Event{}, nil, fmt.Errorf("%w event: %w", ErrMalformed, err)
	}
	var p event
	if err := strictcbor.Unmarshal(s.Payload, &p, MaxEvent); err != nil {
		return Event{}, nil, fmt.Errorf("%w event: %w", ErrMalformed, err)
	}
	if p.Format != eventVersion {
		return Event{}, nil, fmt.Errorf("%w event: format %d", ErrMalformed, p.Format)
	}
	e = Event{
		p.ID, p.Type, p.Version, p.Body, p.Author,
		p.Device, p.Room, p.Group, p.Epoch, p.Time, p.Seen,
	}
	if err := e.Check(); err != nil {
		return Event{}, nil, err
	}
	return e, func(pub ed25519.PublicKey) error {
		if err := s.Verify(pub, identity.LabelEvent); err != nil {
			return fmt.Errorf("event: %w", err)
		}
		return nil
	}, nil
}
