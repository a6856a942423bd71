package server

import (
	"context"
	"crypto/sha256"
	"slices"

	"github.com/ensemble-sante/ensemble/crypto/record"
	"github.com/ensemble-sante/ensemble/rooms"
	"github.com/ensemble-sante/ensemble/rooms/wire"
	"github.com/ensemble-sante/ensemble/server/appender"
	"github.com/ensemble-sante/ensemble/server/authz"
	"github.com/ensemble-sante/ensemble/server/hub"
)

func (s *Server) hello(ctx context.Context, q *request) error {
	if _, err := body[wire.Hello](s, q); err != nil {
		return err
	}
	rows, err := s.Store.RoomsOf(ctx, q.User[:])
	if err != nil {
		return err
	}
	at := s.Now().UnixMilli()
	w := wire.Welcome{User: q.User, Device: q.Device, Time: at, Node: s.Node}
	if w.Log, err = s.accounts.LogVerifier(ctx); err != nil {
		return err
	}
	for _, r := range rows {
		summary := wire.RoomSummary{
			Room: rooms.ID(r.RoomID), Kind: rooms.Kind(r.Kind), Seq: uint64(r.Seq), Epoch: uint64(r.Epoch), //nolint:gosec // written as such
			Gone: !r.Open || r.Expires != 0 && r.Expires <= at,
		}
		if len(r.CaseID) == len(summary.Case) {
			summary.Case = rooms.ID(r.CaseID)
		}
		w.Rooms = append(w.Rooms, summary)
	}
	return q.done(w)
}

func (s *Server) chain(ctx context.Context, q *request) error {
	in, err := body[wire.ChainRef](s, q)
	if err != nil {
		return err
	}
	entries, err := s.accounts.Chain(ctx, in.User, in.After)
	if err != nil {
		return err
	}
	return q.done(wire.Chain{User: in.User, Entries: entries})
}

func (s *Server) keyLog(ctx context.Context, q *request) error {
	in, err := body[wire.LogQuery](s, q)
	if err != nil {
		return err
	}
	proof, err := s.accounts.Prove(ctx, in)
	if err != nil {
		return err
	}
	return q.done(proof)
}

func (s *Server) chainAppend(ctx context.Context, q *request) error {
	in, err := body[wire.ChainAppend](s, q)
	if err != nil {
		return err
	}
	revoked, err := s.accounts.AppendChain(ctx, q.User, in.Entry)
	if err != nil {
		return err
	}
	_ = q.done(nil) // also to a device that has revoked itself
	if len(revoked) > 0 {
		s.endConnections(func(id hub.Identity) bool { return slices.Contains(revoked, id.Device) })
		s.sessionsChanged(q.User)
		s.media.changed(rooms.ID{})
	}
	return nil
}

func (s *Server) vault(ctx context.Context, q *request) error {
	v, err := s.accounts.Vault(ctx, q.User)
	if err != nil {
		return err
	}
	return q.done(v)
}

func (s *Server) vaultPut(ctx context.Context, q *request) error {
	in, err := body[wire.Vault](s, q)
	if err != nil {
		return err
	}
	if err := s.accounts.PutVault(ctx, q.User, in); err != nil {
		return err
	}
	return q.done(nil)
}

func (s *Server) directory(ctx context.Context, q *request) error {
	in, err := body[wire.DirectoryQuery](s, q)
	if err != nil {
		return err
	}
	list, err := s.accounts.Directory(ctx, in.Users)
	if err != nil {
		return err
	}
	return q.done(wire.Directory{Accounts: list})
}

func (s *Server) access(ctx context.Context, q *request) error {
	in, err := body[wire.RoomRef](s, q)
	if err != nil {
		return err
	}
	if _, err := s.allow(ctx, authz.Access, q.actor(), in.Room, true); err != nil {
		return err
	}
	list, err := s.audit.list(ctx, in.Room)
	if err != nil {
		return err
	}
	return q.done(list)
}

func (s *Server) mailbox(ctx context.Context, q *request) error {
	in, err := body[wire.MailboxAck](s, q)
	if err != nil {
		return err
	}
	box, err := s.feed.Mailbox(ctx, q.Device, in.Done)
	if err != nil {
		return err
	}
	return q.done(box)
}

// maxNot is how many members' grants a device may call wrong.
const maxNot = 16

func (s *Server) askHistory(ctx context.Context, q *request) error {
	in, err := body[wire.HistoryRequest](s, q)
	if err != nil {
		return err
	}
	p, err := s.allow(ctx, authz.AskHistory, q.actor(), in.Room, false)
	if err != nil {
		return err
	}
	if len(in.Epochs) != 2 || in.Epochs[0] > in.Epochs[1] || in.Epochs[1] > p.view.Epoch() {
		return rooms.Errorf(rooms.CodeMalformed, "epochs are the first and the last")
	}
	if from, ok := p.view.HistoryFrom(q.User); !ok || in.Epochs[0] < from {
		return rooms.Errorf(rooms.CodeNotAllowed, "the receipt begins later")
	}
	if len(in.Not) > maxNot {
		return rooms.Errorf(rooms.CodeTooLarge, "at most %d members are passed over", maxNot)
	}
	in.User, in.Device = q.User, q.Device
	if err := s.feed.AskHistory(ctx, in); err != nil {
		return err
	}
	return q.done(nil)
}

// maxGrant is the most bytes of a sealed grant.
const maxGrant = record.MaxGrant

// sendGrant logs a grant and puts it into the recipient's mailbox. Sent again, it
// is logged and kept once.
func (s *Server) sendGrant(ctx context.Context, q *request) error {
	in, err := body[wire.GrantDelivery](s, q)
	if err != nil {
		return err
	}
	if _, err := s.allow(ctx, authz.SendGrant, q.actor(), in.Room, false); err != nil {
		return err
	}
	if len(in.Sealed) == 0 || len(in.Sealed) > maxGrant {
		return rooms.Errorf(rooms.CodeTooLarge, "grant of %d bytes, at most %d", len(in.Sealed), maxGrant)
	}
	statement, _, hash, err := rooms.ParseStatement(in.Statement)
	if err != nil {
		return err
	}
	decoded, err := rooms.DecodeStatement(statement)
	if err != nil {
		return err
	}
	grant, ok := decoded.(*rooms.Grant)
	switch {
	case !ok || len(statement.Rooms) != 1 || statement.Rooms[0] != in.Room:
		return rooms.Errorf(rooms.CodeMalformed, "a grant is logged by a statement of its room")
	case statement.Author != q.User || statement.Device != q.Device:
		return rooms.Errorf(rooms.CodeForgedAuthor, "the statement is another device's")
	case grant.User != in.User || grant.Device != in.Device || grant.Hash != sha256.Sum256(in.Sealed):
		return rooms.Errorf(rooms.CodeChanged, "the statement is of another grant")
	}
	act, err := appender.Statement(in.Statement)
	if err != nil {
		return err
	}
	act.By(q.Device)
	if _, err := s.appender.Append(ctx, act); err != nil {
		return err
	}
	if err := s.feed.SendGrant(ctx, rooms.ID(hash[:16]), in, *grant, q.User, q.Device); err != nil {
		return err
	}
	return q.done(nil)
}
