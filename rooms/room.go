package rooms

import (
	"slices"

	"github.com/ensemble-sante/ensemble/crypto/mls"
	"github.com/ensemble-sante/ensemble/crypto/order"
	"github.com/ensemble-sante/ensemble/crypto/record"
)

// Status is what became of an entry.
type Status string

const (
	Accepted   Status = "ACCEPTED"
	Refused    Status = "REFUSED"    // it has its place and no effect: Code says why
	Unreadable Status = "UNREADABLE" // no key opens it, or it cannot be judged without what came before
	Unknown    Status = "UNKNOWN"    // of a type or version of a later program; kept
)

// Row is one entry as the timeline of a room shows it.
type Row struct {
	Seq     uint64      `cbor:"1,keyasint"`
	At      int64       `cbor:"2,keyasint"` // server time, UTC ms
	Kind    record.Kind `cbor:"3,keyasint"`
	Status  Status      `cbor:"4,keyasint"`
	Code    Code        `cbor:"5,keyasint,omitempty"` // why it is not accepted
	ID      ID          `cbor:"6,keyasint,omitzero"`  // of the event or statement
	Type    string      `cbor:"7,keyasint,omitempty"` // of the event or statement, where it could be read
	By      ID          `cbor:"8,keyasint,omitzero"`  // author, or committer
	Device  ID          `cbor:"9,keyasint,omitzero"`
	Written int64       `cbor:"10,keyasint,omitempty"` // the author's clock, UTC ms: shown, never judged
	Subject ID          `cbor:"11,keyasint,omitzero"`  // whom or what it concerns: a user, a message, an action
	What    string      `cbor:"12,keyasint,omitempty"` // the ControlOp of session control
	Joined  []Seat      `cbor:"13,keyasint,omitempty"` // by a commit
	Left    []Seat      `cbor:"14,keyasint,omitempty"`
}

// Seat is a device that came or went.
type Seat struct {
	User   ID `cbor:"1,keyasint"`
	Device ID `cbor:"2,keyasint"`
}

// Outcome is what Apply made of an entry: its row, and what was in it.
type Outcome struct {
	Row
	Event     *record.Event // opened
	Body      any           // pointer to the body type of the event or statement
	Statement *Statement
	Commit    *Commit // of an accepted commit
}

// Room is a room as one of its members sees it: Public, and what the keys at hand can
// read. Two members with the same keys who have the same log have the same Room.
//
// What accessors return must not be changed, and holds until the next Apply. A Room is
// not safe for concurrent use.
type Room struct {
	pub     *Public
	rows    []Row
	missing map[uint64]uint // events without key, by epoch
	forked  []uint64        // entries that cite another chain than ours

	profiles map[ID]ProfileState
	title    *TitleState
	thread   *ThreadState
	dossier  *DossierState
	session  *SessionPlan
	item     *ItemState
	plan     *PlanState
}

// ProfileState is how a member presents themself, by their newest profile.
type ProfileState struct {
	User    ID      `cbor:"1,keyasint"`
	Profile Profile `cbor:"2,keyasint"`
	At      int64   `cbor:"3,keyasint"`
}

// TitleState is the room's name, by the newest title.
type TitleState struct {
	Title Title `cbor:"1,keyasint"`
	By    ID    `cbor:"2,keyasint"`
	At    int64 `cbor:"3,keyasint"`
}

// BeginRoom starts a room from its genesis; see [Begin].
func BeginRoom(genesis Entry) (*Room, error) {
	p, err := Begin(genesis)
	if err != nil {
		return nil, err
	}
	r := newRoom(p)
	s, err := InspectStatement(genesis.Payload)
	if err != nil {
		return nil, err
	}
	row := rowOf(genesis)
	row.Status = Accepted
	row.statement(s, &p.genesis)
	r.rows = append(r.rows, row)
	return r, nil
}

func newRoom(p *Public) *Room {
	r := &Room{pub: p, missing: map[uint64]uint{}, profiles: map[ID]ProfileState{}, thread: newThread()}
	switch p.Kind() {
	case KindDossier:
		r.dossier = newDossier()
	case KindSession:
		r.session = newSessionPlan()
	case KindItem:
		r.item = newItemState()
	case KindPlan:
		r.plan = newPlanState()
	}
	return r
}

func rowOf(e Entry) Row {
	return Row{Seq: e.Envelope.Seq, At: e.Envelope.Time, Kind: e.Envelope.Kind}
}

func (row *Row) statement(s Statement, body any) {
	row.ID, row.Type, row.By, row.Device, row.Written = s.ID, string(s.Type), s.Author, s.Device, s.Time
	switch b := body.(type) {
	case *Receipt:
		row.Subject = b.Participant.User
	case *Withdrawal:
		row.Subject = b.Participant
	case *Control:
		row.What, row.Subject = string(b.Op), b.User
		if b.User.IsZero() {
			row.Subject = b.Item
		}
	case *Grant:
		row.Subject = b.User
	case *CollectorsChange:
		if len(b.Add) > 0 {
			row.Subject = b.Add[0].User
		} else if len(b.Remove) > 0 {
			row.Subject = b.Remove[0]
		}
	}
}

