package client

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/ensemble-sante/ensemble/crypto/identity"
	"github.com/ensemble-sante/ensemble/rooms"
	"github.com/ensemble-sante/ensemble/rooms/wire"
)

// planned is a session being planned, checked and with everybody's keys.
type planned struct {
	args    PlanSessionArgs
	chair   rooms.Party
	parties map[ID]rooms.Party
	items   []ID // rooms, in the order of args.Items
	body    rooms.SessionPlanned
}

// rcpPlan makes the session's room and one room for each item, lets in those
// whose consent covers the case, and has the invitations sent.
func rcpPlan(ctx context.Context, c *Core, args PlanSessionArgs) (SessionRef, error) {
	p, err := c.checkPlan(ctx, args)
	if err != nil {
		return SessionRef{}, err
	}
	session, err := newID(ctx, c, "session")
	if err != nil {
		return SessionRef{}, err
	}
	receipts, err := c.sessionReceipts(ctx, p)
	if err != nil {
		return SessionRef{}, err
	}
	if _, err := c.createRoom(ctx, roomSpec{
		id: session, genesis: rooms.Genesis{Kind: rooms.KindSession, Chair: &p.chair}, receipts: receipts,
	}); err != nil {
		return SessionRef{}, err
	}
	title := rooms.Title{Title: args.Title, Audience: audienceSession}
	if _, err := c.publish(ctx, session, ID{}, rooms.EventTitle, title); err != nil {
		return SessionRef{session}, err
	}
	for i := range args.Items {
		if err := c.openItem(ctx, session, p, i); err != nil {
			return SessionRef{session}, err
		}
	}
	p.fill(1)
	if _, err := c.publish(ctx, session, ID{}, rooms.EventSessionPlanned, p.body); err != nil {
		return SessionRef{session}, err
	}
	_, err = decided(ctx, c, "invited", func() (bool, error) { return true, c.invite(ctx, session) })
	return SessionRef{session}, err
}

// checkPlan refuses a plan with something missing, and finds the keys of those
// invited.
func (c *Core) checkPlan(ctx context.Context, args PlanSessionArgs) (*planned, error) {
	switch {
	case strings.TrimSpace(args.Title) == "":
		return nil, invalidField("title", "a session without a title")
	case args.Starts <= 0:
		return nil, invalidField("starts", "a session without a date")
	case args.Minutes == 0:
		return nil, invalidField("minutes", "a session without a length")
	case args.Zone == "":
		return nil, invalidField("zone", "a session without a time zone")
	case len(args.Items) == 0:
		return nil, invalidField("items", "a session without an item")
	}
	if _, ok := rooms.Rule(args.Type); !ok {
		return nil, invalidField("type", "no such type of RCP")
	}
	p := &planned{args: args, parties: map[ID]rooms.Party{}, items: make([]ID, len(args.Items))}
	var me ID
	if err := c.do(ctx, func(e *engine) error {
		me = e.device.user
		for i, item := range args.Items {
			d := e.rooms[item.Case]
			if d == nil || d.fold == nil || d.fold.Dossier() == nil {
				return invalidField("items", "an item about a case that this device does not know")
			}
			if strings.TrimSpace(item.Question) == "" {
				return invalidField("items", "an item without a question")
			}
			if err := e.mayOpenRoom(d); err != nil {
				return err
			}
			p.items[i] = item.Room
		}
		return nil
	}); err != nil {
		return nil, err
	}
	chairs := 0
	for i, person := range args.Participants {
		if person.User.IsZero() {
			return nil, invalidField("participants", "somebody without an account")
		}
		hash, err := c.keyHash(ctx, person.User)
		if err != nil {
			return nil, err
		}
		p.parties[person.User] = rooms.Party{User: person.User, KeyHash: hash}
		if person.Duty == "" {
			args.Participants[i].Duty = rooms.DutyParticipant
		}
		if person.Duty == rooms.DutyChair {
			p.chair = p.parties[person.User]
			chairs++
		}
		for _, n := range person.Items {
			if n < 0 || n >= len(args.Items) {
				return nil, invalidField("participants", "invited to an item that is not on the agenda")
			}
		}
	}
	if chairs > 1 {
		return nil, invalidField("participants", "a session has one chair")
	}
	if chairs == 0 {
		hash, err := c.keyHash(ctx, me)
		if err != nil {
			return nil, err
		}
		p.chair = rooms.Party{User: me, KeyHash: hash}
		p.parties[me] = p.chair
		all := make([]int, len(args.Items))
		for i := range all {
			all[i] = i
		}
		at := slices.IndexFunc(args.Participants, func(q PlanPersonFields) bool { return q.User == me })
		if at < 0 {
			args.Participants = append(args.Participants, PlanPersonFields{User: me, Items: all})
			at = len(args.Participants) - 1
		}
		args.Participants[at].Duty = rooms.DutyChair
	}
	p.args = args
	return p, c.describePlan(ctx, p)
}

