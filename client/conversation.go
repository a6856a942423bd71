package client

import (
	"context"
	"time"

	"github.com/ensemble-sante/ensemble/rooms"
	"github.com/ensemble-sante/ensemble/rooms/wire"
)

// typingFor is how long somebody counts as typing after they said so.
const typingFor = 6 * time.Second

func roomSend(ctx context.Context, c *Core, args SendArgs) (EventRef, error) {
	if args.Text == "" {
		return EventRef{}, invalidField("text", "a message without text")
	}
	var ref EventRef
	err := c.do(ctx, func(e *engine) error {
		r := e.rooms[args.Room]
		i, err := e.write(r, ID{}, rooms.EventMessage, rooms.Message{
			Text: args.Text, ReplyTo: args.ReplyTo, Mentions: args.Mentions,
		})
		if err != nil {
			return err
		}
		if r.draft != "" {
			r.draft = ""
			e.put(keyDraft+r.id.String(), nil)
		}
		ref.ID = i.event.ID
		return nil
	})
	return ref, err
}

func roomEdit(ctx context.Context, c *Core, args EditArgs) error {
	_, err := c.publish(ctx, args.Room, ID{}, rooms.EventMessageEdited, rooms.MessageEdited{
		Target: args.Target, Text: args.Text, Mentions: args.Mentions,
	})
	return err
}

func roomRetract(ctx context.Context, c *Core, args TargetArgs) error {
	_, err := c.publish(ctx, args.Room, ID{}, rooms.EventMessageRetracted, rooms.MessageRetracted{Target: args.Target})
	return err
}

func roomRetry(ctx context.Context, c *Core, args TargetArgs) error {
	return c.do(ctx, func(e *engine) error { return e.retryItem(args.Room, args.Target) })
}

func roomDiscard(ctx context.Context, c *Core, args TargetArgs) error {
	return c.do(ctx, func(e *engine) error { return e.discardItem(args.Room, args.Target) })
}

func roomDraft(ctx context.Context, c *Core, args DraftArgs) error {
	return c.withRoom(ctx, args.Room, func(e *engine, r *room) error {
		if r.draft == args.Text {
			return nil
		}
		r.draft = args.Text
		var b []byte
		if args.Text != "" {
			b = []byte(args.Text)
		}
		e.put(keyDraft+r.id.String(), b)
		e.dirtyRoom(r.id)
		return nil
	})
}

func roomOlder(ctx context.Context, c *Core, args RoomRef) error {
	return c.withRoom(ctx, args.Room, func(e *engine, r *room) error {
		r.window += windowStep
		e.dirtyRoom(r.id)
		return nil
	})
}

func roomTyping(ctx context.Context, c *Core, args RoomRef) error {
	return c.withRoom(ctx, args.Room, func(e *engine, r *room) error {
		if err := e.castTo(r, cast{Kind: castTyping, On: true}); err != nil && rooms.CodeOf(err) != rooms.CodeUnavailable {
			return err
		}
		return nil
	})
}

// roomRead moves our cursor, on this device at once, for others when connected.
func roomRead(ctx context.Context, c *Core, args ReadArgs) error {
	return c.withRoom(ctx, args.Room, func(e *engine, r *room) error {
		seq := min(args.Seq, r.place().Seq)
		if seq <= r.readTo {
			return nil
		}
		r.readTo = seq
		e.saveRoom(r)
		e.tell(wire.OpCursor, wire.Cursor{Room: r.id, Seq: seq})
		e.dirtyRoom(r.id)
		return nil
	})
}

// withRoom runs f on a room that this device knows.
func (c *Core) withRoom(ctx context.Context, id ID, f func(e *engine, r *room) error) error {
	return c.do(ctx, func(e *engine) error {
		r := e.rooms[id]
		if r == nil || r.fold == nil {
			return rooms.Errorf(rooms.CodeUnknownRoom, "no such room")
		}
		return f(e, r)
	})
}

func (e *engine) typingCame(r *room, user ID, on bool) {
	if !on {
		delete(r.typing, user)
	} else {
		r.typing[user] = e.cfg.Now().Add(typingFor)
		e.later(typingFor+100*time.Millisecond, func(e *engine) { e.dirtyRoom(r.id) })
	}
	e.dirtyRoom(r.id)
}

// askCursors asks how far the others have read, after following a room; our own
// cursor goes there if it is further than the server knows.
func (e *engine) askCursors(r *room) {
	if r.kind == rooms.KindCall {
		return
	}
	e.request(wire.OpCursors, wire.RoomRef{Room: r.id}, func(f wire.Frame, err error) {
		var list wire.Cursors
		if err != nil || e.codec.Body(f, &list) != nil {
			return
		}
		own := uint64(0)
		for _, cursor := range list.Cursors {
			cursor.Room = r.id
			if cursor.User == e.device.user {
				own = cursor.Seq
			}
			e.cursorCame(cursor)
		}
		if r.readTo > own {
			e.tell(wire.OpCursor, wire.Cursor{Room: r.id, Seq: r.readTo})
		}
	})
}

func (e *engine) cursorCame(c wire.Cursor) {
	r := e.rooms[c.Room]
	if r == nil || c.Seq <= r.cursors[c.User] {
		return
	}
	r.cursors[c.User] = c.Seq
	if c.User == e.device.user && c.Seq > r.readTo { // read on another device
		r.readTo = c.Seq
		e.saveRoom(r)
	}
	e.dirtyRoom(r.id)
}

// considerProfile presents ourselves in a room that we have entered, once.
func (e *engine) considerProfile(r *room) {
	if r.profileSent || !r.lasting() || r.group == nil || !r.caughtUp || e.account.profile.Name == "" {
		return
	}
	if r.history.lacking && e.cfg.Now().Sub(r.history.asked) < askAgain {
		return // we may have done so on another device
	}
	profile := rooms.Profile(e.account.profile)
	if was, ok := r.fold.Profile(e.device.user); !ok || was != profile {
		if _, err := e.write(r, ID{}, rooms.EventProfile, profile); err != nil {
			e.log.Debug("no profile", "room", r.id.String(), "code", string(rooms.CodeOf(err)))
			return
		}
	}
	r.profileSent = true
	e.saveRoom(r)
}

func invalidField(field, detail string) error {
	return &rooms.Error{Code: rooms.CodeInvalid, Field: field, Detail: detail}
}
