package client

import (
	"context"
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
	session := identity.NewID()
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
	return SessionRef{session}, c.invite(ctx, session)
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
	id := identity.NewID()
	p.items[n] = id
	var (
		records  []rooms.ConsentRecord
		receipts []rooms.Receipt
		person   *rooms.Party
		body     rooms.Item
	)
	err := c.do(ctx, func(e *engine) error {
		d := e.rooms[item.Case]
		me := e.me()
		if q, ok := d.public().Person(); ok {
			person = &q
		}
		invited := []rooms.Party{me}
		for _, q := range p.args.Participants {
			if q.User != me.User && slices.Contains(q.Items, n) {
				invited = append(invited, p.parties[q.User])
			}
		}
		for _, q := range invited {
			if d.public().IsPerson(q.User) {
				continue
			}
			last, ok := lastConsent(d.fold.Dossier(), q.User)
			if q.User == me.User && !ok {
				last = rooms.ConsentRecord{
					Participant: me.User, Category: rooms.CategoryCareTeam, Basis: rooms.BasisNonOpposition, GivenBy: "PERSON", How: "ORAL",
				}
			} else if !ok {
				continue // shown in the session as not consented: consent.give lets them in
			}
			last.Rooms, last.Numbers, last.Salt = []ID{id}, []uint{1}, rooms.NewSalt()
			last.CollectedBy, last.CollectedOn = me.User, today(e.cfg.Now())
			hash, err := last.Hash()
			if err != nil {
				return err
			}
			records = append(records, last)
			receipts = append(receipts, rooms.Receipt{
				Participant: q, Number: 1, HistoryFrom: 1, Expires: last.Expires, Private: hash,
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
	return c.invite(ctx, args.Session)
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
	var needItem bool
	if err := c.withRoom(ctx, item, func(e *engine, r *room) error {
		dossier = r.public().Genesis().Case
		_, err := r.public().MayEnter(party.User, party.KeyHash, e.serverNow())
		needItem = err != nil && e.covered(dossier, party.User) && !r.public().IsPerson(party.User)
		return nil
	}); err != nil {
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

// control states one act of the chair in the session's log, and in the call's.
func (c *Core) control(ctx context.Context, session ID, control rooms.Control, alsoCall ID) error {
	in := []ID{session}
	if !alsoCall.IsZero() {
		in = append(in, alsoCall)
	}
	return c.state(ctx, rooms.StatementControl, control, in...)
}

// sessionState reads how a session runs.
func (c *Core) sessionState(ctx context.Context, session ID) (s rooms.SessionState, err error) {
	err = c.withRoom(ctx, session, func(_ *engine, r *room) error {
		if r.public().Session() == nil {
			return rooms.Errorf(rooms.CodeUnknownRoom, "no such session")
		}
		s = *r.public().Session()
		return nil
	})
	return s, err
}

func rcpOpen(ctx context.Context, c *Core, args SessionRef) error {
	return c.control(ctx, args.Session, rooms.Control{Op: rooms.ControlOpen}, ID{})
}

func rcpClose(ctx context.Context, c *Core, args SessionRef) error {
	if err := c.endRunning(ctx, args.Session); err != nil {
		return err
	}
	if err := c.control(ctx, args.Session, rooms.Control{Op: rooms.ControlClose}, ID{}); err != nil {
		return err
	}
	return c.do(ctx, func(e *engine) error {
		if _, ok := e.meta.Lobby[args.Session]; ok {
			delete(e.meta.Lobby, args.Session)
			e.saveMeta()
		}
		return nil
	})
}

// endRunning ends the item that runs, if one does.
func (c *Core) endRunning(ctx context.Context, session ID) error {
	s, err := c.sessionState(ctx, session)
	if err != nil || s.Status != rooms.SessionRunningStatus {
		return err
	}
	return rcpEndItem(ctx, c, ItemArgs{session, s.Current})
}

// rcpStartItem makes the call of an item, ends the one before, and admits those
// whom the chair has let into the session and who may be in this item.
func rcpStartItem(ctx context.Context, c *Core, args ItemArgs) error {
	s, err := c.sessionState(ctx, args.Session)
	if err != nil {
		return err
	}
	if s.Status == rooms.SessionPlannedStatus {
		if err := rcpOpen(ctx, c, SessionRef{args.Session}); err != nil {
			return err
		}
	}
	if err := c.endRunning(ctx, args.Session); err != nil {
		return err
	}
	call := identity.NewID()
	var genesis rooms.Genesis
	if err := c.withRoom(ctx, args.Item, func(e *engine, r *room) error {
		me := e.me()
		if chair, ok := r.public().Chair(); !ok || chair != me {
			return rooms.Errorf(rooms.CodeNotAllowed, "the chair starts an item")
		}
		genesis = rooms.Genesis{Kind: rooms.KindCall, Session: args.Session, Item: args.Item, Chair: &me}
		e.callOf(args.Session).wanted = true
		return nil
	}); err != nil {
		return err
	}
	start := rooms.Control{Op: rooms.ControlStartItem, Item: args.Item, Call: call}
	if _, err := c.createRoom(ctx, roomSpec{
		id: call, genesis: genesis,
		also: []alsoStatement{{rooms.StatementControl, start, []ID{args.Session}}},
	}); err != nil {
		return err
	}
	var admit []ID
	if err := c.do(ctx, func(e *engine) error {
		admit = slices.Clone(e.meta.Lobby[args.Session])
		return nil
	}); err != nil {
		return err
	}
	for _, user := range admit {
		if err := c.admit(ctx, args.Session, args.Item, call, user); err != nil {
			switch rooms.CodeOf(err) {
			case rooms.CodeNotConsented, rooms.CodeWithdrawn, rooms.CodeExpired, rooms.CodeConflict:
				continue // not for this item: they wait in the lobby
			}
			return err
		}
	}
	return nil
}

// admit states that somebody may enter a call.
func (c *Core) admit(ctx context.Context, session, item, call, user ID) error {
	var control rooms.Control
	if err := c.withRoom(ctx, item, func(e *engine, r *room) error {
		s := e.rooms[session]
		if s == nil || s.fold == nil {
			return rooms.Errorf(rooms.CodeUnknownRoom, "no such session")
		}
		if plan := s.fold.Session(); plan.Planned != nil && !plan.Invited(user, item) {
			return rooms.Errorf(rooms.CodeNotConsented, "not invited to this item")
		}
		key := keyOf(r.public(), user)
		control = rooms.Control{Op: rooms.ControlAdmit, Item: item, Call: call, User: user, KeyHash: key}
		return rooms.CheckAdmission(s.public(), r.public(), user, key, e.serverNow())
	}); err != nil {
		return err
	}
	return c.control(ctx, session, control, call)
}

// rcpAdmit lets somebody out of the lobby: into the item that runs, and into
// those that follow and that they may see.
func rcpAdmit(ctx context.Context, c *Core, args AdmitArgs) error {
	if err := c.withRoom(ctx, args.Session, func(e *engine, r *room) error {
		if chair, ok := r.public().Chair(); !ok || chair != e.me() {
			return rooms.Errorf(rooms.CodeNotAllowed, "the chair admits")
		}
		if e.meta.Lobby == nil {
			e.meta.Lobby = map[ID][]ID{}
		}
		if list := e.meta.Lobby[args.Session]; !slices.Contains(list, args.User) {
			e.meta.Lobby[args.Session] = append(list, args.User)
			e.saveMeta()
		}
		e.dirtyRoom(args.Session)
		return nil
	}); err != nil {
		return err
	}
	s, err := c.sessionState(ctx, args.Session)
	if err != nil || s.Status != rooms.SessionRunningStatus || s.IsAdmitted(args.User) {
		return err
	}
	return c.admit(ctx, args.Session, s.Current, s.Call, args.User)
}

// rcpRemove takes somebody out of the call.
func rcpRemove(ctx context.Context, c *Core, args AdmitArgs) error {
	if err := c.do(ctx, func(e *engine) error {
		list := e.meta.Lobby[args.Session]
		if i := slices.Index(list, args.User); i >= 0 {
			e.meta.Lobby[args.Session] = slices.Delete(list, i, i+1)
			e.saveMeta()
			e.dirtyRoom(args.Session)
		}
		return nil
	}); err != nil {
		return err
	}
	s, err := c.sessionState(ctx, args.Session)
	if err != nil || s.Status != rooms.SessionRunningStatus || !s.IsAdmitted(args.User) {
		return err
	}
	return c.control(ctx, args.Session, rooms.Control{Op: rooms.ControlRemove, Call: s.Call, Item: s.Current, User: args.User}, s.Call)
}

// rcpEndItem writes the attendance record, from those who were in the call, and
// closes it.
func rcpEndItem(ctx context.Context, c *Core, args ItemArgs) error {
	s, err := c.sessionState(ctx, args.Session)
	if err != nil {
		return err
	}
	if s.Status != rooms.SessionRunningStatus || s.Current != args.Item {
		return rooms.Errorf(rooms.CodeConflict, "that item is not running")
	}
	var record rooms.Attendance
	if err := c.do(ctx, func(e *engine) error {
		record = e.attendance(args.Session, args.Item, s)
		return nil
	}); err != nil {
		return err
	}
	if len(record.Present) > 0 {
		if _, err := c.publish(ctx, args.Item, ID{}, rooms.EventAttendance, record); err != nil {
			switch rooms.CodeOf(err) {
			case rooms.CodeConflict, rooms.CodeSealed: // held again after its minutes were proposed
			default:
				return err
			}
		}
	}
	return c.control(ctx, args.Session, rooms.Control{Op: rooms.ControlEndItem, Item: args.Item, Call: s.Call}, s.Call)
}

func rcpPostponeItem(ctx context.Context, c *Core, args ItemArgs) error {
	s, err := c.sessionState(ctx, args.Session)
	if err != nil {
		return err
	}
	call := ID{}
	if s.Current == args.Item {
		call = s.Call
	}
	return c.control(ctx, args.Session, rooms.Control{Op: rooms.ControlPostpone, Item: args.Item, Call: call}, call)
}

// attendance gives who was in the call of an item, at any time, from the call's
// own log.
func (e *engine) attendance(session, item ID, s rooms.SessionState) rooms.Attendance {
	a := rooms.Attendance{From: s.Progress(item).Started, To: max(e.serverNow(), s.Progress(item).Started)}
	call := e.rooms[s.Call]
	plan := e.rooms[session].fold.Session()
	if call == nil || call.fold == nil {
		return a
	}
	seen := map[ID]bool{}
	note := func(user ID) {
		if seen[user] {
			return
		}
		seen[user] = true
		at := rooms.Attendee{User: user, Duty: rooms.DutyParticipant, Remote: true}
		if p, ok := plan.Participant(user); ok {
			at.Name, at.Role, at.Duty = p.Name, p.Role, p.Duty
		} else {
			who := e.who(user, e.rooms[item])
			at.Name, at.Role = who.name, who.role
		}
		if at.Name != "" && at.Role != "" {
			a.Present = append(a.Present, at)
		}
	}
	note(call.public().Genesis().Creator.User)
	for _, row := range call.fold.Timeline() {
		for _, seat := range row.Joined {
			note(seat.User)
		}
	}
	slices.SortFunc(a.Present, func(x, y rooms.Attendee) int { return compareNames(x.Name, y.Name) })
	return a
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