// describePlan gives the participants their names and professions.
func (c *Core) describePlan(ctx context.Context, p *planned) error {
	p.body = rooms.SessionPlanned{
		Title: p.args.Title, Type: p.args.Type, Starts: p.args.Starts, Zone: p.args.Zone, Minutes: p.args.Minutes,
	}
	return c.do(ctx, func(e *engine) error {
		for _, person := range p.args.Participants {
			var who identityHere
			for _, n := range person.Items {
				if d := e.rooms[p.args.Items[n].Case]; d != nil && who.name == "" {
					who = e.who(person.User, d)
				}
			}
			if who.name == "" {
				who = e.who(person.User, nil)
			}
			if who.name == "" {
				return invalidField("participants", "somebody whose name is not known here")
			}
			if who.role == "" {
				who.role = "OTHER"
			}
			p.body.Participants = append(p.body.Participants, rooms.PlannedParticipant{
				User: person.User, Name: who.name, Role: who.role, Duty: person.Duty, Votes: person.Votes,
			})
		}
		return nil
	})
}

// fill puts the items' rooms into the plan.
func (p *planned) fill(sequence uint) {
	p.body.Sequence = sequence
	p.body.Items = nil
	for i, id := range p.items {
		p.body.Items = append(p.body.Items, rooms.PlannedItem{Room: id, Minutes: p.args.Items[i].Minutes})
	}
	for i, person := range p.args.Participants {
		p.body.Participants[i].Items = nil
		for _, n := range person.Items {
			p.body.Participants[i].Items = append(p.body.Participants[i].Items, p.items[n])
		}
	}
}

// covered says whether the case lets a participant in: the person, or somebody
// whose consent stands.
func (e *engine) covered(dossier, user ID) bool {
	d := e.rooms[dossier]
	if d == nil || d.fold == nil || d.fold.Dossier() == nil {
		return false
	}
	if d.public().IsPerson(user) {
		return true
	}
	if _, err := d.public().MayEnter(user, keyOf(d.public(), user), e.serverNow()); err == nil {
		return !d.fold.Dossier().HasRefused(user)
	}
	_, ok := lastConsent(d.fold.Dossier(), user)
	return ok
}

func keyOf(p *rooms.Public, user ID) [32]byte {
	key, _ := p.KeyHash(user)
	return key
}

// sessionReceipts lets into the session those who may be in one of its items.
// A session holds no case content, so their private part says nothing.
func (c *Core) sessionReceipts(ctx context.Context, p *planned) ([]rooms.Receipt, error) {
	var receipts []rooms.Receipt
	err := c.do(ctx, func(e *engine) error {
		me := e.me()
		receipts = []rooms.Receipt{sessionReceipt(me)}
		for _, person := range p.args.Participants {
			if person.User == me.User {
				continue
			}
			in := person.Duty == rooms.DutyChair
			for _, n := range person.Items {
				in = in || e.covered(p.args.Items[n].Case, person.User)
			}
			if in {
				receipts = append(receipts, sessionReceipt(p.parties[person.User]))
			}
		}
		return nil
	})
	return receipts, err
}

func sessionReceipt(p rooms.Party) rooms.Receipt {
	return rooms.Receipt{
		Participant: p, Number: 1, HistoryFrom: 1,
		Private: identity.Hash(identity.LabelReceiptHash, rooms.NewSalt()),
	}
}

// openItem makes the room of one item with the receipts of those whose consent
// covers the case.
func (c *Core) openItem(ctx context.Context, session ID, p *planned, n int) error {
	item := p.args.Items[n]
	id, err := newID(ctx, c, fmt.Sprintf("item %d", n))
	if err != nil {
		return err
	}
	p.items[n] = id
	records, err := decided(ctx, c, fmt.Sprintf("consents of item %d", n), func() ([]rooms.ConsentRecord, error) {
		return c.itemConsents(ctx, id, p, n)
	})
	if err != nil {
		return err
	}
	var (
		person   *rooms.Party
		receipts []rooms.Receipt
		body     rooms.Item
	)
	err = c.do(ctx, func(e *engine) error {
		d := e.rooms[item.Case]
		me := e.me()
		if q, ok := d.public().Person(); ok {
			person = &q
		}
		for _, r := range records {
			hash, err := r.Hash()
			if err != nil {
				return err
			}
			party := p.parties[r.Participant]
			if r.Participant == me.User {
				party = me
			}
			receipts = append(receipts, rooms.Receipt{
				Participant: party, Number: 1, HistoryFrom: 1, Expires: r.Expires, Private: hash,
			})
		}
		plan := e.roomOfKind(item.Case, rooms.KindPlan)
		body = rooms.Item{
			Number: uint(n) + 1, Question: item.Question, Context: item.Context, Requester: item.Requester,
			Person: e.personName(item.Case), Wish: item.Wish, Dossier: item.Case, Type: p.args.Type,
		}
		if body.Requester.IsZero() {
			body.Requester = me.User
		}
		if plan != nil {
			body.Plan = plan.id
		}
		setAttending(&body, d.fold.Dossier())
		return nil
	})
	if err != nil {
		return err
	}
	if _, err := c.createRoom(ctx, roomSpec{
		id: id, receipts: receipts,
		genesis: rooms.Genesis{Kind: rooms.KindItem, Case: item.Case, Person: person, Session: session, Chair: &p.chair},
	}); err != nil {
		return err
	}
	title := rooms.Title{Title: item.Question, Audience: audienceItem, Person: body.Person}
	if _, err := c.publish(ctx, id, ID{}, rooms.EventTitle, title); err != nil {
		return err
	}
	if _, err := c.publish(ctx, id, ID{}, rooms.EventItem, body); err != nil {
		return err
	}
	if _, err := c.publish(ctx, item.Case, ID{}, rooms.EventRoomOpened, rooms.RoomOpened{
		Room: id, Kind: rooms.KindItem, Title: item.Question, Audience: audienceItem, Session: session,
	}); err != nil {
		return err
	}
	for _, r := range records {
		if _, err := c.publish(ctx, item.Case, ID{}, rooms.EventConsentRecorded, r); err != nil {
			return err
		}
	}
	return nil
}

