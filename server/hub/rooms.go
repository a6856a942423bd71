package hub

import (
	"fmt"

	"github.com/gorilla/websocket"

	"github.com/ensemble-sante/ensemble/crypto/identity"
	"github.com/ensemble-sante/ensemble/rooms/wire"
)

// Calls about one room reach its followers in the order in which they are made;
// the caller must not make two at once for the same room.

// Join lets a connection follow a room from after sequence number pos on. One
// that follows already goes on from pos.
func (h *Hub) Join(room identity.ID, c *Conn, pos uint64) {
	c.shard.give(job{kind: jobJoin, room: room, conn: c, seq: pos})
}

// Leave ends what Join began.
func (h *Hub) Leave(room identity.ID, c *Conn) {
	c.shard.give(job{kind: jobLeave, room: room, conn: c})
}

// Push hands consecutive entries of a room to its followers. It keeps the
// slice.
func (h *Hub) Push(room identity.ID, entries []wire.Entry) error {
	if len(entries) == 0 {
		return nil
	}
	last := entries[len(entries)-1].Seq
	p, err := h.prepare(wire.OpEntries, wire.Entries{Room: room, Entries: entries, Last: last})
	if err != nil {
		return err
	}
	p.first, p.last, p.entries = entries[0].Seq, last, entries
	for _, s := range h.shards {
		s.give(job{kind: jobPush, room: room, push: p})
	}
	return nil
}

// Cast hands a frame that is not kept to the followers of a room, without the
// connection that it comes from (nil for none), and only to one device if that
// is not zero. A connection that is slow does not get it.
func (h *Hub) Cast(room identity.ID, op wire.Op, body any, from *Conn, to identity.ID) error {
	p, err := h.prepare(op, body)
	if err != nil {
		return err
	}
	for _, s := range h.shards {
		s.give(job{kind: jobCast, room: room, conn: from, push: p, device: to})
	}
	return nil
}

// Kick ends the following of a room for whom keep says no, before anything that
// is pushed later. Keep and kicked are called on the shards' goroutines.
func (h *Hub) Kick(room identity.ID, keep func(Identity) bool, kicked func(*Conn)) {
	for _, s := range h.shards {
		s.give(job{kind: jobKick, room: room, keep: keep, kicked: kicked})
	}
}

func (h *Hub) prepare(op wire.Op, body any) (*push, error) {
	b, err := h.codec.Encode(op, 0, body)
	if err != nil {
		return nil, err
	}
	frame, err := websocket.NewPreparedMessage(websocket.BinaryMessage, b)
	if err != nil {
		return nil, fmt.Errorf("preparing a frame: %w", err)
	}
	return &push{frame: frame, size: len(b)}, nil
}
