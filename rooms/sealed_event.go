package rooms

import (
	"bytes"
	"crypto/ed25519"
	"errors"

	"github.com/ensemble-sante/ensemble/crypto/record"
	"github.com/ensemble-sante/ensemble/crypto/strictcbor"
)

// EventVersion is the version of all event bodies of this package.
const EventVersion = 1

// Keys finds record keys of a room. A reader who was not let into an epoch has none
// for it.
type Keys interface {
	RecordKey(group []byte, epoch uint64) (record.Key, bool)
}

// Granted are Keys of which some are known only because members have granted them, and
// may be wrong. They are asked where RecordKey has none; an event that none of them
// opens is one without a key.
type Granted interface {
	Keys
	GrantedKeys(group []byte, epoch uint64) []record.Key
}

// NewEvent gives an unsigned event with a fresh id and body encoded; group, epoch and
// the place seen are set when it is sealed.
func NewEvent(eventType string, author, device, room ID, now int64, body any) (record.Event, error) {
	b, err := EncodeBody(body)
	if err != nil {
		return record.Event{}, err
	}
	return record.Event{
		ID: newID(), Type: eventType, Version: EventVersion, Body: b,
		Author: author, Device: device, Room: room, Time: now,
	}, nil
}

// SealEvent signs an event with its device's signature key and seals it under the
// record key of the epoch that it names. The payload is what the log keeps. An event
// whose epoch has gone by is sealed again under the same id.
func SealEvent(ev record.Event, device ed25519.PrivateKey, key record.Key) (payload []byte, err error) {
	if len(ev.Body) > MaxBody {
		return nil, Errorf(CodeTooLarge, "body of %d bytes, at most %d", len(ev.Body), MaxBody)
	}
	if err := ev.Check(); err != nil {
		return nil, Errorf(CodeMalformed, "sealing an event: %w", err)
	}
	sealed, err := key.Seal(record.Header{Room: ev.Room, Group: ev.Group, Epoch: ev.Epoch, Sender: ev.Device},
		record.SignEvent(ev, device))
	if err != nil {
		return nil, Errorf(CodeMalformed, "sealing an event: %w", err)
	}
	payload, err = strictcbor.Marshal(SealedEvent{
		ID: ev.ID, Author: ev.Author, Device: ev.Device, Group: ev.Group, Epoch: ev.Epoch, Sealed: sealed,
	})
	if err != nil {
		return nil, Errorf(CodeMalformed, "encoding a sealed event: %w", err)
	}
	return payload, nil
}

// ParseSealedEvent reads an event as the server stores it. Errors have CodeMalformed
// or CodeTooLarge.
func ParseSealedEvent(payload []byte) (SealedEvent, error) {
	var s SealedEvent
	if err := unmarshal(payload, &s, MaxPayload, "event"); err != nil {
		return SealedEvent{}, err
	}
	switch {
	case s.ID.IsZero() || s.Author.IsZero() || s.Device.IsZero():
		return SealedEvent{}, Errorf(CodeMalformed, "event: an id is missing")
	case len(s.Group) == 0 || len(s.Group) > record.MaxGroup:
		return SealedEvent{}, Errorf(CodeMalformed, "event: group of %d bytes", len(s.Group))
	}
	return s, nil
}

// OpenEvent decrypts a stored event of a room, and checks that what is inside is what
// the outside says and is signed by the device's key. Errors have CodeUnknown (no
// key), CodeChanged (does not open under the key), CodeMalformed or CodeForgedAuthor.
func OpenEvent(s SealedEvent, room ID, signer ed25519.PublicKey, keys Keys) (record.Event, error) {
	header := record.Header{Room: room, Group: s.Group, Epoch: s.Epoch, Sender: s.Device}
	var plain []byte
	err := record.ErrWrongKey
	key, certain := keys.RecordKey(s.Group, s.Epoch)
	if certain {
		plain, err = key.Open(header, s.Sealed)
	} else if granted, ok := keys.(Granted); ok {
		for _, key := range granted.GrantedKeys(s.Group, s.Epoch) {
			if plain, err = key.Open(header, s.Sealed); !errors.Is(err, record.ErrWrongKey) {
				break
			}
		}
	}
	if !certain && errors.Is(err, record.ErrWrongKey) {
		return record.Event{}, Errorf(CodeUnknown, "no record key for epoch %d", s.Epoch)
	}
	if err != nil {
		return record.Event{}, Errorf(CodeChanged, "opening an event: %w", err)
	}
	ev, verify, err := record.ParseEvent(plain)
	if err != nil {
		return record.Event{}, Errorf(CodeMalformed, "reading an event: %w", err)
	}
	if ev.ID != s.ID || ev.Author != s.Author || ev.Device != s.Device || ev.Room != room ||
		ev.Epoch != s.Epoch || !bytes.Equal(ev.Group, s.Group) {
		return record.Event{}, Errorf(CodeForgedAuthor, "event: inside and outside disagree")
	}
	if err := verify(signer); err != nil {
		return record.Event{}, Errorf(CodeForgedAuthor, "event is not signed by its device: %w", err)
	}
	return ev, nil
}
