package client

import (
	"slices"

	"github.com/ensemble-sante/ensemble/crypto/order"
	"github.com/ensemble-sante/ensemble/rooms"
)

// Room states of the views.
const (
	stateJoining  = "JOINING"
	stateReady    = "READY"
	stateAwaiting = "AWAITING_HISTORY"
	stateEnded    = "ENDED"
	stateForked   = "FORKED"
	stateLoading  = "LOADING"
)

// newView finds the builder of a view.
func newView(name string, params []byte) (func(*engine) (any, error), error) {
	switch name {
	case "status":
		return viewOf(params, statusView)
	case "home":
		return viewOf(params, homeView)
	case "case":
		return viewOf(params, caseView)
	case "consents":
		return viewOf(params, consentsView)
	case "room":
		return viewOf(params, roomViewOf)
	case "documents":
		return viewOf(params, documentsView)
	case "agenda":
		return viewOf(params, agendaView)
	case "session":
		return viewOf(params, sessionView)
	case "item":
		return viewOf(params, itemView)
	case "call":
		return viewOf(params, callView)
	case "plan":
		return viewOf(params, planView)
	case "network":
		return viewOf(params, networkView)
	case "settings":
		return viewOf(params, settingsView)
	}
	return nil, rooms.Errorf(rooms.CodeInvalid, "no view %q", name)
}

func statusView(e *engine, _ nothing) (any, error) {
	e.readsAll()
	v := StatusView{Phase: "SIGNED_OUT", Online: e.online(), Version: e.cfg.Version}
	for _, i := range e.outbox.items {
		if i.code == "" {
			v.Outbox++
		}
	}
	for _, a := range e.meta.Alarms {
		if !a.Seen {
			v.Alarms = append(v.Alarms, Alarm{ID: a.ID, Code: a.Code, Room: a.Room, At: a.At})
		}
	}
	if e.device.state != deviceReady {
		if e.device.state == devicePending && e.device.wake != nil {
			v.Phase = "OPENING"
		}
		return v, nil
	}
	v.Me = e.meView()
	v.Phase = "READY"
	if len(e.rooms) == 0 && !e.online() {
		v.Phase = "OPENING"
	}
	for _, r := range e.rooms {
		e.reads(r.id)
		if e.online() && r.known && !r.gone && r.broken == "" && !r.caughtUp {
			v.Phase = "CATCHING_UP"
		}
	}
	return v, nil
}

func (e *engine) meView() *Me {
	return &Me{
		User: e.device.user, Device: e.device.key.Device(), Name: e.account.profile.Name,
		Role: e.account.profile.Role, Kind: e.account.kind,
	}
}

// roomState says how a room stands for this device.
func (e *engine) roomState(r *room) string {
	switch {
	case r.broken != "" || r.fold != nil && len(r.fold.Forked()) > 0:
		return stateForked
	case r.gone:
		return stateEnded
	case r.fold == nil || r.group == nil:
		return stateJoining
	case r.history.lacking:
		return stateAwaiting
	}
	return stateReady
}

// member shows a user of a room.
func (e *engine) member(user ID, r *room) Member {
	w := e.who(user, r)
	return Member{
		User: user, Name: w.name, Role: w.role, Online: r.online[user] || user == e.device.user && e.online(),
		Me: user == e.device.user, Cursor: r.cursors[user],
	}
}

// audience says who reads a room.
func (e *engine) audience(r *room) Audience {
	t := e.title(r)
	a := Audience{Code: t.Audience, Title: t.Title}
	if r.fold == nil {
		return a
	}
	p := r.public()
	for _, u := range p.Participants() {
		a.Members = append(a.Members, e.member(u, r))
	}
	for _, q := range p.Awaited(e.serverNow()) {
		a.Awaited = append(a.Awaited, e.member(q.User, r))
	}
	byName := func(x, y Member) int { return compareNames(x.Name, y.Name) }
	order.By(a.Members, byName)
	order.By(a.Awaited, byName)
	return a
}

// unread counts what others wrote after our cursor.
func (e *engine) unread(r *room) (n int, mention bool) {
	for _, p := range slices.Backward(r.fold.Thread().Posts()) {
		if p.Seq <= r.readTo {
			break
		}
		if p.By == e.device.user || p.Retracted != 0 {
			continue
		}
		n++
		mention = mention || slices.Contains(p.Mentions, e.device.user)
	}
	return n, mention
}

// roomCard shows a room in a list.
func (e *engine) roomCard(r *room) RoomCard {
	e.reads(r.id)
	t := e.title(r)
	c := RoomCard{
		Room: r.id, Kind: kindCode(r.kind), Title: t.Title, Audience: t.Audience, State: e.roomState(r),
	}
	if r.fold == nil {
		return c
	}
	c.Case = r.public().Genesis().Case
	c.Person = e.personName(c.Case)
	c.People = len(r.public().Participants())
	c.Unread, c.Mention = e.unread(r)
	c.At = r.public().Begun()
	for _, p := range slices.Backward(r.fold.Thread().Posts()) {
		c.At = max(c.At, p.At)
		if p.Retracted != 0 {
			continue
		}
		c.Last, c.LastBy = oneLine(p.Text), e.who(p.By, r).name
		if p.Document != nil && c.Last == "" {
			c.Last = p.Document.Name
		}
		break
	}
	return c
}

func oneLine(s string) string {
	const most = 140
	out := make([]rune, 0, most)
	for _, c := range s {
		if c == '\n' || c == '\r' || c == '\t' {
			c = ' '
		}
		if len(out) == most {
			return string(out) + "…"
		}
		out = append(out, c)
	}
	return string(out)
}

// can says which acts are ours in a room.
func (e *engine) can(r *room) Can {
	c := Can{}
	if r == nil || r.fold == nil {
		c.WhyNot = string(rooms.CodeUnknownRoom)
		return c
	}
	switch {
	case r.gone:
		c.WhyNot = string(rooms.CodeNotConsented)
	case r.broken != "":
		c.WhyNot = string(r.broken)
	case r.kind == rooms.KindSession || r.kind == rooms.KindCall:
		c.WhyNot = string(rooms.CodeNotAllowed)
	default:
		if err := e.may(r, rooms.EventMessage, rooms.Message{Text: "-"}); err != nil {
			c.WhyNot = string(rooms.CodeOf(err))
		} else {
			c.Write = true
		}
	}
	d := r
	if r.fold.Dossier() == nil {
		d = e.rooms[r.public().Genesis().Case]
	}
	if d == nil || d.fold == nil || d.fold.Dossier() == nil || d.gone {
		return c
	}
	e.reads(d.id)
	keeps := e.mayOpenRoom(d) == nil
	c.ManageConsents, c.EditPerson, c.EditLifeProject, c.OpenRoom = keeps, keeps, keeps, keeps
	c.PlanSession = keeps && e.account.kind == "PROFESSIONAL"
	return c
}
