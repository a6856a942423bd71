package server

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ensemble-sante/ensemble/crypto/identity"
	"github.com/ensemble-sante/ensemble/rooms"
	"github.com/ensemble-sante/ensemble/rooms/wire"
	"github.com/ensemble-sante/ensemble/server/authz"
	"github.com/ensemble-sante/ensemble/server/mail"
	"github.com/ensemble-sante/ensemble/server/store"
)

// maxInvited bounds the invitees of one request.
const maxInvited = 200

// invite mails the invitees of a session when it is, with a calendar file. What
// has been mailed already is not mailed again.
func (s *Server) invite(ctx context.Context, q *request) error {
	in, err := body[wire.Invite](s, q)
	if err != nil {
		return err
	}
	p, err := s.allow(ctx, authz.Invite, q.actor(), in.Session, true)
	if err != nil {
		return err
	}
	wrong := func(field, what string) error {
		return &rooms.Error{Code: rooms.CodeInvalid, Field: field, Detail: what}
	}
	switch {
	case p.view.Kind() != rooms.KindSession:
		return rooms.Errorf(rooms.CodeNotAllowed, "invitations are for sessions")
	case s.MailFrom == "":
		return rooms.Errorf(rooms.CodeUnavailable, "this network sends no mail")
	case len(in.Users) == 0 || len(in.Users) > maxInvited:
		return wrong("users", "nobody, or too many, are invited")
	case in.Minutes == 0 || in.Minutes > 24*60:
		return wrong("minutes", "the session lasts too long")
	case in.Sequence > 1<<20:
		return wrong("sequence", "the sequence is too high")
	}
	at := s.Now().UnixMilli()
	users := make([][]byte, len(in.Users))
	for i := range in.Users {
		if !in.Cancel && p.view.MayDeliver(in.Users[i], at) != nil {
			return rooms.Errorf(rooms.CodeNotConsented, "an invitee is not let into the session")
		}
		users[i] = in.Users[i][:]
	}
	written := false
	err = s.Store.Tx(ctx, func(tx *store.Queries) error {
		written = false
		rows, err := tx.MailsOf(ctx, users)
		if err != nil {
			return err
		}
		for _, row := range rows {
			wrote, err := s.inviteOne(ctx, tx, in, rooms.ID(row.UserID), *row.Mail, row.Language)
			if err != nil {
				return err
			}
			written = written || wrote
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("inviting: %w", err)
	}
	if written {
		s.MailWritten()
	}
	return q.done(nil)
}

// inviteOne writes one invitee's mail into the outbox, unless it has been.
func (s *Server) inviteOne(ctx context.Context, tx *store.Queries, in wire.Invite, user rooms.ID, to, language string) (bool, error) {
	_, err := tx.InvitationOf(ctx, store.InvitationOfParams{SessionID: in.Session[:], UserID: user[:]})
	changed := err == nil
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return false, err
	}
	if in.Cancel && !changed {
		return false, nil // never invited: nothing to take back
	}
	n, err := tx.PutInvitation(ctx, store.PutInvitationParams{
		SessionID: in.Session[:], UserID: user[:], Starts: in.Starts, Zone: in.Zone,
		Minutes: int32(in.Minutes), Sequence: int32(in.Sequence), Cancelled: in.Cancel, //nolint:gosec // bounded
	})
	if err != nil || n == 0 {
		return false, err
	}
	m, err := mail.Invitation{
		Session: in.Session.String(), Starts: time.UnixMilli(in.Starts), Minutes: int(in.Minutes), Zone: in.Zone, //nolint:gosec // bounded
		Sequence: int(in.Sequence), Changed: changed, Cancelled: in.Cancel, //nolint:gosec // bounded
		To: to, From: s.MailFrom, Language: language, Network: s.Network,
		Link: s.PublicURL.JoinPath("session", in.Session.String()), Now: s.Now(),
	}.Message()
	if errors.Is(err, mail.ErrInvitation) {
		return false, rooms.Errorf(rooms.CodeInvalid, "%w", err)
	}
	if err != nil {
		return false, err
	}
	id := identity.NewID()
	return true, tx.InsertOutgoingMail(ctx, store.InsertOutgoingMailParams{
		MailID: id[:], UserID: user[:], Recipient: m.To, Subject: m.Subject, Body: m.Text, Calendar: m.Calendar, Method: m.Method,
	})
}
