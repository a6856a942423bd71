package client

import (
	"context"
	"slices"

	"github.com/ensemble-sante/ensemble/crypto/identity"
	"github.com/ensemble-sante/ensemble/crypto/order"
	"github.com/ensemble-sante/ensemble/rooms"
)

const (
	historyAll = "ALL"
	historyNow = "NOW"
)

// consentGive lets somebody into rooms of a case: a receipt in each of them, and
// the private part in the dossier.
func consentGive(ctx context.Context, c *Core, args ConsentArgs) error {
	if len(args.Rooms) == 0 {
		return invalidField("rooms", "no room is named")
	}
	if args.History != historyAll && args.History != historyNow {
		return invalidField("history", "ALL or NOW")
	}
	record := rooms.ConsentRecord{
		Participant: args.Party, Rooms: args.Rooms, Salt: rooms.NewSalt(),
		Category: args.Category, Basis: args.Basis, GivenBy: args.GivenBy,
		CollectedOn: args.Date, How: args.How, Leaflet: args.Leaflet, Expires: args.Expires, Note: args.Note,
	}
	if err := c.giveConsent(ctx, args.Case, record, args.History == historyNow); err != nil {
		return err
	}
	return c.alsoSessions(ctx, args.Party, args.Rooms)
}

// alsoSessions lets somebody into the sessions of the items that they were let
// into, where we may.
func (c *Core) alsoSessions(ctx context.Context, user ID, in []ID) error {
	var sessions []ID
	if err := c.do(ctx, func(e *engine) error {
		for _, id := range in {
			if r := e.rooms[id]; r != nil && r.kind == rooms.KindItem && r.fold != nil {
				sessions = append(sessions, r.public().Genesis().Session)
			}
		}
		return nil
	}); err != nil || len(sessions) == 0 {
		return err
	}
	hash, err := c.bindingOf(ctx, user)
	if err != nil || hash == [32]byte{} {
		return err
	}
	for _, id := range sessions {
		err := c.letIntoSession(ctx, id, rooms.Party{User: user, KeyHash: hash}, func(*engine) bool { return true })
		if err != nil && rooms.CodeOf(err) != rooms.CodeUnknownRoom {
			return err
		}
	}
	return nil
}

// giveConsent signs the receipts that a record stands for. Numbers, collector and
// missing dates are filled in.
func (c *Core) giveConsent(ctx context.Context, dossier ID, record rooms.ConsentRecord, fromNow bool) error {
	keyHash, err := c.bindingOf(ctx, record.Participant)
	if err != nil {
		return err
	}
	giving, err := decided(ctx, c, consentName(record), func() (giving, error) { return c.numberConsent(ctx, dossier, record, fromNow) })
	if err != nil {
		return err
	}
	record = giving.Record
	hash, err := record.Hash()
	if err != nil {
		return err
	}
	for i, id := range record.Rooms {
		receipt := rooms.Receipt{
			Participant: rooms.Party{User: record.Participant, KeyHash: keyHash}, Room: id, Number: record.Numbers[i],
			HistoryFrom: giving.From[i], Expires: record.Expires, Private: hash,
		}
		given := false
		if err := c.withRoom(ctx, id, func(_ *engine, r *room) error {
			last, ok := r.public().Consent(record.Participant)
			given = ok && last.Private == hash
			return nil
		}); err != nil {
			return err
		}
		if given {
			continue // before a stop of this device
		}
		if err := c.state(ctx, rooms.StatementReceipt, receipt, id); err != nil {
			return err
		}
		if fromNow {
			if err := c.newEpoch(ctx, id); err != nil {
				return err
			}
		}
	}
	_, err = c.publish(ctx, dossier, ID{}, rooms.EventConsentRecorded, record)
	return err
}

// giving is a consent as it is about to be given: its record, and for each of its
// rooms the first entry that the participant may read.
type giving struct {
	Record rooms.ConsentRecord `cbor:"1,keyasint"`
	From   []uint64            `cbor:"2,keyasint"`
}

// consentName names a consent among those that one command gives.
func consentName(r rooms.ConsentRecord) string {
	name := "consent " + r.Participant.String()
	for _, id := range r.Rooms {
		name += " " + id.String()
	}
	return name
}

