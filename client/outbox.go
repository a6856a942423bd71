package client

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ensemble-sante/ensemble/crypto/identity"
	"github.com/ensemble-sante/ensemble/crypto/record"
	"github.com/ensemble-sante/ensemble/rooms"
	"github.com/ensemble-sante/ensemble/rooms/wire"
)

// outbox holds what this device has written and not yet seen in the log. It is
// on disk before anybody hears of it, and an event keeps its id whatever
// happens: so nothing is lost, and nothing is there twice.
type outbox struct {
	items []*outItem // in the order of writing
}

type outItem struct {
	place uint64
	event record.Event // without group, epoch and place seen
	code  rooms.Code   // why it failed; empty while it may go

	sent    bool   // waits for its acknowledgement
	acked   bool   // acknowledged, not yet seen in the log
	after   uint64 // not before the room is past this epoch
	blocked bool   // after counts
	waiting []chan error
}

type storedItem struct {
	ID      ID         `cbor:"1,keyasint"`
	Room    ID         `cbor:"2,keyasint"`
	Type    string     `cbor:"3,keyasint"`
	Version uint       `cbor:"4,keyasint"`
	Body    []byte     `cbor:"5,keyasint"`
	Time    int64      `cbor:"6,keyasint"`
	Code    rooms.Code `cbor:"7,keyasint,omitempty"`
}

func outboxKey(place uint64) string { return fmt.Sprintf("%s%016x", keyOutbox, place) }

func (e *engine) loadOutbox() error {
	pairs, err := e.store.scan(e.ctx, keyOutbox)
	if err != nil {
		return err
	}
	for _, p := range pairs {
		var s storedItem
		if err := decodeState(p.Value, &s); err != nil {
			return err
		}
		place, err := strconv.ParseUint(strings.TrimPrefix(p.Key, keyOutbox), 16, 64)
		if err != nil {
			return fmt.Errorf("%w: %w", errState, err)
		}
		r := e.rooms[s.Room]
		if r != nil && r.fold != nil && r.public().HasID(s.ID) {
			e.put(p.Key, nil) // it came back in the very batch that was lost to us
			continue
		}
		e.outbox.items = append(e.outbox.items, &outItem{place: place, code: s.Code, event: record.Event{
			ID: s.ID, Type: s.Type, Version: s.Version, Body: s.Body, Room: s.Room, Time: s.Time,
			Author: e.device.user, Device: e.device.key.Device(),
		}})
	}
	return nil
}

func (e *engine) saveItem(i *outItem) {
	ev := &i.event
	e.putCBOR(outboxKey(i.place), storedItem{ev.ID, ev.Room, ev.Type, ev.Version, ev.Body, ev.Time, i.code})
}

// write puts an event into the outbox, if the room would take it now, or as soon
// as somebody has been taken out. The id is fresh where it is zero.
func (e *engine) write(r *room, id ID, eventType string, body any) (*outItem, error) {
	switch {
	case r == nil || r.fold == nil:
		return nil, rooms.Errorf(rooms.CodeUnknownRoom, "no such room")
	case r.gone:
		return nil, rooms.Errorf(rooms.CodeNotConsented, "delivery of this room has ended")
	case r.broken != "":
		return nil, rooms.Errorf(r.broken, "the log of this room is broken")
	}
	ev, err := rooms.NewEvent(eventType, e.device.user, e.device.key.Device(), r.id, e.now(), body)
	if err != nil {
		return nil, err
	}
	if !id.IsZero() {
		ev.ID = id
	}
	if len(ev.Body) > rooms.MaxBody {
		return nil, rooms.Errorf(rooms.CodeTooLarge, "%d bytes", len(ev.Body))
	}
	if err := r.fold.May(e.device.user, eventType, ev.Body); err != nil && rooms.CodeOf(err) != rooms.CodeRemovalPending {
		return nil, err
	}
	i := &outItem{place: e.meta.Outbox, event: ev}
	e.meta.Outbox++
	e.saveMeta()
	e.outbox.items = append(e.outbox.items, i)
	e.saveItem(i)
	e.dirtyRoom(r.id)
	return i, nil
}

