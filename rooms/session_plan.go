package rooms

import (
	"maps"
	"slices"

	"github.com/ensemble-sante/ensemble/crypto/order"
)

// SessionPlan is an RCP session as it was planned, and who answered what.
type SessionPlan struct {
	Planned *SessionPlanned
	By      ID
	At      int64
	answers map[ID]AnswerState
}

// AnswerState is an invitee's newest answer: COMES, CANNOT or OPINION.
type AnswerState struct {
	User   ID     `cbor:"1,keyasint"`
	Answer string `cbor:"2,keyasint"`
	At     int64  `cbor:"3,keyasint"`
}

func newSessionPlan() *SessionPlan { return &SessionPlan{answers: map[ID]AnswerState{}} }

// Answer is a user's answer; "" before they gave one.
func (s *SessionPlan) Answer(user ID) string { return s.answers[user].Answer }

// Answers are all answers, sorted by user.
func (s *SessionPlan) Answers() []AnswerState {
	all := slices.Collect(maps.Values(s.answers))
	order.By(all, func(a, b AnswerState) int { return a.User.Compare(b.User) })
	return all
}

// Participant finds an invitee.
func (s *SessionPlan) Participant(user ID) (PlannedParticipant, bool) {
	if s.Planned == nil {
		return PlannedParticipant{}, false
	}
	for _, p := range s.Planned.Participants {
		if p.User == user {
			return p, true
		}
	}
	return PlannedParticipant{}, false
}

// Invited says whether a user is invited to an item.
func (s *SessionPlan) Invited(user, item ID) bool {
	p, ok := s.Participant(user)
	return ok && slices.Contains(p.Items, item)
}

// Duties of participants in a session.
const (
	DutyChair       = "CHAIR"
	DutySecretary   = "SECRETARY"
	DutyRequester   = "REQUESTER"
	DutyFacilitator = "FACILITATOR"
	DutyParticipant = "PARTICIPANT"
	DutyGuest       = "GUEST"
)

func checkDuty(duty string) error {
	return oneOf("duty", duty, DutyChair, DutySecretary, DutyRequester, DutyFacilitator, DutyParticipant, DutyGuest)
}

func (r *Room) judgeSession(w writing, body any) (func(), error) {
	s := r.session
	running := r.pub.session.Status
	switch b := body.(type) {
	case *SessionPlanned:
		if err := r.mustManage(w, "plan the session"); err != nil {
			return nil, err
		}
		if err := b.check(r.pub.genesis.Chair.User); err != nil {
			return nil, err
		}
		if running == SessionRunningStatus || running == SessionClosedStatus {
			return nil, Errorf(CodeConflict, "the session runs or is over")
		}
		if s.Planned != nil && b.Sequence <= s.Planned.Sequence {
			return nil, Errorf(CodeConflict, "the plan was changed by somebody else")
		}
		return func() { s.Planned, s.By, s.At = b, w.by, w.at }, nil

	case *SessionAnswered:
		if err := oneOf("answer", b.Answer, "COMES", "CANNOT", "OPINION"); err != nil {
			return nil, err
		}
		if s.Planned == nil {
			return nil, Errorf(CodeUnknown, "no session is planned yet")
		}
		if _, invited := s.Participant(w.by); !invited {
			return nil, Errorf(CodeNotAllowed, "the author is not invited")
		}
		if running == SessionClosedStatus {
			return nil, Errorf(CodeConflict, "the session is over")
		}
		return func() { s.answers[w.by] = AnswerState{w.by, b.Answer, w.at} }, nil
	}
	return nil, Errorf(CodeUnknown, "event of unknown type")
}

func (b *SessionPlanned) check(chair ID) error {
	if err := firstError(line("title", b.Title, true), line("zone", b.Zone, true)); err != nil {
		return err
	}
	if _, ok := Rule(b.Type); !ok {
		return invalid("type", "no such type of RCP")
	}
	if b.Starts <= 0 || b.Minutes == 0 || b.Minutes > 24*60 {
		return invalid("starts", "a session has a start and a length")
	}
	if len(b.Items) == 0 || len(b.Participants) == 0 {
		return invalid("items", "a session has items and participants")
	}
	items := make([]ID, len(b.Items))
	for i, it := range b.Items {
		items[i] = it.Room
	}
	if err := idList("items", items); err != nil {
		return err
	}
	users := make([]ID, len(b.Participants))
	for i, p := range b.Participants {
		users[i] = p.User
		field := numbered("participant", i)
		if err := firstError(
			line(field, p.Name, true), line(field, p.Role, true), checkDuty(p.Duty), idList(field, p.Items),
		); err != nil {
			return err
		}
		if (p.Duty == DutyChair) != (p.User == chair) {
			return invalid(field, "the chair is who opened the session names")
		}
		for _, it := range p.Items {
			if !slices.Contains(items, it) {
				return invalid(field, "invited to an item that is not on the agenda")
			}
		}
		if p.Duty == DutyFacilitator && p.Votes {
			return invalid(field, "the facilitator is neutral")
		}
	}
	return idList("participants", users)
}
