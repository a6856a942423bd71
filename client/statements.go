package client

import (
	"context"
	"fmt"
	"time"

	"github.com/ensemble-sante/ensemble/crypto/identity"
	"github.com/ensemble-sante/ensemble/crypto/mls"
	"github.com/ensemble-sante/ensemble/crypto/record"
	"github.com/ensemble-sante/ensemble/rooms"
	"github.com/ensemble-sante/ensemble/rooms/wire"
)

// foldTimeout is how long a command waits for its own entry to be folded here
// after the server has acknowledged it.
const foldTimeout = 15 * time.Second

// statement makes and signs a statement about rooms, citing what we have seen of
// each.
func (e *engine) statement(t rooms.StatementType, body any, in ...ID) (payload []byte, hash [32]byte, err error) {
	seen := map[ID]record.Place{}
	for _, id := range in {
		if r := e.rooms[id]; r != nil && r.fold != nil {
			seen[id] = r.place()
		}
	}
	s, err := rooms.NewStatement(t, e.device.user, e.device.key.Device(), e.now(), seen, body, in...)
	if err != nil {
		return nil, hash, err
	}
	return rooms.SignStatement(s, e.account.key)
}

// judge asks the rooms' own logs whether they would take a statement now.
func (e *engine) judge(payload []byte, in ...ID) error {
	for _, id := range in {
		if r := e.rooms[id]; r != nil && r.fold != nil {
			if err := r.public().JudgeStatement(payload, e.serverNow()); err != nil {
				return err
			}
		}
	}
	return nil
}