// find gives the item with an event's id.
func (o *outbox) find(id ID) *outItem {
	for _, i := range o.items {
		if i.event.ID == id {
			return i
		}
	}
	return nil
}

// of gives the items of a room.
func (o *outbox) of(room ID) []*outItem {
	var out []*outItem
	for _, i := range o.items {
		if i.event.Room == room {
			out = append(out, i)
		}
	}
	return out
}

func (e *engine) dropItem(i *outItem, err error) {
	e.outbox.items = slices.DeleteFunc(e.outbox.items, func(j *outItem) bool { return j == i })
	e.put(outboxKey(i.place), nil)
	i.answer(e, err)
	e.dirtyRoom(i.event.Room)
}

// answer tells those who wait that the event stands in the log, or why not, once
// this turn is on disk.
func (i *outItem) answer(e *engine, err error) {
	waiting := i.waiting
	i.waiting = nil
	if len(waiting) > 0 {
		e.afterwards(func() {
			for _, w := range waiting {
				w <- err
			}
		})
	}
}

// considerOutbox sends what a room takes now, in order and one at a time: were
// several on their way, a server that fails for a moment could take the later
// ones and not the earlier.
func (e *engine) considerOutbox(r *room) {
	if len(e.outbox.items) == 0 || !e.online() || r.group == nil || !r.caughtUp || r.attempt != nil {
		return
	}
	p := r.public()
	if r.group.Epoch() != p.Group().Epoch() || len(p.RemovalPending(e.serverNow())) > 0 {
		return
	}
	key, ok := r.keys.RecordKey(p.GroupID(), p.Epoch())
	if !ok {
		return
	}
	for _, i := range e.outbox.of(r.id) {
		switch {
		case i.code != "" || i.acked:
			continue
		case i.sent, i.blocked && i.after >= p.Epoch():
		default:
			i.blocked = false
			e.sendItem(r, i, key)
		}
		return // later ones wait behind it
	}
}

// sendItem signs and seals an event for the room's epoch and sends it.
func (e *engine) sendItem(r *room, i *outItem, key record.Key) {
	p := r.public()
	ev := i.event
	ev.Group, ev.Epoch, ev.Seen = p.GroupID(), p.Epoch(), p.Place()
	payload, err := rooms.SealEvent(ev, e.device.key.SignatureKey(), key)
	if err != nil {
		e.itemFailed(i, rooms.CodeOf(err))
		return
	}
	i.sent = true
	epoch := ev.Epoch
	e.request(wire.OpAppend, wire.Append{Room: r.id, Kind: record.KindEvent, Payload: payload}, func(_ wire.Frame, err error) {
		i.sent = false
		if e.outbox.find(ev.ID) != i {
			return // seen in the log before its acknowledgement
		}
		switch code := rooms.CodeOf(err); code {
		case "", rooms.CodeReplay:
			i.acked = true
			e.dirtyRoom(r.id)
		case rooms.CodeStaleEpoch, rooms.CodeRemovalPending:
			i.blocked, i.after = true, epoch
			e.dirtyRoom(r.id)
		case rooms.CodeUnavailable, rooms.CodeRateLimited, rooms.CodeInternal:
			e.laterRoom(r, time.Second)
		default:
			e.itemFailed(i, code)
		}
	})
}

func (e *engine) itemFailed(i *outItem, code rooms.Code) {
	e.log.Warn("an event was refused", "room", i.event.Room.String(), "code", string(code))
	if i.event.Type != rooms.EventMessage && i.event.Type != rooms.EventDocumentShared {
		// Nobody sees it in a timeline, to send it again or give it up: whoever
		// asked for it hears of it now.
		e.dropItem(i, rooms.Errorf(code, "refused"))
		return
	}
	i.code, i.sent, i.acked = code, false, false
	e.saveItem(i)
	i.answer(e, rooms.Errorf(code, "refused"))
	e.dirtyRoom(i.event.Room)
}

