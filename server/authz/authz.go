// Package authz decides who may do what: every operation of the server, over the
// websocket or HTTP, passes [Allow], and nothing else decides.
//
// An operation has one [Rule], a set of [Grounds] any of which is enough; the
// table is [Rules]. What an actor is in a room, its [Standing], is read from the
// room's folded log by the caller, at the server's present time. What an entry
// may do to a room is judged by package rooms afterwards; here it is only asked
// whether somebody may knock with one.
//
// The package does no I/O.
package authz

import (
	"github.com/ensemble-sante/ensemble/crypto/identity"
	"github.com/ensemble-sante/ensemble/rooms"
)

// Actor is who asks: the account and the device of the session. The zero Actor
// is somebody without a session.
type Actor struct {
	User, Device identity.ID
}

// Grounds are reasons why somebody may do something.
type Grounds uint16

// The grounds. Each is read from the session or from a room's log.
const (
	// Anybody: no session is needed.
	Anybody Grounds = 1 << iota
	// Account: the actor has a session.
	Account
	// Participant: a receipt, an admission or the room's own rules let the actor's
	// user in, now; delivery has not stopped.
	Participant
	// Leaf: Participant, and the actor's device is a leaf of the room's group.
	Leaf
	// Collector: the actor may collect consents in the room.
	Collector
	// Person: it is the actor's own case.
	Person
	// Chair: the actor chairs the room's session.
	Chair
	// Uploader: Leaf, and the actor began this upload.
	Uploader
)

// Standing is what an actor is in a room.
type Standing struct {
	Exists      bool // the room does
	Participant bool
	Leaf        bool
	Collector   bool
	Person      bool
	Chair       bool
	Uploader    bool // of the document in question

	// Refusal is why delivery has stopped (withdrawn, expired…), when it has: it
	// is told to the actor, who was in.
	Refusal error
}

// Allow tells whether the actor may do op; in a room where Standing says
// something. Errors have code unauthorised (no session), unknown_room (to those
// who have nothing to do with the room: existing or not, it looks the same),
// the code of Standing.Refusal, not_member or not_allowed. An operation without
// a rule is refused.
func Allow(op Operation, actor Actor, s Standing) error {
	need, ok := rules[op]
	if !ok {
		return rooms.Errorf(rooms.CodeNotAllowed, "operation without a rule")
	}
	if need&grounds(actor, s) != 0 {
		return nil
	}
	switch {
	case actor.User.IsZero() || actor.Device.IsZero():
		return rooms.Errorf(rooms.CodeUnauthorised, "no session")
	case s.Refusal != nil:
		return s.Refusal
	case !s.Exists || !s.Participant && !s.Collector && !s.Person && !s.Chair:
		return rooms.Errorf(rooms.CodeUnknownRoom, "no such room for this account")
	case need&(Leaf|Uploader) != 0 && !s.Leaf:
		return rooms.Errorf(rooms.CodeNotMember, "the device is not in the room's group")
	}
	return rooms.Errorf(rooms.CodeNotAllowed, "not for this account")
}

func grounds(actor Actor, s Standing) Grounds {
	g := Anybody
	if actor.User.IsZero() || actor.Device.IsZero() {
		return g
	}
	g |= Account
	if !s.Exists {
		return g
	}
	for _, c := range [...]struct {
		holds bool
		gives Grounds
	}{
		{s.Participant, Participant},
		{s.Participant && s.Leaf, Leaf},
		{s.Participant && s.Leaf && s.Uploader, Uploader},
		{s.Collector, Collector},
		{s.Person, Person},
		{s.Chair, Chair},
	} {
		if c.holds {
			g |= c.gives
		}
	}
	return g
}

// Rule gives the grounds of an operation; false if there is no such operation.
func Rule(op Operation) (Grounds, bool) { g, ok := rules[op]; return g, ok }

// Operations gives the operations that have a rule, in no order.
func Operations() []Operation {
	list := make([]Operation, 0, len(rules))
	for op := range rules {
		list = append(list, op)
	}
	return list
}