// state makes a statement, appends it to every room that it names, and waits until
// it is folded here.
func (c *Core) state(ctx context.Context, t rooms.StatementType, body any, in ...ID) error {
	const attempts = 3
	for try := 1; ; try++ {
		var payload []byte
		err := c.do(ctx, func(e *engine) (err error) {
			if payload, _, err = e.statement(t, body, in...); err != nil {
				return err
			}
			return e.judge(payload, in...)
		})
		if err != nil {
			return err
		}
		var placed wire.Placed
		begun(ctx, c)
		err = c.request(ctx, wire.OpAppend, wire.Append{Room: in[0], Kind: record.KindStatement, Payload: payload}, &placed)
		if err == nil {
			return c.folded(ctx, placed)
		}
		if rooms.CodeOf(err) != rooms.CodeUnavailable || try == attempts {
			return err
		}
		select {
		case <-time.After(time.Duration(try) * 500 * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// placeWait is told when a room has been folded up to a place.
type placeWait struct {
	room ID
	seq  uint64
	done chan struct{}
}

// folded waits until every named place is folded here, in rooms that we follow.
func (c *Core) folded(ctx context.Context, placed wire.Placed) error {
	var waits []chan struct{}
	err := c.do(ctx, func(e *engine) error {
		for _, p := range placed.Places {
			r := e.rooms[p.Room]
			if r == nil || r.gone || r.place().Seq >= p.Seq {
				continue
			}
			w := placeWait{p.Room, p.Seq, make(chan struct{})}
			e.places = append(e.places, w)
			waits = append(waits, w.done)
		}
		return nil
	})
	if err != nil {
		return err
	}
	timeout := time.After(foldTimeout)
	for _, w := range waits {
		select {
		case <-w:
		case <-timeout:
			return nil // durable on the server, and on its way here
		case <-ctx.Done():
			return ctx.Err()
		case <-c.stopped:
			return errStopped
		}
	}
	return nil
}

// answerPlaces tells those who wait for a room that it got there.
func (e *engine) answerPlaces(r *room) {
	keep := e.places[:0]
	for _, w := range e.places {
		if w.room == r.id && (r.place().Seq >= w.seq || r.gone || r.broken != "") {
			done := w.done
			e.afterwards(func() { close(done) })
			continue
		}
		keep = append(keep, w)
	}
	e.places = keep
}

// roomSpec is a room to be made.
type roomSpec struct {
	id       ID // fresh if zero
	genesis  rooms.Genesis
	receipts []rooms.Receipt // in this room; the first is one's own
	controls []rooms.Control // in a call: its first statements
	also     []alsoStatement
}

// alsoStatement belongs to the act that makes a room, in other rooms too.
type alsoStatement struct {
	kind rooms.StatementType
	body any
	in   []ID
}

// createRoom makes a room with its MLS group, whose only leaf is this device, and
// waits until it is folded here.
func (c *Core) createRoom(ctx context.Context, spec roomSpec) (ID, error) {
	if spec.id.IsZero() {
		spec.id = identity.NewID()
	}
	var create wire.Create
	there := false
	err := c.do(ctx, func(e *engine) error {
		if r := e.rooms[spec.id]; r != nil && r.fold != nil && undertakingOf(ctx) != nil {
			there = true
			return nil
		}
		client, err := e.mlsClient(e.suites[0])
		if err != nil {
			return err
		}
		if !e.online() {
			return rooms.Errorf(rooms.CodeUnavailable, "not connected")
		}
		group := rooms.GroupID(spec.id, 0)
		g, err := mls.NewGroup(client, group, rooms.GroupExtensions(), time.UnixMilli(e.serverNow()))
		if err != nil {
			return fmt.Errorf("client: making a group: %w", err)
		}
		gen := spec.genesis
		gen.Rules, gen.Suite, gen.Group, gen.Creator = rooms.Rules, uint16(client.Suite), group, e.me()
		if len(gen.Collectors) == 0 {
			gen.Collectors = []rooms.Party{e.me()}
		}
		if gen.GroupInfo, err = g.GroupInfo(nil); err != nil {
			return fmt.Errorf("client: making a group: %w", err)
		}
		r := newRoom(spec.id, gen.Kind)
		first, _, err := e.statement(rooms.StatementGenesis, gen, spec.id)
		if err != nil {
			return err
		}
		create.Statements = [][]byte{first}
		for _, receipt := range spec.receipts {
			receipt.Room = spec.id
			b, _, err := e.statement(rooms.StatementReceipt, receipt, spec.id)
			if err != nil {
				return err
			}
			create.Statements = append(create.Statements, b)
		}
		for _, control := range spec.controls {
			b, _, err := e.statement(rooms.StatementControl, control, spec.id)
			if err != nil {
				return err
			}
			create.Statements = append(create.Statements, b)
		}
		for _, also := range spec.also {
			b, _, err := e.statement(also.kind, also.body, also.in...)
			if err != nil {
				return err
			}
			create.Also = append(create.Also, b)
		}
		r.group, r.window = g, windowStep
		e.rooms[r.id] = r
		e.keepRecordKey(r)
		return nil
	})
	if err != nil || there {
		return spec.id, err
	}
	begun(ctx, c)
	var placed wire.Placed
	if err := c.request(ctx, wire.OpCreate, create, &placed); err != nil {
		_ = c.do(context.WithoutCancel(ctx), func(e *engine) error { e.notCreated(spec.id); return nil })
		if rooms.CodeOf(err) == rooms.CodeConflict && undertakingOf(ctx) != nil {
			// An earlier run of this command made the room, and its entries are on
			// their way here.
			return ID{}, rooms.Errorf(rooms.CodeUnavailable, "%w", err)
		}
		return ID{}, err
	}
	err = c.do(ctx, func(e *engine) error {
		r := e.rooms[spec.id]
		r.known = true
		for _, p := range placed.Places {
			if p.Room == r.id {
				r.last = max(r.last, p.Seq)
			}
		}
		e.follow(r)
		return nil
	})
	if err != nil {
		return ID{}, err
	}
	return spec.id, c.folded(ctx, placed)
}

// notCreated forgets the group of a room that the server did not take. Where the
// room is there all the same, from an earlier attempt, this device enters it as any
// other device does.
func (e *engine) notCreated(id ID) {
	r := e.rooms[id]
	if r == nil {
		return
	}
	e.put(keyKeys+id.String(), nil)
	if !r.known && r.fold == nil {
		delete(e.rooms, id)
		return
	}
	r.group, r.keys = nil, newKeyring()
	e.dirtyRoom(id)
}
