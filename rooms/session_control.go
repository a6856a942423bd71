package rooms

import "slices"

// States of a session, and of its items as far as session control tells them.
const (
	SessionPlannedStatus = "PLANNED"
	SessionOpenStatus    = "OPEN" // the lobby is open, no item runs
	SessionRunningStatus = "RUNNING"
	SessionClosedStatus  = "CLOSED"

	ItemWaiting   = "WAITING"
	ItemRunning   = "RUNNING"
	ItemDone      = "DONE"
	ItemPostponed = "POSTPONED"
)

// SessionState is how a session runs, by the chair's statements.
type SessionState struct {
	Status   string         `cbor:"1,keyasint"`
	Items    []ItemProgress `cbor:"2,keyasint"` // those that control has named, in that order
	Current  ID             `cbor:"3,keyasint"` // room of the running item, zero when none
	Call     ID             `cbor:"4,keyasint"` // its call's room
	Admitted []Party        `cbor:"5,keyasint"` // to the running call, in the order of admission
}

// ItemProgress is how one item of the agenda stands.
type ItemProgress struct {
	Item    ID     `cbor:"1,keyasint"`
	Status  string `cbor:"2,keyasint"`
	Call    ID     `cbor:"3,keyasint"` // the newest call
	Started int64  `cbor:"4,keyasint"` // UTC ms, server
	Ended   int64  `cbor:"5,keyasint"`
}

// Session is how the session runs; nil in other rooms. It must not be changed.
func (p *Public) Session() *SessionState { return p.session }

// Progress is how one item stands; WAITING where control has not named it.
func (s *SessionState) Progress(item ID) ItemProgress {
	if i := s.index(item); i >= 0 {
		return s.Items[i]
	}
	return ItemProgress{Item: item, Status: ItemWaiting}
}

// IsAdmitted says whether a user is admitted to the running call.
func (s *SessionState) IsAdmitted(user ID) bool {
	return slices.ContainsFunc(s.Admitted, func(q Party) bool { return q.User == user })
}

func (s *SessionState) index(item ID) int {
	return slices.IndexFunc(s.Items, func(i ItemProgress) bool { return i.Item == item })
}

func (s *SessionState) set(item ItemProgress) {
	if i := s.index(item.Item); i >= 0 {
		s.Items[i] = item
		return
	}
	s.Items = append(s.Items, item)
}

// control judges one act of the chair, in the session's log or in the call's copy.
func (j *statementJudge) control(c *Control) (func(), error) {
	if !j.may.chair {
		return nil, j.not("run the session")
	}
	switch j.p.genesis.Kind {
	case KindSession:
		return j.sessionControl(c)
	case KindCall:
		return j.callControl(c)
	}
	return nil, Errorf(CodeNotAllowed, "only a session is run")
}

func (j *statementJudge) sessionControl(c *Control) (func(), error) {
	s := j.p.session
	wrong := func(what string) (func(), error) { return nil, Errorf(CodeConflict, "session: %s", what) }
	needs := func(missing bool) error {
		if missing {
			return Errorf(CodeInvalid, "session control %s: an id is missing", c.Op)
		}
		return nil
	}
	if s.Status == SessionClosedStatus {
		return wrong("it is closed")
	}
	switch c.Op {
	case ControlOpen:
		if s.Status != SessionPlannedStatus {
			return wrong("it is open already")
		}
		return func() { s.Status = SessionOpenStatus }, nil

	case ControlStartItem:
		if err := needs(c.Item.IsZero() || c.Call.IsZero()); err != nil {
			return nil, err
		}
		if s.Status != SessionOpenStatus {
			return wrong("it is not open, or an item runs")
		}
		if slices.ContainsFunc(s.Items, func(i ItemProgress) bool { return i.Call == c.Call }) {
			return wrong("the call was used before")
		}
		return func() {
			s.Status, s.Current, s.Call, s.Admitted = SessionRunningStatus, c.Item, c.Call, nil
			s.set(ItemProgress{Item: c.Item, Status: ItemRunning, Call: c.Call, Started: j.e.Time})
		}, nil

	case ControlAdmit:
		if err := needs(c.User.IsZero() || c.KeyHash == [32]byte{} || c.Call.IsZero()); err != nil {
			return nil, err
		}
		if s.Status != SessionRunningStatus || c.Call != s.Call {
			return wrong("that call is not running")
		}
		if s.IsAdmitted(c.User) {
			return wrong("already admitted")
		}
		if _, err := j.p.MayEnter(c.User, c.KeyHash, j.e.Time); err != nil {
			return nil, err
		}
		return func() { s.Admitted = append(s.Admitted, Party{c.User, c.KeyHash}) }, nil

	case ControlRemove:
		if err := needs(c.User.IsZero() || c.Call.IsZero()); err != nil {
			return nil, err
		}
		if s.Status != SessionRunningStatus || c.Call != s.Call {
			return wrong("that call is not running")
		}
		if !s.IsAdmitted(c.User) {
			return nil, Errorf(CodeUnknown, "session: not admitted")
		}
		return func() {
			s.Admitted = slices.DeleteFunc(s.Admitted, func(q Party) bool { return q.User == c.User })
		}, nil

	case ControlEndItem:
		if s.Status != SessionRunningStatus || !c.Item.IsZero() && c.Item != s.Current {
			return wrong("that item is not running")
		}
		return func() { j.endItem(s.Current, ItemDone) }, nil

	case ControlPostpone:
		if err := needs(c.Item.IsZero()); err != nil {
			return nil, err
		}
		if was := s.Progress(c.Item).Status; was == ItemDone || was == ItemPostponed {
			return wrong("the item is over")
		}
		return func() { j.endItem(c.Item, ItemPostponed) }, nil

	case ControlClose:
		if s.Status != SessionOpenStatus {
			return wrong("it is not open, or an item runs")
		}
		return func() { s.Status = SessionClosedStatus }, nil
	}
	return nil, Errorf(CodeUnknown, "session control of unknown kind")
}

