package server

import (
	"context"
	"fmt"
	"time"

	"github.com/ensemble-sante/ensemble/rooms"
	"github.com/ensemble-sante/ensemble/server/mail"
	"github.com/ensemble-sante/ensemble/server/store"
)

// An Outbox is where mails wait, in the database. A courier (package mail)
// empties it; the demonstration lists it.
type Outbox struct{ store *store.Store }

// NewOutbox gives the outbox of a database.
func NewOutbox(s *store.Store) *Outbox { return &Outbox{s} }

var _ mail.Outbox = (*Outbox)(nil)

// Take claims mails that are due; see mail.Outbox.
func (o *Outbox) Take(ctx context.Context, most int) ([]mail.Queued, error) {
	rows, err := o.store.TakeMails(ctx, int32(most)) //nolint:gosec // small
	if err != nil {
		return nil, fmt.Errorf("taking mails: %w", err)
	}
	list := make([]mail.Queued, len(rows))
	for i, r := range rows {
		list[i] = mail.Queued{
			Message: mail.Message{To: r.Recipient, Subject: r.Subject, Text: r.Body, Calendar: r.Calendar, Method: r.Method},
			ID:      r.MailID, Attempts: int(r.Attempts),
		}
	}
	return list, nil
}

// Sent says that a mail was handed over.
func (o *Outbox) Sent(ctx context.Context, id []byte) error { return o.store.MailSent(ctx, id) }

// Later says when to try again.
func (o *Outbox) Later(ctx context.Context, id []byte, at time.Time) error {
	return o.store.MailFailed(ctx, store.MailFailedParams{MailID: id, NextAt: at})
}

// GiveUp says that a mail will not be sent.
func (o *Outbox) GiveUp(ctx context.Context, id []byte) error { return o.store.MailGivenUp(ctx, id) }

// Written is a mail as the demonstration shows it.
type Written struct {
	ID   rooms.ID
	User rooms.ID
	At   time.Time
	mail.Message
}

// List gives the newest mails.
func (o *Outbox) List(ctx context.Context, most int) ([]Written, error) {
	rows, err := o.store.Outbox(ctx, int32(most)) //nolint:gosec // small
	if err != nil {
		return nil, fmt.Errorf("listing mails: %w", err)
	}
	list := make([]Written, len(rows))
	for i, r := range rows {
		list[i] = Written{
			ID: rooms.ID(r.MailID), User: rooms.ID(r.UserID), At: r.CreatedAt,
			Message: mail.Message{To: r.Recipient, Subject: r.Subject, Text: r.Body, Calendar: r.Calendar, Method: r.Method},
		}
	}
	return list, nil
}
