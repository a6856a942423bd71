package client

import (
	"encoding/hex"
	"slices"

	"github.com/ensemble-sante/ensemble/crypto/order"
	"github.com/ensemble-sante/ensemble/rooms"
)

// meetings lists the sessions that this device knows and keep wants, by time.
func (e *engine) meetings(keep func(*room) bool) []MeetingCard {
	var list []MeetingCard
	for _, r := range e.rooms {
		if r.kind != rooms.KindSession {
			continue
		}
		e.reads(r.id)
		if r.fold == nil || r.gone || r.fold.Session().Planned == nil || !keep(r) {
			continue
		}
		p := r.fold.Session().Planned
		list = append(list, MeetingCard{
			Session: r.id, Title: p.Title, Starts: p.Starts, Zone: p.Zone, Minutes: p.Minutes,
			Status: r.public().Session().Status, Answer: r.fold.Session().Answer(e.device.user),
			Items: len(p.Items), People: len(p.Participants),
		})
	}
	order.By(list, func(a, b MeetingCard) int { return int(a.Starts - b.Starts) })
	return list
}

// sessionHasCase says whether an item of a session that we know is about a case.
func (e *engine) sessionHasCase(r *room, dossier ID) bool {
	for _, item := range r.fold.Session().Planned.Items {
		if i := e.rooms[item.Room]; i != nil && i.fold != nil && i.public().Genesis().Case == dossier {
			return true
		}
	}
	return false
}

func agendaView(e *engine, _ nothing) (any, error) {
	e.readsAll()
	return AgendaView{Meetings: e.meetings(func(*room) bool { return true }), Types: rooms.RcpRules()}, nil
}

func (e *engine) session(id ID) (*room, error) {
	e.reads(id)
	r := e.rooms[id]
	if r == nil || r.fold != nil && r.kind != rooms.KindSession {
		return nil, rooms.Errorf(rooms.CodeUnknownRoom, "no such session")
	}
	return r, nil
}

func sessionView(e *engine, p SessionParams) (any, error) {
	r, err := e.session(p.Session)
	if err != nil {
		return nil, err
	}
	v := SessionView{Session: p.Session, State: e.roomState(r), Audience: e.audience(r)}
	if r.fold == nil {
		return v, nil
	}
	run, plan := r.public().Session(), r.fold.Session()
	v.Status = run.Status
	if plan.Planned == nil {
		return v, nil
	}
	s := plan.Planned
	v.Title, v.Starts, v.Zone, v.Minutes, v.Sequence = s.Title, s.Starts, s.Zone, s.Minutes, s.Sequence
	v.Type, _ = rooms.Rule(s.Type)
	for n, item := range s.Items {
		v.Items = append(v.Items, e.sessionItem(r, n, item))
	}
	for _, q := range s.Participants {
		person := e.sessionPerson(r, q)
		if q.User == e.device.user {
			v.Me = person
		}
		v.Participants = append(v.Participants, person)
	}
	order.By(v.Participants, func(a, b SessionPerson) int { return compareNames(a.Name, b.Name) })
	chair, _ := r.public().Chair()
	isChair := chair == e.me()
	_, invited := plan.Participant(e.device.user)
	next := *s
	next.Sequence++
	v.Can = SessionCan{
		Edit:   e.may(r, rooms.EventSessionPlanned, next) == nil && e.collects(r),
		Chair:  isChair && run.Status != rooms.SessionClosedStatus,
		Answer: invited && !isChair && e.may(r, rooms.EventSessionAnswered, rooms.SessionAnswered{Answer: "COMES"}) == nil,
		Enter:  invited && (run.Status == rooms.SessionOpenStatus || run.Status == rooms.SessionRunningStatus),
	}
	return v, nil
}

func (e *engine) collects(r *room) bool {
	return slices.ContainsFunc(r.public().Collectors(), func(q rooms.Party) bool { return q == e.me() })
}