func (j *statementJudge) endItem(item ID, status string) {
	s := j.p.session
	now := s.Progress(item)
	now.Status, now.Ended = status, j.e.Time
	s.set(now)
	if s.Current == item {
		s.Status, s.Current, s.Call, s.Admitted = SessionOpenStatus, ID{}, ID{}, nil
	}
}

// callControl judges the copies of admissions and removals in the call's own log,
// which stands by itself.
func (j *statementJudge) callControl(c *Control) (func(), error) {
	p := j.p
	if p.over {
		return nil, Errorf(CodeConflict, "call: it has ended")
	}
	switch c.Op {
	case ControlStartItem, ControlAdmit, ControlRemove:
		if c.Call != p.room {
			return nil, Errorf(CodeInvalid, "call: another call is meant")
		}
	}
	switch c.Op {
	case ControlStartItem:
		if c.Item != p.genesis.Item {
			return nil, Errorf(CodeInvalid, "call: another item is meant")
		}
		return func() {}, nil

	case ControlAdmit:
		if c.User.IsZero() || c.KeyHash == ([32]byte{}) {
			return nil, Errorf(CodeInvalid, "call: nobody is admitted")
		}
		number := uint(1)
		if was, ok := p.consents[c.User]; ok {
			if was.Withdrawn {
				return nil, Errorf(CodeWithdrawn, "call: their consent was withdrawn")
			}
			if !was.Ended {
				return nil, Errorf(CodeConflict, "call: already admitted")
			}
			number = was.Number + 1
		}
		return func() {
			p.consents[c.User] = &Consent{
				Party: Party{c.User, c.KeyHash}, Number: number, Hash: j.hash, Seq: j.e.Seq, At: j.e.Time,
				By: j.s.Author, HistoryFrom: j.e.Seq,
			}
		}, nil

	case ControlRemove:
		was, ok := p.consents[c.User]
		if _, implicit := p.implicit(c.User); !ok && !implicit || ok && was.Ended {
			return nil, Errorf(CodeUnknown, "call: not admitted")
		}
		return func() { p.end(c.User, j.hash, j.e, j.s.Author, false) }, nil

	case ControlEndItem, ControlPostpone:
		if c.Item != p.genesis.Item {
			return nil, Errorf(CodeInvalid, "call: another item is meant")
		}
		return func() { p.over = true }, nil
	}
	return nil, Errorf(CodeNotAllowed, "call: that belongs in the session's log")
}

// CheckAdmission says whether a user may be admitted to a call at a server time: into
// the session, and into the item's room, from which every call's roster is drawn. It
// is what one log alone cannot say.
func CheckAdmission(session, item *Public, user ID, keyHash [32]byte, at int64) error {
	if _, err := session.MayEnter(user, keyHash, at); err != nil {
		return err
	}
	_, err := item.MayEnter(user, keyHash, at)
	return err
}
