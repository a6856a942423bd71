package rooms

import (
	"encoding/binary"
	"slices"

	"github.com/ensemble-sante/ensemble/crypto/identity"
)

// States of an action of the care plan.
const (
	ActionProposed   = "PROPOSED"
	ActionIsAccepted = "ACCEPTED"
	ActionInProgress = "IN_PROGRESS"
	ActionDone       = "DONE"
	ActionNotDone    = "NOT_DONE"
	ActionCancelled  = "CANCELLED"

	AsPerformer = "PERFORMER"
	AsPerson    = "PERSON"
)

// ActionID is the id of the action at a place, from 0, of minutes with this digest:
// whoever carries it into the plan makes the same id, so that it enters once.
func ActionID(minutes [32]byte, index uint) ID {
	h := identity.Hash(identity.LabelAction, binary.BigEndian.AppendUint64(minutes[:], uint64(index)))
	return ID(h[:16])
}

// PlanState is the person's care plan: its actions by priority.
type PlanState struct {
	actions []*ActionState
}

// ActionState is one action of the plan, with everything that happened to it.
type ActionState struct {
	Action   ActionAdded  `cbor:"1,keyasint"`
	By       ID           `cbor:"2,keyasint"`
	At       int64        `cbor:"3,keyasint"`
	Status   string       `cbor:"4,keyasint"`
	Reason   string       `cbor:"5,keyasint"` // of the newest status
	Note     string       `cbor:"6,keyasint"`
	Accepted []string     `cbor:"7,keyasint"` // PERFORMER, PERSON
	History  []ActionStep `cbor:"8,keyasint"` // oldest first
}

// ActionStep is one line of an action's history.
type ActionStep struct {
	At     int64  `cbor:"1,keyasint"`
	By     ID     `cbor:"2,keyasint"`
	Kind   string `cbor:"3,keyasint"` // ADDED, ACCEPTED, STATUS
	As     string `cbor:"4,keyasint,omitempty"`
	Status string `cbor:"5,keyasint,omitempty"`
	Reason string `cbor:"6,keyasint,omitempty"`
	Note   string `cbor:"7,keyasint,omitempty"`
}

func newPlanState() *PlanState { return &PlanState{} }

// Actions are the actions by rank, the most urgent first.
func (p *PlanState) Actions() []*ActionState { return p.actions }

// Action finds an action.
func (p *PlanState) Action(id ID) (*ActionState, bool) {
	i := p.rank(id)
	if i < 0 {
		return nil, false
	}
	return p.actions[i], true
}

func (p *PlanState) rank(id ID) int {
	return slices.IndexFunc(p.actions, func(a *ActionState) bool { return a.Action.Action == id })
}

// HasAccepted says whether the action was accepted in a capacity.
func (a *ActionState) HasAccepted(as string) bool { return slices.Contains(a.Accepted, as) }

// Open says whether something remains to be done.
func (a *ActionState) Open() bool {
	return a.Status != ActionDone && a.Status != ActionNotDone && a.Status != ActionCancelled
}

// actsAs says in which capacities a user acts on an action. Collectors act for a
// performer or a person who is not on the platform.
func (r *Room) actsAs(user ID, a *ActionState, may authority) (performer, person bool) {
	performer = a.Action.Performer == user || may.collector && a.Action.Performer.IsZero()
	person = r.pub.IsPerson(user) || may.collector && r.pub.person == nil
	return performer, person
}

// CanAccept gives the capacity in which a user may accept an action now: PERFORMER,
// PERSON or "".
func (r *Room) CanAccept(user, action ID) string {
	for _, as := range []string{AsPerformer, AsPerson} {
		if r.MayDo(user, EventActionAccepted, ActionAccepted{Action: action, As: as}) == nil {
			return as
		}
	}
	return ""
}

// CanMove gives the statuses that a user may set now, NOT_DONE with a reason.
func (r *Room) CanMove(user, action ID) []string {
	moves := []string{}
	for _, s := range []string{ActionInProgress, ActionDone, ActionNotDone, ActionCancelled} {
		if r.MayDo(user, EventActionStatus, ActionStatus{Action: action, Status: s, Reason: reasonFor(s)}) == nil {
			moves = append(moves, s)
		}
	}
	return moves
}

func reasonFor(status string) string {
	if status == ActionNotDone {
		return "NOT_NEEDED"
	}
	return ""
}