// itemConsents are the consents that let those invited to an item into its room:
// what the case last recorded of each of them, for this room.
func (c *Core) itemConsents(ctx context.Context, room ID, p *planned, n int) (records []rooms.ConsentRecord, err error) {
	err = c.do(ctx, func(e *engine) error {
		d := e.rooms[p.args.Items[n].Case]
		me := e.device.user
		invited := []ID{me}
		for _, q := range p.args.Participants {
			if q.User != me && slices.Contains(q.Items, n) {
				invited = append(invited, q.User)
			}
		}
		for _, user := range invited {
			if d.public().IsPerson(user) {
				continue
			}
			last, ok := lastConsent(d.fold.Dossier(), user)
			if user == me && !ok {
				last = rooms.ConsentRecord{
					Participant: me, Category: rooms.CategoryCareTeam, Basis: rooms.BasisNonOpposition, GivenBy: "PERSON", How: "ORAL",
				}
			} else if !ok {
				continue // shown in the session as not consented: consent.give lets them in
			}
			last.Rooms, last.Numbers, last.Salt = []ID{room}, []uint{1}, rooms.NewSalt()
			last.CollectedBy, last.CollectedOn = me, today(e.cfg.Now())
			records = append(records, last)
		}
		return nil
	})
	return records, err
}

// invite has the server send the invitations to those who may be in the session,
// or to only some of them. A network without mail is no reason to fail: the
// session is in everybody's worklist.
func (c *Core) invite(ctx context.Context, session ID, only ...ID) error {
	var in wire.Invite
	if err := c.withRoom(ctx, session, func(e *engine, r *room) error {
		plan := r.fold.Session()
		if plan == nil || plan.Planned == nil {
			return nil
		}
		b := plan.Planned
		in = wire.Invite{Session: session, Starts: b.Starts, Zone: b.Zone, Minutes: b.Minutes, Sequence: b.Sequence}
		for _, q := range b.Participants {
			if len(only) > 0 && !slices.Contains(only, q.User) || q.User == e.device.user {
				continue
			}
			if r.public().MayDeliver(q.User, e.serverNow()) == nil {
				in.Users = append(in.Users, q.User)
			}
		}
		return nil
	}); err != nil || len(in.Users) == 0 {
		return err
	}
	if err := c.request(ctx, wire.OpInvite, in, nil); err != nil {
		c.cfg.Logger.Warn("invitations were not sent", "room", session.String(), "code", string(rooms.CodeOf(err)))
	}
	return nil
}

func rcpAnswer(ctx context.Context, c *Core, args AnswerArgs) error {
	_, err := c.publish(ctx, args.Session, ID{}, rooms.EventSessionAnswered, rooms.SessionAnswered{Answer: args.Answer})
	return err
}

func rcpOpinion(ctx context.Context, c *Core, args OpinionArgs) error {
	_, err := c.publish(ctx, args.Room, ID{}, rooms.EventOpinion, rooms.Opinion{Text: args.Text})
	return err
}

func itemPosition(ctx context.Context, c *Core, args PositionArgs) error {
	_, err := c.publish(ctx, args.Room, ID{}, rooms.EventPosition, rooms.Position{Position: args.Position, Text: args.Text})
	return err
}

// setAttending names the attending physician of the circle, by whom the quorum
// is judged.
func setAttending(item *rooms.Item, d *rooms.DossierState) {
	for _, p := range d.Circle() {
		if p.Party.Attending {
			item.Attending = p.Party.Party
		}
	}
}
