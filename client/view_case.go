package client

import (
	"slices"

	"github.com/ensemble-sante/ensemble/crypto/order"
	"github.com/ensemble-sante/ensemble/crypto/record"
	"github.com/ensemble-sante/ensemble/rooms"
)

// Warnings of a case.
const (
	warnFewCollectors = "FEW_COLLECTORS"
	warnForked        = "FORKED"

	fewCollectors = 2
)

func (e *engine) dossier(id ID) (*room, error) {
	e.reads(id)
	d := e.rooms[id]
	if d == nil || d.kind != rooms.KindDossier && d.fold != nil {
		return nil, rooms.Errorf(rooms.CodeUnknownRoom, "no such case")
	}
	return d, nil
}

func caseView(e *engine, p CaseParams) (any, error) {
	e.readsAll()
	d, err := e.dossier(p.Case)
	if err != nil && len(e.roomsOf(p.Case)) == 0 {
		return nil, err
	}
	v := CaseView{Case: p.Case, State: stateReady}
	v.Person.Display = e.personName(p.Case)
	for _, id := range e.roomsOf(p.Case) {
		r := e.rooms[id]
		if r.kind == rooms.KindDossier || r.kind == rooms.KindPlan {
			continue
		}
		v.Rooms = append(v.Rooms, e.roomCard(r))
		e.caseTimeline(&v, r)
	}
	order.By(v.Rooms, func(a, b RoomCard) int { return int(b.At - a.At) })
	v.Sessions = e.meetings(func(r *room) bool { return e.sessionHasCase(r, p.Case) })
	if plan := e.roomOfKind(p.Case, rooms.KindPlan); plan != nil {
		e.reads(plan.id)
		v.Plan = e.planCard(plan)
		e.caseTimeline(&v, plan)
	}
	v.Warn = e.caseWarnings(p.Case)
	if d == nil { // in a room of the case, and not in its dossier
		sortTimeline(&v)
		return v, nil
	}
	v.State = e.roomState(d)
	if v.State == stateJoining {
		v.State = stateLoading
	}
	v.Audience, v.Can = e.audience(d), e.can(d)
	if d.fold == nil {
		return v, nil
	}
	v.Frozen = d.public().Frozen()
	e.fillDossier(&v, d)
	e.caseTimeline(&v, d)
	sortTimeline(&v)
	for _, a := range e.accessesOf(p.Case) {
		v.Accesses = append(v.Accesses, AccessRow{At: a.Time, By: e.who(a.User, d).name, What: a.What, Text: e.accessText(a)})
	}
	return v, nil
}

func (e *engine) fillDossier(v *CaseView, d *room) {
	s := d.fold.Dossier()
	if s.Identity != nil {
		i := s.Identity.Identity
		v.Person = PersonView{
			Display: displayName(i), FamilyName: i.FamilyName, GivenName: i.GivenName, BirthDate: i.BirthDate,
			Sex: i.Sex, INS: i.INS, Phone: i.Phone, Address: i.Address, User: i.User,
		}
	}
	v.LifeProject = e.lifeProject(d)
	if n := len(s.Leaflets); n > 0 {
		l := s.Leaflets[n-1]
		v.Leaflet = &LeafletView{Version: l.Leaflet.Version, Date: l.Leaflet.Date, By: e.who(l.Leaflet.By, d).name}
	}
	for _, p := range s.Circle() {
		v.Circle = append(v.Circle, e.party(d, p.Party))
	}
	order.By(v.Circle, func(a, b PartyView) int { return compareNames(a.Name, b.Name) })
}

func (e *engine) lifeProject(d *room) *WordsView {
	words := d.fold.Dossier().LifeProject
	if len(words) == 0 {
		return nil
	}
	w := words[len(words)-1]
	return &WordsView{Text: w.Words.Text, Said: w.Words.Said, By: e.who(w.By, d).name, At: w.At}
}

// party shows somebody of the circle with the state of their consent.
func (e *engine) party(d *room, p rooms.CircleParty) PartyView {
	v := PartyView{
		Party: p.Party, Name: p.Name, Role: p.Role, Category: p.Category, Relation: p.Relation,
		Organisation: p.Organisation, RPPS: p.RPPS, Phone: p.Phone, Trusted: p.Trusted, Emergency: p.Emergency,
		Lead: p.Lead, Attending: p.Attending,
	}
	v.Consent, v.Rooms = e.consentOf(d, p.Party)
	return v
}

// consentOf sums up the consent of a party over the rooms of a case that this
// device knows.
func (e *engine) consentOf(d *room, party ID) (state string, in []ID) {
	dossier := d.fold.Dossier()
	if d.public().IsPerson(party) {
		state = "SELF"
	}
	best := 0
	grade := map[string]int{"EXPIRED": 1, "WITHDRAWN": 2, "AWAITED": 3, "ACTIVE": 4}
	found := "NONE"
	for _, id := range e.roomsOf(d.id) {
		r := e.rooms[id]
		e.reads(id)
		s := e.consentIn(r, party)
		if s == "ACTIVE" {
			in = append(in, id)
		}
		if grade[s] > best {
			best, found = grade[s], s
		}
	}
	switch {
	case state != "":
	case found == "NONE" && dossier.HasRefused(party):
		state = "REFUSED"
	default:
		state = found
	}
	return state, in
}

