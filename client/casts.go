package client

import (
	"fmt"

	"github.com/ensemble-sante/ensemble/crypto/mls"
	"github.com/ensemble-sante/ensemble/rooms"
	"github.com/ensemble-sante/ensemble/rooms/wire"
)

// castBlock is how many generations of our sender ratchet are given out between
// two writes of the group's state.
const castBlock = 64

// castState keeps generations of the sender ratchet from being used twice: after
// a restart the device goes on behind all that it may have used. The stored
// group comes with a number of generations that were given out beyond it.
type castState struct {
	used     uint // since the group was last written
	reserved uint // how many of those the stored number covers
}

// reserve is called when the group is written, with all that was used so far in
// it.
func (c *castState) reserve() uint {
	c.used, c.reserved = 0, castBlock
	return castBlock
}

func (c *castState) newEpoch() { c.used, c.reserved = 0, 0 }

// restore skips the generations that may have been used.
func (c *castState) restore(g *mls.Group, ahead uint) error {
	for range ahead {
		if _, err := g.Encrypt(nil, nil); err != nil {
			return fmt.Errorf("client: skipping used generations: %w", err)
		}
	}
	return nil
}

// The kinds of casts: what is said and not kept.
const (
	castTyping = 1
	castCoedit = 2
	castHand   = 3
	castHere   = 4 // a device of a call is still there
	castLeave  = 5 // it leaves
	castKnock  = 6 // somebody waits in the lobby
)

// cast is what a cast carries, inside an MLS PrivateMessage of the room.
type cast struct {
	Kind   uint   `cbor:"1,keyasint"`
	On     bool   `cbor:"2,keyasint,omitempty"`
	Coedit string `cbor:"3,keyasint,omitempty"`
	Data   []byte `cbor:"4,keyasint,omitempty"`
	At     int64  `cbor:"5,keyasint,omitempty"`
}

// castTo encrypts a cast to the members of a room who are online. A room that
// we are not in, or a connection that is down, drops it: nothing is kept of it.
func (e *engine) castTo(r *room, c cast) error {
	if r == nil || r.group == nil || r.fold == nil || !e.online() {
		return rooms.Errorf(rooms.CodeUnavailable, "not in the room now")
	}
	if len(r.public().RemovalPending(e.serverNow())) > 0 || len(r.revoked) > 0 {
		return rooms.Errorf(rooms.CodeRemovalPending, "somebody must be taken out first")
	}
	b, err := encodeState(c)
	if err != nil {
		return err
	}
	if r.lasting() && r.casts.used >= r.casts.reserved {
		e.saveGroup(r) // written before the message leaves
	}
	message, err := r.group.Encrypt(b, nil)
	if err != nil {
		return rooms.Errorf(rooms.CodeUnavailable, "encrypting: %w", err)
	}
	r.casts.used++
	e.tell(wire.OpCast, wire.Cast{Room: r.id, Payload: message})
	return nil
}

// castCame decrypts a cast and believes what the leaf that sent it may say.
func (e *engine) castCame(w wire.Cast) {
	r := e.rooms[w.Room]
	if r == nil || r.group == nil {
		return
	}
	p, err := r.group.Process(w.Payload, e.cfg.Now())
	if err != nil || p.Application == nil {
		return // of an epoch that we have left, or have not reached
	}
	from, ok := e.memberAt(r, p.Application.Sender)
	if !ok || from.Device == e.device.key.Device() {
		return
	}
	var c cast
	if decodeState(p.Application.Data, &c) != nil {
		return
	}
	switch c.Kind {
	case castTyping:
		e.typingCame(r, from.User, c.On)
	case castCoedit:
		e.coeditCame(r, from.User, c)
	case castHand, castHere, castLeave:
		e.callCastCame(r, from, c)
	case castKnock:
		e.knockCame(r, from, c)
	}
}

func (e *engine) memberAt(r *room, leaf mls.LeafIndex) (rooms.LeafMember, bool) {
	for _, m := range r.public().Members() {
		if m.Leaf == leaf {
			return m, true
		}
	}
	return rooms.LeafMember{}, false
}
