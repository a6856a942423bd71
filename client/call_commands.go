package client

import (
	"context"
	"encoding/json"
	"time"

	"github.com/ensemble-sante/ensemble/rooms"
	"github.com/ensemble-sante/ensemble/rooms/wire"
)

// callKnock has this device wait in the lobby, and enter when it is admitted.
func callKnock(ctx context.Context, c *Core, args SessionRef) error {
	return c.withRoom(ctx, args.Session, func(e *engine, r *room) error {
		if r.public().Session() == nil {
			return rooms.Errorf(rooms.CodeUnknownRoom, "no such session")
		}
		call := e.callOf(args.Session)
		call.wanted, call.left, call.removed = true, false, ""
		call.said = time.Time{}
		if e.castTo(r, cast{Kind: castKnock, On: true}) == nil {
			call.said = e.cfg.Now()
		}
		if in := e.rooms[call.room]; in != nil {
			in.gone = false
		}
		e.tick(call)
		e.dirtyRoom(args.Session)
		return nil
	})
}

// callLeave takes this device out of the call, or out of the lobby. The others
// remove its leaf.
func callLeave(ctx context.Context, c *Core, args SessionRef) error {
	return c.withRoom(ctx, args.Session, func(e *engine, s *room) error {
		call := e.callOf(args.Session)
		call.wanted, call.left = false, true
		call.hand = nil
		if r := e.rooms[call.room]; r != nil {
			if r.group != nil {
				_ = e.castTo(r, cast{Kind: castLeave}) // silence does the same, later
			}
			if e.online() {
				e.tell(wire.OpUnfollow, wire.RoomRef{Room: r.id})
			}
			e.dropCall(r)
		}
		_ = e.castTo(s, cast{Kind: castKnock}) // likewise
		e.dirtyRoom(args.Session)
		return nil
	})
}

// runningCall finds the call of a session that this device is in.
func (e *engine) runningCall(session ID) (*call, *room, error) {
	c := e.calls[session]
	if c == nil || e.rooms[c.room] == nil || e.rooms[c.room].group == nil {
		return nil, nil, rooms.Errorf(rooms.CodeNotMember, "this device is not in the call")
	}
	return c, e.rooms[c.room], nil
}

func callSignal(ctx context.Context, c *Core, args SignalArgs) error {
	b, err := json.Marshal(args.Signal)
	if err != nil {
		return rooms.Errorf(rooms.CodeMalformed, "signal: %w", err)
	}
	var signal wire.Signal
	if err := c.do(ctx, func(e *engine) error {
		_, r, err := e.runningCall(args.Session)
		if err != nil {
			return err
		}
		signal = wire.Signal{Call: r.id, Signal: b}
		return nil
	}); err != nil {
		return err
	}
	return c.request(ctx, wire.OpSignal, signal, nil)
}

// callContext gives an SFrame context that this device has never used: it is on
// disk before anybody hears of it.
func callContext(ctx context.Context, c *Core, args SessionRef) (CallContext, error) {
	var out CallContext
	err := c.do(ctx, func(e *engine) error {
		_, r, err := e.runningCall(args.Session)
		if err != nil {
			return err
		}
		out = CallContext{Context: e.meta.Contexts, Leaf: uint32(r.group.OwnIndex()), Epoch: r.group.Epoch()}
		e.meta.Contexts++
		e.saveMeta()
		return nil
	})
	return out, err
}

func callHand(ctx context.Context, c *Core, args HandArgs) error {
	return c.do(ctx, func(e *engine) error {
		call, _, err := e.runningCall(args.Session)
		if err != nil {
			return err
		}
		call.dropHand(e.device.user)
		call.hand = nil
		if args.Raised {
			call.hand = &hand{e.device.user, e.serverNow()}
			call.raise(*call.hand)
		}
		e.sayHand(call)
		e.dirtyRoom(args.Session)
		return nil
	})
}

func (e *engine) sayHand(c *call) {
	m := cast{Kind: castHand}
	if c.hand != nil {
		m.On, m.At = true, c.hand.at
	}
	_ = e.castTo(e.rooms[c.room], m) // said again when somebody comes
}