// consentIn is the state of a party's consent in one room: ACTIVE with a device
// in, AWAITED without.
func (e *engine) consentIn(r *room, party ID) string {
	c, ok := r.public().Consent(party)
	if !ok {
		if r.public().IsPerson(party) {
			if r.public().TakesPart(party) {
				return "ACTIVE"
			}
			return "AWAITED"
		}
		return "NONE"
	}
	s := c.State(e.serverNow())
	if s == "ACTIVE" && !r.public().TakesPart(party) {
		return "AWAITED"
	}
	return s
}

func (e *engine) caseWarnings(dossier ID) []string {
	var warn []string
	if d := e.rooms[dossier]; d != nil && d.fold != nil {
		// Only collectors can name another one.
		collectors := d.public().Collectors()
		if len(collectors) < fewCollectors && slices.Contains(collectors, e.me()) {
			warn = append(warn, warnFewCollectors)
		}
	}
	for _, id := range e.roomsOf(dossier) {
		if e.roomState(e.rooms[id]) == stateForked {
			warn = append(warn, warnForked)
			break
		}
	}
	return warn
}

// caseTimeline adds what happened in a room to the timeline of its case.
func (e *engine) caseTimeline(v *CaseView, r *room) {
	for _, row := range r.fold.Timeline() {
		if row.Status != rooms.Accepted {
			continue
		}
		t := TimelineRow{At: row.At, Kind: row.Type, Room: r.id}
		switch {
		case row.Kind == record.KindStatement && (row.Type == string(rooms.StatementReceipt) || row.Type == string(rooms.StatementWithdrawal)):
			if r.kind != rooms.KindDossier || row.Subject == row.By {
				continue // told once, where the case is
			}
			t.Text = e.who(row.Subject, r).name
		case row.Kind != record.KindEvent && row.Type != string(rooms.StatementSeal):
			continue
		default:
			switch row.Type {
			case rooms.EventLifeProject, rooms.EventLeaflet, rooms.EventIdentity:
			case rooms.EventRoomOpened:
				if entry, ok := r.fold.Dossier().Room(row.Subject); ok {
					t.Text = entry.Room.Title
					t.Room = row.Subject
				}
			case rooms.EventConsentRefused:
				t.Text = e.who(row.Subject, r).name
			case rooms.EventDocumentShared:
				if p, ok := r.fold.Thread().Post(row.ID); ok && p.Document != nil {
					t.Text = p.Document.Name
				}
			case rooms.EventAttendance, rooms.EventMinutesProposed, string(rooms.StatementSeal):
				if it := r.fold.Item(); it != nil && it.Opened != nil {
					t.Text = it.Opened.Item.Question
				}
			case rooms.EventActionAdded, rooms.EventActionStatus, rooms.EventActionAccepted:
				if a, ok := r.fold.Plan().Action(row.Subject); ok {
					t.Text = a.Action.Text
				}
			default:
				continue
			}
		}
		t.By = e.who(row.By, r).name
		v.Timeline = append(v.Timeline, t)
	}
}

func sortTimeline(v *CaseView) {
	const most = 200
	order.StablyBy(v.Timeline, func(a, b TimelineRow) int { return int(b.At - a.At) })
	v.Timeline = v.Timeline[:min(len(v.Timeline), most)]
}

// caseCard shows a case in a list.
func (e *engine) caseCard(dossier ID) CaseCard {
	c := CaseCard{Case: dossier, Person: e.personName(dossier), Warn: e.caseWarnings(dossier)}
	for _, id := range e.roomsOf(dossier) {
		r := e.rooms[id]
		e.reads(id)
		if r.gone {
			continue
		}
		n, _ := e.unread(r)
		c.Unread += n
		c.At = max(c.At, r.public().Time())
		if r.kind == rooms.KindThread || r.kind == rooms.KindItem {
			c.Rooms++
		}
	}
	if d := e.rooms[dossier]; d != nil && d.fold != nil && d.fold.Dossier() != nil {
		c.Frozen = d.public().Frozen()
		if i := d.fold.Dossier().Identity; i != nil {
			c.Born = i.Identity.BirthDate
		}
		for _, p := range d.fold.Dossier().Circle() {
			if p.Party.Lead {
				c.Lead = p.Party.Name
			}
		}
	}
	return c
}

// cases lists the cases of which this device is in some room.
func (e *engine) cases() []CaseCard {
	seen := map[ID]bool{}
	var list []CaseCard
	for _, r := range e.rooms {
		if r.fold == nil || r.gone {
			continue
		}
		dossier := r.public().Genesis().Case
		if dossier.IsZero() || seen[dossier] {
			continue
		}
		seen[dossier] = true
		list = append(list, e.caseCard(dossier))
	}
	order.By(list, func(a, b CaseCard) int { return compareNames(a.Person, b.Person) })
	return list
}