func (r *Room) judgePlan(w writing, body any) (func(), error) {
	p, may := r.plan, r.rights(w)
	find := func(id ID) (*ActionState, error) {
		a, ok := p.Action(id)
		if !ok {
			return nil, Errorf(CodeUnknown, "no such action")
		}
		return a, nil
	}
	switch b := body.(type) {
	case *ActionAdded:
		if err := b.check(); err != nil {
			return nil, err
		}
		if _, twice := p.Action(b.Action); twice {
			return nil, Errorf(CodeConflict, "the action is in the plan already")
		}
		return func() {
			p.actions = append(p.actions, &ActionState{
				Action: *b, By: w.by, At: w.at, Status: ActionProposed,
				History: []ActionStep{{At: w.at, By: w.by, Kind: "ADDED", Status: ActionProposed}},
			})
		}, nil

	case *ActionAccepted:
		if err := oneOf("as", b.As, AsPerformer, AsPerson); err != nil {
			return nil, err
		}
		a, err := find(b.Action)
		if err != nil {
			return nil, err
		}
		performer, person := r.actsAs(w.by, a, may)
		switch {
		case b.As == AsPerformer && !performer, b.As == AsPerson && !person:
			return nil, Errorf(CodeNotAllowed, "the author is not whom the action needs")
		case a.HasAccepted(b.As):
			return nil, Errorf(CodeConflict, "accepted already")
		case !a.Open():
			return nil, Errorf(CodeConflict, "the action is over")
		}
		return func() { a.accept(w, b.As, r.pub.IsPerson(a.Action.Performer)) }, nil

	case *ActionStatus:
		if err := firstError(
			oneOf("status", b.Status, ActionInProgress, ActionDone, ActionNotDone, ActionCancelled),
			oneOf("reason", b.Reason, "", "PERSON_REFUSES", "CLINICAL_CHANGE", "NO_RESOURCE", "NOT_NEEDED", "OTHER"),
			text("note", b.Note, b.Reason == "OTHER"),
		); err != nil {
			return nil, err
		}
		if b.Status == ActionNotDone && b.Reason == "" {
			return nil, invalid("reason", "say why it was not done")
		}
		a, err := find(b.Action)
		if err != nil {
			return nil, err
		}
		performer, person := r.actsAs(w.by, a, may)
		if err := a.mayMove(b.Status, performer, person || may.collector); err != nil {
			return nil, err
		}
		return func() { a.move(w, b) }, nil

	case *ActionRanked:
		if !may.collector && !may.person {
			return nil, Errorf(CodeNotAllowed, "the author may not rank the plan")
		}
		if err := idList("order", b.Order); err != nil {
			return nil, err
		}
		for _, id := range b.Order {
			if p.rank(id) < 0 {
				return nil, Errorf(CodeUnknown, "no such action")
			}
		}
		return func() { p.order(b.Order) }, nil
	}
	return nil, Errorf(CodeUnknown, "event of unknown type")
}

func (b *ActionAdded) check() error {
	if err := firstError(
		present("action", b.Action), text("text", b.Text, true), text("problem", b.Problem, false),
		text("goal", b.Goal, false), line("performer_name", b.PerformerName, false), civil("due", b.Due, false),
		text("criterion", b.Criterion, false),
	); err != nil {
		return err
	}
	v := b.Provenance
	if v == nil {
		return nil
	}
	if v.Digest == ([32]byte{}) || v.Item.IsZero() || v.Session.IsZero() || v.Bundle == ([32]byte{}) {
		return invalid("provenance", "which sealed minutes")
	}
	if err := civil("provenance", v.Date, true); err != nil {
		return err
	}
	if b.Action != ActionID(v.Digest, v.Index) {
		return invalid("action", "the id is not that of its place in the minutes")
	}
	return nil
}

// accept notes an acceptance: the action is accepted once performer and person both
// have. A person who performs it themself speaks once.
func (a *ActionState) accept(w writing, as string, personPerforms bool) {
	a.Accepted = append(a.Accepted, as)
	if personPerforms {
		for _, other := range []string{AsPerformer, AsPerson} {
			if !a.HasAccepted(other) {
				a.Accepted = append(a.Accepted, other)
			}
		}
	}
	slices.Sort(a.Accepted)
	if a.Status == ActionProposed && a.HasAccepted(AsPerformer) && a.HasAccepted(AsPerson) {
		a.Status = ActionIsAccepted
	}
	a.History = append(a.History, ActionStep{At: w.at, By: w.by, Kind: "ACCEPTED", As: as, Status: a.Status})
}

// mayMove says whether a status may follow. Performers start, finish or say why not;
// the person and collectors cancel.
func (a *ActionState) mayMove(to string, performer, manages bool) error {
	allowed := map[string][]string{
		ActionProposed:   {ActionNotDone, ActionCancelled},
		ActionIsAccepted: {ActionInProgress, ActionDone, ActionNotDone, ActionCancelled},
		ActionInProgress: {ActionDone, ActionNotDone, ActionCancelled},
		ActionDone:       {ActionInProgress}, // said too early
		ActionNotDone:    {ActionInProgress},
	}
	if a.Status == to {
		return Errorf(CodeConflict, "it is so already")
	}
	if to == ActionCancelled && !manages || to != ActionCancelled && !performer {
		return Errorf(CodeNotAllowed, "the author may not move the action there")
	}
	if !slices.Contains(allowed[a.Status], to) {
		return Errorf(CodeConflict, "from %s an action does not become %s", a.Status, to)
	}
	if to == ActionInProgress && (!a.HasAccepted(AsPerformer) || !a.HasAccepted(AsPerson)) {
		return Errorf(CodeConflict, "performer and person accept it first")
	}
	return nil
}

func (a *ActionState) move(w writing, b *ActionStatus) {
	a.Status, a.Reason, a.Note = b.Status, b.Reason, b.Note
	a.History = append(a.History, ActionStep{
		At: w.at, By: w.by, Kind: "STATUS", Status: b.Status, Reason: b.Reason, Note: b.Note,
	})
}

// order puts the named actions first, in that order; the others keep theirs.
func (p *PlanState) order(ids []ID) {
	next := make([]*ActionState, 0, len(p.actions))
	for _, id := range ids {
		next = append(next, p.actions[p.rank(id)])
	}
	for _, a := range p.actions {
		if !slices.Contains(ids, a.Action.Action) {
			next = append(next, a)
		}
	}
	p.actions = next
}
