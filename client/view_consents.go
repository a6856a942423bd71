package client

import (
	"slices"

	"github.com/ensemble-sante/ensemble/crypto/order"
	"github.com/ensemble-sante/ensemble/rooms"
)

func consentsView(e *engine, p CaseParams) (any, error) {
	e.readsAll()
	d, err := e.dossier(p.Case)
	if err != nil {
		return nil, err
	}
	v := ConsentsView{Case: p.Case, Person: e.personName(p.Case), Can: e.can(d)}
	if d.fold == nil || d.fold.Dossier() == nil {
		return v, nil
	}
	s := d.fold.Dossier()
	if n := len(s.Leaflets); n > 0 {
		l := s.Leaflets[n-1]
		v.Leaflet = &LeafletView{Version: l.Leaflet.Version, Date: l.Leaflet.Date, By: e.who(l.Leaflet.By, d).name}
	}
	for _, id := range e.roomsOf(p.Case) {
		v.Rooms = append(v.Rooms, e.roomCard(e.rooms[id]))
	}
	listed := map[ID]bool{}
	for _, party := range s.Circle() {
		listed[party.Party.Party] = true
		v.Rows = append(v.Rows, e.consentRow(d, party.Party))
	}
	// Whoever was let in without standing in the circle, the opener of the case
	// among them.
	for _, id := range e.roomsOf(p.Case) {
		for _, c := range e.rooms[id].public().Consents() {
			user := c.Party.User
			if listed[user] {
				continue
			}
			listed[user] = true
			w := e.who(user, d)
			v.Rows = append(v.Rows, e.consentRow(d, rooms.CircleParty{
				Party: user, Name: w.name, Role: w.role, Organisation: w.organisation, Category: categoryOf(s, user, w.role),
			}))
		}
	}
	order.By(v.Rows, func(a, b ConsentRow) int { return compareNames(a.Party.Name, b.Party.Name) })
	for _, row := range e.directory() {
		if !listed[row.User] {
			v.Directory = append(v.Directory, row)
		}
	}
	v.Warn = e.caseWarnings(p.Case)
	return v, nil
}

func categoryOf(s *rooms.DossierState, user ID, role string) string {
	for _, line := range slices.Backward(s.Register(user)) {
		if line.Recorded != nil {
			return line.Recorded.Category
		}
	}
	r, _ := rooms.RoleOf(role)
	if r.Category == "" {
		return rooms.CategoryCareTeam
	}
	return r.Category
}

func (e *engine) consentRow(d *room, party rooms.CircleParty) ConsentRow {
	row := ConsentRow{Party: e.party(d, party)}
	mayEnd := party.Party == e.device.user || e.mayOpenRoom(d) == nil
	for _, id := range e.roomsOf(d.id) {
		r := e.rooms[id]
		c, ok := r.public().Consent(party.Party)
		if !ok && !r.public().TakesPart(party.Party) {
			continue
		}
		t := e.title(r)
		state := e.consentIn(r, party.Party)
		if state == "NONE" {
			continue
		}
		row.Scope = append(row.Scope, ConsentScope{
			Room: id, Title: t.Title, Audience: t.Audience, State: state, Number: c.Number, Expires: c.Expires,
		})
		if state == "ACTIVE" || state == "AWAITED" {
			row.CanEnd = mayEnd
		}
	}
	for _, q := range d.public().Collectors() {
		row.Collector = row.Collector || q.User == party.Party
	}
	for _, line := range slices.Backward(d.fold.Dossier().Register(party.Party)) {
		row.History = append(row.History, e.consentHistory(d, line))
	}
	return row
}

func (e *engine) consentHistory(d *room, line rooms.ConsentEvent) ConsentHistory {
	h := ConsentHistory{At: line.At, By: e.who(line.By, d).name}
	var in []ID
	switch {
	case line.Recorded != nil:
		c := line.Recorded
		h.Kind, h.Category, h.Basis, h.GivenBy, h.How, h.Leaflet, h.Note = "GIVEN", c.Category, c.Basis, c.GivenBy, c.How, c.Leaflet, c.Note
		in = c.Rooms
	case line.Refused != nil:
		h.Kind, h.Note = "REFUSED", line.Refused.Note
	case line.Ended != nil:
		h.Kind, h.Note, h.GivenBy = "WITHDRAWN", line.Ended.Reason, line.Ended.By
		in = line.Ended.Rooms
	}
	for _, id := range in {
		h.Rooms = append(h.Rooms, e.roomTitle(d, id))
	}
	return h
}

// roomTitle names a room of a case, from the room itself or from the dossier.
func (e *engine) roomTitle(d *room, id ID) string {
	if r := e.rooms[id]; r != nil && r.fold != nil {
		return e.title(r).Title
	}
	if entry, ok := d.fold.Dossier().Room(id); ok {
		return entry.Room.Title
	}
	return ""
}

// directory lists the members of the network, by their profiles and what the
// server says of their accounts.
func (e *engine) directory() []DirectoryRow {
	var list []DirectoryRow
	for _, a := range e.accounts {
		w := e.who(a.User, e.networkRoom())
		if w.name == "" {
			continue
		}
		list = append(list, DirectoryRow{User: a.User, Name: w.name, Role: w.role, Kind: a.Kind, Organisation: w.organisation})
	}
	order.By(list, func(a, b DirectoryRow) int { return compareNames(a.Name, b.Name) })
	return list
}

func (e *engine) networkRoom() *room {
	for _, r := range e.rooms {
		if r.kind == rooms.KindNetwork && r.fold != nil && !r.gone {
			e.reads(r.id)
			return r
		}
	}
	return nil
}

func networkView(e *engine, _ nothing) (any, error) {
	e.readsAll()
	return NetworkView{Members: e.directory()}, nil
}

func settingsView(e *engine, _ nothing) (any, error) {
	v := SettingsView{Me: *e.meView()}
	if e.account.chain == nil {
		return v, nil
	}
	for _, d := range e.account.chain.Devices() {
		v.Devices = append(v.Devices, DeviceView{
			Device: d.Certificate.Device, Current: d.Certificate.Device == e.device.key.Device(),
			Revoked: d.Revoked, At: d.Certificate.IssuedAt,
		})
	}
	order.By(v.Devices, func(a, b DeviceView) int { return int(b.At - a.At) })
	return v, nil
}