// numberConsent completes a record with its collector, date and numbers, and
// checks that the case takes it.
func (c *Core) numberConsent(ctx context.Context, dossier ID, record rooms.ConsentRecord, fromNow bool) (giving, error) {
	from := make([]uint64, len(record.Rooms))
	err := c.withRoom(ctx, dossier, func(e *engine, d *room) error {
		if d.fold.Dossier() == nil {
			return rooms.Errorf(rooms.CodeUnknownRoom, "no such case")
		}
		record.CollectedBy = e.device.user
		if record.CollectedOn == "" {
			record.CollectedOn = today(e.cfg.Now())
		}
		record.Numbers = make([]uint, len(record.Rooms))
		for i, id := range record.Rooms {
			r := e.rooms[id]
			if r == nil || r.fold == nil {
				return rooms.Errorf(rooms.CodeUnknownRoom, "a room that this device does not know")
			}
			if g := r.public().Genesis(); r.kind != rooms.KindSession && g.Case != dossier {
				return rooms.Errorf(rooms.CodeInvalid, "a room of another case")
			}
			last, _ := r.public().Consent(record.Participant)
			record.Numbers[i] = last.Number + 1
			from[i] = 1
			if fromNow {
				from[i] = r.place().Seq + 1
			}
		}
		return d.fold.MayDo(e.device.user, rooms.EventConsentRecorded, record)
	})
	return giving{record, from}, err
}

// newEpoch begins an epoch, so that what is written from now on has keys of its
// own: record keys are granted by epochs. Somebody who enters meanwhile has done
// the same.
func (c *Core) newEpoch(ctx context.Context, id ID) error {
	return c.withRoom(ctx, id, func(e *engine, r *room) error {
		if r.group != nil && r.attempt == nil && r.caughtUp {
			return e.commit(r, nil)
		}
		return nil
	})
}

// bindingOf gives the key hash to which a receipt binds a participant; zero, for
// a pending receipt, where they have no account.
func (c *Core) bindingOf(ctx context.Context, user ID) ([32]byte, error) {
	hash, err := c.keyHash(ctx, user)
	switch rooms.CodeOf(err) {
	case "":
		return hash, nil
	case rooms.CodeUnknown, rooms.CodeBadCertificate, rooms.CodeUnknownRoom:
		var known bool
		if err := c.do(ctx, func(e *engine) error { known = e.hasAccount(user); return nil }); err != nil {
			return hash, err
		}
		if !known {
			return [32]byte{}, nil
		}
	}
	return hash, err
}

func (e *engine) hasAccount(user ID) bool {
	chain := e.chains[user]
	if chain == nil {
		return false
	}
	n, _ := chain.keys.Head()
	return n > 0
}

// extendConsent lets a party whose consent covers the case into further rooms of
// it, on the ground last recorded.
func (c *Core) extendConsent(ctx context.Context, dossier, party ID, in []ID) error {
	var record rooms.ConsentRecord
	err := c.withRoom(ctx, dossier, func(e *engine, d *room) error {
		if d.fold.Dossier() == nil {
			return rooms.Errorf(rooms.CodeUnknownRoom, "no such case")
		}
		last, ok := lastConsent(d.fold.Dossier(), party)
		if !ok {
			return rooms.Errorf(rooms.CodeNotConsented, "no consent covers them in this case")
		}
		record = last
		return nil
	})
	if err != nil {
		return err
	}
	record.Rooms, record.Numbers, record.Salt, record.CollectedOn = in, nil, rooms.NewSalt(), ""
	return c.giveConsent(ctx, dossier, record, false)
}

// lastConsent gives the newest consent of a party that nothing ended.
func lastConsent(d *rooms.DossierState, party ID) (rooms.ConsentRecord, bool) {
	lines := d.Register(party)
	if len(lines) == 0 || d.HasRefused(party) {
		return rooms.ConsentRecord{}, false
	}
	for _, l := range slices.Backward(lines) {
		switch {
		case l.Recorded != nil:
			return *l.Recorded, true
		case l.Ended != nil && len(l.Ended.Rooms) == 0:
			return rooms.ConsentRecord{}, false
		}
	}
	return rooms.ConsentRecord{}, false
}

func consentRefuse(ctx context.Context, c *Core, args RefuseArgs) error {
	_, err := c.publish(ctx, args.Case, ID{}, rooms.EventConsentRefused, rooms.ConsentRefused{
		Party: args.Party, Date: args.Date, Note: args.Note,
	})
	return err
}