func (e *engine) sessionItem(s *room, n int, item rooms.PlannedItem) SessionItem {
	e.reads(item.Room)
	progress := s.public().Session().Progress(item.Room)
	v := SessionItem{
		Room: item.Room, Number: uint(n) + 1, Minutes: item.Minutes, Status: progress.Status,
		Started: progress.Started, MinutesState: rooms.StateNone,
	}
	for _, q := range s.fold.Session().Planned.Participants {
		if slices.Contains(q.Items, item.Room) {
			v.Invited = append(v.Invited, q.User)
		}
	}
	r := e.rooms[item.Room]
	if r == nil || r.fold == nil || r.gone || r.fold.Item() == nil {
		return v
	}
	v.Case = r.public().Genesis().Case
	v.MinutesState = r.fold.Item().Minutes.State
	if o := r.fold.Item().Opened; o != nil {
		v.Known, v.Question, v.Person = true, o.Item.Question, o.Item.Person
		v.Requester = e.who(o.Item.Requester, r).name
	}
	return v
}

func (e *engine) sessionPerson(s *room, q rooms.PlannedParticipant) SessionPerson {
	v := SessionPerson{
		User: q.User, Name: q.Name, Role: q.Role, Duty: q.Duty, Votes: q.Votes, Items: q.Items,
		Answer: s.fold.Session().Answer(q.User), Online: s.online[q.User] || q.User == e.device.user && e.online(),
		Consent: e.consentIn(s, q.User),
	}
	// The items say more than the session, where we are in them.
	grade := map[string]int{"EXPIRED": 1, "WITHDRAWN": 2, "AWAITED": 3, "ACTIVE": 4}
	best := ""
	for _, item := range q.Items {
		if r := e.rooms[item]; r != nil && r.fold != nil && !r.gone {
			if c := e.consentIn(r, q.User); best == "" || grade[c] < grade[best] {
				best = c
			}
		}
	}
	if best != "" {
		v.Consent = best
	}
	if c := e.calls[s.id]; c != nil {
		if _, waits := c.waiting[q.User]; waits || q.User == e.device.user && c.wanted {
			v.Lobby = "WAITING"
		}
	}
	run := s.public().Session()
	if run.IsAdmitted(q.User) || slices.Contains(e.meta.Lobby[s.id], q.User) {
		v.Lobby = "ADMITTED"
	}
	if call := e.rooms[run.Call]; call != nil && call.fold != nil && call.public().IsMember(q.User) {
		v.Lobby = "IN_CALL"
	}
	return v
}

func itemView(e *engine, p RoomParams) (any, error) {
	e.reads(p.Room)
	r := e.rooms[p.Room]
	if r == nil || r.fold != nil && r.fold.Item() == nil {
		return nil, rooms.Errorf(rooms.CodeUnknownRoom, "no such item")
	}
	v := ItemView{Room: p.Room, Chat: e.roomView(r), Audience: e.audience(r), Minutes: MinutesView{State: rooms.StateNone}}
	if r.fold == nil {
		return v, nil
	}
	it, g := r.fold.Item(), r.public().Genesis()
	v.Session, v.Case = g.Session, g.Case
	v.Status = rooms.ItemWaiting
	if s := e.rooms[g.Session]; s != nil && s.fold != nil && s.public().Session() != nil {
		e.reads(s.id)
		v.Status = s.public().Session().Progress(r.id).Status
		v.Attendance = e.liveAttendance(s, r)
	}
	if o := it.Opened; o != nil {
		v.Number, v.Person, v.Question, v.Context = o.Item.Number, o.Item.Person, o.Item.Question, o.Item.Context
		v.Wish, v.Requester = o.Item.Wish, e.who(o.Item.Requester, r).name
	}
	for _, o := range it.Opinions {
		w := e.who(o.By, r)
		v.Opinions = append(v.Opinions, OpinionView{By: o.By, Name: w.name, Role: w.role, Text: o.Text, At: o.At})
	}
	for _, q := range it.Current() {
		v.Positions = append(v.Positions, e.position(r, q, it.Positions))
	}
	order.By(v.Positions, func(a, b PositionView) int { return compareNames(a.Name, b.Name) })
	if v.Status != rooms.ItemRunning && len(it.Attendance) > 0 {
		v.Attendance = attendeeViews(it.Present())
	}
	if it.Opened != nil {
		if rule, ok := it.Rule(); ok {
			v.Quorum = rooms.Quorum(rule, attendees(v.Attendance), it.Opinions, it.Opened.Item)
		}
	}
	v.Minutes = e.minutesView(r)
	v.Can = e.itemCan(r)
	return v, nil
}

