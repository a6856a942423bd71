package client

import (
	"slices"

	"github.com/ensemble-sante/ensemble/crypto/order"
	"github.com/ensemble-sante/ensemble/crypto/record"
	"github.com/ensemble-sante/ensemble/rooms"
)

func roomViewOf(e *engine, p RoomParams) (any, error) {
	e.reads(p.Room)
	r := e.rooms[p.Room]
	if r == nil {
		return nil, rooms.Errorf(rooms.CodeUnknownRoom, "no such room")
	}
	return e.roomView(r), nil
}

// roomView shows a conversation.
func (e *engine) roomView(r *room) RoomView {
	e.reads(r.id)
	t := e.title(r)
	v := RoomView{
		Room: r.id, Kind: kindCode(r.kind), Title: t.Title, Audience: e.audience(r), Draft: r.draft,
		ReadTo: r.readTo, Can: e.can(r), State: e.roomState(r),
	}
	if r.fold == nil {
		return v
	}
	v.Case = r.public().Genesis().Case
	v.Person = e.personName(v.Case)
	if r.group != nil {
		v.Epoch = r.public().Epoch()
	}
	now := e.cfg.Now()
	for u, until := range r.typing {
		if now.Before(until) && u != e.device.user {
			v.Typing = append(v.Typing, e.who(u, r).name)
		}
	}
	order.By(v.Typing, compareNames)
	for _, c := range r.public().RemovalPending(e.serverNow()) {
		v.RemovalPending = append(v.RemovalPending, e.who(c.User, r).name)
	}
	items, more := e.timeline(r)
	v.Items, v.More = append(items, e.unsent(r)...), more
	return v
}

// windowStart finds the entry from which the newest rows are shown.
func windowStart(rows []rooms.Row, window int) int {
	for i, row := range slices.Backward(rows) {
		switch {
		case row.Status == rooms.Accepted && row.Kind == record.KindEvent &&
			row.Type != rooms.EventMessage && row.Type != rooms.EventDocumentShared:
			continue
		case row.Status == rooms.Unreadable:
			continue
		}
		if window--; window == 0 {
			return i
		}
	}
	return 0
}

// timeline gives the newest rows of a room that a person reads, and whether there
// are older ones.
func (e *engine) timeline(r *room) (items []RoomItem, more bool) {
	devices := map[ID]int{}
	start := windowStart(r.fold.Timeline(), r.window)
	first := uint64(1) // what came before is not ours to read
	if epoch, ok := r.public().HistoryFrom(e.device.user); ok {
		if seq, began := r.public().EpochBegan(epoch); began {
			first = seq
		} else {
			first = r.place().Seq + 1
		}
	}
	for n, row := range r.fold.Timeline() {
		if row.Seq == 1 {
			devices[row.By]++
		}
		if n < start {
			for _, s := range row.Joined {
				devices[s.User]++
			}
			for _, s := range row.Left {
				devices[s.User]--
			}
			continue
		}
		base := RoomItem{ID: row.ID, Seq: row.Seq, At: row.At, By: row.By, Mine: row.By == e.device.user, Delivery: "SENT"}
		switch {
		case row.Status == rooms.Refused:
			base.Kind, base.Why = "REFUSED", string(row.Code)
		case row.Status == rooms.Unreadable:
			if row.Seq < first {
				continue // from before our time here
			}
			if n := len(items); n > 0 && items[n-1].Kind == "UNREADABLE" {
				items[n-1].Seq, items[n-1].At = row.Seq, row.At
				continue
			}
			base.Kind = "UNREADABLE"
		case row.Status == rooms.Unknown:
			base.Kind = "UNKNOWN"
		case row.Kind == record.KindCommit:
			items = append(items, e.comings(r, row, base, devices)...)
			continue
		case row.Kind == record.KindStatement:
			if !e.statementItem(r, row, &base) {
				continue
			}
		default:
			if !e.eventItem(r, row, &base) {
				continue
			}
		}
		base.Name = e.who(row.By, r).name
		items = append(items, base)
	}
	return items, start > 0
}

// comings shows who came with their first device, and who left with their last.
func (e *engine) comings(r *room, row rooms.Row, base RoomItem, devices map[ID]int) []RoomItem {
	var items []RoomItem
	change := func(user ID, kind string) {
		i := base
		i.ID = derivedID("ensemble timeline row", row.ID.Bytes(), user.Bytes(), []byte(kind), seqBytes(row.Seq))
		i.Kind, i.By, i.Mine = kind, user, user == e.device.user
		i.Name = e.who(user, r).name
		i.Subject = i.Name
		items = append(items, i)
	}
	for _, s := range row.Joined {
		devices[s.User]++
		if devices[s.User] == 1 {
			change(s.User, "JOINED")
		}
	}
	for _, s := range row.Left {
		devices[s.User]--
		if devices[s.User] <= 0 {
			devices[s.User] = 0
			change(s.User, "LEFT")
		}
	}
	return items
}

func seqBytes(n uint64) []byte {
	return []byte{byte(n >> 56), byte(n >> 48), byte(n >> 40), byte(n >> 32), byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}
}

// statementItem shows consents given and withdrawn.
func (e *engine) statementItem(r *room, row rooms.Row, i *RoomItem) bool {
	switch rooms.StatementType(row.Type) {
	case rooms.StatementReceipt:
		if row.Subject == row.By {
			return false
		}
		i.Kind = "CONSENT_GIVEN"
	case rooms.StatementWithdrawal:
		i.Kind = "CONSENT_WITHDRAWN"
		i.Why = e.withdrawalReason(r, row.Subject)
	default:
		return false
	}
	i.Subject = e.who(row.Subject, r).name
	return true
}

