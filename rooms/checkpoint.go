package rooms

import (
	"maps"
	"slices"
)

// roomState is a Room as it is kept between sessions.
type roomState struct {
	Public   *publicState   `cbor:"2,keyasint"`
	Rows     []Row          `cbor:"3,keyasint"`
	Missing  []missingState `cbor:"4,keyasint"`
	Forked   []uint64       `cbor:"5,keyasint"`
	Profiles []ProfileState `cbor:"6,keyasint"`
	Title    *TitleState    `cbor:"7,keyasint"`
	Posts    []*Post        `cbor:"8,keyasint"`
	Dossier  *dossierState  `cbor:"9,keyasint"`
	Session  *sessionState  `cbor:"10,keyasint"`
	Item     *itemState     `cbor:"11,keyasint"`
	Actions  []*ActionState `cbor:"12,keyasint"`
}

type missingState struct {
	Epoch uint64 `cbor:"1,keyasint"`
	Count uint   `cbor:"2,keyasint"`
}

type dossierState struct {
	Identity    *IdentityState     `cbor:"1,keyasint"`
	LifeProject []LifeProjectState `cbor:"2,keyasint"`
	Leaflets    []LeafletState     `cbor:"3,keyasint"`
	Consents    []ConsentEvent     `cbor:"4,keyasint"`
	Rooms       []RoomEntry        `cbor:"5,keyasint"`
	Circle      []PartyState       `cbor:"6,keyasint"`
}

type sessionState struct {
	Planned *SessionPlanned `cbor:"1,keyasint"`
	By      ID              `cbor:"2,keyasint"`
	At      int64           `cbor:"3,keyasint"`
	Answers []AnswerState   `cbor:"4,keyasint"`
}

type itemState struct {
	Opened     *ItemOpened       `cbor:"1,keyasint"`
	Opinions   []OpinionState    `cbor:"2,keyasint"`
	Positions  []PositionState   `cbor:"3,keyasint"`
	Attendance []AttendanceState `cbor:"4,keyasint"`
	Minutes    MinutesState      `cbor:"5,keyasint"`
}

// Checkpoint encodes the room, so that it need not be folded again. Equal rooms give
// equal bytes. It holds what members read and must be kept encrypted.
func (r *Room) Checkpoint() ([]byte, error) {
	s, err := r.checkpointState()
	if err != nil {
		return nil, err
	}
	return kept(s, "a checkpoint")
}

func (r *Room) checkpointState() (*roomState, error) {
	pub, err := r.pub.state()
	if err != nil {
		return nil, err
	}
	s := &roomState{
		Public: pub, Rows: r.rows, Forked: r.forked, Profiles: r.Profiles(), Title: r.title,
		Posts: r.thread.posts,
	}
	for _, e := range slices.Sorted(maps.Keys(r.missing)) {
		s.Missing = append(s.Missing, missingState{e, r.missing[e]})
	}
	if d := r.dossier; d != nil {
		s.Dossier = &dossierState{d.Identity, d.LifeProject, d.Leaflets, d.Consents, d.Rooms, d.Circle()}
	}
	if p := r.session; p != nil {
		s.Session = &sessionState{p.Planned, p.By, p.At, p.Answers()}
	}
	if i := r.item; i != nil {
		s.Item = &itemState{i.Opened, i.Opinions, i.Positions, i.Attendance, i.Minutes}
	}
	if r.plan != nil {
		s.Actions = r.plan.actions
	}
	return s, nil
}

// RestoreRoom reads a checkpoint. CodeUnknown means that it was made by another fold
// version: the log is folded from the start.
func RestoreRoom(b []byte) (*Room, error) {
	var s roomState
	if err := restore(b, &s, "checkpoint"); err != nil {
		return nil, err
	}
	if s.Public == nil {
		return nil, Errorf(CodeMalformed, "checkpoint without a room")
	}
	pub, err := s.Public.public()
	if err != nil {
		return nil, err
	}
	r := newRoom(pub)
	if len(s.Rows) != len(pub.chain) || (s.Dossier != nil) != (r.dossier != nil) ||
		(s.Session != nil) != (r.session != nil) || (s.Item != nil) != (r.item != nil) {
		return nil, Errorf(CodeMalformed, "checkpoint: halves of two rooms")
	}
	r.rows, r.forked, r.title = s.Rows, s.Forked, s.Title
	for _, m := range s.Missing {
		r.missing[m.Epoch] = m.Count
	}
	for _, p := range s.Profiles {
		r.profiles[p.User] = p
	}
	for _, p := range s.Posts {
		if p == nil {
			return nil, Errorf(CodeMalformed, "checkpoint: a post is missing")
		}
		r.thread.add(p)
	}
	if d := s.Dossier; d != nil {
		r.dossier.Identity, r.dossier.LifeProject, r.dossier.Leaflets = d.Identity, d.LifeProject, d.Leaflets
		r.dossier.Consents, r.dossier.Rooms = d.Consents, d.Rooms
		for i := range d.Circle {
			r.dossier.circle[d.Circle[i].Party.Party] = &d.Circle[i]
		}
	}
	if p := s.Session; p != nil {
		r.session.Planned, r.session.By, r.session.At = p.Planned, p.By, p.At
		for _, a := range p.Answers {
			r.session.answers[a.User] = a
		}
	}
	if i := s.Item; i != nil {
		r.item = &ItemState{i.Opened, i.Opinions, i.Positions, i.Attendance, i.Minutes}
	}
	if r.plan != nil {
		for _, a := range s.Actions {
			if a == nil {
				return nil, Errorf(CodeMalformed, "checkpoint: an action is missing")
			}
		}
		r.plan.actions = s.Actions
	}
	return r, nil
}