func (e *engine) position(r *room, q rooms.PositionState, all []rooms.PositionState) PositionView {
	w := e.who(q.By, r)
	v := PositionView{By: q.By, Name: w.name, Role: w.role, Position: q.Position, Text: q.Text, At: q.At}
	for _, old := range all {
		if old.By == q.By && old.ID != q.ID {
			v.History = append(v.History, PositionView{
				By: q.By, Name: w.name, Role: w.role, Position: old.Position, Text: old.Text, At: old.At,
			})
		}
	}
	return v
}

// liveAttendance is who is in the call of an item that runs.
func (e *engine) liveAttendance(s, item *room) []AttendeeView {
	run := s.public().Session()
	if run.Current != item.id {
		return nil
	}
	e.reads(run.Call)
	var list []AttendeeView
	for _, a := range e.attendance(s.id, item.id, *run).Present {
		call := e.rooms[run.Call]
		if call != nil && call.fold != nil && !call.public().IsMember(a.User) {
			continue
		}
		list = append(list, AttendeeView{User: a.User, Name: a.Name, Role: a.Role, Duty: a.Duty, Remote: a.Remote})
	}
	return list
}

func attendeeViews(list []rooms.Attendee) []AttendeeView {
	out := make([]AttendeeView, len(list))
	for i, a := range list {
		out[i] = AttendeeView{User: a.User, Name: a.Name, Role: a.Role, Duty: a.Duty, Remote: a.Remote}
	}
	return out
}

func attendees(list []AttendeeView) []rooms.Attendee {
	out := make([]rooms.Attendee, len(list))
	for i, a := range list {
		out[i] = rooms.Attendee{User: a.User, Name: a.Name, Role: a.Role, Duty: a.Duty, Remote: a.Remote}
	}
	return out
}

func (e *engine) minutesView(r *room) MinutesView {
	m := &r.fold.Item().Minutes
	v := MinutesView{State: m.State}
	if m.Snapshot != nil {
		v.Snapshot = m.Snapshot.State
	}
	p := m.Proposal()
	if p == nil {
		return v
	}
	v.Version = p.Version
	if m.State == rooms.StateProposed || m.State == rooms.StateSealed {
		v.Content, _ = p.Minutes() // judged when it was folded
		v.Digest = hex.EncodeToString(p.Digest[:])
		for _, s := range p.Signatures {
			if d, err := s.Declared(); err == nil {
				v.Signatures = append(v.Signatures, SignatureView{
					User: s.User, Name: d.Name, Role: d.Role, Position: d.Position, Text: d.Text, At: s.At,
				})
			}
		}
		for _, u := range p.Awaited() {
			v.Awaited = append(v.Awaited, e.member(u, r))
		}
		order.By(v.Awaited, func(a, b Member) int { return compareNames(a.Name, b.Name) })
		for _, u := range p.PresentNotSigned() {
			v.PresentNotSigned = append(v.PresentNotSigned, e.member(u, r).Name)
		}
		order.By(v.PresentNotSigned, compareNames)
	} else {
		v.Version++ // the draft of the next one
		v.Previous, _ = p.Minutes()
	}
	if n := len(m.Proposals); n > 1 && v.Content != nil {
		v.Previous, _ = m.Proposals[n-2].Minutes()
	}
	if m.Sealed != nil {
		v.SealedAt = m.Sealed.Time
	}
	for _, a := range m.Addenda {
		if c, err := a.Corrects(); err == nil {
			v.Addenda = append(v.Addenda, AddendumView{By: c.Name, At: a.At, Text: c.Text})
		}
	}
	return v
}