// withdrawalReason is what the dossier says of a withdrawal, for those who may
// read it.
func (e *engine) withdrawalReason(r *room, user ID) string {
	d := e.rooms[r.public().Genesis().Case]
	if d == nil || d.fold == nil || d.fold.Dossier() == nil {
		return ""
	}
	e.reads(d.id)
	for _, line := range slices.Backward(d.fold.Dossier().Register(user)) {
		if line.Ended != nil {
			return line.Ended.Reason
		}
	}
	return ""
}

// eventItem shows messages and documents; what is folded into them, or shown
// elsewhere, has no row of its own.
func (e *engine) eventItem(r *room, row rooms.Row, i *RoomItem) bool {
	switch row.Type {
	case rooms.EventMessage, rooms.EventDocumentShared:
	case rooms.EventAttendance, rooms.EventMinutesProposed, rooms.EventMinutesReopened, rooms.EventMinutesSigned,
		rooms.EventMinutesAddendum:
		i.Kind, i.Text = "NOTE", row.Type
		return true
	default:
		return false
	}
	p, ok := r.fold.Thread().Post(row.ID)
	if !ok {
		return false
	}
	e.post(r, p, i)
	return true
}

// post fills a row with a message or a document.
func (e *engine) post(r *room, p *rooms.Post, i *RoomItem) {
	i.Kind, i.Text, i.Mentions, i.Retracted = "MESSAGE", p.Text, p.Mentions, p.Retracted != 0
	for _, f := range p.Former {
		i.Edited = append(i.Edited, Version{At: f.Until, Text: f.Text})
	}
	if p.Document != nil {
		i.Kind = "DOCUMENT"
		if !i.Retracted {
			d := e.documentView(r, p)
			i.Document = &d
		}
	}
	if !p.ReplyTo.IsZero() {
		i.ReplyTo = e.quote(r, p.ReplyTo)
	}
	if i.Mine {
		for u, seq := range r.cursors {
			if seq >= p.Seq && u != e.device.user {
				i.ReadBy = append(i.ReadBy, e.who(u, r).name)
			}
		}
		order.By(i.ReadBy, compareNames)
	}
}

func (e *engine) quote(r *room, id ID) *Quote {
	p, ok := r.fold.Thread().Post(id)
	if !ok {
		return &Quote{ID: id}
	}
	q := &Quote{ID: id, Name: e.who(p.By, r).name, Text: oneLine(p.Text), Retracted: p.Retracted != 0}
	if p.Document != nil && q.Text == "" {
		q.Text = p.Document.Name
	}
	return q
}

// unsent shows what waits in the outbox and belongs in the timeline.
func (e *engine) unsent(r *room) []RoomItem {
	var items []RoomItem
	for _, out := range e.outbox.of(r.id) {
		i := RoomItem{
			ID: out.event.ID, At: out.event.Time, By: e.device.user, Mine: true, Delivery: "SENDING",
			Name: e.who(e.device.user, r).name,
		}
		switch {
		case out.code != "":
			i.Delivery, i.Why = "FAILED", string(out.code)
		case out.acked:
			i.Delivery = "SENT"
		}
		body, err := rooms.DecodeEvent(out.event)
		if err != nil {
			continue
		}
		switch b := body.(type) {
		case *rooms.Message:
			i.Kind, i.Text, i.Mentions = "MESSAGE", b.Text, b.Mentions
			if !b.ReplyTo.IsZero() {
				i.ReplyTo = e.quote(r, b.ReplyTo)
			}
		case *rooms.DocumentShared:
			i.Kind = "DOCUMENT"
			i.Document = &DocumentView{
				Document: b.Document, Room: r.id, Name: b.Name, MediaType: b.MediaType, Size: b.Size, Caption: b.Caption, By: i.Name, At: i.At,
			}
		default:
			continue
		}
		items = append(items, i)
	}
	return items
}

func (e *engine) documentView(r *room, p *rooms.Post) DocumentView {
	d := p.Document
	t := e.title(r)
	v := DocumentView{
		Document: d.Document, Room: r.id, Name: d.Name, MediaType: d.MediaType, Size: d.Size, Caption: p.Text,
		By: e.who(p.By, r).name, At: p.At, Audience: t.Audience, People: len(r.public().Participants()),
	}
	for _, o := range p.Opened {
		v.OpenedBy = append(v.OpenedBy, Opened{Name: e.who(o.User, r).name, At: o.At})
	}
	return v
}

func documentsView(e *engine, p CaseParams) (any, error) {
	e.readsAll()
	v := DocumentsView{Case: p.Case, Person: e.personName(p.Case)}
	e.reads(p.Case)
	for _, id := range e.roomsOf(p.Case) {
		r := e.rooms[id]
		e.reads(id)
		if r.gone {
			continue
		}
		if e.may(r, rooms.EventMessage, rooms.Message{Text: "-"}) == nil && r.kind != rooms.KindPlan && r.kind != rooms.KindDossier {
			v.Rooms = append(v.Rooms, e.roomCard(r))
		}
		for _, post := range r.fold.Thread().Documents() {
			v.Documents = append(v.Documents, e.documentView(r, post))
		}
	}
	order.By(v.Documents, func(a, b DocumentView) int { return int(b.At - a.At) })
	return v, nil
}