func (row *Row) refuse(err error) { row.Status, row.Code = Refused, CodeOf(err) }

// Apply takes in the next entry. An entry that may not be what it says never makes
// Apply fail: the outcome tells, the same to every member. An error, with CodeBadChain,
// means that the entry does not continue the log; nothing has changed then.
func (r *Room) Apply(e Entry, keys Keys) (Outcome, error) {
	out := Outcome{Row: rowOf(e)}
	before, returning := r.pub.devices, r.pub.returning
	fold, err := r.pub.judge(e, commitCheck{leaves: func(c Commit) error { out.Commit = &c; return nil }})
	if CodeOf(err) == CodeBadChain {
		return Outcome{}, err
	}
	if err != nil {
		out.refuse(err)
		r.describeRefused(&out, e)
		if out.Code == CodeForked {
			r.forked = append(r.forked, e.Envelope.Seq)
		}
		r.pub.pass(e)
		r.rows = append(r.rows, out.Row)
		return out, nil
	}
	var then func() // folds what only members see; judged before anything changes
	switch e.Envelope.Kind {
	case record.KindEvent:
		then = r.readEvent(&out, e, keys)
	case record.KindStatement:
		then = r.readStatement(&out, e)
	}
	r.pub.take(e, fold)
	if e.Envelope.Kind == record.KindCommit {
		out.Status = Accepted
		out.describeCommit(e.Payload, before, r.pub.devices)
		out.Joined = slices.DeleteFunc(out.Joined, func(s Seat) bool { return slices.Contains(returning, s) })
	}
	if then != nil {
		then()
	}
	r.rows = append(r.rows, out.Row)
	return out, nil
}

// describeRefused fills in what can be said of an entry that Public refused.
func (r *Room) describeRefused(out *Outcome, e Entry) {
	switch e.Envelope.Kind {
	case record.KindEvent:
		if s, err := ParseSealedEvent(e.Payload); err == nil {
			out.ID, out.By, out.Device = s.ID, s.Author, s.Device
		}
	case record.KindStatement:
		if s, err := InspectStatement(e.Payload); err == nil {
			body, err := DecodeStatement(s)
			if CodeOf(err) == CodeUnknown {
				out.Status = Unknown
			}
			out.statement(s, body)
			out.Statement = &s
		}
	}
}

func (out *Outcome) describeCommit(message []byte, before, after map[ID]LeafMember) {
	for d, m := range after {
		if was, ok := before[d]; !ok || was.Since != m.Since {
			out.Joined = append(out.Joined, Seat{m.User, d})
		}
	}
	for d, m := range before {
		if _, ok := after[d]; !ok && !out.Commit.Moved { // a move takes nobody out: see TakesPart
			out.Left = append(out.Left, Seat{m.User, d})
		}
	}
	byDevice := func(a, b Seat) int { return a.Device.Compare(b.Device) }
	order.By(out.Joined, byDevice)
	order.By(out.Left, byDevice)
	info, err := mls.InspectMessage(message)
	if err != nil {
		return // Public processed it
	}
	if leaf, ok := info.Sender.Member(); ok {
		for d, m := range before {
			if m.Leaf == leaf {
				out.By, out.Device = m.User, d
			}
		}
	} else if len(out.Joined) == 1 {
		out.By, out.Device = out.Joined[0].User, out.Joined[0].Device
	}
}

// readEvent opens and judges an event that Public took.
func (r *Room) readEvent(out *Outcome, e Entry, keys Keys) (fold func()) {
	sealed, err := ParseSealedEvent(e.Payload)
	if err != nil { // Public parsed it
		out.refuse(err)
		return nil
	}
	out.ID, out.By, out.Device = sealed.ID, sealed.Author, sealed.Device
	member := r.pub.devices[sealed.Device]
	ev, err := OpenEvent(sealed, r.pub.room, member.SignatureKey, keys)
	switch CodeOf(err) {
	case "":
	case CodeUnknown:
		out.Status = Unreadable
		return func() { r.missing[sealed.Epoch]++ }
	case CodeChanged:
		out.Status, out.Code = Unreadable, CodeChanged
		return nil
	default:
		out.refuse(err)
		return nil
	}
	out.Event = &ev
	out.Type, out.Written = ev.Type, ev.Time
	if err := r.pub.checkSeen(ev.Seen); err != nil {
		out.refuse(err)
		if out.Code == CodeForked {
			return func() { r.forked = append(r.forked, e.Envelope.Seq) }
		}
		return nil
	}
	body, err := DecodeEvent(ev)
	if err != nil {
		out.refuse(err)
		if out.Code == CodeUnknown {
			out.Status = Unknown
		}
		return nil
	}
	out.Body = body
	out.Subject = subjectOf(body)
	fold, err = r.judgeEvent(writing{
		id: ev.ID, by: ev.Author, device: member, written: ev.Time, seq: e.Envelope.Seq, at: e.Envelope.Time,
	}, ev.Type, body)
	if err != nil {
		out.refuse(err)
		if len(r.missing) > 0 {
			switch out.Code {
			case CodeUnknown, CodeConflict, CodeChanged, CodeSealed, CodeNotSigner:
				out.Status = Unreadable // what came before might have made it right
			}
		}
		return nil
	}
	out.Status = Accepted
	return fold
}

