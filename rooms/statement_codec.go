package rooms

import (
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"slices"

	"github.com/ensemble-sante/ensemble/crypto/identity"
	"github.com/ensemble-sante/ensemble/crypto/order"
	"github.com/ensemble-sante/ensemble/crypto/record"
	"github.com/ensemble-sante/ensemble/crypto/strictcbor"
)

// StatementVersion is the version of all statement bodies of this package.
const StatementVersion = 1

// NewStatement gives an unsigned statement with a fresh id and body encoded. The
// rooms are sorted; seen may be nil.
func NewStatement(t StatementType, author, device ID, now int64, seen map[ID]record.Place, body any, rooms ...ID) (Statement, error) {
	b, err := EncodeBody(body)
	if err != nil {
		return Statement{}, err
	}
	rooms = slices.Clone(rooms)
	order.By(rooms, ID.Compare)
	return Statement{
		ID: identity.NewID(), Type: t, Version: StatementVersion, Author: author, Device: device,
		Rooms: slices.Compact(rooms), Time: now, Seen: seen, Body: b,
	}, nil
}

// SignStatement signs a statement with its author's identity key. The payload is
// what the log keeps; hash is by what commits cite it. Errors have CodeMalformed or
// CodeTooLarge.
func SignStatement(s Statement, key identity.UserKey) (payload []byte, hash [32]byte, err error) {
	if key.IsZero() {
		return nil, hash, Errorf(CodeMalformed, "signing a statement without a key")
	}
	if err := s.check(); err != nil {
		return nil, hash, err
	}
	inner, err := strictcbor.Marshal(s)
	if err != nil {
		return nil, hash, Errorf(CodeMalformed, "encoding a statement: %w", err)
	}
	payload, err = strictcbor.Marshal(SignedStatement{
		Statement: inner, Key: key.Public(), Signature: key.Sign(identity.LabelStatement, inner),
	})
	if err != nil {
		return nil, hash, Errorf(CodeMalformed, "encoding a statement: %w", err)
	}
	if len(payload) > MaxStatement {
		return nil, hash, Errorf(CodeTooLarge, "statement of %d bytes, at most %d", len(payload), MaxStatement)
	}
	return payload, StatementHash(payload), nil
}

// ParseStatement reads a signed statement and checks its signature under the key
// that it carries. Whether that key is the author's is the room's log to say. Errors
// have CodeMalformed, CodeTooLarge or CodeBadSignature.
func ParseStatement(payload []byte) (s Statement, key ed25519.PublicKey, hash [32]byte, err error) {
	s, signed, err := decodeStatement(payload)
	if err != nil {
		return Statement{}, nil, hash, err
	}
	if err := identity.Verify(signed.Key, identity.LabelStatement, signed.Statement, signed.Signature); err != nil {
		return Statement{}, nil, hash, Errorf(CodeBadSignature, "statement: %w", err)
	}
	return s, signed.Key, StatementHash(payload), nil
}

// InspectStatement reads a signed statement without checking its signature, to
// route it.
func InspectStatement(payload []byte) (Statement, error) {
	s, _, err := decodeStatement(payload)
	return s, err
}

// StatementHash is the SHA-256 of a signed statement's bytes, by which commits cite
// it. It is also the payload hash of the entry.
func StatementHash(payload []byte) [32]byte { return sha256.Sum256(payload) }

func decodeStatement(payload []byte) (s Statement, signed SignedStatement, err error) {
	if err := unmarshal(payload, &signed, MaxStatement, "statement"); err != nil {
		return s, signed, err
	}
	if err := unmarshal(signed.Statement, &s, MaxStatement, "statement"); err != nil {
		return s, signed, err
	}
	return s, signed, s.check()
}

func (s Statement) check() error {
	switch {
	case s.ID.IsZero() || s.Author.IsZero() || s.Device.IsZero():
		return Errorf(CodeMalformed, "statement: an id is missing")
	case s.Type == "" || len(s.Type) > record.MaxType || s.Version == 0:
		return Errorf(CodeMalformed, "statement: type or version")
	case len(s.Rooms) == 0 || len(s.Rooms) > maxRooms || len(s.Seen) > len(s.Rooms):
		return Errorf(CodeMalformed, "statement: rooms")
	}
	for i, r := range s.Rooms {
		if r.IsZero() || i > 0 && s.Rooms[i-1].Compare(r) >= 0 {
			return Errorf(CodeMalformed, "statement: rooms are not sorted")
		}
	}
	for r := range s.Seen {
		if !s.names(r) {
			return Errorf(CodeMalformed, "statement: a place in a room that it does not name")
		}
	}
	return nil
}

func (s Statement) names(room ID) bool {
	_, ok := slices.BinarySearchFunc(s.Rooms, room, ID.Compare)
	return ok
}

// DecodeStatement reads a statement's body into the type that belongs to it:
// *Genesis, *Receipt, *Withdrawal, *CollectorsChange, *Control, *Grant, *Seal or
// *Freeze. A type or version of a later program has CodeUnknown.
func DecodeStatement(s Statement) (any, error) {
	if s.Version != StatementVersion {
		return nil, Errorf(CodeUnknown, "statement %q of version %d", s.Type, s.Version)
	}
	var body any
	switch s.Type {
	case StatementGenesis:
		body = new(Genesis)
	case StatementReceipt:
		body = new(Receipt)
	case StatementWithdrawal:
		body = new(Withdrawal)
	case StatementCollectors:
		body = new(CollectorsChange)
	case StatementControl:
		body = new(Control)
	case StatementGrant:
		body = new(Grant)
	case StatementSeal:
		body = new(Seal)
	case StatementFreeze:
		body = new(Freeze)
	default:
		return nil, Errorf(CodeUnknown, "statement of unknown type")
	}
	if err := unmarshal(s.Body, body, MaxStatement, "statement body"); err != nil {
		return nil, err
	}
	return body, nil
}

// EncodeBody encodes the body of an event or statement.
func EncodeBody(v any) ([]byte, error) {
	b, err := strictcbor.Marshal(v)
	if err != nil {
		return nil, Errorf(CodeMalformed, "encoding a body: %w", err)
	}
	return b, nil
}

func unmarshal(b []byte, v any, limit int, what string) error {
	err := strictcbor.Unmarshal(b, v, limit)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, strictcbor.ErrTooLarge):
		return Errorf(CodeTooLarge, "%s: %w", what, err)
	}
	return Errorf(CodeMalformed, "%s: %w", what, err)
}
