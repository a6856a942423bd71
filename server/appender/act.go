package appender

import (
	"crypto/sha256"

	"github.com/ensemble-sante/ensemble/crypto/record"
	"github.com/ensemble-sante/ensemble/rooms"
	"github.com/ensemble-sante/ensemble/rooms/wire"
)

// An Act is appended whole or not at all. It is made by [Event], [Commit],
// [Statement] or [Creation], which check all that can be checked without a
// room's state.
type Act struct {
	items   []item
	author  rooms.ID // zero for a commit: its signature tells
	device  rooms.ID // zero where the act does not name it
	by      rooms.ID // whose session it comes from; zero for none
	create  rooms.ID // the room that it makes; zero for none
	genesis *rooms.Genesis
}

// item is an entry and the rooms that it goes to.
type item struct {
	rooms     []rooms.ID
	id        rooms.ID
	kind      record.Kind
	payload   []byte
	hash      [32]byte
	groupInfo []byte
	control   *rooms.Control // of a session.control statement
}

// maxActs bounds the statements of one creation.
const maxStatements = 256

// Event is an encrypted event for one room.
func Event(room rooms.ID, payload []byte) (*Act, error) {
	s, err := rooms.ParseSealedEvent(payload)
	if err != nil {
		return nil, err
	}
	return &Act{author: s.Author, device: s.Device, items: []item{{
		rooms: []rooms.ID{room}, id: s.ID, kind: record.KindEvent, payload: payload, hash: sha256.Sum256(payload),
	}}}, nil
}

// Commit is an MLS commit with the signed GroupInfo of the epoch that it begins.
func Commit(room rooms.ID, payload, groupInfo []byte) (*Act, error) {
	switch {
	case len(payload) == 0 || len(payload) > rooms.MaxPayload || len(groupInfo) > rooms.MaxPayload:
		return nil, rooms.Errorf(rooms.CodeTooLarge, "commit of %d bytes with a GroupInfo of %d", len(payload), len(groupInfo))
	case len(groupInfo) == 0:
		return nil, rooms.Errorf(rooms.CodeMalformed, "a commit comes with its GroupInfo")
	}
	hash := sha256.Sum256(payload)
	return &Act{items: []item{{
		rooms: []rooms.ID{room}, id: rooms.ID(hash[:16]), kind: record.KindCommit, payload: payload, hash: hash, groupInfo: groupInfo,
	}}}, nil
}

// Statement is a signed statement for every room that it names.
func Statement(payload []byte) (*Act, error) {
	it, s, err := statement(payload)
	if err != nil {
		return nil, err
	}
	if s.Type == rooms.StatementGenesis {
		return nil, rooms.Errorf(rooms.CodeMalformed, "a genesis makes a room: it is not appended to one")
	}
	return &Act{author: s.Author, items: []item{it}}, nil
}

// Creation is a new room: its genesis, further statements of its author, and
// those of other rooms that belong to the same act.
func Creation(c wire.Create) (*Act, error) {
	if len(c.Statements) == 0 || len(c.Statements)+len(c.Also) > maxStatements {
		return nil, rooms.Errorf(rooms.CodeMalformed, "a room begins with its genesis, and with at most %d statements", maxStatements)
	}
	a := new(Act)
	for i, payload := range append(c.Statements[:len(c.Statements):len(c.Statements)], c.Also...) {
		it, s, err := statement(payload)
		if err != nil {
			return nil, err
		}
		if (s.Type == rooms.StatementGenesis) != (i == 0) {
			return nil, rooms.Errorf(rooms.CodeMalformed, "a room begins with its genesis, and has one")
		}
		if i == 0 {
			body, err := rooms.DecodeStatement(s)
			if err != nil {
				return nil, err
			}
			if len(s.Rooms) != 1 {
				return nil, rooms.Errorf(rooms.CodeMalformed, "a genesis names its room only")
			}
			a.genesis = body.(*rooms.Genesis)
			a.create, a.author = s.Rooms[0], s.Author
		} else if s.Author != a.author {
			return nil, rooms.Errorf(rooms.CodeForgedAuthor, "the statements of an act have one author")
		}
		a.items = append(a.items, it)
	}
	return a, nil
}

func statement(payload []byte) (item, rooms.Statement, error) {
	s, _, hash, err := rooms.ParseStatement(payload)
	if err != nil {
		return item{}, s, err
	}
	it := item{rooms: s.Rooms, id: s.ID, kind: record.KindStatement, payload: payload, hash: hash}
	if s.Type == rooms.StatementControl {
		body, err := rooms.DecodeStatement(s)
		if err != nil {
			return item{}, s, err
		}
		it.control = body.(*rooms.Control)
	}
	return it, s, nil
}

// By says which device's session the act comes from: it must not be revoked, and must
// have made the act's commit.
func (a *Act) By(device rooms.ID) { a.by = device }

// Author is who signed the act; zero for a commit, which tells only inside.
func (a *Act) Author() rooms.ID { return a.author }

// Device is the device of an event's author; zero otherwise.
func (a *Act) Device() rooms.ID { return a.device }

// Genesis is how the room begins that the act makes; nil if it makes none.
func (a *Act) Genesis() *rooms.Genesis { return a.genesis }

// Rooms are the existing rooms that the act writes to, each once.
func (a *Act) Rooms() []rooms.ID {
	var list []rooms.ID
	seen := make(map[rooms.ID]bool, 1)
	for _, it := range a.items {
		for _, r := range it.rooms {
			if r != a.create && !seen[r] {
				seen[r] = true
				list = append(list, r)
			}
		}
	}
	return list
}

// size is the number of bytes that the act writes, about.
func (a *Act) size() int {
	n := 0
	for _, it := range a.items {
		n += len(it.rooms)*len(it.payload) + len(it.groupInfo)
	}
	return n
}