// readStatement judges what of a statement only members can.
func (r *Room) readStatement(out *Outcome, e Entry) (fold func()) {
	s, err := InspectStatement(e.Payload)
	if err != nil { // Public parsed it
		out.refuse(err)
		return nil
	}
	out.Statement = &s
	body, err := DecodeStatement(s)
	if err != nil {
		out.refuse(err)
		return nil
	}
	out.Body = body
	out.statement(s, body)
	out.Status = Accepted
	if seal, ok := body.(*Seal); ok {
		fold, err := r.judgeSeal(seal, e.Envelope.Seq, e.Envelope.Time, s.Author)
		if err != nil {
			out.refuse(err)
			if len(r.missing) > 0 {
				out.Status = Unreadable
			}
			return nil
		}
		return fold
	}
	return nil
}

// Public is the half of the room that needs no keys. It must not be changed.
func (r *Room) Public() *Public { return r.pub }

// Timeline gives every entry of the log as a row, in order, refused ones too.
func (r *Room) Timeline() []Row { return r.rows }

// Row gives the row of an entry.
func (r *Room) Row(seq uint64) (Row, bool) {
	if seq == 0 || seq > uint64(len(r.rows)) {
		return Row{}, false
	}
	return r.rows[seq-1], true
}

// Forked lists the entries whose authors saw another log than ours: the server showed
// people different rooms.
func (r *Room) Forked() []uint64 { return r.forked }

// Missing lists the epochs of which an event could not be read for want of a key, in
// order. When the keys have come, the log is folded again from the start, or from a
// checkpoint before the first.
func (r *Room) Missing() []uint64 {
	all := make([]uint64, 0, len(r.missing))
	for e := range r.missing {
		all = append(all, e)
	}
	slices.Sort(all)
	return all
}

// Profile is how a member presents themself here.
func (r *Room) Profile(user ID) (Profile, bool) {
	p, ok := r.profiles[user]
	return p.Profile, ok
}

// Profiles are all profiles, sorted by user.
func (r *Room) Profiles() []ProfileState {
	all := make([]ProfileState, 0, len(r.profiles))
	for _, p := range r.profiles {
		all = append(all, p)
	}
	order.By(all, func(a, b ProfileState) int { return a.User.Compare(b.User) })
	return all
}

// Title is the room's name; nil before there is one.
func (r *Room) Title() *TitleState { return r.title }

// Thread is what was said and shared in the room.
func (r *Room) Thread() *ThreadState { return r.thread }

// Dossier is the case; nil in other rooms.
func (r *Room) Dossier() *DossierState { return r.dossier }

// Session is the plan of the RCP session and its answers; nil in other rooms. How it
// runs is Public().Session().
func (r *Room) Session() *SessionPlan { return r.session }

// Item is the agenda item; nil in other rooms.
func (r *Room) Item() *ItemState { return r.item }

// Plan is the care plan; nil in other rooms.
func (r *Room) Plan() *PlanState { return r.plan }

// May says whether an event of this type and body by a user would be accepted as the
// next entry, as Apply would judge it at the server time of the newest entry.
func (r *Room) May(user ID, eventType string, body []byte) error {
	for _, m := range r.pub.Members() {
		if m.User != user {
			continue
		}
		if err := r.pub.MayWrite(user, m.Device, r.pub.time); err != nil {
			return err
		}
		decoded, err := DecodeEvent(record.Event{Type: eventType, Version: EventVersion, Body: body})
		if err != nil {
			return err
		}
		_, err = r.judgeEvent(writing{
			id: newID(), by: user, device: m, seq: uint64(len(r.rows)) + 1, at: r.pub.time,
		}, eventType, decoded)
		return err
	}
	return Errorf(CodeNotMember, "the user has no device in the room")
}

// MayDo is May for a body that is not yet encoded.
func (r *Room) MayDo(user ID, eventType string, body any) error {
	b, err := EncodeBody(body)
	if err != nil {
		return err
	}
	return r.May(user, eventType, b)
}