// outboxSees takes an event out of the outbox that stands in the log, in the same
// batch as its entry.
func (e *engine) outboxSees(r *room, w wire.Entry, outcome rooms.Outcome) {
	if len(e.outbox.items) == 0 {
		return
	}
	s, err := rooms.ParseSealedEvent(w.Payload)
	if err != nil {
		return
	}
	i := e.outbox.find(s.ID)
	if i == nil {
		return
	}
	if code := refusedBy(outcome); code != "" {
		e.dropItem(i, rooms.Errorf(code, "refused by the rules of the room"))
		return
	}
	e.dropItem(i, nil)
}

// resetOutbox lets everything go again after a connection was lost.
func (e *engine) resetOutbox() {
	for _, i := range e.outbox.items {
		i.sent, i.acked, i.blocked = false, false, false
	}
}

// failOutbox marks what can no longer be sent because a room has ended for us.
func (e *engine) failOutbox(r *room) {
	for _, i := range e.outbox.of(r.id) {
		if i.code == "" {
			e.itemFailed(i, rooms.CodeNotConsented)
		}
	}
}

// publish writes an event and waits until it stands in the room's log. Without a
// connection it returns when the event is in the outbox, which is durable.
func (c *Core) publish(ctx context.Context, room, id ID, eventType string, body any) (ID, error) {
	wait := make(chan error, 1)
	var written ID
	if u := undertakingOf(ctx); u != nil && id.IsZero() {
		id = u.eventID(room, eventType)
	}
	err := c.do(ctx, func(e *engine) error {
		i := e.outbox.find(id)
		if r := e.rooms[room]; i == nil && !id.IsZero() && r != nil && r.fold != nil && r.public().HasID(id) {
			written = id
			wait <- nil
			return nil
		}
		if i == nil {
			var err error
			if i, err = e.write(e.rooms[room], id, eventType, body); err != nil {
				return err
			}
		}
		written = i.event.ID
		if u := undertakingOf(ctx); u != nil {
			u.began = true
		}
		if e.online() {
			i.waiting = append(i.waiting, wait)
		} else {
			wait <- nil
		}
		return nil
	})
	if err != nil {
		return ID{}, err
	}
	select {
	case err = <-wait:
	case <-ctx.Done():
		err = ctx.Err()
	case <-c.stopped:
		err = errStopped
	case <-time.After(answerTimeout):
		return written, nil // in the outbox: it goes when it can
	}
	if err != nil && !errors.Is(err, context.Canceled) {
		// A command that was refused leaves nothing behind.
		_ = c.do(context.WithoutCancel(ctx), func(e *engine) error {
			if i := e.outbox.find(written); i != nil && i.code != "" {
				e.dropItem(i, nil)
			}
			return nil
		})
	}
	return written, err
}

// retryItem lets a failed event go again; discardItem gives it up.
func (e *engine) retryItem(room, id ID) error {
	i := e.outbox.find(id)
	if i == nil || i.event.Room != room {
		return rooms.Errorf(rooms.CodeUnknown, "no such message in the outbox")
	}
	i.code, i.blocked = "", false
	e.saveItem(i)
	e.dirtyRoom(room)
	return nil
}

func (e *engine) discardItem(room, id ID) error {
	i := e.outbox.find(id)
	if i == nil || i.event.Room != room {
		return rooms.Errorf(rooms.CodeUnknown, "no such message in the outbox")
	}
	if i.sent || i.acked {
		return rooms.Errorf(rooms.CodeConflict, "it is on its way")
	}
	e.dropItem(i, rooms.Errorf(rooms.CodeConflict, "discarded"))
	return nil
}

// derivedID gives the id of an event that several devices may write for the same
// reason, so that it stands in the log once.
func derivedID(label string, parts ...[]byte) ID {
	var msg []byte
	for _, p := range parts {
		msg = append(append(msg, byte(len(p))), p...)
	}
	h := identity.Hash(label, msg)
	return ID(h[:16])
}