func (e *engine) itemCan(r *room) ItemCan {
	it := r.fold.Item()
	m := &it.Minutes
	c := ItemCan{}
	if err := e.may(r, rooms.EventMessage, rooms.Message{Text: "-"}); err != nil {
		c.WhyNot = string(rooms.CodeOf(err))
		return c
	}
	c.Write = true
	c.Opinion = e.may(r, rooms.EventOpinion, rooms.Opinion{Text: "-"}) == nil
	c.Position = e.may(r, rooms.EventPosition, rooms.Position{Position: rooms.PositionAgree}) == nil && e.votes(r)
	c.Draft = e.may(r, rooms.EventMinutesSnapshot, rooms.MinutesSnapshot{Format: snapshotFormat, State: []byte{0}}) == nil
	if p := m.Proposal(); p != nil && m.State == rooms.StateProposed {
		_, signed := p.Signed(e.device.user)
		c.Sign = p.MaySign(e.device.user) && !signed
		c.Reopen = e.may(r, rooms.EventMinutesReopened, rooms.MinutesReopened{Version: p.Version}) == nil
	}
	if m.State == rooms.StateNone || m.State == rooms.StateDraft {
		chair, _ := r.public().Chair()
		a, present := it.Attendee(e.device.user)
		c.Propose = len(it.Attendance) > 0 && (chair == e.me() || present && a.Duty == rooms.DutySecretary)
	}
	c.Addendum = m.State == rooms.StateSealed && m.Proposal().MaySign(e.device.user)
	return c
}

// votes says whether we take a position in a session: a facilitator, and a chair
// who does not vote, do not.
func (e *engine) votes(r *room) bool {
	s := e.rooms[r.public().Genesis().Session]
	if s == nil || s.fold == nil || s.fold.Session() == nil {
		return true
	}
	p, ok := s.fold.Session().Participant(e.device.user)
	return !ok || p.Votes || p.Duty != rooms.DutyChair && p.Duty != rooms.DutyFacilitator
}

func callView(e *engine, p SessionParams) (any, error) {
	s, err := e.session(p.Session)
	if err != nil {
		return nil, err
	}
	v := CallView{Session: p.Session, State: "NONE"}
	if s.fold == nil {
		return v, nil
	}
	run := s.public().Session()
	v.Call, v.Item = run.Call, run.Current
	c := e.calls[p.Session]
	if c == nil {
		return v, nil
	}
	r := e.rooms[run.Call]
	switch {
	case c.left:
		v.State = "LEFT"
	case c.removed != "":
		v.State, v.Why = "REMOVED", string(c.removed)
	case r != nil && r.group != nil:
		v.State = "IN"
	case c.wanted && r != nil:
		v.State = "JOINING"
	case c.wanted:
		v.State = "WAITING"
	}
	if r == nil || r.fold == nil || v.State != "IN" {
		return v, nil
	}
	e.reads(r.id)
	v.Epoch = r.group.Epoch()
	for _, m := range r.public().Members() {
		w := e.who(m.User, s)
		v.Roster = append(v.Roster, CallPerson{
			User: m.User, Device: m.Device, Leaf: uint32(m.Leaf), Peer: m.Device.String(), Name: w.name, Role: w.role,
			Me: m.Device == e.device.key.Device(),
		})
	}
	for _, h := range c.hands {
		v.Hands = append(v.Hands, h.user)
	}
	return v, nil
}
