package server

import (
	"context"
	"slices"

	"github.com/ensemble-sante/ensemble/crypto/record"
	"github.com/ensemble-sante/ensemble/rooms"
	"github.com/ensemble-sante/ensemble/rooms/wire"
	"github.com/ensemble-sante/ensemble/server/appender"
	"github.com/ensemble-sante/ensemble/server/authz"
)

// append takes an entry; it is answered when it is durable.
func (s *Server) append(ctx context.Context, q *request) error {
	in, err := body[wire.Append](s, q)
	if err != nil {
		return err
	}
	op, ok := authz.OfAppend(in.Kind)
	if !ok {
		return rooms.Errorf(rooms.CodeMalformed, "no such kind of entry")
	}
	if len(in.Payload) > wire.MaxPayload {
		return rooms.Errorf(rooms.CodeTooLarge, "payload of %d bytes, at most %d", len(in.Payload), wire.MaxPayload)
	}
	var act *appender.Act
	switch in.Kind {
	case record.KindCommit:
		act, err = appender.Commit(in.Room, in.Payload, in.GroupInfo)
	case record.KindEvent:
		act, err = appender.Event(in.Room, in.Payload)
	default:
		act, err = appender.Statement(in.Payload)
	}
	if err != nil {
		return err
	}
	if in.Kind == record.KindStatement && !slices.Contains(act.Rooms(), in.Room) {
		return rooms.Errorf(rooms.CodeMalformed, "the statement does not name the room")
	}
	return s.submit(ctx, q, op, act)
}

// create makes a room; it is answered when it is durable.
func (s *Server) create(ctx context.Context, q *request) error {
	in, err := body[wire.Create](s, q)
	if err != nil {
		return err
	}
	act, err := appender.Creation(in)
	if err != nil {
		return err
	}
	// Whoever adds a room to a case or a session has a part in it.
	g := act.Genesis()
	for _, above := range []rooms.ID{g.Case, g.Session, g.Item} {
		if above.IsZero() || g.Kind == rooms.KindDossier {
			continue
		}
		if _, err := s.allow(ctx, authz.AppendStatement, q.actor(), above, false); err != nil {
			return err
		}
	}
	return s.submit(ctx, q, authz.AppendStatement, act)
}

// submit hands an act of the requester's own to the appender.
func (s *Server) submit(ctx context.Context, q *request, op authz.Operation, act *appender.Act) error {
	if author := act.Author(); !author.IsZero() && author != q.User {
		return rooms.Errorf(rooms.CodeForgedAuthor, "the entry is another account's")
	}
	if device := act.Device(); !device.IsZero() && device != q.Device {
		return rooms.Errorf(rooms.CodeForgedAuthor, "the entry is another device's")
	}
	act.By(q.Device)
	for _, room := range act.Rooms() {
		if _, err := s.allow(ctx, op, q.actor(), room, false); err != nil {
			return err
		}
	}
	q.Begin()
	s.appender.Submit(act, func(r appender.Result) {
		defer q.End()
		if r.Err != nil {
			q.Refuse(q.frame.ID, r.Err, r.At)
			return
		}
		q.Reply(q.frame.ID, wire.Placed{Places: r.Places})
	})
	return nil
}

func (s *Server) fetch(ctx context.Context, q *request) error {
	in, err := body[wire.Fetch](s, q)
	if err != nil {
		return err
	}
	if _, err := s.allow(ctx, authz.Fetch, q.actor(), in.Room, true); err != nil {
		return err
	}
	if err := s.audit.read(ctx, q.actor(), in.Room); err != nil {
		return err
	}
	page, err := s.feed.Page(ctx, in)
	if err != nil {
		return err
	}
	return q.done(page)
}

func (s *Server) follow(ctx context.Context, q *request) error {
	in, err := body[wire.Follow](s, q)
	if err != nil {
		return err
	}
	p, err := s.allow(ctx, authz.Follow, q.actor(), in.Room, true)
	if err != nil {
		return err
	}
	if err := s.audit.read(ctx, q.actor(), in.Room); err != nil {
		return err
	}
	return s.feed.Follow(ctx, q.Conn, q.frame.ID, in, p.view) // which answers
}

func (s *Server) unfollow(q *request) error {
	in, err := body[wire.RoomRef](s, q)
	if err != nil {
		return err
	}
	s.feed.Unfollow(q.Conn, in.Room)
	return q.done(nil)
}

func (s *Server) groupInfo(ctx context.Context, q *request) error {
	in, err := body[wire.RoomRef](s, q)
	if err != nil {
		return err
	}
	if _, err := s.allow(ctx, authz.GroupInfo, q.actor(), in.Room, true); err != nil {
		return err
	}
	row, err := s.Store.GroupInfo(ctx, in.Room[:])
	if err != nil {
		return err
	}
	return q.done(wire.GroupInfo{Room: in.Room, Epoch: uint64(row.Epoch), GroupInfo: row.GroupInfo}) //nolint:gosec // counts commits
}

// maxCast is the most bytes of something that is not kept.
const maxCast = 192 << 10

func (s *Server) cast(ctx context.Context, q *request) error {
	in, err := body[wire.Cast](s, q)
	if err != nil {
		return err
	}
	if len(in.Payload) == 0 || len(in.Payload) > maxCast {
		return rooms.Errorf(rooms.CodeTooLarge, "cast of %d bytes, at most %d", len(in.Payload), maxCast)
	}
	if _, err := s.allow(ctx, authz.Cast, q.actor(), in.Room, false); err != nil {
		return err
	}
	in.User, in.Device = q.User, q.Device
	if err := s.feed.Cast(in.Room, wire.OpCasts, in, q.Conn, in.To); err != nil {
		return err
	}
	return q.done(nil)
}

func (s *Server) cursor(ctx context.Context, q *request) error {
	in, err := body[wire.Cursor](s, q)
	if err != nil {
		return err
	}
	if _, err := s.allow(ctx, authz.Cursor, q.actor(), in.Room, false); err != nil {
		return err
	}
	moved, err := s.feed.MoveCursor(ctx, in.Room, q.User, in.Seq)
	if err != nil {
		return err
	}
	if moved {
		in.User = q.User
		if err := s.feed.Cast(in.Room, wire.OpCursorP, in, nil, rooms.ID{}); err != nil {
			return err
		}
	}
	return q.done(nil)
}

func (s *Server) cursors(ctx context.Context, q *request) error {
	in, err := body[wire.RoomRef](s, q)
	if err != nil {
		return err
	}
	if _, err := s.allow(ctx, authz.Cursors, q.actor(), in.Room, false); err != nil {
		return err
	}
	rows, err := s.Store.Cursors(ctx, in.Room[:])
	if err != nil {
		return err
	}
	var list wire.Cursors
	for _, r := range rows {
		list.Cursors = append(list.Cursors, wire.Cursor{Room: in.Room, Seq: uint64(r.Seq), User: rooms.ID(r.UserID)}) //nolint:gosec // counts entries
	}
	return q.done(list)
}