// consentWithdraw ends a participant's consent for rooms of a case, or for all of
// them: one statement, which stops delivery at once, and the reason for those who
// may know it.
func consentWithdraw(ctx context.Context, c *Core, args WithdrawArgs) error {
	ended := rooms.ConsentEnded{Participant: args.Party, Reason: args.Reason, Salt: rooms.NewSalt()}
	var in []ID
	var tell bool
	err := c.do(ctx, func(e *engine) error {
		d := e.rooms[args.Case]
		for _, id := range e.roomsOf(args.Case) {
			r := e.rooms[id]
			if len(args.Rooms) > 0 && !slices.Contains(args.Rooms, id) {
				continue
			}
			if r.fold == nil || !r.mayWithdraw(args.Party, e.serverNow()) {
				continue
			}
			in = append(in, id)
		}
		if len(in) == 0 {
			return rooms.Errorf(rooms.CodeUnknown, "there is no consent to withdraw")
		}
		// To whom nothing of a session is left leaves it by the same act, and the call
		// of one of these rooms too.
		in = append(in, e.sessionsLeft(args.Party, in)...)
		for _, r := range e.rooms {
			if r.kind == rooms.KindCall && r.fold != nil && slices.Contains(in, r.public().Genesis().Item) {
				probe, _, err := e.statement(rooms.StatementWithdrawal, rooms.Withdrawal{Participant: args.Party}, r.id)
				if err == nil && e.judge(probe, r.id) == nil {
					in = append(in, r.id)
				}
			}
		}
		if d != nil && d.fold != nil {
			ended.By = "COLLECTOR_FOR_PERSON"
			switch {
			case args.Party == e.device.user:
				ended.By = "PARTICIPANT"
			case d.public().IsPerson(e.device.user):
				ended.By = "PERSON"
			}
			ended.Rooms = in
			tell = d.fold.MayDo(e.device.user, rooms.EventConsentEnded, ended) == nil
		}
		return nil
	})
	if err != nil {
		return err
	}
	withdrawal := rooms.Withdrawal{Participant: args.Party}
	if tell {
		if withdrawal.Private, err = ended.Hash(); err != nil {
			return err
		}
	}
	own := false
	_ = c.do(ctx, func(e *engine) error { own = args.Party == e.device.user; return nil })
	if tell && own {
		// Those who leave the dossier can no longer write there afterwards.
		if _, err := c.publish(ctx, args.Case, ID{}, rooms.EventConsentEnded, ended); err != nil {
			return err
		}
		return c.state(ctx, rooms.StatementWithdrawal, withdrawal, in...)
	}
	if err := c.state(ctx, rooms.StatementWithdrawal, withdrawal, in...); err != nil {
		return err
	}
	if err := c.do(ctx, func(e *engine) error { e.watchWithdrawal(args.Party, in); return nil }); err != nil {
		return err
	}
	if !tell {
		return nil
	}
	// The statement has taken effect, and nobody writes until the keys have
	// changed: the reason waits in the outbox.
	return c.do(ctx, func(e *engine) error {
		_, err := e.write(e.rooms[args.Case], ID{}, rooms.EventConsentEnded, ended)
		return err
	})
}

// mayWithdraw says whether a party's consent stands in a room.
func (r *room) mayWithdraw(party ID, at int64) bool {
	consent, ok := r.public().Consent(party)
	if ok {
		return !consent.Ended
	}
	return r.public().TakesPart(party)
}

// consentCollector adds or removes one of those who may collect consents, in all
// rooms of the case that take it.
func consentCollector(ctx context.Context, c *Core, args CollectorArgs) error {
	change := rooms.CollectorsChange{Remove: []ID{args.Party}}
	if args.Add {
		hash, err := c.keyHash(ctx, args.Party)
		if err != nil {
			return err
		}
		change = rooms.CollectorsChange{Add: []rooms.Party{{User: args.Party, KeyHash: hash}}}
	}
	var in []ID
	err := c.do(ctx, func(e *engine) error {
		for _, id := range e.roomsOf(args.Case) {
			if e.rooms[id].fold == nil {
				continue
			}
			probe, _, err := e.statement(rooms.StatementCollectors, change, id)
			if err == nil {
				err = e.judge(probe, id)
			}
			if err == nil {
				in = append(in, id)
			} else if id == args.Case {
				return err
			}
		}
		if len(in) == 0 {
			return rooms.Errorf(rooms.CodeNotAllowed, "not for this account")
		}
		return nil
	})
	if err != nil {
		return err
	}
	return c.state(ctx, rooms.StatementCollectors, change, in...)
}

// roomsOf gives the rooms of a case that this device knows, the dossier first.
func (e *engine) roomsOf(dossier ID) []ID {
	var out []ID
	for id, r := range e.rooms {
		if r.fold == nil || r.kind == rooms.KindCall {
			continue
		}
		if id == dossier || r.public().Genesis().Case == dossier {
			out = append(out, id)
		}
	}
	order.By(out, func(a, b ID) int {
		if (a == dossier) != (b == dossier) {
			if a == dossier {
				return -1
			}
			return 1
		}
		return identity.ID.Compare(a, b)
	})
	return out
}
