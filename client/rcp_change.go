package client

import (
	"context"
	"slices"

	"github.com/ensemble-sante/ensemble/rooms"
)

// rcpChange replaces the plan of a session that has not begun: new items get
// their rooms, who is invited anew is let in, who is no longer invited goes out.
func rcpChange(ctx context.Context, c *Core, args ChangeSessionArgs) error {
	var before rooms.SessionPlanned
	if err := c.withRoom(ctx, args.Session, func(e *engine, r *room) error {
		if r.fold.Session() == nil || r.fold.Session().Planned == nil {
			return rooms.Errorf(rooms.CodeUnknownRoom, "no such session")
		}
		before = *r.fold.Session().Planned
		return nil
	}); err != nil {
		return err
	}
	p, err := c.checkPlan(ctx, args.Plan)
	if err != nil {
		return err
	}
	for n, item := range args.Plan.Items {
		if item.Room.IsZero() {
			err = c.openItem(ctx, args.Session, p, n)
		} else {
			err = c.redescribeItem(ctx, p, n)
		}
		if err != nil {
			return err
		}
	}
	p.fill(before.Sequence + 1)
	if err := c.adjustInvitees(ctx, args.Session, before, p); err != nil {
		return err
	}
	if _, err := c.publish(ctx, args.Session, ID{}, rooms.EventSessionPlanned, p.body); err != nil {
		return err
	}
	_, err = decided(ctx, c, "invited", func() (bool, error) { return true, c.invite(ctx, args.Session) })
	return err
}

// redescribeItem writes an item's question again where it changed.
func (c *Core) redescribeItem(ctx context.Context, p *planned, n int) error {
	item := p.args.Items[n]
	var body rooms.Item
	changed := false
	if err := c.withRoom(ctx, item.Room, func(e *engine, r *room) error {
		if r.fold.Item() == nil || r.fold.Item().Opened == nil {
			return rooms.Errorf(rooms.CodeUnknownRoom, "no such item")
		}
		was := r.fold.Item().Opened.Item
		body = was
		body.Number, body.Question, body.Context, body.Wish = uint(n)+1, item.Question, item.Context, item.Wish
		if !item.Requester.IsZero() {
			body.Requester = item.Requester
		}
		changed = body != was
		return nil
	}); err != nil || !changed {
		return err
	}
	_, err := c.publish(ctx, item.Room, ID{}, rooms.EventItem, body)
	return err
}

// adjustInvitees compares who was invited with who is.
func (c *Core) adjustInvitees(ctx context.Context, session ID, before rooms.SessionPlanned, p *planned) error {
	for _, q := range p.body.Participants {
		for _, item := range q.Items {
			if err := c.letIntoItem(ctx, session, item, p.parties[q.User]); err != nil {
				return err
			}
		}
	}
	for _, was := range before.Participants {
		i := slices.IndexFunc(p.body.Participants, func(q rooms.PlannedParticipant) bool { return q.User == was.User })
		var out []ID
		for _, item := range was.Items {
			if i < 0 || !slices.Contains(p.body.Participants[i].Items, item) {
				out = append(out, item)
			}
		}
		if i < 0 {
			out = append(out, session)
		}
		for _, room := range out {
			err := c.state(ctx, rooms.StatementWithdrawal, rooms.Withdrawal{Participant: was.User}, room)
			if err != nil && rooms.CodeOf(err) != rooms.CodeUnknown && rooms.CodeOf(err) != rooms.CodeConflict {
				return err
			}
		}
	}
	return nil
}

// letIntoItem gives an invitee whom the case covers their receipts in an item and
// its session, where they lack them.
func (c *Core) letIntoItem(ctx context.Context, session, item ID, party rooms.Party) error {
	var dossier ID
	if err := c.withRoom(ctx, item, func(_ *engine, r *room) error {
		dossier = r.public().Genesis().Case
		return nil
	}); err != nil {
		return err
	}
	needItem, err := decided(ctx, c, "enter "+item.String()+" "+party.User.String(), func() (need bool, err error) {
		err = c.withRoom(ctx, item, func(e *engine, r *room) error {
			_, err := r.public().MayEnter(party.User, party.KeyHash, e.serverNow())
			need = err != nil && e.covered(dossier, party.User) && !r.public().IsPerson(party.User)
			return nil
		})
		return need, err
	})
	if err != nil {
		return err
	}
	if needItem {
		if err := c.extendConsent(ctx, dossier, party.User, []ID{item}); err != nil {
			return err
		}
	}
	return c.letIntoSession(ctx, session, party, func(e *engine) bool { return e.covered(dossier, party.User) })
}

// letIntoSession gives a receipt in a session to somebody who has none.
func (c *Core) letIntoSession(ctx context.Context, session ID, party rooms.Party, may func(*engine) bool) error {
	var receipt rooms.Receipt
	need := false
	if err := c.withRoom(ctx, session, func(e *engine, r *room) error {
		if _, err := r.public().MayEnter(party.User, party.KeyHash, e.serverNow()); err == nil || !may(e) {
			return nil
		}
		last, _ := r.public().Consent(party.User)
		receipt = sessionReceipt(party)
		receipt.Room, receipt.Number = session, last.Number+1
		probe, _, err := e.statement(rooms.StatementReceipt, receipt, session)
		need = err == nil && e.judge(probe, session) == nil
		return nil
	}); err != nil || !need {
		return err
	}
	if err := c.state(ctx, rooms.StatementReceipt, receipt, session); err != nil {
		return err
	}
	return c.invite(ctx, session, party.User)
}
