package rooms

import "slices"

// ItemState is one item of an agenda: its question, what people think of it, who was
// there, and the minutes.
type ItemState struct {
	Opened     *ItemOpened
	Opinions   []OpinionState    // every one, oldest first
	Positions  []PositionState   // every one, oldest first: none is overwritten
	Attendance []AttendanceState // every record, oldest first; the last one counts
	Minutes    MinutesState
}

// ItemOpened is the item as last described.
type ItemOpened struct {
	Item Item  `cbor:"1,keyasint"`
	By   ID    `cbor:"2,keyasint"`
	At   int64 `cbor:"3,keyasint"`
}

// OpinionState is an opinion given ahead of time.
type OpinionState struct {
	ID   ID     `cbor:"1,keyasint"`
	By   ID     `cbor:"2,keyasint"`
	Role string `cbor:"3,keyasint"` // of the author's profile when they gave it
	Text string `cbor:"4,keyasint"`
	At   int64  `cbor:"5,keyasint"`
}

// PositionState is a position that somebody recorded.
type PositionState struct {
	ID       ID           `cbor:"1,keyasint"`
	By       ID           `cbor:"2,keyasint"`
	Position PositionCode `cbor:"3,keyasint"`
	Text     string       `cbor:"4,keyasint"`
	At       int64        `cbor:"5,keyasint"`
	Signed   bool         `cbor:"6,keyasint"` // taken with a signature
}

// AttendanceState is an attendance record.
type AttendanceState struct {
	Attendance Attendance `cbor:"1,keyasint"`
	By         ID         `cbor:"2,keyasint"`
	At         int64      `cbor:"3,keyasint"`
}

func newItemState() *ItemState { return &ItemState{Minutes: MinutesState{State: StateNone}} }

// Present is who attended, by the newest record.
func (i *ItemState) Present() []Attendee {
	if len(i.Attendance) == 0 {
		return nil
	}
	return i.Attendance[len(i.Attendance)-1].Attendance.Present
}

// Attendee finds somebody who was present.
func (i *ItemState) Attendee(user ID) (Attendee, bool) {
	for _, a := range i.Present() {
		if a.User == user {
			return a, true
		}
	}
	return Attendee{}, false
}

// Current gives the newest position of each participant, in the order in which they
// recorded it.
func (i *ItemState) Current() []PositionState {
	var newest []PositionState
	for _, p := range i.Positions {
		if j := slices.IndexFunc(newest, func(q PositionState) bool { return q.By == p.By }); j >= 0 {
			newest = slices.Delete(newest, j, j+1)
		}
		newest = append(newest, p)
	}
	return newest
}

// Rule is the rule by which the item is judged.
func (i *ItemState) Rule() (RcpRule, bool) {
	if i.Opened == nil {
		return RcpRule{}, false
	}
	return Rule(i.Opened.Item.Type)
}

// Quorum judges the newest attendance record; live attendance is judged by [Quorum].
func (i *ItemState) Quorum() QuorumResult {
	rule, ok := i.Rule()
	if !ok {
		return QuorumResult{}
	}
	return Quorum(rule, i.Present(), i.Opinions, i.Opened.Item)
}

// isSecretary says whether the newest attendance record names user as secretary.
func (i *ItemState) isSecretary(user ID) bool {
	a, ok := i.Attendee(user)
	return ok && a.Duty == DutySecretary
}

func (r *Room) judgeItem(w writing, body any) (func(), error) {
	it := r.item
	if it.Minutes.State == StateSealed {
		return nil, Errorf(CodeSealed, "the minutes are sealed")
	}
	open := func() error {
		if it.Minutes.State == StateProposed {
			return Errorf(CodeConflict, "the minutes are proposed: reopen them first")
		}
		return nil
	}
	switch b := body.(type) {
	case *Item:
		if err := r.mustManage(w, "describe the item"); err != nil {
			return nil, err
		}
		if err := b.check(r.pub.genesis.Case); err != nil {
			return nil, err
		}
		if err := open(); err != nil {
			return nil, err
		}
		return func() { it.Opened = &ItemOpened{*b, w.by, w.at} }, nil

	case *Opinion:
		if err := firstError(text("text", b.Text, true), open()); err != nil {
			return nil, err
		}
		return func() {
			it.Opinions = append(it.Opinions, OpinionState{
				ID: w.id, By: w.by, Role: r.profiles[w.by].Profile.Role, Text: b.Text, At: w.at,
			})
		}, nil

	case *Position:
		if err := firstError(checkPosition(b.Position), text("text", b.Text, false), open()); err != nil {
			return nil, err
		}
		if a, ok := it.Attendee(w.by); ok && a.Duty == DutyFacilitator {
			return nil, Errorf(CodeNotAllowed, "the facilitator is neutral")
		}
		return func() {
			it.Positions = append(it.Positions, PositionState{ID: w.id, By: w.by, Position: b.Position, Text: b.Text, At: w.at})
		}, nil

	case *Attendance:
		if !r.rights(w).chair {
			return nil, Errorf(CodeNotAllowed, "the chair keeps the attendance record")
		}
		if err := firstError(b.check(), open()); err != nil {
			return nil, err
		}
		return func() { it.Attendance = append(it.Attendance, AttendanceState{*b, w.by, w.at}) }, nil
	}
	return nil, Errorf(CodeUnknown, "event of unknown type")
}

func checkPosition(p PositionCode) error {
	switch p {
	case PositionAgree, PositionReservation, PositionDisagree, PositionAbstain, PositionNotCompetent:
		return nil
	}
	return invalid("position", "no such position")
}

func (b *Item) check(dossier ID) error {
	if err := firstError(
		text("question", b.Question, true), text("context", b.Context, false), present("requester", b.Requester),
		line("person", b.Person, true), text("wish", b.Wish, false),
	); err != nil {
		return err
	}
	if b.Number == 0 || b.Number > maxList {
		return invalid("number", "items are numbered from 1")
	}
	if b.Dossier != dossier {
		return invalid("dossier", "the item is about another case")
	}
	if _, ok := Rule(b.Type); !ok {
		return invalid("type", "no such type of RCP")
	}
	return nil
}

func (b *Attendance) check() error {
	if b.From <= 0 || b.To < b.From {
		return invalid("from", "from when to when")
	}
	users := make([]ID, len(b.Present))
	for i, a := range b.Present {
		users[i] = a.User
		field := numbered("present", i)
		if err := firstError(line(field, a.Name, true), line(field, a.Role, true), checkDuty(a.Duty)); err != nil {
			return err
		}
	}
	return idList("present", users)
}
